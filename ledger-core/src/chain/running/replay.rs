//! Reading final blocks again: from a tip to the next, without judging any signature anew.
//!
//! Whoever opens his own store knows that its blocks were checked before they were stored; what he
//! needs is where the chain stands, and that the bytes are still the ones. So everything that
//! follows from hashes is recomputed (links, body, streams, log, control state, membership, fold);
//! signatures are covered by the hashes. The map's root is taken from the header, and the caller
//! compares it once, at the end.

use crate::chain::folding::{Folding, Overlay, Trace};
use crate::chain::rules;
use crate::chain::settle::{extend, settle, tip_after};
use crate::chain::{Fault, HashedBlock, Tip};
use crate::map::ContractMap;

/// A block that is final already, and follows from the tip below it; its events are yet to be folded.
pub struct Replayed<'a> {
    folding: Folding<'a>,
    after: Tip,
}

/// Reads a final block again, from the tip below it.
///
/// # Errors
/// [`Fault`], naming the first thing that does not follow from the tip.
pub fn replay<'a>(block: &'a HashedBlock, tip: &Tip) -> Result<Replayed<'a>, Fault> {
    let head = tip.head();
    rules::links(head, block)?;
    rules::carried(head, block.body.parent_certificate.as_ref())?;
    let settled = settle(head, &block.body, &block.content)?;
    let (after, folding) = settled.follow(head, &block.header, block.hash)?;
    let frontier = extend(head, tip.frontier(), &block.content.leaves);
    Ok(Replayed { folding, after: tip_after(after, &block.header, frontier, None)? })
}

impl Replayed<'_> {
    /// Folds its events into the map below it, which is hashed once for the whole block; gives what became of each.
    pub fn fold_into(&self, map: &mut ContractMap) -> Vec<Trace> {
        let mut overlay = Overlay::over(map);
        let traces = self.folding.fold(&mut overlay);
        let changes = overlay.into_changes();
        map.set(changes);
        traces
    }

    /// Where the chain stands after it.
    #[must_use]
    pub fn into_tip(self) -> Tip {
        self.after
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Block;
    use crate::certificate::Certificate;
    use crate::certificate::CertificateError;
    use crate::chain::fault::Commitment;
    use crate::chain::hashed::Content;
    use crate::codec::{self, List};
    use crate::crypto::Signature;
    use crate::event::Action;
    use crate::fixture::{self, Network, code};
    use crate::merkle::LogSize;
    use crate::names::{BlockHash, Height};

    #[test]
    fn a_replay_ends_where_the_chain_does() {
        let mut network = Network::new(4);
        let (mut tip, mut map) = (network.tip.clone(), ContractMap::new());
        for number in 0..12 {
            let keeper = code("370100");
            let events = vec![
                fixture::event(number, Action::New { keeper }),
                fixture::event(number.saturating_sub(1), Action::Renew),
            ];
            let block = network.block_of(events);
            let replayed = replay(block.block(), &tip).unwrap();
            assert_eq!(replayed.fold_into(&mut map), block.traces());
            tip = replayed.into_tip();
        }
        assert_eq!(tip, network.tip);
        assert_eq!(map.root(), tip.map_root());
    }

    /// The last block of a chain, altered, with the body hash that it then has.
    fn altered(network: &Network, alter: impl FnOnce(&mut Block)) -> HashedBlock {
        let mut block: Block = codec::decode(network.blocks.last().unwrap()).unwrap();
        alter(&mut block);
        block.header.body = Content::of(&block.body).body_hash(block.header.suite, &block.body);
        HashedBlock::read(&codec::encode(&block)).unwrap()
    }

    #[test]
    fn a_replay_names_what_does_not_follow() {
        let mut network = Network::new(4);
        network.block_of(vec![fixture::event(0, Action::Employer)]);
        let tip = network.tip.clone();
        network.block_of(vec![fixture::event(1, Action::New { keeper: code("370000") })]);
        let (wanted, other) = (network.tip.frontier().size(), BlockHash([7; 32]));
        let certificate = |block: &mut Block, alter: fn(&mut Certificate)| {
            alter(block.body.parent_certificate.as_mut().unwrap());
        };
        let height = CertificateError::Height { wanted: tip.height(), found: Height(9) };
        let block = CertificateError::Block { wanted: tip.hash(), found: other };
        type Alter<'a> = &'a dyn Fn(&mut Block);
        let cases: [(Alter<'_>, Fault); 6] = [
            (&|b| b.header.log_size = LogSize(9), Fault::LogSize { wanted, found: LogSize(9) }),
            (&|b| b.header.log_root.0[0] ^= 1, Fault::Commitment(Commitment::Log)),
            (&|b| b.header.control.0[0] ^= 1, Fault::Commitment(Commitment::Control)),
            (&|b| b.header.next_membership.0[0] ^= 1, Fault::Commitment(Commitment::Membership)),
            (&|b| certificate(b, |c| c.height = Height(9)), Fault::ParentCertificate(height)),
            (&|b| certificate(b, |c| c.block = BlockHash([7; 32])), Fault::ParentCertificate(block)),
        ];
        for (alter, expected) in cases {
            assert_eq!(replay(&altered(&network, alter), &tip).err(), Some(expected));
        }
        // Signatures are not judged anew.
        let unsigned = altered(&network, |block| {
            let mut submissions = block.body.submissions.to_vec();
            submissions[0].signature = Signature([0; 64]);
            block.body.submissions = List::new(submissions).unwrap();
        });
        assert_eq!(replay(&unsigned, &tip).unwrap().into_tip().hash(), unsigned.hash());
    }

    #[test]
    fn a_replay_finds_every_flipped_bit() {
        let mut network = Network::new(4);
        network.block_of(vec![fixture::event(0, Action::Employer)]);
        let tip = network.tip.clone();
        network.block_of(vec![fixture::event(1, Action::New { keeper: code("370000") })]);
        let hash = network.tip.hash();
        let bytes = network.blocks.last().unwrap().clone();
        for position in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[position] ^= 1 << (position % 8);
            let same = HashedBlock::read(&altered)
                .ok()
                .is_some_and(|block| replay(&block, &tip).is_ok_and(|replayed| replayed.into_tip().hash() == hash));
            assert!(!same, "byte {position}");
        }
    }
}
