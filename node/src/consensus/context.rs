//! What the engine calls its own types, over the ledger's: a value is a block hash, an address a node
//! number, the validators are the nodes of the membership that have power.
//!
//! Nothing here reads a clock or a disk. What a vote or a proposal means is in `ledger_core::certificate`.

use arc_malachitebft_app_channel::app::types::core::{self, NilOrVal, Round, SignedExtension, VoteType};
use ledger_core::block::BlockHash;
use ledger_core::crypto::{KeyError, PublicKey, SecretKey, Signature};
use ledger_core::ids::{Height, NodeNumber};
use ledger_core::membership::{Membership, Purpose};
use std::sync::Arc;
use thiserror::Error;

pub(crate) use core::LinearTimeouts;

/// The types of this ledger, for the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Luqi;

/// A validator's address: its node number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Address(pub(crate) NodeNumber);

impl Address {
    /// An address that no node has: who runs under it has no vote at any height.
    pub(crate) const NOBODY: Self = Self(NodeNumber(u32::MAX));
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node {}", self.0)
    }
}
impl core::Address for Address {}

/// A height of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct At(pub(crate) Height);

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl core::Height for At {
    const ZERO: Self = Self(Height(0));
    const INITIAL: Self = Self(Height(1));

    fn increment_by(&self, n: u64) -> Self {
        Self(Height(self.0.0.saturating_add(n)))
    }

    fn decrement_by(&self, n: u64) -> Option<Self> {
        self.0.0.checked_sub(n).map(|height| Self(Height(height)))
    }

    fn as_u64(&self) -> u64 {
        self.0.0
    }
}

/// What is agreed on: a block, by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Value(pub(crate) BlockHash);

impl core::Value for Value {
    type Id = BlockHash;

    fn id(&self) -> BlockHash {
        self.0
    }
}

/// A vote of a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vote {
    pub(crate) kind: VoteType,
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) value: NilOrVal<BlockHash>,
    pub(crate) voter: Address,
}

/// Votes carry no extensions here: they are disabled at every height, and no message of ours has room
/// for one.
impl core::Vote<Luqi> for Vote {
    fn height(&self) -> At {
        At(self.height)
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &NilOrVal<BlockHash> {
        &self.value
    }
    fn take_value(self) -> NilOrVal<BlockHash> {
        self.value
    }
    fn vote_type(&self) -> VoteType {
        self.kind
    }
    fn validator_address(&self) -> &Address {
        &self.voter
    }
    fn extension(&self) -> Option<&SignedExtension<Luqi>> {
        None
    }
    fn take_extension(&mut self) -> Option<SignedExtension<Luqi>> {
        None
    }
    fn extend(self, _: SignedExtension<Luqi>) -> Self {
        self
    }
}

/// A proposer's claim that a block is to be voted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) height: Height,
    pub(crate) round: Round,
    pub(crate) value: Value,
    /// The round in which it was found valid before.
    pub(crate) valid_round: Round,
    pub(crate) proposer: Address,
}

impl core::Proposal<Luqi> for Proposal {
    fn height(&self) -> At {
        At(self.height)
    }
    fn round(&self) -> Round {
        self.round
    }
    fn value(&self) -> &Value {
        &self.value
    }
    fn take_value(self) -> Value {
        self.value
    }
    fn pol_round(&self) -> Round {
        self.valid_round
    }
    fn validator_address(&self) -> &Address {
        &self.proposer
    }
}

/// The news, to the engine, that a block under way is here as a whole.
///
/// The bytes of blocks never pass through the engine, whose queues are counted in messages: they are
/// put together beside it, within bounds of bytes, and it hears of the result alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    pub(crate) height: Height,
    pub(crate) block: BlockHash,
}

impl core::ProposalPart<Luqi> for Arrived {
    fn is_first(&self) -> bool {
        true
    }
    fn is_last(&self) -> bool {
        true
    }
}

/// A node with voting power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    pub(crate) address: Address,
    pub(crate) key: PublicKey,
    pub(crate) power: u64,
}

impl core::Validator<Luqi> for Validator {
    fn address(&self) -> &Address {
        &self.address
    }
    fn public_key(&self) -> &PublicKey {
        &self.key
    }
    fn voting_power(&self) -> u64 {
        self.power
    }
}

/// The nodes with voting power, in rising number; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators(Arc<[Validator]>);

impl Validators {
    pub(crate) fn of(membership: &Membership) -> Self {
        let with_power = membership.nodes().map(|(_, node)| node).filter(|node| node.power > 0);
        let mut validators: Vec<_> = with_power
            .filter_map(|node| {
                let key = *node.key(Purpose::Consensus)?;
                Some(Validator { address: Address(node.number), key, power: u64::from(node.power) })
            })
            .collect();
        validators.sort_by_key(|validator| validator.address);
        Self(validators.into())
    }

    pub(crate) fn get(&self, node: NodeNumber) -> Option<&Validator> {
        let at = self.0.binary_search_by_key(&Address(node), |validator| validator.address).ok()?;
        self.0.get(at)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Validator> {
        self.0.iter()
    }

    pub(crate) fn power(&self, node: NodeNumber) -> u64 {
        self.get(node).map_or(0, |validator| validator.power)
    }

    /// The highest height that nodes with more than a third of the power have reached, by what is known of
    /// each: at least one of them is honest, so one liar alone moves it nowhere.
    pub(crate) fn reached(&self, nodes: impl Iterator<Item = (NodeNumber, Height)>) -> Height {
        let mut reached: Vec<_> = nodes.map(|(node, height)| (height, self.power(node))).collect();
        reached.sort_unstable_by(|one, other| other.cmp(one));
        let mut power = 0_u64;
        for (height, own) in reached {
            power = power.saturating_add(own);
            if power.saturating_mul(3) > self.total() {
                return height;
            }
        }
        Height::default()
    }

    pub(crate) fn total(&self) -> u64 {
        self.iter().map(|validator| validator.power).sum()
    }

    /// Who proposes in a round: everybody once in as many heights as there are validators, whatever the power,
    /// in an order that is shuffled anew for each such turn. A round moves on by one.
    ///
    /// A dead proposer alone costs one round a turn. Five dead in a row would lose 5 + 4 + 3 + 2 + 1, and nodes
    /// that die together often have neighbouring numbers, hence the shuffling: by chance they rarely meet.
    pub(crate) fn proposer(&self, height: Height, round: u32) -> Option<&Validator> {
        let count = u64::try_from(self.0.len()).ok().filter(|count| *count > 0)?;
        let (turn, first) = (height.0 / count, height.0 % count);
        let mut order: Vec<_> = self.0.iter().collect();
        order.sort_by_key(|validator| scattered(turn, validator.address.0));
        let place = first.wrapping_add(u64::from(round) % count) % count;
        order.get(usize::try_from(place).ok()?).copied()
    }
}

/// A number that all nodes agree on and that says nothing about the node (the mixer of SplitMix64).
const fn scattered(turn: u64, node: NodeNumber) -> u64 {
    let z = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (node.0 as u64);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl core::ValidatorSet<Luqi> for Validators {
    fn count(&self) -> usize {
        self.0.len()
    }
    fn total_voting_power(&self) -> u64 {
        self.total()
    }
    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.get(address.0)
    }
    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }
}

/// Ed25519, verified strictly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Strict;

/// Bytes that are no key or signature.
#[derive(Clone, Copy, Debug, Error)]
pub(crate) enum NotThat {
    #[error("{0} bytes are not what was expected here")]
    Length(usize),
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl core::SigningScheme for Strict {
    type DecodingError = NotThat;
    type Signature = Signature;
    type PublicKey = PublicKey;
    type PrivateKey = SecretKey;

    fn decode_signature(bytes: &[u8]) -> Result<Signature, NotThat> {
        bytes.try_into().map(Signature).map_err(|_| NotThat::Length(bytes.len()))
    }
    fn encode_signature(signature: &Signature) -> Vec<u8> {
        signature.0.to_vec()
    }
    fn decode_public_key(bytes: &[u8]) -> Result<PublicKey, NotThat> {
        let bytes = bytes.try_into().map_err(|_| NotThat::Length(bytes.len()))?;
        Ok(PublicKey::from_bytes(bytes)?)
    }
    fn encode_public_key(key: &PublicKey) -> Vec<u8> {
        key.as_bytes().to_vec()
    }
}

impl core::Context for Luqi {
    type Address = Address;
    type Height = At;
    type ProposalPart = Arrived;
    type Proposal = Proposal;
    type Validator = Validator;
    type ValidatorSet = Validators;
    type Timeouts = LinearTimeouts;
    type Value = Value;
    type Vote = Vote;
    type Extension = ();
    type SigningScheme = Strict;

    #[allow(
        clippy::expect_used,
        reason = "a membership has at least one node with power, and the engine refuses an empty set before"
    )]
    fn select_proposer<'a>(&self, validators: &'a Validators, height: At, round: Round) -> &'a Validator {
        validators.proposer(height.0, round.as_u32().unwrap_or(0)).expect("there is a validator")
    }

    fn new_proposal(&self, height: At, round: Round, value: Value, valid_round: Round, proposer: Address) -> Proposal {
        Proposal { height: height.0, round, value, valid_round, proposer }
    }

    fn new_prevote(&self, height: At, round: Round, value: NilOrVal<BlockHash>, voter: Address) -> Vote {
        Vote { kind: VoteType::Prevote, height: height.0, round, value, voter }
    }

    fn new_precommit(&self, height: At, round: Round, value: NilOrVal<BlockHash>, voter: Address) -> Vote {
        Vote { kind: VoteType::Precommit, height: height.0, round, value, voter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::codec::List;
    use ledger_core::fixture::{CODES, member, node, node_key};
    use ledger_core::membership::{Node, Parameters};
    use std::collections::BTreeSet;

    fn validators(powers: &[u32]) -> Validators {
        let members = (1..).zip(powers).zip(CODES).map(|((number, power), code)| {
            let mut member = member(number, code);
            member.nodes = List::new(vec![Node { power: *power, ..node(number) }]).unwrap();
            member
        });
        let next = NodeNumber(u32::try_from(powers.len()).unwrap() + 1);
        Validators::of(&Membership::new(members.collect(), Parameters::default(), next).unwrap())
    }

    #[test]
    fn only_nodes_with_power_are_validators() {
        let set = validators(&[3, 0, 1]);
        assert_eq!(set.iter().map(|one| (one.address.0.0, one.power)).collect::<Vec<_>>(), [(1, 3), (3, 1)]);
        assert_eq!((set.power(NodeNumber(2)), set.total()), (0, 4));
        assert!(set.get(NodeNumber(2)).is_none() && set.get(Address::NOBODY.0).is_none());
    }

    #[test]
    fn proposers_take_turns_whatever_their_power() {
        let set = validators(&[9, 1, 1, 1]);
        let proposer = |height, round| set.proposer(Height(height), round).unwrap().address.0.0;
        let all = BTreeSet::from([1, 2, 3, 4]);
        for turn in 0..50 {
            let heights = 4 * turn..4 * (turn + 1);
            assert_eq!(heights.map(|height| proposer(height, 0)).collect::<BTreeSet<_>>(), all);
            assert_eq!((0..4).map(|round| proposer(turn, round)).collect::<BTreeSet<_>>(), all);
            assert_eq!(proposer(turn, 4), proposer(turn, 0));
        }
        assert!(all.contains(&proposer(u64::MAX, u32::MAX)));
        let by_engine = super::core::Context::select_proposer(&Luqi, &set, At(Height(5)), Round::Some(1));
        assert_eq!(by_engine.address.0.0, proposer(5, 1));
    }

    #[test]
    fn the_order_is_the_same_on_every_node() {
        let set = validators(&[1; 5]);
        let proposers = (0..10).map(|height| set.proposer(Height(height), 0).unwrap().address.0.0);
        assert_eq!(proposers.collect::<Vec<_>>(), [3, 1, 5, 4, 2, 5, 3, 2, 4, 1]);
    }

    /// As many rounds are lost as by chance, not as by dead in a row.
    #[test]
    fn dead_neighbours_rarely_meet() {
        let key = node_key(1, Purpose::Consensus).public();
        let validator = |number| Validator { address: Address(NodeNumber(number)), key, power: 1 };
        let set = Validators((1..=17).map(validator).collect());
        let lost = |height| {
            let is_dead = |round: &u32| set.proposer(Height(height), *round).unwrap().address.0.0 <= 5;
            (0..17).take_while(is_dead).count()
        };
        let turns = 1_000;
        let lost: Vec<_> = (0..17 * turns).map(lost).collect();
        let mean = lost.iter().sum::<usize>() as f64 / turns as f64;
        assert!((5.0..8.0).contains(&mean), "{mean} rounds a turn, of 15 in node order");
        assert!(lost.iter().filter(|lost| **lost > 2).count() * 50 < lost.len());
    }

    #[test]
    fn heights_count_like_the_chains() {
        use super::core::Height as _;
        assert_eq!(At::INITIAL.decrement(), Some(At::ZERO));
        assert_eq!(At::ZERO.decrement(), None);
        assert_eq!(At(Height(u64::MAX)).increment(), At(Height(u64::MAX)));
    }
}
