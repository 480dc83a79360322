//! What ends the holding back of a height before its block is due: that others are at it already.
//!
//! Only what validators signed counts, so nobody without a vote can hurry the chain. A height is begun at
//! once where more than a third of the voting power is at it, or where a certificate shows that it is
//! decided: so at least one honest node has begun it. One validator alone may lie; it hurries the next
//! block no more than an event of its own would, and none after that.

use super::context::{Luqi, Proposal, Vote};
use super::signer::NodeVerifier;
use super::validators::Validators;
use crate::chain::{Chain, Latest};
use arc_malachitebft_app_channel::app::types::core::SignedMessage;
use ledger_core::crypto::{PublicKey, Signature};
use ledger_core::names::{Height, NodeNumber};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// How far others are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ahead {
    /// The highest height that has been begun for certain.
    begun: Height,
    /// The highest one at which each validator has signed something.
    voices: BTreeMap<NodeNumber, Height>,
}

impl Ahead {
    /// Whether a height, or one above it, has been begun for certain.
    pub(crate) fn begun(&self, height: Height) -> bool {
        self.begun >= height
    }

    /// Whether some validator is at just this height. Who names a height further on names none that is
    /// next: the others who are there will be heard as well.
    pub(crate) fn called(&self, height: Height) -> bool {
        self.voices.values().any(|voice| *voice == height)
    }
}

/// Shared by who hears the network and who holds a height back.
pub(crate) struct Wake {
    latest: watch::Receiver<Arc<Latest>>,
    verifier: NodeVerifier,
    ahead: watch::Sender<Ahead>,
}

impl Wake {
    pub(crate) fn new(chain: &Chain) -> Self {
        let latest = chain.tip();
        let verifier = NodeVerifier::new(latest.borrow().tip.chain());
        Self { latest, verifier, ahead: watch::Sender::default() }
    }

    /// How far others are, from now on.
    pub(crate) fn watch(&self) -> watch::Receiver<Ahead> {
        self.ahead.subscribe()
    }

    /// A certificate that holds, or what came of it, shows that a height has been begun.
    pub(crate) fn begun(&self, height: Height) {
        self.ahead.send_if_modified(|ahead| {
            let moved = height > ahead.begun;
            ahead.begun = height.max(ahead.begun);
            moved
        });
    }

    /// A validator has signed something at a height above the tip; that it did is for the caller to know.
    pub(crate) fn voice(&self, node: NodeNumber, height: Height) {
        let validators = Validators::of(self.latest.borrow().tip.membership());
        self.ahead.send_if_modified(|ahead| {
            let before = ahead.clone();
            ahead.voices.retain(|node, _| validators.power(*node) > 0);
            if validators.power(node) > 0 {
                let voice = ahead.voices.entry(node).or_default();
                *voice = height.max(*voice);
            }
            let claims = ahead.voices.iter().map(|(node, height)| (*node, *height));
            ahead.begun = validators.reached(claims).max(ahead.begun);
            *ahead != before
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
        // What is known of a height costs no verification again.
        let known = {
            let ahead = self.ahead.borrow();
            ahead.begun(height) || ahead.voices.get(&by).is_some_and(|voice| *voice >= height)
        };
        if known {
            return;
        }
        let validator = {
            let latest = self.latest.borrow();
            let to_come = height > latest.tip.height();
            to_come.then(|| Validators::of(latest.tip.membership()).get(by).copied()).flatten()
        };
        if validator.is_some_and(|validator| verify(signature, &validator.key)) {
            self.voice(by, height);
        }
    }
}

#[cfg(test)]
mod tests;
