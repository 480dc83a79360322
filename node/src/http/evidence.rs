//! `/v1/evidence`: what validators signed twice, with everything that convinces a third party but the chain itself.

use super::{Surface, blocking, json};
use crate::consensus::Proof;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ledger_core::certificate::{Equivocation, EquivocationError, Said, SignedTwice};
use ledger_core::crypto::{ChainId, PublicKey, Signature, hex};
use ledger_core::names::{BlockHash, Height, MemberCode, NodeNumber, Round};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// What a node has seen signed twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The chain.
    pub chain_id: ChainId,
    /// Name of the network.
    pub network: String,
    /// One of each.
    pub evidence: Vec<SignedTwo>,
}

/// Two messages that one validator signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedTwo {
    /// The validator.
    pub node: NodeNumber,
    /// Its member, as the node that kept this knows it.
    pub member: MemberCode,
    /// Its consensus key at this height, as the node that kept this knows it.
    pub key: PublicKey,
    /// What it signed twice.
    pub kind: SignedTwice,
    /// The height of both.
    pub height: Height,
    /// The round of both.
    pub round: Round,
    /// Both.
    pub messages: [SignedOne; 2],
}

/// A message with its signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedOne {
    /// The block that it names; none for nil.
    pub block: Option<BlockHash>,
    /// Of a proposal, the round in which the block was found valid before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_round: Option<Round>,
    /// The very bytes that are signed, in hexadecimal: they follow from the rest.
    pub signed: String,
    /// The signature.
    pub signature: Signature,
}

/// Why a file says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignedTwoError {
    /// Messages that no validator signs.
    #[error(transparent)]
    Message(#[from] EquivocationError),
    /// The bytes are not those that follow from the fields.
    #[error("the bytes of message {0} are not those of what it is said to say")]
    Bytes(usize),
}

impl SignedTwo {
    /// Of a proof; none where its messages are none, which no proof's are.
    #[must_use]
    pub fn of(proof: &Proof) -> Option<Self> {
        let Equivocation { node, kind, height, round, said: [one, other], .. } = &proof.equivocation;
        let [first, second] = proof.equivocation.messages().ok()?;
        let message = |said: &Said, bytes: &[u8]| SignedOne {
            block: said.block,
            valid_round: said.valid_round,
            signed: hex(bytes),
            signature: said.signature,
        };
        Some(Self {
            node: *node,
            member: proof.signer.member,
            key: proof.signer.key,
            kind: *kind,
            height: *height,
            round: *round,
            messages: [message(one, first.as_bytes()), message(other, second.as_bytes())],
        })
    }

    /// What is to be verified, on a chain.
    ///
    /// # Errors
    /// [`SignedTwoError`]: then it proves nothing, whoever signed it.
    pub fn read(&self, chain: ChainId) -> Result<Equivocation, SignedTwoError> {
        let said = |one: &SignedOne| Said { block: one.block, valid_round: one.valid_round, signature: one.signature };
        let [one, other] = &self.messages;
        let (node, kind, height, round, said) =
            (self.node, self.kind, self.height, self.round, [said(one), said(other)]);
        let of = Equivocation { chain, node, kind, height, round, said };
        for (number, (message, shown)) in (1..).zip(of.messages()?.iter().zip(&self.messages)) {
            if hex(message.as_bytes()) != shown.signed.to_lowercase() {
                return Err(SignedTwoError::Bytes(number));
            }
        }
        Ok(of)
    }
}

pub(super) async fn evidence(State(surface): State<Arc<Surface>>) -> Response {
    let handles = surface.handles.clone();
    let kept = blocking(move || {
        Ok(Evidence {
            chain_id: handles.chain.genesis().chain_id(),
            network: handles.chain.genesis().name.to_string(),
            evidence: handles.equivocations.all().iter().filter_map(SignedTwo::of).collect(),
        })
    });
    match kept.await {
        Ok(evidence) => json(StatusCode::OK, &evidence),
        Err(problem) => problem.into_response(),
    }
}
