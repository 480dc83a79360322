//! `luqi audit --node`: what several nodes serve, read side by side and held against each other.
//!
//! Where nodes serve the same bytes one auditor judges for all of them. Where one serves another block the
//! audit parts in two from there, each going on with its own nodes: so it is found which of them holds, and
//! every node is named with what it serves. No node is believed.

mod branch;
mod reader;

use super::answer::{Answer, NodeRow, Serves};
use crate::client::{Client, Url, block_on, runtime};
use crate::exit::Problem;
use crate::output::Output;
use branch::{Branch, Ended};
use ledger_core::archive::Foot;
use ledger_core::audit::{Auditor, Finding, Options, Report, Verdict};
use ledger_core::genesis::Genesis;
use ledger_core::names::{BlockHash, Height, NodeNumber};
use luqi_node::http::Status;
use reader::Reading;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A node that says nothing of itself within this is silent.
const PATIENCE: Duration = Duration::from_secs(10);

/// A node, as it is read.
pub(super) struct Peer {
    url: Url,
    /// What it says of itself; why it says nothing.
    said: Result<Said, String>,
}

/// What a node says of itself; none of it is believed.
#[derive(Clone)]
struct Said {
    node: NodeNumber,
    height: Height,
    tip: BlockHash,
}

/// The nodes of an audit, as far as they answer.
pub(super) struct Nodes {
    peers: Vec<Peer>,
}

/// What came of one branch.
struct Outcome {
    report: Report,
    /// Its nodes, and how far each went.
    nodes: Vec<(usize, Ended)>,
}

impl Nodes {
    /// Asks every node where it stands.
    pub(super) fn ask(urls: &[Url], genesis: &Genesis) -> Result<Self, Problem> {
        let chain = genesis.chain_id();
        let peers = block_on(async {
            let mut peers = Vec::new();
            for url in urls {
                let mut client = Client::new(url.clone());
                let said = match timeout(PATIENCE, client.get::<Status>("/v1/status")).await {
                    Err(_) => Err("it does not answer".to_owned()),
                    Ok(Err(error)) => Err(error.to_string()),
                    Ok(Ok(status)) if status.chain_id != chain => {
                        Err(format!("it is of chain {}, the genesis makes chain {chain}", status.chain_id))
                    }
                    Ok(Ok(status)) => Ok(Said { node: status.node, height: status.height, tip: status.tip }),
                };
                peers.push(Peer { url: url.clone(), said });
            }
            Ok(peers)
        })?;
        Ok(Self { peers })
    }

    /// Reads and judges what they serve.
    pub(super) fn audit(&self, genesis: &Genesis, options: &Options, output: &Output) -> Result<Answer, Problem> {
        let started = Instant::now();
        let runtime = runtime()?;
        let mut readings = Vec::new();
        for (place, peer) in self.peers.iter().enumerate() {
            // A node of an empty chain has nothing to be read.
            if let Ok(said) = peer.said.as_ref()
                && said.height > Height(0)
            {
                let chain = genesis.chain_id();
                readings.push((place, Reading::start(runtime.handle(), peer.url.clone(), chain, said.height)));
            }
        }
        let auditor = Auditor::new(genesis, &Foot::default(), None, options.clone());
        let auditor = auditor.map_err(|why| Problem::new(crate::exit::Exit::Failed, why))?;
        let highest = self.peers.iter().filter_map(|peer| peer.said.as_ref().ok()).map(|said| said.height.0).max();
        let progress = output.progress(highest.unwrap_or(0), "audit");
        let ended = branch::follow(Branch::new(auditor.clone(), readings), &progress);
        progress.finish_and_clear();
        runtime.shutdown_background();
        let outcomes: Vec<Outcome> = ended.into_iter().map(finish).collect();
        Ok(self.answer(outcomes, auditor, started.elapsed().as_secs_f64()))
    }

    fn answer(&self, mut outcomes: Vec<Outcome>, start: Auditor, seconds: f64) -> Answer {
        let holding = outcomes.iter().filter(|outcome| outcome.report.verdict == Verdict::Holds).count();
        let altered = outcomes.iter().any(|outcome| outcome.report.verdict == Verdict::Altered);
        let held = outcomes.iter().filter(|outcome| outcome.report.verdict == Verdict::Holds);
        let highest = held.map(|outcome| outcome.report.height).max().unwrap_or(Height(0));
        let mut rows: Vec<NodeRow> = Vec::new();
        for (place, peer) in self.peers.iter().enumerate() {
            let outcome = outcomes.iter().find_map(|outcome| {
                let ended = outcome.nodes.iter().find(|(node, _)| *node == place).map(|(_, ended)| ended)?;
                Some((&outcome.report, ended))
            });
            rows.push(row(peer, outcome, highest));
        }
        let lies = rows.iter().any(|row| row.serves == Serves::BadCertificate);
        outcomes.sort_by_key(|outcome| (outcome.report.verdict == Verdict::Holds, outcome.report.height));
        let findings: Vec<Finding> = outcomes.iter().flat_map(|outcome| outcome.report.findings.clone()).collect();
        let best = outcomes.pop().map_or_else(|| start.finish(None), |outcome| outcome.report);
        let verdict = match (altered || holding > 1 || lies, holding) {
            (true, _) => Verdict::Altered,
            (false, 0) => Verdict::Undecided,
            (false, _) => Verdict::Holds,
        };
        let mut notes = Vec::new();
        if holding > 1 {
            notes.push("the validators have certified two chains from this genesis: a fork".to_owned());
        }
        let mut report = Report { verdict, findings, ..best };
        report.findings.sort_by_key(|finding| finding.height);
        if self.peers.iter().all(|peer| peer.said.is_err()) {
            report.unchecked.push("all blocks: no node answers".to_owned());
        }
        Answer::of_nodes(report, notes, seconds, rows)
    }
}

/// Ends a branch: by a certificate of its last block that holds, where one of its nodes has one.
fn finish(mut branch: Branch) -> Outcome {
    let height = branch.auditor.height();
    let mut own = None;
    for (_, ended) in branch.ended.iter_mut().filter(|(_, ended)| ended.height == height) {
        let Some(certificate) = &ended.certificate else { continue };
        match branch.auditor.certifies(certificate) {
            Ok(()) => own = own.or(Some(certificate.clone())),
            Err(why) => ended.bad_certificate = Some(why.to_string()),
        }
    }
    let any = branch.ended.iter().filter(|(_, ended)| ended.height == height);
    let any = any.filter_map(|(_, ended)| ended.certificate.clone()).next();
    let report = branch.auditor.finish(own.or(any).as_ref());
    Outcome { report, nodes: branch.ended }
}

fn row(peer: &Peer, outcome: Option<(&Report, &Ended)>, highest: Height) -> NodeRow {
    let mut row = NodeRow {
        url: peer.url.clone(),
        node: peer.said.as_ref().ok().map(|said| said.node),
        serves: Serves::Nothing,
        height: Height(0),
        tip: None,
        why: None,
    };
    let said = match &peer.said {
        Ok(said) => said,
        Err(why) => return NodeRow { why: Some(why.clone()), ..row },
    };
    let Some((report, ended)) = outcome else {
        return NodeRow { serves: Serves::Behind, why: Some("its chain has no block yet".to_owned()), ..row };
    };
    (row.height, row.tip) = (ended.height, ended.tip);
    let first = report.findings.first();
    // What is wrong above the last block that a node serves is no fault of its.
    let bad = first.filter(|first| first.height <= ended.height);
    let broken = ended.why.clone();
    (row.serves, row.why) = if let Some(finding) = bad {
        (Serves::Altered, Some(format!("block {}: {}", finding.height, finding.detail)))
    } else if let Some(why) = &ended.bad_certificate {
        (Serves::BadCertificate, Some(format!("the certificate of its last block: {why}")))
    } else if let Some(why) = broken {
        (Serves::Part, Some(why))
    } else if ended.height < said.height {
        (Serves::Part, Some(format!("it says that it has {} blocks", said.height)))
    } else if ended.tip.is_some_and(|tip| tip != said.tip) {
        (Serves::Part, Some(format!("it calls its last block {}", said.tip)))
    } else if ended.height < highest {
        (Serves::Behind, None)
    } else if report.verdict == Verdict::Undecided {
        (Serves::Part, report.unchecked.first().cloned())
    } else {
        (Serves::Whole, None)
    };
    row
}
