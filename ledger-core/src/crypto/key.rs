//! Ed25519 keys and signatures, verified strictly (`format.md §2`).
//!
//! A key is accepted only in its canonical encoding and only if it is not of small order, so one
//! key has one name. A signature is accepted only by `verify_strict`: batch verification gives
//! other answers on crafted input and is never used where nodes must agree.

use super::hash_newtype;
use crate::crypto::{ChainId, Domain, Suite};
use bincode::Encode;
use ed25519_dalek::{SigningKey, VerifyingKey};
use thiserror::Error;

hash_newtype! {
    /// An Ed25519 signature, R then S (RFC 8032 section 5.1.6).
    Signature, 64
}
hash_newtype! {
    /// Bytes where a public key stands, not yet looked into (`format.md §9`): to read a block takes no arithmetic on
    /// the curve.
    KeyBytes
}

/// Bytes that are not an acceptable public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// No point of the curve.
    #[error("the bytes are no point of Curve25519")]
    NotAPoint,
    /// A second name for a point.
    #[error("the key is not in its canonical encoding")]
    NotCanonical,
    /// A point of small order: everybody can sign for it.
    #[error("the key is a point of small order")]
    SmallOrder,
}

/// A signature that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

/// A public key of suite 1, checked when made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Checks and takes 32 bytes.
    ///
    /// # Errors
    /// [`KeyError`], when the bytes are no point, not canonical, or of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        Ok(Self(key))
    }

    pub(super) fn of(secret: &SigningKey) -> Self {
        Self(secret.verifying_key())
    }

    /// The canonical 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks a signature over a message of this ledger.
    ///
    /// # Errors
    /// [`SignatureError`], when it does not verify strictly.
    pub fn verify(&self, message: &SignedMessage, signature: &Signature) -> Result<(), SignatureError> {
        self.verify_bytes(&message.0, signature)
    }

    /// Checks a signature over bare bytes, as in the formats of others.
    ///
    /// # Errors
    /// [`SignatureError`], when it does not verify strictly.
    pub fn verify_bytes(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).map_err(|_| SignatureError)
    }
}

/// Encodes and shows a key as its 32 bytes; who reads them checks them.
macro_rules! checked_key {
    ($name:ident, $bytes:ident) => {
        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
                self.$bytes().encode(to)
            }
        }
        crate::crypto::shown_in_hex!($name, $bytes);
        crate::codec::checked!(json $name, crate::crypto::KeyBytes, |bytes| Self::from_bytes(&bytes.0));
    };
}
pub(crate) use checked_key;

checked_key!(PublicKey, as_bytes);

/// The bytes that a signature is over: `length ‖ domain ‖ suite ‖ chain id ‖ fields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage(Vec<u8>);

impl SignedMessage {
    /// Lays out a message; `fields` are appended in their canonical encoding.
    #[must_use]
    pub fn new<T: Encode>(domain: Domain, chain: &ChainId, fields: &T) -> Self {
        let (length, text, suite) = domain.head(Suite::Ed25519Sha256);
        let mut bytes = [&length, text, &suite, &chain.0].concat();
        crate::codec::encode_into(fields, &mut |more: &[u8]| bytes.extend_from_slice(more));
        Self(bytes)
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SecretKey;

    #[test]
    fn what_one_chain_signs_no_other_accepts() {
        let key = SecretKey::from_seed(&[7; 32]);
        let message = |chain| SignedMessage::new(Domain::Precommit, &ChainId([chain; 32]), &5_u64);
        let signature = key.sign(&message(1));
        assert_eq!(key.public().verify(&message(1), &signature), Ok(()));
        assert_eq!(key.public().verify(&message(2), &signature), Err(SignatureError));
    }

    #[test]
    fn a_secret_key_does_not_print_itself() {
        let shown = format!("{:?}", SecretKey::from_seed(&[0x11; 32]));
        assert!(!shown.contains("1111"), "{shown}");
    }

    #[test]
    fn keys_of_small_order_or_not_canonical_are_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey::from_bytes(&identity), Err(KeyError::SmallOrder));
        let mut not_reduced = [0xff; 32];
        not_reduced[0] = 0xee;
        not_reduced[31] = 0x7f;
        assert_eq!(PublicKey::from_bytes(&not_reduced), Err(KeyError::NotCanonical));
        assert_eq!(PublicKey::from_bytes(&[2; 32]), Err(KeyError::NotAPoint));
    }
}
