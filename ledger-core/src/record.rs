//! Stand-in until the module comes.
use crate::crypto::hash_newtype;
hash_newtype! {
    /// Commitment to a record.
    Commitment
}
/// Kinds of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "stand-in")]
pub enum RecordKind {
    New = 1,
    Renew = 2,
    Dissolve = 3,
    Terminate = 4,
    Employer = 5,
    Correct = 16,
    Void = 17,
    Amend = 18,
    Suspend = 19,
    Resume = 20,
    Attach = 21,
    Reopen = 22,
    Transfer = 23,
    Erase = 24,
}
impl RecordKind {
    /// All.
    pub const ALL: [Self; 14] = [
        Self::New,
        Self::Renew,
        Self::Dissolve,
        Self::Terminate,
        Self::Employer,
        Self::Correct,
        Self::Void,
        Self::Amend,
        Self::Suspend,
        Self::Resume,
        Self::Attach,
        Self::Reopen,
        Self::Transfer,
        Self::Erase,
    ];
    /// Name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        "kind"
    }
}
impl TryFrom<u8> for RecordKind {
    type Error = String;
    fn try_from(id: u8) -> Result<Self, String> {
        Self::ALL.into_iter().find(|k| *k as u8 == id).ok_or_else(|| format!("{id} is no kind of event"))
    }
}
