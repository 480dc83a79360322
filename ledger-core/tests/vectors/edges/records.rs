//! A record of each kind whose slots are as long as they may be (format.md §5.1).

use crate::private;
use crate::verdicts::Book;
use ledger_core::codec::{self, Bytes, List, Text};
use ledger_core::names::RecordKind;
use ledger_core::record::{Change, Deduction, Record, Reveal, Slot, Version, slots};

/// The longest value of a slot that has a bound of its own; of a field, its alias.
fn longest(slot: &Slot, deduced: &[String]) -> Vec<u8> {
    let text = |length: usize| "a".repeat(length);
    match slot {
        Slot::Field(_) => slot.name().into_bytes(),
        Slot::Changes => {
            let change = |at: usize| Change {
                field: Text::new(text(64)).unwrap(),
                value: (at > 0).then(|| Text::new(text(if at == 1 { 2_000 } else { at })).unwrap()),
            };
            codec::encode(&List::<Change, 32>::new((0..32).map(change).collect()).unwrap())
        }
        Slot::File(_) => {
            let [role, media] =
                [128, 400].map(|length: u32| [&length.to_be_bytes()[..], text(length as usize).as_bytes()].concat());
            [&role[..], &[7; 32], &u64::MAX.to_be_bytes(), &media].concat()
        }
        Slot::RawDigest => vec![7; 32],
        Slot::Received => ((1_u64 << 53) - 1).to_be_bytes().to_vec(),
        Slot::Tables | Slot::Platform => text(64).into_bytes(),
        Slot::Deduced => {
            let deduction = |field: &String| Deduction {
                field: Text::new(field.clone()).unwrap(),
                value: Text::new(text(400)).unwrap(),
            };
            codec::encode(&List::<Deduction, 8>::new(deduced.iter().map(deduction).collect()).unwrap())
        }
        Slot::PlatformSignature => vec![7; 512],
    }
}

pub(super) fn add(book: &mut Book) {
    let kinds = (0..=u8::MAX).filter_map(|number| RecordKind::try_from(number).ok());
    for kind in kinds {
        let table = slots(kind, Version::V1);
        let fields: Vec<String> = table.iter().filter(|slot| matches!(slot, Slot::Field(_))).map(Slot::name).collect();
        // As many as there may be are deduced, and the others sent.
        let deduced: Vec<String> = fields.iter().take(8).cloned().collect();
        let is_absent = |slot: &Slot| match slot {
            Slot::File(number) => *number > 1 && kind != RecordKind::Amend,
            _ => deduced.contains(&slot.name()),
        };
        let value = |slot: &Slot| (!is_absent(slot)).then(|| Bytes::<65_535>::new(longest(slot, &deduced)).unwrap());
        let values: Vec<Option<Bytes<65_535>>> = table.iter().map(value).collect();
        let bytes = codec::encode(&(kind, Version::V1, List::<_, 64>::new(values).unwrap()));
        let record: Record = codec::decode(&bytes).unwrap();
        let name = format!("the longest record of kind {}, nothing is disclosed", kind.number());
        book.push(private::record(&name, &record, Reveal::Named(&[])));
    }
}
