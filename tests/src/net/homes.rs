//! Homes whose nodes do not run: each audited from the genesis, and held against the others.

use crate::luqi;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Audits homes, each with a name to be called by: one chain everywhere. Gives the highest tip, and how many
/// events there are. Whoever was stopped last may have a block more than the others.
///
/// # Errors
/// What an audit says otherwise.
pub fn one_chain(homes: &[(String, PathBuf)], genesis: &Path) -> Result<(String, u64), String> {
    let report = |(name, home): &(String, PathBuf)| audit(home, genesis).map_err(|why| format!("{name}: {why}"));
    let reports: Vec<Value> = homes.iter().map(report).collect::<Result<_, _>>()?;
    let highest = homes.iter().zip(&reports).max_by_key(|(_, report)| report["height"].as_u64());
    let ((ahead, longest_home), longest) = highest.ok_or_else(|| "there is no home".to_owned())?;
    for ((name, _), report) in homes.iter().zip(&reports) {
        let there = if report["height"] == longest["height"] {
            longest["tip"].clone()
        } else {
            block(longest_home, &report["height"])?
        };
        if report["tip"] != there {
            let (height, tip) = (&report["height"], &report["tip"]);
            return Err(format!("a fork: at {height} {name} has {tip}, {ahead} {there}"));
        }
    }
    let tip = longest["tip"].as_str().unwrap_or_default().to_owned();
    Ok((tip, longest["events"].as_u64().unwrap_or_default()))
}

/// Audits one home; gives the report.
///
/// # Errors
/// What the audit says, where it does not hold.
pub fn audit(home: &Path, genesis: &Path) -> Result<Value, String> {
    let words = ["--json", "audit", "--home"].map(OsStr::new);
    let run = luqi::run(&[&words[..], &[home.as_os_str(), OsStr::new("--genesis"), genesis.as_os_str()]].concat());
    match run.code {
        Some(0) => serde_json::from_str(&run.out).map_err(|error| format!("{error}: {}", run.out)),
        _ => Err(format!("{} {}", run.out, run.err)),
    }
}

/// The hash of a block in a home.
fn block(home: &Path, height: &Value) -> Result<Value, String> {
    let height = height.to_string();
    let words = ["--json", "show", "block", &height, "--home"].map(OsStr::new);
    let run = luqi::run(&[&words[..], &[home.as_os_str()]].concat());
    let said: Value = serde_json::from_str(&run.out).map_err(|error| format!("{error}: {} {}", run.out, run.err))?;
    Ok(said["hash"].clone())
}
