//! What can be wrong with a home.

use super::LAYOUT;
use crate::durable::IoError;
use crate::keys::KeyFileError;
use ledger_core::crypto::ChainId;
use ledger_core::genesis::GenesisJsonError;
use ledger_core::names::{MemberCode, NodeNumber};
use std::path::PathBuf;
use thiserror::Error;

/// Why a folder cannot be used as a home.
#[derive(Debug, Error)]
pub enum HomeError {
    /// Nothing makes it one.
    #[error("{} is no home: it has no file `format`; make one with `luqi testnet` or `luqi genesis apply`", .0.display())]
    NoHome(PathBuf),
    /// Keys, but no chain yet.
    #[error("the home {} has keys and no chain yet; bring it the genesis with `luqi genesis install`", .0.display())]
    NotInstalled(PathBuf),
    /// Something is there already.
    #[error("{} is a home already; nothing was changed", .0.display())]
    Exists(PathBuf),
    /// Made by a newer version.
    #[error("the home {} has layout {found}, and this version knows {LAYOUT}; use the version that made it", path.display())]
    NewerLayout {
        /// The home.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// A home of something else.
    #[error("the home {} is of chain {found}, not of chain {wanted}", path.display())]
    OtherChain {
        /// The home.
        path: PathBuf,
        /// Its chain.
        found: ChainId,
        /// The chain asked for.
        wanted: ChainId,
    },
    /// The genesis has no such node.
    #[error("the genesis of the home {} has no node {node}", path.display())]
    UnknownNode {
        /// The home.
        path: PathBuf,
        /// The number in `format`.
        node: NodeNumber,
    },
    /// A genesis that was made without this home.
    #[error("the genesis names no node with the keys of the home {}; was its application collected?", .0.display())]
    NotNamed(PathBuf),
    /// The genesis has the node, with another vault key than the home.
    #[error("the genesis names another vault key for {member} than the home {} has", path.display())]
    OtherVault {
        /// The home.
        path: PathBuf,
        /// The member.
        member: MemberCode,
    },
    /// The genesis names this home itself.
    #[error("the genesis names the keys of the home {}: bring it there with `luqi genesis install`", .0.display())]
    Named(PathBuf),
    /// The number of a node that the genesis has.
    #[error("node {node} of the genesis has other keys than the home {}: a number is never used twice", path.display())]
    NumberUsed {
        /// The home.
        path: PathBuf,
        /// The number.
        node: NodeNumber,
    },
    /// No VRF key that this home can open.
    #[error(
        "the vault key of the home {} opens no VRF key of this network: a member makes one for it with `luqi member seal-vrf`",
        .0.display()
    )]
    NoVrf(PathBuf),
    /// A VRF key that is not the network's.
    #[error("the VRF key of the home {} is not the one whose public half is in the genesis", .0.display())]
    OtherVrf(PathBuf),
    /// A file that says something else than it should.
    #[error("the file {} cannot be understood: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A genesis that starts no chain.
    #[error("the genesis {} starts no chain: {source}", path.display())]
    Genesis {
        /// The file.
        path: PathBuf,
        /// Why.
        source: GenesisJsonError,
    },
    /// Others may enter a folder that holds secrets.
    #[error("others may enter {} (mode {mode:03o}); if nobody has, run: chmod -R go= {}", path.display(), home.display())]
    Open {
        /// The home.
        home: PathBuf,
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// A file or folder.
    #[error(transparent)]
    File(#[from] IoError),
}
