//! Which peer is which node, by the membership on the chain.

use crate::chain::Latest;
use ledger_core::crypto::PublicKey;
use ledger_core::membership::{Membership, Purpose};
use ledger_core::names::NodeNumber;
use libp2p::PeerId;
use libp2p::identity;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The peer id of a node's peer key. Every [`PublicKey`] has one.
#[must_use]
pub fn peer_id(key: &PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(key.as_bytes()).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

/// The nodes of a membership by their peer ids, and the other way round.
#[derive(Debug, Default)]
pub(super) struct Members {
    by_peer: HashMap<PeerId, NodeNumber>,
    by_node: HashMap<NodeNumber, PeerId>,
    validators: HashSet<PeerId>,
    block_bytes: u32,
    from: Option<(Arc<Membership>, Arc<Membership>)>,
}

impl Members {
    /// Members at a tip: those of the next block, and those who signed this one, so that a node which
    /// leaves with the next block can still bring this one to everybody.
    pub(super) fn at(latest: &Latest) -> Self {
        let (signers, next) = (Arc::clone(latest.tip.signers()), Arc::clone(latest.tip.membership()));
        let mut members = Self { block_bytes: next.parameters().block_bytes, ..Self::default() };
        // The next membership last: where a key was changed, the node is called by its new one.
        for membership in [&signers, &next] {
            for (_, node) in membership.nodes() {
                if let Some(peer) = node.key(Purpose::Peer).and_then(peer_id) {
                    members.by_peer.insert(peer, node.number);
                    members.by_node.insert(node.number, peer);
                }
            }
        }
        let validators = next.nodes().filter(|(_, node)| node.power > 0);
        members.validators = validators.filter_map(|(_, node)| members.by_node.get(&node.number).copied()).collect();
        members.from = Some((signers, next));
        members
    }

    /// Whether a tip has other members than these.
    pub(super) fn differ(&self, latest: &Latest) -> bool {
        !self.from.as_ref().is_some_and(|(signers, next)| {
            Arc::ptr_eq(signers, latest.tip.signers()) && Arc::ptr_eq(next, latest.tip.membership())
        })
    }

    pub(super) fn node(&self, peer: &PeerId) -> Option<NodeNumber> {
        self.by_peer.get(peer).copied()
    }

    pub(super) fn peer(&self, node: NodeNumber) -> Option<PeerId> {
        self.by_node.get(&node).copied()
    }

    /// The nodes that judge the next block.
    pub(super) fn validators(&self) -> impl Iterator<Item = PeerId> {
        self.validators.iter().copied()
    }

    /// Whether a node judges the next block.
    pub(super) fn is_validator(&self, peer: &PeerId) -> bool {
        self.validators.contains(peer)
    }

    /// Every peer id among them.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.by_peer.keys().copied()
    }

    /// The most bytes that a block of the chain has now.
    pub(super) const fn block_bytes(&self) -> u32 {
        self.block_bytes
    }
}
