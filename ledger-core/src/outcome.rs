//! What became of an event: it counts, it is refused with a code, or it is merely recorded (`format.md §13`).

mod row;

use serde::Serialize;
use thiserror::Error;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was authorised, and counts.
    Applied,
    /// It is in the log; nobody was asked whether it may, and it changed nothing.
    Recorded,
    /// It is in the log, under its member's name, and changed nothing.
    Refused(Refusal),
}

/// Declares the codes once: variant, number, text.
macro_rules! refusals {
    ($($(#[$meta:meta])* $variant:ident = $number:literal $code:literal,)*) => {
        /// Why the fold refuses an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Error)]
        pub enum Refusal {
            $($(#[$meta])* #[error($code)] $variant = $number,)*
        }

        impl Refusal {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

refusals! {
    /// The contract is there already, or the same proposal is open.
    Duplicate = 1 "DUPLICATE",
    /// There is no such contract or proposal.
    Unknown = 2 "UNKNOWN",
    /// The contract has ended.
    Ended = 3 "ENDED",
    /// The contract is void.
    Void = 4 "VOID",
    /// It is so already.
    NoChange = 5 "NO_CHANGE",
    /// The contract has not ended.
    NotEnded = 6 "NOT_ENDED",
    /// What is cited is not there, or is not what must be cited.
    BadCitation = 7 "BAD_CITATION",
    /// The member has no say here.
    NotAuthorised = 8 "NOT_AUTHORISED",
    /// A contract's event on an employer's subject, or the reverse.
    WrongSubject = 9 "WRONG_SUBJECT",
    /// The subject has all the events that can be counted.
    Full = 10 "FULL",
    /// The height from which it should hold has passed.
    TooLate = 11 "TOO_LATE",
    /// The member has too many open proposals.
    TooMany = 12 "TOO_MANY",
    /// The change does not apply to the membership.
    BadChange = 13 "BAD_CHANGE",
    /// The approval is not signed by the member's governance key.
    BadSignature = 14 "BAD_SIGNATURE",
    /// The height from which it should hold is too far ahead.
    TooFar = 15 "TOO_FAR",
}
