//! `docs/codes.md`: what a finding's code means and what to do, and the code tables, made from the tables of this
//! module.

use super::code::{Code, Effect};
use super::codes::{CodeTables, Table};

/// The page as Markdown.
#[must_use]
pub fn codes() -> String {
    let mut text = String::from(HEAD);
    for (effect, title, about) in SECTIONS {
        text.push_str(&format!("\n## {title}\n\n{about}\n\n"));
        text.push_str(
            "| code | what is wrong or odd · 问题 | what to do · 处理办法 | follows · 依据 |\n|---|---|---|---|\n",
        );
        for code in Code::ALL.iter().filter(|code| code.effect() == *effect) {
            let (zh_help, en_help) = (
                code.zh_help().replace("{kind}", "该项应填的内容"),
                code.en_help().replace("{kind}", "what the field asks for"),
            );
            text.push_str(&format!(
                "| `{code}` | {}<br>{} | {en_help}<br>{zh_help} | {} |\n",
                code.en(),
                code.zh(),
                code.source()
            ));
        }
    }
    tables(&mut text, &CodeTables::shipped());
    text
}

const HEAD: &str = "# Codes · 代码

Made from `ledger-core/src/annex/code.rs` and `codes.rs`. A program compares the code; a person reads the text, which
names the field, what is wrong and what to do, and never the value. Names of codes do not change: that of
`TERM_END_NOT_AFTER_START` and of `DISPATCH_END_NOT_AFTER_START` is older than the rule, by which an end on the first day
is lawful. The fields stand in [annex-tables.md](annex-tables.md).
";

static SECTIONS: &[(Effect, &str, &str)] = &[
    (Effect::Refuses, "The message is not read · 报文退回", "Nothing of it is recorded. 整份报文未记录。"),
    (
        Effect::RefusesOrRejects,
        "The message or the item · 报文或该条退回",
        "About the message or its list: nothing is read. About an item: the item is not recorded, and harms no other. \
         涉及报文或列表的，整份未记录；涉及某一条的，仅该条未记录。",
    ),
    (Effect::Rejects, "The item is not recorded · 退回", "It harms no other item. 该条未记录，不影响其他各条。"),
    (
        Effect::RejectsOrFlags,
        "By the field · 退回或附提示",
        "The item is not recorded; or recorded and flagged, where the field is a telephone or one of the dispatch's, where \
         the text is a name and not a contract number, or where unknown keys and codes are not kept out. \
         视信息项和节点设置，退回或附提示。",
    ),
    (
        Effect::Flags,
        "The item is recorded and flagged · 附提示",
        "What is odd in law is no reason to lose the evidence of it. 已记录，并附提示。",
    ),
    (
        Effect::Intake,
        "By the node that takes in · 由收件节点判断",
        "It knows what was recorded before. 依据此前的记录。",
    ),
];

fn tables(text: &mut String, tables: &CodeTables) {
    text.push_str(&format!(
        "\n## Code tables · 代码表\n\nVersion {}, as shipped; each record names the version by which it was judged. The annex names no \
         codes: kinds are the law's, numbers are ours until the province publishes its own. Leading zeros do not count: \
         `1` is `01`.\n",
        tables.version
    ));
    for table in Table::ALL {
        text.push_str(&format!(
            "\n### {} · `{}`\n\n{}\n\n| code | text · 含义 | means to the rules |\n|---|---|---|\n",
            table.title(),
            table.name(),
            table.source()
        ));
        for (code, entry) in tables.tables.get(&table).into_iter().flatten() {
            let meaning = serde_json::to_value(entry.meaning).unwrap_or_default();
            let meaning = meaning.as_str().filter(|meaning| *meaning != "plain").unwrap_or("–").replace('_', " ");
            text.push_str(&format!("| `{code}` | {} | {meaning} |\n", entry.text));
        }
    }
}
