//! A genesis as a file holds it (format.md §12): its JSON, in the one form that it has.

use super::difference::difference;
use super::{Genesis, GenesisDraft, GenesisError};
use crate::codec::{self, MAX_BYTES};
use serde_json::Value;
use thiserror::Error;

/// Bytes that are no genesis in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum GenesisJsonError {
    /// Not JSON, or not of these names and types.
    #[error("{0}")]
    Json(String),
    /// Read, but not what would be written of it: a name is missing, or an object is written as a list.
    #[error("it is not written as format.md, section 12, has it, at `{0}`")]
    Form(String),
    /// It says more than any value has bytes for.
    #[error("its encoding has more than the {MAX_BYTES} bytes that a value may have")]
    TooLong,
    /// It starts no chain.
    #[error("{0}")]
    Genesis(#[from] GenesisError),
}

impl Genesis {
    /// Reads a genesis. Names may stand in any order; otherwise there is one way to write it, so that no two readers
    /// read two things: what was read is written again and compared.
    ///
    /// # Errors
    /// [`GenesisJsonError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, GenesisJsonError> {
        let json = |why: serde_json::Error| GenesisJsonError::Json(why.to_string());
        let draft: GenesisDraft = serde_json::from_slice(bytes).map_err(json)?;
        let found: Value = serde_json::from_slice(bytes).map_err(json)?;
        let written = serde_json::to_value(&draft).map_err(json)?;
        if written != found {
            return Err(GenesisJsonError::Form(difference(&written, &found)));
        }
        if codec::encode(&draft).len() > MAX_BYTES {
            return Err(GenesisJsonError::TooLong);
        }
        Ok(Self::new(draft)?)
    }
}
