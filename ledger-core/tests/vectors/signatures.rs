//! Vectors of what is signed, and of signatures that do not hold.

use crate::structures::changes;
use crate::{File, hex};
use ledger_core::certificate::{ConsensusProposal, Parts, ValidatorProof, Vote, VoteKind};
use ledger_core::codec;
use ledger_core::crypto::{ChainId, Domain, PublicKey, SecretKey, Signature, SignedMessage};
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, code, governance_key, node_key};
use ledger_core::genesis::Application;
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, NodeNumber, Round};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use std::ops::{Add, Mul};

/// Something to be signed: under which name, for which chain, by whom.
struct Signed {
    name: &'static str,
    chain: ChainId,
    message: SignedMessage,
    key: SecretKey,
}

impl Signed {
    fn good(&self) -> Value {
        self.case(self.name.to_owned(), self.key.public().as_bytes(), &self.key.sign(&self.message))
    }

    fn case(&self, name: String, key: &[u8; 32], signature: &Signature) -> Value {
        json!({
            "name": name,
            "kind": "signed",
            "chain": self.chain.to_string(),
            "signed": hex(self.message.as_bytes()),
            "public_key": hex(key),
            "signature": signature.to_string(),
        })
    }

    /// A case that must not hold, with the reason.
    fn bad(&self, what: &str, key: &[u8; 32], signature: &Signature) -> Value {
        let mut case = self.case(format!("{}: {what}", self.name), key, signature);
        let why = match PublicKey::from_bytes(key) {
            Ok(key) => key.verify(&self.message, signature).expect_err(what).to_string(),
            Err(why) => why.to_string(),
        };
        case["error"] = json!(why);
        case
    }

    /// Every way in which a signature does not hold.
    fn forged(&self, elsewhere: &SignedMessage, stranger: &SecretKey) -> Vec<Value> {
        let good = self.key.sign(&self.message);
        let key = *self.key.public().as_bytes();
        let mut flipped = good;
        flipped.0[40] ^= 1;
        vec![
            self.bad("one bit of it changed", &key, &flipped),
            self.bad("by another key", &key, &stranger.sign(&self.message)),
            self.bad("of the same for another chain", &key, &self.key.sign(elsewhere)),
            self.bad("S is not reduced", &key, &not_reduced(good)),
            self.bad("R is the neutral point", &key, &without_nonce(&self.key, &self.message, NEUTRAL)),
            self.bad("R is not canonical", &key, &without_nonce(&self.key, &self.message, NEUTRAL_AGAIN)),
            self.bad("the key is the neutral point", &NEUTRAL, &for_neutral_key()),
        ]
    }
}

/// The neutral point of the curve: of small order.
const NEUTRAL: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[0] = 1;
    bytes
};

/// The neutral point in a second encoding, its y not reduced: 2^255 - 18.
const NEUTRAL_AGAIN: [u8; 32] = {
    let mut bytes = [0xff; 32];
    bytes[0] = 0xee;
    bytes[31] = 0x7f;
    bytes
};

/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn joined(r: &[u8; 32], s: &[u8; 32]) -> Signature {
    Signature([&r[..], &s[..]].concat().try_into().unwrap())
}

/// The same signature with the group's order added to S: the equation still holds.
fn not_reduced(mut signature: Signature) -> Signature {
    let mut carry = 0;
    for (byte, order) in signature.0[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    signature
}

/// The scalar of bytes, little-endian, in the field that `like` is of.
fn scalar<S: Copy + From<u64> + Add<Output = S> + Mul<Output = S>>(bytes: &[u8], _like: S) -> S {
    bytes.iter().rev().fold(S::from(0), |sum, byte| sum * S::from(256) + S::from(u64::from(*byte)))
}

/// S = k·a with a neutral R: `[S]B = R + [k]A` holds, and says that the nonce was 0.
fn without_nonce(key: &SecretKey, message: &SignedMessage, r: [u8; 32]) -> Signature {
    let a = ed25519_dalek::SigningKey::from_bytes(&key.seed()).to_scalar();
    let k = Sha512::new().chain_update(r).chain_update(key.public().as_bytes()).chain_update(message.as_bytes());
    joined(&r, &(scalar(&k.finalize(), a) * a).to_bytes())
}

/// R = B and S = 1: with the neutral key the equation holds for every message.
fn for_neutral_key() -> Signature {
    let mut base = [0x66; 32];
    base[0] = 0x58;
    let mut one = [0; 32];
    one[0] = 1;
    joined(&base, &one)
}

fn vote(block: Option<ledger_core::names::BlockHash>) -> Vote {
    Vote { height: Height(7), round: Round(2), block }
}

fn of_agreement(network: &Network) -> Vec<Signed> {
    let chain = network.tip.chain();
    let block = network.tip.hash();
    let (height, round, proposer) = (Height(7), Round(2), NodeNumber(1));
    let proposal = |valid_round| ConsensusProposal { height, round, block, valid_round, proposer };
    let parts = Parts { height, round, block, parts: 3, bytes: 300_000, proposer };
    let proof = ValidatorProof { node: proposer, peer: node_key(1, Purpose::Peer).public() };
    let by_node = |name, message| Signed { name, chain, message, key: node_key(1, Purpose::Consensus) };
    vec![
        by_node("prevote", vote(Some(block)).message(VoteKind::Prevote, &chain)),
        by_node("prevote for none", vote(None).message(VoteKind::Prevote, &chain)),
        by_node("precommit", vote(Some(block)).message(VoteKind::Precommit, &chain)),
        by_node("precommit for none", vote(None).message(VoteKind::Precommit, &chain)),
        by_node("consensus proposal", proposal(None).message(&chain)),
        by_node("consensus proposal, found valid before", proposal(Some(Round(1))).message(&chain)),
        by_node("parts", parts.message(&chain)),
        by_node("validator", proof.message(&chain)),
    ]
}

fn submission(network: &Network, chain: &ChainId) -> Signed {
    let submission = network.submission(1, vec![fixture::event(1, Action::Renew)]);
    let message = submission.frame(&submission.leaf_hashes()).message(chain);
    Signed { name: "submission", chain: *chain, message, key: node_key(1, Purpose::Submission) }
}

fn approval(chain: &ChainId) -> Signed {
    let fields = (changes()[4].1.id(Height(12)), code("370000"));
    let message = SignedMessage::new(Domain::Approval, chain, &fields);
    Signed { name: "approval", chain: *chain, message, key: governance_key(1) }
}

/// For a member's own entry there is no chain yet.
fn application(chain: &ChainId) -> Signed {
    let message = SignedMessage::new(Domain::Application, chain, &fixture::member(1, "370000"));
    Signed { name: "application", chain: *chain, message, key: governance_key(1) }
}

fn genesis_approval(network: &Network) -> Signed {
    let message = network.genesis.approval_message(code("370000"));
    Signed { name: "genesis approval", chain: network.tip.chain(), message, key: governance_key(1) }
}

/// Applications whose signature is not the member's over its own entry.
fn forged_applications() -> Vec<Value> {
    let member = fixture::member(1, "370000");
    let application = Application::sign(member.clone(), &governance_key(1));
    let renamed = Application { member: fixture::member(1, "370100"), ..application.clone() };
    let stranger = Application::sign(member, &governance_key(2));
    let case = |name: &str, application: &Application| {
        let why = application.verify().expect_err(name).to_string();
        json!({ "name": name, "kind": "application", "bytes": hex(codec::encode(application)), "error": why })
    };
    let mut cases =
        vec![case("an application under another code", &renamed), case("an application by another key", &stranger)];
    let bytes = codec::encode(&application);
    let at = bytes.windows(32).position(|window| window == governance_key(1).public().as_bytes()).unwrap();
    let weak = [&bytes[..at], &NEUTRAL, &bytes[at + 32..bytes.len() - 64], &for_neutral_key().0].concat();
    let why = codec::decode::<Application>(&weak).expect_err("a key of small order").to_string();
    cases.push(json!({
        "name": "an application whose key is the neutral point",
        "kind": "application",
        "bytes": hex(weak),
        "error": why,
    }));
    cases
}

pub(crate) fn files(network: &Network) -> Vec<File> {
    let chain = network.tip.chain();
    let (no_chain, other) = (ChainId([0; 32]), Network::new(3).tip.chain());
    let mut signed = of_agreement(network);
    signed.extend([submission(network, &chain), approval(&chain), genesis_approval(network), application(&no_chain)]);
    let stranger = node_key(2, Purpose::Consensus);
    let block = Some(network.tip.hash());
    let elsewhere = [
        (&signed[0], vote(block).message(VoteKind::Prevote, &other)),
        (&signed[2], vote(block).message(VoteKind::Precommit, &other)),
        (&signed[8], submission(network, &other).message),
        (&signed[9], approval(&other).message),
        (&signed[11], application(&other).message),
    ];
    let mut forged: Vec<Value> =
        elsewhere.iter().flat_map(|(signed, elsewhere)| signed.forged(elsewhere, &stranger)).collect();
    forged.extend(forged_applications());
    vec![
        File {
            name: "signatures",
            about: "What is signed: bytes, key, signature. Format, sections 2, 7, 9, 10 and 12.",
            cases: signed.iter().map(Signed::good).collect(),
        },
        File { name: "signatures_refused", about: "Signatures that do not hold. Format, section 2.", cases: forged },
    ]
}
