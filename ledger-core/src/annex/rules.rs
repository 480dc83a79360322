//! What must hold between the fields of one item.
//!
//! What makes an item contradict itself keeps it out. What is odd in law only flags it: evidence of
//! an unlawful act is evidence too. A code that is not known flags, and every rule that does not ask what it means
//! is applied all the same.

mod dispatch;
mod terms;

use super::codes::{Meaning, Table};
use super::fields::*;
use super::object::Object;
use super::{Code, Config, Date, Finding, Severity, documents, phone};

/// The four that say who acts for an employer.
static AGENT: [&Field; 4] = [&AGENT_ID_TYPE, &AGENT_NAME, &AGENT_ID_NO, &AGENT_PHONE];

/// Applies every rule to one item; `employer` is the one whose message it stands in, where it is known.
pub(super) fn apply(item: &Object<'_>, employer: Option<&str>, config: &Config, findings: &mut Vec<Finding>) {
    codes(item, config, findings);
    let mut rules = Rules { item, employer, config, findings };
    rules.agent();
    rules.person(&LEGAL_REP_ID_TYPE, &LEGAL_REP_ID_NO);
    rules.person(&WORKER_ID_TYPE, &WORKER_ID_NO);
    rules.phone(&WORKER_PHONE);
    if rules.adds_agent() {
        rules.person(&AGENT_ID_TYPE, &AGENT_ID_NO);
        rules.phone(&AGENT_PHONE);
    }
    rules.term();
    rules.days();
    rules.signatures();
    rules.age();
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
    employer: Option<&'r str>,
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

    /// The number of a document has the form that its type says.
    fn person(&mut self, id_type: &'static Field, id_no: &'static Field) {
        let Some(number) = self.item.get(id_no) else { return };
        let Some(meaning) = self.meaning(Table::IdType, id_type) else { return };
        if let Some((code, severity)) = documents::judge(meaning, number, &self.config.tables, self.config.today) {
            self.findings.push(self.item.finding(id_no, code, severity));
        }
    }

    /// 联系电话: has the form of a telephone number.
    fn phone(&mut self, field: &'static Field) {
        if self.item.get(field).is_some_and(|number| !phone::is_known(number)) {
            self.flag(field, Code::Phone);
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
            Meaning::ByEmployer | Meaning::ByEmployerInProbation => ("2", 0),
            Meaning::Plain | Meaning::Expiry | Meaning::Retirement => return,
            Meaning::ResidentCard | Meaning::Pass | Meaning::PassOrPermit | Meaning::TaiwanPass => return,
            Meaning::PermanentResidence | Meaning::ForeignPassport | Meaning::ChinesePassport => return,
            Meaning::Permit | Meaning::FixedTerm | Meaning::OpenEnded | Meaning::Task | Meaning::Dispatch => return,
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
