//! The chain of a running node: one writer, many observers.
//!
//! Whoever wants to know of new blocks watches [`Chain::tip`] and reads what it missed from the store;
//! nobody is called back. A block that is announced is durable.

use crate::committer::{CommitError, Ledger};
use crate::store::{DiskStore, StoreConfig};
use ledger_core::block::Header;
use ledger_core::certificate::Certificate;
use ledger_core::chain::{CheckedBlock, Descent, Fault, HashedBlock, Proposal, Tip, assemble, check};
use ledger_core::contract::State;
use ledger_core::genesis::Genesis;
use ledger_core::map::MapKey;
use ledger_core::names::{NodeNumber, Timestamp};
use ledger_core::submission::Submission;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Instant, SystemTime};
use tokio::sync::watch;

/// Where the chain stands, as its observers see it.
#[derive(Clone, Debug)]
pub struct Latest {
    /// The last durable block.
    pub tip: Tip,
    /// Its header; none for the genesis.
    pub header: Option<Header>,
    /// Its own certificate; none for the genesis, and where it is final by descent.
    pub certificate: Option<Certificate>,
    /// When this process made it durable, or opened the chain.
    pub since: Instant,
}

/// The chain of a running node. A clone is another handle on the same chain.
#[derive(Clone)]
pub struct Chain {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: RwLock<Ledger<Arc<DiskStore>>>,
    store: Arc<DiskStore>,
    genesis: Genesis,
    notes: Vec<String>,
    latest: watch::Sender<Arc<Latest>>,
}

/// Everything here may read from the disk or wait for it: on an asynchronous thread, call it through
/// `tokio::task::spawn_blocking`.
impl Chain {
    /// Opens the ledger in a folder.
    ///
    /// # Errors
    /// [`CommitError`]: what is wrong, where, and what to do.
    pub fn open(folder: &Path, genesis: Genesis, config: StoreConfig) -> Result<Self, CommitError> {
        let ledger = Ledger::open_shared(folder, genesis, config)?;
        let (store, genesis) = (Arc::clone(ledger.store()), ledger.genesis().clone());
        let (latest, _) = watch::channel(Arc::new(latest(&ledger)?));
        let notes = ledger.notes().to_vec();
        Ok(Self { inner: Arc::new(Inner { ledger: RwLock::new(ledger), store, genesis, notes, latest }) })
    }

    /// What the chain starts from.
    #[must_use]
    pub fn genesis(&self) -> &Genesis {
        &self.inner.genesis
    }

    /// The durable blocks.
    #[must_use]
    pub fn store(&self) -> &Arc<DiskStore> {
        &self.inner.store
    }

    /// What was mended or rebuilt when the chain was opened, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.inner.notes
    }

    /// Where the chain stands, from now on.
    #[must_use]
    pub fn tip(&self) -> watch::Receiver<Arc<Latest>> {
        self.inner.latest.subscribe()
    }

    /// Where the chain stands now.
    #[must_use]
    pub fn latest(&self) -> Arc<Latest> {
        Arc::clone(&self.inner.latest.borrow())
    }

    /// The state of a contract at the tip.
    #[must_use]
    pub fn state(&self, key: &MapKey) -> Option<State> {
        self.read().map().get(key).cloned()
    }

    /// How many subjects the contract map has at the tip.
    #[must_use]
    pub fn subjects(&self) -> u64 {
        self.read().map().len()
    }

    /// Checks a block against the tip.
    ///
    /// # Errors
    /// [`Fault`]: why it does not follow.
    pub fn check(&self, block: HashedBlock) -> Result<CheckedBlock, Fault> {
        let ledger = self.read();
        check(block, ledger.tip(), ledger.map())
    }

    /// Makes a block of submissions that follows the tip, at the time of this machine's clock.
    ///
    /// # Errors
    /// [`Fault`]: why these submissions make none.
    pub fn assemble(&self, proposer: NodeNumber, submissions: Vec<Submission>) -> Result<CheckedBlock, Fault> {
        let ledger = self.read();
        let parent_certificate = ledger.certificate().cloned();
        let proposal = Proposal { proposer, time: now(), parent_certificate, submissions };
        assemble(proposal, ledger.tip(), ledger.map())
    }

    /// Makes a checked block final by its certificate, durable, and the new tip.
    ///
    /// # Errors
    /// [`CommitError`]; then the chain stands where it stood.
    pub fn commit(&self, checked: CheckedBlock, certificate: Certificate) -> Result<(), CommitError> {
        let mut ledger = self.write();
        ledger.commit(checked, certificate)?;
        self.announce(&ledger)
    }

    /// Makes blocks that follow the tip final by descent, durable together, and the last one the new tip;
    /// `certificate` is the last one's own, where it is known.
    ///
    /// # Errors
    /// [`CommitError`]: the first block that does not follow. What was before it is durable.
    pub fn commit_descended(
        &self,
        blocks: Vec<HashedBlock>,
        descent: &Descent,
        certificate: Option<&Certificate>,
    ) -> Result<(), CommitError> {
        let mut ledger = self.write();
        let pushed = push_descended(&mut ledger, blocks, descent, certificate);
        ledger.sync()?;
        self.announce(&ledger)?;
        pushed
    }

    /// Writes the snapshot of the map, so that the chain opens fast.
    pub fn snapshot(&self) {
        self.write().snapshot();
    }

    fn announce(&self, ledger: &Ledger<Arc<DiskStore>>) -> Result<(), CommitError> {
        let latest = Arc::new(latest(ledger)?);
        self.inner.latest.send_replace(latest);
        Ok(())
    }

    fn read(&self) -> RwLockReadGuard<'_, Ledger<Arc<DiskStore>>> {
        self.inner.ledger.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ledger<Arc<DiskStore>>> {
        self.inner.ledger.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn latest(ledger: &Ledger<Arc<DiskStore>>) -> Result<Latest, CommitError> {
    let (tip, header) = (ledger.tip().clone(), ledger.header().cloned());
    Ok(Latest { tip, header, certificate: ledger.certificate().cloned(), since: Instant::now() })
}

fn push_descended(
    ledger: &mut Ledger<Arc<DiskStore>>,
    blocks: Vec<HashedBlock>,
    descent: &Descent,
    certificate: Option<&Certificate>,
) -> Result<(), CommitError> {
    for block in blocks {
        let height = block.header().height;
        let checked = check(block, ledger.tip(), ledger.map()).map_err(|fault| CommitError::Fault { height, fault })?;
        match certificate.filter(|certificate| certificate.height == height) {
            Some(certificate) => ledger.push(checked, certificate.clone())?,
            None => ledger.push_final(checked.finalize_by_descent(descent)?)?,
        }
    }
    Ok(())
}

/// The clock of this machine.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
