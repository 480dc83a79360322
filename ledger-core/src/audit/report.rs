//! What an audit says.

use super::batch::Planned;
use super::bookmark::Bookmark;
use super::extent::Extent;
use super::held::Held;
use super::judged::{Depth, Ended, Finding, Judged};
use super::nodes::NodesJudged;
use super::{Verdict, verdict};
use crate::merkle::LogRoot;
use crate::names::{BlockHash, Height, MapRoot};
use serde::{Deserialize, Serialize};

/// How much was verified, by which means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Blocks hashed and linked.
    pub blocks: u64,
    /// Events hashed into submission and log.
    pub events: u64,
    /// Submission signatures verified.
    pub submissions: u64,
    /// Certificates whose signatures were verified.
    pub certificates: u64,
    /// Map roots recomputed and compared.
    pub map_roots: u64,
    /// Contracts folded.
    pub subjects: u64,
}

/// What a judgement did not look at: more than two thirds have signed what it stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Certificates within blocks.
    pub certificates: u64,
    /// Map roots.
    pub map_roots: u64,
}

/// Counts, while a chain is judged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    checked: Checked,
    skipped: Skipped,
}

fn add(count: &mut u64, more: usize) {
    *count = count.saturating_add(more as u64);
}

impl Tally {
    /// A block that holds.
    pub(super) fn block(&mut self, plan: &Planned<'_>, held: &Held) {
        add(&mut self.checked.blocks, 1);
        add(&mut self.checked.events, plan.block.leaves().len());
        add(&mut self.checked.submissions, plan.signatures.len());
        match (plan.certificate, plan.block.body().parent_certificate.is_some()) {
            (Some(_), _) => add(&mut self.checked.certificates, 1),
            (None, true) => add(&mut self.skipped.certificates, 1),
            (None, false) => {}
        }
        match held {
            Held::Map(_) => add(&mut self.checked.map_roots, 1),
            Held::Table(..) => add(&mut self.skipped.map_roots, 1),
            Held::Unknown => {}
        }
    }

    /// The end certificate is looked at.
    pub(super) fn end_certificate(&mut self) {
        add(&mut self.checked.certificates, 1);
    }

    /// The map root of the last block is, which was counted as skipped.
    pub(super) fn last_map_root(&mut self) {
        add(&mut self.checked.map_roots, 1);
        self.skipped.map_roots = self.skipped.map_roots.saturating_sub(1);
    }

    /// So many contracts were folded.
    pub(super) fn subjects(&mut self, subjects: u64) {
        self.checked.subjects = subjects;
    }
}

/// The outcome of an audit. Verdict, heights and the first finding come from the judgement alone; the extent stands
/// under a heading of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// The last block that was judged sound; none where nothing is judged.
    pub height: Option<Height>,
    /// The first height that does not hold or cannot be read.
    pub at: Option<Height>,
    /// How the judgement ended, in one word.
    pub ended: &'static str,
    /// Events on the chain up to the height, seals not counted.
    pub events: u64,
    /// Hash of the block at that height.
    pub tip: Option<BlockHash>,
    /// Root of the log there.
    pub log_root: Option<LogRoot>,
    /// Root of the contract map there, as its header has it.
    pub map_root: Option<MapRoot>,
    /// The last block whose own certificate was verified.
    pub signed: Option<Height>,
    /// The height up to which witnesses' signatures do.
    pub witnessed: Option<Height>,
    /// The height up to which time stamps do.
    pub timestamped: Option<Height>,
    /// What could not be judged.
    pub unchecked: Vec<String>,
    /// What does not hold: the fault that ended the judgement; of several nodes each one's.
    pub findings: Vec<Finding>,
    /// How deep the judgement looked.
    pub depth: Looked,
    /// What was verified.
    pub checked: Checked,
    /// For the auditor to keep: of the last signed block.
    pub bookmark: Option<Bookmark>,
    /// What else there is to tell; no part of the verdict.
    pub extent: Option<Extent>,
}

/// How deep a judgement looked, and what it left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Looked {
    #[serde(flatten)]
    depth: Depth,
    /// What was not looked at.
    pub skipped: Skipped,
}

impl Report {
    /// What a judgement says.
    #[must_use]
    pub fn of(judged: &Judged) -> Self {
        let sound = judged.sound();
        let block = sound.filter(|tip| tip.height() > Height(0));
        Self {
            verdict: verdict(judged),
            height: sound.map(|tip| tip.height()),
            at: judged.ended().at(),
            ended: judged.ended().as_str(),
            events: judged.reached.as_ref().map_or(0, |reached| reached.events),
            tip: block.map(|tip| tip.hash()),
            log_root: block.map(|tip| tip.frontier().root()),
            map_root: block.map(|tip| tip.map_root()),
            signed: judged.signed().map(|tip| tip.height()),
            witnessed: None,
            timestamped: None,
            unchecked: unchecked(judged),
            findings: judged.fault().cloned().into_iter().collect(),
            depth: Looked { depth: judged.depth, skipped: judged.tally.skipped },
            checked: judged.tally.checked,
            bookmark: judged.signed().map(Bookmark::of),
            extent: None,
        }
    }

    /// The same, with what else there is to tell.
    #[must_use]
    pub fn with_extent(self, extent: Extent) -> Self {
        Self { extent: Some(extent), ..self }
    }

    /// What the judgement of several nodes says (format.md §15.7): but for verdict and findings, what the judgement says
    /// that decides.
    #[must_use]
    pub fn of_nodes(nodes: &NodesJudged) -> Self {
        Self { verdict: nodes.verdict(), findings: nodes.findings(), ..Self::of(nodes.deciding()) }
    }
}

impl Ended {
    /// In one word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Empty => "empty",
            Self::NoEnd => "no_end",
            Self::Unreadable { .. } => "unreadable",
            Self::Fault(_) => "fault",
            Self::NewerProtocol { .. } => "newer_protocol",
            Self::Head(_) => "head",
            Self::Foot(_) => "foot",
        }
    }
}

impl Judged {
    /// The fault that ended it.
    #[must_use]
    pub const fn fault(&self) -> Option<&Finding> {
        match &self.ended {
            Ended::Fault(finding) => Some(finding),
            Ended::Complete
            | Ended::Empty
            | Ended::NoEnd
            | Ended::Unreadable { .. }
            | Ended::NewerProtocol { .. }
            | Ended::Head(_)
            | Ended::Foot(_) => None,
        }
    }
}

/// What could not be judged, in words.
fn unchecked(judged: &Judged) -> Vec<String> {
    let mut unchecked = Vec::new();
    match judged.ended() {
        Ended::Complete | Ended::Fault(_) => {}
        Ended::Empty => unchecked.push("the blocks: there is none".to_owned()),
        Ended::NoEnd => unchecked.push("the certificate of the last block: it is not here".to_owned()),
        Ended::Unreadable { at, why } => unchecked.push(format!("what stands from block {at} on: {why}")),
        Ended::NewerProtocol { at, protocol } => unchecked.push(format!(
            "blocks from {at} on: they follow protocol {}, which this program does not know",
            protocol.0
        )),
        Ended::Head(why) | Ended::Foot(why) => unchecked.push(format!("all blocks: {why}")),
    }
    if let Some(reached) = judged.reached.as_ref().filter(|_| !judged.start_is_proved()) {
        unchecked.push(format!("blocks 1 to {}: they are not here", reached.start));
    }
    if judged.wants_outsiders() {
        unchecked.push("witnesses and time stamps, which the trust policy asks for: none are here".to_owned());
    }
    if judged.reached.is_some() && judged.without_map {
        unchecked.push("the contract map: the states at the foot are not here".to_owned());
    }
    unchecked
}
