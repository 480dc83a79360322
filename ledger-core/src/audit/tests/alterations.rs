//! Alterations of what lies in a store or an archive, by somebody without keys.

use super::*;
use crate::codec::{self, List};
use crate::fixture::forger::decoded;
use crate::names::Round;

/// Alters the blocks of a chain of eight; both depths find the same.
fn check(change: impl Fn(&mut Vec<Vec<u8>>), height: u64, kind: &str) {
    let network = grown(8);
    let mut blocks = network.blocks.clone();
    change(&mut blocks);
    let at = height + 1;
    for options in [TIP, EVERY] {
        let report = audit(&network, &blocks, &options);
        assert_eq!(fault(&report), Some((kind, at)));
        // Its own certificate stands in a block above, which is not looked at.
        let signed = height.checked_sub(1).filter(|signed| *signed > 0);
        check_heights(&report, &options, (Verdict::Altered, Some(height), Some(at), signed));
        // What it vouches for is the chain as it was.
        let then = Some(grown(height).tip).filter(|then| then.height() > Height(0));
        let roots = then.as_ref().map(|then| (then.hash(), then.frontier().root(), then.map_root()));
        assert_eq!(
            report.tip.zip(report.log_root).zip(report.map_root),
            roots.map(|(tip, log, map)| ((tip, log), map))
        );
        assert_eq!(report.bookmark, report.signed.map(|signed| Bookmark::of(&grown(signed.0).tip)));
        assert_eq!(report.events, 4 * height);
    }
}

#[test]
fn blocks_that_are_not_where_they_were() {
    check(|blocks| _ = blocks.remove(0), 0, "height");
    check(|blocks| _ = blocks.remove(3), 3, "height");
    check(|blocks| _ = blocks.drain(2..5), 2, "height");
    check(|blocks| blocks.truncate(6), 6, "missing");
    check(|blocks| blocks.clear(), 0, "missing");
    check(|blocks| blocks.insert(4, blocks[3].clone()), 4, "height");
    check(|blocks| blocks.push(blocks[7].clone()), 8, "height");
    check(|blocks| blocks.insert(6, blocks[1].clone()), 6, "height");
    check(|blocks| blocks.insert(6, blocks[0].clone()), 6, "height");
    check(|blocks| blocks.insert(2, blocks[6].clone()), 2, "height");
    check(|blocks| blocks.swap(3, 4), 3, "height");
    check(|blocks| blocks.swap(0, 7), 0, "height");
    check(|blocks| blocks.reverse(), 0, "height");
}

#[test]
fn bytes_that_are_no_block() {
    check(|blocks| _ = blocks[2].pop(), 2, "encoding");
    check(|blocks| blocks[2].push(0), 2, "encoding");
    check(|blocks| blocks[2].truncate(100), 2, "encoding");
    check(|blocks| blocks[2].clear(), 2, "encoding");
    check(|blocks| blocks[7].clear(), 7, "encoding");
    check(|blocks| blocks[0].clear(), 0, "encoding");
}

#[test]
fn a_header_that_was_changed_alone_is_not_the_certified_one() {
    let time = |blocks: &mut Vec<Vec<u8>>, at: usize| {
        let mut block = decoded(&blocks[at]);
        block.header.time.0 += 1;
        blocks[at] = codec::encode(&block);
    };
    check(|blocks| time(blocks, 3), 3, "block");
    check(|blocks| time(blocks, 7), 7, "block");
}

#[test]
fn the_end_certificate_is_judged_by_itself() {
    let network = grown(4);
    let own = network.certificate.clone().unwrap();
    let with = |signatures: Vec<_>| Certificate { signatures: List::new(signatures).unwrap(), ..own.clone() };
    let check = |certificate: Option<&Certificate>, expected, found: Option<(&str, u64)>| {
        for options in [TIP, EVERY] {
            let report = Report::of(&judge_blocks(&network, &network.blocks, ends_with(certificate), &options));
            check_heights(&report, &options, expected);
            assert_eq!(fault(&report), found);
        }
    };
    let holds = (Verdict::Holds, Some(4), None, Some(4));
    let altered = (Verdict::Altered, Some(3), Some(4), Some(2));
    check(Some(&own), holds, None);
    check(None, (Verdict::Undecided, Some(4), None, Some(3)), None);
    check(Some(&with(own.signatures[..2].to_vec())), altered, Some(("certificate", 4)));
    check(Some(&with(own.signatures[1..].to_vec())), holds, None);
    check(Some(&Certificate { round: Round(1), ..own.clone() }), altered, Some(("certificate", 4)));
    check(grown(3).certificate.as_ref(), altered, Some(("certificate", 4)));
    // Of another block at this height: the certificate is not what its validators signed.
    let mut unsigned = own.clone();
    unsigned.block.0[0] ^= 1;
    check(Some(&unsigned), altered, Some(("certificate", 4)));
    // Signed, so there is a block of this height that is not here.
    let mut fork = grown(3);
    fork.block(vec![]);
    check(fork.certificate.as_ref(), altered, Some(("block", 4)));
    // Of a block above, which is missing if those signed it who judge there.
    let mut above = grown(5).certificate.unwrap();
    check(Some(&above), (Verdict::Altered, Some(4), Some(5), Some(3)), Some(("missing", 5)));
    above.round.0 += 1;
    check(Some(&above), altered, Some(("certificate", 4)));
}

#[test]
fn whole_blocks_cut_off_leave_a_valid_chain_that_is_shorter() {
    let network = grown(4);
    let shorter = decoded(&network.blocks[3]).body.parent_certificate;
    let report = Report::of(&judge_blocks(&network, &network.blocks[..3], ends_with(shorter.as_ref()), &EVERY));
    assert_eq!(heights(&report), (Verdict::Holds, Some(3), None, Some(3)));
}

/// What is kept outside the bytes that are judged: by the auditor, and in the node's tip file.
#[test]
fn what_was_kept_finds_what_is_missing_and_what_is_another() {
    let network = grown(5);
    let mut other = grown(3);
    (0..2).for_each(|_| _ = other.block(vec![]));
    let check = |options: &Options, expected, found: Option<(&str, u64)>| {
        for depth in [Depth::default(), Depth::FULL] {
            let options = Options { depth, ..options.clone() };
            let report = audit(&network, &network.blocks, &options);
            check_heights(&report, &options, expected);
            assert_eq!(fault(&report), found);
        }
    };
    let holds = (Verdict::Holds, Some(5), None, Some(5));
    let by = |tip: &crate::chain::Tip| {
        let tip_file = Options { tip_file: Some((tip.height(), tip.hash())), ..TIP };
        [Options { from: Some(Bookmark::of(tip)), ..TIP }, tip_file]
    };
    for (kept, expected, found) in [
        (&grown(5).tip, holds, None),
        (&grown(3).tip, holds, None),
        (&grown(0).tip, holds, None),
        (&grown(7).tip, (Verdict::Altered, Some(5), Some(6), Some(5)), Some(("missing", 6))),
    ] {
        by(kept).iter().for_each(|options| check(options, expected, found));
    }
    let [by_auditor, by_node] = by(&other.tip);
    let altered = (Verdict::Altered, Some(4), Some(5), Some(3));
    check(&by_auditor, altered, Some(("rewritten", 5)));
    check(&by_node, altered, Some(("tip", 5)));
    // Another chain altogether.
    check(&by(&Network::new(3).tip)[1], (Verdict::Altered, None, Some(0), None), Some(("tip", 0)));
}

/// What cannot be read says nothing; whoever knows of a block there from elsewhere does.
#[test]
fn what_cannot_be_read_was_altered_only_if_a_kept_block_says_that_it_was_there() {
    let network = grown(5);
    let kept_at = |height: u64| Some(Bookmark::of(&grown(height).tip));
    for (readable, kept, found) in [
        (2, None, None),
        (2, kept_at(1), None),
        (2, kept_at(2), None),
        (2, kept_at(3), Some(("missing", 3))),
        (2, kept_at(9), Some(("missing", 3))),
        (0, None, None),
        (0, kept_at(1), Some(("missing", 1))),
        (5, kept_at(5), None),
        (5, kept_at(6), Some(("missing", 6))),
    ] {
        let verdict = if found.is_some() { Verdict::Altered } else { Verdict::Undecided };
        for last in [Last::Unreadable("it is lost".to_owned()), Last::Cut] {
            let is_cut = last == Last::Cut;
            let options = Options { from: kept.clone(), ..EVERY };
            let judged = judge_blocks(&network, &network.blocks[..readable as usize], last, &options);
            let report = Report::of(&judged);
            let at = (!is_cut || found.is_some()).then_some(readable + 1);
            let signed = Some(readable).filter(|readable| *readable > 1).map(|readable| readable - 1);
            assert_eq!(heights(&report), (verdict, Some(readable), at, signed));
            assert_eq!(fault(&report), found);
            assert_eq!(report.unchecked.is_empty(), found.is_some());
        }
    }
}

/// Behind an end certificate that holds nothing may stand.
#[test]
fn what_stands_behind_the_end_leaves_the_answer_open() {
    let network = grown(3);
    let certificate = network.certificate.clone().unwrap();
    let last = |certificate: &Certificate| Last::Certificate {
        certificate: certificate.clone(),
        behind: Some("a byte".to_owned()),
    };
    let report = Report::of(&judge_blocks(&network, &network.blocks, last(&certificate), &EVERY));
    assert_eq!((heights(&report), report.ended), ((Verdict::Undecided, Some(3), Some(4), Some(3)), "unreadable"));
    let mut wrong = certificate;
    wrong.round.0 += 1;
    let report = Report::of(&judge_blocks(&network, &network.blocks, last(&wrong), &EVERY));
    assert_eq!((report.verdict, fault(&report)), (Verdict::Altered, Some(("certificate", 3))));
}

/// Where a protocol is in force that is not known here, nothing that was kept is held against the chain.
#[test]
fn rules_that_are_not_known_end_the_judgement() {
    let mut network = Network::new(1);
    network.govern(Change::Activate(crate::names::Protocol(2)), Height(2));
    let above = Bookmark { height: Height(9), ..Bookmark::of(&network.tip) };
    let own = ends_with(network.certificate.as_ref());
    for blocks in [network.blocks.clone(), [&network.blocks[..], &[vec![0, 2, 77]]].concat()] {
        for (from, tip_file) in [(Some(above.clone()), None), (None, Some((Height(9), network.tip.hash())))] {
            let options = Options { from, tip_file, ..EVERY };
            let report = Report::of(&judge_blocks(&network, &blocks, own.clone(), &options));
            assert_eq!(heights(&report), (Verdict::Undecided, Some(1), Some(2), None));
            assert_eq!((fault(&report), report.ended), (None, "newer_protocol"));
        }
    }
}

/// One bit of every byte: in headers, bodies, certificates and signatures, below, within, and at
/// the top.
#[test]
fn every_flipped_bit_is_found() {
    let mut network = Network::new(1);
    for number in 0..3 {
        let made = fixture::event(number, Action::New { keeper: code("370000") });
        network.block_of(vec![made, fixture::event(number, Action::Correct { cites: crate::names::Ordinal(0) })]);
    }
    for (at, block) in network.blocks.iter().enumerate() {
        for position in 0..block.len() {
            let mut blocks = network.blocks.clone();
            blocks[at][position] ^= 1 << (position % 8);
            let report = audit(&network, &blocks, &EVERY);
            assert_eq!(report.verdict, Verdict::Altered, "block {} byte {position}", at + 1);
            let at = at as u64 + 1;
            assert_eq!(report.at, Some(Height(at)), "block {at} byte {position}: {:?}", report.findings);
        }
    }
}
