//! What says the same in another form of JSON, at every object and every field.

use super::Texts;
use super::json::left_out;

/// What each kind of object begins with.
const OBJECTS: [(&str, &str); 31] = [
    ("the genesis", "{\"protocol\":1,\"suite\":1,\"name\":"),
    ("the predecessor", "{\"network\":"),
    ("a header", "{\"protocol\":1,\"suite\":1,\"chain\":"),
    ("a certificate", "\"certificate\":{\"height\":"),
    ("a signature", "{\"node\":1,\"signature\":"),
    ("a frontier", "{\"size\":"),
    ("a control state", "{\"protocol\":1,\"streams\":"),
    ("a stream", "{\"node\":1,\"last\":"),
    ("a proposal", "{\"id\":"),
    ("a change of membership", "{\"header\":"),
    ("a membership", "{\"next_node\":"),
    ("an heir", "{\"removed\":"),
    ("a member", "{\"code\":"),
    ("a governance key", "{\"suite\":1,\"key\":"),
    ("a node", "{\"number\":"),
    ("a node's key", "{\"purpose\":"),
    ("the parameters", "{\"block_bytes\":"),
    ("a trust policy", "{\"witnesses\":"),
    ("a sealed key", "{\"member\":"),
    ("a proposal to add a member", "{\"add_member\":"),
    ("a proposal to remove a member", "{\"remove_member\":"),
    ("a proposal to add a node", "{\"add_node\":"),
    ("a proposal to remove a node", "{\"remove_node\":"),
    ("a proposal to set a power", "{\"set_power\":"),
    ("a proposal to replace a node's keys", "{\"rotate_node_keys\":"),
    ("a proposal to replace a member's keys", "{\"rotate_member_keys\":"),
    ("a proposal to replace the parameters", "{\"set_parameters\":"),
    ("a proposal to activate a protocol", "{\"activate\":"),
    ("a proposal to withdraw", "{\"withdraw\":"),
    ("a proposal to replace the trust policy", "{\"set_trust\":"),
    ("a membership in force", "\"next\":{\"next_node\":"),
];

/// What says the same, and is another form: each of it is no genesis.
pub(super) fn add(texts: &mut Texts<'_>) {
    objects(texts);
    lists(texts);
    left_out(
        texts,
        &["\"adopted\":false", "\"approvals\":[]", "\"round\":0", "\"nodes\":[]", "\"lag\":0", "\"wanted\":0"],
    );
    types(texts);
    scalars(texts);
}

fn objects(texts: &mut Texts<'_>) {
    for (what, begins) in OBJECTS {
        let brace = begins.find('{').unwrap() + 1;
        let (before, first) = begins.split_at(brace);
        let more = format!("{before}\"another\":0,{first}");
        texts.edit(&format!("{what} has another name"), begins, &more, false);
        let comment = format!("{before}\"\":null,{first}");
        texts.edit(&format!("{what} has an empty name"), begins, &comment, false);
        // Its first name twice, with the same value.
        let name = &first[..=first.find(':').unwrap()];
        let value = texts.value_behind(&format!("{before}{name}"));
        if value.len() < 100 {
            let twice = format!("{before}{name}{value},{first}");
            texts.edit(&format!("{what} has a name twice"), begins, &twice, false);
            let escaped = name.replacen(&name[1..2], &format!("\\u{:04x}", name.as_bytes()[1]), 1);
            let twice = format!("{before}{escaped}{value},{first}");
            texts.edit(&format!("{what} has a name twice, once escaped"), begins, &twice, false);
        }
        let capital = name.to_uppercase();
        let other = begins.replacen(name, &capital, 1);
        texts.edit(&format!("{what} has a name in capital letters"), begins, &other, false);
    }
    for (what, find, put) in [
        ("the purpose", "\"purpose\":\"consensus\"", "\"purpose\":1"),
        ("the purpose, in capital letters", "\"purpose\":\"consensus\"", "\"purpose\":\"Consensus\""),
        ("the purpose, of another", "\"purpose\":\"consensus\"", "\"purpose\":\"witness\""),
        ("the purpose, with a space", "\"purpose\":\"consensus\"", "\"purpose\":\"consensus \""),
        ("a change", "{\"remove_node\":", "{\"remove-node\":"),
        ("a change with two names", "{\"remove_node\":3}", "{\"remove_node\":3,\"activate\":2}"),
        ("a change without a name", "{\"remove_node\":3}", "{}"),
        ("a change that is a number", "{\"remove_node\":3}", "3"),
        ("a change that is a text", "{\"remove_node\":3}", "\"remove_node\""),
        ("a change of one field in a list", "{\"remove_node\":3}", "{\"remove_node\":[3]}"),
        ("a change by its number", "{\"remove_node\":3}", "{\"4\":3}"),
        ("a change of two fields, of which one is left out", "{\"set_power\":[3,2]}", "{\"set_power\":[3]}"),
        ("a change of two fields, and one more", "{\"set_power\":[3,2]}", "{\"set_power\":[3,2,1]}"),
        ("a change of two fields as an object", "{\"set_power\":[3,2]}", "{\"set_power\":{\"number\":3,\"power\":2}}"),
    ] {
        texts.edit(what, find, put, false);
    }
}

/// Objects that are written as lists of their values.
fn lists(texts: &mut Texts<'_>) {
    for begins in [
        "\"heirs\":[",
        "\"governance\":",
        "\"frontier\":",
        "\"parameters\":",
        "\"streams\":[",
        "\"keys\":[",
        "\"trust\":",
        "\"sealed_vrf\":[",
    ] {
        let object = texts.value_behind(begins);
        let fields: Vec<(String, String)> = fields_of(&object);
        let values: Vec<String> = fields.into_iter().map(|(_, value)| value).collect();
        let list = format!("{begins}[{}]", values.join(","));
        texts.edit(&format!("a list for the object behind {begins}"), &format!("{begins}{object}"), &list, false);
    }
}

/// Names and values of an object, as they are written.
fn fields_of(object: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    let mut rest = &object[1..];
    while let Some((name, behind)) = rest.split_once(':') {
        let mut values = serde_json::Deserializer::from_str(behind).into_iter::<serde_json::Value>();
        values.next().unwrap().unwrap();
        let end = values.byte_offset();
        fields.push((name.trim_start_matches(',').to_owned(), behind[..end].to_owned()));
        rest = &behind[end..];
    }
    fields
}

/// Flags and lists of other types.
fn types(texts: &mut Texts<'_>) {
    texts.edit("a list as null", "\"changes\":[", "\"changes\":null,\"changes\":[", false);
    for (find, put) in [
        ("\"adopted\":false", "0"),
        ("\"adopted\":false", "\"false\""),
        ("\"adopted\":false", "[]"),
        ("\"adopted\":true", "1"),
        ("\"adopted\":true", "\"true\""),
    ] {
        texts.edit(&format!("{find} as {put}"), find, &format!("\"adopted\":{put}"), false);
    }
}

/// Every field of a number, of hexadecimal, of a member code, in another form.
fn scalars(texts: &mut Texts<'_>) {
    for name in [
        "protocol",
        "suite",
        "time",
        "height",
        "log_size",
        "proposer",
        "round",
        "node",
        "size",
        "last",
        "effective",
        "next_node",
        "number",
        "power",
        "block_bytes",
        "block_events",
        "submission_events",
        "clock_tolerance_ms",
        "pace_events",
        "pace_wait_ms",
        "pace_seal_ms",
        "pace_idle_ms",
        "wanted",
        "lag",
        "remove_node",
        "activate",
    ] {
        let begins = format!("\"{name}\":");
        let Some(value) = (0..)
            .map(|at| nth_value(texts, &begins, at))
            .take_while(Option::is_some)
            .flatten()
            .find(|(_, value)| value.bytes().all(|byte| byte.is_ascii_digit()))
        else {
            panic!("{name}")
        };
        let (context, value) = value;
        for put in [
            format!("\"{value}\""),
            format!("{value}.0"),
            format!("{value}e0"),
            format!("0{value}"),
            format!("[{value}]"),
        ] {
            let find = format!("{context}{value}");
            texts.edit(&format!("{name} as {put}"), &find, &format!("{context}{put}"), false);
        }
    }
    for name in [
        "network",
        "chain",
        "parent",
        "body",
        "log_root",
        "map_root",
        "control",
        "next_membership",
        "block",
        "signature",
        "id",
        "key",
        "vault",
        "withdraw",
        "vrf",
    ] {
        let begins = format!("\"{name}\":");
        let found = (0..).map(|at| nth_value(texts, &begins, at)).take_while(Option::is_some).flatten();
        let Some((context, value)) = found
            .into_iter()
            .find(|(_, value)| value.starts_with('"') && value.contains(['a', 'b', 'c', 'd', 'e', 'f']))
        else {
            panic!("{name}")
        };
        let bare = value.trim_matches('"');
        let find = format!("{context}{value}");
        for (what, put) in [
            ("in capital letters", bare.to_uppercase()),
            ("with 0x before it", format!("0x{bare}")),
            ("with a space behind it", format!("{bare} ")),
            ("without its last digit", bare[..bare.len() - 1].to_owned()),
        ] {
            texts.edit(&format!("{name} {what}"), &find, &format!("{context}\"{put}\""), false);
        }
        texts.edit(&format!("{name} with a byte more"), &find, &format!("{context}\"{bare}00\""), false);
        texts.edit(&format!("{name} with a byte less"), &find, &format!("{context}\"{}\"", &bare[2..]), false);
        let bytes: Vec<String> = bare
            .as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap().to_string())
            .collect();
        texts.edit(&format!("{name} as a list of bytes"), &find, &format!("{context}[{}]", bytes.join(",")), false);
    }
    for (name, find) in [
        ("province", "\"province\":\"370000\""),
        ("code", "\"code\":\"370000\""),
        ("removed", "\"removed\":\"370300\""),
        ("member", "\"member\":\"370000\""),
    ] {
        let (field, value) = find.split_once(':').unwrap();
        let bare = value.trim_matches('"');
        for (what, put) in [
            ("as a number", bare.to_owned()),
            ("with a space", format!("\"{bare} \"")),
            ("with a zero more", format!("\"{bare}0\"")),
            ("as bytes", format!("\"{}\"", crate::hex(bare))),
        ] {
            texts.edit(&format!("{name} {what}"), find, &format!("{field}:{put}"), false);
        }
    }
    for digits in ["３70000", "37000", "37000a", "٣70000", "-70000", " 70000"] {
        texts.edit(
            &format!("a province {digits:?}"),
            "\"province\":\"370000\"",
            &format!("\"province\":\"{digits}\""),
            false,
        );
    }
}

/// What stands before the n-th value of a name, enough to tell it from the others, and the value.
fn nth_value(texts: &Texts<'_>, begins: &str, at: usize) -> Option<(String, String)> {
    let (place, _) = texts.text.match_indices(begins).nth(at)?;
    let rest = &texts.text[place + begins.len()..];
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
    values.next()?.ok()?;
    let value = rest[..values.byte_offset()].to_owned();
    let mut start = place;
    // The first place of what is found is where it is replaced.
    while texts.text.find(&format!("{}{value}", &texts.text[start..place + begins.len()])) != Some(start) {
        start = texts.text[..start].char_indices().next_back()?.0;
    }
    Some((texts.text[start..place + begins.len()].to_owned(), value))
}
