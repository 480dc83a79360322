//! What a member signs. Whoever verifies needs none of it.

use super::change::{Approve, approval_message};
use crate::crypto::{ChainId, SecretKey, Signature};
use crate::names::{MemberCode, ProposalId};

impl Approve {
    /// Signs an approval with a member's governance key.
    #[must_use]
    pub fn sign(chain: &ChainId, key: &SecretKey, member: MemberCode, proposal: ProposalId) -> Self {
        let signature: Signature = key.sign(&approval_message(chain, &proposal, member));
        Self { proposal, member, signature }
    }
}
