//! How far damage or forgery goes: a second walk over the same bytes, behind what ended the judgement.
//!
//! It takes the judgement by reference, and what it gives has no verdict. Whatever it finds stands under a heading of
//! its own in the report: it is for people who look for the cause.

use super::judged::{Finding, Judged};
use crate::archive::{Found, Walk};
use crate::chain::{Fault, HashedBlock, Head, Kind, certified, of_another_block, signatures};
use crate::names::Height;
use rayon::prelude::*;
use serde::Serialize;

/// What else can be told of the bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Extent {
    /// Blocks above the judged ones that can be read.
    pub blocks: u64,
    /// The highest height that one of them claims.
    pub highest: Option<Height>,
    /// What does not hold of them, as far as it can be told, at the height that each claims.
    pub findings: Vec<Finding>,
    /// What cannot be read.
    pub damage: Vec<String>,
}

/// No extent lists more than this: it is read by people.
const MAX_LISTED: usize = 1_000;

/// Walks over the bytes once more, and tells what stands above the last block that was judged sound.
pub fn extent(judged: &Judged, walk: &mut impl Walk) -> Extent {
    let mut told = Extent::default();
    let Some(reached) = &judged.reached else {
        while let Some(found) = walk.find() {
            told.take_up(None, found);
        }
        return told;
    };
    // The blocks judged sound stand first, each in its place.
    let mut judged_blocks = reached.sound.height().0.saturating_sub(reached.start.0);
    let mut head = Some(reached.sound.head().clone());
    while let Some(found) = walk.find() {
        match found {
            Found::Block(_) if judged_blocks > 0 => judged_blocks = judged_blocks.saturating_sub(1),
            found @ (Found::Block(_) | Found::Damage(_)) => head = told.take_up(head.as_ref(), found),
        }
    }
    told
}

impl Extent {
    /// Takes up what was found above a head; gives the head for what comes above it, while it is known who judges
    /// there.
    fn take_up(&mut self, head: Option<&Head>, found: Found) -> Option<Head> {
        let bytes = match found {
            Found::Block(bytes) => bytes,
            Found::Damage(why) => {
                if self.damage.len() < MAX_LISTED {
                    self.damage.push(why);
                }
                return head.cloned();
            }
        };
        self.blocks = self.blocks.saturating_add(1);
        let block = match HashedBlock::read(&bytes) {
            Ok(block) => block,
            Err(why) => {
                let here = head.map_or(Height(0), |head| head.height().next());
                self.list(Finding::at(here, Kind::Encoding, format!("the bytes are no block: {why}")));
                return head.cloned();
            }
        };
        let header = block.header();
        self.highest = self.highest.max(Some(header.height));
        let head = head?;
        for finding in faults(head, &block) {
            self.list(finding);
        }
        head.taken(header, block.hash())
    }

    fn list(&mut self, finding: Finding) {
        if self.findings.len() < MAX_LISTED {
            self.findings.push(finding);
        }
    }
}

/// What of a block does not hold, by itself and above the block found before it: its links, body, submissions, and
/// the certificate that it carries.
fn faults(head: &Head, block: &HashedBlock) -> Vec<Finding> {
    let header = block.header();
    let finding = |fault: &Fault| Finding::located(header.height, block, fault);
    if header.chain != head.chain() {
        return vec![finding(&Fault::Chain(header.chain))];
    }
    let mut faults = Vec::new();
    if !block.is_whole() {
        faults.push(finding(&Fault::Body));
    }
    if header.height == head.height().next() {
        if header.parent != head.hash() {
            faults.push(finding(&Fault::Parent { wanted: head.hash(), found: header.parent }));
        }
        if let Some(carried) = &block.body().parent_certificate {
            let other = of_another_block(head, carried).map(|fault| Finding::of(head.height(), &fault));
            let wrong = certified(head, carried).err();
            faults.extend(other.or_else(|| wrong.map(|why| finding(&Fault::ParentCertificate(why)))));
        }
    } else {
        faults.push(finding(&Fault::Height { wanted: head.height().next(), found: header.height }));
    }
    let unsigned = signatures(head, &block.body().submissions, &block.content);
    faults.par_extend(unsigned.par_iter().filter_map(|job| job.run().err()).map(|fault| finding(&fault)));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::NotOpened;

    /// Bytes that are no block, and damage, each so often.
    struct Junk(usize, usize);

    impl Walk for Junk {
        fn find(&mut self) -> Option<Found> {
            if let Some(left) = self.0.checked_sub(1) {
                self.0 = left;
                return Some(Found::Block(vec![0]));
            }
            self.1 = self.1.checked_sub(1)?;
            Some(Found::Damage("torn".to_owned()))
        }
    }

    #[test]
    fn no_more_is_listed_than_people_read() {
        let judged = Judged::not_opened(NotOpened::Head("torn".to_owned())).unwrap();
        for (blocks, damage) in [(MAX_LISTED - 1, MAX_LISTED), (MAX_LISTED, MAX_LISTED + 1), (MAX_LISTED + 1, 0)] {
            let told = extent(&judged, &mut Junk(blocks, damage));
            assert_eq!(told.blocks, blocks as u64);
            let listed = (told.findings.len(), told.damage.len());
            assert_eq!(listed, (blocks.min(MAX_LISTED), damage.min(MAX_LISTED)));
        }
    }
}
