//! A block that is proposed again, or locked on, is to reach everybody.

use crate::consensus::ConsensusError;
use crate::consensus::adapter::{Adapter, blocking};
use arc_malachitebft_app_channel::app::types::core::Round;
use ledger_core::names::{self, BlockHash, Height, NodeNumber};
use std::sync::Arc;

impl Adapter<'_> {
    /// Publishes a block again.
    pub(in crate::consensus) async fn on_restream(
        &mut self,
        height: Height,
        round: Round,
        proposer: NodeNumber,
        block: BlockHash,
    ) -> Result<(), ConsensusError> {
        let Some(round) = round.as_u32().map(names::Round) else { return Ok(()) };
        let blocks = Arc::clone(&self.blocks);
        let parts = blocking(move || blocks.again(height, round, block, proposer)).await?;
        if parts.is_empty() {
            tracing::warn!(%height, %block, "a block that is to be published again is not here");
        }
        self.publish(parts).await;
        Ok(())
    }
}
