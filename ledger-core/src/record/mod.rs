//! The record: what an event is about, in plaintext (`format.md §5`). It never stands on the chain; its commitment does.
//!
//! A record is a row of [`slots`], present or absent. Its [`Commitment`] can be opened slot by
//! slot: one field, or the absence of one, can be disclosed alone ([`Disclosure`]). When the
//! [`RecordSecret`] is destroyed, the commitment says nothing more about what it was made of.

mod disclosure;
mod kind;
mod past;
mod secret;
mod slot;
#[cfg(test)]
mod tests;

pub use disclosure::{
    Disclosed, Disclosure, DisclosureError, MAX_SLOTS, MAX_VALUE, NoSuchSlot, Reveal, Revealed, Value,
};

pub use secret::RecordSecret;
pub use slot::{Slot, UnknownVersion, Version, slots};

use crate::annex::{Date, Field, FileDigest, Item, Uscc, fields};
use crate::codec::{self, Bytes, List, Text, TooMany};
use crate::crypto::Suite;
use crate::names::{Commitment, RecordKind, Timestamp};
use bincode::{Decode, Encode};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// How an item came: when, by which tables it was judged, who handed it in, and the proof of that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it came.
    pub received: Timestamp,
    /// Version of the code tables by which it was judged.
    pub tables: Text<64>,
    /// Name of the platform that handed it in.
    pub platform: Option<Text<64>>,
    /// Its signature over the request.
    pub signature: Option<Bytes<512>>,
}

/// The content of a record of a kind that the annex does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The employer.
    pub employer: Uscc,
    /// The contract, if it is about one.
    pub contract_no: Option<Text<400>>,
    /// Why.
    pub reason: Option<Text<2000>>,
    /// From when.
    pub date: Option<Date>,
    /// Why, by a code.
    pub reason_code: Option<Text<128>>,
    /// Number of the order, judgment or agreement that is behind it.
    pub document_no: Option<Text<400>>,
    /// Until when: the end of a suspension.
    pub until: Option<Date>,
    /// Changed fields, of a correction or amendment.
    pub changes: Changes,
    /// Files.
    pub files: List<FileDigest, { crate::annex::MAX_FILES }>,
}

/// Changed fields: `count(4) ‖ changes`.
pub type Changes = List<Change, 32>;

/// A field and what it says from now on: `alias(4 + n) ‖ option of value(4 + n)`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Change {
    /// The field, by its alias.
    pub field: Text<64>,
    /// Its new text; none when it is taken away.
    pub value: Option<Text<2000>>,
}

/// What was not sent and follows from elsewhere: `count(4) ‖ fields`. It is never written into the fields' own slots.
pub type Deduced = List<Deduction, 8>;

/// A field that was not sent, and what it has to be: `alias(4 + n) ‖ value(4 + n)`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Deduction {
    /// The field, by its alias.
    pub field: Text<64>,
    /// What follows for it.
    pub value: Text<400>,
}

/// Why something is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// Not a kind with these contents.
    #[error("a record of kind {} is not made this way", .0.as_str())]
    WrongKind(RecordKind),
    /// Slots of another kind.
    #[error("the slots are not those of a record of kind {}", .0.as_str())]
    WrongSlots(RecordKind),
    /// A value beyond what a slot holds.
    #[error("a value is too long: {0}")]
    TooLong(#[from] TooMany),
}

/// A record in plaintext. Never printed.
///
/// `kind(1) ‖ version(1) ‖ count(4) ‖ values`, each an option of bytes; sealed in this form.
#[derive(Clone, PartialEq, Eq, Encode)]
pub struct Record {
    kind: RecordKind,
    version: Version,
    values: List<Value, MAX_SLOTS>,
}

impl Record {
    /// The record of an item of one of the annex's messages; `raw` are its bytes as they came. It deduces nothing.
    ///
    /// # Errors
    /// [`RecordError::TooLong`], when a text is longer than a slot.
    pub fn of_item(item: &Item, raw: &[u8], arrival: &Arrival) -> Result<Self, RecordError> {
        let fields = item.values().iter().map(Option::as_deref);
        Self::assemble(item.kind().into(), fields.map(|text| text.map(bytes)), None, item.files(), raw, arrival)
    }

    /// The record of a kind that the annex does not have.
    ///
    /// # Errors
    /// [`RecordError`], when the annex has the kind, or the kind changes no fields and changes are given.
    pub fn of_extension(
        kind: RecordKind,
        content: &Extension,
        raw: &[u8],
        arrival: &Arrival,
    ) -> Result<Self, RecordError> {
        let changes = (!content.changes.is_empty()).then(|| codec::encode(&content.changes));
        let [date, until] = [content.date, content.until].map(|date| date.map(|date| date.to_string()));
        let fields = [
            Some(content.employer.as_str()),
            content.contract_no.as_deref(),
            content.reason.as_deref(),
            date.as_deref(),
            content.reason_code.as_deref(),
            content.document_no.as_deref(),
            until.as_deref(),
        ];
        if kind.message().is_some() {
            return Err(RecordError::WrongKind(kind));
        }
        Self::assemble(kind, fields.into_iter().map(|text| text.map(bytes)), changes, &content.files, raw, arrival)
    }

    /// Puts every content into its slot.
    fn assemble(
        kind: RecordKind,
        mut fields: impl Iterator<Item = Option<Vec<u8>>>,
        mut changes: Option<Vec<u8>>,
        files: &[FileDigest],
        raw: &[u8],
        arrival: &Arrival,
    ) -> Result<Self, RecordError> {
        let mut files = files.iter();
        let version = Version::default();
        let value = |slot| match slot {
            Slot::Field(_) => fields.next().flatten(),
            Slot::Changes => changes.take(),
            Slot::File(_) => files.next().map(codec::encode),
            Slot::RawDigest => Some(Sha256::digest(raw).to_vec()),
            Slot::Received => Some(codec::encode(&arrival.received)),
            Slot::Tables => Some(bytes(&arrival.tables)),
            Slot::Deduced => None,
            Slot::Platform => arrival.platform.as_deref().map(bytes),
            Slot::PlatformSignature => arrival.signature.as_deref().map(<[u8]>::to_vec),
        };
        let capped = |value: Option<Vec<u8>>| value.map(Bytes::new).transpose();
        let values = slots(kind, version).into_iter().map(value).map(capped).collect::<Result<_, _>>()?;
        // What found no slot would be lost.
        if fields.next().is_some() || changes.is_some() || files.next().is_some() {
            return Err(RecordError::WrongKind(kind));
        }
        Ok(Self { kind, version, values: List::new(values)? })
    }

    /// What the record is about.
    #[must_use]
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// Schema version.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Every slot with what it holds.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, Option<&[u8]>)> {
        let table = slots(self.kind, self.version);
        table.into_iter().zip(self.values.iter().map(|value| value.as_deref()))
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, field: &Field) -> Option<&str> {
        let (_, value) = self.slots().find(|(slot, _)| slot.is_field(field))?;
        std::str::from_utf8(value?).ok()
    }

    /// The same record, saying that its employer was deduced, where it names none itself: the field's own slot stays
    /// as it was sent.
    ///
    /// # Errors
    /// [`RecordError::TooLong`], which no employer's code is.
    pub fn with_deduced_employer(self, employer: &Uscc) -> Result<Self, RecordError> {
        if self.employer().is_some() {
            return Ok(self);
        }
        let deduction = Deduction { field: Text::new(fields::UNIT_USCC.alias)?, value: Text::new(employer.as_str())? };
        let mut deduced = self.deduced().map_or_else(Vec::new, List::into_vec);
        deduced.push(deduction);
        let deduced = Deduced::new(deduced)?;
        let deduced = Some(Bytes::new(codec::encode(&deduced))?);
        let table = slots(self.kind, self.version);
        let values = table.iter().zip(&self.values);
        let values = values.map(|(slot, value)| if *slot == Slot::Deduced { &deduced } else { value }.clone());
        Ok(Self { values: List::new(values.collect())?, ..self })
    }

    /// What was deduced.
    #[must_use]
    pub fn deduced(&self) -> Option<Deduced> {
        let (_, value) = self.slots().find(|(slot, _)| *slot == Slot::Deduced)?;
        codec::decode(value?).ok()
    }

    /// The employer: the field, or what was deduced of it (`format.md §5.1`). With the contract's number it gives the
    /// subject.
    #[must_use]
    pub fn employer(&self) -> Option<String> {
        let sent = self.text(&fields::UNIT_USCC).map(ToOwned::to_owned);
        sent.or_else(|| {
            let deduced = self.deduced()?;
            let found = deduced.iter().find(|deduction| *deduction.field == *fields::UNIT_USCC.alias);
            found.map(|deduction| deduction.value.to_string())
        })
    }

    /// The number of the contract; an employer's message has none.
    #[must_use]
    pub fn contract_no(&self) -> Option<&str> {
        self.text(&fields::CONTRACT_NO)
    }

    /// The commitment that stands on the chain.
    #[must_use]
    pub fn commitment(&self, secret: &RecordSecret, suite: Suite) -> Commitment {
        self.reveal_all(secret, suite).opens(suite)
    }

    /// The proof of the slots that are chosen; it shows nothing of the others.
    ///
    /// # Errors
    /// [`NoSuchSlot`], when a name is none of this kind's slots.
    pub fn disclose(&self, secret: &RecordSecret, suite: Suite, reveal: Reveal<'_>) -> Result<Disclosure, NoSuchSlot> {
        let table = slots(self.kind, self.version);
        let shown = reveal.choose(&table)?;
        Ok(self.reveal_all(secret, suite).only(suite, |index| shown.get(usize::from(index)) == Some(&true)))
    }

    fn reveal_all(&self, secret: &RecordSecret, suite: Suite) -> Disclosure {
        let salt = secret.salts(suite, self.kind, self.version);
        let slots = self.values.map(|(index, value)| Disclosed::Revealed { salt: salt(index), value: value.clone() });
        Disclosure { kind: self.kind, version: self.version, slots }
    }
}

impl<C> Decode<C> for Record {
    fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
        let (kind, version, values): (_, _, List<Value, MAX_SLOTS>) = Decode::decode(from)?;
        if slots(kind, version).len() == values.len() {
            Ok(Self { kind, version, values })
        } else {
            Err(codec::refuse(RecordError::WrongSlots(kind)))
        }
    }
}
bincode::impl_borrow_decode!(Record);

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Record({}, not shown)", self.kind.as_str())
    }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}
