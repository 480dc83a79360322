//! A height is over.

use super::Held;
use crate::called;
use crate::consensus::adapter::{Adapter, Turn, blocking};
use crate::consensus::codec::{core_proposal, core_vote};
use crate::consensus::context::Luqi;
use crate::consensus::{ConsensusError, Proof};
use arc_malachitebft_app_channel::Reply;
use arc_malachitebft_app_channel::app::engine::host::Next;
use arc_malachitebft_app_channel::app::types::MisbehaviorEvidence;
use arc_malachitebft_app_channel::app::types::core::{SignedProposal, SignedVote};
use ledger_core::certificate::{Equivocation, Said, SignedTwice, VoteKind};
use ledger_core::crypto::ChainId;

impl Adapter<'_> {
    /// Names who signed two things and keeps both, and starts the next height once its block is due.
    pub(in crate::consensus) async fn on_finalized(
        &mut self,
        evidence: MisbehaviorEvidence<Luqi>,
        reply: Reply<Next<Luqi>>,
    ) -> Result<Option<Turn>, ConsensusError> {
        self.name(&evidence).await?;
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

    /// Names who signed two things, and keeps both.
    async fn name(&mut self, evidence: &MisbehaviorEvidence<Luqi>) -> Result<(), ConsensusError> {
        let chain = self.deps.chain.latest().tip.chain();
        let votes = evidence.votes.iter().flat_map(|(_, pairs)| pairs);
        let votes = votes.filter_map(|(one, other)| two_votes(chain, one, other));
        let proposals = evidence.proposals.iter().flat_map(|(_, pairs)| pairs);
        let proposals = proposals.filter_map(|(one, other)| two_proposals(chain, one, other));
        for equivocation in votes.chain(proposals).collect::<Vec<_>>() {
            self.misbehaviour = self.misbehaviour.saturating_add(1);
            self.keep(equivocation).await?;
        }
        Ok(())
    }

    async fn keep(&self, equivocation: Equivocation) -> Result<(), ConsensusError> {
        let latest = self.deps.chain.latest();
        let Equivocation { node, kind, height, round, said: [one, other], .. } = &equivocation;
        let twice = match kind {
            SignedTwice::Prevote | SignedTwice::Precommit => "voted twice",
            SignedTwice::Proposal => "proposed twice",
        };
        let says = |said: &Said| said.block.map_or_else(|| "nil".to_owned(), |block| block.to_string());
        let who = called::node(latest.tip.signers(), *node);
        tracing::warn!(%height, %round, ?kind, "{who} {twice}: {} and {}", says(one), says(other));
        // The engine tells of a height once it is over, so the block of that height is the tip.
        let proof = Proof::new(equivocation, latest.tip.signers());
        let kept = match proof {
            Ok(proof) => {
                let kept = self.deps.equivocations.clone();
                blocking(move || kept.keep(proof)).await?.map_err(|error| error.to_string())
            }
            Err(why) => Err(why.to_string()),
        };
        if let Err(why) = kept {
            tracing::error!("the proof of that is not kept: {why}");
        }
        Ok(())
    }
}

fn two_votes(chain: ChainId, one: &SignedVote<Luqi>, other: &SignedVote<Luqi>) -> Option<Equivocation> {
    let ((kind, vote), (_, second)) = (core_vote(one)?, core_vote(other)?);
    let said = [(vote.block, one.signature), (second.block, other.signature)];
    let said = said.map(|(block, signature)| Said { block, valid_round: None, signature });
    let kind = match kind {
        VoteKind::Prevote => SignedTwice::Prevote,
        VoteKind::Precommit => SignedTwice::Precommit,
    };
    Some(Equivocation { chain, node: one.voter.0, kind, height: vote.height, round: vote.round, said })
}

fn two_proposals(chain: ChainId, one: &SignedProposal<Luqi>, other: &SignedProposal<Luqi>) -> Option<Equivocation> {
    let (first, second) = (core_proposal(one)?, core_proposal(other)?);
    let said = [(first.block, first.valid_round, one.signature), (second.block, second.valid_round, other.signature)];
    let said = said.map(|(block, valid_round, signature)| Said { block: Some(block), valid_round, signature });
    let (node, kind) = (first.proposer, SignedTwice::Proposal);
    Some(Equivocation { chain, node, kind, height: first.height, round: first.round, said })
}
