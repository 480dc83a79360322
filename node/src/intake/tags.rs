//! Look-up tags: what of an item may be kept outside the vault.
//!
//! ```text
//! tag       first 16 bytes of HMAC-SHA256(key of this node, H(Lookup) of: what(1) ‖ fields)
//! content   1 ‖ submitter ‖ kind(1) ‖ values and files, each with its length
//! number    2 ‖ submitter ‖ contract number
//! employer  3 ‖ employer's code
//! name      4 ‖ VRF input
//! request   5 ‖ nonce: what hides the offset in a request's id
//! ```
//!
//! Without the key nobody can test a guess against a tag; the key never leaves the node.

use hmac::{Hmac, Mac};
use ledger_core::annex::Item;
use ledger_core::codec;
use ledger_core::crypto::{Domain, Hasher, Suite};
use ledger_core::lookup::Alpha;
use ledger_core::names::RecordKind;
use sha2::Sha256;

const SUITE: Suite = Suite::Ed25519Sha256;

/// One tag.
pub(super) type Tag = [u8; 16];
/// The first half of an employer's: employers that share a contract number are few.
pub(super) type EmployerTag = [u8; 8];

/// What makes tags.
#[derive(Clone)]
pub(super) struct Tags(Hmac<Sha256>);

impl std::fmt::Debug for Tags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tags(not shown)")
    }
}

impl Tags {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        #[allow(clippy::expect_used, reason = "HMAC takes keys of any length")]
        Self(Hmac::new_from_slice(key).expect("a key of 32 bytes is taken"))
    }

    /// Of everything that an item says.
    pub(super) fn content(&self, submitter: &str, item: &Item) -> Tag {
        let mut fields = framed(Hasher::new(Domain::Lookup, SUITE).bytes([1]), submitter.as_bytes());
        fields = fields.bytes([RecordKind::from(item.kind()).number()]);
        for value in item.values() {
            fields = match value {
                Some(text) => framed(fields.bytes([1]), text.as_bytes()),
                None => fields.bytes([0]),
            };
        }
        for file in item.files() {
            fields = framed(fields, &codec::encode(file));
        }
        self.of(fields)
    }

    /// Of a contract number, as a submitter uses it.
    pub(super) fn number(&self, submitter: &str, number: &str) -> Tag {
        let fields = framed(Hasher::new(Domain::Lookup, SUITE).bytes([2]), submitter.as_bytes());
        self.of(fields.bytes(number))
    }

    /// Of an employer.
    pub(super) fn employer(&self, code: &str) -> EmployerTag {
        let tag = self.of(Hasher::new(Domain::Lookup, SUITE).bytes([3]).bytes(code));
        tag.first_chunk().copied().unwrap_or_default()
    }

    /// Of what a subject is made from.
    pub(super) fn name(&self, alpha: &Alpha) -> Tag {
        self.of(Hasher::new(Domain::Lookup, SUITE).bytes([4]).bytes(alpha.as_bytes()))
    }

    /// Of a request.
    pub(super) fn request(&self, nonce: &[u8]) -> Tag {
        self.of(Hasher::new(Domain::Lookup, SUITE).bytes([5]).bytes(nonce))
    }

    fn of(&self, fields: Hasher) -> Tag {
        let mac = self.0.clone().chain_update(fields.finish()).finalize().into_bytes();
        mac.first_chunk().copied().unwrap_or_default()
    }
}

fn framed(fields: Hasher, bytes: &[u8]) -> Hasher {
    fields.bytes((bytes.len() as u64).to_be_bytes()).bytes(bytes)
}
