//! The process that is killed: commits the blocks of a chain one by one, and prints the height of
//! each as soon as it is acknowledged.

use super::chain::{commit_block, follow, read};
use crate::base::small_store;
use luqi_node::committer::Ledger;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Commits a chain into a ledger, from where that stands. A commit that fails is said on standard
/// error and tried again, so that it goes on once there is room.
///
/// # Panics
/// When the ledger does not open, or a commit fails for a minute.
pub fn commit(chain: &Path, ledger: &Path) {
    let (genesis, archive) = read(chain);
    let id = genesis.chain_id();
    let mut ledger = Ledger::open(ledger, genesis, small_store()).unwrap_or_else(|error| {
        eprintln!("the ledger does not open: {error}");
        std::process::exit(4)
    });
    let mut out = std::io::stdout().lock();
    follow(&archive, &id, &mut ledger, |ledger, block, certificate| {
        let height = block.header().height;
        let mut tries = 0;
        while let Err(error) = commit_block(ledger, block.clone(), certificate.clone()) {
            eprintln!("block {height} is not committed: {error}");
            // Until there is room, the ledger may not even know where it stands.
            while let Err(error) = ledger.sync() {
                eprintln!("still not: {error}");
                tries += 1;
                assert!(tries < 600, "no commit for a minute");
                std::thread::sleep(Duration::from_millis(100));
            }
            tries += 1;
            assert!(tries < 600, "no commit for a minute");
            std::thread::sleep(Duration::from_millis(100));
        }
        writeln!(out, "{height}").and_then(|()| out.flush()).expect("somebody listens");
    });
    ledger.close();
}
