//! `/v1/status`: where the node stands.

use super::ready::{Reason, standing};
use super::state::{Standing, State};
use super::{Handles, Problem, Surface, blocking, json};
use crate::chain::{Latest, now};
use crate::consensus::adopted;
use crate::store::Store as _;
use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ledger_core::crypto::ChainId;
use ledger_core::merkle::{LogRoot, LogSize};
use ledger_core::names::{BlockHash, Height, MapRoot, MemberCode, NodeNumber, Protocol, Round, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a node is by the membership that judges the next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It votes.
    Validator,
    /// It follows.
    Replica,
    /// The membership has no such node.
    Outsider,
}

/// Where a node stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// How it stands: the worst that is true.
    pub state: State,
    /// All that is true of it, the worst first.
    pub states: Vec<State>,
    /// The chain.
    pub chain_id: ChainId,
    /// Name of the network.
    pub network: String,
    /// Height of the last durable block.
    pub height: Height,
    /// Its hash.
    pub tip: BlockHash,
    /// Its time, in milliseconds since 1970.
    pub time: Timestamp,
    /// How long ago that was by the node's clock, in milliseconds.
    pub tip_age_ms: u64,
    /// Events on the chain.
    pub events: u64,
    /// Entries of the log: events and seals.
    pub log_size: LogSize,
    /// Root of the log.
    pub log_root: LogRoot,
    /// Root of the contract map.
    pub map_root: MapRoot,
    /// Subjects in the contract map.
    pub subjects: u64,
    /// What the node is.
    pub role: Role,
    /// Its number.
    pub node: NodeNumber,
    /// Its member; none for an outsider.
    pub member: Option<MemberCode>,
    /// Its voting power.
    pub power: u32,
    /// Voting power of all nodes.
    pub total_power: u64,
    /// Who is connected.
    pub peers: Vec<PeerStatus>,
    /// Events that wait for a block.
    pub pending: u64,
    /// The height that is being decided.
    pub deciding: Height,
    /// Its round.
    pub round: Round,
    /// What the agreement waits for.
    pub waiting: Option<String>,
    /// Why the node does not vote although it has power, and what ends that.
    pub silent: Option<String>,
    /// Why the agreement stands still, here or everywhere.
    pub halted: Option<String>,
    /// Validators of which this node has proof that they signed two things at one height: `/v1/evidence`.
    pub equivocators: Vec<NodeNumber>,
    /// The highest tip that another node has told of.
    pub highest: Height,
    /// By how many milliseconds the node's clock is ahead of the middle one of the voting power; none while less than
    /// two thirds of it have told.
    pub clock_ahead_ms: Option<i64>,
    /// Whether it votes, or has no vote and follows, and nothing is wrong with it.
    pub ready: bool,
    /// What is wrong with it, the worst first.
    pub not_ready: Vec<Reason>,
    /// The program.
    pub version: String,
    /// The rules that the next block follows.
    pub protocol: Protocol,
    /// The newest rules that this version knows.
    pub newest_protocol: Protocol,
    /// Those that are adopted and not in force yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted_protocol: Option<AdoptedProtocol>,
    /// Voting power of the nodes that say they know what is adopted, or else in force.
    pub knowing_power: u64,
    /// The newest rules that each node says it knows; none of those that have not said.
    pub known_protocols: BTreeMap<NodeNumber, Protocol>,
    /// How long the node has been running, in seconds.
    pub uptime_s: u64,
    /// Free bytes where the home is; none where the system does not say.
    pub disk_free: Option<u64>,
}

/// A protocol that is adopted and not in force yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdoptedProtocol {
    /// The protocol.
    pub protocol: Protocol,
    /// From which block on it holds.
    pub effective: Height,
    /// Whether this version knows it; else the node makes and checks no block from there on.
    pub known: bool,
}

/// A node that is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerStatus {
    /// The node.
    pub node: NodeNumber,
    /// Its member.
    pub member: Option<MemberCode>,
    /// Its address.
    pub address: String,
    /// How long a ping takes there and back, in microseconds.
    pub round_trip_us: Option<u64>,
}

pub(super) async fn status(extract::State(surface): extract::State<Arc<Surface>>) -> Response {
    let uptime = surface.begun.elapsed().as_secs();
    let handles = surface.handles.clone();
    match blocking(move || Ok::<_, Problem>(Status::of(&handles, uptime))).await {
        Ok(status) => json(StatusCode::OK, &status),
        Err(problem) => problem.into_response(),
    }
}

impl Status {
    /// Gathers it; reads the disk.
    pub(crate) fn of(handles: &Handles, uptime_s: u64) -> Self {
        let latest = handles.chain.latest();
        let tip = &latest.tip;
        let membership = tip.membership();
        let own = membership.node(handles.node);
        let peers = handles.peers.borrow().clone();
        let peer = |peer: crate::network::Peer| PeerStatus {
            node: peer.node,
            member: membership.node(peer.node).map(|(member, _)| member.code),
            address: peer.address,
            round_trip_us: peer.round_trip.map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)),
        };
        let view = handles.agreement.view();
        let Standing { state, all: states, reasons: not_ready } = standing(handles, &latest, &view);
        let power = own.map_or(0, |(_, node)| node.power);
        let halted = view.forked.or(view.halted).or(view.unheard);
        let adopted = adopted(tip.control()).map(|(protocol, open)| AdoptedProtocol {
            protocol,
            effective: open.effective,
            known: protocol <= handles.known.newest(),
        });
        let asked = adopted.map_or(tip.control().protocol, |adopted| adopted.protocol);
        let known = membership.nodes().map(|(_, node)| node.number);
        let known_protocols = known.filter_map(|node| Some((node, handles.known.of(node)?))).collect();
        Self {
            state,
            states,
            chain_id: tip.chain(),
            network: handles.chain.genesis().name.to_string(),
            height: tip.height(),
            tip: tip.hash(),
            time: tip.time(),
            tip_age_ms: now().0.saturating_sub(tip.time().0),
            events: events(handles, &latest),
            log_size: tip.frontier().size(),
            log_root: tip.frontier().root(),
            map_root: tip.map_root(),
            subjects: handles.chain.subjects(),
            role: match own {
                Some((_, node)) if node.power > 0 => Role::Validator,
                Some(_) => Role::Replica,
                None => Role::Outsider,
            },
            node: handles.node,
            member: own.map(|(member, _)| member.code),
            power,
            total_power: membership.total_power(),
            peers: peers.into_iter().map(peer).collect(),
            pending: handles.pending.borrow().events,
            deciding: view.height,
            round: view.round,
            waiting: view.waiting,
            silent: view.silent.filter(|_| power > 0).map(|words| words.en),
            halted: halted.map(|words| words.en),
            equivocators: handles.equivocations.nodes(),
            highest: view.highest.max(tip.height()),
            clock_ahead_ms: view.clock_ahead_ms,
            ready: state.is_ready(),
            not_ready,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: tip.control().protocol,
            newest_protocol: handles.known.newest(),
            adopted_protocol: adopted,
            knowing_power: handles.known.power(asked, membership),
            known_protocols,
            uptime_s,
            disk_free: disk_free(&handles.home),
        }
    }
}

/// Events on the chain: every block begins with the seal of the one below, and the first one of a chain
/// that goes on with two.
fn events(handles: &Handles, latest: &Latest) -> u64 {
    let entries = latest.tip.frontier().size().0.saturating_sub(handles.chain.store().first_entry().0);
    let height = latest.tip.height().0;
    let goes_on = handles.chain.genesis().predecessor.is_some();
    entries.saturating_sub(height + u64::from(goes_on && height > 0))
}

/// Bytes that this node may still write where its home is.
fn disk_free(home: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(home).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}
