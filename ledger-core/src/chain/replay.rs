//! Reading final blocks again: from a tip to the next, without judging any signature anew.
//!
//! Whoever opens his own store knows that its blocks were checked before they were stored; what he
//! needs is where the chain stands, and that the bytes are still the ones. So everything that
//! follows from hashes is recomputed (links, body, streams, log, control state, membership, fold);
//! signatures are covered by the hashes. The map's root is taken from the header, and the caller
//! compares it once, at the end.

use crate::certificate::CertificateError;
use crate::chain::ladder::Overlay;
use crate::chain::rules::{self, Trace};
use crate::chain::{Fault, HashedBlock, Tip};
use crate::map::ContractMap;

/// Where the chain stands after a block that is final already, and what became of its events.
///
/// Without a map the events are not folded, and nothing is said of them.
///
/// # Errors
/// [`Fault`], naming the first thing that does not follow from the tip. The map is untouched then.
pub fn replay(block: &HashedBlock, tip: &Tip, map: Option<&mut ContractMap>) -> Result<(Tip, Vec<Trace>), Fault> {
    let head = &tip.head;
    let header = &block.header;
    let submissions = &block.body.submissions;
    rules::links(head, block)?;
    names_parent(block, tip)?;

    let first = rules::first_index(head, &tip.frontier);
    let mut control = head.control.clone();
    rules::streams(head, first, submissions, &mut control)?;
    let mut frontier = tip.frontier.clone();
    rules::log(head, &mut frontier, &block.content.leaves);
    if frontier.size() != header.log_size {
        return Err(Fault::LogSize { wanted: frontier.size(), found: header.log_size });
    }
    let (governed, membership) = rules::govern(head, submissions, &mut control);
    let commitments = [
        ("log", frontier.root() == header.log_root),
        ("control", control.hash() == header.control),
        ("membership", head.next_membership_hash(membership.as_ref()) == header.next_membership),
    ];
    if let Some((what, _)) = commitments.into_iter().find(|(_, holds)| !holds) {
        return Err(Fault::Commitment(what));
    }

    let traces = map.map_or_else(Vec::new, |map| {
        let mut overlay = Overlay::over(map);
        let placed = rules::placed(head, first, submissions, &block.content.leaves);
        let traces = rules::fold(placed, &governed, &mut overlay);
        let changes = overlay.into_changes();
        map.set(changes);
        traces
    });
    let head = head.after(header, block.hash, control, membership);
    Ok((Tip { head, frontier, map_root: header.map_root }, traces))
}

/// The certificate in the body is of the block below.
fn names_parent(block: &HashedBlock, tip: &Tip) -> Result<(), Fault> {
    let Some(certificate) = rules::certificate_presence(&tip.head, block.body.parent_certificate.as_ref())? else {
        return Ok(());
    };
    let why = if certificate.height != tip.height {
        CertificateError::Height { wanted: tip.height, found: certificate.height }
    } else if certificate.block != tip.hash {
        CertificateError::Block { wanted: tip.hash, found: certificate.block }
    } else {
        return Ok(());
    };
    Err(Fault::ParentCertificate(why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, BlockHash};
    use crate::certificate::Certificate;
    use crate::chain::hashed::Content;
    use crate::codec::{self, List};
    use crate::crypto::Signature;
    use crate::event::Action;
    use crate::fixture::{self, Network, code};
    use crate::ids::Height;
    use crate::merkle::LogSize;

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
            let (after, traces) = replay(block.block(), &tip, Some(&mut map)).unwrap();
            assert_eq!(traces, block.traces());
            tip = after;
        }
        assert_eq!(tip, network.tip);
        assert_eq!(map.root(), tip.map_root);
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
        let (tip, map) = (network.tip.clone(), network.map.clone());
        network.block_of(vec![fixture::event(1, Action::New { keeper: code("370000") })]);
        let (wanted, other) = (network.tip.frontier.size(), BlockHash([7; 32]));
        let certificate = |block: &mut Block, alter: fn(&mut Certificate)| {
            alter(block.body.parent_certificate.as_mut().unwrap());
        };
        let height = CertificateError::Height { wanted: tip.height, found: Height(9) };
        let block = CertificateError::Block { wanted: tip.hash, found: other };
        type Alter<'a> = &'a dyn Fn(&mut Block);
        let cases: [(Alter<'_>, Fault); 6] = [
            (&|b| b.header.log_size = LogSize(9), Fault::LogSize { wanted, found: LogSize(9) }),
            (&|b| b.header.log_root.0[0] ^= 1, Fault::Commitment("log")),
            (&|b| b.header.control.0[0] ^= 1, Fault::Commitment("control")),
            (&|b| b.header.next_membership.0[0] ^= 1, Fault::Commitment("membership")),
            (&|b| certificate(b, |c| c.height = Height(9)), Fault::ParentCertificate(height)),
            (&|b| certificate(b, |c| c.block = BlockHash([7; 32])), Fault::ParentCertificate(block)),
        ];
        for (alter, expected) in cases {
            let mut untouched = map.clone();
            let found = replay(&altered(&network, alter), &tip, Some(&mut untouched));
            assert_eq!(found.err(), Some(expected));
            assert_eq!(untouched.root(), map.root());
        }
        // Signatures are not judged anew; without a map nothing is folded.
        let unsigned = altered(&network, |block| {
            let mut submissions = block.body.submissions.to_vec();
            submissions[0].signature = Signature([0; 64]);
            block.body.submissions = List::new(submissions).unwrap();
        });
        let (after, traces) = replay(&unsigned, &tip, None).unwrap();
        assert_eq!((after.hash, traces), (unsigned.hash(), vec![]));
    }

    #[test]
    fn a_replay_finds_every_flipped_bit() {
        let mut network = Network::new(4);
        network.block_of(vec![fixture::event(0, Action::Employer)]);
        let (tip, map) = (network.tip.clone(), network.map.clone());
        network.block_of(vec![fixture::event(1, Action::New { keeper: code("370000") })]);
        let hash = network.tip.hash;
        let bytes = network.blocks.last().unwrap().clone();
        for position in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[position] ^= 1 << (position % 8);
            let same = HashedBlock::read(&altered)
                .ok()
                .and_then(|block| replay(&block, &tip, Some(&mut map.clone())).ok())
                .is_some_and(|(after, _)| after.hash == hash);
            assert!(!same, "byte {position}");
        }
    }
}
