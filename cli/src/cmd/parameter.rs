//! `--param KEY=VALUE`: one parameter of the chain.

use crate::exit::{Exit, Problem};
use ledger_core::membership::Parameters;
use std::str::FromStr;

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

/// `start`, with some parameters changed. Their bounds are checked when a membership is made of them.
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
    serde_json::from_value(fields).map_err(broken)
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
        assert!("pace_wait_ms".parse::<Parameter>().is_err());
        assert!("pace_wait_ms=-1".parse::<Parameter>().is_err());
    }
}
