//! Alterations of what lies in a store or an archive, by somebody without keys.

use super::forgery::decoded;
use super::*;
use crate::codec::{self, List};
use crate::names::Round;

/// Alters the blocks of a chain of eight; both scopes find the same.
fn check(change: impl Fn(&mut Vec<Vec<u8>>), height: u64, expected: &[(&str, u64)]) {
    let network = grown(8);
    let mut blocks = network.blocks.clone();
    change(&mut blocks);
    for options in [Options::default(), EVERY] {
        let report = audit(&network, &blocks, &options);
        assert_eq!(found(&report), expected);
        assert_eq!((report.verdict, report.height.0), (Verdict::Altered, height));
        // What it vouches for is the chain as it was.
        assert_eq!(report.log_root, grown(height).tip.frontier.root());
        assert_eq!(report.events, 4 * height);
    }
}

#[test]
fn blocks_that_are_not_where_they_were() {
    check(|blocks| _ = blocks.remove(0), 0, &[("height", 1)]);
    check(|blocks| _ = blocks.remove(3), 3, &[("height", 4)]);
    check(|blocks| _ = blocks.drain(2..5), 2, &[("height", 3)]);
    check(|blocks| blocks.truncate(6), 6, &[("missing", 7)]);
    check(|blocks| blocks.clear(), 0, &[("missing", 1)]);
    check(|blocks| blocks.insert(4, blocks[3].clone()), 4, &[("height", 5)]);
    check(|blocks| blocks.push(blocks[7].clone()), 8, &[("height", 9)]);
    check(|blocks| blocks.insert(6, blocks[1].clone()), 6, &[("height", 7)]);
    check(|blocks| blocks.insert(6, blocks[0].clone()), 6, &[("height", 7)]);
    // Blocks 3 to 7 stand above a copy of block 7, and block 8 on it.
    let above = [&[("height", 3)][..], &[("height", 8); 5]].concat();
    check(|blocks| blocks.insert(2, blocks[6].clone()), 2, &above);
    check(|blocks| blocks.swap(3, 4), 3, &[("height", 4), ("height", 6)]);
    let below = |first: u64| [&[("height", first)][..], &[("height", 9); 7]].concat();
    check(|blocks| blocks.swap(0, 7), 0, &below(1));
    check(|blocks| blocks.reverse(), 0, &below(1));
}

#[test]
fn bytes_that_are_no_block() {
    check(|blocks| _ = blocks[2].pop(), 2, &[("encoding", 3)]);
    check(|blocks| blocks[2].push(0), 2, &[("encoding", 3)]);
    check(|blocks| blocks[2].truncate(100), 2, &[("encoding", 3)]);
    check(|blocks| blocks[2].clear(), 2, &[("encoding", 3)]);
    check(|blocks| blocks[7].clear(), 7, &[("encoding", 8)]);
    check(|blocks| blocks[0].clear(), 0, &[("encoding", 1)]);
}

#[test]
fn a_header_that_was_changed_alone_is_not_the_certified_one() {
    let time = |blocks: &mut Vec<Vec<u8>>, at: usize| {
        let mut block = decoded(&blocks[at]);
        block.header.time.0 += 1;
        blocks[at] = codec::encode(&block);
    };
    check(|blocks| time(blocks, 3), 3, &[("block", 4)]);
    check(|blocks| time(blocks, 7), 7, &[("block", 8)]);
}

#[test]
fn the_tips_certificate_is_judged_by_itself() {
    let network = grown(4);
    let own = network.certificate.clone().unwrap();
    let with = |signatures: Vec<_>| Certificate { signatures: List::new(signatures).unwrap(), ..own.clone() };
    let check = |certificate: Option<&Certificate>, verdict, height, expected: &[(&str, u64)]| {
        let report = audit_of(&network, &evidence(&network.blocks), certificate, &Options::default());
        assert_eq!((found(&report), report.verdict), (expected.to_vec(), verdict));
        assert_eq!(report.height.0, height);
    };
    check(Some(&own), Verdict::Holds, 4, &[]);
    check(None, Verdict::Undecided, 4, &[]);
    let short = with(own.signatures[..2].to_vec());
    check(Some(&short), Verdict::Altered, 3, &[("certificate", 4)]);
    let three = with(own.signatures[1..].to_vec());
    check(Some(&three), Verdict::Holds, 4, &[]);
    let other_round = Certificate { round: Round(1), ..own.clone() };
    check(Some(&other_round), Verdict::Altered, 3, &[("certificate", 4)]);
    let below = grown(3).certificate;
    check(below.as_ref(), Verdict::Altered, 3, &[("certificate", 4)]);
    // Of another block at this height: the certificate is not what its validators signed.
    let mut unsigned = own.clone();
    unsigned.block.0[0] ^= 1;
    check(Some(&unsigned), Verdict::Altered, 3, &[("certificate", 4)]);
    // Signed, so there is a block of this height that is not here.
    let mut fork = grown(3);
    fork.block(vec![]);
    check(fork.certificate.as_ref(), Verdict::Altered, 3, &[("block", 4)]);
    check(grown(5).certificate.as_ref(), Verdict::Altered, 4, &[("missing", 5)]);
}

#[test]
fn a_chain_without_its_last_certificate_is_not_signed() {
    let network = grown(4);
    let report = audit_of(&network, &evidence(&network.blocks), None, &Options::default());
    assert_eq!((report.signed, report.unchecked.len()), (None, 1));
    // Whole blocks cut off, with the certificate that belongs there: a valid chain, and shorter.
    let shorter = decoded(&network.blocks[3]).body.parent_certificate;
    let report = audit_of(&network, &evidence(&network.blocks[..3]), shorter.as_ref(), &Options::default());
    assert_eq!((report.verdict, report.signed), (Verdict::Holds, Some(Height(3))));
}

/// What is known of a chain from elsewhere: from the node's tip file, and from an earlier audit.
#[test]
fn pins_find_what_is_missing_and_what_is_another() {
    let network = grown(5);
    let mut other = grown(3);
    (0..2).for_each(|_| _ = other.block(vec![]));
    let check = |options: &Options, verdict, expected: &[(&str, u64)]| {
        let report = audit(&network, &network.blocks, options);
        assert_eq!((report.verdict, found(&report)), (verdict, expected.to_vec()));
        let kept = options.from.as_ref().filter(|_| verdict == Verdict::Altered);
        assert_eq!(report.height.0, kept.map_or(5, |kept| (kept.height.0 - 1).min(5)));
    };
    let tip_file = |network: &Network| {
        let tip_file = Some((network.tip.height, network.tip.hash));
        audit(&grown(5), &grown(5).blocks, &Options { tip_file, ..Options::default() })
    };
    for (told, verdict, expected) in [
        (grown(5), Verdict::Holds, &[][..]),
        (grown(3), Verdict::Holds, &[]),
        (grown(0), Verdict::Holds, &[]),
        (grown(7), Verdict::Altered, &[("missing", 6)]),
    ] {
        let report = tip_file(&told);
        assert_eq!((report.verdict, found(&report)), (verdict, expected.to_vec()));
        let from = Some(Bookmark::of(&told.tip));
        check(&Options { from, ..Options::default() }, verdict, expected);
    }
    let report = tip_file(&other);
    assert_eq!((report.verdict, found(&report)), (Verdict::Altered, vec![("tip", 5)]));
    let from = Some(Bookmark::of(&other.tip));
    check(&Options { from, ..Options::default() }, Verdict::Altered, &[("rewritten", 5)]);
    // Another chain altogether.
    let report = tip_file(&Network::new(3));
    assert_eq!((report.verdict, found(&report)), (Verdict::Altered, vec![("tip", 0)]));
}

#[test]
fn what_cannot_be_read_was_altered_if_somebody_vouches_for_it() {
    let network = grown(5);
    let own = network.certificate.as_ref();
    let tip_at = |height: u64| Some((Height(height), grown(height).tip.hash));
    for (unreadable, certificate, tip_file, verdict) in [
        (3, own, None, Verdict::Altered),
        (3, None, None, Verdict::Undecided),
        (3, None, tip_at(2), Verdict::Undecided),
        (3, None, tip_at(3), Verdict::Altered),
        (3, None, tip_at(5), Verdict::Altered),
        (1, own, None, Verdict::Altered),
        (1, None, None, Verdict::Undecided),
        (5, own, None, Verdict::Altered),
        (5, None, None, Verdict::Undecided),
        (5, None, tip_at(4), Verdict::Undecided),
        (5, None, tip_at(5), Verdict::Altered),
    ] {
        let mut blocks = evidence(&network.blocks);
        blocks[unreadable - 1] = Evidence::Unreadable("the checksum does not hold");
        let options = Options { tip_file, ..Options::default() };
        let report = audit_of(&network, &blocks, certificate, &options);
        let at = unreadable as u64;
        assert_eq!((found(&report), report.verdict), (vec![("unreadable", at)], verdict), "{unreadable} {tip_file:?}");
        assert_eq!(report.findings[0].detail, "the checksum does not hold");
        assert_eq!(report.height.0, at - 1);
    }
}

/// Who signs above it is not known then, and nothing is held against whoever did.
#[test]
fn a_change_of_membership_that_cannot_be_read_proves_nothing() {
    let mut network = Network::new(4);
    network.block(vec![]);
    // Blocks 2 to 4: the other three lose their power, so that the first signs alone.
    for node in 2..=4 {
        network.govern(Change::SetPower(NodeNumber(node), 0), Height(u64::from(node) + 1));
    }
    (0..3).for_each(|_| drop(network.block(vec![])));
    for unreadable in 2..=4 {
        let mut blocks = evidence(&network.blocks);
        blocks[unreadable - 1] = Evidence::Unreadable("the checksum does not hold");
        let report = audit_of(&network, &blocks, network.certificate.as_ref(), &EVERY);
        assert_eq!((found(&report), report.verdict), (vec![("unreadable", unreadable as u64)], Verdict::Undecided));
    }
}

#[test]
fn no_report_lists_more_than_a_thousand_findings() {
    let network = grown(0);
    for (blocks, listed, notes) in [(1_000, 1_000, 0), (1_002, 1_000, 1)] {
        let evidence = vec![Evidence::Unreadable("lost"); blocks];
        let options = Options { tip_file: Some((Height(0), network.tip.hash)), ..Options::default() };
        let report = audit_of(&network, &evidence, None, &options);
        // The last block's certificate is not here either.
        assert_eq!((report.findings.len(), report.unchecked.len()), (listed, notes + 1));
        assert_eq!(report.verdict, Verdict::Undecided);
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
            let report = audit(&network, &blocks, &Options::default());
            assert_eq!(report.verdict, Verdict::Altered, "block {} byte {position}", at + 1);
            let lowest = report.findings.iter().map(|finding| finding.height.0).min().unwrap();
            assert!(lowest == at as u64 + 1, "block {} byte {position}: {:?}", at + 1, report.findings);
        }
    }
}
