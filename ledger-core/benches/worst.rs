//! What the dearest legal block of each kind costs, against an ordinary one of the same bytes: decoding and checking,
//! as a voter does it. Ratios of one run; ends with 1 where one is above what must hold.
//!
//! `cargo bench -p ledger-core --bench worst`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark has a clock, and may fail by panicking"
)]

use ledger_core::chain::{HashedBlock, check};
use ledger_core::codec::{Bytes, List, Text};
use ledger_core::crypto::Signature;
use ledger_core::event::{Action, Anchor, Event, Evidence, MAX_EVIDENCE_BYTES};
use ledger_core::fixture::{self, Network, code};
use ledger_core::genesis::Genesis;
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::membership::{Member, Node, Parameters, Purpose, TrustPolicy};
use ledger_core::merkle::{LogRoot, LogSize};
use ledger_core::names::{Height, NodeNumber, ProposalId, Sequence};
use ledger_core::submission::Submission;
use std::process::ExitCode;
use std::time::Instant;

/// As many as there are: a province and its cities.
const MEMBERS: u32 = 17;
/// No more bytes of events go into a block of this bench.
const BLOCK: usize = 2 << 20;
/// So many times the cost of an ordinary block is too much.
const MUST: f64 = 10.0;
const ROUNDS: usize = 7;

fn member_code(number: u32) -> String {
    format!("37{:02}00", number - 1)
}

/// A network whose parameters allow the most, with four open proposals of every member.
fn network() -> Network {
    let parameters =
        Parameters { block_bytes: 32 << 20, block_events: 100_000, submission_events: 10_000, ..Parameters::default() };
    let members = (1..=MEMBERS).map(|number| fixture::member(number, &member_code(number))).collect();
    let genesis = Genesis::new(fixture::genesis(fixture::membership(members, parameters))).unwrap();
    let mut network = Network::from_genesis(genesis);
    let submissions = (1..=MEMBERS).map(|node| network.submission(node, (0..4).map(|of| open(node, of)).collect()));
    let submissions = submissions.collect();
    network.block(submissions);
    network
}

/// A proposal that is opened.
fn open(node: u32, of: u64) -> Event {
    propose(Change::SetPower(NodeNumber(node), 2), 1_000 + of)
}

fn propose(change: Change, effective: u64) -> Event {
    Event::Propose(Box::new(Propose { change: change.into(), effective: Height(effective) }))
}

/// Events of a kind, by number, up to the bytes of a block or so many.
fn fill(most: usize, event: impl Fn(u64) -> Event) -> Vec<Event> {
    let mut bytes = 0;
    let taken = (0..most as u64).map(event).take_while(|event| {
        bytes += ledger_core::codec::encode(event).len();
        bytes <= BLOCK
    });
    taken.collect()
}

/// The events as submissions of node 2, so many in each.
fn submissions(network: &Network, per_submission: usize, events: &[Event]) -> Vec<Submission> {
    let next = network.tip.control().last_sequence(NodeNumber(2)).next().0;
    let chunks = events.chunks(per_submission).zip(next..);
    chunks.map(|(events, sequence)| network.submission_at(2, Sequence(sequence), events.to_vec())).collect()
}

fn ordinary(number: u64) -> Event {
    let action = if number.is_multiple_of(2) { Action::New { keeper: code("370100") } } else { Action::Renew };
    fixture::event(number / 2, action)
}

/// A member with as many nodes and keys as it may have, whose code is taken: refused after its keys are read.
fn add_member(number: u64) -> Event {
    let nodes = (0..8).map(|node| fixture::node(1_000 + node)).collect();
    let member = Member { nodes: List::<Node, 8>::new(nodes).unwrap(), ..fixture::member(900, "370100") };
    propose(Change::AddMember(member.into()), 2_000 + number)
}

/// A trust policy with as many Ed25519 witnesses as there may be, and one too many wanted.
fn small_trust(number: u64) -> Event {
    let trust = fixture::trust(16);
    propose(Change::SetTrust(TrustPolicy { wanted: 17, ..trust }), 2_000 + number)
}

/// The longest trust policy.
fn large_trust(number: u64) -> Event {
    let witness = |of: u32| {
        let key = [&[6_u8][..], &[of as u8; 1_312]].concat();
        Text::new(fixture::verifier_key(&format!("{of}{}", "a".repeat(1_200)), &key)).unwrap()
    };
    let witnesses = List::new((0..16).map(witness).collect()).unwrap();
    let trust = TrustPolicy { witnesses, wanted: 17, ..TrustPolicy::default() };
    propose(Change::SetTrust(trust), 2_000 + number)
}

/// Approvals with bad signatures: every open proposal, in the name of every member, again and again.
fn bad_approvals(network: &Network) -> Vec<Event> {
    let proposals: Vec<ProposalId> = network.tip.control().proposals.iter().map(|open| open.id).collect();
    let members = u64::from(MEMBERS);
    fill(usize::MAX, |number| {
        let member = code(&member_code((number % members) as u32 + 1));
        let proposal = proposals[(number / members) as usize % proposals.len()];
        // A signature with a good R and an S of its own: it fails at the end.
        let mut good = fixture::node_key(1, Purpose::Note).sign_bytes(&number.to_be_bytes());
        good.0[33] ^= 1;
        Event::Approve(Approve { proposal, member, signature: Signature(good.0) })
    })
}

/// The same, as many by each node as are read, and ordinary events in the rest of the block.
fn bad_by_all(network: &Network) -> Vec<Submission> {
    let bad = bad_approvals(network);
    let mut all: Vec<Submission> =
        (1..=MEMBERS).zip(bad.chunks(256)).map(|(node, bad)| network.submission(node, bad.to_vec())).collect();
    let used: usize = all.iter().map(|submission| ledger_core::codec::encode(submission).len()).sum();
    let ordinary = fill(100_000, ordinary);
    let rest = ordinary.len() * (BLOCK - used) / BLOCK;
    let next = network.tip.control().last_sequence(NodeNumber(2)).0 + 2;
    let rest = ordinary[..rest].chunks(500).zip(next..);
    all.extend(rest.map(|(events, sequence)| network.submission_at(2, Sequence(sequence), events.to_vec())));
    all
}

/// Seconds to decode and check a block, at best, and its bytes.
fn cost(network: &Network, submissions: Vec<Submission>) -> (f64, usize) {
    let bytes = network.checked(submissions).block().encode();
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let checked = check(HashedBlock::read(&bytes).unwrap(), &network.tip, &network.map).unwrap();
        best = best.min(start.elapsed().as_secs_f64());
        drop(checked);
    }
    (best, bytes.len())
}

fn main() -> ExitCode {
    let network = network();
    let of = |per_submission, events: &[Event]| submissions(&network, per_submission, events);
    let by_all = |event: &dyn Fn(u64) -> Event| -> Vec<Submission> {
        let four = |node: u32| (0..4).map(|of| event(u64::from(node) * 4 + of)).collect();
        (1..=MEMBERS).map(|node| network.submission(node, four(node))).collect()
    };
    let evidence = |number: u64| {
        let bytes = Bytes::new(vec![number as u8; MAX_EVIDENCE_BYTES]).unwrap();
        Event::Evidence(Evidence { form: 0, bytes })
    };
    let anchor = |number: u64| Event::Anchor(Anchor { purpose: 1, size: LogSize(number), root: LogRoot([7; 32]) });
    let new = |number: u64| fixture::event(number, Action::New { keeper: code("370100") });
    let unknown = |number: u64| fixture::event(number, Action::Renew);
    let most = 100_000;
    let kinds: Vec<(&str, Vec<Submission>)> = vec![
        ("one event a submission", of(1, &fill(10_000, ordinary))),
        ("new subjects alone", of(500, &fill(most, new))),
        ("subjects that are not known", of(500, &fill(most, unknown))),
        ("anchors", of(500, &fill(most, anchor))),
        ("evidence, as long as may be", of(500, &fill(most, evidence))),
        ("refused: a member with 34 keys", of(500, &fill(most, add_member))),
        ("refused: a trust policy of 16 short witnesses", of(500, &fill(most, small_trust))),
        ("refused: the longest trust policy", of(500, &fill(most, large_trust))),
        (
            "refused: a power that is none's",
            of(500, &fill(most, |n| propose(Change::RemoveNode(NodeNumber(99)), n + 9))),
        ),
        ("approvals with bad signatures", of(500, &bad_approvals(&network))),
        ("256 approvals with bad signatures by everybody, the rest ordinary", bad_by_all(&network)),
        ("four refused members with 34 keys by everybody", by_all(&add_member)),
        ("four refused trust policies by everybody", by_all(&small_trust)),
    ];
    let (ordinary_seconds, ordinary_bytes) = cost(&network, of(500, &fill(most, ordinary)));
    let each = ordinary_seconds / ordinary_bytes as f64;
    println!("An ordinary block of {ordinary_bytes} bytes takes {:.1} ms.\n", ordinary_seconds * 1e3);
    println!("| block of | bytes | ms | ÷ ordinary of the same bytes |\n|---|---|---|---|");
    let mut missed = false;
    for (name, submissions) in kinds {
        let (seconds, bytes) = cost(&network, submissions);
        let ratio = seconds / (each * bytes as f64);
        missed |= ratio > MUST;
        println!("| {name} | {bytes} | {:.1} | {ratio:.1} |", seconds * 1e3);
    }
    let bare = Network::new(7);
    let (open, none) = (cost(&network, vec![]).0 * 1e3, cost(&bare, vec![]).0 * 1e3);
    println!("\nAn empty block with {} open proposals: {open:.2} ms; with none: {none:.2} ms.", 4 * MEMBERS);
    println!("At most {MUST} must hold for each: {}.", if missed { "missed" } else { "it does" });
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
