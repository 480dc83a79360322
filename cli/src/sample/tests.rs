use super::life::{LAST_DAY, Standing, What};
use super::mischief::{BREAKS, Fate, TRICKS};
use super::*;
use std::collections::{BTreeMap, BTreeSet};

fn world(contracts: u32) -> World {
    World::draw(7, 1, contracts, &mut Manifest::new(7, contracts))
}

#[test]
fn nothing_happens_before_its_cause_or_after_the_last_day() {
    let world = world(20_000);
    let mut standings = BTreeMap::new();
    for batch in &world.batches {
        for contract in batch.contracts() {
            let life = Life::of(7, batch, contract);
            let mut last = batch.signed;
            for step in &life.steps {
                assert!(step.reported > last && step.reported <= LAST_DAY, "contract {contract}: {life:?}");
                last = step.reported;
                if let What::Dissolve { day, notice, reason } = step.what {
                    assert!(notice.plus(reason.2) <= day, "contract {contract}");
                }
            }
            let ended = life.steps.iter().filter(|step| step.what.kind() != Kind::Renew).count();
            assert_eq!(ended > 0, matches!(life.standing, Standing::Dissolved | Standing::Terminated));
            assert!(ended <= 1);
            *standings.entry(format!("{:?}", life.standing)).or_insert(0) += 1;
        }
    }
    assert!(standings.len() == 4 && standings.values().all(|count| *count > 1_000), "{standings:?}");
}

#[test]
fn every_contract_is_reported_once_and_in_order() {
    let world = world(5_000);
    let new: BTreeSet<u32> =
        world.entries.iter().filter(|entry| entry.kind == Kind::New).map(|entry| entry.contract).collect();
    assert_eq!(new, (0..5_000).collect());
    assert!(world.entries.is_sorted());
    let late = world
        .entries
        .iter()
        .position(|entry| entry.kind > Kind::New && world.batches[entry.batch as usize].reported > entry.day);
    assert!(late.is_some(), "some contract comes after something else about it");
}

#[test]
fn parts_of_a_sample_share_no_employer_and_no_contract() {
    let mut employers = BTreeSet::new();
    let mut contracts = BTreeSet::new();
    for part in 1..=3 {
        let world = World::draw(7, part, 2_000, &mut Manifest::new(7, 2_000));
        let own: BTreeSet<String> = world.batches.iter().map(|batch| Employer::of(7, batch.employer).uscc).collect();
        assert!(own.iter().all(|uscc| employers.insert(uscc.clone())), "part {part}");
        let new = world.entries.iter().filter(|entry| entry.kind == Kind::New);
        assert!(new.map(|entry| entry.contract).all(|contract| contracts.insert(contract)), "part {part}");
    }
    assert_eq!(contracts.len(), 6_000);
}

/// Every rule of the annex has its bad item, but the one that only an interface for one kind of message has, and those
/// that show only beside other messages.
#[test]
fn there_is_a_bad_item_of_every_kind() {
    use ledger_core::annex::Code;
    let played = TRICKS.iter().map(|trick| trick.code).chain(BREAKS.iter().map(|(code, _)| *code));
    let played: BTreeSet<_> = played.collect();
    let left: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).filter(|code| !played.contains(code)).collect();
    let beside_others = [
        "OTHER_MESSAGE",
        "EMPLOYER_DIFFERS",
        "DISPATCH_HOST_IS_EMPLOYER",
        "THIRD_FIXED_TERM",
        "EXPIRY_BEFORE_TERM_END",
        "ENDS_BEFORE_START",
        "PROBATION_OVER",
        "RENEWAL_OVERLAPS",
        "RENEWAL_GAP",
        "RETIREMENT_EARLY",
        "EMPLOYER_DEDUCED",
        "AMBIGUOUS",
    ];
    assert_eq!(left, beside_others);
}

/// Each trick and each break does what its name says.
#[test]
fn every_trick_does_what_its_name_says() {
    use ledger_core::annex::{Config, Date, parse};
    let config = Config::new(Date::new(2026, 11, 24).unwrap());
    let world = world(400);
    let mut items = BTreeMap::new();
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::new(&world, folder.path(), Manifest::new(7, 400));
    for entry in &world.entries {
        items.entry(entry.kind).or_insert_with(Vec::new).push(writer.item_of(entry));
    }
    for trick in TRICKS.iter().filter(|trick| matches!(trick.fate, Fate::Rejected | Fate::Flagged)) {
        let mut item = items[&trick.kind][0].clone();
        (trick.play)(&mut item);
        let named = (trick.kind != Kind::Employer).then_some("91370102MAFAKE019M");
        let text = message::message(trick.kind, named, &[item], false);
        let message = parse(text.as_bytes(), None, &config).unwrap();
        let outcome = &message.outcomes[0];
        let codes: Vec<_> = outcome.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert!(codes.contains(&trick.code), "{}: {codes:?} of {text}", trick.code);
        assert_eq!(outcome.item.is_some(), trick.fate == Fate::Flagged, "{}: {codes:?}", trick.code);
    }
    let good = message::message(Kind::New, None, &items[&Kind::New][..1], false);
    for (code, breaks) in BREAKS {
        assert_eq!(parse(&breaks(&good), None, &config).unwrap_err().finding.code.as_str(), *code);
    }
}

/// Every file is read as an import reads it, and comes out as the manifest says.
#[test]
fn the_annexs_reader_finds_what_was_meant() {
    use ledger_core::annex::{Config, Date, Severity, parse};
    let folder = tempfile::tempdir().unwrap();
    let manifest = generate(7, 1, 20_000, folder.path(), |_| (), |_| ()).unwrap();
    let config = Config::new(Date::new(2026, 11, 24).unwrap());
    let (mut items, mut rejected, mut flagged, mut broken) = (0, 0, 0, 0);
    let mut codes = BTreeMap::new();
    let mut broken_codes = BTreeMap::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let message = match parse(&std::fs::read(&path).unwrap(), None, &config) {
            Ok(message) => message,
            Err(error) => {
                broken += 1;
                *broken_codes.entry(error.finding.code.as_str()).or_insert(0) += 1;
                continue;
            }
        };
        for outcome in message.outcomes {
            items += 1;
            let severest = outcome.findings.iter().map(|finding| finding.severity).max();
            rejected += u64::from(outcome.item.is_none());
            flagged += u64::from(severest == Some(Severity::Flag));
            for code in outcome.findings.iter().map(|finding| finding.code.as_str()).collect::<BTreeSet<_>>() {
                *codes.entry(code).or_insert(0_u64) += 1;
            }
        }
    }
    assert_eq!(broken_codes, manifest.broken_files, "files of which nothing can be read");
    assert_eq!(items, manifest.items);
    assert_eq!(rejected, manifest.meant.rejected, "{codes:?}");
    assert_eq!(flagged, manifest.flagged.values().sum::<u64>(), "{codes:?}");
    for (code, meant) in manifest.rejected.iter().chain(&manifest.flagged) {
        assert!(codes.get(code).is_some_and(|found| found >= meant), "{code}: {meant} meant, {codes:?}");
    }
    assert!(broken > 0);
}
