//! Where the time goes.

use std::time::Duration;

/// Time by the clock on the wall in each part of the way, where the parts come one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// From bytes to JSON.
    pub parse: Duration,
    /// From JSON to records, with the tags of the look-up.
    pub validate: Duration,
    /// Duplicates, contracts, who waits.
    pub look_up: Duration,
    /// Subjects.
    pub vrf: Duration,
    /// Secrets, commitments, ciphertext, and their syncs.
    pub seal: Duration,
    /// The look-up file, with its sync.
    pub journal: Duration,
    /// Submissions, with the leaf hashes of their events.
    pub sign: Duration,
    /// Blocks: assembled, folded, certified, stored and synced.
    pub commit: Duration,
}

impl Timings {
    /// Each part with its name.
    #[must_use]
    pub const fn parts(&self) -> [(&'static str, Duration); 8] {
        [
            ("parse", self.parse),
            ("validate", self.validate),
            ("look_up", self.look_up),
            ("vrf", self.vrf),
            ("seal", self.seal),
            ("journal", self.journal),
            ("sign", self.sign),
            ("commit", self.commit),
        ]
    }

    pub(super) fn add(&mut self, other: &Self) {
        let Self { parse, validate, look_up, vrf, seal, journal, sign, commit } = self;
        *parse += other.parse;
        *validate += other.validate;
        *look_up += other.look_up;
        *vrf += other.vrf;
        *seal += other.seal;
        *journal += other.journal;
        *sign += other.sign;
        *commit += other.commit;
    }
}
