//! The forger: what he holds, and what he makes of a chain.

use super::breaks::{BREAKS, Break, Place, resign, sign};
use super::links::{Link, Links, Stage, relink};
use super::pieces::PIECES;
use super::stock::Stock;
use crate::dice::Dice;
use ledger_core::certificate::Certificate;
use ledger_core::codec::List;
use ledger_core::event::{Action, ContractEvent, Event};
use ledger_core::fixture::{CODES, code, subject};
use ledger_core::names::{BlockHash, Commitment, Height};

/// Whose keys the forger holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// Nobody's.
    None,
    /// Those of some nodes, that together have no more than two thirds of the votes; node 1 is one of them.
    Some,
    /// Everybody's.
    All,
}

/// What he made.
pub(super) struct Made {
    pub(super) keys: Keys,
    pub(super) links: Links,
    /// What he did, in words.
    pub(super) broken: Vec<String>,
    /// Whether it breaks a rule for certain, whoever signed it.
    pub(super) lawless: bool,
}

/// A kind of forgery.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) weight: usize,
    pub(super) make: fn(&mut Dice, &Stock) -> Made,
}

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "all keys: another history", weight: 3, make: another_history },
    Kind { name: "all keys: one rule broken", weight: 20, make: |dice, stock| broken(dice, stock, Keys::All, 1) },
    Kind { name: "all keys: two rules broken", weight: 16, make: |dice, stock| broken(dice, stock, Keys::All, 2) },
    Kind { name: "all keys: lawful up to pieces of others", weight: 6, make: signed_pieces },
    Kind { name: "some keys: an event replaced", weight: 5, make: |dice, stock| replaced(dice, stock, Keys::Some) },
    Kind { name: "some keys: one rule broken", weight: 6, make: |dice, stock| broken(dice, stock, Keys::Some, 1) },
    Kind { name: "some keys: two rules broken", weight: 4, make: |dice, stock| broken(dice, stock, Keys::Some, 2) },
    Kind { name: "some keys: strangers voted in", weight: 5, make: |dice, stock| coup(dice, stock, Keys::Some) },
    Kind { name: "no keys: an event replaced", weight: 4, make: |dice, stock| replaced(dice, stock, Keys::None) },
    Kind { name: "no keys: one rule broken", weight: 4, make: |dice, stock| broken(dice, stock, Keys::None, 1) },
    Kind { name: "no keys: strangers voted in", weight: 5, make: |dice, stock| coup(dice, stock, Keys::None) },
    Kind { name: "no keys: one piece", weight: 16, make: |dice, stock| pieces(dice, stock, 1) },
    Kind { name: "no keys: two pieces", weight: 20, make: |dice, stock| pieces(dice, stock, 2) },
    Kind { name: "no keys: three pieces", weight: 6, make: |dice, stock| pieces(dice, stock, 3) },
    Kind { name: "no keys: as it was", weight: 6, make: |dice, stock| pieces(dice, stock, 0) },
];

/// Where he begins: any history that was signed.
fn begin(dice: &mut Dice, stock: &Stock) -> Links {
    if dice.one_in(2) { stock.trunk.clone() } else { dice.pick(&stock.forks).clone() }
}

fn another_history(dice: &mut Dice, stock: &Stock) -> Made {
    Made { keys: Keys::All, links: dice.pick(&stock.forks).clone(), broken: Vec::new(), lawless: false }
}

/// Who signed a block, in the history that a forgery begins with.
fn voters(links: &[Link], height: u64) -> Vec<u32> {
    links[height as usize - 1].certificate.signatures.iter().map(|signature| signature.node.0).collect()
}

/// The certificate that the forger can have for a block in the place of another.
fn certificate(
    dice: &mut Dice,
    stock: &Stock,
    was: &[Link],
    keys: Keys,
    (height, block): (u64, BlockHash),
) -> Certificate {
    let chain = stock.genesis.chain_id();
    let own = &was[height as usize - 1].certificate;
    let voters = voters(was, height);
    match keys {
        Keys::All => sign(&chain, Height(height), block, &voters),
        Keys::Some if voters.len() > 1 => {
            let some = 1 + dice.of(0..(voters.len() * 2 / 3));
            sign(&chain, Height(height), block, &voters[..some])
        }
        Keys::None | Keys::Some => match dice.of(0..3) {
            // The old signatures under the new name; the old certificate as it was; nobody's signature.
            0 => Certificate { block, ..own.clone() },
            1 => own.clone(),
            _ => Certificate { height: Height(height), block, signatures: List::default(), ..own.clone() },
        },
    }
}

/// Rules broken at random heights; all above is linked anew.
fn broken(dice: &mut Dice, stock: &Stock, keys: Keys, count: usize) -> Made {
    let was = begin(dice, stock);
    let breaks: Vec<(u64, &Break)> =
        (0..count).map(|_| (1 + dice.of(0..was.len()) as u64, dice.pick(BREAKS))).collect();
    let from = breaks.iter().map(|(height, _)| *height).min().unwrap_or(1);
    let mut links = was.clone();
    let chain = stock.genesis.chain_id();
    // Two sources of choices, since both closures draw.
    let (mut here, mut there) = (Dice::new(dice.next()), Dice::new(dice.next()));
    let mut alter = |height: u64, stage: Stage<'_>| {
        let (place, mut stage) = (Place { chain, height }, stage);
        for (_, rule) in breaks.iter().filter(|(at, _)| *at == height) {
            rule.at(&mut here, &place, &mut stage);
        }
    };
    let mut sign = |height, block| certificate(&mut there, stock, &was, keys, (height, block));
    relink(&stock.genesis, &mut links, from, &mut alter, &mut sign);
    let broken = breaks.iter().map(|(height, rule)| format!("{} at {height}", rule.name)).collect();
    let lawless = links != was;
    Made { keys, links, broken, lawless }
}

/// An event replaced by another, its submission signed anew by who holds the key; all above is linked anew. What
/// states and control state follow is not computed: a forger without a quorum has no use for it.
fn replaced(dice: &mut Dice, stock: &Stock, keys: Keys) -> Made {
    let was = begin(dice, stock);
    let mut links = was.clone();
    let from = 1 + dice.of(0..was.len()) as u64;
    let chain = stock.genesis.chain_id();
    let number = dice.next();
    let mut alter = |height: u64, stage: Stage<'_>| {
        if let (true, Stage::Body(body)) = (height == from, stage)
            && let Some(submission) = body.submissions.iter_mut().next()
        {
            let event = ContractEvent {
                version: ledger_core::record::Version::V1.into(),
                subject: subject(number),
                commitment: Commitment([7; 32]),
                action: Action::New { keeper: code(CODES[0]) },
            };
            let mut events = submission.events.clone().into_vec();
            events[0] = Event::Contract(event);
            submission.events = List::new(events).unwrap();
            if keys != Keys::None {
                resign(&chain, submission);
            }
        }
    };
    let mut there = Dice::new(number);
    let mut sign = |height, block| certificate(&mut there, stock, &was, keys, (height, block));
    relink(&stock.genesis, &mut links, from, &mut alter, &mut sign);
    Made { keys, links, broken: vec![format!("event of block {from}")], lawless: false }
}

/// Strangers get the votes by approvals that nobody gave, or that those gave whose keys he holds, and sign all
/// above, as they lawfully would.
fn coup(dice: &mut Dice, stock: &Stock, keys: Keys) -> Made {
    let was = &stock.coup;
    let mut links = was.clone();
    let (chain, from) = (stock.genesis.chain_id(), stock.taken_at);
    let mut here = Dice::new(dice.next());
    // Where one member is all there is, his own approval would be a lawful one.
    let forge_all = keys == Keys::None || voters(was, from).len() == 1 || dice.one_in(2);
    let mut alter = |height: u64, stage: Stage<'_>| {
        if let (true, Stage::Body(body)) = (height == from, stage) {
            for submission in body.submissions.iter_mut() {
                let mut events = submission.events.clone().into_vec();
                for event in &mut events {
                    if let Event::Approve(approve) = event
                        && (forge_all || approve.member != code(CODES[0]))
                    {
                        here.flip(&mut approve.signature.0, 0..64);
                    }
                }
                submission.events = List::new(events).unwrap();
                if keys != Keys::None {
                    resign(&chain, submission);
                }
            }
        }
    };
    let mut there = Dice::new(dice.next());
    let mut sign = |height: u64, block| {
        if height > from {
            sign(&chain, Height(height), block, &stock.strangers)
        } else {
            certificate(&mut there, stock, was, keys, (height, block))
        }
    };
    relink(&stock.genesis, &mut links, from, &mut alter, &mut sign);
    Made { keys, links, broken: vec![format!("approvals in block {from}")], lawless: false }
}

/// Edits without a key, the later ones at or beside the height of the first.
fn pieces(dice: &mut Dice, stock: &Stock, count: usize) -> Made {
    let mut links = begin(dice, stock);
    let centre = dice.of(0..links.len());
    let broken = edit(dice, stock, &mut links, centre, count);
    Made { keys: Keys::None, links, broken, lawless: false }
}

fn edit(dice: &mut Dice, stock: &Stock, links: &mut Links, centre: usize, count: usize) -> Vec<String> {
    let mut done = Vec::new();
    for _ in 0..count {
        let (name, piece) = dice.pick(PIECES);
        // The first named height stays within every history of the stock.
        let at = (centre + dice.of(0..3)).saturating_sub(1).min(links.len().min(stock.trunk.len()) - 1);
        piece(dice, stock, links, at);
        done.push(format!("{name} at {}", at + 1));
    }
    done
}

/// Pieces put together without a key, and then everything from there on linked and signed by everybody.
fn signed_pieces(dice: &mut Dice, stock: &Stock) -> Made {
    let was = begin(dice, stock);
    let mut links = was.clone();
    let centre = dice.of(0..links.len());
    let broken = edit(dice, stock, &mut links, centre, 1);
    links.truncate(was.len());
    let from = centre.max(1) as u64;
    let chain = stock.genesis.chain_id();
    let mut sign = |height: u64, block| sign(&chain, Height(height), block, &voters(&was, height));
    relink(&stock.genesis, &mut links, from, &mut |_, _| (), &mut sign);
    Made { keys: Keys::All, links, broken, lawless: false }
}
