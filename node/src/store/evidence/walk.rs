//! Height by height through sealed files and database.

use super::Evidence;
use super::scan::{Found, Scan};
use crate::store::hot::Part;
use ledger_core::block::Header;
use ledger_core::names::Height;
use std::path::{Path, PathBuf};

/// What stands at one height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceBlock {
    /// The height.
    pub height: Height,
    /// The block's bytes, or why they cannot be read.
    pub bytes: Result<Vec<u8>, String>,
}

/// No damage is followed over more heights than this; the audit is altered long before.
const MOST_MISSING: u64 = 1_000_000;

impl Evidence {
    /// Every height from 1 to the last that anything here vouches for, in order, each once.
    pub fn blocks(&self) -> impl Iterator<Item = EvidenceBlock> {
        self.walk(0, 1)
    }

    /// The same from the first block of the last sealed file that begins above a header which `below`
    /// calls below what is looked for.
    pub fn blocks_from(&self, below: impl Fn(&Header) -> bool) -> impl Iterator<Item = EvidenceBlock> {
        let begins = |(file, path): (usize, &PathBuf)| {
            let foot = Scan::open(path, &self.chain).ok()?.foot?.below?;
            below(&foot.header).then_some((file, foot.header.height.0.saturating_add(1)))
        };
        let (file, next) = self.sealed.iter().enumerate().rev().find_map(begins).unwrap_or((0, 1));
        self.walk(file, next)
    }

    fn walk(&self, file: usize, next: u64) -> impl Iterator<Item = EvidenceBlock> {
        let mut walk = Walk { evidence: self, file, scan: None, next, missing: None, last: self.highest() };
        let mut missed = 0;
        std::iter::from_fn(move || {
            let (height, bytes) = walk.step()?;
            missed += u64::from(bytes.is_err());
            if missed > MOST_MISSING {
                self.note(format!("nothing can be read from block {height} on"));
                return None;
            }
            Some(EvidenceBlock { height: Height(height), bytes })
        })
    }

    fn hot_block(&self, height: u64) -> Result<Vec<u8>, String> {
        let hot = self.hot.as_ref().map_err(Clone::clone)?;
        let block = hot.part(height, Part::Block).map_err(|error| error.to_string())?;
        block.ok_or_else(|| "it is neither in the sealed files nor in the database of the newest blocks".to_owned())
    }
}

struct Walk<'a> {
    evidence: &'a Evidence,
    file: usize,
    scan: Option<Scan>,
    next: u64,
    /// Heights up to this one are not in the file, and why.
    missing: Option<(u64, String)>,
    last: u64,
}

impl Walk<'_> {
    fn step(&mut self) -> Option<(u64, Result<Vec<u8>, String>)> {
        let height = self.next;
        let sealed = self.sealed(height);
        let lowest = self.evidence.hot_range.as_ref().map(|range| *range.start());
        let is_hot = lowest.is_some_and(|lowest| height >= lowest);
        let bytes = match sealed {
            Some(Ok(sealed)) if is_hot => match self.evidence.hot_block(height) {
                Ok(hot) if hot != sealed => Err("it is not the same in the database and in the sealed file".to_owned()),
                Ok(_) | Err(_) => Ok(sealed),
            },
            // What a crash tore while it was sealed is still in the database.
            Some(Err(_)) | None if is_hot && height <= self.last => self.evidence.hot_block(height),
            Some(sealed) => sealed,
            None if height > self.last => return None,
            None => self.evidence.hot_block(height),
        };
        self.next += 1;
        Some((height, bytes))
    }

    /// What the sealed files have at a height; none above their end.
    fn sealed(&mut self, height: u64) -> Option<Result<Vec<u8>, String>> {
        loop {
            if let Some((upto, why)) = &self.missing {
                if height <= *upto {
                    return Some(Err(why.clone()));
                }
                self.missing = None;
            }
            let Some(scan) = &mut self.scan else {
                self.open_next(height)?;
                continue;
            };
            match scan.next() {
                Found::Block(bytes) => return Some(Ok(bytes)),
                Found::Damaged(why) => return Some(Err(why)),
                Found::Skipped { height: claimed, most } if claimed >= height && claimed - height <= most => {
                    if claimed > height {
                        self.missing = Some((claimed - 1, "the bytes of its frame are damaged".to_owned()));
                    }
                }
                Found::Skipped { .. } => self.missing = Some((height, "the bytes of its frame are damaged".to_owned())),
                Found::End { whole } => {
                    let scan = self.scan.take()?;
                    let path = self.evidence.sealed.get(self.file)?.clone();
                    self.file += 1;
                    for note in scan.notes {
                        self.evidence.note(format!("{}: {note}", path.display()));
                    }
                    if !whole {
                        self.unfinished(&path, height);
                    }
                }
            }
        }
    }

    fn open_next(&mut self, height: u64) -> Option<()> {
        let path = self.evidence.sealed.get(self.file)?;
        match Scan::open(path, &self.evidence.chain) {
            Ok(mut scan) => {
                std::mem::take(&mut scan.notes).into_iter().for_each(|note| self.evidence.note(note));
                if let Some(first) = scan.first
                    && first > height
                {
                    self.missing = Some((first - 1, "it is in none of the sealed files".to_owned()));
                }
                self.scan = Some(scan);
            }
            Err(error) => {
                self.evidence.note(error.to_string());
                self.file += 1;
                self.unfinished(path, height);
            }
        }
        Some(())
    }

    /// A file that cannot be read to its end: what follows it says how many blocks are missing.
    fn unfinished(&mut self, path: &Path, height: u64) {
        let why = format!("{} cannot be read to its end", path.display());
        self.evidence.note(why.clone());
        let later = self.evidence.sealed.get(self.file).and_then(|path| Scan::open(path, &self.evidence.chain).ok());
        let begins = later.and_then(|scan| scan.first).or(self.evidence.hot_range.as_ref().map(|range| *range.start()));
        let upto = begins.map_or(self.last, |begins| begins.saturating_sub(1));
        if upto >= height {
            self.missing = Some((upto, why));
        }
    }
}
