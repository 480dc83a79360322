//! Certificates, and the voting power that makes a block final (format.md §8, §10).

use super::with_nodes;
use crate::verdicts::Book;
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, List};
use ledger_core::crypto::ChainId;
use ledger_core::fixture::{self, certificate_by};
use ledger_core::membership::{Membership, Parameters};
use ledger_core::names::{BlockHash, Height, NodeNumber, Round};
use serde_json::json;

const CHAIN: ChainId = ChainId([0x11; 32]);
const HEIGHT: Height = Height(7);
const BLOCK: BlockHash = BlockHash([0x22; 32]);

/// Nodes with these voting powers, numbered from 1: two of every member.
fn powers(powers: &[u32]) -> Membership {
    let numbered: Vec<(u32, u32)> = (1..).zip(powers.iter().copied()).collect();
    let members = numbered.chunks(2).zip(fixture::CODES).zip(1..);
    let members = members.map(|((nodes, code), number)| with_nodes(number, code, nodes)).collect();
    fixture::membership(members, Parameters::default())
}

fn signed(nodes: &[u32], height: Height, block: BlockHash) -> Certificate {
    certificate_by(&CHAIN, nodes.iter().copied().map(NodeNumber), height, block)
}

fn add_case(book: &mut Book, name: &str, membership: &Membership, certificate: &Certificate, holds: bool) {
    let judged = certificate.verify(&CHAIN, membership, HEIGHT, BLOCK);
    assert_eq!(judged.is_ok(), holds, "{name}: {judged:?}");
    let membership = book.parts_of(&codec::encode(membership));
    let bytes = book.parts_of(&codec::encode(certificate));
    book.push(json!({
        "name": name,
        "kind": "certified",
        "membership": membership,
        "chain": CHAIN.to_string(),
        "height": HEIGHT,
        "block": BLOCK.to_string(),
        "certificate": bytes,
        "holds": holds,
    }));
}

pub(super) fn add(book: &mut Book) {
    for (of, nodes, below, above) in [
        ("1, 2, 3 and 3 of 9", &[1, 2, 3, 3][..], &[3, 4][..], &[1, 3, 4][..]),
        ("1, 1 and 1 of 3", &[1, 1, 1], &[1, 3], &[1, 2, 3]),
        ("2, 1, 1 and 0 of 4", &[2, 1, 1, 0], &[2, 3], &[1, 2]),
        ("1, 1, 1, 1 and 1 of 5", &[1, 1, 1, 1, 1], &[1, 2, 5], &[1, 2, 4, 5]),
        ("one of 2^32 - 2, and one of 2^31 - 1", &[u32::MAX - 1, u32::MAX >> 1], &[1], &[1, 2]),
        ("one of 2^32 - 1, and one of 2^31 - 1", &[u32::MAX, u32::MAX >> 1], &[2], &[1]),
        ("four of 2^32 - 1, and one of 1", &[u32::MAX, u32::MAX, u32::MAX, u32::MAX, 1], &[1, 2, 5], &[1, 2, 3]),
    ] {
        let membership = powers(nodes);
        book.name(&format!("membership with powers {of}"), codec::encode(&membership));
        let certificate = |nodes| signed(nodes, HEIGHT, BLOCK);
        add_case(book, &format!("powers {of}: as much as is not enough"), &membership, &certificate(below), false);
        add_case(book, &format!("powers {of}: as little as is enough"), &membership, &certificate(above), true);
    }
    let membership = powers(&[2, 1, 1, 0]);
    let of = |nodes: &[u32]| signed(nodes, HEIGHT, BLOCK);
    for (name, certificate) in [
        ("enough, and a node without voting power", of(&[1, 2, 4])),
        ("enough, and a node that is none", of(&[1, 2, 9])),
        ("enough, of the height below", signed(&[1, 2, 3], Height(6), BLOCK)),
        ("enough, of the height above", signed(&[1, 2, 3], Height(8), BLOCK)),
        ("enough, of another block", signed(&[1, 2, 3], HEIGHT, BlockHash([0x23; 32]))),
        ("enough, and one of them twice", {
            let mut twice = of(&[1, 2]);
            twice.signatures.push(twice.signatures[1]).unwrap();
            twice
        }),
        ("enough, in falling order", {
            let [one, two] = *of(&[1, 2]).signatures.first_chunk().unwrap();
            Certificate { signatures: List::new(vec![two, one]).unwrap(), ..of(&[]) }
        }),
        ("enough, and one more that does not hold", {
            let mut spoilt = of(&[1, 2, 3]);
            spoilt.signatures.iter_mut().skip(2).for_each(|third| third.signature = of(&[1]).signatures[0].signature);
            spoilt
        }),
    ] {
        add_case(book, name, &membership, &certificate, false);
    }
    let last = Certificate { round: Round(u32::MAX), ..of(&[1, 2]) };
    add_case(book, "the round that is named is not the one that was signed", &membership, &last, false);
}
