//! Public test vectors that stand beside the project, and may not be copied into it: tests that want them are
//! left out without them, and counted.

use std::path::PathBuf;

/// A file of the shared vectors, parsed; `None` where they are not there. Whoever names their folder by
/// `LUQI_VECTORS` has them.
#[allow(clippy::disallowed_methods, reason = "tests may read files and their environment")]
pub(crate) fn json(path: &str) -> Option<serde_json::Value> {
    let named = std::env::var_os("LUQI_VECTORS").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors");
    let file = named.clone().unwrap_or_else(beside).join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) => {
            assert!(named.is_none(), "LUQI_VECTORS names a folder without {path}: {error}");
            crate::skipped::leave_out(format_args!("the public vectors {path} are not here (set LUQI_VECTORS)"));
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
