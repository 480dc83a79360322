//! What the second pass leaves for the third, and the third pass itself.

use super::held::{Folding, Held};
use crate::audit::Finding;
use crate::certificate::Certificate;
use crate::chain::{self, Fault, HashedBlock, Head, SignatureJob, Tip, Trace};
use crate::crypto::ChainId;
use crate::membership::Membership;
use crate::merkle::Frontier;
use crate::names::{BlockHash, Height, MemberCode};
use crate::outcome::Outcome;
use rayon::prelude::*;
use std::sync::Arc;

/// A block after the first two passes.
#[derive(Default)]
pub(super) struct Planned {
    /// Where log, fold and map are still to be judged.
    pub(super) judge: Option<Governed>,
    pub(super) signatures: Vec<SignatureJob>,
    pub(super) certificate: Option<CertificateJob>,
    /// What the second pass found.
    pub(super) found: Vec<Finding>,
}

/// A block whose streams and governance hold.
pub(super) struct Governed {
    /// The heads below and after.
    pub(super) below: Head,
    pub(super) after: Head,
    /// The actor of each submission.
    pub(super) actors: Vec<MemberCode>,
    /// What became of its governance events.
    pub(super) outcomes: Vec<Outcome>,
}

/// A certificate of the block below that is still to be verified.
pub(super) struct CertificateJob {
    pub(super) certificate: Certificate,
    pub(super) signers: Arc<Membership>,
    pub(super) chain: ChainId,
    pub(super) height: Height,
    pub(super) block: BlockHash,
}

impl Planned {
    /// The signatures: the certificate's and the submissions'.
    pub(super) fn verify(&self) -> Vec<Fault> {
        let certificate = self.certificate.as_ref().and_then(|job| {
            let held = job.certificate.verify(&job.chain, &job.signers, job.height, job.block);
            held.err().map(Fault::ParentCertificate)
        });
        let signatures = self.signatures.par_iter().filter_map(|job| job.run().err()).collect::<Vec<_>>();
        certificate.into_iter().chain(signatures).collect()
    }
}

/// What the third pass came to.
pub(super) struct Climb {
    /// The tips that were reached.
    pub(super) tips: Vec<Tip>,
    /// What became of the events of each block, where that was wanted and there are states.
    pub(super) traces: Vec<Vec<Trace>>,
    /// What stopped it.
    pub(super) stopped: Option<Finding>,
}

/// Third pass: log, fold and map over the blocks that hold so far.
pub(super) fn climb(
    mut sound: Tip,
    held: &mut Held,
    blocks: &[Result<HashedBlock, Finding>],
    planned: &[Planned],
    traced: bool,
) -> Climb {
    let mut tips = Vec::with_capacity(blocks.len());
    let mut folded = Vec::with_capacity(blocks.len());
    let mut traces = Vec::new();
    let mut stopped = None;
    for (block, plan) in blocks.iter().zip(planned) {
        let (Ok(block), Some(Governed { below, after, actors, outcomes })) = (block, &plan.judge) else { break };
        let first = chain::first_index(below, &sound.frontier);
        let folding = Folding { below, first, block, actors, governed: outcomes };
        let held = extend(&sound, below, block).and_then(|frontier| match held.fold(&folding) {
            Some((root, _)) if root != block.header().map_root => Err(Fault::Commitment("map")),
            Some((_, of_block)) => {
                if traced {
                    traces.push(of_block);
                }
                Ok(frontier)
            }
            None => Ok(frontier),
        });
        match held {
            Ok(frontier) => sound = Tip { head: after.clone(), frontier, map_root: block.header().map_root },
            Err(fault) => {
                stopped = Some(Finding::of(block.header().height, &fault));
                break;
            }
        }
        tips.push(sound.clone());
        folded.push(folding);
    }
    traces.extend(held.fold_all(&folded, traced));
    Climb { tips, traces, stopped }
}

/// The log after a block, which is the one that its header commits to.
fn extend(sound: &Tip, below: &Head, block: &HashedBlock) -> Result<Frontier, Fault> {
    let header = block.header();
    let mut frontier = sound.frontier.clone();
    chain::log(below, &mut frontier, block.leaves());
    if frontier.size() != header.log_size {
        return Err(Fault::LogSize { wanted: frontier.size(), found: header.log_size });
    }
    if frontier.root() != header.log_root {
        return Err(Fault::Commitment("log"));
    }
    Ok(frontier)
}
