use super::*;
use crate::annex::{Config, MessageKind, parse};
use crate::codec::{decode, encode};
use crate::crypto::hex;
use crate::names::UnknownKind;
use proptest::prelude::*;

const SUITE: Suite = Suite::Ed25519Sha256;

fn secret(seed: u8) -> RecordSecret {
    RecordSecret::from_bytes([seed; 32])
}

/// A record of any kind with the given values, absent where there are too few.
fn record(kind: RecordKind, values: &[Option<Vec<u8>>]) -> Record {
    let values = values.iter().cloned().chain(std::iter::repeat(None));
    let values = values.take(slots(kind, Version::V1).len()).map(|value| value.map(|v| Bytes::new(v).unwrap()));
    Record { kind, version: Version::V1, values: List::new(values.collect()).unwrap() }
}

const TERMINATION: &str = r#"{"unit_uscc":"91370102MAFAKE019M","终止合同信息列表":[{"合同编号":"LQ-1","终止情形":"1",
    "合同终止时间":"20250630","告知时间":"20250601","合同文件":[{"role":"certificate","size":"9","media_type":"text/plain",
    "sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}]}]}"#;

fn termination() -> Record {
    let config = Config::new(Date::new(2025, 11, 24).unwrap());
    let message = parse(TERMINATION.as_bytes(), None, &config).unwrap();
    let outcome = &message.outcomes[0];
    let caller = Caller { platform: Some(Text::new("platform-1").unwrap()), signature: None };
    let raw = &TERMINATION.as_bytes()[outcome.span.clone()];
    Record::of_item(outcome.item.as_ref().unwrap(), raw, &caller).unwrap()
}

fn extension() -> Extension {
    Extension {
        employer: Uscc::parse("91370102MAFAKE019M").unwrap(),
        contract_no: Some(Text::new("LQ-1").unwrap()),
        reason: Some(Text::new("姓名误写").unwrap()),
        date: Date::new(2025, 7, 1),
        changes: List::new(vec![Change {
            field: Text::new("worker_name").unwrap(),
            value: Some(Text::new("王虚构").unwrap()),
        }])
        .unwrap(),
        files: List::default(),
    }
}

#[test]
fn every_kind_has_its_slots() {
    let counts: Vec<_> = RecordKind::ALL.iter().map(|kind| (kind.number(), slots(*kind, Version::V1).len())).collect();
    let ours = [16, 17, 18, 19, 20, 21, 22, 23, 24]
        .map(|number| (number, if number % 2 == 0 && number < 19 { 16 } else { 15 }));
    assert_eq!(counts[..5], [(1, 30), (2, 19), (3, 17), (4, 17), (5, 13)]);
    assert_eq!(counts[5..], ours);
    for kind in RecordKind::ALL {
        assert_eq!(RecordKind::try_from(kind.number()), Ok(*kind));
        assert!(slots(*kind, Version::V1).len() <= MAX_SLOTS);
        let mut names: Vec<_> = slots(*kind, Version::V1).iter().map(Slot::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), slots(*kind, Version::V1).len(), "{kind:?}");
    }
    for number in [0, 6, 15, 25, 255] {
        assert_eq!(RecordKind::try_from(number), Err(UnknownKind(number)));
    }
    for kind in MessageKind::ALL {
        assert_eq!(RecordKind::from(kind).message(), Some(kind));
    }
}

#[test]
fn an_item_finds_its_slots() {
    let record = termination();
    let shown: Vec<_> = record
        .slots()
        .filter_map(|(slot, value)| Some((slot.name(), value?.to_vec())))
        .filter(|(name, _)| name != "raw_sha256" && name != "file_1")
        .map(|(name, value)| format!("{name}={}", String::from_utf8(value).unwrap()))
        .collect();
    let expected = [
        "unit_uscc=91370102MAFAKE019M",
        "contract_no=LQ-1",
        "termination_reason=1",
        "termination_date=20250630",
        "notice_date=20250601",
        "platform=platform-1",
    ];
    assert_eq!(shown, expected);
    assert_eq!(record.names(), (Some("91370102MAFAKE019M"), Some("LQ-1")));
    let (_, file) = record.slots().find(|(slot, _)| *slot == Slot::File(1)).unwrap();
    assert_eq!(&*decode::<FileDigest>(file.unwrap()).unwrap().role, "certificate");
    assert_eq!(decode(&encode(&record)), Ok(record.clone()));
    assert!(!format!("{record:?}").contains("LQ-1"));
}

#[test]
fn extensions_find_their_slots() {
    let caller = Caller::default();
    let corrected = Record::of_extension(RecordKind::Correct, &extension(), b"{}", &caller).unwrap();
    assert_eq!(corrected.text(&fields::REASON), Some("姓名误写"));
    assert_eq!(corrected.text(&fields::DATE), Some("20250701"));
    let (_, changes) = corrected.slots().find(|(slot, _)| *slot == Slot::Changes).unwrap();
    assert_eq!(decode::<Changes>(changes.unwrap()), Ok(extension().changes));
    // A suspension changes no fields, and a new contract is the annex's.
    for kind in [RecordKind::Suspend, RecordKind::New] {
        assert_eq!(Record::of_extension(kind, &extension(), b"{}", &caller), Err(RecordError::WrongKind(kind)));
    }
    let plain = Extension { changes: List::default(), ..extension() };
    for kind in RecordKind::ALL.iter().filter(|kind| kind.message().is_none()) {
        assert_eq!(Record::of_extension(*kind, &plain, b"{}", &caller).map(|record| record.kind()), Ok(*kind));
    }
}

/// Figures of an independent computation, with Python's hashlib and hmac, from the layouts drawn.
#[test]
fn fixed_bytes() {
    let record = record(RecordKind::Employer, &[Some(b"91370102MAFAKE019M".to_vec()), None, Some(Vec::new())]);
    let disclosure = record.disclose(&secret(1), SUITE, |slot| slot.is_field(&fields::UNIT_USCC));
    let Disclosed::Revealed { salt, .. } = disclosure.slots[0] else { panic!("revealed") };
    let Disclosed::Hidden { leaf } = disclosure.slots[1] else { panic!("hidden") };
    assert_eq!(salt.to_string(), "2fb127b4f7eb09fbba315826418f2b0903e86275a5c502602929482df3aa30e2");
    assert_eq!(leaf.to_string(), "36a5d389054047863b33f4f9dca03f4036dc9773ac6d345f53fda9b6580e5f4a");
    assert_eq!(
        record.commitment(&secret(1), SUITE).to_string(),
        "dcfa1942e77505bcdb4350d8336ca366e4db3493089f67f895680dbb64e6d415"
    );
    assert_eq!(hex(&*secret(1).data_key(SUITE)), "7ec224967fd3cc77e40e99573df31527556c453b9dd5aacc300e2cf8f48b23de");
}

#[test]
fn absence_and_emptiness_are_two_things() {
    let absent = record(RecordKind::Renew, &[]);
    let empty = record(RecordKind::Renew, &[Some(Vec::new())]);
    assert_ne!(absent.commitment(&secret(1), SUITE), empty.commitment(&secret(1), SUITE));
    let disclosure = absent.disclose(&secret(1), SUITE, |slot| slot.is_field(&fields::UNIT_USCC));
    let commitment = absent.commitment(&secret(1), SUITE);
    let shown: Vec<_> =
        disclosure.verify(&commitment, SUITE).unwrap().into_iter().map(|(slot, value)| (slot.name(), value)).collect();
    assert_eq!(shown, [("unit_uscc".to_owned(), None)]);
}

#[test]
fn kinds_do_not_pass_for_another() {
    // Void and suspend have the same slots.
    let void = record(RecordKind::Void, &[Some(b"91370102MAFAKE019M".to_vec())]);
    let suspend = Record { kind: RecordKind::Suspend, ..void.clone() };
    assert_ne!(void.commitment(&secret(1), SUITE), suspend.commitment(&secret(1), SUITE));
    for reveal in [true, false] {
        let disclosure = void.disclose(&secret(1), SUITE, |_| reveal);
        let posing = Disclosure { kind: RecordKind::Suspend, ..disclosure };
        assert_eq!(posing.verify(&void.commitment(&secret(1), SUITE), SUITE), Err(DisclosureError::DoesNotOpen));
    }
}

#[test]
fn slots_may_not_be_left_out_or_change_places() {
    let record = termination();
    let commitment = record.commitment(&secret(1), SUITE);
    let disclosure = record.disclose(&secret(1), SUITE, |slot| slot.is_field(&fields::TERMINATION_DATE));
    assert_eq!(disclosure.verify(&commitment, SUITE).unwrap().len(), 1);
    let changed = |change: &dyn Fn(&mut Vec<Disclosed>)| {
        let mut slots = disclosure.slots.clone().into_vec();
        change(&mut slots);
        let slots = List::new(slots).unwrap();
        Disclosure { slots, ..disclosure.clone() }.verify(&commitment, SUITE).unwrap_err()
    };
    let short = DisclosureError::WrongCount { expected: 17, found: 16 };
    assert_eq!(changed(&|slots| drop(slots.pop())), short);
    assert_eq!(changed(&|slots| slots.swap(0, 1)), DisclosureError::DoesNotOpen);
    assert_eq!(changed(&|slots| slots.swap(3, 4)), DisclosureError::DoesNotOpen);
}

#[test]
fn secrets_do_not_print_themselves() {
    assert_eq!(format!("{:?}", secret(0x5a)), "RecordSecret(not shown)");
}

#[test]
fn decoding_is_bounded() {
    let mut bytes = encode(&record(RecordKind::New, &[]));
    bytes.truncate(6);
    assert!(decode::<Record>(&bytes).is_err());
    assert!(decode::<Record>(&[1, 1, 0, 0, 0, 0]).is_err(), "a record without its slots");
    assert!(decode::<Record>(&[1, 2, 0, 0, 0, 0]).is_err(), "a version of tomorrow");
    assert!(decode::<Disclosure>(&[1, 1, 0, 0, 0, 65]).is_err());
    assert!(decode::<Disclosed>(&[2; 33]).is_err());
}

#[test]
fn a_disclosure_is_also_json() {
    let disclosure = termination().disclose(&secret(1), SUITE, |slot| matches!(slot, Slot::Field(_)));
    let text = serde_json::to_string(&disclosure).unwrap();
    assert!(text.starts_with(r#"{"kind":"terminate","version":1,"slots":[{"revealed":{"salt":""#), "{text}");
    assert_eq!(serde_json::from_str::<Disclosure>(&text).unwrap(), disclosure);
    assert!(serde_json::from_str::<Disclosure>(&text.replace("\"version\":1", "\"version\":2")).is_err());
}

fn any_record() -> impl Strategy<Value = Record> {
    let values = proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)), 0..30);
    (proptest::sample::select(RecordKind::ALL), values).prop_map(|(kind, values)| record(kind, &values))
}

proptest! {
    #[test]
    fn a_commitment_opens_to_its_record(record in any_record(), seed: u8, chosen: u64) {
        let commitment = record.commitment(&secret(seed), SUITE);
        let table = slots(record.kind(), record.version());
        let is_chosen = |slot: &Slot| table.iter().position(|known| known == slot).is_some_and(|i| chosen >> i & 1 == 1);
        let disclosure = record.disclose(&secret(seed), SUITE, is_chosen);
        let expected: Vec<_> = record.slots().filter(|(slot, _)| is_chosen(slot)).collect();
        prop_assert_eq!(disclosure.verify(&commitment, SUITE), Ok(expected));
        prop_assert_eq!(decode(&encode(&disclosure)), Ok(disclosure.clone()));
    }

    #[test]
    fn and_to_no_other(record in any_record(), other in any_record(), seed: u8, chosen: u64) {
        prop_assume!(record != other);
        let commitment = record.commitment(&secret(seed), SUITE);
        prop_assert_ne!(other.commitment(&secret(seed), SUITE), commitment);
        let disclosure = other.disclose(&secret(seed), SUITE, |slot| chosen >> (slot.name().len() % 64) & 1 == 1);
        prop_assert!(disclosure.verify(&commitment, SUITE).is_err());
        prop_assert_ne!(record.commitment(&secret(seed.wrapping_add(1)), SUITE), commitment);
    }

    #[test]
    fn no_disclosure_survives_a_changed_bit(record in any_record(), chosen: u64, at: prop::sample::Index) {
        let commitment = record.commitment(&secret(1), SUITE);
        let disclosure = record.disclose(&secret(1), SUITE, |slot| chosen >> (slot.name().len() % 64) & 1 == 1);
        let mut bytes = encode(&disclosure);
        let bit = at.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = decode::<Disclosure>(&bytes) {
            prop_assert!(changed.verify(&commitment, SUITE).is_err());
        }
    }
}
