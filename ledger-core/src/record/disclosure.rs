//! The commitment to a record, and the proof of chosen slots of it.
//!
//! ```text
//! slot leaf    H(Slot)        kind(1) ‖ version(1) ‖ index(2) ‖ presence(1) ‖ salt(32) ‖ length(4) ‖ value
//! commitment   H(Commitment)  kind(1) ‖ version(1) ‖ slots(2) ‖ root(32)
//! ```
//!
//! The root is that of RFC 6962 section 2.1 with the slot leaves as its leaf hashes. A leaf binds kind,
//! version and index, so no value can pass for another's; it binds presence, so an absence can be
//! shown; it is salted, so a hidden one says nothing. The commitment binds the number of slots, so
//! no leaf can be left out.

use super::{Slot, Version, slots};
use crate::codec::{Bytes, List};
use crate::crypto::{Domain, Hash, Hasher, Suite};
use crate::merkle::{LeafHash, root};
use crate::names::{Commitment, RecordKind};
use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::{Decode, Encode};
use thiserror::Error;

/// Bytes that the value of one slot may have.
pub const MAX_VALUE: usize = 65_535;
/// Slots that a record of any kind and version may have.
pub const MAX_SLOTS: usize = 64;

/// What a slot holds: bytes, or nothing.
pub type Value = Option<Bytes<MAX_VALUE>>;

/// One slot of a disclosure.
///
/// `0 ‖ leaf(32)` hidden, `1 ‖ salt(32) ‖ value` revealed, the value an option of bytes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Disclosed {
    /// Only the leaf.
    Hidden {
        /// Hash of the slot.
        leaf: Hash,
    },
    /// What the leaf is made of.
    Revealed {
        /// The slot's salt.
        salt: Hash,
        /// What it holds; nothing is shown to be absent.
        value: Value,
    },
}

impl Encode for Disclosed {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
        match self {
            Self::Hidden { leaf } => (0_u8, leaf).encode(to),
            Self::Revealed { salt, value } => (1_u8, salt, value).encode(to),
        }
    }
}
impl<C> Decode<C> for Disclosed {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
        match u8::decode(from)? {
            0 => Ok(Self::Hidden { leaf: Hash::decode(from)? }),
            1 => Ok(Self::Revealed { salt: Hash::decode(from)?, value: Value::decode(from)? }),
            other => Err(crate::codec::refuse(format!("a slot is hidden (0) or revealed (1), not {other}"))),
        }
    }
}
bincode::impl_borrow_decode!(Disclosed);

/// Some slots of a record, with what is needed to check them against its commitment.
///
/// `kind(1) ‖ version(1) ‖ count(4) ‖ slots`
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// What the record is about.
    pub kind: RecordKind,
    /// Schema version, which fixes the slots.
    pub version: Version,
    /// Every slot, by index.
    pub slots: List<Disclosed, MAX_SLOTS>,
}

/// Revealed slots with what they hold: bytes, or nothing.
pub type Revealed<'a> = Vec<(Slot, Option<&'a [u8]>)>;

/// Why a disclosure does not hold: something was altered, or it belongs to another record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DisclosureError {
    /// Slots were left out or added.
    #[error("the disclosure has {found} slots, and a record of this kind has {expected}")]
    WrongCount {
        /// Slots of the kind.
        expected: usize,
        /// Slots found.
        found: usize,
    },
    /// A slot is not the one that was committed to.
    #[error("the disclosure does not open the commitment")]
    DoesNotOpen,
}

impl Disclosure {
    /// Checks every slot against the commitment, and gives those that are revealed.
    ///
    /// # Errors
    /// [`DisclosureError`], when the disclosure is not of the record that was committed to.
    pub fn verify(&self, commitment: &Commitment, suite: Suite) -> Result<Revealed<'_>, DisclosureError> {
        let table = slots(self.kind, self.version);
        let (expected, found) = (table.len(), self.slots.len());
        if expected != found {
            return Err(DisclosureError::WrongCount { expected, found });
        }
        if self.opens(suite) != *commitment {
            return Err(DisclosureError::DoesNotOpen);
        }
        let revealed = table.into_iter().zip(&self.slots).filter_map(|(slot, disclosed)| match disclosed {
            Disclosed::Hidden { .. } => None,
            Disclosed::Revealed { value, .. } => Some((slot, value.as_deref())),
        });
        Ok(revealed.collect())
    }

    /// The one commitment that this disclosure opens.
    pub(super) fn opens(&self, suite: Suite) -> Commitment {
        let leaves: Vec<_> =
            (0..).zip(&self.slots).map(|(index, slot)| LeafHash(self.leaf(suite, index, slot))).collect();
        let count = u16::try_from(leaves.len()).unwrap_or(u16::MAX);
        let hasher = Hasher::new(Domain::Commitment, suite).value(&(self.kind, self.version, count));
        Commitment(hasher.bytes(root(&leaves)).finish())
    }

    /// The same, with only those slots revealed that `reveal` chooses by index.
    pub(super) fn only(&self, suite: Suite, reveal: impl Fn(u16) -> bool) -> Self {
        let slots = self.slots.map(|(index, slot)| {
            if reveal(index) { slot.clone() } else { Disclosed::Hidden { leaf: Hash(self.leaf(suite, index, slot)) } }
        });
        Self { slots, ..*self }
    }

    fn leaf(&self, suite: Suite, index: u16, slot: &Disclosed) -> [u8; 32] {
        let (salt, value) = match slot {
            Disclosed::Hidden { leaf } => return leaf.0,
            Disclosed::Revealed { salt, value } => (salt, value),
        };
        // An absent value has the length of an empty one; presence keeps the two apart.
        let bytes = value.as_deref().unwrap_or_default();
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Hasher::new(Domain::Slot, suite)
            .value(&(self.kind, self.version, index, value.is_some(), salt, length))
            .bytes(bytes)
            .finish()
    }
}
