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
use crate::event::ContractEvent;
use crate::merkle::{LeafHash, root};
use crate::names::{Commitment, RecordKind, SchemaVersion};
use bincode::{Decode, Encode};
use thiserror::Error;

/// Bytes that the value of one slot may have.
pub const MAX_VALUE: usize = 65_535;
/// Slots that a record of any kind and version may have.
pub const MAX_SLOTS: usize = 64;

/// What a slot holds: bytes, or nothing.
pub type Value = Option<Bytes<MAX_VALUE>>;

crate::codec::choice! {
    /// One slot of a disclosure.
    ///
    /// `0 ‖ leaf(32)` hidden, `1 ‖ salt(32) ‖ value` revealed, the value an option of bytes.
    #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
    #[serde(rename_all = "snake_case", deny_unknown_fields)]
    Disclosed, "slot: 0 is hidden, 1 revealed",
    /// Only the leaf.
    0 => Hidden {
        /// Hash of the slot.
        leaf: Hash,
    },
    /// What the leaf is made of.
    1 => Revealed {
        /// The slot's salt.
        salt: Hash,
        /// What it holds; nothing is shown to be absent.
        value: Value,
    },
}

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

/// Which slots a disclosure shows. The digest of the item's bytes is shown where it is asked for by name, and never
/// otherwise: with it, whatever stays hidden can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reveal<'a> {
    /// All but `raw_sha256`.
    All,
    /// Those with these names.
    Named(&'a [&'a str]),
}

/// A name that is none of the slots.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a record of this kind has no slot {0:?}: see format.md, section 5.1")]
pub struct NoSuchSlot(pub String);

impl Reveal<'_> {
    /// Of each slot, whether it is shown.
    pub(super) fn choose(self, table: &[Slot]) -> Result<Vec<bool>, NoSuchSlot> {
        let names = match self {
            Self::All => return Ok(table.iter().map(|slot| *slot != Slot::RawDigest).collect()),
            Self::Named(names) => names,
        };
        let known: Vec<_> = table.iter().map(Slot::name).collect();
        match names.iter().find(|name| !known.iter().any(|known| known == *name)) {
            Some(unknown) => Err(NoSuchSlot((*unknown).to_owned())),
            None => Ok(known.iter().map(|known| names.contains(&known.as_str())).collect()),
        }
    }
}

/// Revealed slots with what they hold: bytes, or nothing.
pub type Revealed<'a> = Vec<(Slot, Option<&'a [u8]>)>;

/// Why a disclosure does not hold: something was altered, or it belongs to another record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DisclosureError {
    /// It is of another kind or schema version than the event.
    #[error("the disclosure is of kind {} in schema version {found_version}, and the event of kind {} in {version}: it is \
             another event's", .found.as_str(), .kind.as_str())]
    OtherEvent {
        /// Kind of the event.
        kind: RecordKind,
        /// Its schema version.
        version: SchemaVersion,
        /// Kind that the disclosure is of.
        found: RecordKind,
        /// Its schema version.
        found_version: SchemaVersion,
    },
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
    /// Checks that the disclosure opens an event: its kind, its schema version and, with every slot, its commitment
    /// (`format.md §5`). Gives the slots that are revealed.
    ///
    /// # Errors
    /// [`DisclosureError`], when the disclosure is not of the record that the event committed to.
    pub fn verify(&self, event: &ContractEvent, suite: Suite) -> Result<Revealed<'_>, DisclosureError> {
        let (kind, version) = (event.kind(), event.version);
        let (found, found_version) = (self.kind, SchemaVersion::from(self.version));
        if (kind, version) != (found, found_version) {
            return Err(DisclosureError::OtherEvent { kind, version, found, found_version });
        }
        let table = slots(self.kind, self.version);
        let (expected, found) = (table.len(), self.slots.len());
        if expected != found {
            return Err(DisclosureError::WrongCount { expected, found });
        }
        if self.opens(suite) != event.commitment {
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
