//! Secret keys: drawn, kept in files, sealed to others.
//!
//! ```text
//! key file     luqi-secret-<name>-1:<64 hexadecimal digits>\n
//! sealed box   ephemeral X25519 key(32) ‖ XSalsa20-Poly1305(message)    (libsodium's crypto_box_seal)
//! ```
//!
//! A key file is made readable by its owner alone and never becomes so afterwards; one that others may
//! read is refused. No error and no `Debug` shows a secret; copies in memory are wiped.

use crate::durable::{IoError, create_new};
use ledger_core::crypto::{PublicKey, SecretKey, Suite};
use ledger_core::lookup::VrfSecretKey;
use ledger_core::membership::{NodeKey, Purpose, VaultKey};
use rand_core::{CryptoRng, OsRng, RngCore};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use thiserror::Error;
use zeroize::Zeroizing;

/// What a key file is for, which is also its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyName {
    /// A node's key for one purpose.
    Node(Purpose),
    /// A member's offline key that approves changes of governance.
    Governance,
    /// A member's X25519 key to which deliveries are sealed.
    Vault,
    /// The network's key that makes subjects.
    Vrf,
    /// What the vault's record secrets are sealed with.
    KeyEncryption,
    /// What the intake's look-up tags are made with.
    Lookup,
}

impl KeyName {
    /// Every name.
    pub const ALL: [Self; 9] = [
        Self::Node(Purpose::Consensus),
        Self::Node(Purpose::Submission),
        Self::Node(Purpose::Peer),
        Self::Node(Purpose::Note),
        Self::Governance,
        Self::Vault,
        Self::Vrf,
        Self::KeyEncryption,
        Self::Lookup,
    ];

    /// The word in the file and before `.key`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Node(Purpose::Consensus) => "consensus",
            Self::Node(Purpose::Submission) => "submission",
            Self::Node(Purpose::Peer) => "peer",
            Self::Node(Purpose::Note) => "note",
            Self::Governance => "governance",
            Self::Vault => "vault",
            Self::Vrf => "vrf",
            Self::KeyEncryption => "kek",
            Self::Lookup => "lookup",
        }
    }

    /// The file of this key in a folder of keys.
    #[must_use]
    pub fn path(self, folder: &Path) -> PathBuf {
        folder.join(self.as_str()).with_extension("key")
    }
}

/// Why a key file cannot be made or read.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file, or its folder.
    #[error(transparent)]
    File(#[from] IoError),
    /// A key is never overwritten.
    #[error("the key file {} is already there, and a key is never overwritten", .0.display())]
    Exists(PathBuf),
    /// Others may read it, so it may be known.
    #[error("the key file {} may be read by others (mode {mode:03o}); if nobody has, run: chmod 600 {0}", path.display())]
    Readable {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Not a key, or a key for something else. What stands there is not shown.
    #[error("the file {} is not a key file for {name}: expected one line luqi-secret-{name}-1:<64 digits>", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The name of the key that was wanted.
        name: &'static str,
    },
}

/// Length of the longest key file.
const MAX_FILE: usize = 128;

/// Makes a key file, which must not be there yet, and syncs it.
///
/// # Errors
/// [`KeyFileError::Exists`], or [`KeyFileError::File`].
pub fn write_key(path: &Path, name: KeyName, secret: &[u8; 32]) -> Result<(), KeyFileError> {
    let mut line = Zeroizing::new(String::with_capacity(MAX_FILE));
    line.push_str("luqi-secret-");
    line.push_str(name.as_str());
    line.push_str("-1:");
    for byte in secret {
        line.extend([byte >> 4, byte & 15].into_iter().filter_map(|digit| char::from_digit(u32::from(digit), 16)));
    }
    line.push('\n');
    let made = create_new(path, 0o600, line.as_bytes())?;
    if made { Ok(()) } else { Err(KeyFileError::Exists(path.to_owned())) }
}

/// Reads the key out of a file that only its owner may read.
///
/// # Errors
/// [`KeyFileError`], which never shows what stands in the file.
pub fn read_key(path: &Path, name: KeyName) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let file = File::open(path).map_err(IoError::io("read", path))?;
    let mode = file.metadata().map_err(IoError::io("read", path))?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Readable { path: path.to_owned(), mode });
    }
    // With its room from the start, so that growing leaves no copy behind.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE + 1));
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut text).map_err(IoError::io("read", path))?;
    parse_key(&text, name).ok_or_else(|| KeyFileError::Malformed { path: path.to_owned(), name: name.as_str() })
}

fn parse_key(text: &[u8], name: KeyName) -> Option<Zeroizing<[u8; 32]>> {
    let line = text.strip_suffix(b"\n").unwrap_or(text);
    let digits = line.strip_prefix(b"luqi-secret-")?.strip_prefix(name.as_str().as_bytes())?.strip_prefix(b"-1:")?;
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut secret = Zeroizing::new([0; 32]);
    if digits.len() != 2 * secret.len() {
        return None;
    }
    for (to, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *to = digit(*high)? << 4 | digit(*low)?;
    }
    Some(secret)
}

/// 32 bytes of randomness; wiped when dropped.
pub fn draw_secret(rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut *secret);
    secret
}

/// A node's own keys, one for each purpose.
#[derive(Clone, Debug)]
pub struct NodeKeys {
    consensus: SecretKey,
    submission: SecretKey,
    peer: SecretKey,
    note: SecretKey,
}

impl NodeKeys {
    /// Draws all of them.
    pub fn draw(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        let mut key = || SecretKey::from_seed(&draw_secret(rng));
        Self { consensus: key(), submission: key(), peer: key(), note: key() }
    }

    /// The key for a purpose.
    #[must_use]
    pub const fn key(&self, purpose: Purpose) -> &SecretKey {
        match purpose {
            Purpose::Consensus => &self.consensus,
            Purpose::Submission => &self.submission,
            Purpose::Peer => &self.peer,
            Purpose::Note => &self.note,
        }
    }

    /// The public half for a purpose.
    #[must_use]
    pub fn public(&self, purpose: Purpose) -> PublicKey {
        self.key(purpose).public()
    }

    /// The public halves, as a membership lists them.
    #[must_use]
    pub fn list(&self) -> [NodeKey; 4] {
        Purpose::ALL.map(|purpose| NodeKey { purpose, suite: Suite::Ed25519Sha256, key: self.public(purpose) })
    }

    /// Makes their files in a folder.
    ///
    /// # Errors
    /// [`KeyFileError`], when one is there already or cannot be made.
    pub fn write(&self, folder: &Path) -> Result<(), KeyFileError> {
        Purpose::ALL.into_iter().try_for_each(|purpose| {
            let name = KeyName::Node(purpose);
            write_key(&name.path(folder), name, &self.key(purpose).seed())
        })
    }

    /// Reads their files in a folder.
    ///
    /// # Errors
    /// [`KeyFileError`], naming the file.
    pub fn read(folder: &Path) -> Result<Self, KeyFileError> {
        let key = |purpose| {
            let name = KeyName::Node(purpose);
            read_key(&name.path(folder), name).map(|seed| SecretKey::from_seed(&seed))
        };
        Ok(Self {
            consensus: key(Purpose::Consensus)?,
            submission: key(Purpose::Submission)?,
            peer: key(Purpose::Peer)?,
            note: key(Purpose::Note)?,
        })
    }
}

/// A member's X25519 vault key; wiped when dropped, never printed.
#[derive(Clone)]
pub struct VaultSecret(crypto_box::SecretKey);

/// A box that does not open: made for another key, or altered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the sealed box does not open with this vault key")]
pub struct SealError;

impl VaultSecret {
    /// Draws one.
    pub fn draw(rng: &mut (impl RngCore + CryptoRng)) -> Self {
        Self::from_bytes(&draw_secret(rng))
    }

    /// Takes the 32 bytes; the caller wipes his copy.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(crypto_box::SecretKey::from_bytes(*bytes))
    }

    /// The bytes, for storing them; wiped when dropped.
    #[must_use]
    pub fn bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> VaultKey {
        VaultKey(self.0.public_key().to_bytes())
    }

    /// Opens what was sealed to this key.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        self.0.unseal(sealed).map(Zeroizing::new).map_err(|_| SealError)
    }
}

impl std::fmt::Debug for VaultSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VaultSecret(of {})", self.public())
    }
}

/// Seals a message to a vault key: 48 bytes longer, and only the key's holder opens it.
///
/// # Errors
/// [`SealError`], when the message is too long for a box.
pub fn seal(to: &VaultKey, message: &[u8], rng: &mut (impl RngCore + CryptoRng)) -> Result<Vec<u8>, SealError> {
    crypto_box::PublicKey::from_bytes(to.0).seal(rng, message).map_err(|_| SealError)
}

/// Draws the network's VRF key, which is the same on every node.
pub fn draw_vrf(rng: &mut (impl RngCore + CryptoRng)) -> VrfSecretKey {
    loop {
        // Only zero is no key, and chance does not bring it about twice.
        if let Ok(key) = VrfSecretKey::from_random(&draw_secret(rng)) {
            return key;
        }
    }
}

/// The system's source of randomness.
#[must_use]
pub const fn system_rng() -> OsRng {
    OsRng
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, OpenOptions, Permissions};
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    const NAME: KeyName = KeyName::Governance;

    #[test]
    fn a_key_file_is_its_owners_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = NAME.path(folder.path());
        write_key(&path, NAME, &[0xa5; 32]).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("luqi-secret-governance-1:{}\n", "a5".repeat(32)));
        assert_eq!(*read_key(&path, NAME).unwrap(), [0xa5; 32]);
        assert!(matches!(write_key(&path, NAME, &[1; 32]), Err(KeyFileError::Exists(_))));
        assert_eq!(*read_key(&path, NAME).unwrap(), [0xa5; 32]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn half_a_key_that_a_crash_left_stands_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = NAME.path(folder.path());
        fs::write(path.with_extension("new"), "luqi-sec").unwrap();
        assert!(!path.exists());
        write_key(&path, NAME, &[3; 32]).unwrap();
        assert_eq!(*read_key(&path, NAME).unwrap(), [3; 32]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = NAME.path(folder.path());
        write_key(&path, NAME, &[7; 32]).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o777] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = read_key(&path, NAME).unwrap_err();
            assert!(matches!(error, KeyFileError::Readable { .. }), "{mode:o}: {error}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(read_key(&path, NAME).is_ok());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let hex = "5e".repeat(32);
        let wrong = [
            String::new(),
            hex.clone(),
            format!("luqi-secret-vault-1:{hex}\n"),
            format!("luqi-secret-governance-2:{hex}\n"),
            format!("luqi-secret-governance-1:{}\n", hex.to_uppercase()),
            format!("luqi-secret-governance-1:{hex}5\n"),
            format!("luqi-secret-governance-1:{}\n", &hex[1..]),
            format!("luqi-secret-governance-1:{hex}\n\n"),
            format!("luqi-secret-governance-1:{hex}{}\n", "5e".repeat(100)),
            format!("luqi-secret-governance-1:{}g\n", &hex[1..]),
        ];
        for (i, text) in wrong.iter().enumerate() {
            let path = folder.path().join(i.to_string());
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            let error = read_key(&path, NAME).unwrap_err();
            assert!(matches!(error, KeyFileError::Malformed { .. }), "{text}");
            let shown = format!("{error} {error:?}").to_lowercase();
            assert!(!shown.contains("5e5e"), "{shown}");
        }
    }

    #[test]
    fn a_nodes_keys_are_four_and_come_back_from_their_files() {
        let folder = tempfile::tempdir().unwrap();
        let keys = NodeKeys::draw(&mut system_rng());
        keys.write(folder.path()).unwrap();
        assert_eq!(NodeKeys::read(folder.path()).unwrap().list(), keys.list());
        fs::remove_file(folder.path().join("peer.key")).unwrap();
        let error = NodeKeys::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("peer.key"), "{error}");
    }

    #[test]
    fn only_the_holder_opens_a_sealed_box() {
        let (ours, theirs) = (VaultSecret::draw(&mut system_rng()), VaultSecret::draw(&mut system_rng()));
        let vrf = draw_vrf(&mut system_rng()).to_bytes();
        let mut sealed = seal(&ours.public(), &*vrf, &mut system_rng()).unwrap();
        assert_eq!(sealed.len(), 32 + 48);
        assert_eq!(**ours.open(&sealed).unwrap(), *vrf);
        assert_eq!(theirs.open(&sealed).map(|_| ()), Err(SealError));
        for i in 0..sealed.len() {
            sealed[i] ^= 1;
            assert!(ours.open(&sealed).is_err(), "byte {i}");
            sealed[i] ^= 1;
        }
        let back = VaultSecret::from_bytes(&ours.bytes());
        assert_eq!(back.public(), ours.public());
    }

    #[test]
    fn secrets_do_not_print_themselves() {
        let vault = VaultSecret::from_bytes(&[0x11; 32]);
        assert!(!format!("{vault:?}").contains("1111"));
    }
}
