//! Signs and verifies what the engine asks for, as the core lays it out: with the chain id, and strictly.
//!
//! Nothing is signed before [`LastSigned`] has it on disk. What that refuses is not signed; the engine
//! then stops, and is started again without a vote.

use super::blocks::Locked;
use super::codec::{core_proposal, core_vote};
use super::context::{Luqi, Proposal, Vote};
use super::last_signed::{LastSigned, Refused, Signed, Step};
use arc_malachitebft_app_channel::app::types::core::{self, SignedMessage, ValidatorProof, VoteExtensionScope};
use arc_malachitebft_app_channel::{Signer, Verifier};
use arc_malachitebft_signing::{Error, VerificationResult};
use async_trait::async_trait;
use ledger_core::certificate::VoteKind;
use ledger_core::crypto::{ChainId, PublicKey, SecretKey, Signature};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error as ThisError;
use tokio::sync::watch;

/// What this node cannot do for the engine.
#[derive(Clone, Copy, Debug, ThisError)]
enum Unsupported {
    #[error("a message names no round")]
    NoRound,
    #[error("this chain has no vote extensions")]
    Extension,
    #[error("nodes are bound to their peers by the membership, not by proofs of their own")]
    ValidatorProof,
}

/// Verifies by the keys of the membership.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeVerifier {
    chain: ChainId,
}

impl NodeVerifier {
    pub(crate) const fn new(chain: ChainId) -> Self {
        Self { chain }
    }

    pub(crate) fn vote(&self, vote: &Vote, signature: &Signature, key: &PublicKey) -> bool {
        core_vote(vote).is_some_and(|(kind, vote)| key.verify(&vote.message(kind, &self.chain), signature).is_ok())
    }

    pub(crate) fn proposal(&self, proposal: &Proposal, signature: &Signature, key: &PublicKey) -> bool {
        core_proposal(proposal).is_some_and(|proposal| key.verify(&proposal.message(&self.chain), signature).is_ok())
    }
}

#[async_trait]
impl Verifier<Luqi> for NodeVerifier {
    async fn verify_signed_vote(
        &self,
        vote: &Vote,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::from_bool(self.vote(vote, signature, key)))
    }

    async fn verify_signed_proposal(
        &self,
        proposal: &Proposal,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::from_bool(self.proposal(proposal, signature, key)))
    }

    async fn verify_signed_vote_extension(
        &self,
        _: &VoteExtensionScope<Luqi>,
        (): &(),
        _: &Signature,
        _: &PublicKey,
    ) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }

    async fn verify_validator_proof(&self, _: &ValidatorProof<Luqi>) -> Result<VerificationResult, Error> {
        Ok(VerificationResult::Invalid)
    }
}

/// Signs by the node's consensus key.
pub(crate) struct NodeSigner {
    chain: ChainId,
    key: SecretKey,
    last: Arc<Mutex<LastSigned>>,
    locked: Arc<Locked>,
    refused: watch::Sender<Option<Signed>>,
}

impl NodeSigner {
    /// `refused` hears of what was not signed.
    pub(crate) const fn new(
        chain: ChainId,
        key: SecretKey,
        last: Arc<Mutex<LastSigned>>,
        locked: Arc<Locked>,
        refused: watch::Sender<Option<Signed>>,
    ) -> Self {
        Self { chain, key, last, locked, refused }
    }

    async fn allow(&self, signed: Signed) -> Result<(), Error> {
        let last = Arc::clone(&self.last);
        let asked =
            tokio::task::spawn_blocking(move || last.lock().unwrap_or_else(PoisonError::into_inner).allow(signed));
        match asked.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(refused)) => {
                tracing::error!("not signed: {refused}");
                if matches!(refused, Refused::Conflict(_)) {
                    self.refused.send_replace(Some(signed));
                }
                Err(Error::from_source(refused))
            }
            Err(failed) => Err(Error::from_source(failed)),
        }
    }
}

#[async_trait]
impl Signer<Luqi> for NodeSigner {
    async fn sign_vote(&self, vote: Vote) -> Result<SignedMessage<Luqi, Vote>, Error> {
        let (kind, asked) = core_vote(&vote).ok_or_else(|| Error::from_source(Unsupported::NoRound))?;
        let step = match kind {
            VoteKind::Prevote => Step::Prevote,
            VoteKind::Precommit => Step::Precommit,
        };
        let (height, round, block) = (asked.height, asked.round, asked.block);
        self.allow(Signed { height, round, step, block, valid_round: None }).await?;
        if let (VoteKind::Precommit, Some(block)) = (kind, block) {
            self.locked.add(height, block);
        }
        let signature = self.key.sign(&asked.message(kind, &self.chain));
        Ok(SignedMessage::new(vote, signature))
    }

    async fn sign_proposal(&self, proposal: Proposal) -> Result<SignedMessage<Luqi, Proposal>, Error> {
        let asked = core_proposal(&proposal).ok_or_else(|| Error::from_source(Unsupported::NoRound))?;
        let (height, round, block) = (asked.height, asked.round, Some(asked.block));
        self.allow(Signed { height, round, step: Step::Proposal, block, valid_round: asked.valid_round }).await?;
        let signature = self.key.sign(&asked.message(&self.chain));
        Ok(SignedMessage::new(proposal, signature))
    }

    async fn sign_vote_extension(
        &self,
        _: VoteExtensionScope<Luqi>,
        (): (),
    ) -> Result<core::SignedExtension<Luqi>, Error> {
        Err(Error::from_source(Unsupported::Extension))
    }

    async fn sign_validator_proof(&self, _: Vec<u8>, _: Vec<u8>) -> Result<ValidatorProof<Luqi>, Error> {
        Err(Error::from_source(Unsupported::ValidatorProof))
    }
}
