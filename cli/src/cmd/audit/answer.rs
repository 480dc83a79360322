//! What an audit answers, for a program and for a person.

use crate::client::Url;
use crate::exit::Exit;
use crate::output::{BOLD, table};
use ledger_core::audit::{Bookmark, Extent, Finding, Report, Serves, Verdict};
use ledger_core::names::{BlockHash, Height, NodeNumber};
use serde::Serialize;
use std::fmt::{Display, Write as _};

/// No person reads more findings at once.
const SHOWN: usize = 20;

/// A report, what was odd on the way, and how long it took.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    #[serde(flatten)]
    report: Report,
    notes: Vec<String>,
    seconds: f64,
    /// Who serves what, where nodes were asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    nodes: Vec<NodeRow>,
}

/// What a node serves.
#[derive(Clone, Debug, Serialize)]
pub(super) struct NodeRow {
    pub(super) url: Url,
    pub(super) node: Option<NodeNumber>,
    pub(super) serves: Serves,
    /// Its last block that is sound.
    pub(super) height: Option<Height>,
    /// The hash of that.
    pub(super) tip: Option<BlockHash>,
    pub(super) why: Option<String>,
}

impl Answer {
    pub(super) fn new(report: Report, notes: Vec<String>, seconds: f64) -> Self {
        Self { report, notes, seconds, nodes: Vec::new() }
    }

    pub(super) fn of_nodes(report: Report, notes: Vec<String>, seconds: f64, nodes: Vec<NodeRow>) -> Self {
        Self { report, notes, seconds, nodes }
    }

    /// Takes up a remark.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    pub(super) const fn verdict(&self) -> Verdict {
        self.report.verdict
    }

    pub(super) const fn bookmark(&self) -> Option<&Bookmark> {
        self.report.bookmark.as_ref()
    }

    pub(super) const fn exit(&self) -> Exit {
        match self.report.verdict {
            Verdict::Holds => Exit::Holds,
            Verdict::Altered => Exit::Wrong,
            Verdict::Undecided => Exit::Undecided,
        }
    }

    pub(super) fn text(&self) -> String {
        let report = &self.report;
        let mut text = format!("{BOLD}{}{BOLD:#}\n\n", self.verdict_in_words());
        if !self.nodes.is_empty() {
            text.push_str(&who(&self.nodes));
            text.push('\n');
        }
        text.push_str(&self.checked());
        text.push('\n');
        text.push_str(&self.covered());
        if !report.findings.is_empty() {
            text.push('\n');
            text.push_str(&findings(&report.findings));
        }
        list(&mut text, "not checked 未核验", &report.unchecked);
        list(&mut text, "not looked at 未查看", &skipped(report));
        if let Some(extent) = &report.extent {
            text.push_str(&above(extent));
        }
        list(&mut text, "notes 备注 (no part of the verdict)", &self.notes);
        text
    }

    fn verdict_in_words(&self) -> String {
        let Report { verdict, height, at, .. } = &self.report;
        match (verdict, at, height) {
            (Verdict::Holds, _, Some(height)) => format!(
                "It holds: nothing was altered up to block {height}.\n账本完好：截至第 {height} 块，未发现任何改动。"
            ),
            (Verdict::Holds, _, None) => "It holds.\n账本完好。".to_owned(),
            (Verdict::Altered, Some(at), _) => {
                format!("It was altered, first at block {at}.\n账本已被改动：最早见于第 {at} 块。")
            }
            (Verdict::Altered, None, _) => "It was altered.\n账本已被改动。".to_owned(),
            (Verdict::Undecided, _, _) => {
                "Undecided: not enough is here to say whether it holds.\n无法判定：现有证据不足以作出结论。".to_owned()
            }
        }
    }

    /// What was verified, by which means, how fast.
    fn checked(&self) -> String {
        let checked = &self.report.checked;
        let rows = [
            (checked.blocks, "blocks 区块", "hashed, each linked to the one below"),
            (checked.events, "events 事件", "hashed into their submission and into the log"),
            (checked.submissions, "submissions 提交", "signature of the submitting node"),
            (checked.certificates, "certificates 证书", "signatures of more than two thirds of the voting power"),
            (checked.map_roots, "map roots 合同状态根", "contracts folded again from the log, and hashed"),
            (checked.subjects, "contracts 合同", "folded"),
        ];
        let rows = rows.map(|(count, what, means)| [what.to_owned(), count.to_string(), means.to_owned()]);
        let mut text = table(["verified 已核验", "number", "by which means"], &rows);
        let rate = checked.events as f64 / self.seconds.max(1e-3);
        let _ = writeln!(text, "{:.1} s, {rate:.0} events/s", self.seconds);
        text
    }

    /// How far who vouches.
    fn covered(&self) -> String {
        let Report { height, events, tip, log_root, map_root, signed, witnessed, timestamped, .. } = &self.report;
        let upto = |height: &Option<Height>| match height {
            Some(height) => format!("up to block {height}"),
            None => "nothing".to_owned(),
        };
        let mut text = format!("sound        {}, {events} events\n", upto(height));
        let _ = writeln!(text, "tip          {}", shown(tip.as_ref()));
        let _ = writeln!(text, "log root     {}", shown(log_root.as_ref()));
        let _ = writeln!(text, "map root     {}", shown(map_root.as_ref()));
        let _ = writeln!(text, "signed       {}", upto(signed));
        let _ = writeln!(text, "witnessed    {}", upto(witnessed));
        let _ = writeln!(text, "timestamped  {}", upto(timestamped));
        text
    }
}

fn shown(value: Option<&impl Display>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

/// What was left out, and why that hides nothing of anybody else's.
fn skipped(report: &Report) -> Vec<String> {
    let skipped = report.depth.skipped;
    let of =
        [(skipped.certificates, "certificates within blocks"), (skipped.map_roots, "map roots below the last block")];
    let told = of.into_iter().filter(|(count, _)| *count > 0);
    told.map(|(count, what)| format!("{count} {what}: more than two thirds have signed the blocks that they stand in"))
        .collect()
}

/// What else there is to tell, above what was judged.
fn above(extent: &Extent) -> String {
    let mut text = String::new();
    let blocks = match extent.highest {
        Some(highest) => vec![format!("{} further blocks can be read, up to height {highest}", extent.blocks)],
        None => Vec::new(),
    };
    list(&mut text, "above that 其上 (no part of the verdict)", &[blocks, extent.damage.clone()].concat());
    if !extent.findings.is_empty() {
        text.push_str(&findings(&extent.findings));
    }
    text
}

fn who(nodes: &[NodeRow]) -> String {
    let row = |node: &NodeRow| {
        let serves = match node.serves {
            Serves::Whole => "the whole chain 完整",
            Serves::Behind => "the chain so far 落后",
            Serves::Part => "a part 不完整",
            Serves::Altered => "ALTERED 已被改动",
            Serves::Nothing => "nothing 无应答",
        };
        let number = node.node.map_or_else(|| "?".to_owned(), |node| node.to_string());
        let tip = node.tip.map(|tip| tip.to_string().chars().take(12).collect()).unwrap_or_default();
        let why = node.why.clone().unwrap_or_default();
        [number, node.url.to_string(), serves.to_owned(), shown(node.height.as_ref()), tip, why]
    };
    let rows: Vec<_> = nodes.iter().map(row).collect();
    table(["node 节点", "url", "serves 提供", "to block", "tip", "why"], &rows)
}

fn findings(findings: &[Finding]) -> String {
    let row = |finding: &Finding| {
        let entries = match &finding.index {
            Some(span) if span.0 == span.1 => span.0.to_string(),
            Some(span) => format!("{}–{}", span.0, span.1),
            None => String::new(),
        };
        let subject = finding.subject.map(|subject| subject.to_string().chars().take(12).collect());
        let subject: String = subject.unwrap_or_default();
        [finding.kind.to_string(), finding.height.to_string(), entries, subject, finding.detail.clone()]
    };
    let rows: Vec<_> = findings.iter().take(SHOWN).map(row).collect();
    let mut text = table(["finding 发现", "block", "log entries", "contract", "what"], &rows);
    if findings.len() > SHOWN {
        let _ = writeln!(text, "… and {} more; --json gives all", findings.len() - SHOWN);
    }
    text
}

fn list(text: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{BOLD}{heading}{BOLD:#}");
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}
