//! Where the forger begins: small chains, each with other histories of the same genesis that were signed as
//! well, and one in which strangers take over the membership.

use super::links::{Link, Links, archive};
use crate::dice::Dice;
use crate::layout::framed;
use ledger_core::archive::{FrameKind, StateRow, StateRows};
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, Bytes, List};
use ledger_core::event::{Action, Event, Evidence};
use ledger_core::fixture::{self, CODES, Network, code};
use ledger_core::genesis::Genesis;
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::names::{Height, NodeNumber};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A chain and what lies beside it.
pub(super) struct Stock {
    /// A word for it.
    pub(super) name: String,
    /// What all its histories start from.
    pub(super) genesis: Genesis,
    /// The chain that everybody signed.
    pub(super) trunk: Links,
    /// Other histories of the same genesis, as completely signed: pieces of them are lawful bytes at another place.
    pub(super) forks: Vec<Links>,
    /// The trunk up to a block that gives strangers the votes, as it is if the members approve: a signed history, too.
    pub(super) coup: Links,
    /// The height of that block.
    pub(super) taken_at: u64,
    /// The strangers: nodes of members that the genesis has not.
    pub(super) strangers: Vec<u32>,
    /// The upper part of the trunk as an archive, and the height below it.
    pub(super) stretch: (Vec<u8>, u64),
    folder: TempDir,
}

/// How a history is told: two with the same seed are the same up to where they part.
#[derive(Clone, Copy)]
struct Story {
    blocks: u64,
    /// Height at which the last validator loses its vote.
    changed: u64,
    /// Histories that differ in this number differ from this height on.
    salt: (u64, u64),
    /// Height at which strangers take over.
    taken: Option<u64>,
    /// Whether blocks hold whole frames within an event.
    planted: bool,
}

impl Stock {
    pub(super) fn new(dice: &mut Dice, number: usize) -> Self {
        let validators = if number.is_multiple_of(4) { 1 } else { 4 };
        let blocks = 4 + dice.of(0..5) as u64;
        let changed = 2 + dice.of(0..blocks as usize - 2) as u64;
        let parts = 1 + dice.of(0..blocks as usize) as u64;
        let seed = 1_000 * number as u64;
        let story = Story { blocks, changed, salt: (seed, parts), taken: None, planted: number % 3 == 1 };
        let folder = tempfile::Builder::new().prefix("luqi-chains-").tempdir().unwrap();
        let trunk = tell(validators, story);
        let forks = (1..=2).map(|other| tell(validators, Story { salt: (seed + other, parts), ..story }).links);
        let forks = forks.collect();
        let taken_at = 1 + dice.of(0..blocks as usize - 1) as u64;
        let coup = tell(validators, Story { taken: Some(taken_at), ..story }).links;
        let below = 1 + dice.of(0..blocks as usize - 1) as u64;
        std::fs::write(folder.path().join("genesis.json"), serde_json::to_vec(&trunk.genesis).unwrap()).unwrap();
        let stretch = (stretch(&trunk.network, &trunk.links, below), below);
        let name = format!("stock {number}: {validators} validators, {blocks} blocks");
        let strangers = strangers(validators).collect();
        Self { name, genesis: trunk.genesis, trunk: trunk.links, forks, coup, taken_at, strangers, stretch, folder }
    }

    /// Every history that was signed by more than two thirds.
    pub(super) fn signed(&self) -> impl Iterator<Item = &Links> {
        [&self.trunk, &self.coup].into_iter().chain(&self.forks)
    }

    pub(super) fn genesis_file(&self) -> PathBuf {
        self.folder.path().join("genesis.json")
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The trunk up to a height, as an archive.
    pub(super) fn prefix(&self, height: u64) -> Vec<u8> {
        let links = &self.trunk[..height as usize];
        archive(&self.genesis, links, links.last().map(|link| &link.certificate))
    }
}

struct Told {
    genesis: Genesis,
    links: Links,
    network: Network,
}

/// The blocks above a height, on the foot and the states there.
fn stretch(network: &Network, links: &[Link], below: u64) -> Vec<u8> {
    let then = network.at(Height(below));
    let rows = then.map.iter().map(|(key, state)| StateRow { key: *key, state: *state }).collect();
    let states: StateRows = List::new(rows).unwrap();
    let mut bytes = ledger_core::archive::head(&network.genesis.chain_id()).to_vec();
    bytes.extend(framed(FrameKind::Foot, &codec::encode(&then.foot())));
    bytes.extend(framed(FrameKind::States, &codec::encode(&states)));
    links.iter().skip(below as usize).for_each(|link| bytes.extend(framed(FrameKind::Block, &link.bytes())));
    bytes.extend(framed(FrameKind::Certificate, &codec::encode(&links.last().unwrap().certificate)));
    bytes
}

fn tell(validators: u32, story: Story) -> Told {
    let mut network = Network::new(validators);
    let genesis = network.genesis.clone();
    let mut links = Vec::new();
    for height in 1..=story.blocks {
        let salt = if height >= story.salt.1 { story.salt.0 } else { story.salt.0 / 10 * 10 };
        let strangers_vote = story.taken.is_some_and(|taken| height > taken);
        // Who was voted out still has a stream; the strangers use one of theirs.
        let stream = if strangers_vote { validators + 1 } else { 1 };
        let mut events = ordinary(1_000_000 * salt + 100 * height);
        if height == story.changed && validators > 1 && !strangers_vote {
            events.extend(adopt(&network, validators, &Change::SetPower(NodeNumber(validators), 0), height + 1));
        }
        let mut second = Vec::new();
        if story.taken == Some(height) {
            // No member may propose more than four changes in a block.
            for (number, change) in coup(validators).iter().enumerate() {
                let by = if number < 4 { &mut events } else { &mut second };
                by.extend(adopt(&network, validators, change, height + 1));
            }
        }
        if story.planted {
            events.push(planted(&links));
        }
        let mut submissions = vec![network.submission(stream, events)];
        if height % 2 == 0 && validators > 1 && !strangers_vote {
            second.push(fixture::event(1_000_000 * salt + 100 * height + 50, Action::New { keeper: code(CODES[1]) }));
        }
        if !second.is_empty() {
            submissions.push(network.submission(2, second));
        }
        let block = network.block(submissions);
        links.push(link(block.block().clone().into_block(), block.certificate().unwrap().clone()));
    }
    Told { genesis, links, network }
}

fn link(block: ledger_core::block::Block, certificate: Certificate) -> Link {
    Link { header: block.header, body: block.body, certificate }
}

/// One to three events: new contracts, and what happens to one of them.
fn ordinary(number: u64) -> Vec<Event> {
    let keeper = code(CODES[0]);
    let mut events = vec![fixture::event(number, Action::New { keeper })];
    if number.is_multiple_of(3) {
        events.push(fixture::event(number, Action::Renew));
    }
    if number.is_multiple_of(5) {
        events.push(fixture::event(number + 1, Action::New { keeper }));
    }
    events
}

/// Evidence whose bytes are whole frames of an archive: the block below and its certificate, once more.
fn planted(links: &[Link]) -> Event {
    let mut bytes = Vec::new();
    if let Some(last) = links.last() {
        bytes.extend(framed(FrameKind::Block, &last.bytes()));
        bytes.extend(framed(FrameKind::Certificate, &codec::encode(&last.certificate)));
    }
    bytes.truncate(4_000);
    Event::Evidence(Evidence { form: 1, bytes: Bytes::new(bytes).unwrap() })
}

fn strangers(validators: u32) -> std::ops::RangeInclusive<u32> {
    validators + 1..=validators + 3
}

/// Three strangers get a vote each, and whoever had one loses it.
fn coup(validators: u32) -> Vec<Change> {
    let strangers = strangers(validators)
        .map(|number| Change::AddMember(fixture::member(number, CODES[number as usize - 1]).into()));
    strangers.chain((1..=validators).map(|number| Change::SetPower(NodeNumber(number), 0))).collect()
}

/// Proposes a change and approves it by every member.
fn adopt(network: &Network, validators: u32, change: &Change, effective: u64) -> Vec<Event> {
    let id = change.id(Height(effective));
    let chain = network.genesis.chain_id();
    let approve =
        |(text, number): (&&str, u32)| Approve::sign(&chain, &fixture::governance_key(number), code(text), id);
    let approvals = CODES.iter().zip(1..=validators).map(approve).map(Event::Approve);
    let propose = Event::Propose(Box::new(Propose { change: Arc::new(change.clone()), effective: Height(effective) }));
    std::iter::once(propose).chain(approvals).collect()
}
