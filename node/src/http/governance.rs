//! `/v1/governance`: proposals and approvals come in. What the chain would refuse is refused here, so that
//! who sent it learns why; what it becomes, the chain alone says.

use super::submissions::{local_json, not_taken};
use super::{Code, Problem, SubmitError, Surface, json};
use crate::chain::Latest;
use crate::consensus::{KnownProtocols, protocol_of};
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use ledger_core::crypto::Signature;
use ledger_core::event::Event;
use ledger_core::governance::{
    Approve, Change, Considered, MAX_OPEN, MAX_PROPOSALS, MOST_AHEAD, Propose, ProposeError,
};
use ledger_core::membership::Membership;
use ledger_core::names::{Height, MemberCode, NodeNumber, ProposalId, Sequence};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Asked {
    Propose { change: Box<Change>, effective: Height },
    Approve { proposal: ProposalId, member: MemberCode, signature: Signature },
}

#[derive(Serialize)]
struct Taken {
    proposal: ProposalId,
    sequence: Sequence,
}

pub(super) async fn govern(State(surface): State<Arc<Surface>>, request: Request<Body>) -> Result<Response, Problem> {
    let (body, _counted) = local_json(request, &surface).await?;
    let asked: Asked = serde_json::from_slice(&body).map_err(|error| {
        Problem::new(
            Code::BadRequest,
            format!("the body is no proposal and no approval: {error}"),
            "请求体不是提案或批准",
        )
        .at("")
    })?;
    let latest = surface.handles.chain.latest();
    let (proposal, event) = match asked {
        Asked::Propose { change, effective } => {
            check_known(&change, &surface.handles.known, "/propose/change")?;
            propose(&latest, surface.handles.node, *change, effective)?
        }
        Asked::Approve { proposal, member, signature } => {
            approve(&latest, &surface.handles.known, Approve { proposal, member, signature })?
        }
    };
    match surface.handles.submissions.govern(event).await {
        Ok(sequence) => Ok(json(StatusCode::ACCEPTED, &Taken { proposal, sequence })),
        Err(error) => Err(not_taken(error)),
    }
}

/// Nobody proposes or approves through this node what would stop the chain: a protocol of which it has no rules.
fn check_known(change: &Change, known: &KnownProtocols, pointer: &str) -> Result<(), Problem> {
    let newest = known.newest();
    match protocol_of(change).filter(|protocol| *protocol > newest) {
        None => Ok(()),
        Some(protocol) => Err(Problem::new(
            Code::UnknownProtocol,
            format!(
                "this node knows protocols up to {newest}: with protocol {protocol} it would make no block; install a version that knows it on every node first"
            ),
            format!("本节点支持的协议版本最高为 {newest}，启用协议 {protocol} 后将无法出块；请先在所有节点安装支持该协议的版本"),
        )
        .at(pointer)),
    }
}

/// A protocol is approved once nodes with more than two thirds of the voting power know it: before, no node votes for a
/// block in which it is adopted.
fn check_known_by_most(change: &Change, known: &KnownProtocols, membership: &Membership) -> Result<(), Problem> {
    let Some(protocol) = protocol_of(change).filter(|protocol| !known.is_known_by_most(*protocol, membership)) else {
        return Ok(());
    };
    let (power, total) = (known.power(protocol, membership), membership.total_power());
    let lacking: Vec<_> = known.lacking(protocol, membership).iter().map(ToString::to_string).collect();
    let lacking = lacking.join(", ");
    Err(Problem::new(
        Code::UnknownProtocol,
        format!(
            "nodes with {power} of {total} voting power say that they know protocol {protocol}, and more than two thirds are needed: install a version that knows it on node {lacking}, then approve"
        ),
        format!(
            "已声明支持协议 {protocol} 的节点表决权为 {power}/{total}，须超过三分之二；请先在节点 {lacking} 安装支持该协议的版本，再行批准"
        ),
    )
    .at("/approve/proposal"))
}

fn propose(
    latest: &Latest,
    node: NodeNumber,
    change: Change,
    effective: Height,
) -> Result<(ProposalId, Event), Problem> {
    let tip = &latest.tip;
    // As for whatever else it would submit: the change itself is not judged.
    let Some((member, _)) = tip.membership().node(node) else { return Err(not_taken(SubmitError::NotAMember(node))) };
    let propose = Propose { change: change.into(), effective };
    match tip.control().consider(member.code, tip.height().next(), tip.membership(), &propose) {
        Ok(Considered::Opens(_) | Considered::TakesBack(_)) => {
            Ok((propose.change.id(effective), Event::Propose(Box::new(propose))))
        }
        Err(why) => Err(not_proposed(&why, tip.height().next())),
    }
}

/// Why the block of a height would refuse a proposal, for who made it.
fn not_proposed(why: &ProposeError, height: Height) -> Problem {
    let problem = |en: String, zh: String, at: &str| Problem::new(Code::BadChange, en, zh).at(at);
    match why {
        ProposeError::TooLate(first) => problem(
            format!("block {height} is being made: the change can hold from block {first} on at the earliest"),
            format!("第 {height} 块正在生成，变更最早自第 {first} 块起生效"),
            "/propose/effective",
        ),
        ProposeError::TooFar(_) => problem(
            why.to_string(),
            format!("拟定的生效高度过远；请在其后 {MOST_AHEAD} 块以内提案"),
            "/propose/effective",
        ),
        ProposeError::Duplicate => problem(why.to_string(), "该提案已存在".to_owned(), "/propose"),
        ProposeError::Withdrawn => {
            problem(why.to_string(), "该提案已被撤回；请另择生效高度重新提出".to_owned(), "/propose")
        }
        ProposeError::TooManyOwn => problem(
            format!(
                "this node's member has no place left: {MAX_OPEN} proposals that are not adopted take one each, as `luqi member list` shows. Wait until one of them is adopted or lapses; withdraw one that this member has proposed itself for its very height, which takes no place; or propose through another member's node"
            ),
            format!(
                "本节点所属成员的 {MAX_OPEN} 个提案名额已满（未获通过的提案各占一个，见 luqi member list）：请待其中一项通过或失效；或撤回本成员自己的某项提案，撤回须拟定与该提案相同的生效高度，不占名额；或通过其他成员的节点提出"
            ),
            "/propose",
        ),
        ProposeError::TooMany => problem(
            format!("{why}: wait until one holds or lapses"),
            format!("全网已有 {MAX_PROPOSALS} 项未决提案：请待其中一项生效或失效"),
            "/propose",
        ),
        ProposeError::NotOpen(id) => {
            problem(why.to_string(), format!("没有编号为 {id}、可撤回的未决提案"), "/propose/change")
        }
        ProposeError::Sooner(height) => problem(
            why.to_string(),
            format!("拟撤回的提案自第 {height} 块起生效；撤回提案的生效高度不得低于该高度"),
            "/propose/effective",
        ),
        ProposeError::BadChange(why) => problem(why.to_string(), format!("变更不适用：{why}"), "/propose/change"),
    }
}

fn approve(latest: &Latest, known: &KnownProtocols, approve: Approve) -> Result<(ProposalId, Event), Problem> {
    let tip = &latest.tip;
    let Some(open) = tip.control().proposals.iter().find(|open| open.id == approve.proposal) else {
        return Err(Problem::new(
            Code::UnknownProposal,
            "no open proposal has this id: it is not on the chain yet, has lapsed, or is in force; see /v1/members",
            "没有此编号的未决提案：尚未上链、已失效或已生效；见 /v1/members",
        )
        .at("/approve/proposal"));
    };
    check_known(&open.change, known, "/approve/proposal")?;
    check_known_by_most(&open.change, known, tip.membership())?;
    let bad = |pointer: &str, en: &str, zh: &str| Err(Problem::new(Code::BadApproval, en, zh).at(pointer));
    let Some(member) = tip.membership().member(approve.member) else {
        return bad("/approve/member", "the membership in force has no such member", "现行成员名单中没有该成员");
    };
    if open.approvals.contains(&approve.member) {
        return bad("/approve/member", "this member has approved it already", "该成员已批准");
    }
    if approve.verify(&tip.chain(), member).is_err() {
        return bad(
            "/approve/signature",
            "the signature is not by the member's governance key over this proposal on this chain",
            "签名不是该成员治理密钥对本链此提案所作",
        );
    }
    Ok((approve.proposal, Event::Approve(approve)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::{self, Network, code};
    use std::time::Instant;

    #[test]
    fn a_protocol_is_approved_once_most_of_the_power_knows_it() {
        let network = Network::new(4);
        let (membership, next) = (network.tip.membership(), ledger_core::names::Protocol(2));
        let (known, change) = (KnownProtocols::new(NodeNumber(1), next), Change::Activate(next));
        let refused = check_known_by_most(&change, &known, membership).unwrap_err();
        assert_eq!(refused.code(), Code::UnknownProtocol);
        (2..=3).for_each(|node| known.says(NodeNumber(node), next, membership, Instant::now()));
        assert!(check_known_by_most(&change, &known, membership).is_ok());
        assert!(check_known(&change, &known, "").is_ok());
        assert!(check_known(&change, &KnownProtocols::new(NodeNumber(1), ledger_core::names::PROTOCOL), "").is_err());
        let other = Change::RemoveNode(NodeNumber(2));
        assert!(check_known_by_most(&other, &KnownProtocols::new(NodeNumber(1), next), membership).is_ok());
    }

    #[test]
    fn a_member_without_a_place_is_told_the_way_back() {
        let mut network = Network::new(4);
        let propose_event = |power| {
            let change = Change::SetPower(NodeNumber(4), power).into();
            Event::Propose(Box::new(Propose { change, effective: Height(20) }))
        };
        let own = network.submission(4, (2..6).map(propose_event).collect());
        network.block(vec![own]);
        let first = Change::SetPower(NodeNumber(4), 2).id(Height(20));
        let approval = Approve::sign(&network.tip.chain(), &fixture::governance_key(1), code("370000"), first);
        let approved = network.submission(1, vec![Event::Approve(approval)]);
        network.block(vec![approved]);
        let latest = Latest { tip: network.tip, header: None, certificate: None, since: Instant::now() };
        let propose = |change, height| propose(&latest, NodeNumber(4), change, Height(height)).map(drop);
        let refused = |change, height| format!("{:?}", propose(change, height).unwrap_err());
        let told = [refused(Change::SetPower(NodeNumber(4), 9), 20), refused(Change::Withdraw(first), 21)];
        for told in told {
            assert!(
                told.contains("for its very height, which takes no place") && told.contains("相同的生效高度"),
                "{told}"
            );
        }
        assert!(propose(Change::Withdraw(first), 20).is_ok());
    }

    #[test]
    fn a_node_without_a_member_proposes_nothing_whatever_the_change() {
        let latest = Latest { tip: Network::new(4).tip, header: None, certificate: None, since: Instant::now() };
        let refused = |node, removed| {
            let change = Change::RemoveNode(NodeNumber(removed));
            propose(&latest, NodeNumber(node), change, Height(20)).map(drop).map_err(|problem| problem.code())
        };
        assert_eq!(refused(4, 3), Ok(()));
        assert_eq!(refused(4, 9), Err(Code::BadChange));
        for removed in [3, 9] {
            assert_eq!(refused(9, removed), Err(Code::NotAMember), "node {removed}");
        }
    }
}
