//! An audit of chains that were altered in every way, alone and by all validators together.

mod alterations;
mod batches;
mod forgeries;
mod forgery;
mod stretches;

use super::*;
use crate::archive::Foot;
use crate::certificate::Certificate;
use crate::event::Action;
use crate::fixture::{self, Network, code};
use crate::governance::Change;
use crate::names::{Height, NodeNumber};

const EVERY: Options = Options { certificates: Scope::Every, states: Scope::Every, from: None, tip_file: None };

/// Two submissions, of three events and one; the second renews a contract of the block below.
fn fill(network: &mut Network) {
    let height = network.tip.height.0 + 1;
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
    assert_eq!((network.tip.height, network.tip.signers.total_power()), (Height(8), 3));
    network
}

fn evidence(blocks: &[Vec<u8>]) -> Vec<Evidence<'_>> {
    blocks.iter().map(|bytes| Evidence::Bytes(bytes)).collect()
}

fn audit_of(network: &Network, blocks: &[Evidence<'_>], tip: Option<&Certificate>, options: &Options) -> Report {
    let mut auditor = Auditor::new(&network.genesis, &Foot::default(), None, options.clone()).unwrap();
    blocks.chunks(3).for_each(|batch| auditor.blocks(batch));
    auditor.finish(tip)
}

/// The blocks of a network, altered or not, with its own last certificate.
fn audit(network: &Network, blocks: &[Vec<u8>], options: &Options) -> Report {
    audit_of(network, &evidence(blocks), network.certificate.as_ref(), options)
}

/// What was found, by kind and height.
fn found(report: &Report) -> Vec<(&str, u64)> {
    report.findings.iter().map(|finding| (finding.kind.as_str(), finding.height.0)).collect()
}

#[test]
fn an_unaltered_chain_holds() {
    for options in [Options::default(), EVERY] {
        let network = grown(8);
        let report = audit(&network, &network.blocks, &options);
        assert_eq!(report.findings, []);
        assert_eq!(report.unchecked, [] as [String; 0]);
        assert_eq!(report.verdict, Verdict::Holds);
        assert_eq!((report.height, report.events), (Height(8), 32));
        assert_eq!(report.signed, Some(Height(8)));
        assert_eq!(report.tip, network.tip.hash);
        assert_eq!(report.log_root, network.tip.frontier.root());
        assert_eq!(report.map_root, network.map.root());
        assert_eq!(report.bookmark, Bookmark::of(&network.tip));
        let every = options.certificates == Scope::Every;
        let checked = Checked {
            blocks: 8,
            events: 32,
            submissions: 16,
            certificates: if every { 8 } else { 1 },
            map_roots: if every { 8 } else { 1 },
            subjects: 24,
        };
        assert_eq!(report.checked, checked);
    }
}

#[test]
fn a_chain_whose_membership_changed_holds() {
    for (options, certificates) in [(Options::default(), 2), (EVERY, 8)] {
        let network = changed();
        let report = audit(&network, &network.blocks, &options);
        assert_eq!((found(&report), report.verdict), (vec![], Verdict::Holds));
        assert_eq!(report.checked.certificates, certificates);
    }
}

#[test]
fn an_empty_chain_holds() {
    let network = grown(0);
    let report = audit(&network, &[], &Options::default());
    assert_eq!((report.verdict, report.height, report.events), (Verdict::Holds, Height(0), 0));
    assert_eq!(report.signed, None);
}

#[test]
fn a_report_goes_through_json() {
    let network = grown(2);
    let report = audit(&network, &network.blocks[1..], &EVERY);
    assert!(!report.findings.is_empty());
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    let kept = serde_json::to_string(&report.bookmark).unwrap();
    assert_eq!(serde_json::from_str::<Bookmark>(&kept).unwrap(), report.bookmark);
}

#[test]
fn what_a_genesis_wants_of_outsiders_leaves_the_answer_open() {
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
        let report = audit(&network, &network.blocks, &Options::default());
        assert_eq!((report.verdict, found(&report)), (verdict, vec![]));
        assert_eq!(report.unchecked.len(), usize::from(verdict == Verdict::Undecided));
        let report = audit(&network, &[], &Options::default());
        assert_eq!(report.verdict, Verdict::Altered);
    }
}
