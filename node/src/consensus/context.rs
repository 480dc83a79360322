//! What the engine calls its own types, over the ledger's: a value is a block hash, an address a node
//! number, the validators are the nodes of the membership that have power.
//!
//! Nothing here reads a clock or a disk. What a vote or a proposal means is in `ledger_core::certificate`.

use super::validators::{Validator, Validators};
use arc_malachitebft_app_channel::app::types::core::{self, NilOrVal, Round, SignedExtension, VoteType};
use ledger_core::crypto::{KeyError, PublicKey, SecretKey, Signature};
use ledger_core::names::{BlockHash, Height, NodeNumber};
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

impl core::ValidatorSet<Luqi> for Validators {
    fn count(&self) -> usize {
        self.iter().len()
    }
    fn total_voting_power(&self) -> u64 {
        self.total()
    }
    fn get_by_address(&self, address: &Address) -> Option<&Validator> {
        self.get(address.0)
    }
    fn get_by_index(&self, index: usize) -> Option<&Validator> {
        self.iter().as_slice().get(index)
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

    #[test]
    fn heights_count_like_the_chains() {
        use super::core::Height as _;
        assert_eq!(At::INITIAL.decrement(), Some(At::ZERO));
        assert_eq!(At::ZERO.decrement(), None);
        assert_eq!(At(Height(u64::MAX)).increment(), At(Height(u64::MAX)));
    }
}
