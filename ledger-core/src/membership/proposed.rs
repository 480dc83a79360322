//! Members, nodes and keys as a change of governance writes them, with keys as bytes: what a proposer makes of his own.
//! Whoever reads a change needs none of it.

use super::{Key, KeyBytes, MAX_KEYS, Member, Node, NodeKey};
use crate::codec::List;
use crate::crypto::{PublicKey, Suite};

impl From<PublicKey> for KeyBytes {
    fn from(key: PublicKey) -> Self {
        Self(*key.as_bytes())
    }
}

impl From<PublicKey> for Key {
    fn from(key: PublicKey) -> Self {
        Self { suite: Suite::Ed25519Sha256, key }
    }
}

impl From<Key> for Key<KeyBytes> {
    fn from(from: Key) -> Self {
        Self { suite: from.suite, key: from.key.into() }
    }
}

impl From<&NodeKey> for NodeKey<KeyBytes> {
    fn from(from: &NodeKey) -> Self {
        Self { purpose: from.purpose, suite: from.suite, key: from.key.into() }
    }
}

impl From<List<NodeKey, MAX_KEYS>> for List<NodeKey<KeyBytes>, MAX_KEYS> {
    fn from(from: List<NodeKey, MAX_KEYS>) -> Self {
        from.map(|(_, key)| NodeKey::from(key))
    }
}

impl From<Node> for Node<KeyBytes> {
    fn from(from: Node) -> Self {
        Self { number: from.number, power: from.power, keys: from.keys.into() }
    }
}

impl From<Member> for Member<KeyBytes> {
    fn from(from: Member) -> Self {
        let Member { code, name_zh, name_en, governance, vault, nodes } = from;
        let nodes = nodes.map(|(_, node)| Node::from(node.clone()));
        Self { code, name_zh, name_en, governance: governance.into(), vault, nodes }
    }
}
