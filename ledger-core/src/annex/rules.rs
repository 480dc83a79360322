//! What must hold between the fields of one item.
//!
//! What makes an item contradict itself keeps it out. What is odd in law only flags it: evidence of
//! an unlawful act is evidence too.

use super::codes::{Meaning, Table};
use super::fields::*;
use super::format::{self, Reach};
use super::object::Object;
use super::resident_id::{ResidentId, ResidentIdError};
use super::{Code, Config, Date, Finding, Severity};

/// The five fields that come all or none.
static DISPATCH: [&Field; 5] = [&HOST_UNIT_NAME, &HOST_UNIT_LEGAL_REP, &DISPATCH_START, &DISPATCH_END, &HOST_UNIT_USCC];
/// The four that say who acts for an employer.
static AGENT: [&Field; 4] = [&AGENT_ID_TYPE, &AGENT_NAME, &AGENT_ID_NO, &AGENT_PHONE];

/// Applies every rule to one item.
pub(super) fn apply(item: &Object<'_>, config: &Config, findings: &mut Vec<Finding>) {
    codes(item, config, findings);
    let mut rules = Rules { item, config, findings };
    rules.agent();
    rules.person(&LEGAL_REP_ID_TYPE, &LEGAL_REP_ID_NO);
    rules.person(&WORKER_ID_TYPE, &WORKER_ID_NO);
    rules.phone(&WORKER_ID_TYPE, &WORKER_PHONE, false);
    if rules.adds_agent() {
        rules.person(&AGENT_ID_TYPE, &AGENT_ID_NO);
        rules.phone(&AGENT_ID_TYPE, &AGENT_PHONE, true);
    }
    rules.term();
    rules.dispatch();
    rules.notice(&DISSOLUTION_DATE);
    rules.notice(&TERMINATION_DATE);
    rules.dissolution();
}

/// Every code is in its table. What has no effect is not looked up.
pub(super) fn codes(object: &Object<'_>, config: &Config, findings: &mut Vec<Finding>) {
    let severity = if config.strict { Severity::Error } else { Severity::Flag };
    for (row, text) in object.texts() {
        let Some(table) = row.field.format.table() else { continue };
        let has_effect = *row.field != AGENT_ID_TYPE || object.get(&ADD_AGENT_FLAG) == Some("1");
        if has_effect && config.tables.meaning(table, text).is_none() {
            findings.push(object.finding(row.field, Code::UnknownCode, severity));
        }
    }
}

struct Rules<'r, 'j> {
    item: &'r Object<'j>,
    config: &'r Config,
    findings: &'r mut Vec<Finding>,
}

impl Rules<'_, '_> {
    fn error(&mut self, field: &'static Field, code: Code) {
        self.findings.push(self.item.finding(field, code, Severity::Error));
    }

    fn flag(&mut self, field: &'static Field, code: Code) {
        self.findings.push(self.item.finding(field, code, Severity::Flag));
    }

    fn date(&self, field: &Field) -> Option<Date> {
        self.item.get(field).and_then(Date::parse)
    }

    fn meaning(&self, table: Table, field: &Field) -> Option<Meaning> {
        self.config.tables.meaning(table, self.item.get(field)?)
    }

    fn adds_agent(&self) -> bool {
        self.item.get(&ADD_AGENT_FLAG) == Some("1")
    }

    /// 新增授权人标志: with 1 the agent's fields are mandatory, with 0 they have no effect.
    fn agent(&mut self) {
        for field in AGENT {
            match (self.item.get(&ADD_AGENT_FLAG), self.item.is_absent(field)) {
                (Some("1"), true) => self.error(field, Code::AgentRequired),
                (Some("0"), false) => self.flag(field, Code::AgentWithoutEffect),
                _ => {}
            }
        }
    }

    /// The number of a resident identity card follows GB 11643.
    fn person(&mut self, id_type: &'static Field, id_no: &'static Field) {
        let Some(number) = self.item.get(id_no) else { return };
        if self.meaning(Table::IdType, id_type) != Some(Meaning::ResidentCard) {
            return;
        }
        match ResidentId::parse(number, self.config.today) {
            Ok(id) => {
                let known = id.county().parse().is_ok_and(|county| self.config.tables.counties.contains(&county));
                if !known {
                    self.flag(id_no, Code::UnknownCounty);
                }
            }
            Err(ResidentIdError::Format) => self.error(id_no, Code::ResidentIdFormat),
            Err(ResidentIdError::Birth) => self.error(id_no, Code::ResidentIdBirth),
            Err(ResidentIdError::CheckDigit) => self.error(id_no, Code::ResidentIdCheckDigit),
            Err(ResidentIdError::Province) => self.error(id_no, Code::ResidentIdProvince),
        }
    }

    /// A mobile number; for whom the document says to be from abroad, any number with its country's
    /// code; for an agent, who may sit in an office, a landline too.
    fn phone(&mut self, id_type: &'static Field, phone: &'static Field, landline: bool) {
        let Some(number) = self.item.get(phone) else { return };
        // An unknown type of document was reported as such and is given the benefit of the doubt.
        let meaning = self.meaning(Table::IdType, id_type);
        let lawful = match format::phone(number) {
            Some(Reach::Mobile) => true,
            Some(Reach::Abroad) => matches!(meaning, None | Some(Meaning::FromAbroad)),
            Some(Reach::Landline) => landline,
            None => false,
        };
        if !lawful {
            self.error(phone, Code::Phone);
        }
    }

    /// 合同期限: a fixed term has an end after its start, an open-ended one has none.
    fn term(&mut self) {
        let kind = self.meaning(Table::TermType, &TERM_TYPE);
        if kind == Some(Meaning::FixedTerm) && self.item.is_absent(&TERM_END) {
            self.error(&TERM_END, Code::TermEndRequired);
        }
        let Some(end) = self.date(&TERM_END) else { return };
        if kind == Some(Meaning::OpenEnded) {
            // Some platforms write "for ever" as a date.
            if Some(end) == Date::new(9999, 12, 31) {
                self.flag(&TERM_END, Code::TermEndForever);
            } else {
                self.error(&TERM_END, Code::TermEndNotAllowed);
            }
        } else if self.date(&TERM_START).is_some_and(|start| end <= start) {
            self.error(&TERM_END, Code::TermEndNotAfterStart);
        }
    }

    /// 劳务派遣: the fields of the host unit come all or none, and are mandatory for the category;
    /// the contract is a fixed term of at least two years.
    fn dispatch(&mut self) {
        let is_dispatch = self.meaning(Table::ContractCategory, &CONTRACT_CATEGORY) == Some(Meaning::Dispatch);
        let begun = DISPATCH.iter().any(|field| !self.item.is_absent(field));
        for field in DISPATCH.into_iter().filter(|field| self.item.is_absent(field)) {
            if is_dispatch {
                self.error(field, Code::DispatchRequired);
            } else if begun {
                self.error(field, Code::DispatchIncomplete);
            }
        }
        if let (Some(start), Some(end)) = (self.date(&DISPATCH_START), self.date(&DISPATCH_END))
            && end <= start
        {
            self.error(&DISPATCH_END, Code::DispatchEndNotAfterStart);
        }
        let kind = self.meaning(Table::TermType, &TERM_TYPE);
        if !is_dispatch || kind.is_none() {
            return;
        }
        if kind != Some(Meaning::FixedTerm) {
            self.flag(&TERM_TYPE, Code::DispatchNotFixedTerm);
        } else if let (Some(start), Some(end)) = (self.date(&TERM_START), self.date(&TERM_END)) {
            // The last day is part of the term: 20250301 to 20270228 are two years.
            let two_years = start.plus_years(2).map_or(u32::MAX, |date| date.day_number().saturating_sub(1));
            if start < end && end.day_number() < two_years {
                self.flag(&TERM_END, Code::DispatchUnderTwoYears);
            }
        }
    }

    /// 告知时间: nobody is told after the fact.
    fn notice(&mut self, end: &'static Field) {
        if let (Some(notice), Some(end)) = (self.date(&NOTICE_DATE), self.date(end))
            && notice > end
        {
            self.flag(&NOTICE_DATE, Code::NoticeAfterEnd);
        }
    }

    /// 解除: the article that is the reason lets one party dissolve, and asks a worker for notice.
    fn dissolution(&mut self) {
        let Some(reason) = self.meaning(Table::DissolutionReason, &DISSOLUTION_REASON) else { return };
        let (party, days) = match reason {
            Meaning::ByWorkerWith30Days => ("1", 30),
            Meaning::ByWorkerWith3Days => ("1", 3),
            Meaning::ByWorker => ("1", 0),
            Meaning::ByEmployer => ("2", 0),
            Meaning::Plain
            | Meaning::ResidentCard
            | Meaning::FromAbroad
            | Meaning::FixedTerm
            | Meaning::OpenEnded
            | Meaning::Dispatch
            | Meaning::Expiry => return,
        };
        if self.item.get(&INITIATOR).is_some_and(|initiator| initiator != party) {
            self.flag(&INITIATOR, Code::InitiatorAgainstArticle);
        }
        if let (Some(notice), Some(end)) = (self.date(&NOTICE_DATE), self.date(&DISSOLUTION_DATE))
            && (0..days).contains(&notice.days_until(end))
        {
            self.flag(&NOTICE_DATE, Code::NoticeTooShort);
        }
    }
}
