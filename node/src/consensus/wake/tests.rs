use super::*;
use crate::consensus::context::Address;
use crate::store::StoreConfig;
use arc_malachitebft_app_channel::app::types::core::{NilOrVal, Round, VoteType};
use ledger_core::certificate::{self, VoteKind};
use ledger_core::fixture::{Network, node_key};
use ledger_core::membership::Purpose;
use ledger_core::names;
use tempfile::TempDir;

/// What wakes a node of a network of four, whose chain is at its genesis.
fn wake() -> (Wake, Network, TempDir) {
    let (network, folder) = (Network::new(4), tempfile::tempdir().unwrap());
    let chain = Chain::open(folder.path(), network.genesis.clone(), StoreConfig::default()).unwrap();
    (Wake::new(&chain), network, folder)
}

/// A prevote in the name of a node, signed by another's key.
fn vote(network: &Network, voter: u32, key: u32, height: u64) -> SignedMessage<Luqi, Vote> {
    let core = certificate::Vote { height: Height(height), round: names::Round(0), block: None };
    let message = core.message(VoteKind::Prevote, &network.tip.chain());
    let signature = node_key(key, Purpose::Consensus).sign(&message);
    let vote = Vote {
        kind: VoteType::Prevote,
        height: Height(height),
        round: Round::Some(0),
        value: NilOrVal::Nil,
        voter: Address(NodeNumber(voter)),
    };
    SignedMessage::new(vote, signature)
}

#[test]
fn one_voice_begins_nothing_and_two_of_four_begin_what_both_have_reached() {
    let (wake, network, _folder) = wake();
    let ahead = wake.watch();
    for height in [1, 2, 1_000_000_000] {
        wake.vote(&vote(&network, 4, 4, height));
        assert!(!ahead.borrow().begun(Height(1)));
        assert_eq!((1..4).filter(|next| ahead.borrow().called(Height(*next))).sum::<u64>(), height % 1_000_000_000);
    }
    wake.vote(&vote(&network, 3, 3, 2));
    assert!(ahead.borrow().begun(Height(2)) && !ahead.borrow().begun(Height(3)));
    // What was said of a height below is heard later.
    wake.vote(&vote(&network, 3, 3, 1));
    assert!(ahead.borrow().begun(Height(2)) && !ahead.borrow().begun(Height(3)));
}

#[test]
fn only_what_a_validator_signed_is_a_voice() {
    let (wake, network, _folder) = wake();
    let ahead = wake.watch();
    // By another's key, and by one who has no power; of a height that is over.
    for vote in [vote(&network, 3, 4, 1), vote(&network, 2, 4, 1), vote(&network, 9, 9, 1), vote(&network, 1, 1, 0)] {
        wake.vote(&vote);
    }
    wake.voice(NodeNumber(9), Height(1));
    assert_eq!(*ahead.borrow(), Ahead::default());
    let mut changed = wake.watch();
    wake.voice(NodeNumber(2), Height(1));
    assert!(changed.has_changed().unwrap() && changed.borrow_and_update().called(Height(1)));
    // Said again, it wakes nobody again.
    wake.voice(NodeNumber(2), Height(1));
    assert!(!changed.has_changed().unwrap());
}

#[test]
fn a_certificate_begins_a_height_by_itself() {
    let (wake, ..) = wake();
    wake.begun(Height(3));
    wake.begun(Height(2));
    assert!(wake.watch().borrow().begun(Height(3)) && !wake.watch().borrow().begun(Height(4)));
}
