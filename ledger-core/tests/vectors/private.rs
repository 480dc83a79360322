//! Vectors of what hides plaintext: subjects and records.

use crate::{File, hex};
use ledger_core::annex::Uscc;
use ledger_core::codec;
use ledger_core::crypto::{NetworkId, Suite};
use ledger_core::fixture::vrf_key;
use ledger_core::lookup::Alpha;
use ledger_core::record::{Caller, Change, Extension, Record, RecordKind, RecordSecret, Slot};
use serde_json::{Value, json};

const SUITE: Suite = Suite::Ed25519Sha256;
const USCC: &str = "91370102MAFAKE019M";

fn subject(name: &str, contract: Option<&str>) -> Value {
    let network = NetworkId([3; 32]);
    let alpha = match contract {
        Some(number) => Alpha::contract(SUITE, USCC, number),
        None => Alpha::employer(SUITE, USCC),
    }
    .unwrap();
    let (subject, proof) = vrf_key().subject_of(&network, &alpha);
    json!({
        "name": name,
        "kind": "subject",
        "network": network.to_string(),
        "public_key": vrf_key().public().to_string(),
        "employer": USCC,
        "contract": contract,
        "alpha": hex(alpha.as_bytes()),
        "proof": proof.to_string(),
        "subject": subject.to_string(),
    })
}

fn refused_subject() -> Value {
    let mut case = subject("a proof for another contract", Some("LD-2025-0001"));
    case["contract"] = json!("LD-2025-0002");
    case["alpha"] = json!(hex(Alpha::contract(SUITE, USCC, "LD-2025-0002").unwrap().as_bytes()));
    case["error"] = json!("the proof does not show this subject");
    case
}

fn record(name: &str, record: &Record, reveal: impl Fn(&Slot) -> bool) -> Value {
    let secret = RecordSecret::from_bytes([0x5e; 32]);
    let slots: Vec<Value> =
        record.slots().map(|(slot, value)| json!({ "name": slot.name(), "value": value.map(hex) })).collect();
    let disclosure = record.disclose(&secret, SUITE, reveal);
    json!({
        "name": name,
        "kind": "record",
        "record_kind": record.kind().number(),
        "version": u8::from(record.version()),
        "secret": hex(secret.as_bytes()),
        "data_key": hex(secret.data_key(SUITE).as_ref()),
        "slots": slots,
        "commitment": record.commitment(&secret, SUITE).to_string(),
        "disclosure": hex(codec::encode(&disclosure)),
    })
}

pub(crate) fn files() -> Vec<File> {
    let extension = |changes: Vec<Change>| Extension {
        employer: Uscc::parse(USCC).unwrap(),
        contract_no: Some(codec::Text::new("LD-2025-0001").unwrap()),
        reason: Some(codec::Text::new("姓名有误").unwrap()),
        date: None,
        changes: codec::List::new(changes).unwrap(),
        files: codec::List::default(),
    };
    let change =
        Change { field: codec::Text::new("worker_name").unwrap(), value: Some(codec::Text::new("测试甲").unwrap()) };
    let caller = Caller { platform: Some(codec::Text::new("test-platform").unwrap()), signature: None };
    let of = |kind, changes| Record::of_extension(kind, &extension(changes), b"{}", &caller).unwrap();
    let correct = of(RecordKind::Correct, vec![change]);
    let void = of(RecordKind::Void, vec![]);
    let name = |wanted: &'static str| move |slot: &Slot| slot.name() == wanted;
    vec![
        File {
            name: "subjects",
            about: "VRF inputs and proofs, and the subjects that they give. Format, section 4.",
            cases: vec![
                subject("a contract", Some("LD-2025-0001")),
                subject("a contract whose number is not ASCII", Some("劳动〔2025〕第7号")),
                subject("an employer", None),
                refused_subject(),
            ],
        },
        File {
            name: "records",
            about: "Records with their secret, commitment and a disclosure of some slots. Format, section 5.",
            cases: vec![
                record("a correction, its reason disclosed", &correct, name("reason")),
                record("a correction, nothing disclosed", &correct, |_| false),
                record("a void, the absence of its date disclosed", &void, name("date")),
                record("a void, everything disclosed", &void, |_| true),
            ],
        },
    ]
}
