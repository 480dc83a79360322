//! SHA-256 over preimages, and the newtypes that say what a hash is of.

use crate::crypto::{Domain, Suite};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Text that is not the hexadecimal form of a fixed number of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected {expected} lower-case hexadecimal digits, found {found:?}")]
pub struct HexError {
    /// Digits wanted.
    pub expected: usize,
    /// What stood there, shortened to 80 characters.
    pub found: String,
}

/// Lower-case hexadecimal form of `bytes`.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes out of lower-case hexadecimal text; one value has one text.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c.saturating_sub(b'0')),
        b'a'..=b'f' => Some(c.saturating_sub(b'a').saturating_add(10)),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Exactly `N` bytes out of lower-case hexadecimal text.
pub(crate) fn unhex<const N: usize>(text: &str) -> Result<[u8; N], HexError> {
    let bytes = bytes_of(text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| HexError { expected: N.saturating_mul(2), found: text.chars().take(80).collect() })
}

/// Bytes out of lower-case hexadecimal text of any even length.
pub(crate) fn unhex_vec(text: &str) -> Result<Vec<u8>, HexError> {
    let expected = text.len().next_multiple_of(2);
    bytes_of(text).ok_or_else(|| HexError { expected, found: text.chars().take(80).collect() })
}

/// Shows a type, towards people and in JSON, as the hexadecimal text of what a method of it gives.
macro_rules! shown_in_hex {
    ($name:ident, $bytes:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&crate::crypto::hex(self.$bytes().as_ref()))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    };
}
pub(crate) use shown_in_hex;

/// Declares a newtype over some bytes, shown and read as hexadecimal text.
macro_rules! hash_newtype {
    ($(#[$meta:meta])* $name:ident) => {
        crate::crypto::hash_newtype!($(#[$meta])* $name, 32);
    };
    ($(#[$meta:meta])* $name:ident, $size:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, bincode::Encode, bincode::Decode)]
        pub struct $name(pub [u8; $size]);

        impl $name {
            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $size] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        crate::crypto::shown_in_hex!($name, as_bytes);

        impl std::str::FromStr for $name {
            type Err = crate::crypto::HexError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                crate::crypto::unhex(text).map(Self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use hash_newtype;

hash_newtype! {
    /// A SHA-256 value; the concept modules wrap it in a type of their own.
    Hash
}
hash_newtype! {
    /// Hash of a genesis in its binary form; every signature of the chain binds it.
    ChainId
}
hash_newtype! {
    /// Chain id of the first genesis of all; it outlives a chain that was continued under a new
    /// genesis. Subjects and the log's origin bind it.
    NetworkId
}

/// SHA-256 over one preimage: `length ‖ domain ‖ suite ‖ fields`.
#[derive(Clone)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Begins a preimage.
    #[must_use]
    pub fn new(domain: Domain, suite: Suite) -> Self {
        let (length, text, suite) = domain.head(suite);
        Self(Sha256::new().chain_update(length).chain_update(text).chain_update(suite))
    }

    /// Appends bytes as they are. Only fixed-size fields, or a last one, may be appended this way.
    #[must_use]
    pub fn bytes(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.0.update(bytes);
        self
    }

    /// Appends a value in its canonical encoding.
    #[must_use]
    pub fn value<T: bincode::Encode>(mut self, value: &T) -> Self {
        crate::codec::encode_into(value, &mut |bytes: &[u8]| self.0.update(bytes));
        self
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_text_goes_both_ways_and_has_one_form() {
        let hash = Hash([0xab; 32]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for wrong in ["", "ab", &"AB".repeat(32), &"ag".repeat(32), &"ab".repeat(33)] {
            assert!(wrong.parse::<Hash>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_preimage_is_what_its_description_says() {
        let expected: [u8; 32] = Sha256::digest(b"\x0aluqi/state\x01abc").into();
        assert_eq!(Hasher::new(Domain::State, Suite::Ed25519Sha256).bytes(b"abc").finish(), expected);
    }
}
