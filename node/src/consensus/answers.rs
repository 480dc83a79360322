//! Answers of decided blocks: who gave them, and whether they hold.
//!
//! The engine verifies every answer and asks somebody else where one does not hold, but tells nobody who
//! gave it. So an answer is judged here as well: that its blocks are those which its certificates name,
//! before the engine has it; each certificate, as soon as the membership of its height is known.

use super::codec::{CodecError, answered_certificate};
use super::context::{At, Luqi};
use super::wake::Wake;
use crate::chain::{Chain, Latest};
use crate::network::PeerId;
use arc_malachitebft_app_channel::app::types::sync::{RawDecidedValue, Response};
use arc_malachitebft_sync::ValueResponse;
use ledger_core::certificate::{Certificate, CertificateError};
use ledger_core::chain::HashedBlock;
use ledger_core::names::{BlockHash, Height};
use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;
use tokio::sync::watch;

/// Certificates of answers that are remembered.
const REMEMBERED: usize = 64;

/// What is wrong with an answer: the fault of the peer that gave it.
#[derive(Debug, Error)]
pub(crate) enum Lie {
    #[error("block {0} was not asked for, or not in its place")]
    Order(Height),
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] CodecError),
    #[error("it is none to the question that was asked")]
    Question,
    #[error("block {0} is not the one that its certificate names")]
    Block(Height),
    #[error("block {0} is not certified: {1}")]
    Certificate(Height, CertificateError),
}

struct Answered {
    peer: PeerId,
    certificate: Certificate,
}

/// The certificates that came as answers. Everything here verifies signatures or hashes blocks.
pub(crate) struct Answers {
    latest: watch::Receiver<Arc<Latest>>,
    wake: Arc<Wake>,
    answered: Mutex<VecDeque<Answered>>,
}

impl Answers {
    pub(crate) fn new(chain: &Chain, wake: Arc<Wake>) -> Self {
        Self { latest: chain.tip(), wake, answered: Mutex::default() }
    }

    /// Takes in what a peer answered. A certificate of the next height ends its being held back.
    ///
    /// # Errors
    /// [`Lie`]: the answer is worth nothing.
    pub(crate) fn take(&self, peer: PeerId, asked: &RangeInclusive<At>, response: &Response<Luqi>) -> Result<(), Lie> {
        let certificates = certificates(asked, response)?;
        // Remembered first: should the chain go on meanwhile, one of the two looks.
        self.remember(peer, &certificates);
        for certificate in certificates {
            match self.judge(&certificate) {
                Some(Ok(())) => self.wake.begun(certificate.height),
                None => {}
                Some(Err(error)) => {
                    self.answered().retain(|answered| answered.peer != peer);
                    return Err(Lie::Certificate(certificate.height, error));
                }
            }
        }
        Ok(())
    }

    /// The chain has gone on: who answered with a certificate of what is the next height now, and it does
    /// not hold. Each is told once.
    pub(crate) fn lies(&self) -> Vec<(PeerId, Lie)> {
        let tip = self.latest.borrow().tip.height();
        let mut answered = self.answered();
        answered.retain(|answered| answered.certificate.height > tip);
        let lie = |answered: &Answered| {
            let Some(Err(error)) = self.judge(&answered.certificate) else { return None };
            Some((answered.peer, Lie::Certificate(answered.certificate.height, error)))
        };
        let mut lies: Vec<_> = answered.iter().filter_map(lie).collect();
        lies.sort_by_key(|(peer, _)| *peer);
        lies.dedup_by_key(|(peer, _)| *peer);
        answered.retain(|answered| lies.iter().all(|(peer, _)| *peer != answered.peer));
        lies
    }

    /// Whether an answer brought a certificate of a block of the next height that holds.
    pub(crate) fn certified(&self, height: Height, block: BlockHash) -> bool {
        let answered = self.answered();
        let mut certificates = answered.iter().map(|answered| &answered.certificate);
        certificates.any(|of| of.height == height && of.block == block && self.judge(of).is_some_and(|ok| ok.is_ok()))
    }

    /// Whether a certificate of the next height holds; none for any other height.
    fn judge(&self, certificate: &Certificate) -> Option<Result<(), CertificateError>> {
        let latest = Arc::clone(&self.latest.borrow());
        let (tip, height) = (&latest.tip, certificate.height);
        let next = height == tip.height().next();
        next.then(|| certificate.verify(&tip.chain(), tip.membership(), height, certificate.block))
    }

    fn remember(&self, peer: PeerId, certificates: &[Certificate]) {
        let mut answered = self.answered();
        answered.extend(certificates.iter().map(|of| Answered { peer, certificate: of.clone() }));
        while answered.len() > REMEMBERED {
            answered.pop_front();
        }
    }

    fn answered(&self) -> MutexGuard<'_, VecDeque<Answered>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The certificates of an answer whose blocks are those that they name, in the order that was asked for.
fn certificates(asked: &RangeInclusive<At>, response: &Response<Luqi>) -> Result<Vec<Certificate>, Lie> {
    let Response::ValueResponse(ValueResponse { values, .. }) = response;
    let heights = (asked.start().0.0..=asked.end().0.0).map(Height);
    let mut wanted = heights.chain(std::iter::repeat(Height(0)));
    let certificate = |value: &RawDecidedValue<Luqi>| {
        let certificate = answered_certificate(&value.certificate)?;
        let height = certificate.height;
        if wanted.next() != Some(height) {
            return Err(Lie::Order(height));
        }
        let named = |block: &HashedBlock| {
            block.hash() == certificate.block && block.header().height == height && block.is_whole()
        };
        match HashedBlock::read(&value.value_bytes) {
            Ok(block) if named(&block) => Ok(certificate),
            Ok(_) | Err(_) => Err(Lie::Block(height)),
        }
    };
    values.iter().map(certificate).collect()
}

#[cfg(test)]
mod tests;
