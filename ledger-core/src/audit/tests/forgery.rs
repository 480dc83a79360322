//! A forger: he alters blocks and recomputes whatever follows from them, every hash and root, and
//! signs again if he holds the validators' keys.

use super::*;
use crate::block::{Block, Body, Header, body_hash};
use crate::chain::{self, HashedBlock, Overlay, Tip};
use crate::codec::{self, List};
use crate::contract::Roles;
use crate::map::ContractMap;
use crate::submission::Submission;

/// What a forger does to each block, by its height.
pub(super) struct Forgery<'a> {
    /// To its body, before anything is recomputed.
    pub(super) body: &'a dyn Fn(u64, &mut Body),
    /// To its header, after all was recomputed.
    pub(super) header: &'a dyn Fn(u64, &mut Header),
    /// Whether all validators sign the blocks again; what is done to a body comes after.
    pub(super) signed: bool,
}

impl Default for Forgery<'_> {
    fn default() -> Self {
        Self { body: &|_, _| {}, header: &|_, _| {}, signed: false }
    }
}

pub(super) fn decoded(bytes: &[u8]) -> Block {
    codec::decode(bytes).unwrap()
}

/// Changes the submissions of a body.
pub(super) fn edit(body: &mut Body, change: impl Fn(&mut Vec<Submission>)) {
    let mut submissions = body.submissions.to_vec();
    change(&mut submissions);
    body.submissions = List::new(submissions).unwrap();
}

impl Forgery<'_> {
    /// The forged blocks, and the certificate that goes with them.
    pub(super) fn of(&self, network: &Network) -> (Vec<Vec<u8>>, Certificate) {
        let mut tip = Tip::genesis(&network.genesis);
        let mut map = ContractMap::default();
        let mut certificate = None;
        let mut forged = Vec::new();
        for bytes in &network.blocks {
            let mut block = decoded(bytes);
            if self.signed {
                block.body.parent_certificate = certificate;
            }
            let height = block.header.height.0;
            (self.body)(height, &mut block.body);
            (tip, map) = self.recompute(&mut block, &tip, &map);
            certificate = Some(fixture::certificate(&tip));
            forged.push(codec::encode(&block));
        }
        let own = network.certificate.clone();
        (forged, if self.signed { certificate } else { own }.unwrap())
    }

    fn recompute(&self, block: &mut Block, tip: &Tip, map: &ContractMap) -> (Tip, ContractMap) {
        let hashed = HashedBlock::read(&codec::encode(block)).unwrap();
        let submissions = &block.body.submissions;
        let first = chain::first_index(&tip.head, &tip.frontier);
        let mut control = tip.control.clone();
        // A wrong sequence is what an audit is to find, and a node that is gone.
        let _ = chain::streams(&tip.head, first, submissions, &mut control);
        let actor = |submission: &Submission| tip.membership.node(submission.stream).map(|(member, _)| member.code);
        let province = code(fixture::CODES[0]);
        let actors: Vec<_> = submissions.iter().map(|submission| actor(submission).unwrap_or(province)).collect();
        let mut frontier = tip.frontier.clone();
        chain::log(&tip.head, &mut frontier, hashed.leaves());
        let (governed, membership) = chain::govern(&tip.head, submissions, &actors, &mut control);
        let mut overlay = Overlay::over(map);
        let placed = chain::placed(first, submissions, &actors, hashed.leaves());
        chain::fold(&Roles::of(&tip.membership), placed, &governed, &mut overlay);
        let changes = overlay.into_changes();
        let mut map = map.clone();
        map.set(changes);

        let signatures = submissions.iter().map(|submission| &submission.signature);
        let frames = hashed.content().frames.iter().zip(signatures);
        let header = &mut block.header;
        header.body = body_hash(header.suite, &block.body.parent_certificate, frames);
        header.parent = tip.hash;
        header.log_size = frontier.size();
        header.log_root = frontier.root();
        header.map_root = map.root();
        header.control = control.hash();
        header.next_membership = tip.head.next_membership_hash(membership.as_ref());
        (self.header)(header.height.0, header);
        let map_root = header.map_root;
        (Tip { head: tip.head.after(header, header.hash(), control, membership), frontier, map_root }, map)
    }
}

#[test]
fn a_forger_who_changes_nothing_makes_the_same_chain() {
    let network = changed();
    for signed in [false, true] {
        let (blocks, certificate) = Forgery { signed, ..Forgery::default() }.of(&network);
        assert!(blocks == network.blocks);
        assert_eq!(Some(certificate), network.certificate);
    }
}
