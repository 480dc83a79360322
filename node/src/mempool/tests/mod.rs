mod pool;
mod task;

use super::*;
use crate::store::StoreConfig;
use ledger_core::event::{Action, Event};
use ledger_core::fixture::{self, Network, event, governance_key, node_key};
use ledger_core::governance::{Approve, Propose};
use ledger_core::names::Height;
use std::time::Duration;

/// A chain over a folder, its mempool, and what signs for its nodes.
pub(super) struct World {
    pub(super) network: Network,
    pub(super) chain: Chain,
    pub(super) mempool: Mempool,
    _folder: tempfile::TempDir,
}

impl World {
    /// So many members with a node each; the chain has one block, so that its clock is this machine's.
    pub(super) fn new(members: u32, limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let network = Network::new(members);
        let chain = Chain::open(folder.path(), network.genesis.clone(), StoreConfig::default()).unwrap();
        let mempool = Mempool::with_limits(chain.clone(), limits);
        let world = Self { network, chain, mempool, _folder: folder };
        world.commit(Vec::new());
        world
    }

    pub(super) fn commit(&self, submissions: Vec<Submission>) {
        let checked = self.chain.assemble(NodeNumber(1), submissions).unwrap();
        let certificate = fixture::certificate(checked.after());
        self.chain.commit(checked, certificate).unwrap();
        self.mempool.advance();
    }

    /// A submission of a node with so many events.
    pub(super) fn signed(&self, node: u32, sequence: u64, events: usize) -> Submission {
        self.network.submission_at(node, Sequence(sequence), vec![event(sequence, Action::Renew); events])
    }

    pub(super) fn offer(&self, submission: Submission) -> Result<Offered, Refused> {
        let bytes = codec::encode(&submission).len();
        self.mempool.offer(submission, bytes)
    }

    pub(super) fn filled(&self) -> Vec<(u32, u64)> {
        self.mempool.fill().iter().map(|one| (one.stream.0, one.sequence.0)).collect()
    }

    /// A change that all members approve, in force at the next block.
    pub(super) fn govern(&self, change: Change) {
        let effective = Height(self.chain.latest().tip.height().0 + 2);
        let id = change.id(effective);
        let membership = Arc::clone(self.chain.latest().tip.membership());
        let approvals = membership.members().iter().zip(1..).map(|(member, number)| {
            Event::Approve(Approve::sign(&self.network.tip.chain(), &governance_key(number), member.code, id))
        });
        let events = [Event::Propose(Box::new(Propose { change: change.into(), effective }))]
            .into_iter()
            .chain(approvals)
            .collect();
        let next = self.chain.latest().tip.control().last_sequence(NodeNumber(1)).next();
        self.commit(vec![self.network.submission_at(1, next, events)]);
    }
}
