//! Final by descent: whoever is far behind reads the headers down from one certified block, and needs no other
//! certificate.

use crate::block::Header;
use crate::certificate::{Certificate, CertificateError};
use crate::chain::ladder::{CheckedBlock, FinalBlock};
use crate::crypto::ChainId;
use crate::membership::Membership;
use crate::names::{BlockHash, Height};
use std::collections::BTreeMap;
use thiserror::Error;

impl CheckedBlock {
    /// Final by descent: a certified block lies above it.
    ///
    /// # Errors
    /// [`DescentError`], when the chain of headers does not hold this block.
    pub fn finalize_by_descent(self, descent: &Descent) -> Result<FinalBlock, DescentError> {
        if descent.hashes.get(&self.after.height()) == Some(&self.after.hash()) {
            return Ok(FinalBlock { checked: self, certificate: None });
        }
        Err(DescentError { height: self.after.height() })
    }
}

/// A chain of headers read down from a certified one: whose hash lies on it is final.
#[derive(Clone, Debug)]
pub struct Descent {
    hashes: BTreeMap<Height, BlockHash>,
    lowest: (Height, BlockHash),
}

/// A header or block that does not lie on the chain that was read down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the block at height {height} does not lie on the chain of headers below the certified one")]
pub struct DescentError {
    /// The height.
    pub height: Height,
}

impl Descent {
    /// Begins at a certified header.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn new(
        chain: &ChainId,
        membership: &Membership,
        top: &Header,
        certificate: &Certificate,
    ) -> Result<Self, CertificateError> {
        let hash = top.hash();
        certificate.verify(chain, membership, top.height, hash)?;
        let below = (Height(top.height.0.saturating_sub(1)), top.parent);
        Ok(Self { hashes: BTreeMap::from([(top.height, hash)]), lowest: below })
    }

    /// Reads one header further down.
    ///
    /// # Errors
    /// [`DescentError`], when it is not the parent of the one above.
    pub fn down(&mut self, header: &Header) -> Result<(), DescentError> {
        let hash = header.hash();
        if (header.height, hash) != self.lowest {
            return Err(DescentError { height: header.height });
        }
        self.hashes.insert(header.height, hash);
        self.lowest = (Height(header.height.0.saturating_sub(1)), header.parent);
        Ok(())
    }
}
