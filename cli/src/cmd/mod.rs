//! The subcommands, one file each: its arguments, and a `run` that answers with an exit code.

mod audit;
mod completions;
mod devnet;
mod export;
mod genesis;
mod import;
mod import_archive;
mod intake;
mod keygen;
mod ledger;
mod man;
mod member;
mod messages;
mod node;
mod parameter;
mod rejected;
mod sample;
mod show;
mod status;
mod submit;
mod target;
mod testnet;
mod verify_evidence;
mod wiring;

use crate::exit::{Exit, Problem};
use crate::interrupt;
use crate::output::Output;
use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Keygen(keygen::Args),
    Genesis(genesis::Args),
    Testnet(testnet::Args),
    Sample(sample::Args),
    Audit(audit::Args),
    Export(export::Args),
    Show(show::Args),
    Import(import::Args),
    Completions(completions::Args),
    Node(node::Args),
    Devnet(devnet::Args),
    Submit(submit::Args),
    Status(status::Args),
    VerifyEvidence(verify_evidence::Args),
    Member(member::Args),
    Man(man::Args),
}

impl Command {
    /// Does it.
    pub(crate) fn run(&self, output: &Output) -> Result<Exit, Problem> {
        match self {
            Self::Keygen(args) => keygen::run(args, output),
            Self::Genesis(args) => genesis::run(args, output),
            Self::Testnet(args) => testnet::run(args, output),
            Self::Sample(args) => sample::run(args, output),
            // It reads a copy of the newest blocks, which must not stay behind.
            Self::Audit(args) => interrupt::with_temporary_folder(output, || audit::run(args, output)),
            Self::Export(args) => export::run(args, output),
            Self::Show(args) => show::run(args, output),
            Self::Import(args) => import::run(args, output),
            Self::Completions(args) => completions::run(args, output),
            Self::Node(args) => node::run(args, output),
            Self::Devnet(args) => devnet::run(args, output),
            Self::Submit(args) => submit::run(args, output),
            Self::Status(args) => status::run(args, output),
            // It may read a copy of a home's newest blocks.
            Self::VerifyEvidence(args) => {
                interrupt::with_temporary_folder(output, || verify_evidence::run(args, output))
            }
            Self::Member(args) => member::run(args, output),
            Self::Man(args) => man::run(args, output),
        }
    }
}

/// Makes a folder, unless something stands in it already.
fn fresh_folder(path: &std::path::Path) -> Result<(), Problem> {
    let failed = |error| Problem::file("make the folder", path, &error);
    std::fs::create_dir_all(path).map_err(failed)?;
    if std::fs::read_dir(path).map_err(failed)?.next().is_some() {
        return Err(Problem::usage(format!("{} is not empty, and nothing in it is overwritten", path.display()))
            .next("name another folder with --out, or remove this one yourself"));
    }
    Ok(())
}
