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
    /// Document of somebody who may have a telephone abroad.
    FromAbroad,
    /// Term: fixed.
    FixedTerm,
    /// Term: open-ended.
    OpenEnded,
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
    /// Reason: the term ran out.
    Expiry,
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
        Self { version: 1, tables, counties: counties.collect() }
    }

    /// What a code means; `None` for one that is not in the table. Kinds of term are written `1` in
    /// one table of the annex and `01` in another, so there leading zeros do not count.
    #[must_use]
    pub fn meaning(&self, table: Table, code: &str) -> Option<Meaning> {
        let entries = self.tables.get(&table)?;
        let found = match table {
            Table::TermType => {
                let short = code.trim_start_matches('0');
                entries.iter().find(|(known, _)| known.trim_start_matches('0') == short).map(|(_, entry)| entry)
            }
            Table::IdType
            | Table::ContractCategory
            | Table::EmployeeCategory
            | Table::DissolutionReason
            | Table::TerminationReason
            | Table::FileRole => entries.get(code),
        };
        found.map(|entry| entry.meaning)
    }
}

impl Default for CodeTables {
    fn default() -> Self {
        Self::shipped()
    }
}

#[rustfmt::skip]
static SHIPPED: &[(Table, &str, &str, Meaning)] = &[
    (IdType, "01", "居民身份证", ResidentCard),
    (IdType, "02", "军官证", Plain),
    (IdType, "03", "武警警官证", Plain),
    (IdType, "04", "港澳居民来往内地通行证", FromAbroad),
    (IdType, "05", "港澳台居民居住证", FromAbroad),
    (IdType, "06", "台湾居民来往大陆通行证", FromAbroad),
    (IdType, "07", "外国人永久居留证", FromAbroad),
    (IdType, "08", "外国人护照", FromAbroad),
    (IdType, "90", "社会保障卡", Plain),
    (IdType, "99", "其他", FromAbroad),
    (TermType, "1", "固定期限", FixedTerm),
    (TermType, "2", "无固定期限", OpenEnded),
    (TermType, "3", "以完成一定工作任务为期限", Plain),
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
    (DissolutionReason, "384", "规章制度违法", ByWorker),
    (DissolutionReason, "385", "合同无效（用人单位原因）", ByWorker),
    (DissolutionReason, "386", "法律、行政法规规定的其他情形", ByWorker),
    (DissolutionReason, "387", "强迫劳动或违章指挥", ByWorker),
    (DissolutionReason, "391", "试用期内不符合录用条件", ByEmployer),
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
    (TerminationReason, "1", "合同期满", Expiry),
    (TerminationReason, "2", "劳动者开始依法享受基本养老保险待遇", Plain),
    (TerminationReason, "3", "劳动者死亡或被宣告死亡、失踪", Plain),
    (TerminationReason, "4", "用人单位被依法宣告破产", Plain),
    (TerminationReason, "5", "用人单位被吊销营业执照、责令关闭、撤销或提前解散", Plain),
    (TerminationReason, "6", "法律、行政法规规定的其他情形", Plain),
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
        assert_eq!(sizes, [10, 3, 6, 5, 23, 6, 6]);
        assert_eq!(sizes.iter().sum::<usize>(), SHIPPED.len(), "no code stands twice");
        assert_eq!(tables.counties.len(), 6463);
        assert!([370_102, 371_302, 110_101].iter().all(|county| tables.counties.contains(county)));
        assert!(!tables.counties.contains(&370_199));
    }

    #[test]
    fn kinds_of_term_are_compared_without_leading_zeros() {
        let tables = CodeTables::shipped();
        assert_eq!(tables.meaning(TermType, "1"), Some(FixedTerm));
        assert_eq!(tables.meaning(TermType, "01"), Some(FixedTerm));
        assert_eq!(tables.meaning(TermType, "4"), None);
        assert_eq!(tables.meaning(IdType, "1"), None);
    }

    #[test]
    fn tables_are_configuration() {
        let text = serde_json::to_string(&CodeTables::shipped()).unwrap();
        assert_eq!(serde_json::from_str::<CodeTables>(&text).unwrap(), CodeTables::shipped());
    }
}
