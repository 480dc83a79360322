//! What is refused, for every reason there is: as bytes, or by a check of what the bytes say.

mod archives;
mod certificates;
mod encodings;
mod genesis;
mod memberships;
mod proofs;

use crate::{File, hex};
use bincode::{Decode, Encode};
use ledger_core::codec;
use serde_json::{Value, json};
use std::fmt::{Debug, Display};

/// Cases of one kind, as they come together.
struct Cases<'a> {
    kind: &'static str,
    cases: &'a mut Vec<Value>,
}

impl Cases<'_> {
    /// Bytes that are the encoding of no `T`.
    fn no<T: Decode<()> + Debug>(&mut self, name: &str, bytes: Vec<u8>) {
        let why = codec::decode::<T>(&bytes).expect_err(name);
        self.push(name, bytes, why);
    }

    /// Bytes that decode, and what they say is refused for this reason.
    fn push(&mut self, name: &str, bytes: Vec<u8>, why: impl Display) -> &mut Value {
        let case = json!({ "name": name, "kind": self.kind, "bytes": hex(bytes), "error": why.to_string() });
        self.cases.push(case);
        self.cases.last_mut().unwrap()
    }
}

/// A value whose encoding decodes to no value of its own type.
pub(crate) trait Encoding {
    /// The bytes, and why they are refused; none where they are not.
    fn refused(&self) -> (Vec<u8>, Option<String>);
}

impl<T: Encode + Decode<()>> Encoding for T {
    fn refused(&self) -> (Vec<u8>, Option<String>) {
        let bytes = codec::encode(self);
        let why = codec::decode::<T>(&bytes).err().map(|why| why.to_string());
        (bytes, why)
    }
}

/// Takes up a value that the encoding does not hold.
pub(crate) fn no(cases: &mut Vec<Value>, kind: &'static str, name: &str, value: &dyn Encoding) {
    let (bytes, why) = value.refused();
    Cases { kind, cases }.push(name, bytes, why.expect(name));
}

fn with(bytes: &[u8], at: usize, value: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] = value;
    bytes
}

/// Where `part` stands first.
fn place(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).position(|window| window == part).unwrap()
}

/// `bytes` with the first occurrence of `from` replaced.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = place(bytes, from);
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

/// `bytes` with the 32-bit count at a place replaced.
fn counted(bytes: &[u8], at: usize, count: u32) -> Vec<u8> {
    [&bytes[..at], &count.to_be_bytes(), &bytes[at + 4..]].concat()
}

pub(crate) fn files() -> Vec<File> {
    let mut encodings = Vec::new();
    encodings::add(&mut encodings);
    memberships::add(&mut encodings);
    crate::bounds::refuse(&mut encodings);
    let mut checks = Vec::new();
    genesis::add(&mut checks);
    certificates::add(&mut checks);
    proofs::add(&mut checks);
    archives::add(&mut checks);
    vec![
        File { name: "refused", about: "Bytes that are the encoding of nothing.", cases: encodings },
        File {
            name: "refused_checks",
            about: "Values that are well encoded and refused all the same, by their own rules or by what stands beside them.",
            cases: checks,
        },
    ]
}
