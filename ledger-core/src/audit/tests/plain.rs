//! A second auditor, plain and slow: block by block from the page (format.md §11, §15, §16), without batches,
//! threads, or anything of [`chain`](crate::chain). The fast one has to say the same, always.

use super::*;
use crate::block::{Block, body_hash};
use crate::codec;
use crate::contract::Roles;
use crate::contract::{State, step};
use crate::event::{Event, Seal};
use crate::genesis::Genesis;
use crate::governance::Control;
use crate::governance::{self, Motion, Moved, Turn};
use crate::map::{MapKey, root_of};
use crate::membership::{Membership, Purpose};
use crate::merkle::{Frontier, LogIndex};
use crate::names::{BlockHash, PROTOCOL, Timestamp};
use crate::outcome::Outcome;
use std::collections::BTreeMap;

/// Verdict, height, the first height that does not hold or cannot be read, and what is signed.
pub(super) type Heights = (Verdict, Option<u64>, Option<u64>, Option<u64>);

/// Where the plain auditor stands.
struct Stand {
    height: u64,
    hash: BlockHash,
    time: Timestamp,
    control: Control,
    signers: Membership,
    membership: Membership,
    frontier: Frontier,
    seals: Vec<Seal>,
    map: Option<BTreeMap<MapKey, State>>,
}

/// What is said of a source: by `kept` blocks, of which the first is the auditor's own.
pub(super) fn audit(
    genesis: &Genesis,
    start: &Start,
    blocks: &mut impl Blocks,
    kept: [Option<(Height, BlockHash)>; 2],
) -> Heights {
    let first = start.foot.height().0;
    let altered = |at: u64, signed: Option<u64>| {
        let height = (at > first).then(|| at - 1);
        (Verdict::Altered, height, Some(at), signed.filter(|signed| *signed > 0 && Some(*signed) <= height))
    };
    // With a fault at a height, what is signed lies two below.
    let fault = |at: u64| altered(at, at.checked_sub(2).filter(|signed| *signed >= first));
    let Ok(tip) = start.foot.tip(genesis) else { return fault(first) };
    let given = start.states.as_ref().map(|states| states.iter().copied().collect::<BTreeMap<_, _>>());
    let is_empty = start.foot.below.is_none() && genesis.predecessor.is_none();
    let map = given.or_else(|| is_empty.then(BTreeMap::new));
    if map.as_ref().is_some_and(|map| root(map) != tip.map_root()) {
        return fault(first);
    }
    let mut proved = start.foot.below.is_none();
    let mut at = Stand {
        height: first,
        hash: tip.hash(),
        time: tip.time(),
        control: tip.control().clone(),
        signers: (**tip.signers()).clone(),
        membership: (**tip.membership()).clone(),
        frontier: tip.frontier().clone(),
        seals: if first == 0 { genesis.seals() } else { vec![Seal { height: Height(first), block: tip.hash() }] },
        map,
    };
    let last = loop {
        for (by, kept) in kept.iter().enumerate() {
            match kept {
                Some((height, hash)) if height.0 == at.height && *hash != at.hash => return fault(at.height),
                Some((height, _)) if height.0 == at.height => proved |= by == 0,
                Some(_) | None => {}
            }
        }
        let below = at.height.checked_sub(1).filter(|signed| *signed > 0 && at.height > first && *signed >= first);
        if at.control.protocol > PROTOCOL {
            return (Verdict::Undecided, Some(at.height), Some(at.height + 1), below);
        }
        match blocks.next() {
            Next::Block(bytes) => match climb(at, &bytes, genesis) {
                Ok(above) => at = above,
                Err(height) => return fault(height),
            },
            Next::Last(last) => break (last, below),
        }
    };
    let (mut signed, has_block, mut ended) = (last.1, at.height > first, None);
    match &last.0 {
        Last::Cut => {}
        Last::Unreadable(_) => ended = Some(at.height + 1),
        Last::Certificate { certificate, behind } => {
            let (height, block) = (certificate.height, certificate.block);
            let by = |membership: &Membership| certificate.verify(&tip.chain(), membership, height, block).is_ok();
            if height.0 > at.height && by(&at.membership) {
                return altered(at.height + 1, signed);
            }
            if has_block {
                if (height.0, block) != (at.height, at.hash) || !by(&at.signers) {
                    return fault(at.height);
                }
                signed = Some(at.height);
                ended = behind.as_ref().map(|_| at.height + 1);
            }
        }
    }
    if kept.iter().flatten().any(|(height, _)| height.0 > at.height) {
        return altered(at.height + 1, signed);
    }
    let outsiders = !at.signers.trust().asks_for_nothing();
    let holds = has_block && signed == Some(at.height) && ended.is_none() && proved && !outsiders;
    (if holds { Verdict::Holds } else { Verdict::Undecided }, Some(at.height), ended, signed)
}

fn root(map: &BTreeMap<MapKey, State>) -> crate::names::MapRoot {
    root_of(&map.iter().map(|(key, state)| (*key, *state)).collect::<Vec<_>>())
}

/// One block; the height that does not hold.
fn climb(at: Stand, bytes: &[u8], genesis: &Genesis) -> Result<Stand, u64> {
    let Stand { height: below, hash, time, mut control, signers, membership, mut frontier, seals, mut map } = at;
    let (here, chain) = (below + 1, genesis.chain_id());
    let need = |holds: bool| if holds { Ok(()) } else { Err(here) };
    let Block { header, body } = codec::decode(bytes).map_err(|_| here)?;
    let carried = body.parent_certificate.as_ref();
    let is_valid = |of: BlockHash| carried.is_some_and(|c| c.verify(&chain, &signers, Height(below), of).is_ok());
    if below > 0 && carried.is_some_and(|carried| carried.block != hash && is_valid(carried.block)) {
        return Err(below);
    }
    // Step 1.
    need((header.chain, header.protocol, header.suite) == (chain, control.protocol, genesis.suite))?;
    need((header.height.0, header.parent) == (here, hash) && header.time >= time)?;
    let leaves: Vec<_> = body.submissions.iter().map(|submission| submission.leaf_hashes()).collect();
    let events = leaves.iter().map(Vec::len).sum::<usize>();
    let parameters = membership.parameters();
    need(bytes.len() <= parameters.block_bytes as usize && events <= parameters.block_events as usize)?;
    let frames: Vec<_> = body.submissions.iter().zip(&leaves).map(|(one, leaves)| one.frame(leaves)).collect();
    let signed = frames.iter().zip(body.submissions.iter().map(|one| &one.signature));
    need(header.body == body_hash(header.suite, &body.parent_certificate, signed))?;
    // Step 2.
    need(if below == 0 { carried.is_none() } else { is_valid(hash) })?;
    let (roles, mut turns) = (Roles::of(&membership), Vec::new());
    // Step 4: first the seals, so that the events' indices are known.
    seals.iter().for_each(|seal| frontier.push(seal.leaf_hash()));
    for ((one, frame), leaves) in body.submissions.iter().zip(&frames).zip(&leaves) {
        // Step 3.
        need(!one.events.is_empty() && one.events.len() <= parameters.submission_events as usize)?;
        let (member, node) = membership.node(one.stream).ok_or(here)?;
        need(one.sequence == control.last_sequence(one.stream).next())?;
        control.advance(one.stream, one.sequence).map_err(|_| here)?;
        let key = node.key(Purpose::Submission).ok_or(here)?;
        need(key.verify(&frame.message(&chain), &one.signature).is_ok())?;
        // Step 5: fold and governance.
        let moved = |motion| Turn::Moves(Moved { stream: one.stream, by: member.code, motion });
        for (event, leaf) in one.events.iter().zip(leaves) {
            let index = LogIndex(frontier.size().0);
            frontier.push(*leaf);
            match event {
                Event::Contract(event) => {
                    let (Some(map), key) = (&mut map, MapKey::of(&event.subject)) else { continue };
                    let after = step(map.get(&key), roles.actor(member.code), &event.action, leaf, index).state;
                    after.into_iter().for_each(|state| _ = map.insert(key, state));
                }
                Event::Propose(event) => turns.push(moved(Motion::Propose(event))),
                Event::Approve(event) => turns.push(moved(Motion::Approve(event))),
                Event::Evidence(_) | Event::Anchor(_) => {}
            }
        }
    }
    let (_, next) = governance::fold::<Outcome>(&mut control, &chain, Height(here), &membership, turns);
    let next = next.unwrap_or_else(|| membership.clone());
    need((header.log_size, header.log_root) == (frontier.size(), frontier.root()))?;
    need((header.control, header.next_membership) == (control.hash(), next.hash()))?;
    need(map.as_ref().is_none_or(|map| root(map) == header.map_root))?;
    let seals = vec![Seal { height: Height(here), block: header.hash() }];
    let (hash, time) = (header.hash(), header.time);
    Ok(Stand { height: here, hash, time, control, signers: membership, membership: next, frontier, seals, map })
}
