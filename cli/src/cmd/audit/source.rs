//! Where the evidence comes from: the folder of a home, or an archive.

use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::archive::Foot;
use ledger_core::block::Header;
use ledger_core::certificate::Certificate;
use ledger_core::crypto::ChainId;
use ledger_core::map::ContractMap;
use ledger_core::names::{BlockHash, Height};
use luqi_node::home::{Format, read_json};
use luqi_node::store::{ArchiveEvidence, Evidence, EvidenceBlock, StoreError};
use std::path::Path;

/// Evidence of one chain.
pub(crate) enum Source {
    Home(Box<Evidence>),
    Archive(Box<ArchiveEvidence>),
}

impl Source {
    /// The ledger in a home. Of the home itself only its chain is asked, and not believed.
    pub(crate) fn home(home: &Path, chain: &ChainId) -> Result<Self, Problem> {
        let (format, ledger) = (home.join("format"), home.join("ledger"));
        if !format.exists() && !ledger.is_dir() {
            return Err(Problem::usage(format!("{} is no home: there is no ledger in it", home.display()))
                .next("name the folder that `luqi testnet` or `luqi genesis install` made"));
        }
        let named = read_json::<Format>(&format).ok().map(|format| format.chain_id);
        if let Some(found) = named.filter(|found| found != chain) {
            return Err(Problem::usage(format!(
                "the home {} is of chain {found}, the genesis makes chain {chain}",
                home.display()
            ))
            .next("use the genesis that belongs to this home"));
        }
        let evidence = Evidence::open(&ledger, chain).map_err(|error| problem(error, named.is_some()))?;
        Ok(Self::Home(Box::new(evidence)))
    }

    /// An archive.
    pub(crate) fn archive(path: &Path, chain: &ChainId) -> Result<Self, Problem> {
        if !path.is_file() {
            return Err(Problem::usage(format!("there is no archive {}", path.display()))
                .next("name a file that `luqi export` wrote"));
        }
        let archive = ArchiveEvidence::open(path, chain).map_err(|error| problem(error, false))?;
        Ok(Self::Archive(Box::new(archive)))
    }

    /// Says what of the evidence is not read in place.
    pub(crate) fn introduce(&self, output: &Output) {
        if let Self::Home(evidence) = self {
            let kilobytes = evidence.copied_bytes().div_ceil(1024);
            output.note(&format!(
                "sealed files are read in place; the newest blocks from a copy of their database ({kilobytes} KiB), which would change when it is opened"
            ));
        }
    }

    /// What the stretch stands on, and the contract map there.
    pub(crate) fn foot(&mut self) -> (Option<Foot>, Option<ContractMap>) {
        match self {
            Self::Home(_) => (Some(Foot::default()), None),
            Self::Archive(archive) => (archive.foot().cloned(), archive.take_map()),
        }
    }

    /// What the node's tip file says.
    pub(crate) fn tip_file(&self) -> Option<(Height, BlockHash)> {
        match self {
            Self::Home(evidence) => evidence.tip_file().map(|tip| (tip.height, tip.block)),
            Self::Archive(_) => None,
        }
    }

    /// The certificate of the last block; complete once all blocks were read.
    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Home(evidence) => evidence.certificate(),
            Self::Archive(archive) => archive.certificate(),
        }
    }

    /// Gives every block, in order; with the bytes of its derived index row, where there is one and `rows` are
    /// wanted.
    pub(crate) fn read(
        &mut self,
        rows: bool,
        to: impl FnOnce(&mut dyn Iterator<Item = (EvidenceBlock, Option<Vec<u8>>)>),
    ) {
        match self {
            Self::Home(evidence) => {
                let mut rows = rows.then(|| evidence.rows());
                to(&mut evidence.blocks().map(|block| {
                    let row = rows.as_mut().and_then(|rows| rows.at(block.height));
                    (block, row)
                }));
            }
            Self::Archive(archive) => to(&mut std::iter::from_fn(|| Some((archive.next_block()?, None)))),
        }
    }

    /// Whether it has a derived index beside the blocks.
    pub(crate) const fn is_indexed(&self) -> bool {
        matches!(self, Self::Home(_))
    }

    /// Gives the blocks from somewhere below the first that `below` does not call below what is looked
    /// for.
    pub(crate) fn read_from(
        &mut self,
        below: impl Fn(&Header) -> bool,
        to: impl FnOnce(&mut dyn Iterator<Item = EvidenceBlock>),
    ) {
        match self {
            Self::Home(evidence) => to(&mut evidence.blocks_from(below)),
            Self::Archive(archive) => to(&mut std::iter::from_fn(|| archive.next_block())),
        }
    }

    /// Whether [`Source::length`] counts bytes, and not blocks.
    pub(crate) const fn is_measured_in_bytes(&self) -> bool {
        matches!(self, Self::Archive(_))
    }

    /// How much there is to read, about.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Home(evidence) => evidence.tip_file().map_or(0, |tip| tip.height.0),
            Self::Archive(archive) => archive.bytes(),
        }
    }

    /// What keeps a chain from being found whole, whatever its blocks say. Complete once all blocks
    /// were read.
    pub(crate) fn doubts(&self) -> Vec<String> {
        match self {
            Self::Home(evidence) if evidence.tip_file().is_none() => {
                vec!["whether blocks are missing above the last one: no tip file says where the chain ended".to_owned()]
            }
            Self::Home(_) => Vec::new(),
            Self::Archive(archive) => archive.damage(),
        }
    }

    /// What is odd without bearing on the verdict. Complete once all blocks were read.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Home(evidence) => evidence.notes(),
            Self::Archive(_) => Vec::new(),
        }
    }
}

/// Why evidence cannot be taken up. Where the home itself is of this chain and its tip file is not, one
/// of the two was altered, and nothing here says which.
fn problem(error: StoreError, home_is_of_this_chain: bool) -> Problem {
    let (exit, next) = match &error {
        StoreError::NodeRuns { .. } | StoreError::InUse { .. } => {
            (Exit::Failed, "stop the node, or audit an archive: `luqi export --home DIR --out FILE`")
        }
        StoreError::OtherChain { .. } if home_is_of_this_chain => {
            (Exit::Undecided, "the home names this chain itself: restore the tip file, or audit an archive of it")
        }
        StoreError::OtherChain { .. } => (Exit::Usage, "use the genesis that belongs to this evidence"),
        StoreError::DiskFull { .. } => (Exit::Failed, "make room where temporary files go, or set TMPDIR"),
        StoreError::Io { .. } | StoreError::OtherUser { .. } | StoreError::Sync { .. } => {
            (Exit::Failed, "see that you may read the evidence, and try again")
        }
        StoreError::Hot { .. }
        | StoreError::Blobs { .. }
        | StoreError::RolledBack { .. }
        | StoreError::OtherTip { .. }
        | StoreError::TipFile { .. }
        | StoreError::Damaged { .. }
        | StoreError::File { .. }
        | StoreError::Differ { .. }
        | StoreError::Gap { .. }
        | StoreError::Order { .. }
        | StoreError::NoBlock(_)
        | StoreError::Fault { .. }
        | StoreError::Foot { .. }
        | StoreError::Thread(_) => return Problem::new(Exit::Undecided, error),
    };
    Problem::new(exit, error).next(next)
}
