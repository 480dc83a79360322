//! Where a chain stands: everything that the next block is checked against, but for the map.

use crate::block::Header;
use crate::chain::{NewerProtocol, Rules};
use crate::crypto::{ChainId, NetworkId};
use crate::event::Seal;
use crate::genesis::Genesis;
use crate::governance::Control;
use crate::membership::Membership;
use crate::merkle::{Frontier, LogIndex, LogSize};
use crate::names::{BlockHash, Height, MapRoot, MembershipHash, Timestamp};
use std::sync::Arc;

/// Where the chain of headers stands: what a block's links, signatures and governance are judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The chain.
    pub chain: ChainId,
    /// The network.
    pub network: NetworkId,
    /// Height of the last block; 0 for the genesis.
    pub height: Height,
    /// Hash of the last block; the chain id for the genesis.
    pub hash: BlockHash,
    /// Its time.
    pub time: Timestamp,
    /// The control state after it.
    pub control: Control,
    /// The membership that certifies it.
    pub signers: Arc<Membership>,
    /// The membership that judges the next block.
    pub membership: Arc<Membership>,
    /// Its hash.
    pub membership_hash: MembershipHash,
    /// With which the log goes on: one seal, or two after a genesis that continues a chain.
    pub(super) seals: Vec<Seal>,
    /// Size of the log after it.
    pub(super) log_size: LogSize,
}

/// Where a chain stands: the head, and the roots after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The chain of headers.
    pub head: Head,
    /// The log.
    pub frontier: Frontier,
    /// The contract map's root.
    pub map_root: MapRoot,
}

impl std::ops::Deref for Tip {
    type Target = Head;
    fn deref(&self) -> &Head {
        &self.head
    }
}

impl Head {
    /// The head after a block whose control state is known, and its next membership where that is
    /// another one.
    pub(super) fn after(
        &self,
        header: &Header,
        hash: BlockHash,
        control: Control,
        membership: Option<Membership>,
    ) -> Self {
        let signers = Arc::clone(&self.membership);
        let membership = membership.map_or_else(|| Arc::clone(&signers), Arc::new);
        Self {
            chain: self.chain,
            network: self.network,
            height: header.height,
            hash,
            time: header.time,
            control,
            signers,
            membership,
            membership_hash: header.next_membership,
            seals: vec![Seal { height: header.height, block: hash }],
            log_size: header.log_size,
        }
    }

    /// The head above a block that is taken by its own header: control state and membership stand as they did. None
    /// where the header commits to another membership. For what is told beside a verdict.
    pub(crate) fn taken(&self, header: &Header, hash: BlockHash) -> Option<Self> {
        let is_same = header.next_membership == self.membership_hash;
        is_same.then(|| self.after(header, hash, self.control.clone(), None))
    }

    /// The rules that judge the next block.
    ///
    /// # Errors
    /// [`NewerProtocol`], where this version does not know them.
    pub fn rules(&self) -> Result<Rules, NewerProtocol> {
        Rules::of(self.control.protocol)
    }

    /// Log index of the next block's first event: after the seals.
    pub(crate) const fn first_index(&self) -> LogIndex {
        LogIndex(self.log_size.0.saturating_add(self.seals.len() as u64))
    }

    /// Whether the last block changed the membership.
    #[must_use]
    pub fn changed_membership(&self) -> bool {
        !Arc::ptr_eq(&self.signers, &self.membership)
    }
}

impl Tip {
    /// Where a chain stands before its first block.
    #[must_use]
    pub fn genesis(genesis: &Genesis) -> Self {
        let chain = genesis.chain_id();
        let membership = Arc::new(genesis.membership.clone());
        let old = genesis.predecessor.as_ref();
        let mut control = Control::new(genesis.protocol);
        if let Some(old) = old {
            control.carry_on(&old.control, &membership);
        }
        let frontier = old.map_or_else(Frontier::default, |old| old.frontier.clone());
        let head = Head {
            chain,
            network: genesis.network_id(),
            height: Height(0),
            hash: BlockHash(chain.0),
            time: genesis.time,
            control,
            signers: Arc::clone(&membership),
            membership_hash: membership.hash(),
            membership,
            seals: genesis.seals(),
            log_size: frontier.size(),
        };
        Self { head, frontier, map_root: old.map_or(MapRoot::EMPTY, |old| old.header.map_root) }
    }

    /// Where a chain stands at a header that somebody vouches for: with the memberships that certify it and
    /// judge what follows, and the log and control state that it commits to. The caller has compared them.
    pub(crate) fn at(
        genesis: &Genesis,
        header: &Header,
        [signers, membership]: [Arc<Membership>; 2],
        frontier: Frontier,
        control: Control,
    ) -> Self {
        let hash = header.hash();
        let head = Head {
            chain: header.chain,
            network: genesis.network_id(),
            height: header.height,
            hash,
            time: header.time,
            control,
            signers,
            membership,
            membership_hash: header.next_membership,
            seals: vec![Seal { height: header.height, block: hash }],
            log_size: header.log_size,
        };
        Self { head, frontier, map_root: header.map_root }
    }
}
