//! Vectors of what hides plaintext: subjects and records.

use crate::{File, annex, hex, unhex};
use ledger_core::annex::Uscc;
use ledger_core::codec;
use ledger_core::crypto::{NetworkId, Suite};
use ledger_core::fixture::vrf_key;
use ledger_core::lookup::{Alpha, VrfProof, VrfPublicKey, VrfSecretKey};
use ledger_core::names::{RecordKind, Timestamp};
use ledger_core::record::{Arrival, Change, Extension, Record, RecordSecret, Reveal};
use serde_json::{Value, json};

const SUITE: Suite = Suite::Ed25519Sha256;
const USCC: &str = "91370102MAFAKE019M";
const NUMBER: &str = "LD-2025-0001";
/// Not the encoding of an element of ristretto255: its lowest bit is set.
pub(crate) const NO_POINT: &str = "0101010101010101010101010101010101010101010101010101010101010101";
/// The neutral element of ristretto255.
pub(crate) const NEUTRAL: &str = "0000000000000000000000000000000000000000000000000000000000000000";

pub(crate) fn subject(name: &str, contract: Option<&str>) -> Value {
    let network = NetworkId([3; 32]);
    let alpha = match contract {
        Some(number) => Alpha::contract(SUITE, USCC, number),
        None => Alpha::employer(SUITE, USCC),
    }
    .unwrap();
    let (subject, proof) = (vrf_key().subject(&network, &alpha), vrf_key().prove(&alpha));
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

/// A subject that its proof does not show, after an edit of the case.
pub(crate) fn refused_subject(name: &str, edit: impl Fn(&mut Value)) -> Value {
    let mut case = subject(name, Some(NUMBER));
    edit(&mut case);
    let text = |field: &str| case[field].as_str().unwrap();
    let alpha = Alpha::contract(SUITE, USCC, text("contract")).unwrap();
    let key = unhex(text("public_key")).try_into().unwrap();
    let shown = VrfPublicKey::from_bytes(&key).map_err(|why| why.to_string()).and_then(|key| {
        let proof = text("proof").parse::<VrfProof>().map_err(|why| why.to_string())?;
        key.verify(&text("network").parse().unwrap(), &alpha, &proof).map_err(|why| why.to_string())
    });
    let error = match shown {
        Ok(shown) if shown.to_string() == text("subject") => panic!("{name}: it is shown"),
        Ok(_) => "the proof shows another subject".to_owned(),
        Err(why) => why,
    };
    case["error"] = json!(error);
    case
}

fn refused_subjects() -> Vec<Value> {
    let spoilt = |field: &'static str, at: usize, with: &'static str| {
        move |case: &mut Value| {
            let text = case[field].as_str().unwrap();
            case[field] = json!([&text[..at], with, &text[at + with.len()..]].concat());
        }
    };
    let not_reduced = "edd3f55c1a631258d69cf7a2def9de140000000000000000000000000000001f";
    let other = VrfSecretKey::from_random(&[7; 32]).unwrap().public().to_string();
    vec![
        refused_subject("a proof for another contract", |case| {
            case["contract"] = json!("LD-2025-0002");
            case["alpha"] = json!(hex(Alpha::contract(SUITE, USCC, "LD-2025-0002").unwrap().as_bytes()));
        }),
        refused_subject("a proof by another key", move |case| case["public_key"] = json!(other)),
        refused_subject("the subject in another network", spoilt("network", 0, "04")),
        refused_subject("a proof whose Gamma is no point", spoilt("proof", 0, NO_POINT)),
        refused_subject("a proof with another c", spoilt("proof", 64, "0123456789abcdef")),
        refused_subject("a proof whose s is not reduced", spoilt("proof", 96, not_reduced)),
        refused_subject("a key that is no point", spoilt("public_key", 0, NO_POINT)),
        refused_subject("a key that is the neutral point", spoilt("public_key", 0, NEUTRAL)),
    ]
}

pub(crate) fn record(name: &str, record: &Record, reveal: Reveal<'_>) -> Value {
    let secret = RecordSecret::from_bytes([0x5e; 32]);
    let slots: Vec<Value> =
        record.slots().map(|(slot, value)| json!({ "name": slot.name(), "value": value.map(hex) })).collect();
    let disclosure = record.disclose(&secret, SUITE, reveal).unwrap();
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

/// From a test platform, on 24 November 2025, judged by version 1 of the tables.
pub(crate) fn arrival(signature: Option<Vec<u8>>) -> Arrival {
    Arrival {
        received: Timestamp(1_764_000_000_000),
        tables: codec::Text::new("1").unwrap(),
        platform: Some(codec::Text::new("test-platform").unwrap()),
        signature: signature.map(|bytes| codec::Bytes::new(bytes).unwrap()),
    }
}

pub(crate) fn files() -> Vec<File> {
    let extension = |changes: Vec<Change>| Extension {
        employer: Uscc::parse(USCC).unwrap(),
        contract_no: Some(codec::Text::new("LD-2025-0001").unwrap()),
        reason: Some(codec::Text::new("姓名有误").unwrap()),
        date: None,
        reason_code: Some(codec::Text::new("R-1").unwrap()),
        document_no: Some(codec::Text::new("鲁虚构〔2025〕7号").unwrap()),
        until: None,
        changes: codec::List::new(changes).unwrap(),
        files: codec::List::default(),
    };
    let change =
        Change { field: codec::Text::new("worker_name").unwrap(), value: Some(codec::Text::new("测试甲").unwrap()) };
    let arrival = arrival(None);
    let of = |kind, changes| Record::of_extension(kind, &extension(changes), b"{}", &arrival).unwrap();
    let correct = of(RecordKind::Correct, vec![change]);
    let void = of(RecordKind::Void, vec![]);
    vec![
        File {
            name: "subjects",
            about: "VRF inputs and proofs, and the subjects that they give. Format, section 4.",
            cases: [
                subject("a contract", Some(NUMBER)),
                subject("a contract whose number is not ASCII", Some("劳动〔2025〕第7号")),
                subject("an employer", None),
            ]
            .into_iter()
            .chain(refused_subjects())
            .collect(),
        },
        File {
            name: "records",
            about: "Records with their secret, commitment and a disclosure of some slots. Format, section 5.",
            cases: [
                record("a correction, its reason disclosed", &correct, Reveal::Named(&["reason"])),
                record("a correction, nothing disclosed", &correct, Reveal::Named(&[])),
                record("a void, the absence of its date disclosed", &void, Reveal::Named(&["date"])),
                record("a void, everything disclosed but raw_sha256", &void, Reveal::All),
            ]
            .into_iter()
            .chain(annex::records())
            .collect(),
        },
    ]
}
