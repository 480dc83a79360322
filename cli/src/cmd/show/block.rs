//! `luqi show block`

use super::place::{Place, events};
use super::reveal::{Record, Revealer};
use crate::exit::{Exit, Problem};
use crate::output::{BOLD, Output, table};
use ledger_core::block::Header;
use ledger_core::chain::HashedBlock;
use ledger_core::merkle::LogIndex;
use ledger_core::names::{BlockHash, Height, NodeNumber, Sequence, Subject};
use serde::Serialize;

/// Show a block: its header, the parent's certificate, and its events
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Height of the block
    height: u64,
    #[command(flatten)]
    place: Place,
    /// Show also what its records say, as far as the home's vault has them: personal data
    #[arg(long, conflicts_with = "archive")]
    reveal: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    hash: BlockHash,
    header: Header,
    bytes: usize,
    parent_certificate: Option<Signers>,
    events: Vec<EventRow>,
}

#[derive(Debug, Serialize)]
struct Signers {
    round: u32,
    nodes: Vec<NodeNumber>,
}

#[derive(Debug, Serialize)]
struct EventRow {
    log_index: LogIndex,
    stream: NodeNumber,
    sequence: Sequence,
    kind: &'static str,
    subject: Option<Subject>,
    /// What the record says, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<Record>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let wanted = Height(args.height);
    let block = args.place.find(&format!("block {wanted}"), |header| header.height < wanted)?;
    if block.header().height != wanted {
        return Err(Problem::usage(format!("block {wanted} is not here: what is here begins above it")));
    }
    let answer = describe(&block, &Revealer::new(args.place.home(), args.reveal)?)?;
    output.answer(&answer, || answer.text())?;
    Ok(Exit::Holds)
}

fn describe(block: &HashedBlock, revealer: &Revealer) -> Result<Answer, Problem> {
    let signers = block.body().parent_certificate.as_ref().map(|certificate| Signers {
        round: certificate.round.0,
        nodes: certificate.signatures.iter().map(|signature| signature.node).collect(),
    });
    let row = |placed: super::place::Placed<'_>| {
        Ok(EventRow {
            log_index: placed.index,
            stream: placed.stream,
            sequence: placed.sequence,
            kind: placed.event.kind_name(),
            subject: placed.event.subject(),
            record: revealer.record(placed.event)?,
        })
    };
    Ok(Answer {
        hash: block.hash(),
        header: block.header().clone(),
        bytes: block.byte_length(),
        parent_certificate: signers,
        events: events(block).map(row).collect::<Result<_, Problem>>()?,
    })
}

impl Answer {
    fn text(&self) -> String {
        let header = &self.header;
        let signed = match &self.parent_certificate {
            Some(Signers { round, nodes }) => {
                let nodes: Vec<String> = nodes.iter().map(ToString::to_string).collect();
                format!("by nodes {} in round {round}", nodes.join(", "))
            }
            None => "none: it is the first".to_owned(),
        };
        let head = format!(
            "{BOLD}block {}{BOLD:#}  区块\nhash        {}\nparent      {}, signed {signed}\ntime        {} ms\nlog         {} entries, root {}\nmap root    {}\nmembership  {}\ncontrol     {}\nproposer    {} (a claim)\nbytes       {}\n\n",
            header.height,
            self.hash,
            header.parent,
            header.time,
            header.log_size,
            header.log_root,
            header.map_root,
            header.next_membership,
            header.control,
            header.proposer,
            self.bytes
        );
        let row = |event: &EventRow| {
            let subject = event.subject.map_or_else(String::new, |subject| subject.to_string());
            let place = format!("{}/{}", event.stream, event.sequence);
            [event.log_index.to_string(), event.kind.to_owned(), place, subject]
        };
        let rows: Vec<_> = self.events.iter().map(row).collect();
        let record = |event: &EventRow| {
            event.record.as_ref().map(|record| record.text(&format!("{} {}", event.kind, event.log_index)))
        };
        let records: String = self.events.iter().filter_map(record).collect();
        head + &table(["log index", "event 事件", "node/sequence", "subject 合同标识"], &rows) + &records
    }
}
