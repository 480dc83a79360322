//! Running nodes as a source (format.md §15.7): each is judged by itself, and none is believed.
//!
//! Nodes that serve the same bytes share one judge. Where one serves another block, the judge parts in two from
//! there, each going on with its own nodes.

use super::bookmark::Bookmark;
use super::judge::{BATCH_BLOCKS, BATCH_BYTES, Judge, Options};
use super::judged::{Depth, Ended, Finding, Judged};
use super::{Verdict, verdict};
use crate::archive::{Blocks, Last, Next, Start};
use crate::chain::Kind;
use crate::genesis::Genesis;
use crate::names::{BlockHash, Height};
use std::collections::{BTreeMap, BTreeSet};

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
    /// All that it says it has, to its own end, and no node says that there is more. Whether that holds, its judgement
    /// says: a chain without a block, or one whose trust policy asks for witnesses, is whole and undecided.
    Whole,
    /// All that it says it has, to its own end, which is below the highest block that a node says there is.
    Behind,
    /// Less than it says, or it breaks off, or the block at the height that it says is not the one that it says.
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
/// Nodes that go on, by their places among those asked.
type Live<B> = Vec<(usize, B)>;

/// What one node served.
#[derive(Clone)]
struct Served {
    judged: Judged,
    lineage: Lineage,
    /// The blocks at the heights that nodes said, as far as they were judged sound.
    met: BTreeMap<Height, BlockHash>,
}

/// Nodes that have served the same so far.
struct Branch<'a, B> {
    judge: Judge,
    live: Live<B>,
    batch: Vec<Vec<u8>>,
    bytes: usize,
    height: Height,
    lineage: Lineage,
    /// The heights that nodes said, and the blocks that were met there.
    said: &'a BTreeSet<Height>,
    met: BTreeMap<Height, BlockHash>,
}

impl<'a, B: Blocks> Branch<'a, B> {
    /// All nodes, below block 1.
    fn first(judge: Judge, live: Live<B>, said: &'a BTreeSet<Height>) -> Self {
        let (batch, lineage, met) = (Vec::new(), Vec::new(), BTreeMap::new());
        let mut first = Self { judge, live, batch, bytes: 0, height: Height(0), lineage, said, met };
        first.remember();
        first
    }

    /// One block further; gives the branches that part here. The own one goes on with most of the nodes.
    fn step(&mut self, branches: &mut usize, ended: &mut BTreeMap<usize, Served>) -> Vec<Self> {
        if self.judge.has_ended() {
            // Nothing more is looked at, so nothing more is asked for: a node may serve without end.
            for (place, _) in std::mem::take(&mut self.live) {
                ended.insert(place, self.served(Last::Cut));
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
                    ended.insert(place, self.served(last));
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
            parted.push(self.part(bytes, live, *branches));
        }
        if let Some((bytes, nodes)) = own {
            self.live = nodes;
            self.push(bytes);
        }
        parted
    }

    /// The branch of those that serve another next block. All blocks below were judged.
    fn part(&self, bytes: Vec<u8>, live: Live<B>, branch: usize) -> Self {
        let mut lineage = self.lineage.clone();
        lineage.push((self.height.next(), branch));
        let (judge, met) = (self.judge.clone(), self.met.clone());
        let (batch, height, said) = (Vec::new(), self.height, self.said);
        let mut other = Self { judge, live, batch, bytes: 0, height, lineage, said, met };
        other.push(bytes);
        other
    }

    /// A block whose height a node said is judged at once, so that its hash is met.
    fn push(&mut self, bytes: Vec<u8>) {
        self.height = self.height.next();
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.batch.push(bytes);
        if self.bytes >= BATCH_BYTES || self.batch.len() >= BATCH_BLOCKS || self.said.contains(&self.height) {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.judge.take(&self.batch);
        self.batch.clear();
        self.bytes = 0;
        self.remember();
    }

    /// Remembers the last block that was judged sound, if a node said its height.
    fn remember(&mut self) {
        let tip = self.judge.tip().filter(|tip| self.said.contains(&tip.height()));
        self.met.extend(tip.map(|tip| (tip.height(), tip.hash())));
    }

    /// What a node served that ends here.
    fn served(&self, last: Last) -> Served {
        Served { judged: self.judge.clone().finish(last), lineage: self.lineage.clone(), met: self.met.clone() }
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
    let heights = said.iter().filter_map(|said| said.as_ref().ok()).map(|said| said.height).collect();
    let first = Branch::first(judge, live, &heights);
    let without_blocks = first.served(Last::Cut);
    let (mut open, mut ended, mut branches) = (vec![first], BTreeMap::new(), 0);
    while !open.is_empty() {
        let parted: Vec<_> = open.iter_mut().flat_map(|branch| branch.step(&mut branches, &mut ended)).collect();
        open.extend(parted);
        open.retain(|branch| !branch.live.is_empty());
        if let Some(height) = open.iter().map(|branch| branch.height).max() {
            step(height);
        }
    }
    let mut nodes = Vec::new();
    for (place, said) in said.iter().enumerate() {
        let served = ended.remove(&place).unwrap_or_else(|| without_blocks.clone());
        let (serves, why) = serves(said, &served, heights.last());
        nodes.push(NodeJudged { serves, why, judged: served.judged, lineage: served.lineage });
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
/// it. But if every node that was asked serves all that it says it has, to its own end, and none has a block at that
/// height, the block is gone.
fn missing(nodes: &[NodeJudged], kept: &Bookmark) -> Option<Finding> {
    let height = |node: &NodeJudged| node.judged.sound().map_or(Height(0), |tip| tip.height());
    let highest = nodes.iter().map(height).max()?;
    let all_end = nodes.iter().all(|node| match node.serves {
        Serves::Whole | Serves::Behind => true,
        Serves::Part | Serves::Altered | Serves::Nothing => false,
    });
    let detail = format!("the auditor kept a block at height {}; no node serves more than {highest}", kept.height);
    (all_end && highest < kept.height).then(|| Finding::at(highest.next(), Kind::Missing, detail))
}

/// How much a node serves of what any of them says there is.
fn serves(said: &Result<Said, String>, served: &Served, highest: Option<&Height>) -> (Serves, Option<String>) {
    let said = match said {
        Ok(said) => said,
        Err(why) => return (Serves::Nothing, Some(why.clone())),
    };
    if let Some(fault) = served.judged.fault() {
        return (Serves::Altered, Some(format!("block {}: {}", fault.height, fault.detail)));
    }
    let height = served.judged.sound().map_or(Height(0), |tip| tip.height());
    if let Some(why) = lacks(said, served, height) {
        return (Serves::Part, Some(why));
    }
    match highest.filter(|highest| height < **highest) {
        Some(highest) => {
            let why = format!("its chain ends at {height}; another node says that there are {highest}");
            (Serves::Behind, Some(why))
        }
        None => (Serves::Whole, None),
    }
}

/// Why what a node serves, up to a height, is not all that it says it has, to its own end; none where it is.
fn lacks(said: &Said, served: &Served, height: Height) -> Option<String> {
    if let Ended::Unreadable { why, .. } = served.judged.ended() {
        return Some(why.clone());
    }
    if height < said.height {
        return Some(format!("it serves {height} of the {} blocks that it says it has", said.height));
    }
    if let Some(tip) = said.tip.filter(|tip| served.met.get(&said.height) != Some(tip)) {
        return Some(format!("it calls block {} {tip}", said.height));
    }
    match served.judged.ended() {
        Ended::Complete => None,
        Ended::Empty if said.height == Height(0) => None,
        ended @ (Ended::Empty
        | Ended::NoEnd
        | Ended::Unreadable { .. }
        | Ended::Fault(_)
        | Ended::NewerProtocol { .. }
        | Ended::Head(_)
        | Ended::Foot(_)) => Some(format!("it ends: {}", ended.as_str())),
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
        let holds = |node: &NodeJudged| node.serves == Serves::Whole && verdict(&node.judged) == Verdict::Holds;
        if self.together.is_some() || self.nodes.iter().any(is_altered) {
            Verdict::Altered
        } else if self.nodes.iter().all(holds) {
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
