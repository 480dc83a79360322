//! Bytes in memory as an archive.

use super::{ReadAt, ReadFailed};

impl ReadAt for &[u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, at: u64, to: &mut [u8]) -> Result<(), ReadFailed> {
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..)).and_then(|rest| rest.get(..to.len()));
        to.copy_from_slice(from.ok_or_else(|| ReadFailed("the bytes end before".to_owned()))?);
        Ok(())
    }
}
