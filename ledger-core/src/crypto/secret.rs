//! What signs. Whoever verifies needs none of it.

use super::{PublicKey, Signature, SignedMessage};
use ed25519_dalek::{Signer, SigningKey};

/// A secret key of suite 1. Zeroized when dropped; never printed.
#[derive(Clone)]
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// Takes the 32 seed bytes of RFC 8032; the caller draws them and wipes his copy.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for storing it; zeroized when dropped.
    #[must_use]
    pub fn seed(&self) -> zeroize::Zeroizing<[u8; 32]> {
        zeroize::Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey::of(&self.0)
    }

    /// Signs a message of this ledger.
    #[must_use]
    pub fn sign(&self, message: &SignedMessage) -> Signature {
        self.sign_bytes(message.as_bytes())
    }

    /// Signs bare bytes, as in the formats of others.
    #[must_use]
    pub fn sign_bytes(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretKey(of {})", self.public())
    }
}
