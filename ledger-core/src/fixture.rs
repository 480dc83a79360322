//! A small deterministic network for tests: members, keys, genesis, and blocks on demand.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "only tests use this module, and they may fail by panicking"
)]

pub mod forger;
mod governed;
pub mod home;
mod lineage;

pub use governed::{Governed, govern};
pub use lineage::{certify, signed_by, signed_on};

use crate::certificate::Certificate;
use crate::chain::{CheckedBlock, FinalBlock, HashedBlock, Head, Proposal, Tip, assemble, check};
use crate::codec::{Bytes, List, Text};
use crate::contract::{HistoryHash, State, Status};
use crate::crypto::{ChainId, Domain, Hasher, SecretKey, Suite};
use crate::event::{Action, ContractEvent, Event};
use crate::genesis::{Genesis, GenesisDraft, SealedVrf};
use crate::governance::{Approve, Change, Propose};
use crate::history::CertifiedChange;
use crate::lookup::VrfSecretKey;
use crate::map::ContractMap;
use crate::membership::{
    Key, MAX_MEMBERS, Member, Membership, MembershipDraft, Node, NodeKey, Parameters, Purpose, TrustPolicy, VaultKey,
};
use crate::merkle::LogIndex;
use crate::names::{
    BlockHash, Commitment, Height, MemberCode, NodeNumber, Ordinal, PROTOCOL, Round, SchemaVersion, Sequence, Subject,
    Timestamp,
};
use crate::submission::Submission;

/// Codes of the members, the province first.
pub const CODES: [&str; 7] = ["370000", "370100", "370200", "370300", "370400", "370500", "370600"];

/// A network of validators, one a member, and its chain.
pub struct Network {
    /// The genesis.
    pub genesis: Genesis,
    /// Where the chain stands.
    pub tip: Tip,
    /// The contract map there.
    pub map: ContractMap,
    /// Certificate of the last block.
    pub certificate: Option<Certificate>,
    /// Bytes of the blocks, from height 1.
    pub blocks: Vec<Vec<u8>>,
    /// Its changes of membership.
    pub changes: Vec<CertifiedChange>,
}

fn seed(of: &str, number: u32) -> [u8; 32] {
    Hasher::new(Domain::DataKey, Suite::Ed25519Sha256).bytes(of).bytes(number.to_be_bytes()).finish()
}

/// A node's secret key for a purpose.
#[must_use]
pub fn node_key(node: u32, purpose: Purpose) -> SecretKey {
    SecretKey::from_seed(&seed(&format!("{purpose:?}"), node))
}

/// A member's governance key; `member` counts from 1.
#[must_use]
pub fn governance_key(member: u32) -> SecretKey {
    SecretKey::from_seed(&seed("governance", member))
}

/// A member code from its text.
#[must_use]
pub fn code(text: &str) -> MemberCode {
    text.parse().unwrap()
}

/// A node with all its keys and voting power 1.
#[must_use]
pub fn node(number: u32) -> Node {
    let key = |purpose| NodeKey { purpose, suite: Suite::Ed25519Sha256, key: node_key(number, purpose).public() };
    Node { number: NodeNumber(number), power: 1, keys: List::new(Purpose::ALL.map(key).to_vec()).unwrap() }
}

/// A member with one node of the same number.
#[must_use]
pub fn member(number: u32, code_text: &str) -> Member {
    Member {
        code: code(code_text),
        name_zh: Text::new(format!("成员{number}")).unwrap(),
        name_en: Text::new(format!("Member {number}")).unwrap(),
        governance: Key::from(governance_key(number).public()),
        vault: vault_key(number),
        nodes: List::new(vec![node(number)]).unwrap(),
    }
}

/// A vault key to which nobody holds the secret: a number below 2²⁵⁵ − 19.
#[must_use]
pub fn vault_key(member: u32) -> VaultKey {
    let mut key = seed("vault", member);
    key[31] &= 0x7f;
    VaultKey(key)
}

/// A membership of members in any order, the first of them the province.
#[must_use]
pub fn membership(members: Vec<Member>, parameters: Parameters) -> Membership {
    let next = members.iter().flat_map(|member| member.nodes.iter()).map(|node| node.number.next()).max();
    Membership::new(MembershipDraft {
        next_node: next.unwrap_or(NodeNumber(1)),
        province: members[0].code,
        heirs: List::default(),
        members: List::new(members).unwrap(),
        parameters,
        trust: TrustPolicy::default(),
    })
    .unwrap()
}

/// A genesis of a membership, with a box for each member that holds no key.
#[must_use]
pub fn genesis(membership: Membership) -> GenesisDraft {
    GenesisDraft {
        protocol: PROTOCOL,
        suite: Suite::Ed25519Sha256,
        name: Text::new("test.luqi.example").unwrap(),
        time: Timestamp(1_700_000_000_000),
        predecessor: None,
        sealed_vrf: sealed_vrf(&membership),
        membership,
        vrf: vrf_key().public(),
    }
}

/// A box for each member, which holds no key.
#[must_use]
pub fn sealed_vrf(membership: &Membership) -> List<SealedVrf, MAX_MEMBERS> {
    let sealed = |member: &Member| SealedVrf { member: member.code, sealed: Bytes::new(vec![1, 2, 3]).unwrap() };
    List::new(membership.members().iter().map(sealed).collect()).unwrap()
}

/// The same genesis, changed.
#[must_use]
pub fn edited(genesis: &Genesis, edit: impl FnOnce(&mut GenesisDraft)) -> Genesis {
    let mut draft = genesis.draft().clone();
    edit(&mut draft);
    draft.sealed_vrf = sealed_vrf(&draft.membership);
    Genesis::new(draft).unwrap()
}

/// A certificate of all validators of the block at a tip.
#[must_use]
pub fn certificate(tip: &Head) -> Certificate {
    certificate_of(&tip.chain(), tip.signers(), tip.height(), tip.hash())
}

/// A certificate by all validators of a membership that have the consensus key of their number, of whatever block.
#[must_use]
pub fn certificate_of(chain: &ChainId, signers: &Membership, height: Height, block: BlockHash) -> Certificate {
    let key = |node: &Node| node.keys.iter().find(|key| key.purpose == Purpose::Consensus).copied();
    let signs = |one: &Node| one.power > 0 && key(one) == key(&node(one.number.0));
    let voters = signers.nodes().filter(|(_, node)| signs(node)).map(|(_, node)| node.number);
    certificate_by(chain, voters, height, block)
}

/// A certificate by nodes, whoever they are, of whatever block.
#[must_use]
pub fn certificate_by(
    chain: &ChainId,
    nodes: impl IntoIterator<Item = NodeNumber>,
    height: Height,
    block: BlockHash,
) -> Certificate {
    let keys: Vec<_> = nodes.into_iter().map(|number| (number, node_key(number.0, Purpose::Consensus))).collect();
    let signers: Vec<_> = keys.iter().map(|(number, key)| (*number, key)).collect();
    Certificate::sign(chain, height, Round(0), block, &signers)
}

impl Network {
    /// A network of so many members, numbered from 1, the province first.
    #[must_use]
    pub fn new(members: u32) -> Self {
        let list = (1..=members).zip(CODES).map(|(number, code)| member(number, code)).collect();
        Self::from_genesis(Genesis::new(genesis(membership(list, Parameters::default()))).unwrap())
    }

    /// The chain of a genesis, at its start.
    #[must_use]
    pub fn from_genesis(genesis: Genesis) -> Self {
        let tip = Tip::genesis(&genesis);
        Self { genesis, tip, map: ContractMap::default(), certificate: None, blocks: Vec::new(), changes: Vec::new() }
    }

    /// The next submission of a node.
    #[must_use]
    pub fn submission(&self, node: u32, events: Vec<Event>) -> Submission {
        let next = self.tip.control().last_sequence(NodeNumber(node)).next();
        self.submission_at(node, next, events)
    }

    /// A submission of a node, at a place of its stream.
    #[must_use]
    pub fn submission_at(&self, node: u32, sequence: Sequence, events: Vec<Event>) -> Submission {
        let key = node_key(node, Purpose::Submission);
        Submission::sign(&self.tip.chain(), &key, NodeNumber(node), sequence, events).unwrap()
    }

    /// The next block, one second after the last, not final yet.
    #[must_use]
    pub fn checked(&self, submissions: Vec<Submission>) -> CheckedBlock {
        let proposal = Proposal {
            proposer: NodeNumber(1),
            time: Timestamp(self.tip.time().0 + 1000),
            parent_certificate: self.certificate.clone(),
            submissions,
        };
        assemble(proposal, &self.tip, &self.map).unwrap()
    }

    /// A certificate of all present validators for a checked block.
    #[must_use]
    pub fn certify(&self, checked: &CheckedBlock) -> Certificate {
        certificate(checked.after())
    }

    /// Makes the next block final and moves on.
    pub fn block(&mut self, submissions: Vec<Submission>) -> FinalBlock {
        let checked = self.checked(submissions);
        let certificate = self.certify(&checked);
        let block = checked.finalize(certificate.clone()).unwrap();
        self.step(&block, certificate);
        block
    }

    /// One block in which a change is proposed by the province and approved by every member that
    /// has a node.
    pub fn govern(&mut self, change: Change, effective: Height) -> FinalBlock {
        let id = change.id(effective);
        let membership = self.tip.membership();
        let with_nodes = membership.members().iter().filter_map(|member| Some((member.code, member.nodes.first()?)));
        // A member is numbered as its first node is.
        let approvals = with_nodes.map(|(code, node)| {
            Event::Approve(Approve::sign(&self.tip.chain(), &governance_key(node.number.0), code, id))
        });
        let propose = Event::Propose(Box::new(Propose { change: change.into(), effective }));
        let events = [propose].into_iter().chain(approvals).collect();
        self.block_of(events)
    }

    /// Where the chain stood at a height.
    #[must_use]
    pub fn at(&self, height: Height) -> Self {
        let mut then = Self::from_genesis(self.genesis.clone());
        for bytes in self.blocks.iter().zip(1..=height.0).map(|(bytes, _)| bytes) {
            let checked = check(HashedBlock::read(bytes).unwrap(), &then.tip, &then.map).unwrap();
            let certificate = then.certify(&checked);
            let block = checked.finalize(certificate.clone()).unwrap();
            then.step(&block, certificate);
        }
        then
    }

    /// Moves over a block that is final by a certificate.
    fn step(&mut self, block: &FinalBlock, certificate: Certificate) {
        let (header, tip) = (block.block().header(), block.after());
        if tip.changed_membership() {
            let (header, certificate) = (header.clone(), certificate.clone());
            self.changes.push(CertifiedChange { header, certificate, membership: (**tip.membership()).clone() });
        }
        self.blocks.push(block.block().encode());
        self.certificate = Some(certificate);
        // A copy moves on, so that whoever gets the block can move his own map over it.
        block.clone().advance(&mut self.map).unwrap();
        self.tip = tip.clone();
    }

    /// One block with one submission of node 1.
    pub fn block_of(&mut self, events: Vec<Event>) -> FinalBlock {
        let submission = self.submission(1, events);
        self.block(vec![submission])
    }
}

/// The verifier key of a witness, by number.
#[must_use]
pub fn witness(number: u32) -> String {
    let (name, key) = (format!("witness{number}.example"), SecretKey::from_seed(&seed("witness", number)).public());
    verifier_key(&name, &[&[1], &key.as_bytes()[..]].concat())
}

/// A verifier key, as signed notes write it, of a type byte and a key.
#[must_use]
pub fn verifier_key(name: &str, typed: &[u8]) -> String {
    use sha2::Digest as _;
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let hash = sha2::Sha256::digest([name.as_bytes(), b"\n", typed].concat());
    let mut text = format!("{name}+{}+", crate::crypto::hex(&hash[..4]));
    for group in typed.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=group.len()].copy_from_slice(group);
        let bits = u32::from_be_bytes(bits);
        let digits = (0..4).map(|at| char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]));
        text.extend(digits.take(group.len() + 1).chain("==".chars()).take(4));
    }
    text
}

/// A trust policy that names so many witnesses, and wants one of them.
#[must_use]
pub fn trust(witnesses: u32) -> TrustPolicy {
    let witnesses = (1..=witnesses).map(|number| Text::new(witness(number)).unwrap()).collect();
    let timestamp_roots = List::new(vec![Bytes::new(vec![0x30, 0x82]).unwrap()]).unwrap();
    TrustPolicy { witnesses: List::new(witnesses).unwrap(), wanted: 1, timestamp_roots, lag: 5 }
}

/// The VRF key of the network.
#[must_use]
pub fn vrf_key() -> VrfSecretKey {
    VrfSecretKey::from_random(&seed("vrf", 0)).unwrap()
}

/// A state after five events, of which number 2 was the last *new*, and number 4 the end, where it is ended.
#[must_use]
pub fn after_five_events(status: Status, keeper: &str) -> State {
    State {
        status,
        keeper: code(keeper),
        count: 5,
        history: HistoryHash([5; 32]),
        last_index: LogIndex(50),
        last_new: Ordinal(2),
        ended_by: (status == Status::Ended).then_some(Ordinal(4)),
        by_keeper: None,
        by_province: None,
    }
}

/// A subject by number.
#[must_use]
pub fn subject(number: u64) -> Subject {
    Subject(Hasher::new(Domain::Subject, Suite::Ed25519Sha256).bytes(number.to_be_bytes()).finish())
}

/// An event on a subject, with a commitment made from its number.
#[must_use]
pub fn event(number: u64, action: Action) -> Event {
    let subject = subject(number);
    let commitment =
        Commitment(Hasher::new(Domain::Commitment, Suite::Ed25519Sha256).bytes(number.to_be_bytes()).finish());
    Event::Contract(ContractEvent { version: SchemaVersion::V1, subject, commitment, action })
}

/// A state by number; two numbers give two states.
#[must_use]
pub fn state(number: u64) -> State {
    State {
        status: Status::Active,
        keeper: code("370100"),
        count: number as u32,
        history: HistoryHash([number as u8; 32]),
        last_index: LogIndex(number),
        last_new: Ordinal(0),
        ended_by: None,
        by_keeper: None,
        by_province: None,
    }
}
