//! The first byte chooses a type, the others are read as it: they are refused, or they are the one encoding of a
//! value. The types are those that have no target of their own; with them the readers of JSON.
#![no_main]

use bincode::{Decode, Encode};
use ledger_core::annex::CodeTables;
use ledger_core::archive::{Below, StateRows};
use ledger_core::audit::Bookmark;
use ledger_core::block::{Body, Header};
use ledger_core::certificate::{ConsensusProposal, Parts, ValidatorProof, Vote};
use ledger_core::chain::Tip;
use ledger_core::codec;
use ledger_core::genesis::{Application, Genesis, Predecessor};
use ledger_core::governance::{Change, Control};
use ledger_core::history::CertifiedChange;
use ledger_core::membership::{Member, Membership, Parameters, TrustPolicy};
use ledger_core::merkle::{ConsistencyProof, Frontier, InclusionProof};
use ledger_core::record::{Changes, Record};
use ledger_core::submission::Frame;
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

fn binary<T: Encode + Decode<()>>(data: &[u8]) {
    if let Ok(value) = codec::decode::<T>(data) {
        assert_eq!(codec::encode(&value), data);
    }
}

/// What is read is written so that it is read again as the same.
fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(data).ok()?;
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&written).expect("what was written can be read"), value);
    Some(value)
}

/// A genesis in JSON also has its one encoding.
fn json_genesis(data: &[u8]) {
    if let Ok(genesis) = Genesis::from_json(data) {
        let written = serde_json::to_vec(&genesis).expect("what was read can be written");
        assert_eq!(Genesis::from_json(&written).expect("what was written can be read"), genesis);
        // A chain can begin with it, and by no other membership.
        let tip = Tip::genesis(&genesis);
        assert_eq!((tip.chain(), tip.membership_hash()), (genesis.chain_id(), genesis.membership.hash()));
        assert_eq!(codec::decode::<Genesis>(&codec::encode(&genesis)).expect("its encoding"), genesis);
    }
}

/// Numbered by place: a new type goes to the end, so that kept inputs stay what they are.
const READERS: &[fn(&[u8])] = &[
    binary::<Record>,
    binary::<StateRows>,
    binary::<Control>,
    binary::<Change>,
    binary::<Membership>,
    binary::<Frontier>,
    binary::<InclusionProof>,
    binary::<ConsistencyProof>,
    binary::<Vote>,
    binary::<ConsensusProposal>,
    binary::<Parts>,
    binary::<ValidatorProof>,
    binary::<Frame>,
    binary::<Header>,
    binary::<Body>,
    binary::<Below>,
    binary::<CertifiedChange>,
    binary::<Member>,
    binary::<Parameters>,
    binary::<Application>,
    binary::<Predecessor>,
    binary::<TrustPolicy>,
    binary::<Changes>,
    json_genesis,
    |data| drop(json::<Bookmark>(data)),
    |data| drop(json::<CodeTables>(data)),
    |data| drop(json::<Application>(data)),
];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((kind, data)) = data.split_first() else { return };
    if let Some(read) = READERS.get(usize::from(*kind)) {
        read(data);
    }
});
