//! What the rungs give: the same from a proposer and from a voter, and a final block only with a
//! certificate or by descent.

use super::*;
use crate::block::Header;
use crate::certificate::{Certificate, CertificateError};
use crate::codec;
use crate::governance::Change;
use crate::map::{ContractMap, MapKey, root_of};
use crate::membership::Purpose;
use crate::merkle::LogIndex;
use crate::names::{Height, NodeNumber, Round, Timestamp};
use crate::outcome::{Outcome, Refusal};
use proptest::prelude::*;
use std::sync::Arc;

fn reread(block: &CheckedBlock) -> HashedBlock {
    HashedBlock::read(&block.block().encode()).unwrap()
}

fn header(network: &Network, height: usize) -> Header {
    codec::decode::<Block>(&network.blocks[height - 1]).unwrap().header
}

#[test]
fn what_a_proposer_assembles_a_voter_checks_to_the_same() {
    let mut network = network();
    let change = Change::SetPower(NodeNumber(2), 3);
    network.govern(change, Height(5));
    for events in [vec![], vec![new(4), new(4)], vec![fixture::event(4, Action::Dissolve)]] {
        let submissions = if events.is_empty() { vec![] } else { vec![network.submission(3, events)] };
        let made = network.checked(submissions.clone());
        let checked = check(reread(&made), &network.tip, &network.map).unwrap();
        assert_eq!(checked.block().header(), made.block().header());
        assert_eq!(checked.block().hash(), made.block().header().hash());
        assert_eq!(checked.block().byte_length(), made.block().encode().len());
        assert_eq!(checked.block().leaves(), made.block().leaves());
        assert_eq!(checked.block().body(), made.block().body());
        assert_eq!(checked.after(), made.after());
        assert_eq!(checked.traces(), made.traces());
        assert_eq!(checked.traces().len(), checked.block().leaves().len());
        assert_eq!(checked.after().map_root(), made.block().header().map_root);
        network.block(submissions);
        let entries: Vec<_> = network.map.iter().copied().collect();
        assert_eq!(root_of(&entries), checked.after().map_root());
    }
}

#[test]
fn a_proposer_whose_clock_is_behind_takes_the_parents_time() {
    let network = network();
    for (clock, time) in [(0, network.tip.time().0), (network.tip.time().0 + 7, network.tip.time().0 + 7)] {
        let parent_certificate = network.certificate.clone();
        let proposal =
            Proposal { proposer: NodeNumber(4), time: Timestamp(clock), parent_certificate, submissions: vec![] };
        let header = assemble(proposal, &network.tip, &network.map).unwrap().block().header().clone();
        assert_eq!((header.time, header.proposer), (Timestamp(time), NodeNumber(4)));
    }
}

#[test]
fn the_trace_names_the_outcome_and_the_entry_before() {
    let mut network = network();
    let events = [
        fixture::event(1, Action::Suspend),
        fixture::event(1, Action::Suspend),
        fixture::event(7, Action::Renew),
        fixture::event(8, Action::New { keeper: code("370000") }),
        fixture::event(8, Action::Amend),
        Event::Anchor(crate::event::Anchor {
            purpose: 1,
            size: crate::merkle::LogSize(0),
            root: crate::merkle::LogRoot::EMPTY,
        }),
        Event::Evidence(crate::event::Evidence { form: 1, bytes: codec::Bytes::default() }),
    ];
    let block = network.block_of(events.to_vec());
    // Entry 0 seals the genesis, 1 made contract 1; 5 is the seal of this block.
    let at = |index| Some(LogIndex(index));
    let expected = [
        (Outcome::Applied, at(1)),
        (Outcome::Refused(Refusal::NoChange), at(6)),
        (Outcome::Refused(Refusal::Unknown), None),
        (Outcome::Applied, None),
        (Outcome::Applied, at(9)),
        (Outcome::Recorded, None),
        (Outcome::Recorded, None),
    ];
    let found: Vec<_> = block.traces().iter().map(|trace| (trace.outcome, trace.previous)).collect();
    assert_eq!(found, expected);
    // What is refused as a stranger's, on a state that is there, leaves no trace in it either.
    let submission = network.submission(2, vec![fixture::event(1, Action::Resume)]);
    let block = network.block(vec![submission]);
    assert_eq!(block.traces(), [Trace { outcome: Outcome::Refused(Refusal::NotAuthorised), previous: None }]);
}

#[test]
fn the_head_tells_whether_the_membership_changed() {
    let mut network = network();
    assert!(!network.tip.changed_membership());
    network.govern(Change::SetPower(NodeNumber(2), 3), Height(4));
    assert!(network.tip.changed_membership());
    assert_ne!(network.tip.signers(), network.tip.membership());
    network.block(vec![]);
    assert!(!network.tip.changed_membership());
    assert_eq!(network.tip.signers(), network.tip.membership());
}

fn signed(checked: &CheckedBlock, nodes: &[u32]) -> Certificate {
    let keys: Vec<_> =
        nodes.iter().map(|number| (NodeNumber(*number), fixture::node_key(*number, Purpose::Consensus))).collect();
    let signers: Vec<_> = keys.iter().map(|(number, key)| (*number, key)).collect();
    let after = checked.after();
    Certificate::sign(&after.chain(), after.height(), Round(0), after.hash(), &signers)
}

#[test]
fn a_block_is_final_by_its_own_certificate_alone() {
    let network = network();
    let (checked, other) = (network.checked(vec![]), network.checked(vec![network.submission(1, vec![new(9)])]));
    let short = CertificateError::Power { found: 2, total: 4 };
    assert_eq!(checked.clone().finalize(signed(&checked, &[1, 2])).err(), Some(short));
    let (wanted, found) = (checked.block().hash(), other.block().hash());
    let another = CertificateError::Block { wanted, found };
    assert_eq!(checked.clone().finalize(signed(&other, &[1, 2, 3, 4])).err(), Some(another));
    let below = network.certificate.clone().unwrap();
    let height = CertificateError::Height { wanted: Height(3), found: Height(2) };
    assert_eq!(checked.clone().finalize(below).err(), Some(height));

    let certificate = signed(&checked, &[1, 2, 4]);
    let block = checked.clone().finalize(certificate.clone()).unwrap();
    assert_eq!(block.certificate(), Some(&certificate));
    assert_eq!((block.after(), block.block().hash()), (checked.after(), checked.block().hash()));
    assert_eq!(block.traces(), checked.traces());
    let (mut block, mut map) = (block, network.map.clone());
    // Another map stays as it is; the right one moves on once.
    let height = checked.after().height();
    let mut other = ContractMap::default();
    other.set(vec![(MapKey::of(&fixture::subject(77)), fixture::state(1))]);
    let root = other.root();
    assert_eq!((block.advance(&mut other), other.root()), (Err(OtherMap(height)), root));
    assert_eq!((block.advance(&mut map), map.root()), (Ok(()), checked.after().map_root()));
    assert_eq!((block.advance(&mut map), map.root()), (Err(OtherMap(height)), checked.after().map_root()));
}

#[test]
fn a_block_is_final_by_descent_where_its_hash_lies_on_the_chain_read_down() {
    let mut network = network();
    let (tip, map) = (network.tip.clone(), network.map.clone());
    let third = network.checked(vec![]);
    let other_third = network.checked(vec![network.submission(1, vec![new(9)])]);
    network.block(vec![]);
    network.block(vec![]);
    network.block(vec![]);
    let (chain, members) = (network.tip.chain(), &network.genesis.membership);
    let certificate = network.certificate.clone().unwrap();

    let mut descent = Descent::new(&chain, members, &header(&network, 5), &certificate).unwrap();
    assert_eq!(third.clone().finalize_by_descent(&descent).err(), Some(DescentError { height: Height(3) }));
    // Neither a header further down, nor the one that is there already, nor another one.
    for wrong in [header(&network, 3), header(&network, 5), Header { time: Timestamp(1), ..header(&network, 4) }] {
        assert_eq!(descent.down(&wrong), Err(DescentError { height: wrong.height }));
    }
    assert_eq!(descent.down(&header(&network, 4)), Ok(()));
    assert_eq!(descent.down(&header(&network, 3)), Ok(()));
    assert_eq!(descent.down(&header(&network, 2)), Ok(()));
    assert_eq!(descent.down(&header(&network, 1)), Ok(()));

    let found = other_third.finalize_by_descent(&descent);
    assert_eq!(found.err(), Some(DescentError { height: Height(3) }));
    let block = third.clone().finalize_by_descent(&descent).unwrap();
    assert_eq!((block.certificate(), block.after()), (None, third.after()));
    // The same after a way over bytes.
    let checked = check(reread(&third), &tip, &map).unwrap();
    assert!(checked.finalize_by_descent(&descent).is_ok());

    let wrong = CertificateError::Height { wanted: Height(4), found: Height(5) };
    let descent = Descent::new(&chain, members, &header(&network, 4), &certificate);
    assert_eq!(descent.map(|_| ()), Err(wrong));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Blocks are a way to write the log down: where one ends changes no state and no root.
    #[test]
    fn folding_in_any_batching_gives_the_same_states_and_map(
        events in prop::collection::vec((1_u32..4, 0_u64..5, any::<Action>()), 1..40),
        cuts in prop::collection::vec(1_usize..12, 40),
    ) {
        let network = Network::new(3);
        let submissions: Vec<_> = events
            .iter()
            .map(|(node, subject, action)| network.submission(*node, vec![fixture::event(*subject, *action)]))
            .collect();
        let actor = |at: usize| code(fixture::CODES[events[at].0 as usize - 1]);
        let deed = |at: usize| {
            let Event::Contract(event) = &submissions[at].events[0] else { panic!("no contract event") };
            folding::Deed::Contract(actor(at), event)
        };
        let leaves: Vec<_> = submissions.iter().flat_map(|submission| submission.leaf_hashes()).collect();
        let folded = |cuts: &mut dyn Iterator<Item = usize>| {
            let (mut map, mut traces, mut at) = (ContractMap::default(), Vec::new(), 0);
            while at < submissions.len() {
                let end = (at + cuts.next().unwrap()).min(submissions.len());
                let mut overlay = Overlay::over(&map);
                let first = LogIndex(at as u64 + 1);
                let (membership, deeds) = (Arc::clone(network.tip.membership()), (at..end).map(deed).collect());
                traces.extend(Folding { membership, first, deeds, leaves: &leaves[at..end] }.fold(&mut overlay));
                let changes = overlay.into_changes();
                map.set(changes);
                at = end;
            }
            let states: Vec<_> = (0..5).map(|number| map.get(&MapKey::of(&fixture::subject(number))).copied()).collect();
            (map.root(), map.len(), states, traces)
        };
        let at_once = folded(&mut std::iter::once(submissions.len()));
        prop_assert_eq!(&folded(&mut std::iter::repeat(1)), &at_once);
        prop_assert_eq!(&folded(&mut cuts.iter().copied()), &at_once);
    }
}
