//! The chains of the cases, and the pieces of which their archives are made.

use ledger_core::archive::{Foot, FrameKind, StateRow, StateRows, head};
use ledger_core::block::Header;
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::event::Action;
use ledger_core::fixture::forger::{Forgery, decoded, frame};
use ledger_core::fixture::{self, Network, code};
use ledger_core::genesis::Genesis;
use ledger_core::governance::Change;
use ledger_core::map::{ContractMap, MapKey};
use ledger_core::names::{BlockHash, Height};

/// The bytes of an archive, in pieces: the head, then frames, whole or not.
pub(crate) type Pieces = Vec<Vec<u8>>;

/// Where the frame of a block stands in a whole archive.
pub(crate) const fn place(height: usize) -> usize {
    height + 1
}

/// A block with one event, *new*, of a contract that has the block's height for its number.
pub(crate) fn grow(network: &mut Network, blocks: u64) {
    for _ in 0..blocks {
        let number = network.tip.height().0 + 1;
        network.block_of(vec![fixture::event(number, Action::New { keeper: code("370000") })]);
    }
}

/// Four members and so many blocks.
pub(crate) fn grown(blocks: u64) -> Network {
    let mut network = Network::new(4);
    grow(&mut network, blocks);
    network
}

/// The same, but that block 2 makes a change which holds from block 3 on.
pub(crate) fn governed(change: Change, blocks: u64) -> Network {
    let mut network = grown(1);
    network.govern(change, Height(3));
    grow(&mut network, blocks.saturating_sub(2));
    network
}

/// What a chain's archives are made of.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) genesis: Genesis,
    /// From height 1 on.
    pub(crate) blocks: Vec<Vec<u8>>,
    /// The last block's.
    pub(crate) own: Certificate,
}

impl Chain {
    pub(crate) fn of(network: &Network) -> Self {
        let own = network.certificate.clone().unwrap();
        Self { genesis: network.genesis.clone(), blocks: network.blocks.clone(), own }
    }

    pub(crate) fn forged(network: &Network, forgery: &Forgery<'_>) -> Self {
        let (blocks, own) = forgery.of(network);
        Self { genesis: network.genesis.clone(), blocks, own }
    }

    /// As far as a height.
    pub(crate) fn up_to(&self, height: usize) -> Self {
        let own = self.certificate(height);
        Self { own, blocks: self.blocks[..height].to_vec(), genesis: self.genesis.clone() }
    }

    pub(crate) fn header(&self, height: u64) -> Header {
        decoded(&self.blocks[height as usize - 1]).header
    }

    pub(crate) fn hash(&self, height: u64) -> BlockHash {
        self.header(height).hash()
    }

    /// That of a block: as the next one carries it, or the last one's own.
    pub(crate) fn certificate(&self, height: usize) -> Certificate {
        self.blocks
            .get(height)
            .map_or_else(|| Some(self.own.clone()), |next| decoded(next).body.parent_certificate)
            .unwrap()
    }

    pub(crate) fn head(&self) -> Vec<u8> {
        head(&self.genesis.chain_id()).to_vec()
    }

    pub(crate) fn block(&self, height: usize) -> Vec<u8> {
        frame(FrameKind::Block, &self.blocks[height - 1])
    }

    pub(crate) fn end(&self) -> Vec<u8> {
        end(&self.own)
    }

    /// From block 1 on, without an end certificate.
    pub(crate) fn growing(&self) -> Pieces {
        self.above(&Foot::default(), &[])
    }

    /// From block 1 on, with the end certificate.
    pub(crate) fn whole(&self) -> Pieces {
        self.closed(self.growing())
    }

    pub(crate) fn closed(&self, mut pieces: Pieces) -> Pieces {
        pieces.push(self.end());
        pieces
    }

    /// The blocks above a foot, with frames of states, without an end certificate.
    pub(crate) fn above(&self, foot: &Foot, states: &[StateRows]) -> Pieces {
        let below = foot.below.as_ref().map_or(0, |below| below.header.height.0 as usize);
        let blocks = (below + 1..=self.blocks.len()).map(|height| self.block(height));
        let states = states.iter().map(|rows| frame(FrameKind::States, &codec::encode(rows)));
        [self.head(), self::foot(foot)].into_iter().chain(states).chain(blocks).collect()
    }
}

pub(crate) fn foot(foot: &Foot) -> Vec<u8> {
    frame(FrameKind::Foot, &codec::encode(foot))
}

pub(crate) fn end(certificate: &Certificate) -> Vec<u8> {
    frame(FrameKind::Certificate, &codec::encode(certificate))
}

pub(crate) fn rows(map: &ContractMap) -> Vec<StateRow> {
    map.iter().map(|(key, state): &(MapKey, _)| StateRow { key: *key, state: *state }).collect()
}

/// With one bit of a byte changed.
pub(crate) fn rotten(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes
}

/// With one piece put in the place of another.
pub(crate) fn with(pieces: &Pieces, at: usize, piece: Vec<u8>) -> Pieces {
    let mut pieces = pieces.clone();
    pieces[at] = piece;
    pieces
}

/// With one piece put behind.
pub(crate) fn and(pieces: &Pieces, piece: Vec<u8>) -> Pieces {
    pieces.iter().cloned().chain([piece]).collect()
}
