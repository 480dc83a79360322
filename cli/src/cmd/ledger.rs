//! The ledger of a home, opened by a command that is its only user for a while.

use crate::exit::{Exit, Problem};
use luqi_node::committer::{CommitError, Ledger};
use luqi_node::home::Home;
use luqi_node::store::{DiskStore, StoreConfig, StoreError};
use std::path::Path;

/// Opens the ledger of a home.
pub(super) fn open(home: &Path) -> Result<Ledger<DiskStore>, Problem> {
    let home = Home::open(home)?;
    Ledger::open(&home.ledger(), home.genesis().clone(), StoreConfig::default()).map_err(problem)
}

/// Why a ledger does not do what was asked, as an exit code.
pub(super) fn problem(error: CommitError) -> Problem {
    let exit = match &error {
        CommitError::Certificate(_)
        | CommitError::Descent(_)
        | CommitError::Fault { .. }
        | CommitError::Map(_)
        | CommitError::OtherHistory(_)
        | CommitError::Store(StoreError::Fault { .. } | StoreError::Foot { .. } | StoreError::OtherTip { .. }) => {
            Exit::Wrong
        }
        CommitError::Gap { .. } | CommitError::Range { .. } | CommitError::Store(StoreError::OtherChain { .. }) => {
            Exit::Usage
        }
        CommitError::Store(_) => Exit::Failed,
    };
    Problem::new(exit, error)
}
