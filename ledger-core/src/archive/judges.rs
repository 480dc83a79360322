//! Who judges a height, read off the blocks below it: for whoever has a chain and believes nothing of it.
//!
//! Each block is hashed and linked to the one below, and governance is followed; the header below the height, or one
//! above that, has to be certified by the membership that the changes before it lead to, each of them certified by the
//! one before. So it rests on the genesis and on certificates alone. No submission's signature is verified: no judge
//! depends on one that a certified header does not cover.

use super::{Blocks, FootError, Last, Next, Start, Trail};
use crate::certificate::CertificateError;
use crate::chain::{Fault, HashedBlock};
use crate::codec::DecodeError;
use crate::genesis::Genesis;
use crate::history::{History, HistoryError};
use crate::membership::Membership;
use crate::names::Height;
use thiserror::Error;

/// Why it is not known who judges.
#[derive(Debug, Error)]
pub enum JudgesError {
    /// Nothing certifies the last block.
    #[error("block {0}, the last that is given, is certified by nothing")]
    NoCertificate(Height),
    /// What comes next cannot be read.
    #[error("above block {0}: {1}")]
    Damaged(Height, String),
    /// The foot of the blocks.
    #[error("what the blocks stand on does not hold: {0}")]
    Foot(#[from] FootError),
    /// A block.
    #[error("block {0} cannot be read: {1}")]
    Unreadable(Height, DecodeError),
    /// A block that does not follow.
    #[error("block {0} does not follow: {1}")]
    Fault(Height, Fault),
    /// What certifies the blocks.
    #[error("block {0} is not certified: {1}")]
    Certificate(Height, CertificateError),
    /// A change of membership on the way.
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// The memberships of a stretch of heights, proved.
#[derive(Clone, Debug)]
pub struct Judges {
    history: History,
    /// What changed at or below this height may not all be told.
    above: Height,
    /// The highest certified header.
    to: Height,
}

impl Judges {
    /// As the genesis alone tells: the membership that judges block 1.
    #[must_use]
    pub fn of_genesis(genesis: &Genesis) -> Self {
        let history = History::new(genesis.chain_id(), genesis.membership.clone());
        Self { history, above: Height(0), to: Height(0) }
    }

    /// As the blocks tell, up to a height or as far as they go.
    ///
    /// # Errors
    /// [`JudgesError`]: then nothing is known but the genesis.
    pub fn read(
        genesis: &Genesis,
        start: &Start,
        blocks: &mut impl Blocks,
        height: Height,
    ) -> Result<Self, JudgesError> {
        let mut trail = Trail::on(&start.foot, genesis)?;
        let above = trail.tip().height();
        let certificate = loop {
            let ends = trail.tip().height();
            match blocks.next() {
                Next::Block(bytes) => {
                    let next = ends.next();
                    let block = HashedBlock::read(&bytes).map_err(|why| JudgesError::Unreadable(next, why))?;
                    // One that is final by descent is certified by the next that carries a certificate.
                    if let Some(certificate) = &block.body().parent_certificate
                        && next >= height
                    {
                        break certificate.clone();
                    }
                    trail.replay(&block, |_| ()).map_err(|fault| JudgesError::Fault(next, fault))?;
                }
                Next::Last(Last::Certificate { certificate, .. }) => break certificate,
                Next::Last(Last::Cut) => return Err(JudgesError::NoCertificate(ends)),
                Next::Last(Last::Unreadable(why)) => return Err(JudgesError::Damaged(ends, why)),
            }
        };
        let Some(header) = trail.header() else { return Ok(Self::of_genesis(genesis)) };
        let no_certificate = JudgesError::NoCertificate(header.height);
        let foot = trail.foot(Some(&certificate), None).ok_or(no_certificate)?;
        let changes = foot.below.map(|below| below.changes.into_vec()).unwrap_or_default();
        let chain = genesis.chain_id();
        let history = History::new(chain, genesis.membership.clone()).up_to(header, &changes)?;
        let verified = certificate.verify(&chain, history.judges(header.height), header.height, header.hash());
        verified.map_err(|why| JudgesError::Certificate(header.height, why))?;
        Ok(Self { history, above, to: header.height })
    }

    /// The membership that judges a height; none where that is not known.
    #[must_use]
    pub fn at(&self, height: Height) -> Option<&Membership> {
        let is_told = height <= Height(1) || (height > self.above && height <= self.to.next());
        is_told.then(|| &**self.history.judges(height))
    }

    /// Up to which height it is known.
    #[must_use]
    pub fn known_to(&self) -> Height {
        self.to.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{Archive, Foot};
    use crate::fixture::Network;
    use crate::fixture::forger::archive;
    use crate::names::MembershipHash;

    fn whole(network: &Network) -> Vec<u8> {
        archive(network, &Foot::default(), &network.map, &network.blocks, network.certificate.as_ref())
    }

    fn read(network: &Network, archive: &[u8], height: u64) -> Result<Judges, JudgesError> {
        let (start, mut blocks) = Archive::open(archive, &network.tip.chain()).unwrap();
        Judges::read(&network.genesis, &start, &mut blocks, Height(height))
    }

    #[test]
    fn who_judges_is_proved_up_to_one_above_what_is_certified() {
        let network = Network::rotated();
        let bytes = whole(&network);
        let (first, changed) = (network.genesis.membership.hash(), network.tip.membership().hash());
        assert_ne!(changed, first);
        let judges = read(&network, &bytes, 9).unwrap();
        let found: Vec<MembershipHash> = (1..=9).map(|height| judges.at(Height(height)).unwrap().hash()).collect();
        let at = found.iter().position(|hash| *hash == changed).unwrap();
        assert!(found[..at].iter().all(|hash| *hash == first) && found[at..].iter().all(|hash| *hash == changed));
        assert!(judges.at(Height(10)).is_none());
        // Whoever wants to know of one height alone is told the same.
        for height in 1..=9 {
            let judges = read(&network, &bytes, height).unwrap();
            assert_eq!(judges.at(Height(height)).unwrap().hash(), found[height as usize - 1], "{height}");
        }
        let genesis = Judges::of_genesis(&network.genesis);
        assert!(genesis.at(Height(1)).is_some() && genesis.at(Height(2)).is_none());
        // A stretch that begins at a foot tells nothing of what is below.
        let then = network.at(Height(6));
        let foot = Foot { states: None, ..then.foot() };
        let above = archive(&network, &foot, &network.map, &network.blocks[6..], network.certificate.as_ref());
        let judges = read(&network, &above, 9).unwrap();
        assert!(judges.at(Height(6)).is_none());
        assert_eq!(judges.at(Height(7)).unwrap().hash(), changed);
    }

    #[test]
    fn what_is_cut_or_altered_proves_nothing() {
        let network = Network::rotated();
        let archive = whole(&network);
        for at in (0..archive.len()).step_by(13) {
            let mut altered = archive.clone();
            altered[at] ^= 1;
            let Ok((start, mut blocks)) = Archive::open(altered.as_slice(), &network.tip.chain()) else { continue };
            assert!(Judges::read(&network.genesis, &start, &mut blocks, Height(9)).is_err(), "{at}");
        }
        let cut = whole(&network.at(Height(5)));
        let judges = read(&network, &cut, 9).unwrap();
        assert!(judges.at(Height(6)).is_some() && judges.at(Height(7)).is_none());
        // Certificates by keys that the membership no longer has.
        let mut forged = network.at(Height(8));
        forged.certificate.as_mut().unwrap().round.0 += 1;
        assert!(matches!(read(&network, &whole(&forged), 9), Err(JudgesError::Certificate(Height(8), _))));
    }
}
