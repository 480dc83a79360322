//! `luqi export`

use super::ledger;
use crate::exit::{Exit, Problem};
use crate::interrupt::Scratch;
use crate::output::Output;
use indicatif::ProgressBar;
use ledger_core::names::Height;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::fs::{File, Permissions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  luqi export --home net/node1 --out chain.luqi                         the whole chain
  luqi export --home net/node1 --out may.luqi --from 5001 --to 9000     a part of it
  luqi export --home net/node1 --out may.luqi --from 5001 --with-map    with the contracts as they stood below it
  luqi audit --archive chain.luqi --genesis net/genesis.json            what it is worth

The file has the format of docs/format.md, no personal data, and all that an audit needs beside the genesis. A
part without --with-map is audited without the contract map.";

/// Write the chain of a home, or a part of it, into one portable file
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The home; its node must not be running
    #[arg(long, value_name = "DIR")]
    home: PathBuf,
    /// File to make; nothing is overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// First block
    #[arg(long, value_name = "HEIGHT", default_value_t = 1)]
    from: u64,
    /// Last block; the tip where none is named
    #[arg(long, value_name = "HEIGHT")]
    to: Option<u64>,
    /// Write the contract map below the first block too, so that the part can be audited in full
    #[arg(long)]
    with_map: bool,
}

#[derive(Debug, Serialize)]
struct Answer {
    file: PathBuf,
    from: Height,
    to: Height,
    bytes: u64,
    sha256: String,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    refuse_to_overwrite(&args.out)?;
    let ledger = ledger::open(&args.home)?;
    let tip = ledger.tip().height();
    if tip == Height(0) {
        let what = format!("the chain in {} has no block yet", args.home.display());
        return Err(Problem::usage(what).next("import something first: `luqi import --home DIR FILE`"));
    }
    let (from, to) = (Height(args.from), args.to.map_or(tip, Height));
    let parent = args.out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |doing: &'static str, path: &Path| {
        let path = path.to_owned();
        move |error: std::io::Error| Problem::file(doing, &path, &error)
    };
    let beside = tempfile::Builder::new()
        .prefix(".luqi-export-")
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(parent)
        .map_err(failed("make a file in", parent))?;
    // An export that is interrupted leaves no half of it beside the file.
    let _scratch = Scratch::watch(beside.path(), *output)?;
    let file = beside.as_file().try_clone().map_err(failed("write", &args.out))?;
    let to_file = Counting { to: file, hash: Sha256::new(), bytes: 0, progress: output.counter("export") };
    let writer = BufWriter::with_capacity(1 << 20, to_file);
    let writer = ledger.export((from, to), args.with_map, writer, &args.out).map_err(ledger::problem)?;
    let written = writer.into_inner().map_err(|error| Problem::file("write", &args.out, error.error()))?;
    written.progress.finish_and_clear();
    written.to.sync_all().map_err(failed("sync", &args.out))?;
    beside.persist_noclobber(&args.out).map_err(|error| {
        if error.error.kind() == std::io::ErrorKind::AlreadyExists {
            exists(&args.out)
        } else {
            Problem::file("make", &args.out, &error.error)
        }
    })?;
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed("sync the folder", parent))?;
    let sha256 = written.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let answer = Answer { file: args.out.clone(), from, to, bytes: written.bytes, sha256 };
    output.answer(&answer, || {
        let Answer { file, from, to, bytes, sha256 } = &answer;
        format!("file    {}\nblocks  {from} to {to}\nbytes   {bytes}\nsha256  {sha256}\n", file.display())
    })?;
    Ok(Exit::Holds)
}

fn refuse_to_overwrite(out: &Path) -> Result<(), Problem> {
    if out.exists() { Err(exists(out)) } else { Ok(()) }
}

fn exists(out: &Path) -> Problem {
    Problem::usage(format!("{} is there already, and nothing is overwritten", out.display()))
        .next("name another file with --out, or remove this one yourself")
}

/// Counts and hashes what goes into a file.
struct Counting {
    to: File,
    hash: Sha256,
    bytes: u64,
    progress: ProgressBar,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        self.progress.inc(written as u64);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}
