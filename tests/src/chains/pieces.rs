//! What can be done to blocks without any key: pieces of lawful chains at other places, fields that say what is
//! not so, blocks emptied.

use super::breaks::spoil;
use super::links::{Link, Links};
use super::stock::Stock;
use crate::dice::Dice;
use ledger_core::codec::{self, List};
use ledger_core::names::{BlockHash, Height};

/// An edit near a height.
pub(super) type Piece = (&'static str, fn(&mut Dice, &Stock, &mut Links, usize));

pub(super) const PIECES: &[Piece] = &[
    ("body of another block", |dice, stock, links, at| {
        links[at].body = any_link(dice, stock).body;
    }),
    ("body of another history, its hash in the header", |dice, stock, links, at| {
        let other = &dice.pick(&stock.forks)[at];
        links[at].body = other.body.clone();
        links[at].header.body = other.header.body;
    }),
    ("header of another history", |dice, stock, links, at| {
        links[at].header = dice.pick(&stock.forks)[at].header.clone();
    }),
    ("header of another height", |dice, stock, links, at| {
        links[at].header = any_link(dice, stock).header;
    }),
    ("block of another history", |dice, stock, links, at| {
        links[at] = dice.pick(&stock.forks)[at].clone();
    }),
    ("block of another height", |dice, stock, links, at| {
        links[at] = any_link(dice, stock);
    }),
    ("another history from here on", |dice, stock, links, at| {
        let other = dice.pick(&stock.forks);
        links.truncate(at);
        links.extend_from_slice(&other[at..]);
    }),
    ("strangers' chain from here on", |_, stock, links, at| {
        links.truncate(at);
        links.extend_from_slice(&stock.coup[at..]);
    }),
    ("certificate of another block", |dice, stock, links, at| {
        let other = any_link(dice, stock).certificate;
        links[at].body.parent_certificate = Some(other);
    }),
    ("certificate of another history", |dice, stock, links, at| {
        let other = dice.pick(&stock.forks)[at.saturating_sub(1)].certificate.clone();
        links[at].body.parent_certificate = Some(other);
    }),
    ("certificate with a bit of a signature changed", |dice, _, links, at| {
        if let Some(certificate) = &mut links[at].body.parent_certificate {
            spoil(dice, certificate);
        }
    }),
    ("certificate with a signature less", |dice, _, links, at| {
        if let Some(certificate) = &mut links[at].body.parent_certificate {
            let mut signatures = certificate.signatures.clone().into_vec();
            if !signatures.is_empty() {
                signatures.remove(dice.of(0..signatures.len()));
            }
            certificate.signatures = List::new(signatures).unwrap();
        }
    }),
    ("certificate taken out", |_, _, links, at| links[at].body.parent_certificate = None),
    ("end certificate of another block", |dice, stock, links, _| {
        let other = any_link(dice, stock).certificate;
        links.last_mut().unwrap().certificate = other;
    }),
    ("end certificate spoilt", |dice, _, links, _| spoil(dice, &mut links.last_mut().unwrap().certificate)),
    ("block gutted", |_, _, links, at| links[at].body.submissions = List::default()),
    ("a submission taken out", |dice, _, links, at| {
        let mut submissions = links[at].body.submissions.clone().into_vec();
        if !submissions.is_empty() {
            submissions.remove(dice.of(0..submissions.len()));
        }
        links[at].body.submissions = List::new(submissions).unwrap();
    }),
    ("an event taken out", |dice, _, links, at| {
        if let Some(submission) = links[at].body.submissions.iter_mut().next() {
            let mut events = submission.events.clone().into_vec();
            if !events.is_empty() {
                events.remove(dice.of(0..events.len()));
            }
            submission.events = List::new(events).unwrap();
        }
    }),
    ("an event of another block", |dice, stock, links, at| {
        let other = any_link(dice, stock);
        let event = other.body.submissions.iter().flat_map(|submission| submission.events.iter()).next().cloned();
        if let (Some(event), Some(submission)) = (event, links[at].body.submissions.iter_mut().next()) {
            let mut events = submission.events.clone().into_vec();
            events.truncate(events.len().saturating_sub(1));
            events.push(event);
            submission.events = List::new(events).unwrap();
        }
    }),
    ("false hash in the header", |dice, _, links, at| {
        let header = &mut links[at].header;
        let fields = [
            &mut header.parent.0,
            &mut header.body.0,
            &mut header.log_root.0,
            &mut header.map_root.0,
            &mut header.control.0,
            &mut header.next_membership.0,
            &mut header.chain.0,
        ];
        let place = dice.of(0..7);
        if let Some(field) = fields.into_iter().nth(place) {
            dice.flip(field, 0..32);
        }
    }),
    ("false height in the header", |dice, _, links, at| links[at].header.height = Height(dice.of(0..12) as u64)),
    ("false time in the header", |dice, _, links, at| {
        let time = links[at].header.time.0;
        links[at].header.time.0 = time - 2_000 + dice.of(0..4_000) as u64;
    }),
    ("next header's parent mended", |_, _, links, at| mend(links, at)),
    ("block left out", |_, _, links, at| {
        if links.len() > 1 {
            links.remove(at);
        }
    }),
    ("block twice", |_, _, links, at| {
        let again = links[at].clone();
        links.insert(at, again);
    }),
    ("two blocks swapped", |_, _, links, at| {
        let other = (at + 1).min(links.len() - 1);
        links.swap(at, other);
    }),
    ("last blocks dropped", |_, _, links, at| links.truncate(at + 1)),
];

/// A block of any history of the stock.
fn any_link(dice: &mut Dice, stock: &Stock) -> Link {
    let history = match dice.of(0..4) {
        0 => &stock.trunk,
        1 => &stock.coup,
        _ => dice.pick(&stock.forks),
    };
    dice.pick(history).clone()
}

/// The block above names a block as it is now, and so on to the end: all that can be had without a key.
fn mend(links: &mut Links, at: usize) {
    for above in at + 1..links.len() {
        let parent: BlockHash = links[above - 1].header.hash();
        links[above].header.parent = parent;
    }
}

/// Flips any bit.
fn rot(dice: &mut Dice, file: &mut [u8]) {
    let all = 0..file.len();
    dice.flip(file, all);
}

/// An edit of the bytes of an archive.
pub(super) type Damage = (&'static str, fn(&mut Dice, &Stock, &mut Vec<u8>));

pub(super) const DAMAGES: &[Damage] = &[
    ("the end cut off", |dice, _, file| file.truncate(dice.of(0..file.len()))),
    ("the last frame cut off", |_, _, file| {
        let last = crate::layout::frames(file).last().map(|frame| frame.range.start);
        file.truncate(last.unwrap_or_default());
    }),
    ("a frame cut", |dice, _, file| {
        let frame = dice.pick(&crate::layout::frames(file)).range.clone();
        let from = dice.of(frame.clone());
        file.drain(from..frame.end);
    }),
    ("a frame taken out", |dice, _, file| {
        let frame = dice.pick(&crate::layout::frames(file)).range.clone();
        file.drain(frame);
    }),
    ("a rotten bit", |dice, _, file| rot(dice, file)),
    ("two rotten bits", |dice, _, file| {
        rot(dice, file);
        rot(dice, file);
    }),
    ("a rotten bit with its checksum", |dice, _, file| {
        let frame = dice.pick(&crate::layout::frames(file)).clone();
        if !frame.body().is_empty() {
            dice.flip(file, frame.body());
            crate::layout::mend_frame(file, &frame);
        }
    }),
    ("a rotten bit in the head", |dice, _, file| dice.flip(file, 0..42)),
    ("the archive twice", |_, _, file| file.extend_from_within(..)),
    ("its frames twice", |_, _, file| file.extend_from_within(42..)),
    ("a byte behind the end", |dice, _, file| file.push(dice.next() as u8)),
    ("frames of another history behind the end", |dice, stock, file| {
        let other: &Links = dice.pick(&stock.forks);
        let other = super::links::archive(&stock.genesis, other, None);
        file.extend_from_slice(&other[42..]);
    }),
    ("the certificate of another block behind the end", |dice, stock, file| {
        let other = codec::encode(&any_link(dice, stock).certificate);
        file.extend(crate::layout::framed(ledger_core::archive::FrameKind::Certificate, &other));
    }),
];
