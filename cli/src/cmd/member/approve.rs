//! `luqi member approve`

use super::effective::Pace;
use super::outlook;
use super::recorded::recorded;
use super::show::Aside;
use super::view::{Members, check_id, check_known, named, submit, words};
use crate::client::{Client, block_on};
use crate::cmd::target::Target;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use crate::typed::hex;
use ledger_core::crypto::{ChainId, SecretKey, Signature};
use ledger_core::governance::{Approve, Change, OpenProposal};
use ledger_core::names::{Height, MemberCode, NodeNumber, ProposalId};
use luqi_node::home::{read_genesis, read_json};
use luqi_node::keys::{KeyName, read_key};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  luqi member approve 3f09ab --member 370100 --key governance.key --home home
  luqi member approve proposal.json --member 370100 --key governance.key --genesis genesis.json --sign-only
  luqi member approve --approval approval.json --url http://127.0.0.1:7080

The governance key belongs on no node: sign where it is kept, and carry the approval to any node. A proposal
that comes in a file (`luqi member show PROPOSAL --json`) is hashed here, so that what is signed is what
stands in the file. It waits until the approval is on the chain, and ends with 0 only where the chain took it.";

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
    #[arg(long, conflicts_with = "approval")]
    sign_only: bool,
    /// Submit an approval that was signed elsewhere
    #[arg(long, value_name = "FILE")]
    approval: Option<PathBuf>,
    /// End as soon as the node has it, and do not wait for what the chain makes of it
    #[arg(long, conflicts_with = "sign_only")]
    no_wait: bool,
    /// Wait until it is on the chain: so it is done anyway
    #[arg(long, hide = true, conflicts_with_all = ["sign_only", "no_wait"])]
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
    node: NodeNumber,
    sequence: u64,
    is_final: bool,
    /// The block that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<Height>,
    #[serde(skip)]
    state: String,
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
    let answer = hand_in(&mut client, &approval, args.no_wait).await?;
    output.answer(&answer, || {
        format!("proposal  {}\nby        {}\nstate     {}\n", answer.proposal, answer.member, answer.state)
    })?;
    Ok(Exit::Holds)
}

async fn hand_in(client: &mut Client, approval: &Approval, no_wait: bool) -> Result<Answer, Problem> {
    let Signed { proposal, member, .. } = approval.approve;
    let members = Members::ask(client).await?;
    let taken = submit(client, approval).await?;
    let (node, sequence) = (taken.node, taken.sequence);
    let (height, state) = if no_wait {
        (None, format!("submitted as submission {sequence} of node {node}; it counts once the chain has it"))
    } else {
        let height = recorded(client, &members, &taken).await?;
        let now = Members::ask(client).await?;
        (Some(height), format!("in block {height}: {}", stands(&now, proposal)))
    };
    Ok(Answer { proposal, member, node, sequence, is_final: height.is_some(), height, state })
}

/// How the proposal stands with it.
fn stands(now: &Members, proposal: ProposalId) -> String {
    match now.proposals.iter().find(|open| open.id == proposal) {
        Some(open) => {
            let (power, total) = (now.approving(open), now.in_force.total_power());
            let state = if open.adopted { "adopted" } else { "more than two thirds are needed" };
            format!("approved by {power} of {total}: {state}")
        }
        None => "the proposal is open no more: `luqi member list` shows what holds".to_owned(),
    }
}

/// A proposal as `luqi member show --json` writes it; without what is said beside it, it is the proposal alone.
fn read_proposal(file: &Path) -> Result<(OpenProposal, Option<Aside>), Problem> {
    let bad = |error: serde_json::Error| Problem::usage(format!("{} holds no proposal: {error}", file.display()));
    let mut value: serde_json::Map<String, serde_json::Value> = read_json(file)?;
    let aside = value.remove("shown").map(serde_json::from_value).transpose().map_err(bad)?;
    Ok((serde_json::from_value(value.into()).map_err(bad)?, aside))
}

async fn sign(args: &Args, output: &Output) -> Result<Approval, Problem> {
    let (Some(what), Some(member), Some(key)) = (&args.proposal, args.member, &args.key) else {
        return Err(Problem::usage("name the proposal, the member and the file of its governance key"));
    };
    // Where the key is kept there is no network: then the genesis says for which chain is signed.
    let asks = args.target.is_named() || !(args.sign_only && args.genesis.is_some());
    let told = if asks { Some(ask(args).await?) } else { None };
    let chain = chain(args.genesis.as_deref(), told.as_ref().map(|(members, _)| members))?;
    let file = Path::new(what);
    let (proposal, shown) = if file.is_file() {
        let (open, aside) = read_proposal(file)?;
        check_id(&open, &file.display())?;
        let shown = in_words(&open, told.as_ref(), aside.as_ref())?;
        (open.id, Some((open, shown)))
    } else if let Some((members, _)) = &told {
        let open = members.proposal(what)?;
        (open.id, Some((open.clone(), in_words(open, told.as_ref(), None)?)))
    } else {
        let id = hex(what).map_err(|_| {
            Problem::usage(format!("{what} is neither a file nor a whole id of a proposal"))
                .next("without a node the whole id is needed, or better the proposal in a file")
        })?;
        (id, None)
    };
    if let Some((open, words)) = shown {
        if let Some((members, _)) = &told {
            outlook::check(members, &open.change, open.effective, args.force)?;
        }
        output.note(&format!("{member} approves: {words}"));
    }
    let secret = SecretKey::from_seed(&*read_key(key, KeyName::Governance)?);
    let Approve { proposal, member, signature } = Approve::sign(&chain, &secret, member, proposal);
    Ok(Approval { approve: Signed { proposal, member, signature } })
}

async fn ask(args: &Args) -> Result<(Members, Pace), Problem> {
    let mut client = args.target.client()?;
    let members = Members::ask(&mut client).await?;
    let pace = Pace::ask(&mut client, &members).await?;
    Ok((members, pace))
}

/// What is approved, and from when: as a node says that it holds now, or as it said when the file was written.
fn in_words(open: &OpenProposal, told: Option<&(Members, Pace)>, aside: Option<&Aside>) -> Result<String, Problem> {
    check_known(&open.change)?;
    if let Some((members, pace)) = told {
        return Ok(format!(
            "{}, from {}",
            words(&open.change, Some(&members.in_force)),
            pace.due(open.effective).words()
        ));
    }
    let change = match (&*open.change, aside.and_then(|aside| aside.in_force.as_ref())) {
        (Change::SetParameters(after), Some(before)) => {
            format!("{} (before, as the node said whose file it is)", named(Some(before), after))
        }
        (change, _) => words(change, None),
    };
    let about = aside.map(|aside| format!(", about {}", aside.expected)).unwrap_or_default();
    Ok(format!("{change}, from block {}{about}", open.effective))
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
