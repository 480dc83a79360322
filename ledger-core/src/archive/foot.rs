//! What a stretch of a chain stands on (format.md §16).

use crate::block::Header;
use crate::chain::Tip;
use crate::codec::List;
use crate::crypto::ChainId;
use crate::genesis::Genesis;
use crate::governance::Control;
use crate::history::{CertifiedChange, HistoryError};
use crate::merkle::Frontier;
use crate::names::Height;
use bincode::{Decode, Encode};
use std::sync::Arc;
use thiserror::Error;

/// What a stretch of a chain stands on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Foot {
    /// Where it does not begin at the genesis.
    pub below: Option<Below>,
    /// Number of states in the state frames that follow: the contract map below the first block.
    /// None where it is left out, or empty because the chain begins here.
    pub states: Option<u64>,
}

/// The chain below the first block of a stretch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Below {
    /// The header of the block below.
    pub header: Header,
    /// Every change of membership since the genesis.
    pub changes: List<CertifiedChange, 65_536>,
    /// The log at that block.
    pub frontier: Frontier,
    /// The control state at that block.
    pub control: Control,
}

/// Why a foot bears nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FootError {
    /// A header of another chain.
    #[error("the foot is of chain {0}")]
    Chain(ChainId),
    /// Below block 1 nothing stands.
    #[error("the foot names a block at height 0")]
    Zero,
    /// A change of membership that proves nothing.
    #[error("{0}")]
    Change(#[from] HistoryError),
    /// A membership, frontier or control state that the header does not commit to.
    #[error("the {0} in the foot is not the one that its header commits to")]
    Commitment(&'static str),
    /// Streams of nodes, or approvals of members, that are not there: no block leaves any behind.
    #[error("the control state in the foot has a stream or an approval of somebody outside the membership")]
    Strangers,
    /// States that the header does not commit to.
    #[error("the states at the foot are not the ones that its header commits to")]
    States,
}

impl Foot {
    /// Height of the block below: 0 where the chain begins here.
    #[must_use]
    pub fn height(&self) -> Height {
        self.below.as_ref().map_or(Height(0), |below| below.header.height)
    }

    /// Where the chain stands below the first block, as far as the foot proves it (format.md §16): memberships by
    /// certificates since the genesis, log and control state by the header below. The header itself
    /// is proved by the certificate in the first block.
    ///
    /// # Errors
    /// [`FootError`], naming what does not hold.
    pub fn tip(&self, genesis: &Genesis) -> Result<Tip, FootError> {
        let Some(Below { header, changes, frontier, control }) = &self.below else { return Ok(Tip::genesis(genesis)) };
        if header.chain != genesis.chain_id() {
            return Err(FootError::Chain(header.chain));
        }
        if header.height == Height(0) {
            return Err(FootError::Zero);
        }
        let history = genesis.history().up_to(header, changes)?;
        let commitments = [
            ("membership", history.latest().hash() == header.next_membership),
            ("frontier", frontier.size() == header.log_size),
            ("frontier", frontier.root() == header.log_root),
            ("control state", control.hash() == header.control),
        ];
        if let Some((what, _)) = commitments.into_iter().find(|(_, holds)| !holds) {
            return Err(FootError::Commitment(what));
        }
        let latest = history.latest();
        let mut approving = control.proposals.iter().flat_map(|open| open.approvals.iter());
        let fits = control.streams.iter().all(|stream| latest.node(stream.node).is_some())
            && approving.all(|code| latest.member(*code).is_some());
        if !fits {
            return Err(FootError::Strangers);
        }
        let memberships = [history.judges(header.height), history.latest()].map(Arc::clone);
        Ok(Tip::at(genesis, header, memberships, frontier.clone(), control.clone()))
    }
}
