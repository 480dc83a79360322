//! The rules that a block is checked against, each in one function over what it needs.

use crate::certificate::{Certificate, CertificateError};
use crate::chain::folding::Deed;
use crate::chain::hashed::{Content, HashedBlock};
use crate::chain::{Fault, Head, Span};
use crate::codec::TooMany;
use crate::crypto::{PublicKey, Signature, SignedMessage};
use crate::event::Event;
use crate::governance::{Control, Motion, Moved, Turn};
use crate::membership::{Membership, Purpose};
use crate::merkle::LogIndex;
use crate::names::{Height, MemberCode, NodeNumber};
use crate::outcome::Outcome;
use crate::submission::{Frame, Submission};

/// A submission signature that is still to be verified.
pub(crate) struct SignatureJob {
    /// None of a node that is not there: then it does not hold.
    key: Option<PublicKey>,
    message: SignedMessage,
    signature: Signature,
    fault: Fault,
}

impl SignatureJob {
    pub(crate) fn run(&self) -> Result<(), Fault> {
        let holds = self.key.is_some_and(|key| key.verify(&self.message, &self.signature).is_ok());
        if holds { Ok(()) } else { Err(self.fault.clone()) }
    }
}

/// The header hangs on the tip, the block is not too large, and the body is the header's (format.md §11,
/// step 1).
pub(crate) fn links(head: &Head, block: &HashedBlock) -> Result<(), Fault> {
    let header = &block.header;
    let rules = head.rules()?;
    if header.chain != head.chain() {
        return Err(Fault::Chain(header.chain));
    }
    if header.protocol != rules.protocol {
        return Err(Fault::Protocol { wanted: rules.protocol, found: header.protocol });
    }
    if header.suite != rules.suite {
        return Err(Fault::Suite { wanted: rules.suite, found: header.suite });
    }
    if header.height != head.height().next() {
        return Err(Fault::Height { wanted: head.height().next(), found: header.height });
    }
    if header.parent != head.hash() {
        return Err(Fault::Parent { wanted: head.hash(), found: header.parent });
    }
    if header.time < head.time() {
        return Err(Fault::Time { parent: head.time(), found: header.time });
    }
    limits(head.membership(), block.content.leaves.len(), block.bytes)?;
    if block.is_whole() { Ok(()) } else { Err(Fault::Body) }
}

/// Bytes and events are within the chain's parameters (format.md §8).
pub(super) fn limits(membership: &Membership, events: usize, bytes: usize) -> Result<(), Fault> {
    let parameters = membership.parameters();
    let checks =
        [("bytes", bytes, parameters.block_bytes as usize), ("events", events, parameters.block_events as usize)];
    match checks.into_iter().find(|(_, found, max)| found > max) {
        Some((what, found, max)) => Err(Fault::TooLarge { what, found, max }),
        None => Ok(()),
    }
}

/// Block 1 carries no certificate, every other block its parent's (format.md §11, step 2); by whom it is signed is
/// judged apart.
pub(crate) fn carried<'a>(head: &Head, found: Option<&'a Certificate>) -> Result<Option<&'a Certificate>, Fault> {
    match (found, head.height()) {
        (Some(_), Height(0)) => Err(Fault::CertificatePresence("stands in block 1, below which there is no block")),
        (None, Height(1..)) => Err(Fault::CertificatePresence("is missing")),
        (None, Height(0)) => Ok(None),
        (Some(certificate), Height(1..)) => {
            certificate.names(head.height(), head.hash()).map_err(Fault::ParentCertificate)?;
            Ok(found)
        }
    }
}

/// A certificate makes the block at a head final (format.md §10).
pub(crate) fn certified(head: &Head, certificate: &Certificate) -> Result<(), CertificateError> {
    certificate.verify(&head.chain(), head.signers(), head.height(), head.hash())
}

/// A certificate of the height of a head that is valid, and names another block: then the block at the head is not
/// the one that its validators certified (format.md §16.2, `block`).
pub(crate) fn of_another_block(head: &Head, certificate: &Certificate) -> Option<Fault> {
    let (certified, found) = (certificate.block, head.hash());
    let is_of_another = head.height() > Height(0) && certificate.height == head.height() && certified != found;
    let is_valid = || certificate.verify(&head.chain(), head.signers(), head.height(), certified).is_ok();
    (is_of_another && is_valid()).then_some(Fault::NotCertified { certified, found })
}

/// The certificate of the block below holds (format.md §11, step 2).
pub(crate) fn parent_certificate(head: &Head, found: Option<&Certificate>) -> Result<(), Fault> {
    match carried(head, found)? {
        Some(certificate) => certified(head, certificate).map_err(Fault::ParentCertificate),
        None => Ok(()),
    }
}

/// Every submission carries events, no more than allowed, and is the next of its stream (format.md §11,
/// step 3). Counts the sequences, and gives the events in order, each of the member whose node submitted it: nothing
/// else resolves one.
pub(super) fn streams<'a>(
    head: &Head,
    submissions: &'a [Submission],
    control: &mut Control,
) -> Result<Vec<Turn<'a, Deed<'a>>>, Fault> {
    let mut turns = Vec::new();
    let max = head.membership().parameters().submission_events as usize;
    for (submission, span) in spans(head.first_index(), submissions) {
        let Submission { stream, sequence, events, .. } = submission;
        let (stream, sequence) = (*stream, *sequence);
        if events.is_empty() || events.len() > max {
            return Err(Fault::Events { stream, sequence, found: events.len(), max, span });
        }
        let Some((member, _)) = head.membership().node(stream) else {
            return Err(Fault::UnknownStream { stream, span });
        };
        let wanted = control.last_sequence(stream).next();
        if sequence != wanted || sequence == control.last_sequence(stream) {
            return Err(Fault::Sequence { stream, wanted, found: sequence, span });
        }
        control.advance(stream, sequence).map_err(|TooMany { found, max }| {
            let what = "streams";
            Fault::TooLarge { what, found, max }
        })?;
        turns.extend(events.iter().map(|event| turn(stream, member.code, event)));
    }
    Ok(turns)
}

/// An event as governance sees it.
fn turn(stream: NodeNumber, by: MemberCode, event: &Event) -> Turn<'_, Deed<'_>> {
    match event {
        Event::Contract(event) => Turn::Passes(Deed::Contract(by, event)),
        Event::Evidence(_) | Event::Anchor(_) => Turn::Passes(Deed::Done(Outcome::Recorded)),
        Event::Propose(propose) => Turn::Moves(Moved { stream, by, motion: Motion::Propose(propose) }),
        Event::Approve(approve) => Turn::Moves(Moved { stream, by, motion: Motion::Approve(approve) }),
    }
}

/// The signatures of the submissions, to be verified (format.md §7).
pub(crate) fn signatures(head: &Head, submissions: &[Submission], content: &Content) -> Vec<SignatureJob> {
    let job = |((submission, span), frame): ((&Submission, Span), &Frame)| {
        let Submission { stream, sequence, signature, .. } = submission;
        let (stream, sequence) = (*stream, *sequence);
        let node = head.membership().node(stream);
        SignatureJob {
            key: node.and_then(|(_, node)| node.key(Purpose::Submission)).copied(),
            message: frame.message(&head.chain()),
            signature: *signature,
            fault: match node {
                Some(_) => Fault::Submission { stream, sequence, span },
                None => Fault::UnknownStream { stream, span },
            },
        }
    };
    spans(head.first_index(), submissions).zip(&content.frames).map(job).collect()
}

/// Each submission, with the log indices of its events.
fn spans(first: LogIndex, submissions: &[Submission]) -> impl Iterator<Item = (&Submission, Span)> {
    submissions.iter().scan(first.0, |at, submission| {
        let from = *at;
        *at = from.saturating_add(submission.events.len() as u64);
        Some((submission, Span(LogIndex(from), LogIndex(at.saturating_sub(1).max(from)))))
    })
}
