use super::*;
use crate::annex::{Config, MessageKind, parse};
use crate::codec::{decode, encode};
use crate::crypto::hex;
use crate::event::{Action, ContractEvent, Step};
use crate::fixture::code;
use crate::names::{Ordinal, SchemaVersion, Subject, Timestamp, UnknownKind};
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

fn arrival() -> Arrival {
    let (received, tables) = (Timestamp(1_764_000_000_000), Text::new("1").unwrap());
    Arrival { received, tables, platform: Some(Text::new("platform-1").unwrap()), signature: None }
}

/// The event of a record, as it would stand on the chain.
fn event(record: &Record, commitment: Commitment) -> ContractEvent {
    let cites = Ordinal(0);
    let action = match record.kind() {
        RecordKind::New => Action::New { keeper: code("370100") },
        RecordKind::Renew => Action::Renew,
        RecordKind::Dissolve => Action::Dissolve,
        RecordKind::Terminate => Action::Terminate,
        RecordKind::Employer => Action::Employer,
        RecordKind::Correct => Action::Correct { cites },
        RecordKind::Void => Action::Void { cites },
        RecordKind::Amend => Action::Amend,
        RecordKind::Suspend => Action::Suspend,
        RecordKind::Resume => Action::Resume,
        RecordKind::Attach => Action::Attach { cites },
        RecordKind::Reopen => Action::Reopen(Step::Approve(cites)),
        RecordKind::Transfer => Action::Transfer(Step::Approve(cites)),
        RecordKind::Erase => Action::Erase(Step::Approve(cites)),
    };
    ContractEvent { version: record.version().into(), subject: Subject([1; 32]), commitment, action }
}

fn termination() -> Record {
    let config = Config::new(Date::new(2025, 11, 24).unwrap());
    let message = parse(TERMINATION.as_bytes(), None, &config).unwrap();
    let outcome = &message.outcomes[0];
    let raw = &TERMINATION.as_bytes()[outcome.span.clone()];
    Record::of_item(outcome.item.as_ref().unwrap(), raw, &arrival()).unwrap()
}

fn extension() -> Extension {
    Extension {
        employer: Uscc::parse("91370102MAFAKE019M").unwrap(),
        contract_no: Some(Text::new("LQ-1").unwrap()),
        reason: Some(Text::new("姓名误写").unwrap()),
        date: Date::new(2025, 7, 1),
        reason_code: Some(Text::new("R-1").unwrap()),
        document_no: Some(Text::new("鲁虚构〔2025〕7号").unwrap()),
        until: Date::new(2025, 12, 31),
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
        .map(|number| (number, if number % 2 == 0 && number < 19 { 22 } else { 21 }));
    assert_eq!(counts[..5], [(1, 33), (2, 22), (3, 20), (4, 20), (5, 16)]);
    assert_eq!(counts[5..], ours);
    for kind in &RecordKind::ALL {
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
        .filter(|(name, _)| !["raw_sha256", "file_1", "received"].contains(&name.as_str()))
        .map(|(name, value)| format!("{name}={}", String::from_utf8(value).unwrap()))
        .collect();
    let expected = [
        "unit_uscc=91370102MAFAKE019M",
        "contract_no=LQ-1",
        "termination_reason=1",
        "termination_date=20250630",
        "notice_date=20250601",
        "tables=1",
        "platform=platform-1",
    ];
    assert_eq!(shown, expected);
    assert_eq!((record.employer().as_deref(), record.contract_no()), (Some("91370102MAFAKE019M"), Some("LQ-1")));
    let (_, received) = record.slots().find(|(slot, _)| *slot == Slot::Received).unwrap();
    assert_eq!(decode::<Timestamp>(received.unwrap()), Ok(arrival().received));
    let (_, file) = record.slots().find(|(slot, _)| *slot == Slot::File(1)).unwrap();
    assert_eq!(&*decode::<FileDigest>(file.unwrap()).unwrap().role, "certificate");
    assert_eq!(decode(&encode(&record)), Ok(record.clone()));
    assert!(!format!("{record:?}").contains("LQ-1"));
}

#[test]
fn extensions_find_their_slots() {
    let arrival = arrival();
    let corrected = Record::of_extension(RecordKind::Correct, &extension(), b"{}", &arrival).unwrap();
    assert_eq!(corrected.text(&fields::REASON), Some("姓名误写"));
    assert_eq!(corrected.text(&fields::DATE), Some("20250701"));
    assert_eq!(corrected.text(&fields::REASON_CODE), Some("R-1"));
    assert_eq!(corrected.text(&fields::DOCUMENT_NO), Some("鲁虚构〔2025〕7号"));
    assert_eq!(corrected.text(&fields::UNTIL), Some("20251231"));
    let (_, changes) = corrected.slots().find(|(slot, _)| *slot == Slot::Changes).unwrap();
    assert_eq!(decode::<Changes>(changes.unwrap()), Ok(extension().changes));
    // A suspension changes no fields, and a new contract is the annex's.
    for kind in [RecordKind::Suspend, RecordKind::New] {
        assert_eq!(Record::of_extension(kind, &extension(), b"{}", &arrival), Err(RecordError::WrongKind(kind)));
    }
    let plain = Extension { changes: List::default(), ..extension() };
    for kind in RecordKind::ALL.iter().filter(|kind| kind.message().is_none()) {
        assert_eq!(Record::of_extension(*kind, &plain, b"{}", &arrival).map(|record| record.kind()), Ok(*kind));
    }
}

/// Figures of an independent computation, with Python's hashlib and hmac, from the layouts drawn.
/// Records tell of a contract's past as the items did: an amendment puts its last day off, and nothing of a void one
/// counts.
#[test]
fn the_past_of_a_contract_by_its_records() {
    use crate::annex::life::{Past, judge};
    let config = Config::new(Date::new(2026, 11, 30).unwrap());
    let item = |text: &str| parse(text.as_bytes(), None, &config).unwrap().outcomes[0].item.clone().unwrap();
    let new = item(
        r#"{"unit_uscc":"91370102MAFAKE019M","new_contracts":[{"contract_no":"LQ-1","contract_name":"劳动合同",
        "worker_id_type":"01","worker_name":"王虚构","worker_id_no":"37083219880229996X","worker_phone":"13900139000",
        "term_type":"1","term_start":"20250301","term_end":"20270228","employee_category":"01","contract_category":"01"}]}"#,
    );
    let end = item(
        r#"{"terminations":[{"contract_no":"LQ-1","termination_reason":"1","termination_date":"20270228","notice_date":"20270128"}]}"#,
    );
    let change = |value: &str| Change { field: Text::new("term_end").unwrap(), value: Some(Text::new(value).unwrap()) };
    let amended = |value: &str| {
        let content = Extension { changes: List::new(vec![change(value)]).unwrap(), ..extension() };
        Record::of_extension(RecordKind::Amend, &content, b"", &arrival()).unwrap()
    };
    let void = Extension { changes: List::default(), ..extension() };
    let void = Record::of_extension(RecordKind::Void, &void, b"", &arrival()).unwrap();
    let new = Record::of_item(&new, b"", &arrival()).unwrap();
    let end = Record::of_item(&end, b"", &arrival()).unwrap();
    let codes = |records: &[&Record]| {
        let mut past = Past::default();
        records.iter().for_each(|record| past.add_record(record, &config.tables));
        judge(&past, &end, "", &config.tables).into_iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(codes(&[&new]), [""; 0]);
    assert_eq!(codes(&[&new, &amended("20280228")]), ["EXPIRY_BEFORE_TERM_END"]);
    assert_eq!(codes(&[&new, &amended("someday")]), [""; 0]);
    assert_eq!(codes(&[&new, &amended("20280228"), &void]), [""; 0]);
}

#[test]
fn fixed_bytes() {
    let record = record(RecordKind::Employer, &[Some(b"91370102MAFAKE019M".to_vec()), None, Some(Vec::new())]);
    let disclosure = record.disclose(&secret(1), SUITE, Reveal::Named(&["unit_uscc"])).unwrap();
    let Disclosed::Revealed { salt, .. } = disclosure.slots[0] else { panic!("revealed") };
    let Disclosed::Hidden { leaf } = disclosure.slots[1] else { panic!("hidden") };
    assert_eq!(salt.to_string(), "2fb127b4f7eb09fbba315826418f2b0903e86275a5c502602929482df3aa30e2");
    assert_eq!(leaf.to_string(), "36a5d389054047863b33f4f9dca03f4036dc9773ac6d345f53fda9b6580e5f4a");
    assert_eq!(
        record.commitment(&secret(1), SUITE).to_string(),
        "c35805a442124ba9130a6b3cd85f004a6d9bfc0b80ce0165a939457a5254d28a"
    );
    assert_eq!(hex(&*secret(1).data_key(SUITE)), "7ec224967fd3cc77e40e99573df31527556c453b9dd5aacc300e2cf8f48b23de");
}

#[test]
fn absence_and_emptiness_are_two_things() {
    let absent = record(RecordKind::Renew, &[]);
    let empty = record(RecordKind::Renew, &[Some(Vec::new())]);
    assert_ne!(absent.commitment(&secret(1), SUITE), empty.commitment(&secret(1), SUITE));
    let disclosure = absent.disclose(&secret(1), SUITE, Reveal::Named(&["unit_uscc"])).unwrap();
    let event = event(&absent, absent.commitment(&secret(1), SUITE));
    let shown: Vec<_> =
        disclosure.verify(&event, SUITE).unwrap().into_iter().map(|(slot, value)| (slot.name(), value)).collect();
    assert_eq!(shown, [("unit_uscc".to_owned(), None)]);
}

#[test]
fn kinds_do_not_pass_for_another() {
    // Void and suspend have the same slots.
    let void = record(RecordKind::Void, &[Some(b"91370102MAFAKE019M".to_vec())]);
    let suspend = Record { kind: RecordKind::Suspend, ..void.clone() };
    assert_ne!(void.commitment(&secret(1), SUITE), suspend.commitment(&secret(1), SUITE));
    let of_void = event(&void, void.commitment(&secret(1), SUITE));
    let of_suspend = event(&suspend, of_void.commitment);
    for reveal in [Reveal::All, Reveal::Named(&[])] {
        let disclosure = void.disclose(&secret(1), SUITE, reveal).unwrap();
        assert!(disclosure.verify(&of_void, SUITE).is_ok());
        // The same commitment in an event of another kind, or of a schema version of tomorrow.
        let other = |event: &ContractEvent| DisclosureError::OtherEvent {
            kind: event.kind(),
            version: event.version,
            found: RecordKind::Void,
            found_version: SchemaVersion::V1,
        };
        let tomorrow = ContractEvent { version: SchemaVersion::try_from(2).unwrap(), ..of_void.clone() };
        assert_eq!(disclosure.verify(&of_suspend, SUITE), Err(other(&of_suspend)));
        assert_eq!(disclosure.verify(&tomorrow, SUITE), Err(other(&tomorrow)));
        let posing = Disclosure { kind: RecordKind::Suspend, ..disclosure };
        assert_eq!(posing.verify(&of_suspend, SUITE), Err(DisclosureError::DoesNotOpen));
    }
}

#[test]
fn the_digest_of_the_items_bytes_is_shown_only_by_name() {
    let record = termination();
    let shown = |reveal| {
        let disclosure = record.disclose(&secret(1), SUITE, reveal).unwrap();
        let event = event(&record, record.commitment(&secret(1), SUITE));
        let shown = disclosure.verify(&event, SUITE).unwrap().into_iter().map(|(slot, _)| slot.name()).collect();
        let names: Vec<String> = shown;
        names
    };
    let all = shown(Reveal::All);
    assert_eq!(all.len(), slots(record.kind(), record.version()).len() - 1);
    assert!(!all.contains(&"raw_sha256".to_owned()));
    assert_eq!(shown(Reveal::Named(&["raw_sha256", "contract_no"])), ["contract_no", "raw_sha256"]);
    let unknown = record.disclose(&secret(1), SUITE, Reveal::Named(&["worker_name"]));
    assert_eq!(unknown, Err(NoSuchSlot("worker_name".to_owned())));
}

#[test]
fn what_is_deduced_stands_apart_from_what_was_sent() {
    let [first, second] = ["91370102MAFAKE019M", "92370202MAFAKE027J"].map(|code| Uscc::parse(code).unwrap());
    let silent = record(RecordKind::Terminate, &[None, Some(b"LQ-1".to_vec())]);
    assert_eq!((silent.employer(), silent.deduced()), (None, None));
    let deduced = silent.clone().with_deduced_employer(&first).unwrap();
    assert_eq!(deduced.employer().as_deref(), Some("91370102MAFAKE019M"));
    assert_eq!(deduced.text(&fields::UNIT_USCC), None, "the field stays as it was sent");
    let (_, held) = deduced.slots().find(|(slot, _)| *slot == Slot::Deduced).unwrap();
    assert_eq!(held, Some(&b"\0\0\0\x01\0\0\0\x09unit_uscc\0\0\0\x1291370102MAFAKE019M"[..]));
    let others = |record: &Record| {
        let others = record.slots().filter(|(slot, _)| *slot != Slot::Deduced);
        others.map(|(_, value)| value.map(<[u8]>::to_vec)).collect::<Vec<_>>()
    };
    assert_eq!(others(&deduced), others(&silent));
    // What is known already stays, sent or deduced.
    assert_eq!(deduced.clone().with_deduced_employer(&second), Ok(deduced));
    assert_eq!(termination().with_deduced_employer(&second), Ok(termination()));
}

#[test]
fn slots_may_not_be_left_out_or_change_places() {
    let record = termination();
    let event = event(&record, record.commitment(&secret(1), SUITE));
    let disclosure = record.disclose(&secret(1), SUITE, Reveal::Named(&["termination_date"])).unwrap();
    assert_eq!(disclosure.verify(&event, SUITE).unwrap().len(), 1);
    let changed = |change: &dyn Fn(&mut Vec<Disclosed>)| {
        let mut slots = disclosure.slots.clone().into_vec();
        change(&mut slots);
        let slots = List::new(slots).unwrap();
        Disclosure { slots, ..disclosure.clone() }.verify(&event, SUITE).unwrap_err()
    };
    let short = DisclosureError::WrongCount { expected: 20, found: 19 };
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
    let disclosure = termination().disclose(&secret(1), SUITE, Reveal::All).unwrap();
    let text = serde_json::to_string(&disclosure).unwrap();
    assert!(text.starts_with(r#"{"kind":"terminate","version":1,"slots":[{"revealed":{"salt":""#), "{text}");
    assert_eq!(serde_json::from_str::<Disclosure>(&text).unwrap(), disclosure);
    assert!(serde_json::from_str::<Disclosure>(&text.replace("\"version\":1", "\"version\":2")).is_err());
}

fn any_record() -> impl Strategy<Value = Record> {
    let values = proptest::collection::vec(proptest::option::of(proptest::collection::vec(any::<u8>(), 0..20)), 0..30);
    (proptest::sample::select(&RecordKind::ALL[..]), values).prop_map(|(kind, values)| record(kind, &values))
}

/// Those slots of a kind whose bit is set.
fn chosen_of(kind: RecordKind, chosen: u64) -> Vec<String> {
    let names = slots(kind, Version::V1).into_iter().enumerate();
    names.filter(|(index, _)| chosen >> index & 1 == 1).map(|(_, slot)| slot.name()).collect()
}

fn disclosed(record: &Record, seed: u8, chosen: u64) -> Disclosure {
    let names = chosen_of(record.kind(), chosen);
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    record.disclose(&secret(seed), SUITE, Reveal::Named(&names)).unwrap()
}

proptest! {
    #[test]
    fn a_commitment_opens_to_its_record(record in any_record(), seed: u8, chosen: u64) {
        let names = chosen_of(record.kind(), chosen);
        let disclosure = disclosed(&record, seed, chosen);
        let expected: Vec<_> = record.slots().filter(|(slot, _)| names.contains(&slot.name())).collect();
        let event = event(&record, record.commitment(&secret(seed), SUITE));
        prop_assert_eq!(disclosure.verify(&event, SUITE), Ok(expected));
        prop_assert_eq!(decode(&encode(&disclosure)), Ok(disclosure.clone()));
    }

    #[test]
    fn and_to_no_other(record in any_record(), other in any_record(), seed: u8, chosen: u64) {
        prop_assume!(record != other);
        let commitment = record.commitment(&secret(seed), SUITE);
        prop_assert_ne!(other.commitment(&secret(seed), SUITE), commitment);
        let disclosure = disclosed(&other, seed, chosen);
        prop_assert!(disclosure.verify(&event(&record, commitment), SUITE).is_err());
        prop_assert!(disclosure.verify(&event(&other, commitment), SUITE).is_err());
        prop_assert_ne!(record.commitment(&secret(seed.wrapping_add(1)), SUITE), commitment);
    }

    #[test]
    fn no_disclosure_survives_a_changed_bit(record in any_record(), chosen: u64, at: prop::sample::Index) {
        let commitment = record.commitment(&secret(1), SUITE);
        let mut bytes = encode(&disclosed(&record, 1, chosen));
        let bit = at.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(changed) = decode::<Disclosure>(&bytes) {
            prop_assert!(changed.verify(&event(&record, commitment), SUITE).is_err());
            // Nor where the event is of the kind that it now says it is of.
            let posing = Record { kind: changed.kind, ..record.clone() };
            prop_assert!(changed.verify(&event(&posing, commitment), SUITE).is_err());
        }
    }
}
