//! Tests of the ladder: what it refuses, and what it gives.

mod faults;
mod ladder;

use super::*;
use crate::block::Block;
use crate::event::{Action, Event};
use crate::fixture::{self, Network, code};

/// An event that makes contract `number`, kept by the province.
fn new(number: u64) -> Event {
    fixture::event(number, Action::New { keeper: code("370000") })
}

/// A chain of two blocks over four members.
fn network() -> Network {
    let mut network = Network::new(4);
    network.block_of(vec![new(1)]);
    network.block_of(vec![new(2), new(3)]);
    network
}

/// A valid block over the tip, with two submissions.
fn draft(network: &Network) -> Block {
    let submissions = vec![
        network.submission(1, vec![new(4), new(5)]),
        network.submission(2, vec![fixture::event(1, Action::Renew)]),
    ];
    network.checked(submissions).block().clone().into_block()
}

/// The body hash of a block, as its body is now.
fn mend(block: &mut Block) {
    block.header.body = hashed::Content::of(&block.body).body_hash(block.header.suite, &block.body);
}
