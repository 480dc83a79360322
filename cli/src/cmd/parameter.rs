//! `--param KEY=VALUE`: one parameter of the chain.

use crate::exit::{Exit, Problem};
use ledger_core::membership::Parameters;
use std::str::FromStr;

/// What a parameter is, for a person.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning {
    /// What it says.
    pub(crate) is: &'static str,
    /// What is counted.
    pub(crate) unit: &'static str,
}

/// In the order of [`Parameters::BOUNDS`].
pub(crate) const MEANINGS: [Meaning; 8] = [
    Meaning { is: "the largest block", unit: "bytes" },
    Meaning { is: "the most events of a block", unit: "events" },
    Meaning { is: "the most events of a submission", unit: "events" },
    Meaning { is: "a block whose time is further ahead of a voter's clock is not voted for", unit: "ms" },
    Meaning { is: "a block is proposed once so much waits", unit: "events" },
    Meaning { is: "or once the oldest event has waited so long", unit: "ms" },
    Meaning { is: "or, empty, so long after a block with events, whose seal it brings into the log", unit: "ms" },
    Meaning { is: "or, empty, so long after any block", unit: "ms" },
];

/// One parameter and its value.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    key: String,
    value: u32,
}

impl FromStr for Parameter {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as pace_wait_ms=200")?;
        let value = value.parse().map_err(|_| format!("the value of {key} must be a whole number"))?;
        Ok(Self { key: key.to_owned(), value })
    }
}

/// `start`, with some parameters changed, each within its bounds.
pub(crate) fn apply(start: Parameters, changes: &[Parameter]) -> Result<Parameters, Problem> {
    let broken = |error: serde_json::Error| Problem::new(Exit::Failed, error);
    let mut fields = serde_json::to_value(start).map_err(broken)?;
    for Parameter { key, value } in changes {
        let known = fields.as_object().into_iter().flat_map(serde_json::Map::keys).cloned().collect::<Vec<_>>();
        let Some(field) = fields.get_mut(key) else {
            return Err(Problem::usage(format!("{key} is no parameter of a chain"))
                .next(format!("the parameters are {}", known.join(", "))));
        };
        *field = (*value).into();
    }
    let changed: Parameters = serde_json::from_value(fields).map_err(broken)?;
    let mut all = Parameters::BOUNDS.into_iter().zip(changed.values()).zip(MEANINGS);
    match all.find(|((bounds, value), _)| *value < bounds.least || *value > bounds.most) {
        None => Ok(changed),
        Some(((bounds, value), Meaning { unit, .. })) => Err(Problem::usage(format!(
            "{} cannot be {value}: it stands between {} and {} {unit}",
            bounds.name, bounds.least, bounds.most
        ))
        .next("`luqi member parameters` lists them all")),
    }
}

/// What differs: name, before, after, unit.
pub(crate) fn differences(before: &Parameters, after: &Parameters) -> Vec<(&'static str, u32, u32, &'static str)> {
    let all = Parameters::BOUNDS.into_iter().zip(before.values()).zip(after.values()).zip(MEANINGS);
    let all = all.map(|(((bounds, before), after), Meaning { unit, .. })| (bounds.name, before, after, unit));
    all.filter(|(_, before, after, _)| before != after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_changed_by_name() {
        let change: Parameter = "pace_wait_ms=200".parse().unwrap();
        let changed = apply(Parameters::default(), &[change]).unwrap();
        assert_eq!(changed, Parameters { pace_wait_ms: 200, ..Parameters::default() });
        let wrong = apply(Parameters::default(), &["pace=1".parse().unwrap()]).unwrap_err();
        assert_eq!(wrong.exit, Exit::Usage);
        assert!(wrong.next.unwrap().contains("pace_wait_ms"));
        let out = apply(Parameters::default(), &["block_bytes=1".parse().unwrap()]).unwrap_err();
        assert_eq!(out.what, "block_bytes cannot be 1: it stands between 65536 and 33554432 bytes");
        assert_eq!(differences(&Parameters::default(), &changed), [("pace_wait_ms", 5_000, 200, "ms")]);
        assert!("pace_wait_ms".parse::<Parameter>().is_err());
        assert!("pace_wait_ms=-1".parse::<Parameter>().is_err());
    }
}
