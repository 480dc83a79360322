//! A chain in the hands of a forger: headers, bodies and certificates apart, to be changed and linked anew.

use crate::layout::framed;
use ledger_core::archive::{Foot, FrameKind, head};
use ledger_core::block::{Block, Body, Header, body_hash};
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::event::Seal;
use ledger_core::genesis::Genesis;
use ledger_core::merkle::Frontier;
use ledger_core::names::{BlockHash, Height};
use ledger_core::submission::Submission;

/// A block and its own certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) header: Header,
    pub(super) body: Body,
    pub(super) certificate: Certificate,
}

/// A whole chain, from block 1.
pub(super) type Links = Vec<Link>;

impl Link {
    pub(super) fn bytes(&self) -> Vec<u8> {
        codec::encode(&Block { header: self.header.clone(), body: self.body.clone() })
    }
}

/// What is changed while a chain is linked anew: the body of a block before anything is computed from it,
/// its header before it is hashed, its certificate before the next block carries it.
pub(super) enum Stage<'a> {
    Body(&'a mut Body),
    Header(&'a mut Header),
    Certificate(&'a mut Certificate),
}

/// Links a chain anew from a height on: each block carries the certificate of the one below, names it, and
/// has the log and body hash that follow. What states, control and memberships a header names stays.
pub(super) fn relink(
    genesis: &Genesis,
    links: &mut [Link],
    from: u64,
    alter: &mut dyn FnMut(u64, Stage<'_>),
    sign: &mut dyn FnMut(u64, BlockHash) -> Certificate,
) {
    let mut frontier = Frontier::default();
    let mut below: Option<(BlockHash, Certificate)> = None;
    for (link, height) in links.iter_mut().zip(1_u64..) {
        if height >= from {
            link.body.parent_certificate = below.as_ref().map(|(_, certificate)| certificate.clone());
            alter(height, Stage::Body(&mut link.body));
        }
        match &below {
            None => genesis.seals().into_iter().for_each(|seal| frontier.push(seal.leaf_hash())),
            Some((block, _)) => frontier.push(Seal { height: Height(height - 1), block: *block }.leaf_hash()),
        }
        let submissions = &link.body.submissions;
        let leaves: Vec<_> = submissions.iter().map(Submission::leaf_hashes).collect();
        leaves.iter().for_each(|leaves| frontier.extend(leaves));
        if height >= from {
            let frames: Vec<_> = submissions.iter().zip(&leaves).map(|(it, leaves)| it.frame(leaves)).collect();
            let signatures = submissions.iter().map(|submission| &submission.signature);
            let body = body_hash(link.header.suite, &link.body.parent_certificate, frames.iter().zip(signatures));
            if let Some((parent, _)) = &below {
                link.header.parent = *parent;
            }
            (link.header.body, link.header.log_size, link.header.log_root) = (body, frontier.size(), frontier.root());
            alter(height, Stage::Header(&mut link.header));
            link.certificate = sign(height, link.header.hash());
            alter(height, Stage::Certificate(&mut link.certificate));
        }
        below = Some((link.header.hash(), link.certificate.clone()));
    }
}

/// An archive of blocks above the genesis.
pub(super) fn archive(genesis: &Genesis, links: &[Link], end: Option<&Certificate>) -> Vec<u8> {
    let mut bytes = head(&genesis.chain_id()).to_vec();
    bytes.extend(framed(FrameKind::Foot, &codec::encode(&Foot::default())));
    links.iter().for_each(|link| bytes.extend(framed(FrameKind::Block, &link.bytes())));
    if let Some(end) = end {
        bytes.extend(framed(FrameKind::Certificate, &codec::encode(end)));
    }
    bytes
}
