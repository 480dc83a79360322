//! Public test vectors that stand beside the project: tests that want them skip without them.

use std::path::PathBuf;

/// A file of the shared vectors, parsed; `None`, said on standard error, where they are not there.
#[allow(clippy::disallowed_methods, reason = "tests may read files and their environment")]
pub(crate) fn json(path: &str) -> Option<serde_json::Value> {
    let folder = std::env::var("LUQI_VECTORS")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    match std::fs::read_to_string(folder.join(path)) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) => {
            eprintln!("skipped: {}: {error} (set LUQI_VECTORS)", folder.join(path).display());
            None
        }
    }
}

/// The bytes of padded base64 (RFC 4648 section 4).
pub(crate) fn base64(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value = |b: &u8| digits.iter().position(|digit| digit == b).unwrap() as u32;
    let mut bytes = Vec::new();
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = chunk.iter().fold(0, |bits, b| bits << 6 | value(b)) << (6 * (4 - chunk.len()));
        bytes.extend(&bits.to_be_bytes()[1..chunk.len()]);
    }
    bytes
}
