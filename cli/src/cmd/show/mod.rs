//! `luqi show`: a block, an event or a contract, for a person to look at.
//!
//! What is shown is what stands there; whether it holds is for `luqi audit` to say.

mod block;
mod contract;
mod event;
mod place;
mod reveal;

use crate::exit::{Exit, Problem};
use crate::output::Output;
use clap::Subcommand;

const EXAMPLES: &str = "\
Examples:
  luqi show block 12 --home net/node1
  luqi show event 5340 --archive chain.luqi
  luqi show event 5340 --home net/node1 --reveal     what its record says, if this home's vault has it
  luqi show contract --home net/node1 --uscc 91370100MA3EXAMPLE --contract-no HT-2024-001
  luqi show contract --home net/node1 --subject SUBJECT --json

The chain holds no personal data: of a record it shows the commitment. With --reveal a home shows what its own vault
has, or says that it has not, or has no more. Whether what is shown holds is for
`luqi audit` to say.";

/// Show a block, an event or a contract
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Block(block::Args),
    Event(event::Args),
    Contract(contract::Args),
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    match &args.what {
        What::Block(args) => block::run(args, output),
        What::Event(args) => event::run(args, output),
        What::Contract(args) => contract::run(args, output),
    }
}
