use super::*;
use ledger_core::codec::List;
use ledger_core::crypto::Suite;
use ledger_core::membership::{NodeKey, Parameters};

#[test]
fn what_is_offered_comes_into_blocks_in_order_and_is_dropped_once_it_is_final() {
    let world = World::new(3, Limits::default());
    for (node, sequence) in [(2, 1), (2, 2), (3, 1), (1, 1), (2, 3)] {
        assert_eq!(world.offer(world.signed(node, sequence, 2)), Ok(Offered::Held));
    }
    assert_eq!(world.mempool.pending().borrow().events, 10);
    assert_eq!(world.filled(), [(2, 1), (3, 1), (1, 1), (2, 2), (2, 3)], "the second stream begins at height 1");
    let filled = world.mempool.fill();
    world.commit(filled[..3].to_vec());
    assert_eq!(world.filled(), [(2, 2), (2, 3)]);
    assert_eq!(world.offer(world.signed(2, 1, 2)), Ok(Offered::Final), "a replay");
    world.commit(filled[3..].to_vec());
    assert_eq!(world.filled(), []);
    assert_eq!(*world.mempool.pending().borrow(), Pending::default());
    assert_eq!(world.mempool.level(), Level::default());
}

#[test]
fn a_gap_holds_its_stream_back_and_no_other() {
    let world = World::new(3, Limits::default());
    for (node, sequence) in [(2, 1), (2, 3), (2, 4), (3, 2)] {
        world.offer(world.signed(node, sequence, 1)).unwrap();
    }
    assert_eq!(world.filled(), [(2, 1)]);
    let gaps: Vec<_> = world.mempool.gaps().iter().map(|gap| (gap.node.0, gap.from.0)).collect();
    assert_eq!(gaps, [(2, 2), (3, 1)]);
    assert_eq!(world.mempool.pending().borrow().events, 1);
    world.offer(world.signed(2, 2, 1)).unwrap();
    assert_eq!(world.filled(), [(2, 1), (2, 2), (2, 3), (2, 4)]);
    assert_eq!(world.mempool.complete(NodeNumber(2)), Sequence(4));
    assert_eq!(world.mempool.gaps().len(), 1);
    // The chain may bring what is missing here.
    world.commit(vec![world.signed(3, 1, 1)]);
    assert!(world.mempool.gaps().is_empty());
    assert!(world.filled().contains(&(3, 2)));
    let held = world.mempool.held(NodeNumber(2), Sequence(3));
    assert_eq!(held, [3, 4].map(|n| codec::encode(&world.signed(2, n, 1))));
}

#[test]
fn forged_foreign_empty_and_doubled_ones_are_refused() {
    let world = World::new(2, Limits::default());
    let good = world.signed(2, 1, 1);
    let (stream, sequence) = (good.stream, good.sequence);
    let refused = |submission| world.offer(submission).unwrap_err();
    let mut forged = good.clone();
    forged.signature.0[5] ^= 1;
    assert_eq!(refused(forged), Refused::Forged { stream, sequence });
    let mut others = world.signed(1, 1, 1);
    others.stream = stream;
    assert_eq!(refused(others), Refused::Forged { stream, sequence });
    let chain = ledger_core::crypto::ChainId([9; 32]);
    let key = node_key(2, Purpose::Submission);
    let of_another = Submission::sign(&chain, &key, stream, sequence, good.events.to_vec()).unwrap();
    assert_eq!(refused(of_another), Refused::Forged { stream, sequence });
    let empty = Submission { events: List::default(), ..good.clone() };
    assert_eq!(refused(empty), Refused::Empty { stream, sequence });
    assert_eq!(refused(world.signed(5, 1, 1)), Refused::UnknownStream(NodeNumber(5)));
    assert!(matches!(refused(world.signed(2, 1, 1_001)), Refused::TooLarge { max: 1_000, .. }));
    assert!(matches!(refused(world.signed(2, 16_385, 1)), Refused::TooFar { .. }));
    assert!(world.filled().is_empty());

    assert_eq!(world.offer(good.clone()), Ok(Offered::Held));
    assert_eq!(world.offer(good), Ok(Offered::Known));
    // Well signed, and not the first one with its number.
    assert_eq!(refused(world.signed(2, 1, 2)), Refused::Conflict { stream, sequence });
    assert_eq!(world.mempool.fill()[0].events.len(), 1);
    // Its bytes alone show that, to every node; of keys, numbers and limits another one may know more.
    assert!(Refused::Empty { stream, sequence }.is_fault());
    let views = [Refused::Forged { stream, sequence }, Refused::Conflict { stream, sequence }];
    assert!(!views.iter().any(Refused::is_fault));
}

#[test]
fn each_member_has_its_share_whatever_the_others_fill() {
    let world = World::new(4, Limits { member_bytes: 60_000, bytes: 120_000, ahead: 1_000 });
    let mut taken = Vec::new();
    for node in 1..=4 {
        let mut count = 0;
        for sequence in 1..1_000 {
            match world.offer(world.signed(node, sequence, 10)) {
                Ok(_) => count += 1,
                Err(Refused::Busy { retry_after }) => {
                    assert!(retry_after >= Duration::from_secs(1));
                    break;
                }
                Err(other) => panic!("{other}"),
            }
        }
        taken.push(count);
    }
    assert!(taken.iter().all(|count| *count == taken[0]) && taken[0] > 5, "{taken:?}");
    let level = world.mempool.level();
    assert!(level.bytes <= 120_000 && level.submissions == taken.iter().sum::<u64>());
    // What the chain takes makes room.
    world.commit(world.mempool.fill());
    assert_eq!(world.offer(world.signed(4, taken[3] + 1, 10)), Ok(Offered::Held));
}

#[test]
fn who_floods_does_not_keep_others_out_of_the_next_block() {
    let world = World::new(4, Limits::default());
    for sequence in 1..=30 {
        world.offer(world.signed(2, sequence, 1_000)).unwrap();
    }
    for node in [1, 3, 4] {
        world.offer(world.signed(node, 1, 1)).unwrap();
        world.offer(world.signed(node, 2, 1)).unwrap();
    }
    let filled = world.filled();
    for node in [1, 3, 4] {
        assert!(filled.contains(&(node, 1)) && filled.contains(&(node, 2)), "{filled:?}");
    }
    assert_eq!(filled.iter().filter(|(node, _)| *node == 2).count(), 9, "a block has 10,000 events");
    // Whoever begins, the block is one that the chain takes, and each stream goes on.
    let mut heights = 0;
    while !world.filled().is_empty() {
        world.commit(world.mempool.fill());
        heights += 1;
    }
    assert_eq!(heights, 4);
    assert_eq!(world.chain.latest().tip.control().last_sequence(NodeNumber(2)), Sequence(30));
}

#[test]
fn blocks_are_filled_to_the_byte_limit_and_hold() {
    let world = World::new(4, Limits::default());
    let small = Parameters { block_bytes: 64 << 10, ..Parameters::default() };
    world.govern(Change::SetParameters(small));
    for node in 2..=4 {
        for sequence in 1..=40 {
            world.offer(world.signed(node, sequence, 20)).unwrap();
        }
    }
    let mut sizes = Vec::new();
    while !world.filled().is_empty() {
        sizes.push(world.mempool.fill().iter().map(|one| codec::encode(one).len()).sum::<usize>());
        world.commit(world.mempool.fill());
    }
    assert!(sizes.len() > 2 && sizes[0] > 60 << 10, "{sizes:?}");
}

#[test]
fn what_the_parameters_allow_no_longer_is_dropped_with_all_behind_it_and_may_come_cut_anew() {
    let world = World::new(3, Limits::default());
    let wide = Parameters::default();
    let lowered = [
        Parameters { submission_events: 20, ..wide },
        Parameters { block_events: 20, ..wide },
        Parameters { block_bytes: 64 << 10, ..wide },
    ];
    for parameters in lowered {
        let first = world.chain.latest().tip.control().last_sequence(NodeNumber(2)).0 + 1;
        let of_three = world.chain.latest().tip.control().last_sequence(NodeNumber(3)).0 + 1;
        let events = if parameters.block_bytes == wide.block_bytes { 50 } else { 1_000 };
        world.offer(world.signed(2, first, 1)).unwrap();
        world.offer(world.signed(2, first + 1, events)).unwrap();
        world.offer(world.signed(2, first + 2, 1)).unwrap();
        // Behind a gap: what is missing may be what does not fit.
        world.offer(world.signed(3, of_three + 1, 1)).unwrap();
        world.govern(Change::SetParameters(parameters));
        assert_eq!(world.filled(), [(2, first)]);
        assert_eq!(world.mempool.pending().borrow().events, 1);
        assert_eq!(world.mempool.level().submissions, 1);
        assert!(matches!(world.offer(world.signed(2, first + 1, events)), Err(Refused::TooLarge { .. })));
        for sequence in first + 1..first + 4 {
            world.offer(world.signed(2, sequence, 7)).unwrap();
        }
        while !world.filled().is_empty() {
            world.commit(world.mempool.fill());
        }
        assert_eq!(world.chain.latest().tip.control().last_sequence(NodeNumber(2)), Sequence(first + 3));
        world.govern(Change::SetParameters(wide));
    }
}

#[test]
fn parameters_that_are_raised_drop_nothing() {
    let world = World::new(3, Limits::default());
    for (node, sequence) in [(2, 1), (2, 3), (3, 1)] {
        world.offer(world.signed(node, sequence, 5)).unwrap();
    }
    world.govern(Change::SetParameters(Parameters { submission_events: 2_000, ..Parameters::default() }));
    assert_eq!(world.mempool.level().submissions, 3);
}

#[test]
fn another_key_drops_what_was_signed_with_the_old_one() {
    let world = World::new(3, Limits::default());
    world.offer(world.signed(2, 1, 1)).unwrap();
    world.offer(world.signed(3, 1, 1)).unwrap();
    let new = node_key(77, Purpose::Submission);
    let number = |purpose| if purpose == Purpose::Submission { 77 } else { 2 };
    let key =
        |purpose| NodeKey { purpose, suite: Suite::Ed25519Sha256, key: node_key(number(purpose), purpose).public() };
    let keys = List::new(Purpose::ALL.map(key).to_vec()).unwrap();
    let (stream, sequence) = (NodeNumber(2), Sequence(1));
    let chain = world.network.tip.chain();
    let signed = || Submission::sign(&chain, &new, stream, sequence, vec![event(1, Action::Renew)]).unwrap();
    assert_eq!(world.offer(signed()), Err(Refused::Conflict { stream, sequence }));
    world.govern(Change::RotateNodeKeys(stream, keys.into()));
    assert_eq!(world.filled(), [(3, 1)]);
    assert_eq!(world.offer(signed()), Ok(Offered::Held));
    assert_eq!(world.offer(world.signed(2, 2, 1)).unwrap_err(), Refused::Forged { stream, sequence: Sequence(2) });
    world.commit(world.mempool.fill());
}

#[test]
fn a_key_that_is_proposed_is_no_forgery() {
    let world = World::new(3, Limits::default());
    let key = |purpose| NodeKey { purpose, suite: Suite::Ed25519Sha256, key: node_key(77, purpose).public() };
    let keys: List<NodeKey, 4> = List::new(Purpose::ALL.map(key).to_vec()).unwrap();
    let change = Change::RotateNodeKeys(NodeNumber(2), keys.into()).into();
    let propose = Event::Propose(Box::new(Propose { change, effective: Height(50) }));
    world.commit(vec![world.network.submission_at(1, Sequence(1), vec![propose])]);
    let (stream, sequence) = (NodeNumber(2), Sequence(1));
    let key = node_key(77, Purpose::Submission);
    let early = Submission::sign(&world.network.tip.chain(), &key, stream, sequence, vec![event(1, Action::Renew)]);
    assert_eq!(world.offer(early.unwrap()), Err(Refused::Early { stream, sequence }));
}

#[test]
fn a_million_offers_do_not_grow_memory() {
    let world = World::new(3, Limits { member_bytes: 50_000, bytes: 100_000, ahead: 100 });
    let offers: Vec<_> = [(2, 1, 1), (2, 1, 2), (2, 99, 1), (2, 200, 1), (3, 1, 1), (9, 1, 1), (2, 2, 900)]
        .into_iter()
        .map(|(node, sequence, events)| world.signed(node, sequence, events))
        .map(|submission| (codec::encode(&submission).len(), submission))
        .collect();
    for round in 0..1_000_000_usize {
        let (bytes, submission) = &offers[round % offers.len()];
        // The large one is copied less often: it takes time, and is always refused.
        if submission.events.len() < 900 || round % 1_000 == 0 {
            let _ = world.mempool.offer(submission.clone(), *bytes);
        }
    }
    assert_eq!(world.mempool.level().submissions, 3);
    assert!(world.mempool.level().bytes < 5_000);
}
