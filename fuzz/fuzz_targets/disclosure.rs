//! Disclosures that are almost true: bytes over the true one. What verifies reveals what the record holds.
#![no_main]

use ledger_core::annex::{Config, Date, parse};
use ledger_core::codec::Text;
use ledger_core::codec::{decode, encode};
use ledger_core::crypto::Suite;
use ledger_core::event::{Action, ContractEvent};
use ledger_core::names::{Subject, Timestamp};
use ledger_core::record::{Arrival, Disclosure, Record, RecordSecret, Reveal};
use std::sync::LazyLock;

const SUITE: Suite = Suite::Ed25519Sha256;

const MESSAGE: &str = r#"{"unit_uscc":"91370102MAFAKE019M","终止合同信息列表":[{"合同编号":"LQ-1","终止情形":"1",
    "合同终止时间":"20250630","告知时间":"20250601","合同文件":[{"role":"certificate","size":"9","media_type":"text/plain",
    "sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}]}"#;

static RECORD: LazyLock<(Record, ContractEvent)> = LazyLock::new(|| {
    let config = Config::new(Date::parse("20261124").expect("a day"));
    let message = parse(MESSAGE.as_bytes(), None, &config).expect("a message");
    let outcome = message.outcomes.first().expect("an item");
    let raw = MESSAGE.as_bytes().get(outcome.span.clone()).expect("a span lies within the message");
    let tables = Text::new("1").expect("a short text");
    let arrival = Arrival { received: Timestamp(1), tables, platform: None, signature: None };
    let record = Record::of_item(outcome.item.as_ref().expect("it is accepted"), raw, &arrival).expect("its slots");
    let event = ContractEvent {
        version: record.version().into(),
        subject: Subject([2; 32]),
        commitment: record.commitment(&secret(), SUITE),
        action: Action::Terminate,
    };
    (record, event)
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
    let (record, event) = &*RECORD;
    let names: Vec<String> = record.slots().map(|(slot, _)| slot.name()).collect();
    let named: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| chosen >> (name.len() % 8) & 1 == 1).collect();
    let disclosure = record.disclose(&secret(), SUITE, Reveal::Named(&named)).expect("its own slots");
    assert!(disclosure.verify(event, SUITE).is_ok());
    let mut bytes = encode(&disclosure);
    let from = usize::from(u16::from_be_bytes([*high, *low])) % bytes.len();
    bytes.iter_mut().skip(from).zip(patch).for_each(|(to, from)| *to = *from);
    if let Ok(value) = decode::<Disclosure>(&bytes) {
        check(&value);
    }
});

fn check(disclosure: &Disclosure) {
    let (record, event) = &*RECORD;
    if let Ok(revealed) = disclosure.verify(event, SUITE) {
        let slots: Vec<_> = record.slots().collect();
        assert!(revealed.iter().all(|slot| slots.contains(slot)));
    }
}
