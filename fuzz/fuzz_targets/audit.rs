//! Any edit of a small chain: it is found, and nothing panics.
#![no_main]

use ledger_core::archive::{Last, Start};
use ledger_core::audit::{Depth, Judge, Options, Verdict, verdict};
use ledger_core::event::Action;
use ledger_core::fixture::{Network, event};
use std::sync::LazyLock;

static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let mut network = Network::new(4);
    for height in 0..4 {
        let keeper = "370000".parse().expect("a code");
        network.block_of(vec![event(height, Action::New { keeper }), event(0, Action::Renew)]);
    }
    network
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let [block, high, low, patch @ ..] = data else { return };
    let mut blocks = NETWORK.blocks.clone();
    let at = usize::from(*block) % blocks.len();
    let bytes = &mut blocks[at];
    let place = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
    let end = (place + patch.len()).min(bytes.len());
    bytes[place..end].copy_from_slice(&patch[..end - place]);
    let unaltered = blocks == NETWORK.blocks;
    let options = Options { depth: Depth::FULL, ..Options::default() };
    let mut judge = Judge::new(&NETWORK.genesis, &Start::default(), options);
    judge.take(&blocks);
    let certificate = NETWORK.certificate.clone().expect("a chain with a block");
    let judged = judge.finish(Last::Certificate { certificate, behind: None });
    assert_eq!(verdict(&judged), if unaltered { Verdict::Holds } else { Verdict::Altered });
    assert!(unaltered || judged.ended().at().map(|height| height.0) == Some(at as u64 + 1));
});
