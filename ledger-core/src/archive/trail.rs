//! A chain as it is read or grown block by block, with what a stretch of it would stand on.
//!
//! A sealed file, a snapshot of the map and an export each begin with a foot. Whoever follows a
//! chain from its genesis, or from such a foot, can write the next one.

use super::{Below, Foot, FootError};
use crate::block::Header;
use crate::certificate::Certificate;
use crate::chain::{self, Fault, FinalBlock, HashedBlock, Replayed, Tip};
use crate::codec::List;
use crate::genesis::Genesis;
use crate::history::CertifiedChange;

/// Where a chain stands, and every change of membership up to there.
#[derive(Clone, Debug)]
pub struct Trail {
    tip: Tip,
    /// Header of the tip; none at the genesis.
    header: Option<Header>,
    /// The changes below the tip; one that the tip itself makes is certified by the next block.
    changes: Vec<CertifiedChange>,
}

impl Trail {
    /// Below block 1.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        Self { tip: Tip::genesis(genesis), header: None, changes: Vec::new() }
    }

    /// At the foot of a stretch.
    ///
    /// # Errors
    /// [`FootError`], when the foot does not hold.
    pub fn on(foot: &Foot, genesis: &Genesis) -> Result<Self, FootError> {
        let tip = foot.tip(genesis)?;
        let Some(below) = &foot.below else { return Ok(Self::genesis(genesis)) };
        // The tip's own change is told again where the tip is left behind, with the certificate that the next block has.
        let is_below = |change: &&CertifiedChange| change.header.height < below.header.height;
        let changes = below.changes.iter().filter(is_below).cloned().collect();
        Ok(Self { tip, header: Some(below.header.clone()), changes })
    }

    /// Where the chain stands.
    #[must_use]
    pub const fn tip(&self) -> &Tip {
        &self.tip
    }

    /// The tip's header; none at the genesis.
    #[must_use]
    pub const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Reads a block again that is final already; `fold` takes its events into the states that the
    /// caller keeps, if he keeps any.
    ///
    /// # Errors
    /// [`Fault`], when the block does not follow; nothing is folded then.
    pub fn replay<T>(&mut self, block: &HashedBlock, fold: impl FnOnce(&Replayed<'_>) -> T) -> Result<T, Fault> {
        let replayed = chain::replay(block, &self.tip)?;
        let folded = fold(&replayed);
        let after = replayed.into_tip();
        self.step(block, after);
        Ok(folded)
    }

    /// Goes on over a block that was just made final.
    pub fn advance(&mut self, block: &FinalBlock) {
        self.step(block.block(), block.after().clone());
    }

    fn step(&mut self, block: &HashedBlock, after: Tip) {
        let certified = block.body().parent_certificate.as_ref().and_then(|certificate| self.change(certificate));
        self.changes.extend(certified);
        self.header = Some(block.header().clone());
        self.tip = after;
    }

    /// The change of membership that the tip makes, where it makes one.
    fn change(&self, certificate: &Certificate) -> Option<CertifiedChange> {
        let header = self.header.as_ref().filter(|_| self.tip.changed_membership())?;
        let membership = (**self.tip.membership()).clone();
        Some(CertifiedChange { header: header.clone(), certificate: certificate.clone(), membership })
    }

    /// The foot of what follows the tip, for so many states where the map goes with it.
    /// `certificate` is the tip's own. None where the tip changes the membership and its certificate
    /// is not known yet.
    #[must_use]
    pub fn foot(&self, certificate: Option<&Certificate>, states: Option<u64>) -> Option<Foot> {
        let Some(header) = self.header.clone() else { return Some(Foot::default()) };
        let mut changes = self.changes.clone();
        if self.tip.changed_membership() {
            changes.push(self.change(certificate?)?);
        }
        let changes = List::new(changes).ok()?;
        let (frontier, control) = (self.tip.frontier().clone(), self.tip.control().clone());
        Some(Foot { below: Some(Below { header, changes, frontier, control }), states })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Network;
    use crate::governance::Change;
    use crate::names::{Height, NodeNumber};

    /// format.md §16: the changes of a foot stand in rising height. From whatever foot a chain is followed, each foot
    /// that comes of it is the one that comes of following it from the genesis, and holds.
    #[test]
    fn a_foot_is_the_same_from_whatever_foot_the_chain_was_followed() {
        let mut network = Network::new(4);
        network.block(vec![]);
        network.govern(Change::SetPower(NodeNumber(4), 2), Height(3));
        network.block(vec![]);
        network.block(vec![]);
        for start in 0..=4 {
            let mut trail = Trail::on(&network.at(Height(start)).foot(), &network.genesis).unwrap();
            for height in start..=4 {
                if height > start {
                    let block = HashedBlock::read(&network.blocks[height as usize - 1]).unwrap();
                    trail.replay(&block, |_| ()).unwrap();
                }
                let then = network.at(Height(height));
                let foot = trail.foot(then.certificate.as_ref(), None).unwrap();
                assert_eq!(foot, Foot { states: None, ..then.foot() }, "at {height}, from the foot at {start}");
                assert!(foot.tip(&network.genesis).is_ok());
            }
        }
    }
}
