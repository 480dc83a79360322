//! `luqi verify-evidence`: whether a validator signed two things of which an honest one signs one.

use super::audit::Source;
use crate::exit::{Exit, Problem};
use crate::output::{BOLD, Output};
use ledger_core::archive::Judges;
use ledger_core::certificate::{Equivocation, EquivocationError, SignedTwice};
use ledger_core::crypto::{ChainId, PublicKey};
use ledger_core::genesis::Genesis;
use ledger_core::membership::Purpose;
use ledger_core::names::{Height, MemberCode, NodeNumber, Round};
use luqi_node::home::{read_genesis, read_json};
use luqi_node::http::{Evidence, SignedTwo};
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  curl http://127.0.0.1:7101/v1/evidence > evidence.json                          what a node has kept
  luqi verify-evidence evidence.json --genesis genesis.json --archive chain.luqi  whether it proves anything
  luqi verify-evidence evidence.json --genesis genesis.json --home net/node1      the same, from a home

A validator's key may be replaced by governance. So the key that counted at a height is known from the genesis alone
only for block 1; above that the blocks below are needed: an archive (`luqi export`), or a home whose node is stopped.
They are hashed and linked, and certificates prove each change of membership from the genesis on.

What it proves: whoever had that consensus key at that height signed both. It does not tell whether that was the
member, a second copy of its home, or a thief, nor when: a key that was replaced can still be used to sign.

Exit codes:
  0  all of it holds            1  something does not hold: not both are signed by the key that counted, or
  2  the file cannot be read       they do not contradict each other
  3  undecided: from what was given it is not known which key counted";

/// Verify that a validator signed two things at one height and round
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The evidence, as a node hands it out at /v1/evidence
    file: PathBuf,
    /// What the chain starts from
    #[arg(long, value_name = "FILE")]
    genesis: PathBuf,
    /// The blocks below: an archive
    #[arg(long, value_name = "FILE", conflicts_with = "home")]
    archive: Option<PathBuf>,
    /// The blocks below: a home, whose node must not be running
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
}

/// What is to be said of one pair of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Holds,
    DoesNotHold,
    Undecided,
}

#[derive(Debug, Serialize)]
struct Row {
    verdict: Verdict,
    node: NodeNumber,
    /// By the membership that judged the height, where that is known, else as the file says.
    member: MemberCode,
    key: PublicKey,
    kind: SignedTwice,
    height: Height,
    round: Round,
    /// What the two messages name: a block, or nil.
    signed: [String; 2],
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer {
    chain_id: ChainId,
    verdict: Verdict,
    evidence: Vec<Row>,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let genesis = read_genesis(&args.genesis)?;
    let evidence: Evidence = read_json(&args.file)
        .map_err(|error| Problem::usage(error).next("it is what a node answers at /v1/evidence"))?;
    let chain_id = genesis.chain_id();
    if evidence.chain_id != chain_id {
        let what = format!("the evidence is of chain {}, the genesis makes chain {chain_id}", evidence.chain_id);
        return Err(Problem::usage(what).next("use the genesis of that chain"));
    }
    let Some(highest) = evidence.evidence.iter().map(|two| two.height).max() else {
        return Err(Problem::usage(format!("{} has no evidence in it", args.file.display())));
    };
    let judges = judges(args, &genesis, highest, output)?;
    let rows: Vec<_> = evidence.evidence.iter().map(|two| row(two, &genesis, &judges)).collect();
    let is = |wanted| rows.iter().any(|row| row.verdict == wanted);
    let (verdict, exit) = if is(Verdict::DoesNotHold) {
        (Verdict::DoesNotHold, Exit::Wrong)
    } else if is(Verdict::Undecided) {
        (Verdict::Undecided, Exit::Undecided)
    } else {
        (Verdict::Holds, Exit::Holds)
    };
    let answer = Answer { chain_id, verdict, evidence: rows };
    output.answer(&answer, || answer.text())?;
    Ok(exit)
}

/// Who judged which height, as far as what was given proves it.
fn judges(args: &Args, genesis: &Genesis, highest: Height, output: &Output) -> Result<Judges, Problem> {
    let source = match (&args.home, &args.archive) {
        (Some(home), None | Some(_)) => Source::home(home, &genesis.chain_id())?,
        (None, Some(archive)) => Source::archive(archive)?,
        (None, None) => return Ok(Judges::of_genesis(genesis)),
    };
    source.introduce(output);
    match source.judges(genesis, highest)? {
        Ok(judges) => Ok(judges),
        Err(why) => {
            output.note(&format!("the blocks prove nothing, so only the genesis counts: {why}"));
            Ok(Judges::of_genesis(genesis))
        }
    }
}

fn row(two: &SignedTwo, genesis: &Genesis, judges: &Judges) -> Row {
    let says = |number: usize| {
        let block = two.messages.get(number).and_then(|message| message.block);
        block.map_or_else(|| "nil".to_owned(), |block| block.to_string())
    };
    let mut row = Row {
        verdict: Verdict::DoesNotHold,
        node: two.node,
        member: two.member,
        key: two.key,
        kind: two.kind,
        height: two.height,
        round: two.round,
        signed: [says(0), says(1)],
        why: None,
    };
    let equivocation = match two.read(genesis.chain_id()) {
        Ok(equivocation) => equivocation,
        Err(why) => {
            row.why = Some(why.to_string());
            return row;
        }
    };
    let Some(membership) = judges.at(two.height) else {
        let (verdict, why) = without_membership(&equivocation, two, genesis, judges);
        (row.verdict, row.why) = (verdict, Some(why));
        return row;
    };
    match equivocation.verify(membership) {
        Ok(signer) => (row.verdict, row.member, row.key) = (Verdict::Holds, signer.member, signer.key),
        Err(why) => row.why = Some(why.to_string()),
    }
    row
}

/// What is known of two messages of a height whose membership is not.
fn without_membership(
    equivocation: &Equivocation,
    two: &SignedTwo,
    genesis: &Genesis,
    judges: &Judges,
) -> (Verdict, String) {
    match equivocation.signed_by(&two.key) {
        Ok(()) => {}
        // Whichever key counted, these do not contradict each other.
        Err(why @ (EquivocationError::NoMessage(_) | EquivocationError::Same)) => {
            return (Verdict::DoesNotHold, why.to_string());
        }
        Err(why @ (EquivocationError::Signature(_) | EquivocationError::NoVote(_))) => {
            return (Verdict::DoesNotHold, format!("{why}, by the key that the file itself names"));
        }
    }
    let named = genesis.membership.node(two.node).and_then(|(_, node)| node.key(Purpose::Consensus));
    let whose = if named == Some(&two.key) {
        "which the genesis names for this node"
    } else {
        "which the genesis does not name for this node"
    };
    let why = format!(
        "both are signed by key {}, {whose}; whether that key counted at height {} cannot be known without the chain up to \
         block {}: what was given tells up to height {}",
        two.key,
        two.height,
        two.height.0.saturating_sub(1),
        judges.known_to()
    );
    (Verdict::Undecided, why)
}

impl Answer {
    fn text(&self) -> String {
        let head = match self.verdict {
            Verdict::Holds => "It holds: the validator signed both.\n证据成立：该共识节点两者均有签署。",
            Verdict::DoesNotHold => "It does not hold.\n证据不成立。",
            Verdict::Undecided => {
                "Undecided: it is not known which key counted at that height.\n无法判定：不知该高度适用哪一密钥。"
            }
        };
        let rows: String = self.evidence.iter().map(Row::text).collect();
        format!("{BOLD}{head}{BOLD:#}\n{rows}")
    }
}

impl Row {
    fn text(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Holds => "holds 成立",
            Verdict::DoesNotHold => "does not hold 不成立",
            Verdict::Undecided => "undecided 无法判定",
        };
        let kind = match self.kind {
            SignedTwice::Prevote => "prevotes",
            SignedTwice::Precommit => "precommits",
            SignedTwice::Proposal => "proposals",
        };
        let [one, other] = &self.signed;
        let why = self.why.as_ref().map_or_else(String::new, |why| format!("why         {why}\n"));
        format!(
            "\nnode {} of member {}: {verdict}\nsigned      two {kind} at height {}, round {}\n            {one}\n            \
             {other}\nby key      {}\n{why}",
            self.node, self.member, self.height, self.round, self.key
        )
    }
}
