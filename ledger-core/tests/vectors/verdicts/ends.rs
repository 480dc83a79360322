//! The table of the end certificate (format.md §16.2).

use super::chain::{and, end, foot, governed, grown, place};
use super::starts::without_states;
use super::{Answer, Book, Case, Chain};
use ledger_core::certificate::Certificate;
use ledger_core::codec::List;
use ledger_core::fixture::forger::shorten;
use ledger_core::fixture::node_key;
use ledger_core::governance::Change;
use ledger_core::membership::Purpose;
use ledger_core::names::{BlockHash, Height, NodeNumber, Round};

pub(super) fn add(book: &mut Book) {
    of_the_last(book);
    of_another_height(book);
    at_a_change(book);
    without_block(book);
}

fn short(certificate: &Certificate, left: usize) -> Certificate {
    let mut certificate = certificate.clone();
    shorten(&mut certificate, left);
    certificate
}

/// Signed by nodes, of a block at a height.
fn signed(nodes: &[u32], height: u64, block: BlockHash) -> Certificate {
    let keys: Vec<_> = nodes.iter().map(|node| (NodeNumber(*node), node_key(*node, Purpose::Consensus))).collect();
    let signers: Vec<_> = keys.iter().map(|(node, key)| (*node, key)).collect();
    Certificate::sign(&grown(0).tip.chain(), Height(height), Round(0), block, &signers)
}

fn of_the_last(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let own = chain.own.clone();
    let mut fork = grown(3);
    fork.block(vec![]);
    let of_fork = Chain::of(&fork).own;
    let twice = [&own.signatures[..3], &own.signatures[2..3]].concat();
    let swapped = [own.signatures[1], own.signatures[0], own.signatures[2]].to_vec();
    let with = |signatures: Vec<_>| Certificate { signatures: List::new(signatures).unwrap(), ..own.clone() };
    let stranger = {
        let mut signatures = own.signatures.to_vec();
        signatures[3].node = NodeNumber(9);
        signatures
    };
    for (name, certificate, answer) in [
        ("of the last block, by three of four", short(&own, 3), Answer::holds(4)),
        (
            "of the last block, by three of four, in another round",
            {
                let keys = [1, 2, 4].map(|node| (NodeNumber(node), node_key(node, Purpose::Consensus)));
                let signers = keys.each_ref().map(|(node, key)| (*node, key));
                Certificate::sign(&fork.tip.chain(), Height(4), Round(7), own.block, &signers)
            },
            Answer::holds(4),
        ),
        ("of the last block, by two of four", short(&own, 2), Answer::altered(4)),
        ("of the last block, without signatures", short(&own, 0), Answer::altered(4)),
        (
            "of the last block, under another round than was signed",
            Certificate { round: Round(9), ..own.clone() },
            Answer::altered(4),
        ),
        ("of the last block, with a signature twice", with(twice), Answer::altered(4)),
        ("of the last block, out of order", with(swapped), Answer::altered(4)),
        ("of the last block, with a signature of nobody", with(stranger), Answer::altered(4)),
        ("of another block at the last block's height, valid", of_fork.clone(), Answer::altered(4)),
        ("of another block at the last block's height, by two of four", short(&of_fork, 2), Answer::altered(4)),
        (
            "of another block at the last block's height, which nobody has signed",
            Certificate { block: BlockHash([7; 32]), ..own.clone() },
            Answer::altered(4),
        ),
    ] {
        let name = format!("an end certificate {name}");
        book.add(Case::new("16.2", &name, &chain, &and(&chain.growing(), end(&certificate))), answer);
    }
}

fn of_another_height(book: &mut Book) {
    let (chain, longer) = (Chain::of(&grown(4)), Chain::of(&grown(6)));
    let missing = Answer::altered(5);
    for (name, certificate, answer) in [
        ("of block 5, where block 4 is the last", longer.certificate(5), missing),
        ("of block 6, where block 4 is the last", longer.certificate(6), missing),
        ("of block 5, by two of four", short(&longer.certificate(5), 2), Answer::altered(4)),
        (
            "of block 5, under another round than was signed",
            Certificate { round: Round(9), ..longer.certificate(5) },
            Answer::altered(4),
        ),
        (
            "of the last block, under the height above",
            Certificate { height: Height(5), ..chain.own.clone() },
            Answer::altered(4),
        ),
        (
            "of the last height that there is, and all have signed it",
            signed(&[1, 2, 3, 4], (1 << 53) - 1, BlockHash([7; 32])),
            missing,
        ),
        ("of the block below the last", chain.certificate(3), Answer::altered(4)),
        ("of block 1", chain.certificate(1), Answer::altered(4)),
        (
            "of height 0, and all have signed it",
            signed(&[1, 2, 3, 4], 0, BlockHash(chain.genesis.chain_id().0)),
            Answer::altered(4),
        ),
    ] {
        let name = format!("an end certificate {name}");
        book.add(Case::new("16.2", &name, &chain, &and(&chain.growing(), end(&certificate))), answer);
    }
    book.add(
        Case::new(
            "16.2",
            "an end certificate of block 5, and block 6 was kept",
            &chain,
            &and(&chain.growing(), end(&longer.certificate(5))),
        )
        .kept(&grown(6)),
        missing,
    );
}

/// Block 3 is judged by three, block 2 by four: node 4 has no vote any more.
fn at_a_change(book: &mut Book) {
    let network = governed(Change::SetPower(NodeNumber(4), 0), 3);
    let two = Chain::of(&network).up_to(2);
    let hash = Chain::of(&network).hash(3);
    for (name, certificate, answer) in [
        ("of block 3, by those who judge it since block 2", signed(&[1, 2, 3], 3, hash), Answer::altered(3)),
        ("of block 3, by those who judged block 2", signed(&[1, 2, 3, 4], 3, hash), Answer::altered(2)),
        ("of block 2, by those who judge it", signed(&[1, 2, 4], 2, two.hash(2)), Answer::holds(2)),
    ] {
        let name = format!("block 2 takes the vote from node 4; an end certificate {name}");
        book.add(Case::new("16.2", &name, &two, &and(&two.growing(), end(&certificate))), answer);
    }
}

fn without_block(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let empty = chain.growing()[..place(1)].to_vec();
    let below = grown(2);
    let above = vec![chain.head(), foot(&without_states(&below))];
    let mut fork = grown(1);
    fork.block(vec![]);
    let of_fork = Chain::of(&fork).own;
    for (name, pieces, answer) in [
        (
            "no block, and a valid end certificate of block 1",
            and(&empty, end(&chain.certificate(1))),
            Answer::altered(1),
        ),
        ("no block, and a valid end certificate of block 4", and(&empty, end(&chain.own)), Answer::altered(1)),
        (
            "no block, and an end certificate of block 1 by two of four",
            and(&empty, end(&short(&chain.certificate(1), 2))),
            Answer::empty(0),
        ),
        (
            "no block above a foot at block 2, and a valid end certificate of block 3",
            and(&above, end(&chain.certificate(3))),
            Answer::altered(3).unsigned(),
        ),
        (
            "no block above a foot at block 2, and a valid end certificate of another block 2",
            and(&above, end(&of_fork)),
            Answer::empty(2),
        ),
        (
            "no block above a foot at block 2, and a valid end certificate of block 1",
            and(&above, end(&chain.certificate(1))),
            Answer::empty(2),
        ),
    ] {
        book.add(Case::new("16.2", name, &chain, &pieces), answer);
    }
    book.add(
        Case::new(
            "16.2",
            "no block, a valid end certificate of block 1, and a byte behind it",
            &chain,
            &and(&and(&empty, end(&chain.certificate(1))), vec![0]),
        ),
        Answer::altered(1),
    );
}
