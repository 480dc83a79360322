//! `luqi keygen`

use crate::exit::{Exit, Problem};
use crate::output::{Output, table};
use clap::ValueEnum;
use ledger_core::crypto::SecretKey;
use ledger_core::membership::Purpose;
use luqi_node::keys::{KeyName, NodeKeys, VaultSecret, draw_secret, make_key_folder, system_rng, write_key};
use serde::Serialize;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  luqi keygen --purpose governance --out governance.key   a new offline key of a member
  luqi keygen --purpose node --out keys                   the four keys of a new node
  luqi keygen --purpose peer --out peer.key --json        one key, its public half for a program

A key file is readable by its owner alone and is never overwritten. Only public halves are printed.";

/// Draw a secret key into a file, or all keys of a node into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What the key is for; `node` stands for consensus, submission, peer and note together
    #[arg(long, value_enum)]
    purpose: For,
    /// File to make; for `node` the folder in which the four files are made
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum For {
    Node,
    Consensus,
    Submission,
    Peer,
    Note,
    Governance,
    Vault,
}

#[derive(Debug, Serialize)]
struct Answer {
    keys: Vec<Made>,
}

#[derive(Debug, Serialize)]
struct Made {
    purpose: &'static str,
    public: String,
    file: PathBuf,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let one = |made: Result<Made, Problem>| made.map(|made| vec![made]);
    let keys = match args.purpose {
        For::Node => node(args)?,
        For::Consensus => one(signing(args, KeyName::Node(Purpose::Consensus)))?,
        For::Submission => one(signing(args, KeyName::Node(Purpose::Submission)))?,
        For::Peer => one(signing(args, KeyName::Node(Purpose::Peer)))?,
        For::Note => one(signing(args, KeyName::Node(Purpose::Note)))?,
        For::Governance => one(signing(args, KeyName::Governance))?,
        For::Vault => one(vault(args))?,
    };
    let answer = Answer { keys };
    output.answer(&answer, || {
        let row = |made: &Made| [made.purpose.to_owned(), made.public.clone(), made.file.display().to_string()];
        table(["purpose", "public half", "file of the secret half"], &answer.keys.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(Exit::Holds)
}

fn signing(args: &Args, name: KeyName) -> Result<Made, Problem> {
    let seed = draw_secret(&mut system_rng());
    write_key(&args.out, name, &seed)?;
    Ok(Made {
        purpose: name.as_str(),
        public: SecretKey::from_seed(&seed).public().to_string(),
        file: args.out.clone(),
    })
}

fn vault(args: &Args) -> Result<Made, Problem> {
    let key = VaultSecret::draw(&mut system_rng());
    write_key(&args.out, KeyName::Vault, &key.bytes())?;
    Ok(Made { purpose: KeyName::Vault.as_str(), public: key.public().to_string(), file: args.out.clone() })
}

fn node(args: &Args) -> Result<Vec<Made>, Problem> {
    let keys = NodeKeys::draw(&mut system_rng());
    make_key_folder(&args.out)?;
    keys.write(&args.out)?;
    let made = |purpose| {
        let name = KeyName::Node(purpose);
        Made { purpose: name.as_str(), public: keys.public(purpose).to_string(), file: name.path(&args.out) }
    };
    Ok(Purpose::ALL.map(made).into())
}
