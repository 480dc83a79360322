//! Where the evidence comes from: the folder of a home, or an archive.

use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::archive::{Archive, Found, Judges, JudgesError, NotOpened, Start, Walk};
use ledger_core::audit::{Extent, Judged, Options, Watch, extent, judge};
use ledger_core::block::Header;
use ledger_core::crypto::ChainId;
use ledger_core::genesis::Genesis;
use ledger_core::names::{BlockHash, Height};
use luqi_node::durable::IoError;
use luqi_node::home::{Format, read_json};
use luqi_node::store::{Evidence, FileAt, Rows, StoreError};
use std::path::{Path, PathBuf};

/// Evidence of one chain.
pub(crate) enum Source {
    Home(Box<Evidence>),
    Archive(PathBuf),
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
    pub(crate) fn archive(path: &Path) -> Result<Self, Problem> {
        if !path.is_file() {
            return Err(Problem::usage(format!("there is no archive {}", path.display()))
                .next("name a file that `luqi export` wrote"));
        }
        Ok(Self::Archive(path.to_owned()))
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

    /// What the node's tip file says.
    pub(crate) fn tip_file(&self) -> Option<(Height, BlockHash)> {
        match self {
            Self::Home(evidence) => evidence.tip_file().map(|tip| (tip.height, tip.block)),
            Self::Archive(_) => None,
        }
    }

    /// Judges it.
    pub(crate) fn judge(&self, genesis: &Genesis, options: Options, watch: &mut impl Watch) -> Result<Judged, Problem> {
        match self {
            Self::Home(evidence) => {
                let mut blocks = evidence.blocks().map_err(|error| problem(error, false))?;
                Ok(judge(genesis, &Start::default(), &mut blocks, options, watch))
            }
            Self::Archive(path) => match Archive::open(open(path)?, &genesis.chain_id()) {
                Ok((start, mut blocks)) => Ok(judge(genesis, &start, &mut blocks, options, watch)),
                Err(why) => not_opened(path, why),
            },
        }
    }

    /// Who judged which height, up to one, as far as it proves that.
    pub(crate) fn judges(&self, genesis: &Genesis, height: Height) -> Result<Result<Judges, String>, Problem> {
        let told = |why: JudgesError| why.to_string();
        match self {
            Self::Home(evidence) => {
                let mut blocks = evidence.blocks().map_err(|error| problem(error, false))?;
                Ok(Judges::read(genesis, &Start::default(), &mut blocks, height).map_err(told))
            }
            Self::Archive(path) => match Archive::open(open(path)?, &genesis.chain_id()) {
                Ok((start, mut blocks)) => Ok(Judges::read(genesis, &start, &mut blocks, height).map_err(told)),
                Err(why) => Ok(Err(format!("{}: {why}", path.display()))),
            },
        }
    }

    /// Walks over it once more, for what else there is to tell.
    pub(crate) fn extent(&self, chain: &ChainId, judged: &Judged) -> Result<Extent, Problem> {
        match self {
            Self::Home(evidence) => Ok(extent(judged, &mut evidence.walk().map_err(|error| problem(error, false))?)),
            Self::Archive(path) => Ok(extent(judged, &mut Archive::walk(open(path)?, chain))),
        }
    }

    /// Its derived index, beside the blocks.
    pub(crate) fn rows(&self) -> Option<Rows<'_>> {
        match self {
            Self::Home(evidence) => Some(evidence.rows()),
            Self::Archive(_) => None,
        }
    }

    /// Gives what stands from somewhere below the first header on that `below` does not call below what is looked
    /// for.
    pub(crate) fn read_from<T>(
        &self,
        chain: &ChainId,
        below: impl Fn(&Header) -> bool,
        to: impl FnOnce(&mut dyn Iterator<Item = Found>) -> T,
    ) -> Result<T, Problem> {
        match self {
            Self::Home(evidence) => {
                let mut walk = evidence.walk_from(below).map_err(|error| problem(error, false))?;
                Ok(to(&mut std::iter::from_fn(|| walk.find())))
            }
            Self::Archive(path) => {
                let mut walk = Archive::walk(open(path)?, chain);
                Ok(to(&mut std::iter::from_fn(|| walk.find())))
            }
        }
    }

    /// How many blocks there are to read, about; none where nothing says so.
    pub(crate) fn blocks(&self) -> Option<u64> {
        match self {
            Self::Home(evidence) => evidence.tip_file().map(|tip| tip.height.0),
            Self::Archive(_) => None,
        }
    }

    /// How many bytes there are to read, where nothing says how many blocks.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Home(_) => 0,
            Self::Archive(path) => std::fs::metadata(path).map_or(0, |file| file.len()),
        }
    }

    /// What is odd without bearing on the verdict.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::Home(evidence) => evidence.notes(),
            Self::Archive(_) => Vec::new(),
        }
    }
}

fn open(path: &Path) -> Result<FileAt, Problem> {
    FileAt::open(path).map_err(|error| Problem::file("read", path, &error))
}

/// The judgement of an archive of which nothing can be judged; one of another chain is the caller's mistake.
fn not_opened(path: &Path, why: NotOpened) -> Result<Judged, Problem> {
    let problem = Problem::usage(format!("{}: {why}", path.display()));
    Judged::not_opened(why).ok_or_else(|| problem.next("use the genesis that belongs to this evidence"))
}

/// Why evidence cannot be taken up. Where the home itself is of this chain and its tip file is not, one
/// of the two was altered, and nothing here says which.
fn problem(error: StoreError, home_is_of_this_chain: bool) -> Problem {
    let (exit, next) = match &error {
        StoreError::NodeRuns { .. } | StoreError::File(IoError::InUse { .. }) => {
            (Exit::Failed, "stop the node, or audit an archive: `luqi export --home DIR --out FILE`")
        }
        StoreError::OtherChain { .. } if home_is_of_this_chain => {
            (Exit::Undecided, "the home names this chain itself: restore the tip file, or audit an archive of it")
        }
        StoreError::OtherChain { .. } => (Exit::Usage, "use the genesis that belongs to this evidence"),
        StoreError::File(IoError::DiskFull { .. }) => {
            (Exit::Failed, "make room where temporary files go, or set TMPDIR")
        }
        StoreError::File(IoError::Refused { .. } | IoError::OtherUser { .. } | IoError::Sync { .. }) => {
            (Exit::Failed, "see that you may read the evidence, and try again")
        }
        StoreError::Hot { .. }
        | StoreError::Blobs { .. }
        | StoreError::RolledBack { .. }
        | StoreError::OtherTip { .. }
        | StoreError::TipFile { .. }
        | StoreError::Damaged { .. }
        | StoreError::File(IoError::Malformed { .. })
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
