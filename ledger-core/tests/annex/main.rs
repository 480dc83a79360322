//! The annex as data: every row of `annex_cases/`, and that the rows leave nothing out.
//!
//! `fields.tsv` has the field tables row by row; `clerk.tsv` what platforms really send, each with the reason for its
//! outcome; `life.tsv` what only shows beside the earlier records of a contract. A row edits the first item of a valid message and says exactly what is found. Edits stand between
//! semicolons: `key = json` sets a member, `+key = json` adds one more, `-key` removes one,
//! `key > other` renames one; `^` before a key means the message instead of the item. `item = json`
//! sets the item, `items = n` repeats it. `{n}x` after a JSON string repeats its text n times. Whole
//! messages are `raw = text`, `hex = digits`, and `many = n json` for a list of n equal values. In
//! findings `~` marks a flag, and `./` the item.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may fail by panicking")]

use ledger_core::annex::{
    Code, Config, Date, Effect, Finding, MessageKind, Need, Severity, codes, fields, pages, parse,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

mod life;
mod rows;
mod shared;

use rows::{bases, build};

static FIELDS: &str = include_str!("../annex_cases/fields.tsv");
static CLERK: &str = include_str!("../annex_cases/clerk.tsv");

fn config(strict: bool) -> Config {
    Config { strict, max_bytes: 1 << 20, ..Config::new(Date::new(2025, 11, 24).unwrap()) }
}

fn kind(name: &str) -> Option<MessageKind> {
    match name {
        "employer" => Some(MessageKind::Employer),
        "new" => Some(MessageKind::New),
        "dissolve" => Some(MessageKind::Dissolve),
        "renew" => Some(MessageKind::Renew),
        "terminate" => Some(MessageKind::Terminate),
        "any" => None,
        other => panic!("unknown kind {other}"),
    }
}

/// Verdict and findings of a message's first item, as a row writes them.
fn judge(bytes: &[u8], expected: Option<MessageKind>, config: &Config) -> (String, Vec<Finding>) {
    match parse(bytes, expected, config) {
        Err(error) => ("refused".to_owned() + &show(std::slice::from_ref(&error.finding), ""), vec![error.finding]),
        Ok(message) => {
            let first = &message.outcomes[0];
            let shown = first.verdict().as_str().to_owned() + &show(&first.findings, &first.pointer);
            (shown, first.findings.clone())
        }
    }
}

fn show(findings: &[Finding], item: &str) -> String {
    let one = |finding: &Finding| {
        let flag = if finding.severity == Severity::Flag { "~" } else { "" };
        let pointer = match finding.pointer.strip_prefix(item) {
            Some(rest) if !item.is_empty() => format!(".{rest}"),
            Some(_) | None => finding.pointer.clone(),
        };
        format!(" {flag}{}@{pointer}", finding.code)
    };
    findings.iter().map(one).collect()
}

/// What is said never repeats what was given.
fn check_texts(finding: &Finding, bytes: &[u8]) {
    let value = finding.value(bytes).unwrap_or_default().trim_matches('"');
    // A rule may name the one value that it is about.
    let is_personal = value.chars().count() > 3 && !value.starts_with(['{', '[']) && value != "99991231";
    for text in [finding.zh(), finding.en()] {
        assert!(!is_personal || !text.contains(value), "{text}");
    }
}

/// What the page of codes says that a rule does is what it does.
fn check_effect(finding: &Finding, refused: bool) {
    let fits = match finding.code.effect() {
        Effect::Refuses => refused,
        Effect::RefusesOrRejects => finding.severity == Severity::Error,
        Effect::Rejects => !refused && finding.severity == Severity::Error,
        Effect::RejectsOrFlags => !refused,
        Effect::Flags => finding.severity == Severity::Flag,
        Effect::Intake => false,
    };
    assert!(fits, "{} is {:?}, refused: {refused}", finding.code, finding.severity);
}

#[test]
fn every_case_and_nothing_left_out() {
    let configs = [config(false), config(true)];
    let bases = bases(FIELDS);
    let mut codes = BTreeSet::new();
    let mut touched = BTreeSet::new();
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    let is_row = |line: &&str| !line.is_empty() && !line.starts_with('#') && !line.starts_with("base\t");
    for line in FIELDS.lines().chain(CLERK.lines()).filter(is_row) {
        let columns: Vec<_> = line.split('\t').collect();
        let (name, base, edits, mode, outcome, expected) = match columns[..] {
            [name, base, edits, mode, outcome, expected] => (name, base, edits, mode, outcome, expected),
            [name, base, edits, mode, outcome, expected, why] if !why.is_empty() => {
                (name, base, edits, mode, outcome, expected)
            }
            _ => panic!("columns of {line}"),
        };
        assert!(names.insert(name), "{name} stands twice");
        let (asked, base) = match base.split_once(':') {
            Some((asked, base)) => (kind(asked), bases.get(base)),
            None => (None, Some(&bases[base])),
        };
        let bytes = build(base, edits);
        let modes = match mode {
            "lax" => &configs[..1],
            "strict" => &configs[1..],
            "both" => &configs[..],
            other => panic!("unknown mode {other}"),
        };
        for config in modes {
            let (found, findings) = judge(&bytes, asked, config);
            if found != format!("{outcome} {expected}").trim_end() {
                let message = String::from_utf8_lossy(&bytes).chars().take(600).collect::<String>();
                wrong.push(format!(
                    "{name}, strict {}: {outcome} {expected}\n  found {found}\n  in {message}",
                    config.strict
                ));
            }
            for finding in &findings {
                check_texts(finding, &bytes);
                check_effect(finding, found.starts_with("refused"));
                codes.insert(finding.code);
                touched.extend(finding.field.map(|field| (base.map(|base| base.kind), field.key)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(names.len() >= 950, "{} rows", names.len());

    codes.extend(life::codes());
    let told_here = |code: &&Code| code.effect() != Effect::Intake;
    let unhit: Vec<_> = Code::ALL.iter().filter(told_here).filter(|code| !codes.contains(code)).collect();
    assert!(unhit.is_empty(), "codes without a row: {unhit:?}");
    for kind in MessageKind::ALL {
        let files = if kind == MessageKind::New { fields::FILE } else { &[] };
        for row in kind.rows().chain(files) {
            assert!(touched.contains(&(Some(kind), row.field.key)), "{kind:?} has no row about {}", row.field.key);
        }
    }
}

#[test]
fn what_is_accepted_is_kept_as_written() {
    let text = r#"{"unit_uscc":"91370102MAFAKE019M","解除合同信息列表":[ {"contract_no":" Ａ-1 ","解除情形":"361",
        "合同解除日期":"20250630","告知时间":"20250601","解除合同发起方":"1","合同文件":[{"role":"notice",
        "sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":"0","media_type":"text/plain"}]} ]}"#;
    let message = parse(text.as_bytes(), None, &config(false)).unwrap();
    let outcome = &message.outcomes[0];
    let item = outcome.item.as_ref().unwrap();
    assert_eq!(item.employer(), Some("91370102MAFAKE019M"));
    assert_eq!(item.contract_no(), Some(" Ａ-1 "));
    assert_eq!(item.value(&fields::INITIATOR), Some("1"));
    assert_eq!(item.values().len(), item.kind().rows().count());
    assert_eq!((item.files()[0].size, &item.files()[0].sha256.0[..2]), (0, &[0xe3, 0xb0][..]));
    let raw = &text[outcome.span.clone()];
    assert!(raw.starts_with("{\"contract_no\"") && raw.ends_with("]}"), "{raw}");
    assert!(!format!("{message:?}").contains("Ａ-1"));
}

#[test]
fn outcomes_are_each_items_own() {
    let good = r#"{"合同编号":"1","终止情形":"1","合同终止时间":"20250630","告知时间":"20250601"}"#;
    let text = format!(r#"{{"终止合同信息列表":[{good},{{}},{good},7]}}"#);
    let message = parse(text.as_bytes(), None, &config(false)).unwrap();
    let verdicts: Vec<_> = message.outcomes.iter().map(|outcome| outcome.verdict().as_str()).collect();
    assert_eq!(verdicts, ["accepted", "rejected", "accepted", "rejected"]);
    assert_eq!(message.outcomes[3].pointer, "/终止合同信息列表/3");
}

#[test]
fn tables_may_be_replaced() {
    let mut config = config(true);
    let text =
        r#"{"终止合同信息列表":[{"合同编号":"1","终止情形":"8","合同终止时间":"20250630","告知时间":"20250601"}]}"#;
    let verdict = |config: &Config| parse(text.as_bytes(), None, config).unwrap().outcomes[0].verdict().as_str();
    assert_eq!(verdict(&config), "rejected");
    let entry = codes::Entry { text: "新情形".to_owned(), meaning: codes::Meaning::Plain };
    config.tables.tables.get_mut(&codes::Table::TerminationReason).unwrap().insert("8".to_owned(), entry);
    assert_eq!(verdict(&config), "accepted");
}

#[test]
fn a_refused_message_says_where() {
    let text = "{\n  \"终止合同信息列表\": [\n    {\"合同编号\": \"1\",}\n  ]\n}";
    let error = parse(text.as_bytes(), None, &config(false)).unwrap_err();
    assert_eq!((error.position.line, error.position.column), (3, 18));
    assert_eq!(
        error.to_string(),
        "line 3, column 18: JSON_SYNTAX: the message is not JSON: unexpected character; \
         have the platform's developers mend it at this line and column"
    );
    assert_eq!(error.finding.zh(), "报文不符合 JSON 语法，此处的字符不应出现；请由平台开发人员按行号和列号修改后报送");
}

#[test]
fn texts_name_field_rule_and_limit() {
    let text = format!(r#"{{"终止合同信息列表":[{{"contract_no":"{}"}}]}}"#, "9".repeat(101));
    let message = parse(text.as_bytes(), None, &config(false)).unwrap();
    let finding = &message.outcomes[0].findings[0];
    assert_eq!(finding.zh(), "合同编号：超过最大长度（最多 100 个字）；请核对后缩短，再重新报送");
    assert_eq!(
        finding.en(),
        "contract_no (合同编号) is too long (at most 100 characters); shorten it and send it again"
    );
    assert_eq!(finding.value(text.as_bytes()).map(str::len), Some(103));
}

#[test]
fn a_hostile_message_is_not_repeated() {
    let key = "k".repeat(60_000);
    let unknown: String = (0..9_000).map(|n| format!(r#""{n}":1,"#)).collect();
    let text = format!(r#"{{"{key}":1,{unknown}"终止合同信息列表":[{}]}}"#, vec!["{}"; 50].join(","));
    let message = parse(text.as_bytes(), None, &config(false)).unwrap();
    let said: usize = message.outcomes.iter().flat_map(|o| &o.findings).map(|finding| finding.pointer.len()).sum();
    assert!(said < text.len(), "{said}");
}

/// New contracts have no maximum but the message's bytes: the smallest that can be lawful, as many as 4 MiB hold, have
/// fewer values than a message may have.
#[test]
fn bytes_alone_bound_the_number_of_new_contracts() {
    let item = r#"{"contract_no":"1","contract_name":"1","worker_id_type":"99","worker_name":"A","worker_id_no":"1","worker_phone":"1","term_type":"3","term_start":"20250301","employee_category":"1","contract_category":"1"}"#;
    let room = (4 << 20) - 100;
    let items = vec![item; room / (item.len() + 1)];
    let text = format!(r#"{{"unit_uscc":"91370102MAFAKE019M","new_contracts":[{}]}}"#, items.join(","));
    let message = parse(text.as_bytes(), None, &Config::new(Date::new(2025, 11, 24).unwrap())).unwrap();
    assert!(message.outcomes.len() > 19_000 && message.outcomes.len() == items.len());
    assert!(message.outcomes.iter().all(|outcome| outcome.verdict() == ledger_core::annex::Verdict::Flagged));
    assert_eq!(message.outcomes[items.len() - 1].findings[0].code, Code::Phone);
}

/// What is told of a message is bounded: behind the bound each item is told the worst alone, and has the same verdict.
#[test]
fn of_very_many_items_each_is_told_the_worst() {
    let bad = r#"{"a":1,"b":1,"c":1,"d":1,"e":1}"#;
    let good = r#"{"contract_no":"1","contract_name":"1","worker_id_type":"99","worker_name":"A","worker_id_no":"1","worker_phone":"13800138000","term_type":"3","term_start":"20250301","employee_category":"1","contract_category":"1"}"#;
    let odd = good.replace("13800138000", "1");
    let bads = vec![bad; 20_000].join(",");
    let text = format!(r#"{{"unit_uscc":"91370102MAFAKE019M","new_contracts":[{bads},{good},{odd}]}}"#);
    let mut message = parse(text.as_bytes(), None, &config(false)).unwrap();
    let last: Vec<_> = message.outcomes.drain(20_000..).map(|outcome| outcome.verdict().as_str()).collect();
    assert_eq!(last, ["accepted", "flagged"]);
    let told: Vec<_> = message.outcomes.iter().map(|outcome| outcome.findings.len()).collect();
    assert_eq!((told[0], told[19_999]), (15, 1));
    assert!(told.iter().sum::<usize>() <= ledger_core::annex::MAX_FINDINGS + told.len());
    assert!(message.outcomes.iter().all(|outcome| outcome.findings.iter().any(|one| one.severity == Severity::Error)));
}

#[test]
fn tables_are_the_documented_ones() {
    let pages = [
        ("annex-tables.md", fields::markdown(), include_str!("../../../docs/annex-tables.md")),
        ("codes.md", pages::codes(), include_str!("../../../docs/codes.md")),
    ];
    for (name, made, written) in pages {
        #[allow(clippy::disallowed_methods, reason = "the command that writes the document is this test")]
        if std::env::var("LUQI_WRITE_DOCS").is_ok() {
            std::fs::write(format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR")), made).unwrap();
        } else {
            assert!(written == made, "docs/{name} is out of date: run this test once with LUQI_WRITE_DOCS=1");
        }
    }
    let mandatory = MessageKind::ALL.map(|kind| kind.rows().filter(|row| row.need == Need::Mandatory).count());
    assert_eq!(mandatory, [6, 11, 5, 6, 4], "as often as the annex says 必填");
}

proptest! {
    /// Damaged messages are refused or judged, and what is accepted has every mandatory field.
    #[test]
    fn damage_is_survived(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut: prop::sample::Index) {
        let config = config(false);
        let bases = FIELDS.lines().filter(|line| line.starts_with("base\t"));
        for base in bases.map(|line| line.split('\t').nth(3).unwrap()) {
            let mut bytes = base.as_bytes().to_vec();
            for (place, byte) in &edits {
                let place = place.index(bytes.len());
                bytes[place] = *byte;
            }
            // Now and then the end is missing too.
            if edits.len() == 5 {
                bytes.truncate(cut.index(bytes.len()));
            }
            for item in parse(&bytes, None, &config).into_iter().flat_map(|message| message.outcomes).filter_map(|o| o.item) {
                for (row, value) in item.kind().rows().zip(item.values()) {
                    prop_assert!(row.need != Need::Mandatory || value.as_ref().is_some_and(|value| !value.is_empty()));
                }
            }
        }
    }
}
