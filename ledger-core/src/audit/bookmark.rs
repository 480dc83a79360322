//! What an auditor keeps of an audit (format.md §15.4).

use crate::chain::Tip;
use crate::crypto::ChainId;
use crate::merkle::{Frontier, LogRoot, LogSize};
use crate::names::{BlockHash, ControlHash, Height, MembershipHash};
use serde::{Deserialize, Serialize};

/// What an auditor keeps: enough to notice later that this history was rewritten, by whomever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bookmark {
    /// The chain.
    pub chain: ChainId,
    /// Height of the last block audited.
    pub height: Height,
    /// Its hash.
    pub block: BlockHash,
    /// Size of the log.
    pub log_size: LogSize,
    /// Root of the log.
    pub log_root: LogRoot,
    /// Hash of the control state.
    pub control: ControlHash,
    /// Hash of the membership that judges the next block.
    pub membership: MembershipHash,
    /// The log, so that an audit can go on from here.
    pub frontier: Frontier,
}

impl Bookmark {
    /// What is kept of a tip.
    #[must_use]
    pub fn of(tip: &Tip) -> Self {
        Self {
            chain: tip.chain(),
            height: tip.height(),
            block: tip.hash(),
            log_size: tip.frontier().size(),
            log_root: tip.frontier().root(),
            control: tip.control().hash(),
            membership: tip.membership_hash(),
            frontier: tip.frontier().clone(),
        }
    }
}
