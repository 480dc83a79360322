//! Who judged which height, from the genesis on (format.md §8, §16): a membership judges until a certified
//! header commits to another one.
//!
//! Each change is certified by the membership before it. So whoever trusts the genesis needs nothing but the
//! changes, in order, to know whose signatures count at any height up to the last one that he was told of.

use crate::block::Header;
use crate::certificate::{Certificate, CertificateError};
use crate::crypto::ChainId;
use crate::membership::Membership;
use crate::names::Height;
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// A change of membership, with the header that commits to it and that header's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertifiedChange {
    /// The header that commits to the new membership.
    pub header: Header,
    /// By the membership before.
    pub certificate: Certificate,
    /// The new membership.
    pub membership: Membership,
}

/// Memberships of one chain, each proved by the one before.
#[derive(Clone, Debug)]
pub struct History {
    chain: ChainId,
    first: Arc<Membership>,
    /// The height of the block that committed to each, in rising order.
    changes: Vec<(Height, Arc<Membership>)>,
}

/// Why a change proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HistoryError {
    /// A header of another chain.
    #[error("the change of membership at height {0} is of chain {1}")]
    Chain(Height, ChainId),
    /// Not above the change before.
    #[error("the changes of membership are not in order, at height {0}")]
    Order(Height),
    /// Above the header that they lead to, or at its height and of another header.
    #[error("the change of membership at height {0} is not below the header that it shall lead to")]
    Above(Height),
    /// The header is not certified by the membership before.
    #[error("the change of membership at height {0} does not hold: {1}")]
    Certificate(Height, CertificateError),
    /// The header commits to another membership.
    #[error("the membership given at height {0} is not the one that its header commits to")]
    Membership(Height),
}

impl History {
    /// Before any change, of a chain and the membership of its genesis.
    #[must_use]
    pub fn new(chain: ChainId, first: Membership) -> Self {
        Self { chain, first: Arc::new(first), changes: Vec::new() }
    }

    /// The memberships up to a header, as the changes that are given with it prove them (format.md §16). That the
    /// header is the chain's own, its certificate has to prove.
    ///
    /// # Errors
    /// [`HistoryError`], naming the first change that does not hold.
    pub fn up_to(mut self, header: &Header, changes: &[CertifiedChange]) -> Result<Self, HistoryError> {
        for change in changes {
            let height = change.header.height;
            if height > header.height || (height == header.height && change.header != *header) {
                return Err(HistoryError::Above(height));
            }
            self.push(change)?;
        }
        Ok(self)
    }

    /// Takes up the next change.
    ///
    /// # Errors
    /// [`HistoryError`]; then nothing was taken up.
    pub fn push(&mut self, change: &CertifiedChange) -> Result<(), HistoryError> {
        let CertifiedChange { header, certificate, membership } = change;
        let height = header.height;
        if header.chain != self.chain {
            return Err(HistoryError::Chain(height, header.chain));
        }
        if height <= self.changes.last().map_or(Height(0), |(last, _)| *last) {
            return Err(HistoryError::Order(height));
        }
        certificate
            .verify(&self.chain, self.latest(), height, header.hash())
            .map_err(|why| HistoryError::Certificate(height, why))?;
        if membership.hash() != header.next_membership {
            return Err(HistoryError::Membership(height));
        }
        self.changes.push((height, Arc::new(membership.clone())));
        Ok(())
    }

    /// The membership that judges and certifies the block at a height, as far as the changes below it were told:
    /// the one that the last change below it committed to.
    #[must_use]
    pub fn judges(&self, height: Height) -> &Arc<Membership> {
        let below = self.changes.partition_point(|(change, _)| *change < height);
        self.changes.get(..below).and_then(<[_]>::last).map_or(&self.first, |(_, membership)| membership)
    }

    /// The membership after the last change.
    #[must_use]
    pub fn latest(&self) -> &Arc<Membership> {
        self.changes.last().map_or(&self.first, |(_, membership)| membership)
    }
}
