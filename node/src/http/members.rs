//! `/v1/members`: who may do what, and what is about to change.

use super::{Surface, json};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ledger_core::crypto::ChainId;
use ledger_core::governance::{OpenProposal, Stream};
use ledger_core::membership::Membership;
use ledger_core::names::{BlockHash, ControlHash, Height, MembershipHash, NodeNumber, Protocol};
use serde::Serialize;
use std::sync::Arc;
use std::time::Instant;

/// Membership and control state at the tip.
#[derive(Serialize)]
struct Members<'a> {
    chain_id: ChainId,
    height: Height,
    tip: BlockHash,
    /// What judges the next block.
    in_force: &'a Membership,
    /// Its hash.
    hash: MembershipHash,
    /// What certified the tip, where the tip has changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a Membership>,
    total_power: u64,
    /// The nodes that this one has heard in the last 15 s, itself included.
    heard: Vec<NodeNumber>,
    /// Proposals that are neither in force nor lapsed; one that is adopted holds from its height on.
    proposals: &'a [OpenProposal],
    control: Control<'a>,
}

/// The control state, but for the proposals.
#[derive(Serialize)]
struct Control<'a> {
    hash: ControlHash,
    protocol: Protocol,
    streams: &'a [Stream],
}

pub(super) async fn members(State(surface): State<Arc<Surface>>) -> Response {
    let latest = surface.handles.chain.latest();
    let tip = &latest.tip;
    let (membership, control) = (&**tip.membership(), tip.control());
    let answer = Members {
        chain_id: tip.chain(),
        height: tip.height(),
        tip: tip.hash(),
        in_force: membership,
        hash: tip.membership_hash(),
        before: tip.changed_membership().then_some(&**tip.signers()),
        total_power: membership.total_power(),
        heard: surface.handles.known.heard(membership, Instant::now()),
        proposals: &control.proposals,
        control: Control { hash: control.hash(), protocol: control.protocol, streams: &control.streams },
    };
    json(StatusCode::OK, &answer)
}
