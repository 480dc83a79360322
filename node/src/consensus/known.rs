//! What nodes say of themselves beside where they stand: the newest protocol that they know; and when they were heard.
//!
//! A protocol that is adopted comes into force at its height, whoever knows it then: who does not makes and checks no
//! block from there on. So no node proposes a block in which one is adopted that it does not know, or of which nodes
//! with more than two thirds of the voting power have not said that they do, nor votes for one. What nodes say of
//! themselves proves nothing; a third of the power would have to lie to stop the chain, and can stop it in any case.

use ledger_core::chain::Head;
use ledger_core::event::Event;
use ledger_core::governance::{Change, Control, MAX_STREAMS, OpenProposal};
use ledger_core::membership::{Member, Membership};
use ledger_core::names::{NodeNumber, ProposalId, Protocol};
use ledger_core::submission::Submission;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Each node says every ten seconds at the least where it stands: who has not been heard for so long is not there, or
/// cut off.
const LATELY: Duration = Duration::from_secs(35);

/// The newest protocol that each node says it knows, and when. A clone is another handle on the same.
#[derive(Clone, Debug)]
pub struct KnownProtocols {
    own: NodeNumber,
    newest: Protocol,
    /// Of the other nodes.
    said: Arc<Mutex<BTreeMap<NodeNumber, Said>>>,
}

/// What a node said last.
#[derive(Clone, Copy, Debug)]
struct Said {
    newest: Protocol,
    /// None once it is gone.
    heard: Option<Instant>,
}

impl KnownProtocols {
    /// Nobody has said anything yet; the own node knows protocols up to `newest`.
    #[must_use]
    pub fn new(own: NodeNumber, newest: Protocol) -> Self {
        Self { own, newest, said: Arc::default() }
    }

    /// The newest one that this version knows.
    #[must_use]
    pub const fn newest(&self) -> Protocol {
        self.newest
    }

    /// A node said what it knows.
    pub(crate) fn says(&self, node: NodeNumber, newest: Protocol, membership: &Membership, now: Instant) {
        let mut said = self.said();
        if said.len() >= MAX_STREAMS {
            said.retain(|node, _| membership.node(*node).is_some());
        }
        said.insert(node, Said { newest, heard: Some(now) });
    }

    /// A node is not connected any more: it is heard again once another one passes on what it says.
    pub(crate) fn gone(&self, node: NodeNumber) {
        if let Some(said) = self.said().get_mut(&node) {
            said.heard = None;
        }
    }

    /// The nodes of a membership that were heard in the last 15 s, the own included.
    #[must_use]
    pub fn heard(&self, membership: &Membership, now: Instant) -> Vec<NodeNumber> {
        let said = self.said();
        let lately = |said: &Said| said.heard.is_some_and(|heard| now.saturating_duration_since(heard) < LATELY);
        let is_heard = |node: &NodeNumber| *node == self.own || said.get(node).is_some_and(lately);
        membership.nodes().map(|(_, node)| node.number).filter(is_heard).collect()
    }

    /// What a node has said; none where it has said nothing since this process began.
    #[must_use]
    pub fn of(&self, node: NodeNumber) -> Option<Protocol> {
        if node == self.own { Some(self.newest) } else { self.said().get(&node).map(|said| said.newest) }
    }

    /// Voting power of the nodes that say they know a protocol.
    #[must_use]
    pub fn power(&self, protocol: Protocol, membership: &Membership) -> u64 {
        let knows = |node: NodeNumber| self.of(node).is_some_and(|newest| newest >= protocol);
        let powers = membership.nodes().filter(|(_, node)| knows(node.number)).map(|(_, node)| u64::from(node.power));
        powers.fold(0, u64::saturating_add)
    }

    /// Whether nodes with more than two thirds of the voting power say that they know a protocol.
    #[must_use]
    pub fn is_known_by_most(&self, protocol: Protocol, membership: &Membership) -> bool {
        membership.is_quorum(self.power(protocol, membership))
    }

    /// The nodes with voting power that have not said that they know a protocol.
    #[must_use]
    pub fn lacking(&self, protocol: Protocol, membership: &Membership) -> Vec<NodeNumber> {
        let knows = |node: NodeNumber| self.of(node).is_some_and(|newest| newest >= protocol);
        let voting = membership.nodes().filter(|(_, node)| node.power > 0).map(|(_, node)| node.number);
        voting.filter(|node| !knows(*node)).collect()
    }

    fn said(&self) -> MutexGuard<'_, BTreeMap<NodeNumber, Said>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The protocol that a proposal activates.
fn activates(open: &OpenProposal) -> Option<Protocol> {
    protocol_of(&open.change)
}

pub(crate) fn protocol_of(change: &Change) -> Option<Protocol> {
    match change {
        Change::Activate(protocol) => Some(*protocol),
        Change::AddMember(_)
        | Change::RemoveMember(..)
        | Change::AddNode(..)
        | Change::RemoveNode(_)
        | Change::SetPower(..)
        | Change::RotateNodeKeys(..)
        | Change::RotateMemberKeys(..)
        | Change::SetParameters(_)
        | Change::Withdraw(_)
        | Change::SetTrust(_) => None,
    }
}

/// The newest protocol that is adopted and not in force yet, with its proposal.
pub(crate) fn adopted(control: &Control) -> Option<(Protocol, &OpenProposal)> {
    let adopted = control.proposals.iter().filter(|open| open.adopted);
    adopted.filter_map(|open| Some((activates(open)?, open))).max_by_key(|(protocol, _)| *protocol)
}

/// The newest protocol that a block adopts by what stands in it. What every block at its height adopts, an empty one
/// as well, it does not answer for: a chain on which nobody votes for that would stand still for ever.
pub(crate) fn brought(below: &Head, after: &Head) -> Option<Protocol> {
    let (before, membership) = (below.control(), below.membership());
    let by_itself = |open: &OpenProposal| open.adopted || is_approved(open, membership);
    let was = |id: ProposalId| before.open(id).is_some_and(by_itself);
    let new = after.control().proposals.iter().filter(|open| open.adopted && !was(open.id)).filter_map(activates);
    let in_force = after.control().protocol;
    let was_due = before.proposals.iter().any(|open| activates(open) == Some(in_force) && by_itself(open));
    let at_once = (in_force > before.protocol && !was_due).then_some(in_force);
    new.chain(at_once).max()
}

/// Members with more than two thirds of the voting power have approved it.
fn is_approved(open: &OpenProposal, membership: &Membership) -> bool {
    let approving = |member: &&Member| open.approvals.contains(&member.code);
    let power = membership.members().iter().filter(approving).map(Member::power).fold(0, u64::saturating_add);
    membership.is_quorum(power)
}

/// The submissions without whose approvals a block adopts no protocol: of each stream the first.
pub(crate) fn approving<'a>(below: &Head, submissions: &'a [Submission]) -> Vec<&'a Submission> {
    let open = below.control().proposals.iter().filter(|open| activates(open).is_some()).map(|open| open.id);
    let proposed = submissions.iter().flat_map(|one| one.events.iter()).filter_map(|event| match event {
        Event::Propose(propose) => protocol_of(&propose.change).map(|_| propose.change.id(propose.effective)),
        Event::Contract(_) | Event::Approve(_) | Event::Evidence(_) | Event::Anchor(_) => None,
    });
    let ids: BTreeSet<ProposalId> = open.chain(proposed).collect();
    let approves = |event: &Event| match event {
        Event::Approve(approve) => ids.contains(&approve.proposal),
        Event::Contract(_) | Event::Propose(_) | Event::Evidence(_) | Event::Anchor(_) => false,
    };
    let mut streams = BTreeSet::new();
    let mut found: Vec<_> = submissions.iter().filter(|one| one.events.iter().any(approves)).collect();
    found.retain(|one| streams.insert(one.stream));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::{Network, governance_key};
    use ledger_core::governance::{Approve, Propose};
    use ledger_core::names::{Height, Sequence};

    const NEXT: Protocol = Protocol(2);

    #[test]
    fn a_protocol_is_known_by_most_once_more_than_two_thirds_have_said_so() {
        let network = Network::new(4);
        let membership = network.tip.membership();
        let known = KnownProtocols::new(NodeNumber(1), NEXT);
        assert!(!known.is_known_by_most(NEXT, membership));
        for (node, newest, most) in [(2, 2, false), (9, 2, false), (3, 1, false), (3, 3, true), (2, 1, false)] {
            known.says(NodeNumber(node), Protocol(newest), membership, Instant::now());
            assert_eq!(known.is_known_by_most(NEXT, membership), most, "{node} {newest}");
        }
        assert_eq!(known.lacking(NEXT, membership), [NodeNumber(2), NodeNumber(4)]);
        assert_eq!((known.power(NEXT, membership), known.of(NodeNumber(4))), (2, None));
        assert!(!KnownProtocols::new(NodeNumber(1), Protocol(1)).is_known_by_most(Protocol(0), membership));
    }

    #[test]
    fn who_was_heard_lately_is_there_until_it_is_gone() {
        let network = Network::new(4);
        let (membership, now) = (network.tip.membership(), Instant::now());
        let known = KnownProtocols::new(NodeNumber(1), NEXT);
        let heard = |after| known.heard(membership, now + after).iter().map(|node| node.0).collect::<Vec<_>>();
        assert_eq!(heard(Duration::ZERO), [1]);
        for node in [2, 3, 9] {
            known.says(NodeNumber(node), NEXT, membership, now);
        }
        assert_eq!((heard(LATELY / 2), heard(LATELY)), (vec![1, 2, 3], vec![1]));
        known.gone(NodeNumber(3));
        assert_eq!((heard(Duration::ZERO), known.of(NodeNumber(3))), (vec![1, 2], Some(NEXT)));
    }

    #[test]
    fn what_is_remembered_is_bounded_by_the_membership() {
        let network = Network::new(4);
        let known = KnownProtocols::new(NodeNumber(1), NEXT);
        for node in 0..2_000 {
            known.says(NodeNumber(node), NEXT, network.tip.membership(), Instant::now());
        }
        assert!(known.said().len() <= MAX_STREAMS);
    }

    fn propose(effective: u64) -> (Event, ProposalId) {
        let (change, effective) = (Change::Activate(NEXT), Height(effective));
        let id = change.id(effective);
        (Event::Propose(Box::new(Propose { change: change.into(), effective })), id)
    }

    fn approve(network: &Network, number: u32, id: ProposalId) -> Event {
        let member = network.tip.membership().members()[number as usize - 1].code;
        Event::Approve(Approve::sign(&network.tip.chain(), &governance_key(number), member, id))
    }

    #[test]
    fn a_block_brings_a_protocol_by_the_approvals_in_it_and_not_by_what_stood_before() {
        let mut network = Network::new(4);
        let (proposal, id) = propose(50);
        let first = network.submission(1, vec![proposal, approve(&network, 1, id)]);
        let opens = network.checked(vec![first.clone()]);
        assert_eq!(brought(&network.tip, opens.after()), None, "it is only proposed");
        network.block(vec![first]);
        let two = network.submission(2, vec![approve(&network, 2, id)]);
        let three = network.submission(3, vec![approve(&network, 3, id)]);
        assert_eq!(brought(&network.tip, network.checked(vec![two.clone()]).after()), None);
        let adopts = network.checked(vec![two.clone(), three.clone()]);
        assert_eq!(brought(&network.tip, adopts.after()), Some(NEXT));
        let both = [two, three];
        assert_eq!(approving(&network.tip, &both).len(), 2);
        network.block(both.to_vec());
        assert_eq!(
            adopted(network.tip.control()).map(|(protocol, open)| (protocol, open.effective.0)),
            Some((NEXT, 50))
        );
        assert_eq!(brought(&network.tip, network.checked(Vec::new()).after()), None, "it was adopted before");
    }

    #[test]
    fn what_is_proposed_approved_and_in_force_at_once_is_brought_too() {
        let network = Network::new(4);
        let (proposal, id) = propose(2);
        let approvals = (1..=4).map(|number| approve(&network, number, id));
        let own = network.submission_at(1, Sequence(1), [proposal].into_iter().chain(approvals).collect());
        let other = network.submission_at(
            2,
            Sequence(1),
            vec![ledger_core::fixture::event(1, ledger_core::event::Action::Renew)],
        );
        let checked = network.checked(vec![own.clone(), other.clone()]);
        assert_eq!(checked.after().control().protocol, NEXT);
        assert_eq!(brought(&network.tip, checked.after()), Some(NEXT));
        assert_eq!(approving(&network.tip, &[own.clone(), other]), [&own]);
    }
}
