//! The one encoding (`format.md §1`): bincode 2, big-endian, fixed-size integers, lists with a 32-bit count.
//!
//! One value has one encoding: there are no maps, no floats, no `usize`, no variable-length
//! integers; an option is one byte, 0 or 1; a choice is one byte from a closed list. Decoding takes
//! all bytes or fails, and checks every count against its cap before it allocates.

use bincode::config::{BigEndian, Configuration, Fixint};
use bincode::de::{Decoder, read::Reader};
use bincode::enc::{Encoder, write::Writer};
use bincode::error::{DecodeError as BincodeDecodeError, EncodeError};
use bincode::{Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

#[cfg(test)]
mod drawn;
#[cfg(test)]
pub(crate) use drawn::drawn;

/// No encoded value of the ledger is longer: 64 MiB.
pub const MAX_BYTES: usize = 64 << 20;

/// Without a limit of bincode's own: the bytes are counted before decoding begins, and nothing here
/// allocates more than it has read.
const fn config() -> Configuration<BigEndian, Fixint> {
    bincode::config::standard().with_big_endian().with_fixed_int_encoding()
}

/// Bytes that are not the encoding of a value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// More bytes than any value has.
    #[error("{0} bytes are more than the {MAX_BYTES} that a value may have")]
    TooLong(usize),
    /// The bytes end within the value.
    #[error("the bytes end before the value does")]
    Truncated,
    /// The value ends before the bytes do.
    #[error("{0} bytes are left over after the value")]
    TrailingBytes(usize),
    /// A byte that chooses among alternatives chooses none.
    #[error("{0}")]
    Refused(String),
}

/// The canonical bytes of a value.
#[must_use]
pub fn encode<T: Encode>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    encode_into(value, &mut |more: &[u8]| bytes.extend_from_slice(more));
    bytes
}

/// Hands the canonical bytes of a value to `sink`, piece by piece.
pub(crate) fn encode_into<T: Encode>(value: &T, sink: &mut impl FnMut(&[u8])) {
    struct Sink<'a, F>(&'a mut F);
    impl<F: FnMut(&[u8])> Writer for Sink<'_, F> {
        fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
            (self.0)(bytes);
            Ok(())
        }
    }
    #[allow(
        clippy::expect_used,
        reason = "the sink takes all bytes, and no type of ours has a value that cannot be encoded"
    )]
    bincode::encode_into_writer(value, Sink(sink), config()).expect("every value has an encoding");
}

/// The value whose canonical encoding is exactly `bytes`.
///
/// # Errors
/// [`DecodeError`], when the bytes are too long, end early, go on after the value, or say something
/// that no value says.
pub fn decode<T: Decode<()>>(bytes: &[u8]) -> Result<T, DecodeError> {
    if bytes.len() > MAX_BYTES {
        return Err(DecodeError::TooLong(bytes.len()));
    }
    match bincode::decode_from_slice(bytes, config()) {
        Ok((value, used)) if used == bytes.len() => Ok(value),
        Ok((_, used)) if used < bytes.len() => Err(DecodeError::TrailingBytes(bytes.len().saturating_sub(used))),
        Ok(_) => Err(DecodeError::Truncated),
        Err(BincodeDecodeError::UnexpectedEnd { .. }) => Err(DecodeError::Truncated),
        Err(BincodeDecodeError::OtherString(why)) => Err(DecodeError::Refused(why)),
        Err(BincodeDecodeError::UnexpectedVariant { found, .. }) => {
            Err(DecodeError::Refused(format!("{found} stands where an option begins, with 0 or 1")))
        }
        Err(BincodeDecodeError::InvalidBooleanValue(found)) => {
            Err(DecodeError::Refused(format!("{found} stands where yes or no is said, with 1 or 0")))
        }
        Err(other) => Err(DecodeError::Refused(other.to_string())),
    }
}

/// An error of our own, carried through the decoder.
pub(crate) fn refuse(why: impl std::fmt::Display) -> BincodeDecodeError {
    BincodeDecodeError::OtherString(why.to_string())
}

/// Decodes a type as what is written of it, which a function then checks; with `json`, from JSON too.
macro_rules! checked {
    ($name:ty, $written:ty, $check:expr) => {
        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
                let check: fn($written) -> Result<Self, _> = $check;
                check(bincode::Decode::decode(from)?).map_err(crate::codec::refuse)
            }
        }
        bincode::impl_borrow_decode!($name);
    };
    (json $name:ty, $written:ty, $check:expr) => {
        crate::codec::checked!($name, $written, $check);
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let check: fn($written) -> Result<Self, _> = $check;
                check(serde::Deserialize::deserialize(from)?).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use checked;

/// Encodes a type as one byte; decoding goes through its `TryFrom<u8>`.
macro_rules! byte_tag {
    ($name:ty, $to_byte:expr) => {
        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
                let to_byte: fn(&Self) -> u8 = $to_byte;
                to_byte(self).encode(to)
            }
        }
        crate::codec::checked!($name, u8, Self::try_from);
    };
}
pub(crate) use byte_tag;

/// Declares an enum of which each variant has a number, which stands for it in bytes, and a word, which stands for it
/// in JSON and towards people. `$unknown` is the error for a number that none has.
macro_rules! numbered {
    ($(#[$meta:meta])* $name:ident, $unknown:ident, $($(#[$doc:meta])* $number:literal => $variant:ident $word:literal,)*) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant = $number,)* }

        impl $name {
            /// Every one, by number.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$variant),*];

            /// The byte that stands for it.
            #[must_use]
            pub const fn number(self) -> u8 {
                self as u8
            }

            /// The stable name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl TryFrom<u8> for $name {
            type Error = $unknown;
            fn try_from(number: u8) -> Result<Self, $unknown> {
                Self::ALL.into_iter().find(|known| known.number() == number).ok_or($unknown(number))
            }
        }

        crate::codec::byte_tag!($name, |this| this.number());
    };
}
pub(crate) use numbered;

/// Decodes from borrowed bytes as from any others: nothing here borrows.
macro_rules! owned {
    ([$($generics:tt)*] $name:ty) => {
        impl<'de, C, $($generics)*> bincode::BorrowDecode<'de, C> for $name {
            fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = C>>(
                from: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                bincode::Decode::decode(from)
            }
        }
    };
}
pub(crate) use owned;

/// Declares an enum that is encoded as one byte, which chooses the variant, followed by the variant's fields. Each byte
/// stands once, for the encoder and the decoder, and with `drawn` for what draws values in tests.
///
/// ```text
/// choice! { drawn OpenKind, "kind of open proposal", 1 => Reopen(end: Ordinal), 2 => Transfer(to: MemberCode), 3 => Erase }
/// ```
macro_rules! choice {
    (drawn $($table:tt)*) => {
        crate::codec::choice! { $($table)* }
        #[cfg(test)]
        crate::codec::drawn! { $($table)* }
    };
    (
        $(#[$meta:meta])* $name:ident $(<$generic:ident>)?, $what:literal,
        $(
            $(#[$doc:meta])* $tag:literal => $variant:ident
            $(($($field:ident: $inner:ty),*))?
            $({ $($(#[$said:meta])* $part:ident: $of:ty),* $(,)? })?
        ),* $(,)?
    ) => {
        $(#[$meta])*
        pub enum $name $(<$generic>)? {
            $($(#[$doc])* $variant $(($($inner),*))? $({ $($(#[$said])* $part: $of),* })?,)*
        }

        impl $(<$generic: bincode::Encode>)? bincode::Encode for $name $(<$generic>)? {
            fn encode<To: bincode::enc::Encoder>(&self, to: &mut To) -> Result<(), bincode::error::EncodeError> {
                match self {
                    $(Self::$variant $(($($field),*))? $({ $($part),* })? => {
                        let tag: u8 = $tag;
                        tag.encode(to)?;
                        $($($field.encode(to)?;)*)?
                        $($($part.encode(to)?;)*)?
                    })*
                }
                Ok(())
            }
        }
        impl<C $(, $generic: bincode::Decode<C>)?> bincode::Decode<C> for $name $(<$generic>)? {
            fn decode<From: bincode::de::Decoder<Context = C>>(
                from: &mut From,
            ) -> Result<Self, bincode::error::DecodeError> {
                match u8::decode(from)? {
                    $($tag => Ok(Self::$variant
                        $(($(<$inner>::decode(from)?),*))?
                        $({ $($part: <$of>::decode(from)?),* })?
                    ),)*
                    other => Err(crate::codec::refuse(format_args!(concat!("{} is no ", $what), other))),
                }
            }
        }
        crate::codec::owned! { [$($generic: bincode::Decode<C>)?] $name $(<$generic>)? }
    };
}
pub(crate) use choice;

/// A list that a message asked to be longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{found} items are more than the {max} that may stand here")]
pub struct TooMany {
    /// Items found.
    pub found: usize,
    /// Items allowed.
    pub max: usize,
}

impl TooMany {
    /// A number of items that may stand where `max` may.
    const fn within(max: usize, found: usize) -> Result<usize, Self> {
        if found > max { Err(Self { found, max }) } else { Ok(found) }
    }
}

/// Writes a 32-bit count.
fn encode_count<E: Encoder>(count: usize, to: &mut E) -> Result<(), EncodeError> {
    u32::try_from(count).map_err(|_| EncodeError::Other("a count does not fit 32 bits"))?.encode(to)
}

/// Reads a 32-bit count of at most `max`.
fn decode_count<D: Decoder>(max: usize, from: &mut D) -> Result<usize, BincodeDecodeError> {
    TooMany::within(max, u32::decode(from)? as usize).map_err(refuse)
}

/// At most `MAX` items: `count(4) ‖ items`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    /// Takes the items.
    ///
    /// # Errors
    /// [`TooMany`], when there are more than `MAX`.
    pub fn new(items: Vec<T>) -> Result<Self, TooMany> {
        TooMany::within(MAX, items.len()).map(|_| Self(items))
    }

    /// The items, given away.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }

    /// Puts an item at a place, at most the one after the last.
    ///
    /// # Errors
    /// [`TooMany`], when there are `MAX` already: then nothing has changed.
    pub fn insert(&mut self, at: usize, item: T) -> Result<(), TooMany> {
        TooMany::within(MAX, self.0.len().saturating_add(1))?;
        self.0.insert(at.min(self.0.len()), item);
        Ok(())
    }

    /// Puts an item at the end.
    ///
    /// # Errors
    /// [`TooMany`], when there are `MAX` already: then nothing has changed.
    pub fn push(&mut self, item: T) -> Result<(), TooMany> {
        self.insert(self.0.len(), item)
    }

    /// Drops the items that are not to be kept.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.0.retain(keep);
    }

    /// The items, to be changed in place.
    pub fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    /// As many items, each made from one of these, or the first error.
    pub(crate) fn try_map<U, E>(&self, make: impl FnMut(&T) -> Result<U, E>) -> Result<List<U, MAX>, E> {
        Ok(List(self.0.iter().map(make).collect::<Result<_, E>>()?))
    }

    /// As many items, each made from one of these and its index.
    pub(crate) fn map<U>(&self, make: impl FnMut((u16, &T)) -> U) -> List<U, MAX> {
        const { assert!(MAX <= u16::MAX as usize) };
        List((0..=u16::MAX).zip(&self.0).map(make).collect())
    }
}

impl<T, const MAX: usize> Default for List<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> std::ops::Deref for List<T, MAX> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T, const MAX: usize> IntoIterator for &'a List<T, MAX> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Encode, const MAX: usize> Encode for List<T, MAX> {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        encode_count(self.0.len(), to)?;
        self.0.iter().try_for_each(|item| item.encode(to))
    }
}

impl<C, T: Decode<C>, const MAX: usize> Decode<C> for List<T, MAX> {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, BincodeDecodeError> {
        let count = decode_count(MAX, from)?;
        // The count is a claim until the items are there: memory grows with the bytes read.
        let mut items = Vec::with_capacity(count.min(64));
        for _ in 0..count {
            items.push(T::decode(from)?);
        }
        Ok(Self(items))
    }
}
owned! { [T: Decode<C>, const MAX: usize] List<T, MAX> }

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for List<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

/// At most `MAX` bytes: `count(4) ‖ bytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Bytes<MAX> {
    /// Takes the bytes.
    ///
    /// # Errors
    /// [`TooMany`], when there are more than `MAX`.
    pub fn new(bytes: Vec<u8>) -> Result<Self, TooMany> {
        TooMany::within(MAX, bytes.len()).map(|_| Self(bytes))
    }
}

impl<const MAX: usize> std::ops::Deref for Bytes<MAX> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize> Encode for Bytes<MAX> {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        encode_count(self.0.len(), to)?;
        to.writer().write(&self.0)
    }
}

impl<C, const MAX: usize> Decode<C> for Bytes<MAX> {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, BincodeDecodeError> {
        let count = decode_count(MAX, from)?;
        let mut bytes = Vec::new();
        // In steps, so that a claimed length costs no memory before its bytes are there.
        const STEP: usize = 1024;
        let mut step = [0; STEP];
        while bytes.len() < count {
            let left = count.saturating_sub(bytes.len());
            let (room, _) = step.split_at_mut(left.min(STEP));
            from.reader().read(room)?;
            bytes.extend_from_slice(room);
        }
        Ok(Self(bytes))
    }
}
owned! { [const MAX: usize] Bytes<MAX> }

impl<const MAX: usize> Serialize for Bytes<MAX> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&crate::crypto::hex(&self.0))
    }
}
impl<'de, const MAX: usize> Deserialize<'de> for Bytes<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        let bytes = crate::crypto::unhex_vec(&text).map_err(serde::de::Error::custom)?;
        Self::new(bytes).map_err(serde::de::Error::custom)
    }
}

/// At most `MAX` bytes of UTF-8: `count(4) ‖ bytes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Takes the text.
    ///
    /// # Errors
    /// [`TooMany`], when it has more than `MAX` bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, TooMany> {
        let text = text.into();
        TooMany::within(MAX, text.len()).map(|_| Self(text))
    }
}

impl<const MAX: usize> std::ops::Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Encode for Text<MAX> {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        encode_count(self.0.len(), to)?;
        to.writer().write(self.0.as_bytes())
    }
}
impl<C, const MAX: usize> Decode<C> for Text<MAX> {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, BincodeDecodeError> {
        let bytes = Bytes::<MAX>::decode(from)?;
        String::from_utf8(bytes.0).map(Self).map_err(|_| refuse("a text is not UTF-8"))
    }
}
owned! { [const MAX: usize] Text<MAX> }
impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_big_endian_and_fixed() {
        assert_eq!(encode(&(1_u8, 2_u16, 3_u32, 4_u64)), [1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4]);
        assert_eq!(encode(&(None::<u8>, Some(9_u8))), [0, 1, 9]);
        assert_eq!(encode(&List::<u8, 3>::new(vec![7, 8]).unwrap()), [0, 0, 0, 2, 7, 8]);
        assert_eq!(encode(&Text::<9>::new("鲁").unwrap()), [0, 0, 0, 3, 0xe9, 0xb2, 0x81]);
    }

    #[test]
    fn all_bytes_or_nothing() {
        assert_eq!(decode::<u16>(&[1, 2]), Ok(0x0102));
        assert_eq!(decode::<u16>(&[1]), Err(DecodeError::Truncated));
        assert_eq!(decode::<u16>(&[1, 2, 3]), Err(DecodeError::TrailingBytes(1)));
        assert!(matches!(decode::<Option<u8>>(&[2, 1]), Err(DecodeError::Refused(_))));
        assert!(matches!(decode::<bool>(&[2]), Err(DecodeError::Refused(_))));
        assert!(matches!(decode::<Text<9>>(&[0, 0, 0, 1, 0xff]), Err(DecodeError::Refused(_))));
    }

    #[test]
    fn a_count_beyond_its_cap_is_refused_before_anything_is_read() {
        assert!(matches!(decode::<List<u8, 3>>(&[0, 0, 0, 4]), Err(DecodeError::Refused(_))));
        assert!(matches!(decode::<Bytes<3>>(&[0, 0, 0, 4]), Err(DecodeError::Refused(_))));
        assert_eq!(decode::<Bytes<9_000_000>>(&[0, 0x80, 0, 0]), Err(DecodeError::Truncated));
    }
}
