//! A fetched stretch of blocks: how far up it is certified by the membership in force.

use ledger_core::certificate::{Certificate, CertificateError};
use ledger_core::chain::{Descent, DescentError, Fault, HashedBlock, Tip};
use ledger_core::codec::DecodeError;
use ledger_core::names::Height;
use thiserror::Error;

/// What is wrong with a stretch: the fault of the peer that served it.
#[derive(Debug, Error)]
pub(super) enum StretchError {
    /// Bytes that are no block.
    #[error("block {0} cannot be read: {1}")]
    Unreadable(Height, DecodeError),
    /// A block of another height than the one that was asked for.
    #[error("block {found} came where {wanted} was asked for")]
    Order {
        /// The height that was asked for.
        wanted: Height,
        /// The height of what came.
        found: Height,
    },
    /// A body that its certified header does not commit to.
    #[error("block {0} has another body than its header says: {1}")]
    Body(Height, Fault),
    /// No certificate comes with it.
    #[error("block {0} comes without its certificate")]
    NoCertificate(Height),
    /// The certificate of the highest block.
    #[error("block {0} is not certified: {1}")]
    Certificate(Height, CertificateError),
    /// A block that the certified one does not stand on.
    #[error(transparent)]
    Descent(#[from] DescentError),
}

/// Blocks from the tip up, in order of height.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    blocks: Vec<HashedBlock>,
    /// The last block's own.
    certificate: Option<Certificate>,
}

/// Blocks that are final, and why.
pub(super) struct Certified {
    pub(super) blocks: Vec<HashedBlock>,
    pub(super) descent: Descent,
    /// The last block's own.
    pub(super) certificate: Certificate,
}

impl Stretch {
    /// Reads the blocks that follow a tip.
    pub(super) fn read<'a>(
        tip: Height,
        blocks: impl Iterator<Item = &'a [u8]>,
        certificate: Option<Certificate>,
    ) -> Result<Self, StretchError> {
        let mut wanted = tip;
        let mut read = Vec::new();
        for bytes in blocks {
            wanted = wanted.next();
            let block = HashedBlock::read(bytes).map_err(|error| StretchError::Unreadable(wanted, error))?;
            let found = block.header().height;
            if found != wanted {
                return Err(StretchError::Order { wanted, found });
            }
            read.push(block);
        }
        Ok(Self { blocks: read, certificate })
    }

    /// Takes off the blocks that the membership at the tip certifies: all, or up to the first one that
    /// changes the membership. None when the stretch is used up.
    pub(super) fn certified(&mut self, tip: &Tip) -> Result<Option<Certified>, StretchError> {
        let changes = |block: &HashedBlock| block.header().next_membership != tip.membership_hash();
        let count = self.blocks.iter().position(changes).map_or(self.blocks.len(), |place| place + 1);
        let rest = self.blocks.split_off(count);
        let mut blocks = std::mem::replace(&mut self.blocks, rest);
        let Some(last) = blocks.last() else { return Ok(None) };
        let child = self.blocks.first().and_then(|child| child.body().parent_certificate.clone());
        let own = if self.blocks.is_empty() { self.certificate.take() } else { child };
        let certificate = match own {
            Some(certificate) => certificate,
            // Only the block above says that this one is final.
            None if blocks.len() > 1 => {
                let carried = last.body().parent_certificate.clone();
                blocks.pop();
                carried.ok_or(StretchError::NoCertificate(tip.height()))?
            }
            None => return Err(StretchError::NoCertificate(last.header().height)),
        };
        let Some((top, below)) = blocks.split_last() else { return Ok(None) };
        let failed = |error| StretchError::Certificate(top.header().height, error);
        let mut descent = Descent::new(&tip.chain(), tip.membership(), top.header(), &certificate).map_err(failed)?;
        below.iter().rev().try_for_each(|block| descent.down(block.header()))?;
        Ok(Some(Certified { blocks, descent, certificate }))
    }
}
