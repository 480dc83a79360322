//! What outsiders must have signed: witnesses' keys and roots of time stamps (format.md §8).
//!
//! ```text
//! trust policy   witnesses ‖ wanted(4) ‖ timestamp roots ‖ lag(8)
//! witness        name+hash+base64( type(1) ‖ key )          a verifier key, as signed notes write it
//! ```

use super::text::{NameError, check_origin};
use crate::codec::{self, Bytes, List, Text};
use crate::crypto::{KeyError, PublicKey, hex};
use crate::names::END_OF_NUMBERS;
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The encoding of a trust policy has at most so many bytes: a change with it fits into an entry of the log.
pub const MAX_TRUST_BYTES: usize = 60_000;

/// What outsiders must have signed before an answer is 0. Bytes and JSON hold none that is longer than
/// [`MAX_TRUST_BYTES`], nor one with a lag that not every reader of JSON can read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Serialize)]
pub struct TrustPolicy {
    /// Verifier keys of the witnesses, as signed notes write them.
    pub witnesses: List<Text<4096>, 16>,
    /// How many of them are wanted.
    pub wanted: u32,
    /// Certificates (DER) of the roots of timestamp authorities.
    pub timestamp_roots: List<Bytes<8192>, 8>,
    /// The policy is met while the tip is at most so many blocks above what it covers.
    pub lag: u64,
}

/// A trust policy as it is written, not yet measured.
#[derive(Decode, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    witnesses: List<Text<4096>, 16>,
    wanted: u32,
    timestamp_roots: List<Bytes<8192>, 8>,
    lag: u64,
}

crate::codec::checked!(json TrustPolicy, Written, |Written { witnesses, wanted, timestamp_roots, lag }| {
    let policy = Self { witnesses, wanted, timestamp_roots, lag };
    policy.measure().map(|()| policy)
});

/// A text that is no verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum VerifierKeyError {
    /// Not three parts.
    #[error("a verifier key is written name+hash+key")]
    Parts,
    /// The name cannot stand in a signed note.
    #[error("its name: {0}")]
    Name(#[from] NameError),
    /// Not base64 in the one form that it has.
    #[error("its key is not base64, padded and with its unused bits zero")]
    Base64,
    /// A type or length that is not known.
    #[error("type {0} with {1} bytes is no known kind of key: 01 and 04 have 32 bytes, 06 has 1312")]
    Type(u8, usize),
    /// No point of the curve, or a useless one.
    #[error("its key: {0}")]
    Key(#[from] KeyError),
    /// The hash is of something else.
    #[error("its hash is not that of its name and key, in lower-case hexadecimal digits")]
    Hash,
}

/// Why a trust policy is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrustError {
    /// More witnesses wanted than named.
    #[error("{wanted} witnesses are wanted and {named} are named")]
    Wanted {
        /// Wanted.
        wanted: u32,
        /// Named.
        named: usize,
    },
    /// A lag that not every JSON reader can read.
    #[error("the lag {0} is not below 2^53")]
    Lag(u64),
    /// More bytes than an entry has room for.
    #[error("a trust policy of {0} bytes is longer than {MAX_TRUST_BYTES}")]
    TooLong(usize),
    /// A witness that is no verifier key.
    #[error("witness {0}: {1}")]
    Witness(usize, VerifierKeyError),
    /// One name or key for two witnesses.
    #[error("witness {0} has the name or the key of an earlier one")]
    Twice(usize),
}

impl TrustPolicy {
    /// It fits into an entry of the log, and every reader of JSON reads its lag.
    fn measure(&self) -> Result<(), TrustError> {
        let length = codec::encode(self).len();
        if length > MAX_TRUST_BYTES {
            return Err(TrustError::TooLong(length));
        }
        if self.lag >= END_OF_NUMBERS {
            return Err(TrustError::Lag(self.lag));
        }
        Ok(())
    }

    /// Every rule of format.md §8.
    pub(super) fn check(&self) -> Result<(), TrustError> {
        self.measure()?;
        let named = self.witnesses.len();
        if self.wanted as usize > named {
            return Err(TrustError::Wanted { wanted: self.wanted, named });
        }
        let mut keys: Vec<(&str, Vec<u8>)> = Vec::with_capacity(named);
        for (at, text) in self.witnesses.iter().enumerate() {
            let (name, key) = verifier_key(text).map_err(|why| TrustError::Witness(at, why))?;
            if keys.iter().any(|old| old.0 == name || old.1 == key) {
                return Err(TrustError::Twice(at));
            }
            keys.push((name, key));
        }
        Ok(())
    }

    /// Whether it asks for nothing: then signatures of the validators suffice.
    #[must_use]
    pub fn asks_for_nothing(&self) -> bool {
        self.wanted == 0 && self.timestamp_roots.is_empty()
    }
}

/// Name and key of a verifier key, `name+hash+key` (format.md §8). The byte before the key is the type of a signed note.
fn verifier_key(text: &str) -> Result<(&str, Vec<u8>), VerifierKeyError> {
    use VerifierKeyError as E;
    let (name, rest) = text.split_once('+').ok_or(E::Parts)?;
    let (hash, key) = rest.split_once('+').ok_or(E::Parts)?;
    check_origin(name)?;
    let bytes = base64(key).ok_or(E::Base64)?;
    let digest = Sha256::new().chain_update(name).chain_update(b"\n").chain_update(&bytes).finalize();
    if digest.first_chunk::<4>().is_none_or(|first| hex(first) != hash) {
        return Err(E::Hash);
    }
    let (kind, key) = bytes.split_first().ok_or(E::Base64)?;
    let unknown = E::Type(*kind, key.len());
    match kind {
        // Ed25519, over the note, or over a cosignature with its time.
        1 | 4 => drop(PublicKey::from_bytes(key.try_into().map_err(|_| unknown)?)?),
        // ML-DSA-44 over a cosignature; not looked into.
        6 if key.len() == 1312 => {}
        _ => return Err(unknown),
    }
    Ok((name, key.to_vec()))
}

/// RFC 4648 section 4: padded, and with its unused bits zero, so that bytes have one text.
fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |digit: &u8| (0..).zip(DIGITS).find(|(_, known)| *known == digit).map(|(value, _)| value);
    let digits = text.trim_end_matches('=');
    let padding = text.len().checked_sub(digits.len())?;
    if !text.len().is_multiple_of(4) || padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for group in digits.as_bytes().chunks(4) {
        // What is missing of the last group stands for zeros.
        let mut bits: u32 = 0;
        for place in 0..4 {
            bits = bits << 6 | group.get(place).map_or(Some(0), value)?;
        }
        let [_, a, b, c] = bits.to_be_bytes();
        let (taken, unused) = match group {
            [_, _, _, _] => (&[a, b, c][..], 0),
            [_, _, _] => (&[a, b][..], c),
            [_, _] => (&[a][..], b),
            [..] => return None,
        };
        if unused != 0 {
            return None;
        }
        bytes.extend_from_slice(taken);
    }
    Some(bytes)
}
