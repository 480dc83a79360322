//! `luqi audit --node`: what running nodes serve. Each is judged by itself (`ledger_core::audit::judge_nodes`), and
//! none is believed.

mod patience;
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
use patience::Patience;
use reader::{AHEAD_BYTES, Reading};
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

impl Peer {
    /// Whether it says that it has less.
    fn is_below(&self, height: Height) -> bool {
        self.said.as_ref().is_ok_and(|said| said.height < height)
    }
}

/// What a node says of itself; none of it is believed.
#[derive(Clone, Copy)]
struct Said {
    node: NodeNumber,
    height: Height,
    tip: BlockHash,
}

/// The nodes of an audit.
pub(super) struct Nodes {
    peers: Vec<Peer>,
}

impl Nodes {
    /// Asks every node where it stands; one that is behind the highest is asked again, since it may only be about to
    /// have the next block. Its last word counts, also where that is higher than all others were: the audit reads on
    /// to there. So the others get a moment, too, to have that block before they are read.
    pub(super) fn ask(urls: &[Url], genesis: &Genesis) -> Result<Self, Problem> {
        let chain = genesis.chain_id();
        block_on(async {
            let mut peers = Vec::new();
            for url in urls {
                peers.push(Peer { url: url.clone(), said: ask(url, &chain).await });
            }
            for _ in 0..TRIES {
                let highest = highest(&peers);
                let mut behind: Vec<_> = peers.iter_mut().filter(|peer| peer.is_below(highest)).collect();
                if behind.is_empty() {
                    break;
                }
                sleep(PAUSE).await;
                for peer in &mut behind {
                    peer.said = ask(&peer.url, &chain).await;
                }
            }
            let highest = highest(&peers);
            if peers.iter().any(|peer| peer.is_below(highest)) {
                sleep(PAUSE).await;
            }
            Ok(Self { peers })
        })
    }

    /// Reads what they serve, and judges it.
    pub(super) fn audit(
        &self,
        genesis: &Genesis,
        from: Option<Bookmark>,
        started: Instant,
        output: &Output,
    ) -> Result<Answer, Problem> {
        let runtime = runtime()?;
        let chain = genesis.chain_id();
        let word = |said: &Said| audit::Said { height: said.height, tip: said.tip };
        let ahead = AHEAD_BYTES.checked_div(self.peers.len()).unwrap_or(AHEAD_BYTES);
        let handle = runtime.handle();
        let asked = self.peers.iter().map(|peer| Asked {
            said: peer.said.as_ref().map(word).map_err(Clone::clone),
            read: move |to| Reading::start(handle, peer.url.clone(), chain, to, (Patience::default(), ahead)),
        });
        let progress = output.progress(highest(&self.peers).0, "audit");
        let options = Options { depth: Depth::FULL, from, tip_file: None };
        let judged = judge_nodes(genesis, asked.collect(), &options, |height| progress.set_position(height.0));
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
