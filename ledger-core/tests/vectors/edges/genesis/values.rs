//! Texts and numbers of a membership at their bounds, in the JSON of a genesis.

use super::Texts;
use ledger_core::fixture::{node_key, verifier_key, witness};
use ledger_core::membership::Purpose;

pub(super) fn add(texts: &mut Texts<'_>) {
    names(texts);
    parameters(texts);
    witnesses(texts);
    keys(texts);
}

/// White space as section 8 lists it.
const WHITE_SPACE: [char; 25] = [
    '\u{9}', '\u{a}', '\u{b}', '\u{c}', '\u{d}', '\u{20}', '\u{85}', '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}',
    '\u{2002}', '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}', '\u{2007}', '\u{2008}', '\u{2009}', '\u{200a}',
    '\u{2028}', '\u{2029}', '\u{202f}', '\u{205f}', '\u{3000}',
];
/// What turns or parts lines.
const TURNING: [char; 14] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}',
    '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];
/// The control characters at the ends of their ranges, and what is one of neither kind although it looks so.
const CONTROLS: [char; 6] = ['\0', '\u{1}', '\u{1f}', '\u{7f}', '\u{80}', '\u{9f}'];
const NEITHER: [char; 20] = [
    '!',
    '~',
    '\u{a1}',
    '\u{ad}',
    '\u{61b}',
    '\u{61d}',
    '\u{180e}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{2010}',
    '\u{2027}',
    '\u{2060}',
    '\u{2064}',
    '\u{2065}',
    '\u{206a}',
    '\u{2800}',
    '\u{3164}',
    '\u{feff}',
    '\u{e0001}',
];

/// As JSON has to write it.
fn written(c: char) -> String {
    serde_json::to_string(&c.to_string()).unwrap().trim_matches('"').to_owned()
}

fn names(texts: &mut Texts<'_>) {
    let hidden = |c: char| TURNING.contains(&c) || c.is_control();
    for c in WHITE_SPACE.into_iter().chain(TURNING).chain(CONTROLS).chain(NEITHER).chain(['+']) {
        let (point, text) = (u32::from(c), written(c));
        let ends = WHITE_SPACE.contains(&c) || hidden(c) || c == '+';
        // Some stand in two lists.
        if c == '\u{2028}' || c == '\u{2029}' || (c.is_control() && WHITE_SPACE.contains(&c)) {
            assert!(ends && hidden(c));
        }
        let name = format!("U+{point:04X} in the name of the log");
        if !texts.book.is_named(&format!("{}: {name}", texts.of)) {
            texts.edit(&name, "test.luqi", &format!("test{text}luqi"), !ends);
            texts.edit(
                &format!("U+{point:04X} in the name of a member"),
                "Member 1",
                &format!("Member{text}1"),
                !hidden(c),
            );
        }
    }
    for (name, find, most) in [
        ("test.luqi.example", "\"name\":\"test.luqi.example\"", 64),
        ("Member 1", "\"name_en\":\"Member 1\"", 96),
        ("成员1", "\"name_zh\":\"成员1\"", 96),
    ] {
        let (field, _) = find.split_once(':').unwrap();
        for (what, text, holds) in [
            ("nothing", String::new(), false),
            ("one letter", "a".to_owned(), true),
            ("as many bytes as there may be", "a".repeat(most), true),
            ("a byte more than there may be", "a".repeat(most + 1), false),
            ("as many bytes, in letters of three", format!("{}{}", "山".repeat(most / 3), "a".repeat(most % 3)), true),
            (
                "a byte more, in letters of three",
                format!("{}{}", "山".repeat(most / 3), "a".repeat(most % 3 + 1)),
                false,
            ),
        ] {
            texts.edit(&format!("{name} is {what}"), find, &format!("{field}:\"{text}\""), holds);
        }
    }
}

fn parameters(texts: &mut Texts<'_>) {
    for (name, value, least, most) in [
        ("block_bytes", 4 << 20, 65_536, 33_554_432),
        ("block_events", 10_000, 1, 100_000),
        ("submission_events", 1_000, 1, 10_000),
        ("clock_tolerance_ms", 5_000, 1, 3_600_000),
        ("pace_events", 500, 1, 100_000),
        ("pace_wait_ms", 5_000, 1, 3_600_000),
        ("pace_seal_ms", 60_000, 1, 86_400_000),
        ("pace_idle_ms", 600_000, 1, 86_400_000_u64),
    ] {
        for (to, holds) in
            [(least - 1, false), (least, true), (most, true), (most + 1, false), (4_294_967_296 + least, false)]
        {
            texts.edit(&format!("{name} is {to}"), &format!("\"{name}\":{value}"), &format!("\"{name}\":{to}"), holds);
        }
    }
}

fn typed(kind: u8, key: &[u8]) -> Vec<u8> {
    [&[kind], key].concat()
}

/// Verifier keys of each type, and what is none.
fn witnesses(texts: &mut Texts<'_>) {
    let key = |node| *node_key(node, Purpose::Note).public().as_bytes();
    let named = |name: &str, kind, node| verifier_key(name, &typed(kind, &key(node)));
    let long = |length: usize| verifier_key("w.example", &typed(6, &vec![7; length]));
    let of = |list: &[String]| format!("\"witnesses\":{}", serde_json::to_string(list).unwrap());
    let good = named("w.example", 1, 71);
    let (name, rest) = good.split_once('+').unwrap();
    let (hash, base64) = rest.split_once('+').unwrap();
    let cut = |at: usize| format!("{name}+{hash}+{}", &base64[..at]);
    let long_name = |most: usize| {
        let rest = named("", 4, 71).len();
        named(&"w".repeat(most - rest), 4, 71)
    };
    let numbered = |count: u32| (1..=count).map(witness).collect::<Vec<_>>();
    // A key whose base64 has a plus, so that the third part has one.
    let with_plus = (100..).map(|node| named("w.example", 1, node)).find(|text| text.matches('+').count() > 2).unwrap();
    for (what, list, holds) in [
        ("one of type 01", vec![good.clone()], true),
        ("one of type 04", vec![named("w.example", 4, 71)], true),
        ("one of type 06", vec![long(1_312)], true),
        ("one whose key has a plus", vec![with_plus], true),
        ("one of type 00", vec![named("w.example", 0, 71)], false),
        ("one of type 02", vec![named("w.example", 2, 71)], false),
        ("one of type 03", vec![named("w.example", 3, 71)], false),
        ("one of type 05", vec![named("w.example", 5, 71)], false),
        ("one of type 07", vec![verifier_key("w.example", &typed(7, &[7; 1_312]))], false),
        ("one of type 06 with 32 bytes", vec![named("w.example", 6, 71)], false),
        ("one of type 01 with 1,312 bytes", vec![verifier_key("w.example", &typed(1, &[7; 1_312]))], false),
        ("one of type 01 with 31 bytes", vec![verifier_key("w.example", &typed(1, &key(71)[..31]))], false),
        (
            "one of type 04 with 33 bytes",
            vec![verifier_key("w.example", &typed(4, &[&key(71)[..], &[0]].concat()))],
            false,
        ),
        ("one of type 06 with 1,311 bytes", vec![long(1_311)], false),
        ("one of type 06 with 1,313 bytes", vec![long(1_313)], false),
        ("one of type 01 that is no point", vec![verifier_key("w.example", &typed(1, &[2; 32]))], false),
        ("one of type 04 that is no point", vec![verifier_key("w.example", &typed(4, &[2; 32]))], false),
        ("one of type 06 that is no point", vec![verifier_key("w.example", &typed(6, &[2; 1_312]))], true),
        ("one of type 04 of small order", vec![verifier_key("w.example", &typed(4, &[0; 32]))], false),
        ("one without a type", vec![verifier_key("w.example", &[])], false),
        ("one without a key", vec![format!("{name}+{hash}+")], false),
        ("one of two parts", vec![format!("{name}+{hash}")], false),
        ("one of one part", vec![name.to_owned()], false),
        ("an empty one", vec![String::new()], false),
        ("one with a part more", vec![format!("{good}+")], false),
        ("one with another hash", vec![format!("{name}+00000000+{base64}")], false),
        ("one with a hash in capital letters", vec![format!("{name}+{}+{base64}", hash.to_uppercase())], false),
        ("one with a shorter hash", vec![format!("{name}+{}+{base64}", &hash[..7])], false),
        ("one with a longer hash", vec![format!("{name}+{hash}0+{base64}")], false),
        ("one whose key is cut", vec![cut(base64.len() - 1)], false),
        ("one whose key is cut by four", vec![cut(base64.len() - 4)], false),
        ("one whose key has a line end", vec![format!("{good}\n")], false),
        ("one whose key has a space", vec![format!("{name}+{hash}+ {base64}")], false),
        (
            "one whose key is of the other alphabet",
            vec![format!("{name}+{hash}+{}", base64.replace(['+', '/'], "_")), witness(1)],
            !base64.contains(['+', '/']),
        ),
        ("one with an empty name", vec![named("", 1, 71)], false),
        ("two of one name", vec![good.clone(), named("w.example", 1, 72)], false),
        ("two of one key, of two types", vec![good.clone(), named("v.example", 4, 71)], false),
        ("two of one key, of one type", vec![good.clone(), named("v.example", 1, 71)], false),
        ("one twice", vec![good.clone(), good.clone()], false),
        ("the first and the third of one name", vec![good.clone(), witness(1), named("w.example", 1, 72)], false),
        ("two of two names and keys", vec![good.clone(), named("v.example", 1, 72)], true),
        ("two of which one has a longer key that begins alike", vec![good.clone(), long_key(&key(71))], true),
        ("16", numbered(16), true),
        ("17", numbered(17), false),
        ("one of 4,096 bytes", vec![long_name(4_096)], true),
        ("one of 4,097 bytes", vec![long_name(4_097)], false),
    ] {
        texts.edit(&format!("witnesses: {what}"), "\"witnesses\":[]", &of(&list), holds);
    }
    for (c, holds) in [
        ('\u{85}', false),
        ('\u{a0}', false),
        ('\u{205f}', false),
        ('\u{3000}', false),
        ('\u{202e}', false),
        ('\u{200b}', true),
        (' ', false),
    ] {
        let list = [named(&format!("w{c}v"), 1, 71)];
        texts.edit(
            &format!("witnesses: one with U+{:04X} in its name", u32::from(c)),
            "\"witnesses\":[]",
            &of(&list),
            holds,
        );
    }
    for (wanted, holds) in [(0, true), (1, true), (2, true), (3, false)] {
        let find = "\"witnesses\":[],\"wanted\":0";
        let put = format!("{},\"wanted\":{wanted}", of(&numbered(2)));
        texts.edit(&format!("witnesses: {wanted} of two are wanted"), find, &put, holds);
    }
    let root = |bytes: usize| "30".repeat(bytes);
    for (what, roots, holds) in [
        ("an empty one", vec![String::new()], true),
        ("eight", vec![root(1); 8], true),
        ("nine", vec![root(1); 9], false),
        ("one of 8,192 bytes", vec![root(8_192)], true),
        ("one of 8,193 bytes", vec![root(8_193)], false),
        ("one of half a byte", vec!["3".to_owned()], false),
    ] {
        let put = format!("\"timestamp_roots\":{}", serde_json::to_string(&roots).unwrap());
        texts.edit(&format!("timestamp roots: {what}"), "\"timestamp_roots\":[]", &put, holds);
    }
}

/// An ML-DSA-44 key that begins with the bytes of another key.
fn long_key(first: &[u8]) -> String {
    let mut key = vec![7; 1_312];
    key[..first.len()].copy_from_slice(first);
    verifier_key("v.example", &typed(6, &key))
}

/// Keys that are none, and what is sealed.
fn keys(texts: &mut Texts<'_>) {
    let vault = texts.value_behind("\"vault\":");
    let little = |number: &str| format!("\"{number}\"");
    let prime = "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";
    for (what, key, holds) in [
        ("0", "00".repeat(32), false),
        ("1", format!("01{}", "00".repeat(31)), false),
        ("2", format!("02{}", "00".repeat(31)), true),
        ("2^255 - 19", prime.to_owned(), false),
        ("2^255 - 20", prime.replace("ed", "ec"), false),
        ("2^255 - 21", prime.replace("ed", "eb"), true),
        ("2^255 - 18", prime.replace("ed", "ee"), false),
        ("2^255 + 2", format!("02{}80", "00".repeat(30)), false),
        ("of order 8", "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800".to_owned(), false),
        ("of order 8, the other", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157".to_owned(), false),
        (
            "of order 8, with the top bit",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880".to_owned(),
            false,
        ),
    ] {
        let find = format!("\"vault\":{vault}");
        texts.edit(&format!("the vault key is {what}"), &find, &format!("\"vault\":{}", little(&key)), holds);
    }
    let vrf = texts.value_behind("\"vrf\":");
    for (what, key) in [
        ("the identity", "00".repeat(32)),
        ("no element", format!("01{}", "00".repeat(31))),
        ("not reduced", prime.to_owned()),
        ("negative", format!("{}80", &vrf[1..63])),
    ] {
        texts.edit(
            &format!("the VRF key is {what}"),
            &format!("\"vrf\":{vrf}"),
            &format!("\"vrf\":{}", little(&key)),
            false,
        );
    }
    for (bytes, holds) in [(0, true), (1_024, true), (1_025, false)] {
        let put = format!("\"sealed\":\"{}\"", "07".repeat(bytes));
        texts.edit(&format!("a sealed key of {bytes} bytes"), "\"sealed\":\"010203\"", &put, holds);
    }
    for (what, put) in [("another's", "\"member\":\"370100\""), ("of nobody", "\"member\":\"000000\"")] {
        texts.edit(&format!("the sealed key is {what}"), "\"member\":\"370000\"", put, false);
    }
    let sealed = texts.value_behind("\"sealed_vrf\":");
    let one = sealed.trim_matches(['[', ']']);
    for (what, put) in [("none", "[]".to_owned()), ("two", format!("[{one},{one}]"))] {
        texts.edit(
            &format!("sealed keys: {what}"),
            &format!("\"sealed_vrf\":{sealed}"),
            &format!("\"sealed_vrf\":{put}"),
            false,
        );
    }
}
