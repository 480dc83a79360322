use super::*;
use ledger_core::event::Action;
use ledger_core::fixture::{Network, event};
use std::fs;

fn submissions(sequences: std::ops::RangeInclusive<u64>) -> Vec<Submission> {
    let network = Network::new(2);
    let one = |n| network.submission_at(2, Sequence(n), vec![event(n, Action::Renew); (n % 3) as usize + 1]);
    sequences.map(one).collect()
}

fn all(outbox: &Outbox) -> Vec<Submission> {
    outbox.from(Sequence(0), usize::MAX, usize::MAX).unwrap()
}

#[test]
fn what_was_appended_is_there_until_it_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    assert_eq!((outbox.last(), outbox.is_empty()), (Sequence(0), true));
    outbox.append(&submissions(1..=3)).unwrap();
    outbox.append(&submissions(4..=5)).unwrap();
    assert_eq!(outbox.watch().borrow().last, Sequence(5));
    assert!(matches!(outbox.append(&submissions(5..=5)), Err(OutboxError::Order { last: Sequence(5), .. })));
    assert_eq!(all(&outbox), submissions(1..=5));
    assert_eq!(outbox.from(Sequence(2), 2, usize::MAX).unwrap(), submissions(2..=3));
    assert_eq!(outbox.from(Sequence(2), 9, 0).unwrap(), submissions(2..=2));
    assert!(matches!(Outbox::open(folder.path()), Err(OutboxError::File(IoError::InUse { .. }))));
    drop(outbox);

    let outbox = Outbox::open(folder.path()).unwrap();
    assert_eq!(all(&outbox), submissions(1..=5));
    outbox.final_up_to(Sequence(3)).unwrap();
    assert_eq!((all(&outbox), outbox.last(), outbox.len()), (submissions(4..=5), Sequence(5), 2));
    assert_eq!(outbox.get(Sequence(3)).unwrap(), None);
    // Where the chain is ahead, numbers go on above it.
    outbox.final_up_to(Sequence(9)).unwrap();
    assert!(outbox.is_empty() && outbox.bytes() == 0 && outbox.oldest().is_none());
    outbox.append(&submissions(10..=10)).unwrap();
    assert_eq!(all(&outbox), submissions(10..=10));
    drop(outbox);
    assert_eq!(Outbox::open(folder.path()).unwrap().last(), Sequence(10));
}

#[test]
fn a_file_cut_at_any_length_gives_whole_appends_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    outbox.append(&submissions(1..=2)).unwrap();
    let first = fs::metadata(folder.path().join("submissions")).unwrap().len();
    outbox.append(&submissions(3..=3)).unwrap();
    drop(outbox);
    let path = folder.path().join("submissions");
    let whole = fs::read(&path).unwrap();
    for length in 0..=whole.len() as u64 {
        fs::write(&path, &whole[..length as usize]).unwrap();
        let last = if length == whole.len() as u64 {
            3
        } else if length >= first {
            2
        } else {
            0
        };
        let outbox = Outbox::open(folder.path()).unwrap();
        assert_eq!(all(&outbox), submissions(1..=last), "cut at {length}");
        outbox.append(&submissions(last + 1..=last + 1)).unwrap();
        drop(outbox);
        assert_eq!(all(&Outbox::open(folder.path()).unwrap()), submissions(1..=last + 1), "cut at {length}");
    }
}

#[test]
fn damage_before_the_end_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    outbox.append(&submissions(1..=2)).unwrap();
    let path = folder.path().join("submissions");
    let first = fs::metadata(&path).unwrap().len() as usize;
    outbox.append(&submissions(3..=3)).unwrap();
    drop(outbox);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(&path, &bytes).unwrap();
        match Outbox::open(folder.path()) {
            // Of the last append nothing that follows says that it was ever whole.
            Ok(outbox) => assert!(at >= first && outbox.last() == Sequence(2), "byte {at}"),
            Err(error) => {
                assert!(at < first, "byte {at}: {error}");
                assert!(error.to_string().contains("restore it from a backup"), "{error}");
            }
        }
    }
}

#[test]
fn a_file_that_is_mostly_final_is_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    let network = Network::new(2);
    let big = |n: u64| network.submission_at(2, Sequence(n), vec![event(n, Action::Renew); 10_000]);
    for n in 1..=8 {
        outbox.append(&[big(n)]).unwrap();
    }
    let size = || fs::metadata(folder.path().join("submissions")).unwrap().len();
    let before = size();
    assert!(before > REWRITE_BYTES);
    outbox.final_up_to(Sequence(1)).unwrap();
    assert_eq!(size(), before, "little is final");
    outbox.final_up_to(Sequence(7)).unwrap();
    assert!(size() < before / 7);
    assert_eq!(all(&outbox), [big(8)]);
    for n in 9..=16 {
        outbox.append(&[big(n)]).unwrap();
    }
    outbox.final_up_to(Sequence(16)).unwrap();
    assert!(size() < before / 7 && outbox.is_empty());
    drop(outbox);
    // The newest one is still known, so that its number is not signed again.
    let outbox = Outbox::open(folder.path()).unwrap();
    assert_eq!((outbox.last(), outbox.len()), (Sequence(16), 1));
}

#[test]
fn what_is_signed_again_takes_the_place_of_what_waits() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    outbox.append(&submissions(1..=3)).unwrap();
    outbox.final_up_to(Sequence(1)).unwrap();
    let mut again = submissions(2..=3);
    again.iter_mut().for_each(|one| one.signature.0[0] ^= 1);
    outbox.replace(&again).unwrap();
    assert_eq!(all(&outbox), again);
    outbox.append(&submissions(4..=4)).unwrap();
    drop(outbox);
    let found = all(&Outbox::open(folder.path()).unwrap());
    assert_eq!(found, again.into_iter().chain(submissions(4..=4)).collect::<Vec<_>>());
}

#[test]
fn what_was_cut_anew_is_said_one_at_a_time_until_no_number_of_it_stood_for_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open(folder.path()).unwrap();
    assert_eq!(outbox.cut(), None, "what is not there says nothing");
    outbox.append(&submissions(1..=3)).unwrap();
    assert_eq!(outbox.sayable(Sequence(0), 9, usize::MAX).unwrap(), submissions(1..=3));
    let cut = Cut { generation: 1, signed: Sequence(3), last: Sequence(5) };
    outbox.recut(&submissions(1..=5), cut).unwrap();
    let said = |outbox: &Outbox| {
        let said = outbox.sayable(Sequence(0), 9, usize::MAX).unwrap();
        said.iter().map(|one| one.sequence.0).collect::<Vec<_>>()
    };
    outbox.append(&submissions(6..=6)).unwrap();
    assert_eq!((all(&outbox).len(), said(&outbox)), (6, vec![1]));
    assert_eq!(*outbox.watch().borrow(), Extent { last: Sequence(6), free: Sequence(1), generation: 1 });
    drop(outbox);

    // Over restarts, and over a file that is written anew.
    let outbox = Outbox::open(folder.path()).unwrap();
    assert_eq!((outbox.cut(), all(&outbox), said(&outbox)), (Some(cut), submissions(1..=6), vec![1]));
    outbox.final_up_to(Sequence(1)).unwrap();
    assert_eq!(said(&outbox), [] as [u64; 0], "what the chain has there has still to be looked at");
    outbox.learned(Sequence(1));
    assert_eq!(said(&outbox), [2]);
    outbox.replace(&submissions(2..=6)).unwrap();
    assert_eq!((outbox.cut(), said(&outbox)), (Some(cut), vec![2]));
    outbox.final_up_to(Sequence(3)).unwrap();
    outbox.learned(Sequence(3));
    assert_eq!(said(&outbox), [4, 5, 6]);

    // The chain had more than was known: what waits ends lower than before.
    let shorter = Cut { generation: 2, signed: Sequence(6), last: Sequence(4) };
    outbox.recut(&submissions(4..=4), shorter).unwrap();
    assert_eq!((outbox.last(), said(&outbox)), (Sequence(4), vec![4]));
    outbox.recut(&[], Cut { generation: 3, ..shorter }).unwrap();
    drop(outbox);
    let outbox = Outbox::open(folder.path()).unwrap();
    assert_eq!((outbox.last(), outbox.len()), (Sequence(4), 0), "its number is not given out again");
    drop(outbox);
    let path = folder.path().join("submissions");
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(Outbox::open(folder.path()), Err(OutboxError::File(IoError::Malformed { .. }))));
}
