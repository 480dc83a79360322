//! `/healthz`, `/readyz`: for supervisors.

use super::{Handles, Surface, View, json};
use crate::chain::Latest;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ledger_core::chain::NewerProtocol;
use ledger_core::membership::Membership;
use ledger_core::names::NodeNumber;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A node that is so many blocks behind is not near the tip: one is always under way, and another may be
/// between two messages.
const NEAR: u64 = 2;

/// Why a node is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

#[derive(Serialize)]
struct Ready {
    ready: bool,
    reasons: Vec<Reason>,
}

/// The process answers.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// The node is of use: connected to more than two thirds of the power, near the tip, not halted.
pub(super) async fn ready(State(surface): State<Arc<Surface>>) -> Response {
    let handles = &surface.handles;
    let reasons = not_ready(handles, &handles.chain.latest(), &handles.agreement.view());
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &Ready { ready: reasons.is_empty(), reasons })
}

/// Why the node is not ready; nothing where it is. A connection is proven: its peer id is the one that the
/// membership names for the node.
pub(crate) fn not_ready(handles: &Handles, latest: &Latest, view: &View) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let membership = latest.tip.membership();
    let connected: BTreeSet<NodeNumber> = handles.peers.borrow().iter().map(|peer| peer.node).collect();
    let reached = |number: NodeNumber| number == handles.node || connected.contains(&number);
    let power =
        membership.nodes().filter(|(_, node)| reached(node.number)).map(|(_, node)| u64::from(node.power)).sum();
    if !membership.is_quorum(power) {
        let total = membership.total_power();
        reasons.push(reason(
            "NOT_CONNECTED",
            format!("it reaches {power} of {total} voting power, itself included: more than two thirds are needed"),
            format!("可达表决权 {power}/{total}（含本节点），须超过三分之二"),
        ));
    } else if !view.is_told {
        reasons.push(reason(
            "NOT_TOLD",
            "it has just connected, and has not yet heard from more than two thirds of the voting power where they stand"
                .to_owned(),
            "连接不久，尚未获知超过三分之二表决权的节点所在高度".to_owned(),
        ));
    }
    let height = latest.tip.height();
    if view.highest.0 > height.0.saturating_add(NEAR) {
        reasons.push(reason(
            "BEHIND",
            format!("it stands at block {height}, others at {}", view.highest),
            format!("本节点在第 {height} 块，其他节点在第 {} 块", view.highest),
        ));
    }
    if let Some(why) = view.silent.as_ref().filter(|_| height.0 == 0) {
        reasons.push(reason(
            "NOT_BEGUN",
            format!("it does not vote on the first block: {why}"),
            format!("尚未参与首块表决：{why}"),
        ));
    }
    if let Some(why) = &view.clock {
        let seconds = view.clock_ahead_ms.unwrap_or_default() as f64 / 1_000.0;
        reasons.push(reason("CLOCK", why.clone(), format!("本机时钟与表决权中位时钟相差 {seconds:+.1} 秒，请校准")));
    }
    reasons.extend(no_member(handles, membership));
    reasons.extend(newer_protocol(handles, latest));
    if let Some(why) = &view.halted {
        reasons.push(reason("HALTED", why.clone(), format!("共识停止：{why}")));
    }
    reasons
}

/// Rules are in force of which this version has none: it makes and checks no block.
fn newer_protocol(handles: &Handles, latest: &Latest) -> Option<Reason> {
    let NewerProtocol(protocol) = latest.tip.rules().err()?;
    let (known, membership) = (&handles.known, latest.tip.membership());
    let (newest, power, total) = (known.newest(), known.power(protocol, membership), membership.total_power());
    let lacking: Vec<_> = known.lacking(protocol, membership).iter().map(ToString::to_string).collect();
    let lacking = lacking.join(", ");
    Some(reason(
        "NEWER_PROTOCOL",
        format!(
            "protocol {protocol} is in force since block {}, and this version knows protocols up to {newest}: install a newer one. Nodes with {power} of {total} voting power say that they know it, not so node {lacking}; no block is made before more than two thirds do",
            latest.tip.height().next()
        ),
        format!(
            "自第 {} 块起须遵循协议 {protocol}，本版本最高支持协议 {newest}，请安装更新版本。已声明支持的表决权为 {power}/{total}，未声明者为节点 {lacking}；超过三分之二后方能出块",
            latest.tip.height().next()
        ),
    ))
}

/// Why the node cannot take part, whoever it reaches: nobody lets it in, and nothing that it signs counts.
fn no_member(handles: &Handles, membership: &Membership) -> Option<Reason> {
    let node = handles.node;
    match membership.node(node) {
        None => Some(reason(
            "NOT_A_MEMBER",
            format!("the membership in force has no node {node}"),
            format!("现行成员名单中没有节点 {node}"),
        )),
        Some((_, own)) if *own.keys != handles.keys => Some(reason(
            "NOT_A_MEMBER",
            format!(
                "the membership in force has other keys of node {node} than its home: put those there, and start it again"
            ),
            format!("现行成员名单中节点 {node} 的密钥与本节点所持不符：请换入新密钥后重新启动"),
        )),
        Some(_) => None,
    }
}

fn reason(code: &str, en: String, zh: String) -> Reason {
    Reason { code: code.to_owned(), en, zh }
}
