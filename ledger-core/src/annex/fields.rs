//! The field tables of the annex, as data.
//!
//! A field is named once, here. The validator, the slots of a record and `docs/annex-tables.md` are
//! made from these tables.

use super::codes::Table;

/// A named field.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    /// The annex's parameter name: the JSON key, to the letter.
    pub key: &'static str,
    /// The equal alias.
    pub alias: &'static str,
    /// What its text must be.
    pub format: Format,
}

/// What the text of a field must be, beyond its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line of text.
    Line,
    /// Name of a person.
    Name,
    /// Text that may have several lines.
    Lines,
    /// A contract number: one line, kept exactly as written.
    Number,
    /// Unified social credit code.
    Uscc,
    /// Number of an identity document; its type says more.
    DocumentNumber,
    /// Telephone number; the type of document says more.
    Phone,
    /// Day, `yyyyMMdd`.
    Date,
    /// One of these values, fixed by the annex.
    OneOf(&'static [&'static str]),
    /// A code of a code table.
    Code(Table),
    /// SHA-256 digest.
    Sha256,
    /// Size in bytes.
    Size,
    /// Media type (RFC 6838).
    MediaType,
    /// No text: a list of objects, which have a table of their own.
    List,
}

impl Format {
    /// The code table, for a code.
    #[must_use]
    pub const fn table(self) -> Option<Table> {
        match self {
            Self::Code(table) => Some(table),
            Self::Line | Self::Name | Self::Lines | Self::Number | Self::Uscc | Self::DocumentNumber => None,
            Self::Phone | Self::Date | Self::OneOf(_) | Self::Sha256 | Self::Size | Self::MediaType => None,
            Self::List => None,
        }
    }

    /// What to write, in Chinese: goes on behind 请填写.
    #[must_use]
    pub fn zh(self) -> String {
        match self {
            Self::OneOf(values) => return format!(" {}", values.join(" 或 ")),
            Self::Code(table) => return format!("代码表“{}”中的代码", table.title()),
            Self::Line => "文字",
            Self::Name => "证件上的姓名",
            Self::Lines => "文字（可分行）",
            Self::Number => "编号，与合同文本一致",
            Self::Uscc => " 18 位统一社会信用代码",
            Self::DocumentNumber => "证件号码",
            Self::Phone => " 11 位手机号；座机请写区号-号码，境外号码请写 + 和国家代码",
            Self::Date => " 8 位日期（如 20250131）",
            Self::Sha256 => " 64 位小写十六进制的 SHA-256 摘要",
            Self::Size => "字节数（如 1024）",
            Self::MediaType => "文件媒体类型（如 image/png）",
            Self::List => "列表",
        }
        .to_owned()
    }

    /// What to write, in English.
    #[must_use]
    pub fn en(self) -> String {
        match self {
            Self::OneOf(values) => return values.join(" or "),
            Self::Code(table) => return format!("a code of the table {}", table.name()),
            Self::Line => "a text",
            Self::Name => "the name in the document",
            Self::Lines => "a text, lines allowed",
            Self::Number => "the number, as in the contract",
            Self::Uscc => "the unified social credit code of 18 characters",
            Self::DocumentNumber => "the number of the document",
            Self::Phone => "a mobile number of 11 digits, a landline as area code-number, or + and the country's code",
            Self::Date => "a day in eight digits (as 20250131)",
            Self::Sha256 => "a SHA-256 digest of 64 lower-case hexadecimal digits",
            Self::Size => "a number of bytes (as 1024)",
            Self::MediaType => "a media type (as image/png)",
            Self::List => "a list",
        }
        .to_owned()
    }
}

/// What the annex has of a person's name. Above it a name is flagged, and recorded whole up to [`NAME_MAX`].
pub const ANNEX_NAME_MAX: usize = 20;
/// The longest name: 民委发〔2016〕33号 has twelve ministries take at least 50 characters.
pub const NAME_MAX: usize = 50;
/// What the annex has of a telephone.
pub const ANNEX_PHONE_MAX: usize = 20;

/// Whether a field must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Always.
    Mandatory,
    /// The annex has it, and it may be absent; a rule may ask for it.
    Optional,
    /// The annex does not have it; we take it where its silence would lose something.
    Extension,
}

/// A row of a table: a field, its greatest length in Unicode scalar values, and whether it must be
/// there.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The field.
    pub field: &'static Field,
    /// Greatest length.
    pub max: usize,
    /// Whether it must be there.
    pub need: Need,
}

macro_rules! fields {
    ($($name:ident: $key:literal $alias:literal $format:expr;)*) => {
        $(#[doc = $key] pub static $name: Field = Field { key: $key, alias: $alias, format: $format };)*
    };
}

fields! {
    UNIT_USCC: "单位统一信用代码" "unit_uscc" Format::Uscc;
    UNIT_NAME: "单位名称" "unit_name" Format::Line;
    LEGAL_REP_ID_TYPE: "法人证件类型" "legal_rep_id_type" Format::Code(Table::IdType);
    LEGAL_REP_ID_NO: "法人证件号码" "legal_rep_id_no" Format::DocumentNumber;
    LEGAL_REP_NAME: "法人姓名" "legal_rep_name" Format::Name;
    ADD_AGENT_FLAG: "新增授权人标志" "add_agent_flag" Format::OneOf(&["0", "1"]);
    AGENT_ID_TYPE: "授权人证件类型" "agent_id_type" Format::Code(Table::IdType);
    AGENT_NAME: "授权人姓名" "agent_name" Format::Name;
    AGENT_ID_NO: "授权人证件号码" "agent_id_no" Format::DocumentNumber;
    AGENT_PHONE: "授权人联系电话" "agent_phone" Format::Phone;

    NEW_CONTRACTS: "合同新订列表" "new_contracts" Format::List;
    CONTRACT_NO: "合同编号" "contract_no" Format::Number;
    CONTRACT_NAME: "合同名称" "contract_name" Format::Line;
    WORKER_ID_TYPE: "劳动者证件类型" "worker_id_type" Format::Code(Table::IdType);
    WORKER_NAME: "劳动者姓名" "worker_name" Format::Name;
    WORKER_ID_NO: "劳动者证件号码" "worker_id_no" Format::DocumentNumber;
    WORKER_PHONE: "劳动者联系电话" "worker_phone" Format::Phone;
    TERM_TYPE: "合同期限类别" "term_type" Format::Code(Table::TermType);
    TERM_START: "合同期限起始日期" "term_start" Format::Date;
    TERM_END: "合同期限终止日期" "term_end" Format::Date;
    EMPLOYEE_CATEGORY: "职工类别" "employee_category" Format::Code(Table::EmployeeCategory);
    CONTRACT_CATEGORY: "合同类别" "contract_category" Format::Code(Table::ContractCategory);
    HOST_UNIT_NAME: "用工单位名称" "host_unit_name" Format::Line;
    HOST_UNIT_LEGAL_REP: "用工单位法人" "host_unit_legal_rep" Format::Name;
    DISPATCH_START: "派遣起始日期" "dispatch_start" Format::Date;
    DISPATCH_END: "派遣终止日期" "dispatch_end" Format::Date;
    HOST_UNIT_USCC: "用工单位社会信用代码" "host_unit_uscc" Format::Uscc;

    DISSOLUTIONS: "解除合同信息列表" "dissolutions" Format::List;
    DISSOLUTION_REASON: "解除情形" "dissolution_reason" Format::Code(Table::DissolutionReason);
    DISSOLUTION_DATE: "合同解除日期" "dissolution_date" Format::Date;
    NOTICE_DATE: "告知时间" "notice_date" Format::Date;
    INITIATOR: "解除合同发起方" "initiator" Format::OneOf(&["1", "2"]);

    RENEWALS: "续签合同信息列表" "renewals" Format::List;
    ORIGINAL_SIGN_DATE: "原合同签订日期" "original_sign_date" Format::Date;
    UNIT_SIGN_DATE: "单位签订日期" "unit_sign_date" Format::Date;
    WORKER_SIGN_DATE: "个人签订日期" "worker_sign_date" Format::Date;

    TERMINATIONS: "终止合同信息列表" "terminations" Format::List;
    TERMINATION_REASON: "终止情形" "termination_reason" Format::Code(Table::TerminationReason);
    TERMINATION_DATE: "合同终止时间" "termination_date" Format::Date;
    TERMINATION_NOTE: "终止理由" "termination_note" Format::Lines;

    FILES: "合同文件" "files" Format::List;
    FILE_ROLE: "文件用途" "role" Format::Code(Table::FileRole);
    FILE_SHA256: "文件摘要" "sha256" Format::Sha256;
    FILE_SIZE: "文件大小" "size" Format::Size;
    FILE_MEDIA_TYPE: "文件媒体类型" "media_type" Format::MediaType;

    REASON: "理由" "reason" Format::Lines;
    DATE: "日期" "date" Format::Date;
    REASON_CODE: "理由代码" "reason_code" Format::Line;
    DOCUMENT_NO: "文书编号" "document_no" Format::Number;
    UNTIL: "截止日期" "until" Format::Date;
}

macro_rules! rows {
    ($($field:ident $max:literal $need:ident),* $(,)?) => {
        &[$(Row { field: &$field, max: $max, need: Need::$need }),*]
    };
}

/// The annex's five messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// 一、单位信息
    Employer,
    /// 二、新订合同信息
    New,
    /// 三、解除合同信息和合同文件
    Dissolve,
    /// 四、续签合同信息和合同文件
    Renew,
    /// 五、终止合同信息和合同文件
    Terminate,
}

impl MessageKind {
    /// The five, in the annex's order.
    pub const ALL: [Self; 5] = [Self::Employer, Self::New, Self::Dissolve, Self::Renew, Self::Terminate];

    /// The annex's heading.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Employer => "单位信息",
            Self::New => "新订合同信息",
            Self::Dissolve => "解除合同信息和合同文件",
            Self::Renew => "续签合同信息和合同文件",
            Self::Terminate => "终止合同信息和合同文件",
        }
    }

    /// The key of the list of items; an employer's message is one item without a list.
    #[must_use]
    pub fn list(self) -> Option<&'static Field> {
        match self {
            Self::Employer => None,
            Self::New => Some(&NEW_CONTRACTS),
            Self::Dissolve => Some(&DISSOLUTIONS),
            Self::Renew => Some(&RENEWALS),
            Self::Terminate => Some(&TERMINATIONS),
        }
    }

    /// The rows beside the list.
    #[must_use]
    pub fn envelope(self) -> &'static [Row] {
        static NEW: &[Row] = rows![UNIT_USCC 18 Mandatory];
        // Sections 3 to 5 name no employer; a contract number alone names no contract.
        static LATER: &[Row] = rows![UNIT_USCC 18 Extension];
        match self {
            Self::Employer => &[],
            Self::New => NEW,
            Self::Dissolve | Self::Renew | Self::Terminate => LATER,
        }
    }

    /// Items that one message may have: the annex says 50 in its sections 3 to 5, and nothing in section 2.
    #[must_use]
    pub const fn max_items(self) -> Option<usize> {
        match self {
            Self::Employer | Self::New => None,
            Self::Dissolve | Self::Renew | Self::Terminate => Some(50),
        }
    }

    /// Whether an item may have [`FILES`].
    #[must_use]
    pub fn has_files(self) -> bool {
        self != Self::Employer
    }

    /// Every row that says something of one item: beside the list, then in it. Records keep this
    /// order.
    pub fn rows(self) -> impl Iterator<Item = &'static Row> {
        self.envelope().iter().chain(self.item())
    }

    /// The rows of one item.
    #[must_use]
    pub fn item(self) -> &'static [Row] {
        match self {
            Self::Employer => EMPLOYER,
            Self::New => NEW,
            Self::Dissolve => DISSOLVE,
            Self::Renew => RENEW,
            Self::Terminate => TERMINATE,
        }
    }
}

// The annex has 20 for a person's name and for a telephone: a longer one is flagged, and recorded whole.

static EMPLOYER: &[Row] = rows![
    UNIT_USCC 18 Mandatory,
    UNIT_NAME 100 Mandatory,
    LEGAL_REP_ID_TYPE 2 Mandatory,
    LEGAL_REP_ID_NO 20 Mandatory,
    LEGAL_REP_NAME 50 Mandatory,
    ADD_AGENT_FLAG 1 Mandatory,
    AGENT_ID_TYPE 2 Optional,
    AGENT_NAME 50 Optional,
    AGENT_ID_NO 20 Optional,
    AGENT_PHONE 100 Optional,
];

static NEW: &[Row] = rows![
    CONTRACT_NO 100 Mandatory,
    CONTRACT_NAME 20 Mandatory,
    WORKER_ID_TYPE 2 Mandatory,
    WORKER_NAME 50 Mandatory,
    WORKER_ID_NO 20 Mandatory,
    WORKER_PHONE 100 Mandatory,
    TERM_TYPE 2 Mandatory,
    TERM_START 8 Mandatory,
    TERM_END 8 Optional,
    EMPLOYEE_CATEGORY 2 Mandatory,
    CONTRACT_CATEGORY 2 Mandatory,
    // The annex has 20 here, and 100 for the same name in the employer's message.
    HOST_UNIT_NAME 100 Optional,
    HOST_UNIT_LEGAL_REP 50 Optional,
    DISPATCH_START 8 Optional,
    DISPATCH_END 8 Optional,
    HOST_UNIT_USCC 18 Optional,
    // A renewal asks for the day on which the contract was signed; only here can it be given.
    UNIT_SIGN_DATE 8 Extension,
    WORKER_SIGN_DATE 8 Extension,
];

// The annex has 50 for the contract number from here on: a longer one could be made, never ended.

static DISSOLVE: &[Row] = rows![
    CONTRACT_NO 100 Mandatory,
    DISSOLUTION_REASON 3 Mandatory,
    DISSOLUTION_DATE 8 Mandatory,
    NOTICE_DATE 8 Mandatory,
    INITIATOR 1 Mandatory,
];

static RENEW: &[Row] = rows![
    CONTRACT_NO 100 Mandatory,
    // The annex has 1 here and 2 for new contracts.
    TERM_TYPE 2 Mandatory,
    TERM_START 8 Mandatory,
    TERM_END 8 Optional,
    ORIGINAL_SIGN_DATE 8 Mandatory,
    UNIT_SIGN_DATE 8 Mandatory,
    WORKER_SIGN_DATE 8 Mandatory,
];

static TERMINATE: &[Row] = rows![
    CONTRACT_NO 100 Mandatory,
    TERMINATION_REASON 1 Mandatory,
    TERMINATION_DATE 8 Mandatory,
    NOTICE_DATE 8 Mandatory,
    TERMINATION_NOTE 500 Optional,
];

/// The employer as an item names it, which is read beside its rows: it has one slot, whichever place it was sent in.
pub static ITEM_EMPLOYER: &[Row] = rows![UNIT_USCC 18 Extension];

/// The five fields of labour dispatch. The annex has them optional, so nothing in them keeps a contract out.
pub static DISPATCH: [&Field; 5] =
    [&HOST_UNIT_NAME, &HOST_UNIT_LEGAL_REP, &DISPATCH_START, &DISPATCH_END, &HOST_UNIT_USCC];

/// The rows of one entry of [`FILES`], which may stand in every item but an employer's.
pub static FILE: &[Row] = rows![
    FILE_ROLE 32 Mandatory,
    FILE_SHA256 64 Mandatory,
    FILE_SIZE 15 Mandatory,
    FILE_MEDIA_TYPE 100 Mandatory,
];

/// The fields of the kinds that the annex does not have: correct, void, amend and so on.
pub static EXTENSION: &[Row] = rows![
    UNIT_USCC 18 Mandatory,
    CONTRACT_NO 100 Optional,
    REASON 500 Optional,
    DATE 8 Optional,
    REASON_CODE 32 Optional,
    // Of the order, judgment or agreement that is behind it.
    DOCUMENT_NO 100 Optional,
    // The end of a suspension.
    UNTIL 8 Optional,
];

/// The tables as Markdown, for `docs/annex-tables.md`.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# The annex's field tables\n\nMade from `ledger-core/src/annex/fields.rs`. A record's slots have this order.\n",
    );
    for kind in MessageKind::ALL {
        table(&mut text, kind.title(), kind.rows(), kind.list());
        if kind.list().is_some() {
            let max =
                kind.max_items().map_or_else(|| "no maximum but the message's bytes".to_owned(), |max| max.to_string());
            text.push_str(&format!(
                "\nItems: {max}. An item may name its employer itself, by `{}`; where both are given they agree.\n",
                UNIT_USCC.key
            ));
        }
    }
    table(&mut text, FILES.key, FILE, Some(&FILES));
    table(
        &mut text,
        "Extensions: correct, void, amend, suspend, resume, attach, reopen, transfer, erase",
        EXTENSION,
        None,
    );
    text
}

fn table(text: &mut String, title: &str, rows: impl IntoIterator<Item = &'static Row>, list: Option<&Field>) {
    text.push_str(&format!("\n## {title}\n\n"));
    if let Some(list) = list {
        text.push_str(&format!("List: `{}` (`{}`)\n\n", list.key, list.alias));
    }
    text.push_str("| parameter | alias | max | need | format |\n|---|---|---|---|---|\n");
    for Row { field, max, need } in rows {
        let format = match field.format {
            Format::OneOf(values) => values.join(" or "),
            Format::Code(table) => format!("code table {}", table.name()),
            Format::Line => "text".to_owned(),
            Format::Name => "name of a person".to_owned(),
            Format::Lines => "text, lines allowed".to_owned(),
            Format::Number => "text, exactly as written".to_owned(),
            Format::Uscc => "GB 32100".to_owned(),
            Format::DocumentNumber => "by the type of document".to_owned(),
            Format::Phone => "telephone number".to_owned(),
            Format::Date => "yyyyMMdd".to_owned(),
            Format::Sha256 => "64 hexadecimal digits".to_owned(),
            Format::Size => "decimal digits".to_owned(),
            Format::MediaType => "media type".to_owned(),
            Format::List => "list".to_owned(),
        };
        let need = match need {
            Need::Mandatory => "mandatory",
            Need::Optional => "optional",
            Need::Extension => "optional, ours",
        };
        text.push_str(&format!("| `{}` | `{}` | {max} | {need} | {format} |\n", field.key, field.alias));
    }
}
