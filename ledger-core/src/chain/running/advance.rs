//! A final block, as whoever keeps the chain goes on with it.

use crate::certificate::Certificate;
use crate::chain::FinalBlock;
use crate::map::ContractMap;
use crate::names::Height;
use thiserror::Error;

/// A map that is not the one that a block was checked against, or has moved over the block already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the contract map is not the one below block {0}, or has moved over it already")]
pub struct OtherMap(pub Height);

impl FinalBlock {
    /// Its own certificate; none where it is final by descent.
    #[must_use]
    pub const fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Moves the map over the block; the block keeps no copy of the changes.
    ///
    /// # Errors
    /// [`OtherMap`]: it is another map than the block was checked against, and stays as it is.
    pub fn advance(&mut self, map: &mut ContractMap) -> Result<(), OtherMap> {
        let height = self.after.height();
        let staged = self.checked.staged.take_if(|staged| staged.starts_from(map)).ok_or(OtherMap(height))?;
        map.commit(staged);
        Ok(())
    }
}
