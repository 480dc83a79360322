//! Geneses: the JSON that is one and the JSON that is none, texts and numbers at their bounds, and what goes on from a
//! predecessor (format.md §8, §12).

mod forms;
pub(super) mod founding;
mod json;
mod values;

use crate::hex;
use crate::verdicts::Book;
use ledger_core::fixture::Network;
use ledger_core::genesis::Genesis;
use serde_json::{Value, json};

/// Edits of one text of JSON.
pub(super) struct Texts<'a> {
    book: &'a mut Book,
    of: &'static str,
    text: String,
}

impl<'a> Texts<'a> {
    pub(super) fn new(book: &'a mut Book, of: &'static str, genesis: &Genesis) -> Self {
        let text = serde_json::to_string(genesis).unwrap();
        book.push(json!({ "name": of, "kind": "text", "text": text }));
        let mut texts = Self { book, of, text };
        texts.edit("as it is written", "", "", true);
        texts
    }

    /// The text with the first place of `find` replaced by `put`: whether it is a genesis.
    pub(super) fn edit(&mut self, name: &str, find: &str, put: &str, holds: bool) {
        assert!(self.text.contains(find), "{}: {find}", self.of);
        let text = self.text.replacen(find, put, 1);
        let name = format!("{}: {name}", self.of);
        let case = json!({ "name": name, "kind": "genesis_json", "of": self.of, "find": find, "put": put });
        self.push(case, text.as_bytes(), holds);
    }

    /// Bytes that are no text of JSON.
    fn bytes(&mut self, name: &str, bytes: &[u8], holds: bool) {
        let case = json!({ "name": name, "kind": "genesis_json", "bytes": hex(bytes) });
        self.push(case, bytes, holds);
    }

    fn push(&mut self, mut case: Value, bytes: &[u8], holds: bool) {
        match Genesis::from_json(bytes) {
            Ok(genesis) if holds => case["hash"] = json!(genesis.chain_id().to_string()),
            Err(why) if !holds => case["error"] = json!(why.to_string()),
            judged => panic!("{}: {judged:?}", case["name"]),
        }
        self.book.push(case);
    }

    /// The text of the value that stands behind the first place of a text.
    fn value_behind(&self, text: &str) -> String {
        let rest = &self.text[self.text.find(text).expect(text) + text.len()..];
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        values.next().unwrap().unwrap();
        rest[..values.byte_offset()].to_owned()
    }
}

pub(super) fn add(book: &mut Book) {
    let plain = Network::new(1).genesis;
    let mut texts = Texts::new(book, "genesis.json of one member", &plain);
    json::syntax(&mut texts);
    values::add(&mut texts);
    let all = founding::of_everything();
    let mut texts = Texts::new(book, "genesis.json with everything", &all);
    forms::add(&mut texts);
    founding::add(book);
}
