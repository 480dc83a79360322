//! Whole small archives, unaltered and altered: what an audit says of each.

use crate::{File, hex};
use ledger_core::archive::{Archive, Foot, FrameHead, FrameKind, head};
use ledger_core::audit::{Depth, Options, Report, Unwatched, judge};
use ledger_core::block::Block;
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::event::{Action, EraseTarget, Event, Step};
use ledger_core::fixture::{self, Network, code, governance_key};
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::merkle::LogSize;
use ledger_core::names::{Height, NodeNumber, Ordinal, Timestamp};
use serde_json::{Value, json};

/// A chain with something of everything: two-party flows, refusals, an employer, governance.
fn eventful() -> Network {
    let mut network = Network::new(4);
    let jinan = code("370100");
    let change = Change::SetPower(NodeNumber(4), 2);
    let id = change.id(Height(5));
    let approve =
        |chain, member: u32, of: &str| Event::Approve(Approve::sign(&chain, &governance_key(member), code(of), id));
    let chain = network.tip.chain();
    let at = |n, action| fixture::event(n, action);
    let steps: Vec<Vec<(u32, Vec<Event>)>> = vec![
        vec![
            (1, vec![at(1, Action::New { keeper: jinan }), at(2, Action::Employer), at(3, Action::Renew)]),
            (2, vec![at(4, Action::New { keeper: jinan }), at(4, Action::Suspend), at(1, Action::Renew)]),
            (3, vec![at(1, Action::Renew), at(5, Action::New { keeper: jinan })]),
        ],
        vec![
            (2, vec![at(1, Action::Dissolve), at(4, Action::Resume), at(4, Action::Correct { cites: Ordinal(0) })]),
            (
                1,
                vec![
                    Event::Propose(Box::new(Propose { change: change.into(), effective: Height(5) })),
                    approve(chain, 1, "370000"),
                ],
            ),
            (3, vec![approve(chain, 2, "370100"), approve(chain, 3, "370200")]),
        ],
        vec![
            (
                2,
                vec![
                    at(1, Action::Reopen(Step::Propose(Ordinal(2)))),
                    at(4, Action::Transfer(Step::Propose(code("370200")))),
                ],
            ),
            (1, vec![at(6, Action::New { keeper: code("370000") }), at(6, Action::Terminate)]),
        ],
        vec![
            (
                1,
                vec![
                    at(1, Action::Reopen(Step::Approve(Ordinal(3)))),
                    at(4, Action::Transfer(Step::Approve(Ordinal(4)))),
                ],
            ),
            (3, vec![at(4, Action::Void { cites: Ordinal(0) }), at(4, Action::Attach { cites: Ordinal(99) })]),
        ],
        vec![
            (1, vec![at(6, Action::Erase(Step::Propose(EraseTarget::Event(Ordinal(0)))))]),
            (4, vec![at(7, Action::Amend)]),
        ],
        vec![],
    ];
    for step in steps {
        let submissions = step.into_iter().map(|(node, events)| network.submission(node, events)).collect();
        network.block(submissions);
    }
    network
}

/// Members against a member: what is withdrawn is proposed again with its old approvals, what is one's own is taken
/// back, who proposed is removed, heirs go one after the other, and a subject that is occupied is taken back.
fn rivals() -> Network {
    let mut network = Network::new(4);
    let chain = network.tip.chain();
    let at = |n, action| fixture::event(n, action);
    let propose = |change: &Change, effective| {
        Event::Propose(Box::new(Propose { change: change.clone().into(), effective: Height(effective) }))
    };
    let adopted = |change: &Change, effective| -> Vec<Event> {
        let approvals = (1..=3)
            .zip(["370000", "370100", "370200"])
            .map(|(member, of)| Approve::sign(&chain, &governance_key(member), code(of), change.id(Height(effective))));
        std::iter::once(propose(change, effective)).chain(approvals.map(Event::Approve)).collect()
    };
    let (wanted, own) = (Change::SetPower(NodeNumber(4), 100), Change::SetPower(NodeNumber(4), 7));
    let (back, own_back) = (Change::Withdraw(wanted.id(Height(9))), Change::Withdraw(own.id(Height(9))));
    let remove = |of, heir| Change::RemoveMember(code(of), code(heir));
    let (first, second) = (remove("370300", "370200"), remove("370200", "370300"));
    let third = remove("370200", "370100");
    let steps: Vec<Vec<(u32, Vec<Event>)>> = vec![
        vec![
            (4, (0..4).map(|_| propose(&own, 1)).chain([propose(&own, 9)]).collect()),
            (1, adopted(&wanted, 9)),
            (3, vec![propose(&own, 9)]),
            (2, vec![propose(&own, 9)]),
        ],
        vec![(2, adopted(&back, 9)), (3, vec![propose(&own_back, 8), propose(&own_back, 9)])],
        vec![
            (4, [adopted(&wanted, 9), vec![propose(&own, 9)]].concat()),
            (2, adopted(&first, 6)),
            (1, [adopted(&second, 6), adopted(&third, 6)].concat()),
        ],
        vec![
            (
                4,
                vec![
                    at(1, Action::New { keeper: code("370300") }),
                    at(1, Action::Void { cites: Ordinal(0) }),
                    at(1, Action::New { keeper: code("370300") }),
                ],
            ),
            (
                1,
                vec![
                    at(1, Action::Void { cites: Ordinal(0) }),
                    at(1, Action::New { keeper: code("379999") }),
                    at(1, Action::New { keeper: code("370100") }),
                    at(2, Action::New { keeper: code("370100") }),
                ],
            ),
        ],
        vec![(2, vec![at(1, Action::Transfer(Step::Propose(code("379999"))))])],
        vec![
            (2, vec![at(1, Action::Transfer(Step::Propose(code("370300")))), at(3, Action::Employer)]),
            (1, vec![at(1, Action::Transfer(Step::Approve(Ordinal(7)))), propose(&wanted, 9)]),
        ],
        vec![],
        vec![],
        vec![(1, vec![propose(&wanted, 9)])],
    ];
    for step in steps {
        let submissions = step.into_iter().map(|(node, events)| network.submission(node, events)).collect();
        network.block(submissions);
    }
    network
}

fn frame(kind: FrameKind, bytes: &[u8]) -> Vec<u8> {
    [&FrameHead::of(kind, bytes).unwrap().encode()[..], bytes].concat()
}

fn archive(network: &Network, blocks: &[Vec<u8>], certificate: &Certificate) -> Vec<u8> {
    let mut file = head(&network.tip.chain()).to_vec();
    file.extend(frame(FrameKind::Foot, &codec::encode(&Foot::default())));
    blocks.iter().for_each(|block| file.extend(frame(FrameKind::Block, block)));
    file.extend(frame(FrameKind::Certificate, &codec::encode(certificate)));
    file
}

/// What an audit of every certificate and every state says of an archive.
pub(crate) fn judged(network: &Network, name: &str, blocks: &[Vec<u8>], certificate: &Certificate) -> Value {
    let file = archive(network, blocks, certificate);
    let (start, mut offered) = Archive::open(file.as_slice(), &network.tip.chain()).unwrap();
    let options = Options { depth: Depth::FULL, ..Options::default() };
    let report = Report::of(&judge(&network.genesis, &start, &mut offered, options, &mut Unwatched));
    let mut case = json!({
        "name": name,
        "kind": "chain",
        "archive": hex(&file),
        "verdict": report.verdict,
    });
    if let Some(lowest) = report.findings.first() {
        case["first"] = json!({ "height": lowest.height, "kind": lowest.kind });
    } else {
        case["tip"] = json!(report.tip.map(|tip| tip.to_string()));
        case["log_root"] = json!(report.log_root.map(|root| root.to_string()));
        case["map_root"] = json!(report.map_root.map(|root| root.to_string()));
        case["events"] = json!(report.events);
    }
    case
}

/// The chain with one block edited and nothing else.
fn edited(network: &Network, at: usize, edit: impl Fn(&mut Block)) -> Vec<Vec<u8>> {
    let mut blocks = network.blocks.clone();
    let mut block: Block = codec::decode(&blocks[at]).unwrap();
    edit(&mut block);
    blocks[at] = codec::encode(&block);
    blocks
}

pub(crate) fn file() -> File {
    let network = eventful();
    let certificate = network.certificate.clone().unwrap();
    let blocks = &network.blocks;
    let few = |mut certificate: Certificate, keep: usize| {
        let signatures = certificate.signatures.iter().copied().take(keep).collect();
        certificate.signatures = codec::List::new(signatures).unwrap();
        certificate
    };
    let genesis =
        json!({ "name": "genesis of all cases", "kind": "genesis", "bytes": hex(codec::encode(&network.genesis)) });
    let judge = |name: &str, blocks: Vec<Vec<u8>>| judged(&network, name, &blocks, &certificate);
    let header = |name: &str, edit: &dyn Fn(&mut ledger_core::block::Header)| {
        judge(name, edited(&network, 2, |block| edit(&mut block.header)))
    };
    let mut cases = vec![
        genesis,
        judge("unaltered", blocks.clone()),
        judge("a block removed", [&blocks[..2], &blocks[3..]].concat()),
        judge(
            "two blocks swapped",
            vec![
                blocks[0].clone(),
                blocks[2].clone(),
                blocks[1].clone(),
                blocks[3].clone(),
                blocks[4].clone(),
                blocks[5].clone(),
            ],
        ),
        judge("a block twice", [&blocks[..3], &blocks[2..]].concat()),
        judge("the last block removed", blocks[..5].to_vec()),
        judge("a time", edited(&network, 2, |block| block.header.time = Timestamp(block.header.time.0 + 1))),
        header("a chain id", &|header| header.chain.0[0] ^= 1),
        header("a height", &|header| header.height = Height(9)),
        header("a parent", &|header| header.parent.0[0] ^= 1),
        header("a time before the parent's", &|header| header.time = Timestamp(1)),
        header("a body hash", &|header| header.body.0[31] ^= 1),
        header("a log size", &|header| header.log_size = LogSize(header.log_size.0 + 1)),
        header("a log root", &|header| header.log_root.0[0] ^= 1),
        header("a map root", &|header| header.map_root.0[0] ^= 1),
        header("a control hash", &|header| header.control.0[0] ^= 1),
        header("a next membership", &|header| header.next_membership.0[0] ^= 1),
        header("a proposer", &|header| header.proposer = NodeNumber(2)),
        judge("a submission's signature", edited(&network, 2, flip_signature)),
        judge("an event for another", edited(&network, 2, swap_event)),
        judge("a parent certificate's signature", edited(&network, 2, flip_certificate)),
    ];
    cases.push(judged(&network, "a tip certificate of two of four", blocks, &few(certificate.clone(), 2)));
    cases.push(judged(&network, "a tip certificate of three of four", blocks, &few(certificate, 3)));
    let rivals = rivals();
    let tip = rivals.certificate.clone().unwrap();
    cases.push(judged(&rivals, "members against a member", &rivals.blocks, &tip));
    File {
        name: "chains",
        about: "Archives of one small chain, unaltered and altered, with what an audit of every certificate and every state says: the verdict, and height and kind of the lowest finding.",
        cases,
    }
}

pub(crate) fn flip_signature(block: &mut Block) {
    let mut submissions = block.body.submissions.to_vec();
    submissions[0].signature.0[0] ^= 1;
    block.body.submissions = codec::List::new(submissions).unwrap();
}

fn swap_event(block: &mut Block) {
    let mut submissions = block.body.submissions.to_vec();
    let mut events = submissions[0].events.to_vec();
    events[0] = fixture::event(1, Action::Renew);
    submissions[0].events = codec::List::new(events).unwrap();
    block.body.submissions = codec::List::new(submissions).unwrap();
}

pub(crate) fn flip_certificate(block: &mut Block) {
    let mut certificate = block.body.parent_certificate.clone().unwrap();
    let mut signatures = certificate.signatures.to_vec();
    signatures[1].signature.0[40] ^= 1;
    certificate.signatures = codec::List::new(signatures).unwrap();
    block.body.parent_certificate = Some(certificate);
}
