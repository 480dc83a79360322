//! Archives as streams: written and read frame by frame, in the format of `ledger_core::archive`.
//!
//! Exports, sealed files and the map's snapshot are all written here. Reading checks what tells a
//! damaged file early (heads, checksums, order of frames); what the contents are worth is for
//! [`Trail`](ledger_core::archive::Trail), the ladder and the audit to say.

use crate::store::StoreError;
use ledger_core::archive::{
    ArchiveError, FRAME_HEAD_BYTES, Foot, FrameHead, FrameKind, HEAD_BYTES, MAX_STATES, StateRow, StateRows, head,
    read_head,
};
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::contract::State;
use ledger_core::crypto::ChainId;
use ledger_core::map::{ContractMap, MapKey};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// States in one frame: some megabytes.
const STATES_AT_ONCE: usize = MAX_STATES / 4;

/// Writes an archive.
pub struct ArchiveWriter<W> {
    to: W,
    path: PathBuf,
}

impl<W: Write> ArchiveWriter<W> {
    /// Begins an archive with its foot. `path` is for errors. Where the foot counts states, they
    /// are taken from `map`.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be written.
    pub fn new(
        to: W,
        path: &Path,
        chain: &ChainId,
        foot: &Foot,
        map: Option<&ContractMap>,
    ) -> Result<Self, StoreError> {
        let mut archive = Self { to, path: path.to_owned() };
        archive.put(&head(chain))?;
        archive.frame(FrameKind::Foot, &codec::encode(foot))?;
        let mut states = map.into_iter().flat_map(ContractMap::iter).map(|&(key, state)| StateRow { key, state });
        loop {
            let rows: Vec<StateRow> = states.by_ref().take(STATES_AT_ONCE).collect();
            if rows.is_empty() {
                return Ok(archive);
            }
            let rows = StateRows::new(rows).unwrap_or_default();
            archive.frame(FrameKind::States, &codec::encode(&rows))?;
        }
    }

    /// Appends a block's bytes.
    ///
    /// # Errors
    /// [`StoreError`], when they cannot be written.
    pub fn block(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.frame(FrameKind::Block, bytes)
    }

    /// Ends the archive with the certificate of its last block, where that is known.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be written.
    pub fn finish(mut self, certificate: Option<&Certificate>) -> Result<W, StoreError> {
        if let Some(certificate) = certificate {
            self.frame(FrameKind::Certificate, &codec::encode(certificate))?;
        }
        self.to.flush().map_err(StoreError::io("write", &self.path))?;
        Ok(self.to)
    }

    fn frame(&mut self, kind: FrameKind, bytes: &[u8]) -> Result<(), StoreError> {
        let head = FrameHead::of(kind, bytes).map_err(StoreError::archive(&self.path))?;
        self.put(&head.encode())?;
        self.put(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.to.write_all(bytes).map_err(StoreError::io("write", &self.path))
    }
}

/// What follows in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The bytes of the next block.
    Block(Vec<u8>),
    /// The certificate of the last block. Only the end may follow, which is looked for when the next item is asked for:
    /// whoever wants the archive whole asks on.
    End(Certificate),
}

/// Reads an archive.
pub struct ArchiveReader<R> {
    from: R,
    path: PathBuf,
    foot: Foot,
    states: Option<Vec<(MapKey, State)>>,
    ended: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// Reads up to the first block. `path` is for errors.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read, or is no archive of this chain.
    pub fn open(from: R, path: &Path, chain: &ChainId) -> Result<Self, StoreError> {
        let mut archive = Self::open_stretch(from, path, chain)?;
        if let Some(wanted) = archive.foot.states {
            archive.states = Some(archive.read_states(wanted)?);
        }
        Ok(archive)
    }

    /// Reads up to the first block, of a stream whose sender is not trusted: states, of which it could send without
    /// end, are not read, so a foot that counts some is followed by no block.
    ///
    /// # Errors
    /// [`StoreError`], when it cannot be read, or is no archive of this chain.
    pub fn open_stretch(mut from: R, path: &Path, chain: &ChainId) -> Result<Self, StoreError> {
        let mut bytes = [0; HEAD_BYTES];
        from.read_exact(&mut bytes).map_err(StoreError::io("read", path))?;
        let found = read_head(&bytes).map_err(StoreError::archive(path))?;
        if found != *chain {
            let path = path.to_owned();
            return Err(StoreError::OtherChain { path, wanted: *chain, found });
        }
        let foot = Foot::default();
        let mut archive = Self { from, path: path.to_owned(), foot, states: None, ended: false };
        match archive.frame()? {
            Some((FrameKind::Foot, bytes)) => archive.foot = archive.decode(&bytes)?,
            Some(_) | None => return Err(archive.bad("it does not begin with a foot")),
        }
        Ok(archive)
    }

    fn read_states(&mut self, wanted: u64) -> Result<Vec<(MapKey, State)>, StoreError> {
        let mut states: Vec<(MapKey, State)> = Vec::new();
        while (states.len() as u64) < wanted {
            match self.frame()? {
                Some((FrameKind::States, bytes)) => {
                    let rows: StateRows = self.decode(&bytes)?;
                    if rows.is_empty() {
                        return Err(self.bad("a frame of states holds none"));
                    }
                    states.extend(rows.iter().map(|row| (row.key, row.state)));
                }
                Some(_) | None => return Err(self.bad("it holds fewer states than its foot says")),
            }
        }
        let rising = states.is_sorted_by(|(a, _), (b, _)| a < b);
        if states.len() as u64 != wanted || !rising {
            return Err(self.bad("its states are not the ones that its foot counts, in order of their keys"));
        }
        Ok(states)
    }

    /// What the stretch stands on.
    #[must_use]
    pub const fn foot(&self) -> &Foot {
        &self.foot
    }

    /// The contract map at the foot, where it is here; it can be taken once.
    pub fn take_map(&mut self) -> Option<ContractMap> {
        let states = self.states.take()?;
        let mut map = ContractMap::new();
        map.set(states);
        Some(map)
    }

    /// The next block or the end certificate; none behind that, and where a file that still grows stops.
    ///
    /// # Errors
    /// [`StoreError`], when what follows is damaged, or something follows the end certificate.
    pub fn next_item(&mut self) -> Result<Option<Item>, StoreError> {
        if self.ended {
            return self.nothing_more().map(|()| None);
        }
        match self.frame()? {
            None => Ok(None),
            Some((FrameKind::Block, bytes)) => Ok(Some(Item::Block(bytes))),
            Some((FrameKind::Certificate, bytes)) => {
                self.ended = true;
                Ok(Some(Item::End(self.decode(&bytes)?)))
            }
            Some((FrameKind::Foot | FrameKind::States, _)) => Err(self.bad("a foot stands among its blocks")),
        }
    }

    /// A single byte behind the end certificate is too much.
    fn nothing_more(&mut self) -> Result<(), StoreError> {
        match self.from.read_exact(&mut [0]) {
            Ok(()) => Err(self.bad("something follows its end certificate")),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(StoreError::io("read", &self.path)(error)),
        }
    }

    fn frame(&mut self) -> Result<Option<(FrameKind, Vec<u8>)>, StoreError> {
        match read_frame(&mut self.from) {
            Ok(Some(Ok(frame))) => Ok(Some(frame)),
            Ok(Some(Err(why))) => Err(StoreError::archive(&self.path)(why)),
            Ok(None) => Ok(None),
            Err(error) => Err(StoreError::io("read", &self.path)(error)),
        }
    }

    fn decode<T: bincode::Decode<()>>(&self, bytes: &[u8]) -> Result<T, StoreError> {
        codec::decode(bytes).map_err(|why| self.bad(&why.to_string()))
    }

    fn bad(&self, why: &str) -> StoreError {
        StoreError::malformed(&self.path, why)
    }
}

/// A whole frame; none at the end of the file.
type Frame = Result<(FrameKind, Vec<u8>), ArchiveError>;

fn read_frame(from: &mut impl Read) -> std::io::Result<Option<Frame>> {
    let mut head = [0; FRAME_HEAD_BYTES];
    let (first, rest) = head.split_at_mut(1);
    if let Err(error) = from.read_exact(first) {
        return if error.kind() == ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    from.read_exact(rest)?;
    let head = match FrameHead::decode(head) {
        Ok(head) => head,
        Err(why) => return Ok(Some(Err(why))),
    };
    let mut bytes = vec![0; head.length as usize];
    from.read_exact(&mut bytes)?;
    Ok(Some(head.check(&bytes).map(|()| (head.kind, bytes))))
}
