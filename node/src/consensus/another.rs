//! Whether another process signs with the keys of this home: a copy of it that runs.
//!
//! All that this process signed above some place is remembered, and was on disk before it left. So a signature of this
//! node above that place which is not among it was made by somebody else. Signatures are shown by certificates, those
//! in blocks included, and by proposals that others repeat; each is verified before it counts.

use super::codec::core_proposal;
use super::context::{Luqi, Proposal, Vote};
use super::last_signed::{Place, Signed, Step};
use super::signer::NodeVerifier;
use arc_malachitebft_app_channel::app::types::core::{
    NilOrVal, PolkaCertificate, RoundCertificate, SignedMessage, VoteType,
};
use ledger_core::certificate::{self, Certificate, VoteKind};
use ledger_core::crypto::{ChainId, PublicKey, Signature};
use ledger_core::names::{BlockHash, Height, NodeNumber, Round};
use std::collections::VecDeque;

/// So much is remembered: three things a round.
const REMEMBERED: usize = 1_024;

/// What this process signed.
#[derive(Debug)]
pub(crate) struct Remembered {
    /// Above this place all of it stands in `signed`.
    from: Place,
    signed: VecDeque<Signed>,
}

/// The last place of a height.
const fn end(height: Height) -> Place {
    (height, Round(u32::MAX), Step::Precommit)
}

impl Remembered {
    /// Of a process that begins above a tip, in a home that signed this last. What its home signed below is not known.
    pub(crate) fn new(tip: Height, last: Option<Signed>) -> Self {
        let from = last.map_or(end(tip), |last| end(tip).max(last.place()));
        Self { from, signed: VecDeque::new() }
    }

    /// It signs this, above all before.
    pub(crate) fn add(&mut self, signed: Signed) {
        self.signed.push_back(signed);
        while self.signed.len() > REMEMBERED
            && let Some(oldest) = self.signed.pop_front()
        {
            self.from = self.from.max(oldest.place());
        }
    }

    /// Up to this height its home may have signed what is not known.
    pub(crate) fn unknown_to(&mut self, height: Height) {
        self.from = self.from.max(end(height));
    }

    /// Whether something was signed by another process for certain.
    pub(crate) fn is_anothers(&self, signed: &Signed) -> bool {
        signed.place() > self.from && !self.signed.contains(signed)
    }
}

/// Whose signatures are looked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Own {
    pub(crate) chain: ChainId,
    pub(crate) node: NodeNumber,
    pub(crate) key: PublicKey,
}

impl Own {
    /// The own precommit in a certificate of a block, where it verifies.
    pub(crate) fn in_certificate(&self, of: &Certificate) -> Option<Signed> {
        let own = of.signatures.iter().find(|one| one.node == self.node)?;
        self.vote(VoteKind::Precommit, (of.height, of.round, Some(of.block)), &own.signature)
    }

    /// The own prevote in a polka.
    pub(crate) fn in_polka(&self, of: &PolkaCertificate<Luqi>) -> Option<Signed> {
        let own = of.polka_signatures.iter().find(|one| one.address.0 == self.node)?;
        let round = Round(of.round.as_u32()?);
        self.vote(VoteKind::Prevote, (of.height.0, round, Some(of.value_id)), &own.signature)
    }

    /// The own votes in a certificate of a round.
    pub(crate) fn in_round(&self, of: &RoundCertificate<Luqi>) -> Vec<Signed> {
        let Some(round) = of.round.as_u32().map(Round) else { return Vec::new() };
        let own = of.round_signatures.iter().filter(|one| one.address.0 == self.node);
        let vote = own.filter_map(|one| {
            let block = match one.value_id {
                NilOrVal::Nil => None,
                NilOrVal::Val(block) => Some(block),
            };
            self.vote(kind(one.vote_type), (of.height.0, round, block), &one.signature)
        });
        vote.collect()
    }

    /// A vote in the own name, as others might say it.
    pub(crate) fn in_vote(&self, of: &SignedMessage<Luqi, Vote>) -> Option<Signed> {
        let (kind, vote) = super::codec::core_vote(of).filter(|_| of.voter.0 == self.node)?;
        self.vote(kind, (vote.height, vote.round, vote.block), &of.signature)
    }

    /// An own proposal, as others repeat it.
    pub(crate) fn in_proposal(&self, of: &SignedMessage<Luqi, Proposal>) -> Option<Signed> {
        let proposal = core_proposal(of).filter(|proposal| proposal.proposer == self.node)?;
        let (height, round, block) = (proposal.height, proposal.round, Some(proposal.block));
        let signed = Signed { height, round, step: Step::Proposal, block, valid_round: proposal.valid_round };
        NodeVerifier::new(self.chain).proposal(of, &of.signature, &self.key).then_some(signed)
    }

    fn vote(
        &self,
        kind: VoteKind,
        (height, round, block): (Height, Round, Option<BlockHash>),
        signature: &Signature,
    ) -> Option<Signed> {
        let step = match kind {
            VoteKind::Prevote => Step::Prevote,
            VoteKind::Precommit => Step::Precommit,
        };
        let message = certificate::Vote { height, round, block }.message(kind, &self.chain);
        self.key.verify(&message, signature).ok()?;
        Some(Signed { height, round, step, block, valid_round: None })
    }
}

pub(super) const fn kind(of: VoteType) -> VoteKind {
    match of {
        VoteType::Prevote => VoteKind::Prevote,
        VoteType::Precommit => VoteKind::Precommit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::{Network, node_key};
    use ledger_core::membership::Purpose;

    fn signed(height: u64, round: u32, block: u8) -> Signed {
        let (height, round, block) = (Height(height), Round(round), Some(BlockHash([block; 32])));
        Signed { height, round, step: Step::Precommit, block, valid_round: None }
    }

    #[test]
    fn what_stands_above_all_that_is_known_and_is_not_among_it_is_anothers() {
        let mut known = Remembered::new(Height(5), None);
        let own = signed(6, 0, 1);
        known.add(own);
        assert!(!known.is_anothers(&own));
        for other in [signed(6, 0, 2), signed(6, 1, 1), signed(7, 0, 1), Signed { step: Step::Prevote, ..own }] {
            assert!(known.is_anothers(&other), "{other:?}");
        }
        assert!(!known.is_anothers(&signed(5, 9, 3)), "of before the start nobody knows");
        known.unknown_to(Height(6));
        assert!(!known.is_anothers(&signed(6, 0, 2)) && known.is_anothers(&signed(7, 0, 1)));
        // The last on record says nothing of what came before it at its height.
        let known = Remembered::new(Height(5), Some(signed(6, 2, 1)));
        assert!(!known.is_anothers(&signed(6, 1, 4)) && known.is_anothers(&signed(6, 3, 4)));
    }

    #[test]
    fn what_is_forgotten_for_its_number_is_not_held_against_anybody() {
        let mut known = Remembered::new(Height(0), None);
        (1..=2_000).for_each(|height| known.add(signed(height, 0, 1)));
        assert_eq!(known.signed.len(), REMEMBERED);
        assert!((1..=2_000).all(|height| !known.is_anothers(&signed(height, 0, 1))));
        assert!(known.is_anothers(&signed(2_000, 0, 2)) && !known.is_anothers(&signed(900, 0, 2)));
    }

    #[test]
    fn an_own_signature_counts_where_it_verifies() {
        let mut network = Network::new(4);
        let sealed = network.block(Vec::new());
        let certificate = sealed.certificate().unwrap();
        let node = certificate.signatures.iter().next().unwrap().node;
        let key = node_key(node.0, Purpose::Consensus).public();
        let own = Own { chain: network.tip.chain(), node, key };
        let found = own.in_certificate(certificate).unwrap();
        assert_eq!((found.height, found.step, found.block), (Height(1), Step::Precommit, Some(certificate.block)));
        let liar = Own { key: node_key(node.0 + 1, Purpose::Consensus).public(), ..own };
        assert_eq!(liar.in_certificate(certificate), None, "a forged one would silence whom it names");
        assert_eq!(Own { node: NodeNumber(99), ..own }.in_certificate(certificate), None);
    }
}
