//! What an audit says.

use super::bookmark::Bookmark;
use super::extent::Extent;
use super::judged::{Depth, Ended, Finding, Judged, Skipped};
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
            depth: Looked { depth: judged.depth, skipped: judged.skipped },
            checked: judged.checked,
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
