//! The numbers, codes and hashes that several concepts name: each says what it is of,
//! none how it is made (`format.md §1`).

use crate::crypto::hash_newtype;
use bincode::Encode;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU8;
use thiserror::Error;

/// Every height, time, sequence and log size is below 2⁵³ (`format.md §1`, `format.md §18`): so the next one can always be written, and
/// every reader of JSON reads the same number.
pub const END_OF_NUMBERS: u64 = 1 << 53;

/// A number that is none of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{found} is no {kind}: they go from {} to {}", range.0, range.1)]
pub struct OutOfRange {
    /// The type.
    pub kind: &'static str,
    /// The number.
    pub found: u64,
    /// The lowest and the highest that there are.
    pub range: (u64, u64),
}

/// Declares a newtype over an unsigned integer; bytes and JSON hold no number outside its range.
macro_rules! number {
    ($(#[$meta:meta])* $name:ident($inner:ty) in $range:expr, $kind:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, bincode::Encode, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// The number, if it is one of its kind.
            ///
            /// # Errors
            /// [`OutOfRange`](crate::names::OutOfRange).
            pub fn checked(self) -> Result<Self, crate::names::OutOfRange> {
                let range: std::ops::RangeInclusive<$inner> = $range;
                if range.contains(&self.0) {
                    return Ok(self);
                }
                let (found, range) = (u64::from(self.0), (u64::from(*range.start()), u64::from(*range.end())));
                Err(crate::names::OutOfRange { kind: $kind, found, range })
            }

            /// The number after this one; the last one stays.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        crate::codec::checked!(json $name, $inner, |number| Self(number).checked());
    };
}
pub(crate) use number;

/// Lets private fields be read under their own names: as copies, or where they stand.
macro_rules! readable {
    (
        $name:ident copies { $($(#[$doc:meta])* $copied:ident: $of:ty,)* }
        lends { $($(#[$said:meta])* $lent:ident: $to:ty,)* }
    ) => {
        impl $name {
            $(
                $(#[$doc])*
                #[must_use]
                pub const fn $copied(&self) -> $of {
                    self.$copied
                }
            )*
            $(
                $(#[$said])*
                #[must_use]
                pub fn $lent(&self) -> &$to {
                    &self.$lent
                }
            )*
        }
    };
}
pub(crate) use readable;

number! {
    /// Height of a block. The genesis stands as height 0.
    Height(u64) in 0..=END_OF_NUMBERS - 1, "height"
}
number! {
    /// Number of a node, never used twice on a chain; it names the node's stream of submissions.
    NodeNumber(u32) in 0..=u32::MAX, "node number"
}
number! {
    /// A submission's place in its node's stream; the first is 1.
    Sequence(u64) in 0..=END_OF_NUMBERS - 1, "sequence"
}
number! {
    /// An event's place among the events that touched its subject's state; the first is 0.
    Ordinal(u32) in 0..=u32::MAX, "ordinal"
}
number! {
    /// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    Timestamp(u64) in 0..=END_OF_NUMBERS - 1, "time"
}
number! {
    /// Round of the agreement on one height; the first is 0.
    Round(u32) in 0..=u32::MAX, "round"
}
number! {
    /// Version of the rules that a block follows.
    Protocol(u16) in 1..=u16::MAX, "protocol"
}

/// The rules that this crate implements.
pub const PROTOCOL: Protocol = Protocol(1);

/// Version of the slot table of a record's kind, as an event names it: 1 to 255. The chain does not judge it further
/// (`format.md §6`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion(NonZeroU8);

/// Zero is no schema version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("0 is no schema version: they count from 1")]
pub struct NoSchemaVersion;

impl SchemaVersion {
    /// The first, which `format.md §5.1` defines.
    pub const V1: Self = Self(NonZeroU8::MIN);
}

impl TryFrom<u8> for SchemaVersion {
    type Error = NoSchemaVersion;
    fn try_from(number: u8) -> Result<Self, NoSchemaVersion> {
        NonZeroU8::new(number).map(Self).ok_or(NoSchemaVersion)
    }
}

impl From<SchemaVersion> for u8 {
    fn from(version: SchemaVersion) -> Self {
        version.0.get()
    }
}

crate::codec::byte_tag!(SchemaVersion, |version| u8::from(*version));

/// Administrative division code of a member (GB/T 2260), six digits such as `370100`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode)]
pub struct MemberCode([u8; 6]);

/// Text that is no member code.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a member code is six digits such as 370100")]
pub struct NotAMemberCode;

impl MemberCode {
    /// The six digits.
    #[must_use]
    #[allow(clippy::expect_used, reason = "another code in its place would be another member's")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a code is made of six ASCII digits alone")
    }
}

impl TryFrom<[u8; 6]> for MemberCode {
    type Error = NotAMemberCode;
    fn try_from(digits: [u8; 6]) -> Result<Self, NotAMemberCode> {
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(NotAMemberCode) }
    }
}

impl std::str::FromStr for MemberCode {
    type Err = NotAMemberCode;
    fn from_str(text: &str) -> Result<Self, NotAMemberCode> {
        <[u8; 6]>::try_from(text.as_bytes()).map_err(|_| NotAMemberCode)?.try_into()
    }
}

impl std::fmt::Display for MemberCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
impl std::fmt::Debug for MemberCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

crate::codec::checked!(MemberCode, [u8; 6], Self::try_from);

impl Serialize for MemberCode {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}
impl<'de> Deserialize<'de> for MemberCode {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

hash_newtype! {
    /// Hash of a header, and so of all below it; the chain id stands where the genesis is meant.
    BlockHash
}

hash_newtype! {
    /// Hash of a body.
    BodyHash
}

hash_newtype! {
    /// Hash of a membership, as a header commits to it.
    MembershipHash
}

hash_newtype! {
    /// Hash of the control state, as a header commits to it.
    ControlHash
}

hash_newtype! {
    /// Hash of a change and the height from which it shall hold.
    ProposalId
}

hash_newtype! {
    /// What an event is about: a contract, or an employer.
    Subject
}

hash_newtype! {
    /// Commitment to all slots of one record; it stands on the chain in the record's place.
    Commitment
}

hash_newtype! {
    /// Root of the map, or of those of its keys that begin with the same bits.
    MapRoot
}

crate::codec::numbered! {
    /// The kinds of record. Numbers are for ever; 25 is kept for *succeed*, when an employer's
    /// code changes.
    RecordKind, UnknownKind,
    /// 新订: a contract begins.
    1 => New "new",
    /// 续签: its term is renewed.
    2 => Renew "renew",
    /// 解除: it is dissolved.
    3 => Dissolve "dissolve",
    /// 终止: it ends by law.
    4 => Terminate "terminate",
    /// 单位信息: an employer says who it is.
    5 => Employer "employer",
    /// An earlier record was wrong; this one says how.
    16 => Correct "correct",
    /// The contract never was.
    17 => Void "void",
    /// 变更: its content changes by agreement.
    18 => Amend "amend",
    /// 中止: it rests.
    19 => Suspend "suspend",
    /// 恢复: it goes on.
    20 => Resume "resume",
    /// Files join an earlier record.
    21 => Attach "attach",
    /// Its end is undone.
    22 => Reopen "reopen",
    /// Another member answers for it.
    23 => Transfer "transfer",
    /// The plaintext of an earlier record is destroyed.
    24 => Erase "erase",
}

/// A number that no kind of record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no kind of record has the number {0}")]
pub struct UnknownKind(pub u8);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{decode, encode};
    use crate::merkle::LogSize;

    /// A number at the border is read from bytes and JSON, the one beyond it from neither.
    macro_rules! check_border {
        ($of:ident: $within:expr, $beyond:expr) => {
            let (within, beyond) = ($of($within), $of($beyond));
            assert_eq!(decode::<$of>(&encode(&within)), Ok(within));
            assert_eq!(serde_json::from_value::<$of>($within.into()).unwrap(), within);
            assert_eq!(within.checked(), Ok(within));
            let why = beyond.checked().unwrap_err();
            assert_eq!(decode::<$of>(&encode(&beyond)), Err(crate::codec::DecodeError::Refused(why.to_string())));
            assert_eq!(serde_json::from_value::<$of>($beyond.into()).unwrap_err().to_string(), why.to_string());
        };
    }

    #[test]
    fn numbers_have_a_next_one_that_can_be_written() {
        let (last, beyond) = (END_OF_NUMBERS - 1, END_OF_NUMBERS);
        check_border!(Height: last, beyond);
        check_border!(Sequence: last, u64::MAX);
        check_border!(Timestamp: last, beyond);
        check_border!(LogSize: last, beyond);
        check_border!(Protocol: u16::MAX, 0_u16);
        check_border!(Protocol: 1_u16, 0_u16);
        assert_eq!(
            Height(beyond).checked().unwrap_err().to_string(),
            format!("{beyond} is no height: they go from 0 to {last}")
        );
    }

    #[test]
    fn member_codes_are_six_digits() {
        assert_eq!("370100".parse::<MemberCode>().unwrap().as_str(), "370100");
        for wrong in ["", "37010", "3701000", "37010x", "３７０１００"] {
            assert_eq!(wrong.parse::<MemberCode>(), Err(NotAMemberCode), "{wrong}");
        }
        assert!(crate::codec::decode::<MemberCode>(b"37o100").is_err());
    }
}
