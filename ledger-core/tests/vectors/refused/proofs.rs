//! Proofs of the contract map and disclosures that do not lead to what they should.

use super::{Cases, replaced, with};
use crate::private::arrival;
use ledger_core::annex::Uscc;
use ledger_core::codec::{self, List};
use ledger_core::contract::StateHash;
use ledger_core::crypto::Suite;
use ledger_core::event::{Action, ContractEvent};
use ledger_core::fixture::{state, subject};
use ledger_core::map::{ContractMap, MapKey, MapProof};
use ledger_core::names::{Commitment, MapRoot, RecordKind, SchemaVersion};
use ledger_core::record::{Disclosure, Extension, Record, RecordSecret, Reveal};
use serde_json::{Value, json};

pub(super) fn add(cases: &mut Vec<Value>) {
    proofs(&mut Cases { kind: "proof", cases });
    disclosures(&mut Cases { kind: "disclosure", cases });
}

fn proofs(c: &mut Cases<'_>) {
    let key = |number| MapKey::of(&subject(number));
    let mut map = ContractMap::default();
    map.set((0..5).map(|number| (key(number), state(number))).collect());
    let mut refuse = |name: &str, bytes: Vec<u8>, key: MapKey, root: MapRoot| {
        let why = codec::decode::<MapProof>(&bytes).unwrap().verify(&root, &key).expect_err(name);
        let case = c.push(name, bytes, why);
        case["key"] = json!(key.to_string());
        case["root"] = json!(root.to_string());
    };
    let root = map.root();
    let present = codec::encode(&map.prove(&key(0)));
    refuse("a proof under another root", present.clone(), key(0), MapRoot([1; 32]));
    refuse("a proof for another key", present.clone(), key(9), root);
    let (state_hash, other) = (state(0).hash(), StateHash([1; 32]));
    refuse("a proof of another state", replaced(&present, &state_hash.0, &other.0), key(0), root);
    refuse("a proof that a key is absent that is there", [&[0][..], &present[33..]].concat(), key(0), root);
    let another = [&[2][..], &key(0).0, &state_hash.0, &present[33..]].concat();
    refuse("the key itself as the other one", another.clone(), key(0), root);
    let far = (10..).map(key).find(|far| far.0[0] >> 7 != key(0).0[0] >> 7).unwrap();
    refuse("another key that is not on the path", another, far, root);
}

fn disclosures(c: &mut Cases<'_>) {
    let extension = Extension {
        employer: Uscc::parse("91370102MAFAKE019M").unwrap(),
        contract_no: Some(codec::Text::new("LD-2025-0001").unwrap()),
        reason: None,
        date: None,
        reason_code: None,
        document_no: None,
        until: None,
        changes: List::default(),
        files: List::default(),
    };
    let record = Record::of_extension(RecordKind::Suspend, &extension, b"{}", &arrival(None)).unwrap();
    let secret = RecordSecret::from_bytes([0x5e; 32]);
    let suite = Suite::Ed25519Sha256;
    let commitment = record.commitment(&secret, suite);
    let own = ContractEvent { version: SchemaVersion::V1, subject: subject(1), commitment, action: Action::Suspend };
    let good = record.disclose(&secret, suite, Reveal::Named(&["contract_no", "reason"])).unwrap();
    assert!(good.verify(&own, suite).is_ok());
    let bytes = codec::encode(&good);
    let mut refuse = |name: &str, bytes: Vec<u8>, event: &ContractEvent| {
        let why = codec::decode::<Disclosure>(&bytes).unwrap().verify(event, suite).expect_err(name);
        let case = c.push(name, bytes, why);
        case["event_kind"] = json!(event.kind().number());
        case["event_version"] = json!(u8::from(event.version));
        case["commitment"] = json!(event.commitment.to_string());
    };
    let of = |action| ContractEvent { action, ..own.clone() };
    let resume = RecordKind::Resume.number();
    refuse("of another record", bytes.clone(), &ContractEvent { commitment: Commitment([1; 32]), ..own.clone() });
    refuse("under another kind", with(&bytes, 0, resume), &of(Action::Resume));
    refuse("for an event of another kind", bytes.clone(), &of(Action::Resume));
    let tomorrow = ContractEvent { version: SchemaVersion::try_from(2).unwrap(), ..own.clone() };
    refuse("for an event of another schema version", bytes.clone(), &tomorrow);
    refuse("another value", replaced(&bytes, b"LD-2025-0001", b"LD-2025-0002"), &own);
    // The hidden slot 0, then the tag, the salt and the option of slot 1.
    let option = 6 + 33 + 33;
    let absent = [&bytes[..option], &[0], &bytes[option + 1 + 4 + 12..]].concat();
    refuse("an absence where there is a value", absent, &own);
    // Slot 2 is revealed to be absent; an empty value is another thing.
    let reason = option + 1 + 4 + 12 + 33;
    let empty = [&bytes[..reason], &[1, 0, 0, 0, 0], &bytes[reason + 1..]].concat();
    refuse("an empty value where there is none", empty, &own);
    refuse("a salt of its own", with(&bytes, 6 + 33 + 1, bytes[6 + 33 + 1] ^ 1), &own);

    let mut count = |name: &str, slots: Vec<_>| {
        let disclosure = Disclosure { slots: List::new(slots).unwrap(), ..good.clone() };
        let why = disclosure.verify(&own, suite).expect_err(name);
        let case = c.push(name, codec::encode(&disclosure), why);
        case["event_kind"] = json!(own.kind().number());
        case["event_version"] = json!(u8::from(own.version));
        case["commitment"] = json!(own.commitment.to_string());
    };
    count("a slot left out", good.slots[1..].to_vec());
    count("a slot too many", [&good.slots[..], &good.slots[..1]].concat());
}
