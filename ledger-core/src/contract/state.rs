//! What is known of a subject after its last event (`format.md §13`).
//!
//! ```text
//! state   status(1) ‖ keeper(6) ‖ count(4) ‖ history(32) ‖ last log index(8) ‖ last new(4)
//!         ‖ option of end(1 or 5) ‖ keeper's open proposal ‖ province's open proposal
//! open    option of: ordinal(4) ‖ kind(1) ‖ reopen: cited end(4); transfer: new keeper(6); erase: —
//! ```

use crate::codec;
use crate::crypto::{Domain, Hasher, Suite, hash_newtype};
use crate::merkle::{LeafHash, LogIndex};
use crate::names::{MemberCode, Ordinal};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};

hash_newtype! {
    /// Hash of a state, as the contract map holds it.
    StateHash
}
hash_newtype! {
    /// Hash chain over the leaf hashes of the events that touched a state; 32 zero bytes before the
    /// first.
    HistoryHash
}

impl HistoryHash {
    /// Before the first event.
    pub const EMPTY: Self = Self([0; 32]);

    /// The chain after one more event.
    #[must_use]
    pub fn then(&self, leaf: &LeafHash) -> Self {
        Self(Hasher::new(Domain::History, Suite::Ed25519Sha256).bytes(self).bytes(leaf).finish())
    }
}

codec::choice! {
    drawn
    /// Where a contract, or an employer, stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    Status, "status",
    /// The contract runs.
    1 => Active,
    /// It is suspended.
    2 => Suspended,
    /// It was dissolved or terminated.
    3 => Ended,
    /// It never was.
    4 => Void,
    /// Not a contract: an employer that has sent its data.
    5 => Registered,
}

/// The state of a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Where it stands.
    pub status: Status,
    /// The keeper, as it was named; who answers for it now, [`Roles`](super::Roles) say.
    pub keeper: MemberCode,
    /// How many events have touched it.
    pub count: u32,
    /// Hash chain over them.
    pub history: HistoryHash,
    /// Log index of the last of them.
    pub last_index: LogIndex,
    /// Ordinal of the last applied `new`, or of an employer's first message.
    pub last_new: Ordinal,
    /// Ordinal of what ended it, while it is ended.
    pub ended_by: Option<Ordinal>,
    /// What the keeper has proposed.
    pub by_keeper: Option<Open>,
    /// What the province has proposed.
    pub by_province: Option<Open>,
}

/// A proposal that waits for the other party.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// Ordinal of the event that proposed it.
    pub ordinal: Ordinal,
    /// What is proposed.
    pub kind: OpenKind,
}

codec::choice! {
    drawn
    /// What can wait for the other party.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    OpenKind, "kind of open proposal",
    /// The contract goes on; the end that was cited.
    1 => Reopen(end: Ordinal),
    /// Another member becomes keeper.
    2 => Transfer(keeper: MemberCode),
    /// A record is erased; which one stands in the proposing event.
    3 => Erase,
}

impl State {
    /// The hash that the contract map holds.
    #[must_use]
    pub fn hash(&self) -> StateHash {
        StateHash(Hasher::new(Domain::State, Suite::Ed25519Sha256).value(self).finish())
    }
}
