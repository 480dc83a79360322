//! A height is over.

use super::Held;
use crate::consensus::ConsensusError;
use crate::consensus::adapter::{Adapter, Turn};
use crate::consensus::context::Luqi;
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::engine::host::Next;
use arc_malachitebft_app_channel::app::types::MisbehaviorEvidence;
use arc_malachitebft_app_channel::app::types::core::{Proposal as _, Vote as _};

impl Adapter<'_> {
    /// Names who signed two things, and starts the next height once its block is due.
    pub(in crate::consensus) async fn on_finalized(
        &mut self,
        evidence: MisbehaviorEvidence<Luqi>,
        reply: Reply<Next<Luqi>>,
    ) -> Result<Option<Turn>, ConsensusError> {
        self.name(&evidence);
        if self.speak {
            self.end_silence().await?;
            tracing::warn!("this node votes again, from the next height on");
            return Ok(Some(Turn::Again));
        }
        if self.deps.is_mute() != self.is_mute {
            return Ok(Some(Turn::Again));
        }
        self.hold(Held::Next(reply));
        Ok(None)
    }

    fn name(&mut self, evidence: &MisbehaviorEvidence<Luqi>) {
        for (node, pairs) in evidence.votes.iter() {
            for (one, other) in pairs {
                let (height, round, kind) = (one.height(), one.round(), one.vote_type());
                let (a, b) = (one.value(), other.value());
                tracing::warn!(%node, %height, %round, ?kind, "a validator voted twice: {a:?} and {b:?}");
                self.misbehaviour = self.misbehaviour.saturating_add(1);
            }
        }
        for (node, pairs) in evidence.proposals.iter() {
            for (one, other) in pairs {
                let (height, round) = (one.height(), one.round());
                let (a, b) = (one.value(), other.value());
                tracing::warn!(%node, %height, %round, "a validator proposed twice: {a:?} and {b:?}");
                self.misbehaviour = self.misbehaviour.saturating_add(1);
            }
        }
    }
}
