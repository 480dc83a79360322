//! `luqi member approve`

use super::outlook;
use super::target::Target;
use super::view::{Members, Taken, check_id, check_known, until, words};
use crate::client::{Client, block_on};
use crate::exit::{Exit, Problem};
use crate::output::Output;
use hyper::body::Bytes;
use ledger_core::crypto::{ChainId, SecretKey, Signature};
use ledger_core::governance::{Approve, OpenProposal};
use ledger_core::names::{Height, MemberCode, ProposalId};
use luqi_node::home::{read_genesis, read_json};
use luqi_node::keys::{KeyName, read_key};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  luqi member approve 3f09ab --member 370100 --key governance.key --url http://127.0.0.1:7080
  luqi member approve proposal.json --member 370100 --key governance.key --genesis genesis.json --sign-only
  luqi member approve --approval approval.json --url http://127.0.0.1:7080 --wait

The governance key belongs on no node: sign where it is kept, and carry the approval to any node. A proposal
that comes in a file (`luqi member show PROPOSAL --json`) is hashed here, so that what is signed is what
stands in the file.";

/// Approve a proposal with a member's governance key
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(super) struct Args {
    /// Id of the proposal or its beginning; or a file with it
    #[arg(value_name = "PROPOSAL|FILE", required_unless_present = "approval", conflicts_with = "approval")]
    proposal: Option<String>,
    /// The member that approves
    #[arg(long, value_name = "CODE", required_unless_present = "approval", conflicts_with = "approval")]
    member: Option<MemberCode>,
    /// File of its governance key
    #[arg(long, value_name = "FILE", required_unless_present = "approval", conflicts_with = "approval")]
    key: Option<PathBuf>,
    /// The chain's genesis; otherwise the node says which chain it is
    #[arg(long, value_name = "FILE", conflicts_with = "approval")]
    genesis: Option<PathBuf>,
    /// Print the approval instead of submitting it
    #[arg(long, conflicts_with_all = ["approval", "wait"])]
    sign_only: bool,
    /// Submit an approval that was signed elsewhere
    #[arg(long, value_name = "FILE")]
    approval: Option<PathBuf>,
    /// Wait until it is on the chain
    #[arg(long)]
    wait: bool,
    /// Approve it although the chain would stand still after it, by whom the node has heard lately
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    target: Target,
}

/// An approval, as `POST /v1/governance` takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Approval {
    approve: Signed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    proposal: ProposalId,
    member: MemberCode,
    signature: Signature,
}

#[derive(Serialize)]
struct Answer {
    proposal: ProposalId,
    member: MemberCode,
    sequence: u64,
    is_final: bool,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    block_on(approve(args, output))
}

async fn approve(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let approval = match &args.approval {
        Some(file) => read_json(file)?,
        None => sign(args, output).await?,
    };
    if args.sign_only {
        // Always JSON: it is to be carried to a node.
        output.print(&(serde_json::to_string(&approval).map_err(|error| Problem::new(Exit::Failed, error))? + "\n"))?;
        return Ok(Exit::Holds);
    }
    let mut client = args.target.client()?;
    if args.approval.is_some() {
        // What was signed here was held against what the node says already.
        let told = Members::ask(&mut client).await?;
        if let Some(open) = told.proposals.iter().find(|open| open.id == approval.approve.proposal) {
            outlook::check(&told, &open.change, open.effective, args.force)?;
        }
    }
    let answer = submit(&mut client, &approval, args.wait).await?;
    output.answer(&answer, || {
        let state = if answer.is_final { "on the chain" } else { "submitted" };
        format!("proposal  {}\nby        {}\nstate     {state}\n", answer.proposal, answer.member)
    })?;
    Ok(Exit::Holds)
}

async fn submit(client: &mut Client, approval: &Approval, wait: bool) -> Result<Answer, Problem> {
    let Signed { proposal, member, .. } = approval.approve;
    let body = serde_json::to_vec(approval).map_err(|error| Problem::new(Exit::Failed, error))?;
    let taken: Taken = client.post("/v1/governance", Bytes::from(body)).await?;
    if wait {
        // One that is in force, or has lapsed, is open no more.
        let there = |open: &OpenProposal| open.id != proposal || open.approvals.contains(&member);
        until(client, |members| members.proposals.iter().all(there)).await?;
    }
    Ok(Answer { proposal, member, sequence: taken.sequence, is_final: wait })
}

async fn sign(args: &Args, output: &Output) -> Result<Approval, Problem> {
    let (Some(what), Some(member), Some(key)) = (&args.proposal, args.member, &args.key) else {
        return Err(Problem::usage("name the proposal, the member and the file of its governance key"));
    };
    let told = if args.target.is_named() { Some(Members::ask(&mut args.target.client()?).await?) } else { None };
    let chain = chain(args.genesis.as_deref(), told.as_ref())?;
    let file = Path::new(what);
    let (proposal, change) = if file.is_file() {
        let open: OpenProposal = read_json(file)?;
        check_id(&open, &file.display())?;
        (open.id, Some((open.change.clone(), open.effective)))
    } else if let Some(told) = &told {
        let open = told.proposal(what)?;
        (open.id, Some((open.change.clone(), open.effective)))
    } else {
        let id = what.parse().map_err(|_| {
            Problem::usage(format!("{what} is neither a file nor a whole id of a proposal"))
                .next("without a node the whole id is needed, or better the proposal in a file")
        })?;
        (id, None)
    };
    if let Some((change, at @ Height(effective))) = change {
        check_known(&change)?;
        if let Some(told) = &told {
            outlook::check(told, &change, at, args.force)?;
        }
        output.note(&format!("{member} approves: {}, from block {effective}", words(&change)));
    }
    let secret = SecretKey::from_seed(&*read_key(key, KeyName::Governance)?);
    let Approve { proposal, member, signature } = Approve::sign(&chain, &secret, member, proposal);
    Ok(Approval { approve: Signed { proposal, member, signature } })
}

/// The chain for which is signed: by the genesis, by the node, and the same by both.
fn chain(genesis: Option<&Path>, told: Option<&Members>) -> Result<ChainId, Problem> {
    let own = genesis.map(read_genesis).transpose()?.map(|genesis| genesis.chain_id());
    match (own, told.map(|members| members.chain_id)) {
        (Some(own), Some(told)) if own != told => {
            Err(Problem::usage(format!("the node is of chain {told}, the genesis makes chain {own}")))
        }
        (Some(chain), _) | (None, Some(chain)) => Ok(chain),
        (None, None) => Err(Problem::usage("nothing says for which chain is signed")
            .next("name the genesis with --genesis FILE, or a node with --url URL")),
    }
}
