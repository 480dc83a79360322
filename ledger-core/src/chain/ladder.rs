//! The upper rungs: checked against a tip, and final.

use crate::certificate::{Certificate, CertificateError};
use crate::chain::folding::{Folding, Overlay, Trace};
use crate::chain::hashed::{Content, HashedBlock};
use crate::chain::rules::{self, SignatureJob};
use crate::chain::settle::{extend, settle, tip_after};
use crate::chain::{Fault, Head, Tip};
use crate::map::{ContractMap, Staged};
use crate::names::readable;
use crate::submission::Submission;
use rayon::prelude::*;

/// Second rung: a block that follows a tip. All that its header commits to was recomputed.
#[derive(Clone, Debug)]
pub struct CheckedBlock {
    pub(super) block: HashedBlock,
    pub(super) after: Tip,
    /// None once it is final and the map has moved over it.
    pub(super) staged: Option<Staged>,
    pub(super) traces: Vec<Trace>,
}

/// Third rung: a block that will never be replaced.
#[derive(Clone, Debug)]
pub struct FinalBlock {
    pub(super) checked: CheckedBlock,
    /// None where it is final by descent.
    pub(super) certificate: Option<Certificate>,
}

impl std::ops::Deref for FinalBlock {
    type Target = CheckedBlock;
    fn deref(&self) -> &CheckedBlock {
        &self.checked
    }
}

/// Folds the events of a block into the map's states (format.md §13, §14).
pub(super) fn fold(folding: &Folding<'_>, map: &ContractMap) -> (Staged, Vec<Trace>) {
    let mut overlay = Overlay::over(map);
    let traces = folding.fold(&mut overlay);
    (map.stage(overlay.into_changes()), traces)
}

/// Checks a block against the tip and the map at the tip, by every rule that does not depend on a
/// clock (format.md §11).
///
/// # Errors
/// [`Fault`], naming the first rule that the block breaks.
pub fn check(block: HashedBlock, tip: &Tip, map: &ContractMap) -> Result<CheckedBlock, Fault> {
    let head = tip.head();
    rules::links(head, &block)?;
    rules::parent_certificate(head, block.body.parent_certificate.as_ref())?;
    let settled = settle(head, &block.body, &block.content)?;
    signatures(head, &block.body.submissions, &block.content)?;
    let (after, folding) = settled.follow(head, &block.header, block.hash)?;
    let frontier = extend(head, tip.frontier(), &block.content.leaves);
    let (staged, traces) = fold(&folding, map);
    let after = tip_after(after, &block.header, frontier, Some(staged.root()))?;
    Ok(CheckedBlock { block, after, staged: Some(staged), traces })
}

/// The signatures of the submissions hold (format.md §11, step 3).
pub(super) fn signatures(head: &Head, submissions: &[Submission], content: &Content) -> Result<(), Fault> {
    rules::signatures(head, submissions, content).par_iter().try_for_each(SignatureJob::run)
}

readable! {
    CheckedBlock copies {}
    lends {
        /// The block.
        block: HashedBlock,
        /// Where the chain stands once the block is final.
        after: Tip,
        /// What became of each event, in order.
        traces: [Trace],
    }
}

impl CheckedBlock {
    /// Final by its own certificate.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn finalize(self, certificate: Certificate) -> Result<FinalBlock, CertificateError> {
        rules::certified(&self.after, &certificate)?;
        Ok(FinalBlock { checked: self, certificate: Some(certificate) })
    }
}
