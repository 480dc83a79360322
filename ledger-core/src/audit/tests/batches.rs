//! An audit says the same however its evidence is cut into batches.

use super::forgery::{Forgery, edit};
use super::*;
use crate::block::{Body, Header};
use crate::crypto::Signature;
use crate::names::MapRoot;
use proptest::prelude::*;

/// What is done to one block before the chain above it is recomputed and signed again.
#[derive(Clone, Copy, Debug)]
enum Forged {
    Signature,
    Certificate,
    LogRoot,
    MapRoot,
    Control,
    Left,
}

/// What is done to one block in the store.
#[derive(Clone, Copy, Debug)]
enum Altered {
    Bit(usize),
    Unreadable,
    Removed,
    Repeated,
}

fn any_forged() -> impl Strategy<Value = Forged> {
    use Forged::{Certificate, Control, Left, LogRoot, MapRoot, Signature};
    prop::sample::select(vec![Signature, Certificate, LogRoot, MapRoot, Control, Left])
}

fn any_altered() -> impl Strategy<Value = Altered> {
    prop_oneof![
        any::<usize>().prop_map(Altered::Bit),
        Just(Altered::Unreadable),
        Just(Altered::Removed),
        Just(Altered::Repeated),
    ]
}

fn forged(network: &Network, forgeries: &[(u64, Forged)], signed: bool) -> (Vec<Vec<u8>>, Certificate) {
    let at = |height| forgeries.iter().filter(move |(of, _)| *of == height).map(|(_, forged)| *forged);
    let body = |height, body: &mut Body| {
        for forged in at(height) {
            match forged {
                Forged::Signature => edit(body, |list| list.iter_mut().for_each(|s| s.signature = Signature([0; 64]))),
                Forged::Certificate => {
                    body.parent_certificate.iter_mut().for_each(|certificate| certificate.round.0 += 1);
                }
                Forged::Left => edit(body, |list| _ = list.pop()),
                Forged::LogRoot | Forged::MapRoot | Forged::Control => {}
            }
        }
    };
    let header = |height, header: &mut Header| {
        for forged in at(height) {
            match forged {
                Forged::LogRoot => header.log_root.0[0] ^= 1,
                Forged::MapRoot => header.map_root = MapRoot([1; 32]),
                Forged::Control => header.control.0[0] ^= 1,
                Forged::Signature | Forged::Certificate | Forged::Left => {}
            }
        }
    };
    Forgery { body: &body, header: &header, signed }.of(network)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_batching_gives_the_same_report(
        forgeries in prop::collection::vec((1_u64..9, any_forged()), 0..3),
        signed in any::<bool>(),
        alterations in prop::collection::vec((0_usize..8, any_altered()), 0..3),
        cuts in prop::collection::vec(1_usize..5, 12),
        every in (any::<bool>(), any::<bool>()),
        tip_file in prop::option::of(1_u64..10),
    ) {
        let network = changed();
        let (mut blocks, certificate) = forged(&network, &forgeries, signed);
        let mut unreadable = Vec::new();
        for (at, altered) in &alterations {
            let at = at % blocks.len();
            match altered {
                Altered::Bit(bit) => {
                    let bit = bit % (blocks[at].len() * 8);
                    blocks[at][bit / 8] ^= 1 << (bit % 8);
                }
                Altered::Unreadable => unreadable.push(at),
                Altered::Removed => _ = blocks.remove(at),
                Altered::Repeated => blocks.insert(at, blocks[at].clone()),
            }
        }
        let mut evidence = evidence(&blocks);
        for at in unreadable {
            if let Some(block) = evidence.get_mut(at) {
                *block = Evidence::Unreadable("the checksum does not hold");
            }
        }
        let scope = |every| if every { Scope::Every } else { Scope::Tip };
        let tip_file = tip_file.map(|height| (Height(height), grown(2).tip.hash));
        let options = Options { certificates: scope(every.0), states: scope(every.1), from: None, tip_file };
        let report = |cuts: &mut dyn Iterator<Item = usize>| {
            let mut auditor = Auditor::new(&network.genesis, &Foot::default(), None, options.clone()).unwrap();
            let mut rest = evidence.as_slice();
            while !rest.is_empty() {
                let (batch, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
                auditor.blocks(batch);
                rest = later;
            }
            auditor.finish(Some(&certificate))
        };
        let one_by_one = report(&mut std::iter::repeat(1));
        prop_assert_eq!(&report(&mut std::iter::once(evidence.len())), &one_by_one);
        prop_assert_eq!(&report(&mut cuts.iter().copied()), &one_by_one);
        // Nothing holds without the validators' keys but the chain as it was.
        let original = |(found, block): (&Evidence<'_>, &Vec<u8>)| matches!(found, Evidence::Bytes(bytes) if bytes == block);
        let is_original = evidence.len() == network.blocks.len() && evidence.iter().zip(&network.blocks).all(original);
        prop_assert!(signed || is_original || one_by_one.verdict != Verdict::Holds);
    }
}

#[test]
fn what_became_of_each_event_is_told_however_the_blocks_are_cut() {
    let mut network = Network::new(4);
    let mut wanted = Vec::new();
    let mut keep = |network: &Network, block: crate::chain::FinalBlock| {
        wanted.push((network.tip.height, block.traces().to_vec()));
    };
    for height in 0..9 {
        let renewal = |number| fixture::event(number, Action::Renew);
        let new = |number| fixture::event(number, Action::New { keeper: code("370100") });
        let events = vec![new(height), renewal(height), renewal(height + 1), new(height / 2), renewal(height / 3)];
        let block = if height == 4 {
            network.govern(Change::SetPower(NodeNumber(4), 0), Height(7))
        } else {
            network.block_of(events)
        };
        keep(&network, block);
    }
    let traced = |blocks: &[Vec<u8>], batch: usize, states| {
        let options = Options { states, ..Options::default() };
        let mut auditor = Auditor::new(&network.genesis, &Foot::default(), None, options).unwrap();
        let batches = blocks.chunks(batch);
        batches.flat_map(|batch| auditor.blocks_traced(&evidence(batch))).collect::<Vec<_>>()
    };
    for (batch, states) in [(1, Scope::Tip), (2, Scope::Tip), (5, Scope::Every), (99, Scope::Tip), (99, Scope::Every)] {
        assert_eq!(traced(&network.blocks, batch, states), wanted, "batches of {batch}, {states:?}");
        // As far as the blocks hold.
        let mut altered = network.blocks.clone();
        let end = altered[6].len() - 1;
        altered[6][end] ^= 1;
        assert_eq!(traced(&altered, batch, states), wanted[..6], "batches of {batch}, {states:?}");
    }
}
