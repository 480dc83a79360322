//! From the bytes of messages to records: nothing is looked up or written here, so messages are read on
//! all cores, and while the ones before them are recorded.

use super::tags::{EmployerTag, Tag, Tags};
use super::timings::Timings;
use crate::chain::now;
use ledger_core::annex::{Code, Config, Document, Finding, Item, Message, MessageError, Outcome, Severity};
use ledger_core::codec::Text;
use ledger_core::names::Timestamp;
use ledger_core::record::{Arrival, Record};
use rayon::prelude::*;
use std::sync::Arc;
use std::time::Instant;
use zeroize::Zeroizing;

/// Reads messages; may be used beside an intake that records what was read before.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) config: Arc<Config>,
    pub(super) tags: Tags,
}

/// Messages in the order in which they are recorded. Never printed; their bytes are wiped.
#[derive(Default)]
pub struct Window {
    pub(super) messages: Vec<ReadMessage>,
    pub(super) timings: Timings,
}

/// One message with its items.
pub(super) struct ReadMessage {
    pub(super) name: String,
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) items: Result<Vec<ReadItem>, MessageError>,
}

/// One item with what there is to say about it.
pub(super) struct ReadItem {
    pub(super) pointer: String,
    pub(super) findings: Vec<Finding>,
    /// Unless it is rejected.
    pub(super) accepted: Option<Accepted>,
}

/// An item that may be recorded.
pub(super) struct Accepted {
    pub(super) record: Record,
    pub(super) content: Tag,
    /// Of the contract number, where there is one.
    pub(super) number: Option<Tag>,
    /// Of the employer, where it is named.
    pub(super) employer: Option<EmployerTag>,
}

impl Window {
    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}

impl Reader {
    /// Reads messages, each with a name for the clerk.
    #[must_use]
    pub fn read(&self, messages: Vec<(String, Vec<u8>)>) -> Window {
        let (begun, received) = (Instant::now(), now());
        let documents: Vec<_> = messages.par_iter().map(|(_, bytes)| Document::read(bytes, &self.config)).collect();
        let parse = begun.elapsed();
        let judged = documents.into_par_iter().zip(&messages).map(|(document, (_, bytes))| {
            let message = document.and_then(|document| document.judge(None, &self.config));
            message.map(|message| self.items(message, bytes, received))
        });
        let judged: Vec<_> = judged.collect();
        let timings = Timings { parse, validate: begun.elapsed().saturating_sub(parse), ..Timings::default() };
        let read = |((name, bytes), items)| ReadMessage { name, bytes: Zeroizing::new(bytes), items };
        Window { messages: messages.into_iter().zip(judged).map(read).collect(), timings }
    }

    /// Reads one message on this thread.
    pub(super) fn read_one(&self, bytes: Vec<u8>) -> ReadMessage {
        let received = now();
        let message = Document::read(&bytes, &self.config).and_then(|document| document.judge(None, &self.config));
        let items = message.map(|message| self.items(message, &bytes, received));
        ReadMessage { name: String::new(), bytes: Zeroizing::new(bytes), items }
    }

    fn items(&self, message: Message, bytes: &[u8], received: Timestamp) -> Vec<ReadItem> {
        message.outcomes.into_iter().map(|outcome| self.item(outcome, bytes, received)).collect()
    }

    fn item(&self, outcome: Outcome, bytes: &[u8], received: Timestamp) -> ReadItem {
        let Outcome { pointer, span, mut findings, item } = outcome;
        let raw = bytes.get(span.clone()).unwrap_or_default();
        let accepted = item.and_then(|item| {
            let accepted = self.accept(&item, raw, received);
            if accepted.is_none() {
                let (code, severity, field, limit) = (Code::TooLong, Severity::Error, None, None);
                findings.push(Finding { code, severity, pointer: pointer.clone(), field, limit, span });
            }
            accepted
        });
        ReadItem { pointer, findings, accepted }
    }

    /// Who hands in is not told apart yet: the operator of this node does.
    fn accept(&self, item: &Item, raw: &[u8], received: Timestamp) -> Option<Accepted> {
        let tables = Text::new(self.config.tables.version.to_string()).ok()?;
        let arrival = Arrival { received, tables, platform: None, signature: None };
        let record = Record::of_item(item, raw, &arrival).ok()?;
        Some(Accepted {
            record,
            content: self.tags.content("", item),
            number: item.contract_no().map(|number| self.tags.number("", number)),
            employer: item.employer().map(|employer| self.tags.employer(employer)),
        })
    }
}
