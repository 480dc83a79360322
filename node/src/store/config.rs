//! How much of the chain the database holds, and how large sealed files are.

use super::StoreTimes;

/// Sizes of a store. The defaults are right for a node; tests take smaller ones.
#[derive(Clone)]
pub struct StoreConfig {
    /// Blocks that stay in the database.
    pub hot_blocks: u64,
    /// Bytes that stay in the database, where so many blocks would be more: how long it takes to
    /// open depends on them.
    pub hot_bytes: u64,
    /// Blocks that are sealed at once.
    pub batch_blocks: u64,
    /// Bytes that are sealed at once.
    pub batch_bytes: u64,
    /// A sealed file that is as large is closed.
    pub segment_bytes: u64,
    /// Blocks between two snapshots of the contract map.
    pub snapshot_blocks: u64,
    /// Where it is noted how long the disk takes.
    pub times: StoreTimes,
    /// Where a test takes pictures of the folder.
    #[cfg(test)]
    pub(crate) at: Option<std::sync::Arc<dyn Fn(Step) + Send + Sync>>,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self {
            hot_blocks: 10_000,
            hot_bytes: 256 << 20,
            batch_blocks: 500,
            batch_bytes: 64 << 20,
            segment_bytes: 256 << 20,
            snapshot_blocks: 5_000,
            times: StoreTimes::default(),
            #[cfg(test)]
            at: None,
        }
    }
}

/// The steps of a store at which a crash is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Blocks are in the database, the tip file does not say so yet.
    Appended,
    /// A sealed file has its end, the next one is not begun.
    Closed,
    /// A sealed file is begun.
    Begun,
    /// Blocks stand in a sealed file and in the database.
    Sealed,
    /// Some of them have left the database.
    HalfRemoved,
    /// All of them have.
    Removed,
}

impl StoreConfig {
    /// Marks a step.
    #[cfg(test)]
    pub(crate) fn step(&self, step: Step) {
        if let Some(at) = &self.at {
            at(step);
        }
    }

    /// Marks a step.
    #[cfg(not(test))]
    #[allow(clippy::unused_self, reason = "only tests take pictures")]
    pub(crate) const fn step(&self, _: Step) {}
}
