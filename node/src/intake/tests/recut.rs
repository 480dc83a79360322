//! Parameters that are lowered while submissions wait.

use super::member::{CITY, PROVINCE, Pair, Running, applied};
use super::*;
use crate::intake::member::Taken;
use ledger_core::event::{Action, Event};
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::names::Sequence;
use ledger_core::submission::Submission;

/// Replaces the chain's parameters, in force at the next block.
fn set(running: &Running<'_>, parameters: Parameters) {
    let latest = running.chain.latest();
    let effective = Height(latest.tip.height().0 + 2);
    let change = Change::SetParameters(parameters);
    let id = change.id(effective);
    let codes = latest.tip.membership().members().iter().map(|member| member.code);
    let approvals = running
        .pair
        .members
        .iter()
        .zip(codes)
        .map(|(keys, code)| Event::Approve(Approve::sign(&latest.tip.chain(), &keys.governance, code, id)));
    let events = [Event::Propose(Box::new(Propose { change: change.into(), effective }))].into_iter().chain(approvals);
    let next = latest.tip.control().last_sequence(PROVINCE).next();
    let submission = running.pair.sign(&running.chain, PROVINCE, next.0, events.collect());
    running.pair.commit(&running.chain, vec![submission]);
}

/// What the chain has of the city, event by event.
fn recorded(running: &Running<'_>) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    for height in 1..=running.chain.latest().tip.height().0 {
        let block = HashedBlock::read(&running.chain.store().block(Height(height)).unwrap().unwrap()).unwrap();
        let own = block.body().submissions.iter().filter(|one| one.stream == CITY);
        events.extend(own.flat_map(|one| one.events.iter().map(ledger_core::codec::encode)));
    }
    events
}

fn events(submissions: &[Submission]) -> Vec<Vec<u8>> {
    submissions.iter().flat_map(|one| one.events.iter().map(ledger_core::codec::encode)).collect()
}

/// What may be said to others now.
fn said(running: &Running<'_>) -> Vec<Submission> {
    running.outbox.sayable(Sequence(0), usize::MAX, usize::MAX).unwrap()
}

/// Blocks of what may be said, until nothing waits.
fn settle(running: &mut Running<'_>) {
    for _ in 0..10_000 {
        let last = running.chain.latest().tip.control().last_sequence(CITY);
        let mut room = running.chain.latest().tip.membership().parameters().block_events as usize;
        let fits = |one: &Submission| {
            let left = room.checked_sub(one.events.len());
            room = left.unwrap_or_default();
            left.is_some()
        };
        let next = said(running).into_iter().filter(|one| one.sequence > last).take(2).take_while(fits).collect();
        running.pair.commit(&running.chain, next);
        running.learn();
        if running.outbox.is_empty() {
            return;
        }
    }
    panic!("it does not come to an end");
}

fn numbers(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}{n}")).collect()
}

/// Contracts, what is renewed before it is there, and what comes behind it.
fn take(running: &mut Running<'_>, count: usize) -> Vec<Taken> {
    let own = numbers("c", count);
    let own: Vec<_> = own.iter().map(String::as_str).collect();
    let mut taken = running.take(&[&renew(A, &[("d1", "20250301"), ("c1", "20250301")])]);
    taken.extend(running.take(&[&new(A, &own)]));
    taken.extend(running.take(&[&renew(A, &[("c0", "20260301")]), &new(A, &["d1", "d2"])]));
    taken
}

fn wide() -> Parameters {
    Parameters { submission_events: 2_000, ..Parameters::default() }
}

fn check(running: &Running<'_>, taken: &[Taken], wanted: &[Vec<u8>]) {
    assert_eq!(recorded(running), wanted, "the same events in the same order, each as often as it was signed");
    let states: Vec<_> = taken.iter().flat_map(|taken| running.states(taken)).collect();
    assert!(states.iter().all(applied), "{states:?}");
    assert_eq!(running.member.view().pending, 0);
}

#[test]
fn parameters_that_are_lowered_cut_anew_what_waits() {
    let lowered = [(Parameters { submission_events: 3, ..wide() }, 10), (Parameters { block_events: 3, ..wide() }, 10)];
    for (parameters, count) in lowered {
        let pair = Pair::new(wide());
        let mut running = pair.open(pair.root.path());
        let taken = take(&mut running, count);
        let before = running.waiting();
        let sizes: Vec<_> = before.iter().map(|one| one.events.len()).collect();
        assert_eq!(before.len(), 3, "{sizes:?} of {count}");
        set(&running, parameters);
        running.learn();
        let now = running.waiting();
        assert!(now.len() > before.len(), "{parameters:?}");
        assert_eq!(events(&now), events(&before));
        assert_eq!(said(&running).len(), 1, "one at a time, until no number stood for something else");
        // Over a restart, and what is taken in meanwhile goes behind it.
        let mut running = running.again();
        let again = running.take(&[&new(A, &["c0", "e1"])]);
        assert_eq!(again[0].items[0], ItemOutcome::Duplicate);
        let wanted = events(&running.waiting());
        settle(&mut running);
        check(&running, &taken, &wanted);
        let running = running.again();
        check(&running, &taken, &wanted);
        assert!(applied(&running.states(&again[0])[1]));
    }
}

#[test]
fn what_fits_stays_as_it_is() {
    let pair = Pair::new(wide());
    let mut running = pair.open(pair.root.path());
    take(&mut running, 10);
    let before = running.waiting();
    for parameters in [Parameters { submission_events: 14, ..wide() }, Parameters { block_events: 20_000, ..wide() }] {
        set(&running, parameters);
        running.learn();
        assert_eq!((running.waiting(), said(&running)), (before.clone(), before.clone()));
    }
    // Only from the first one on that does not.
    set(&running, Parameters { submission_events: 8, ..wide() });
    running.learn();
    assert_eq!(running.waiting()[0], before[0]);
    assert_eq!(running.waiting().len(), 4);
}

/// Whoever kept what was signed first brings it once it is allowed again.
#[test]
fn what_comes_onto_the_chain_as_it_was_is_recorded_once_and_the_rest_behind_it() {
    // How many blocks there are between lowering and raising, and which of the first three come as they were.
    for (between, old) in
        [(0, vec![0]), (1, vec![1]), (0, vec![0, 1]), (2, vec![2]), (0, vec![0, 1, 2]), (1, vec![1, 2])]
    {
        for together in [false, true] {
            let pair = Pair::new(wide());
            let mut running = pair.open(pair.root.path());
            let taken = take(&mut running, 10);
            let before = running.waiting();
            set(&running, Parameters { submission_events: 3, ..wide() });
            running.learn();
            for _ in 0..between {
                let next = said(&running).into_iter().next();
                running.pair.commit(&running.chain, next.into_iter().collect());
                running.learn();
            }
            set(&running, wide());
            let bring: Vec<_> = old.iter().map(|n: &usize| before[*n].clone()).collect();
            for bring in bring.chunks(if together { 3 } else { 1 }) {
                running.pair.commit(&running.chain, bring.to_vec());
            }
            let mut running = if together { running.again() } else { running };
            running.learn();
            settle(&mut running);
            let mut once = recorded(&running);
            let mut wanted = events(&before);
            // What came too early for its contract may have been sent once more.
            once.sort();
            wanted.sort();
            once.dedup();
            wanted.dedup();
            assert_eq!(once, wanted, "{between} {old:?}");
            let new = |event: &&Vec<u8>| matches!(ledger_core::codec::decode(event), Ok(Event::Contract(one)) if matches!(one.action, Action::New { .. }));
            assert_eq!(recorded(&running).iter().filter(new).count(), 12, "{between} {old:?}");
            let states: Vec<_> = taken.iter().flat_map(|taken| running.states(taken)).collect();
            assert!(states.iter().all(applied), "{between} {old:?}: {states:?}");
            let running = running.again();
            let again: Vec<_> = taken.iter().flat_map(|taken| running.states(taken)).collect();
            assert_eq!(again, states);
        }
    }
}

#[test]
fn parameters_that_are_lowered_twice_cut_twice() {
    let pair = Pair::new(wide());
    let mut running = pair.open(pair.root.path());
    let taken = take(&mut running, 10);
    let wanted = events(&running.waiting());
    for most in [7, 3, 1] {
        set(&running, Parameters { submission_events: most, ..wide() });
        running.learn();
        assert!(running.waiting().iter().all(|one| one.events.len() <= most as usize));
        running = running.again();
    }
    settle(&mut running);
    check(&running, &taken, &wanted);
}

/// Kills a run at every step while it cuts anew and learns what the chain has instead.
#[test]
fn a_node_that_dies_while_it_cuts_anew_loses_nothing_and_records_nothing_twice() {
    let pair = Pair::new(wide());
    let mut steps = BTreeSet::new();
    for dies_at in 1.. {
        let root = tempfile::tempdir().unwrap();
        copy(pair.root.path(), root.path());
        let mut running = pair.open(root.path());
        let taken = take(&mut running, 10);
        let before = running.waiting();
        let passed = AtomicU32::new(0);
        let last = Arc::new(Mutex::new(None));
        let at = Arc::clone(&last);
        running.member.desk.at = Some(Box::new(move |step| {
            if passed.fetch_add(1, Ordering::Relaxed) + 1 == dies_at {
                *at.lock().unwrap() = Some(format!("{step:?}"));
                resume_unwind(Box::new(()));
            }
        }));
        set(&running, Parameters { submission_events: 3, ..wide() });
        let mut died = catch_unwind(AssertUnwindSafe(|| running.learn())).is_err();
        if !died {
            set(&running, wide());
            running.pair.commit(&running.chain, vec![before[0].clone(), before[1].clone()]);
            died = catch_unwind(AssertUnwindSafe(|| running.learn())).is_err();
        }
        steps.extend(last.lock().unwrap().take());
        let mut running = running.again();
        running.learn();
        settle(&mut running);
        check(&running, &taken, &events(&before));
        if !died {
            break;
        }
    }
    assert!(steps.len() >= 4, "{steps:?}");
}
