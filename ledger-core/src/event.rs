//! What happened: events, and the entries of the log (`format.md §6`).
//!
//! ```text
//! contract event   kind(1) ‖ schema version(1) ‖ subject(32) ‖ commitment(32) ‖ arguments
//! propose          64 ‖ change ‖ height from which it holds(8)
//! approve          65 ‖ proposal id(32) ‖ member code(6) ‖ signature(64)
//! evidence         66 ‖ form(1) ‖ count(4) ‖ bytes
//! anchor           67 ‖ purpose(1) ‖ size(8) ‖ root(32)
//!
//! entry: seal      0 ‖ height(8) ‖ block hash(32)
//! entry: event     1 ‖ stream(4) ‖ sequence(8) ‖ position(2) ‖ event
//! ```
//!
//! An event says nothing in plaintext: what the annex says of a contract stands behind the
//! commitment. What it cites is an earlier event of the same subject, by its ordinal.

mod shown;

use crate::codec::{self, Bytes};
use crate::governance::{Approve, Propose};
use crate::merkle::{LeafHash, LogRoot, LogSize, leaf_hash_of};
use crate::names::{
    BlockHash, Commitment, Height, MemberCode, NodeNumber, Ordinal, RecordKind as Kind, SchemaVersion, Sequence,
    Subject,
};
use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};

/// No entry of the log is longer (the bundles of tlog-tiles carry a 16-bit length): the longest is evidence, every
/// other event has far less.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// No evidence is longer, so that no entry is.
pub const MAX_EVIDENCE_BYTES: usize = 65_000;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something happened to a contract, or an employer sent its data.
    Contract(ContractEvent),
    /// A member proposes a change of membership, parameters or protocol.
    Propose(Box<Propose>),
    /// A governance key approves a proposal, whichever node submits it.
    Approve(Approve),
    /// Proof that a node broke the rules of agreement.
    Evidence(Evidence),
    /// The root of another log, held elsewhere.
    Anchor(Anchor),
}

/// An event of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractEvent {
    /// Version of the record's slot table.
    pub version: SchemaVersion,
    /// Handle of the contract or employer.
    pub subject: Subject,
    /// Commitment to the record.
    pub commitment: Commitment,
    /// What happened.
    pub action: Action,
}

/// Declares the actions once. Each has the name of its record's kind; its arguments follow one another in an event.
macro_rules! actions {
    ($($(#[$meta:meta])* $name:ident $(($step:ident: $of:ty))? $({ $(#[$said:meta])* $field:ident: $is:ty })?,)*) => {
        /// What happened to a subject, with what the fold needs to judge it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Action { $($(#[$meta])* $name $(($of))? $({ $(#[$said])* $field: $is })?,)* }

        impl Action {
            /// The kind of the action.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                match self { $(Self::$name { .. } => Kind::$name,)* }
            }

            fn encode_arguments<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
                match self {
                    $(Self::$name $(($step))? $({ $field })? => {
                        $($step.encode(to)?;)?
                        $($field.encode(to)?;)?
                    })*
                }
                Ok(())
            }

            fn decode_arguments<C, D: Decoder<Context = C>>(kind: Kind, from: &mut D) -> Result<Self, DecodeError> {
                Ok(match kind {
                    $(Kind::$name => {
                        Self::$name $((<$of>::decode(from)?))? $({ $field: <$is>::decode(from)? })?
                    })*
                })
            }
        }

        #[cfg(test)]
        crate::codec::drawn! { Action, "", $(0 => $name $(($step: $of))? $({ $field: $is })?,)* }
    };
}

actions! {
    /// A contract was made; the member that answers for it is named.
    New {
        /// The keeper.
        keeper: MemberCode
    },
    /// The contract was renewed.
    Renew,
    /// The contract was dissolved.
    Dissolve,
    /// The contract was terminated.
    Terminate,
    /// An employer sent its own data.
    Employer,
    /// An earlier record was wrong; this one stands beside it.
    Correct {
        /// The event that is corrected.
        cites: Ordinal
    },
    /// The contract never was, or the employer.
    Void {
        /// The last applied `new`, or what stands in its place (`format.md §13`).
        cites: Ordinal
    },
    /// The contract was changed by agreement.
    Amend,
    /// The contract is suspended.
    Suspend,
    /// The contract goes on.
    Resume,
    /// Files were added to an earlier event.
    Attach {
        /// The event that they belong to.
        cites: Ordinal
    },
    /// The end was an error: the contract goes on. Takes two parties; cites the end.
    Reopen(step: Step<Ordinal>),
    /// Another member shall answer for the contract. Takes two parties; names the new keeper.
    Transfer(step: Step<MemberCode>),
    /// A record is erased in the vaults. Takes two parties.
    Erase(step: Step<EraseTarget>),
}

codec::choice! {
    drawn
    /// One half of what takes two parties: keeper and province.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    Step<T>, "step: 0 proposes, 1 approves",
    /// One party proposes it.
    0 => Propose(what: T),
    /// The other party approves the proposal with this ordinal.
    1 => Approve(ordinal: Ordinal),
}

codec::choice! {
    drawn
    /// Whose record an `erase` is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    EraseTarget, "target: 0 is an ordinal, 1 a leaf hash",
    /// An event that touched the state.
    0 => Event(ordinal: Ordinal),
    /// An entry that did not, or for which there is no state.
    1 => Leaf(leaf: LeafHash),
}

/// Proof that a node broke the rules; stored and never judged by the fold.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Evidence {
    /// How the bytes are to be read.
    pub form: u8,
    /// The proof.
    pub bytes: Bytes<MAX_EVIDENCE_BYTES>,
}

/// Root of another log, so that it cannot be rewritten unseen either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Anchor {
    /// Which log: 1 access log, 2 delivery acknowledgements.
    pub purpose: u8,
    /// Its size.
    pub size: LogSize,
    /// Its RFC 6962 root.
    pub root: LogRoot,
}

codec::choice! {
    /// One leaf of the log.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Entry, "entry: 0 is a seal, 1 an event",
    /// First entry of every block: the block before it.
    0 => Seal(seal: Seal),
    /// An event, with its place in its node's stream.
    1 => Event {
        /// The node whose submission carries it.
        stream: NodeNumber,
        /// The submission.
        sequence: Sequence,
        /// Place in the submission, from 0.
        position: u16,
        /// The event.
        event: Event,
    },
}

/// A commitment to the header of the block before: height and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seal {
    /// Height of the sealed block.
    pub height: Height,
    /// Its hash; the chain id where the genesis is sealed.
    pub block: BlockHash,
}

impl Seal {
    /// The leaf hash of the seal's entry.
    #[must_use]
    pub fn leaf_hash(self) -> LeafHash {
        leaf_hash_of(&Entry::Seal(self))
    }
}

/// An event's entry, with the event where it stands: encoded as [`Entry::Event`] is.
pub(crate) fn entry_of(stream: NodeNumber, sequence: Sequence, position: u16, event: &Event) -> impl Encode + '_ {
    (1_u8, stream, sequence, position, event)
}

const PROPOSE: u8 = 64;
const APPROVE: u8 = 65;
const EVIDENCE: u8 = 66;
const ANCHOR: u8 = 67;

impl Encode for ContractEvent {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        (self.action.kind().number(), self.version, self.subject, self.commitment).encode(to)?;
        self.action.encode_arguments(to)
    }
}

impl Encode for Event {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        match self {
            Self::Contract(event) => event.encode(to),
            Self::Propose(propose) => (PROPOSE, propose.as_ref()).encode(to),
            Self::Approve(approve) => (APPROVE, approve).encode(to),
            Self::Evidence(evidence) => (EVIDENCE, evidence).encode(to),
            Self::Anchor(anchor) => (ANCHOR, anchor).encode(to),
        }
    }
}

impl<C> Decode<C> for Event {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, DecodeError> {
        Ok(match u8::decode(from)? {
            PROPOSE => Self::Propose(Box::new(Decode::decode(from)?)),
            APPROVE => Self::Approve(Decode::decode(from)?),
            EVIDENCE => Self::Evidence(Decode::decode(from)?),
            ANCHOR => Self::Anchor(Decode::decode(from)?),
            kind => {
                let kind = Kind::try_from(kind).map_err(codec::refuse)?;
                let (version, subject, commitment) = Decode::decode(from)?;
                let action = Action::decode_arguments(kind, from)?;
                Self::Contract(ContractEvent { version, subject, commitment, action })
            }
        })
    }
}
bincode::impl_borrow_decode!(Event);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Bytes;

    #[test]
    fn the_longest_evidence_fits_an_entry() {
        let bytes = Bytes::new(vec![0; MAX_EVIDENCE_BYTES]).unwrap();
        let event = Event::Evidence(Evidence { form: 1, bytes });
        let entry = Entry::Event { stream: NodeNumber(1), sequence: Sequence(1), position: 0, event };
        assert!(codec::encode(&entry).len() <= MAX_ENTRY_BYTES);
    }

    #[test]
    fn an_event_is_encoded_where_it_stands_as_its_entry_is() {
        let event = Event::Evidence(Evidence { form: 1, bytes: Bytes::new(vec![7; 3]).unwrap() });
        let (stream, sequence, position) = (NodeNumber(1), Sequence(2), 3);
        let placed = entry_of(stream, sequence, position, &event);
        let entry = Entry::Event { stream, sequence, position, event: event.clone() };
        assert_eq!(codec::encode(&placed), codec::encode(&entry));
        assert_eq!(entry.leaf_hash(), crate::merkle::leaf_hash(&codec::encode(&entry)));
    }
}
