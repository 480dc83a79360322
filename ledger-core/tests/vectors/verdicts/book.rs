//! The cases as they come together, and answers as the page words them.

use super::chain::{Chain, Pieces, end};
use crate::hex;
use ledger_core::archive::head;
use ledger_core::audit::Bookmark;
use ledger_core::block::Header;
use ledger_core::codec;
use ledger_core::fixture::Network;
use ledger_core::fixture::forger::decoded;
use ledger_core::genesis::{Genesis, GenesisApproval};
use ledger_core::names::{BlockHash, Height};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What the page has an audit say.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    verdict: &'static str,
    /// Where the page says how the reading ended.
    ended: Option<&'static str>,
    height: Option<u64>,
    at: Option<u64>,
    signed: Option<u64>,
}

impl Answer {
    pub(crate) const fn holds(height: u64) -> Self {
        Self { verdict: "holds", ended: Some("complete"), height: Some(height), at: None, signed: Some(height) }
    }

    /// With a fault at a height, of a chain whose judged blocks begin two or more below it: the last sound block is the
    /// one below, and the one below that was signed by what the last sound one carries.
    pub(crate) const fn altered(at: u64) -> Self {
        let signed = if at > 2 { Some(at - 2) } else { None };
        Self { verdict: "altered", ended: Some("fault"), height: Some(at - 1), at: Some(at), signed }
    }

    /// What somebody kept is missing at a height: it counts as a fault, however the reading ended.
    pub(crate) const fn missing(at: u64) -> Self {
        Self { ended: None, ..Self::altered(at) }
    }

    /// With a fault at the height of the foot.
    pub(crate) const fn altered_foot(at: u64) -> Self {
        Self { verdict: "altered", ended: Some("fault"), height: None, at: Some(at), signed: None }
    }

    /// Undecided, because the reading ended so at a height.
    pub(crate) const fn stops(ended: &'static str, at: u64) -> Self {
        Self { verdict: "undecided", ended: Some(ended), ..Self::altered(at) }
    }

    /// Undecided, since the file ends right behind a block.
    pub(crate) const fn no_end(height: u64) -> Self {
        Self { at: None, ..Self::stops("no_end", height + 1) }
    }

    /// Undecided, since there is no block above a height.
    pub(crate) const fn empty(height: u64) -> Self {
        Self { at: None, signed: None, ..Self::stops("empty", height + 1) }
    }

    /// Undecided, since nothing is judged.
    pub(crate) const fn nothing(ended: &'static str) -> Self {
        Self { verdict: "undecided", ended: Some(ended), height: None, at: None, signed: None }
    }

    /// Undecided, although all was read and holds.
    pub(crate) const fn open(height: u64) -> Self {
        Self { verdict: "undecided", ..Self::holds(height) }
    }

    pub(crate) const fn signed(self, signed: u64) -> Self {
        Self { signed: Some(signed), ..self }
    }

    pub(crate) const fn unsigned(self) -> Self {
        Self { signed: None, ..self }
    }

    /// In the words of a report: the block at the height is the one that the chain has there.
    fn json(&self, tip: Option<&Header>) -> Value {
        let of = |text: &dyn Fn(&Header) -> String| tip.map(text);
        let mut said = json!({
            "verdict": self.verdict,
            "height": self.height,
            "at": self.at,
            "signed": self.signed,
            "bookmark": self.signed,
            "tip": of(&|header| header.hash().to_string()),
            "log_root": of(&|header| header.log_root.to_string()),
            "map_root": of(&|header| header.map_root.to_string()),
        });
        if let Some(ended) = self.ended {
            said["ended"] = json!(ended);
        }
        said
    }
}

/// A file that the auditor gives.
#[derive(Clone, PartialEq, Eq)]
enum Given {
    /// In JSON, however that is written.
    Value(Value),
    /// Written just so.
    Text(String),
}

/// One archive, and what there is beside it.
pub(crate) struct Case<'a> {
    section: &'static str,
    name: String,
    chain: &'a Chain,
    pieces: Pieces,
    below: Option<Header>,
    from: Option<(String, Given)>,
    tip_file: Option<(u64, BlockHash)>,
    shorter: Option<Answer>,
    keeps: Option<Bookmark>,
    events: Option<u64>,
}

impl<'a> Case<'a> {
    pub(crate) fn new(section: &'static str, name: &str, chain: &'a Chain, pieces: &Pieces) -> Self {
        let (name, pieces) = (name.to_owned(), pieces.clone());
        Self {
            section,
            name,
            chain,
            pieces,
            below: None,
            from: None,
            tip_file: None,
            shorter: None,
            keeps: None,
            events: None,
        }
    }

    /// The auditor kept where a chain stood.
    pub(crate) fn kept(self, network: &Network) -> Self {
        self.from(&Bookmark::of(&network.tip))
    }

    pub(crate) fn from(self, kept: &Bookmark) -> Self {
        let name = format!("kept of block {}, {}", kept.height, &kept.block.to_string()[..8]);
        self.file(&name, serde_json::to_value(kept).unwrap())
    }

    /// The auditor gives a file with this in it.
    pub(crate) fn file(self, name: &str, json: Value) -> Self {
        Self { from: Some((name.to_owned(), Given::Value(json))), ..self }
    }

    /// The auditor gives a file of this text.
    pub(crate) fn text(self, name: &str, text: &str) -> Self {
        Self { from: Some((name.to_owned(), Given::Text(text.to_owned()))), ..self }
    }

    pub(crate) fn tip_file(self, height: u64, block: BlockHash) -> Self {
        Self { tip_file: Some((height, block)), ..self }
    }

    /// The header below is another than the one that the chain has there.
    pub(crate) fn below(self, header: Header) -> Self {
        Self { below: Some(header), ..self }
    }

    pub(crate) fn shorter(self, answer: Answer) -> Self {
        Self { shorter: Some(answer), ..self }
    }

    /// All that the audit gives to keep.
    pub(crate) fn keeps(self, network: &Network) -> Self {
        Self { keeps: Some(Bookmark::of(&network.tip)), ..self }
    }

    /// How many events stand on the chain.
    pub(crate) fn events(self, events: u64) -> Self {
        Self { events: Some(events), ..self }
    }
}

/// All cases, and what they are made of.
pub(crate) struct Book {
    parts: Vec<(String, Vec<u8>)>,
    geneses: Vec<(String, Vec<u8>, Option<String>)>,
    kept: Vec<(String, Given)>,
    used: BTreeSet<String>,
    cases: Vec<Value>,
}

impl Book {
    pub(crate) fn new() -> Self {
        let (parts, geneses, kept) = (Vec::new(), Vec::new(), Vec::new());
        Self { parts, geneses, kept, used: BTreeSet::new(), cases: Vec::new() }
    }

    pub(crate) fn genesis(&mut self, name: &str, genesis: &Genesis) {
        self.geneses.push((name.to_owned(), codec::encode(genesis), None));
        self.name(&format!("head, {name}"), head(&genesis.chain_id()).to_vec());
    }

    /// One that is not valid, and why.
    pub(crate) fn invalid_genesis(&mut self, name: &str, bytes: Vec<u8>) {
        let why = codec::decode::<Genesis>(&bytes).expect_err(name).to_string();
        self.geneses.push((name.to_owned(), bytes, Some(why)));
    }

    /// Gives a name to bytes that several archives have.
    pub(crate) fn name(&mut self, name: &str, bytes: Vec<u8>) {
        if !self.parts.iter().any(|(_, known)| *known == bytes) {
            assert!(self.parts.iter().all(|(known, _)| known != name), "{name} twice");
            self.parts.push((name.to_owned(), bytes));
        }
    }

    /// Names the blocks of a chain, the end certificate of each, and what they are made of.
    pub(crate) fn chain(&mut self, name: &str, chain: &Chain) {
        for height in 1..=chain.blocks.len() {
            let block = decoded(&chain.blocks[height - 1]);
            self.name(&format!("{name}, header {height}"), codec::encode(&block.header));
            self.name(&format!("{name}, certificate {height}"), codec::encode(&chain.certificate(height)));
            for (submission, at) in block.body.submissions.iter().zip(1..) {
                self.name(&format!("{name}, submission {at} of {height}"), codec::encode(submission));
            }
            self.name(&format!("{name}, block {height}"), chain.block(height));
            self.name(&format!("{name}, end certificate {height}"), end(&chain.certificate(height)));
        }
    }

    /// A piece by its name, or else by the names of what is in it, with the bytes between.
    pub(crate) fn parts_of(&mut self, piece: &[u8]) -> Vec<String> {
        let (mut parts, mut unnamed, mut rest) = (Vec::new(), Vec::new(), piece);
        while let Some((first, behind)) = rest.split_first() {
            let known = self.parts.iter().filter(|(_, known)| rest.starts_with(known));
            match known.max_by_key(|(_, known)| known.len()) {
                Some((name, known)) => {
                    let bytes = std::mem::take(&mut unnamed);
                    parts.extend((!bytes.is_empty()).then(|| hex(bytes)));
                    parts.push(name.clone());
                    self.used.insert(name.clone());
                    rest = &rest[known.len()..];
                }
                None => {
                    unnamed.push(*first);
                    rest = behind;
                }
            }
        }
        parts.extend((!unnamed.is_empty()).then(|| hex(unnamed)));
        parts
    }

    /// The name under which the file stands that the auditor gives.
    fn kept(&mut self, name: &str, given: &Given) -> String {
        if let Some((known, _)) = self.kept.iter().find(|(_, known)| known == given) {
            return known.clone();
        }
        let of_the_same_name = self.kept.iter().filter(|(known, _)| known.starts_with(name)).count();
        let name = if of_the_same_name == 0 { name.to_owned() } else { format!("{name} ({})", of_the_same_name + 1) };
        self.kept.push((name.clone(), given.clone()));
        name
    }

    fn begin(&mut self, case: &Case<'_>, genesis: &str) -> Value {
        let archive: Vec<String> = case.pieces.iter().flat_map(|piece| self.parts_of(piece)).collect();
        let mut value = json!({
            "name": case.name,
            "kind": "verdict",
            "section": case.section,
            "genesis": genesis,
            "archive": archive,
        });
        if let Some((name, given)) = &case.from {
            value["from"] = json!(self.kept(name, given));
        }
        if let Some((height, block)) = case.tip_file {
            value["tip_file"] = json!({ "height": height, "block": block.to_string() });
        }
        value
    }

    /// Whether a case has this name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.cases.iter().any(|case| case["name"] == name)
    }

    /// A case of another kind than an archive's.
    pub(crate) fn push(&mut self, case: Value) {
        self.cases.push(case);
    }

    pub(crate) fn add(&mut self, case: Case<'_>, answer: Answer) {
        let bytes = codec::encode(&case.chain.genesis);
        let genesis = self.geneses.iter().find(|(_, known, _)| *known == bytes).expect(&case.name).0.clone();
        let mut value = self.begin(&case, &genesis);
        let tip = |answer: &Answer| {
            let height = answer.height.filter(|height| *height > 0)?;
            let below = case.below.clone().filter(|below| below.height == Height(height));
            Some(below.unwrap_or_else(|| case.chain.header(height)))
        };
        value["says"] = answer.json(tip(&answer).as_ref());
        if let Some(shorter) = case.shorter {
            value["shorter"] = shorter.json(tip(&shorter).as_ref());
        }
        if let Some(events) = case.events {
            value["says"]["events"] = json!(events);
        }
        if let Some(keeps) = &case.keeps {
            value["keeps"] = serde_json::to_value(keeps).unwrap();
        }
        self.cases.push(value);
    }

    /// A case whose input is a mistake of whoever gave it.
    pub(crate) fn mistake(&mut self, case: &Case<'_>, genesis: &str) {
        let mut value = self.begin(case, genesis);
        value["exit"] = json!(2);
        self.cases.push(value);
    }

    /// Two geneses with approvals, and whether the succession holds.
    pub(crate) fn succession(&mut self, name: &str, old: &[u8], new: &[u8], by: &[GenesisApproval], holds: bool) {
        let (old, new) = (self.parts_of(old), self.parts_of(new));
        let approvals = serde_json::to_value(by).unwrap();
        self.cases.push(json!({
            "name": name,
            "kind": "succession",
            "old": old,
            "new": new,
            "approvals": approvals,
            "holds": holds,
        }));
    }

    pub(crate) fn into_cases(self) -> Vec<Value> {
        let genesis = |(name, bytes, error): (String, Vec<u8>, Option<String>)| {
            let mut case = json!({ "name": name, "kind": "genesis", "bytes": hex(bytes) });
            if let Some(error) = error {
                case["error"] = json!(error);
            }
            case
        };
        let used = self.used;
        let parts = self.parts.into_iter().filter(|(name, _)| used.contains(name));
        let part = |(name, bytes): (String, Vec<u8>)| json!({ "name": name, "kind": "part", "bytes": hex(bytes) });
        let kept = |(name, given): (String, Given)| match given {
            Given::Value(json) => json!({ "name": name, "kind": "kept", "value": json }),
            Given::Text(text) => json!({ "name": name, "kind": "kept", "text": text }),
        };
        let mut cases: Vec<Value> = self.geneses.into_iter().map(genesis).collect();
        cases.extend(parts.map(part));
        cases.extend(self.kept.into_iter().map(kept));
        cases.extend(self.cases);
        cases
    }
}
