//! What ends the holding back of a height before its block is due: that others are at it already.
//!
//! Only what a validator signed counts, so nobody without a vote can hurry the chain.

use super::codec::{self, answered_certificate};
use super::context::{Luqi, Proposal, Validators, Vote};
use super::signer::NodeVerifier;
use crate::chain::{Chain, Latest};
use arc_malachitebft_app_channel::app::types::core::SignedMessage;
use arc_malachitebft_app_channel::app::types::sync::Response;
use ledger_core::block::BlockHash;
use ledger_core::certificate::Certificate;
use ledger_core::crypto::{PublicKey, Signature};
use ledger_core::ids::{Height, NodeNumber};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Certificates of answers that are remembered.
const REMEMBERED: usize = 64;

/// Shared by who hears the network and who holds a height back.
pub(crate) struct Wake {
    latest: watch::Receiver<Arc<Latest>>,
    verifier: NodeVerifier,
    /// The highest height at which a validator is known to be.
    ahead: watch::Sender<Height>,
    answered: Mutex<VecDeque<Certificate>>,
}

impl Wake {
    pub(crate) fn new(chain: &Chain) -> Self {
        let latest = chain.tip();
        let verifier = NodeVerifier::new(latest.borrow().tip.chain);
        Self { latest, verifier, ahead: watch::Sender::new(Height(0)), answered: Mutex::default() }
    }

    /// The highest height at which a validator is known to be, from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Height> {
        self.ahead.subscribe()
    }

    /// A validator is known to be at a height.
    pub(crate) fn ahead(&self, height: Height) {
        self.ahead.send_if_modified(|ahead| {
            let moved = height > *ahead;
            *ahead = height.max(*ahead);
            moved
        });
    }

    pub(crate) fn vote(&self, vote: &SignedMessage<Luqi, Vote>) {
        let verifier = self.verifier;
        self.signed(vote.height, vote.voter.0, &vote.signature, |signature, key| verifier.vote(vote, signature, key));
    }

    pub(crate) fn proposal(&self, proposal: &SignedMessage<Luqi, Proposal>) {
        let verifier = self.verifier;
        self.signed(proposal.height, proposal.proposer.0, &proposal.signature, |signature, key| {
            verifier.proposal(proposal, signature, key)
        });
    }

    fn signed(
        &self,
        height: Height,
        by: NodeNumber,
        signature: &Signature,
        verify: impl FnOnce(&Signature, &PublicKey) -> bool,
    ) {
        // One message of a height is enough, so the others cost no verification here.
        if height <= *self.ahead.borrow() {
            return;
        }
        let validator = {
            let latest = self.latest.borrow();
            let to_come = height > latest.tip.height;
            to_come.then(|| Validators::of(&latest.tip.membership).get(by).copied()).flatten()
        };
        if validator.is_some_and(|validator| verify(signature, &validator.key)) {
            self.ahead(height);
        }
    }

    /// An answer of decided blocks came: its certificates are remembered, and one of the next height that
    /// holds shows that this node is behind.
    pub(crate) fn answer(&self, response: &Response<Luqi>) {
        for (height, value) in codec::heights(response) {
            let Ok(certificate) = answered_certificate(&value.certificate) else { continue };
            if height > *self.ahead.borrow() && self.holds(height, &certificate) {
                self.ahead(height);
            }
            let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
            answered.push_back(certificate);
            if answered.len() > REMEMBERED {
                answered.pop_front();
            }
        }
    }

    /// Whether an answer brought a certificate of a block of the next height that holds.
    pub(crate) fn certified(&self, height: Height, block: BlockHash) -> bool {
        let of_block = |certificate: &&Certificate| certificate.height == height && certificate.block == block;
        let found = {
            let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
            answered.iter().filter(of_block).cloned().collect::<Vec<_>>()
        };
        found.iter().any(|certificate| self.holds(height, certificate))
    }

    fn holds(&self, height: Height, certificate: &Certificate) -> bool {
        let latest = Arc::clone(&self.latest.borrow());
        let tip = &latest.tip;
        height == tip.height.next()
            && certificate.verify(&tip.chain, &tip.membership, height, certificate.block).is_ok()
    }
}
