//! What events are called and are about, for indexes and people; and entries one by one.

use super::{ContractEvent, Entry, Event};
use crate::merkle::{LeafHash, leaf_hash_of};
use crate::names::{RecordKind as Kind, Subject};

impl ContractEvent {
    /// The kind, which is also the kind of its record.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.action.kind()
    }
}

impl Event {
    /// The contract event, where it is one.
    #[must_use]
    pub const fn as_contract(&self) -> Option<&ContractEvent> {
        match self {
            Self::Contract(event) => Some(event),
            Self::Propose(_) | Self::Approve(_) | Self::Evidence(_) | Self::Anchor(_) => None,
        }
    }

    /// The subject, where it has one.
    #[must_use]
    pub fn subject(&self) -> Option<Subject> {
        self.as_contract().map(|event| event.subject)
    }

    /// Name of the kind, for a person to read.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Contract(event) => event.kind().as_str(),
            Self::Propose(_) => "propose",
            Self::Approve(_) => "approve",
            Self::Evidence(_) => "evidence",
            Self::Anchor(_) => "anchor",
        }
    }
}

impl Entry {
    /// The RFC 6962 leaf hash: SHA-256 over 0x00 and the entry's bytes.
    #[must_use]
    pub fn leaf_hash(&self) -> LeafHash {
        leaf_hash_of(self)
    }
}
