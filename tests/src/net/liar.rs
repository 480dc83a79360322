//! A validator that lies, as a process of its own, so that its clock can be another one: it says blocks of all heights
//! ahead that it may say any of, more than there is room for. Each is whole, signed by it, and of no use.

use super::http;
use super::stand_in::StandIn;
use bincode::Encode;
use bytes::Bytes;
use ledger_core::block::Block;
use ledger_core::certificate::Parts;
use ledger_core::codec;
use ledger_core::crypto::Signature;
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, Round};
use luqi_node::network::Topic;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// Bytes of a block in one part.
const PART: usize = 128 << 10;
/// Heights above the tip of which others take blocks in.
const AHEAD: u64 = 10;
/// So long between two of them: what is checked no faster than it comes is dropped.
const PAUSE: Duration = Duration::from_millis(4);
/// It takes some round trips until a new peer has said to what it listens.
const SETTLED: Duration = Duration::from_millis(500);
/// How long it may take to hear from a node.
const PATIENCE: Duration = Duration::from_secs(10);

/// A part of a block as it crosses the network, written from the page alone. There is another kind, which is not said
/// here.
#[derive(Encode)]
enum Part {
    First { head: Parts, signature: Signature, bytes: codec::Bytes<PART> },
}

/// What it is told.
pub struct Orders<'a> {
    /// Whose keys it has.
    pub home: &'a Path,
    /// A node that tells where the chain stands.
    pub ask: SocketAddr,
    /// Blocks of each height.
    pub blocks: u64,
    /// Whom it calls.
    pub peers: &'a [(u32, SocketAddr)],
}

/// Says all that it is told to, once; gives how many blocks.
///
/// # Panics
/// When it is not let in.
#[must_use]
pub fn lie(orders: &Orders<'_>) -> u64 {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let stand_in = StandIn::begin(orders.home, ([127, 0, 0, 1], 0).into(), orders.peers).await;
        stand_in.connected(orders.peers.len()).await;
        tokio::time::sleep(SETTLED).await;
        // It hears nothing: its queues fill, and what finds one full is dropped.
        let mut said = 0;
        for number in 0..orders.blocks {
            let (tip, block) = tip(orders.ask);
            for ahead in 1..=AHEAD {
                let mut block = block.clone();
                block.header.height = Height(tip + ahead);
                block.header.time.0 += number;
                for part in parts(&stand_in, &block) {
                    stand_in.network.publish(Topic::Parts, part).await;
                }
                tokio::time::sleep(PAUSE).await;
                said += 1;
            }
        }
        tokio::time::sleep(SETTLED).await;
        stand_in.end().await;
        said
    })
}

/// Where the chain stands, and a block of it.
fn tip(ask: SocketAddr) -> (u64, Block) {
    let status = http::get(ask, "/v1/status", PATIENCE).unwrap().json();
    let height = status["height"].as_u64().filter(|height| *height > 0).expect("the chain has begun");
    let bytes = http::get(ask, &format!("/v1/blocks/{height}"), PATIENCE).unwrap().body;
    (height, codec::decode(&bytes).unwrap())
}

/// A block as the proposer of each round of its height would say it: one of them is its own.
fn parts(stand_in: &StandIn, block: &Block) -> Vec<Bytes> {
    let (genesis, keys) = (&stand_in.genesis, &stand_in.keys);
    let bytes = codec::encode(block);
    let length = u32::try_from(bytes.len()).unwrap();
    let validators = genesis.membership.nodes().filter(|(_, node)| node.power > 0).count();
    let part = |round| {
        let (height, block, proposer) = (block.header.height, block.header.hash(), stand_in.number());
        let head = Parts { height, round: Round(round), block, parts: 1, bytes: length, proposer };
        let signature = keys.key(Purpose::Consensus).sign(&head.message(&genesis.chain_id()));
        let bytes = codec::Bytes::new(bytes.clone()).expect("a small block");
        Bytes::from(codec::encode(&Part::First { head, signature, bytes }))
    };
    (0..u32::try_from(validators).unwrap()).map(part).collect()
}
