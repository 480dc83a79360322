//! The slots of a record: one fixed table for each kind and schema version (`format.md §5.1`).
//!
//! ```text
//! fields of the annex (or of the extensions), in the order of their table
//! changed fields                    correct and amend only
//! file 1 … file 8                   all but employer
//! raw digest, time of receipt, version of the code tables, what was deduced
//! platform, signature of its request
//! ```

use crate::annex::{self, Field, MAX_FILES, Row, fields};
use crate::names::{RecordKind, SchemaVersion};
use thiserror::Error;

/// The schema version of a record: which slots its kind has. Old versions stay readable for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Version {
    /// Version 1.
    #[default]
    V1,
}

/// A schema version of a newer program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("schema version {0} is not known to this version; it knows 1")]
pub struct UnknownVersion(pub u8);

impl From<Version> for u8 {
    fn from(version: Version) -> Self {
        match version {
            Version::V1 => 1,
        }
    }
}

impl From<Version> for SchemaVersion {
    fn from(version: Version) -> Self {
        match version {
            Version::V1 => Self::V1,
        }
    }
}

impl TryFrom<u8> for Version {
    type Error = UnknownVersion;
    fn try_from(number: u8) -> Result<Self, UnknownVersion> {
        match number {
            1 => Ok(Self::V1),
            other => Err(UnknownVersion(other)),
        }
    }
}

impl std::fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        u8::from(*self).fmt(f)
    }
}

crate::codec::byte_tag!(Version, |version| u8::from(*version));

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The text of a field, exactly as written, in UTF-8.
    Field(&'static Row),
    /// [`Changes`](super::Changes): the fields that a correction or amendment changes.
    Changes,
    /// [`FileDigest`](annex::FileDigest), from 1.
    File(u8),
    /// SHA-256 digest of the item's bytes as they came.
    RawDigest,
    /// [`Timestamp`](crate::names::Timestamp) of when the item came.
    Received,
    /// Version of the code tables by which the item was judged, as text.
    Tables,
    /// [`Deduced`](super::Deduced): what was not sent and follows from elsewhere.
    Deduced,
    /// Name of the platform that called.
    Platform,
    /// The platform's signature over its request.
    PlatformSignature,
}

impl Slot {
    /// Name of the slot: the field's alias, or what it holds.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Field(row) => row.field.alias.to_owned(),
            Self::Changes => "changes".to_owned(),
            Self::File(number) => format!("file_{number}"),
            Self::RawDigest => "raw_sha256".to_owned(),
            Self::Received => "received".to_owned(),
            Self::Tables => "tables".to_owned(),
            Self::Deduced => "deduced".to_owned(),
            Self::Platform => "platform".to_owned(),
            Self::PlatformSignature => "platform_signature".to_owned(),
        }
    }

    /// Whether this is the slot of a field.
    #[must_use]
    pub fn is_field(&self, field: &Field) -> bool {
        matches!(self, Self::Field(row) if row.field == field)
    }
}

/// The slots of a kind, by index.
#[must_use]
pub fn slots(kind: RecordKind, version: Version) -> Vec<Slot> {
    let Version::V1 = version;
    let message = kind.message();
    let mut slots: Vec<_> = match message {
        Some(message) => message.rows().map(Slot::Field).collect(),
        None => fields::EXTENSION.iter().map(Slot::Field).collect(),
    };
    if matches!(kind, RecordKind::Correct | RecordKind::Amend) {
        slots.push(Slot::Changes);
    }
    if message.is_none_or(annex::MessageKind::has_files) {
        slots.extend((1_u8..).take(MAX_FILES).map(Slot::File));
    }
    slots.extend([Slot::RawDigest, Slot::Received, Slot::Tables, Slot::Deduced]);
    slots.extend([Slot::Platform, Slot::PlatformSignature]);
    slots
}
