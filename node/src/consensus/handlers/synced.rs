//! A decided block came as an answer; its certificate was verified by the engine.

use crate::consensus::ConsensusError;
use crate::consensus::adapter::{Adapter, blocking};
use crate::consensus::blocks::Answered;
use crate::consensus::context::{Address, At, Luqi, Value};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::consensus::ProposedValue;
use arc_malachitebft_app_channel::app::engine::host::SyncedValueOutcome;
use arc_malachitebft_app_channel::app::types::core::{Round, Validity};
use bytes::Bytes;
use ledger_core::names::Height;
use std::sync::Arc;

impl Adapter<'_> {
    /// The verdict of the full verification. The engine asks only for the height under way, and compares
    /// the block with the certificate itself.
    pub(in crate::consensus) async fn on_synced(
        &mut self,
        height: Height,
        round: Round,
        proposer: Address,
        bytes: Bytes,
        reply: Reply<SyncedValueOutcome<Luqi>>,
    ) -> Result<(), ConsensusError> {
        let blocks = Arc::clone(&self.blocks);
        let answered = blocking(move || blocks.answered(height, &bytes)).await??;
        let valid_round = Round::Nil;
        let value = |block, validity| {
            let value = Value(block);
            SyncedValueOutcome::Verdict(ProposedValue {
                height: At(height),
                round,
                valid_round,
                proposer,
                value,
                validity,
            })
        };
        let outcome = match answered {
            Answered::Valid(block) => value(block, Validity::Valid),
            Answered::Invalid(block, fault) if self.answers.certified(height, block) => {
                tracing::error!(%height, %block, "a certified block does not follow here");
                return Err(ConsensusError::Diverged { height, fault });
            }
            Answered::Invalid(block, fault) => {
                tracing::warn!(%height, %block, "an answer holds a block that does not follow: {fault}");
                value(block, Validity::Invalid)
            }
            Answered::Garbage => SyncedValueOutcome::PeerFault,
            Answered::NotNow => SyncedValueOutcome::LocalTransientError,
        };
        // The engine may have ended.
        let _ = reply.send(outcome);
        Ok(())
    }
}
