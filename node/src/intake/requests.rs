//! What was answered to whom: an append-only file of requests, and who asks after one later.
//!
//! ```text
//! file      magic(8) ‖ requests
//! request   length of the body(4) ‖ CRC-32 of the body(4) ‖ body
//! body      nonce(10) ‖ items: rejected, duplicate, accepted ‖ sequence(8) ‖ position(2), parked ‖ handle(16),
//!           placed ‖ generation(8) ‖ sequence(8) ‖ position(2)
//! id        offset in the file, hidden by the node's key and the nonce(6) ‖ nonce(10)
//! ```
//!
//! The id says where the request stands, so no index is held, and only who was told an id knows one. Half a
//! request at the end of the file, from a crash, is one that nobody was answered; what comes next stands
//! behind it. There is no plaintext in it, nor anything made from it.

use super::finality::Heights;
use super::journal::{Follow, Place};
use super::receipt::{ItemState, Tracked};
use super::sequel;
use super::tags::Tags;
use crate::chain::Chain;
use crate::durable::{IoError, sync_folder};
use crate::keys::system_rng;
use crate::store::{IndexRow, Store as _};
use crate::vault::{Handle, handle};
use bincode::{Decode, Encode};
use ledger_core::block::Block;
use ledger_core::codec::{self, List};
use ledger_core::merkle::LogIndex;
use ledger_core::names::{Height, NodeNumber, Sequence};
use ledger_core::outcome::Outcome;
use rand_core::RngCore as _;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

const MAGIC: &[u8; 8] = b"luqireqs";
/// Length and checksum.
const HEAD: usize = 8;
const NONCE: usize = 10;
/// No message has more items.
const MAX_ITEMS: usize = ledger_core::annex::MAX_VALUES;
/// No request is longer.
const MAX_BODY: usize = NONCE + 4 + MAX_ITEMS * 24;

/// What is kept of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) enum Kept {
    Rejected,
    Duplicate,
    /// By a version that cut nothing anew.
    Accepted(Sequence, u16),
    Parked(Handle),
    /// Accepted, after what waits was cut anew so many times.
    Placed(u64, Place),
}

/// The file, open for appending and reading.
#[derive(Debug)]
pub(super) struct Requests {
    file: File,
    path: PathBuf,
    length: u64,
}

impl Requests {
    pub(super) fn open(path: &Path) -> Result<Self, IoError> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(IoError::io("open", path))?;
        let mut length = file.metadata().map_err(IoError::io("read", path))?.len();
        let mut magic = *MAGIC;
        if length < MAGIC.len() as u64 {
            length = MAGIC.len() as u64;
            file.write_all_at(MAGIC, 0).map_err(IoError::io("write", path))?;
            file.sync_all().map_err(IoError::sync(path))?;
            path.parent().map_or(Ok(()), sync_folder)?;
        } else {
            file.read_exact_at(&mut magic, 0).map_err(IoError::io("read", path))?;
        }
        if magic != *MAGIC {
            return Err(IoError::malformed(path, "it begins with another word"));
        }
        Ok(Self { file, path: path.to_owned(), length })
    }

    /// Another handle, for reading.
    pub(super) fn reader(&self) -> Result<File, IoError> {
        self.file.try_clone().map_err(IoError::io("open", &self.path))
    }

    /// Keeps requests durably and gives their ids.
    pub(super) fn append(&mut self, tags: &Tags, requests: Vec<Vec<Kept>>) -> Result<Vec<String>, IoError> {
        let (mut bytes, mut ids) = (Vec::new(), Vec::with_capacity(requests.len()));
        for items in requests {
            let mut nonce = [0; NONCE];
            system_rng().fill_bytes(&mut nonce);
            ids.push(id(tags, &nonce, self.length.saturating_add(bytes.len() as u64)));
            // A message has fewer items than fit.
            let items = List::<_, MAX_ITEMS>::new(items).unwrap_or_default();
            let body = codec::encode(&(nonce, items));
            bytes.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
            bytes.extend_from_slice(&body);
        }
        self.file.write_all_at(&bytes, self.length).map_err(IoError::io("write", &self.path))?;
        self.file.sync_data().map_err(IoError::sync(&self.path))?;
        self.length = self.length.saturating_add(bytes.len() as u64);
        Ok(ids)
    }
}

fn id(tags: &Tags, nonce: &[u8; NONCE], offset: u64) -> String {
    let mask = tags.request(nonce);
    let [_, _, offset @ ..] = offset.to_be_bytes();
    let hidden = offset.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
    hidden.chain(*nonce).map(|byte| format!("{byte:02x}")).collect()
}

/// Where a request stands, and its nonce.
fn offset(tags: &Tags, id: &str) -> Option<(u64, [u8; NONCE])> {
    let digits = id.len() == 2 * (6 + NONCE) && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let number = u128::from_str_radix(id, 16).ok().filter(|_| digits)?;
    let bytes = number.to_be_bytes();
    let (hidden, nonce) = bytes.split_at_checked(6)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    let offset =
        hidden.iter().zip(tags.request(&nonce)).fold(0, |offset, (byte, mask)| (offset << 8) | u64::from(byte ^ mask));
    Some((offset, nonce))
}

/// Answers who asks after a request.
#[derive(Clone)]
pub(super) struct Tracker {
    pub(super) tags: Tags,
    pub(super) file: Arc<File>,
    pub(super) follow: Arc<RwLock<Follow>>,
    pub(super) heights: Heights,
    pub(super) chain: Chain,
    pub(super) node: NodeNumber,
}

/// Blocks that were read for one answer.
type Read = BTreeMap<Height, Option<(Block, IndexRow)>>;

impl Tracker {
    /// What became of a request; none where there is none with this id.
    pub(super) fn find(&self, id: &str) -> Option<Tracked> {
        let items = self.items(id)?;
        let mut read = Read::new();
        let items = items.iter().map(|item| self.state(*item, &mut read)).collect();
        Some(Tracked { id: id.to_owned(), items })
    }

    fn items(&self, id: &str) -> Option<Vec<Kept>> {
        let (offset, nonce) = offset(&self.tags, id)?;
        let mut head = [0; HEAD];
        self.file.read_exact_at(&mut head, offset).ok()?;
        let [l0, l1, l2, l3, checksum @ ..] = head;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if length > MAX_BODY {
            return None;
        }
        let mut body = vec![0; length];
        self.file.read_exact_at(&mut body, offset.checked_add(HEAD as u64)?).ok()?;
        if crc32fast::hash(&body).to_be_bytes() != checksum {
            return None;
        }
        let (found, items): ([u8; NONCE], List<Kept, MAX_ITEMS>) = codec::decode(&body).ok()?;
        (found == nonce).then(|| items.into_vec())
    }

    fn state(&self, item: Kept, read: &mut Read) -> ItemState {
        let first = match item {
            Kept::Rejected => return ItemState::Rejected,
            Kept::Duplicate => return ItemState::Duplicate,
            Kept::Accepted(sequence, position) => Some(self.now(0, (sequence, position))),
            Kept::Placed(generation, place) => Some(self.now(generation, place)),
            Kept::Parked(handle) => self.resent(&handle),
        };
        let Some(mut place) = first else { return ItemState::Parked };
        loop {
            let Some((state, again)) = self.judged(place, read) else { return ItemState::Pending };
            match again {
                // It came before its contract, and was sent again behind it.
                Some(handle) => match self.resent(&handle).filter(|later| *later > place) {
                    Some(later) => place = later,
                    None => return ItemState::Parked,
                },
                None => return state,
            }
        }
    }

    /// What the chain says of an event of this node, and its record where it came before its contract;
    /// none where it is not there yet.
    fn judged(&self, (sequence, position): Place, read: &mut Read) -> Option<(ItemState, Option<Handle>)> {
        let height = self.heights.of(sequence)?;
        let (block, row) = read.entry(height).or_insert_with(|| self.block(height)).as_ref()?;
        let mut before = 0_usize;
        for submission in block.body.submissions.iter() {
            if (submission.stream, submission.sequence) == (self.node, sequence) {
                let event = submission.events.get(usize::from(position))?;
                let place = before.checked_add(usize::from(position))?;
                let outcome = row.traces.get(place)?.outcome;
                let behind = block.event_count().checked_sub(place)?;
                let log_index = LogIndex(block.header.log_size.0.checked_sub(behind as u64)?);
                let waits = sequel::waits(outcome);
                let record = event.as_contract().filter(|_| waits).map(|event| handle(&event.commitment));
                let code = match outcome {
                    Outcome::Applied | Outcome::Recorded => None,
                    Outcome::Refused(why) => Some(why.code().to_owned()),
                };
                return Some((
                    ItemState::Final { height, log_index, applied: outcome == Outcome::Applied, code },
                    record,
                ));
            }
            before = before.saturating_add(submission.events.len());
        }
        None
    }

    fn block(&self, height: Height) -> Option<(Block, IndexRow)> {
        let store = self.chain.store();
        let bytes = store.block(height).ok()??;
        Some((codec::decode(&bytes).ok()?, store.index_row(height).ok()??))
    }

    fn now(&self, generation: u64, place: Place) -> Place {
        self.follow.read().unwrap_or_else(PoisonError::into_inner).now(generation, place)
    }

    fn resent(&self, handle: &Handle) -> Option<Place> {
        self.follow.read().unwrap_or_else(PoisonError::into_inner).resent(handle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_lead_to_where_a_request_stands_and_show_nothing() {
        let tags = Tags::new(&[3; 32]);
        for place in [8, 300, 1 << 40] {
            let nonce = [7; NONCE];
            let id = id(&tags, &nonce, place);
            assert_eq!(id.len(), 32);
            assert_eq!(offset(&tags, &id), Some((place, nonce)));
            assert_ne!(offset(&Tags::new(&[4; 32]), &id), Some((place, nonce)));
            assert!(!id.starts_with("0000"), "{id}");
        }
        for wrong in ["", "zz", &"0".repeat(31), &"g".repeat(32), &"F".repeat(32), "鲁鲁鲁鲁鲁鲁鲁鲁鲁鲁xx"] {
            assert_eq!(offset(&tags, wrong), None, "{wrong}");
        }
    }
}
