//! What one member, or the thief of a node's key, cannot do to the others: bring back what was withdrawn, count an old
//! approval twice, fill the table, take a proposal away with itself.

use super::*;
use crate::membership::Membership;
use crate::names::MemberCode;
use std::collections::{BTreeSet, VecDeque};

fn withdraw(change: &Change, effective: u64) -> Change {
    Change::Withdraw(change.id(Height(effective)))
}

#[test]
fn what_was_withdrawn_stays_withdrawn() {
    let wanted = Change::SetPower(NodeNumber(4), 100);
    // Whether it was adopted before or not; whatever height the withdrawal names; in whichever block node 4 repeats
    // the bytes of block 1.
    for (enough, withdrawn_until) in [(4, 10), (3, 10), (4, 11), (4, 500)] {
        for again_in in 2..=11 {
            let mut network = Network::new(4);
            let public = adopted(&network, &wanted, 10)[..enough].to_vec();
            outcomes(&mut network, 1, public.clone());
            let events = adopted(&network, &withdraw(&wanted, 10), withdrawn_until);
            outcomes(&mut network, 1, events);
            for height in 3..=12 {
                let repeated = if height == again_in { public.clone() } else { vec![] };
                let last = refused(if height < 10 { R::Duplicate } else { R::TooLate });
                let found = outcomes(&mut network, 4, repeated);
                assert!(found.is_empty() || (found[0] == last && found[1..].iter().all(|o| *o == refused(R::Unknown))));
            }
            assert_eq!(power(&network, 4), 1, "repeated in {again_in}");
        }
    }
}

#[test]
fn what_is_proposed_for_another_height_is_not_touched_by_an_old_withdrawal() {
    let mut network = Network::new(4);
    let wanted = Change::SetPower(NodeNumber(2), 5);
    for change in [&wanted, &withdraw(&wanted, 6)] {
        let events = adopted(&network, change, 6);
        assert_eq!(outcomes(&mut network, 1, events), [APPLIED; 4]);
    }
    let anew = adopted(&network, &wanted, 7);
    assert_eq!(outcomes(&mut network, 1, anew), [APPLIED; 4]);
    (4..=6).for_each(|_| _ = network.block(vec![]));
    assert_eq!(power(&network, 2), 5);
}

#[test]
fn an_approval_counts_for_one_opening() {
    // It lapses, is enacted, or is withdrawn: in no later block is it opened again with the approvals of block 1.
    for (approvals, withdrawn) in [(2, false), (3, false), (2, true)] {
        let mut network = Network::new(4);
        let wanted = Change::SetPower(NodeNumber(1), 50);
        let public = adopted(&network, &wanted, 6)[..=approvals].to_vec();
        outcomes(&mut network, 4, public.clone());
        if withdrawn {
            let events = adopted(&network, &withdraw(&wanted, 6), 6);
            outcomes(&mut network, 1, events);
        }
        while network.tip.control().open(wanted.id(Height(6))).is_some() {
            network.block(vec![]);
        }
        for _ in 0..8 {
            assert_ne!(outcomes(&mut network, 1, public.clone())[0], APPLIED);
        }
    }
}

#[test]
fn four_open_proposals_leave_a_way_back() {
    let mut network = Network::new(1);
    let far: Vec<Change> = (2..6).map(|power| Change::SetPower(NodeNumber(1), power)).collect();
    let events = far.iter().map(|change| propose(change, 1_000_001)).collect();
    assert_eq!(outcomes(&mut network, 1, events), [APPLIED; 4], "nobody's governance key is asked");
    let rotate = Change::RotateNodeKeys(NodeNumber(1), fixture::node(9).keys.into());
    check(&mut network, 1, propose(&rotate, 100), refused(R::TooMany));
    // Too soon, and then right.
    let back = withdraw(&far[2], 1_000_001);
    let events = vec![propose(&back, 1_000_000), propose(&back, 1_000_001), propose(&back, 1_000_001)];
    assert_eq!(outcomes(&mut network, 1, events), [refused(R::BadChange), APPLIED, APPLIED]);
    let left: Vec<Change> = network.tip.control().proposals.iter().map(|open| (*open.change).clone()).collect();
    assert_eq!(left, [far[0].clone(), far[1].clone(), far[3].clone()]);
    check(&mut network, 1, propose(&rotate, 100), APPLIED);
    // What was taken back had no approval, and may be proposed again.
    check(&mut network, 1, propose(&far[2], 1_000_001), refused(R::TooMany));
    check(&mut network, 1, propose(&withdraw(&rotate, 100), 100), APPLIED);
    check(&mut network, 1, propose(&far[2], 1_000_001), APPLIED);
}

#[test]
fn only_what_is_ones_own_and_nobody_wants_is_taken_back() {
    let wanted = Change::SetPower(NodeNumber(2), 5);
    let back = withdraw(&wanted, 9);
    let stays = |network: &Network| network.tip.control().open(wanted.id(Height(9))).is_some();
    // By node 3, whose member did not propose it; with one approval below, or in the same block; adopted.
    for (by, below, here) in [(3, 0, 0), (2, 1, 0), (2, 0, 1), (2, 3, 0), (2, 2, 1), (2, 0, 3)] {
        let mut network = Network::new(4);
        let all = adopted(&network, &wanted, 9);
        outcomes(&mut network, 2, all[..=below].to_vec());
        let events = std::iter::once(propose(&back, 9)).chain(all[1 + below..1 + below + here].to_vec()).collect();
        assert_eq!(outcomes(&mut network, by, events), vec![APPLIED; 1 + here]);
        assert!(stays(&network), "by {by}, {below} approvals below and {here} in the block");
        // It is a withdrawal like any where it was not one's own to take back.
        let is_open = network.tip.control().open(back.id(Height(9))).is_some();
        assert_eq!(is_open, by == 3 || below > 0);
    }
    let mut network = Network::new(4);
    check(&mut network, 2, propose(&wanted, 9), APPLIED);
    check(&mut network, 2, propose(&back, 9), APPLIED);
    assert!(!stays(&network) && network.tip.control().proposals.is_empty());
}

#[test]
fn one_free_member_is_a_way_back() {
    let mut network = Network::new(4);
    for node in 2..=4 {
        let far = (2..6).map(|power| propose(&Change::SetPower(NodeNumber(node), power), 900_000)).collect();
        assert_eq!(outcomes(&mut network, node, far), [APPLIED; 4]);
    }
    let rotate = Change::RotateNodeKeys(NodeNumber(2), fixture::node(9).keys.into());
    let events = adopted(&network, &rotate, 5);
    outcomes(&mut network, 1, events);
    assert_eq!(network.tip.membership().node(NodeNumber(2)).unwrap().1.keys, fixture::node(9).keys);
}

#[test]
fn a_second_node_can_propose_though_the_first_ones_key_is_stolen() {
    let membership = Network::new(4).genesis.membership.clone();
    let (with_two, _) = Change::AddNode(code("370000"), fixture::node(5).into()).apply(&membership, PROTOCOL).unwrap();
    let genesis = fixture::edited(&Network::new(4).genesis, |genesis| genesis.membership = with_two);
    let mut network = Network::from_genesis(genesis);
    let rotate = Change::RotateNodeKeys(NodeNumber(5), fixture::node(9).keys.into());
    let noise = vec![propose(&Change::RemoveNode(NodeNumber(77)), 0); 5];
    let thief = network.submission(5, noise);
    let own = network.submission(1, vec![propose(&rotate, 50)]);
    let traces: Vec<Outcome> = network.block(vec![thief, own]).traces().iter().map(|trace| trace.outcome).collect();
    assert_eq!(traces[..4], [refused(R::TooLate); 4]);
    assert_eq!(traces[4..], [refused(R::TooMany), APPLIED]);
}

/// Over all pairs of removals of three cities: an adopted one removes, whatever else is adopted, unless the two would
/// leave nobody to answer.
#[test]
fn an_adopted_removal_is_not_spoiled_by_another() {
    let remove = |of: usize, heir: usize| Change::RemoveMember(code(CODES[of]), code(CODES[heir]));
    for (victim, heir, other, other_heir) in pairs() {
        let mut network = Network::new(4);
        let events = [(other, other_heir), (victim, heir)].map(|(of, heir)| adopted(&network, &remove(of, heir), 4));
        outcomes(&mut network, 1, events.concat());
        (0..4).for_each(|_| _ = network.block(vec![]));
        let each_others = heir == other && other_heir == victim;
        let is_there = network.tip.membership().member(code(CODES[victim])).is_some();
        assert_eq!(is_there, each_others, "{victim} to {heir} after {other} to {other_heir}");
        let answers = if heir == other { other_heir } else { heir };
        assert!(each_others || network.tip.membership().answers_for(code(CODES[victim])) == Some(code(CODES[answers])));
    }
}

fn pairs() -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let removals = || (1..4).flat_map(|of| (0..4).map(move |heir| (of, heir))).filter(|(of, heir)| of != heir);
    let all = removals().flat_map(move |(of, heir)| removals().map(move |(other, its)| (of, heir, other, its)));
    all.filter(|(of, _, other, _)| of != other)
}

#[test]
fn a_proposal_is_not_lost_by_being_outrun() {
    for first in [1, 4] {
        let mut network = Network::new(4);
        let wanted = Change::SetPower(NodeNumber(1), 50);
        let mut both = vec![
            network.submission(1, vec![propose(&wanted, 50), approve(&network, 1, &wanted, 50)]),
            network.submission(4, vec![propose(&wanted, 50)]),
        ];
        if first == 4 {
            both.reverse();
        }
        network.block(both);
        // Member 4 tries to take it back, and is removed.
        check(&mut network, 4, propose(&withdraw(&wanted, 50), 50), APPLIED);
        let remove = Change::RemoveMember(code("370300"), code("370200"));
        let events = adopted(&network, &remove, 4);
        outcomes(&mut network, 1, events);
        let open = network.tip.control().open(wanted.id(Height(50))).unwrap();
        assert_eq!(open.approvals[..], [code("370000")], "first in the block: node {first}");
    }
}

/// Over every membership within five removals and additions of three cities, in every order, each with every heir: who
/// ever was a member is answered for by a member, the province stays, and who comes back answers for itself.
#[test]
fn heirs_answer_in_all_small_memberships() {
    let start = Network::new(4).genesis.membership.clone();
    let mut seen = BTreeSet::from([codec::encode(&start)]);
    let mut queue = VecDeque::from([(start, 0)]);
    while let Some((membership, depth)) = queue.pop_front() {
        for of in CODES[..4].iter().map(|of| code(of)) {
            let answers = membership.answers_for(of).expect("somebody answers");
            assert!(membership.member(answers).is_some());
            assert!(membership.member(of).is_none() || answers == of);
        }
        assert_eq!(membership.province(), code(CODES[0]));
        assert!(Change::RemoveMember(code(CODES[0]), code(CODES[1])).apply(&membership, PROTOCOL).is_err());
        let next = small_changes(&membership).filter_map(|change| change.apply(&membership, PROTOCOL).ok());
        for (next, _) in next.filter(|_| depth < 5) {
            if seen.insert(codec::encode(&next)) {
                queue.push_back((next, depth + 1));
            }
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}

fn small_changes(membership: &Membership) -> impl Iterator<Item = Change> {
    let number = membership.next_node();
    let node = Node { number, ..fixture::node(10 + number.0) };
    let keys = 10 + number.0;
    let back = move |of: &&str| {
        let member = Member { nodes: List::new(vec![node.clone()]).unwrap(), ..fixture::member(keys, of) };
        Change::AddMember(member.into())
    };
    let removals = |of: MemberCode| CODES[..5].iter().map(move |heir| Change::RemoveMember(of, code(heir)));
    CODES[..4].iter().flat_map(move |of| removals(code(of))).chain(CODES[..4].iter().map(back).collect::<Vec<_>>())
}

/// Where nothing is withdrawn, what one member does (its own and everybody's public bytes, before or after the others'
/// in each block) changes nothing of what the others decide. Every word of three blocks.
#[test]
fn one_member_changes_no_decision_of_the_others() {
    let (good, bad) = (Change::SetPower(NodeNumber(2), 5), Change::SetPower(NodeNumber(4), 100));
    let template = Network::new(4);
    let approve = |member, change: &Change| approve(&template, member, change, 4);
    let honest = [
        vec![propose(&good, 4), approve(1, &good)],
        vec![propose(&bad, 4), approve(2, &good), approve(1, &bad)],
        vec![approve(3, &good), approve(2, &bad)],
    ];
    let forged = |of: &Change, member: u32| {
        let mut event = signed(&template, member, of, 4);
        event.signature.0[40] ^= 1;
        Event::Approve(event)
    };
    let takes_away = withdraw(&good, 4);
    let words = [
        vec![],
        vec![propose(&good, 4), propose(&bad, 4)],
        vec![propose(&takes_away, 4), approve(4, &takes_away)],
        vec![forged(&good, 1), forged(&good, 2), forged(&good, 3), forged(&bad, 3)],
        vec![approve(1, &good), approve(2, &bad), approve(4, &bad)],
        vec![propose(&bad, 3), propose(&good, 5), propose(&good, 1), propose(&bad, 9)],
    ];
    let words: Vec<(bool, &Vec<Event>)> =
        [false, true].into_iter().flat_map(|b| words.iter().map(move |w| (b, w))).collect();
    for word in 0..words.len().pow(3) {
        let mut network = Network::new(4);
        let mut rest = word;
        for honest in &honest {
            let (before, events) = words[rest % words.len()];
            rest /= words.len();
            let mut both = vec![network.submission(1, honest.clone())];
            if !events.is_empty() {
                both.push(network.submission(4, events.clone()));
            }
            if before {
                both.reverse();
            }
            network.block(both);
        }
        assert_eq!(power(&network, 2), 5, "word {word}");
    }
}
