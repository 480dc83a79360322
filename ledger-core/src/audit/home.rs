//! A node's home as a source (format.md §15.7): its sealed files, then the newest blocks of its database.

use crate::archive::{Archive, Blocks, Found, Last, Next, ReadAt, Walk};
use crate::certificate::Certificate;
use crate::chain::Prefix;
use crate::crypto::ChainId;
use crate::names::Height;

/// The newest blocks of a home, by their heights.
pub trait Newest {
    /// The lowest and the highest height that is here.
    fn range(&self) -> Option<(Height, Height)>;

    /// A block's bytes; none where it is not here.
    ///
    /// # Errors
    /// In words, where it cannot be read.
    fn block(&self, height: Height) -> Result<Option<Vec<u8>>, String>;
}

/// Where a home's chain ends.
#[derive(Clone, Debug)]
pub struct HomeEnd {
    /// The height of its last block; none where no tip file says so.
    pub height: Option<Height>,
    /// The certificate of that block, which stands apart.
    pub certificate: Option<Certificate>,
}

/// The blocks of a home, from block 1 on.
pub struct Home<R, N> {
    chain: ChainId,
    /// Sealed files that are still to be read, the next one last.
    sealed: Vec<R>,
    current: Option<Archive<R>>,
    newest: N,
    end: HomeEnd,
    last: Height,
    notes: Vec<String>,
}

impl<R: ReadAt, N: Newest> Home<R, N> {
    /// Of sealed files in order, the newest blocks, and where the chain ends.
    #[must_use]
    pub fn new(chain: &ChainId, mut sealed: Vec<R>, newest: N, end: HomeEnd) -> Self {
        sealed.reverse();
        Self { chain: *chain, sealed, current: None, newest, end, last: Height(0), notes: Vec::new() }
    }

    /// What of the sealed files was passed over, and why.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The next block frame of the sealed files; none where no whole one stands in its place.
    fn sealed(&mut self, height: Height) -> Option<Vec<u8>> {
        loop {
            if let Some(archive) = &mut self.current {
                match archive.next() {
                    Next::Block(bytes) => return Some(bytes),
                    Next::Last(Last::Cut | Last::Certificate { behind: None, .. }) => self.current = None,
                    Next::Last(Last::Certificate { behind: Some(why), .. } | Last::Unreadable(why)) => {
                        return self.give_up(height, &why);
                    }
                }
            }
            match Archive::open(self.sealed.pop()?, &self.chain) {
                Ok((start, archive)) if start.foot.height().next() == height => self.current = Some(archive),
                Ok((start, _)) => {
                    let above = start.foot.height();
                    return self.give_up(height, &format!("the next sealed file begins above block {above}"));
                }
                Err(why) => return self.give_up(height, &why.to_string()),
            }
        }
    }

    /// Whether a block stands here above the last one that the home says it has: then that is not all of it.
    fn stands_above(&mut self, height: Height) -> Option<String> {
        let in_database = self.newest.range().is_some_and(|(_, highest)| highest >= height);
        (in_database || self.sealed(height).is_some())
            .then(|| format!("block {height} stands here, above the last one that the tip file names"))
    }

    /// No sealed file is read any further: what follows must be among the newest blocks.
    fn give_up(&mut self, height: Height, why: &str) -> Option<Vec<u8>> {
        self.notes.push(format!("the sealed files cannot be read from block {height} on: {why}"));
        self.current = None;
        self.sealed.clear();
        None
    }
}

impl<R: ReadAt, N: Newest> Blocks for Home<R, N> {
    fn next(&mut self) -> Next {
        let height = self.last.next();
        if self.end.height.is_some_and(|end| height > end) {
            let behind = self.stands_above(height);
            return Next::Last(match (self.end.certificate.take(), behind) {
                (Some(certificate), behind) => Last::Certificate { certificate, behind },
                (None, Some(why)) => Last::Unreadable(why),
                (None, None) => Last::Cut,
            });
        }
        let sealed = self.sealed(height);
        let newest = match self.newest.range() {
            Some((lowest, highest)) if (lowest..=highest).contains(&height) => self.newest.block(height),
            Some(_) | None => Ok(None),
        };
        let block = match (sealed, newest) {
            (Some(sealed), Ok(Some(newest))) if sealed != newest => {
                let why = "it is not the same in the database and in the sealed file";
                return Next::Last(Last::Unreadable(why.to_owned()));
            }
            (Some(block), Ok(_) | Err(_)) | (None, Ok(Some(block))) => block,
            (None, Ok(None)) if self.end.height.is_none() && self.notes.is_empty() => return Next::Last(Last::Cut),
            (None, Ok(None)) => {
                let why = self.notes.last().cloned().unwrap_or_else(|| {
                    "it is neither in the sealed files nor in the database of the newest blocks".to_owned()
                });
                return Next::Last(Last::Unreadable(why));
            }
            (None, Err(why)) => return Next::Last(Last::Unreadable(why)),
        };
        self.last = height;
        Next::Block(block)
    }
}

/// A walk over a home: each sealed file, past what is damaged, then the newest blocks above those.
pub struct HomeWalk<R, N> {
    chain: ChainId,
    sealed: Vec<R>,
    current: Option<Archive<R>>,
    newest: N,
    next: Height,
}

impl<R: ReadAt, N: Newest> HomeWalk<R, N> {
    /// Over sealed files in order, and the newest blocks.
    #[must_use]
    pub fn new(chain: &ChainId, mut sealed: Vec<R>, newest: N) -> Self {
        sealed.reverse();
        Self { chain: *chain, sealed, current: None, newest, next: Height(1) }
    }
}

impl<R: ReadAt, N: Newest> Walk for HomeWalk<R, N> {
    fn find(&mut self) -> Option<Found> {
        loop {
            if let Some(archive) = &mut self.current {
                match archive.find() {
                    Some(Found::Block(bytes)) => {
                        self.next = Prefix::read(&bytes).map_or(self.next, |prefix| prefix.height.next());
                        return Some(Found::Block(bytes));
                    }
                    Some(damage) => return Some(damage),
                    None => self.current = None,
                }
            }
            if let Some(file) = self.sealed.pop() {
                self.current = Some(Archive::walk(file, &self.chain));
                continue;
            }
            let (lowest, highest) = self.newest.range()?;
            let height = self.next.max(lowest);
            if height > highest {
                return None;
            }
            self.next = height.next();
            return Some(match self.newest.block(height) {
                Ok(Some(bytes)) => Found::Block(bytes),
                Ok(None) => Found::Damage(format!("block {height} is not in the database of the newest blocks")),
                Err(why) => Found::Damage(format!("block {height}: {why}")),
            });
        }
    }
}
