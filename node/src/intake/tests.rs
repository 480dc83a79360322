mod member;
mod recut;
mod service;

use super::*;
use crate::ceremony::{Applicant, Founding, MemberKeys, collect};
use crate::home::Home;
use crate::keys::system_rng;
use crate::store::{DiskStore, Store, StoreConfig};
use crate::vault::{Vault, handle};
use ledger_core::annex::{Config, Date};
use ledger_core::chain::HashedBlock;
use ledger_core::event::Event;
use ledger_core::lookup::Alpha;
use ledger_core::membership::Parameters;
use ledger_core::names::{Height, RecordKind, Timestamp};
use ledger_core::outcome::Outcome;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

const A: &str = "91370102MAFAKE019M";
const B: &str = "92370202MAFAKE027J";

fn home(root: &Path, parameters: Parameters) -> Home {
    let mut rng = system_rng();
    let keys = MemberKeys::draw(1, &mut rng);
    let who = Applicant { code: "370000".parse().unwrap(), name_zh: "山东省", name_en: "Shandong", powers: &[1] };
    let application = keys.apply(&who).unwrap();
    let genesis =
        collect(&[application], Founding { parameters, ..Founding::new("test.luqi.example", Timestamp(1)) }, &mut rng)
            .unwrap();
    Home::create(root, genesis, &keys.nodes[0], &keys.vault).unwrap()
}

/// Small ones, so that a window makes several submissions and blocks.
fn small() -> Parameters {
    Parameters { submission_events: 2, block_events: 5, ..Parameters::default() }
}

fn employer(code: &str) -> String {
    format!(
        r#"{{"单位统一信用代码":"{code}","单位名称":"济南禾润有限公司","法人证件类型":"01",
        "法人证件号码":"370102199003079993","法人姓名":"王小明","新增授权人标志":"0"}}"#
    )
}

fn new(code: &str, numbers: &[&str]) -> String {
    let items: Vec<_> = numbers
        .iter()
        .map(|number| {
            format!(
                r#"{{"合同编号":"{number}","合同名称":"劳动合同","劳动者证件类型":"01","劳动者姓名":"王小明",
                "劳动者证件号码":"370102199003079993","劳动者联系电话":"13900001234","合同期限类别":"2",
                "合同期限起始日期":"20250301","职工类别":"01","合同类别":"01"}}"#
            )
        })
        .collect();
    format!(r#"{{"单位统一信用代码":"{code}","合同新订列表":[{}]}}"#, items.join(","))
}

/// Renewals, each a contract number and the day that tells it from others.
fn renew(code: &str, items: &[(&str, &str)]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|(number, day)| {
            format!(
                r#"{{"合同编号":"{number}","合同期限类别":"2","合同期限起始日期":"{day}","原合同签订日期":"20240301",
                "单位签订日期":"20250301","个人签订日期":"20250301"}}"#
            )
        })
        .collect();
    let employer = if code.is_empty() { String::new() } else { format!(r#""单位统一信用代码":"{code}","#) };
    format!(r#"{{{employer}"续签合同信息列表":[{}]}}"#, items.join(","))
}

fn terminate(code: &str, number: &str) -> String {
    format!(
        r#"{{"单位统一信用代码":"{code}","终止合同信息列表":[{{"合同编号":"{number}","终止情形":"2",
        "合同终止时间":"20250401","告知时间":"20250301"}}]}}"#
    )
}

/// Everything that can happen to an item.
fn messages() -> Vec<(String, Vec<u8>)> {
    let texts = [
        employer(A),
        new(A, &["c1", "c2"]),
        // Of A by its number; of nobody yet; named and before its contract; no real day.
        renew("", &[("c1", "20250301"), ("c3", "20250301")]),
        renew(A, &[("c4", "20250301"), ("c1", "20250230")]),
        terminate(A, "c4"),
        // c4 takes along its renewal and its end, in this order.
        new(A, &["c5", "c4", "c1"]),
        renew(A, &[("c4", "20260301"), ("nobody's", "20250301")]),
        new(A, &["c3"]),
        new(B, &["c1"]),
        renew("", &[("c1", "20270301"), ("c2", "20250301"), ("c6", "20250301")]),
        new(A, &["c1", "c2"]),
        terminate(A, "c2"),
        "{".to_owned(),
        // Parked and taken along within one message pair.
        renew("", &[("c7", "20250301")]),
        new(B, &["c7"]),
    ];
    texts.into_iter().zip(1..).map(|(text, number)| (format!("{number}.json"), text.into_bytes())).collect()
}

fn config() -> Config {
    Config::new(Date::new(2026, 7, 1).unwrap())
}

/// Takes messages in windows of a size, and gives what was rejected.
fn take(intake: &mut Intake<DiskStore>, window: usize) -> Vec<String> {
    let mut rejected = Vec::new();
    let reader = intake.reader(config());
    for window in messages().chunks(window) {
        let mut reject = |rejection: &Rejection<'_>| {
            rejected.push(format!("{} {} {}", rejection.file, rejection.item, rejection.reasons[0].code));
        };
        intake.take(reader.read(window.to_vec()), &mut reject).unwrap();
    }
    rejected
}

/// What the chain says: subject, kind and outcome of each event, in order. Every record opens.
fn story(intake: &Intake<DiskStore>) -> Vec<(Subject, RecordKind, Outcome)> {
    let (store, vault) = (intake.ledger().store(), intake.vault());
    story_of(store, intake.ledger().tip().height(), vault)
}

fn story_of(store: &DiskStore, tip: Height, vault: &Vault) -> Vec<(Subject, RecordKind, Outcome)> {
    let mut story = Vec::new();
    for height in 1..=tip.0 {
        let block = HashedBlock::read(&store.block(Height(height)).unwrap().unwrap()).unwrap();
        let row = store.index_row(Height(height)).unwrap().unwrap();
        let events = block.body().submissions.iter().flat_map(|submission| submission.events.iter());
        for (event, trace) in events.zip(row.traces) {
            let Event::Contract(event) = event else { panic!("{event:?}") };
            let opened = vault.reveal(&event.commitment).unwrap();
            assert_eq!((opened.subject, opened.record.kind()), (event.subject, event.kind()));
            assert!(vault.find(&handle(&event.commitment)).is_some());
            story.push((event.subject, event.kind(), trace.outcome));
        }
    }
    story
}

const COUNTS: Counts = Counts { applied: 15, pending: 2, refused: 1, rejected: 3, duplicates: 3, flagged: 0 };

#[test]
fn every_item_has_its_outcome_whatever_the_windows() {
    let original = tempfile::tempdir().unwrap();
    home(original.path(), small());
    let mut first = None;
    for window in [1, 2, 5, 100] {
        let root = tempfile::tempdir().unwrap();
        copy(original.path(), root.path());
        let home = Home::open(root.path()).unwrap();
        let mut intake = Intake::open(&home, StoreConfig::default(), Consent::default()).unwrap();
        let rejected = take(&mut intake, window);
        let story = story(&intake);
        let places = ["4.json /续签合同信息列表/1 NOT_A_DATE", "10.json /续签合同信息列表/0 AMBIGUOUS"];
        assert_eq!(rejected, [places[0], places[1], "13.json  JSON_TRUNCATED"]);
        assert_eq!(intake.counts(), COUNTS, "{story:?}");
        assert_eq!(intake.pending(), 2);
        assert_eq!(*first.get_or_insert_with(|| story.clone()), story, "windows of {window}");
        let tip = intake.ledger().tip().hash();
        intake.close();

        let mut intake = Intake::open(&home, StoreConfig::default(), Consent::default()).unwrap();
        assert_eq!(take(&mut intake, 3), rejected);
        let again = Counts { duplicates: COUNTS.items() - 3, rejected: 3, ..Counts::default() };
        assert_eq!((intake.counts(), intake.pending()), (again, 2));
        assert_eq!(intake.ledger().tip().hash(), tip, "nothing is recorded twice");
    }
}

#[test]
fn what_waited_is_sent_once_its_contract_comes_in_a_later_run() {
    let root = tempfile::tempdir().unwrap();
    let home = home(root.path(), small());
    let run = |text: String| {
        let mut intake = Intake::open(&home, StoreConfig::default(), Consent::default()).unwrap();
        let window = intake.reader(config()).read(vec![("m".to_owned(), text.into_bytes())]);
        intake.take(window, &mut |_| {}).unwrap();
        let outcomes: Vec<_> = story(&intake).into_iter().map(|(_, kind, outcome)| (kind, outcome)).collect();
        (intake.counts(), intake.pending(), outcomes)
    };
    let unknown = Outcome::Refused(ledger_core::outcome::Refusal::Unknown);
    let (counts, pending, story) = run(renew(A, &[("c1", "20250301")]));
    assert_eq!((counts.pending, pending, story), (1, 1, vec![(RecordKind::Renew, unknown)]));
    let (counts, pending, story) = run(renew("", &[("c1", "20260301")]));
    assert_eq!((counts.pending, pending, story.len()), (1, 2, 1));
    let (counts, pending, story) = run(new(A, &["c1"]));
    assert_eq!((counts, pending), (Counts { applied: 1, ..Counts::default() }, 0));
    let applied = Outcome::Applied;
    let new = (RecordKind::New, applied);
    let renewed = (RecordKind::Renew, applied);
    let mut wanted = vec![(RecordKind::Renew, unknown), renewed, renewed, new];
    wanted.sort_by_key(|(kind, outcome)| (*outcome == applied, *kind != RecordKind::New));
    assert_eq!(story, wanted);
}

/// Kills a run at every step of every window, and finishes it with another.
#[test]
fn a_run_that_dies_at_any_step_is_finished_by_the_next() {
    let original = tempfile::tempdir().unwrap();
    home(original.path(), small());
    let whole = tempfile::tempdir().unwrap();
    copy(original.path(), whole.path());
    let mut intake =
        Intake::open(&Home::open(whole.path()).unwrap(), StoreConfig::default(), Consent::default()).unwrap();
    take(&mut intake, 4);
    let wanted = story(&intake);
    drop(intake);
    let mut steps = BTreeSet::new();
    for dies_at in 1.. {
        let root = tempfile::tempdir().unwrap();
        copy(original.path(), root.path());
        let home = Home::open(root.path()).unwrap();
        let mut intake = Intake::open(&home, StoreConfig::default(), Consent::default()).unwrap();
        let passed = AtomicU32::new(0);
        let last = Arc::new(Mutex::new(None));
        let at = Arc::clone(&last);
        intake.desk.at = Some(Box::new(move |step| {
            if passed.fetch_add(1, Ordering::Relaxed) + 1 == dies_at {
                *at.lock().unwrap() = Some(format!("{step:?}"));
                resume_unwind(Box::new(()));
            }
        }));
        let died = catch_unwind(AssertUnwindSafe(move || {
            take(&mut intake, 4);
        }))
        .is_err();
        steps.extend(last.lock().unwrap().take());
        let mut intake = Intake::open(&home, StoreConfig::default(), Consent::default()).unwrap();
        take(&mut intake, 4);
        assert_eq!(story(&intake), wanted, "died at step {dies_at}");
        assert_eq!(intake.pending(), 2);
        if !died {
            break;
        }
    }
    assert_eq!(steps.len(), 5, "{steps:?}");
}

#[test]
fn only_a_lone_validator_takes_in() {
    let root = tempfile::tempdir().unwrap();
    let mut rng = system_rng();
    let members: Vec<_> = (0..2).map(|_| MemberKeys::draw(1, &mut rng)).collect();
    let applications: Vec<_> = members
        .iter()
        .zip(["370000", "370100"])
        .map(|(keys, code)| {
            let code = code.parse().unwrap();
            keys.apply(&Applicant { code, name_zh: "山东省", name_en: "Shandong", powers: &[1] }).unwrap()
        })
        .collect();
    let genesis = collect(
        &applications,
        Founding { parameters: small(), ..Founding::new("two.luqi.example", Timestamp(1)) },
        &mut rng,
    )
    .unwrap();
    let home = Home::create(root.path(), genesis, &members[0].nodes[0], &members[0].vault).unwrap();
    assert!(
        matches!(Intake::open(&home, StoreConfig::default(), Consent::default()), Err(IntakeError::NotAlone(node)) if node == home.node())
    );
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    // A home whose folders others may enter is refused.
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { _ = std::fs::copy(&path, target).unwrap() }
    }
}

#[test]
fn a_record_says_that_its_employer_was_deduced() {
    let root = tempfile::tempdir().unwrap();
    let mut intake = Intake::open(&home(root.path(), small()), StoreConfig::default(), Consent::default()).unwrap();
    let texts = [
        new(A, &["c1"]),
        renew("", &[("c1", "20260301")]),
        // Parked until its contract comes.
        renew("", &[("c2", "20260301")]),
        new(A, &["c2"]),
    ];
    for text in texts {
        let window = intake.reader(config()).read(vec![("m".to_owned(), text.into_bytes())]);
        intake.take(window, &mut |_| {}).unwrap();
    }
    let mut seen = Vec::new();
    for height in 1..=intake.ledger().tip().height().0 {
        let block = HashedBlock::read(&intake.ledger().store().block(Height(height)).unwrap().unwrap()).unwrap();
        for event in block.body().submissions.iter().flat_map(|submission| submission.events.iter()) {
            let event = event.as_contract().unwrap();
            let record = intake.desk.vault.reveal(&event.commitment).unwrap().record;
            assert_eq!(record.employer().as_deref(), Some(A));
            let sent = record.text(&ledger_core::annex::fields::UNIT_USCC).is_some();
            assert_eq!(sent, record.deduced().is_none());
            seen.push((event.subject, event.kind(), sent));
        }
    }
    let [first, renewed, second, also] = seen[..] else { panic!("{seen:?}") };
    assert_eq!((first.1, first.2, renewed.1, renewed.2), (RecordKind::New, true, RecordKind::Renew, false));
    assert_eq!((second.1, second.2, also.1, also.2), (RecordKind::New, true, RecordKind::Renew, false));
    assert_eq!((first.0, second.0), (renewed.0, also.0), "what was deduced gives the contract's subject");
}

#[test]
fn a_subject_is_read_beside_an_earlier_record_of_its_contract_alone() {
    let root = tempfile::tempdir().unwrap();
    let home = home(root.path(), small());
    let mut intake = Intake::open(&home, StoreConfig::default(), Consent::default()).unwrap();
    let mut record = |text: String| {
        let window = intake.reader(config()).read(vec![("m".to_owned(), text.into_bytes())]);
        intake.take(window, &mut |_| {}).unwrap();
    };
    record(new(A, &["c1", "c2"]));
    record(renew(A, &[("c1", "20260301")]));
    let story = story(&intake);
    assert_eq!(story[0].0, story[2].0);

    let network = intake.ledger().tip().head().network();
    let name = |number| Alpha::contract(SUITE, A, number).unwrap();
    let made = |number| intake.desk.keys.vrf.subject(&network, &name(number));
    assert_eq!((story[0].0, story[1].0), (made("c1"), made("c2")));
    let first = HashedBlock::read(&intake.ledger().store().block(Height(1)).unwrap().unwrap()).unwrap();
    let Event::Contract(event) = &first.body().submissions[0].events[0] else { panic!("{first:?}") };
    let earlier = handle(&event.commitment);
    assert_eq!(intake.desk.sealed_subject(&name("c1"), &earlier), Some(made("c1")));
    assert_eq!(intake.desk.sealed_subject(&name("c2"), &earlier), None, "of another contract");
    assert_eq!(intake.desk.sealed_subject(&name("c1"), &[0; 16]), None, "not here");
    // The subject of the first record, in clear behind the pack's magic, the frame's head and the commitment.
    let pack = home.vault().join("packs/000001.pack");
    let mut bytes = std::fs::read(&pack).unwrap();
    bytes[8 + 8 + 32] ^= 1;
    let checksum = crc32fast::hash(&bytes[16..][..u32::from_be_bytes(bytes[8..12].try_into().unwrap()) as usize]);
    bytes[12..16].copy_from_slice(&checksum.to_be_bytes());
    std::fs::write(&pack, bytes).unwrap();
    assert_ne!(intake.desk.vault.find(&earlier).unwrap().subject, made("c1"));
    assert_eq!(intake.desk.sealed_subject(&name("c1"), &earlier), None, "altered, with its checksum mended");
}
