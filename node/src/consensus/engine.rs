//! The engine itself: its configuration, its log, its start, and its end.
//!
//! ```text
//! wal/format   which engine wrote the log: another one begins with an empty one
//! wal/log      the engine's write-ahead log of the height under way
//! ```

use super::ConsensusError;
use super::codec::LuqiCodec;
use super::context::{Address, Luqi};
use super::ending::Ending;
use super::network::{State, Swarm};
use super::signer::NodeVerifier;
use crate::durable::{IoError, make_folder, read, remove, replace, sync_folder};
use arc_malachitebft_app_channel::app::config::{ConsensusConfig, NodeConfig, ValuePayload, ValueSyncConfig};
use arc_malachitebft_app_channel::app::engine::network::Msg;
use arc_malachitebft_app_channel::app::wal::Log;
use arc_malachitebft_app_channel::{
    Channels, ConsensusContext, EngineBuilder, EngineHandle, RequestContext, Signer, SyncContext, WalContext,
};
use ledger_core::crypto::ChainId;
use ledger_core::names::Height;
use ractor::{Actor as _, ActorCell, ActorRef, ActorStatus};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// The engine whose log this is.
const FORMAT: &str = "arc-malachitebft 0.8.2, luqi 1\n";
/// How long an actor may take to end.
const END: Duration = Duration::from_secs(10);
/// How soon it is looked at again whether something has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How often the engine says where this node stands, beside whenever a peer comes: hardly ever, since the adapter says
/// it as often as somebody can have use of it.
const STATUS: Duration = Duration::from_secs(24 * 3600);
/// The largest answer of decided blocks: one of the largest blocks there can be.
const ANSWER: &str = "33 MiB";

struct Config {
    moniker: String,
    consensus: ConsensusConfig,
    sync: ValueSyncConfig,
}

impl NodeConfig for Config {
    fn moniker(&self) -> &str {
        &self.moniker
    }
    fn consensus(&self) -> &ConsensusConfig {
        &self.consensus
    }
    fn consensus_mut(&mut self) -> &mut ConsensusConfig {
        &mut self.consensus
    }
    fn value_sync(&self) -> &ValueSyncConfig {
        &self.sync
    }
    fn value_sync_mut(&mut self) -> &mut ValueSyncConfig {
        &mut self.sync
    }
}

impl Config {
    fn new(address: Address) -> Self {
        let default = ValueSyncConfig::default();
        let max_response_size = ANSWER.parse().unwrap_or(default.max_response_size);
        let sync = ValueSyncConfig { enabled: true, status_update_interval: STATUS, max_response_size, ..default };
        // With the proposal alone the engine would take every value as valid.
        let consensus = ConsensusConfig { value_payload: ValuePayload::ProposalAndParts, ..ConsensusConfig::default() };
        Self { moniker: address.to_string(), consensus, sync }
    }
}

/// How far the engine's log goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalState {
    /// It is of this height, so what was signed there stands in it.
    At(Height),
    /// It is new, or was lost.
    Empty,
}

fn folder(home: &Path) -> PathBuf {
    home.join("wal")
}

/// Whether an engine ever ran in this home.
pub(crate) fn ran_before(home: &Path) -> bool {
    folder(home).join("format").exists()
}

/// Makes the engine's log ready; what another engine wrote, or cannot be read, is dropped.
///
/// # Errors
/// [`ConsensusError`], when the system refuses.
pub(crate) fn prepare_wal(home: &Path) -> Result<WalState, ConsensusError> {
    let folder = folder(home);
    make_folder(&folder)?;
    let (format, log) = (folder.join("format"), folder.join("log"));
    if read(&format, FORMAT.len() as u64).ok().as_deref() != Some(FORMAT.as_bytes()) {
        drop_wal(home)?;
        replace(&format, |to| to.write_all(FORMAT.as_bytes()).map_err(IoError::io("write", &format)))?;
    }
    let begun = Instant::now();
    loop {
        let opened = Log::open(&log);
        match opened {
            Ok(opened) if opened.sequence() > 0 => return Ok(WalState::At(Height(opened.sequence()))),
            Ok(_) => return Ok(WalState::Empty),
            Err(error) if matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
                tracing::warn!("the engine's log {} cannot be read and is dropped: {error}", log.display());
                drop_wal(home)?;
            }
            // The engine that ran just now may still be closing it.
            Err(error) if begun.elapsed() < END => {
                tracing::debug!("the engine's log is not free yet: {error}");
                std::thread::sleep(LOOK_AGAIN);
            }
            Err(error) => return Err(IoError::io("open", &log)(error).into()),
        }
    }
}

/// Removes the engine's log.
///
/// # Errors
/// [`ConsensusError`], when the system refuses.
pub(crate) fn drop_wal(home: &Path) -> Result<(), ConsensusError> {
    remove(&folder(home).join("log"))?;
    Ok(sync_folder(&folder(home))?)
}

/// A running engine.
pub(crate) struct Engine {
    log: PathBuf,
    pub(crate) channels: Channels<Luqi>,
    handle: EngineHandle,
    network: ActorRef<Msg<Luqi>>,
}

impl Engine {
    /// Starts the engine over an actor of ours; with a signer, it votes at every height at which its
    /// address has power.
    ///
    /// # Errors
    /// [`ConsensusError::Engine`].
    pub(crate) async fn start(
        home: &Path,
        chain: ChainId,
        address: Address,
        signer: Option<Box<dyn Signer<Luqi>>>,
        state: State,
    ) -> Result<Self, ConsensusError> {
        let failed = |what: &str, why: &dyn std::fmt::Display| ConsensusError::Engine(format!("{what}: {why}"));
        let verifier = Box::new(NodeVerifier::new(chain));
        let consensus = match signer {
            Some(signer) => ConsensusContext::new_validator(address, verifier, signer),
            None => ConsensusContext::new_full_node(address, verifier),
        };
        let (network, _) =
            Swarm::spawn(None, Swarm, state).await.map_err(|error| failed("its network does not start", &error))?;
        // Blocks go out beside the engine: nobody sends on this channel.
        let (parts, _) = mpsc::channel(1);
        let built = EngineBuilder::new(Luqi, Config::new(address))
            .with_default_wal(WalContext::new(folder(home).join("log"), LuqiCodec))
            .with_custom_network(network.clone(), parts)
            .with_default_sync(SyncContext::new(LuqiCodec))
            .with_default_consensus(consensus)
            .with_default_request(RequestContext::new(16))
            .build()
            .await;
        match built {
            Ok((channels, handle)) => Ok(Self { log: folder(home).join("log"), channels, handle, network }),
            Err(error) => {
                end(network.get_cell()).await;
                Err(failed("it does not start", &error))
            }
        }
    }

    /// Ends the engine: its actors are gone when this returns, and its log is closed, unless the disk hangs.
    pub(crate) async fn stop(self) {
        let Self { log, channels, handle, network } = self;
        let _ending = Ending::begin();
        // Whoever waits for an answer of ours gets none any more.
        drop(channels);
        let children = handle.actor.get_cell().get_children();
        end(handle.actor.get_cell()).await;
        for child in children {
            end(child).await;
        }
        end(network.get_cell()).await;
        closed(log).await;
    }
}

/// Waits for the thread that writes the engine's log to close it: it still has to finish what it was told.
async fn closed(log: PathBuf) {
    let begun = Instant::now();
    let is_open = move || match std::fs::File::open(&log) {
        Ok(file) => matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock)),
        Err(_) => false,
    };
    let waited = tokio::task::spawn_blocking(move || {
        while is_open() && begun.elapsed() < END {
            std::thread::sleep(LOOK_AGAIN);
        }
    });
    // The thread ends early only when the whole process does.
    let _ = waited.await;
}

/// An actor that hangs in a handler, as the engine's do after a failed write, ends only when killed. It is
/// asked for its state: a wait for its end is answered to one who waits, and not again.
async fn end(actor: ActorCell) {
    actor.kill();
    let begun = Instant::now();
    while actor.get_status() != ActorStatus::Stopped {
        if begun.elapsed() > END {
            tracing::warn!(actor = %actor.get_id(), "a part of the engine does not end");
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
