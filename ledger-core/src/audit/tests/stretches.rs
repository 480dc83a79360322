//! Parts of a chain, on the foot of an archive, and a chain that continues another.

use super::forgery::Forgery;
use super::*;
use crate::archive::FootError;
use crate::map::ContractMap;

/// Audits the blocks above a height on their foot.
fn audit_above(network: &Network, height: u64, states: Option<ContractMap>, options: &Options) -> Report {
    let foot = network.at(Height(height)).foot();
    let mut auditor = Auditor::new(&network.genesis, &foot, states, options.clone()).unwrap();
    auditor.blocks(&evidence(&network.blocks[height as usize..]));
    auditor.finish(network.certificate.as_ref())
}

/// Heights at, below and above the change of membership.
#[test]
fn a_stretch_holds_where_what_the_auditor_kept_vouches_for_its_start() {
    let network = changed();
    for height in [1, 3, 4, 5] {
        let start = network.at(Height(height));
        let kept = |of: u64| Some(Bookmark::of(&network.at(Height(of)).tip));
        for (from, with_states, verdict, notes) in [
            (None, true, Verdict::Undecided, 1),
            (None, false, Verdict::Undecided, 2),
            (kept(height), true, Verdict::Holds, 0),
            (kept(height), false, Verdict::Holds, 1),
            (kept(height - 1), true, Verdict::Undecided, 1),
        ] {
            for options in [Options::default(), EVERY] {
                let states = with_states.then(|| start.map.clone());
                let options = Options { from: from.clone(), ..options };
                let report = audit_above(&network, height, states, &options);
                assert_eq!((found(&report), report.verdict), (vec![], verdict), "above {height}");
                assert_eq!(report.unchecked.len(), notes);
                assert_eq!((report.height, report.tip), (Height(8), network.tip.hash));
                assert_eq!((report.log_root, report.map_root), (network.tip.frontier.root(), network.map.root()));
                assert_eq!(report.events, network.tip.frontier.size().0 - 8);
                assert_eq!(report.checked.blocks, 8 - height);
                assert_eq!(report.checked.map_roots > 0, with_states);
            }
        }
    }
}

/// A certificate says nothing of blocks that are not there: a foot can be made to fit any.
#[test]
fn a_stretch_without_a_block_decides_nothing() {
    let network = changed();
    let start = network.at(Height(8));
    for from in [None, Some(Bookmark::of(&start.tip))] {
        let options = Options { from, ..EVERY };
        let report = audit_above(&network, 8, Some(start.map.clone()), &options);
        assert_eq!((found(&report), report.verdict, report.signed), (vec![], Verdict::Undecided, None));
        assert!(report.unchecked.iter().any(|why| why.starts_with("the blocks:")), "{:?}", report.unchecked);
    }
}

#[test]
fn a_start_that_was_rewritten_is_found() {
    let network = changed();
    let from = Some(Bookmark { block: crate::names::BlockHash([1; 32]), ..Bookmark::of(&network.at(Height(5)).tip) });
    let report = audit_above(&network, 5, None, &Options { from, ..Options::default() });
    assert_eq!((found(&report), report.verdict), (vec![("rewritten", 5)], Verdict::Altered));
}

#[test]
fn states_that_are_not_the_foots_are_found() {
    let network = grown(6);
    for states in [ContractMap::default(), network.map.clone()] {
        let report = audit_above(&network, 3, Some(states), &Options::default());
        assert_eq!((found(&report), report.verdict), (vec![("map", 3)], Verdict::Altered));
    }
}

#[test]
fn the_certificate_in_the_first_block_proves_the_header_below() {
    let network = grown(6);
    let short = |height, body: &mut crate::block::Body| {
        if height == 4 {
            let certificate = body.parent_certificate.as_mut().unwrap();
            certificate.signatures = crate::codec::List::new(certificate.signatures[..2].to_vec()).unwrap();
        }
    };
    let (blocks, certificate) = Forgery { body: &short, signed: true, ..Forgery::default() }.of(&network);
    let start = network.at(Height(3));
    let mut auditor = Auditor::new(&network.genesis, &start.foot(), Some(start.map), Options::default()).unwrap();
    auditor.blocks(&evidence(&blocks[3..]));
    let report = auditor.finish(Some(&certificate));
    assert_eq!((found(&report), report.verdict), (vec![("certificate", 4)], Verdict::Altered));
}

#[test]
fn an_audit_stands_on_no_foot_that_does_not_hold() {
    let network = changed();
    let foot = network.at(Height(5)).foot();
    let other = Network::new(3);
    let begun = Auditor::new(&other.genesis, &foot, None, Options::default());
    assert_eq!(begun.err(), Some(FootError::Chain(network.tip.chain)));
}

#[test]
fn an_auditor_says_how_far_it_is() {
    let network = grown(4);
    let mut auditor = Auditor::new(&network.genesis, &Foot::default(), None, Options::default()).unwrap();
    auditor.blocks(&evidence(&network.blocks[..3]));
    let checked = auditor.checked();
    assert_eq!((auditor.height(), checked.blocks, checked.events, checked.submissions), (Height(3), 3, 12, 6));
}

#[test]
fn a_chain_that_continues_another_is_audited_on_its_map() {
    let old = grown(3);
    let genesis = fixture::edited(&old.genesis, |genesis| {
        genesis.predecessor = Some(old.predecessor());
        genesis.time = old.tip.time;
    });
    let mut network = Network::from_genesis(genesis);
    network.map = old.map.clone();
    (0..2).for_each(|_| _ = network.block_of(vec![fixture::event(31, Action::Amend)]));

    let audit = |states: Option<ContractMap>, blocks: &[Vec<u8>]| {
        let mut auditor = Auditor::new(&network.genesis, &Foot::default(), states, EVERY).unwrap();
        auditor.blocks(&evidence(blocks));
        auditor.finish(network.certificate.as_ref().filter(|_| !blocks.is_empty()))
    };
    for (states, notes) in [(Some(old.map.clone()), 0), (None, 1)] {
        let report = audit(states, &network.blocks);
        assert_eq!((found(&report), report.verdict, report.unchecked.len()), (vec![], Verdict::Holds, notes));
        assert_eq!((report.height, report.events), (Height(2), 2));
    }
    assert_eq!(audit(Some(old.map.clone()), &[]).events, 0);
    let report = audit(Some(ContractMap::default()), &network.blocks);
    assert_eq!((found(&report), report.verdict), (vec![("map", 0)], Verdict::Altered));
}
