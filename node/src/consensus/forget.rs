//! The operator takes it on himself that a node signed nothing above its tip, or that what it signed is lost: one act,
//! which is on record and repeats nothing.
//!
//! ```text
//! consensus/forgotten   a line an act: "tip <height> turn <turn of last-signed> at <ms since 1970>: <what was given up>"
//! ```
//!
//! The line is durable before anything is forgotten. Its turn tells an act that a crash cut short, which is finished
//! when it is asked for again, from one that was done: last-signed has turned since.

use super::ConsensusError;
use super::engine;
use super::last_signed::{LastSigned, LastSignedError, Silence};
use super::session;
use crate::chain::now;
use crate::durable::{IoError, append_line, if_there, read};
use ledger_core::chain::Tip;
use ledger_core::names::{Height, NodeNumber};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The record of the acts has no more bytes: a line an act, and acts are rare.
const MOST: u64 = 1 << 20;

/// Why nothing is forgotten.
#[derive(Debug, Error)]
pub enum ForgetError {
    /// Another height than that of the tip.
    #[error(
        "the chain here ends at height {tip}, not at {named}: nothing is forgotten; the height to be named is {tip}"
    )]
    OtherTip {
        /// What was named.
        named: Height,
        /// The tip here.
        tip: Height,
    },
    /// It was done before.
    #[error(
        "what was signed above height {tip} was forgotten here already: to do that again could make a second block of one height. If ledger/ was set back once more since, move {} away first", path.display()
    )]
    Again {
        /// The tip.
        tip: Height,
        /// The record of the acts.
        path: PathBuf,
    },
    /// Nothing keeps the node from voting.
    #[error("there is nothing to forget: this node votes above height {0}, and has signed nothing there")]
    Nothing(Height),
    /// A record of acts that is none.
    #[error("{} has a line that is none: \"{line}\"; look at who wrote it, and move it away", path.display())]
    Line {
        /// The record of the acts.
        path: PathBuf,
        /// The line.
        line: String,
    },
    /// The engine's log, or a folder.
    #[error(transparent)]
    Consensus(#[from] ConsensusError),
    /// The record of what was signed.
    #[error(transparent)]
    LastSigned(#[from] LastSignedError),
    /// The record of the acts.
    #[error(transparent)]
    File(#[from] IoError),
}

/// Forgets what a node that does not run has signed above its tip, or why it is silent: from the next start on it
/// votes. `folder` is that of agreement, `named` the height that the operator names. Gives what was given up, in words.
///
/// # Errors
/// [`ForgetError`]: nothing is forgotten then.
pub fn forget(folder: &Path, tip: &Tip, node: NodeNumber, named: Height) -> Result<String, ForgetError> {
    if named != tip.height() {
        return Err(ForgetError::OtherTip { named, tip: tip.height() });
    }
    let path = folder.join("forgotten");
    let begun = turn_of_act(&path, named)?;
    let mut last = session::open_record(folder, tip, node, false)?;
    // A line of this turn is of an act that a crash cut short.
    let is_begun = begun == Some(last.turn());
    if begun.is_some() && !is_begun {
        return Err(ForgetError::Again { tip: named, path });
    }
    let given_up = given_up(&last, named).ok_or(ForgetError::Nothing(named))?;
    if !is_begun {
        let line = format!("tip {named} turn {} at {}: {given_up}\n", last.turn(), now().0);
        append_line(&path, &line)?;
    }
    // The log binds a node to votes that it is to forget.
    engine::prepare_wal(folder)?;
    engine::drop_wal(folder)?;
    last.forget()?;
    Ok(given_up)
}

/// What keeps a node from voting above its tip, in words; none where nothing does.
fn given_up(last: &LastSigned, tip: Height) -> Option<String> {
    let signed = last.last().filter(|signed| signed.height > tip);
    let signed = signed.map(|signed| format!("a {} of height {}, round {}", signed.step, signed.height, signed.round));
    let silence = last.silence().map(reason);
    let both: Vec<_> = [silence, signed].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join(", and "))
}

fn reason(why: Silence) -> String {
    match why {
        Silence::New { .. } => "its silence, since nothing was on record here".to_owned(),
        Silence::Restored { .. } => "its silence, since it may have signed what it does not know of".to_owned(),
        Silence::Another(height) => format!("its silence, since another one signed with its keys at height {height}"),
        Silence::Above(height) => format!("its silence, since it lost the votes that bound it at height {height}"),
    }
}

/// In which turn of last-signed the last act at a tip was begun.
fn turn_of_act(path: &Path, tip: Height) -> Result<Option<u64>, ForgetError> {
    let Some(text) = if_there(read(path, MOST))? else { return Ok(None) };
    let mut found = None;
    for line in String::from_utf8_lossy(&text).lines() {
        let none = || ForgetError::Line { path: path.to_owned(), line: line.to_owned() };
        let (height, turn) = act(line).ok_or_else(none)?;
        if height == tip {
            found = Some(turn);
        }
    }
    Ok(found)
}

fn act(line: &str) -> Option<(Height, u64)> {
    let (height, rest) = line.strip_prefix("tip ")?.split_once(" turn ")?;
    let (turn, _) = rest.split_once(" at ")?;
    Some((Height(height.parse().ok()?), turn.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::last_signed::{Signed, Step};
    use ledger_core::fixture::Network;
    use ledger_core::names::Round;

    const NODE: NodeNumber = NodeNumber(2);

    fn signed(height: u64) -> Signed {
        Signed { height: Height(height), round: Round(0), step: Step::Prevote, block: None, valid_round: None }
    }

    /// A folder of agreement, and the tip of a chain of one block.
    fn home() -> (tempfile::TempDir, Tip) {
        let mut network = Network::new(4);
        network.block(Vec::new());
        (tempfile::tempdir().unwrap(), network.tip)
    }

    fn record(folder: &Path, tip: &Tip) -> LastSigned {
        session::open_record(folder, tip, NODE, false).unwrap()
    }

    #[test]
    fn it_is_done_once_at_the_height_of_the_tip_and_stands_on_record() {
        let (folder, tip) = home();
        let folder = folder.path();
        let forget = |named| forget(folder, &tip, NODE, Height(named));
        for wrong in [0, 2] {
            let refused = forget(wrong).unwrap_err();
            assert!(matches!(refused, ForgetError::OtherTip { tip: Height(1), .. }));
            assert!(refused.to_string().contains("the height to be named is 1"), "{refused}");
        }
        assert!(record(folder, &tip).silence().is_some(), "blocks and no record: it may have signed anything");
        assert!(forget(1).unwrap().contains("silence"));
        let mut last = record(folder, &tip);
        assert_eq!((last.silence(), last.last()), (None, None));
        last.allow(signed(2)).unwrap();
        // A supervisor that repeats it makes nobody sign a second thing at a height.
        assert!(matches!(forget(1), Err(ForgetError::Again { tip: Height(1), .. })));
        assert_eq!(record(folder, &tip).last(), Some(signed(2)));
        let acts = std::fs::read_to_string(folder.join("forgotten")).unwrap();
        assert_eq!(acts.lines().count(), 1);
        assert!(acts.starts_with("tip 1 turn "), "{acts}");
        // The operator says that this is another loss.
        std::fs::remove_file(folder.join("forgotten")).unwrap();
        assert!(forget(1).unwrap().contains("a prevote of height 2, round 0"));
        assert_eq!(record(folder, &tip).last(), None);
    }

    #[test]
    fn a_node_that_votes_has_nothing_to_forget() {
        let (folder, tip) = home();
        let folder = folder.path();
        let mut last = record(folder, &tip);
        last.speak(None).unwrap();
        last.allow(signed(1)).unwrap();
        assert!(matches!(forget(folder, &tip, NODE, Height(1)), Err(ForgetError::Nothing(Height(1)))));
        assert_eq!(record(folder, &tip).last(), Some(signed(1)));
        assert!(!folder.join("forgotten").exists());
    }

    #[test]
    fn an_act_that_a_crash_cut_short_is_finished_and_a_line_that_is_none_refuses_all() {
        let (folder, tip) = home();
        let folder = folder.path();
        let turn = record(folder, &tip).turn();
        append_line(&folder.join("forgotten"), &format!("tip 1 turn {turn} at 5: its silence\n")).unwrap();
        forget(folder, &tip, NODE, Height(1)).unwrap();
        assert_eq!(record(folder, &tip).silence(), None);
        assert_eq!(std::fs::read_to_string(folder.join("forgotten")).unwrap().lines().count(), 1);
        append_line(&folder.join("forgotten"), "tip one").unwrap();
        assert!(matches!(forget(folder, &tip, NODE, Height(1)), Err(ForgetError::Line { .. })));
    }
}
