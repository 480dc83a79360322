use super::life::{LAST_DAY, Standing, What};
use super::*;
use std::collections::{BTreeMap, BTreeSet};

fn world(contracts: u32) -> World {
    World::draw(7, contracts, &mut Manifest::new(7, contracts))
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
