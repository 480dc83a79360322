//! The rules of a chain, each broken alone: everything else is linked anew so that it fits.

use super::links::Stage;
use crate::dice::Dice;
use ledger_core::block::{Body, Header};
use ledger_core::certificate::{Certificate, CommitSignature, Vote, VoteKind};
use ledger_core::codec::List;
use ledger_core::crypto::ChainId;
use ledger_core::fixture::node_key;
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, NodeNumber, Protocol, Round, Sequence};
use ledger_core::submission::Submission;

/// Where a rule is broken.
pub(super) struct Place {
    pub(super) chain: ChainId,
    pub(super) height: u64,
}

/// A rule, and how it is broken; some cannot be at some places, and then nothing is changed.
#[derive(Clone, Copy)]
pub(super) struct Break {
    pub(super) name: &'static str,
    how: How,
}

#[derive(Clone, Copy)]
enum How {
    Body(fn(&mut Dice, &Place, &mut Body)),
    Header(fn(&mut Dice, &mut Header)),
    Certificate(fn(&mut Dice, &Place, &mut Certificate)),
}

impl Break {
    /// Breaks the rule, if this is the stage for it.
    pub(super) fn at(&self, dice: &mut Dice, place: &Place, stage: &mut Stage<'_>) {
        match (self.how, stage) {
            (How::Body(how), Stage::Body(body)) => how(dice, place, body),
            (How::Header(how), Stage::Header(header)) => how(dice, header),
            (How::Certificate(how), Stage::Certificate(certificate)) => how(dice, place, certificate),
            (How::Body(_) | How::Header(_) | How::Certificate(_), _) => {}
        }
    }
}

const fn header(name: &'static str, how: fn(&mut Dice, &mut Header)) -> Break {
    Break { name, how: How::Header(how) }
}

const fn body(name: &'static str, how: fn(&mut Dice, &Place, &mut Body)) -> Break {
    Break { name, how: How::Body(how) }
}

const fn certificate(name: &'static str, how: fn(&mut Dice, &Place, &mut Certificate)) -> Break {
    Break { name, how: How::Certificate(how) }
}

pub(super) const BREAKS: &[Break] = &[
    header("protocol", |_, header| header.protocol = Protocol(header.protocol.0 + 1)),
    header("chain id", |dice, header| dice.flip(&mut header.chain.0, 0..32)),
    header("height", |dice, header| header.height = Height(header.height.0.wrapping_add(dice.next() | 1))),
    header("height of a block below", |_, header| header.height = Height(header.height.0 - 1)),
    header("time before the parent's", |dice, header| header.time.0 -= 1_001 + dice.of(0..1_000_000) as u64),
    header("parent", |dice, header| dice.flip(&mut header.parent.0, 0..32)),
    header("body hash", |dice, header| dice.flip(&mut header.body.0, 0..32)),
    header("log size", |dice, header| header.log_size.0 += 1 + dice.of(0..5) as u64),
    header("log root", |dice, header| dice.flip(&mut header.log_root.0, 0..32)),
    header("map root", |dice, header| dice.flip(&mut header.map_root.0, 0..32)),
    header("control", |dice, header| dice.flip(&mut header.control.0, 0..32)),
    header("next membership", |dice, header| dice.flip(&mut header.next_membership.0, 0..32)),
    body("carried certificate missing", |_, place, body| {
        if place.height > 1 {
            body.parent_certificate = None;
        }
    }),
    body("carried certificate of another height", |_, _, body| {
        change_certificate(body, |certificate| certificate.height.0 += 1);
    }),
    body("carried certificate of another block", |dice, _, body| {
        change_certificate(body, |certificate| dice.flip(&mut certificate.block.0, 0..32));
    }),
    body("carried certificate with a signature changed", |dice, _, body| {
        change_certificate(body, |certificate| spoil(dice, certificate));
    }),
    body("submission's signature", |dice, _, body| {
        change_submission(dice, body, |dice, submission| dice.flip(&mut submission.signature.0, 0..64));
    }),
    body("sequence", |dice, place, body| {
        change_submission(dice, body, |dice, submission| {
            submission.sequence = Sequence(submission.sequence.0.wrapping_add(1 + dice.of(0..3) as u64));
            resign(&place.chain, submission);
        });
    }),
    body("stream of nobody", |dice, place, body| {
        change_submission(dice, body, |_, submission| {
            submission.stream = NodeNumber(40);
            resign(&place.chain, submission);
        });
    }),
    body("submission without events", |dice, place, body| {
        change_submission(dice, body, |_, submission| {
            submission.events = List::default();
            resign(&place.chain, submission);
        });
    }),
    body("submission twice", |dice, _, body| {
        let mut submissions = body.submissions.clone().into_vec();
        let again = dice.pick(&submissions).clone();
        submissions.push(again);
        body.submissions = List::new(submissions).unwrap();
    }),
    certificate("certificate of too few", |_, place, certificate| {
        // Of the validators: two thirds of a certificate that a stranger has joined could still be enough.
        let nodes = certificate.signatures.iter().map(|signature| signature.node.0).filter(|node| *node != STRANGER);
        let mut nodes: Vec<u32> = nodes.collect();
        nodes.truncate(nodes.len() * 2 / 3);
        *certificate = signed(place, certificate, &nodes);
    }),
    certificate("certificate with a key twice", |_, _, certificate| {
        let mut signatures = certificate.signatures.clone().into_vec();
        signatures.extend(signatures.first().copied());
        signatures.sort_by_key(|signature| signature.node);
        certificate.signatures = List::new(signatures).unwrap();
    }),
    certificate("certificate with a stranger's key", |_, place, certificate| {
        let nodes: Vec<u32> =
            certificate.signatures.iter().map(|signature| signature.node.0).chain([STRANGER]).collect();
        *certificate = signed(place, certificate, &nodes);
    }),
    certificate("certificate of prevotes", |_, place, certificate| {
        let vote = Vote { height: certificate.height, round: certificate.round, block: Some(certificate.block) };
        let message = vote.message(VoteKind::Prevote, &place.chain);
        let sign = |signature: &CommitSignature| {
            let key = node_key(signature.node.0, Purpose::Consensus);
            CommitSignature { node: signature.node, signature: key.sign(&message) }
        };
        let signatures = certificate.signatures.iter().map(sign).collect();
        certificate.signatures = List::new(signatures).unwrap();
    }),
    certificate("certificate of another round", |_, _, certificate| certificate.round = Round(1)),
];

/// A node that is nobody's.
const STRANGER: u32 = 9;

fn change_certificate(body: &mut Body, change: impl FnOnce(&mut Certificate)) {
    if let Some(certificate) = &mut body.parent_certificate {
        change(certificate);
    }
}

fn change_submission(dice: &mut Dice, body: &mut Body, change: impl FnOnce(&mut Dice, &mut Submission)) {
    let place = dice.of(0..body.submissions.len());
    if let Some(submission) = body.submissions.iter_mut().nth(place) {
        change(dice, submission);
    }
}

/// One bit of one signature.
pub(super) fn spoil(dice: &mut Dice, certificate: &mut Certificate) {
    let mut signatures = certificate.signatures.clone().into_vec();
    // A forger may have made one without any.
    if !signatures.is_empty() {
        let place = dice.of(0..signatures.len());
        dice.flip(&mut signatures[place].signature.0, 0..64);
    }
    certificate.signatures = List::new(signatures).unwrap();
}

/// What a certificate is of, signed by some nodes.
fn signed(place: &Place, of: &Certificate, nodes: &[u32]) -> Certificate {
    sign(&place.chain, of.height, of.block, nodes)
}

/// A certificate of some nodes, in the first round.
pub(super) fn sign(
    chain: &ChainId,
    height: Height,
    block: ledger_core::names::BlockHash,
    nodes: &[u32],
) -> Certificate {
    let keys: Vec<_> = nodes.iter().map(|node| (NodeNumber(*node), node_key(*node, Purpose::Consensus))).collect();
    let signers: Vec<_> = keys.iter().map(|(node, key)| (*node, key)).collect();
    Certificate::sign(chain, height, Round(0), block, &signers)
}

/// Signed by the node of its stream.
pub(super) fn resign(chain: &ChainId, submission: &mut Submission) {
    let frame = submission.frame(&submission.leaf_hashes());
    submission.signature = node_key(submission.stream.0, Purpose::Submission).sign(&frame.message(chain));
}
