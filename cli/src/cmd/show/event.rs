//! `luqi show event`

use super::place::{Place, events, first_event};
use super::reveal::{Record, Revealer};
use crate::exit::{Exit, Problem};
use crate::output::{BOLD, Output};
use ledger_core::merkle::{LeafHash, LogIndex};
use ledger_core::names::{BlockHash, Commitment, Height, NodeNumber, Sequence, Subject, Timestamp};
use serde::Serialize;
use std::fmt::Write as _;

/// Show an entry of the log
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its place in the log
    log_index: u64,
    #[command(flatten)]
    place: Place,
    /// Show also what its record says, if the home's vault has it: personal data
    #[arg(long, conflicts_with = "archive")]
    reveal: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    log_index: LogIndex,
    height: Height,
    block: BlockHash,
    time: Timestamp,
    kind: &'static str,
    #[serde(flatten)]
    event: Option<EventPart>,
}

/// What a seal has not.
#[derive(Debug, Serialize)]
struct EventPart {
    leaf: LeafHash,
    stream: NodeNumber,
    sequence: Sequence,
    position: usize,
    version: Option<u8>,
    subject: Option<Subject>,
    commitment: Option<Commitment>,
    /// What it says and cites, in the words of the source.
    content: String,
    /// What the record says, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Record>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let wanted = args.log_index;
    let block = args.place.find(&format!("log entry {wanted}"), |header| header.log_size.0 <= wanted)?;
    let header = block.header();
    let placed = events(&block).find(|placed| placed.index.0 == wanted);
    // The first block adds one seal, or two where it continues another chain; every other one.
    let seals = if header.height == Height(1) { 2 } else { 1 };
    if placed.is_none() && wanted.saturating_add(seals) < first_event(&block) {
        return Err(Problem::usage(format!("log entry {wanted} is not here: what is here begins above it")));
    }
    let kind = placed.as_ref().map_or("seal", |placed| placed.event.kind_name());
    let revealer = Revealer::new(args.place.home(), args.reveal)?;
    let record = placed.as_ref().map(|placed| revealer.record(placed.event)).transpose()?.flatten();
    let event = placed.map(|placed| {
        let contract = placed.event.as_contract();
        let content =
            contract.map_or_else(|| format!("{:?}", placed.event), |contract| format!("{:?}", contract.action));
        EventPart {
            leaf: placed.leaf,
            stream: placed.stream,
            sequence: placed.sequence,
            position: placed.position,
            version: contract.map(|contract| u8::from(contract.version)),
            subject: placed.event.subject(),
            commitment: contract.map(|contract| contract.commitment),
            content,
            record,
        }
    });
    let answer = Answer {
        log_index: LogIndex(wanted),
        height: header.height,
        block: block.hash(),
        time: header.time,
        kind,
        event,
    };
    output.answer(&answer, || answer.text())?;
    Ok(Exit::Holds)
}

impl Answer {
    fn text(&self) -> String {
        let Self { log_index, height, block, time, kind, event } = self;
        let mut text = format!(
            "{BOLD}log entry {log_index}: {kind}{BOLD:#}  日志条目\nblock       {height}, {block}\ntime        {time} ms\n"
        );
        let Some(event) = event else {
            text.push_str("It holds the hash of the block below.\n");
            return text;
        };
        let _ = writeln!(
            text,
            "signed by   node {}, submission {}, event {}",
            event.stream, event.sequence, event.position
        );
        if let (Some(subject), Some(commitment)) = (&event.subject, &event.commitment) {
            let _ = writeln!(text, "subject     {subject}\ncommitment  {commitment}");
        }
        let _ = writeln!(text, "content     {}\nleaf        {}", event.content, event.leaf);
        if let Some(record) = &event.record {
            text.push_str(&record.text("record"));
        }
        text
    }
}
