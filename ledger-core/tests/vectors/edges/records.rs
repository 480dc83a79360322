//! Records whose slots are as long as they may be, and values that are none of a slot (format.md §5.1).

use crate::verdicts::Book;
use crate::{hex, private, unhex};
use ledger_core::annex::FileDigest;
use ledger_core::codec::{self, Bytes, List, Text};
use ledger_core::names::{RecordKind, Timestamp};
use ledger_core::record::{Change, Deduction, Record, Reveal, Slot, Version, slots};
use serde_json::json;

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
    longest_records(book);
    values(book);
    subjects(book);
}

fn longest_records(book: &mut Book) {
    let kinds = (0..=u8::MAX).filter_map(|number| RecordKind::try_from(number).ok());
    for kind in kinds {
        let table = slots(kind, Version::V1);
        let fields: Vec<String> = table.iter().filter(|slot| matches!(slot, Slot::Field(_))).map(Slot::name).collect();
        // As many as there may be are deduced, and the others sent.
        let deduced: Vec<String> = fields.iter().take(8).cloned().collect();
        let is_absent = |slot: &Slot| {
            if let Slot::File(number) = slot {
                *number > 1 && kind != RecordKind::Amend
            } else {
                deduced.contains(&slot.name())
            }
        };
        let value = |slot: &Slot| (!is_absent(slot)).then(|| Bytes::<65_535>::new(longest(slot, &deduced)).unwrap());
        let values: Vec<Option<Bytes<65_535>>> = table.iter().map(value).collect();
        let bytes = codec::encode(&(kind, Version::V1, List::<_, 64>::new(values).unwrap()));
        let record: Record = codec::decode(&bytes).unwrap();
        let name = format!("the longest record of kind {}, nothing is disclosed", kind.number());
        book.push(private::record(&name, &record, Reveal::Named(&[])));
    }
}

/// What a slot's value has to be, by the type that the core reads it as.
fn is_value(slot: &str, value: &[u8]) -> bool {
    let text = |most: usize| value.len() <= most && std::str::from_utf8(value).is_ok();
    match slot {
        "changes" => codec::decode::<List<Change, 32>>(value).is_ok_and(|changes| !changes.is_empty()),
        "deduced" => codec::decode::<List<Deduction, 8>>(value).is_ok_and(|deduced| !deduced.is_empty()),
        "file_1" => codec::decode::<FileDigest>(value).is_ok(),
        "raw_sha256" => codec::decode::<[u8; 32]>(value).is_ok(),
        "received" => codec::decode::<Timestamp>(value).is_ok(),
        "tables" | "platform" => text(64),
        "platform_signature" => value.len() <= 512,
        _ => text(65_535),
    }
}

fn slot(book: &mut Book, slot: &str, name: &str, value: &[u8], holds: bool) {
    assert_eq!(is_value(slot, value), holds, "{slot}: {name}");
    let name = format!("{slot}: {name}");
    book.push(json!({ "name": name, "kind": "slot", "slot": slot, "value": hex(value), "holds": holds }));
}

fn counted(length: usize, of: u8) -> Vec<u8> {
    [&u32::try_from(length).unwrap().to_be_bytes()[..], &vec![of; length]].concat()
}

fn values(book: &mut Book) {
    let count = |of: u32| of.to_be_bytes();
    let change = |field: usize, value: usize| [&counted(field, b'a')[..], &[1], &counted(value, b'b')].concat();
    let gone = [&counted(1, b'a')[..], &[0]].concat();
    for (name, of, each, holds) in [
        ("none", 0, gone.clone(), false),
        ("one that is gone", 1, gone.clone(), true),
        ("32", 32, gone.clone(), true),
        ("33", 33, gone, false),
        ("a field of 64 bytes and a value of 2,000", 1, change(64, 2_000), true),
        ("a field of 65 bytes", 1, change(65, 1), false),
        ("a value of 2,001 bytes", 1, change(1, 2_001), false),
    ] {
        slot(book, "changes", name, &[&count(of)[..], &each.repeat(of as usize)].concat(), holds);
    }
    let deduction = |field: usize, value: usize| [counted(field, b'a'), counted(value, b'b')].concat();
    for (name, of, each, holds) in [
        ("none", 0, vec![], false),
        ("eight", 8, deduction(1, 1), true),
        ("nine", 9, deduction(1, 1), false),
        ("a field of 64 bytes and a value of 400", 1, deduction(64, 400), true),
        ("a field of 65 bytes", 1, deduction(65, 1), false),
        ("a value of 401 bytes", 1, deduction(1, 401), false),
    ] {
        slot(book, "deduced", name, &[&count(of)[..], &each.repeat(of as usize)].concat(), holds);
    }
    let file = |role: usize, media: usize| {
        [&counted(role, b'a')[..], &[7; 32], &u64::MAX.to_be_bytes(), &counted(media, b'b')].concat()
    };
    for (name, value, holds) in [
        ("a role of 128 bytes and a media type of 400", file(128, 400), true),
        ("a role of 129 bytes", file(129, 1), false),
        ("a media type of 401 bytes", file(1, 401), false),
        ("a byte more", [file(1, 1), vec![0]].concat(), false),
    ] {
        slot(book, "file_1", name, &value, holds);
    }
    for (name, length, most) in [("tables", 64, 65), ("platform", 64, 65), ("platform_signature", 512, 513)] {
        slot(book, name, &format!("{length} bytes"), &vec![b'a'; length], true);
        slot(book, name, &format!("{most} bytes"), &vec![b'a'; most], false);
    }
    slot(book, "tables", "no UTF-8", &[0xff], false);
    slot(book, "platform_signature", "no UTF-8", &[0xff], true);
    slot(book, "unit_name", "no UTF-8", &[0xff], false);
    for length in [31, 32, 33] {
        slot(book, "raw_sha256", &format!("{length} bytes"), &vec![7; length], length == 32);
    }
    for (name, time, holds) in [("2^53 - 1", (1_u64 << 53) - 1, true), ("2^53", 1 << 53, false)] {
        slot(book, "received", name, &time.to_be_bytes(), holds);
    }
}

/// A proof has 80 bytes, and one s.
fn subjects(book: &mut Book) {
    /// The order of the group, least significant byte first.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let number = "LD-2025-0001";
    let add_order = |proof: &mut Vec<u8>| {
        let mut carry = 0_u16;
        for (byte, more) in proof[48..].iter_mut().zip(ORDER) {
            carry += u16::from(*byte) + u16::from(more);
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
    };
    let case = |name: &str, edit: &dyn Fn(&mut Vec<u8>)| {
        private::refused_subject(name, |case| {
            let mut proof = unhex(case["proof"].as_str().unwrap());
            edit(&mut proof);
            case["proof"] = json!(hex(proof));
        })
    };
    let mut cases = vec![private::subject("of the contract that others are refused for", Some(number))];
    cases.push(case("a proof whose s is the true one and the order", &add_order));
    cases.push(case("a proof with a zero byte more", &|proof| proof.push(0)));
    cases.push(case("a proof without its last byte, which is zero or not", &|proof| _ = proof.pop()));
    cases.into_iter().for_each(|case| book.push(case));
}
