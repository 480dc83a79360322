//! Keys and salts out of one secret: HKDF-SHA256 (RFC 5869) with an empty salt (`format.md §5`).
//!
//! ```text
//! info   length(1) ‖ domain(8..31) ‖ suite(1) ‖ fields
//! ```

use crate::crypto::{Domain, Suite};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// A secret, extracted and ready to give one value for each purpose. The state of the HMAC inside is
/// freed without being wiped; keep it no longer than the work in hand.
pub(crate) struct Derivation(Hkdf<Sha256>);

impl Derivation {
    pub(crate) fn of(secret: &[u8; 32]) -> Self {
        Self(Hkdf::new(None, secret))
    }

    /// The 32 bytes for one purpose.
    pub(crate) fn value(&self, domain: Domain, suite: Suite, fields: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut value = Zeroizing::new([0; 32]);
        let (length, text, suite) = domain.head(suite);
        #[allow(clippy::expect_used, reason = "HKDF refuses only more than 8160 bytes")]
        self.0.expand_multi_info(&[&length, text, &suite, fields], value.as_mut()).expect("32 bytes can be derived");
        value
    }
}
