//! `luqi show contract`

use super::place::events;
use super::reveal::{Record, Revealer};
use crate::cmd::ledger;
use crate::exit::{Exit, Problem};
use crate::output::{BOLD, Output, table};
use crate::typed::hex;
use clap::ArgGroup;
use ledger_core::chain::HashedBlock;
use ledger_core::contract::State;
use ledger_core::crypto::Suite;
use ledger_core::lookup::Alpha;
use ledger_core::map::MapKey;
use ledger_core::merkle::LogIndex;
use ledger_core::names::{Commitment, Height, NodeNumber, Subject};
use ledger_core::outcome::Outcome;
use luqi_node::committer::Ledger;
use luqi_node::home::Home;
use luqi_node::store::{DiskStore, Store as _, StoreError};
use serde::Serialize;
use std::path::PathBuf;

/// Show the state of a contract, and its history from the newest event back
///
/// The history follows the home's derived index; an audit compares that with the chain.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("which").required(true))]
pub(super) struct Args {
    /// The home; its node must not be running
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Its subject, in hexadecimal
    #[arg(long, value_name = "HEX", group = "which", conflicts_with = "contract_no", value_parser = hex::<Subject>)]
    subject: Option<Subject>,
    /// The employer's unified social credit code, exactly as it was written
    #[arg(long, value_name = "CODE", group = "which", requires = "contract_no")]
    uscc: Option<String>,
    /// The contract's number, exactly as it was written
    #[arg(long, value_name = "NUMBER", requires = "uscc")]
    contract_no: Option<String>,
    /// Show also what the records say, as far as the home's vault has them: personal data
    #[arg(long)]
    reveal: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    subject: Subject,
    height: Height,
    state: Option<State>,
    history: Vec<Step>,
}

/// One event of a contract.
#[derive(Debug, Serialize)]
struct Step {
    log_index: LogIndex,
    height: Height,
    node: NodeNumber,
    kind: &'static str,
    outcome: Outcome,
    commitment: Option<Commitment>,
    /// What the record says, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Record>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let subject = subject(args)?;
    let ledger = ledger::open(&args.home)?;
    let state = ledger.map().get(&MapKey::of(&subject)).copied();
    let revealer = Revealer::new(Some(&args.home), args.reveal)?;
    let mut history = Vec::new();
    let mut next = state.map(|state| state.last_index);
    while let Some(index) = next {
        let (step, previous) = step(&ledger, index, &revealer)?;
        history.push(step);
        // An index that was altered could lead in circles.
        next = previous.filter(|previous| *previous < index);
    }
    let answer = Answer { subject, height: ledger.tip().height(), state, history };
    output.answer(&answer, || answer.text())?;
    ledger.close();
    Ok(Exit::Holds)
}

/// The subject that is asked for; from code and number by the home's VRF key.
fn subject(args: &Args) -> Result<Subject, Problem> {
    let (uscc, contract_no) = match (&args.subject, &args.uscc, &args.contract_no) {
        (Some(subject), _, _) => return Ok(*subject),
        (None, Some(uscc), Some(contract_no)) => (uscc, contract_no),
        (None, _, _) => return Err(Problem::usage("name a subject, or a code and a contract number")),
    };
    let home = Home::open(&args.home)?;
    let alpha = Alpha::contract(Suite::Ed25519Sha256, uscc, contract_no).map_err(Problem::usage)?;
    Ok(home.load_keys()?.vrf.subject(&home.genesis().network_id(), &alpha))
}

/// An event by its place in the log, and the subject's event before.
fn step(ledger: &Ledger<DiskStore>, index: LogIndex, revealer: &Revealer) -> Result<(Step, Option<LogIndex>), Problem> {
    let store = ledger.store();
    let failed = |error: StoreError| ledger::problem(error.into());
    let lost = || {
        Problem::new(
            Exit::Failed,
            format!("log entry {index} of the contract cannot be found: the derived index is damaged"),
        )
        .next("audit the home: `luqi audit` compares the index with the chain")
    };
    let height = store.find_by_log_index(index).map_err(failed)?.ok_or_else(lost)?;
    let bytes = store.block(height).map_err(failed)?.ok_or_else(lost)?;
    let row = store.index_row(height).map_err(failed)?.ok_or_else(lost)?;
    let block = HashedBlock::read(&bytes).map_err(|why| Problem::new(Exit::Failed, why))?;
    let (placed, trace) = events(&block).zip(&row.traces).find(|(placed, _)| placed.index == index).ok_or_else(lost)?;
    let step = Step {
        log_index: index,
        height,
        node: placed.stream,
        kind: placed.event.kind_name(),
        outcome: trace.outcome,
        commitment: placed.event.as_contract().map(|contract| contract.commitment),
        record: revealer.record(placed.event)?,
    };
    Ok((step, trace.previous))
}

impl Answer {
    fn text(&self) -> String {
        let head = format!("{BOLD}contract {}{BOLD:#}  合同\n", self.subject);
        let Some(state) = &self.state else {
            return format!("{head}unknown to this chain up to block {}  账本中没有此合同\n", self.height);
        };
        let head = format!(
            "{head}status      {}\nkeeper      {}\nevents      {}\nhistory     {}\n\n",
            status(state),
            state.keeper,
            state.count,
            state.history
        );
        let row = |step: &Step| {
            let outcome = match step.outcome {
                Outcome::Applied => "applied 已计入".to_owned(),
                Outcome::Recorded => "recorded 已记录".to_owned(),
                Outcome::Refused(refusal) => format!("refused 未计入: {}", refusal.code()),
            };
            let commitment = step.commitment.map_or_else(String::new, |commitment| commitment.to_string());
            let (index, height, node) = (step.log_index.to_string(), step.height.to_string(), step.node.to_string());
            [index, height, node, step.kind.to_owned(), outcome, commitment]
        };
        let rows: Vec<_> = self.history.iter().map(row).collect();
        let records: String = self.history.iter().filter_map(Step::record_text).collect();
        head + &table(["log index", "block", "node", "event 事件", "outcome 结果", "commitment 承诺"], &rows) + &records
    }
}

impl Step {
    /// The record as a person reads it.
    fn record_text(&self) -> Option<String> {
        Some(self.record.as_ref()?.text(&format!("{} {}", self.kind, self.log_index)))
    }
}

fn status(state: &State) -> &'static str {
    use ledger_core::contract::Status;
    match state.status {
        Status::Active => "active 履行中",
        Status::Suspended => "suspended 中止",
        Status::Ended => "ended 已结束",
        Status::Void => "void 已作废",
        Status::Registered => "registered 已登记",
    }
}
