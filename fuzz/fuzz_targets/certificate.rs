//! Certificates that are almost the true one: bytes over it, signatures taken out, repeated, put in another order.
//! Whatever verifies is made of signatures that were given, each once, and of more than two thirds.
#![no_main]

use ledger_core::certificate::{Certificate, CommitSignature};
use ledger_core::codec::{List, decode, encode};
use ledger_core::fixture::Network;
use std::sync::LazyLock;

/// A network of five, and the certificate of its first block.
static NETWORK: LazyLock<(Network, Certificate)> = LazyLock::new(|| {
    let mut network = Network::new(5);
    network.block(Vec::new());
    let certificate = network.certificate.clone().expect("a block was made");
    (network, certificate)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = decode::<Certificate>(data) {
        assert_eq!(encode(&value), data);
        check(&value);
    }
    let Some((&head, rest)) = data.split_first() else { return };
    let good = &NETWORK.1;
    if head & 1 == 0 {
        // Each byte names a signature.
        let chosen: Vec<CommitSignature> =
            rest.iter().take(16).filter_map(|byte| good.signatures.get(usize::from(*byte)).copied()).collect();
        check(&Certificate { signatures: List::new(chosen).expect("sixteen are allowed"), ..good.clone() });
    } else if let Some((&at, patch)) = rest.split_first() {
        let mut bytes = encode(good);
        let from = usize::from(at) * 2 % bytes.len();
        bytes.iter_mut().skip(from).zip(patch).for_each(|(to, from)| *to = *from);
        if let Ok(value) = decode::<Certificate>(&bytes) {
            check(&value);
        }
    }
});

fn check(found: &Certificate) {
    let (network, good) = &*NETWORK;
    let tip = &network.tip;
    if found.verify(&tip.chain(), tip.signers(), good.height, good.block).is_ok() {
        assert_eq!((found.height, found.round, found.block), (good.height, good.round, good.block));
        assert!(found.signatures.iter().all(|signature| good.signatures.contains(signature)));
        assert!(found.signatures.windows(2).all(|pair| pair[0].node < pair[1].node));
        assert!(3 * found.signatures.len() > 2 * good.signatures.len());
    }
}
