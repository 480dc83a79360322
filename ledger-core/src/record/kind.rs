//! Which message of the annex makes which kind of record.

use crate::annex::MessageKind;
use crate::names::RecordKind;

impl RecordKind {
    /// The annex's message that makes such records; the other kinds are ours.
    #[must_use]
    pub const fn message(self) -> Option<MessageKind> {
        match self {
            Self::New => Some(MessageKind::New),
            Self::Renew => Some(MessageKind::Renew),
            Self::Dissolve => Some(MessageKind::Dissolve),
            Self::Terminate => Some(MessageKind::Terminate),
            Self::Employer => Some(MessageKind::Employer),
            Self::Correct | Self::Void | Self::Amend | Self::Suspend | Self::Resume => None,
            Self::Attach | Self::Reopen | Self::Transfer | Self::Erase => None,
        }
    }
}

impl From<MessageKind> for RecordKind {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::Employer => Self::Employer,
            MessageKind::New => Self::New,
            MessageKind::Dissolve => Self::Dissolve,
            MessageKind::Renew => Self::Renew,
            MessageKind::Terminate => Self::Terminate,
        }
    }
}
