use super::*;
use crate::consensus::codec::engine_certificate;
use crate::store::StoreConfig;
use bytes::Bytes;
use ledger_core::chain::FinalBlock;
use ledger_core::fixture::Network;
use tempfile::TempDir;

struct World {
    chain: Chain,
    wake: Arc<Wake>,
    answers: Answers,
    blocks: Vec<FinalBlock>,
    _folder: TempDir,
}

/// A node at the genesis of a chain that has some blocks elsewhere.
fn world() -> World {
    let (mut network, folder) = (Network::new(4), tempfile::tempdir().unwrap());
    let chain = Chain::open(folder.path(), network.genesis.clone(), StoreConfig::default()).unwrap();
    let blocks = (0..6).map(|_| network.block(Vec::new())).collect();
    let wake = Arc::new(Wake::new(&chain));
    World { answers: Answers::new(&chain, Arc::clone(&wake)), wake, chain, blocks, _folder: folder }
}

impl World {
    fn commit(&self, height: usize) {
        let block = &self.blocks[height - 1];
        let checked = self.chain.check(block.block().clone()).unwrap();
        self.chain.commit(checked, block.certificate().unwrap().clone()).unwrap();
    }

    fn value(&self, height: usize) -> RawDecidedValue<Luqi> {
        let block = &self.blocks[height - 1];
        let certificate = engine_certificate(block.certificate().unwrap());
        RawDecidedValue::new(Bytes::from(block.block().encode()), certificate)
    }

    /// What is said of an answer to a question for some heights.
    fn take(&self, peer: PeerId, asked: (u64, u64), values: Vec<RawDecidedValue<Luqi>>) -> Result<(), Lie> {
        let at = |height| At(Height(height));
        let response = Response::ValueResponse(ValueResponse::new(at(asked.0), values));
        self.answers.take(peer, &(at(asked.0)..=at(asked.1)), &response)
    }
}

fn forge(mut value: RawDecidedValue<Luqi>) -> RawDecidedValue<Luqi> {
    value.certificate.commit_signatures[2].signature.0[3] ^= 1;
    value
}

#[test]
fn an_answer_that_holds_wakes_and_is_remembered() {
    let world = world();
    world.take(PeerId::random(), (1, 5), vec![world.value(1), world.value(2)]).unwrap();
    assert!(world.wake.watch().borrow().begun(Height(1)) && !world.wake.watch().borrow().begun(Height(2)));
    let hash = |height: usize| world.blocks[height - 1].block().hash();
    assert!(world.answers.certified(Height(1), hash(1)));
    assert!(!world.answers.certified(Height(1), hash(2)) && !world.answers.certified(Height(2), hash(2)));
    world.commit(1);
    assert!(world.answers.certified(Height(2), hash(2)));
    assert!(world.answers.lies().is_empty());
    // No answer at all is no lie.
    world.take(PeerId::random(), (2, 6), Vec::new()).unwrap();
}

#[test]
fn blocks_that_are_not_those_of_their_certificates_are_a_lie_at_once() {
    let world = world();
    let mut another = world.value(3);
    another.value_bytes = world.value(4).value_bytes;
    let mut cut = world.value(3);
    cut.value_bytes.truncate(100);
    let mut named = world.value(3);
    named.certificate.value_id = BlockHash([9; 32]);
    let cases = [
        ((3, 7), vec![another], "block 3 is not the one"),
        ((3, 7), vec![cut], "block 3 is not the one"),
        ((3, 7), vec![named], "block 3 is not the one"),
        ((2, 6), vec![world.value(3)], "block 3 was not asked for"),
        ((3, 7), vec![world.value(3), world.value(3)], "block 3 was not asked for"),
        ((3, 3), vec![world.value(3), world.value(4)], "block 4 was not asked for"),
    ];
    for (asked, values, wanted) in cases {
        let lie = world.take(PeerId::random(), asked, values).unwrap_err().to_string();
        assert!(lie.starts_with(wanted), "{lie}");
    }
}

#[test]
fn a_certificate_is_judged_as_soon_as_its_height_is_next() {
    let world = world();
    let (liar, honest) = (PeerId::random(), PeerId::random());
    let lie = world.take(liar, (1, 5), vec![forge(world.value(1)), world.value(2)]).unwrap_err();
    assert!(matches!(lie, Lie::Certificate(Height(1), _)), "{lie}");
    assert!(!world.wake.watch().borrow().begun(Height(1)));
    // Nobody knows the membership of a height to come.
    world.take(liar, (1, 5), vec![world.value(1), forge(world.value(2)), forge(world.value(3))]).unwrap();
    world.take(honest, (1, 5), vec![world.value(1), world.value(2)]).unwrap();
    assert!(world.answers.lies().is_empty());
    world.commit(1);
    let lies = world.answers.lies();
    assert!(matches!(&lies[..], [(peer, Lie::Certificate(Height(2), _))] if *peer == liar), "{lies:?}");
    // Once, and whatever else he said is forgotten.
    assert!(world.answers.lies().is_empty());
    world.commit(2);
    assert!(world.answers.lies().is_empty());
}
