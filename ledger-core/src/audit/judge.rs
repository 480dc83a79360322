//! The judge: batches of blocks in, a judgement out.

use super::batch::{Climbed, Planned, climb, verify};
use super::bookmark::Bookmark;
use super::held::Held;
use super::judged::{Depth, Ended, Finding, Judged, Reached, Scope};
use super::report::Tally;
use super::watch::Watch;
use crate::archive::{Blocks, Last, Next, Start};
use crate::certificate::Certificate;
use crate::chain::{self, Fault, HashedBlock, Head, Kind, Tip, Trace};
use crate::codec::DecodeError;
use crate::genesis::Genesis;
use crate::map::ContractMap;
use crate::names::{BlockHash, Height};
use rayon::prelude::*;

/// How deep a judgement looks, and what was kept outside the bytes that are judged (format.md §15.1).
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// How deep.
    pub depth: Depth,
    /// What an earlier audit gave the auditor to keep.
    pub from: Option<Bookmark>,
    /// What the node's own tip file says.
    pub tip_file: Option<(Height, BlockHash)>,
}

/// A block that somebody kept outside the bytes that are judged.
#[derive(Clone, Debug)]
struct Kept {
    height: Height,
    block: BlockHash,
    /// Whether the auditor himself kept it.
    by_auditor: bool,
}

impl Kept {
    const fn by(&self) -> &'static str {
        if self.by_auditor { "what the auditor kept" } else { "the node's tip file" }
    }
}

/// A judge of one chain, from its genesis or from the foot of a stretch.
#[derive(Clone)]
pub struct Judge {
    depth: Depth,
    kept: Vec<Kept>,
    /// Whether another source may have what is not here: then nothing that was kept is missing.
    is_one_of_many: bool,
    /// Log entries below block 1 that are no event of this chain, and how many seals block 1 has beyond its own.
    entries_before: u64,
    seals_before: u64,
    start: Height,
    start_is_proved: bool,
    /// The last block that was judged sound, before it the two below, as far as they are above the foot.
    tips: Vec<Tip>,
    held: Held,
    ended: Option<Ended>,
    /// The last height whose own certificate was verified.
    signed: Option<Height>,
    /// For the report.
    tally: Tally,
}

/// So many tips are kept: the end certificate can take one back, and what is signed lies one below.
const TIPS: usize = 3;

impl Judge {
    /// Begins at a genesis, or at a foot with the states that stand there.
    #[must_use]
    pub fn new(genesis: &Genesis, start: &Start, options: Options) -> Self {
        let old = genesis.predecessor.as_ref();
        let by_auditor = options.from.map(|kept| Kept { height: kept.height, block: kept.block, by_auditor: true });
        let by_node = options.tip_file.map(|(height, block)| Kept { height, block, by_auditor: false });
        let mut judge = Self {
            depth: options.depth,
            kept: by_auditor.into_iter().chain(by_node).collect(),
            is_one_of_many: false,
            entries_before: old.map_or(0, |old| old.header.log_size.0),
            seals_before: u64::from(old.is_some()),
            start: start.foot.height(),
            start_is_proved: start.foot.below.is_none(),
            tips: Vec::new(),
            held: Held::Unknown,
            ended: None,
            signed: None,
            tally: Tally::default(),
        };
        if let Err(finding) = judge.begin(genesis, start) {
            judge.ended = Some(Ended::Fault(finding));
        }
        judge
    }

    /// The judge of one of several sources of the same chain: what is not here, another one may have.
    pub(super) fn among_others(genesis: &Genesis, start: &Start, options: Options) -> Self {
        Self { is_one_of_many: true, ..Self::new(genesis, start, options) }
    }

    fn begin(&mut self, genesis: &Genesis, start: &Start) -> Result<(), Finding> {
        let tip = start.foot.tip(genesis).map_err(|why| Finding::at(self.start, Kind::Foot, why.to_string()))?;
        let begins_empty = start.foot.below.is_none() && genesis.predecessor.is_none();
        match start.map().or_else(|| begins_empty.then(ContractMap::default)) {
            Some(map) if map.root() != tip.map_root() => {
                let detail = "the states at the foot are not the ones that its header commits to";
                return Err(Finding::at(self.start, Kind::Map, detail));
            }
            Some(map) => self.held = Held::new(map, self.depth.states),
            None => {}
        }
        self.meet(self.start, tip.hash())?;
        self.tips.push(tip);
        Ok(())
    }

    /// Holds a block against what was kept of its height. One that the auditor himself kept vouches for all that
    /// it stands on (format.md §15.1).
    fn meet(&mut self, height: Height, hash: BlockHash) -> Result<(), Finding> {
        for kept in self.kept.iter().filter(|kept| kept.height == height) {
            if kept.block != hash {
                let kind = if kept.by_auditor { Kind::Rewritten } else { Kind::Tip };
                let detail = format!("{} names block {}; here stands {hash}", kept.by(), kept.block);
                return Err(Finding::at(height, kind, detail));
            }
            self.start_is_proved |= kept.by_auditor;
        }
        Ok(())
    }

    /// What was kept of a height above the last block (format.md §15.1).
    fn missing(&self, last: Height) -> Option<Finding> {
        let kept = self.kept.iter().find(|kept| kept.height > last && !self.is_one_of_many)?;
        let detail = format!("{} names a block at height {}; the chain here ends at {last}", kept.by(), kept.height);
        Some(Finding::at(last.next(), Kind::Missing, detail))
    }

    /// Whether the judgement has ended: what follows is not looked at.
    #[must_use]
    pub const fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// The last block that was judged sound so far, or the foot's; none where the foot is none.
    pub(super) fn tip(&self) -> Option<&Tip> {
        self.tips.last()
    }

    /// Judges the next blocks, in order. Batches of some megabytes keep two cores busy.
    pub fn take(&mut self, batch: &[Vec<u8>]) {
        self.take_traced(batch, false);
    }

    /// The same; gives what became of the events of each block, where that is wanted, as far as the blocks hold and the
    /// states below them are here.
    ///
    /// Three passes, so that two cores are busy: hashing every block, from its bytes alone, in parallel; links,
    /// streams and governance, in order; then log, fold and map, in order, beside the signatures, in parallel. The
    /// lowest block that any pass stops at ends the judgement: what the others did above it is dropped.
    pub fn take_traced(&mut self, batch: &[Vec<u8>], traced: bool) -> Vec<(Height, Vec<Trace>)> {
        let (None, Some(tip)) = (&self.ended, self.tips.last().cloned()) else { return Vec::new() };
        let hashed: Vec<_> = batch.par_iter().map(|bytes| HashedBlock::read(bytes)).collect();
        let mut planned = Vec::with_capacity(hashed.len());
        let mut stopped = None;
        let mut head = tip.head().clone();
        for block in &hashed {
            match self.plan(&head, block) {
                Ok(plan) => {
                    head = plan.after.clone();
                    planned.push(plan);
                }
                Err(ended) => {
                    stopped = Some((planned.len(), ended));
                    break;
                }
            }
        }
        let mut held = std::mem::take(&mut self.held);
        let (unsigned, climbed) = rayon::join(|| verify(&planned), || climb(&tip, &mut held, &planned, traced));
        self.held = held;
        let Climbed { tips, traces, stopped: unclimbed } = climbed;
        let faults = unsigned.into_iter().chain(unclimbed).map(|(at, finding)| (at, Ended::Fault(finding)));
        let first = faults.chain(stopped).min_by_key(|(at, _)| *at);
        let sound = first.as_ref().map_or(planned.len(), |(at, _)| *at);
        self.ended = first.map(|(_, ended)| ended);
        for plan in planned.iter().take(sound) {
            self.tally.block(plan, &self.held);
            self.signed = plan.certificate.map_or(self.signed, |certificate| Some(certificate.height));
        }
        let traces = tips.iter().map(|tip| tip.height()).zip(traces).take(sound).collect();
        self.tips.extend(tips.into_iter().take(sound));
        self.tips.drain(..self.tips.len().saturating_sub(TIPS));
        traces
    }

    /// Second pass: what has to go in order and costs little (format.md §16.2 for the order).
    fn plan<'a>(&mut self, head: &Head, block: &'a Result<HashedBlock, DecodeError>) -> Result<Planned<'a>, Ended> {
        let here = head.height().next();
        head.rules().map_err(|protocol| Ended::NewerProtocol { at: here, protocol })?;
        let of_block = |finding| Ended::Fault(finding);
        let block = block
            .as_ref()
            .map_err(|why| of_block(Finding::at(here, Kind::Encoding, format!("the bytes are no block: {why}"))))?;
        let carried = block.body().parent_certificate.as_ref();
        if let Some(fault) = carried.and_then(|certificate| chain::of_another_block(head, certificate)) {
            return Err(of_block(Finding::of(head.height(), &fault)));
        }
        let fault = |fault: Fault| of_block(Finding::located(here, block, &fault));
        chain::links(head, block).map_err(fault)?;
        let carried = chain::carried(head, carried).map_err(fault)?;
        let settled = chain::settle(head, block.body(), &block.content).map_err(fault)?;
        let (after, folding) = settled.follow(head, block.header(), block.hash()).map_err(fault)?;
        self.meet(here, block.hash()).map_err(of_block)?;
        let is_wanted = self.depth.certificates == Scope::Every
            || head.changed_membership()
            || (head.height() == self.start && self.start > Height(0));
        Ok(Planned {
            below: head.clone(),
            block,
            after,
            folding,
            signatures: chain::signatures(head, &block.body().submissions, &block.content),
            certificate: carried.filter(|_| is_wanted),
        })
    }

    /// Ends the judgement, with what follows the last block.
    #[must_use]
    pub fn finish(mut self, last: Last) -> Judged {
        let ended = match (self.ended.take(), self.tips.last().cloned()) {
            (Some(ended), _) => ended,
            (None, Some(tip)) => self.end(&tip, last).unwrap_or_else(Ended::Fault),
            (None, None) => Ended::Empty,
        };
        Judged {
            reached: self.reached(ended.at()),
            ended,
            start_is_proved: self.start_is_proved,
            wants_outsiders: self.wants_outsiders(),
            without_map: matches!(self.held, Held::Unknown),
            depth: self.depth,
            tally: self.tally,
        }
    }

    /// What follows the last block, where nothing has ended the judgement before (format.md §16.1).
    fn end(&mut self, tip: &Tip, last: Last) -> Result<Ended, Finding> {
        let (at, has_block) = (tip.height().next(), tip.height() > self.start);
        if let Err(protocol) = tip.head().rules() {
            return Ok(Ended::NewerProtocol { at, protocol });
        }
        let ended = match last {
            Last::Unreadable(why) => Ended::Unreadable { at, why },
            Last::Cut if has_block => Ended::NoEnd,
            Last::Cut => Ended::Empty,
            Last::Certificate { certificate, behind } => {
                self.own_certificate(tip, &certificate)?;
                match behind {
                    Some(why) if has_block => Ended::Unreadable { at, why },
                    None if has_block => Ended::Complete,
                    Some(_) | None => Ended::Empty,
                }
            }
        };
        if let Some(missing) = self.missing(tip.height()) {
            return Err(missing);
        }
        self.compare_map(tip)?;
        Ok(ended)
    }

    /// The end certificate is the last block's own (format.md §16.2). Where no block was judged, it can only tell
    /// that one is missing.
    fn own_certificate(&mut self, tip: &Tip, certificate: &Certificate) -> Result<(), Finding> {
        let (height, has_block) = (tip.height(), tip.height() > self.start);
        let is_of_more = certificate.height > height
            && certificate.verify(&tip.chain(), tip.membership(), certificate.height, certificate.block).is_ok();
        if is_of_more {
            let detail = format!("the chain here ends at {height}; its end certificate is of {}", certificate.height);
            return Err(Finding::at(height.next(), Kind::Missing, detail));
        }
        if !has_block {
            return Ok(());
        }
        if let Some(fault) = chain::of_another_block(tip.head(), certificate) {
            return Err(Finding::of(height, &fault));
        }
        self.tally.end_certificate();
        chain::certified(tip.head(), certificate).map_err(|why| Finding::of(height, &Fault::Certificate(why)))?;
        self.signed = Some(height);
        Ok(())
    }

    /// The contracts folded from the log have the map root of the last block's header, where no block's root was
    /// computed before.
    fn compare_map(&mut self, tip: &Tip) -> Result<(), Finding> {
        let Some((root, subjects)) = self.held.root() else { return Ok(()) };
        self.tally.subjects(subjects);
        if self.depth.states == Scope::Every || tip.height() == self.start {
            return Ok(());
        }
        self.tally.last_map_root();
        if root == tip.map_root() {
            return Ok(());
        }
        let detail = "the contracts folded from the log give another map root than the last block's header has";
        Err(Finding::at(tip.height(), Kind::Map, detail))
    }

    /// Whether the trust policy in force for the last block asks for witnesses or time stamps (format.md §8).
    fn wants_outsiders(&self) -> bool {
        self.tips.last().is_some_and(|tip| !tip.signers().trust().asks_for_nothing())
    }

    /// How far it went, below the height that does not hold or cannot be read (format.md §15.2).
    fn reached(&self, at: Option<Height>) -> Option<Reached> {
        let is_below = |tip: &&Tip| at.is_none_or(|at| tip.height() < at);
        let mut down = self.tips.iter().rev().filter(is_below);
        let sound = down.next()?.clone();
        let is_last = self.tips.last().is_some_and(|last| last.height() == sound.height());
        let is_certified = is_last && self.signed == Some(sound.height());
        let is_signed = |tip: &&Tip| self.signed.is_some_and(|signed| tip.height() <= signed);
        let signed = if is_certified { Some(sound.clone()) } else { down.next().filter(is_signed).cloned() };
        let seals = sound.height().0.saturating_add(self.seals_before);
        Some(Reached {
            start: self.start,
            events: sound.frontier().size().0.saturating_sub(self.entries_before.saturating_add(seals)),
            signed: signed.filter(|signed| signed.height() > Height(0)),
            sound,
        })
    }
}

/// Bytes and blocks that are judged together.
pub(super) const BATCH_BYTES: usize = 8 << 20;
pub(super) const BATCH_BLOCKS: usize = 512;

/// Judges what is offered, to its end. One batch is read while another is judged.
#[must_use]
pub fn judge(
    genesis: &Genesis,
    start: &Start,
    blocks: &mut (impl Blocks + Send),
    options: Options,
    watch: &mut impl Watch,
) -> Judged {
    let mut judge = Judge::new(genesis, start, options);
    let (mut batch, mut last) = read(blocks);
    loop {
        let traced = watch.wants_traces();
        let more = last.is_none() && !judge.has_ended();
        let (traces, next) = rayon::join(|| judge.take_traced(&batch, traced), || more.then(|| read(blocks)));
        watch.judged(&batch, traces);
        match next {
            Some(next) => (batch, last) = next,
            None => return judge.finish(last.unwrap_or(Last::Cut)),
        }
    }
}

/// Reads a batch; with what follows it, if the reading has ended.
pub(super) fn read(blocks: &mut impl Blocks) -> (Vec<Vec<u8>>, Option<Last>) {
    let (mut batch, mut bytes) = (Vec::new(), 0_usize);
    while bytes < BATCH_BYTES && batch.len() < BATCH_BLOCKS {
        match blocks.next() {
            Next::Block(block) => {
                bytes = bytes.saturating_add(block.len());
                batch.push(block);
            }
            Next::Last(last) => return (batch, Some(last)),
        }
    }
    (batch, None)
}
