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
use std::sync::Arc;

/// What a node says of itself, as it says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The height of its last block.
    pub height: Height,
    /// The hash of that.
    pub tip: BlockHash,
}

/// How much of the chain a node serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Serves {
    /// All that it says it has, to its own end, and no node says that there is more, or serves more. Whether that holds, its judgement
    /// says: a chain without a block, or one whose trust policy asks for witnesses, is whole and undecided.
    Whole,
    /// All that it says it has, to its own end, which is below the highest block that a node says there is, or serves.
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
    /// Where its chain parts from others.
    lineage: Lineage,
}

/// What came of several nodes.
#[derive(Clone, Debug)]
pub struct NodesJudged {
    nodes: Vec<NodeJudged>,
    /// What does not hold of all of them together, with what was judged below.
    together: Option<Judged>,
    /// The judgement whose heights are reported.
    deciding: Judged,
}

/// A node that is asked.
pub struct Asked<R> {
    /// What it says of itself, or why it says nothing.
    pub said: Result<Said, String>,
    /// Begins to read its blocks, up to a height.
    pub read: R,
}

/// A place where the chains of nodes part.
#[derive(Clone, Debug)]
struct Parting {
    /// The lowest height at which they differ.
    at: Height,
    /// The branch that goes off there, by its number.
    branch: usize,
    /// What was judged below, which they have in common.
    below: Arc<Judged>,
}

/// Where a node's chain parts from others, from the lowest height up.
type Lineage = Vec<Parting>;
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
        let below = Arc::new(self.judge.clone().finish(Last::Cut));
        lineage.push(Parting { at: self.height.next(), branch, below });
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

/// Judges what nodes serve from block 1 on, side by side; those that say that they have a block are read. `step` is told
/// the height that was reached.
///
/// No node is read less far than any says it has, or than the auditor kept: so what ends below has come to its own end,
/// and not to one that the reading set.
///
/// Gives none where no node is asked.
pub fn judge_nodes<B: Blocks, R: FnOnce(Height) -> B>(
    genesis: &Genesis,
    asked: Vec<Asked<R>>,
    options: &Options,
    mut step: impl FnMut(Height),
) -> Option<NodesJudged> {
    let judge = Judge::among_others(genesis, &Start::default(), Options { depth: Depth::FULL, ..options.clone() });
    let words = asked.iter().filter_map(|node| node.said.as_ref().ok());
    let heights: BTreeSet<Height> = words.map(|said| said.height).collect();
    let to = heights.iter().copied().chain(options.from.as_ref().map(|kept| kept.height)).max().unwrap_or(Height(0));
    let (mut said, mut live) = (Vec::new(), Vec::new());
    for (place, node) in asked.into_iter().enumerate() {
        if node.said.as_ref().is_ok_and(|said| said.height > Height(0)) {
            live.push((place, (node.read)(to)));
        }
        said.push(node.said);
    }
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
    let served = |place: usize| ended.get(&place).unwrap_or(&without_blocks);
    let reached = said.iter().enumerate().map(|(place, _)| height_of(&served(place).judged));
    let highest = reached.chain(heights.iter().copied()).max()?;
    let nodes: Vec<_> = said.iter().enumerate().map(|(place, said)| judged(said, served(place), highest)).collect();
    let together = fork(&nodes).or_else(|| missing(&nodes, options.from.as_ref()?));
    let deciding = deciding(&nodes, together.as_ref())?.clone();
    Some(NodesJudged { nodes, together, deciding })
}

/// The judgement that decides: with the lowest fault, or the one that went furthest.
fn deciding<'a>(nodes: &'a [NodeJudged], together: Option<&'a Judged>) -> Option<&'a Judged> {
    let faults = nodes.iter().map(|node| &node.judged).chain(together);
    let faults = faults.filter_map(|judged| Some((judged.fault()?.height, judged)));
    faults.min_by_key(|(height, _)| *height).map(|(_, judged)| judged).or_else(|| furthest(nodes))
}

fn furthest(nodes: &[NodeJudged]) -> Option<&Judged> {
    nodes.iter().map(|node| &node.judged).max_by_key(|judged| height_of(judged))
}

/// The height up to which a judgement is sound.
fn height_of(judged: &Judged) -> Height {
    judged.sound().map_or(Height(0), |tip| tip.height())
}

/// A node that serves less than the auditor kept may only be behind, and one that breaks off or says nothing may have
/// it. But if every node that was asked serves all that it says it has, to its own end, and none has a block at that
/// height, the block is gone. (All were read up to that height: [`judge_nodes`].)
fn missing(nodes: &[NodeJudged], kept: &Bookmark) -> Option<Judged> {
    let furthest = furthest(nodes)?;
    let highest = height_of(furthest);
    let all_end = nodes.iter().all(|node| match node.serves {
        Serves::Whole | Serves::Behind => true,
        Serves::Part | Serves::Altered | Serves::Nothing => false,
    });
    let detail = format!("the auditor kept a block at height {}; no node serves more than {highest}", kept.height);
    (all_end && highest < kept.height).then(|| with_fault(furthest, Finding::at(highest.next(), Kind::Missing, detail)))
}

/// What was judged below a height at which the nodes together have a fault.
fn with_fault(below: &Judged, fault: Finding) -> Judged {
    Judged { ended: Ended::Fault(fault), ..below.clone() }
}

/// How much a node serves of what any of them says there is, or serves.
fn judged(said: &Result<Said, String>, served: &Served, highest: Height) -> NodeJudged {
    let (serves, why) = serves(said, served, highest);
    NodeJudged { serves, why, judged: served.judged.clone(), lineage: served.lineage.clone() }
}

fn serves(said: &Result<Said, String>, served: &Served, highest: Height) -> (Serves, Option<String>) {
    let said = match said {
        Ok(said) => said,
        Err(why) => return (Serves::Nothing, Some(why.clone())),
    };
    if let Some(fault) = served.judged.fault() {
        return (Serves::Altered, Some(format!("block {}: {}", fault.height, fault.detail)));
    }
    let height = height_of(&served.judged);
    if let Some(why) = lacks(said, served, height) {
        return (Serves::Part, Some(why));
    }
    if height < highest {
        return (
            Serves::Behind,
            Some(format!("its chain ends at {height}; by another node there are {highest} blocks")),
        );
    }
    (Serves::Whole, None)
}

/// Why what a node serves, up to a height, is not all that it says it has, to its own end; none where it is.
fn lacks(said: &Said, served: &Served, height: Height) -> Option<String> {
    if let Ended::Unreadable { why, .. } = served.judged.ended() {
        return Some(why.clone());
    }
    if height < said.height {
        return Some(format!("it serves {height} of the {} blocks that it says it has", said.height));
    }
    if served.met.get(&said.height) != Some(&said.tip) {
        return Some(format!("it calls block {} {}", said.height, said.tip));
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
fn fork(nodes: &[NodeJudged]) -> Option<Judged> {
    let signed = |node: &NodeJudged| node.judged.signed().map_or(Height(0), |tip| tip.height());
    let pairs = nodes
        .iter()
        .enumerate()
        .flat_map(|(at, one)| nodes.iter().skip(at.saturating_add(1)).map(move |other| (one, other)));
    let parted = pairs.filter_map(|(one, other)| {
        let parting = parted(&one.lineage, &other.lineage)?;
        (signed(one) >= parting.at && signed(other) >= parting.at).then_some(parting)
    });
    let lowest = parted.min_by_key(|parting| parting.at)?;
    let detail = "the validators have certified two chains from this genesis";
    Some(with_fault(&lowest.below, Finding::at(lowest.at, Kind::Fork, detail)))
}

/// Where two lineages part.
fn parted<'a>(one: &'a [Parting], other: &'a [Parting]) -> Option<&'a Parting> {
    let common = one.iter().zip(other).take_while(|(one, other)| one.branch == other.branch).count();
    let next = [one, other].into_iter().filter_map(|lineage| lineage.get(common));
    next.min_by_key(|parting| parting.at)
}

impl NodesJudged {
    /// The nodes, in the order in which they were given.
    #[must_use]
    pub fn nodes(&self) -> &[NodeJudged] {
        &self.nodes
    }

    /// What does not hold of all of them together: two chains that are both certified, or a block that none has.
    #[must_use]
    pub fn together(&self) -> Option<&Finding> {
        self.together.as_ref().and_then(Judged::fault)
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
        let mut findings: Vec<Finding> = faults.chain(self.together()).cloned().collect();
        findings.sort_by_key(|finding| finding.height);
        findings.dedup();
        findings
    }

    /// The judgement whose heights are reported.
    pub(super) const fn deciding(&self) -> &Judged {
        &self.deciding
    }
}
