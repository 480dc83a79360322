//! Homes whose files are not all there, or hold more than they should.

use super::*;
use crate::fixture::home::{self, Hot};

/// Blocks `from` to `to` as a sealed file.
fn sealed(network: &Network, from: u64, to: u64) -> Vec<u8> {
    home::sealed(network, &network.blocks, from, to)
}

/// Judges a home that nothing kept elsewhere speaks for.
fn alone(network: &Network, files: &[Vec<u8>], hot: std::ops::RangeInclusive<u64>, end: HomeEnd) -> Report {
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let mut home = Home::new(&network.tip.chain(), files, Hot(network, hot), end);
    Report::of(&super::judge(&network.genesis, &Start::default(), &mut home, EVERY, &mut Unwatched))
}

/// A sealed file that is lost is damage. The file above it is not read in its place, where its blocks would not follow.
#[test]
fn a_sealed_file_that_is_missing_accuses_nobody() {
    let network = changed();
    let end = || HomeEnd { height: Some(Height(8)), certificate: network.certificate.clone() };
    let files = [sealed(&network, 1, 2), sealed(&network, 3, 4), sealed(&network, 5, 6)];
    for (left, at) in [(&files[1..], 1), (&[files[0].clone(), files[2].clone()][..], 3)] {
        let report = alone(&network, left, 7..=8, end());
        assert_eq!((report.verdict, report.at, report.ended), (Verdict::Undecided, Some(Height(at)), "unreadable"));
        assert_eq!(report.findings, []);
    }
}

/// format.md §15.7: a home that holds a block above the last one that it says it has is not all that it says.
#[test]
fn a_block_above_the_end_is_seen_in_either_place() {
    let network = grown(8);
    let end = |height| HomeEnd { height: Some(Height(height)), certificate: network.at(Height(height)).certificate };
    let files = [sealed(&network, 1, 3), sealed(&network, 4, 6)];
    let more = |height: u64| (Verdict::Undecided, Some(height), Some(height + 1), Some(height));
    assert_eq!(heights(&alone(&network, &files, 7..=8, end(7))), more(7), "in the database alone");
    #[expect(clippy::reversed_empty_ranges, reason = "an empty database")]
    let none = 1..=0;
    assert_eq!(heights(&alone(&network, &files, none.clone(), end(5))), more(5), "in the sealed files alone");
    assert_eq!(heights(&alone(&network, &files, none, end(6))), (Verdict::Holds, Some(6), None, Some(6)));
}

#[test]
fn a_report_says_who_kept_the_block_that_is_missing() {
    let network = grown(4);
    let kept = Some(Bookmark::of(&network.at(Height(4)).tip));
    let tip_file = Some((Height(4), network.tip.hash()));
    for (from, tip_file, by) in [(kept, None, "what the auditor kept"), (None, tip_file, "the node's tip file")] {
        let options = Options { from, tip_file, ..EVERY };
        let report = Report::of(&judge_blocks(&network, &network.blocks[..3], Last::Cut, &options));
        let detail = &report.findings.first().unwrap().detail;
        assert!(detail.starts_with(by), "{detail}");
    }
}
