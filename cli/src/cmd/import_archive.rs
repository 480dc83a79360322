//! The archive half of `luqi import`: the blocks of an archive, each one checked, into a home.

use super::ledger;
use crate::exit::{Exit, Problem};
use crate::output::Output;
use ledger_core::block::BlockHash;
use ledger_core::ids::Height;
use luqi_node::archive::ArchiveReader;
use luqi_node::committer::{CommitError, Imported};
use serde::Serialize;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

#[derive(Debug, Serialize)]
struct Answer {
    appended: u64,
    known: u64,
    last_left_out: bool,
    height: Height,
    tip: BlockHash,
}

/// Takes over the blocks of an archive. A second time nothing is appended; what another history holds
/// is refused as provably wrong.
pub(crate) fn run(home: &Path, archive: &Path, output: &Output) -> Result<Exit, Problem> {
    let mut ledger = ledger::open(home)?;
    let file = File::open(archive).map_err(|error| {
        let problem = Problem::file("open", archive, &error);
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        if missing { Problem { exit: Exit::Usage, ..problem } } else { problem }
    })?;
    let progress = output.counter("import");
    let from = progress.wrap_read(BufReader::with_capacity(1 << 20, file));
    let failed = |error: CommitError| ledger::problem(error);
    let mut reader =
        ArchiveReader::open(from, archive, &ledger.genesis().chain_id()).map_err(|error| failed(error.into()))?;
    let imported = ledger.import_archive(&mut reader).map_err(failed)?;
    progress.finish_and_clear();
    let Imported { appended, known, last_left_out } = imported;
    let (height, tip) = (ledger.tip().height, ledger.tip().hash);
    let answer = Answer { appended, known, last_left_out, height, tip };
    output.answer(&answer, || {
        let left =
            if last_left_out { "left out    the last block: nothing in the archive says it is final\n" } else { "" };
        format!(
            "appended    {appended} blocks\nknown       {known} blocks\n{left}height      {height}\ntip         {tip}\n"
        )
    })?;
    ledger.close();
    Ok(Exit::Holds)
}
