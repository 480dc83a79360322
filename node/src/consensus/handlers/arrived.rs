//! A block under way is here as a whole.

use crate::consensus::ConsensusError;
use crate::consensus::adapter::{Adapter, blocking};
use crate::consensus::context::{Arrived, Luqi};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::consensus::ProposedValue;
use arc_malachitebft_app_channel::app::streaming::StreamContent;
use std::sync::Arc;

impl Adapter<'_> {
    /// Valid, invalid, or nothing yet.
    pub(in crate::consensus) async fn on_arrived(
        &mut self,
        content: &StreamContent<Arrived>,
        reply: Reply<Option<ProposedValue<Luqi>>>,
    ) -> Result<(), ConsensusError> {
        let value = match content {
            StreamContent::Data(Arrived { height, block }) => {
                let (height, block, blocks) = (*height, *block, Arc::clone(&self.blocks));
                let kept = blocking(move || blocks.kept(height)).await?;
                match kept.into_iter().find(|(found, _)| *found == block) {
                    Some((_, signed)) => self.verdict(height, block, signed).await?,
                    None => None,
                }
            }
            StreamContent::Fin => None,
        };
        // The engine may have ended.
        let _ = reply.send(value);
        Ok(())
    }
}
