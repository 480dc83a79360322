//! Parts of a chain, on the foot of an archive, and a chain that continues another.

use super::*;
use crate::map::ContractMap;

/// Judges blocks above the foot of a height.
fn audit_on(
    network: &Network,
    height: u64,
    states: Option<&ContractMap>,
    blocks: &[Vec<u8>],
    options: &Options,
) -> Report {
    let then = network.at(Height(height));
    let foot = Foot { states: states.map(ContractMap::len), ..then.foot() };
    let start = Start { foot, states: states.map(|map| map.iter().copied().collect()) };
    let mut judge = Judge::new(&network.genesis, &start, options.clone());
    blocks.chunks(2).for_each(|batch| judge.take(batch));
    Report::of(&judge.finish(ends_with(network.certificate.as_ref())))
}

/// Judges the blocks above a height on their foot.
fn audit_above(network: &Network, height: u64, states: Option<&ContractMap>, options: &Options) -> Report {
    audit_on(network, height, states, &network.blocks[height as usize..], options)
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
            for options in [TIP, EVERY] {
                let states = with_states.then_some(&start.map);
                let options = Options { from: from.clone(), ..options };
                let report = audit_above(&network, height, states, &options);
                assert_eq!((fault(&report), report.verdict), (None, verdict), "above {height}");
                assert_eq!(report.unchecked.len(), notes);
                assert_eq!((report.height, report.tip), (Some(Height(8)), Some(network.tip.hash())));
                assert_eq!(report.signed, Some(Height(8)));
                let roots = (Some(network.tip.frontier().root()), Some(network.map.root()));
                assert_eq!((report.log_root, report.map_root), roots);
                assert_eq!(report.events, network.tip.frontier().size().0 - 8);
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
        let report = audit_above(&network, 8, Some(&start.map), &options);
        assert_eq!((fault(&report), heights(&report)), (None, (Verdict::Undecided, Some(8), None, None)));
        assert!(report.unchecked.iter().any(|why| why.starts_with("the blocks:")), "{:?}", report.unchecked);
    }
}

#[test]
fn a_start_that_was_rewritten_is_found() {
    let network = changed();
    let from = Some(Bookmark { block: crate::names::BlockHash([1; 32]), ..Bookmark::of(&network.at(Height(5)).tip) });
    let report = audit_above(&network, 5, None, &Options { from, ..EVERY });
    let expected = (Some(("rewritten", 5)), (Verdict::Altered, None, Some(5), None));
    assert_eq!((fault(&report), heights(&report)), expected);
}

#[test]
fn states_that_are_not_the_foots_are_found() {
    let network = grown(6);
    for states in [ContractMap::default(), network.map.clone()] {
        let report = audit_above(&network, 3, Some(&states), &EVERY);
        assert_eq!((fault(&report), heights(&report)), (Some(("map", 3)), (Verdict::Altered, None, Some(3), None)));
    }
}

#[test]
fn the_certificate_in_the_first_block_proves_the_header_below() {
    let network = grown(6);
    let short = |height, body: &mut crate::block::Body| {
        if height == 4 {
            forger::shorten(body.parent_certificate.as_mut().unwrap(), 2);
        }
    };
    let (blocks, certificate) = Forgery { body: &short, signed: true, ..Forgery::default() }.of(&network);
    let forged = Network { certificate: Some(certificate), ..grown(6) };
    for options in [TIP, EVERY] {
        let report = audit_on(&forged, 3, Some(&network.at(Height(3)).map), &blocks[3..], &options);
        let expected = (Some(("certificate", 4)), (Verdict::Altered, Some(3), Some(4), None));
        assert_eq!((fault(&report), heights(&report)), expected);
    }
}

/// The foot was made to fit another block: the validators certified the right one.
#[test]
fn a_foot_whose_header_is_not_the_certified_one_is_found() {
    let network = grown(6);
    let start = network.at(Height(3));
    let mut foot = start.foot();
    foot.below.as_mut().unwrap().header.time.0 += 1;
    let mut judge = Judge::new(&network.genesis, &Start { foot, states: None }, EVERY);
    judge.take(&network.blocks[3..]);
    let report = Report::of(&judge.finish(ends_with(network.certificate.as_ref())));
    assert_eq!((fault(&report), heights(&report)), (Some(("block", 3)), (Verdict::Altered, None, Some(3), None)));
}

/// A node's own tip file proves no start, whatever it names.
#[test]
fn a_tip_file_proves_no_start() {
    let network = changed();
    let start = network.at(Height(5));
    for tip in [&start.tip, &network.tip] {
        let options = Options { tip_file: Some((tip.height(), tip.hash())), ..EVERY };
        let report = audit_above(&network, 5, Some(&start.map), &options);
        let expected = (Verdict::Undecided, Some(8), None, Some(8));
        assert_eq!((heights(&report), report.unchecked.len()), (expected, 1));
    }
}

#[test]
fn an_audit_stands_on_no_foot_that_does_not_hold() {
    let network = changed();
    let start = Start { foot: network.at(Height(5)).foot(), states: None };
    let mut judge = Judge::new(&Network::new(3).genesis, &start, EVERY);
    judge.take(&network.blocks[5..]);
    let report = Report::of(&judge.finish(Last::Cut));
    let expected = (Some(("foot", 5)), (Verdict::Altered, None, Some(5), None));
    assert_eq!((fault(&report), heights(&report)), expected);
    assert_eq!(report.checked, Checked::default());
}

#[test]
fn a_judge_says_how_far_it_is() {
    let network = grown(4);
    let mut judge = Judge::new(&network.genesis, &Start::default(), EVERY);
    judge.take(&network.blocks[..3]);
    let ended = judge.has_ended();
    let checked = Report::of(&judge.finish(Last::Cut)).checked;
    assert_eq!((ended, checked.blocks, checked.events, checked.submissions), (false, 3, 12, 6));
}

#[test]
fn a_chain_that_continues_another_is_audited_on_its_map() {
    let old = grown(3);
    let mut network = Network::from_genesis(old.successor());
    network.map = old.map.clone();
    (0..2).for_each(|_| _ = network.block_of(vec![fixture::event(31, Action::Amend)]));

    let audit = |states: Option<&ContractMap>, blocks: &[Vec<u8>]| {
        let start = Start { foot: Foot::default(), states: states.map(|map| map.iter().copied().collect()) };
        let mut judge = Judge::new(&network.genesis, &start, EVERY);
        judge.take(blocks);
        Report::of(&judge.finish(ends_with(network.certificate.as_ref().filter(|_| !blocks.is_empty()))))
    };
    for (states, notes) in [(Some(&old.map), 0), (None, 1)] {
        let report = audit(states, &network.blocks);
        assert_eq!((fault(&report), report.verdict, report.unchecked.len()), (None, Verdict::Holds, notes));
        assert_eq!((report.height, report.events), (Some(Height(2)), 2));
    }
    assert_eq!(audit(Some(&old.map), &[]).events, 0);
    let report = audit(Some(&ContractMap::default()), &network.blocks);
    assert_eq!((fault(&report), report.verdict), (Some(("map", 0)), Verdict::Altered));
}

/// format.md §15.3: at the shorter depth a stretch is signed by its first certificate and its last, and by those above a
/// change of membership: it says no more than that, and does not look at the others here and there.
#[test]
fn at_the_shorter_depth_certificates_between_are_not_looked_at() {
    let network = grown(8);
    let body = |height, body: &mut crate::block::Body| {
        if height == 6 {
            body.parent_certificate.iter_mut().for_each(|certificate| forger::shorten(certificate, 1));
        }
    };
    let (blocks, last) = Forgery { signed: true, body: &body, ..Forgery::default() }.of(&network);
    assert_eq!(blocks[..3], network.blocks[..3]);
    let then = network.at(Height(3));
    let start = Start { foot: Foot { states: None, ..then.foot() }, states: None };
    let judged = |options: Options| {
        let options = Options { from: Some(Bookmark::of(&then.tip)), ..options };
        let mut judge = Judge::new(&network.genesis, &start, options);
        judge.take(&blocks[3..]);
        Report::of(&judge.finish(ends_with(Some(&last))))
    };
    assert_eq!(judged(TIP).verdict, Verdict::Holds);
    assert_eq!((judged(EVERY).verdict, judged(EVERY).at), (Verdict::Altered, Some(Height(6))));
}
