//! The end of a block: what is adopted, withdrawn, enacted, lapses, and what another membership leaves.

use super::{Cases, H, approve, edited, id, open, power, propose, withdraw};
use ledger_core::codec;
use ledger_core::fixture::{self, code, governance_key, vault_key};
use ledger_core::governance::{Change, OpenProposal};
use ledger_core::membership::{Key, Parameters};
use ledger_core::names::{NodeNumber, Protocol};

const PROVINCE: &str = "370000";
const CITY: &str = "370100";
const OTHER: &str = "370200";
const POWERLESS: &str = "370300";

pub(super) fn add(cases: &mut Cases<'_>) {
    quorum(cases);
    due(cases);
    withdrawn(cases);
    in_order(cases);
    another_membership(cases);
}

/// Of six votes: 3, 2, 1 and 0.
fn quorum(cases: &mut Cases<'_>) {
    let one = power(4);
    for (name, by) in [
        ("three", &[PROVINCE][..]),
        ("four", &[PROVINCE, OTHER]),
        ("five", &[PROVINCE, CITY]),
        ("three, by two", &[CITY, OTHER]),
        ("six", &[OTHER, CITY, PROVINCE]),
        ("four, by three", &[PROVINCE, OTHER, POWERLESS]),
        ("none, by one", &[POWERLESS]),
        ("none, by a code of nobody", &["379900", "370400"]),
    ] {
        for effective in [H + 9, H + 1] {
            let below = [open(CITY, &one, effective, by, false)];
            cases.add(&format!("approved below by {name} of six votes, for height {effective}"), &below, vec![]);
        }
    }
    let below = [open(CITY, &one, H + 9, &[PROVINCE], false)];
    cases.add("three of six votes, and one more in the block", &below, vec![(2, approve(3, id(&one, H + 9)))]);
    cases.add("three of six votes, and two more in the block", &below, vec![(2, approve(2, id(&one, H + 9)))]);
    // Exactly two thirds, of votes that no u32 holds.
    for (name, votes) in
        [("exactly two thirds", [u32::MAX - 1, u32::MAX >> 1]), ("one vote more", [u32::MAX, u32::MAX >> 1])]
    {
        let members = [(1, PROVINCE), (2, CITY)].into_iter().zip(votes);
        let members =
            members.map(|((number, code), votes)| super::with_nodes(number, code, &[(number, votes)])).collect();
        let membership = fixture::membership(members, Parameters::default());
        cases.book.name(&format!("membership of two, {name}"), codec::encode(&membership));
        let change = Change::SetPower(NodeNumber(2), 1);
        let below = [open(CITY, &change, H + 9, &[], false)];
        let events = vec![(2, approve(1, id(&change, H + 9)), 1)];
        cases.case(&format!("approved by the larger of two members, {name}"), &membership, H, &below, events);
    }
}

/// At which heights what is adopted, and what is not.
fn due(cases: &mut Cases<'_>) {
    let one = power(4);
    for effective in [H - 1, H, H + 1, H + 2] {
        for (name, adopted) in [("adopted", true), ("not adopted", false)] {
            let below = [open(CITY, &one, effective, &[], adopted)];
            cases.add(&format!("{name}, without an approval, for height {effective}"), &below, vec![]);
        }
        let below = [open(CITY, &one, effective, &[PROVINCE], false)];
        let events = vec![(2, approve(2, id(&one, effective)))];
        cases.add(&format!("adopted in the block, for height {effective}"), &below, events);
    }
    let events = vec![(2, propose(&one, H + 1)), (2, approve(1, id(&one, H + 1))), (2, approve(2, id(&one, H + 1)))];
    cases.add("proposed, adopted and enacted in one block", &[], events);
    // Proposer and approvers may be gone: what is adopted stays so.
    let below = [open("379900", &one, H + 1, &[], true), open("379900", &power(5), H, &[], false)];
    cases.add("of a proposer that is no member: adopted, and not", &below, vec![]);
}

fn withdrawn(cases: &mut Cases<'_>) {
    let one = power(4);
    let named = withdraw(&one, H + 9);
    let target = |effective, adopted| open(CITY, &one, effective, &[], adopted);
    for (name, adopted) in [("adopted", true), ("not adopted", false)] {
        let waits = [target(H + 9, adopted), open(OTHER, &named, H + 9, &[], false)];
        cases.add(&format!("{name}, and its withdrawal is not adopted"), &waits, vec![]);
        let holds = [target(H + 9, adopted), open(OTHER, &named, H + 9, &[], true)];
        cases.add(&format!("{name}, and its withdrawal is adopted"), &holds, vec![]);
        let first = [holds[1].clone(), holds[0].clone()];
        cases.add(&format!("{name}, and its withdrawal is adopted and stands before it"), &first, vec![]);
        let now = withdraw(&one, H + 1);
        let holds = [target(H + 1, adopted), open(OTHER, &now, H + 1, &[], true)];
        cases.add(&format!("{name} and due, and its withdrawal is due, too"), &holds, vec![]);
        let later = [target(H + 1, adopted), open(OTHER, &now, H + 9, &[], true)];
        cases.add(&format!("{name} and due, and its withdrawal is for a later height"), &later, vec![]);
    }
    let below = [target(H + 1, true), open(OTHER, &withdraw(&one, H + 1), H + 1, &[PROVINCE], false)];
    let events = vec![(2, approve(2, below[1].id))];
    cases.add("due, and withdrawn in its last block", &below, events);
    let below = [target(H + 9, false), open(OTHER, &named, H + 9, &[PROVINCE], false)];
    let both = vec![(2, approve(2, below[1].id)), (2, approve(1, below[0].id)), (2, approve(2, below[0].id))];
    cases.add("adopted in the block in which it is withdrawn", &below, both);
    // Withdrawals of withdrawals.
    let again = withdraw(&named, H + 9);
    for (name, first, second) in [
        ("both are adopted", true, true),
        ("the first is adopted", true, false),
        ("the second is adopted", false, true),
    ] {
        let list =
            [target(H + 9, true), open(OTHER, &named, H + 9, &[], first), open(CITY, &again, H + 9, &[], second)];
        cases.add(&format!("a withdrawal of a withdrawal: {name}"), &list, vec![]);
    }
    let gone = |effective| [open(OTHER, &named, effective, &[], true)];
    for effective in [H, H + 1, H + 2] {
        cases.add(&format!("a withdrawal of what is gone, for height {effective}"), &gone(effective), vec![]);
    }
}

/// Changes at one height are enacted in their order, and what no longer applies is dropped.
fn in_order(cases: &mut Cases<'_>) {
    let due = |change: &Change| open(CITY, change, H + 1, &[], true);
    let mut add = |name: &str, changes: &[Change]| {
        let open: Vec<OpenProposal> = changes.iter().map(due).collect();
        cases.add(name, &open, vec![]);
        let turned: Vec<OpenProposal> = open.into_iter().rev().collect();
        cases.add(&format!("{name}, in the other order"), &turned, vec![]);
    };
    add("two powers of a node", &[power(4), power(5)]);
    add("a node is removed, and its power set", &[Change::RemoveNode(NodeNumber(3)), power(5)]);
    add("protocol 2, and protocol 3", &[Change::Activate(Protocol(2)), Change::Activate(Protocol(3))]);
    add(
        "a member is removed, and another whose heir it was to be",
        &[Change::RemoveMember(code(OTHER), code(CITY)), Change::RemoveMember(code(POWERLESS), code(OTHER))],
    );
    let [six, seven] = [6, 7].map(|number| Change::AddNode(code(CITY), fixture::node(number).into()));
    add("two nodes are added", &[six, seven]);
    add("protocol 2, and a power", &[Change::Activate(Protocol(2)), power(4)]);
    let later = [open(CITY, &power(4), H + 2, &[], true), due(&power(5)), open(CITY, &power(6), H + 9, &[], true)];
    cases.add("of three that are adopted one is due", &later, vec![]);
}

fn rotation(member: &str, key: u32, vault: u32) -> Change {
    let governance = Key::from(governance_key(key).public()).into();
    Change::RotateMemberKeys(code(member), governance, vault_key(vault))
}

/// What another membership leaves of streams and approvals.
fn another_membership(cases: &mut Cases<'_>) {
    let waits = |by: &[&str]| open(CITY, &power(40), H + 9, by, false);
    let all = [PROVINCE, CITY, OTHER];
    let due = |change: Change| open(OTHER, &change, H + 1, &[PROVINCE, CITY], true);
    let holds = open(CITY, &power(41), H + 9, &all, true);
    for (name, change) in [
        ("a member gets another governance key", rotation(CITY, 9, 2)),
        ("a member gets another vault key", rotation(CITY, 2, 9)),
        ("a member gets both keys anew", rotation(OTHER, 9, 9)),
        ("a member is removed", Change::RemoveMember(code(OTHER), code(CITY))),
        ("a node is removed", Change::RemoveNode(NodeNumber(5))),
        ("the only node of a member is removed", Change::RemoveNode(NodeNumber(3))),
        ("a power changes", power(7)),
        ("a power stays as it is", power(1)),
        ("the protocol alone changes", Change::Activate(Protocol(2))),
    ] {
        let below = [due(change), waits(&[CITY, OTHER]), holds.clone()];
        cases.add(&format!("two proposals wait, and {name}"), &below, vec![]);
    }
    // The members that approve are the same, and one of them is removed and added again within the block.
    let back = Change::AddMember(super::with_nodes(3, OTHER, &[]).into());
    let gone = Change::RemoveMember(code(OTHER), code(CITY));
    let below = [due(gone.clone()), due(back), waits(&[CITY, OTHER])];
    cases.add("a member is removed and added with its key in one block", &below, vec![]);
    let below = [due(rotation(CITY, 9, 9)), due(rotation(CITY, 2, 2)), due(power(8)), waits(&[CITY])];
    cases.add("a key is replaced and comes back in one block", &below, vec![]);
    // An approval of a member that is no more stands in the state below: it goes when the membership changes.
    let stale = open(CITY, &power(40), H + 9, &["379900", CITY], false);
    cases.add("an approval of nobody, and the membership stays", std::slice::from_ref(&stale), vec![]);
    cases.add("an approval of nobody, and the membership changes", &[due(power(7)), stale], vec![]);
    // A stream of nobody, too; and a member that is new has no stream.
    let membership = edited(&cases.membership, |draft| {
        draft.members.retain(|member| member.code != code(POWERLESS));
    });
    let new = Change::AddMember(super::with_nodes(9, POWERLESS, &[(6, 1)]).into());
    cases.case("a member is added", &membership, H, &[due(new)], vec![]);
}
