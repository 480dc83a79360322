//! A node's folder, its *home*.
//!
//! ```text
//! format         {"layout": 1, "chain_id": …, "node": …}: makes the folder a home; written last;
//!                "joined": true where the node came later than the genesis
//! genesis.json   what its chain starts from
//! keys/          consensus, submission, peer, note, vault, vrf: .key files of mode 0600
//! ledger/        the store's
//! vault/         the vault's
//! intake/        the intake's
//! outbox/        the outbox's
//! ```
//!
//! Who opens a home gets it checked: the layout is one that this version knows, the genesis is the one
//! of the chain id, the node is one of its nodes unless it joined later. A home comes to be in two steps,
//! since its keys must be there before a genesis can name them: [`Home::prepare`], then [`Home::install`],
//! or [`Home::join`] where the chain, and not its genesis, names them.

mod error;
#[cfg(test)]
mod tests;

pub use error::HomeError;

use crate::durable::{IoError, make_folder, read, replace, sync_folder};
use crate::keys::{KeyFileError, KeyName, NodeKeys, VaultSecret, read_key, seal, write_key};
use ledger_core::crypto::ChainId;
use ledger_core::genesis::{Genesis, SealedVrf};
use ledger_core::lookup::VrfSecretKey;
use ledger_core::membership::{NodeKey, VaultKey};
use ledger_core::names::{MemberCode, NodeNumber};
use rand_core::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The layout that this version makes and reads.
pub const LAYOUT: u32 = 1;

/// No file of JSON in a home is longer: the longest is a genesis that goes on from a chain of many changes.
const MOST: u64 = 256 << 20;

/// What `format` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// How the folder is laid out.
    pub layout: u32,
    /// The chain that the home belongs to.
    pub chain_id: ChainId,
    /// The node whose home it is.
    pub node: NodeNumber,
    /// The node came later: the genesis does not name it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub joined: bool,
}

/// The secrets of a home that takes part in a chain.
#[derive(Clone, Debug)]
pub struct HomeKeys {
    /// The node's own.
    pub node: NodeKeys,
    /// The member's vault key.
    pub vault: VaultSecret,
    /// The network's VRF key.
    pub vrf: VrfSecretKey,
}

/// A checked home.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
    format: Format,
    genesis: Genesis,
}

impl Home {
    /// The first step: a folder with the keys of a node and its member's vault key.
    ///
    /// # Errors
    /// [`HomeError`]; a folder that has keys already is left as it is.
    pub fn prepare(root: &Path, node: &NodeKeys, vault: &VaultSecret) -> Result<(), HomeError> {
        let keys = keys_folder(root);
        if exists(&format_file(root))? || exists(&keys)? {
            return Err(HomeError::Exists(root.to_owned()));
        }
        make_folder(&keys)?;
        node.write(&keys)?;
        write_key(&KeyName::Vault.path(&keys), KeyName::Vault, &vault.bytes())?;
        Ok(sync_folder(root)?)
    }

    /// The second step: takes the genesis into a prepared folder, if it names the folder's keys, opens
    /// the VRF key that it brings, and makes the folder a home. May be repeated after a crash.
    ///
    /// # Errors
    /// [`HomeError`], naming what does not fit.
    pub fn install(root: &Path, genesis: Genesis) -> Result<Self, HomeError> {
        let (own, vault) = read_prepared(root)?;
        let named = genesis.membership.nodes().find(|(_, node)| *node.keys == own.list());
        let (member, node) = named.ok_or_else(|| HomeError::NotNamed(root.to_owned()))?;
        if member.vault != vault.public() {
            return Err(HomeError::OtherVault { path: root.to_owned(), member: member.code });
        }
        let vrf = open_vrf(&genesis, |sealed| sealed.member == member.code, &vault);
        let vrf = vrf.ok_or_else(|| HomeError::NoVrf(root.to_owned()))?;
        let node = node.number;
        settle(root, genesis, node, &vrf, false)
    }

    /// The second step of a node that joins a chain whose genesis does not name it, under the number that
    /// the chain gives it. The VRF key comes out of `sealed`, which a member has sealed to the vault key of
    /// the home, or, for a further node of a member of the genesis, out of that. May be repeated after a
    /// crash.
    ///
    /// # Errors
    /// [`HomeError`], naming what does not fit.
    pub fn join(root: &Path, genesis: Genesis, node: NodeNumber, sealed: Option<&[u8]>) -> Result<Self, HomeError> {
        let (own, vault) = read_prepared(root)?;
        if genesis.membership.nodes().any(|(_, node)| *node.keys == own.list()) {
            return Err(HomeError::Named(root.to_owned()));
        }
        if genesis.membership.node(node).is_some() {
            return Err(HomeError::NumberUsed { path: root.to_owned(), node });
        }
        let vrf = match sealed {
            Some(sealed) => unseal_vrf(&genesis, sealed, &vault),
            None => open_vrf(&genesis, |_| true, &vault),
        };
        let vrf = vrf.ok_or_else(|| HomeError::NoVrf(root.to_owned()))?;
        settle(root, genesis, node, &vrf, true)
    }

    /// Both steps at once, for who draws keys and genesis himself.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn create(root: &Path, genesis: Genesis, node: &NodeKeys, vault: &VaultSecret) -> Result<Self, HomeError> {
        Self::prepare(root, node, vault)?;
        Self::install(root, genesis)
    }

    /// Opens a home, checked.
    ///
    /// # Errors
    /// [`HomeError`], saying what to do.
    pub fn open(root: &Path) -> Result<Self, HomeError> {
        let format = read_format(root)?;
        let genesis = read_genesis(&root.join("genesis.json"))?;
        let home = Self { root: root.to_owned(), format, genesis };
        home.expect_chain(home.genesis.chain_id())?;
        if !format.joined && home.genesis.membership.node(format.node).is_none() {
            return Err(HomeError::UnknownNode { path: root.to_owned(), node: format.node });
        }
        Ok(home)
    }

    /// Refuses a home of another chain.
    ///
    /// # Errors
    /// [`HomeError::OtherChain`].
    pub fn expect_chain(&self, wanted: ChainId) -> Result<(), HomeError> {
        let found = self.format.chain_id;
        if found == wanted {
            return Ok(());
        }
        Err(HomeError::OtherChain { path: self.root.clone(), found, wanted })
    }

    /// Reads the secrets.
    ///
    /// # Errors
    /// [`HomeError`], which never shows one.
    pub fn load_keys(&self) -> Result<HomeKeys, HomeError> {
        let keys = keys_folder(&self.root);
        expect_closed(&self.root)?;
        let vrf = read_vrf(&self.root)?;
        check_vrf(&self.root, &self.genesis, &vrf)?;
        Ok(HomeKeys { node: NodeKeys::read(&keys)?, vault: read_vault(&keys)?, vrf })
    }

    /// The network's VRF key, sealed to the vault key of a member that joins.
    ///
    /// # Errors
    /// [`HomeError`], when the key cannot be read.
    pub fn seal_vrf(&self, to: &VaultKey, rng: &mut (impl RngCore + CryptoRng)) -> Result<Vec<u8>, HomeError> {
        let vrf = read_vrf(&self.root)?;
        check_vrf(&self.root, &self.genesis, &vrf)?;
        // A key is short enough for a box.
        seal(to, &*vrf.to_bytes(), rng).map_err(|_| HomeError::OtherVrf(self.root.clone()))
    }

    /// The keys of a prepared folder or home that others may know: the node's, and its member's vault key.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn public_keys(root: &Path) -> Result<([NodeKey; 4], VaultKey), HomeError> {
        let keys = keys_folder(root);
        Ok((NodeKeys::read(&keys)?.list(), read_vault(&keys)?.public()))
    }

    /// Prepares a further node of the member whose home this is: with keys of its own, and the member's
    /// vault key.
    ///
    /// # Errors
    /// [`HomeError`].
    pub fn prepare_further(&self, root: &Path, node: &NodeKeys) -> Result<(), HomeError> {
        Self::prepare(root, node, &read_vault(&keys_folder(&self.root))?)
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What its chain starts from.
    #[must_use]
    pub const fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// The chain.
    #[must_use]
    pub const fn chain_id(&self) -> ChainId {
        self.format.chain_id
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> NodeNumber {
        self.format.node
    }

    /// The member whose node it was when the chain started; none where the node joined later: then the membership
    /// in force says it.
    #[must_use]
    pub fn member(&self) -> Option<MemberCode> {
        self.genesis.membership.node(self.format.node).map(|(member, _)| member.code)
    }

    /// The store's folder.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    /// The vault's folder.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }

    /// The intake's folder.
    #[must_use]
    pub fn intake(&self) -> PathBuf {
        self.root.join("intake")
    }

    /// The folder of agreement.
    #[must_use]
    pub fn consensus(&self) -> PathBuf {
        self.root.join("consensus")
    }

    /// The outbox's folder.
    #[must_use]
    pub fn outbox(&self) -> PathBuf {
        self.root.join("outbox")
    }
}

/// Reads a genesis and checks it.
///
/// # Errors
/// [`HomeError`]: the file cannot be read or understood, or starts no chain.
pub fn read_genesis(path: &Path) -> Result<Genesis, HomeError> {
    let text = read(path, MOST)?;
    Genesis::from_json(&text).map_err(|source| HomeError::Genesis { path: path.to_owned(), source })
}

/// Reads a value out of a JSON file.
///
/// # Errors
/// [`HomeError::File`], or [`HomeError::Malformed`].
pub fn read_json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, HomeError> {
    let text = read(path, MOST)?;
    serde_json::from_slice(&text)
        .map_err(|error| HomeError::Malformed { path: path.to_owned(), why: error.to_string() })
}

/// Writes a value as JSON: beside the file, synced, then in its place, so that there is never half of it.
///
/// # Errors
/// [`HomeError::File`].
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), HomeError> {
    let malformed = |error: serde_json::Error| HomeError::Malformed { path: path.to_owned(), why: error.to_string() };
    let mut text = serde_json::to_vec_pretty(value).map_err(malformed)?;
    text.push(b'\n');
    replace(path, |to| Ok(to.write_all(&text).map_err(IoError::io("write", path))?))
}

fn read_format(root: &Path) -> Result<Format, HomeError> {
    /// The one field that every layout has.
    #[derive(Deserialize)]
    struct Layout {
        layout: u32,
    }
    let path = format_file(root);
    if !exists(&path)? {
        let prepared = exists(&keys_folder(root))?;
        return Err(if prepared { HomeError::NotInstalled } else { HomeError::NoHome }(root.to_owned()));
    }
    let Layout { layout: found } = read_json(&path)?;
    if found > LAYOUT {
        return Err(HomeError::NewerLayout { path: root.to_owned(), found });
    }
    read_json(&path)
}

/// The keys of a folder that is prepared and no home yet.
fn read_prepared(root: &Path) -> Result<(NodeKeys, VaultSecret), HomeError> {
    let keys = keys_folder(root);
    if exists(&format_file(root))? {
        return Err(HomeError::Exists(root.to_owned()));
    }
    if !exists(&keys)? {
        return Err(HomeError::NoHome(root.to_owned()));
    }
    Ok((NodeKeys::read(&keys)?, read_vault(&keys)?))
}

/// Makes a prepared folder a home.
fn settle(
    root: &Path,
    genesis: Genesis,
    node: NodeNumber,
    vrf: &VrfSecretKey,
    joined: bool,
) -> Result<Home, HomeError> {
    let keys = keys_folder(root);
    let file = KeyName::Vrf.path(&keys);
    if exists(&file)? {
        check_vrf(root, &genesis, &read_vrf(root)?)?;
    } else {
        write_key(&file, KeyName::Vrf, &vrf.to_bytes())?;
    }
    let format = Format { layout: LAYOUT, chain_id: genesis.chain_id(), node, joined };
    for folder in ["ledger", "vault", "intake"] {
        make_folder(&root.join(folder))?;
    }
    write_json(&root.join("genesis.json"), &genesis)?;
    write_json(&format_file(root), &format)?;
    Ok(Home { root: root.to_owned(), format, genesis })
}

/// The VRF key that the genesis brings, for a member of whom it may be.
fn open_vrf(genesis: &Genesis, of: impl Fn(&SealedVrf) -> bool, vault: &VaultSecret) -> Option<VrfSecretKey> {
    let mut sealed = genesis.sealed_vrf.iter().filter(|sealed| of(sealed));
    sealed.find_map(|sealed| unseal_vrf(genesis, &sealed.sealed, vault))
}

/// The network's VRF key out of its box.
fn unseal_vrf(genesis: &Genesis, sealed: &[u8], vault: &VaultSecret) -> Option<VrfSecretKey> {
    let opened = vault.open(sealed).ok()?;
    let vrf = VrfSecretKey::from_bytes(opened.as_slice().try_into().ok()?).ok()?;
    (vrf.public() == genesis.vrf).then_some(vrf)
}

fn read_vrf(root: &Path) -> Result<VrfSecretKey, HomeError> {
    let bytes = read_key(&KeyName::Vrf.path(&keys_folder(root)), KeyName::Vrf)?;
    VrfSecretKey::from_bytes(&bytes).map_err(|_| HomeError::OtherVrf(root.to_owned()))
}

fn check_vrf(root: &Path, genesis: &Genesis, vrf: &VrfSecretKey) -> Result<(), HomeError> {
    if vrf.public() == genesis.vrf { Ok(()) } else { Err(HomeError::OtherVrf(root.to_owned())) }
}

fn read_vault(keys: &Path) -> Result<VaultSecret, KeyFileError> {
    read_key(&KeyName::Vault.path(keys), KeyName::Vault).map(|bytes| VaultSecret::from_bytes(&bytes))
}

fn keys_folder(root: &Path) -> PathBuf {
    root.join("keys")
}

fn format_file(root: &Path) -> PathBuf {
    root.join("format")
}

/// Whether something stands there. That the system does not let us look is no answer.
fn exists(path: &Path) -> Result<bool, HomeError> {
    Ok(path.try_exists().map_err(IoError::io("look for", path))?)
}

/// Folders that hold secrets, or what people have said.
const PRIVATE: [&str; 5] = ["keys", "vault", "intake", "outbox", "consensus"];

/// Refuses a home in which others may enter a folder that holds secrets: where the home itself is closed to them,
/// nobody gets that far.
fn expect_closed(root: &Path) -> Result<(), HomeError> {
    let mode = |path: &Path| match fs::metadata(path) {
        Ok(folder) => Ok(folder.permissions().mode() & 0o777),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(IoError::io("read the permissions of", path)(error)),
    };
    if mode(root)? & 0o077 == 0 {
        return Ok(());
    }
    for path in PRIVATE.map(|folder| root.join(folder)) {
        let mode = mode(&path)?;
        if mode & 0o077 != 0 {
            return Err(HomeError::Open { home: root.to_owned(), path, mode });
        }
    }
    Ok(())
}
