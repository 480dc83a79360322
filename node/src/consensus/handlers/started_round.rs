//! A round began: the engine hears of the blocks that are here.

use crate::consensus::ConsensusError;
use crate::consensus::adapter::{Adapter, blocking};
use crate::consensus::context::Luqi;
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::consensus::ProposedValue;
use arc_malachitebft_app_channel::app::types::core::Round;
use ledger_core::names::Height;
use std::sync::Arc;

impl Adapter<'_> {
    /// All blocks of the height in its first round, later those of which nothing could be said before.
    pub(in crate::consensus) async fn on_started_round(
        &mut self,
        height: Height,
        round: Round,
        reply: Reply<Vec<ProposedValue<Luqi>>>,
    ) -> Result<(), ConsensusError> {
        self.enter(round);
        if round == Round::ZERO {
            self.given.clear();
        }
        let blocks = Arc::clone(&self.blocks);
        let kept = blocking(move || blocks.kept(height)).await?;
        let mut values = Vec::new();
        for (block, signed) in kept {
            // What came as an answer is decided by its certificate, which comes again.
            if signed.is_some() && !self.given.contains(&block) {
                values.extend(self.verdict(height, block, signed).await?);
            }
        }
        // The engine may have ended.
        let _ = reply.send(values);
        Ok(())
    }
}
