//! Feet that are almost the true one: bytes over it. Whatever bears stands on a membership that this chain had;
//! and where the block below is one that its validators signed, it is the block that they signed.
#![no_main]

use ledger_core::archive::Foot;
use ledger_core::codec::{decode, encode};
use ledger_core::event::Action;
use ledger_core::fixture::{Network, event};
use ledger_core::governance::Change;
use ledger_core::names::{Height, NodeNumber};
use std::sync::LazyLock;

/// A chain in which one of four loses its vote, and the foot of what lies above.
static CHAIN: LazyLock<(Network, Foot)> = LazyLock::new(|| {
    let mut network = Network::new(4);
    let keeper = "370000".parse().expect("a code");
    network.block_of(vec![event(1, Action::New { keeper })]);
    network.govern(Change::SetPower(NodeNumber(4), 0), Height(3));
    network.block_of(vec![event(2, Action::New { keeper })]);
    network.block_of(vec![event(1, Action::Renew)]);
    let foot = network.foot();
    (network, foot)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = decode::<Foot>(data) {
        assert_eq!(encode(&value), data);
        check(&value);
    }
    let [high, low, patch @ ..] = data else { return };
    let mut bytes = encode(&CHAIN.1);
    let from = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
    bytes.iter_mut().skip(from).zip(patch).for_each(|(to, from)| *to = *from);
    if let Ok(value) = decode::<Foot>(&bytes) {
        check(&value);
    }
});

fn check(foot: &Foot) {
    let (network, good) = &*CHAIN;
    let Ok(tip) = foot.tip(&network.genesis) else { return };
    assert!([&network.genesis.membership, network.tip.membership()].contains(&&**tip.membership()));
    let certificate = network.certificate.as_ref().expect("blocks were made");
    if certificate.verify(&tip.chain(), tip.signers(), tip.height(), tip.hash()).is_ok() {
        assert_eq!(tip, network.tip);
        assert_eq!(foot.below.as_ref().map(|below| &below.header), good.below.as_ref().map(|below| &below.header));
    }
}
