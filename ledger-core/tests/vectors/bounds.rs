//! Values at the bounds of their types; those beyond stand among what is refused (format.md §1, §8, §9).

use crate::structures::case;
use crate::{File, refused};
use ledger_core::block::{Block, Body, Header, body_hash};
use ledger_core::certificate::Certificate;
use ledger_core::codec::{Bytes, List};
use ledger_core::event::{Action, Anchor, Entry, Event, Seal};
use ledger_core::fixture::{self, Network, code, forger, node_key};
use ledger_core::governance::{Change, Control, OpenProposal, Propose, Stream};
use ledger_core::membership::{Purpose, TrustPolicy};
use ledger_core::merkle::{LogRoot, LogSize};
use ledger_core::names::{BlockHash, Height, NodeNumber, PROTOCOL, Protocol, Round, Sequence, Timestamp};
use ledger_core::submission::Submission;
use serde_json::{Value, json};

/// The last height, time, sequence and log size.
const LAST: u64 = (1 << 53) - 1;

/// A trust policy whose encoding has so many bytes.
fn trust(bytes: usize) -> TrustPolicy {
    let of = |length: usize| Bytes::new(vec![0x30; length]).unwrap();
    // Four counts, the lag, seven whole roots and what is left for the eighth; each root has a count, too.
    let left = bytes - (4 + 4 + 4 + 8) - 7 * (4 + 8_192) - 4;
    let roots = std::iter::repeat_n(8_192, 7).chain([left]).map(of).collect();
    TrustPolicy { timestamp_roots: List::new(roots).unwrap(), ..TrustPolicy::default() }
}

fn propose(change: Change, effective: u64) -> Event {
    Event::Propose(Box::new(Propose { change: change.into(), effective: Height(effective) }))
}

fn anchor(size: u64) -> Event {
    Event::Anchor(Anchor { purpose: 1, size: LogSize(size), root: LogRoot([5; 32]) })
}

fn entry(sequence: u64, event: Event) -> Entry {
    Entry::Event { stream: NodeNumber(3), sequence: Sequence(sequence), position: 0, event }
}

/// A control state with one proposal, approved by members in turn.
fn control(last: u64, effective: u64, approvals: &[&str]) -> Control {
    let change = Change::SetPower(NodeNumber(3), 2);
    let proposal = OpenProposal {
        id: change.id(Height(effective)),
        proposer: code("370000"),
        change: change.into(),
        effective: Height(effective),
        approvals: List::new(approvals.iter().map(|of| code(of)).collect()).unwrap(),
        adopted: false,
    };
    let mut control = Control::new(PROTOCOL);
    control.streams = List::new(vec![Stream { node: NodeNumber(1), last: Sequence(last) }]).unwrap();
    control.proposals = List::new(vec![proposal]).unwrap().into();
    control
}

fn submission(network: &Network, sequence: u64) -> Submission {
    network.submission_at(1, Sequence(sequence), vec![fixture::event(1, Action::Renew)])
}

fn header(network: &Network) -> Header {
    forger::decoded(&network.blocks[0]).header
}

pub(crate) fn file() -> File {
    let mut network = Network::new(4);
    network.block(vec![]);
    let body = Body { parent_certificate: None, submissions: List::default() };
    let old = header(&network);
    let header = Header {
        protocol: Protocol(u16::MAX),
        height: Height(LAST),
        time: Timestamp(LAST),
        log_size: LogSize(LAST),
        body: body_hash(old.suite, &None, [].into_iter()),
        ..old
    };
    let block = Block { header, body };
    let hash = block.header.hash();
    let keys = [1, 2, 3].map(|node| (NodeNumber(node), node_key(node, Purpose::Consensus)));
    let signers = keys.each_ref().map(|(node, key)| (*node, key));
    let certificate = Certificate::sign(&block.header.chain, Height(LAST), Round(u32::MAX), hash, &signers);
    let control = control(LAST, LAST, &["370000", "370100"]);
    let seal = Entry::Seal(Seal { height: Height(LAST), block: BlockHash([7; 32]) });
    let longest = entry(LAST, propose(Change::SetTrust(trust(60_000)), LAST));
    let anchored = entry(LAST, anchor(LAST));
    let activate = Change::Activate(Protocol(u16::MAX));
    let cases = vec![
        case("the last height, time, log size and protocol", "block", &block, Some(hash.to_string())),
        case("a certificate of the last height and round", "certificate", &certificate, None),
        case(
            "a stream at its last sequence, and a proposal for the last height",
            "control",
            &control,
            Some(control.hash().to_string()),
        ),
        case("a seal of the last height", "entry", &seal, Some(seal.leaf_hash().to_string())),
        case("an anchor of the last log size", "entry", &anchored, Some(anchored.leaf_hash().to_string())),
        case("a proposal of a trust policy of 60,000 bytes", "entry", &longest, Some(longest.leaf_hash().to_string())),
        change("the last protocol", &activate),
        change("the last lag", &Change::SetTrust(TrustPolicy { lag: LAST, ..TrustPolicy::default() })),
        signed("the last sequence", &submission(&network, LAST)),
        case(
            "its entry",
            "entry",
            &only_entry(&submission(&network, LAST)),
            Some(only_entry(&submission(&network, LAST)).leaf_hash().to_string()),
        ),
    ];
    File {
        name: "bounds",
        about: "Values at the bounds of their types, all valid. Those beyond stand in refused.json. Format, sections 1, 8 and 9.",
        cases,
    }
}

fn change(name: &str, change: &Change) -> Value {
    let mut case = case(name, "change", change, Some(change.id(Height(LAST)).to_string()));
    case["effective"] = json!(LAST);
    case
}

fn only_entry(submission: &Submission) -> Entry {
    let event = submission.events[0].clone();
    Entry::Event { stream: submission.stream, sequence: submission.sequence, position: 0, event }
}

fn signed(name: &str, submission: &Submission) -> Value {
    let mut case = case(name, "submission", submission, None);
    let leaves = submission.leaf_hashes();
    case["leaves"] = json!(leaves.iter().map(ToString::to_string).collect::<Vec<_>>());
    case["root"] = json!(submission.frame(&leaves).root.to_string());
    case
}

/// What stands one beyond.
pub(crate) fn refuse(cases: &mut Vec<Value>) {
    let mut network = Network::new(4);
    network.block(vec![]);
    let beyond = LAST + 1;
    let old = header(&network);
    let mut no = |kind, name: &str, value: &dyn refused::Encoding| refused::no(cases, kind, name, value);
    no("header", "a height of 2^53", &Header { height: Height(beyond), ..old.clone() });
    no("header", "a time of 2^53", &Header { time: Timestamp(beyond), ..old.clone() });
    no("header", "a log size of 2^53", &Header { log_size: LogSize(beyond), ..old.clone() });
    no("header", "a header of protocol 0", &Header { protocol: Protocol(0), ..old });
    let own = network.certificate.clone().unwrap();
    no("certificate", "a certificate of height 2^53", &Certificate { height: Height(beyond), ..own });
    no("submission", "a sequence of 2^53", &submission(&network, beyond));
    no("entry", "a seal of height 2^53", &Entry::Seal(Seal { height: Height(beyond), block: BlockHash([7; 32]) }));
    no("entry", "an entry of sequence 2^53", &entry(beyond, anchor(1)));
    no("event", "an anchor of log size 2^53", &anchor(beyond));
    no("event", "a proposal for height 2^53", &propose(Change::SetPower(NodeNumber(3), 2), beyond));
    no("event", "a proposal of a trust policy of 60,001 bytes", &propose(Change::SetTrust(trust(60_001)), 9));
    let lag = Change::SetTrust(TrustPolicy { lag: beyond, ..TrustPolicy::default() });
    no("event", "a proposal of a trust policy with a lag of 2^53", &propose(lag, 9));
    no("change", "a change to protocol 0", &Change::Activate(Protocol(0)));
    let mut of_protocol_0 = Control::new(PROTOCOL);
    of_protocol_0.protocol = Protocol(0);
    no("control", "a control state of protocol 0", &of_protocol_0);
    no("control", "a stream at sequence 2^53", &control(beyond, 9, &[]));
    no("control", "an open proposal for height 2^53", &control(1, beyond, &[]));
    no("control", "an approval twice", &control(1, 9, &["370000", "370100", "370000"]));
    let mut twice = control(1, 9, &["370000"]);
    let proposal = twice.proposals[0].clone();
    let other = OpenProposal { approvals: List::default(), ..proposal.clone() };
    twice.proposals = List::new(vec![proposal, other]).unwrap().into();
    no("control", "a proposal twice", &twice);
}
