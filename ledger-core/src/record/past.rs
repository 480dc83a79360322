//! What the records of a contract tell of later ones.

use super::Record;
use crate::annex::life::{Past, Texts};
use crate::annex::{CodeTables, Date, Field, MessageKind, fields};
use crate::codec;
use crate::names::RecordKind;

impl Texts for Record {
    fn message(&self) -> Option<MessageKind> {
        self.kind().message()
    }

    fn text(&self, field: &Field) -> Option<&str> {
        Record::text(self, field)
    }
}

impl Past {
    /// Takes in the record that came next, of whatever kind. A correction cites which record it corrects, and that
    /// stands on the chain: whoever reads it tells of the record as it reads since.
    pub fn add_record(&mut self, record: &Record, tables: &CodeTables) {
        match record.kind() {
            RecordKind::New | RecordKind::Renew | RecordKind::Dissolve | RecordKind::Terminate => {
                self.add(record, tables)
            }
            RecordKind::Amend => {
                if let Some(end) = record.new_term_end() {
                    self.put_off(end);
                }
            }
            // Nothing of a void contract counts.
            RecordKind::Void => *self = Self::default(),
            RecordKind::Employer | RecordKind::Correct | RecordKind::Suspend | RecordKind::Resume => {}
            RecordKind::Attach | RecordKind::Reopen | RecordKind::Transfer | RecordKind::Erase => {}
        }
    }
}

impl Record {
    /// The last day that an amendment agrees on.
    fn new_term_end(&self) -> Option<Date> {
        let (_, value) = self.slots().find(|(slot, _)| *slot == super::Slot::Changes)?;
        let changes: super::Changes = codec::decode(value?).ok()?;
        let change = changes.iter().find(|change| *change.field == *fields::TERM_END.alias)?;
        Date::parse(change.value.as_deref()?)
    }
}
