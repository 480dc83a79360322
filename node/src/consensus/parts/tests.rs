use super::*;
use ledger_core::crypto::SecretKey;
use ledger_core::fixture::{Network, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names::NodeNumber;

const BLOCK_BYTES: u32 = 1 << 20;

fn rules() -> Rules {
    let network = Network::new(4);
    Rules {
        chain: network.tip.chain(),
        tip: Height(4),
        validators: Validators::of(network.tip.membership()),
        block_bytes: BLOCK_BYTES,
    }
}

fn key(node: u32) -> SecretKey {
    node_key(node, Purpose::Consensus)
}

fn block(of: u8, length: usize) -> Vec<u8> {
    (0..length).map(|i| of ^ (i % 251) as u8).collect()
}

/// The stream of a block by the proposer of height 5, round 0, which is node 2.
fn stream(rules: &Rules, of: u8, bytes: &[u8]) -> Vec<Part> {
    let head = Parts {
        height: Height(5),
        round: Round(0),
        block: BlockHash([of; 32]),
        parts: count(bytes.len()),
        bytes: bytes.len() as u32,
        proposer: NodeNumber(2),
    };
    signed(rules, head, &key(2), bytes)
}

fn signed(rules: &Rules, head: Parts, key: &SecretKey, bytes: &[u8]) -> Vec<Part> {
    let signed = SignedParts { head, signature: key.sign(&head.message(&rules.chain)) };
    split(&signed, bytes).iter().map(|part| codec::decode(part).unwrap()).collect()
}

fn take_all(assembly: &mut Assembly, from: PeerId, parts: Vec<Part>, rules: &Rules) -> Option<Assembled> {
    let taken: Vec<_> = parts.into_iter().map(|part| assembly.take(from, part, rules).unwrap()).collect();
    taken.into_iter().flatten().next()
}

#[test]
fn a_block_comes_back_from_its_parts_in_any_order_and_with_duplicates() {
    let (rules, from) = (rules(), PeerId::random());
    for length in [1, PART - 1, PART, PART + 1, 5 * PART, BLOCK_BYTES as usize] {
        let bytes = block(1, length);
        let parts = stream(&rules, 1, &bytes);
        assert_eq!(parts.len(), count(length) as usize);
        let mut backwards = parts.clone();
        backwards.reverse();
        let twice: Vec<_> = parts.iter().flat_map(|part| [part.clone(), part.clone()]).collect();
        for order in [parts, backwards, twice] {
            let mut assembly = Assembly::default();
            let whole = take_all(&mut assembly, from, order, &rules).unwrap();
            assert_eq!(whole.bytes, bytes);
            assert_eq!(assembly.bytes(), 0);
        }
    }
}

#[test]
fn streams_of_two_publishers_are_kept_apart() {
    let rules = rules();
    let (one, two) = (PeerId::random(), PeerId::random());
    let bytes = block(1, 3 * PART);
    let mut parts = stream(&rules, 1, &bytes).into_iter();
    let mut assembly = Assembly::default();
    assert_eq!(assembly.take(one, parts.next().unwrap(), &rules), Ok(None));
    assert_eq!(take_all(&mut assembly, two, parts.collect(), &rules), None);
    assert!(take_all(&mut assembly, one, stream(&rules, 1, &bytes), &rules).is_some());
    // What comes late is dropped.
    assert!(take_all(&mut assembly, one, stream(&rules, 1, &bytes), &rules).is_none());
}

#[test]
fn only_the_rounds_proposer_opens_a_stream() {
    let (rules, from) = (rules(), PeerId::random());
    let bytes = block(1, 10);
    let Part::First { head, .. } = stream(&rules, 1, &bytes).remove(0) else { panic!("no first part") };
    let try_head = |head: Parts, by: u32| {
        let part = signed(&rules, head, &key(by), &bytes).remove(0);
        Assembly::default().take(from, part, &rules).map(|whole| whole.is_some())
    };
    assert_eq!(try_head(head, 2), Ok(true));
    assert_eq!(try_head(head, 3), Err(PartError::Proposer));
    assert_eq!(try_head(Parts { proposer: NodeNumber(4), ..head }, 4), Err(PartError::Proposer));
    assert_eq!(try_head(Parts { proposer: NodeNumber(4), round: Round(1), ..head }, 4), Ok(true));
    assert_eq!(try_head(Parts { bytes: BLOCK_BYTES + 1, ..head }, 2), Err(PartError::Length(BLOCK_BYTES + 1)));
    assert_eq!(try_head(Parts { parts: 2, ..head }, 2), Err(PartError::Length(10)));
    assert_eq!(try_head(Parts { bytes: 9, ..head }, 2), Err(PartError::Piece));
    assert_eq!(try_head(Parts { height: Height(4), ..head }, 2), Err(PartError::Height(Height(4))));
    assert_eq!(try_head(Parts { height: Height(15), ..head }, 2), Err(PartError::Height(Height(15))));
}

#[test]
fn a_stream_with_too_many_pieces_is_dropped() {
    let (rules, from) = (rules(), PeerId::random());
    let bytes = block(1, 2 * PART);
    let mut parts = stream(&rules, 1, &bytes);
    let mut assembly = Assembly::default();
    let place = (Height(5), Round(0), BlockHash([1; 32]));
    let next = |number| Part::Next {
        height: place.0,
        round: place.1,
        block: place.2,
        number,
        bytes: Bytes::new(vec![0; 9]).unwrap(),
    };
    assert_eq!(assembly.take(from, next(8), &rules), Err(PartError::Piece));
    assert_eq!(assembly.take(from, next(7), &rules), Ok(None));
    assert_eq!(assembly.take(from, parts.remove(0), &rules), Err(PartError::Piece));
}

#[test]
fn unfinished_streams_are_bounded_by_publisher_and_in_all() {
    let rules = rules();
    let mut assembly = Assembly::default();
    let room = BLOCK_BYTES as usize + PART;
    for publisher in (0..12).map(|_| PeerId::random()) {
        for of in 0..6 {
            let parts = stream(&rules, of, &block(of, BLOCK_BYTES as usize));
            // All but the last part of each.
            take_all(&mut assembly, publisher, parts[..7].to_vec(), &rules);
            assert!(total(&assembly.publishers[&publisher]) <= 2 * room);
            assert!(assembly.bytes() <= 8 * room, "{}", assembly.bytes());
        }
    }
    assembly.settle(Height(5));
    assert_eq!(assembly.bytes(), 0);
}

#[test]
fn one_stream_without_an_end_takes_no_more_than_a_block() {
    let (rules, from) = (rules(), PeerId::random());
    let place = (Height(5), Round(0), BlockHash([1; 32]));
    let mut assembly = Assembly::default();
    for number in (0..2_000).map(|turn| turn % (2 * count(BLOCK_BYTES as usize))) {
        let (height, round, block) = place;
        let bytes = Bytes::new(vec![7; PART]).unwrap();
        let taken = assembly.take(from, Part::Next { height, round, block, number, bytes }, &rules);
        let allowed = number < count(BLOCK_BYTES as usize);
        assert_eq!(taken, if allowed { Ok(None) } else { Err(PartError::Piece) });
        assert!(assembly.bytes() <= BLOCK_BYTES as usize);
    }
    assert_eq!(assembly.bytes(), BLOCK_BYTES as usize, "and what came first is kept");
}

#[test]
fn a_head_that_comes_late_is_verified_all_the_same() {
    let (rules, from) = (rules(), PeerId::random());
    let bytes = block(1, 10);
    let parts = stream(&rules, 1, &bytes);
    let Part::First { head, .. } = parts[0].clone() else { panic!("no first part") };
    let mut assembly = Assembly::default();
    assert!(take_all(&mut assembly, from, parts, &rules).is_some_and(|whole| whole.publisher == from));
    // Whoever hears a part without an error believes its head.
    let forged = signed(&rules, Parts { proposer: NodeNumber(3), ..head }, &key(2), &bytes).remove(0);
    assert_eq!(assembly.take(from, forged, &rules), Err(PartError::Proposer));
}
