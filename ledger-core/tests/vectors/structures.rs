//! Vectors of structures that are accepted.

use crate::{File, hex, signatures};
use bincode::Encode;
use ledger_core::codec::{self, Bytes};
use ledger_core::contract::{HistoryHash, Open, OpenKind, State, Status};
use ledger_core::crypto::ChainId;
use ledger_core::event::{Action, Anchor, Entry, EraseTarget, Event, Evidence, Seal, Step};
use ledger_core::fixture::{self, Network, code, governance_key, subject};
use ledger_core::genesis::{Application, Genesis};
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::map::{ContractMap, MapKey};
use ledger_core::membership::{Key, Membership, MembershipDraft, Parameters, VaultKey};
use ledger_core::merkle::{Frontier, LeafHash, LogIndex, LogRoot, LogSize, leaf_hash};
use ledger_core::names::{Height, NodeNumber, Ordinal, Protocol, Sequence, Timestamp};
use serde_json::{Value, json};

pub(crate) fn case(name: &str, kind: &str, value: &impl Encode, hash: Option<String>) -> Value {
    let mut case = json!({ "name": name, "kind": kind, "bytes": hex(codec::encode(value)) });
    if let Some(hash) = hash {
        case["hash"] = json!(hash);
    }
    case
}

/// One event of every kind and form.
pub(crate) fn events() -> Vec<(&'static str, Event)> {
    let leaf = leaf_hash(b"an entry");
    let actions = [
        ("new", Action::New { keeper: code("370100") }),
        ("renew", Action::Renew),
        ("dissolve", Action::Dissolve),
        ("terminate", Action::Terminate),
        ("employer", Action::Employer),
        ("correct", Action::Correct { cites: Ordinal(1) }),
        ("void", Action::Void { cites: Ordinal(0) }),
        ("amend", Action::Amend),
        ("suspend", Action::Suspend),
        ("resume", Action::Resume),
        ("attach", Action::Attach { cites: Ordinal(2) }),
        ("reopen: proposes", Action::Reopen(Step::Propose(Ordinal(3)))),
        ("reopen: approves", Action::Reopen(Step::Approve(Ordinal(4)))),
        ("transfer: proposes", Action::Transfer(Step::Propose(code("370200")))),
        ("transfer: approves", Action::Transfer(Step::Approve(Ordinal(5)))),
        ("erase: proposes an ordinal", Action::Erase(Step::Propose(EraseTarget::Event(Ordinal(6))))),
        ("erase: proposes a leaf hash", Action::Erase(Step::Propose(EraseTarget::Leaf(leaf)))),
        ("erase: approves", Action::Erase(Step::Approve(Ordinal(7)))),
    ];
    let mut events: Vec<_> =
        actions.into_iter().zip(0..).map(|((name, action), n)| (name, fixture::event(n, action))).collect();
    let change = Change::SetPower(NodeNumber(2), 7);
    let id = change.id(Height(9));
    let chain = ChainId([9; 32]);
    let root = LogRoot([5; 32]);
    events.push(("propose", Event::Propose(Box::new(Propose { change: change.into(), effective: Height(9) }))));
    events.push(("approve", Event::Approve(Approve::sign(&chain, &governance_key(1), code("370000"), id))));
    events.push(("evidence", Event::Evidence(Evidence { form: 1, bytes: Bytes::new(vec![1, 2, 3]).unwrap() })));
    events.push(("anchor", Event::Anchor(Anchor { purpose: 1, size: LogSize(12), root })));
    events
}

/// One change of every kind.
pub(crate) fn changes() -> Vec<(&'static str, Change)> {
    let keys = fixture::node(9).keys;
    vec![
        ("add a member", Change::AddMember(fixture::member(5, "370400").into())),
        ("remove a member", Change::RemoveMember(code("370200"), code("370100"))),
        ("add a node", Change::AddNode(code("370100"), fixture::node(5).into())),
        ("remove a node", Change::RemoveNode(NodeNumber(3))),
        ("set voting power", Change::SetPower(NodeNumber(3), 2)),
        ("replace a node's keys", Change::RotateNodeKeys(NodeNumber(2), keys.into())),
        (
            "replace a member's keys",
            Change::RotateMemberKeys(code("370100"), Key::from(governance_key(9).public()).into(), VaultKey([9; 32])),
        ),
        ("replace the parameters", Change::SetParameters(Parameters { block_events: 50, ..Parameters::default() })),
        ("activate a protocol", Change::Activate(Protocol(2))),
        ("withdraw a proposal", Change::Withdraw(Change::RemoveNode(NodeNumber(3)).id(Height(9)))),
        ("replace the trust policy", Change::SetTrust(fixture::trust(2))),
    ]
}

fn states() -> Vec<(&'static str, State)> {
    let leaf = leaf_hash(b"an entry");
    let first = State {
        status: Status::Active,
        keeper: code("370100"),
        count: 1,
        history: HistoryHash::EMPTY.then(&leaf),
        last_index: LogIndex(1),
        last_new: Ordinal(0),
        ended_by: None,
        by_keeper: None,
        by_province: None,
    };
    let transfer = Open { ordinal: Ordinal(1), kind: OpenKind::Transfer(code("370200")) };
    let reopen = Open { ordinal: Ordinal(2), kind: OpenKind::Reopen(Ordinal(1)) };
    let erase = Open { ordinal: Ordinal(3), kind: OpenKind::Erase };
    vec![
        ("after its new", first),
        (
            "suspended, with the keeper's transfer open",
            State { status: Status::Suspended, count: 2, by_keeper: Some(transfer), ..first },
        ),
        (
            "ended, with reopen and erase open",
            State {
                status: Status::Ended,
                count: 4,
                ended_by: Some(Ordinal(1)),
                by_keeper: Some(reopen),
                by_province: Some(erase),
                ..first
            },
        ),
        ("void", State { status: Status::Void, count: 2, ..first }),
        ("an employer", State { status: Status::Registered, keeper: code("370000"), ..first }),
    ]
}

fn merkle() -> Vec<Value> {
    let leaves: Vec<LeafHash> = (0..9_u8).map(|n| leaf_hash(&[n])).collect();
    let at = |size: usize| {
        let mut frontier = Frontier::default();
        frontier.extend(&leaves[..size]);
        case(&format!("the log of {size} entries 00, 01, …"), "frontier", &frontier, Some(frontier.root().to_string()))
    };
    (0..=9).map(at).collect()
}

fn maps() -> Vec<Value> {
    let states = states();
    let entry = |n: u64| (MapKey::of(&subject(n)), states[n as usize % states.len()].1);
    let of = |size: u64| {
        let mut map = ContractMap::default();
        map.set((0..size).map(entry).collect());
        let rows: Vec<Value> = (0..size)
            .map(|n| json!({ "subject": subject(n).to_string(), "key": entry(n).0.to_string(), "state": hex(codec::encode(&entry(n).1)) }))
            .collect();
        let proof = |n: u64| {
            let key = entry(n).0;
            json!({ "key": key.to_string(), "present": n < size, "proof": hex(codec::encode(&map.prove(&key))) })
        };
        json!({
            "name": format!("{size} subjects"),
            "kind": "map",
            "entries": rows,
            "root": map.root().to_string(),
            "proofs": [proof(0), proof(size / 2), proof(size)],
        })
    };
    [0, 1, 2, 3, 17, 40].map(of).to_vec()
}

/// A genesis that leaves nothing empty: it continues a chain with an open proposal, streams, a removed member and a
/// trust policy.
pub(crate) fn continued() -> Genesis {
    let mut network = Network::new(4);
    network.govern(Change::RemoveMember(code("370300"), code("370100")), Height(2));
    let change = Change::RemoveNode(NodeNumber(3));
    let id = change.id(Height(9));
    let approval = Approve::sign(&network.tip.chain(), &governance_key(2), code("370100"), id);
    let propose = Event::Propose(Box::new(Propose { change: change.into(), effective: Height(9) }));
    let submissions = vec![network.submission(1, vec![propose]), network.submission(2, vec![Event::Approve(approval)])];
    network.block(submissions);
    let draft = network.tip.membership().draft().clone();
    let membership = Membership::new(MembershipDraft { trust: fixture::trust(2), ..draft }).unwrap();
    fixture::edited(&network.genesis, |genesis| {
        genesis.time = Timestamp(network.tip.time().0 + 1);
        genesis.predecessor = Some(network.predecessor());
        genesis.membership = membership;
    })
}

fn genesis_case(name: &str, genesis: &Genesis) -> Value {
    let mut case = case(name, "genesis", genesis, Some(genesis.chain_id().to_string()));
    case["json"] = serde_json::to_value(genesis).unwrap();
    case["network"] = json!(genesis.network_id().to_string());
    case
}

pub(crate) fn files() -> Vec<File> {
    let mut network = Network::new(4);
    let genesis = network.genesis.clone();
    let application = Application::sign(fixture::member(1, "370000"), &governance_key(1));
    let mut blocks = Vec::new();
    for height in 1..=3_u64 {
        let new = (0..3).map(|n| fixture::event(height * 10 + n, Action::New { keeper: code("370000") })).collect();
        let first = network.submission(1, new);
        let second = network.submission(2, vec![fixture::event(height * 10, Action::Renew)]);
        let block = network.block(vec![first, second]).block().clone().into_block();
        blocks.push(case(&format!("header {height}"), "header", &block.header, Some(block.header.hash().to_string())));
        blocks.push(case(&format!("body {height}"), "body", &block.body, Some(block.header.body.to_string())));
        blocks.push(case(&format!("block {height}"), "block", &block, Some(block.header.hash().to_string())));
    }
    blocks.push(case("certificate of block 3", "certificate", network.certificate.as_ref().unwrap(), None));

    let membership = vec![
        case("four members", "membership", &genesis.membership, Some(genesis.membership.hash().to_string())),
        case("application", "application", &application, None),
        genesis_case("four members", &genesis),
        genesis_case("four members who continue a chain", &continued()),
    ];

    let mut governance: Vec<Value> = changes()
        .iter()
        .map(|(name, change)| {
            let mut case = case(name, "change", change, Some(change.id(Height(12)).to_string()));
            case["effective"] = json!(12);
            case
        })
        .collect();
    let open = continued().predecessor.as_ref().unwrap().control.clone();
    for (name, control) in [("after three blocks", network.tip.control()), ("a proposal open", &open)] {
        governance.push(case(name, "control", control, Some(control.hash().to_string())));
    }

    let mut log: Vec<Value> = events().iter().map(|(name, event)| case(name, "event", event, None)).collect();
    for (name, event) in events() {
        let entry = Entry::Event { stream: NodeNumber(3), sequence: Sequence(4), position: 5, event };
        log.push(case(name, "entry", &entry, Some(entry.leaf_hash().to_string())));
    }
    let seal = Entry::Seal(Seal { height: Height(3), block: network.tip.hash() });
    log.push(case("seal", "entry", &seal, Some(seal.leaf_hash().to_string())));
    let submission = network.submission(1, events().into_iter().map(|(_, event)| event).collect());
    let mut submission_case = case("all kinds", "submission", &submission, None);
    let leaves = submission.leaf_hashes();
    submission_case["leaves"] = json!(leaves.iter().map(ToString::to_string).collect::<Vec<_>>());
    submission_case["root"] = json!(submission.frame(&leaves).root.to_string());
    log.push(submission_case);

    let of_states =
        states().iter().map(|(name, state)| case(name, "state", state, Some(state.hash().to_string()))).collect();
    let mut files = vec![
        File {
            name: "genesis",
            about: "Memberships and genesis; hash: membership hash, chain id. Format, sections 8 and 12.",
            cases: membership,
        },
        File {
            name: "governance",
            about: "Changes, hash: proposal id at the height `effective`; control state. Format, section 9.",
            cases: governance,
        },
        File {
            name: "log",
            about: "Events; entries, hash: leaf hash; a submission. Format, sections 6 and 7.",
            cases: log,
        },
        File {
            name: "blocks",
            about: "Headers, bodies and blocks of one chain; hash: block hash, body hash, block hash. Format, section 11.",
            cases: blocks,
        },
        File { name: "merkle", about: "Frontiers; hash: root. Format, section 3.", cases: merkle() },
        File { name: "states", about: "States of subjects; hash: state hash. Format, section 13.", cases: of_states },
        File { name: "maps", about: "Contract maps with their roots and proofs. Format, section 14.", cases: maps() },
    ];
    files.extend(signatures::files(&network));
    files
}
