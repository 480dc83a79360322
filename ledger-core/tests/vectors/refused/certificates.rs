//! Certificates that make a block not final, and submissions that their node did not sign.

use super::Cases;
use ledger_core::certificate::{Certificate, CommitSignature};
use ledger_core::codec::{self, List};
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, NodeNumber, Round, Sequence};
use ledger_core::submission::Submission;
use serde_json::{Value, json};

pub(super) fn add(cases: &mut Vec<Value>) {
    let mut network = Network::new(4);
    network.block_of(vec![fixture::event(1, Action::Employer)]);
    certificates(&mut Cases { kind: "certificate", cases }, &network);
    submissions(&mut Cases { kind: "submission", cases }, &network);
}

fn certificates(c: &mut Cases<'_>, network: &Network) {
    let tip = &network.tip;
    let good = network.certificate.clone().unwrap();
    let mut refuse = |name: &str, certificate: Certificate| {
        let why =
            certificate.verify(&tip.chain(), &network.genesis.membership, tip.height(), tip.hash()).expect_err(name);
        let case = c.push(name, codec::encode(&certificate), why);
        case["chain"] = json!(tip.chain().to_string());
        case["height"] = json!(tip.height());
        case["block"] = json!(tip.hash().to_string());
    };
    let of =
        |signatures: Vec<CommitSignature>| Certificate { signatures: List::new(signatures).unwrap(), ..good.clone() };
    let [one, two, three, four] = *good.signatures.first_chunk().unwrap();
    let mut other_block = good.clone();
    other_block.block.0[0] ^= 1;
    refuse("of another height", Certificate { height: Height(2), ..good.clone() });
    refuse("of another block", other_block);
    refuse("of another round than its votes", Certificate { round: Round(1), ..good.clone() });
    refuse("nodes out of order", of(vec![one, three, two]));
    refuse("a node twice", of(vec![one, two, two]));
    refuse("a node that is none", of(vec![one, two, three, CommitSignature { node: NodeNumber(9), ..four }]));
    refuse("a vote under another node's number", of(vec![one, two, CommitSignature { node: NodeNumber(3), ..four }]));
    refuse("half of the voting power", of(vec![one, four]));
    refuse("nobody's signature", of(vec![]));
    let mut flipped = four;
    flipped.signature.0[0] ^= 1;
    refuse("a bad signature although the others would do", of(vec![one, two, three, flipped]));
}

fn submissions(c: &mut Cases<'_>, network: &Network) {
    let chain = network.tip.chain();
    let events = vec![fixture::event(1, Action::Renew)];
    let good = network.submission(1, events.clone());
    let mut refuse = |name: &str, submission: Submission| {
        let node = network.genesis.membership.node(submission.stream);
        let message = submission.frame(&submission.leaf_hashes()).message(&chain);
        let why = node.and_then(|(_, node)| node.key(Purpose::Submission)).map_or_else(
            || format!("there is no node {}", submission.stream),
            |key| key.verify(&message, &submission.signature).expect_err(name).to_string(),
        );
        c.push(name, codec::encode(&submission), why)["chain"] = json!(chain.to_string());
    };
    refuse("of nobody's stream", Submission { stream: NodeNumber(9), ..good.clone() });
    refuse("under another sequence", Submission { sequence: Sequence(7), ..good.clone() });
    refuse(
        "with other events",
        Submission { events: List::new(vec![fixture::event(1, Action::Amend)]).unwrap(), ..good.clone() },
    );
    let sign = |chain, key| Submission::sign(chain, &key, good.stream, good.sequence, events.clone()).unwrap();
    refuse("by the node's consensus key", sign(&chain, node_key(1, Purpose::Consensus)));
    refuse("for another chain", sign(&Network::new(3).tip.chain(), node_key(1, Purpose::Submission)));
}
