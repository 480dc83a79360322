//! One story for each right, and for what nobody can do alone.

use super::*;
use crate::membership::{Heir, KeyBytes, TrustPolicy};
use crate::names::MemberCode;

fn remove(member: &str, heir: &str) -> Change {
    Change::RemoveMember(code(member), code(heir))
}

fn open(network: &Network) -> Vec<Change> {
    network.tip.control().proposals.iter().map(|open| (*open.change).clone()).collect()
}

#[test]
fn who_is_removed_is_answered_for_until_it_comes_back() {
    let mut network = Network::new(4);
    let answers = |network: &Network| -> Vec<Option<MemberCode>> {
        CODES[..5].iter().map(|of| network.tip.membership().answers_for(code(of))).collect()
    };
    let some = |codes: [&str; 4]| -> Vec<Option<MemberCode>> {
        codes.map(|of| Some(code(of))).into_iter().chain([None]).collect()
    };
    assert_eq!(answers(&network), some(["370000", "370100", "370200", "370300"]));
    network.govern(remove("370300", "370200"), Height(2));
    assert_eq!(answers(&network), some(["370000", "370100", "370200", "370200"]));
    // Its heir goes too, and hands on what it inherited.
    network.govern(remove("370200", "370100"), Height(3));
    assert_eq!(answers(&network), some(["370000", "370100", "370100", "370100"]));
    let heirs = [("370200", "370100"), ("370300", "370100")];
    let heirs = heirs.map(|(removed, heir)| Heir { removed: code(removed), heir: code(heir) });
    assert_eq!(network.tip.membership().heirs(), heirs);
    // It comes back, with a new node number, and answers for itself.
    network.govern(Change::AddMember(fixture::member(7, "370300").into()), Height(4));
    assert_eq!(answers(&network), some(["370000", "370100", "370100", "370300"]));
    assert_eq!(network.tip.membership().next_node(), NodeNumber(8));
}

#[test]
fn a_withdrawal_reaches_everything_that_is_open() {
    let (wanted, other) = (Change::SetPower(NodeNumber(2), 5), Change::SetPower(NodeNumber(3), 7));
    let withdraw = Change::Withdraw(wanted.id(Height(9)));
    // Open or adopted; the change is due at the end of block 8. Adopted, a withdrawal acts at once, and waits.
    for (adopt, withdrawn_in, at) in [(false, 2, 9), (true, 2, 9), (true, 2, 30), (true, 8, 9), (true, 8, 30)] {
        let mut network = Network::new(4);
        let mut events = if adopt { adopted(&network, &wanted, 9) } else { vec![propose(&wanted, 9)] };
        events.extend(adopted(&network, &other, 9));
        outcomes(&mut network, 1, events);
        for height in 2..=9 {
            let events = if height == withdrawn_in { adopted(&network, &withdraw, at) } else { vec![] };
            assert!(outcomes(&mut network, 2, events).iter().all(|outcome| *outcome == APPLIED));
            assert_eq!(open(&network).contains(&wanted), height < withdrawn_in, "in block {height} of {withdrawn_in}");
        }
        assert_eq!((power(&network, 2), power(&network, 3)), (1, 7), "adopted: {adopt}, withdrawn in {withdrawn_in}");
        assert_eq!(open(&network), if at == 30 { vec![withdraw.clone()] } else { vec![] });
    }
}

#[test]
fn a_withdrawal_can_be_withdrawn_until_it_is_adopted() {
    let wanted = Change::SetPower(NodeNumber(2), 5);
    let first = Change::Withdraw(wanted.id(Height(6)));
    let second = Change::Withdraw(first.id(Height(6)));
    // Both adopted in one block: the first has done its work, and the second names nothing that could be undone.
    let mut network = Network::new(4);
    let events = adopted(&network, &wanted, 6);
    outcomes(&mut network, 1, events);
    let both = [(1, &first), (2, &second)];
    let both = both.map(|(node, change)| network.submission(node, adopted(&network, change, 6)));
    assert!(network.block(both.to_vec()).traces().iter().all(|trace| trace.outcome == APPLIED));
    assert_eq!(open(&network), [first.clone(), second.clone()]);
    check(&mut network, 2, propose(&Change::Withdraw(second.id(Height(6))), 9), refused(R::BadChange));
    (4..=6).for_each(|_| _ = network.block(vec![]));
    assert_eq!((power(&network, 2), open(&network)), (1, vec![]));

    // The first is not adopted yet: the second takes it away, and the change holds.
    let mut network = Network::new(4);
    let events = adopted(&network, &wanted, 6);
    outcomes(&mut network, 1, events);
    check(&mut network, 1, propose(&first, 6), APPLIED);
    let events = adopted(&network, &second, 6);
    outcomes(&mut network, 2, events);
    assert_eq!(open(&network), [wanted.clone(), second.clone()]);
    let again = adopted(&network, &first, 6);
    let unknown = refused(R::Unknown);
    assert_eq!(outcomes(&mut network, 2, again), [refused(R::Duplicate), unknown, unknown, unknown]);
    (5..=6).for_each(|_| _ = network.block(vec![]));
    assert_eq!((power(&network, 2), open(&network)), (5, vec![]));

    // What is not adopted withdraws nothing; what names nothing, or would be forgotten too soon, is no proposal.
    let mut network = Network::new(4);
    let events = adopted(&network, &wanted, 6);
    outcomes(&mut network, 1, events);
    check(&mut network, 1, propose(&first, 6), APPLIED);
    check(&mut network, 1, propose(&Change::Withdraw(second.id(Height(6))), 6), refused(R::BadChange));
    check(&mut network, 1, propose(&first, 5), refused(R::BadChange));
    (5..=6).for_each(|_| _ = network.block(vec![]));
    assert_eq!((power(&network, 2), open(&network)), (5, vec![]));
}

#[test]
fn nobody_proposes_for_a_time_that_nobody_sees() {
    let change = Change::SetPower(NodeNumber(1), 2);
    for (effective, expected) in [(1_000_001, APPLIED), (1_000_002, refused(R::TooFar)), (u64::MAX, refused(R::TooFar))]
    {
        check(&mut Network::new(4), 1, propose(&change, effective), expected);
    }
}

#[test]
fn a_node_makes_four_proposals_a_block_whatever_becomes_of_them() {
    let bad = Change::RemoveNode(NodeNumber(9));
    let good = |power| Change::SetPower(NodeNumber(1), power);
    let mut network = Network::new(4);
    let events = vec![propose(&bad, 9), propose(&good(2), 1), propose(&good(2), 9), propose(&good(2), 9)];
    let mut all = vec![refused(R::BadChange), refused(R::TooLate), APPLIED, refused(R::Duplicate)];
    let events = [events, vec![propose(&good(3), 9), propose(&good(3), 0)]].concat();
    all.extend([refused(R::TooMany); 2]);
    assert_eq!(outcomes(&mut network, 2, events), all);
    // In the next block it may go on; and another node could all the time.
    check(&mut network, 2, propose(&good(3), 9), APPLIED);
    let mine = network.submission(2, (4..9).map(|power| propose(&good(power), 9)).collect());
    let theirs = network.submission(3, vec![propose(&good(9), 9)]);
    let traces = network.block(vec![mine, theirs]).traces().iter().map(|trace| trace.outcome).collect::<Vec<_>>();
    // Two of the four were open already.
    let applied = [APPLIED, APPLIED, refused(R::TooMany), refused(R::TooMany), refused(R::TooMany), APPLIED];
    assert_eq!(traces, applied);
}

#[test]
fn a_node_brings_256_approvals_a_block_whatever_becomes_of_them() {
    let mut network = Network::new(4);
    let change = Change::SetPower(NodeNumber(1), 2);
    check(&mut network, 1, propose(&change, 20), APPLIED);
    let unknown = approve(&network, 1, &change, 21);
    let mut mine = vec![unknown; 255];
    mine.extend([approve(&network, 1, &change, 20), approve(&network, 2, &change, 20)]);
    let mine = network.submission(1, mine);
    let theirs = network.submission(2, vec![approve(&network, 3, &change, 20)]);
    let traces = network.block(vec![mine, theirs]).traces().iter().map(|trace| trace.outcome).collect::<Vec<_>>();
    assert!(traces[..255].iter().all(|outcome| *outcome == refused(R::Unknown)));
    assert_eq!(traces[255..], [APPLIED, refused(R::TooMany), APPLIED]);
    let late = approve(&network, 2, &change, 20);
    check(&mut network, 1, late, APPLIED);
}

#[test]
fn what_was_proposed_stays_open_though_its_proposer_goes() {
    let mut network = Network::new(4);
    let (open_one, done) = (Change::SetPower(NodeNumber(1), 9), Change::SetPower(NodeNumber(1), 8));
    let mut events = adopted(&network, &done, 20);
    events.push(propose(&open_one, 20));
    let theirs = network.submission(4, events);
    network.block(vec![theirs]);
    network.govern(remove("370300", "370000"), Height(3));
    assert_eq!(open(&network), [done.clone(), open_one.clone()]);
    assert_eq!(network.tip.control().proposals[1].proposer, code("370300"));
    (3..=18).for_each(|_| _ = network.block(vec![]));
    assert_eq!(open(&network), [done, open_one.clone()]);
    network.block(vec![]);
    assert_eq!((open(&network), power(&network, 1)), (vec![open_one], 8), "block 19");
    network.block(vec![]);
    assert!(open(&network).is_empty(), "it lapses at its height, as any");
}

#[test]
fn after_a_bad_signature_the_next_of_its_kind_is_not_read() {
    let mut network = Network::new(4);
    let (change, other) = (Change::SetPower(NodeNumber(1), 2), Change::SetPower(NodeNumber(1), 3));
    let both = vec![propose(&change, 20), propose(&other, 20)];
    assert_eq!(outcomes(&mut network, 1, both), [APPLIED; 2]);
    let good = signed(&network, 2, &change, 20);
    let bad = Approve { signature: signed(&network, 2, &other, 20).signature, ..good.clone() };
    let event = |approve: &Approve| Event::Approve(approve.clone());
    let mine = network.submission(1, vec![event(&bad), event(&good), approve(&network, 2, &other, 20)]);
    let theirs = network.submission(3, vec![event(&good), event(&bad)]);
    let late = network.submission(4, vec![event(&bad)]);
    let block = network.block(vec![mine, theirs, late]);
    let traces: Vec<Outcome> = block.traces().iter().map(|trace| trace.outcome).collect();
    let unread = refused(R::BadSignature);
    assert_eq!(
        traces,
        [unread, unread, APPLIED, APPLIED, refused(R::Duplicate), refused(R::Duplicate)],
        "the second of node 1 is good, and not read; that of another member's node is"
    );
    // In the next block everybody begins anew.
    let third = signed(&network, 3, &change, 20);
    check(&mut network, 1, Event::Approve(third), APPLIED);
}

#[test]
fn a_key_that_is_none_is_a_bad_change_and_no_bad_block() {
    let no_key = KeyBytes([2; 32]);
    let mut member = crate::membership::Member::<KeyBytes>::from(fixture::member(5, "370400"));
    member.governance.key = no_key;
    let mut node = Node::<KeyBytes>::from(fixture::node(5));
    node.keys.iter_mut().for_each(|key| key.key = no_key);
    let vault =
        Change::RotateMemberKeys(code("370100"), Key::from(governance_key(9).public()).into(), VaultKey([0; 32]));
    let mut network = Network::new(4);
    let changes = [
        Change::AddMember(member),
        Change::RotateNodeKeys(NodeNumber(2), node.keys.clone()),
        Change::AddNode(code("370100"), node),
        vault,
    ];
    let events = changes.iter().map(|change| propose(change, 9)).collect();
    assert_eq!(outcomes(&mut network, 1, events), [refused(R::BadChange); 4]);
    let names = fixture::member(5, "370400");
    let hidden = codec::Text::new("Qing\u{202e}dao").unwrap();
    let names = Change::AddMember(Member { name_en: hidden, ..names }.into());
    check(&mut network, 1, propose(&names, 9), refused(R::BadChange));
}

#[test]
fn the_trust_policy_is_what_the_members_want_it_to_be() {
    let mut network = Network::new(4);
    assert!(network.tip.membership().trust().asks_for_nothing());
    let trust = fixture::trust(2);
    network.govern(Change::SetTrust(trust.clone()), Height(2));
    assert_eq!(network.tip.membership().trust(), &trust);
    for bad in [TrustPolicy { wanted: 3, ..trust.clone() }, TrustPolicy { lag: 1 << 53, ..trust }] {
        check(&mut network, 1, propose(&Change::SetTrust(bad), 9), refused(R::BadChange));
    }
}

#[test]
fn a_control_state_names_each_change_by_its_own_id() {
    let mut network = Network::new(4);
    check(&mut network, 1, propose(&Change::SetPower(NodeNumber(1), 2), 20), APPLIED);
    let control = network.tip.control();
    assert_eq!(codec::decode::<Control>(&codec::encode(control)).as_ref(), Ok(control));
    let mut forged = control.clone();
    let change = Arc::new(Change::SetPower(NodeNumber(1), 99));
    Arc::make_mut(&mut forged.proposals).iter_mut().for_each(|open| open.change = Arc::clone(&change));
    // The hash is over the id alone: so the id is looked at when a control state is read.
    assert_eq!(forged.hash(), control.hash());
    let why = ControlError::Id(control.proposals[0].id);
    assert_eq!(codec::decode::<Control>(&codec::encode(&forged)), Err(codec::DecodeError::Refused(why.to_string())));
    let json = serde_json::to_string(&forged).unwrap();
    assert!(serde_json::from_str::<Control>(&json).unwrap_err().to_string().starts_with(&why.to_string()));
    // Everything else of a proposal is under it.
    let changed = |edit: fn(&mut OpenProposal)| {
        let mut changed = control.clone();
        Arc::make_mut(&mut changed.proposals).iter_mut().for_each(edit);
        changed.hash() != control.hash()
    };
    assert!(changed(|open| open.id.0[0] ^= 1));
    assert!(changed(|open| open.proposer = code("370100")));
    assert!(changed(|open| open.effective = Height(21)));
    assert!(changed(|open| open.approvals.push(code("370100")).unwrap()));
    assert!(changed(|open| open.adopted = true));
}

#[test]
fn every_change_has_a_tag_of_its_own() {
    for tag in 0..=u8::MAX {
        let unknown = codec::decode::<Change>(&[tag])
            == Err(codec::DecodeError::Refused(format!("{tag} is no change of governance")));
        assert_eq!(unknown, !(1..=11).contains(&tag), "{tag}");
    }
}
