//! Outcomes in indexes and in JSON.

use super::{Outcome, Refusal};
use serde::Serialize;

impl Serialize for Refusal {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl Outcome {
    /// The byte in an index row: 0 where applied, 255 where recorded, else the refusal's number.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Applied => 0,
            Self::Recorded => 255,
            Self::Refused(why) => why as u8,
        }
    }

    /// The outcome that a byte stands for.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        let refused = Refusal::ALL.iter().copied().map(Self::Refused);
        [Self::Applied, Self::Recorded].into_iter().chain(refused).find(|outcome| outcome.byte() == byte)
    }
}
