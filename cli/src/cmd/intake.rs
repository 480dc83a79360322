//! What an intake that does not open, or fails, tells the user to do.

use super::ledger;
use crate::exit::{Exit, Problem};
use luqi_node::intake::IntakeError;

pub(super) fn problem(error: IntakeError) -> Problem {
    let text = error.to_string();
    let exit = match error {
        IntakeError::NotAlone(_) => {
            return Problem::usage(text).next("hand the messages to a running node with `luqi submit`");
        }
        IntakeError::Behind { .. } => {
            let next = "if there is no backup, start again with --new-look-up";
            return Problem::new(Exit::Failed, text).next(next);
        }
        IntakeError::NotAMember(_) => Exit::Usage,
        IntakeError::Home(error) => return error.into(),
        IntakeError::Key(error) => return error.into(),
        IntakeError::Commit(error) => return ledger::problem(error),
        IntakeError::Lone(_)
        | IntakeError::NoRoom(_)
        | IntakeError::Record(_)
        | IntakeError::Nameless(_)
        | IntakeError::Block { .. }
        | IntakeError::Submission(_)
        | IntakeError::File(_)
        | IntakeError::Store(_)
        | IntakeError::Outbox(_)
        | IntakeError::Thread(_)
        | IntakeError::Ahead { .. }
        | IntakeError::VaultBehind { .. }
        | IntakeError::Vault(_) => Exit::Failed,
    };
    Problem::new(exit, text)
}
