//! Who acts for whom, by the membership that judges a block (`format.md §8` and `§13`).

use crate::contract::State;
use crate::membership::Membership;
use crate::names::MemberCode;

/// Who is the province, who is a member, and who answers for the codes of members that were removed. Resolved once a
/// block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    province: MemberCode,
    /// In rising order.
    members: Vec<MemberCode>,
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
        let members = membership.members().iter().map(|member| member.code).collect();
        let heirs = membership.heirs().iter().map(|heir| (heir.removed, heir.heir)).collect();
        Self { province: membership.province(), members, heirs }
    }

    /// A member of the membership, as an actor.
    #[must_use]
    pub const fn actor(&self, code: MemberCode) -> Actor<'_> {
        Actor { code, roles: self }
    }

    /// Who answers for a code: the member that has it, or the heir of the removed one that had it; else nobody.
    fn answering(&self, code: MemberCode) -> Option<MemberCode> {
        if self.members.binary_search(&code).is_ok() {
            return Some(code);
        }
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
        self.roles.answering(code) == Some(self.code)
    }

    /// Whether anybody answers for a code, so that a contract given to it is somebody's.
    #[must_use]
    pub fn knows(&self, code: MemberCode) -> bool {
        self.roles.answering(code).is_some()
    }

    /// Whether it may name this keeper for a contract that begins: one for whom it answers, or, for the province,
    /// one for whom anybody does.
    #[must_use]
    pub fn may_name(&self, keeper: MemberCode) -> bool {
        self.answers_for(keeper) || (self.is_province() && self.knows(keeper))
    }

    /// Whether the province is the keeper of a subject.
    #[must_use]
    pub fn province_keeps(&self, state: &State) -> bool {
        self.roles.answering(state.keeper) == Some(self.roles.province)
    }
}

#[cfg(any(test, feature = "fixture"))]
impl Roles {
    /// Roles without a membership, with the members, and each removed member and its heir, in rising order.
    #[must_use]
    pub fn new(province: MemberCode, members: &[MemberCode], heirs: &[(MemberCode, MemberCode)]) -> Self {
        Self { province, members: members.to_vec(), heirs: heirs.to_vec() }
    }
}
