//! `luqi node forget`

use super::super::ledger;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::names::Height;
use luqi_node::consensus::ForgetError;
use luqi_node::home::Home;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi node forget --home net/node1 --tip 4711     the chain in this home ends at block 4711

For a validator that is alone and comes from a backup, and for validators that were all moved together, stopped
cleanly and with nothing run since: nobody can tell them what they signed. Whoever runs this says that nothing was
signed above the tip, or that it is to be lost. If that is wrong, two chains are possible. The node must not run.

It stands in HOME/consensus/forgotten, is done once, and refuses to be repeated at the same tip.";

/// Take it on yourself that a node signed nothing above its tip: from its next start on it votes
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The home of the node, which does not run
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// Height of the last block in the home
    #[arg(long, value_name = "HEIGHT")]
    tip: u64,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let home = Home::open(&args.home)?;
    // As long as it is open, nobody else runs on this home.
    let ledger = ledger::open(&args.home)?;
    let tip = ledger.tip();
    let given_up =
        luqi_node::consensus::forget(&home.consensus(), tip, home.node(), Height(args.tip)).map_err(problem)?;
    let answer = serde_json::json!({"node": home.node(), "tip": tip.height(), "given_up": given_up});
    output.answer(&answer, || {
        format!(
            "Given up above height {}: {given_up}. Node {} votes from its next start on.\n",
            tip.height(),
            home.node()
        )
    })?;
    Ok(Exit::Holds)
}

fn problem(error: ForgetError) -> Problem {
    let exit = match &error {
        ForgetError::OtherTip { .. } | ForgetError::Again { .. } | ForgetError::Nothing(_) => Exit::Usage,
        ForgetError::Line { .. } | ForgetError::Consensus(_) | ForgetError::LastSigned(_) | ForgetError::File(_) => {
            Exit::Failed
        }
    };
    Problem::new(exit, error)
}
