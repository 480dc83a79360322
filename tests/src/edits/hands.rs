//! How the evidence is taken into hands: the files of a home, the values in its database, the tip
//! file.

use crate::layout::{self, Frame, HEADER_BYTES};
use ledger_core::archive::FrameKind;
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::crypto::ChainId;
use ledger_core::names::BlockHash;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The sealed files of a home, in order.
pub(super) fn sealed_files(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.join("ledger/sealed")).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "luqi")).collect();
    files.sort();
    files
}

/// Changes the bytes of a file.
pub(super) fn change<T>(path: &Path, change: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    let mut bytes = std::fs::read(path).unwrap();
    let answer = change(&mut bytes);
    std::fs::write(path, bytes).unwrap();
    answer
}

/// Writes a file anew from its frames, altered.
pub(super) fn reframe(path: &Path, alter: impl FnOnce(&mut Vec<(Frame, Vec<u8>)>)) {
    change(path, |file| {
        let mut frames: Vec<(Frame, Vec<u8>)> =
            layout::frames(file).into_iter().map(|frame| (frame.clone(), file[frame.body()].to_vec())).collect();
        alter(&mut frames);
        file.truncate(ledger_core::archive::HEAD_BYTES);
        frames.iter().for_each(|(frame, bytes)| file.extend(layout::framed(frame.kind, bytes)));
    });
}

/// The places of the blocks among frames.
pub(super) fn block_places(frames: &[(Frame, Vec<u8>)]) -> Vec<usize> {
    let blocks = frames.iter().enumerate().filter(|(_, (frame, _))| frame.kind == FrameKind::Block);
    blocks.map(|(place, _)| place).collect()
}

/// A slot of the tip file that its own checksum vouches for.
#[must_use]
pub fn tip_slot(chain: &ChainId, turn: u64, height: u64, block: &BlockHash) -> Vec<u8> {
    let mut slot = b"luqi-tip".to_vec();
    slot.extend_from_slice(&chain.0);
    slot.extend_from_slice(&turn.to_be_bytes());
    slot.extend_from_slice(&height.to_be_bytes());
    slot.extend_from_slice(&block.0);
    slot.extend_from_slice(&crc32fast::hash(&slot).to_be_bytes());
    slot.resize(512, 0);
    slot
}

/// Lets the tip file name another block.
pub(crate) fn forge_tip(home: &Path, chain: &ChainId, height: u64, block: &BlockHash) {
    let slots = [1, 2].map(|turn| tip_slot(chain, turn, height, block)).concat();
    std::fs::write(home.join("ledger/tip"), slots).unwrap();
}

/// The database of the newest blocks, through its own interface: with checksums that hold.
pub(super) struct Hot {
    db: sled::Db,
}

/// What is stored of a block.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Block = 0,
    Certificate = 2,
}

const PREFIX: usize = 12;

impl Hot {
    pub(super) fn open(home: &Path) -> Self {
        let config = sled::Config::new().path(home.join("ledger/hot")).segment_size(2 << 20);
        Self { db: config.cache_capacity(1 << 20).flush_every_ms(None).open().unwrap() }
    }

    pub(super) fn heights(&self) -> RangeInclusive<u64> {
        let height = |key: &[u8]| u64::from_be_bytes(key[..8].try_into().unwrap());
        height(&self.db.first().unwrap().unwrap().0)..=height(&self.db.last().unwrap().unwrap().0)
    }

    /// The bytes of a part. The base chains have none that takes more than one value.
    pub(super) fn get(&self, height: u64, part: Part) -> Vec<u8> {
        let value = self.db.get(key(height, part)).unwrap().unwrap();
        let length = u32::from_be_bytes(value[..4].try_into().unwrap()) as usize;
        assert_eq!(length, value.len() - PREFIX, "a block of one value");
        value[PREFIX..].to_vec()
    }

    pub(super) fn set(&self, height: u64, part: Part, bytes: &[u8]) {
        let key = key(height, part);
        let sum = self.db.get(key).unwrap().map_or(vec![0; 8], |old| old[4..PREFIX].to_vec());
        let value = [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], &sum, bytes].concat();
        self.db.insert(key, value).unwrap();
    }

    pub(super) fn remove(&self, height: u64) {
        let range = height.to_be_bytes().to_vec()..(height + 1).to_be_bytes().to_vec();
        let keys: Vec<_> = self.db.range(range).keys().map(|key| key.unwrap()).collect();
        keys.into_iter().for_each(|key| assert!(self.db.remove(key).unwrap().is_some()));
    }
}

impl Drop for Hot {
    fn drop(&mut self) {
        self.db.flush().unwrap();
    }
}

fn key(height: u64, part: Part) -> [u8; 11] {
    let mut key = [0; 11];
    key[..8].copy_from_slice(&height.to_be_bytes());
    key[8] = part as u8;
    key
}

/// Puts a chain's blocks and certificates in the place of those in a home. Checksums, keys and
/// files are as a node would have written them; the tip file is left alone.
pub(crate) fn place_in_home(home: &Path, blocks: &[Vec<u8>], certificates: &[Certificate]) {
    for path in sealed_files(home) {
        reframe(&path, |frames| {
            for (frame, bytes) in frames.iter_mut() {
                place(frame, bytes, blocks, certificates);
            }
        });
    }
    let hot = Hot::open(home);
    for height in hot.heights() {
        let at = height as usize - 1;
        hot.set(height, Part::Block, &blocks[at]);
        hot.set(height, Part::Certificate, &codec::encode(&certificates[at]));
    }
}

/// The same for an archive.
pub(super) fn place_in_archive(path: &Path, blocks: &[Vec<u8>], certificates: &[Certificate]) {
    reframe(path, |frames| {
        for (frame, bytes) in frames.iter_mut() {
            place(frame, bytes, blocks, certificates);
        }
    });
}

fn place(frame: &Frame, bytes: &mut Vec<u8>, blocks: &[Vec<u8>], certificates: &[Certificate]) {
    match (frame.kind, frame.height) {
        (FrameKind::Block, Some(height)) => bytes.clone_from(&blocks[height as usize - 1]),
        (FrameKind::Certificate, _) => {
            let old: Certificate = codec::decode(bytes).unwrap();
            *bytes = codec::encode(&certificates[old.height.0 as usize - 1]);
        }
        (FrameKind::Block | FrameKind::Foot | FrameKind::States, _) => {}
    }
}

/// The header that a block begins with.
pub(super) fn header(block: &[u8]) -> ledger_core::block::Header {
    codec::decode(&block[..HEADER_BYTES]).unwrap()
}
