//! The chain that is committed again and again, as an archive.

use crate::base::{events, small_store};
use ledger_core::chain::{HashedBlock, check};
use ledger_core::crypto::ChainId;
use ledger_core::fixture::Network;
use ledger_core::genesis::Genesis;
use ledger_core::names::{BlockHash, Height, MapRoot};
use luqi_node::archive::{ArchiveReader, Item};
use luqi_node::committer::{CommitError, Ledger};
use luqi_node::store::{DiskStore, MemoryStore, Store};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A chain, what it starts from, and where it ends.
pub struct Chain {
    folder: TempDir,
    /// What it starts from.
    pub genesis: Genesis,
    /// The hash of each block, from height 1.
    pub hashes: Vec<BlockHash>,
    map_root: MapRoot,
}

impl Chain {
    /// A chain of so many small blocks.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(blocks: u64) -> Self {
        let mut network = Network::new(1);
        let genesis = network.genesis.clone();
        let mut ledger = Ledger::over(MemoryStore::new(&genesis), genesis.clone()).unwrap();
        let mut hashes = Vec::new();
        for height in 1..=blocks {
            let block = network.block_of(events(height));
            hashes.push(block.block().hash());
            ledger.push_final(block).unwrap();
        }
        ledger.sync().unwrap();
        let folder = tempfile::Builder::new().prefix("luqi-chain-").tempdir().unwrap();
        let path = folder.path().join("archive");
        ledger.export((Height(1), Height(blocks)), false, File::create(&path).unwrap(), &path).unwrap();
        let genesis_file = folder.path().join("genesis.json");
        std::fs::write(genesis_file, serde_json::to_vec(&genesis).unwrap()).unwrap();
        Self { folder, genesis, hashes, map_root: network.map.root() }
    }

    /// The folder with archive and genesis.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Opens a ledger of this chain.
    ///
    /// # Errors
    /// [`CommitError`].
    pub fn open(&self, folder: &Path) -> Result<Ledger<DiskStore>, CommitError> {
        Ledger::open(folder, self.genesis.clone(), small_store())
    }

    /// Holds every block of a ledger against the chain; gives its height.
    ///
    /// # Errors
    /// Which block is missing, or another one.
    pub fn compare(&self, ledger: &Ledger<DiskStore>, acknowledged: u64) -> Result<u64, String> {
        let tip = ledger.tip().height();
        if tip.0 < acknowledged {
            return Err(format!("block {acknowledged} was acknowledged, the chain ends at {tip}"));
        }
        for (height, hash) in (1..=tip.0).zip(&self.hashes) {
            let bytes = ledger.store().block(Height(height)).map_err(|error| error.to_string())?;
            let bytes = bytes.ok_or_else(|| format!("block {height} is not there"))?;
            let block = HashedBlock::read(&bytes).map_err(|why| format!("block {height}: {why}"))?;
            if block.hash() != *hash {
                return Err(format!("block {height} is {}, and was {hash}", block.hash()));
            }
        }
        if tip.0 == self.hashes.len() as u64 && ledger.map().root() != self.map_root {
            return Err("at its end the chain has another map".to_owned());
        }
        Ok(tip.0)
    }
}

/// Genesis and archive in a folder that [`Chain::new`] made.
pub(super) fn read(folder: &Path) -> (Genesis, PathBuf) {
    let genesis = std::fs::read(folder.join("genesis.json")).unwrap();
    (Genesis::from_json(&genesis).unwrap(), folder.join("archive"))
}

/// The blocks of an archive above a ledger's tip, each committed by `commit`.
pub(super) fn follow(
    archive: &Path,
    chain: &ChainId,
    ledger: &mut Ledger<DiskStore>,
    mut commit: impl FnMut(&mut Ledger<DiskStore>, HashedBlock, ledger_core::certificate::Certificate),
) {
    let file = BufReader::new(File::open(archive).unwrap());
    let mut reader = ArchiveReader::open(file, archive, chain).unwrap();
    let tip = ledger.tip().height();
    let mut waiting: Option<HashedBlock> = None;
    while let Some(item) = reader.next_item().unwrap() {
        let (block, certificate) = match item {
            Item::Block(bytes) => {
                let block = HashedBlock::read(&bytes).unwrap();
                let certificate = block.body().parent_certificate.clone();
                (Some(block), certificate)
            }
            Item::End(certificate) => (None, Some(certificate)),
        };
        if let (Some(below), Some(certificate)) = (waiting.take(), certificate)
            && below.header().height > tip
        {
            commit(ledger, below, certificate);
        }
        waiting = block;
    }
}

/// Commits one block.
pub(super) fn commit_block(
    ledger: &mut Ledger<DiskStore>,
    block: HashedBlock,
    certificate: ledger_core::certificate::Certificate,
) -> Result<(), CommitError> {
    let checked = check(block, ledger.tip(), ledger.map()).expect("the chain follows its rules");
    ledger.commit(checked, certificate)
}
