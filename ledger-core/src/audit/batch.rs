//! What the second pass of the judge leaves for the third, and the third pass itself.

use super::held::Held;
use super::judged::Finding;
use crate::certificate::Certificate;
use crate::chain::{self, Fault, Folding, HashedBlock, Head, SignatureJob, Tip, Trace};
use rayon::prelude::*;

/// A block after the first two passes.
pub(super) struct Planned<'a> {
    pub(super) below: Head,
    pub(super) block: &'a HashedBlock,
    pub(super) after: Head,
    pub(super) folding: Folding<'a>,
    /// The submissions' signatures.
    pub(super) signatures: Vec<SignatureJob>,
    /// The certificate of the block below, where its signatures are to be verified.
    pub(super) certificate: Option<&'a Certificate>,
}

/// The lowest block of which a signature does not hold, by its place among the planned, and what does not hold.
pub(super) fn verify(planned: &[Planned<'_>]) -> Option<(usize, Finding)> {
    let fault = |(at, plan): (usize, &Planned<'_>)| {
        let fault = plan.fault()?;
        Some((at, Finding::located(plan.after.height(), plan.block, &fault)))
    };
    planned.par_iter().enumerate().find_map_first(fault)
}

impl Planned<'_> {
    /// The first of its signatures that does not hold: the certificate's, then the submissions'.
    fn fault(&self) -> Option<Fault> {
        let certificate = self.certificate.and_then(|certificate| chain::certified(&self.below, certificate).err());
        let submission = || self.signatures.par_iter().find_map_first(|job| job.run().err());
        certificate.map(Fault::ParentCertificate).or_else(submission)
    }
}

/// What the third pass came to.
pub(super) struct Climbed {
    /// The tips that were reached.
    pub(super) tips: Vec<Tip>,
    /// What became of the events of each block, where that was wanted and there are states.
    pub(super) traces: Vec<Vec<Trace>>,
    /// What stopped it, with its place among the planned.
    pub(super) stopped: Option<(usize, Finding)>,
}

/// Log, fold and map over the planned blocks, in order.
pub(super) fn climb(from: &Tip, held: &mut Held, planned: &[Planned<'_>], traced: bool) -> Climbed {
    let mut climbed = Climbed { tips: Vec::with_capacity(planned.len()), traces: Vec::new(), stopped: None };
    let mut folded = Vec::with_capacity(planned.len());
    let mut frontier = from.frontier().clone();
    for (at, plan) in planned.iter().enumerate() {
        let header = plan.block.header();
        frontier = chain::extend(&plan.below, &frontier, plan.block.leaves());
        let (root, traces) = held.fold(&plan.folding).unzip();
        match chain::tip_after(plan.after.clone(), header, frontier.clone(), root) {
            Ok(tip) => climbed.tips.push(tip),
            Err(fault) => {
                climbed.stopped = Some((at, Finding::of(plan.after.height(), &fault)));
                break;
            }
        }
        climbed.traces.extend(traces.filter(|_| traced));
        folded.push(&plan.folding);
    }
    climbed.traces.extend(held.fold_all(&folded, traced));
    climbed
}
