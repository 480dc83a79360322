//! What a command answers, as a number that scripts can rely on.

use luqi_node::ceremony::CeremonyError;
use luqi_node::config::ConfigError;
use luqi_node::home::HomeError;
use luqi_node::keys::KeyFileError;
use std::path::Path;

/// The exit codes: up to 4 the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It holds.
    Holds = 0,
    /// Provably wrong: altered, forged, missing.
    Wrong = 1,
    /// Wrong usage; `clap` ends with the same number.
    Usage = 2,
    /// Undecided: unreachable, incomplete, not enough to say.
    Undecided = 3,
    /// Failed for another reason: disk, lock, port.
    Failed = 4,
    /// `luqi status` alone, from here on: how the worst node stands. This one lacks blocks.
    Behind = 10,
    /// Its clock is wrong.
    Clock = 11,
    /// It has power and does not vote.
    Silent = 12,
    /// It takes no messages in.
    Closed = 13,
    /// It hears too little of the power.
    Unreachable = 14,
    /// The membership has it not.
    NoMember = 15,
    /// It goes no further.
    Halted = 16,
    /// Two chains are certified, or two nodes have different blocks.
    Forked = 17,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command came to no answer, or to a bad one: what, where, and what to do next.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) exit: Exit,
    pub(crate) what: String,
    pub(crate) next: Option<String>,
}

impl Problem {
    pub(crate) fn new(exit: Exit, what: impl ToString) -> Self {
        Self { exit, what: what.to_string(), next: None }
    }

    /// Wrong usage.
    pub(crate) fn usage(what: impl ToString) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// The system refused to do something with a file or folder.
    pub(crate) fn file(doing: &str, path: &Path, source: &std::io::Error) -> Self {
        Self::new(Exit::Failed, format!("cannot {doing} {}: {source}", path.display()))
    }

    /// What to do next.
    pub(crate) fn next(self, next: impl ToString) -> Self {
        Self { next: Some(next.to_string()), ..self }
    }
}

impl From<HomeError> for Problem {
    fn from(error: HomeError) -> Self {
        let exit = match &error {
            HomeError::NoHome(_)
            | HomeError::NotInstalled(_)
            | HomeError::Exists(_)
            | HomeError::OtherChain { .. }
            | HomeError::NotNamed(_)
            | HomeError::Named(_)
            | HomeError::NumberUsed { .. }
            | HomeError::OtherVault { .. }
            | HomeError::Genesis { .. } => Exit::Usage,
            HomeError::NewerLayout { .. }
            | HomeError::UnknownNode { .. }
            | HomeError::NoVrf(_)
            | HomeError::OtherVrf(_)
            | HomeError::Malformed { .. }
            | HomeError::Open { .. }
            | HomeError::File(_) => Exit::Failed,
            HomeError::Key(_) => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

impl From<KeyFileError> for Problem {
    fn from(error: KeyFileError) -> Self {
        let exit = match &error {
            KeyFileError::Exists(_) => Exit::Usage,
            KeyFileError::File(_) | KeyFileError::Readable { .. } | KeyFileError::Malformed { .. } => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

impl From<CeremonyError> for Problem {
    fn from(error: CeremonyError) -> Self {
        match error {
            CeremonyError::Home(error) => error.into(),
            CeremonyError::Key(error) => error.into(),
            CeremonyError::Genesis(error) => Self::usage(error),
            CeremonyError::Application(error) => Self::new(application_exit(&error), error),
            CeremonyError::Province(_) => Self::usage(error).next("--province CODE"),
            CeremonyError::TooMany(error) => Self::usage(error),
            CeremonyError::Seal(error) => Self::new(Exit::Failed, error),
        }
    }
}

/// A signature that does not verify is a proof; members that do not fit together are a mistake.
fn application_exit(error: &ledger_core::genesis::ApplicationError) -> Exit {
    use ledger_core::genesis::ApplicationError as E;
    match error {
        E::Signature(_) => Exit::Wrong,
        E::Membership(_) => Exit::Usage,
    }
}

impl From<ConfigError> for Problem {
    fn from(error: ConfigError) -> Self {
        let exit = match &error {
            ConfigError::Io(_) => Exit::Failed,
            ConfigError::Exists(_)
            | ConfigError::File { .. }
            | ConfigError::UnknownVariable(_)
            | ConfigError::Variable { .. }
            | ConfigError::Value { .. } => Exit::Usage,
        };
        Self::new(exit, error)
    }
}
