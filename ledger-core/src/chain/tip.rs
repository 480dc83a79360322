//! Where a chain stands: everything that the next block is checked against, but for the map.

use crate::block::Header;
use crate::chain::{NewerProtocol, Rules};
use crate::crypto::{ChainId, NetworkId};
use crate::event::Seal;
use crate::genesis::Genesis;
use crate::governance::Control;
use crate::membership::Membership;
use crate::merkle::{Frontier, LogIndex, LogSize};
use crate::names::{BlockHash, Height, MapRoot, MembershipHash, Timestamp, readable};
use std::sync::Arc;

/// Where the chain of headers stands: what a block's links, signatures and governance are judged by. Only the rules
/// make one: at the genesis, at a foot whose commitments were compared, and after a block that was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    chain: ChainId,
    network: NetworkId,
    height: Height,
    hash: BlockHash,
    time: Timestamp,
    /// Those of the protocol that the control state says.
    rules: Result<Rules, NewerProtocol>,
    control: Control,
    signers: Arc<Membership>,
    membership: Arc<Membership>,
    membership_hash: MembershipHash,
    /// With which the log goes on: one seal, or two after a genesis that continues a chain.
    seals: Vec<Seal>,
    log_size: LogSize,
}

/// Where a chain stands: the head, and the roots after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    head: Head,
    frontier: Frontier,
    map_root: MapRoot,
}

readable! {
    Head copies {
        /// The chain.
        chain: ChainId,
        /// The network.
        network: NetworkId,
        /// Height of the last block; 0 for the genesis.
        height: Height,
        /// Hash of the last block; the chain id for the genesis.
        hash: BlockHash,
        /// Time of the last block, or of the genesis.
        time: Timestamp,
        /// Hash of the membership that judges the next block.
        membership_hash: MembershipHash,
    }
    lends {
        /// The control state after the last block.
        control: Control,
        /// The membership that certifies the last block.
        signers: Arc<Membership>,
        /// The membership that judges the next block.
        membership: Arc<Membership>,
    }
}

readable! {
    Tip copies {
        /// The contract map's root.
        map_root: MapRoot,
    }
    lends {
        /// The chain of headers.
        head: Head,
        /// The log.
        frontier: Frontier,
    }
}

impl std::ops::Deref for Tip {
    type Target = Head;
    fn deref(&self) -> &Head {
        &self.head
    }
}

impl Head {
    /// Before block 1.
    fn genesis(genesis: &Genesis) -> Self {
        let chain = genesis.chain_id();
        let membership = Arc::new(genesis.membership.clone());
        let mut control = Control::new(genesis.protocol);
        if let Some(old) = &genesis.predecessor {
            control.carry_on(&old.control, &membership);
        }
        Self {
            chain,
            network: genesis.network_id(),
            height: Height(0),
            hash: BlockHash(chain.0),
            time: genesis.time,
            rules: Rules::of(control.protocol),
            control,
            signers: Arc::clone(&membership),
            membership_hash: membership.hash(),
            membership,
            seals: genesis.seals(),
            log_size: genesis.predecessor.as_ref().map_or(LogSize(0), |old| old.frontier.size()),
        }
    }

    /// At a block: with the control state after it, and the memberships that certify it and judge the next.
    fn at(
        network: NetworkId,
        header: &Header,
        hash: BlockHash,
        control: Control,
        [signers, membership]: [Arc<Membership>; 2],
    ) -> Self {
        Self {
            chain: header.chain,
            network,
            height: header.height,
            hash,
            time: header.time,
            rules: Rules::of(control.protocol),
            control,
            signers,
            membership,
            membership_hash: header.next_membership,
            seals: vec![Seal { height: header.height, block: hash }],
            log_size: header.log_size,
        }
    }

    /// The head after a block that was settled and compared: with the control state after it, and its next membership
    /// where that is another one.
    pub(super) fn after(
        &self,
        header: &Header,
        hash: BlockHash,
        control: Control,
        membership: Option<Membership>,
    ) -> Self {
        let signers = Arc::clone(&self.membership);
        let membership = membership.map_or_else(|| Arc::clone(&signers), Arc::new);
        Self::at(self.network, header, hash, control, [signers, membership])
    }

    /// The tip at this head, with the log and the map's root after it.
    pub(super) const fn into_tip(self, frontier: Frontier, map_root: MapRoot) -> Tip {
        Tip { head: self, frontier, map_root }
    }

    /// The rules that judge the next block.
    ///
    /// # Errors
    /// [`NewerProtocol`], where this version does not know them.
    pub const fn rules(&self) -> Result<Rules, NewerProtocol> {
        self.rules
    }

    /// Whether the last block changed the membership.
    #[must_use]
    pub fn changed_membership(&self) -> bool {
        !Arc::ptr_eq(&self.signers, &self.membership)
    }

    /// With which the log goes on before the next block's events.
    pub(super) fn seals(&self) -> &[Seal] {
        &self.seals
    }

    /// Log index of the next block's first event: after the seals.
    pub(crate) const fn first_index(&self) -> LogIndex {
        LogIndex(self.log_size.0.saturating_add(self.seals.len() as u64))
    }
}

impl Tip {
    /// Where a chain stands before its first block.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        let head = Head::genesis(genesis);
        match &genesis.predecessor {
            Some(old) => head.into_tip(old.frontier.clone(), old.header.map_root),
            None => head.into_tip(Frontier::default(), MapRoot::EMPTY),
        }
    }

    /// Where a chain stands at a header that somebody vouches for: with the memberships that certify it and
    /// judge what follows, and the log and control state that it commits to. The caller has compared them.
    pub(crate) fn at(
        genesis: &Genesis,
        header: &Header,
        memberships: [Arc<Membership>; 2],
        frontier: Frontier,
        control: Control,
    ) -> Self {
        Head::at(genesis.network_id(), header, header.hash(), control, memberships).into_tip(frontier, header.map_root)
    }
}

#[cfg(any(test, feature = "fixture"))]
impl Head {
    /// A forger's tip: nobody compared its roots with a header.
    pub(crate) const fn forged(self, frontier: Frontier, map_root: MapRoot) -> Tip {
        self.into_tip(frontier, map_root)
    }
}
