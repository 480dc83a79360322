//! What a node says of the membership, and changes in words.

use crate::client::{Client, ClientError};
use crate::cmd::parameter;
use crate::exit::{Exit, Problem};
use crate::typed::typed;
use hyper::body::Bytes;
use ledger_core::crypto::ChainId;
use ledger_core::governance::{Change, OpenProposal, Stream};
use ledger_core::membership::{KeyBytes, Member, Membership, Parameters, escaped};
use ledger_core::names::{Height, NodeNumber, PROTOCOL, ProposalId, Protocol};
use serde::{Deserialize, Serialize};

/// `/v1/members`, as far as it is used here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Members {
    pub(super) chain_id: ChainId,
    pub(super) height: Height,
    pub(super) in_force: Membership,
    pub(super) proposals: Vec<OpenProposal>,
    pub(super) control: Control,
    /// The nodes that the one that is asked has heard lately, itself included.
    pub(super) heard: Vec<NodeNumber>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Control {
    pub(super) protocol: Protocol,
    /// The last submission of each node on the chain.
    pub(super) streams: Vec<Stream>,
}

impl Members {
    pub(super) async fn ask(client: &mut Client) -> Result<Self, ClientError> {
        client.get("/v1/members").await
    }

    /// An open proposal, by its id or the beginning of it, as it was typed.
    pub(super) fn proposal(&self, id: &str) -> Result<&OpenProposal, Problem> {
        let code = typed(id);
        let mut found = self.proposals.iter().filter(|open| open.id.to_string().starts_with(&code));
        match (found.next(), found.next()) {
            (Some(open), None) => check_id(open, &"the node").map(|()| open),
            (Some(_), Some(_)) => Err(Problem::usage(format!("several open proposals begin with {id}"))),
            (None, _) => Err(Problem::usage(format!("no open proposal begins with {id}"))
                .next("it is not on the chain yet, has lapsed, or is in force: `luqi member list` shows what is open")),
        }
    }

    /// Voting power of the members that have approved a proposal.
    pub(super) fn approving(&self, open: &OpenProposal) -> u64 {
        let approved = |member: &&Member| open.approvals.contains(&member.code);
        self.in_force.members().iter().filter(approved).map(Member::power).sum()
    }
}

/// The id of a proposal is that of the change that is shown with it: nobody signs or withdraws another one than he read.
///
/// # Errors
/// Exit code 1: a node or a file that says what is not so.
pub(super) fn check_id(open: &OpenProposal, said_by: &dyn std::fmt::Display) -> Result<(), Problem> {
    let id = open.change.id(open.effective);
    if id == open.id {
        return Ok(());
    }
    let what = format!("{said_by} names its proposal {}, and its change makes {id}", open.id);
    Err(Problem::new(Exit::Wrong, what).next("get the proposal again from a node that you trust"))
}

/// Nobody proposes or approves here what would stop the chain: a protocol of which this version has no rules.
///
/// # Errors
/// Exit code 2.
pub(super) fn check_known(change: &Change) -> Result<(), Problem> {
    let Change::Activate(protocol) = change else { return Ok(()) };
    if *protocol <= PROTOCOL {
        return Ok(());
    }
    let what = format!("this version knows protocols up to {PROTOCOL}: with protocol {protocol} it makes no block");
    Err(Problem::usage(what).next("install a version that knows it on every node first, and propose with that"))
}

/// What was submitted, and by which node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    pub(super) proposal: ProposalId,
    pub(super) node: NodeNumber,
    pub(super) sequence: u64,
}

/// Hands a proposal or an approval in.
pub(super) async fn submit(client: &mut Client, body: &impl Serialize) -> Result<Taken, Problem> {
    #[derive(Deserialize)]
    struct Node {
        node: NodeNumber,
    }
    #[derive(Deserialize)]
    struct Answer {
        proposal: ProposalId,
        sequence: u64,
    }
    let body = serde_json::to_vec(body).map_err(|error| Problem::new(Exit::Failed, error))?;
    let Node { node } = client.get("/v1/status").await?;
    let Answer { proposal, sequence } = client.post("/v1/governance", Bytes::from(body)).await?;
    Ok(Taken { proposal, node, sequence })
}

/// A change, for a person; what it changes is shown before and after, where `now` is known.
pub(super) fn words(change: &Change, now: Option<&Membership>) -> String {
    let nodes = |member: &Member<KeyBytes>| {
        let nodes: Vec<String> =
            member.nodes.iter().map(|node| format!("{} (power {})", node.number, node.power)).collect();
        if nodes.is_empty() { "no node".to_owned() } else { format!("node {}", nodes.join(", ")) }
    };
    match change {
        Change::AddMember(member) => {
            let (zh, en): (&str, &str) = (&member.name_zh, &member.name_en);
            format!("add member {} {} {}, {}", member.code, escaped(zh), escaped(en), nodes(member))
        }
        Change::RemoveMember(code, heir) => {
            format!("remove member {code} with its nodes; {heir} answers for what it kept")
        }
        Change::AddNode(code, node) => format!("add node {} (power {}) to {code}", node.number, node.power),
        Change::RemoveNode(number) => format!("remove node {number}"),
        Change::SetPower(number, power) => {
            let before = now.and_then(|now| now.node(*number)).map(|(_, node)| format!(" from {}", node.power));
            format!("set the voting power of node {number}{} to {power}", before.unwrap_or_default())
        }
        Change::RotateNodeKeys(number, _) => format!("replace the keys of node {number}"),
        Change::RotateMemberKeys(code, _, _) => format!("replace governance and vault key of {code}"),
        Change::SetParameters(after) => {
            format!("set the parameters of the chain: {}", named(now.map(Membership::parameters), after))
        }
        Change::Activate(protocol) => format!("activate protocol {protocol}"),
        Change::Withdraw(proposal) => format!("withdraw proposal {proposal}"),
        Change::SetTrust(trust) => {
            let names = trust.witnesses.iter().map(|key| escaped(key.split('+').next().unwrap_or(key)));
            let witnesses = names.collect::<Vec<_>>().join(" ");
            format!(
                "replace the trust policy: {} of the witnesses [{witnesses}] wanted, {} timestamp roots, lag {}",
                trust.wanted,
                trust.timestamp_roots.len(),
                trust.lag
            )
        }
    }
}

/// Parameters that change, before → after; all of them, where nobody says what holds.
pub(super) fn named(before: Option<&Parameters>, after: &Parameters) -> String {
    let Some(before) = before else {
        let values = Parameters::BOUNDS.into_iter().zip(after.values());
        return values.map(|(bounds, value)| format!("{}={value}", bounds.name)).collect::<Vec<_>>().join(" ");
    };
    let changed = parameter::differences(before, after).into_iter();
    let changed = changed.map(|(name, before, after, unit)| format!("{name} {before} → {after} {unit}"));
    let changed = changed.collect::<Vec<_>>().join(", ");
    if changed.is_empty() { "nothing differs from what holds".to_owned() } else { changed }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
mod tests {
    use super::*;
    use ledger_core::codec::List;
    use ledger_core::fixture::{Network, code};

    /// A node that shows a harmless change under the id of another one: nobody signs what he did not read.
    #[test]
    fn a_proposal_is_the_change_that_is_shown_with_it() {
        let network = Network::new(2);
        let (shown, meant) = (Change::SetPower(NodeNumber(1), 2), Change::SetPower(NodeNumber(2), 4_000_000_000));
        let effective = Height(40);
        let open = |change: &Change, id| OpenProposal {
            id,
            proposer: code("370000"),
            change: change.clone().into(),
            effective,
            approvals: List::default(),
            adopted: false,
        };
        let told = |open: OpenProposal| Members {
            chain_id: network.tip.chain(),
            height: Height(3),
            in_force: (**network.tip.membership()).clone(),
            proposals: vec![open],
            control: Control { protocol: PROTOCOL, streams: Vec::new() },
            heard: Vec::new(),
        };
        let id = meant.id(effective);
        let (honest, lying) = (told(open(&meant, id)), told(open(&shown, id)));
        let typed = id.to_string()[..8].to_uppercase();
        for typed in [&typed[..], &format!("{}-{}", &typed[..4], &typed[4..])] {
            assert_eq!(honest.proposal(typed).map(|open| open.id).ok(), Some(id), "{typed}");
        }
        assert_eq!(lying.proposal(&id.to_string()[..8]).map(|_| ()).unwrap_err().exit, Exit::Wrong);
    }

    #[test]
    fn what_changes_is_shown_before_and_after() {
        let network = Network::new(2);
        let now = network.tip.membership();
        let after = Parameters { pace_wait_ms: 200, ..*now.parameters() };
        let shown = words(&Change::SetParameters(after), Some(now));
        assert_eq!(shown, "set the parameters of the chain: pace_wait_ms 5000 → 200 ms");
        assert!(words(&Change::SetParameters(after), None).contains("pace_wait_ms=200 pace_seal_ms="));
        let power = words(&Change::SetPower(NodeNumber(2), 3), Some(now));
        assert_eq!(power, "set the voting power of node 2 from 1 to 3");
    }

    #[test]
    fn a_protocol_that_this_version_does_not_know_is_neither_proposed_nor_approved() {
        assert!(check_known(&Change::Activate(PROTOCOL)).is_ok());
        let newer = check_known(&Change::Activate(Protocol(PROTOCOL.0 + 1)));
        assert_eq!(newer.unwrap_err().exit, Exit::Usage);
    }
}
