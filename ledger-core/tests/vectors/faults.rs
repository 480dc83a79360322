//! A short chain whose last block breaks one rule, although every validator certified it.

use crate::File;
use crate::chains::{flip_certificate, flip_signature, judged};
use crate::structures::case;
use ledger_core::block::{Block, Body, Header, body_hash};
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, List};
use ledger_core::event::{Action, Seal};
use ledger_core::fixture::{self, Network, code};
use ledger_core::governance::Change;
use ledger_core::membership::Parameters;
use ledger_core::merkle::{LogRoot, LogSize};
use ledger_core::names::{ControlHash, Height, MapRoot, MembershipHash, NodeNumber, Protocol, Sequence, Timestamp};
use ledger_core::submission::Submission;
use serde_json::Value;

/// Four members, whose blocks may carry eight events, six in a submission.
fn narrow() -> Network {
    let genesis = Network::new(4).genesis;
    let parameters = Parameters { block_events: 8, submission_events: 6, ..Parameters::default() };
    let membership = fixture::membership(genesis.membership.members().to_vec(), parameters);
    Network::from_genesis(fixture::edited(&genesis, |genesis| genesis.membership = membership))
}

fn grown(blocks: u64) -> Network {
    let mut network = narrow();
    (0..blocks).for_each(|number| {
        network.block_of(vec![fixture::event(number, Action::New { keeper: code("370000") })]);
    });
    network
}

/// The chain and one block more, altered by one who recomputes the body hash, and certified by all.
fn with_last(network: &Network, edit: impl Fn(&mut Block)) -> (Vec<Vec<u8>>, Certificate) {
    let good = network.checked(vec![network.submission(1, vec![fixture::event(0, Action::Renew)])]);
    let mut block = good.block().clone().into_block();
    edit(&mut block);
    let certificate =
        fixture::certificate_of(&network.tip.chain(), good.after().signers(), block.header.height, block.header.hash());
    let blocks = network.blocks.iter().cloned().chain([codec::encode(&block)]).collect();
    (blocks, certificate)
}

fn header(name: &str, network: &Network, edit: impl Fn(&mut Header)) -> Value {
    let (blocks, certificate) = with_last(network, |block| edit(&mut block.header));
    judged(network, name, &blocks, &certificate)
}

fn body(name: &str, network: &Network, edit: impl Fn(&mut Block)) -> Value {
    let (blocks, certificate) = with_last(network, |block| {
        edit(block);
        let submissions = &block.body.submissions;
        let frames: Vec<_> = submissions.iter().map(|one| one.frame(&one.leaf_hashes())).collect();
        let signed = frames.iter().zip(submissions.iter().map(|one| &one.signature));
        block.header.body = body_hash(block.header.suite, &block.body.parent_certificate, signed);
    });
    judged(network, name, &blocks, &certificate)
}

fn submissions(name: &str, network: &Network, submissions: Vec<Submission>) -> Value {
    body(name, network, |block| block.body.submissions = List::new(submissions.clone()).unwrap())
}

fn of_headers(network: &Network) -> Vec<Value> {
    let header = |name, edit: &dyn Fn(&mut Header)| header(name, network, edit);
    vec![
        header("nothing", &|_| {}),
        header("another chain", &|header| header.chain.0[0] ^= 1),
        header("a protocol that is not in force", &|header| header.protocol = Protocol(2)),
        header("a height left out", &|header| header.height = Height(4)),
        header("another parent", &|header| header.parent.0[0] ^= 1),
        header("a time before the parent's", &|header| header.time = Timestamp(1)),
        header("another body", &|header| header.body.0[0] ^= 1),
        header("another size of the log", &|header| header.log_size = LogSize(9)),
        header("another log", &|header| header.log_root = LogRoot([1; 32])),
        header("another map", &|header| header.map_root = MapRoot([1; 32])),
        header("another control state", &|header| header.control = ControlHash([1; 32])),
        header("another membership", &|header| header.next_membership = MembershipHash([1; 32])),
    ]
}

fn of_bodies(network: &Network) -> Vec<Value> {
    let renew = || fixture::event(0, Action::Renew);
    let of = |node, sequence, events| network.submission_at(node, Sequence(sequence), events);
    let empty = Submission { events: List::default(), ..of(1, 3, vec![renew()]) };
    let of_nobody = Submission { stream: NodeNumber(9), ..of(1, 1, vec![renew()]) };
    let many = |count| vec![renew(); count];
    let first = narrow();
    vec![
        submissions("more events than a block may carry", network, vec![of(1, 3, many(6)), of(2, 1, many(3))]),
        submissions("more events than a submission may carry", network, vec![of(1, 3, many(7))]),
        submissions("a submission without events", network, vec![empty]),
        submissions("a stream of nobody", network, vec![of_nobody]),
        submissions("a sequence left out", network, vec![of(1, 4, vec![renew()])]),
        submissions("a sequence twice", network, vec![of(1, 2, vec![renew()])]),
        body("a submission that is not signed", network, flip_signature),
        body("a parent's certificate that does not hold", network, flip_certificate),
        body("no parent's certificate", network, |block| block.body.parent_certificate = None),
        body("a certificate in block 1", &first, |block| block.body.parent_certificate = network.certificate.clone()),
    ]
}

/// A chain that has activated a newer protocol, and a block of it that is right by the rules of this one.
fn newer_protocol() -> Value {
    let mut network = narrow();
    network.govern(Change::Activate(Protocol(2)), Height(2));
    let tip = &network.tip;
    let mut block: Block = codec::decode(&network.blocks[0]).unwrap();
    let mut frontier = tip.frontier().clone();
    frontier.push(Seal { height: tip.height(), block: tip.hash() }.leaf_hash());
    block.body = Body { parent_certificate: network.certificate.clone(), submissions: List::default() };
    block.header = Header {
        protocol: Protocol(2),
        height: Height(2),
        parent: tip.hash(),
        body: body_hash(block.header.suite, &block.body.parent_certificate, [].into_iter()),
        log_size: frontier.size(),
        log_root: frontier.root(),
        ..block.header
    };
    let certificate = fixture::certificate_of(&tip.chain(), tip.signers(), block.header.height, block.header.hash());
    let blocks = [network.blocks[0].clone(), codec::encode(&block)];
    judged(&network, "a protocol that no verifier of this page knows", &blocks, &certificate)
}

pub(crate) fn file() -> File {
    let network = grown(2);
    let mut cases = vec![case("genesis of all cases", "genesis", &network.genesis, None)];
    cases.extend(of_headers(&network));
    cases.extend(of_bodies(&network));
    cases.push(newer_protocol());
    File {
        name: "faults",
        about: "Archives of a short chain whose last block breaks one rule although every validator certified it: the verdict, and height and kind of the lowest finding. Format, section 11.",
        cases,
    }
}
