//! The way of a node that is far behind.

use super::stretch::{Stretch, StretchError};
use crate::chain::Chain;
use crate::committer::CommitError;
use crate::network::wire::{MAX_BLOCKS, Request, Response};
use crate::network::{Network, Peer, PeerId};
use ledger_core::certificate::Certificate;
use ledger_core::chain::Fault;
use ledger_core::membership::Membership;
use ledger_core::names::{Height, NodeNumber};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use thiserror::Error;

/// So far behind, a node leaves the rest to the engine.
const NEAR: u64 = 8;
/// How long a peer is not asked again that gave no answer.
const REST: Duration = Duration::from_secs(2);
/// So often a peer is asked that gives no answer: connections are lost by accident.
const TRIES: u32 = 2;

/// Where catching up ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaughtUp {
    /// The own tip.
    pub tip: Height,
    /// The highest tip that a peer named.
    pub highest: Height,
    /// Blocks that were fetched.
    pub fetched: u64,
}

/// Why a node goes no further.
#[derive(Debug, Error)]
pub enum SyncError {
    /// The disk, or a certified block that the own fold does not confirm.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// The process is ending.
    #[error("the node is being stopped")]
    Stopped,
}

/// What a peer answered.
struct Fetched {
    peer: Peer,
    tip: Height,
    blocks: Vec<Vec<u8>>,
    certificate: Option<Certificate>,
}

/// Fetches ranges of blocks until no connected peer is more than a few blocks ahead, or those who are not have more than
/// a third of the voting power: who gives no answer keeps nobody here, and agreement finds out whether the others are
/// ahead. Peers are asked by turns; the next range is under way while one is verified. `told` hears of the highest tip that a peer names.
///
/// # Errors
/// [`SyncError`]: certified blocks that do not follow, or the disk.
pub async fn catch_up(chain: &Chain, network: &Network, told: impl Fn(Height)) -> Result<CaughtUp, SyncError> {
    let start = chain.latest().tip.height();
    let mut peers = Turns::default();
    let mut highest = start;
    let mut ahead = None;
    loop {
        let tip = chain.latest().tip.height();
        let fetched = match ahead.take() {
            Some(fetched) => fetched,
            None => fetch(network, &mut peers, tip).await,
        };
        let Some(fetched) = fetched else { break };
        highest = highest.max(fetched.tip);
        told(highest);
        if fetched.tip.0 <= tip.0.saturating_add(NEAR) || fetched.blocks.is_empty() {
            peers.near(&fetched.peer);
            if peers.enough_are_near(chain.latest().tip.membership()) {
                break;
            }
            continue;
        }
        let reached = Height(tip.0.saturating_add(fetched.blocks.len() as u64));
        let (node, id) = (fetched.peer.node, fetched.peer.id);
        let more = fetched.tip.0 > reached.0.saturating_add(NEAR) && fetched.certificate.is_some();
        let taking = take(chain.clone(), fetched);
        let (taken, next) = if more {
            let (taken, next) = tokio::join!(taking, fetch(network, &mut peers, reached));
            (taken, next.map(Some))
        } else {
            (taking.await, None)
        };
        match taken {
            Ok(()) => ahead = next.filter(|_| chain.latest().tip.height() == reached),
            Err(Trouble::Peer(why)) => {
                tracing::warn!("node {node} serves blocks that do not hold, and is cut off: {why}");
                peers.refuse(id);
                network.cut(id, "it serves blocks that do not hold").await;
            }
            Err(Trouble::Here(error)) => return Err(error.into()),
        }
    }
    let tip = chain.latest().tip.height();
    Ok(CaughtUp { tip, highest, fetched: tip.0.saturating_sub(start.0) })
}

/// Asks the next peer whose turn it is for what follows a height; none when nobody is left to ask.
async fn fetch(network: &Network, peers: &mut Turns, tip: Height) -> Option<Fetched> {
    loop {
        let connected = network.peers().borrow().clone();
        let peer = peers.next(&connected)?;
        let request = Request::Range { from: tip.next(), to: Height(tip.0.saturating_add(MAX_BLOCKS as u64)) };
        match network.request(peer.id, request).await {
            Ok(Response::Range { tip, blocks, certificate }) => {
                let blocks = blocks.iter().map(|block| block.to_vec()).collect();
                return Some(Fetched { peer, tip, blocks, certificate });
            }
            Ok(Response::Busy) => peers.fail(peer.id),
            Ok(Response::Engine(_) | Response::Submissions(_)) => {
                network.cut(peer.id, "it answers what was not asked").await;
                peers.refuse(peer.id);
            }
            Err(error) => {
                tracing::debug!("node {} gave no blocks: {error}", peer.node);
                peers.fail(peer.id);
            }
        }
    }
}

/// Whose fault it is.
enum Trouble {
    Peer(StretchError),
    Here(CommitError),
}

/// A body that is not the one under the certified header is the peer's doing. What else does not follow
/// is certified: the own fold, or the validators', is wrong, and the node must not go on.
fn whose(error: CommitError) -> Trouble {
    if let CommitError::Fault { height, fault: fault @ (Fault::Body | Fault::TooLarge { .. }) } = error {
        return Trouble::Peer(StretchError::Body(height, fault));
    }
    Trouble::Here(error)
}

/// Verifies what a peer served, and makes it durable.
async fn take(chain: Chain, fetched: Fetched) -> Result<(), Trouble> {
    let taking = tokio::task::spawn_blocking(move || {
        let Fetched { blocks, certificate, .. } = fetched;
        let tip = chain.latest().tip.height();
        let mut stretch = Stretch::read(tip, blocks.iter().map(Vec::as_slice), certificate).map_err(Trouble::Peer)?;
        while let Some(certified) = stretch.certified(&chain.latest().tip).map_err(Trouble::Peer)? {
            chain
                .commit_descended(certified.blocks, &certified.descent, Some(&certified.certificate))
                .map_err(whose)?;
        }
        Ok(())
    });
    match taking.await {
        Ok(taken) => taken,
        // The thread ends early only when the whole process does.
        Err(_) => Ok(()),
    }
}

/// Whom to ask next.
#[derive(Default)]
struct Turns {
    asked: BTreeMap<PeerId, u64>,
    turn: u64,
    /// They have no more than this node has, or give nothing.
    near: BTreeMap<PeerId, NodeNumber>,
    refused: Vec<PeerId>,
    /// How often each gave no answer.
    failed: BTreeMap<PeerId, u32>,
    resting: Vec<(PeerId, Instant)>,
}

impl Turns {
    /// The one that was asked longest ago.
    fn next(&mut self, connected: &[Peer]) -> Option<Peer> {
        self.resting.retain(|(_, since)| since.elapsed() < REST);
        let resting = |id: &PeerId| self.resting.iter().any(|(peer, _)| peer == id);
        let asked = |peer: &&Peer| self.asked.get(&peer.id).copied().unwrap_or_default();
        let may =
            |peer: &&Peer| !self.near.contains_key(&peer.id) && !self.refused.contains(&peer.id) && !resting(&peer.id);
        let peer = connected.iter().filter(may).min_by_key(asked)?.clone();
        self.turn += 1;
        self.asked.insert(peer.id, self.turn);
        Some(peer)
    }

    fn near(&mut self, peer: &Peer) {
        self.near.insert(peer.id, peer.node);
    }

    /// Whether nodes with more than a third of the voting power have no more than this one.
    fn enough_are_near(&self, membership: &Membership) -> bool {
        let near: BTreeSet<NodeNumber> = self.near.values().copied().collect();
        let validators = membership.nodes().filter(|(_, node)| near.contains(&node.number));
        let power = validators.map(|(_, node)| u64::from(node.power)).fold(0, u64::saturating_add);
        power.saturating_mul(3) > membership.total_power()
    }

    /// It gave no answer. Who does not answer again is asked no more.
    fn fail(&mut self, peer: PeerId) {
        let failed = self.failed.entry(peer).or_default();
        *failed = failed.saturating_add(1);
        if *failed >= TRIES { self.refuse(peer) } else { self.rest(peer) }
    }

    fn rest(&mut self, peer: PeerId) {
        self.resting.push((peer, Instant::now()));
    }

    fn refuse(&mut self, peer: PeerId) {
        self.refused.push(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::{Network as Chain, node_key};
    use ledger_core::membership::Purpose;

    fn peer(node: u32) -> Peer {
        let id = crate::network::peer_id(&node_key(node, Purpose::Peer).public()).unwrap();
        Peer { node: NodeNumber(node), id, address: String::new(), round_trip: None }
    }

    #[test]
    fn who_gives_no_answer_is_asked_twice_and_not_for_ever() {
        let (mut turns, peers) = (Turns::default(), [peer(4), peer(5)]);
        let mut asked = Vec::new();
        // The rest of one is over before the question to the other is given up.
        while let Some(peer) = turns.next(&peers) {
            asked.push(peer.node.0);
            turns.fail(peer.id);
            turns.resting.clear();
        }
        assert_eq!(asked, [4, 5, 4, 5]);
    }

    #[test]
    fn more_than_a_third_of_the_power_that_is_no_further_is_enough() {
        let (mut turns, chain) = (Turns::default(), Chain::new(4));
        let enough: Vec<_> = [9, 1, 1, 2]
            .map(|node| {
                turns.near(&peer(node));
                turns.enough_are_near(chain.tip.membership())
            })
            .into();
        assert_eq!(enough, [false, false, false, true]);
    }
}
