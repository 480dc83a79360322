//! What a record is about, and its number in every preimage.

use crate::annex::MessageKind;
use bincode::{Decode, Encode};
use thiserror::Error;

macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident $number:literal $text:literal)*) => {
        /// The kinds of record. Numbers are for ever; 25 is kept for *succeed*, when an employer's
        /// code changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RecordKind { $($(#[$meta])* $name,)* }

        impl RecordKind {
            /// Every kind, by number.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The byte that stands for the kind.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$name => $number,)* }
            }

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        impl TryFrom<u8> for RecordKind {
            type Error = UnknownKind;
            fn try_from(number: u8) -> Result<Self, UnknownKind> {
                match number {
                    $($number => Ok(Self::$name),)*
                    other => Err(UnknownKind(other)),
                }
            }
        }
    };
}

kinds! {
    /// 新订: a contract begins.
    New 1 "new"
    /// 续签: its term is renewed.
    Renew 2 "renew"
    /// 解除: it is dissolved.
    Dissolve 3 "dissolve"
    /// 终止: it ends by law.
    Terminate 4 "terminate"
    /// 单位信息: an employer says who it is.
    Employer 5 "employer"
    /// An earlier record was wrong; this one says how.
    Correct 16 "correct"
    /// The contract never was.
    Void 17 "void"
    /// 变更: its content changes by agreement.
    Amend 18 "amend"
    /// 中止: it rests.
    Suspend 19 "suspend"
    /// 恢复: it goes on.
    Resume 20 "resume"
    /// Files join an earlier record.
    Attach 21 "attach"
    /// Its end is undone.
    Reopen 22 "reopen"
    /// Another member answers for it.
    Transfer 23 "transfer"
    /// The plaintext of an earlier record is destroyed.
    Erase 24 "erase"
}

/// A number that no kind of record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no kind of record has the number {0}")]
pub struct UnknownKind(pub u8);

crate::codec::byte_tag!(RecordKind, |kind: &RecordKind| kind.number());

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
