//! The one secret of a record. Who destroys it has made the chain say nothing about the record.

use super::Version;
use crate::crypto::{Derivation, Domain, Hash, Suite};
use crate::names::RecordKind;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// 32 random bytes that give a record its salts and its data key. Zeroized when dropped; never
/// printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct RecordSecret([u8; 32]);

impl RecordSecret {
    /// Takes 32 random bytes; the caller draws them and wipes his copy. No two records share one.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storing them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key that the record is sealed with: HKDF with no further fields.
    #[must_use]
    pub fn data_key(&self, suite: Suite) -> Zeroizing<[u8; 32]> {
        Derivation::of(&self.0).value(Domain::DataKey, suite, &[])
    }

    /// The salts of a record's slots: HKDF with `kind(1) ‖ version(1) ‖ index(2)`.
    pub(super) fn salts(&self, suite: Suite, kind: RecordKind, version: Version) -> impl Fn(u16) -> Hash {
        let derivation = Derivation::of(&self.0);
        move |index| Hash(*derivation.value(Domain::Salt, suite, &crate::codec::encode(&(kind, version, index))))
    }
}

impl std::fmt::Debug for RecordSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecordSecret(not shown)")
    }
}
