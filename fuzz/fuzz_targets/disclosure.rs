//! Disclosures that are almost true: bytes over the true one. What verifies reveals what the record holds.
#![no_main]

use ledger_core::annex::{Config, Date, parse};
use ledger_core::codec::{decode, encode};
use ledger_core::crypto::Suite;
use ledger_core::names::Commitment;
use ledger_core::record::{Caller, Disclosure, Record, RecordSecret};
use std::sync::LazyLock;

const SUITE: Suite = Suite::Ed25519Sha256;

const MESSAGE: &str = r#"{"unit_uscc":"91370102MAFAKE019M","终止合同信息列表":[{"合同编号":"LQ-1","终止情形":"1",
    "合同终止时间":"20250630","告知时间":"20250601","合同文件":[{"role":"certificate","size":"9","media_type":"text/plain",
    "sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}]}"#;

static RECORD: LazyLock<(Record, Commitment)> = LazyLock::new(|| {
    let config = Config::new(Date::parse("20261124").expect("a day"));
    let message = parse(MESSAGE.as_bytes(), None, &config).expect("a message");
    let outcome = message.outcomes.first().expect("an item");
    let raw = MESSAGE.as_bytes().get(outcome.span.clone()).expect("a span lies within the message");
    let caller = Caller { platform: None, signature: None };
    let record = Record::of_item(outcome.item.as_ref().expect("it is accepted"), raw, &caller).expect("its slots");
    let commitment = record.commitment(&secret(), SUITE);
    (record, commitment)
});

fn secret() -> RecordSecret {
    RecordSecret::from_bytes([1; 32])
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(value) = decode::<Disclosure>(data) {
        assert_eq!(encode(&value), data);
        check(&value);
    }
    let [chosen, high, low, patch @ ..] = data else { return };
    let (record, commitment) = &*RECORD;
    let disclosure = record.disclose(&secret(), SUITE, |slot| chosen >> (slot.name().len() % 8) & 1 == 1);
    assert!(disclosure.verify(commitment, SUITE).is_ok());
    let mut bytes = encode(&disclosure);
    let from = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
    bytes.iter_mut().skip(from).zip(patch).for_each(|(to, from)| *to = *from);
    if let Ok(value) = decode::<Disclosure>(&bytes) {
        check(&value);
    }
});

fn check(disclosure: &Disclosure) {
    let (record, commitment) = &*RECORD;
    if let Ok(revealed) = disclosure.verify(commitment, SUITE) {
        let slots: Vec<_> = record.slots().collect();
        assert!(revealed.iter().all(|slot| slots.contains(slot)));
    }
}
