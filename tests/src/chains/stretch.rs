//! Stretches made anew: an archive that begins within the chain stands on a foot, and a forger writes the foot.

use super::links::{Link, Links};
use super::stock::Stock;
use crate::dice::Dice;
use crate::layout::{Frame, framed, frames};
use ledger_core::archive::{Foot, FrameKind, HEAD_BYTES, StateRows};
use ledger_core::block::Block;
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, List};
use ledger_core::fixture;
use ledger_core::history::CertifiedChange;
use ledger_core::membership::Parameters;
use ledger_core::names::Height;

/// A frame's kind and bytes.
type Piece = (FrameKind, Vec<u8>);

type Edit = (&'static str, fn(&mut Dice, &Stock, &mut Vec<Piece>));

const EDITS: &[Edit] = &[
    ("stretch: as it was", |_, _, _| ()),
    ("stretch: foot, header below", |dice, _, pieces| {
        with_foot(pieces, |foot| {
            if let Some(below) = &mut foot.below {
                let header = &mut below.header;
                let fields = [&mut header.parent.0, &mut header.map_root.0, &mut header.body.0];
                let place = dice.of(0..3);
                if let Some(field) = fields.into_iter().nth(place) {
                    dice.flip(field, 0..32);
                }
            }
        });
    }),
    ("stretch: foot, strangers' membership", |_, stock, pieces| {
        with_foot(pieces, |foot| {
            let Some(below) = &mut foot.below else { return };
            let code = |number: u32| fixture::CODES[number as usize - 1];
            let members = [1].iter().chain(&stock.strangers).map(|number| fixture::member(*number, code(*number)));
            let membership = fixture::membership(members.collect(), Parameters::default());
            below.header.next_membership = membership.hash();
            let header = below.header.clone();
            let chain = stock.genesis.chain_id();
            let certificate = super::breaks::sign(&chain, header.height, header.hash(), &stock.strangers);
            below.changes = List::new(vec![CertifiedChange { header, certificate, membership }]).unwrap();
        });
        resigned(stock, pieces);
    }),
    ("stretch: foot, changes left out", |_, _, pieces| {
        with_foot(pieces, |foot| foot.below.iter_mut().for_each(|below| below.changes = List::default()));
    }),
    ("stretch: states changed", |dice, _, pieces| {
        with_states(pieces, |rows| {
            let place = dice.of(0..rows.len());
            rows[place].state.count += 1;
        });
    }),
    ("stretch: a state left out, and not counted", |dice, _, pieces| {
        with_states(pieces, |rows| {
            rows.remove(dice.of(0..rows.len()));
        });
        with_foot(pieces, |foot| foot.states = foot.states.map(|states| states - 1));
    }),
    ("stretch: states left out altogether", |_, _, pieces| without_states(pieces)),
    ("stretch: foot of the genesis", |_, _, pieces| {
        pieces.retain(|(kind, _)| *kind != FrameKind::States);
        with_foot(pieces, |foot| *foot = Foot::default());
    }),
    ("stretch: header below and blocks of another history", |dice, stock, pieces| {
        let other = dice.pick(&stock.forks);
        let below = stock.stretch.1 as usize;
        with_foot(pieces, |foot| {
            if let Some(foot) = &mut foot.below {
                foot.header = other[below - 1].header.clone();
            }
        });
        with_blocks_of(pieces, &other[below..]);
    }),
    ("stretch: a block gutted", |dice, _, pieces| {
        with_block(dice, pieces, |_, block| block.body.submissions = List::default());
    }),
    ("stretch: a false hash in a header", |dice, _, pieces| {
        with_block(dice, pieces, |dice, block| dice.flip(&mut block.header.map_root.0, 0..32));
    }),
    ("stretch: all signed by strangers", |_, stock, pieces| resigned(stock, pieces)),
    ("stretch: a block left out", |dice, _, pieces| {
        let blocks: Vec<usize> = places(pieces);
        pieces.remove(*dice.pick(&blocks));
    }),
    ("stretch: the end certificate left out", |_, _, pieces| {
        pieces.retain(|(kind, _)| *kind != FrameKind::Certificate);
    }),
];

/// A forged stretch, one time in four damaged too; with the kind that it is of.
pub(super) fn make(dice: &mut Dice, stock: &Stock) -> (String, Vec<u8>) {
    let original = &stock.stretch.0;
    let mut pieces: Vec<Piece> =
        frames(original).iter().map(|frame: &Frame| (frame.kind, original[frame.body()].to_vec())).collect();
    let (name, edit) = dice.pick(EDITS);
    edit(dice, stock, &mut pieces);
    let mut file = written(original, &pieces);
    if !dice.one_in(4) {
        return ((*name).to_owned(), file);
    }
    let (what, damage) = dice.pick(super::pieces::DAMAGES);
    damage(dice, stock, &mut file);
    (format!("stretch: forged or not, then {what}"), file)
}

/// Bytes of a stretch of a signed history, with or without its states, and a block of that history that was kept
/// at its start or above.
pub(super) fn is_signed(stock: &Stock, file: &[u8], kept: Option<u64>) -> bool {
    let (original, below) = (&stock.stretch.0, stock.stretch.1);
    let Some(kept) = kept.filter(|kept| *kept >= below) else { return false };
    let met = |history: &&Links| {
        let same = |height: u64| history[height as usize - 1].header == stock.trunk[height as usize - 1].header;
        same(below) && same(kept)
    };
    stock.signed().filter(met).any(|history| {
        let mut pieces: Vec<Piece> =
            frames(original).iter().map(|frame| (frame.kind, original[frame.body()].to_vec())).collect();
        with_blocks_of(&mut pieces, &history[below as usize..]);
        let whole = written(original, &pieces);
        without_states(&mut pieces);
        [whole, written(original, &pieces)].iter().any(|lawful| lawful == file)
    })
}

fn written(original: &[u8], pieces: &[Piece]) -> Vec<u8> {
    let mut file = original[..HEAD_BYTES].to_vec();
    pieces.iter().for_each(|(kind, bytes)| file.extend(framed(*kind, bytes)));
    file
}

fn without_states(pieces: &mut Vec<Piece>) {
    pieces.retain(|(kind, _)| *kind != FrameKind::States);
    with_foot(pieces, |foot| foot.states = None);
}

/// The blocks and the end certificate are those of another history.
fn with_blocks_of(pieces: &mut [Piece], links: &[Link]) {
    let mut blocks = links.iter();
    for (kind, bytes) in pieces {
        match kind {
            FrameKind::Block => *bytes = blocks.next().unwrap().bytes(),
            FrameKind::Certificate => *bytes = codec::encode(&links.last().unwrap().certificate),
            FrameKind::Foot | FrameKind::States => {}
        }
    }
}

fn with_foot(pieces: &mut [Piece], change: impl FnOnce(&mut Foot)) {
    if let Some((_, bytes)) = pieces.iter_mut().find(|(kind, _)| *kind == FrameKind::Foot) {
        let mut foot: Foot = codec::decode(bytes).unwrap();
        change(&mut foot);
        *bytes = codec::encode(&foot);
    }
}

fn with_states(pieces: &mut [Piece], change: impl FnOnce(&mut Vec<ledger_core::archive::StateRow>)) {
    if let Some((_, bytes)) = pieces.iter_mut().find(|(kind, _)| *kind == FrameKind::States) {
        let rows: StateRows = codec::decode(bytes).unwrap();
        let mut rows = rows.into_vec();
        change(&mut rows);
        *bytes = codec::encode::<StateRows>(&List::new(rows).unwrap());
    }
}

fn places(pieces: &[Piece]) -> Vec<usize> {
    let blocks = pieces.iter().enumerate().filter(|(_, (kind, _))| *kind == FrameKind::Block);
    blocks.map(|(place, _)| place).collect()
}

fn with_block(dice: &mut Dice, pieces: &mut [Piece], change: impl FnOnce(&mut Dice, &mut Block)) {
    let place = *dice.pick(&places(pieces));
    let mut block: Block = codec::decode(&pieces[place].1).unwrap();
    change(dice, &mut block);
    pieces[place].1 = codec::encode(&block);
}

/// Every certificate in the blocks and at the end is one of the strangers.
fn resigned(stock: &Stock, pieces: &mut [Piece]) {
    let chain = stock.genesis.chain_id();
    let sign = |of: &Certificate| super::breaks::sign(&chain, Height(of.height.0), of.block, &stock.strangers);
    for (kind, bytes) in pieces {
        match kind {
            FrameKind::Block => {
                let mut block: Block = codec::decode(bytes).unwrap();
                block.body.parent_certificate = block.body.parent_certificate.as_ref().map(sign);
                *bytes = codec::encode(&block);
            }
            FrameKind::Certificate => *bytes = codec::encode(&sign(&codec::decode(bytes).unwrap())),
            FrameKind::Foot | FrameKind::States => {}
        }
    }
}
