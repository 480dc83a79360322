//! Items and messages as the annex writes them.

use super::calendar::Day;
use super::life::{Batch, Length, Life, Term, What};
use super::people::{Employer, Person};
use std::borrow::Cow;

/// Items that one message may have.
pub(super) const MAX_ITEMS: usize = 50;
/// Bytes that one message may have.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// A field: the annex's parameter name, and its alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) &'static str, pub(super) &'static str);

macro_rules! keys {
    ($($name:ident $key:literal $alias:literal;)*) => {
        $(#[doc = $key] pub(super) const $name: Key = Key($key, $alias);)*
    };
}

keys! {
    UNIT_USCC "单位统一信用代码" "unit_uscc";
    UNIT_NAME "单位名称" "unit_name";
    LEGAL_REP_ID_TYPE "法人证件类型" "legal_rep_id_type";
    LEGAL_REP_ID_NO "法人证件号码" "legal_rep_id_no";
    LEGAL_REP_NAME "法人姓名" "legal_rep_name";
    ADD_AGENT_FLAG "新增授权人标志" "add_agent_flag";
    AGENT_ID_TYPE "授权人证件类型" "agent_id_type";
    AGENT_NAME "授权人姓名" "agent_name";
    AGENT_ID_NO "授权人证件号码" "agent_id_no";
    AGENT_PHONE "授权人联系电话" "agent_phone";
    CONTRACT_NO "合同编号" "contract_no";
    CONTRACT_NAME "合同名称" "contract_name";
    WORKER_ID_TYPE "劳动者证件类型" "worker_id_type";
    WORKER_NAME "劳动者姓名" "worker_name";
    WORKER_ID_NO "劳动者证件号码" "worker_id_no";
    WORKER_PHONE "劳动者联系电话" "worker_phone";
    TERM_TYPE "合同期限类别" "term_type";
    TERM_START "合同期限起始日期" "term_start";
    TERM_END "合同期限终止日期" "term_end";
    EMPLOYEE_CATEGORY "职工类别" "employee_category";
    CONTRACT_CATEGORY "合同类别" "contract_category";
    HOST_UNIT_NAME "用工单位名称" "host_unit_name";
    HOST_UNIT_LEGAL_REP "用工单位法人" "host_unit_legal_rep";
    DISPATCH_START "派遣起始日期" "dispatch_start";
    DISPATCH_END "派遣终止日期" "dispatch_end";
    HOST_UNIT_USCC "用工单位社会信用代码" "host_unit_uscc";
    DISSOLUTION_REASON "解除情形" "dissolution_reason";
    DISSOLUTION_DATE "合同解除日期" "dissolution_date";
    NOTICE_DATE "告知时间" "notice_date";
    INITIATOR "解除合同发起方" "initiator";
    ORIGINAL_SIGN_DATE "原合同签订日期" "original_sign_date";
    UNIT_SIGN_DATE "单位签订日期" "unit_sign_date";
    WORKER_SIGN_DATE "个人签订日期" "worker_sign_date";
    TERMINATION_REASON "终止情形" "termination_reason";
    TERMINATION_DATE "合同终止时间" "termination_date";
    TERMINATION_NOTE "终止理由" "termination_note";
    FILES "合同文件" "files";
}

/// The annex's messages, in the order in which one day's are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Employer,
    New,
    Renew,
    Dissolve,
    Terminate,
}

impl Kind {
    /// The word in file names and counts.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Employer => "employer",
            Self::New => "new",
            Self::Renew => "renewal",
            Self::Dissolve => "dissolution",
            Self::Terminate => "termination",
        }
    }

    /// The key of its list; an employer's message has none.
    pub(super) const fn list(self) -> Option<Key> {
        match self {
            Self::Employer => None,
            Self::New => Some(Key("合同新订列表", "new_contracts")),
            Self::Renew => Some(Key("续签合同信息列表", "renewals")),
            Self::Dissolve => Some(Key("解除合同信息列表", "dissolutions")),
            Self::Terminate => Some(Key("终止合同信息列表", "terminations")),
        }
    }
}

/// What stands in a field.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// JSON as it is, where something other than a text is wanted.
    Json(Cow<'static, str>),
}

/// One item: fields in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Item(Vec<(Key, Value)>);

impl Item {
    fn new() -> Self {
        Self(Vec::with_capacity(20))
    }

    /// Adds a field.
    pub(super) fn with(mut self, key: Key, text: impl Into<Cow<'static, str>>) -> Self {
        self.0.push((key, Value::Text(text.into())));
        self
    }

    fn with_day(self, key: Key, day: Day) -> Self {
        self.with(key, day.to_string())
    }

    fn with_term(self, term: &Term, code: &'static str) -> Self {
        let item = self.with(TERM_TYPE, code).with_day(TERM_START, term.start);
        match term.end {
            Some(end) => item.with_day(TERM_END, end),
            None => item,
        }
    }

    /// The text of a field.
    pub(super) fn text(&self, key: Key) -> &str {
        match self.0.iter().find(|(found, _)| *found == key) {
            Some((_, Value::Text(text))) => text,
            Some((_, Value::Json(_))) | None => "",
        }
    }

    /// Puts another value into a field, or adds the field.
    pub(super) fn set(&mut self, key: Key, value: Value) {
        match self.0.iter_mut().find(|(found, _)| *found == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// The same with a text.
    pub(super) fn set_text(&mut self, key: Key, text: impl Into<Cow<'static, str>>) {
        self.set(key, Value::Text(text.into()));
    }

    /// Adds a field even where it stands already.
    pub(super) fn push(&mut self, key: Key, value: Value) {
        self.0.push((key, value));
    }

    /// Takes a field out.
    pub(super) fn remove(&mut self, key: Key) {
        self.0.retain(|(found, _)| *found != key);
    }

    /// Appends the item as JSON.
    pub(super) fn write(&self, to: &mut String, aliases: bool) {
        to.push('{');
        for (place, (key, value)) in self.0.iter().enumerate() {
            if place > 0 {
                to.push(',');
            }
            write_text(to, if aliases { key.1 } else { key.0 });
            to.push(':');
            match value {
                Value::Text(text) => write_text(to, text),
                Value::Json(json) => to.push_str(json),
            }
        }
        to.push('}');
    }
}

/// Appends a JSON string.
fn write_text(to: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        to.push('"');
        to.push_str(text);
        to.push('"');
    } else {
        // A `Value` of text has no way to fail.
        to.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// A message: one employer, or a list of items one on a line.
pub(super) fn message(kind: Kind, employer: Option<&str>, items: &[Item], aliases: bool) -> String {
    let mut text = String::with_capacity(700 * items.len() + 100);
    let Some(list) = kind.list() else {
        items.iter().for_each(|item| item.write(&mut text, aliases));
        text.push('\n');
        return text;
    };
    let name = |key: Key| if aliases { key.1 } else { key.0 };
    text.push('{');
    if let Some(uscc) = employer {
        write_text(&mut text, name(UNIT_USCC));
        text.push(':');
        write_text(&mut text, uscc);
        text.push(',');
    }
    write_text(&mut text, name(list));
    text.push_str(":[\n");
    for (place, item) in items.iter().enumerate() {
        text.push_str(if place > 0 { ",\n" } else { "" });
        item.write(&mut text, aliases);
    }
    text.push_str("\n]}\n");
    text
}

/// An employer's own message; the agent is said only when there is one.
pub(super) fn employer(employer: &Employer, legal_rep: &Person) -> Item {
    let item = Item::new()
        .with(UNIT_USCC, employer.uscc.clone())
        .with(UNIT_NAME, employer.name.clone())
        .with(LEGAL_REP_ID_TYPE, legal_rep.id_type)
        .with(LEGAL_REP_ID_NO, legal_rep.id_no.clone())
        .with(LEGAL_REP_NAME, legal_rep.name.clone());
    match &employer.agent {
        None => item.with(ADD_AGENT_FLAG, "0"),
        Some(agent) => item
            .with(ADD_AGENT_FLAG, "1")
            .with(AGENT_ID_TYPE, agent.id_type)
            .with(AGENT_NAME, agent.name.clone())
            .with(AGENT_ID_NO, agent.id_no.clone())
            .with(AGENT_PHONE, agent.phone.clone()),
    }
}

/// A new contract.
pub(super) fn new(
    life: &Life,
    batch: &Batch,
    contract: u32,
    employer: &Employer,
    worker: &Person,
    host: Option<&Employer>,
) -> Item {
    // The annex writes kinds of term with two digits here and with one in renewals.
    let two_digits = match life.first.length {
        Length::Fixed => "01",
        Length::Open => "02",
        Length::Task => "03",
    };
    let code = if employer.signing_days { two_digits } else { life.first.length.code() };
    let item = Item::new()
        .with(CONTRACT_NO, contract_no(batch, contract, employer))
        .with(CONTRACT_NAME, "劳动合同书")
        .with(WORKER_ID_TYPE, worker.id_type)
        .with(WORKER_NAME, worker.name.clone())
        .with(WORKER_ID_NO, worker.id_no.clone())
        .with(WORKER_PHONE, worker.phone.clone())
        .with_term(&life.first, code)
        .with(EMPLOYEE_CATEGORY, employee_category(worker, contract))
        .with(CONTRACT_CATEGORY, contract_category(life, employer));
    let item = match host {
        None => item,
        Some(host) => item
            .with(HOST_UNIT_NAME, host.name.clone())
            .with(HOST_UNIT_LEGAL_REP, host.legal_rep.name.clone())
            .with_day(DISPATCH_START, life.first.start)
            .with_day(DISPATCH_END, life.first.end.unwrap_or(life.first.start))
            .with(HOST_UNIT_USCC, host.uscc.clone()),
    };
    if employer.signing_days {
        item.with_day(UNIT_SIGN_DATE, batch.signed).with_day(WORKER_SIGN_DATE, batch.signed)
    } else {
        item
    }
}

/// What happened to a contract later.
pub(super) fn step(what: &What, batch: &Batch, contract: u32, employer: &Employer) -> Item {
    let item = Item::new().with(CONTRACT_NO, contract_no(batch, contract, employer));
    match what {
        What::Renew { signed, term } => item
            .with_term(term, term.length.code())
            .with_day(ORIGINAL_SIGN_DATE, batch.signed)
            .with_day(UNIT_SIGN_DATE, *signed)
            .with_day(WORKER_SIGN_DATE, signed.plus(1)),
        What::Dissolve { reason: (code, initiator, _), day, notice } => item
            .with(DISSOLUTION_REASON, *code)
            .with_day(DISSOLUTION_DATE, *day)
            .with_day(NOTICE_DATE, *notice)
            .with(INITIATOR, *initiator),
        What::Terminate { reason, day, notice, note } => {
            let item =
                item.with(TERMINATION_REASON, *reason).with_day(TERMINATION_DATE, *day).with_day(NOTICE_DATE, *notice);
            match note {
                Some(note) => item.with(TERMINATION_NOTE, *note),
                None => item,
            }
        }
    }
}

/// Numbers in the style of several platforms; one in two hundred is longer than the 50 characters that
/// the annex allows in its later tables.
fn contract_no(batch: &Batch, contract: u32, employer: &Employer) -> String {
    let year = batch.signed.year();
    match contract % 200 {
        7 => format!(
            "{}电子劳动合同签署服务平台存量合同补录专用编号〔{year}〕第{contract:08}号之正本一式两份双方各执一份",
            employer.name
        ),
        0..=9 => format!("鲁劳合字〔{year}〕第{contract:08}号"),
        10..=59 => format!("HT-{year}-{contract:08}"),
        _ => format!("LD{year}{}{contract:08}", employer.uscc.get(2..8).unwrap_or_default()),
    }
}

fn employee_category(worker: &Person, contract: u32) -> &'static str {
    match (worker.id_type, contract % 3) {
        ("01", 0) => "02",
        ("01", _) => "01",
        _ => "04",
    }
}

fn contract_category(life: &Life, employer: &Employer) -> &'static str {
    match () {
        () if life.dispatched => "02",
        () if employer.name.contains("建筑工程") => "03",
        () if employer.name.contains("物流") => "04",
        () => "01",
    }
}
