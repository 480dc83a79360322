//! `luqi keygen`

use crate::exit::{Exit, Problem};
use crate::output::{Output, table};
use clap::ValueEnum;
use ledger_core::crypto::SecretKey;
use ledger_core::lookup::VrfSecretKey;
use ledger_core::membership::Purpose;
use luqi_node::durable::make_folder;
use luqi_node::keys::{KeyFileError, KeyName, NodeKeys, VaultSecret, draw_secret, read_key, system_rng, write_key};
use serde::Serialize;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  luqi keygen --purpose governance --out governance.key   a new offline key of a member
  luqi keygen --purpose node --out keys                   the four keys of a new node
  luqi keygen --purpose peer --out peer.key --json        one key, its public half for a program
  luqi keygen --show home/keys                            the public halves of keys that are there; or of one file

A key file is readable by its owner alone and is never overwritten. Only public halves are printed.";

/// Draw a secret key into a file, or all keys of a node into a folder; show public halves
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What the key is for; `node` stands for consensus, submission, peer and note together
    #[arg(long, value_enum, required_unless_present = "show", requires = "out")]
    purpose: Option<For>,
    /// File to make; for `node` the folder in which the four files are made
    #[arg(long, requires = "purpose")]
    out: Option<PathBuf>,
    /// Print the public halves of a key file, or of all in a folder, and make nothing
    #[arg(long, value_name = "FILE|FOLDER", conflicts_with_all = ["purpose", "out"])]
    show: Option<PathBuf>,
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
    let keys = match (&args.show, args.purpose, &args.out) {
        (Some(path), ..) => show(path)?,
        (None, Some(purpose), Some(out)) => draw(purpose, out)?,
        (None, _, _) => return Err(Problem::usage("name a purpose with --purpose and a file with --out")),
    };
    let answer = Answer { keys };
    output.answer(&answer, || {
        let row = |made: &Made| [made.purpose.to_owned(), made.public.clone(), made.file.display().to_string()];
        table(["purpose", "public half", "file of the secret half"], &answer.keys.iter().map(row).collect::<Vec<_>>())
    })?;
    Ok(Exit::Holds)
}

fn draw(purpose: For, out: &Path) -> Result<Vec<Made>, Problem> {
    let one = |made: Result<Made, Problem>| made.map(|made| vec![made]);
    match purpose {
        For::Node => node(out),
        For::Consensus => one(signing(out, KeyName::Node(Purpose::Consensus))),
        For::Submission => one(signing(out, KeyName::Node(Purpose::Submission))),
        For::Peer => one(signing(out, KeyName::Node(Purpose::Peer))),
        For::Note => one(signing(out, KeyName::Node(Purpose::Note))),
        For::Governance => one(signing(out, KeyName::Governance)),
        For::Vault => one(vault(out)),
    }
}

fn signing(out: &Path, name: KeyName) -> Result<Made, Problem> {
    let seed = draw_secret(&mut system_rng());
    write_key(out, name, &seed)?;
    let public = SecretKey::from_seed(&seed).public().to_string();
    Ok(Made { purpose: name.as_str(), public, file: out.to_owned() })
}

fn vault(out: &Path) -> Result<Made, Problem> {
    let key = VaultSecret::draw(&mut system_rng());
    write_key(out, KeyName::Vault, &key.bytes())?;
    Ok(Made { purpose: KeyName::Vault.as_str(), public: key.public().to_string(), file: out.to_owned() })
}

fn node(out: &Path) -> Result<Vec<Made>, Problem> {
    let keys = NodeKeys::draw(&mut system_rng());
    make_folder(out).map_err(KeyFileError::from)?;
    keys.write(out)?;
    let made = |purpose| {
        let name = KeyName::Node(purpose);
        Made { purpose: name.as_str(), public: keys.public(purpose).to_string(), file: name.path(out) }
    };
    Ok(Purpose::ALL.map(made).into())
}

/// The public halves of a key file, or of each in a folder.
fn show(path: &Path) -> Result<Vec<Made>, Problem> {
    if !path.is_dir() {
        return public_half(path).map(|made| vec![made]);
    }
    let failed = |error| Problem::file("read the folder", path, &error);
    let entries = std::fs::read_dir(path).map_err(failed)?.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "key"));
    files.sort();
    if files.is_empty() {
        return Err(Problem::usage(format!("there is no key file in {}", path.display())));
    }
    files.iter().map(|file| public_half(file)).collect()
}

/// What the file says that its key is for decides what its public half is.
fn public_half(file: &Path) -> Result<Made, Problem> {
    let is_for = |name: &KeyName| match read_key(file, *name) {
        Ok(secret) => Some(Ok((*name, secret))),
        Err(KeyFileError::Malformed { .. }) => None,
        Err(error) => Some(Err(error)),
    };
    let found = KeyName::ALL.iter().find_map(is_for);
    let Some(found) = found else {
        return Err(Problem::new(Exit::Failed, format!("{} is no key file", file.display()))
            .next("a key file is one line, luqi-secret-PURPOSE-1: and 64 digits"));
    };
    let (name, secret) = found?;
    let public = match name {
        KeyName::Node(_) | KeyName::Governance => SecretKey::from_seed(&secret).public().to_string(),
        KeyName::Vault => VaultSecret::from_bytes(&secret).public().to_string(),
        KeyName::Vrf => VrfSecretKey::from_bytes(&secret)
            .map_err(|why| Problem::new(Exit::Failed, format!("{}: {why}", file.display())))?
            .public()
            .to_string(),
        // One key seals and opens.
        KeyName::KeyEncryption | KeyName::Lookup => "has none".to_owned(),
    };
    Ok(Made { purpose: name.as_str(), public, file: file.to_owned() })
}
