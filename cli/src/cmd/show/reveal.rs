//! What records say, where a person asks for it and the home's vault has it.

use crate::exit::{Exit, Problem};
use crate::output::table;
use ledger_core::codec;
use ledger_core::crypto::hex;
use ledger_core::event::Event;
use ledger_core::names::{Commitment, Timestamp};
use ledger_core::record;
use luqi_node::home::Home;
use luqi_node::vault::{Vault, VaultError};
use serde::Serialize;
use std::path::Path;

/// The vault of a home, where `--reveal` asks for it.
pub(super) struct Revealer(Option<Vault>);

/// A record as far as it can be shown.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Record {
    /// What it says.
    Slots(Vec<Slot>),
    /// Why it says nothing here.
    Gone(Gone),
}

/// Why a vault does not show a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Gone {
    /// Another node sealed it, or this vault was lost.
    NotHere,
    /// Its secret was destroyed.
    Erased,
}

/// One slot of a record that holds something.
#[derive(Debug, Serialize)]
pub(super) struct Slot {
    name: String,
    /// The annex's own name of the field, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'static str>,
    value: String,
}

impl Revealer {
    /// Opens the vault, if records are to be shown.
    pub(super) fn new(home: Option<&Path>, reveal: bool) -> Result<Self, Problem> {
        let Some(home) = home.filter(|_| reveal) else { return Ok(Self(None)) };
        let vault = Vault::open(&Home::open(home)?.vault()).map_err(|error| Problem::new(Exit::Failed, error))?;
        Ok(Self(Some(vault)))
    }

    /// What the record of an event says; none where nobody asked, or the event has none.
    pub(super) fn record(&self, event: &Event) -> Result<Option<Record>, Problem> {
        match (&self.0, event.as_contract()) {
            (Some(vault), Some(contract)) => open(vault, &contract.commitment).map(Some),
            (None, _) | (_, None) => Ok(None),
        }
    }
}

fn open(vault: &Vault, commitment: &Commitment) -> Result<Record, Problem> {
    let opened = match vault.reveal(commitment) {
        Ok(opened) => opened,
        Err(VaultError::NotHere(_)) => return Ok(Record::Gone(Gone::NotHere)),
        Err(VaultError::Erased(_)) => return Ok(Record::Gone(Gone::Erased)),
        Err(error) => return Err(Problem::new(Exit::Failed, error)),
    };
    let shown = opened.record.slots().filter_map(|(slot, value)| {
        let (key, value) = match (&slot, value?) {
            (record::Slot::Field(row), text) => (Some(row.field.key), String::from_utf8_lossy(text).into_owned()),
            (record::Slot::Platform | record::Slot::Tables, text) => (None, String::from_utf8_lossy(text).into_owned()),
            (record::Slot::Received, bytes) => (None, received(bytes)),
            (record::Slot::Deduced, bytes) => (None, deduced(bytes)),
            (
                record::Slot::Changes
                | record::Slot::File(_)
                | record::Slot::RawDigest
                | record::Slot::PlatformSignature,
                bytes,
            ) => (None, hex(bytes)),
        };
        Some(Slot { name: slot.name(), key, value })
    });
    Ok(Record::Slots(shown.collect()))
}

/// Milliseconds since 1970; as they stand where they are none.
fn received(bytes: &[u8]) -> String {
    codec::decode::<Timestamp>(bytes).map_or_else(|_| hex(bytes), |time| time.to_string())
}

/// Each field with what was deduced of it; as it stands where it is no such list.
fn deduced(bytes: &[u8]) -> String {
    let Ok(deduced) = codec::decode::<record::Deduced>(bytes) else { return hex(bytes) };
    let said = deduced.iter().map(|deduction| format!("{}={}", &*deduction.field, &*deduction.value));
    said.collect::<Vec<_>>().join("; ")
}

impl Record {
    /// The record as a person reads it, under a heading.
    pub(super) fn text(&self, heading: &str) -> String {
        let slots = match self {
            Self::Slots(slots) => slots,
            Self::Gone(Gone::NotHere) => {
                return format!(
                    "\n{heading}: this home's vault does not have the record; ask the member that submitted it  本节点保险库无此记录\n"
                );
            }
            Self::Gone(Gone::Erased) => {
                return format!("\n{heading}: the record was erased for good  此记录已被永久删除\n");
            }
        };
        let row = |slot: &Slot| [slot.name.clone(), slot.key.unwrap_or_default().to_owned(), slot.value.clone()];
        let rows: Vec<_> = slots.iter().map(row).collect();
        format!("\n{}", table([heading, "字段", "value 内容"], &rows))
    }
}
