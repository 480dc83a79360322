//! A chain of one that is filled without agreement: what its only validator signed is on record all the same.
//!
//! The mark is made before the first block. So a home that has blocks and no mark came out of a backup, or lost
//! `consensus/`: nobody can tell it what it signed since, and a second block of one height would be a fork.

use super::last_signed::{Known, LastSigned, LastSignedError, OnRecord};
use crate::chain::now;
use crate::durable;
use ledger_core::crypto::ChainId;
use ledger_core::names::Height;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the only validator of a chain makes no block.
#[derive(Debug, Error)]
pub enum LoneError {
    /// There are blocks, and no record of what was signed, or one that says that nobody knows.
    #[error(
        "{} does not say what this validator signed above height {tip}: the home comes from a backup, or has lost it. Restore a newer copy of the home; or, if nothing was recorded above that height, or what was is to be lost, run `luqi node forget --home HOME --tip {tip}` once",
        path.display()
    )]
    Unknown {
        /// The record.
        path: PathBuf,
        /// The tip here.
        tip: Height,
    },
    /// A running node got further than the chain here.
    #[error(
        "{} says that this validator signed at height {signed}, and the chain here ends at {tip}: start `luqi node`, which finishes that height; or, if ledger/ was rolled back, restore a newer copy, or take its loss on yourself, once, with `luqi node forget --home HOME --tip {tip}`",
        path.display()
    )]
    Above {
        /// The record.
        path: PathBuf,
        /// What was signed.
        signed: Height,
        /// The tip here.
        tip: Height,
    },
    /// The record itself.
    #[error(transparent)]
    Record(#[from] LastSignedError),
}

/// Lets a chain of one go on above its tip, or says why that could be a second block of one height.
///
/// # Errors
/// [`LoneError`].
pub fn go_on_alone(folder: &Path, chain: ChainId, tip: Height) -> Result<(), LoneError> {
    let path = folder.join("last-signed");
    match LastSigned::look(&path, chain)? {
        OnRecord::NoFile if tip == Height(0) => open(&path, chain).map(drop),
        OnRecord::NoFile | OnRecord::Damaged | OnRecord::Silent => Err(LoneError::Unknown { path, tip }),
        OnRecord::Last(Some(signed)) if signed.height > tip => {
            Err(LoneError::Above { path, signed: signed.height, tip })
        }
        OnRecord::Last(_) => Ok(()),
    }
}

/// The record, which is made where there is none.
fn open(path: &Path, chain: ChainId) -> Result<LastSigned, LoneError> {
    path.parent().map_or(Ok(()), durable::make_folder).map_err(LastSignedError::from)?;
    let known = Known { used: false, tip: Height(0), alone: true, restored: false, now: now() };
    Ok(LastSigned::open(path, chain, known)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::forget;
    use crate::consensus::last_signed::{Signed, Step};
    use ledger_core::fixture::Network;
    use ledger_core::names::{NodeNumber, Round};

    const CHAIN: ChainId = ChainId([1; 32]);

    fn signed(height: u64) -> Signed {
        let (height, round, step) = (Height(height), Round(0), Step::Precommit);
        Signed { height, round, step, block: None, valid_round: None }
    }

    #[test]
    fn a_home_with_blocks_and_no_record_goes_on_only_when_its_loss_is_accepted() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("consensus");
        let mut network = Network::new(1);
        network.block(Vec::new());
        let tip = network.tip;
        let go_on = |height| go_on_alone(&folder, tip.chain(), Height(height));
        assert!(matches!(go_on(1), Err(LoneError::Unknown { tip: Height(1), .. })));
        assert!(!folder.exists(), "what is refused leaves nothing behind");
        forget(&folder, &tip, NodeNumber(1), Height(1)).unwrap();
        go_on(1).unwrap();
        go_on(9).unwrap();
    }

    #[test]
    fn a_copy_of_a_home_is_told_and_a_home_that_moved_is_not() {
        let root = tempfile::tempdir().unwrap();
        let [here, copied, moved] = ["here", "copied", "moved"].map(|name| root.path().join(name));
        let mut network = Network::new(1);
        let chain = network.tip.chain();
        go_on_alone(&here, chain, Height(0)).unwrap();
        std::fs::create_dir(&copied).unwrap();
        std::fs::copy(here.join("last-signed"), copied.join("last-signed")).unwrap();
        network.block(Vec::new());
        let of_copy = || go_on_alone(&copied, chain, Height(1));
        assert!(matches!(of_copy(), Err(LoneError::Unknown { .. })));
        forget(&copied, &network.tip, NodeNumber(1), Height(1)).unwrap();
        of_copy().unwrap();
        std::fs::rename(&here, &moved).unwrap();
        go_on_alone(&moved, chain, Height(4)).unwrap();
    }

    #[test]
    fn a_new_home_is_marked_and_what_a_node_signed_above_holds() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("consensus");
        let go_on = |tip| go_on_alone(&folder, CHAIN, Height(tip));
        go_on(0).unwrap();
        let path = folder.join("last-signed");
        open(&path, CHAIN).unwrap().allow(signed(5)).unwrap();
        assert!(matches!(go_on(4), Err(LoneError::Above { signed: Height(5), tip: Height(4), .. })));
        go_on(5).unwrap();
        std::fs::write(&path, [7; 1024]).unwrap();
        assert!(matches!(go_on(5), Err(LoneError::Unknown { .. })));
        let other = go_on_alone(&folder, ChainId([2; 32]), Height(0));
        assert!(matches!(other, Err(LoneError::Unknown { .. })));
    }
}
