//! Why the intake goes no further. What is wrong with a single item is no error, but its outcome.

use crate::committer::CommitError;
use crate::consensus::LoneError;
use crate::durable::IoError;
use crate::home::HomeError;
use crate::keys::KeyFileError;
use crate::outbox::OutboxError;
use crate::store::StoreError;
use crate::vault::VaultError;
use ledger_core::chain::Fault;
use ledger_core::names::{Height, NodeNumber, Sequence};
use ledger_core::record::RecordError;
use ledger_core::submission::SubmissionError;
use std::path::PathBuf;
use thiserror::Error;

/// Why the intake cannot be opened, or stops. What it has acknowledged stays.
#[derive(Debug, Error)]
pub enum IntakeError {
    /// Others have a say about blocks.
    #[error("this chain has other validators than node {0}, and a block needs their votes")]
    NotAlone(NodeNumber),
    /// A home that does not know what its validator signed.
    #[error(transparent)]
    Lone(#[from] LoneError),
    /// A node that may not submit.
    #[error("the membership in force has no node {0}, whose home this is, or has it with other keys")]
    NotAMember(NodeNumber),
    /// The chain's parameters leave no room.
    #[error("the chain's parameters allow blocks of {0} bytes, and one event does not fit")]
    NoRoom(u32),
    /// A record that cannot say what was deduced of it.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A record in the vault that cannot be sent again.
    #[error("the record that waits as {0} names no contract")]
    Nameless(String),
    /// A block of our own making.
    #[error("block {height} that was just made is not one: {fault}")]
    Block {
        /// Its height.
        height: Height,
        /// What is wrong.
        fault: Fault,
    },
    /// A submission of our own making.
    #[error(transparent)]
    Submission(#[from] SubmissionError),
    /// One of its files.
    #[error(transparent)]
    File(#[from] IoError),
    /// The blocks.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key of the look-up.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The home.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The chain.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// The system gives no thread.
    #[error("the intake's thread cannot be started: {0}")]
    Thread(std::io::Error),
    /// The look-up has lost what was sent last, or is not there.
    #[error(
        "the look-up {} knows what this node sent up to submission {found}, and the chain or the outbox has {last}: what was sent since would be recorded twice; restore the folder from a backup, or start with --new-look-up and take that on yourself",
        path.display()
    )]
    Behind {
        /// The look-up.
        path: PathBuf,
        /// The last submission that it knows.
        found: Sequence,
        /// The last one that is durable.
        last: Sequence,
    },
    /// Neither the chain here nor the outbox has what the look-up knows.
    #[error(
        "the look-up {} knows what this node sent up to submission {found}; chain and outbox here have it up to {last}. Is the chain here older than the others', it is fetched, and the intake opens by itself. Does `luqi member list` at another node show no more than {last} either, outbox/ is lost: restore it; without a copy start once with --lost-outbox {last}, and have what was sent since handed in again. To begin another chain in this home, move intake/ and vault/ away, too",
        path.display()
    )]
    Ahead {
        /// The look-up.
        path: PathBuf,
        /// The last submission that it knows.
        found: Sequence,
        /// The last one that is durable.
        last: Sequence,
    },
    /// The vault is older than the look-up.
    #[error(
        "the look-up {} knows of {lost} records that vault/ does not have: it was rolled back, damaged or lost; restore it from a newer copy, or start with --new-look-up and go on without their plaintext",
        path.display()
    )]
    VaultBehind {
        /// The look-up.
        path: PathBuf,
        /// How many records.
        lost: u64,
    },
}
