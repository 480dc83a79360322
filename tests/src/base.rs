//! The chains that are altered: small, complete, and with a validator that was removed.

use ledger_core::archive::{Last, Start};
use ledger_core::audit::{Judge, Options, Report, Verdict};
use ledger_core::block::Block;
use ledger_core::certificate::Certificate;
use ledger_core::chain::FinalBlock;
use ledger_core::codec;
use ledger_core::event::{Action, Event};
use ledger_core::fixture::{self, CODES, Network, code, governance_key};
use ledger_core::genesis::Genesis;
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::merkle::LogRoot;
use ledger_core::names::{BlockHash, Height, NodeNumber};
use luqi_node::committer::Ledger;
use luqi_node::store::StoreConfig;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Blocks of a base chain.
pub const BLOCKS: u64 = 60;
/// The first block of the stretch: above the change of membership.
const STRETCH: u64 = 41;

/// Sizes with which a short chain has several sealed files, a hot part and a snapshot.
#[must_use]
pub fn small_store() -> StoreConfig {
    StoreConfig {
        hot_blocks: 15,
        batch_blocks: 5,
        segment_bytes: 20_000,
        snapshot_blocks: 16,
        ..StoreConfig::default()
    }
}

/// A chain with its home and its archive, as they were before anybody altered them.
pub struct Base {
    /// A word for it.
    pub name: &'static str,
    /// What it starts from.
    pub genesis: Genesis,
    /// Its blocks, from height 1.
    pub blocks: Vec<Block>,
    /// Their certificates: the last stands apart.
    pub certificates: Vec<Certificate>,
    /// How many validators the genesis has.
    pub validators: u32,
    /// The node that was a validator and is none any more, and the height from which it is none.
    pub removed: (NodeNumber, Height),
    /// Its last block.
    pub tip: BlockHash,
    /// Its log.
    pub log_root: LogRoot,
    folder: TempDir,
}

impl Base {
    /// A chain of so many validators.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(name: &'static str, validators: u32) -> Self {
        let (genesis, made, removed) = grow(validators);
        let folder = tempfile::Builder::new().prefix("luqi-base-").tempdir().unwrap();
        store(&folder.path().join("home"), &genesis, &made);
        std::fs::write(folder.path().join("genesis.json"), serde_json::to_vec_pretty(&genesis).unwrap()).unwrap();
        let path = folder.path().join("archive");
        let ledger = Ledger::open(&folder.path().join("home/ledger"), genesis.clone(), small_store()).unwrap();
        let heights = (Height(1), Height(BLOCKS));
        ledger.export(heights, false, std::fs::File::create(&path).unwrap(), &path).unwrap();
        let path = folder.path().join("stretch");
        let heights = (Height(STRETCH), Height(BLOCKS));
        ledger.export(heights, true, std::fs::File::create(&path).unwrap(), &path).unwrap();
        drop(ledger);
        let certificates: Vec<Certificate> = made.iter().map(|block| block.certificate().unwrap().clone()).collect();
        let blocks: Vec<Block> = made.iter().map(|block| block.block().clone().into_block()).collect();
        let report = audit(&genesis, &blocks, certificates.last().unwrap());
        assert_eq!(report.verdict, Verdict::Holds, "{:?}", report.findings);
        let below = STRETCH as usize - 1;
        let kept = audit(&genesis, &blocks[..below], &certificates[below - 1]);
        for (name, bookmark) in [("bookmark.json", &report.bookmark), ("below.json", &kept.bookmark)] {
            std::fs::write(folder.path().join(name), serde_json::to_vec(bookmark).unwrap()).unwrap();
        }
        let (tip, log_root) = (report.tip.unwrap(), report.log_root.unwrap());
        Self { name, genesis, blocks, certificates, validators, removed, tip, log_root, folder }
    }

    /// The home of a node.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The whole chain as an archive.
    #[must_use]
    pub fn archive(&self) -> PathBuf {
        self.folder.path().join("archive")
    }

    /// The upper part of the chain as an archive with the states below it.
    #[must_use]
    pub fn stretch(&self) -> PathBuf {
        self.folder.path().join("stretch")
    }

    /// What the auditor kept of the chain below that part, in JSON.
    #[must_use]
    pub fn stretch_bookmark_file(&self) -> PathBuf {
        self.folder.path().join("below.json")
    }

    /// The genesis in JSON.
    #[must_use]
    pub fn genesis_file(&self) -> PathBuf {
        self.folder.path().join("genesis.json")
    }

    /// What the auditor kept of an audit of it, in JSON.
    #[must_use]
    pub fn bookmark_file(&self) -> PathBuf {
        self.folder.path().join("bookmark.json")
    }

    /// Its height.
    #[must_use]
    pub const fn height(&self) -> u64 {
        self.blocks.len() as u64
    }
}

/// An audit of blocks in memory.
fn audit(genesis: &Genesis, blocks: &[Block], certificate: &Certificate) -> Report {
    let mut judge = Judge::new(genesis, &Start::default(), Options::default());
    judge.take(&blocks.iter().map(codec::encode).collect::<Vec<_>>());
    Report::of(&judge.finish(Last::Certificate { certificate: certificate.clone(), behind: None }))
}

/// Stores a chain as a node does.
fn store(home: &Path, genesis: &Genesis, blocks: &[FinalBlock]) {
    std::fs::create_dir_all(home).unwrap();
    let mut ledger = Ledger::open(&home.join("ledger"), genesis.clone(), small_store()).unwrap();
    for block in blocks {
        ledger.push_final(block.clone()).unwrap();
        ledger.sync().unwrap();
        ledger.store().seal().unwrap();
    }
    ledger.close();
    std::fs::write(home.join("genesis.json"), serde_json::to_vec_pretty(genesis).unwrap()).unwrap();
}

/// The events of a block: new contracts, and what happens to older ones.
#[must_use]
pub fn events(height: u64) -> Vec<Event> {
    let keeper = code(CODES[0]);
    let mut events: Vec<Event> = (0..3).map(|i| fixture::event(height * 10 + i, Action::New { keeper })).collect();
    let older = |back: u64, i: u64| height.saturating_sub(back).max(1) * 10 + i;
    events.push(fixture::event(older(1, 0), Action::Renew));
    events.push(fixture::event(older(2, 1), Action::Suspend));
    events.push(fixture::event(older(3, 2), Action::Terminate));
    events
}

/// Proposes a change and approves it by every member.
fn adopt(network: &Network, change: Change, effective: Height) -> Vec<Event> {
    let id = change.id(effective);
    let chain = network.tip.chain();
    let members: Vec<_> = network.tip.membership().members().iter().map(|member| member.code).collect();
    let approve = |member| {
        let number = CODES.iter().zip(1..).find(|(text, _)| code(text) == member).unwrap().1;
        Event::Approve(Approve::sign(&chain, &governance_key(number), member, id))
    };
    let approvals = members.into_iter().map(approve);
    std::iter::once(Event::Propose(Box::new(Propose { change: change.into(), effective }))).chain(approvals).collect()
}

type Grown = (Genesis, Vec<FinalBlock>, (NodeNumber, Height));

/// A chain in which one validator is removed at height 30; where there was only one, a second one is
/// added before.
fn grow(validators: u32) -> Grown {
    let mut network = Network::new(validators);
    let genesis = network.genesis.clone();
    let removed = if validators == 1 { 2 } else { validators };
    let member = code(CODES[removed as usize - 1]);
    let mut made = Vec::new();
    for height in 1..=BLOCKS {
        let mut submissions = vec![network.submission(1, events(height))];
        if height == 10 && validators == 1 {
            let add = Change::AddMember(fixture::member(2, CODES[1]).into());
            submissions = vec![network.submission(1, adopt(&network, add, Height(12)))];
        }
        if height == 28 {
            let remove = adopt(&network, Change::RemoveMember(member, code(CODES[0])), Height(30));
            submissions = vec![network.submission(1, remove)];
        }
        if validators > 1 && height % 2 == 0 {
            let number = 1_000_000 + height;
            submissions
                .push(network.submission(2, vec![fixture::event(number, Action::New { keeper: code(CODES[1]) })]));
        }
        made.push(network.block(submissions));
    }
    assert!(network.tip.membership().member(member).is_none(), "the member is gone");
    (genesis, made, (NodeNumber(removed), Height(30)))
}
