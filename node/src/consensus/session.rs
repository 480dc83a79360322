//! One run of the engine: made ready, started, and ended.

use super::adapter::{Adapter, Parts, Turn, blocking};
use super::another::Own;
use super::answers::Answers;
use super::blocks::{Blocks, Locked};
use super::context::{Address, Luqi};
use super::engine::{self, Engine, WalState};
use super::last_signed::{Known, LastSigned, Silence};
use super::listener::{Ears, Listener};
use super::network::{Port, State};
use super::signer::NodeSigner;
use super::undecided::UndecidedStore;
use super::validators::Validators;
use super::wake::Wake;
use super::{ConsensusError, Deps, View};
use crate::chain::{Chain, now};
use crate::durable;
use crate::network::EngineInbox;
use crate::store::Store as _;
use arc_malachitebft_app_channel::Signer;
use ledger_core::chain::{HashedBlock, Tip};
use ledger_core::membership::Purpose;
use ledger_core::names::{BlockHash, Height, NodeNumber};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, watch};

/// Blocks that are put together and wait to be checked.
const ASSEMBLED: usize = 4;
/// Signatures of this node that others show and that wait to be looked at.
const SHOWN: usize = 64;

/// Opens the record of what this node signed.
pub(super) async fn last_signed(deps: &Deps) -> Result<Arc<Mutex<LastSigned>>, ConsensusError> {
    let (chain, folder, node, restored) = (deps.chain.clone(), deps.folder.clone(), deps.node, deps.restored);
    let open = move || open_record(&folder, &chain.latest().tip, node, restored);
    Ok(Arc::new(Mutex::new(blocking(open).await??)))
}

/// Opens what a node has signed last, above a tip.
///
/// # Errors
/// [`ConsensusError`], when the system refuses, or the record is of another chain.
pub(super) fn open_record(
    folder: &Path,
    tip: &Tip,
    node: NodeNumber,
    restored: bool,
) -> Result<LastSigned, ConsensusError> {
    // A node with blocks whose folder is not there lost it, or is new and loses nothing by waiting for one
    // more: but for one that is alone, and waits for its operator. An import leaves a record, too.
    let validators = Validators::of(tip.membership());
    let alone = validators.power(node) == validators.total();
    durable::make_folder(folder)?;
    let used = tip.height() > Height(0) || engine::ran_before(folder);
    let known = Known { used, tip: tip.height(), alone, restored, now: now() };
    Ok(LastSigned::open(&folder.join("last-signed"), tip.chain(), known)?)
}

/// What the disk says before the engine starts.
struct Ground {
    undecided: UndecidedStore,
    silence: Option<Silence>,
    locked: Option<(Height, BlockHash)>,
    with_events: bool,
}

fn prepare(folder: &Path, chain: &Chain, last: &Mutex<LastSigned>) -> Result<Ground, ConsensusError> {
    let tip = chain.latest().tip.height();
    let wal = engine::prepare_wal(folder)?;
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    settle_silence(&mut last, wal, tip)?;
    let block = chain.store().block(tip)?;
    let block = block.and_then(|bytes| HashedBlock::read(&bytes).ok());
    let with_events = block.is_some_and(|block| !block.leaves().is_empty());
    let undecided = UndecidedStore::open(&folder.join("undecided"))?;
    Ok(Ground { undecided, silence: last.silence(), locked: last.precommitted(), with_events })
}

/// A node that signed above its tip votes there again only with the log of the votes that bind it.
pub(super) fn settle_silence(last: &mut LastSigned, wal: WalState, tip: Height) -> Result<(), ConsensusError> {
    if let Some(signed) = last.last() {
        let bound = wal == WalState::At(signed.height) && signed.height == tip.next();
        if signed.height > tip && !bound {
            tracing::error!(height = %signed.height, %tip, "this node signed above its tip and the log of that is lost: it does not vote up to there");
            last.keep_silent(Silence::Above(signed.height))?;
        }
    }
    if let Some(Silence::Above(height)) = last.silence()
        && tip >= height
    {
        last.speak(None)?;
    }
    if let Some(why) = last.silence() {
        tracing::warn!("this node is silent: {why}; it follows the chain, and `luqi status` says when it votes");
    }
    Ok(())
}

/// Runs the engine once.
pub(super) async fn run(
    deps: &Deps,
    last: &Arc<Mutex<LastSigned>>,
    inbox: &mut EngineInbox,
    view: &watch::Sender<View>,
) -> Result<Turn, ConsensusError> {
    let (folder, chain, signed) = (deps.folder.clone(), deps.chain.clone(), Arc::clone(last));
    let ground = blocking(move || prepare(&folder, &chain, &signed)).await??;
    let chain_id = deps.chain.latest().tip.chain();
    let key = deps.keys.key(Purpose::Consensus);
    let locked = Arc::new(Locked::default());
    if let Some((height, block)) = ground.locked {
        locked.add(height, block);
    }
    let (chain, mempool) = (deps.chain.clone(), deps.mempool.clone());
    let known = deps.known.clone();
    let blocks = Blocks::new(chain, mempool, deps.node, key.clone(), ground.undecided, Arc::clone(&locked), known);
    let (blocks, wake, port) = (Arc::new(blocks), Arc::new(Wake::new(&deps.chain)), Arc::new(Port::default()));
    let answers = Arc::new(Answers::new(&deps.chain, Arc::clone(&wake)));
    let (heard, started) = (Arc::default(), Arc::new(AtomicBool::new(false)));
    let (refuse, refused) = watch::channel(None);
    let (assemble, assembled) = mpsc::channel(ASSEMBLED);
    let (show, shown) = mpsc::channel(SHOWN);
    let own = Own { chain: chain_id, node: deps.node, key: key.public() };
    let is_mute = deps.is_mute();
    if is_mute {
        tracing::error!(
            "the membership has another consensus key of this node than its home: it follows, and does not vote"
        );
    }
    // Whoever is silent or mute follows under an address that never has power.
    let (address, signer) = if ground.silence.is_some() || is_mute {
        (Address::NOBODY, None)
    } else {
        let signer = NodeSigner::new(chain_id, key.clone(), Arc::clone(last), locked, refuse);
        let signer: Box<dyn Signer<Luqi>> = Box::new(signer);
        (Address(deps.node), Some(signer))
    };
    let newest = deps.known.newest();
    let state = State::new(deps.network.clone(), Arc::clone(&port), Some(Arc::clone(&answers)), newest)
        .ok_or_else(|| ConsensusError::Engine("the own peer id is none that the engine takes".to_owned()))?;
    let ears = Ears {
        port: Arc::clone(&port),
        heard: Arc::clone(&heard),
        started: Arc::clone(&started),
        wake: Arc::clone(&wake),
        blocks: Arc::clone(&blocks),
        assembled: assemble,
        own,
        known: deps.known.clone(),
        shown: show,
    };
    let mut listener = Listener::new(deps.network.clone(), &deps.chain, ears);
    let parts = Parts {
        blocks,
        port,
        heard,
        started,
        wake,
        answers,
        last: Arc::clone(last),
        is_mute,
        refused,
        assembled,
        shown,
    };
    let mut adapter = Adapter::new(deps, view, parts, ground.with_events);
    let mut engine = Engine::start(&deps.folder, chain_id, address, signer, state).await?;
    let turn = tokio::select! {
        turn = adapter.run(&mut engine.channels) => turn,
        never = listen(&mut listener, inbox) => match never {},
    };
    engine.stop().await;
    turn
}

/// A swarm that has ended has nothing more to say; the adapter ends with the process.
async fn listen(listener: &mut Listener, inbox: &mut EngineInbox) -> std::convert::Infallible {
    listener.run(inbox).await;
    tracing::debug!("the swarm has ended");
    std::future::pending().await
}
