//! Audits of chains that were altered in every way, alone and by all validators together.

mod alterations;
mod batches;
mod forgeries;
mod homes;
mod law;
mod nodes;
mod plain;
mod reading;
mod stretches;

use super::*;
use crate::archive::{Archive, Blocks, Foot, Last, Next, NotOpened, Start};
use crate::certificate::Certificate;
use crate::event::Action;
use crate::fixture::forger::{self, Forgery};
use crate::fixture::{self, Network, code};
use crate::governance::Change;
use crate::names::{Height, NodeNumber};

pub(super) const EVERY: Options = Options { depth: Depth::FULL, from: None, tip_file: None };
pub(super) const TIP: Options =
    Options { depth: Depth { certificates: Scope::Tip, states: Scope::Tip }, from: None, tip_file: None };

/// Two submissions, of three events and one; the second renews a contract of the block below.
fn fill(network: &mut Network) {
    let height = network.tip.height().0 + 1;
    let events = (0..3).map(|i| fixture::event(height * 10 + i, Action::New { keeper: code("370100") })).collect();
    let second = network.submission(2, vec![fixture::event((height - 1) * 10 + 1, Action::Renew)]);
    let first = network.submission(1, events);
    network.block(vec![first, second]);
}

/// A chain of four validators. With its seal a block takes five entries of the log.
fn grown(blocks: u64) -> Network {
    let mut network = Network::new(4);
    (0..blocks).for_each(|_| fill(&mut network));
    network
}

/// A chain of eight blocks, of which the fourth takes the vote from node 4.
fn changed() -> Network {
    let mut network = grown(2);
    network.govern(Change::SetPower(NodeNumber(4), 0), Height(5));
    (0..5).for_each(|_| fill(&mut network));
    assert_eq!((network.tip.height(), network.tip.signers().total_power()), (Height(8), 3));
    network
}

/// Blocks, and how they end.
#[derive(Clone)]
struct Given<'a> {
    blocks: std::slice::Iter<'a, Vec<u8>>,
    last: Last,
}

impl<'a> Given<'a> {
    fn new(blocks: &'a [Vec<u8>], last: Last) -> Self {
        Self { blocks: blocks.iter(), last }
    }
}

impl Blocks for Given<'_> {
    fn next(&mut self) -> Next {
        self.blocks.next().cloned().map_or_else(|| Next::Last(self.last.clone()), Next::Block)
    }
}

fn ends_with(certificate: Option<&Certificate>) -> Last {
    match certificate {
        Some(certificate) => Last::Certificate { certificate: certificate.clone(), behind: None },
        None => Last::Cut,
    }
}

/// Judges blocks from the genesis on, in batches of three.
fn judge_blocks(network: &Network, blocks: &[Vec<u8>], last: Last, options: &Options) -> Judged {
    let mut judge = Judge::new(&network.genesis, &Start::default(), options.clone());
    blocks.chunks(3).for_each(|batch| judge.take(batch));
    judge.finish(last)
}

/// The blocks of a network, altered or not, with its own last certificate.
fn audit(network: &Network, blocks: &[Vec<u8>], options: &Options) -> Report {
    Report::of(&judge_blocks(network, blocks, ends_with(network.certificate.as_ref()), options))
}

/// Judges the bytes of an archive.
fn judge_file(network: &Network, file: &[u8], options: &Options) -> Result<Judged, NotOpened> {
    match Archive::open(file, &network.tip.chain()) {
        Ok((start, mut blocks)) => {
            Ok(super::judge(&network.genesis, &start, &mut blocks, options.clone(), &mut Unwatched))
        }
        Err(why) => Judged::not_opened(why.clone()).ok_or(why),
    }
}

/// The fault, by kind and height.
fn fault(report: &Report) -> Option<(&str, u64)> {
    assert!(report.findings.len() <= 1);
    report.findings.first().map(|finding| (finding.kind.as_str(), finding.height.0))
}

/// Verdict, height, the first height that does not hold or cannot be read, and what is signed.
fn heights(report: &Report) -> (Verdict, Option<u64>, Option<u64>, Option<u64>) {
    let number = |height: Option<Height>| height.map(|height| height.0);
    (report.verdict, number(report.height), number(report.at), number(report.signed))
}

/// The heights that a report has to say. At less than the full depth what is signed is told of a chain that holds
/// alone: of another, the certificates below were not all verified.
pub(super) fn check_heights(
    report: &Report,
    options: &Options,
    expected: (Verdict, Option<u64>, Option<u64>, Option<u64>),
) {
    let (verdict, height, at, signed) = expected;
    let signed = if options.depth == Depth::FULL || verdict == Verdict::Holds { signed } else { None };
    let found = heights(report);
    assert!(
        found == (verdict, height, at, signed) || (signed.is_none() && found == expected),
        "{found:?} {expected:?}"
    );
}

#[test]
fn an_unaltered_chain_holds() {
    for options in [TIP, EVERY] {
        let network = grown(8);
        let report = audit(&network, &network.blocks, &options);
        assert_eq!(report.findings, []);
        assert_eq!(report.unchecked, [] as [String; 0]);
        assert_eq!(heights(&report), (Verdict::Holds, Some(8), None, Some(8)));
        assert_eq!((report.ended, report.events), ("complete", 32));
        assert_eq!(report.tip, Some(network.tip.hash()));
        assert_eq!(report.log_root, Some(network.tip.frontier().root()));
        assert_eq!(report.map_root, Some(network.map.root()));
        assert_eq!(report.bookmark, Some(Bookmark::of(&network.tip)));
        let every = options.depth == Depth::FULL;
        let (certificates, map_roots) = if every { (8, 8) } else { (1, 1) };
        let checked = Checked { blocks: 8, events: 32, submissions: 16, certificates, map_roots, subjects: 24 };
        assert_eq!(report.checked, checked);
        let skipped = Skipped { certificates: 8 - certificates, map_roots: 8 - map_roots };
        assert_eq!(report.depth.skipped, skipped);
    }
}

#[test]
fn a_chain_whose_membership_changed_holds() {
    for (options, certificates) in [(TIP, 2), (EVERY, 8)] {
        let network = changed();
        let report = audit(&network, &network.blocks, &options);
        assert_eq!((fault(&report), report.verdict), (None, Verdict::Holds));
        assert_eq!(report.checked.certificates, certificates);
    }
}

#[test]
fn a_chain_without_a_block_is_undecided() {
    let network = grown(0);
    for last in [Last::Cut, ends_with(grown(1).certificate.as_ref())] {
        let other = Network::new(3);
        let judged = judge_blocks(&other, &[], last, &EVERY);
        let report = Report::of(&judged);
        assert_eq!((heights(&report), report.ended), ((Verdict::Undecided, Some(0), None, None), "empty"));
        assert_eq!(report.bookmark, None);
    }
    let report = audit(&network, &[], &EVERY);
    assert_eq!((report.verdict, report.unchecked.len()), (Verdict::Undecided, 1));
}

#[test]
fn what_the_trust_policy_wants_of_outsiders_leaves_the_answer_open() {
    use crate::membership::{Membership, MembershipDraft, TrustPolicy};
    let TrustPolicy { witnesses, timestamp_roots, .. } = crate::fixture::trust(1);
    for (trust, verdict) in [
        (TrustPolicy { witnesses: witnesses.clone(), ..TrustPolicy::default() }, Verdict::Holds),
        (TrustPolicy { witnesses, wanted: 1, ..TrustPolicy::default() }, Verdict::Undecided),
        (TrustPolicy { timestamp_roots, ..TrustPolicy::default() }, Verdict::Undecided),
    ] {
        let genesis = grown(0).genesis;
        let membership = Membership::new(MembershipDraft { trust, ..genesis.membership.draft().clone() }).unwrap();
        let genesis = crate::fixture::edited(&genesis, |genesis| genesis.membership = membership);
        let mut network = Network::from_genesis(genesis);
        fill(&mut network);
        let report = audit(&network, &network.blocks, &TIP);
        assert_eq!((report.verdict, fault(&report)), (verdict, None));
        assert_eq!(report.unchecked.len(), usize::from(verdict == Verdict::Undecided));
        let report = audit(&network, &[], &TIP);
        assert_eq!((report.verdict, fault(&report)), (Verdict::Altered, Some(("missing", 1))));
    }
}

#[test]
fn what_does_not_hold_at_the_shorter_depth_is_judged_again_at_the_full_one() {
    let network = grown(6);
    let body = |height, body: &mut crate::block::Body| {
        if height == 3 {
            body.parent_certificate.iter_mut().for_each(|certificate| forger::shorten(certificate, 2));
        }
        if height == 5 {
            forger::edit(body, |list| list[1].signature = crate::crypto::Signature([0; 64]));
        }
    };
    let (blocks, own) = Forgery { body: &body, signed: true, ..Forgery::default() }.of(&network);
    let at_depth = |depth| {
        judge_deeply(depth, |depth| {
            Ok::<_, std::convert::Infallible>(judge_blocks(
                &network,
                &blocks,
                ends_with(Some(&own)),
                &Options { depth, ..TIP },
            ))
        })
    };
    for depth in [Depth::default(), Depth::FULL] {
        let Ok(judged) = at_depth(depth);
        assert_eq!(fault(&Report::of(&judged)), Some(("certificate", 3)));
    }
    assert_eq!(
        fault(&Report::of(&judge_blocks(&network, &blocks, ends_with(Some(&own)), &TIP))),
        Some(("submission", 5))
    );
}
