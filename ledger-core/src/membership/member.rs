//! Members, nodes and keys. In a membership keys are points; in a change they are bytes that nobody has looked
//! into yet (format.md §9).

use super::{MAX_KEYS, MAX_NODES};
use crate::codec::{List, Text, numbered};
use crate::crypto::{KeyBytes, KeyError, PublicKey, Suite, hash_newtype};
use crate::names::{MemberCode, NodeNumber};
use bincode::{Decode, Encode};
use serde::{Deserialize, Serialize};
use thiserror::Error;

hash_newtype! {
    /// X25519 key to which vault deliveries and the VRF key are sealed (format.md §8).
    VaultKey
}

/// A province or a city (format.md §8).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[bincode(borrow_decode_bounds = "K: bincode::BorrowDecode<'__de, __Context> + Decode<__Context>")]
#[serde(deny_unknown_fields)]
pub struct Member<K = PublicKey> {
    /// Division code.
    pub code: MemberCode,
    /// Name in Chinese.
    pub name_zh: Text<96>,
    /// Name in English.
    pub name_en: Text<96>,
    /// Offline key that approves changes of governance.
    pub governance: Key<K>,
    /// Key to which deliveries are sealed.
    pub vault: VaultKey,
    /// Its nodes, in rising number.
    pub nodes: List<Node<K>, MAX_NODES>,
}

/// A node: a validator where it has voting power, a replica where it has none (format.md §8).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[bincode(borrow_decode_bounds = "K: bincode::BorrowDecode<'__de, __Context> + Decode<__Context>")]
#[serde(deny_unknown_fields)]
pub struct Node<K = PublicKey> {
    /// Never used twice.
    pub number: NodeNumber,
    /// Voting power.
    pub power: u32,
    /// Its keys, in rising purpose, one each.
    pub keys: List<NodeKey<K>, MAX_KEYS>,
}

/// A public key with its suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key<K = PublicKey> {
    /// The suite, 1 for Ed25519.
    pub suite: Suite,
    /// The key.
    pub key: K,
}

/// A key of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeKey<K = PublicKey> {
    /// What it is for.
    pub purpose: Purpose,
    /// The suite, 1 for Ed25519.
    pub suite: Suite,
    /// The key.
    pub key: K,
}

numbered! {
    /// What a node's key is for (format.md §8); a node has a key for each.
    Purpose, UnknownPurpose,
    /// Votes and proposals.
    1 => Consensus "consensus",
    /// Submissions.
    2 => Submission "submission",
    /// The transport identity.
    3 => Peer "peer",
    /// Checkpoints as signed notes.
    4 => Note "note",
}

/// No purpose has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} is no purpose of a key")]
pub struct UnknownPurpose(pub u8);

/// A vault key to which nothing can be sealed, or that has a second name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum VaultKeyError {
    /// A number at or above 2²⁵⁵ − 19, or the top bit set.
    #[error("it is not in its canonical encoding")]
    NotCanonical,
    /// A point of low order: everybody can open what is sealed to it.
    #[error("it is a point of low order")]
    LowOrder,
}

/// 2²⁵⁵ − 19, most significant byte first.
const PRIME: [u8; 32] = {
    let mut prime = [0xff; 32];
    prime[0] = 0x7f;
    prime[31] = 0xed;
    prime
};

/// The points of low order that have a canonical encoding, most significant byte first (format.md §8).
const LOW_ORDER: [[u8; 32]; 5] = {
    let mut one = [0; 32];
    one[31] = 1;
    let mut minus_one = PRIME;
    minus_one[31] = 0xec;
    [
        [0; 32],
        one,
        minus_one,
        [
            0x00, 0xb8, 0x49, 0x5f, 0x16, 0x05, 0x62, 0x86, 0xfd, 0xb1, 0x32, 0x9c, 0xeb, 0x8d, 0x09, 0xda, 0x6a, 0xc4,
            0x9f, 0xf1, 0xfa, 0xe3, 0x56, 0x16, 0xae, 0xb8, 0x41, 0x3b, 0x7c, 0x7a, 0xeb, 0xe0,
        ],
        [
            0x57, 0x11, 0x9f, 0xd0, 0xdd, 0x4e, 0x22, 0xd8, 0x86, 0x8e, 0x1c, 0x58, 0xc4, 0x5c, 0x44, 0x04, 0x5b, 0xef,
            0x83, 0x9c, 0x55, 0xb1, 0xd0, 0xb1, 0x24, 0x8c, 0x50, 0xa3, 0xbc, 0x95, 0x9c, 0x5f,
        ],
    ]
};

impl VaultKey {
    /// Canonical and not of low order (format.md §8).
    ///
    /// # Errors
    /// [`VaultKeyError`].
    pub fn check(&self) -> Result<(), VaultKeyError> {
        let mut number = self.0;
        number.reverse();
        if number >= PRIME {
            return Err(VaultKeyError::NotCanonical);
        }
        if LOW_ORDER.contains(&number) { Err(VaultKeyError::LowOrder) } else { Ok(()) }
    }
}

impl KeyBytes {
    /// The key that the bytes are.
    ///
    /// # Errors
    /// [`KeyError`], when they are none.
    pub fn parse(&self) -> Result<PublicKey, KeyError> {
        PublicKey::from_bytes(&self.0)
    }
}

impl Key<KeyBytes> {
    pub(crate) fn parse(&self) -> Result<Key, KeyError> {
        Ok(Key { suite: self.suite, key: self.key.parse()? })
    }
}

impl NodeKey<KeyBytes> {
    pub(crate) fn parse(&self) -> Result<NodeKey, KeyError> {
        Ok(NodeKey { purpose: self.purpose, suite: self.suite, key: self.key.parse()? })
    }
}

impl<K> Node<K> {
    /// The key for a purpose. A node of a [`Membership`](super::Membership) has one for each.
    #[must_use]
    pub fn key(&self, purpose: Purpose) -> Option<&K> {
        self.keys.iter().find(|key| key.purpose == purpose).map(|key| &key.key)
    }
}

impl Node<KeyBytes> {
    pub(crate) fn parse(&self) -> Result<Node, KeyError> {
        Ok(Node { number: self.number, power: self.power, keys: self.keys.try_map(NodeKey::parse)? })
    }
}

impl<K> Member<K> {
    /// Voting power of its nodes.
    #[must_use]
    pub fn power(&self) -> u64 {
        self.nodes.iter().map(|node| u64::from(node.power)).sum()
    }
}

impl Member<KeyBytes> {
    pub(crate) fn parse(&self) -> Result<Member, KeyError> {
        Ok(Member {
            code: self.code,
            name_zh: self.name_zh.clone(),
            name_en: self.name_en.clone(),
            governance: self.governance.parse()?,
            vault: self.vault,
            nodes: self.nodes.try_map(Node::parse)?,
        })
    }
}
