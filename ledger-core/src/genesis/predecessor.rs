//! The chain that a genesis continues, at its tip: its log, map, streams and VRF key go on (format.md §12).

use super::GenesisDraft;
use crate::block::Header;
use crate::certificate::{Certificate, CertificateError};
use crate::codec::List;
use crate::crypto::NetworkId;
use crate::governance::Control;
use crate::history::CertifiedChange;
use crate::membership::Membership;
use crate::merkle::Frontier;
use crate::names::{Height, MemberCode, NodeNumber, Protocol, Timestamp};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The chain that is continued, at its tip.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// Chain id of the first genesis of all.
    pub network: NetworkId,
    /// Header of the tip.
    pub header: Header,
    /// Certificate of the tip.
    pub certificate: Certificate,
    /// The log at the tip.
    pub frontier: Frontier,
    /// The control state at the tip.
    pub control: Control,
    /// The membership that certified the tip.
    pub signers: Membership,
    /// The membership that the tip commits to.
    pub next: Membership,
    /// Every change of membership since the genesis of the chain that is continued: they lead from there to the two.
    pub changes: List<CertifiedChange, 65_536>,
}

/// Why nothing can go on from there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PredecessorError {
    /// A part that the header does not commit to.
    #[error("its {0} is not the one that its header commits to")]
    Part(&'static str),
    /// Below block 1 nothing was certified.
    #[error("its tip is at height 0, where no block stands")]
    Zero,
    /// The tip is not final.
    #[error("the certificate of its tip does not hold: {0}")]
    Certificate(#[from] CertificateError),
    /// The new chain begins in the past.
    #[error("the genesis is of {found}, before its tip, which is of {tip}")]
    Time {
        /// The tip's.
        tip: Timestamp,
        /// The genesis's.
        found: Timestamp,
    },
    /// The new chain forgets rules.
    #[error("protocol {old} was in force, and the genesis begins with {found}")]
    Protocol {
        /// By which the tip was made.
        old: Protocol,
        /// The genesis's.
        found: Protocol,
    },
    /// A number that was given out is free again.
    #[error("node numbers below {old} were given out, and the genesis gives out {found} next")]
    NextNode {
        /// At the tip.
        old: NodeNumber,
        /// The genesis's.
        found: NodeNumber,
    },
    /// A number with another owner.
    #[error("node {0} belongs to {1} in the genesis, and not at the tip")]
    Owner(NodeNumber, MemberCode),
    /// Another member is the province.
    #[error("{0} is the province at the tip, and another member in the genesis")]
    Province(MemberCode),
    /// Another heir, though the one that it had is still a member.
    #[error("{0} has another heir in the genesis than at the tip, where its heir is still a member")]
    Heir(MemberCode),
    /// A member for which nobody answers any more.
    #[error("nobody answers for {0} in the genesis, which was a member or removed at the tip")]
    Forgotten(MemberCode),
}

impl Predecessor {
    /// Its parts belong together, and the genesis goes on from them.
    pub(super) fn check(&self, genesis: &GenesisDraft) -> Result<(), PredecessorError> {
        self.check_parts()?;
        self.check_continued(genesis)
    }

    fn check_parts(&self) -> Result<(), PredecessorError> {
        use PredecessorError as E;
        let header = &self.header;
        if header.height == Height(0) {
            return Err(E::Zero);
        }
        if self.frontier.size() != header.log_size || self.frontier.root() != header.log_root {
            return Err(E::Part("frontier"));
        }
        if self.control.hash() != header.control {
            return Err(E::Part("control state"));
        }
        if self.next.hash() != header.next_membership {
            return Err(E::Part("next membership"));
        }
        Ok(self.certificate.verify(&header.chain, &self.signers, header.height, header.hash())?)
    }

    fn check_continued(&self, genesis: &GenesisDraft) -> Result<(), PredecessorError> {
        use PredecessorError as E;
        let (old, new) = (&self.next, &genesis.membership);
        if genesis.time < self.header.time {
            return Err(E::Time { tip: self.header.time, found: genesis.time });
        }
        // Not the control state's: it may ask for a protocol that nobody has, and then this is the way back.
        if genesis.protocol < self.header.protocol {
            return Err(E::Protocol { old: self.header.protocol, found: genesis.protocol });
        }
        if new.province() != old.province() {
            return Err(E::Province(old.province()));
        }
        if new.next_node() < old.next_node() {
            return Err(E::NextNode { old: old.next_node(), found: new.next_node() });
        }
        let given_out = new.nodes().filter(|(_, node)| node.number < old.next_node());
        for (owner, node) in given_out {
            if old.node(node.number).is_none_or(|(before, _)| before.code != owner.code) {
                return Err(E::Owner(node.number, owner.code));
            }
        }
        let members = old.members().iter().map(|member| member.code);
        let mut codes = members.chain(old.heirs().iter().map(|heir| heir.removed));
        codes.try_for_each(|code| check_answers(old, new, code))
    }
}

/// Somebody answers for a code, and for one that stays removed the heir that it had, while that is there.
fn check_answers(old: &Membership, new: &Membership, code: MemberCode) -> Result<(), PredecessorError> {
    let after = new.answers_for(code).ok_or(PredecessorError::Forgotten(code))?;
    let stays = old.heir_of(code).filter(|heir| new.member(*heir).is_some() && new.member(code).is_none());
    if stays.is_some_and(|heir| heir != after) { Err(PredecessorError::Heir(code)) } else { Ok(()) }
}
