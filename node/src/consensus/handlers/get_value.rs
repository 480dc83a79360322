//! This node is the proposer of a round.

use crate::consensus::ConsensusError;
use crate::consensus::adapter::{Adapter, blocking};
use crate::consensus::context::{At, Luqi, Value};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::types::LocallyProposedValue;
use arc_malachitebft_app_channel::app::types::core::Round;
use ledger_core::names::{self, Height};
use std::sync::Arc;

impl Adapter<'_> {
    /// The block made for this round before, or a new one: on disk first, then proposed, then published.
    pub(in crate::consensus) async fn on_get_value(
        &mut self,
        height: Height,
        round: Round,
        reply: Reply<LocallyProposedValue<Luqi>>,
    ) -> Result<(), ConsensusError> {
        let Some(number) = round.as_u32().map(names::Round) else { return Ok(()) };
        let blocks = Arc::clone(&self.blocks);
        let made = blocking(move || blocks.make(height, number)).await??;
        // Without an answer the round ends by its timeout.
        let Some((block, parts)) = made else { return Ok(()) };
        self.given.insert(block);
        let _ = reply.send(LocallyProposedValue::new(At(height), round, Value(block)));
        self.publish(parts).await;
        Ok(())
    }
}
