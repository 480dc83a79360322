//! `luqi member parameters`

use super::view::Members;
use crate::client::block_on;
use crate::cmd::parameter::{self, MEANINGS};
use crate::cmd::target::Target;
use crate::exit::{Exit, Problem};
use crate::output::{Output, table};
use ledger_core::membership::{Bounds, Parameters};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  luqi member parameters                               what there is, without a node
  luqi member parameters --url http://127.0.0.1:7080   and what holds now

`luqi member propose set-parameters KEY=VALUE` changes them; `luqi genesis collect --param KEY=VALUE` sets them at
the beginning.";

/// List the parameters of a chain: meaning, unit, default, bounds, and what holds
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    target: Target,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    meaning: &'static str,
    unit: &'static str,
    default: u32,
    least: u32,
    most: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<u32>,
}

pub(super) fn run(args: &Args, output: &Output) -> Result<Exit, Problem> {
    let asked = if args.target.is_named() { Some(args.target.client()?) } else { args.target.client().ok() };
    let in_force =
        asked.map(|mut client| block_on(async { Ok(*Members::ask(&mut client).await?.in_force.parameters()) }));
    let rows = rows(in_force.transpose()?);
    output.answer(&rows, || text(&rows))?;
    Ok(Exit::Holds)
}

fn rows(in_force: Option<Parameters>) -> Vec<Row> {
    let now = in_force.map(|parameters| parameters.values());
    let defaults = Parameters::default().values();
    let all = Parameters::BOUNDS.into_iter().zip(MEANINGS).zip(defaults).enumerate();
    let row = |(i, ((bounds, meaning), default)): (usize, ((Bounds, parameter::Meaning), u32))| {
        let Bounds { name, least, most } = bounds;
        let in_force = now.and_then(|values| values.get(i).copied());
        Row { name, meaning: meaning.is, unit: meaning.unit, default, least, most, in_force }
    };
    all.map(row).collect()
}

fn text(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let now = row.in_force.map_or_else(String::new, |value| value.to_string());
        let bounds = format!("{} to {}", row.least, row.most);
        [row.name.to_owned(), now, row.default.to_string(), bounds, row.unit.to_owned(), row.meaning.to_owned()]
    };
    table(["parameter", "holds", "default", "bounds", "unit", "is"], &rows.iter().map(cells).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table in docs/operations.md is this one.
    #[test]
    fn the_page_has_every_parameter() {
        let page = include_str!("../../../../docs/operations.md");
        for Row { name, meaning, unit, default, least, most, .. } in rows(None) {
            let line = format!("| `{name}` | {meaning} | {unit} | {default} | {least} to {most} |");
            assert!(page.contains(&line), "docs/operations.md lacks: {line}");
        }
    }
}
