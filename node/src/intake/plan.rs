//! What is to be done with each item of a window, in order: the decisions, without an effect.
//!
//! An item is a duplicate if its content was sent or parked before. One that names no employer is taken
//! for the contract with its number, if that is one employer's alone, and its record says that this was deduced; if
//! it is nobody's, it is *parked*.
//! A new contract takes along what was parked under its number, right behind it.

use super::IntakeError;
use super::journal::{Owner, Tables};
use super::reader::{Accepted, ReadItem, ReadMessage};
use super::report::{Counts, Rejection};
use super::tags::{EmployerTag, Tag};
use crate::vault::{Handle, Vault};
use ledger_core::annex::{Finding, Uscc};
use ledger_core::names::RecordKind;
use ledger_core::record::Record;
use std::collections::{HashMap, HashSet};

/// One thing to be done.
pub(super) enum Draft {
    /// To be sent.
    Send {
        record: Record,
        content: Tag,
        /// Of a new contract: its number and employer.
        contract: Option<(Tag, EmployerTag)>,
        /// A record of the same contract that was sealed before this window.
        earlier: Option<Handle>,
    },
    /// To be kept until its contract is there.
    Park { record: Record, content: Tag, number: Tag },
    /// Was parked in an earlier window; now to be sent, with its employer.
    Unpark { record: Record, number: Tag, handle: Handle },
    /// Was to be parked, and its contract came within the window: it is sent by a draft further below.
    Moved(usize),
}

impl Draft {
    /// The record that is to be sealed.
    pub(super) const fn record(&self) -> Option<&Record> {
        match self {
            Self::Send { record, .. } | Self::Park { record, .. } | Self::Unpark { record, .. } => Some(record),
            Self::Moved(_) => None,
        }
    }

    /// A record of the same contract that was sealed before, where one is known.
    pub(super) const fn earlier(&self) -> Option<Handle> {
        match self {
            Self::Send { earlier, .. } => *earlier,
            Self::Park { .. } | Self::Unpark { .. } | Self::Moved(_) => None,
        }
    }
}

/// What became of an item.
pub(super) enum Fate {
    /// It, or the whole message, was rejected; the next one that was told of.
    Rejected,
    /// It is here already.
    Duplicate,
    /// It is a draft; what there is to say about it.
    Draft { draft: usize, findings: Vec<Finding> },
}

/// The employer of a number within a window.
enum Known {
    One(EmployerTag, Uscc),
    Several,
}

/// The codes behind employers' tags, as far as they were met in this run.
pub(super) type Employers = HashMap<EmployerTag, Uscc>;

/// A window that is planned item by item.
pub(super) struct Plan<'a> {
    tables: &'a Tables,
    vault: &'a Vault,
    employers: &'a mut Employers,
    pub(super) drafts: Vec<Draft>,
    pub(super) counts: Counts,
    /// Of each message, in order.
    pub(super) fates: Vec<Vec<Fate>>,
    seen: HashSet<Tag>,
    owners: HashMap<Tag, Known>,
    /// Places in `drafts`, by contract number.
    parked: HashMap<Tag, Vec<usize>>,
    /// What was taken along out of the tables.
    unparked: HashSet<Tag>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(tables: &'a Tables, vault: &'a Vault, employers: &'a mut Employers) -> Self {
        let (drafts, counts, fates) = (Vec::new(), Counts::default(), Vec::new());
        let (seen, owners, parked, unparked) = Default::default();
        Self { tables, vault, employers, drafts, counts, fates, seen, owners, parked, unparked }
    }

    /// Sends what was parked although its contract is here: the process died in between.
    pub(super) fn catch_up(&mut self) -> Result<(), IntakeError> {
        let tables = self.tables;
        for number in tables.parked_numbers() {
            if let Some(Known::One(_, employer)) = self.owner(number)? {
                self.take_along(number, &employer)?;
            }
        }
        Ok(())
    }

    /// Plans a message, and tells of what is rejected.
    pub(super) fn message(
        &mut self,
        message: &mut ReadMessage,
        reject: &mut dyn FnMut(&Rejection<'_>),
    ) -> Result<(), IntakeError> {
        let mut fates = Vec::new();
        match std::mem::replace(&mut message.items, Ok(Vec::new())) {
            Err(error) => {
                self.counts.rejected += 1;
                reject(&Rejection::of_message(message, &error));
                fates.push(Fate::Rejected);
            }
            Ok(items) => {
                for mut item in items {
                    fates.push(match item.accepted.take() {
                        None => {
                            self.counts.rejected += 1;
                            reject(&Rejection::of_item(message, &item));
                            Fate::Rejected
                        }
                        Some(accepted) => self.item(message, item, accepted, reject)?,
                    });
                }
            }
        }
        self.fates.push(fates);
        Ok(())
    }

    fn item(
        &mut self,
        message: &ReadMessage,
        item: ReadItem,
        accepted: Accepted,
        reject: &mut dyn FnMut(&Rejection<'_>),
    ) -> Result<Fate, IntakeError> {
        let Accepted { record, content, number, employer } = accepted;
        if self.tables.has(&content) || self.seen.contains(&content) {
            self.counts.duplicates += 1;
            return Ok(Fate::Duplicate);
        }
        let draft = self.drafts.len();
        match (number, employer) {
            // Only an employer's message has no number, and it names its employer.
            (_, Some(employer)) => self.named(record, content, number, employer)?,
            (None, None) => self.drafts.push(Draft::Send { record, content, contract: None, earlier: None }),
            (Some(number), None) => match self.owner(&number)? {
                Some(Known::Several) => {
                    self.counts.rejected += 1;
                    reject(&Rejection::ambiguous(message, &item));
                    return Ok(Fate::Rejected);
                }
                Some(Known::One(tag, employer)) => {
                    let (record, earlier) = (record.with_deduced_employer(&employer)?, self.earlier(&number, tag));
                    self.drafts.push(Draft::Send { record, content, contract: None, earlier });
                }
                None => {
                    self.parked.entry(number).or_default().push(draft);
                    self.drafts.push(Draft::Park { record, content, number });
                }
            },
        }
        self.seen.insert(content);
        self.counts.flagged += u64::from(!item.findings.is_empty());
        Ok(Fate::Draft { draft, findings: item.findings })
    }

    fn named(
        &mut self,
        record: Record,
        content: Tag,
        number: Option<Tag>,
        employer: EmployerTag,
    ) -> Result<(), IntakeError> {
        let is_new = record.kind() == RecordKind::New;
        let contract = number.filter(|_| is_new).map(|number| (number, employer));
        let code = employer_of(&record);
        let earlier = number.and_then(|number| self.earlier(&number, employer));
        self.drafts.push(Draft::Send { record, content, contract, earlier });
        let (Some((number, _)), Some(code)) = (contract, code) else { return Ok(()) };
        let known = match self.owner(&number)? {
            None => Known::One(employer, code.clone()),
            Some(Known::One(same, code)) if same == employer => Known::One(same, code),
            Some(Known::One(..) | Known::Several) => Known::Several,
        };
        self.owners.insert(number, known);
        self.employers.entry(employer).or_insert_with(|| code.clone());
        self.take_along(&number, &code)
    }

    /// A record that an employer's contract with a number left before this window.
    fn earlier(&self, number: &Tag, employer: EmployerTag) -> Option<Handle> {
        match self.tables.owner(number)? {
            Owner::One(tag, handle) if tag == employer => Some(handle),
            Owner::One(..) | Owner::Several => None,
        }
    }

    /// Whose contract a number is, before this window and in it.
    fn owner(&mut self, number: &Tag) -> Result<Option<Known>, IntakeError> {
        match self.owners.get(number) {
            Some(Known::One(tag, code)) => return Ok(Some(Known::One(*tag, code.clone()))),
            Some(Known::Several) => return Ok(Some(Known::Several)),
            None => {}
        }
        match self.tables.owner(number) {
            None => Ok(None),
            Some(Owner::Several) => Ok(Some(Known::Several)),
            Some(Owner::One(tag, handle)) => {
                if let Some(code) = self.employers.get(&tag) {
                    return Ok(Some(Known::One(tag, code.clone())));
                }
                let code = employer_of(&open(self.vault, &handle)?);
                self.employers.extend(code.clone().map(|code| (tag, code)));
                Ok(code.map(|code| Known::One(tag, code)))
            }
        }
    }

    /// Sends what is parked under a number, as its employer's.
    fn take_along(&mut self, number: &Tag, employer: &Uscc) -> Result<(), IntakeError> {
        let number = *number;
        if self.unparked.insert(number) {
            let tables = self.tables;
            for handle in tables.parked(&number).iter().copied() {
                let record = open(self.vault, &handle)?.with_deduced_employer(employer)?;
                self.drafts.push(Draft::Unpark { record, number, handle });
            }
        }
        for place in self.parked.remove(&number).unwrap_or_default() {
            let to = self.drafts.len();
            let Some(draft) = self.drafts.get_mut(place) else { continue };
            if let Draft::Park { record, content, .. } = std::mem::replace(draft, Draft::Moved(to)) {
                let record = record.with_deduced_employer(employer)?;
                self.drafts.push(Draft::Send { record, content, contract: None, earlier: None });
            }
        }
        Ok(())
    }
}

fn employer_of(record: &Record) -> Option<Uscc> {
    record.employer().and_then(|code| Uscc::parse(&code).ok())
}

fn open(vault: &Vault, handle: &Handle) -> Result<Record, IntakeError> {
    let found = vault.find(handle);
    let sealed =
        found.ok_or_else(|| IntakeError::Nameless(handle.iter().map(|byte| format!("{byte:02x}")).collect()))?;
    Ok(vault.reveal(&sealed.commitment)?.record)
}
