//! What became of each event is told however the blocks are cut into batches.

use super::*;

#[test]
fn what_became_of_each_event_is_told_however_the_blocks_are_cut() {
    let mut network = Network::new(4);
    let mut wanted = Vec::new();
    let mut keep = |network: &Network, block: crate::chain::FinalBlock| {
        wanted.push((network.tip.height(), block.traces().to_vec()));
    };
    for height in 0..9 {
        let renewal = |number| fixture::event(number, Action::Renew);
        let new = |number| fixture::event(number, Action::New { keeper: code("370100") });
        let events = vec![new(height), renewal(height), renewal(height + 1), new(height / 2), renewal(height / 3)];
        let block = if height == 4 {
            network.govern(Change::SetPower(NodeNumber(4), 0), Height(7))
        } else {
            network.block_of(events)
        };
        keep(&network, block);
    }
    let traced = |blocks: &[Vec<u8>], batch: usize, options: &Options| {
        let mut judge = Judge::new(&network.genesis, &Start::default(), options.clone());
        blocks.chunks(batch).flat_map(|batch| judge.take_traced(batch, true)).collect::<Vec<_>>()
    };
    for (batch, options) in [(1, TIP), (2, TIP), (5, EVERY), (99, TIP), (99, EVERY)] {
        assert_eq!(traced(&network.blocks, batch, &options), wanted, "batches of {batch}, {options:?}");
        // As far as the blocks hold: a byte of the last signature, and a whole signature.
        let mut altered = network.blocks.clone();
        let end = altered[6].len() - 1;
        altered[6][end] ^= 1;
        assert_eq!(traced(&altered, batch, &options), wanted[..6], "batches of {batch}, {options:?}");
        let body = |height, body: &mut crate::block::Body| {
            if height == 4 {
                forger::edit(body, |list| list[0].signature = crate::crypto::Signature([0; 64]));
            }
        };
        let (spoilt, _) = Forgery { body: &body, signed: true, ..Forgery::default() }.of(&network);
        assert_eq!(traced(&spoilt, batch, &options), wanted[..3], "batches of {batch}, {options:?}");
    }
}

/// A chain of more blocks than are held at once is read to its end, and only a batch of it at a time.
#[test]
fn a_chain_of_several_batches_is_judged_to_its_end_and_read_one_at_a_time() {
    struct Counted<'a>(Given<'a>, &'a std::cell::Cell<usize>);
    impl Blocks for Counted<'_> {
        fn next(&mut self) -> Next {
            self.1.set(self.1.get() + 1);
            self.0.next()
        }
    }
    let mut network = Network::new(1);
    let blocks = 2 * super::judge::BATCH_BLOCKS as u64 + 1;
    (0..blocks).for_each(|_| drop(network.block(vec![])));
    let end = || ends_with(network.certificate.as_ref());
    let mut given = Given::new(&network.blocks, end());
    let judged = super::judge(&network.genesis, &Start::default(), &mut given, TIP, &mut Unwatched);
    let report = Report::of(&judged);
    assert_eq!(heights(&report), (Verdict::Holds, Some(blocks), None, Some(blocks)));

    let read = std::cell::Cell::new(0);
    let mut counted = Counted(Given::new(&network.blocks, end()), &read);
    let (batch, last) = super::judge::read(&mut counted);
    assert!(batch.len() == super::judge::BATCH_BLOCKS && last.is_none());
    assert_eq!(read.get(), super::judge::BATCH_BLOCKS);
}
