//! The verdict, in one function.

use super::judged::{Ended, Judged};
use serde::{Deserialize, Serialize};

/// The answer of an audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing was altered.
    Holds,
    /// Something was, provably.
    Altered,
    /// Not enough is there to say.
    Undecided,
}

/// The verdict of a judgement (format.md §15.1).
///
/// It rests on how the judgement ended and on nothing else. [`Ended::Complete`] says that every block that was
/// offered climbed the ladder, that the last one's own certificate was verified, and that nothing stands behind it.
#[must_use]
pub fn verdict(judged: &Judged) -> Verdict {
    match judged.ended() {
        Ended::Fault(_) => Verdict::Altered,
        Ended::Complete if judged.start_is_proved() && !judged.wants_outsiders() => Verdict::Holds,
        Ended::Complete
        | Ended::Empty
        | Ended::NoEnd
        | Ended::Unreadable { .. }
        | Ended::NewerProtocol { .. }
        | Ended::Head(_)
        | Ended::Foot(_) => Verdict::Undecided,
    }
}
