//! `luqi completions`

use crate::Cli;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use clap::CommandFactory as _;
use clap_complete::Shell;

const EXAMPLES: &str = "\
Examples:
  luqi completions bash > /etc/bash_completion.d/luqi
  luqi completions fish > ~/.config/fish/completions/luqi.fish";

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "luqi", &mut script);
    output.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Holds)
}
