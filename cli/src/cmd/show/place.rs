//! Where blocks are looked for: a home that is not running, or an archive. Neither is changed.

use crate::cmd::audit::Source;
use crate::exit::{Exit, Problem};
use ledger_core::archive::{Found, HEAD_BYTES, read_head};
use ledger_core::block::Header;
use ledger_core::chain::HashedBlock;
use ledger_core::crypto::ChainId;
use ledger_core::event::Event;
use ledger_core::merkle::{LeafHash, LogIndex};
use ledger_core::names::{NodeNumber, Sequence};
use luqi_node::home::Home;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A home or an archive.
#[derive(Debug, clap::Args)]
#[group(id = "place", required = true, multiple = false)]
pub(super) struct Place {
    /// A home; its node must not be running
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// An archive, as `luqi export` writes it
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
}

impl Place {
    /// The home, where it is one.
    pub(super) fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    fn open(&self) -> Result<(Source, ChainId), Problem> {
        match (&self.home, &self.archive) {
            (Some(home), _) => {
                let chain = Home::open(home)?.chain_id();
                Ok((Source::home(home, &chain)?, chain))
            }
            (None, Some(archive)) => Ok((Source::archive(archive)?, chain_of(archive)?)),
            (None, None) => Err(Problem::usage("name a home or an archive")),
        }
    }

    /// The first block whose header reaches what is looked for. `below` says of a header that it lies
    /// below.
    pub(super) fn find(&self, what: &str, below: impl Fn(&Header) -> bool) -> Result<HashedBlock, Problem> {
        let (source, chain) = self.open()?;
        // What is looked for may stand in what cannot be read.
        let (mut found, mut damaged) = (None, None);
        source.read_from(&chain, &below, |blocks| {
            for block in blocks {
                let block = match block {
                    Found::Block(bytes) => HashedBlock::read(&bytes).map_err(|why| why.to_string()),
                    Found::Damage(why) => Err(why),
                };
                match block {
                    Ok(block) if below(block.header()) => damaged = None,
                    Ok(block) => {
                        found = Some(block);
                        return;
                    }
                    Err(why) => damaged = Some(why),
                }
            }
        })?;
        match (found, damaged) {
            (_, Some(why)) => Err(unreadable(what, &why)),
            (Some(found), None) => Ok(found),
            (None, None) => Err(Problem::usage(format!("{what} is not here: the chain ends below it"))),
        }
    }
}

fn unreadable(what: &str, why: &str) -> Problem {
    Problem::new(Exit::Failed, format!("{what} stands where something cannot be read: {why}"))
        .next("audit it to see what was altered: `luqi audit`")
}

/// The chain that an archive says it is of.
fn chain_of(archive: &Path) -> Result<ChainId, Problem> {
    let mut head = [0; HEAD_BYTES];
    let read = File::open(archive).and_then(|mut file| file.read_exact(&mut head));
    read.map_err(|error| Problem::file("read", archive, &error))?;
    read_head(&head).map_err(|why| Problem::usage(format!("{}: {why}", archive.display())))
}

/// An event where it stands on the chain.
pub(super) struct Placed<'a> {
    pub(super) index: LogIndex,
    pub(super) stream: NodeNumber,
    pub(super) sequence: Sequence,
    pub(super) position: usize,
    pub(super) event: &'a Event,
    pub(super) leaf: LeafHash,
}

/// The log index of a block's first event: events are the last entries that it adds to the log.
pub(super) fn first_event(block: &HashedBlock) -> u64 {
    block.header().log_size.0.saturating_sub(block.leaves().len() as u64)
}

/// The events of a block.
pub(super) fn events(block: &HashedBlock) -> impl Iterator<Item = Placed<'_>> {
    let events = block.body().submissions.iter().flat_map(|submission| {
        let places = submission.events.iter().enumerate();
        places.map(move |(position, event)| (submission.stream, submission.sequence, position, event))
    });
    let entries = (first_event(block)..).zip(block.leaves());
    events.zip(entries).map(|((stream, sequence, position, event), (index, leaf))| Placed {
        index: LogIndex(index),
        stream,
        sequence,
        position,
        event,
        leaf: *leaf,
    })
}
