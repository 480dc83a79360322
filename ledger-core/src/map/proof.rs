//! Proof of what the map says of one key, checked with the root alone (`format.md §14`).

use super::rule::{KEY_BITS, MapKey, inner, leaf};
use crate::codec::{List, refuse};
use crate::contract::StateHash;
use crate::names::MapRoot;
use bincode::de::Decoder;
use bincode::enc::Encoder;
use bincode::error::{DecodeError, EncodeError};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The way from a key's place up to the root.
///
/// ```text
/// end ‖ depth(2) ‖ bitmap(⌈depth / 8⌉) ‖ siblings(32 each)
/// ```
///
/// `depth` is the number of siblings, at most 256, from the lowest up. Bit i of the bitmap, counted
/// from the most significant bit of the first byte, tells whether sibling i is written out (1) or
/// empty (0); the bits left over are 0. With a million subjects a proof takes about 0.8 kB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapProof {
    end: End,
    siblings: List<MapRoot, KEY_BITS>,
}

/// What stands at the end of a key's path.
///
/// ```text
/// 0                             nothing
/// 1 ‖ state hash(32)            the key, with this state
/// 2 ‖ key(32) ‖ state hash(32)  another key alone
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Nothing: the key is absent.
    Empty,
    /// The key itself.
    State(StateHash),
    /// Another key, alone on this path: the key asked for is absent.
    Other {
        /// The other key.
        key: MapKey,
        /// Hash of the state under it.
        state: StateHash,
    },
}

/// What a proof shows of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The map holds a state with this hash under the key.
    Present(StateHash),
    /// The map does not hold the key.
    Absent,
}

/// Why a proof does not hold; whoever gave it is wrong or lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MapProofError {
    /// The other key shown does not stand where the one asked for would.
    #[error("the other key shown says nothing of the key asked for")]
    OtherPath,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

impl MapProof {
    /// Puts a proof together; the siblings are ordered from the lowest up.
    pub(super) fn new(siblings: Vec<MapRoot>, end: End) -> Self {
        // A key has no more bits than siblings may stand here.
        Self { siblings: List::new(siblings).unwrap_or_default(), end }
    }

    /// What the map with this root says of the key.
    ///
    /// # Errors
    /// [`MapProofError`], when the proof shows nothing of the key under this root.
    pub fn verify(&self, root: &MapRoot, key: &MapKey) -> Result<Shown, MapProofError> {
        let depth = self.siblings.len();
        let (bottom, verdict) = match &self.end {
            End::Empty => (MapRoot::EMPTY, Shown::Absent),
            End::State(state) => (leaf(key, state), Shown::Present(*state)),
            End::Other { key: other, state } => {
                let on_our_path = (0..depth).all(|bit| other.bit(bit) == key.bit(bit));
                if other == key || !on_our_path {
                    return Err(MapProofError::OtherPath);
                }
                (leaf(other, state), Shown::Absent)
            }
        };
        let way_up = (0..depth).rev().zip(&self.siblings);
        let top = way_up.fold(
            bottom,
            |below, (bit, sibling)| {
                if key.bit(bit) { inner(sibling, &below) } else { inner(&below, sibling) }
            },
        );
        if top == *root { Ok(verdict) } else { Err(MapProofError::Root) }
    }
}

impl Encode for End {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        match self {
            Self::Empty => 0_u8.encode(to),
            Self::State(state) => (1_u8, state).encode(to),
            Self::Other { key, state } => (2_u8, key, state).encode(to),
        }
    }
}
impl<C> Decode<C> for End {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, DecodeError> {
        match u8::decode(from)? {
            0 => Ok(Self::Empty),
            1 => Ok(Self::State(StateHash::decode(from)?)),
            2 => Ok(Self::Other { key: MapKey::decode(from)?, state: StateHash::decode(from)? }),
            other => Err(refuse(format_args!("{other} is no end of a path in the map"))),
        }
    }
}
bincode::impl_borrow_decode!(End);

impl Encode for MapProof {
    fn encode<E: Encoder>(&self, to: &mut E) -> Result<(), EncodeError> {
        self.end.encode(to)?;
        let depth = self.siblings.len();
        u16::try_from(depth).map_err(|_| EncodeError::Other("a path is longer than a key"))?.encode(to)?;
        for eight in self.siblings.chunks(8) {
            let bits = eight.iter().zip((0..8).rev());
            bits.fold(0_u8, |byte, (sibling, bit)| byte | u8::from(*sibling != MapRoot::EMPTY) << bit).encode(to)?;
        }
        self.siblings.iter().filter(|sibling| **sibling != MapRoot::EMPTY).try_for_each(|sibling| sibling.encode(to))
    }
}
impl<C> Decode<C> for MapProof {
    fn decode<D: Decoder<Context = C>>(from: &mut D) -> Result<Self, DecodeError> {
        let end = End::decode(from)?;
        let depth = usize::from(u16::decode(from)?);
        if depth > KEY_BITS {
            return Err(refuse(format_args!("a path of {depth} steps is longer than a key")));
        }
        let mut written = Vec::with_capacity(KEY_BITS);
        for _ in 0..depth.div_ceil(8) {
            let byte = u8::decode(from)?;
            written.extend((0..8).rev().map(|bit| byte >> bit & 1 == 1));
        }
        if written.split_off(depth).contains(&true) {
            return Err(refuse("the bitmap goes on beyond the path"));
        }
        let mut siblings = Vec::with_capacity(depth);
        for written in written {
            siblings.push(if written { MapRoot::decode(from)? } else { MapRoot::EMPTY });
            if written && siblings.last() == Some(&MapRoot::EMPTY) {
                return Err(refuse("an empty sibling is written out"));
            }
        }
        Ok(Self::new(siblings, end))
    }
}
bincode::impl_borrow_decode!(MapProof);
