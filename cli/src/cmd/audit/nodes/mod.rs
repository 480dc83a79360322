//! `luqi audit --node`: what running nodes serve. Each is judged by itself (`ledger_core::audit::judge_nodes`), and
//! none is believed.

mod reader;

use super::answer::{Answer, NodeRow};
use crate::client::{Client, ClientError, Url, block_on, runtime};
use crate::exit::Problem;
use crate::output::Output;
use ledger_core::audit::{self, Asked, Bookmark, Depth, NodeJudged, Options, Report, judge_nodes};
use ledger_core::crypto::ChainId;
use ledger_core::genesis::Genesis;
use ledger_core::names::{BlockHash, Height, NodeNumber};
use luqi_node::http::Status;
use reader::Reading;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// A node that says nothing of itself within this is silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a node that is busy, or a little behind the others, is asked again; and after how long.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);

/// A node, as it is asked.
struct Peer {
    url: Url,
    /// What it says of itself; why it says nothing.
    said: Result<Said, String>,
}

/// What a node says of itself; none of it is believed.
#[derive(Clone, Copy)]
struct Said {
    node: NodeNumber,
    height: Height,
    tip: BlockHash,
}

impl Said {
    /// Of a chain that is read up to a height.
    fn up_to(self, to: Height) -> audit::Said {
        audit::Said { height: self.height.min(to), tip: (self.height <= to).then_some(self.tip) }
    }
}

/// The nodes of an audit.
pub(super) struct Nodes {
    peers: Vec<Peer>,
    /// The highest block that one of them has said it has.
    to: Height,
}

impl Nodes {
    /// Asks every node where it stands; one that is behind the highest is asked again, since it may only be about to
    /// have the next block.
    pub(super) fn ask(urls: &[Url], genesis: &Genesis) -> Result<Self, Problem> {
        let chain = genesis.chain_id();
        block_on(async {
            let mut peers = Vec::new();
            for url in urls {
                peers.push(Peer { url: url.clone(), said: ask(url, &chain).await });
            }
            let to = highest(&peers);
            for peer in &mut peers {
                for _ in 0..TRIES {
                    if !peer.said.as_ref().is_ok_and(|said| said.height < to) {
                        break;
                    }
                    sleep(PAUSE).await;
                    peer.said = ask(&peer.url, &chain).await;
                }
            }
            Ok(Self { peers, to })
        })
    }

    /// Reads what they serve, up to the highest block that any of them has said it has, and judges it.
    pub(super) fn audit(
        &self,
        genesis: &Genesis,
        from: Option<Bookmark>,
        started: Instant,
        output: &Output,
    ) -> Result<Answer, Problem> {
        let runtime = runtime()?;
        let chain = genesis.chain_id();
        let to = self.to;
        let read = |peer: &Peer| {
            let said = peer.said.clone().map(|said| said.up_to(to));
            let has_blocks = said.as_ref().is_ok_and(|said| said.height > Height(0));
            let blocks = has_blocks.then(|| Reading::start(runtime.handle(), peer.url.clone(), chain, to));
            Asked { said, blocks }
        };
        let asked = self.peers.iter().map(read).collect();
        let progress = output.progress(to.0, "audit");
        let options = Options { depth: Depth::FULL, from, tip_file: None };
        let judged = judge_nodes(genesis, asked, &options, |height| progress.set_position(height.0));
        progress.finish_and_clear();
        runtime.shutdown_background();
        let judged = judged.ok_or_else(|| Problem::usage("name a node"))?;
        let rows = self.peers.iter().zip(judged.nodes()).map(|(peer, node)| row(peer, node)).collect();
        Ok(Answer::of_nodes(Report::of_nodes(&judged), Vec::new(), started.elapsed().as_secs_f64(), rows))
    }
}

/// What a node says of itself; one that is busy is asked again.
async fn ask(url: &Url, chain: &ChainId) -> Result<Said, String> {
    let mut why = String::new();
    for _ in 0..TRIES {
        let status = match timeout(PATIENCE, Client::new(url.clone()).get::<Status>("/v1/status")).await {
            Err(_) => return Err("it does not answer".to_owned()),
            Ok(Ok(status)) => status,
            Ok(Err(error @ ClientError::Refused { .. })) if error.may_be_tried_again() => {
                why = error.to_string();
                sleep(error.retry_after().unwrap_or(PAUSE).clamp(PAUSE, PATIENCE)).await;
                continue;
            }
            Ok(Err(error)) => return Err(error.to_string()),
        };
        if status.chain_id != *chain {
            return Err(format!("it is of chain {}, the genesis makes chain {chain}", status.chain_id));
        }
        return Ok(Said { node: status.node, height: status.height, tip: status.tip });
    }
    Err(why)
}

fn highest(peers: &[Peer]) -> Height {
    peers.iter().filter_map(|peer| peer.said.as_ref().ok()).map(|said| said.height).max().unwrap_or(Height(0))
}

fn row(peer: &Peer, node: &NodeJudged) -> NodeRow {
    let sound = node.judged.sound();
    NodeRow {
        url: peer.url.clone(),
        node: peer.said.as_ref().ok().map(|said| said.node),
        serves: node.serves,
        height: sound.map(|tip| tip.height()),
        tip: sound.map(|tip| tip.hash()),
        why: node.why.clone(),
    }
}
