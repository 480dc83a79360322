//! How far one member, or the thief of one node's submission key, reaches: into the openings, the places, the ballots and
//! the order of others.

use super::*;

fn withdraw(change: &Change, effective: u64) -> Change {
    Change::Withdraw(change.id(Height(effective)))
}

/// The province alone with a quorum, and with two nodes, 1 and 3; the city has node 2.
fn two() -> Network {
    let membership = Network::new(2).genesis.membership.clone();
    let changes = [Change::AddNode(code("370000"), fixture::node(3).into()), Change::SetPower(NodeNumber(1), 9)];
    let apply = |to, change: &Change| change.apply(&to, PROTOCOL).unwrap().0;
    let membership = changes.iter().fold(membership, apply);
    Network::from_genesis(fixture::edited(&Network::new(2).genesis, |genesis| genesis.membership = membership))
}

fn open(network: &Network, change: &Change, effective: u64) -> bool {
    network.tip.control().open(change.id(Height(effective))).is_some()
}

#[test]
fn an_approval_says_yes_to_a_change_at_a_height_whoever_opens_it() {
    let mut network = Network::new(4);
    let wanted = Change::SetPower(NodeNumber(1), 50);
    // Member 4 says yes, and is removed: its yes goes. Who proposed takes back what nobody wants by now.
    let public = vec![propose(&wanted, 50), approve(&network, 4, &wanted, 50)];
    assert_eq!(outcomes(&mut network, 2, public.clone()), [APPLIED; 2]);
    network.govern(Change::RemoveMember(code("370300"), code("370200")), Height(3));
    check(&mut network, 2, propose(&withdraw(&wanted, 50), 50), APPLIED);
    assert!(!open(&network, &wanted, 50));
    // Member 4 comes again, with the governance key that it has, and nodes of new numbers.
    let mut again = fixture::member(4, "370300");
    again.nodes = List::new(vec![fixture::node(5)]).unwrap();
    again.vault = fixture::vault_key(5);
    network.govern(Change::AddMember(again.into()), Height(5));
    assert_eq!(outcomes(&mut network, 2, public), [APPLIED; 2]);
}

#[test]
fn bad_approvals_of_one_node_leave_the_good_ones_of_another() {
    let mut network = two();
    let rotate = Change::RotateNodeKeys(NodeNumber(3), fixture::node(9).keys.into());
    check(&mut network, 1, propose(&rotate, 50), APPLIED);
    let good = signed(&network, 1, &rotate, 50);
    let bad = Approve { signature: signed(&network, 2, &rotate, 50).signature, ..good.clone() };
    let thief = network.submission(3, vec![Event::Approve(bad)]);
    let own = network.submission(1, vec![Event::Approve(good)]);
    let traces: Vec<Outcome> = network.block(vec![thief, own]).traces().iter().map(|trace| trace.outcome).collect();
    assert_eq!(traces, [refused(R::BadSignature), APPLIED]);
}

#[test]
fn a_thief_and_a_minority_do_not_silence_who_has_a_quorum() {
    let mut network = two();
    let far: Vec<Change> = (20..24).map(|power| Change::SetPower(NodeNumber(2), power)).collect();
    let stolen = far.iter().map(|change| propose(change, 900_000)).collect();
    assert_eq!(outcomes(&mut network, 3, stolen), [APPLIED; 4]);
    let kept = far.iter().map(|change| approve(&network, 2, change, 900_000)).collect();
    assert_eq!(outcomes(&mut network, 2, kept), [APPLIED; 4]);
    let rotate = Change::RotateNodeKeys(NodeNumber(3), fixture::node(9).keys.into());
    let tries = [propose(&withdraw(&far[0], 900_000), 900_000), propose(&rotate, 50)].to_vec();
    assert_ne!(outcomes(&mut network, 1, tries), [refused(R::TooMany); 2], "and so for 900,000 blocks");
}

#[test]
fn a_withdrawal_that_holds_takes_no_place() {
    let mut network = Network::new(4);
    for power in 20..24 {
        let far = Change::SetPower(NodeNumber(2), power);
        check(&mut network, 2, propose(&far, 900_000), APPLIED);
        let events = adopted(&network, &withdraw(&far, 900_000), 900_000);
        assert_eq!(outcomes(&mut network, 1, events), [APPLIED; 4]);
    }
    check(&mut network, 1, propose(&Change::SetPower(NodeNumber(2), 3), 50), APPLIED);
}

/// format.md §9: a place is taken by every proposal that is not adopted, but a withdrawal of another of the same member,
/// which is none itself, for its very height.
#[test]
fn a_withdrawal_takes_a_place_unless_it_is_of_an_own_proposal_for_its_very_height() {
    let wanted = Change::SetPower(NodeNumber(1), 50);
    let of_others = Change::SetPower(NodeNumber(1), 51);
    for (withdrawal, effective, is_free) in [
        (withdraw(&wanted, 50), 50, true),
        (withdraw(&wanted, 50), 51, false),
        (withdraw(&of_others, 50), 50, false),
        (withdraw(&of_others, 50), 51, false),
        (withdraw(&withdraw(&wanted, 50), 50), 50, false),
    ] {
        let mut network = Network::new(4);
        // What somebody has approved is not taken back: the withdrawal is opened.
        let own = [propose(&wanted, 50), propose(&withdraw(&wanted, 50), 50)];
        let wanted_by_others = [approve(&network, 3, &wanted, 50), approve(&network, 3, &withdraw(&wanted, 50), 50)];
        for event in [own[0].clone(), wanted_by_others[0].clone(), own[1].clone(), wanted_by_others[1].clone()] {
            check(&mut network, 2, event, APPLIED);
        }
        check(&mut network, 3, propose(&of_others, 50), APPLIED);
        if withdrawal != withdraw(&wanted, 50) || effective != 50 {
            check(&mut network, 2, propose(&withdrawal, effective), APPLIED);
        }
        let mut more = |power: u32| {
            let outcome = outcomes(&mut network, 2, vec![propose(&Change::SetPower(NodeNumber(2), power), 60)]);
            outcome == [APPLIED]
        };
        let taken = [more(7), more(8), more(9)];
        assert_eq!(taken, [true, true, is_free], "{withdrawal:?} for {effective}");
    }
}

#[test]
fn who_proposes_first_does_not_choose_which_of_two_changes_for_two_heights_comes_about() {
    for outrun in [false, true] {
        let mut network = Network::new(4);
        let changes = [5, 6].map(|number| Change::AddNode(code("370000"), fixture::node(number).into()));
        if outrun {
            check(&mut network, 4, propose(&changes[1], 5), APPLIED);
        }
        let events = [(0, 4), (1, 5)].map(|(of, effective)| adopted(&network, &changes[of], effective)).concat();
        outcomes(&mut network, 1, events);
        (0..5).for_each(|_| _ = network.block(vec![]));
        let there = [5, 6].map(|number| network.tip.membership().node(NodeNumber(number)).is_some());
        assert_eq!(there, [true, true], "outrun: {outrun}");
    }
}
