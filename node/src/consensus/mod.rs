//! Agreement on the next block, by the engine (Malachite, Tendermint in Rust) behind one adapter.
//!
//! ```text
//! swarm ──> listener ──> engine <──> adapter ──> blocks ──> chain
//!   ^          └── parts ─────────────^  │
//!   └────────────────────────────────────┘
//!
//! consensus/last-signed   what this node signed last
//! consensus/forgotten     when its operator had it forget that
//! consensus/wal/          the engine's own log
//! consensus/equivocations what validators signed twice
//! consensus/undecided/    blocks under way
//! ```
//!
//! What this module promises: a block is decided only if it climbs the core's ladder here; it is durable
//! before it counts; nothing is signed twice, over crashes and restored backups too; a node whose own fold
//! says otherwise than the certified block halts ([`ConsensusError::Diverged`]) and never goes on. The
//! same code runs with voting power and without: the membership says so at every height.
//!
//! It never answers the engine that a height is to be started again, never judges a clock but for a block
//! that is proposed now, and keeps every queue of bytes bounded. The engine's types end here.

mod adapter;
mod another;
mod answers;
#[cfg(feature = "bare-engine")]
#[doc(hidden)]
pub mod bare;
mod blocks;
mod certified;
mod codec;
mod context;
mod ending;
mod engine;
mod equivocations;
mod forget;
mod handlers;
mod heard;
mod known;
mod last_signed;
mod listener;
mod lone;
mod network;
mod pace;
mod parts;
mod session;
mod signer;
mod tempo;
#[cfg(test)]
pub(crate) use equivocations::tests::proof as test_proof;
#[cfg(test)]
mod tests;
mod undecided;
mod validators;
mod wake;
mod watchdog;

pub use ending::says_nothing_while_ending;
pub use equivocations::{Equivocations, Proof};
pub use forget::{ForgetError, forget};
pub use heard::Clocks;
pub use known::KnownProtocols;
pub(crate) use known::{adopted, protocol_of};
pub use last_signed::{LastSignedError, Silence};
pub use lone::{LoneError, go_on_alone};
pub use tempo::Tempo;
pub use watchdog::Standstill;

use crate::chain::Chain;
use crate::committer::CommitError;
use crate::durable::IoError;
use crate::keys::NodeKeys;
use crate::mempool::Mempool;
use crate::network::{EngineInbox, Network};
use crate::store::StoreError;
use adapter::Turn;
use ledger_core::chain::Fault;
use ledger_core::membership::Purpose;
use ledger_core::names::{BlockHash, Height, NodeNumber};
use std::path::PathBuf;
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::watch;

/// What agreement works with.
pub struct Deps {
    /// The chain that grows.
    pub chain: Chain,
    /// What goes into the next block.
    pub mempool: Mempool,
    /// The swarm.
    pub network: Network,
    /// The node's keys.
    pub keys: NodeKeys,
    /// The own node.
    pub node: NodeNumber,
    /// Where agreement keeps what it must not forget.
    pub folder: PathBuf,
    /// The operator, or the store, says that this home was restored from a copy.
    pub restored: bool,
    /// The newest protocol that each node knows.
    pub known: KnownProtocols,
    /// How long rounds wait.
    pub tempo: Tempo,
    /// Where it is kept what validators signed twice.
    pub equivocations: Equivocations,
    /// Becomes true when the process is to end.
    pub stop: watch::Receiver<bool>,
}

impl Deps {
    /// Whether the membership that judges the next block names another consensus key for this node than it has. What
    /// it signed then would count for nothing, and would bind it all the same once it has the new key.
    fn is_mute(&self) -> bool {
        let latest = self.chain.latest();
        let named = latest.tip.membership().node(self.node).and_then(|(_, node)| node.key(Purpose::Consensus));
        named.is_some_and(|named| *named != self.keys.key(Purpose::Consensus).public())
    }
}

/// What agreement waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// The engine to be ready.
    Engine,
    /// The next block to be due: no later than then.
    Due(Instant),
    /// The others, to agree on the next block.
    Agreement,
}

/// What ends a silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// The chain begins: more than two thirds of the power, the own included, stand before the first block. These have
    /// not said so.
    Beginning(Vec<NodeNumber>),
    /// More than two thirds of the power, the own not counted, say where they stand, after this time. These have not.
    Heard(Vec<NodeNumber>, Duration),
    /// So many more blocks, which take about so long.
    Blocks(u64, Duration),
    /// Its operator.
    Operator,
}

/// Why agreement goes no further here, for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The report.
    pub report: String,
    /// A certified block stands on another one than the certified one here: two chains are certified.
    pub is_fork: bool,
}

/// What others see of agreement.
#[derive(Clone, Debug)]
pub struct View {
    /// The own node.
    pub node: NodeNumber,
    /// The height under way.
    pub height: Height,
    /// Its round; none before the first.
    pub round: Option<u32>,
    /// What it waits for.
    pub waiting: Waiting,
    /// Since when.
    pub since: Instant,
    /// The own voting power at this height.
    pub power: u64,
    /// That of all.
    pub total_power: u64,
    /// Why this node does not vote although it may have power.
    pub silence: Option<Silence>,
    /// What ends the silence; none where there is none.
    pub until: Option<Until>,
    /// This node does not vote since the membership names another key for it.
    pub is_mute: bool,
    /// The height stands still although its block is due.
    pub standstill: Option<Standstill>,
    /// The own computation contradicts a certified block: agreement has ended.
    pub contradiction: Option<Contradiction>,
    /// Proofs that a validator signed two things, seen since the process began.
    pub misbehaviour: u64,
    /// Blocks under way that were not kept, since the process began: their proposer had no room left here.
    pub not_kept: u64,
    /// Blocks under way that do not hold by every rule, since the process began.
    pub unfit: u64,
    /// More than two thirds of the voting power, the own included, have said where they stand.
    pub is_told: bool,
    /// The highest tip that more than a third of the voting power announced; nothing proves it.
    pub highest: Height,
    /// How the clocks stand to each other.
    pub clocks: Clocks,
}

impl Default for View {
    fn default() -> Self {
        Self {
            node: NodeNumber(0),
            height: Height(0),
            round: None,
            waiting: Waiting::Engine,
            since: Instant::now(),
            power: 0,
            total_power: 0,
            silence: None,
            until: None,
            is_mute: false,
            standstill: None,
            contradiction: None,
            misbehaviour: 0,
            not_kept: 0,
            unfit: 0,
            is_told: false,
            highest: Height(0),
            clocks: Clocks::default(),
        }
    }
}

/// Why agreement ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// The chain is far behind the highest tip that a peer announced: ranges are to be fetched first.
    FarBehind(Height),
}

/// Why agreement cannot go on. The process is to end with this; its supervisor starts it again where that
/// can help.
#[derive(Debug, Error)]
pub enum ConsensusError {
    /// The engine died.
    #[error("the consensus engine ended: {0}; start the node again, and look in its log above for the first failure")]
    Engine(String),
    /// A certified block does not follow here.
    #[error(
        "block {height} is certified by more than two thirds and does not follow here: {fault}; this node halts. Either its store or program differs from the others', or they are in league: audit this node and another before it is started again"
    )]
    Diverged {
        /// Its height.
        height: Height,
        /// What is wrong with it by this node's own computation.
        fault: Fault,
    },
    /// Another process signed with the keys of this home.
    #[error(
        "another node runs with the keys of this one: it signed at height {0} what this one did not. This one is silent since. Stop the other one for good; then start this one once with --restored: it votes again once the chain has gone on without both"
    )]
    Another(Height),
    /// A decided block whose bytes are not here.
    #[error("block {block} was decided at height {height}, and its bytes are not here")]
    Missing {
        /// Its height.
        height: Height,
        /// Its hash.
        block: BlockHash,
    },
    /// A decided block does not become durable.
    #[error("a decided block cannot be made durable: {0}")]
    Commit(#[from] CommitError),
    /// Undecided blocks, or the engine's log.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of agreement.
    #[error(transparent)]
    File(#[from] IoError),
    /// The record of what was signed.
    #[error(transparent)]
    LastSigned(#[from] LastSignedError),
}

/// Reads bytes as each message of agreement that crosses the network, as the swarm hands them in.
///
/// # Panics
/// Where one of them is read, and its encoding is another: which a fuzz target is to find.
#[cfg(feature = "fuzz")]
#[allow(clippy::panic, reason = "this is how a fuzz target tells")]
pub fn read_as_each_message(bytes: &[u8]) {
    codec::read_as_each(bytes);
    if let Ok(part) = ledger_core::codec::decode::<parts::Part>(bytes) {
        assert_eq!(ledger_core::codec::encode(&part), bytes);
    }
}

impl ConsensusError {
    fn died() -> Self {
        Self::Engine("it cannot write its log, or one of its actors failed".to_owned())
    }
}

/// Runs agreement until it is stopped, falls far behind (the caller then catches up by range and calls
/// again), or fails. When it returns, the engine has ended.
///
/// # Errors
/// [`ConsensusError`]: what is wrong, where, and what to do.
pub async fn run(deps: &Deps, inbox: &mut EngineInbox, view: &watch::Sender<View>) -> Result<Ended, ConsensusError> {
    let last = session::last_signed(deps).await?;
    loop {
        match session::run(deps, &last, inbox, view).await? {
            // However it was stopped: whoever looks why is to find it.
            Turn::Ended(ended) => match last.lock().unwrap_or_else(PoisonError::into_inner).silence() {
                Some(Silence::Another(height)) => return Err(ConsensusError::Another(height)),
                Some(Silence::New { .. } | Silence::Restored { .. } | Silence::Above(_)) | None => return Ok(ended),
            },
            Turn::Again => {}
        }
    }
}
