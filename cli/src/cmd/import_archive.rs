//! The archive half of `luqi import`: the blocks of an archive, each one checked, into a home.

use super::ledger;
use crate::exit::{Exit, Problem};
use crate::output::Output;
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
    #[serde(flatten)]
    chain: ledger::Chain,
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
    let answer = Answer { appended, known, last_left_out, chain: ledger::Chain::of(&ledger) };
    output.answer(&answer, || {
        let left =
            if last_left_out { "left out  the last block: nothing in the archive says it is final\n" } else { "" };
        format!("appended  {appended} blocks\nknown     {known} blocks\n{left}{}", answer.chain)
    })?;
    ledger.close();
    Ok(Exit::Holds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::event::Action;
    use ledger_core::fixture::{self, Network, code};
    use ledger_core::names::{Height, NodeNumber};
    use luqi_node::committer::Ledger;
    use luqi_node::home::{Format, write_json};
    use luqi_node::store::MemoryStore;

    /// An archive of a fresh network's blocks.
    fn archive(path: &Path, events: impl Fn(u64) -> u64) -> Network {
        let mut network = Network::new(4);
        let mut ledger = Ledger::over(MemoryStore::new(&network.genesis), network.genesis.clone()).unwrap();
        for height in 1..=5 {
            let event = fixture::event(events(height), Action::New { keeper: code("370100") });
            ledger.push_final(network.block_of(vec![event])).unwrap();
        }
        ledger.sync().unwrap();
        ledger.export((Height(1), Height(5)), false, File::create(path).unwrap(), path).unwrap();
        network
    }

    #[test]
    fn an_archive_is_taken_over_once_and_another_history_never() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let network = archive(&path("good"), |height| height);
        archive(&path("other"), |height| height * 10);
        let home = path("home");
        std::fs::create_dir_all(home.join("ledger")).unwrap();
        write_json(&home.join("genesis.json"), &network.genesis).unwrap();
        let chain_id = network.genesis.chain_id();
        let format = Format { layout: 1, chain_id, node: NodeNumber(1), joined: false };
        write_json(&home.join("format"), &format).unwrap();
        let import = |name: &str| run(&home, &path(name), &Output::new(true));
        assert_eq!(import("good").unwrap(), Exit::Holds);
        assert_eq!(ledger::open(&home).unwrap().tip().hash(), network.tip.hash());
        assert_eq!(import("good").unwrap(), Exit::Holds);
        assert_eq!(import("other").unwrap_err().exit, Exit::Wrong);
        assert_eq!(import("missing").unwrap_err().exit, Exit::Usage);
        assert_eq!(ledger::open(&home).unwrap().tip().hash(), network.tip.hash());
    }
}
