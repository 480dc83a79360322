//! Who acts for whom, by the membership that judges a block (`format.md §8` and `§13`).

use crate::contract::State;
use crate::membership::Membership;
use crate::names::MemberCode;

/// Who is the province, and who answers for the codes of members that were removed. Resolved once a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    province: MemberCode,
    /// Removed member and heir, in rising order of the removed.
    heirs: Vec<(MemberCode, MemberCode)>,
}

/// A member that submits an event, with what the fold has to know of its rights.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    code: MemberCode,
    roles: &'a Roles,
}

impl Roles {
    /// The roles under a membership.
    #[must_use]
    pub fn of(membership: &Membership) -> Self {
        let heirs = membership.heirs().iter().map(|heir| (heir.removed, heir.heir)).collect();
        Self { province: membership.province(), heirs }
    }

    /// A member of the membership, as an actor.
    #[must_use]
    pub const fn actor(&self, code: MemberCode) -> Actor<'_> {
        Actor { code, roles: self }
    }

    /// Whether a member answers for a code: it is its own, or that of a removed member whose heir it is.
    fn answers(&self, member: MemberCode, code: MemberCode) -> bool {
        member == code || self.heir_of(code) == Some(member)
    }

    fn heir_of(&self, code: MemberCode) -> Option<MemberCode> {
        let at = self.heirs.binary_search_by_key(&code, |(removed, _)| *removed).ok()?;
        self.heirs.get(at).map(|(_, heir)| *heir)
    }
}

impl Actor<'_> {
    /// The member's code.
    #[must_use]
    pub const fn code(&self) -> MemberCode {
        self.code
    }

    /// Whether it is the province.
    #[must_use]
    pub fn is_province(&self) -> bool {
        self.roles.province == self.code
    }

    /// Whether it answers for a code.
    #[must_use]
    pub fn answers_for(&self, code: MemberCode) -> bool {
        self.roles.answers(self.code, code)
    }

    /// Whether it may name this keeper for a contract that begins: one for whom it answers, or, for the province,
    /// anyone.
    #[must_use]
    pub fn may_name(&self, keeper: MemberCode) -> bool {
        self.is_province() || self.answers_for(keeper)
    }

    /// Whether the province is the keeper of a subject.
    #[must_use]
    pub fn province_keeps(&self, state: &State) -> bool {
        self.roles.answers(self.roles.province, state.keeper)
    }
}

#[cfg(any(test, feature = "fixture"))]
impl Roles {
    /// Roles without a membership, with each removed member and its heir in rising order of the removed.
    #[must_use]
    pub fn new(province: MemberCode, heirs: &[(MemberCode, MemberCode)]) -> Self {
        Self { province, heirs: heirs.to_vec() }
    }
}
