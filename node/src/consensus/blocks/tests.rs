use super::super::parts::{Assembly, Part, Rules};
use super::*;
use crate::network::PeerId;
use crate::store::StoreConfig;
use ledger_core::chain::{Commitment, Proposal};
use ledger_core::codec;
use ledger_core::fixture::{self, Network, event, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names::{PROTOCOL, Timestamp};
use tempfile::TempDir;

/// The proposer of height 1 in round 0.
const FIRST: u32 = 1;
/// The proposer of height 1 in round 1, and of height 2 in round 0.
const SECOND: u32 = 4;
/// The proposer of neither.
const OTHER: u32 = 2;

struct Place {
    network: Network,
    blocks: Blocks,
    folder: TempDir,
}

fn blocks(folder: &TempDir, network: &Network, node: u32) -> Blocks {
    let home = folder.path().join(node.to_string());
    let chain = Chain::open(&home.join("ledger"), network.genesis.clone(), StoreConfig::default()).unwrap();
    let undecided = UndecidedStore::open(&home.join("undecided")).unwrap();
    let mempool = Mempool::new(chain.clone());
    let key = node_key(node, Purpose::Consensus);
    let known = KnownProtocols::new(NodeNumber(node), PROTOCOL);
    Blocks::new(chain, mempool, NodeNumber(node), key, undecided, Arc::default(), known)
}

fn place(node: u32) -> Place {
    let (network, folder) = (Network::new(4), tempfile::tempdir().unwrap());
    Place { blocks: blocks(&folder, &network, node), network, folder }
}

/// A block of the next height by a proposer, at a time after the tip's.
fn block(network: &Network, proposer: u32, after: u64) -> CheckedBlock {
    let new = event(1, ledger_core::event::Action::New { keeper: fixture::code("370000") });
    let proposal = Proposal {
        proposer: NodeNumber(proposer),
        time: Timestamp(network.tip.time().0 + after),
        parent_certificate: network.certificate.clone(),
        submissions: vec![network.submission(1, vec![new])],
    };
    ledger_core::chain::assemble(proposal, &network.tip, &network.map).unwrap()
}

fn assembled(network: &Network, block: &HashedBlock, bytes: Vec<u8>, round: u32, proposer: u32) -> Assembled {
    let head = Parts {
        height: block.header().height,
        round: Round(round),
        block: block.hash(),
        parts: parts::count(bytes.len()),
        bytes: bytes.len() as u32,
        proposer: NodeNumber(proposer),
    };
    let signature = node_key(proposer, Purpose::Consensus).sign(&head.message(&network.tip.chain()));
    Assembled { publisher: PeerId::random(), signed: SignedParts { head, signature }, bytes }
}

fn take_in(place: &Place, checked: &CheckedBlock, round: u32, proposer: u32) -> Verdict {
    let block = checked.block();
    let whole = assembled(&place.network, block, block.encode(), round, proposer);
    assert_eq!(place.blocks.take_in(&whole).unwrap(), TakenIn::Kept(block.hash()));
    place.blocks.judge(block.header().height, block.hash())
}

#[test]
fn what_one_makes_the_others_take_in_and_find_valid() {
    let (one, two) = (place(OTHER), place(FIRST));
    let (made, parts) = two.blocks.make(Height(1), Round(0)).unwrap().unwrap();
    let rules = Rules {
        chain: one.network.tip.chain(),
        tip: Height(0),
        validators: Validators::of(one.network.tip.membership()),
        block_bytes: 4 << 20,
    };
    let mut assembly = Assembly::default();
    let part = |bytes: &bytes::Bytes| codec::decode::<Part>(bytes).unwrap();
    let whole = parts.iter().filter_map(|bytes| assembly.take(PeerId::random(), part(bytes), &rules).unwrap()).next();
    assert_eq!(one.blocks.take_in(&whole.unwrap()).unwrap(), TakenIn::Kept(made));
    assert_eq!(one.blocks.judge(Height(1), made), Verdict::Valid);
    assert!(one.blocks.has(Height(1), made));
    // Asked again, and after a restart, it is the same block for this round, and another for the next.
    assert_eq!(two.blocks.make(Height(1), Round(0)).unwrap().unwrap(), (made, parts.clone()));
    let Place { network, blocks: before, folder } = two;
    drop(before);
    let again = blocks(&folder, &network, FIRST);
    assert_eq!(again.make(Height(1), Round(0)).unwrap().unwrap(), (made, parts.clone()));
    assert_eq!(again.judge(Height(1), made), Verdict::Valid);
    assert_eq!(again.make(Height(2), Round(0)).unwrap(), None);
    // Anybody sends it again as it was signed, its proposer under the round in which he proposes it.
    assert_eq!(one.blocks.again(Height(1), Round(4), made, NodeNumber(FIRST)), parts);
    let later = again.again(Height(1), Round(4), made, NodeNumber(FIRST));
    assert!(matches!(part(&later[0]), Part::First { head, .. } if head.round == Round(4)));
}

#[test]
fn a_block_that_was_not_announced_is_dropped() {
    let place = place(3);
    let checked = block(&place.network, FIRST, 0);
    let good = checked.block();
    let other = block(&place.network, FIRST, 5);
    let whole = |bytes: Vec<u8>| assembled(&place.network, good, bytes, 0, FIRST);
    // Another block; nothing; a header of this block over the body of none.
    let mut hollow = good.encode();
    hollow.truncate(255);
    hollow.extend(codec::encode(&ledger_core::block::Body::default()));
    assert_eq!(HashedBlock::read(&hollow).unwrap().hash(), good.hash());
    for bytes in [other.block().encode(), Vec::new(), hollow] {
        assert_eq!(place.blocks.take_in(&whole(bytes)).unwrap(), TakenIn::Another);
        assert!(!place.blocks.has(Height(1), good.hash()));
    }
    // And does not stand in the way of the right one.
    assert_eq!(take_in(&place, &checked, 0, FIRST), Verdict::Valid);
}

#[test]
fn a_block_is_judged_by_the_ladder_the_turn_and_the_clock() {
    let mut place = place(3);
    assert_eq!(place.blocks.judge(Height(1), BlockHash([1; 32])), Verdict::NotYet);
    // Proposed in round 0, in round 1, and the first one's again in round 1.
    assert_eq!(take_in(&place, &block(&place.network, FIRST, 0), 0, FIRST), Verdict::Valid);
    assert_eq!(take_in(&place, &block(&place.network, SECOND, 1), 1, SECOND), Verdict::Valid);
    assert_eq!(take_in(&place, &block(&place.network, FIRST, 2), 1, SECOND), Verdict::Valid);
    let other = Verdict::Invalid(Unfit::Proposer(NodeNumber(OTHER)));
    assert_eq!(take_in(&place, &block(&place.network, OTHER, 3), 0, FIRST), other);
    // Too early is not invalid, and is valid once its time has come.
    let ahead = now().0 - place.network.tip.time().0;
    assert_eq!(take_in(&place, &block(&place.network, FIRST, ahead + 3_600_000), 0, FIRST), Verdict::NotYet);
    assert_eq!(take_in(&place, &block(&place.network, FIRST, ahead), 0, FIRST), Verdict::Valid);
    // A block of the height after the next one waits for it.
    let first = place.network.block(Vec::new());
    let second = block(&place.network, SECOND, 0);
    assert_eq!(take_in(&place, &second, 0, SECOND), Verdict::NotYet);
    place.blocks.answered(Height(1), &first.block().encode()).unwrap();
    place.blocks.commit(first.certificate().unwrap().clone()).unwrap();
    assert_eq!(place.blocks.judge(Height(2), second.block().hash()), Verdict::Valid);
    assert_eq!(place.blocks.kept(Height(2)).len(), 1);
}

#[test]
fn a_block_that_does_not_follow_is_voted_against_and_never_committed() {
    let place = place(3);
    let mut wrong = block(&place.network, FIRST, 0).block().clone().into_block();
    wrong.header.map_root.0[0] ^= 1;
    let bytes = codec::encode(&wrong);
    let hashed = HashedBlock::read(&bytes).unwrap();
    let whole = assembled(&place.network, &hashed, bytes.clone(), 0, FIRST);
    assert_eq!(place.blocks.take_in(&whole).unwrap(), TakenIn::Kept(hashed.hash()));
    let fault = Fault::Commitment(Commitment::Map);
    assert_eq!(place.blocks.judge(Height(1), hashed.hash()), Verdict::Invalid(fault.clone().into()));
    assert_eq!(place.blocks.answered(Height(1), &bytes).unwrap(), Answered::Invalid(hashed.hash(), fault.clone()));
    let keys: Vec<_> = (1..=4).map(|node| (NodeNumber(node), node_key(node, Purpose::Consensus))).collect();
    let signers: Vec<_> = keys.iter().map(|(node, key)| (*node, key)).collect();
    let all = Certificate::sign(&place.network.tip.chain(), Height(1), Round(0), hashed.hash(), &signers);
    let error = place.blocks.commit(all).unwrap_err();
    assert!(
        matches!(&error, ConsensusError::Diverged { height: Height(1), fault: found } if *found == fault),
        "{error}"
    );
    assert_eq!(place.blocks.chain.latest().tip.height(), Height(0));
}

#[test]
fn a_decision_without_its_block_says_so() {
    let mut place = place(3);
    let block = place.network.block(Vec::new());
    let certificate = block.certificate().unwrap().clone();
    let error = place.blocks.commit(certificate.clone()).unwrap_err();
    assert!(matches!(error, ConsensusError::Missing { height: Height(1), .. }), "{error}");
    let bytes = block.block().encode();
    assert_eq!(place.blocks.answered(Height(1), &bytes).unwrap(), Answered::Valid(block.block().hash()));
    assert!(!place.blocks.commit(certificate.clone()).unwrap().with_events);
    // Once more changes nothing.
    assert_eq!(place.blocks.commit(certificate).unwrap().header, *block.block().header());
    assert_eq!(place.blocks.answered(Height(1), &bytes).unwrap(), Answered::NotNow);
    assert_eq!(place.blocks.answered(Height(2), &bytes).unwrap(), Answered::Garbage);
    assert_eq!(place.blocks.answered(Height(2), b"block").unwrap(), Answered::Garbage);
}

#[test]
fn decided_blocks_are_given_out_with_their_certificates() {
    let mut place = place(3);
    assert!(place.blocks.decided(Height(1), Height(5)).unwrap().is_empty());
    for height in 1..=4 {
        let block = place.network.block(Vec::new());
        place.blocks.answered(Height(height), &block.block().encode()).unwrap();
        place.blocks.commit(block.certificate().unwrap().clone()).unwrap();
    }
    for (from, to, heights) in [(1, 9, 1..=4), (0, 2, 1..=2), (3, 3, 3..=3), (4, 4, 4..=4)] {
        let found = place.blocks.decided(Height(from), Height(to)).unwrap();
        let found: Vec<_> = found.iter().map(|(bytes, of)| (bytes.clone(), of.height.0, of.block)).collect();
        let wanted = heights.map(|height| {
            let bytes = place.network.blocks[height as usize - 1].clone();
            let hash = HashedBlock::read(&bytes).unwrap().hash();
            (bytes, height, hash)
        });
        assert_eq!(found, wanted.collect::<Vec<_>>(), "{from} to {to}");
    }
    assert!(place.blocks.decided(Height(5), Height(9)).unwrap().is_empty());
}

#[test]
fn the_time_of_the_parent_always_stands_and_a_later_one_only_by_the_clock() {
    let network = Network::new(4);
    let header = block(&network, FIRST, 0).block().header().clone();
    let parameters = Parameters { clock_tolerance_ms: 5_000, ..Parameters::default() };
    let check = |time: u64, parent: u64, now: u64| {
        let header = Header { time: Timestamp(time), ..header.clone() };
        in_time(&header, Timestamp(parent), Timestamp(now), &parameters).is_ok()
    };
    assert!(check(3_600_000, 3_600_000, 0), "the clocks were an hour ahead, and were set right");
    assert!(!check(3_600_001, 3_600_000, 0), "nobody moves it further");
    assert!(check(15_000, 9_000, 10_000) && !check(15_001, 9_000, 10_000));
}
