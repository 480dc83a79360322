//! Certificates for liveness, judged before the engine hears of them, and before any signature is looked for in them.
//!
//! Honest nodes say only such as they have verified. So whoever says one that does not hold, of the height under way,
//! has made it: its author is cut off. Of other heights it is not known here who signs, and nothing is verified.

use super::another::kind;
use super::context::{Luqi, Vote};
use super::signer::NodeVerifier;
use super::validators::Validators;
use arc_malachitebft_app_channel::app::types::core::{NilOrVal, PolkaCertificate, RoundCertificate, VoteType};
use ledger_core::crypto::Signature;
use ledger_core::names::NodeNumber;
use std::collections::BTreeSet;
use thiserror::Error;

/// Why a certificate does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Forged {
    #[error("node {0} stands in it twice")]
    Twice(NodeNumber),
    #[error("node {0} does not vote at its height")]
    NoValidator(NodeNumber),
    #[error("node {0} did not sign it")]
    Signature(NodeNumber),
}

/// Judges the prevotes of a polka.
///
/// # Errors
/// [`Forged`].
pub(crate) fn check_polka(
    of: &PolkaCertificate<Luqi>,
    validators: &Validators,
    verifier: &NodeVerifier,
) -> Result<(), Forged> {
    let value = NilOrVal::Val(of.value_id);
    let votes = of.polka_signatures.iter().map(|one| {
        let vote = Vote { kind: VoteType::Prevote, height: of.height.0, round: of.round, value, voter: one.address };
        (vote, &one.signature)
    });
    check(votes, validators, verifier)
}

/// Judges the votes of a round that has ended, or that others have begun. A node may stand in it once for each kind of
/// vote.
///
/// # Errors
/// [`Forged`].
pub(crate) fn check_round(
    of: &RoundCertificate<Luqi>,
    validators: &Validators,
    verifier: &NodeVerifier,
) -> Result<(), Forged> {
    let votes = of.round_signatures.iter().map(|one| {
        let (kind, value) = (one.vote_type, one.value_id);
        (Vote { kind, height: of.height.0, round: of.round, value, voter: one.address }, &one.signature)
    });
    check(votes, validators, verifier)
}

/// Ends at the first vote that does not hold, so that a forged certificate costs no more than an honest one.
fn check<'a>(
    votes: impl Iterator<Item = (Vote, &'a Signature)>,
    validators: &Validators,
    verifier: &NodeVerifier,
) -> Result<(), Forged> {
    let mut seen = BTreeSet::new();
    for (vote, signature) in votes {
        let node = vote.voter.0;
        if !seen.insert((node, kind(vote.kind) as u8)) {
            return Err(Forged::Twice(node));
        }
        let validator = validators.get(node).ok_or(Forged::NoValidator(node))?;
        if !verifier.vote(&vote, signature, &validator.key) {
            return Err(Forged::Signature(node));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::context::{Address, At};
    use arc_malachitebft_app_channel::app::types::core::{
        PolkaSignature, Round, RoundCertificateType, RoundSignature, VoteType,
    };
    use ledger_core::certificate::{self, VoteKind};
    use ledger_core::fixture::{Network, node_key};
    use ledger_core::membership::Purpose;
    use ledger_core::names::{BlockHash, Height};

    const BLOCK: BlockHash = BlockHash([7; 32]);

    struct Judge {
        network: Network,
        validators: Validators,
        verifier: NodeVerifier,
    }

    impl Judge {
        fn new() -> Self {
            let network = Network::new(4);
            let validators = Validators::of(network.tip.membership());
            let verifier = NodeVerifier::new(network.tip.chain());
            Self { network, validators, verifier }
        }

        fn signed(&self, node: u32, kind: VoteKind, block: Option<BlockHash>) -> Signature {
            let vote = certificate::Vote { height: Height(1), round: ledger_core::names::Round(0), block };
            node_key(node, Purpose::Consensus).sign(&vote.message(kind, &self.network.tip.chain()))
        }

        fn polka(&self, nodes: &[u32], by: impl Fn(u32) -> u32) -> Result<(), Forged> {
            let one = |node: &u32| {
                let signature = self.signed(by(*node), VoteKind::Prevote, Some(BLOCK));
                PolkaSignature::new(Address(NodeNumber(*node)), signature)
            };
            let polka_signatures = nodes.iter().map(one).collect();
            let of =
                PolkaCertificate { height: At(Height(1)), round: Round::new(0), value_id: BLOCK, polka_signatures };
            check_polka(&of, &self.validators, &self.verifier)
        }

        fn round(&self, votes: &[(u32, VoteType)]) -> Result<(), Forged> {
            let one = |(node, vote): &(u32, VoteType)| {
                let signature = self.signed(*node, kind(*vote), None);
                RoundSignature::new(*vote, NilOrVal::Nil, Address(NodeNumber(*node)), signature)
            };
            let round_signatures = votes.iter().map(one).collect();
            let (height, round, cert_type) = (At(Height(1)), Round::new(0), RoundCertificateType::Skip);
            let of = RoundCertificate { height, round, cert_type, round_signatures };
            check_round(&of, &self.validators, &self.verifier)
        }
    }

    #[test]
    fn what_validators_signed_holds_and_nothing_else() {
        let judge = Judge::new();
        assert_eq!(judge.polka(&[1, 2, 3], |node| node), Ok(()));
        assert_eq!(judge.polka(&[1, 2, 2], |node| node), Err(Forged::Twice(NodeNumber(2))));
        assert_eq!(judge.polka(&[1, 9], |node| node), Err(Forged::NoValidator(NodeNumber(9))));
        assert_eq!(judge.polka(&[1, 2, 3], |_| 1), Err(Forged::Signature(NodeNumber(2))));
        let (prevote, precommit) = (VoteType::Prevote, VoteType::Precommit);
        assert_eq!(judge.round(&[(1, prevote), (1, precommit), (2, precommit)]), Ok(()));
        assert_eq!(judge.round(&[(1, prevote), (1, prevote)]), Err(Forged::Twice(NodeNumber(1))));
    }
}
