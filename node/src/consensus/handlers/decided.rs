//! The engine has decided.

use crate::consensus::ConsensusError;
use crate::consensus::adapter::{Adapter, Turn, blocking, without_log};
use crate::consensus::codec::core_certificate;
use crate::consensus::context::Luqi;
use crate::consensus::network::cut_liar;
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::types::core::CommitCertificate;
use std::sync::Arc;
use std::time::Instant;

impl Adapter<'_> {
    /// Makes block and certificate durable, then acknowledges.
    pub(in crate::consensus) async fn on_decided(
        &mut self,
        decided: &CommitCertificate<Luqi>,
        reply: Reply<()>,
    ) -> Result<Option<Turn>, ConsensusError> {
        let certificate = core_certificate(decided).map_err(|error| ConsensusError::Engine(error.to_string()))?;
        // Asked before the commit: the block may change who has power.
        let stood = self.most_stood_at();
        let blocks = Arc::clone(&self.blocks);
        let committed = match blocking(move || blocks.commit(certificate)).await? {
            Ok(committed) => committed,
            Err(ConsensusError::Missing { height, block }) => {
                // The engine's log knows a decision whose bytes are lost here. Without the log the block
                // comes again from the others; and without the log this node must not vote there.
                tracing::error!(%height, %block, "a decided block is not here; it is fetched from the others");
                self.fall_silent(height).await?;
                without_log(self.deps.folder.clone()).await?;
                return Ok(Some(Turn::Again));
            }
            Err(error) => return Err(error),
        };
        tracing::info!(height = %committed.header.height, block = %decided.value_id, round = %decided.round, "a block is final");
        let now = Instant::now();
        self.pace = Some(now.saturating_duration_since(self.made));
        self.made = now;
        self.with_events = committed.with_events;
        let is_another = self.heed(committed.shown, stood).await?;
        self.speak = self.speak || self.ends_silence(committed.header.height, stood);
        // The engine may have ended.
        let _ = reply.send(());
        self.cut_liars().await?;
        Ok(is_another.then_some(Turn::Again))
    }

    /// The new membership tells which certificates of the next height do not hold, and who answered with them.
    async fn cut_liars(&self) -> Result<(), ConsensusError> {
        let answers = Arc::clone(&self.answers);
        for (peer, lie) in blocking(move || answers.lies()).await? {
            cut_liar(&self.deps.network, peer, &lie).await;
        }
        Ok(())
    }
}
