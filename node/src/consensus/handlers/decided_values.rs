//! Another node asks for decided blocks.

use crate::consensus::adapter::Adapter;
use crate::consensus::context::{At, Luqi};
use crate::consensus::listener::decided_values;
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::types::sync::RawDecidedValue;
use std::ops::RangeInclusive;
use std::sync::Arc;

impl Adapter<'_> {
    /// As many as are known with their certificates, and fit into an answer.
    pub(in crate::consensus) fn on_decided_values(
        &self,
        range: &RangeInclusive<At>,
        reply: Reply<Vec<RawDecidedValue<Luqi>>>,
    ) {
        let (from, to) = (range.start().0, range.end().0);
        let blocks = Arc::clone(&self.blocks);
        // Nothing else waits for this disk. Who asked may be gone.
        tokio::task::spawn_blocking(move || drop(reply.send(decided_values(&blocks, from, to))));
    }
}
