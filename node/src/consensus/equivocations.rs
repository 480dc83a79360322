//! What validators signed twice, kept for whoever is to be convinced.
//!
//! ```text
//! consensus/equivocations   magic(8) ‖ frames, appended and never changed
//! frame                     length(4) ‖ CRC-32 of the record(4) ‖ record
//! record                    equivocation ‖ member code ‖ consensus key at that height
//! ```
//!
//! Nothing rests on this file: each record proves itself, and is verified whenever it is read. It is bounded, for a
//! validator and in all: a few prove as much as many. A torn end is cut; a file that is damaged elsewhere is put aside,
//! and what holds of it goes on in a new one.

use crate::durable::{IoError, if_there, make_folder, read_start, replace};
use bincode::{Decode, Encode};
use ledger_core::certificate::{Equivocation, EquivocationError, Signer};
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use ledger_core::membership::{KeyBytes, Membership};
use ledger_core::names::{MemberCode, NodeNumber};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const MAGIC: &[u8; 8] = b"luqi-eqv";
/// Length and checksum.
const HEAD: usize = 8;
/// No record is longer.
const RECORD: usize = 512;
/// So many are kept of one validator.
const OF_ONE: usize = 16;
/// So many are kept in all.
const ALL: usize = 512;

/// A proof, with who it is about by the membership that judged its height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Both messages.
    pub equivocation: Equivocation,
    /// Who signed them.
    pub signer: Signer,
}

#[derive(Encode, Decode)]
struct Record {
    equivocation: Equivocation,
    member: MemberCode,
    key: KeyBytes,
}

impl Proof {
    /// A proof by the membership that judges its height.
    ///
    /// # Errors
    /// [`EquivocationError`]: why it is none.
    pub fn new(equivocation: Equivocation, judges: &Membership) -> Result<Self, EquivocationError> {
        let signer = equivocation.verify(judges)?;
        Ok(Self { equivocation, signer })
    }

    fn encode(&self) -> Vec<u8> {
        let (equivocation, member) = (self.equivocation.clone(), self.signer.member);
        let record = codec::encode(&Record { equivocation, member, key: KeyBytes(*self.signer.key.as_bytes()) });
        let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes()[..], &crc32fast::hash(&record).to_be_bytes(), &record].concat()
    }

    /// Reads a record, and verifies it.
    fn read(record: &[u8], chain: ChainId) -> Result<Self, String> {
        let Record { equivocation, member, key } = codec::decode(record).map_err(|why| why.to_string())?;
        if equivocation.chain != chain {
            return Err(format!("it is of chain {}", equivocation.chain));
        }
        let key = ledger_core::crypto::PublicKey::from_bytes(&key.0).map_err(|why| why.to_string())?;
        equivocation.signed_by(&key).map_err(|why| why.to_string())?;
        Ok(Self { equivocation, signer: Signer { member, key } })
    }

    /// Whether it is about the same as another one: a pair of messages says no more than another of their kind and place.
    fn is_about(&self, other: &Self) -> bool {
        let about = |of: &Self| {
            let Equivocation { node, kind, height, round, .. } = of.equivocation;
            (node, kind, height, round)
        };
        about(self) == about(other)
    }
}

/// What is kept. A clone is another handle on the same. It reads and writes a file: on an asynchronous thread, call it
/// through `tokio::task::spawn_blocking`.
#[derive(Clone)]
pub struct Equivocations {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    path: PathBuf,
    /// None once it could not be written.
    file: Option<File>,
    proofs: Vec<Proof>,
}

/// What stands in a file.
#[derive(Default)]
struct Content {
    proofs: Vec<Proof>,
    /// Up to here its frames are whole.
    length: usize,
    /// What is wrong elsewhere than at its end.
    damage: Vec<String>,
}

impl Equivocations {
    /// Opens the file in the folder of agreement, and makes it where there is none.
    ///
    /// # Errors
    /// [`IoError`], when the system refuses.
    pub fn open(folder: &Path, chain: ChainId) -> Result<Self, IoError> {
        make_folder(folder)?;
        let path = folder.join("equivocations");
        // One that is longer was not written by this program; what is left out of it counts as damage.
        let longest = (MAGIC.len() + 2 * ALL * (HEAD + RECORD)) as u64;
        let bytes = if_there(read_start(&path, longest))?;
        let content = bytes.as_deref().map(|bytes| read(bytes, chain));
        let (proofs, file) = match content {
            Some(Content { proofs, length, damage }) if damage.is_empty() && length >= MAGIC.len() => {
                let file = OpenOptions::new().append(true).open(&path).map_err(IoError::io("open", &path))?;
                file.set_len(length as u64).map_err(IoError::io("cut", &path))?;
                (proofs, file)
            }
            content => {
                let Content { proofs, damage, .. } = content.unwrap_or_default();
                if !damage.is_empty() {
                    let aside = path.with_extension("damaged");
                    tracing::warn!(
                        "{} is damaged and put aside as {}: {}",
                        path.display(),
                        aside.display(),
                        damage.join("; ")
                    );
                    std::fs::rename(&path, &aside).map_err(IoError::io("put aside", &path))?;
                }
                let frames: Vec<u8> = proofs.iter().flat_map(Proof::encode).collect();
                replace(&path, |to| {
                    let written = to.write_all(MAGIC).and_then(|()| to.write_all(&frames));
                    written.map_err(IoError::io("write", &path))
                })?;
                (proofs, OpenOptions::new().append(true).open(&path).map_err(IoError::io("open", &path))?)
            }
        };
        Ok(Self { inner: Arc::new(Mutex::new(Inner { path, file: Some(file), proofs })) })
    }

    /// Keeps a proof, durably, unless there is one about the same, or enough. Gives whether it is new.
    ///
    /// # Errors
    /// [`IoError`]; then it is not on disk, and nothing more is written there by this process.
    pub fn keep(&self, proof: Proof) -> Result<bool, IoError> {
        let mut inner = self.inner();
        let of_one = inner.proofs.iter().filter(|known| known.equivocation.node == proof.equivocation.node).count();
        let is_known = inner.proofs.iter().any(|known| known.is_about(&proof));
        if is_known || of_one >= OF_ONE || inner.proofs.len() >= ALL {
            return Ok(false);
        }
        let frame = proof.encode();
        // Whatever becomes of the disk, this process can show it.
        inner.proofs.push(proof);
        let Some(mut file) = inner.file.take() else { return Ok(true) };
        file.write_all(&frame).map_err(IoError::io("write", &inner.path))?;
        file.sync_data().map_err(IoError::sync(&inner.path))?;
        inner.file = Some(file);
        Ok(true)
    }

    /// All that are kept, in the order in which they came.
    #[must_use]
    pub fn all(&self) -> Vec<Proof> {
        self.inner().proofs.clone()
    }

    /// How many are kept.
    #[must_use]
    pub fn count(&self) -> usize {
        self.inner().proofs.len()
    }

    /// Who they are about, each once.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeNumber> {
        let mut nodes: Vec<_> = self.inner().proofs.iter().map(|proof| proof.equivocation.node).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(bytes: &[u8], chain: ChainId) -> Content {
    let mut content = Content::default();
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else {
        // Less than the magic is the end of a first write that was cut short.
        if bytes.len() >= MAGIC.len() {
            content.damage.push("it begins with another word".to_owned());
        }
        return content;
    };
    content.length = MAGIC.len();
    while !rest.is_empty() {
        if let Some((record, behind)) = frame(rest) {
            match Proof::read(record, chain) {
                Ok(proof) => content.proofs.push(proof),
                Err(why) => content.damage.push(format!("the record at byte {} proves nothing: {why}", content.length)),
            }
            content.length += rest.len() - behind.len();
            rest = behind;
            continue;
        }
        // A bad frame that no good one follows is the end of a write that was cut short.
        let good = (1..rest.len()).find(|at| rest.get(*at..).is_some_and(|rest| frame(rest).is_some()));
        if good.is_some() || rest.len() > HEAD + RECORD {
            content.damage.push(format!("at byte {} stands no record", content.length));
        }
        let Some(good) = good else { break };
        content.length += good;
        rest = rest.get(good..).unwrap_or_default();
    }
    content
}

/// The record of a whole frame, and what stands behind it.
fn frame(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok().filter(|length| *length <= RECORD)?;
    let (record, behind) = rest.split_at_checked(length)?;
    (crc32fast::hash(record) == u32::from_be_bytes(*checksum)).then_some((record, behind))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ledger_core::certificate::{Said, SignedTwice};
    use ledger_core::crypto::Signature;
    use ledger_core::fixture::{Network, node_key};
    use ledger_core::membership::Purpose;
    use ledger_core::names::{BlockHash, Height, Round};

    /// Two prevotes of a node.
    pub(crate) fn proof(node: u32, height: u64) -> Proof {
        let network = Network::new(4);
        let said = [Some(BlockHash([1; 32])), None];
        let said = said.map(|block| Said { block, valid_round: None, signature: Signature([0; 64]) });
        let (chain, node, kind) = (network.tip.chain(), NodeNumber(node), SignedTwice::Prevote);
        let mut of = Equivocation { chain, node, kind, height: Height(height), round: Round(0), said };
        let key = node_key(node.0, Purpose::Consensus);
        let messages = of.messages().unwrap();
        of.said.iter_mut().zip(&messages).for_each(|(said, message)| said.signature = key.sign(message));
        Proof::new(of, network.tip.membership()).unwrap()
    }

    fn open(folder: &Path) -> Equivocations {
        Equivocations::open(folder, Network::new(4).tip.chain()).unwrap()
    }

    #[test]
    fn what_is_kept_is_there_again_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let kept = open(folder.path());
        assert!(kept.keep(proof(2, 5)).unwrap());
        assert!(!kept.keep(proof(2, 5)).unwrap(), "about the same");
        assert!((6..40).filter(|height| kept.keep(proof(2, *height)).unwrap()).count() == OF_ONE - 1);
        assert!(kept.keep(proof(3, 5)).unwrap(), "another's room is his own");
        let all = kept.all();
        assert_eq!((all.len(), kept.nodes()), (OF_ONE + 1, vec![NodeNumber(2), NodeNumber(3)]));
        assert_eq!(open(folder.path()).all(), all);
    }

    #[test]
    fn a_torn_end_is_cut_and_what_comes_next_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("equivocations");
        drop(open(folder.path()));
        let ends: Vec<u64> = (1..=3)
            .map(|height| {
                assert!(open(folder.path()).keep(proof(1, height)).unwrap());
                std::fs::metadata(&path).unwrap().len()
            })
            .collect();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let kept = open(folder.path());
            let wanted = ends.iter().filter(|end| **end <= length as u64).count();
            assert_eq!(kept.count(), wanted, "{length}");
            assert!(kept.keep(proof(4, 9)).unwrap());
            assert_eq!(open(folder.path()).count(), wanted + 1, "{length}");
        }
        assert!(!path.with_extension("damaged").exists());
    }

    #[test]
    fn a_flipped_bit_loses_one_and_the_file_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("equivocations");
        (1..=3).for_each(|height| assert!(open(folder.path()).keep(proof(1, height)).unwrap()));
        let whole = std::fs::read(&path).unwrap();
        for byte in (0..whole.len()).step_by(7) {
            let mut flipped = whole.clone();
            flipped[byte] ^= 0x10;
            std::fs::write(&path, &flipped).unwrap();
            let (all, left) = ([1, 2, 3].map(|height| proof(1, height)), open(folder.path()).all());
            let wanted = if byte < MAGIC.len() { 0 } else { 2 };
            assert!(left.len() == wanted && left.iter().all(|one| all.contains(one)), "{byte}: {}", left.len());
            assert_eq!(open(folder.path()).all(), left, "what holds goes on");
        }
        assert!(path.with_extension("damaged").exists());
    }
}
