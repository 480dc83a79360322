//! `/healthz`, `/readyz`: for supervisors.

use super::state::{Facts, Standing, State};
use super::{Handles, Surface, View, Words, json};
use crate::called;
use crate::chain::Latest;
use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use ledger_core::chain::NewerProtocol;
use ledger_core::membership::Membership;
use ledger_core::names::{Height, NodeNumber};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A node that is so many blocks behind is not near the tip: one is always under way, and another may be
/// between two messages.
const NEAR: u64 = 2;

/// Why a node is not well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// In which state it is for that.
    pub state: State,
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
    state: State,
    reasons: Vec<Reason>,
}

/// The process answers.
pub(super) async fn health() -> &'static str {
    "ok\n"
}

/// The node is of use: it votes, or has no vote and follows, and nothing is wrong with it.
pub(super) async fn ready(extract::State(surface): extract::State<Arc<Surface>>) -> Response {
    let handles = &surface.handles;
    let Standing { state, reasons, .. } = standing(handles, &handles.chain.latest(), &handles.agreement.view());
    let ready = state.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &Ready { ready, state, reasons })
}

/// How the node stands. A connection is proven: its peer id is the one that the membership names for the node.
pub(crate) fn standing(handles: &Handles, latest: &Latest, view: &View) -> Standing {
    let membership = latest.tip.membership();
    let behind = behind(latest.tip.height(), view.highest);
    let has_power = membership.node(handles.node).is_some_and(|(_, node)| node.power > 0);
    let said = |state, code: &str, words: &Option<Words>| {
        words.as_ref().map(|words| reason(state, code, words.en.clone(), words.zh.clone()))
    };
    Standing::of(Facts {
        has_power,
        forked: said(State::Forked, "FORKED", &view.forked),
        halted: said(State::Halted, "HALTED", &view.halted).or_else(|| newer_protocol(handles, latest)),
        // Who knows that he is behind waits for no further word of that.
        unreachable: unreachable(handles, membership, view, behind.is_some()),
        no_member: no_member(handles, membership),
        closed: handles.submissions.closed().map(|why| {
            let (en, zh) = (format!("it takes no messages in: {why}"), format!("暂停接收报文：{why}"));
            reason(State::Closed, "INTAKE_CLOSED", en, zh)
        }),
        silent: said(State::Silent, "SILENT", &view.silent),
        clock: said(State::Clock, "CLOCK", &view.clock),
        behind,
    })
}

/// Why no more than two thirds of the power is heard. A connection alone is not enough: whoever is connected and says
/// nothing of the height is not heard either.
fn unreachable(handles: &Handles, membership: &Membership, view: &View, is_behind: bool) -> Option<Reason> {
    let connected: BTreeSet<NodeNumber> = handles.peers.borrow().iter().map(|peer| peer.node).collect();
    let reached = |number: NodeNumber| number == handles.node || connected.contains(&number);
    let with_power = membership.nodes().map(|(_, node)| node).filter(|node| node.power > 0);
    let (there, away): (Vec<_>, Vec<_>) = with_power.partition(|node| reached(node.number));
    let power = there.iter().map(|node| u64::from(node.power)).sum();
    let (mut en, mut zh, mut code) = (Vec::new(), Vec::new(), None);
    if !membership.is_quorum(power) {
        let total = membership.total_power();
        let away: Vec<_> = away.iter().map(|node| node.number).collect();
        code = Some("NOT_CONNECTED");
        en.push(format!(
            "it reaches {power} of {total} voting power, itself included, and more than two thirds are needed; not \
             connected: {}",
            called::nodes(membership, &away)
        ));
        zh.push(format!(
            "可达表决权 {power}/{total}（含本节点），须超过三分之二；未连接：{}",
            called::nodes_zh(membership, &away)
        ));
    } else if !view.is_told && !is_behind {
        code = Some("NOT_TOLD");
        en.push(
            "it has just connected, and has not yet heard from more than two thirds of the voting power where they stand"
                .to_owned(),
        );
        zh.push("连接不久，尚未获知超过三分之二表决权的节点所在高度".to_owned());
    }
    if let Some(words) = &view.unheard {
        code = code.or(Some("NOT_HEARD"));
        en.push(words.en.clone());
        zh.push(words.zh.clone());
    }
    code.map(|code| reason(State::Unreachable, code, en.join("; "), zh.join("；")))
}

fn behind(own: Height, highest: Height) -> Option<Reason> {
    let lacks = highest.0.saturating_sub(own.0);
    (lacks > NEAR).then(|| {
        let en = format!("it stands at block {own}, others at {highest}: {lacks} blocks behind");
        let zh = format!("本节点在第 {own} 块，其他节点在第 {highest} 块，落后 {lacks} 块");
        reason(State::Behind, "BEHIND", en, zh)
    })
}

/// Rules are in force of which this version has none: it makes and checks no block.
fn newer_protocol(handles: &Handles, latest: &Latest) -> Option<Reason> {
    let NewerProtocol(protocol) = latest.tip.rules().err()?;
    let (known, membership) = (&handles.known, latest.tip.membership());
    let (newest, power, total) = (known.newest(), known.power(protocol, membership), membership.total_power());
    let lacking: Vec<_> = known.lacking(protocol, membership).iter().map(ToString::to_string).collect();
    let lacking = lacking.join(", ");
    Some(reason(
        State::Halted,
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
    let words = match membership.node(node) {
        None => Some((format!("the membership in force has no node {node}"), format!("现行成员名单中没有节点 {node}"))),
        Some((_, own)) if *own.keys != handles.keys => Some((
            format!(
                "the membership in force has other keys of node {node} than its home: put those there, and start it again"
            ),
            format!("现行成员名单中节点 {node} 的密钥与本节点所持不符：请换入新密钥后重新启动"),
        )),
        Some((_, _)) => None,
    };
    words.map(|(en, zh)| reason(State::NoMember, "NOT_A_MEMBER", en, zh))
}

fn reason(state: State, code: &str, en: String, zh: String) -> Reason {
    Reason { state, code: code.to_owned(), en, zh }
}
