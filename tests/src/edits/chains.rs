//! Chains made anew: events replaced, headers that lie, certificates that do not suffice.

use super::forge::{Forged, Forgery, Voting, forge};
use super::hands::{Hot, Part, forge_tip, header, place_in_archive, place_in_home, reframe};
use super::{Edit, Kind, Promise};
use crate::audit::Target::{Archive, Home};
use crate::base::Base;
use crate::dice::Dice;
use ledger_core::block::Header;
use ledger_core::certificate::{Certificate, CommitSignature};
use ledger_core::codec::{self, List};
use ledger_core::event::{Action, Event};
use ledger_core::fixture::{CODES, code, node_key, subject};
use ledger_core::membership::Purpose;
use ledger_core::names::{Commitment, Height, NodeNumber, Round};
use std::path::Path;

/// Makes a chain anew.
type Make = fn(&mut Dice, &Base) -> Option<(Forged, Edit)>;

/// Makes another certificate for the last block.
type Certify = fn(&mut Dice, &Base) -> Option<Certificate>;

/// A chain in the place of the original: in an archive, in a home, and in a home whose tip file is left as
/// it was.
macro_rules! chain {
    ($name:literal, $weight:literal, $make:expr) => {
        [
            Kind {
                name: $name,
                target: Archive,
                weight: $weight,
                apply: |dice, base, path| in_archive(dice, base, path, $make),
            },
            Kind {
                name: concat!("home: ", $name),
                target: Home,
                weight: $weight,
                apply: |dice, base, home| in_home(dice, base, home, $make),
            },
            Kind {
                name: concat!("home: ", $name, ", tip file untouched"),
                target: Home,
                weight: 1,
                apply: |dice, base, home| under_tip_file(dice, base, home, $make),
            },
        ]
    };
}

/// A certificate in the place of the last one, in an archive and in a home.
macro_rules! certificate {
    ($name:literal, $make:expr) => {
        [
            Kind {
                name: concat!("last certificate: ", $name),
                target: Archive,
                weight: 3,
                apply: |dice, base, path| certify_archive(dice, base, path, $make),
            },
            Kind {
                name: concat!("home: last certificate: ", $name),
                target: Home,
                weight: 3,
                apply: |dice, base, home| certify_home(dice, base, home, $make),
            },
        ]
    };
}

pub(super) fn kinds() -> Vec<Kind> {
    let chains = [
        chain!("event replaced, recomputed, nothing signed", 6, |dice, base| replaced(dice, base, false, unsigned)),
        chain!("event replaced, recomputed, its node signs", 6, |dice, base| replaced(dice, base, true, unsigned)),
        chain!("event replaced, all validators sign, its node does not", 4, |dice, base| {
            replaced(dice, base, false, signed)
        }),
        chain!("event removed, recomputed, its node signs", 4, removed),
        chain!("events reordered, recomputed, its node signs", 4, reordered),
        chain!("header that lies, all validators sign", 6, lies),
        chain!("removed validator signs in place of another", 4, removed_signs),
        chain!("a signature too few at a change of membership", 4, few_at_change),
        chain!("history rewritten, all validators sign", 4, rewritten),
    ];
    let certificates = [
        certificate!("a signature too few", too_few),
        certificate!("a removed key", removed_key),
        certificate!("a key twice", twice),
        certificate!("another round", other_round),
        certificate!("prevotes", prevotes),
    ];
    [chains.concat(), certificates.concat()].concat()
}

fn in_archive(dice: &mut Dice, base: &Base, path: &Path, make: Make) -> Option<Edit> {
    let ((blocks, certificates), edit) = make(dice, base)?;
    place_in_archive(path, &blocks, &certificates);
    Some(edit)
}

fn in_home(dice: &mut Dice, base: &Base, home: &Path, make: Make) -> Option<Edit> {
    let ((blocks, certificates), edit) = make(dice, base)?;
    place_in_home(home, &blocks, &certificates);
    forge_tip(home, &base.genesis.chain_id(), blocks.len() as u64, &header(blocks.last()?).hash());
    Some(edit)
}

fn under_tip_file(dice: &mut Dice, base: &Base, home: &Path, make: Make) -> Option<Edit> {
    let ((blocks, certificates), edit) = make(dice, base)?;
    place_in_home(home, &blocks, &certificates);
    // Who signed all else has not signed what the tip file names.
    let height = if edit.promise == Promise::Rewritten { Some(base.height()) } else { edit.height };
    Some(Edit { promise: Promise::Altered, height, ..edit })
}

/// A block with contract events, above block 1, and how many.
fn ordinary(dice: &mut Dice, base: &Base, below: usize) -> Option<(u64, usize)> {
    let height = dice.of(2..below);
    let block = &base.blocks[height - 1];
    let events = &block.body.submissions.iter().next()?.events;
    let contracts = events.iter().all(|event| event.as_contract().is_some());
    contracts.then_some((height as u64, events.len()))
}

/// Another valid event in the place of one.
fn other_event(dice: &mut Dice, event: &Event) -> Event {
    let mut event = event.clone();
    if let Event::Contract(contract) = &mut event {
        match dice.of(0..4) {
            0 => dice.flip(&mut contract.commitment.0, 0..32),
            1 => contract.subject = subject(dice.next()),
            2 => contract.commitment = Commitment([dice.next() as u8; 32]),
            _ => {
                let other = [Action::Dissolve, Action::Amend, Action::New { keeper: code(CODES[0]) }];
                contract.action = *other.iter().find(|action| **action != contract.action).unwrap();
            }
        }
    }
    event
}

fn replaced(
    dice: &mut Dice,
    base: &Base,
    submission: bool,
    sign: fn(&Voting<'_>) -> Certificate,
) -> Option<(Forged, Edit)> {
    let (height, count) = ordinary(dice, base, base.blocks.len())?;
    let place = dice.of(0..count);
    let other = other_event(dice, base.blocks[height as usize - 1].body.submissions.iter().next()?.events.get(place)?);
    let forged = forge(
        base,
        &Forgery {
            from: height,
            events: &|events| events[place] = other.clone(),
            submission,
            twist: &|_| (),
            certificate: &|voting| sign(voting),
        },
    );
    // A node's own signature lets its block climb: then the certificate, which the block above carries, does not hold.
    let found = if submission { height + 1 } else { height };
    Some((forged, Edit::altered(found, format!("event {place} of block {height}"))))
}

fn removed(dice: &mut Dice, base: &Base) -> Option<(Forged, Edit)> {
    let (height, count) = ordinary(dice, base, base.blocks.len())?;
    let place = dice.of(0..count);
    let events = |events: &mut Vec<Event>| drop(events.remove(place));
    let forged = forge(
        base,
        &Forgery { from: height, events: &events, submission: true, twist: &|_| (), certificate: &unsigned },
    );
    Some((forged, Edit::altered(height + 1, format!("event {place} of block {height}"))))
}

fn reordered(dice: &mut Dice, base: &Base) -> Option<(Forged, Edit)> {
    let (height, count) = ordinary(dice, base, base.blocks.len())?;
    let place = dice.of(0..count - 1);
    let events = |events: &mut Vec<Event>| events.swap(place, place + 1);
    let forged = forge(
        base,
        &Forgery { from: height, events: &events, submission: true, twist: &|_| (), certificate: &unsigned },
    );
    Some((forged, Edit::altered(height + 1, format!("event {place} of block {height}"))))
}

/// A header in which one field does not say what follows from the chain. Nobody can say so but who
/// recomputes it.
fn lies(dice: &mut Dice, base: &Base) -> Option<(Forged, Edit)> {
    let (height, _) = ordinary(dice, base, base.blocks.len())?;
    let (field, bit) = (dice.of(0..9), (dice.of(0..32), 1_u8 << dice.of(0..8)));
    let twist = |header: &mut Header| match field {
        0 => header.log_root.0[bit.0] ^= bit.1,
        1 => header.map_root.0[bit.0] ^= bit.1,
        2 => header.control.0[bit.0] ^= bit.1,
        3 => header.next_membership.0[bit.0] ^= bit.1,
        4 => header.body.0[bit.0] ^= bit.1,
        5 => header.parent.0[bit.0] ^= bit.1,
        6 => header.log_size.0 += 1,
        7 => header.time.0 -= 10_000,
        _ => header.height.0 += 1,
    };
    let forged =
        forge(base, &Forgery { from: height, events: &|_| (), submission: true, twist: &twist, certificate: &signed });
    // Only the root of the states can be taken from the header that all signed, unless every one is asked for.
    let promise = if field == 1 { Promise::Signed } else { Promise::Altered };
    Some((forged, Edit::of(promise, Some(height), format!("field {field} of the header of block {height}"))))
}

/// Above its removal, one validator that is none any more signs in the place of one that is.
fn removed_signs(dice: &mut Dice, base: &Base) -> Option<(Forged, Edit)> {
    let (gone, since) = base.removed;
    let height = dice.of(since.0 as usize + 1..base.blocks.len()) as u64;
    let sign = |voting: &Voting<'_>| {
        let mut nodes = voting.voters.to_vec();
        *nodes.last_mut().unwrap() = gone;
        voting.signed_by(&nodes)
    };
    let forged = forge(
        base,
        &Forgery {
            from: height,
            events: &|_| (),
            submission: true,
            twist: &|header| header.time.0 += 1,
            certificate: &sign,
        },
    );
    Some((forged, Edit::altered(height + 1, format!("certificates from block {height} on"))))
}

/// The block that changes the membership is certified by too few; everything above is signed by all.
fn few_at_change(dice: &mut Dice, base: &Base) -> Option<(Forged, Edit)> {
    let changes: Vec<u64> = base
        .blocks
        .windows(2)
        .filter(|pair| pair[0].header.next_membership != pair[1].header.next_membership)
        .map(|pair| pair[1].header.height.0)
        .collect();
    let height = *dice.pick(&changes);
    let sign = |voting: &Voting<'_>| match voting.voters {
        [nodes @ .., _] if voting.height == height => voting.signed_by(nodes),
        nodes => voting.signed_by(nodes),
    };
    let forged = forge(
        base,
        &Forgery {
            from: height,
            events: &|_| (),
            submission: true,
            twist: &|header| header.time.0 += 1,
            certificate: &|voting| {
                let few = sign(voting);
                // Three of four are a quorum: two are not.
                if voting.height == height && few.signatures.len() == 3 {
                    voting.signed_by(&voting.voters[..2])
                } else {
                    few
                }
            },
        },
    );
    // The certificate of that block stands in the block above.
    Some((forged, Edit::altered(height + 1, format!("the certificate of block {height}"))))
}

fn rewritten(dice: &mut Dice, base: &Base) -> Option<(Forged, Edit)> {
    let (forged, edit) = replaced(dice, base, true, signed)?;
    Some((forged, Edit { promise: Promise::Rewritten, height: None, ..edit }))
}

fn certify_archive(dice: &mut Dice, base: &Base, path: &Path, make: Certify) -> Option<Edit> {
    let certificate = codec::encode(&make(dice, base)?);
    reframe(path, |frames| frames.last_mut().unwrap().1 = certificate);
    Some(Edit::altered(base.height(), "the last certificate"))
}

fn certify_home(dice: &mut Dice, base: &Base, home: &Path, make: Certify) -> Option<Edit> {
    let certificate = codec::encode(&make(dice, base)?);
    Hot::open(home).set(base.height(), Part::Certificate, &certificate);
    Some(Edit::altered(base.height(), "the last certificate"))
}

/// Signed by all who may vote.
fn signed(voting: &Voting<'_>) -> Certificate {
    voting.signed_by(voting.voters)
}

/// The original's signatures under the new block hash: all that can be done without a key.
fn unsigned(voting: &Voting<'_>) -> Certificate {
    Certificate { block: voting.block, ..voting.base.certificates[voting.height as usize - 1].clone() }
}

fn with(base: &Base, signatures: Vec<CommitSignature>) -> Certificate {
    Certificate { signatures: List::new(signatures).unwrap(), ..base.certificates.last().unwrap().clone() }
}

fn signatures(base: &Base) -> Vec<CommitSignature> {
    base.certificates.last().unwrap().signatures.clone().into_vec()
}

fn too_few(dice: &mut Dice, base: &Base) -> Option<Certificate> {
    let mut signatures = signatures(base);
    let total = signatures.len();
    while 3 * signatures.len() > 2 * total {
        signatures.remove(dice.of(0..signatures.len()));
    }
    Some(with(base, signatures))
}

fn removed_key(dice: &mut Dice, base: &Base) -> Option<Certificate> {
    let mut nodes: Vec<NodeNumber> = signatures(base).iter().map(|signature| signature.node).collect();
    let place = dice.of(0..nodes.len());
    nodes[place] = base.removed.0;
    let last = base.certificates.last().unwrap();
    let keys: Vec<_> = nodes.iter().map(|node| (*node, node_key(node.0, Purpose::Consensus))).collect();
    let signers: Vec<_> = keys.iter().map(|(node, key)| (*node, key)).collect();
    Some(Certificate::sign(&base.genesis.chain_id(), last.height, last.round, last.block, &signers))
}

fn twice(dice: &mut Dice, base: &Base) -> Option<Certificate> {
    let mut signatures = signatures(base);
    let place = dice.of(0..signatures.len());
    let again = signatures[place];
    if signatures.len() > 1 {
        signatures.remove((place + 1) % signatures.len());
    }
    signatures.push(again);
    signatures.sort_by_key(|signature| signature.node);
    Some(with(base, signatures))
}

fn other_round(dice: &mut Dice, base: &Base) -> Option<Certificate> {
    let round = Round(1 + dice.of(0..5) as u32);
    Some(Certificate { round, ..base.certificates.last().unwrap().clone() })
}

/// Signatures of the right validators over the right block, but of votes that decide nothing.
fn prevotes(_: &mut Dice, base: &Base) -> Option<Certificate> {
    use ledger_core::certificate::{Vote, VoteKind};
    let last = base.certificates.last().unwrap();
    let vote = Vote { height: Height(last.height.0), round: last.round, block: Some(last.block) };
    let message = vote.message(VoteKind::Prevote, &base.genesis.chain_id());
    let sign = |signature: CommitSignature| {
        let key = node_key(signature.node.0, Purpose::Consensus);
        CommitSignature { node: signature.node, signature: key.sign(&message) }
    };
    Some(with(base, signatures(base).into_iter().map(sign).collect()))
}
