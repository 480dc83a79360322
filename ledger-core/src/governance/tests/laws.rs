//! Laws of governance, over changes and blocks that are drawn.

use super::*;
use crate::membership::Membership;
use crate::names::{MemberCode, ProposalId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn any_code() -> impl Strategy<Value = MemberCode> {
    prop::sample::select(&CODES[..6]).prop_map(code)
}

fn any_number() -> impl Strategy<Value = NodeNumber> {
    prop_oneof![9 => (0_u32..14).prop_map(NodeNumber), 1 => Just(NodeNumber(u32::MAX)), 1 => Just(NodeNumber(200))]
}

/// A change that applies or not, with keys that are drawn by number.
fn any_change() -> impl Strategy<Value = Change> {
    let node = |keys: u32, number, power| Node { number, power, ..fixture::node(keys) };
    let member = move |keys: u32, code: MemberCode, nodes: Vec<NodeNumber>| {
        let nodes = nodes.into_iter().zip(20 * keys..).map(|(number, keys)| node(keys, number, 1)).collect();
        Member { nodes: List::new(nodes).unwrap(), ..fixture::member(keys, code.as_str()) }
    };
    let numbers = || prop::collection::vec(any_number(), 0..3);
    prop_oneof![
        4 => (1_u32..30, any_code(), numbers()).prop_map(move |(k, c, n)| Change::AddMember(member(k, c, n).into())),
        4 => (any_code(), any_code()).prop_map(|(code, heir)| Change::RemoveMember(code, heir)),
        3 => (1_u32..30, any_code(), any_number(), 0_u32..3)
            .prop_map(move |(keys, code, number, power)| Change::AddNode(code, node(keys, number, power).into())),
        3 => any_number().prop_map(Change::RemoveNode),
        2 => (any_number(), 0_u32..4).prop_map(|(number, power)| Change::SetPower(number, power)),
        1 => (1_u32..30, any_number()).prop_map(|(k, number)| Change::RotateNodeKeys(number, fixture::node(k).keys.into())),
        1 => (1_u32..30, any_code()).prop_map(|(keys, code)| {
            Change::RotateMemberKeys(code, Key::from(governance_key(keys).public()).into(), fixture::vault_key(keys))
        }),
        1 => (0_u32..3).prop_map(|wanted| Change::SetTrust(crate::membership::TrustPolicy { wanted, ..fixture::trust(1) })),
        1 => (1_u16..4).prop_map(|protocol| Change::Activate(Protocol(protocol))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is applied in whatever order: no number ever gets another owner, also none that was given up; who
    /// was a member is answered for by one for ever; the province stays; and each membership is one by its bytes.
    #[test]
    fn no_number_ever_gets_another_owner(changes in prop::collection::vec(any_change(), 1..40)) {
        let mut membership = Network::new(4).genesis.membership.clone();
        let mut owners: BTreeMap<NodeNumber, MemberCode> = BTreeMap::new();
        let mut known: BTreeSet<MemberCode> = BTreeSet::new();
        let (mut protocol, province) = (PROTOCOL, membership.province());
        for change in changes {
            let present: BTreeSet<NodeNumber> = membership.nodes().map(|(_, node)| node.number).collect();
            known.extend(membership.members().iter().map(|member| member.code));
            let Ok((after, next)) = change.apply(&membership, protocol) else { continue };
            prop_assert!(next == protocol || (next == protocol.next() && change == Change::Activate(next)));
            prop_assert!(after.next_node() >= membership.next_node());
            for (member, node) in after.nodes() {
                let given_out = owners.insert(node.number, member.code);
                prop_assert!(given_out.is_none_or(|owner| owner == member.code && present.contains(&node.number)));
            }
            prop_assert_eq!(after.province(), province);
            for code in &known {
                let heir = after.answers_for(*code);
                prop_assert!(heir.is_some_and(|heir| after.member(heir).is_some()), "{} by {:?}", code, heir);
            }
            prop_assert!(codec::decode::<Membership>(&codec::encode(&after)).is_ok_and(|read| read == after));
            (membership, protocol) = (after, next);
        }
    }

    /// The fold in two passes says what the page says of one event after the other, and what it leaves is in order.
    #[test]
    fn two_passes_are_one(blocks in prop::collection::vec(prop::collection::vec(any_motion(), 0..14), 1..7)) {
        let network = Network::new(4);
        let mut membership = network.genesis.membership.clone();
        let (mut control, mut plain) = (Control::new(PROTOCOL), Control::new(PROTOCOL));
        for (height, drawn) in (1..).map(Height).zip(blocks) {
            let events: Vec<(NodeNumber, MemberCode, Made)> = drawn.into_iter().map(|drawn| made(&network, &plain, drawn)).collect();
            let motions: Vec<Moved<'_>> = events.iter().map(|(stream, by, made)| made.moved(*stream, *by)).collect();
            let chain = &network.tip.chain();
            let (outcomes, next) = fold::<Outcome>(&mut control, chain, height, &membership, motions.iter().copied().map(Turn::Moves).collect());
            let (slow, slow_next) = one_after_the_other(&mut plain, chain, height, &membership, &motions);
            prop_assert_eq!(outcomes, slow);
            let next = next.unwrap_or_else(|| membership.clone());
            prop_assert_eq!(&next, &slow_next);
            prop_assert_eq!(&control, &plain);
            for open in control.proposals.iter() {
                prop_assert!(open.approvals.iter().all(|code| next.member(*code).is_some()));
            }
            membership = next;
        }
    }
}

/// Who submits, and what: a change, or an approval of one of the last proposals by a member, signed by a key.
type Drawn = (usize, Result<(Change, u64), (usize, u32, u32)>);

fn any_motion() -> impl Strategy<Value = Drawn> {
    let change = prop_oneof![
        3 => (any_number(), 0_u32..4).prop_map(|(number, power)| Change::SetPower(number, power)),
        2 => (1_usize..4, 0_usize..4).prop_map(|(code_of, heir)| Change::RemoveMember(code(CODES[code_of]), code(CODES[heir]))),
        1 => (5_u32..9, 1_usize..5).prop_map(|(keys, of)| Change::AddMember(fixture::member(keys, CODES[of]).into())),
        2 => (0_u8..6).prop_map(|of| Change::Withdraw(ProposalId([of; 32]))),
        1 => (1_u32..6, 1_usize..4).prop_map(|(keys, of)| {
            Change::RotateMemberKeys(code(CODES[of]), Key::from(governance_key(keys).public()).into(), fixture::vault_key(50 + keys))
        }),
    ];
    let propose = (change, 0_u64..9).prop_map(Ok);
    let approve = (0_usize..6, 1_u32..5, prop::bool::weighted(0.8))
        .prop_map(|(of, member, good)| Err((of, member, if good { member } else { 9 })));
    (0_usize..5, prop_oneof![2 => propose, 5 => approve])
}

enum Made {
    Propose(Propose),
    Approve(Approve),
}

impl Made {
    fn moved(&self, stream: NodeNumber, by: MemberCode) -> Moved<'_> {
        let motion = match self {
            Self::Propose(event) => Motion::Propose(event),
            Self::Approve(event) => Motion::Approve(event),
        };
        Moved { stream, by, motion }
    }
}

/// What was drawn, against the proposals that are open. The first member has two nodes, the others one each.
fn made(network: &Network, control: &Control, (by, drawn): Drawn) -> (NodeNumber, MemberCode, Made) {
    let open = |of: usize| control.proposals.get(of).map_or(ProposalId([of as u8; 32]), |open| open.id);
    let event = match drawn {
        Ok((Change::Withdraw(of), effective)) => {
            let change = Change::Withdraw(open(usize::from(of.0[0]))).into();
            Made::Propose(Propose { change, effective: Height(effective) })
        }
        Ok((change, effective)) => Made::Propose(Propose { change: change.into(), effective: Height(effective) }),
        Err((of, member, key)) => {
            let member = code(CODES[member as usize - 1]);
            Made::Approve(Approve::sign(&network.tip.chain(), &governance_key(key), member, open(of)))
        }
    };
    (NodeNumber(1 + by as u32), code(CODES[by % 4]), event)
}

/// Section 9 of the format, sentence by sentence.
fn one_after_the_other(
    control: &mut Control,
    chain: &ChainId,
    h: Height,
    m: &Membership,
    motions: &[Moved<'_>],
) -> (Vec<Outcome>, Membership) {
    let mut open = control.proposals.to_vec();
    let (mut proposed, mut outcomes) = (BTreeMap::<NodeNumber, usize>::new(), Vec::new());
    let (mut refused_so, mut taken_back) = (BTreeSet::new(), BTreeSet::new());
    let mut approved = BTreeMap::<NodeNumber, usize>::new();
    let began = open.clone();
    let withdrawn = |open: &OpenProposal| {
        if let (true, Change::Withdraw(id)) = (open.adopted, &*open.change) { Some(*id) } else { None }
    };
    for Moved { stream, by: a, motion } in motions {
        outcomes.push(match motion {
            Motion::Propose(Propose { change, effective }) => {
                let count = proposed.entry(*stream).or_default();
                *count += 1;
                let id = change.id(*effective);
                let there = |id: ProposalId| open.iter().any(|open| open.id == id);
                let can_be_withdrawn = |open: &OpenProposal| withdrawn(open).is_none() && open.effective <= *effective;
                let named = change.withdraws().map(|id| open.iter().find(|open| open.id == id));
                let applies = named.is_none_or(|named| named.is_some_and(can_be_withdrawn))
                    && change.apply(m, control.protocol).is_ok();
                let had_one = |id: ProposalId| began.iter().any(|open| open.id == id && !open.approvals.is_empty());
                let takes_back = named.flatten().filter(|o| o.proposer == *a && !o.adopted && !had_one(o.id));
                let takes_back = takes_back.map(|named| named.id);
                let takes_place = |change: &Change, e: Height| {
                    let own = |open: &OpenProposal| open.proposer == *a && open.effective == e;
                    let withdraws_own = |id: ProposalId| {
                        open.iter().any(|open| open.id == id && own(open) && open.change.withdraws().is_none())
                    };
                    !change.withdraws().is_some_and(withdraws_own)
                };
                let has_place = |open: &&OpenProposal| {
                    open.proposer == *a && !open.adopted && takes_place(&open.change, open.effective)
                };
                let taken = open.iter().filter(has_place).count();
                let full = taken >= 4 && takes_place(change, *effective) || open.len() >= 256;
                if *count > 4 {
                    refused(R::TooMany)
                } else if *effective <= h {
                    refused(R::TooLate)
                } else if effective.0 > h.0 + 1_000_000 {
                    refused(R::TooFar)
                } else if there(id) || open.iter().any(|open| withdrawn(open) == Some(id)) {
                    refused(R::Duplicate)
                } else if full && takes_back.is_none() {
                    refused(R::TooMany)
                } else if !applies {
                    refused(R::BadChange)
                } else if let Some(named) = takes_back {
                    taken_back.insert(named);
                    APPLIED
                } else {
                    let (change, effective, approvals) = (Arc::clone(change), *effective, List::default());
                    open.push(OpenProposal { id, proposer: *a, change, effective, approvals, adopted: false });
                    APPLIED
                }
            }
            Motion::Approve(event) => {
                let ballot = (*stream, event.proposal, event.member);
                let count = approved.entry(*stream).or_default();
                *count += 1;
                match (open.iter_mut().find(|open| open.id == event.proposal), m.member(event.member)) {
                    _ if *count > 256 => refused(R::TooMany),
                    (None, _) => refused(R::Unknown),
                    (_, None) => refused(R::NotAuthorised),
                    (Some(open), _) if open.approvals.contains(&event.member) => refused(R::Duplicate),
                    (Some(open), Some(member)) => {
                        if refused_so.contains(&ballot) || event.verify(chain, member).is_err() {
                            refused_so.insert(ballot);
                            refused(R::BadSignature)
                        } else {
                            open.approvals.push(event.member).unwrap();
                            APPLIED
                        }
                    }
                }
            }
        });
    }
    for open in &mut open {
        let power: u64 = open.approvals.iter().filter_map(|code| m.member(*code)).map(Member::power).sum();
        open.adopted |= 3 * power > 2 * m.total_power();
    }
    open.retain(|open| !taken_back.contains(&open.id) || !open.approvals.is_empty());
    for id in open.iter().filter_map(withdrawn).collect::<Vec<_>>() {
        open.retain(|open| open.id != id || withdrawn(open).is_some());
    }
    let due = |open: &OpenProposal| open.adopted && h.0 + 1 >= open.effective.0;
    let mut n = m.clone();
    for open in open.iter().filter(|open| due(open)) {
        if let Ok((membership, protocol)) = open.change.apply(&n, control.protocol) {
            (n, control.protocol) = (membership, protocol);
        }
    }
    open.retain(|open| !due(open));
    open.retain(|open| open.adopted || h < open.effective);
    control.streams.retain(|stream| n.node(stream.node).is_some());
    for open in &mut open {
        let same = |code: &MemberCode| match (m.member(*code), n.member(*code)) {
            (Some(before), Some(after)) => before.governance == after.governance,
            (None, _) | (_, None) => false,
        };
        open.approvals.retain(same);
    }
    control.proposals = List::new(open).unwrap().into();
    (outcomes, n)
}
