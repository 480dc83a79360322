//! `luqi man`

use crate::Cli;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use clap::CommandFactory as _;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi man /usr/local/share/man/man1
  luqi man pages && man pages/luqi-genesis-apply.1";

/// Write the manual pages, one for each subcommand
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Folder for the pages; made where it is missing
    folder: PathBuf,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let failed = |error| Problem::file("write the manual pages to", &args.folder, &error);
    std::fs::create_dir_all(&args.folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(failed)?;
    output.note(&format!("manual pages written to {}", args.folder.display()));
    Ok(Exit::Holds)
}
