//! When a change holds, who decides it, and what is refused.

mod laws;
mod reach;
mod rights;
mod rivals;

use super::*;
use crate::chain::Fault;
use crate::codec::{self, List};
use crate::crypto::ChainId;
use crate::event::{Action, Event};
use crate::fixture::{self, CODES, Network, code, governance_key, node_key};
use crate::membership::{Key, Member, MembershipError, Node, Parameters, Purpose, VaultKey};
use crate::names::{Height, NodeNumber, PROTOCOL, Protocol, Sequence};
use crate::outcome::{Outcome, Refusal};
use Refusal as R;
use std::sync::Arc;

fn propose(change: &Change, effective: u64) -> Event {
    Event::Propose(Box::new(Propose { change: change.clone().into(), effective: Height(effective) }))
}

fn signed(network: &Network, member: u32, change: &Change, effective: u64) -> Approve {
    let member_code = code(CODES[member as usize - 1]);
    Approve::sign(&network.tip.chain(), &governance_key(member), member_code, change.id(Height(effective)))
}

fn approve(network: &Network, member: u32, change: &Change, effective: u64) -> Event {
    Event::Approve(signed(network, member, change, effective))
}

/// Outcomes of one block's events, submitted by a node.
fn outcomes(network: &mut Network, node: u32, events: Vec<Event>) -> Vec<Outcome> {
    let submissions = if events.is_empty() { vec![] } else { vec![network.submission(node, events)] };
    network.block(submissions).traces().iter().map(|trace| trace.outcome).collect()
}

/// A change that members 1 to 3 of four propose and approve in one block of node 1.
fn adopted(network: &Network, change: &Change, effective: u64) -> Vec<Event> {
    let approvals = (1..=3).map(|member| approve(network, member, change, effective));
    [propose(change, effective)].into_iter().chain(approvals).collect()
}

fn check(network: &mut Network, node: u32, event: Event, expected: Outcome) {
    assert_eq!(outcomes(network, node, vec![event]), [expected]);
}

const APPLIED: Outcome = Outcome::Applied;

fn refused(why: Refusal) -> Outcome {
    Outcome::Refused(why)
}

fn power(network: &Network, node: u32) -> u32 {
    network.tip.membership().node(NodeNumber(node)).unwrap().1.power
}

/// A change of power with `effective` = E, proposed in block 1 and adopted in block `adopted`.
/// Gives the first height that the change governs, and the height after whose block the proposal is
/// no longer open.
fn timing(effective: u64, adopted: Option<u64>) -> (Option<u64>, Option<u64>) {
    let mut network = Network::new(4);
    let change = Change::SetPower(NodeNumber(2), 5);
    let (mut governs, mut closed) = (None, None);
    for height in 1..=8 {
        let mut events = Vec::new();
        if height == 1 {
            events.push(propose(&change, effective));
        }
        if adopted == Some(height) {
            events.extend((1..=3).map(|member| approve(&network, member, &change, effective)));
        }
        assert_eq!(power(&network, 2), if governs.is_some() { 5 } else { 1 });
        outcomes(&mut network, 1, events);
        if governs.is_none() && power(&network, 2) == 5 {
            governs = Some(height + 1);
        }
        if closed.is_none() && network.tip.control().proposals.is_empty() {
            closed = Some(height);
        }
    }
    (governs, closed)
}

#[test]
fn a_change_enters_at_the_later_of_its_adoption_and_the_block_before_its_height() {
    // E, adopted in block → governs from, closed after
    for (effective, adopted, governs, closed) in [
        (5, Some(1), Some(5), 4),
        (5, Some(3), Some(5), 4),
        (5, Some(4), Some(5), 4),
        (5, Some(5), Some(6), 5),
        (5, Some(6), None, 5),
        (5, None, None, 5),
        (2, Some(1), Some(2), 1),
        (2, Some(2), Some(3), 2),
        (2, Some(3), None, 2),
        (3, Some(1), Some(3), 2),
    ] {
        assert_eq!(timing(effective, adopted), (governs, Some(closed)), "E = {effective}, adopted in {adopted:?}");
    }
}

#[test]
fn a_proposal_for_a_height_that_is_not_ahead_comes_too_late() {
    for (effective, expected) in [(0, refused(R::TooLate)), (1, refused(R::TooLate)), (2, APPLIED)] {
        check(&mut Network::new(4), 1, propose(&Change::SetPower(NodeNumber(1), 2), effective), expected);
    }
}

/// Members approve in turn; gives how many it takes.
fn approvals_needed(powers: &[u32]) -> usize {
    let network = Network::new(powers.len() as u32);
    let start = network.genesis.membership.clone();
    let membership = (1..).zip(powers).fold(start, |membership, (number, power)| {
        Change::SetPower(NodeNumber(number), *power).apply(&membership, PROTOCOL).unwrap().0
    });
    let genesis = fixture::edited(&network.genesis, |genesis| genesis.membership = membership);
    let mut network = Network::from_genesis(genesis);
    let change =
        Change::RotateMemberKeys(code("370000"), Key::from(governance_key(99).public()).into(), VaultKey([9; 32]));
    outcomes(&mut network, 1, vec![propose(&change, 100)]);
    for member in 1..=powers.len() as u32 {
        let event = approve(&network, member, &change, 100);
        check(&mut network, 1, event, APPLIED);
        if network.tip.control().proposals[0].adopted {
            return member as usize;
        }
    }
    usize::MAX
}

#[test]
fn more_than_two_thirds_of_the_power_adopt() {
    for (powers, needed) in [
        (&[1, 1, 1, 1][..], 3),
        (&[1, 1, 1], 3),
        (&[2, 2, 1], 2),
        (&[2, 2, 2], 3),
        (&[3, 1, 0], 1),
        (&[1, 3, 0], 2),
        (&[0, 0, 0, 4], 4),
        (&[1], 1),
    ] {
        assert_eq!(approvals_needed(powers), needed, "{powers:?}");
    }
}

#[test]
fn a_member_counts_with_the_sum_of_its_nodes() {
    let mut network = Network::new(3);
    let node = fixture::node(4);
    let (membership, _) =
        Change::AddNode(code("370000"), node.into()).apply(network.tip.membership(), PROTOCOL).unwrap();
    let node = Node { power: 3, ..fixture::node(5) };
    let (membership, _) = Change::AddNode(code("370000"), node.into()).apply(&membership, PROTOCOL).unwrap();
    network = Network::from_genesis(fixture::edited(&network.genesis, |genesis| genesis.membership = membership));
    // The province has 5 of 7.
    let change = Change::SetPower(NodeNumber(2), 9);
    let events = vec![propose(&change, 2), approve(&network, 1, &change, 2)];
    assert_eq!(outcomes(&mut network, 5, events), [APPLIED; 2]);
    assert_eq!(power(&network, 2), 9);
}

#[test]
fn an_adopted_change_stays_adopted_though_the_power_moves() {
    let mut network = Network::new(4);
    let change = Change::SetPower(NodeNumber(2), 7);
    let mut events = vec![propose(&change, 4)];
    events.extend((1..=3).map(|member| approve(&network, member, &change, 4)));
    outcomes(&mut network, 1, events);
    // Now the fourth member alone has a quorum.
    network.govern(Change::SetPower(NodeNumber(4), 100), Height(3));
    assert!(!network.tip.membership().is_quorum(3));
    network.block(vec![]);
    assert_eq!(power(&network, 2), 7);
}

#[test]
fn what_a_proposal_is_refused_for() {
    let change = |power| Change::SetPower(NodeNumber(1), power);
    let mut network = Network::new(4);
    check(&mut network, 2, propose(&change(2), 9), APPLIED);
    check(&mut network, 2, propose(&change(2), 9), refused(R::Duplicate));
    check(&mut network, 3, propose(&change(2), 9), refused(R::Duplicate));
    check(&mut network, 2, propose(&change(2), 10), APPLIED);
    check(&mut network, 2, propose(&change(3), 9), APPLIED);
    check(&mut network, 2, propose(&change(4), 9), APPLIED);
    check(&mut network, 2, propose(&change(5), 9), refused(R::TooMany));
    check(&mut network, 3, propose(&change(5), 9), APPLIED);
    check(&mut network, 3, propose(&Change::RemoveNode(NodeNumber(9)), 10), refused(R::BadChange));
    // After block 9 the first four have lapsed but for one.
    check(&mut network, 2, propose(&change(6), 12), APPLIED);
    assert_eq!(network.tip.control().proposals.len(), 1);
    check(&mut network, 2, propose(&change(2), 12), APPLIED);
}

#[test]
fn what_an_approval_is_refused_for() {
    let mut network = Network::new(4);
    let change = Change::SetPower(NodeNumber(1), 2);
    check(&mut network, 1, propose(&change, 20), APPLIED);
    let good = signed(&network, 2, &change, 20);
    let unknown = signed(&network, 2, &change, 21);
    check(&mut network, 1, Event::Approve(unknown), refused(R::Unknown));
    let stranger = Approve { member: code("379900"), ..good.clone() };
    check(&mut network, 1, Event::Approve(stranger), refused(R::NotAuthorised));
    let unknown_by_stranger = Approve { member: code("379900"), ..signed(&network, 2, &change, 21) };
    check(&mut network, 1, Event::Approve(unknown_by_stranger), refused(R::Unknown));
    let for_another = Approve { member: code("370200"), ..good.clone() };
    check(&mut network, 1, Event::Approve(for_another), refused(R::BadSignature));
    let by_node = Approve::sign(&network.tip.chain(), &node_key(2, Purpose::Consensus), good.member, good.proposal);
    check(&mut network, 1, Event::Approve(by_node), refused(R::BadSignature));
    let elsewhere = Approve::sign(&ChainId([9; 32]), &governance_key(2), good.member, good.proposal);
    check(&mut network, 1, Event::Approve(elsewhere), refused(R::BadSignature));
    // Whichever node submits it, the member that signed has approved; once.
    check(&mut network, 3, Event::Approve(good.clone()), APPLIED);
    check(&mut network, 2, Event::Approve(good.clone()), refused(R::Duplicate));
    assert_eq!(network.tip.control().proposals[0].approvals[..], [code("370100")]);
}

#[test]
fn what_a_replaced_governance_key_approved_is_forgotten() {
    let mut network = Network::new(4);
    let (open, city) = (Change::SetPower(NodeNumber(1), 9), code("370100"));
    let mut events = vec![propose(&open, 90)];
    events.extend((1..=2).map(|member| approve(&network, member, &open, 90)));
    assert_eq!(outcomes(&mut network, 1, events), [APPLIED; 3]);
    let rotate = |key: u32, vault| {
        Change::RotateMemberKeys(city, Key::from(governance_key(key).public()).into(), VaultKey(vault))
    };
    let approvals = |network: &Network| network.tip.control().proposals[0].approvals.to_vec();
    // Another vault key is no reason.
    network.govern(rotate(2, [9; 32]), Height(3));
    assert_eq!(approvals(&network), [code("370000"), city]);
    network.govern(rotate(99, [9; 32]), Height(4));
    assert_eq!(approvals(&network), [code("370000")]);
    let old = signed(&network, 2, &open, 90);
    check(&mut network, 1, Event::Approve(old), refused(R::BadSignature));
    let new = Approve::sign(&network.tip.chain(), &governance_key(99), city, open.id(Height(90)));
    check(&mut network, 1, Event::Approve(new), APPLIED);
}

#[test]
fn what_no_longer_applies_when_it_is_due_is_dropped() {
    let mut network = Network::new(4);
    let set = Change::SetPower(NodeNumber(4), 5);
    let remove = Change::RemoveMember(code("370300"), code("370000"));
    let mut events = vec![propose(&remove, 2), propose(&set, 2)];
    for change in [&remove, &set] {
        events.extend((1..=3).map(|member| approve(&network, member, change, 2)));
    }
    assert_eq!(outcomes(&mut network, 1, events), [APPLIED; 8]);
    assert_eq!(network.tip.membership().member(code("370300")), None);
    assert!(network.tip.control().proposals.is_empty());
}

#[test]
fn changes_of_one_block_are_enacted_in_the_order_proposed() {
    let mut network = Network::new(4);
    let changes = [Change::SetPower(NodeNumber(2), 5), Change::SetPower(NodeNumber(2), 6)];
    let mut events = Vec::new();
    // Approved the other way round.
    events.extend(changes.iter().map(|change| propose(change, 2)));
    for change in changes.iter().rev() {
        events.extend((1..=3).map(|member| approve(&network, member, change, 2)));
    }
    outcomes(&mut network, 1, events);
    assert_eq!(power(&network, 2), 6);
}

#[test]
fn streams_of_removed_nodes_are_dropped_and_their_numbers_never_come_back() {
    let mut network = Network::new(4);
    let renew = || vec![fixture::event(1, Action::Renew)];
    let submissions = (2..=4).map(|node| network.submission(node, renew())).collect();
    network.block(submissions);
    let nodes = |network: &Network| network.tip.control().streams.iter().map(|s| s.node.0).collect::<Vec<_>>();
    assert_eq!(nodes(&network), [2, 3, 4]);
    network.govern(Change::RemoveNode(NodeNumber(3)), Height(3));
    assert_eq!(nodes(&network), [1, 2, 4]);
    network.govern(Change::RemoveMember(code("370300"), code("370000")), Height(4));
    assert_eq!(nodes(&network), [1, 2]);
    assert_eq!(network.tip.membership().next_node(), NodeNumber(5));
    let back = [
        Change::AddNode(code("370200"), fixture::node(3).into()),
        Change::AddMember(fixture::member(4, "370300").into()),
        Change::AddMember(fixture::member(2, "370300").into()),
    ];
    for change in back {
        let (membership, protocol) = (network.tip.membership(), network.tip.control().protocol);
        assert!(matches!(change.apply(membership, protocol), Err(ChangeError::NumberUsed(_, NodeNumber(5)))));
        check(&mut network, 1, propose(&change, 90), refused(R::BadChange));
    }
    network.govern(Change::AddNode(code("370200"), fixture::node(7).into()), Height(8));
    assert_eq!(network.tip.membership().next_node(), NodeNumber(8));
}

#[test]
fn a_newer_protocol_stops_who_does_not_know_it() {
    let mut network = Network::new(1);
    for old in [0, 1] {
        check(&mut network, 1, propose(&Change::Activate(Protocol(old)), 20), refused(R::BadChange));
    }
    network.govern(Change::Activate(Protocol(2)), Height(5));
    network.block(vec![]);
    assert_eq!((network.tip.height(), network.tip.control().protocol), (Height(4), Protocol(2)));
    let proposal = crate::chain::Proposal {
        proposer: NodeNumber(1),
        time: network.tip.time(),
        parent_certificate: network.certificate.clone(),
        submissions: vec![],
    };
    let newer = Fault::NewerProtocol(crate::chain::NewerProtocol(Protocol(2)));
    let assembled = crate::chain::assemble(proposal, &network.tip, &network.map);
    assert_eq!(assembled.map(|_| ()), Err(newer.clone()));
    // Nor does it judge a block that others made, whatever that says of itself.
    let mut block = codec::decode::<crate::block::Block>(&network.blocks[3]).unwrap();
    for claimed in [1, 2] {
        block.header.protocol = Protocol(claimed);
        let hashed = crate::chain::HashedBlock::read(&codec::encode(&block)).unwrap();
        let checked = crate::chain::check(hashed, &network.tip, &network.map);
        assert_eq!(checked.map(|_| ()), Err(newer.clone()));
    }
}

#[test]
fn new_parameters_hold_from_their_height_on() {
    let mut network = Network::new(1);
    let parameters = Parameters { submission_events: 2, ..Parameters::default() };
    network.govern(Change::SetParameters(parameters), Height(3));
    let three = |network: &Network| {
        let events = (0..3).map(|number| fixture::event(number, Action::Renew)).collect();
        crate::chain::Proposal {
            proposer: NodeNumber(1),
            time: network.tip.time(),
            parent_certificate: network.certificate.clone(),
            submissions: vec![network.submission(1, events)],
        }
    };
    assert!(crate::chain::assemble(three(&network), &network.tip, &network.map).is_ok());
    network.block(vec![]);
    let assembled = crate::chain::assemble(three(&network), &network.tip, &network.map);
    assert!(matches!(assembled, Err(Fault::Events { found: 3, max: 2, .. })));
}

#[test]
fn what_changes_do_and_where_they_do_not_apply() {
    use ChangeError as E;
    let start = Network::new(3).genesis.membership.clone();
    let apply = |change: &Change| change.apply(&start, PROTOCOL);
    let ok = |change: Change| {
        let (after, protocol) = apply(&change).unwrap();
        assert_eq!(protocol, PROTOCOL);
        after
    };
    let fails = |change: Change, why: ChangeError| assert_eq!(apply(&change), Err(why));
    let keys = |of: u32| fixture::node(of).keys.into();
    let nobody = code("379900");

    let after = ok(Change::AddMember(fixture::member(4, "370050").into()));
    let codes: Vec<_> = after.members().iter().map(|member| member.code.to_string()).collect();
    assert_eq!(codes, ["370000", "370050", "370100", "370200"]);
    assert_eq!(after.next_node(), NodeNumber(5));
    fails(Change::AddMember(fixture::member(4, "370100").into()), E::MemberExists(code("370100")));
    fails(Change::AddMember(fixture::member(3, "370300").into()), E::NumberUsed(NodeNumber(3), NodeNumber(4)));
    let nodes = |numbers: [u32; 2]| List::new(numbers.map(fixture::node).to_vec()).unwrap();
    let with = |numbers| Change::AddMember(Member { nodes: nodes(numbers), ..fixture::member(9, "370300") }.into());
    assert_eq!(ok(with([6, 8])).next_node(), NodeNumber(9));
    fails(with([8, 6]), E::NumberUsed(NodeNumber(6), NodeNumber(9)));

    assert_eq!(ok(Change::RemoveMember(code("370100"), code("370000"))).members().len(), 2);
    fails(Change::RemoveMember(nobody, code("370000")), E::NoMember(nobody));
    fails(Change::RemoveMember(code("370100"), nobody), E::NoMember(nobody));
    fails(Change::RemoveMember(code("370100"), code("370100")), E::OwnHeir(code("370100")));
    fails(Change::RemoveMember(code("370000"), code("370100")), E::Invalid(MembershipError::Province(code("370000"))));

    let after = ok(Change::AddNode(code("370100"), fixture::node(4).into()));
    let of: Vec<_> = after.member(code("370100")).unwrap().nodes.iter().map(|node| node.number.0).collect();
    assert_eq!((of, after.next_node()), (vec![2, 4], NodeNumber(5)));
    fails(Change::AddNode(nobody, fixture::node(4).into()), E::NoMember(nobody));
    fails(Change::AddNode(code("370100"), fixture::node(3).into()), E::NumberUsed(NodeNumber(3), NodeNumber(4)));
    let far = |number| Change::AddNode(code("370100"), Node { number: NodeNumber(number), ..fixture::node(4) }.into());
    assert_eq!(ok(far(68)).next_node(), NodeNumber(69));
    fails(far(69), E::NumberTooHigh(NodeNumber(69), NodeNumber(4)));

    assert_eq!(ok(Change::RemoveNode(NodeNumber(2))).node(NodeNumber(2)), None);
    fails(Change::RemoveNode(NodeNumber(4)), E::NoNode(NodeNumber(4)));

    let after = ok(Change::SetPower(NodeNumber(2), 7));
    assert_eq!(after.nodes().map(|(_, node)| node.power).collect::<Vec<_>>(), [1, 7, 1]);
    fails(Change::SetPower(NodeNumber(4), 7), E::NoNode(NodeNumber(4)));

    let after = ok(Change::RotateNodeKeys(NodeNumber(2), keys(9)));
    assert_eq!(
        after.nodes().map(|(_, node)| node.keys.clone()).collect::<Vec<_>>(),
        [1, 9, 3].map(|of| fixture::node(of).keys)
    );
    fails(Change::RotateNodeKeys(NodeNumber(4), keys(9)), E::NoNode(NodeNumber(4)));
    fails(Change::RotateNodeKeys(NodeNumber(2), List::default()), E::Invalid(MembershipError::Keys(NodeNumber(2))));

    let key = Key::from(governance_key(9).public());
    let after = ok(Change::RotateMemberKeys(code("370100"), key.into(), VaultKey([9; 32])));
    let member = after.member(code("370100")).unwrap();
    assert_eq!((member.governance, member.vault), (key, VaultKey([9; 32])));
    fails(Change::RotateMemberKeys(nobody, key.into(), VaultKey([9; 32])), E::NoMember(nobody));

    let parameters = Parameters { block_events: 5, ..Parameters::default() };
    assert_eq!(*ok(Change::SetParameters(parameters)).parameters(), parameters);
    let parameters = Parameters { block_events: 0, ..parameters };
    fails(Change::SetParameters(parameters), E::Invalid(MembershipError::Parameter(Parameters::BOUNDS[1])));

    assert_eq!(apply(&Change::Activate(Protocol(2))), Ok((start.clone(), Protocol(2))));
    for other in [0, 1, 3].map(Protocol) {
        fails(Change::Activate(other), E::NotNext(other, PROTOCOL));
    }
    let last = Protocol(u16::MAX);
    assert_eq!(Change::Activate(last).apply(&start, last), Err(E::NotNext(last, last)));
}

#[test]
fn a_rotated_key_signs_from_then_on_and_the_old_one_no_more() {
    let mut network = Network::new(4);
    let change = Change::RotateNodeKeys(NodeNumber(2), fixture::node(9).keys.into());
    let event = || vec![fixture::event(1, Action::Renew)];
    network.govern(change, Height(2));
    let sign = |network: &Network, key| {
        let key = node_key(key, Purpose::Submission);
        crate::submission::Submission::sign(&network.tip.chain(), &key, NodeNumber(2), Sequence(1), event()).unwrap()
    };
    for (key, accepted) in [(2, false), (9, true)] {
        let proposal = crate::chain::Proposal {
            proposer: NodeNumber(1),
            time: network.tip.time(),
            parent_certificate: network.certificate.clone(),
            submissions: vec![sign(&network, key)],
        };
        assert_eq!(crate::chain::assemble(proposal, &network.tip, &network.map).is_ok(), accepted);
    }
}

#[test]
fn a_proposal_id_binds_change_and_height() {
    let change = Change::SetPower(NodeNumber(1), 2);
    let ids = [change.id(Height(3)), change.id(Height(4)), Change::SetPower(NodeNumber(1), 3).id(Height(3))];
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
    let bytes = b"\x0dluqi/proposal\x01\x05\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0\x03";
    assert_eq!(ids[0].0, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes)));
}

#[test]
fn the_control_state_has_room_for_every_node_and_for_four_proposals_a_member() {
    let (effective, proposer) = (Height(3), code("370000"));
    let proposal = |number: usize| {
        let change = Arc::new(Change::RemoveNode(NodeNumber(number as u32)));
        let (id, approvals) = (change.id(effective), List::default());
        OpenProposal { id, proposer, change, effective, approvals, adopted: false }
    };
    let stream = |node| Stream { node: NodeNumber(node), last: Sequence(1) };
    let control = |streams: u32, proposals: usize| {
        let streams = List::new((1..=streams).map(stream).collect()).ok()?;
        let proposals = List::new((1..=proposals).map(proposal).collect()).ok()?;
        Some(Control { protocol: PROTOCOL, streams, proposals: proposals.into() })
    };
    let full = control(512, 256).unwrap();
    assert_eq!(codec::decode(&codec::encode(&full)), Ok(full.clone()));
    assert_eq!((control(513, 256), control(512, 257)), (None, None));

    // No proposal stands twice, and nobody approves one twice.
    let with = |proposals: Vec<OpenProposal>| {
        let control = Control { proposals: Arc::new(List::new(proposals).unwrap()), ..Control::new(PROTOCOL) };
        codec::decode::<Control>(&codec::encode(&control)).map(|_| ())
    };
    let by = |approvals: &[&str]| {
        let approvals = List::new(approvals.iter().map(|member| code(member)).collect()).unwrap();
        OpenProposal { approvals, ..proposal(1) }
    };
    let refused = |why: ControlError| Err(codec::DecodeError::Refused(why.to_string()));
    let id = proposal(1).id;
    assert_eq!(with(vec![by(&["370100", "370000"]), proposal(2)]), Ok(()));
    assert_eq!(with(vec![proposal(1), proposal(2), by(&["370100"])]), refused(ControlError::Twice(id)));
    assert_eq!(with(vec![by(&["370100", "370000", "370100"])]), refused(ControlError::Approvals(id)));

    // A proposal beyond that is refused, though its member has none open.
    let network = Network::new(4);
    let propose = Propose { change: Change::SetPower(NodeNumber(1), 7).into(), effective };
    let considered = full.consider(code("370100"), Height(1), &network.genesis.membership, &propose);
    assert_eq!(considered, Err(ProposeError::TooMany));
}
