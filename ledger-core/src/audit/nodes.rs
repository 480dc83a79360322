//! Running nodes as a source (format.md §15.7): each is judged by itself, and none is believed.
//!
//! Nodes that serve the same bytes share one judge. Where one serves another block, the judge parts in two from
//! there, each going on with its own nodes.

use super::bookmark::Bookmark;
use super::judge::{Judge, Options};
use super::judged::{Depth, Ended, Finding, Judged};
use super::{Verdict, verdict};
use crate::archive::{Blocks, Last, Next, Start};
use crate::chain::Kind;
use crate::genesis::Genesis;
use crate::names::{BlockHash, Height};

/// Bytes and blocks that are judged together.
const BATCH_BYTES: usize = 8 << 20;
const BATCH_BLOCKS: usize = 512;

/// What a node says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The height of its last block, up to which it is read.
    pub height: Height,
    /// The hash of that; none where it says more than is read.
    pub tip: Option<BlockHash>,
}

/// How much of the chain a node serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Serves {
    /// All of it, and it holds.
    Whole,
    /// The chain up to a block below the highest that a node says there is.
    Behind,
    /// Less than it says, or it breaks off, or its last block is not the one that it says.
    Part,
    /// A block that does not hold.
    Altered,
    /// Nothing.
    Nothing,
}

/// What came of one node.
#[derive(Clone, Debug)]
pub struct NodeJudged {
    /// How much it serves.
    pub serves: Serves,
    /// In words, where that is not all.
    pub why: Option<String>,
    /// The judgement of what it serves.
    pub judged: Judged,
    /// Where its chain parts from others: the branch that it ended in.
    lineage: Lineage,
}

/// What came of several nodes.
#[derive(Clone, Debug)]
pub struct NodesJudged {
    nodes: Vec<NodeJudged>,
    /// What does not hold of all of them together.
    together: Option<Finding>,
    /// The judgement whose heights are reported.
    deciding: Judged,
}

/// A node that is asked: what it says of itself, or why it says nothing; and its blocks.
pub struct Asked<B> {
    /// What it says of itself.
    pub said: Result<Said, String>,
    /// What it serves; none where it says nothing.
    pub blocks: Option<B>,
}

/// Where a node's chain parts from others: the height, and the branch that it went into.
type Lineage = Vec<(Height, usize)>;
/// A node by its place among those asked, what it serves came to, and where it parted from others.
type EndedNode = (usize, Judged, Lineage);
/// Nodes that go on, by their places.
type Live<B> = Vec<(usize, B)>;

/// Nodes that have served the same so far.
struct Branch<B> {
    judge: Judge,
    live: Live<B>,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    height: Height,
    lineage: Lineage,
}

impl<B: Blocks> Branch<B> {
    /// One block further; gives the branches that part here. The own one goes on with most of the nodes.
    fn step(&mut self, branches: &mut usize, ended: &mut Vec<EndedNode>) -> Vec<Self> {
        if self.judge.has_ended() {
            // Nothing more is looked at, so nothing more is asked for: a node may serve without end.
            for (place, _) in std::mem::take(&mut self.live) {
                ended.push((place, self.judge.clone().finish(Last::Cut), self.lineage.clone()));
            }
            return Vec::new();
        }
        let mut groups: Vec<(Vec<u8>, Live<B>)> = Vec::new();
        for (place, mut blocks) in std::mem::take(&mut self.live) {
            match blocks.next() {
                Next::Block(bytes) => match groups.iter_mut().find(|(known, _)| *known == bytes) {
                    Some((_, nodes)) => nodes.push((place, blocks)),
                    None => groups.push((bytes, vec![(place, blocks)])),
                },
                Next::Last(last) => {
                    self.flush();
                    ended.push((place, self.judge.clone().finish(last), self.lineage.clone()));
                }
            }
        }
        groups.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
        let mut groups = groups.into_iter();
        let own = groups.next();
        let mut parted = Vec::new();
        for (bytes, live) in groups {
            self.flush();
            *branches = branches.saturating_add(1);
            let mut lineage = self.lineage.clone();
            lineage.push((self.height.next(), *branches));
            let judge = self.judge.clone();
            let mut other = Self { judge, live, batch: Vec::new(), bytes: 0, height: self.height, lineage };
            other.push(bytes);
            parted.push(other);
        }
        if let Some((bytes, nodes)) = own {
            self.live = nodes;
            self.push(bytes);
        }
        parted
    }

    fn push(&mut self, bytes: Vec<u8>) {
        self.height = self.height.next();
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.batch.push(bytes);
        if self.bytes >= BATCH_BYTES || self.batch.len() >= BATCH_BLOCKS {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.judge.take(&self.batch);
        self.batch.clear();
        self.bytes = 0;
    }
}

/// Judges what nodes serve from block 1 on, side by side; `step` is told the height that was reached.
///
/// Gives none where no node is asked.
pub fn judge_nodes<B: Blocks>(
    genesis: &Genesis,
    asked: Vec<Asked<B>>,
    options: &Options,
    mut step: impl FnMut(Height),
) -> Option<NodesJudged> {
    let judge = Judge::among_others(genesis, &Start::default(), Options { depth: Depth::FULL, ..options.clone() });
    let (mut said, mut live) = (Vec::new(), Vec::new());
    for (place, node) in asked.into_iter().enumerate() {
        said.push(node.said);
        live.extend(node.blocks.map(|blocks| (place, blocks)));
    }
    let first =
        Branch { judge: judge.clone(), live, batch: Vec::new(), bytes: 0, height: Height(0), lineage: Vec::new() };
    let (mut open, mut ended, mut branches) = (vec![first], Vec::new(), 0);
    while !open.is_empty() {
        let parted: Vec<_> = open.iter_mut().flat_map(|branch| branch.step(&mut branches, &mut ended)).collect();
        open.extend(parted);
        open.retain(|branch| !branch.live.is_empty());
        if let Some(height) = open.iter().map(|branch| branch.height).max() {
            step(height);
        }
    }
    let highest = said.iter().filter_map(|said| said.as_ref().ok()).map(|said| said.height).max();
    let mut nodes = Vec::new();
    for (place, said) in said.iter().enumerate() {
        let at = ended.iter().position(|(node, ..)| *node == place);
        let (judged, lineage) = match at.map(|at| ended.swap_remove(at)) {
            Some((_, judged, lineage)) => (judged, lineage),
            None => (judge.clone().finish(Last::Cut), Vec::new()),
        };
        let (serves, why) = serves(said, &judged, highest);
        nodes.push(NodeJudged { serves, why, judged, lineage });
    }
    let together = fork(&nodes).or_else(|| missing(&nodes, options.from.as_ref()?));
    let deciding = deciding(&nodes)?.clone();
    Some(NodesJudged { nodes, together, deciding })
}

/// The judgement that decides: with the lowest fault, or the one that went furthest.
fn deciding(nodes: &[NodeJudged]) -> Option<&Judged> {
    let fault = |judged: &&Judged| judged.fault().map(|fault| fault.height);
    let altered = nodes.iter().map(|node| &node.judged).filter(|judged| judged.fault().is_some()).min_by_key(fault);
    altered
        .or_else(|| nodes.iter().map(|node| &node.judged).max_by_key(|judged| judged.sound().map(|tip| tip.height())))
}

/// A node that serves less than the auditor kept may only be behind, and one that breaks off or says nothing may have
/// it. But if every node that was asked serves its whole chain, and none has a block at that height, the block is gone.
fn missing(nodes: &[NodeJudged], kept: &Bookmark) -> Option<Finding> {
    let height = |node: &NodeJudged| node.judged.sound().map_or(Height(0), |tip| tip.height());
    let highest = nodes.iter().map(height).max()?;
    let all_end = nodes.iter().all(|node| match node.serves {
        Serves::Whole | Serves::Behind => matches!(node.judged.ended(), Ended::Complete),
        Serves::Part | Serves::Altered | Serves::Nothing => false,
    });
    let detail = format!("the auditor kept a block at height {}; no node serves more than {highest}", kept.height);
    (all_end && highest < kept.height).then(|| Finding::at(highest.next(), Kind::Missing, detail))
}

/// How much a node serves of what any of them says there is.
fn serves(said: &Result<Said, String>, judged: &Judged, highest: Option<Height>) -> (Serves, Option<String>) {
    let said = match said {
        Ok(said) => said,
        Err(why) => return (Serves::Nothing, Some(why.clone())),
    };
    if let Some(fault) = judged.fault() {
        return (Serves::Altered, Some(format!("block {}: {}", fault.height, fault.detail)));
    }
    let height = judged.sound().map_or(Height(0), |tip| tip.height());
    if let Ended::Unreadable { why, .. } = judged.ended() {
        return (Serves::Part, Some(why.clone()));
    }
    if height < said.height {
        return (Serves::Part, Some(format!("it serves {height} of the {} blocks that it says it has", said.height)));
    }
    let other = said.tip.filter(|said| judged.sound().is_some_and(|tip| tip.hash() != *said));
    if let Some(other) = other.filter(|_| height == said.height) {
        return (Serves::Part, Some(format!("it calls its last block {other}")));
    }
    if let Some(highest) = highest.filter(|highest| height < *highest) {
        return (
            Serves::Behind,
            Some(format!("its chain ends at {height}; another node says that there are {highest}")),
        );
    }
    match verdict(judged) {
        Verdict::Holds => (Serves::Whole, None),
        Verdict::Altered | Verdict::Undecided => (Serves::Part, Some(format!("it ends: {}", judged.ended().as_str()))),
    }
}

/// Two chains that are both signed where they part: the lowest such height.
fn fork(nodes: &[NodeJudged]) -> Option<Finding> {
    let signed = |node: &NodeJudged| node.judged.signed().map_or(Height(0), |tip| tip.height());
    let pairs = nodes
        .iter()
        .enumerate()
        .flat_map(|(at, one)| nodes.iter().skip(at.saturating_add(1)).map(move |other| (one, other)));
    let parted = pairs.filter_map(|(one, other)| {
        let at = parted(&one.lineage, &other.lineage)?;
        (signed(one) >= at && signed(other) >= at).then_some(at)
    });
    parted.min().map(|at| Finding::at(at, Kind::Fork, "the validators have certified two chains from this genesis"))
}

/// The height at which two lineages part.
fn parted(one: &[(Height, usize)], other: &[(Height, usize)]) -> Option<Height> {
    let common = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let next = [one, other].into_iter().filter_map(|lineage| lineage.get(common));
    next.map(|(height, _)| *height).min()
}

impl NodesJudged {
    /// The nodes, in the order in which they were given.
    #[must_use]
    pub fn nodes(&self) -> &[NodeJudged] {
        &self.nodes
    }

    /// What does not hold of all of them together: two chains that are both certified, or a block that none has.
    #[must_use]
    pub const fn together(&self) -> Option<&Finding> {
        self.together.as_ref()
    }

    /// The verdict of all together (format.md §15.7).
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let is_altered = |node: &NodeJudged| verdict(&node.judged) == Verdict::Altered;
        if self.together.is_some() || self.nodes.iter().any(is_altered) {
            Verdict::Altered
        } else if self.nodes.iter().all(|node| node.serves == Serves::Whole) {
            Verdict::Holds
        } else {
            Verdict::Undecided
        }
    }

    /// What does not hold, from the lowest height.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let faults = self.nodes.iter().filter_map(|node| node.judged.fault());
        let mut findings: Vec<Finding> = faults.chain(&self.together).cloned().collect();
        findings.sort_by_key(|finding| finding.height);
        findings.dedup();
        findings
    }

    /// The judgement whose heights are reported.
    pub(super) const fn deciding(&self) -> &Judged {
        &self.deciding
    }
}
