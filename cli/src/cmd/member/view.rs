//! What a node says of the membership, and changes in words.

use crate::client::{Client, ClientError};
use crate::exit::{Exit, Problem};
use ledger_core::crypto::ChainId;
use ledger_core::governance::{Change, OpenProposal};
use ledger_core::membership::{KeyBytes, Member, Membership, Parameters, escaped};
use ledger_core::names::{Height, NodeNumber, PROTOCOL, ProposalId, Protocol};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long something that was submitted may take until it is on the chain.
const FINAL: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(100);

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
}

impl Members {
    pub(super) async fn ask(client: &mut Client) -> Result<Self, ClientError> {
        client.get("/v1/members").await
    }

    /// An open proposal, by its id or the beginning of it.
    pub(super) fn proposal(&self, id: &str) -> Result<&OpenProposal, Problem> {
        let mut found = self.proposals.iter().filter(|open| open.id.to_string().starts_with(id));
        match (found.next(), found.next()) {
            (Some(open), None) => check_id(open, &"the node").map(|()| open),
            (Some(_), Some(_)) => Err(Problem::usage(format!("several open proposals begin with {id}"))),
            (None, _) => Err(Problem::usage(format!("no open proposal begins with {id}"))
                .next("it is not on the chain yet, has lapsed, or is in force: `luqi member list --url URL`")),
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

/// What was submitted, as the node answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Taken {
    pub(super) proposal: ProposalId,
    pub(super) sequence: u64,
}

/// Waits until the chain shows something.
pub(super) async fn until(client: &mut Client, shows: impl Fn(&Members) -> bool) -> Result<Members, Problem> {
    let began = Instant::now();
    loop {
        match Members::ask(client).await {
            Ok(members) if shows(&members) => return Ok(members),
            Ok(_) => {}
            Err(error) if error.may_be_tried_again() => {}
            Err(error) => return Err(error.into()),
        }
        if began.elapsed() > FINAL {
            let what = format!("it was submitted, and is not on the chain after {} s", FINAL.as_secs());
            return Err(Problem::new(Exit::Undecided, what)
                .next("the chain may stand still, or have refused it: `luqi status` and `luqi member list` tell"));
        }
        sleep(PAUSE).await;
    }
}

/// A change, for a person.
pub(super) fn words(change: &Change) -> String {
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
        Change::SetPower(number, power) => format!("set the voting power of node {number} to {power}"),
        Change::RotateNodeKeys(number, _) => format!("replace the keys of node {number}"),
        Change::RotateMemberKeys(code, _, _) => format!("replace governance and vault key of {code}"),
        Change::SetParameters(parameters) => format!("replace the parameters of the chain: {}", named(parameters)),
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

/// Parameters with their values, as `luqi member propose set-parameters` takes them.
fn named(parameters: &Parameters) -> String {
    let values = serde_json::to_value(parameters).unwrap_or_default();
    let values = values.as_object().into_iter().flatten().map(|(name, value)| format!("{name}={value}"));
    values.collect::<Vec<_>>().join(" ")
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
            control: Control { protocol: PROTOCOL },
            heard: Vec::new(),
        };
        let id = meant.id(effective);
        let (honest, lying) = (told(open(&meant, id)), told(open(&shown, id)));
        assert_eq!(honest.proposal(&id.to_string()[..8]).map(|open| open.id).ok(), Some(id));
        assert_eq!(lying.proposal(&id.to_string()[..8]).map(|_| ()).unwrap_err().exit, Exit::Wrong);
    }

    #[test]
    fn a_protocol_that_this_version_does_not_know_is_neither_proposed_nor_approved() {
        assert!(check_known(&Change::Activate(PROTOCOL)).is_ok());
        let newer = check_known(&Change::Activate(Protocol(PROTOCOL.0 + 1)));
        assert_eq!(newer.unwrap_err().exit, Exit::Usage);
    }
}
