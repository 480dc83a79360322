//! The language of the rows: what a row's edits make of a valid message.

use super::kind;
use ledger_core::annex::MessageKind;
use std::collections::BTreeMap;

/// Members in order, each value as JSON text.
type Members = Vec<(String, String)>;

fn members(json: &serde_json::Value) -> Members {
    json.as_object().unwrap().iter().map(|(key, value)| (key.clone(), value.to_string())).collect()
}

fn write(members: &Members) -> String {
    let one = |(key, json): &(String, String)| format!("{}:{json}", serde_json::Value::from(key.as_str()));
    format!("{{{}}}", members.iter().map(one).collect::<Vec<_>>().join(","))
}

/// `"ab"3x` is `"ababab"`.
fn expand(json: &str) -> String {
    let Some((text, count)) = json.strip_suffix('x').and_then(|json| json.rsplit_once('"')) else {
        return json.to_owned();
    };
    format!("\"{}\"", text[1..].repeat(count.parse().unwrap()))
}

pub(super) struct Base {
    pub(super) kind: MessageKind,
    pub(super) message: serde_json::Value,
}

/// The message of a row, as bytes.
pub(super) fn build(base: Option<&Base>, edits: &str) -> Vec<u8> {
    if let Some(text) = edits.strip_prefix("raw = ") {
        return text.as_bytes().to_vec();
    }
    if let Some(many) = edits.strip_prefix("many = ") {
        let (count, json) = many.split_once(' ').unwrap();
        return format!("[{}]", vec![json; count.parse().unwrap()].join(",")).into_bytes();
    }
    if let Some(digits) = edits.strip_prefix("hex = ") {
        let byte = |place: usize| u8::from_str_radix(&digits[place..place + 2], 16).unwrap();
        return (0..digits.len()).step_by(2).map(byte).collect();
    }
    let base = base.unwrap();
    let mut message = members(&base.message);
    let list = base.kind.list().map(|list| list.key);
    let mut item = match list {
        Some(list) => members(&base.message[list][0]),
        None => std::mem::take(&mut message),
    };
    let mut count = 1;
    let mut whole_item = None;
    for edit in edits.split(" ; ").filter(|edit| *edit != "-") {
        if let Some(json) = edit.strip_prefix("item = ") {
            whole_item = Some(json.to_owned());
        } else if let Some(number) = edit.strip_prefix("items = ") {
            count = number.parse().unwrap();
        } else if let Some(edit) = edit.strip_prefix('^') {
            apply(&mut message, edit);
        } else {
            apply(&mut item, edit);
        }
    }
    let item = whole_item.unwrap_or_else(|| write(&item));
    let Some(list) = list else { return item.into_bytes() };
    // A list that no edit has set takes the item.
    let untouched = base.message[list].to_string();
    for (_, json) in message.iter_mut().filter(|(_, json)| *json == untouched) {
        *json = format!("[{}]", vec![item.as_str(); count].join(","));
    }
    write(&message).into_bytes()
}

fn apply(target: &mut Members, edit: &str) {
    let place = |target: &Members, key: &str| {
        target.iter().position(|(known, _)| known == key).unwrap_or_else(|| panic!("no {key} for {edit}"))
    };
    if let Some((key, json)) = edit.split_once(" = ") {
        let json = expand(json);
        if let Some(key) = key.strip_prefix('+') {
            target.push((key.to_owned(), json));
        } else if let Some(member) = target.iter_mut().find(|(known, _)| known == key) {
            assert_ne!(member.1, json, "the edit {edit} changes nothing");
            member.1 = json;
        } else {
            target.push((key.to_owned(), json));
        }
    } else if let Some((from, to)) = edit.split_once(" > ") {
        let place = place(target, from);
        target[place].0 = to.to_owned();
    } else {
        let place = place(target, edit.strip_prefix('-').unwrap());
        target.remove(place);
    }
}

/// The valid messages, by name.
pub(super) fn bases(cases: &str) -> BTreeMap<&str, Base> {
    let mut bases = BTreeMap::new();
    for line in cases.lines().filter(|line| line.starts_with("base\t")) {
        let [_, name, kind_name, message] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("columns of {line}")
        };
        bases.insert(name, Base { kind: kind(kind_name).unwrap(), message: serde_json::from_str(message).unwrap() });
    }
    bases
}
