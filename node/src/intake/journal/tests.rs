use super::tables::Waiting;
use super::*;
use ledger_core::names::{RecordKind, Subject};

const ANEW: Consent = Consent { new_look_up: true, lost_outbox: None };

fn rows() -> Vec<Row> {
    let (subject, kind) = (Subject([7; 32]), RecordKind::Renew);
    [
        What::Sent { content: [1; 16], contract: Some(([2; 16], [3; 8])), handle: [4; 16] },
        What::Sent { content: [5; 16], contract: None, handle: [6; 16] },
        What::Waits { subject, handle: [6; 16], kind },
        What::Parked { content: [8; 16], number: [9; 16], handle: [10; 16] },
        What::Again { subject, handle: [6; 16] },
        What::Unparked { number: [9; 16], handle: [10; 16] },
        What::Sent { content: [11; 16], contract: Some(([2; 16], [12; 8])), handle: [13; 16] },
    ]
    .into_iter()
    .zip(1..)
    .map(|(what, n)| Row { sequence: Sequence(n), position: n as u16, what })
    .collect()
}

/// A look-up whose rows were written three at a time.
fn fill(path: &Path) {
    let mut journal = Journal::open(path, Sequence(0), None, Consent::default(), |_| true).unwrap();
    for rows in rows().chunks(3) {
        journal.write(rows).unwrap();
    }
}

#[test]
fn rows_go_both_ways() {
    let learned = [
        What::Begins,
        What::Settled { subject: Subject([7; 32]), handle: [6; 16] },
        What::Governed,
        What::Moved { from: Sequence(3) },
        What::Cut { generation: 7, from: Sequence(3), at: 4, count: 5 },
    ];
    let learned = learned.map(|what| Row { sequence: Sequence(9), position: 2, what });
    for row in rows().into_iter().chain(learned) {
        assert_eq!(Row::decode(&row.encode()), Some(row));
    }
    assert_eq!(Row::decode(&[0; ROW]), None);
}

#[test]
fn what_is_not_on_the_chain_never_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look-up");
    for last in 0..=8_u64 {
        let _ = std::fs::remove_file(&path);
        let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
        journal.write(&rows()).unwrap();
        drop(journal);
        let opened = Journal::open(&path, Sequence(last), None, Consent::default(), |_| true);
        if last > 7 {
            // It has lost a row.
            assert!(matches!(opened, Err(IntakeError::Behind { found: Sequence(7), last: Sequence(8), .. })));
            continue;
        }
        let journal = opened.unwrap();
        let tables = &journal.tables;
        assert_eq!(tables.has(&[5; 16]), last >= 2, "{last}");
        assert_eq!(tables.waiting(&Subject([7; 32])).len(), usize::from((3..5).contains(&last)));
        assert_eq!(tables.parked(&[9; 16]).len(), usize::from((4..6).contains(&last)));
        let owner = tables.owner(&[2; 16]);
        match last {
            0 => assert_eq!(owner, None),
            1..=6 => assert!(matches!(owner, Some(Owner::One(_, handle)) if handle == [4; 16])),
            _ => assert_eq!(owner, Some(Owner::Several)),
        }
        drop(journal);
        // What was cut stays cut.
        assert_eq!(Journal::open(&path, Sequence(last), None, Consent::default(), |_| true).unwrap().rows, last);
    }
}

#[test]
fn what_is_sent_again_or_under_another_number_is_followed() {
    let (mut tables, mut follow) = (Tables::default(), Follow::default());
    let (subject, handle, kind) = (Subject([7; 32]), [6; 16], RecordKind::Renew);
    let row = |sequence, position, what| Row { sequence: Sequence(sequence), position, what };
    let mut apply = |row: Row| {
        tables.apply(&row);
        follow.apply(&row);
        (tables.waiting(&subject).to_vec(), follow.resent(&handle), follow.now(0, (Sequence(2), 4)).0.0)
    };
    let waits_at = |since, position| vec![Waiting { handle, kind, place: (Sequence(since), position), generation: 0 }];
    let waits = |since| waits_at(since, 4);
    let (none, place) = (None, |sequence| Some((Sequence(sequence), 5)));
    assert_eq!(apply(row(2, 4, What::Waits { subject, handle, kind })), (waits(2), none, 2));
    assert_eq!(apply(row(3, 0, What::Moved { from: Sequence(2) })), (waits(3), none, 3));
    assert_eq!(apply(row(4, 5, What::Again { subject, handle })), (vec![], place(4), 3));
    assert_eq!(apply(row(6, 0, What::Moved { from: Sequence(4) })), (vec![], place(6), 3));
    assert_eq!(apply(row(7, 0, What::Moved { from: Sequence(3) })), (vec![], place(6), 7));
    assert_eq!(apply(row(8, 9, What::Waits { subject, handle, kind })).0, waits_at(8, 9));
    assert_eq!(apply(row(8, 9, What::Settled { subject, handle })), (vec![], place(6), 7));
    assert!(follow.is_moved(Sequence(4)) && !follow.is_moved(Sequence(6)));
}

#[test]
fn a_look_up_goes_on_without_what_it_lost_only_if_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look-up");
    assert!(matches!(
        Journal::open(&path, Sequence(3), None, Consent::default(), |_| true),
        Err(IntakeError::Behind { .. })
    ));
    drop(Journal::open(&path, Sequence(3), None, ANEW, |_| true).unwrap());
    let mut journal = Journal::open(&path, Sequence(3), None, Consent::default(), |_| true).unwrap();
    let seen = [Row {
        sequence: Sequence(4),
        position: 0,
        what: What::Sent { content: [5; 16], contract: None, handle: [4; 16] },
    }];
    journal.write(&seen).unwrap();
    journal.hold(&seen);
    drop(journal);
    assert!(matches!(
        Journal::open(&path, Sequence(9), None, Consent::default(), |_| true),
        Err(IntakeError::Behind { .. })
    ));
    assert!(
        Journal::open(&path, Sequence(9), None, ANEW, |_| true).unwrap().tables.has(&[5; 16]),
        "the rest is known still"
    );
    assert!(Journal::open(&path, Sequence(9), None, Consent::default(), |_| true).is_ok());
    assert!(Journal::open(&path, Sequence(10), None, Consent::default(), |_| true).is_err());
}

#[test]
fn a_chain_that_is_older_than_the_look_up_cuts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look-up");
    fill(&path);
    let before = std::fs::read(&path).unwrap();
    for (last, may) in [(0, false), (5, false), (6, true), (7, true)] {
        std::fs::write(&path, &before).unwrap();
        for anew in [Consent::default(), ANEW] {
            match Journal::open(&path, Sequence(last), None, anew, |_| true) {
                Ok(_) => assert!(may, "{last}"),
                Err(IntakeError::Ahead { found: Sequence(7), last: at, .. }) => {
                    assert_eq!((may, at), (false, Sequence(last)));
                    assert_eq!(std::fs::read(&path).unwrap(), before);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn a_lost_outbox_is_gone_on_without_only_above_the_submission_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look-up");
    fill(&path);
    let lost = |above| Consent { lost_outbox: Some(Sequence(above)), ..Consent::default() };
    for wrong in [0, 1, 4, 6, 7] {
        let opened = Journal::open(&path, Sequence(5), None, lost(wrong), |_| true);
        assert!(matches!(opened, Err(IntakeError::Ahead { found: Sequence(7), last: Sequence(5), .. })), "{wrong}");
    }
    let rows = Journal::open(&path, Sequence(5), None, lost(5), |_| true).unwrap().rows;
    // Once is enough, and a supervisor that repeats it does no harm.
    for consent in [Consent::default(), lost(5), lost(4)] {
        assert_eq!(Journal::open(&path, Sequence(5), None, consent, |_| true).unwrap().rows, rows);
    }
}

#[test]
fn a_vault_that_has_lost_records_is_noticed_and_gone_on_with_only_if_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look-up");
    let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
    journal.write(&rows()).unwrap();
    drop(journal);
    let lost = Journal::open(&path, Sequence(7), None, Consent::default(), |handle| *handle != [4; 16]);
    assert!(matches!(lost, Err(IntakeError::VaultBehind { lost: 1.., .. })));
    assert!(Journal::open(&path, Sequence(7), None, ANEW, |_| false).is_ok());
}

#[test]
fn what_is_cut_anew_is_followed_event_by_event_from_its_own_generation_on() {
    let (mut tables, mut follow) = (Tables::default(), Follow::default());
    let (subject, kind) = (Subject([7; 32]), RecordKind::Renew);
    let cut = |generation, from, at, count, to| Row {
        sequence: Sequence(to),
        position: 0,
        what: What::Cut { generation, from: Sequence(from), at, count },
    };
    let waits = |sequence, position, handle| Row {
        sequence: Sequence(sequence),
        position,
        what: What::Waits { subject, handle: [handle; 16], kind },
    };
    let again = Row { sequence: Sequence(2), position: 1, what: What::Again { subject, handle: [9; 16] } };
    let rows = [
        waits(1, 0, 1),
        waits(1, 3, 2),
        waits(2, 0, 3),
        again,
        // Of four and two, pieces of two, whose numbers stood for others before.
        cut(1, 1, 2, 2, 2),
        cut(1, 2, 0, 2, 3),
        cut(1, 3, 0, 0, 3),
        waits(4, 0, 4),
        // The chain has the first four as they were.
        cut(2, 2, 0, 2, 1),
        cut(2, 3, 0, 2, 2),
        cut(2, 4, 0, 1, 3),
        cut(2, 3, 0, 0, 3),
    ];
    for row in &rows {
        tables.apply(row);
        follow.apply(row);
    }
    let since: Vec<_> = tables.waiting(&subject).iter().map(|one| (one.place.0.0, one.place.1)).collect();
    assert_eq!(since, [(1, 0), (1, 1), (2, 0), (3, 0)]);
    let now = |generation, sequence, position| {
        let (sequence, position) = follow.now(generation, (Sequence(sequence), position));
        (sequence.0, position)
    };
    assert_eq!([now(0, 1, 0), now(0, 1, 3), now(0, 2, 0)], [(1, 0), (1, 1), (2, 0)]);
    assert_eq!([now(1, 2, 1), now(1, 3, 1), now(1, 4, 0)], [(1, 1), (2, 1), (3, 0)]);
    assert_eq!([now(2, 2, 1), now(2, 3, 0), now(2, 9, 9)], [(2, 1), (3, 0), (9, 9)]);
    assert_eq!(follow.resent(&[9; 16]), Some((Sequence(2), 1)));
}

#[test]
fn rows_of_a_cut_hold_with_all_before_them_once_the_outbox_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("look-up");
    let sent = |sequence| Row {
        sequence: Sequence(sequence),
        position: 0,
        what: What::Sent { content: [sequence as u8; 16], contract: None, handle: [4; 16] },
    };
    let cut = |from, count, to| Row {
        sequence: Sequence(to),
        position: 0,
        what: What::Cut { generation: 1, from: Sequence(from), at: 0, count },
    };
    let mut journal = Journal::open(&path, Sequence(0), None, Consent::default(), |_| true).unwrap();
    journal.write(&(1..=5).map(sent).collect::<Vec<_>>()).unwrap();
    // The chain has more than was known, and what waits ends lower.
    journal.write(&[cut(5, 1, 3), cut(3, 0, 3)]).unwrap();
    drop(journal);
    let whole = std::fs::read(&path).unwrap();
    let of = |generation| Some(Cut { generation, signed: Sequence(5), last: Sequence(3) });
    for (cut, last, rows, generation) in [(of(1), 3, 7, 1), (of(0), 5, 5, 0), (None, 3, 7, 1)] {
        std::fs::write(&path, &whole).unwrap();
        let journal = Journal::open(&path, Sequence(last), cut, Consent::default(), |_| true).unwrap();
        assert_eq!((journal.rows, journal.generation()), (rows, generation), "{cut:?}");
        assert!(journal.tables.has(&[5; 16]));
    }
    // The outbox is gone, and the chain has not all of it.
    std::fs::write(&path, &whole).unwrap();
    assert!(matches!(
        Journal::open(&path, Sequence(2), None, Consent::default(), |_| true),
        Err(IntakeError::Ahead { .. })
    ));
    // What was lost of the look-up is noticed behind a cut as before it.
    std::fs::write(&path, &whole).unwrap();
    assert!(matches!(
        Journal::open(&path, Sequence(4), of(1), Consent::default(), |_| true),
        Err(IntakeError::Behind { found: Sequence(3), last: Sequence(4), .. })
    ));
}
