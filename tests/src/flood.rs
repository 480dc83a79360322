//! Members that say and ask as much as they may, and nothing that is wrong.
//!
//! A flood has the keys of a node without voting power, whose process does not run. It says on both lanes all that a
//! node lets itself say, which is half of what others bear from one author, so that four floods weigh as much as two
//! authors at the full allowance; and it asks each peer as often as that answers.

use crate::net::stand_in::StandIn;
use ledger_core::codec;
use ledger_core::event::{Event, Evidence};
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, PROTOCOL, Sequence};
use ledger_core::submission::Submission;
use luqi_node::chain::now;
use luqi_node::network::wire::{MAX_BLOCKS, Request};
use luqi_node::network::{Network, Topic};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::time::{MissedTickBehavior, interval};

/// Words about where it stands, a second: what a node lets itself say on the lane of votes.
const STATUSES_A_SECOND: u32 = 512;
/// Submissions a second, of which each node verifies the signature …
const SUBMISSIONS_A_SECOND: u32 = 32;
/// … and bytes of each: together what a node lets itself say on the other lane.
const SUBMISSION_BYTES: usize = 500_000;
/// Questions a second to each peer.
const QUESTIONS_A_SECOND: u32 = 64;

/// Floods the peers with the keys of a home, until so much time has passed; gives how many words it said.
///
/// # Panics
/// When it is not let in.
pub async fn flood(home: &Path, peers: &[(u32, SocketAddr)], lasting: Duration) -> u64 {
    let stand_in = StandIn::begin(home, ([127, 0, 0, 1], 0).into(), peers).await;
    let (network, key) = (&stand_in.network, stand_in.keys.key(Purpose::Submission));
    let (mut words, until) = (0, Instant::now() + lasting);
    let (mut statuses, mut submissions, mut questions) =
        (each(STATUSES_A_SECOND), each(SUBMISSIONS_A_SECOND), each(QUESTIONS_A_SECOND));
    while Instant::now() < until {
        tokio::select! {
            _ = statuses.tick() => network.publish(Topic::Status, status(network).into()).await,
            _ = submissions.tick() => {
                // The first is never said, so that all others wait for it and none is recorded.
                let sequence = Sequence(2 + words);
                let events = vec![event(); SUBMISSION_BYTES / 60_000];
                let chain = stand_in.genesis.chain_id();
                let submission = Submission::sign(&chain, key, stand_in.number(), sequence, events).unwrap();
                network.publish(Topic::Submissions, codec::encode(&submission).into()).await;
            }
            _ = questions.tick() => ask(network),
        }
        words += 1;
    }
    words
}

fn each(a_second: u32) -> tokio::time::Interval {
    let mut each = interval(Duration::from_secs(1) / a_second);
    each.set_missed_tick_behavior(MissedTickBehavior::Burst);
    each
}

/// Where it stands, as nodes say it (`consensus/network`).
fn status(network: &Network) -> Vec<u8> {
    let peer = network.own().to_bytes();
    let (count, time) = (u32::try_from(peer.len()).unwrap_or_default().to_be_bytes(), now().0.to_be_bytes());
    let (tip, first) = (1_u64.to_be_bytes(), 1_u64.to_be_bytes());
    [&count[..], &peer, &tip, &first, &time, &PROTOCOL.0.to_be_bytes()].concat()
}

fn event() -> Event {
    Event::Evidence(Evidence { form: 0, bytes: codec::Bytes::new(vec![7; 60_000]).unwrap() })
}

/// Asks each peer for blocks; what it answers is not looked at.
fn ask(network: &Network) {
    for peer in network.peers().borrow().iter() {
        let (network, peer) = (network.clone(), peer.id);
        tokio::spawn(async move {
            let _ = network.request(peer, Request::Range { from: Height(1), to: Height(MAX_BLOCKS as u64) }).await;
        });
    }
}
