//! The rules that a block is checked against, each in one function over what it needs.

use crate::certificate::{Certificate, CertificateError};
use crate::chain::hashed::{Content, HashedBlock};
use crate::chain::{Fault, Head, Span};
use crate::codec::TooMany;
use crate::contract::{Roles, State, step};
use crate::crypto::{PublicKey, Signature, SignedMessage};
use crate::event::{Action, Event};
use crate::governance::{self, Control, Motion, Moved};
use crate::map::{MapKey, Shard, Table};
use crate::membership::{Membership, Purpose};
use crate::merkle::{Frontier, LeafHash, LogIndex};
use crate::names::{Height, MemberCode, NodeNumber};
use crate::outcome::Outcome;
use crate::submission::{Frame, Submission};

/// The states that a fold reads and writes.
pub trait States {
    /// Hands the state of a subject, by its key in the map, to `step`, and sets it to what that gives; none
    /// leaves it as it is.
    fn update(&mut self, key: MapKey, step: impl FnOnce(Option<&State>) -> Option<State>);
}

impl States for Shard {
    fn update(&mut self, key: MapKey, step: impl FnOnce(Option<&State>) -> Option<State>) {
        Self::update(self, key, step);
    }
}

impl States for Table {
    fn update(&mut self, key: MapKey, step: impl FnOnce(Option<&State>) -> Option<State>) {
        Self::update(self, key, step);
    }
}

/// What became of one event, for the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Applied, recorded, or refused with a code.
    pub outcome: Outcome,
    /// Log index of the entry that touched the same subject before; none for the first, and for an
    /// event that leaves no trace in a state.
    pub previous: Option<LogIndex>,
}

/// A submission signature that is still to be verified.
pub(crate) struct SignatureJob {
    key: PublicKey,
    message: SignedMessage,
    signature: Signature,
    pub(crate) fault: Fault,
}

impl SignatureJob {
    pub(crate) fn run(&self) -> Result<(), Fault> {
        self.key.verify(&self.message, &self.signature).map_err(|_| self.fault.clone())
    }
}

/// The header hangs on the tip, the block is not too large, and the body is the header's (format.md §11,
/// step 1).
pub(crate) fn links(head: &Head, block: &HashedBlock) -> Result<(), Fault> {
    let header = &block.header;
    let rules = head.rules()?;
    if header.chain != head.chain {
        return Err(Fault::Chain(header.chain));
    }
    if header.protocol != rules.protocol {
        return Err(Fault::Protocol { wanted: rules.protocol, found: header.protocol });
    }
    if header.suite != rules.suite {
        return Err(Fault::Suite { wanted: rules.suite, found: header.suite });
    }
    if header.height != head.height.next() {
        return Err(Fault::Height { wanted: head.height.next(), found: header.height });
    }
    if header.parent != head.hash {
        return Err(Fault::Parent { wanted: head.hash, found: header.parent });
    }
    if header.time < head.time {
        return Err(Fault::Time { parent: head.time, found: header.time });
    }
    limits(&head.membership, block.content.leaves.len(), block.bytes)?;
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

/// Block 1 carries no certificate, every other block its parent's (format.md §11, step 2); of which block and
/// by whom it is signed is judged apart.
pub(crate) fn certificate_presence<'a>(
    head: &Head,
    found: Option<&'a Certificate>,
) -> Result<Option<&'a Certificate>, Fault> {
    match (found, head.height) {
        (Some(_), Height(0)) => Err(Fault::CertificatePresence("stands in block 1, below which there is no block")),
        (None, Height(1..)) => Err(Fault::CertificatePresence("is missing")),
        (found, _) => Ok(found),
    }
}

/// A certificate makes the block at a head final (format.md §10).
pub(crate) fn certified(head: &Head, certificate: &Certificate) -> Result<(), CertificateError> {
    certificate.verify(&head.chain, &head.signers, head.height, head.hash)
}

/// A certificate names the block at a head.
pub(crate) fn names(head: &Head, certificate: &Certificate) -> Result<(), CertificateError> {
    if certificate.height != head.height {
        return Err(CertificateError::Height { wanted: head.height, found: certificate.height });
    }
    if certificate.block != head.hash {
        return Err(CertificateError::Block { wanted: head.hash, found: certificate.block });
    }
    Ok(())
}

/// A certificate of the height of a head that is valid, and names another block: then the block at the head is not
/// the one that its validators certified (format.md §16.2, `block`).
pub(crate) fn of_another_block(head: &Head, certificate: &Certificate) -> Option<Fault> {
    let (certified, found) = (certificate.block, head.hash);
    let is_of_another = head.height > Height(0) && certificate.height == head.height && certified != found;
    let is_valid = || certificate.verify(&head.chain, &head.signers, head.height, certified).is_ok();
    (is_of_another && is_valid()).then_some(Fault::NotCertified { certified, found })
}

/// The certificate of the block below holds (format.md §11, step 2).
pub(crate) fn parent_certificate(head: &Head, found: Option<&Certificate>) -> Result<(), Fault> {
    match certificate_presence(head, found)? {
        Some(certificate) => certified(head, certificate).map_err(Fault::ParentCertificate),
        None => Ok(()),
    }
}

/// Every submission carries events, no more than allowed, and is the next of its stream (format.md §11,
/// step 3). Counts the sequences, and gives the actor of each submission: the member whose node submitted it. Nothing
/// else resolves one.
pub(super) fn streams(
    head: &Head,
    submissions: &[Submission],
    control: &mut Control,
) -> Result<Vec<MemberCode>, Fault> {
    let mut actors = Vec::with_capacity(submissions.len());
    let max = head.membership.parameters().submission_events as usize;
    for (submission, span) in spans(head.first_index(), submissions) {
        let Submission { stream, sequence, events, .. } = submission;
        let (stream, sequence) = (*stream, *sequence);
        if events.is_empty() || events.len() > max {
            return Err(Fault::Events { stream, sequence, found: events.len(), max, span });
        }
        let Some((member, _)) = head.membership.node(stream) else {
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
        actors.push(member.code);
    }
    Ok(actors)
}

/// The signatures of the submissions, to be verified (format.md §7); of those alone whose node is there.
pub(crate) fn signatures(head: &Head, submissions: &[Submission], content: &Content) -> Vec<SignatureJob> {
    let job = |((submission, span), frame): ((&Submission, Span), &Frame)| {
        let Submission { stream, sequence, signature, .. } = submission;
        Some(SignatureJob {
            key: *submission_key(&head.membership, *stream)?,
            message: frame.message(&head.chain),
            signature: *signature,
            fault: Fault::Submission { stream: *stream, sequence: *sequence, span },
        })
    };
    spans(head.first_index(), submissions).zip(&content.frames).filter_map(job).collect()
}

/// Each submission, with the log indices of its events.
fn spans(first: LogIndex, submissions: &[Submission]) -> impl Iterator<Item = (&Submission, Span)> {
    submissions.iter().scan(first.0, |at, submission| {
        let from = *at;
        *at = from.saturating_add(submission.events.len() as u64);
        Some((submission, Span(LogIndex(from), LogIndex(at.saturating_sub(1).max(from)))))
    })
}

fn submission_key(membership: &Membership, stream: NodeNumber) -> Option<&PublicKey> {
    membership.node(stream).and_then(|(_, node)| node.key(Purpose::Submission))
}

/// The log after the block: the seals of what lies below, then the events (format.md §11, step 4).
pub(super) fn log(head: &Head, below: &Frontier, leaves: &[LeafHash]) -> Frontier {
    let mut frontier = below.clone();
    for seal in &head.seals {
        frontier.push(seal.leaf_hash());
    }
    frontier.extend(leaves);
    frontier
}

/// Folds the governance events into the control state and closes the block (format.md §9). Gives what became
/// of each, in order, and the membership that judges the next block where it is another one.
pub(super) fn govern(
    head: &Head,
    submissions: &[Submission],
    actors: &[MemberCode],
    control: &mut Control,
) -> (Vec<Outcome>, Option<Membership>) {
    let mut motions = Vec::new();
    for (submission, actor) in submissions.iter().zip(actors) {
        let moved = |motion| Moved { stream: submission.stream, by: *actor, motion };
        for event in &submission.events {
            match event {
                Event::Propose(propose) => motions.push(moved(Motion::Propose(propose))),
                Event::Approve(approve) => motions.push(moved(Motion::Approve(approve))),
                Event::Contract(_) | Event::Evidence(_) | Event::Anchor(_) => {}
            }
        }
    }
    governance::fold(control, &head.chain, head.height.next(), &head.membership, &motions)
}

/// What the fold is told of an event beside its action. It owns what it says, so that an event may wait
/// for its turn apart from its block.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    actor: MemberCode,
    leaf: LeafHash,
    index: LogIndex,
}

/// The events of a block, each with its place.
pub(crate) fn placed<'a>(
    head: &Head,
    submissions: &'a [Submission],
    actors: &'a [MemberCode],
    leaves: &'a [LeafHash],
) -> impl Iterator<Item = (Place, &'a Event)> {
    let events = submissions.iter().zip(actors);
    let events = events.flat_map(|(submission, actor)| submission.events.iter().map(move |event| (*actor, event)));
    let places = leaves.iter().zip((head.first_index().0..).map(LogIndex));
    events.zip(places).map(|((actor, event), (leaf, index))| (Place { actor, leaf: *leaf, index }, event))
}

impl Place {
    /// Log index of the event.
    pub(crate) const fn index(&self) -> LogIndex {
        self.index
    }

    /// Folds a contract event into the state of its subject.
    pub(crate) fn fold(&self, roles: &Roles, key: MapKey, action: &Action, states: &mut impl States) -> Trace {
        let mut trace = Trace { outcome: Outcome::Recorded, previous: None };
        states.update(key, |before| {
            let folded = step(before, roles.actor(self.actor), action, &self.leaf, self.index);
            let previous = folded.state.and(before).map(|state| state.last_index);
            trace = Trace { outcome: folded.outcome, previous };
            folded.state
        });
        trace
    }
}

/// Folds the contract events of a block, and gives what became of each of its events. `roles` are those of the
/// membership that judges the block.
pub(crate) fn fold<'a>(
    roles: &Roles,
    events: impl Iterator<Item = (Place, &'a Event)>,
    governed: &[Outcome],
    states: &mut impl States,
) -> Vec<Trace> {
    let mut governed = governed.iter().copied();
    let trace = |(place, event): (Place, &Event)| match event {
        Event::Contract(event) => place.fold(roles, MapKey::of(&event.subject), &event.action, states),
        Event::Propose(_) | Event::Approve(_) => {
            Trace { outcome: governed.next().unwrap_or(Outcome::Recorded), previous: None }
        }
        Event::Evidence(_) | Event::Anchor(_) => Trace { outcome: Outcome::Recorded, previous: None },
    };
    events.map(trace).collect()
}
