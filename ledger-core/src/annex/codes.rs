//! The code tables, as versioned data that a deployment may replace.
//!
//! The annex names no codes. Kinds of term, contract and reason are the law's and the notice's; the
//! numbers are ours until the province publishes its own, so rules ask for an entry's *meaning*, never
//! for its number.

use Meaning::*;
use Table::*;
use std::collections::{BTreeMap, BTreeSet};

/// Which table a code belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// 证件类型
    IdType,
    /// 合同期限类别 (Labour Contract Law, article 12)
    TermType,
    /// 合同类别
    ContractCategory,
    /// 职工类别
    EmployeeCategory,
    /// 解除情形 (Labour Contract Law, articles 36 to 41)
    DissolutionReason,
    /// 终止情形 (Labour Contract Law, article 44)
    TerminationReason,
    /// 文件用途
    FileRole,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::IdType,
        Self::TermType,
        Self::ContractCategory,
        Self::EmployeeCategory,
        Self::DissolutionReason,
        Self::TerminationReason,
        Self::FileRole,
    ];

    /// What it lists, in Chinese.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::IdType => "证件类型",
            Self::TermType => "合同期限类别",
            Self::ContractCategory => "合同类别",
            Self::EmployeeCategory => "职工类别",
            Self::DissolutionReason => "解除情形",
            Self::TerminationReason => "终止情形",
            Self::FileRole => "文件用途",
        }
    }

    /// Where its kinds, and its numbers, come from.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::IdType => "documents of the social-insurance card",
            Self::TermType => "Labour Contract Law 12; numbers as personnel systems use them",
            Self::ContractCategory => "鲁人社函〔2025〕2号; numbers are ours",
            Self::EmployeeCategory => "ours",
            Self::DissolutionReason => "Labour Contract Law 36 to 41 and 71: article and item are the number",
            Self::TerminationReason => "Labour Contract Law 44: its item is the number; 实施条例 21 for 7",
            Self::FileRole => "ours",
        }
    }

    /// Characters of the longest code that a field of it has room for.
    const fn max(self) -> usize {
        match self {
            Self::IdType | Self::TermType | Self::ContractCategory | Self::EmployeeCategory => 2,
            Self::DissolutionReason => 3,
            Self::TerminationReason => 1,
            Self::FileRole => 32,
        }
    }

    /// Name of the table, as in its configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdType => "id_type",
            Self::TermType => "term_type",
            Self::ContractCategory => "contract_category",
            Self::EmployeeCategory => "employee_category",
            Self::DissolutionReason => "dissolution_reason",
            Self::TerminationReason => "termination_reason",
            Self::FileRole => "file_role",
        }
    }
}

/// What a code means to the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// Nothing: no rule asks.
    Plain,
    /// Document: resident identity card, whose number follows GB 11643.
    ResidentCard,
    /// Document: pass of a resident of Hong Kong or Macao (回乡证), H or M and 8 or 10 digits.
    Pass,
    /// Document: such a pass, or a residence permit: its number says which.
    PassOrPermit,
    /// Document: pass of a resident of Taiwan (台胞证), 8 or 10 digits.
    TaiwanPass,
    /// Document: foreigner's permanent residence (GA 2102-2023, or 3 letters and 12 digits).
    PermanentResidence,
    /// Document: foreign passport.
    ForeignPassport,
    /// Document: Chinese passport.
    ChinesePassport,
    /// Document: residence permit of somebody from Hong Kong, Macao or Taiwan (国办发〔2018〕81号).
    Permit,
    /// Term: fixed.
    FixedTerm,
    /// Term: open-ended.
    OpenEnded,
    /// Term: until a task is done.
    Task,
    /// Contract: labour dispatch.
    Dispatch,
    /// Reason: the worker's alone.
    ByWorker,
    /// Reason: the worker's alone, with 30 days' notice.
    ByWorkerWith30Days,
    /// Reason: the worker's alone, with 3 days' notice, in probation.
    ByWorkerWith3Days,
    /// Reason: the employer's alone.
    ByEmployer,
    /// Reason: the employer's alone, in probation.
    ByEmployerInProbation,
    /// Reason: the term ran out.
    Expiry,
    /// Reason: the worker reached the statutory age of retirement.
    Retirement,
}

impl Meaning {
    /// The table whose codes may mean this; none for what means nothing.
    const fn table(self) -> Option<Table> {
        match self {
            Self::Plain => None,
            Self::ResidentCard | Self::Pass | Self::PassOrPermit | Self::TaiwanPass | Self::PermanentResidence => {
                Some(IdType)
            }
            Self::ForeignPassport | Self::ChinesePassport | Self::Permit => Some(IdType),
            Self::FixedTerm | Self::OpenEnded | Self::Task => Some(TermType),
            Self::Dispatch => Some(ContractCategory),
            Self::ByWorker | Self::ByWorkerWith30Days | Self::ByWorkerWith3Days => Some(DissolutionReason),
            Self::ByEmployer | Self::ByEmployerInProbation => Some(DissolutionReason),
            Self::Expiry | Self::Retirement => Some(TerminationReason),
        }
    }
}

/// An entry of a table.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Text for people.
    pub text: String,
    /// What it means to the rules.
    pub meaning: Meaning,
}

/// Why tables are not judged by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TablesError {
    /// No version.
    #[error("the code tables have version 0: give them a version from 1, and a new one with each change")]
    Version,
    /// A table without codes.
    #[error("the code table {0} is missing or empty: all of the annex's tables have to be there")]
    Missing(&'static str),
    /// A code that cannot be used.
    #[error("code {code} of the table {table}: {why}")]
    Entry {
        /// Which table.
        table: &'static str,
        /// Which code.
        code: String,
        /// What is wrong.
        why: &'static str,
    },
}

/// All tables of one version.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeTables {
    /// Which version this is.
    pub version: u32,
    /// Code to entry, for each table.
    pub tables: BTreeMap<Table, BTreeMap<String, Entry>>,
    /// GB/T 2260: the county codes.
    pub counties: BTreeSet<u32>,
}

impl CodeTables {
    /// The tables that ship with this version of the ledger.
    #[must_use]
    pub fn shipped() -> Self {
        let mut tables: BTreeMap<Table, BTreeMap<String, Entry>> = BTreeMap::new();
        for (table, code, text, meaning) in SHIPPED {
            let entry = Entry { text: (*text).to_owned(), meaning: *meaning };
            tables.entry(*table).or_default().insert((*code).to_owned(), entry);
        }
        let lines = include_str!("../../tables/counties.txt").lines().filter(|line| !line.starts_with('#'));
        let counties = lines.flat_map(|line| {
            let (prefecture, counties) = line.split_once(' ').unwrap_or_default();
            counties.split(' ').filter_map(move |county| format!("{prefecture}{county}").parse().ok())
        });
        Self { version: 2, tables, counties: counties.collect() }
    }

    /// What a code means; `None` for one that is not in the table. The annex has kinds of term of one character
    /// in one table and of two in another, and platforms write types of document either way: leading zeros do not
    /// count, so `1` is `01`.
    #[must_use]
    pub fn meaning(&self, table: Table, code: &str) -> Option<Meaning> {
        let entries = self.tables.get(&table)?;
        let short = code.trim_start_matches('0');
        entries.iter().find(|(known, _)| known.trim_start_matches('0') == short).map(|(_, entry)| entry.meaning)
    }

    /// Whether these tables can be judged by: each is there and has codes that its fields have room for, each once,
    /// with a text, and with a meaning that its rules ask for.
    ///
    /// # Errors
    /// [`TablesError`], which names the first code that is wrong.
    pub fn check(&self) -> Result<(), TablesError> {
        if self.version == 0 {
            return Err(TablesError::Version);
        }
        for table in Table::ALL {
            let entries = self.tables.get(&table).filter(|entries| !entries.is_empty());
            let entries = entries.ok_or(TablesError::Missing(table.name()))?;
            let mut known = BTreeSet::new();
            for (code, entry) in entries {
                let wrong = |why| Err(TablesError::Entry { table: table.name(), code: code.clone(), why });
                let short = code.trim_start_matches('0');
                if short.is_empty() || !code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    return wrong("a code is letters, digits or _, and not zeros alone");
                }
                if code.len() > table.max() {
                    return wrong("its fields have no room for a code of this length");
                }
                if !known.insert(short) {
                    return wrong("it stands twice, since leading zeros do not count");
                }
                if entry.text.trim().is_empty() {
                    return wrong("it has no text");
                }
                if entry.meaning.table().is_some_and(|of| of != table) {
                    return wrong("its meaning belongs to another table");
                }
            }
        }
        Ok(())
    }
}

impl Default for CodeTables {
    fn default() -> Self {
        Self::shipped()
    }
}

#[rustfmt::skip]
static SHIPPED: &[(Table, &str, &str, Meaning)] = &[
    (IdType, "01", "居民身份证（户口簿）", ResidentCard),
    (IdType, "02", "军官证", Plain),
    (IdType, "03", "警官证", Plain),
    (IdType, "04", "香港居民来往内地通行证", Pass),
    (IdType, "05", "澳门居民来往内地通行证（也有平台用于港澳台居民居住证）", PassOrPermit),
    (IdType, "06", "台湾居民来往大陆通行证", TaiwanPass),
    (IdType, "07", "外国人永久居留证", PermanentResidence),
    (IdType, "08", "外国人护照", ForeignPassport),
    (IdType, "09", "残疾人证", Plain),
    (IdType, "10", "军烈属证明", Plain),
    (IdType, "11", "外国人就业证", Plain),
    (IdType, "12", "外国专家证", Plain),
    (IdType, "13", "外国人常驻记者证", Plain),
    (IdType, "14", "台港澳人员就业证", Plain),
    (IdType, "15", "回国（来华）定居专家证", Plain),
    (IdType, "16", "中国护照", ChinesePassport),
    (IdType, "17", "港澳台居民居住证", Permit),
    (IdType, "90", "社会保障卡", Plain),
    (IdType, "99", "其他", Plain),
    (TermType, "1", "固定期限", FixedTerm),
    (TermType, "2", "无固定期限", OpenEnded),
    (TermType, "3", "以完成一定工作任务为期限", Task),
    (ContractCategory, "01", "通用", Plain),
    (ContractCategory, "02", "劳务派遣", Dispatch),
    (ContractCategory, "03", "建筑", Plain),
    (ContractCategory, "04", "快递", Plain),
    (ContractCategory, "05", "新业态", Plain),
    (ContractCategory, "99", "其他", Plain),
    (EmployeeCategory, "01", "城镇", Plain),
    (EmployeeCategory, "02", "农民工", Plain),
    (EmployeeCategory, "03", "港澳台", Plain),
    (EmployeeCategory, "04", "外籍", Plain),
    (EmployeeCategory, "99", "其他", Plain),
    (DissolutionReason, "361", "协商一致", Plain),
    (DissolutionReason, "371", "劳动者提前30日通知", ByWorkerWith30Days),
    (DissolutionReason, "372", "劳动者试用期内提前3日通知", ByWorkerWith3Days),
    (DissolutionReason, "381", "未提供劳动保护或劳动条件", ByWorker),
    (DissolutionReason, "382", "未及时足额支付劳动报酬", ByWorker),
    (DissolutionReason, "383", "未依法缴纳社会保险费", ByWorker),
    (DissolutionReason, "384", "规章制度违反法律、法规规定", ByWorker),
    (DissolutionReason, "385", "合同无效（用人单位原因）", ByWorker),
    (DissolutionReason, "386", "法律、行政法规规定的其他情形", ByWorker),
    (DissolutionReason, "387", "强迫劳动或违章指挥", ByWorker),
    (DissolutionReason, "391", "试用期内不符合录用条件", ByEmployerInProbation),
    (DissolutionReason, "392", "严重违反规章制度", ByEmployer),
    (DissolutionReason, "393", "严重失职、营私舞弊", ByEmployer),
    (DissolutionReason, "394", "双重劳动关系", ByEmployer),
    (DissolutionReason, "395", "合同无效（劳动者原因）", ByEmployer),
    (DissolutionReason, "396", "被依法追究刑事责任", ByEmployer),
    (DissolutionReason, "401", "医疗期满不能工作", ByEmployer),
    (DissolutionReason, "402", "不能胜任工作", ByEmployer),
    (DissolutionReason, "403", "客观情况发生重大变化", ByEmployer),
    (DissolutionReason, "411", "依照企业破产法重整", ByEmployer),
    (DissolutionReason, "412", "生产经营发生严重困难", ByEmployer),
    (DissolutionReason, "413", "转产、重大技术革新或经营方式调整", ByEmployer),
    (DissolutionReason, "414", "其他客观经济情况重大变化", ByEmployer),
    (DissolutionReason, "711", "非全日制用工任何一方通知终止用工", Plain),
    (TerminationReason, "1", "合同期满", Expiry),
    (TerminationReason, "2", "劳动者开始依法享受基本养老保险待遇", Plain),
    (TerminationReason, "3", "劳动者死亡或被宣告死亡、失踪", Plain),
    (TerminationReason, "4", "用人单位被依法宣告破产", Plain),
    (TerminationReason, "5", "用人单位被吊销营业执照、责令关闭、撤销或提前解散", Plain),
    (TerminationReason, "6", "法律、行政法规规定的其他情形", Plain),
    (TerminationReason, "7", "劳动者达到法定退休年龄", Retirement),
    (FileRole, "contract", "劳动合同文本", Plain),
    (FileRole, "attachment", "合同附件", Plain),
    (FileRole, "timestamp_token", "可信时间戳（RFC 3161）", Plain),
    (FileRole, "notice", "解除、终止或续签通知", Plain),
    (FileRole, "certificate", "解除或终止劳动合同证明", Plain),
    (FileRole, "other", "其他", Plain),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_tables() {
        let tables = CodeTables::shipped();
        let sizes: Vec<_> = tables.tables.values().map(BTreeMap::len).collect();
        assert_eq!(sizes, [19, 3, 6, 5, 24, 7, 6]);
        assert_eq!(sizes.iter().sum::<usize>(), SHIPPED.len(), "no code stands twice");
        assert_eq!(tables.counties.len(), 6463);
        assert!([370_102, 371_302, 110_101].iter().all(|county| tables.counties.contains(county)));
        assert!(!tables.counties.contains(&370_199));
    }

    #[test]
    fn codes_are_compared_without_leading_zeros() {
        let tables = CodeTables::shipped();
        assert_eq!(tables.meaning(TermType, "1"), Some(FixedTerm));
        assert_eq!(tables.meaning(TermType, "01"), Some(FixedTerm));
        assert_eq!(tables.meaning(IdType, "1"), Some(ResidentCard));
        assert_eq!(tables.meaning(IdType, "01"), Some(ResidentCard));
        for unknown in ["", "0", "00", "4 ", "10 "] {
            assert_eq!(tables.meaning(IdType, unknown), None, "{unknown}");
        }
        assert_eq!(tables.meaning(TermType, "4"), None);
    }

    #[test]
    fn tables_that_cannot_be_judged_by() {
        let check = |edit: fn(&mut CodeTables)| {
            let mut tables = CodeTables::shipped();
            edit(&mut tables);
            tables.check().map_err(|error| error.to_string())
        };
        assert_eq!(check(|_| ()), Ok(()));
        fn with(tables: &mut CodeTables, code: &str, text: &str, meaning: Meaning) {
            let entry = Entry { text: text.to_owned(), meaning };
            tables.tables.entry(TermType).or_default().insert(code.to_owned(), entry);
        }
        type Edit = fn(&mut CodeTables);
        let cases: [(Edit, &str); 8] = [
            (|tables| tables.version = 0, "version 0"),
            (|tables| drop(tables.tables.remove(&FileRole)), "table file_role is missing"),
            (|tables| tables.tables.entry(IdType).or_default().clear(), "table id_type is missing"),
            (|tables| with(tables, "123", "新", Plain), "code 123 of the table term_type: its fields have no room"),
            (|tables| with(tables, "01", "新", FixedTerm), "code 1 of the table term_type: it stands twice"),
            (|tables| with(tables, "4", " ", Plain), "code 4 of the table term_type: it has no text"),
            (|tables| with(tables, "4", "新", Expiry), "code 4 of the table term_type: its meaning belongs"),
            (|tables| with(tables, "00", "新", Plain), "code 00 of the table term_type: a code is"),
        ];
        for (edit, said) in cases {
            let error = check(edit).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn tables_are_configuration() {
        let text = serde_json::to_string(&CodeTables::shipped()).unwrap();
        assert_eq!(serde_json::from_str::<CodeTables>(&text).unwrap(), CodeTables::shipped());
    }
}
