//! What is proposed, and who approves: each outcome.

use super::{Cases, H, approve, approve_with, id, open, power, propose, withdraw};
use ledger_core::codec;
use ledger_core::event::Event;
use ledger_core::fixture::{code, governance_key};
use ledger_core::governance::{Approve, Change, OpenProposal};
use ledger_core::names::ProposalId;

const CITY: &str = "370100";
const MOST_AHEAD: u64 = 1_000_000;

pub(super) fn add(cases: &mut Cases<'_>) {
    // What comes first has something of everything.
    for node in [2, 3] {
        let number = id(&power(4), H + 1);
        let events = vec![
            (node, propose(&power(5), H + 9)),
            (node, propose(&power(4), H + 1)),
            (node, approve(2, number)),
            (2, approve(1, number)),
        ];
        cases.add(&format!("proposed by node {node}, approved and enacted in one block"), &[], events);
    }
    heights(cases);
    in_a_block(cases);
    places(cases);
    two_hundred_and_fifty_six(cases);
    twice(cases);
    taken_back(cases);
    approvals(cases);
    signatures(cases);
}

/// From which height on it shall hold.
fn heights(cases: &mut Cases<'_>) {
    for effective in [0, H - 1, H, H + 1, H + 2, H + MOST_AHEAD - 1, H + MOST_AHEAD, H + MOST_AHEAD + 1, (1 << 53) - 1]
    {
        let name = format!("block {H}: proposed for height {effective}");
        cases.add(&name, &[], vec![(2, propose(&power(4), effective))]);
    }
    let membership = cases.membership.clone();
    for height in [1_u64, (1 << 53) - 2, (1 << 53) - 1] {
        let events = [height, height.saturating_add(1).min((1 << 53) - 1)].map(|at| (2, propose(&power(4), at), 1));
        cases.case(&format!("block {height}: proposed for it and the next"), &membership, height, &[], events.to_vec());
    }
}

/// Four of a node in a block are read, whatever becomes of them.
fn in_a_block(cases: &mut Cases<'_>) {
    let good = |votes: u32| propose(&power(votes), H + 9);
    let late = |votes: u32| propose(&power(votes), H);
    let by = |node: u32, events: Vec<Event>| events.into_iter().map(|event| (node, event)).collect::<Vec<_>>();
    cases.add("five proposals of a node", &[], by(2, (2..=6).map(good).collect()));
    cases.add("five proposals of a node, all too late", &[], by(2, (2..=6).map(late).collect()));
    cases.add(
        "three proposals too late, and two good ones",
        &[],
        by(2, (2..=4).map(late).chain((5..=6).map(good)).collect()),
    );
    let by_both = (2..=4).map(|votes| (1, late(votes))).chain((2..=4).map(|votes| (5, good(votes)))).collect();
    cases.add("three proposals of each of a member's two nodes", &[], by_both);
    let by_both = (2..=6).map(|votes| (1, good(votes))).chain([(5, good(7))]).collect();
    cases.add("five proposals of a member's node, and one of its other", &[], by_both);
    let by_two = (2..=5).map(|votes| (2, good(votes))).chain([(3, good(6))]).collect();
    cases.add("four proposals of a node, and one of another member's", &[], by_two);
}

/// So many proposals of a member, open below, none of them approved.
fn of_city(count: u32) -> Vec<OpenProposal> {
    (0..count).map(|votes| open(CITY, &power(10 + votes), H + 9, &[], false)).collect()
}

/// How many of a member may be open.
fn places(cases: &mut Cases<'_>) {
    let more = || vec![(2, propose(&power(4), H + 9))];
    cases.add("three places taken", &of_city(3), more());
    cases.add("four places taken", &of_city(4), more());
    cases.add("four places taken, and another member proposes", &of_city(4), vec![(3, propose(&power(4), H + 9))]);
    let edited = |edit: &dyn Fn(&mut OpenProposal)| {
        let mut list = of_city(4);
        list.iter_mut().take(1).for_each(edit);
        list
    };
    cases.add("four open, of which one is adopted", &edited(&|first| first.adopted = true), more());
    cases.add("four open, of which one is another's", &edited(&|first| first.proposer = code("370200")), more());
    cases.add(
        "four open, of which one is approved",
        &edited(&|first| first.approvals.push(code("370000")).unwrap()),
        more(),
    );
    let approved = |proposer: &str, effective| open(proposer, &power(20), effective, &["370000"], false);
    // A withdrawal among the open ones: of an own one at the same height, at another, of another's.
    for (name, named, effective) in [
        ("an own one, for its height", approved(CITY, H + 9), H + 9),
        ("an own one, for a later height", approved(CITY, H + 9), H + 10),
        ("another's, for its height", approved("370200", H + 9), H + 9),
    ] {
        let withdrawal = withdraw(&power(20), H + 9);
        let mut list = of_city(if named.proposer == code(CITY) { 2 } else { 3 });
        list.push(named.clone());
        list.push(open(CITY, &withdrawal, effective, &[], false));
        cases.add(&format!("open beside three: the withdrawal of {name}"), &list, more());
        // The same as the fifth proposal.
        let mut list = of_city(if named.proposer == code(CITY) { 3 } else { 4 });
        list.push(named);
        cases.add(&format!("four places taken: withdraws {name}"), &list, vec![(2, propose(&withdrawal, effective))]);
    }
    // A withdrawal of a withdrawal takes a place.
    let named = withdraw(&power(20), H + 9);
    let mut list = of_city(3);
    list.push(approved("370200", H + 9));
    list.push(open(CITY, &named, H + 9, &["370000"], false));
    let again = withdraw(&named, H + 9);
    cases.add("four places taken: withdraws an own withdrawal", &list, vec![(2, propose(&again, H + 9))]);
    list.remove(0);
    list.push(open(CITY, &again, H + 9, &[], false));
    cases.add("open beside three: the withdrawal of an own withdrawal", &list, more());
    let back = withdraw(&power(10), H + 9);
    cases.add("four places taken: takes an own one back, and proposes again", &of_city(4), {
        vec![(2, propose(&back, H + 9)), (2, propose(&power(4), H + 9))]
    });
    // A withdrawal of what is not open any more takes a place.
    let gone = open(CITY, &withdraw(&power(77), H + 9), H + 9, &[], false);
    let list: Vec<_> = of_city(3).into_iter().chain([gone]).collect();
    cases.add("open beside three: the withdrawal of what is gone", &list, more());
}

/// How many may be open at all.
fn two_hundred_and_fifty_six(cases: &mut Cases<'_>) {
    // Sixty-three of them are of codes that are members no more.
    let all: Vec<OpenProposal> =
        (0..256_u32).map(|at| open(&format!("{:06}", 380_000 + at / 4), &power(100 + at), H + 9, &[], false)).collect();
    let bytes: Vec<u8> = all.iter().take(255).flat_map(codec::encode).collect();
    cases.book.name("255 open proposals", bytes);
    let last = |proposer: &str, approvals: &[&str]| open(proposer, &power(355), H + 9, approvals, false);
    let with = |one: OpenProposal| all.iter().take(255).cloned().chain([one]).collect::<Vec<_>>();
    let propose_four = || vec![(2, propose(&power(4), H + 9)), (2, propose(&power(5), H + 9))];
    cases.add("255 are open, and two more are proposed", &all[..255], propose_four());
    cases.add("256 are open, and one is taken back", &with(last(CITY, &[])), {
        vec![(2, propose(&withdraw(&power(355), H + 9), H + 9)), (2, propose(&power(4), H + 9))]
    });
    cases.add("256 are open, and an own one that is approved is withdrawn", &with(last(CITY, &["370000"])), {
        vec![(2, propose(&withdraw(&power(355), H + 9), H + 9))]
    });
    let mut adopted = with(last(CITY, &[]));
    adopted.iter_mut().for_each(|each| each.adopted = true);
    let bytes: Vec<u8> = adopted.iter().take(255).flat_map(codec::encode).collect();
    cases.book.name("255 adopted proposals", bytes);
    cases.add("256 are adopted and open, and one more is proposed", &adopted, vec![(2, propose(&power(4), H + 9))]);
}

/// What is open, or withdrawn.
fn twice(cases: &mut Cases<'_>) {
    let one = power(4);
    let below = open(CITY, &one, H + 9, &[], false);
    cases.add("the same again, by another member", std::slice::from_ref(&below), vec![(3, propose(&one, H + 9))]);
    cases.add("the same for another height", std::slice::from_ref(&below), vec![(3, propose(&one, H + 10))]);
    cases.add("the same twice in a block", &[], vec![(2, propose(&one, H + 9)), (3, propose(&one, H + 9))]);
    let named = withdraw(&one, H + 9);
    for (name, adopted, approvals) in [("adopted", true, &[][..]), ("not adopted", false, &["370000"])] {
        let withdrawal = open("370200", &named, H + 9, approvals, adopted);
        let events = vec![(2, propose(&one, H + 9)), (2, propose(&one, H + 10)), (3, propose(&named, H + 9))];
        cases.add(&format!("what a withdrawal names that is {name}"), &[withdrawal], events);
    }
    // What it names is a withdrawal that holds, too: nobody withdraws that one.
    let holds = open("370200", &named, H + 9, &["370000"], true);
    let again = withdraw(&named, H + 9);
    cases.add(
        "withdraws a withdrawal that is adopted",
        std::slice::from_ref(&holds),
        vec![(3, propose(&again, H + 9))],
    );
    let waits = open("370200", &named, H + 9, &["370000"], false);
    let list = [below, waits];
    cases.add("withdraws a withdrawal that is not adopted", &list, vec![(2, propose(&again, H + 9))]);
    cases.add("withdraws what is not open", &[], vec![(2, propose(&named, H + 9))]);
}

fn taken_back(cases: &mut Cases<'_>) {
    let one = power(4);
    let own = |approvals: &[&str], adopted| open(CITY, &one, H + 9, approvals, adopted);
    for effective in [H + 8, H + 9, H + 10] {
        let back = propose(&withdraw(&one, H + 9), effective);
        let name = |what: &str| format!("{what}, for height {} and withdrawn for {effective}", H + 9);
        cases.add(&name("its own, untouched"), &[own(&[], false)], vec![(2, back.clone())]);
        cases.add(&name("its own, approved"), &[own(&["370200"], false)], vec![(2, back.clone())]);
        cases.add(&name("its own, adopted"), &[own(&[], true)], vec![(2, back.clone())]);
        cases.add(&name("another's, untouched"), &[own(&[], false)], vec![(3, back.clone())]);
        cases.add(&name("another's, adopted"), &[own(&["370000", CITY], true)], vec![(3, back)]);
    }
    let back = propose(&withdraw(&one, H + 9), H + 9);
    cases.add("proposed and taken back in one block", &[], vec![(2, propose(&one, H + 9)), (2, back.clone())]);
    cases.add(
        "proposed by one, and withdrawn by another in the same block",
        &[],
        vec![(2, propose(&one, H + 9)), (3, back.clone())],
    );
    let approval = approve(3, id(&one, H + 9));
    let below = [own(&[], false)];
    cases.add("taken back, and approved in the same block", &below, vec![(2, back.clone()), (3, approval.clone())]);
    cases.add("approved, and taken back in the same block", &below, vec![(3, approval.clone()), (2, back.clone())]);
    cases.add(
        "taken back, and its approval does not hold",
        &below,
        vec![(2, back.clone()), (3, approve_with(2, 3, id(&one, H + 9)))],
    );
    cases.add(
        "taken back twice, for two heights",
        &below,
        vec![(2, back.clone()), (2, propose(&withdraw(&one, H + 9), H + 10)), (2, back.clone())],
    );
    cases.add(
        "taken back, and proposed again in the same block",
        &below,
        vec![(2, back.clone()), (2, propose(&one, H + 9))],
    );
    cases.add(
        "proposed, taken back and approved, all in one block",
        &[],
        vec![(2, propose(&one, H + 9)), (2, back.clone()), (3, approval)],
    );
    // By the member's other node.
    let province = [open("370000", &one, H + 9, &[], false)];
    cases.add("taken back by another node of its member", &province, vec![(5, back)]);
    // Its own withdrawal, of which nobody has approved.
    let named = withdraw(&one, H + 9);
    let list = [own(&["370200"], false), open(CITY, &named, H + 9, &[], false)];
    cases.add("takes its own withdrawal back", &list, vec![(2, propose(&withdraw(&named, H + 9), H + 9))]);
}

fn approvals(cases: &mut Cases<'_>) {
    let one = power(4);
    let number = id(&one, H + 9);
    let below = |approvals: &[&str]| vec![open(CITY, &one, H + 9, approvals, false)];
    cases.add("an approval of what is not open", &[], vec![(2, approve(2, number))]);
    cases.add("an approval before what it approves", &[], vec![(2, approve(2, number)), (2, propose(&one, H + 9))]);
    cases.add("an approval behind what it approves", &[], vec![(2, propose(&one, H + 9)), (2, approve(2, number))]);
    cases.add("an approval brought by another member", &below(&[]), vec![(3, approve(2, number))]);
    let of = |key: u32, member: &str| {
        Event::Approve(Approve::sign(&super::CHAIN, &governance_key(key), code(member), number))
    };
    cases.add("an approval of a code of nobody", &below(&[]), vec![(2, of(2, "379900"))]);
    cases.add(
        "an approval in the name of a removed member, by its heir's key",
        &below(&[]),
        vec![(2, of(2, "370400"))],
    );
    cases.add("an approval a second time", &below(&["370200"]), vec![(2, approve(3, number)), (2, approve(2, number))]);
    cases.add("an approval twice in a block", &below(&[]), vec![(2, approve(3, number)), (4, approve(3, number))]);
    cases.add(
        "what has an approval already, and the second does not hold",
        &below(&["370200"]),
        vec![(2, approve_with(2, 3, number))],
    );
    // So many of a node are read.
    let membership = cases.membership.clone();
    let nothing = ProposalId([7; 32]);
    for (name, times) in [("255", 255), ("256", 256)] {
        let events = vec![(2, approve(2, nothing), times), (2, approve(3, number), 1), (3, approve(2, number), 1)];
        cases.case(
            &format!("{name} approvals of what is not open, and a good one"),
            &membership,
            super::H,
            &below(&[]),
            events,
        );
    }
    let events = vec![
        (1, approve(2, nothing), 256),
        (5, approve(3, number), 1),
        (1, propose(&power(5), H + 9), 1),
        (1, approve(2, number), 1),
    ];
    cases.case(
        "256 approvals of a node, and more by its member's other node",
        &membership,
        super::H,
        &below(&[]),
        events,
    );
    let events = vec![(2, propose(&power(5), H), 5), (2, approve(2, number), 1)];
    cases.case("five proposals of a node, and an approval", &membership, super::H, &below(&[]), events);
}

/// Whether an approval's signature holds, and what a bad one spoils.
fn signatures(cases: &mut Cases<'_>) {
    let (one, two) = (power(4), power(5));
    let [first, second] = [&one, &two].map(|change| id(change, H + 9));
    let below = [open(CITY, &one, H + 9, &[], false), open(CITY, &two, H + 9, &[], false)];
    let bad = || approve_with(2, 3, first);
    cases.add("by another member's key", &below, vec![(2, bad())]);
    cases.add(
        "of the same for another proposal",
        &below,
        vec![(2, {
            let Event::Approve(mut approval) = approve(3, second) else { unreachable!() };
            approval.proposal = first;
            Event::Approve(approval)
        })],
    );
    cases.add(
        "of the same for another chain",
        &below,
        vec![(2, {
            let other = ledger_core::crypto::ChainId([0x12; 32]);
            Event::Approve(Approve::sign(&other, &governance_key(3), code("370200"), first))
        })],
    );
    for (name, events) in [
        ("a good one of it, by the same node", vec![(2, approve(3, first))]),
        (
            "a good one of it, by another node, and again by the first",
            vec![(3, approve(3, first)), (2, approve(3, first))],
        ),
        ("a good one of it, by another node of the same member", vec![(5, approve(3, first))]),
        ("a good one of another member", vec![(2, approve(2, first))]),
        ("a good one of another proposal", vec![(2, approve(3, second))]),
    ] {
        let node = if name.contains("same member") { 1 } else { 2 };
        cases.add(&format!("one that does not hold, and {name}"), &below, [vec![(node, bad())], events].concat());
    }
    cases.add("a good one, and one that does not hold", &below, vec![(2, approve(3, first)), (2, bad())]);
    // Nothing of a block is left in the next: the set of bad ones is the block's.
    cases.add("what a node without voting power brings", &below, vec![(4, approve(3, first))]);
    let rotated = Change::RotateMemberKeys(
        code("370200"),
        ledger_core::membership::Key::from(governance_key(9).public()).into(),
        ledger_core::fixture::vault_key(9),
    );
    let adopted = open(CITY, &rotated, H + 1, &["370000", CITY], true);
    cases.add(
        "the last block of a key: the old one counts, and is forgotten",
        &[adopted, below[0].clone()],
        vec![(2, approve(3, first)), (2, approve_with(9, 3, second))],
    );
}
