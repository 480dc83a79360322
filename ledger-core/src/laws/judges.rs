//! Law: what is signed for height h is judged by the membership that block h − 1 committed to, and by
//! nobody else.

use crate::certificate::{Certificate, CommitSignature, Vote, VoteKind};
use crate::chain::CheckedBlock;
use crate::codec::List;
use crate::crypto::SecretKey;
use crate::event::Event;
use crate::fixture::{self, Network, code, governance_key, node_key};
use crate::governance::{Approve, Change, Propose};
use crate::membership::{Membership, Node, Parameters, Purpose};
use crate::names::{Height, NodeNumber, Round};
use proptest::prelude::*;

/// Numbers of which some are nodes of the first membership, some of the second, some of none.
const NUMBERS: std::ops::RangeInclusive<u32> = 1..=7;

/// With what somebody signs under a node's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum With {
    /// He does not sign.
    Nothing,
    /// The consensus key that the node has by the membership committed to; an outsider has his own.
    OwnKey,
    /// The same, where the node has voting power.
    OwnVote,
    /// The consensus key that the node has at first.
    FirstKey,
    /// The consensus key that it may have got since.
    SecondKey,
    /// Its submission key.
    SubmissionKey,
}

impl With {
    fn key(self, node: u32, membership: &Membership) -> Option<SecretKey> {
        let own = |key: &SecretKey| {
            let node = membership.node(NodeNumber(node)).map(|(_, node)| node);
            node.and_then(|node| node.key(Purpose::Consensus)) == Some(&key.public())
        };
        match self {
            Self::Nothing => None,
            Self::OwnKey => Self::SecondKey.key(node, membership).filter(own).or(Self::FirstKey.key(node, membership)),
            Self::OwnVote => {
                let votes = |(_, node): (_, &Node)| node.power > 0;
                Self::OwnKey.key(node, membership).filter(|_| membership.node(NodeNumber(node)).is_some_and(votes))
            }
            Self::FirstKey => Some(node_key(node, Purpose::Consensus)),
            Self::SecondKey => Some(node_key(second(node), Purpose::Consensus)),
            Self::SubmissionKey => Some(node_key(node, Purpose::Submission)),
        }
    }
}

/// The number whose keys a node gets when they are replaced.
fn second(node: u32) -> u32 {
    node + 100
}

/// Half of the time all who sign do so by their own keys, rarely without a vote.
fn any_signers() -> impl Strategy<Value = Vec<With>> {
    let member = prop_oneof![40 => Just(With::OwnVote), 5 => Just(With::Nothing), 1 => Just(With::OwnKey)];
    let anybody = prop_oneof![
        8 => Just(With::OwnKey),
        2 => Just(With::Nothing),
        1 => Just(With::FirstKey),
        1 => Just(With::SecondKey),
        1 => Just(With::SubmissionKey),
    ];
    prop_oneof![prop::collection::vec(member, 7), prop::collection::vec(anybody, 7)]
}

/// A change that may apply to a network of four or not.
fn any_change() -> impl Strategy<Value = Change> {
    let number = || (1_u32..=4).prop_map(NodeNumber);
    prop_oneof![
        4 => (number(), 0_u32..6).prop_map(|(number, power)| Change::SetPower(number, power)),
        1 => number().prop_map(Change::RemoveNode),
        1 => number().prop_map(|node| Change::RotateNodeKeys(node, fixture::node(second(node.0)).keys.into())),
        1 => Just(Change::AddMember(fixture::member(5, "370400").into())),
        1 => Just(Change::AddNode(code("370100"), fixture::node(6).into())),
        1 => Just(Change::RemoveMember(code("370300"), code("370000"))),
    ]
}

/// Four nodes of these voting powers; block 1 has changed their membership, as far as the changes apply.
fn governed(powers: &[u32], changes: &[Change]) -> Network {
    let genesis = Network::new(powers.len() as u32).genesis;
    let mut members = genesis.membership.members().to_vec();
    for (member, power) in members.iter_mut().zip(powers) {
        member.nodes = List::new(vec![Node { power: *power, ..member.nodes[0].clone() }]).unwrap();
    }
    let membership = fixture::membership(members, Parameters::default());
    let mut network = Network::from_genesis(fixture::edited(&genesis, |genesis| genesis.membership = membership));
    let chain = network.tip.chain();
    let mut events = Vec::new();
    for change in changes {
        let id = change.id(Height(2));
        events.push(Event::Propose(Box::new(Propose { change: change.clone().into(), effective: Height(2) })));
        let approval = |(member, of): (u32, &&str)| Approve::sign(&chain, &governance_key(member), code(of), id);
        events.extend((1..).zip(&fixture::CODES[..powers.len()]).map(approval).map(Event::Approve));
    }
    if !events.is_empty() {
        network.block_of(events);
    }
    network
}

/// A certificate of a block, in rising node number.
fn signed(block: &CheckedBlock, signers: &[(u32, SecretKey)]) -> Certificate {
    let after = block.after();
    let vote = Vote { height: after.height(), round: Round(1), block: Some(after.hash()) };
    let message = vote.message(VoteKind::Precommit, &after.chain());
    let sign =
        |(node, key): &(u32, SecretKey)| CommitSignature { node: NodeNumber(*node), signature: key.sign(&message) };
    let signatures = List::new(signers.iter().map(sign).collect()).unwrap();
    Certificate { height: vote.height, round: vote.round, block: after.hash(), signatures }
}

/// The law, said without the code that it is about: all who signed are nodes with voting power and signed
/// by their consensus keys, and their power is more than two thirds of all.
fn should_hold(membership: &Membership, signers: &[(u32, SecretKey)]) -> bool {
    let nodes = || membership.members().iter().flat_map(|member| member.nodes.iter());
    let power = |(number, key): &(u32, SecretKey)| {
        let node = nodes().find(|node| node.number.0 == *number && node.power > 0)?;
        let own = node.keys.iter().find(|own| own.purpose == Purpose::Consensus)?;
        (own.key == key.public()).then_some(u64::from(node.power))
    };
    let all: u64 = nodes().map(|node| u64::from(node.power)).sum();
    let signed: Option<Vec<u64>> = signers.iter().map(power).collect();
    signed.is_some_and(|powers| powers.iter().sum::<u64>() * 3 > all * 2)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn only_the_membership_committed_to_below_makes_a_block_final(
        powers in prop::collection::vec(0_u32..5, 4).prop_filter("somebody votes", |powers| powers.iter().any(|power| *power > 0)),
        changes in prop::collection::vec(any_change(), 0..=4),
        signers in any_signers(),
    ) {
        let network = governed(&powers, &changes);
        let membership = network.tip.membership();
        let key = |(node, with): (u32, &With)| Some((node, with.key(node, membership)?));
        let signers: Vec<_> = NUMBERS.zip(&signers).filter_map(key).collect();
        let block = network.checked(vec![]);
        let certificate = signed(&block, &signers);

        // The header below names the membership by its hash, and no other.
        let below = network.blocks.last().map(|bytes| crate::chain::HashedBlock::read(bytes).unwrap());
        let committed = below.map_or(network.genesis.membership.hash(), |below| below.header().next_membership);
        prop_assert_eq!(membership.hash(), committed);
        prop_assert_eq!(block.finalize(certificate).is_ok(), should_hold(membership, &signers));
    }
}

/// Whoever judged block 1 does not judge block 2, if block 1 put others in their place.
#[test]
fn who_was_replaced_certifies_nothing() {
    let changes: Vec<_> =
        (1..=4).map(|node| Change::RotateNodeKeys(NodeNumber(node), fixture::node(second(node)).keys.into())).collect();
    let network = governed(&[1; 4], &changes);
    let block = network.checked(vec![]);
    for (with, accepted) in [(With::FirstKey, false), (With::SecondKey, true)] {
        let signers: Vec<_> =
            (1..=4).filter_map(|node| Some((node, with.key(node, network.tip.membership())?))).collect();
        assert_eq!(block.clone().finalize(signed(&block, &signers)).is_ok(), accepted);
        assert_eq!(should_hold(network.tip.membership(), &signers), accepted);
    }
}
