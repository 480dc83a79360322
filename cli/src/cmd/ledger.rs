//! The ledger of a home, opened by a command that is its only user for a while.

use crate::exit::{Exit, Problem};
use ledger_core::genesis::Genesis;
use ledger_core::names::{BlockHash, Height};
use luqi_node::committer::{CommitError, Ledger};
use luqi_node::config::Config;
use luqi_node::durable::IoError;
use luqi_node::home::Home;
use luqi_node::store::{DiskStore, Store, StoreConfig, StoreError};
use serde::Serialize;
use std::fmt;
use std::path::Path;

/// Opens the ledger of a home.
pub(super) fn open(home: &Path) -> Result<Ledger<DiskStore>, Problem> {
    let home = Home::open(home)?;
    Ledger::open(&home.ledger(), home.genesis().clone(), store_config(&home)?).map_err(problem)
}

/// When blocks are sealed, as the home's `node.toml` and the environment say.
pub(super) fn store_config(home: &Home) -> Result<StoreConfig, Problem> {
    Ok(Config::load(home.root(), std::env::vars())?.store.to_store())
}

/// Why a ledger does not do what was asked, as an exit code.
pub(super) fn problem(error: CommitError) -> Problem {
    let exit = match &error {
        CommitError::Certificate(_)
        | CommitError::Descent(_)
        | CommitError::Fault { .. }
        | CommitError::Map(_)
        | CommitError::OtherHistory(_)
        | CommitError::OtherOrigin(_)
        | CommitError::Store(StoreError::Fault { .. } | StoreError::Foot { .. } | StoreError::OtherTip { .. }) => {
            Exit::Wrong
        }
        CommitError::Gap { .. }
        | CommitError::Range { .. }
        | CommitError::NoFolder
        | CommitError::NoPredecessor
        | CommitError::OtherPredecessor { .. }
        | CommitError::TooLow { .. }
        | CommitError::NoTip(_)
        | CommitError::Store(StoreError::OtherChain { .. } | StoreError::File(IoError::OtherUser { .. })) => {
            Exit::Usage
        }
        CommitError::Store(_) | CommitError::OtherMap(_) | CommitError::NoOrigin(_) => Exit::Failed,
    };
    let closed_to_us = matches!(&error, CommitError::Store(StoreError::File(error))
        if error.kind() == Some(std::io::ErrorKind::PermissionDenied));
    let problem = Problem::new(exit, error);
    if closed_to_us {
        problem.next("chown the home to the user that its node runs as, with all in it")
    } else {
        problem
    }
}

/// Where a chain stands after an import.
#[derive(Debug, Serialize)]
pub(super) struct Chain {
    events: u64,
    height: Height,
    tip: BlockHash,
}

impl Chain {
    pub(super) fn of(ledger: &Ledger<DiskStore>) -> Self {
        let tip = ledger.tip();
        let entries = tip.frontier().size().0.saturating_sub(ledger.store().first_entry().0);
        let events = entries.saturating_sub(seals(ledger.genesis(), tip.height()));
        Self { events, height: tip.height(), tip: tip.hash() }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "chain     {} events, height {}\ntip       {}", self.events, self.height, self.tip)
    }
}

/// Every block begins with the seal of the one below; the first one of a chain that goes on, with two.
fn seals(genesis: &Genesis, height: Height) -> u64 {
    height.0 + u64::from(genesis.predecessor.is_some() && height.0 > 0)
}
