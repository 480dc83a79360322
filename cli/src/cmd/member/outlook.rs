//! Whether the chain would go on after a change of who votes, by whom the node that is asked has heard lately.

use super::view::Members;
use crate::exit::{Exit, Problem};
use ledger_core::governance::{Change, OpenProposal};
use ledger_core::membership::Membership;
use ledger_core::names::{Height, NodeNumber};

/// Who of a membership to come has been heard lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outlook {
    /// Voting power of those that have.
    heard: u64,
    /// The least voting power that makes a block: more than two thirds.
    needed: u64,
    /// Of all.
    total: u64,
    here: Vec<NodeNumber>,
    silent: Vec<NodeNumber>,
}

/// Who votes after a change at a height, and after what is adopted and holds no later; none where it changes nothing
/// of that, or does not apply.
pub(super) fn after(members: &Members, change: &Change, effective: Height) -> Option<Outlook> {
    if !is_of_voters(change) {
        return None;
    }
    let mut due: Vec<&OpenProposal> =
        members.proposals.iter().filter(|open| open.adopted && open.effective <= effective).collect();
    due.sort_by_key(|open| open.effective);
    let id = change.id(effective);
    let protocol = members.control.protocol;
    let (mut before, mut rotated) = (members.in_force.clone(), Vec::new());
    for open in due.into_iter().filter(|open| open.id != id) {
        rotated.extend(rotates(&open.change));
        // What is adopted and does not apply is dropped.
        if let Ok((next, _)) = open.change.apply(&before, protocol) {
            before = next;
        }
    }
    // Of the change itself the node says what is wrong.
    let (membership, _) = change.apply(&before, protocol).ok()?;
    rotated.extend(rotates(change));
    let is_same = voters(&before).eq(voters(&membership)) && rotates(change).is_none();
    (!is_same).then(|| Outlook::of(&membership, |node| members.heard.contains(&node) && !rotated.contains(&node)))
}

/// The nodes with voting power, and how much each has.
fn voters(membership: &Membership) -> impl Iterator<Item = (NodeNumber, u32)> {
    membership.nodes().filter(|(_, node)| node.power > 0).map(|(_, node)| (node.number, node.power))
}

/// Whether a change touches who votes: members, nodes, power, or the keys that a node has to be given first.
const fn is_of_voters(change: &Change) -> bool {
    match change {
        Change::AddMember(_)
        | Change::RemoveMember(..)
        | Change::AddNode(..)
        | Change::RemoveNode(_)
        | Change::SetPower(..)
        | Change::RotateNodeKeys(..) => true,
        Change::RotateMemberKeys(..)
        | Change::SetParameters(_)
        | Change::Activate(_)
        | Change::Withdraw(_)
        | Change::SetTrust(_) => false,
    }
}

/// The node that votes no more until its home has other keys.
const fn rotates(change: &Change) -> Option<NodeNumber> {
    match change {
        Change::RotateNodeKeys(node, _) => Some(*node),
        Change::AddMember(_)
        | Change::RemoveMember(..)
        | Change::AddNode(..)
        | Change::RemoveNode(_)
        | Change::SetPower(..)
        | Change::RotateMemberKeys(..)
        | Change::SetParameters(_)
        | Change::Activate(_)
        | Change::Withdraw(_)
        | Change::SetTrust(_) => None,
    }
}

impl Outlook {
    /// Of the membership in force.
    pub(super) fn now(members: &Members) -> Self {
        Self::of(&members.in_force, |node| members.heard.contains(&node))
    }

    fn of(membership: &Membership, is_heard: impl Fn(NodeNumber) -> bool) -> Self {
        let (mut heard, mut here, mut silent) = (0_u64, Vec::new(), Vec::new());
        for (node, power) in voters(membership) {
            if is_heard(node) {
                heard = heard.saturating_add(u64::from(power));
                here.push(node);
            } else {
                silent.push(node);
            }
        }
        let total = membership.total_power();
        // A power is a quorum where three times it is more than twice the whole.
        let needed = total.saturating_mul(2).checked_div(3).unwrap_or_default().saturating_add(1);
        Self { heard, needed, total, here, silent }
    }

    /// Whether those that have been heard make blocks.
    pub(super) const fn goes_on(&self) -> bool {
        self.heard >= self.needed
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let Self { heard, needed, total, here, silent } = self;
        let silent = if silent.is_empty() { String::new() } else { format!("; not heard: {}", named(silent)) };
        format!("{heard} of {total} voting power heard lately ({}), {needed} needed{silent}", named(here))
    }
}

fn named(nodes: &[NodeNumber]) -> String {
    let numbers: Vec<_> = nodes.iter().map(ToString::to_string).collect();
    if numbers.is_empty() { "nobody".to_owned() } else { format!("node {}", numbers.join(", ")) }
}

/// Nobody proposes or approves by mistake what would stop the chain.
///
/// # Errors
/// Exit code 2, naming who is missing.
pub(super) fn check(members: &Members, change: &Change, effective: Height, force: bool) -> Result<(), Problem> {
    let Some(outlook) = after(members, change, effective).filter(|outlook| !force && !outlook.goes_on()) else {
        return Ok(());
    };
    let what = format!("after this change the chain would stand still: {}", outlook.words());
    Err(Problem::new(Exit::Usage, what).next(
        "bring those back first that are not heard, or say --force where you know that they will be there in time",
    ))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use crate::cmd::member::view::Control;
    use ledger_core::codec::List;
    use ledger_core::fixture::{Network, code, member, node};
    use ledger_core::membership::Node;
    use ledger_core::names::PROTOCOL;

    fn members(nodes: u32, heard: &[u32]) -> Members {
        let network = Network::new(nodes);
        Members {
            chain_id: network.tip.chain(),
            height: Height(3),
            in_force: (**network.tip.membership()).clone(),
            proposals: Vec::new(),
            control: Control { protocol: PROTOCOL, streams: Vec::new() },
            heard: heard.iter().copied().map(NodeNumber).collect(),
        }
    }

    fn goes_on(members: &Members, change: &Change) -> Option<bool> {
        after(members, change, Height(40)).map(|outlook| outlook.goes_on())
    }

    #[test]
    fn taking_out_who_is_there_while_another_is_down_would_stop_the_chain() {
        let three_of_four = members(4, &[1, 2, 4]);
        let (two, three) = (Change::RemoveNode(NodeNumber(2)), Change::RemoveNode(NodeNumber(3)));
        assert_eq!((goes_on(&three_of_four, &two), goes_on(&three_of_four, &three)), (Some(false), Some(true)));
        let refused = check(&three_of_four, &two, Height(40), false).unwrap_err();
        assert_eq!(refused.exit, Exit::Usage);
        assert!(refused.what.contains("2 of 3 voting power heard lately (node 1, 4), 3 needed; not heard: node 3"));
        assert!(check(&three_of_four, &two, Height(40), true).is_ok());
        // With all its nodes.
        let whole = Change::RemoveMember(three_of_four.in_force.members()[1].code, code("370000"));
        assert_eq!(goes_on(&three_of_four, &whole), Some(false));
        assert_eq!(goes_on(&three_of_four, &Change::SetPower(NodeNumber(3), 9)), Some(false));
        assert_eq!(goes_on(&three_of_four, &Change::SetPower(NodeNumber(3), 0)), Some(true));
    }

    #[test]
    fn who_is_new_or_gets_other_keys_is_not_there_yet() {
        let two = members(2, &[1, 2]);
        let fifth = Change::AddMember(member(3, "370700").into());
        assert_eq!(goes_on(&two, &fifth), Some(false), "two of three are no more than two thirds");
        assert_eq!(goes_on(&members(4, &[1, 2, 3, 4]), &Change::AddMember(member(5, "370700").into())), Some(true));
        let rotate = Change::RotateNodeKeys(NodeNumber(2), node(9).keys.into());
        assert_eq!(goes_on(&two, &rotate), Some(false));
        let replica = Change::AddNode(code("370100"), Node { power: 0, ..node(9) }.into());
        assert_eq!(after(&members(4, &[1, 2]), &replica, Height(40)), None, "it has no vote");
        assert_eq!(after(&two, &Change::SetParameters(*two.in_force.parameters()), Height(40)), None);
        assert_eq!(after(&two, &Change::RemoveNode(NodeNumber(9)), Height(40)), None, "the node says what is wrong");
    }

    #[test]
    fn what_is_adopted_and_holds_before_counts() {
        let mut all = members(4, &[1, 2, 4]);
        let three = Change::RemoveNode(NodeNumber(3));
        let open = |change: &Change, effective: u64| OpenProposal {
            id: change.id(Height(effective)),
            proposer: code("370000"),
            change: change.clone().into(),
            effective: Height(effective),
            approvals: List::default(),
            adopted: true,
        };
        let two = Change::RemoveNode(NodeNumber(2));
        all.proposals = vec![open(&three, 30)];
        assert_eq!(goes_on(&all, &two), Some(true), "the one that is down is gone by then");
        all.proposals = vec![open(&three, 50)];
        assert_eq!(goes_on(&all, &two), Some(false));
    }
}
