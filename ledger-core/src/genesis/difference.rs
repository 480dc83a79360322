//! Where two JSON texts differ, for people.

use serde_json::Value;

/// The first place where two values differ, as a path.
pub(super) fn difference(wanted: &Value, found: &Value) -> String {
    format!("/{}", place(wanted, found).unwrap_or_default().join("/"))
}

/// Names on the way to the first place where two values differ.
fn place(wanted: &Value, found: &Value) -> Option<Vec<String>> {
    let below =
        |name: String, [wanted, found]: [&Value; 2]| place(wanted, found).map(|place| [vec![name], place].concat());
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            let of_other = found.keys().find(|name| !wanted.contains_key(*name)).map(|name| vec![name.clone()]);
            let names = wanted.iter().map(|(name, value)| match found.get(name) {
                Some(other) => below(name.clone(), [value, other]),
                None => Some(vec![name.clone()]),
            });
            of_other.or_else(|| names.flatten().next())
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let pairs = wanted.iter().zip(found).enumerate();
            pairs.filter_map(|(at, (wanted, found))| below(at.to_string(), [wanted, found])).next()
        }
        (wanted, found) => (wanted != found).then(Vec::new),
    }
}
