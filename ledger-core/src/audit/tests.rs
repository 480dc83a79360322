use super::*;
use crate::archive::Foot;
use crate::event::Action;
use crate::fixture::{self, Network, code};
use crate::ids::Height;

fn grown(blocks: u64) -> Network {
    let mut network = Network::new(4);
    for height in 1..=blocks {
        let events = (0..3).map(|i| fixture::event(height * 10 + i, Action::New { keeper: code("370100") })).collect();
        let second = network.submission(2, vec![fixture::event((height - 1) * 10 + 1, Action::Renew)]);
        let first = network.submission(1, events);
        network.block(vec![first, second]);
    }
    network
}

fn audit(network: &Network, blocks: &[Vec<u8>], options: Options) -> Report {
    let mut auditor = Auditor::new(&network.genesis, &Foot::default(), None, options).unwrap();
    for batch in blocks.chunks(3) {
        let evidence: Vec<Evidence<'_>> = batch.iter().map(|bytes| Evidence::Bytes(bytes)).collect();
        auditor.blocks(&evidence);
    }
    auditor.finish(network.certificate.as_ref())
}

#[test]
fn an_unaltered_chain_holds() {
    for scope in [Scope::Tip, Scope::Every] {
        let network = grown(8);
        let options = Options { certificates: scope, states: scope, ..Options::default() };
        let report = audit(&network, &network.blocks, options);
        assert_eq!(report.findings, []);
        assert_eq!(report.verdict, Verdict::Holds);
        assert_eq!((report.height, report.events), (Height(8), 32));
        assert_eq!(report.signed, Some(Height(8)));
        assert_eq!(report.tip, network.tip.hash);
    }
}

#[test]
fn an_empty_chain_holds() {
    let network = grown(0);
    let report = audit(&network, &[], Options::default());
    assert_eq!((report.verdict, report.height, report.events), (Verdict::Holds, Height(0), 0));
}

#[test]
fn every_flipped_bit_is_found() {
    let network = grown(5);
    for (at, block) in network.blocks.iter().enumerate() {
        for position in 0..block.len() {
            let mut blocks = network.blocks.clone();
            blocks[at][position] ^= 1 << (position % 8);
            let report = audit(&network, &blocks, Options::default());
            assert_eq!(report.verdict, Verdict::Altered, "block {} byte {position}", at + 1);
            let lowest = report.findings.iter().map(|finding| finding.height.0).min().unwrap();
            assert!(lowest == at as u64 + 1, "block {} byte {position}: {:?}", at + 1, report.findings);
        }
    }
}
