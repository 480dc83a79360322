//! A small chain, edited: what becomes of it does not depend on how it is cut into batches, and nothing that the
//! validators did not sign holds. The first byte chooses the edit: bytes over a block; a block left out, twice, in
//! the place of its neighbour, not to be read; a header that says something else, signed by so many.
#![no_main]

use ledger_core::archive::{Last, Start};
use ledger_core::audit::{Depth, Judge, Options, Report, Verdict};
use ledger_core::block::Block;
use ledger_core::certificate::Certificate;
use ledger_core::codec::{decode, encode};
use ledger_core::event::Action;
use ledger_core::fixture::{Network, event, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, NodeNumber, Round};
use std::sync::LazyLock;

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let mut network = Network::new(4);
    for height in 0..4 {
        let keeper = "370000".parse().expect("a code");
        network.block_of(vec![event(height, Action::New { keeper }), event(0, Action::Renew)]);
    }
    network
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [mode, block, high, low, patch @ ..] = data else { return };
    let mut blocks = NETWORK.blocks.clone();
    let at = usize::from(*block) % blocks.len();
    let place = usize::from(u16::from_be_bytes([*high, *low]));
    match mode % 6 {
        0 => {
            write(&mut blocks[at], place, patch);
            let altered = blocks != NETWORK.blocks;
            let report = audit(&blocks, None, NETWORK.certificate.as_ref());
            assert_eq!(report.verdict, if altered { Verdict::Altered } else { Verdict::Holds });
            assert_eq!(first(&report), altered.then_some(at as u64 + 1));
        }
        1 => {
            blocks.remove(at);
            let report = audit(&blocks, None, NETWORK.certificate.as_ref());
            assert_eq!((report.verdict, first(&report)), (Verdict::Altered, Some(at as u64 + 1)));
        }
        2 => {
            blocks.insert(at, NETWORK.blocks[at].clone());
            let report = audit(&blocks, None, NETWORK.certificate.as_ref());
            assert_eq!((report.verdict, first(&report)), (Verdict::Altered, Some(at as u64 + 2)));
        }
        3 => {
            let other = (at + 1).min(blocks.len() - 1);
            blocks.swap(at, other);
            let report = audit(&blocks, None, NETWORK.certificate.as_ref());
            assert_eq!(report.verdict == Verdict::Holds, at == other);
            assert_eq!(first(&report), (at != other).then_some(at as u64 + 1));
        }
        4 => {
            let report = audit(&blocks, Some(at), None);
            assert_eq!((report.verdict, report.height), (Verdict::Undecided, Some(Height(at as u64))));
        }
        _ => {
            let signers = usize::from(*high % 5);
            let certificate = forge(&mut blocks, at, place, patch, signers);
            let altered = blocks != NETWORK.blocks;
            let report = audit(&blocks, None, Some(&certificate));
            // The proposer and a later time are the only fields that validators may choose.
            assert!(report.verdict != Verdict::Holds || !altered || signers >= 3);
        }
    }
});

fn write(bytes: &mut [u8], place: usize, patch: &[u8]) {
    let from = place % bytes.len();
    bytes.iter_mut().skip(from).zip(patch).for_each(|(to, from)| *to = *from);
}

/// Bytes over the header of a block, the blocks above linked to it, all signed by so many of four.
fn forge(blocks: &mut [Vec<u8>], at: usize, place: usize, patch: &[u8], signers: usize) -> Certificate {
    const HEADER: usize = 255;
    let own = NETWORK.certificate.clone().expect("blocks were made");
    let keys: Vec<_> = (1..=4).map(|node| (NodeNumber(node), node_key(node, Purpose::Consensus))).collect();
    let signing: Vec<_> = keys.iter().take(signers).map(|(node, key)| (*node, key)).collect();
    let mut below: Option<Certificate> = None;
    write(&mut blocks[at][..HEADER], place, patch);
    for bytes in &mut blocks[at..] {
        let Ok(mut block) = decode::<Block>(bytes) else { return own };
        if let Some(certificate) = below.take() {
            block.header.parent = certificate.block;
            block.body.parent_certificate = Some(certificate);
        }
        let (height, hash) = (block.header.height, block.header.hash());
        below = Some(Certificate::sign(&NETWORK.genesis.chain_id(), height, Round(0), hash, &signing));
        *bytes = encode(&block);
    }
    below.unwrap_or(own)
}

/// Judged in two batchings, which have to agree.
fn audit(blocks: &[Vec<u8>], unreadable: Option<usize>, certificate: Option<&Certificate>) -> Report {
    let readable = unreadable.map_or(blocks, |at| &blocks[..at]);
    let last = match (unreadable, certificate) {
        (Some(_), _) => Last::Unreadable("lost".to_owned()),
        (None, Some(certificate)) => Last::Certificate { certificate: certificate.clone(), behind: None },
        (None, None) => Last::Cut,
    };
    let report = |size: usize| {
        let options = Options { depth: Depth::FULL, ..Options::default() };
        let mut judge = Judge::new(&NETWORK.genesis, &Start::default(), options);
        readable.chunks(size).for_each(|batch| judge.take(batch));
        Report::of(&judge.finish(last.clone()))
    };
    let whole = report(16);
    assert_eq!(whole, report(1));
    whole
}

fn first(report: &Report) -> Option<u64> {
    report.findings.first().map(|finding| finding.height.0)
}
