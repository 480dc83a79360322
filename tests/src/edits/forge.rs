//! A chain made anew from some height on, as somebody would who knows every rule: all hashes, roots
//! and links are right. What he signs with, and what he writes into a header, is up to the edit.

use crate::base::Base;
use ledger_core::block::{Block, Body, Header, body_hash};
use ledger_core::certificate::Certificate;
use ledger_core::chain::{HashedBlock, check};
use ledger_core::codec::{self, List};
use ledger_core::crypto::Suite;
use ledger_core::event::{Event, Seal};
use ledger_core::fixture::{Network, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names::{BlockHash, Height, NodeNumber, Round};
use ledger_core::submission::Submission;

/// What is done to a chain from a height on.
pub(super) struct Forgery<'a> {
    /// The lowest block that is another one.
    pub(super) from: u64,
    /// Changes the events of that block: those of its first submission.
    pub(super) events: &'a dyn Fn(&mut Vec<Event>),
    /// Whether the node signs the changed submission.
    pub(super) submission: bool,
    /// Changes that block's header, after everything was computed.
    pub(super) twist: &'a dyn Fn(&mut Header),
    /// The certificates.
    pub(super) certificate: &'a dyn Fn(&Voting<'_>) -> Certificate,
}

/// What a certificate is wanted of.
pub(super) struct Voting<'a> {
    pub(super) base: &'a Base,
    pub(super) height: u64,
    pub(super) block: BlockHash,
    /// Who may vote there.
    pub(super) voters: &'a [NodeNumber],
}

impl Voting<'_> {
    /// Signed by some nodes.
    pub(super) fn signed_by(&self, nodes: &[NodeNumber]) -> Certificate {
        let keys: Vec<_> = nodes.iter().map(|node| (*node, node_key(node.0, Purpose::Consensus))).collect();
        let signers: Vec<_> = keys.iter().map(|(node, key)| (*node, key)).collect();
        Certificate::sign(&self.base.genesis.chain_id(), Height(self.height), Round(0), self.block, &signers)
    }
}

/// A whole chain: bytes and certificates.
pub(super) type Forged = (Vec<Vec<u8>>, Vec<Certificate>);

pub(super) fn forge(base: &Base, forgery: &Forgery<'_>) -> Forged {
    let below = forgery.from as usize - 1;
    let mut network = Network::from_genesis(base.genesis.clone());
    for (block, certificate) in base.blocks.iter().zip(&base.certificates).take(below) {
        let block = HashedBlock::read(&codec::encode(block)).unwrap();
        let mut last = check(block, &network.tip, &network.map).unwrap().finalize(certificate.clone()).unwrap();
        network.tip = last.after().clone();
        last.advance(&mut network.map).unwrap();
        network.certificate = Some(certificate.clone());
    }
    let mut frontier = network.tip.frontier().clone();
    let mut parent = network.tip.hash();
    let mut blocks: Vec<Vec<u8>> = base.blocks[..below].iter().map(codec::encode).collect();
    let mut certificates = base.certificates[..below].to_vec();
    for (original, height) in base.blocks[below..].iter().zip(forgery.from..) {
        // What follows from the events, by a chain on which everybody signs.
        let submissions = original.body.submissions.iter().zip(0..).map(|(submission, place)| {
            let mut events = submission.events.clone().into_vec();
            if (height, place) == (forgery.from, 0) {
                (forgery.events)(&mut events);
            }
            network.submission_at(submission.stream.0, submission.sequence, events)
        });
        let submissions: Vec<Submission> = submissions.collect();
        let honest = network.block(submissions.clone());
        let voters: Vec<NodeNumber> =
            honest.certificate().unwrap().signatures.iter().map(|signature| signature.node).collect();

        // The same, as this forger can have it.
        let mut submissions = submissions;
        if height == forgery.from && !forgery.submission {
            submissions[0].signature = original.body.submissions[0].signature;
        }
        let body =
            Body { parent_certificate: certificates.last().cloned(), submissions: List::new(submissions).unwrap() };
        let leaves: Vec<_> = body.submissions.iter().map(Submission::leaf_hashes).collect();
        if height == 1 {
            base.genesis.seals().into_iter().for_each(|seal| frontier.push(seal.leaf_hash()));
        } else {
            frontier.push(Seal { height: Height(height - 1), block: parent }.leaf_hash());
        }
        leaves.iter().for_each(|leaves| frontier.extend(leaves));
        let frames: Vec<_> = body.submissions.iter().zip(&leaves).map(|(it, leaves)| it.frame(leaves)).collect();
        let signed = frames.iter().zip(body.submissions.iter().map(|submission| &submission.signature));
        let mut header = Header {
            parent,
            body: body_hash(Suite::Ed25519Sha256, &body.parent_certificate, signed),
            log_size: frontier.size(),
            log_root: frontier.root(),
            ..honest.block().header().clone()
        };
        if height == forgery.from {
            (forgery.twist)(&mut header);
        }
        parent = header.hash();
        certificates.push((forgery.certificate)(&Voting { base, height, block: parent, voters: &voters }));
        blocks.push(codec::encode(&Block { header, body }));
    }
    (blocks, certificates)
}
