//! XChaCha20-Poly1305 in place, and nothing else of its crate.

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{Key, KeyInit, Tag, XChaCha20Poly1305, XNonce};

/// Length of a nonce.
pub(super) const NONCE: usize = 24;
/// Length of a tag.
pub(super) const TAG: usize = 16;

/// Bytes that are not what was sealed with this key, nonce and binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotSealed;

/// Encrypts a message in place and gives the tag.
pub(super) fn encrypt(key: &[u8; 32], nonce: &[u8; NONCE], bound_to: &[u8], message: &mut [u8]) -> [u8; TAG] {
    let cipher = XChaCha20Poly1305::new(Key::from_slice(key));
    #[allow(clippy::expect_used, reason = "only a message of 256 GiB is refused")]
    let tag = cipher
        .encrypt_in_place_detached(XNonce::from_slice(nonce), bound_to, message)
        .expect("a message of ours is short enough");
    tag.into()
}

/// Decrypts in place, if nothing was changed.
pub(super) fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    bound_to: &[u8],
    message: &mut [u8],
    tag: &[u8; TAG],
) -> Result<(), NotSealed> {
    let cipher = XChaCha20Poly1305::new(Key::from_slice(key));
    cipher
        .decrypt_in_place_detached(XNonce::from_slice(nonce), bound_to, message, Tag::from_slice(tag))
        .map_err(|_| NotSealed)
}
