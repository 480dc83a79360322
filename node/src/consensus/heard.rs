//! What the other nodes say of themselves: how far they are, and whether they take part.
//!
//! Nothing of it is proved. So one who lies about his tip alone moves nobody, and what is heard here
//! never makes a block final.

use super::validators::Validators;
use ledger_core::names::{Height, NodeNumber, Timestamp};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// From so many blocks on, ranges are fetched instead of one block after the other.
pub(crate) const FAR: u64 = 200;
/// So long a tip far ahead is announced before it is believed: the engine may be catching up, and by then everybody has
/// said where he stands.
const PERSISTS: Duration = Duration::from_secs(12);

#[derive(Clone, Copy, Debug)]
struct Claim {
    tip: Height,
    far_since: Option<Instant>,
}

/// The newest of each node.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    claims: BTreeMap<NodeNumber, Claim>,
    voices: BTreeMap<NodeNumber, (Height, Instant)>,
    /// By how many milliseconds each clock is ahead of the own one.
    clocks: BTreeMap<NodeNumber, i64>,
    /// What each node announced first of all that it said itself, to this node, since it was connected last in this run.
    announced: BTreeMap<NodeNumber, Height>,
}

/// Clocks that are off: the own one, or those of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// By how many milliseconds the own clock is ahead of the middle one of the voting power; behind it where this is
    /// less than nothing. None while less than two thirds have told.
    pub own_ahead_ms: Option<i64>,
    /// The nodes whose clocks are further from that middle than the chain tolerates, and how far ahead they are.
    pub strays: Vec<(NodeNumber, i64)>,
}

impl Heard {
    /// A node announced its tip.
    pub(crate) fn tip(&mut self, node: NodeNumber, tip: Height, own: Height, now: Instant) {
        let before = self.claims.get(&node).and_then(|claim| claim.far_since);
        let far_since = (tip.0 > own.0.saturating_add(FAR)).then(|| before.unwrap_or(now));
        self.claims.insert(node, Claim { tip, far_since });
    }

    /// A node told its tip itself, after it was connected in this run: from then on it stands no lower.
    pub(crate) fn announced(&mut self, node: NodeNumber, tip: Height) {
        self.announced.entry(node).or_insert(tip);
    }

    /// A height at or below which more than two thirds of the voting power, the own not counted, stood when they
    /// announced it: the lowest such, so that less than a third who boast of heights move it nowhere. None while
    /// fewer have announced one.
    ///
    /// Whatever was certified before this run began is at most one height above it: of the voters for a block two
    /// above, an honest one would be among those, and stand at its parent.
    pub(crate) fn most_stood_at(&self, own: NodeNumber, validators: &Validators) -> Option<Height> {
        let others = self.announced.iter().filter(|(node, _)| **node != own);
        let mut tips: Vec<_> = others.map(|(node, tip)| (*tip, validators.power(*node))).collect();
        tips.sort_unstable();
        let mut power = 0_u64;
        let reached = tips.into_iter().find(|(_, own)| {
            power = power.saturating_add(*own);
            validators.is_quorum(power)
        });
        reached.map(|(tip, _)| tip)
    }

    /// Validators, other than the own node, that have not announced where they stand.
    pub(crate) fn unannounced(&self, own: NodeNumber, validators: &Validators) -> Vec<NodeNumber> {
        let others = validators.iter().map(|validator| validator.address.0);
        others.filter(|node| *node != own && !self.announced.contains_key(node)).collect()
    }

    /// A node told what its clock says.
    pub(crate) fn clock(&mut self, node: NodeNumber, theirs: Timestamp, own: Timestamp) {
        self.clocks.insert(node, i64::try_from(i128::from(theirs.0) - i128::from(own.0)).unwrap_or(i64::MAX));
    }

    /// How the clocks stand, that of a message's way included.
    pub(crate) fn clocks(&self, own: NodeNumber, validators: &Validators, tolerance_ms: u32) -> Clocks {
        let others = self.clocks.iter().map(|(node, ahead)| (*ahead, *node)).filter(|(_, node)| *node != own);
        let mut clocks: Vec<_> = others.chain([(0, own)]).collect();
        clocks.sort_unstable();
        let told = clocks.iter().map(|(_, node)| validators.power(*node)).fold(0, u64::saturating_add);
        if !validators.is_quorum(told) {
            return Clocks::default();
        }
        let mut below = 0_u64;
        let middle = clocks.iter().find(|(_, node)| {
            below = below.saturating_add(validators.power(*node));
            below.saturating_mul(2) >= told
        });
        let Some((middle, _)) = middle.copied() else { return Clocks::default() };
        let off = |ahead: i64| ahead.saturating_sub(middle);
        let strays = clocks.iter().filter(|(ahead, _)| off(*ahead).unsigned_abs() > u64::from(tolerance_ms));
        let strays = strays.map(|(ahead, node)| (*node, off(*ahead))).collect();
        Clocks { own_ahead_ms: Some(off(0)), strays }
    }

    /// A node is gone, and what it announced with it. Where two processes run with the keys of this node, each takes the
    /// other's connections away, and the chain goes on without the signature of either: whoever comes again announces
    /// anew, so no block that was made meanwhile ends a silence.
    pub(crate) fn gone(&mut self, node: NodeNumber) {
        self.claims.remove(&node);
        self.announced.remove(&node);
        self.clocks.remove(&node);
    }

    /// A node said something about a height under way.
    pub(crate) fn voice(&mut self, node: NodeNumber, height: Height, now: Instant) {
        self.voices.insert(node, (height, now));
    }

    /// The highest tip that a node announced.
    pub(crate) fn highest(&self) -> Height {
        self.claims.values().map(|claim| claim.tip).max().unwrap_or_default()
    }

    /// The highest tip that more than a third of the voting power has announced or passed: one liar alone
    /// moves it nowhere.
    pub(crate) fn believed(&self, validators: &Validators) -> Height {
        validators.reached(self.claims.iter().map(|(node, claim)| (*node, claim.tip)))
    }

    /// Whether more than two thirds of the power, the own included, stand before the first block.
    pub(crate) fn most_begin(&self, own: NodeNumber, validators: &Validators) -> bool {
        self.is_said_by_most(own, validators, |claim| claim.tip == Height(0))
    }

    /// Validators, other than the own node, that do not say that they stand before the first block.
    pub(crate) fn not_beginning(&self, own: NodeNumber, validators: &Validators) -> Vec<NodeNumber> {
        let begins = |node: &NodeNumber| self.claims.get(node).is_some_and(|claim| claim.tip == Height(0));
        let others = validators.iter().map(|validator| validator.address.0);
        others.filter(|node| *node != own && !begins(node)).collect()
    }

    /// Whether more than two thirds of the power, the own included, have said where they stand.
    pub(crate) fn most_told(&self, own: NodeNumber, validators: &Validators) -> bool {
        self.is_said_by_most(own, validators, |_| true)
    }

    fn is_said_by_most(&self, own: NodeNumber, validators: &Validators, says: impl Fn(&Claim) -> bool) -> bool {
        let others = self.claims.iter().filter(|(node, claim)| **node != own && says(claim));
        let power = others.map(|(node, _)| validators.power(*node)).fold(validators.power(own), u64::saturating_add);
        validators.is_quorum(power)
    }

    /// The highest tip announced, where the chain is far behind.
    ///
    /// Those who are far ahead must have more voting power than those who are not, the own included: so
    /// one liar stops nobody. A node without power that hears nobody else follows whom it hears.
    pub(crate) fn far_ahead(
        &self,
        own: NodeNumber,
        tip: Height,
        validators: &Validators,
        now: Instant,
    ) -> Option<Height> {
        let is_far = |claim: &Claim| {
            claim.tip.0 > tip.0.saturating_add(FAR)
                && claim.far_since.is_some_and(|since| now.saturating_duration_since(since) >= PERSISTS)
        };
        let (mut far, mut near) = (0_u64, validators.power(own));
        for (node, claim) in &self.claims {
            let side = if is_far(claim) { &mut far } else { &mut near };
            *side = side.saturating_add(validators.power(*node));
        }
        let highest = self.claims.values().filter(|claim| is_far(claim)).map(|claim| claim.tip).max()?;
        (far > near || near == 0).then_some(highest)
    }

    /// Validators, other than the own node, that have said nothing about a height for some time.
    pub(crate) fn missing(
        &self,
        own: NodeNumber,
        height: Height,
        validators: &Validators,
        since: Instant,
    ) -> Vec<NodeNumber> {
        let here =
            |node: NodeNumber| self.voices.get(&node).is_some_and(|(about, when)| *about >= height && *when >= since);
        let nodes = validators.iter().map(|validator| validator.address.0);
        nodes.filter(|node| *node != own && !here(*node)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger_core::fixture::Network;

    fn validators() -> Validators {
        Validators::of(Network::new(4).tip.membership())
    }

    fn far(own: u32, claims: &[(u32, u64)], after: Duration) -> Option<u64> {
        let now = Instant::now();
        let mut heard = Heard::default();
        for (node, tip) in claims {
            heard.tip(NodeNumber(*node), Height(*tip), Height(10), now);
        }
        heard.far_ahead(NodeNumber(own), Height(10), &validators(), now + after).map(|height| height.0)
    }

    #[test]
    fn one_liar_is_not_believed_and_most_of_the_power_is() {
        let long = PERSISTS;
        assert_eq!(far(1, &[(2, 9_999), (3, 11), (4, 10)], long), None);
        assert_eq!(far(1, &[(2, 300), (3, 310), (4, 300)], long), Some(310));
        assert_eq!(far(1, &[(2, 300), (3, 310), (4, 300)], Duration::ZERO), None);
        assert_eq!(far(1, &[(2, 210), (3, 210), (4, 210)], long), None);
        // Cut off with the liar: a vote of its own stands against his.
        assert_eq!(far(1, &[(2, 9_999)], long), None);
        // A node without power, which hears one validator, or one replica.
        assert_eq!(far(9, &[(2, 300)], long), Some(300));
        assert_eq!(far(9, &[(8, 300)], long), Some(300));
        assert_eq!(far(9, &[(2, 300), (3, 11)], long), None);
    }

    #[test]
    fn a_boast_alone_is_not_believed() {
        let (now, set) = (Instant::now(), validators());
        let mut heard = Heard::default();
        let mut believed = |node, tip| {
            heard.tip(NodeNumber(node), Height(tip), Height(10), now);
            heard.believed(&set)
        };
        assert_eq!(believed(2, 9_999), Height(0));
        assert_eq!(believed(3, 12), Height(12));
        // A node without power.
        assert_eq!(believed(9, 8_000), Height(12));
    }

    #[test]
    fn most_of_the_power_has_to_begin() {
        let (now, set) = (Instant::now(), validators());
        let mut heard = Heard::default();
        let mut begins = |node, tip| {
            heard.tip(NodeNumber(node), Height(tip), Height(0), now);
            heard.most_begin(NodeNumber(1), &set)
        };
        assert!(!begins(1, 0), "itself counts once");
        assert!(!begins(2, 0));
        assert!(!begins(9, 0), "a node without power");
        assert!(begins(3, 0));
        assert!(!begins(3, 1));
        assert!(begins(4, 0));
    }

    #[test]
    fn most_have_told_whatever_they_say_until_they_are_gone() {
        let (now, set) = (Instant::now(), validators());
        let mut heard = Heard::default();
        for (node, tip) in [(9, 7), (2, 0)] {
            heard.tip(NodeNumber(node), Height(tip), Height(0), now);
        }
        assert!(!heard.most_told(NodeNumber(1), &set), "one of three others, and a node without power");
        heard.tip(NodeNumber(3), Height(70), Height(0), now);
        assert!(heard.most_told(NodeNumber(1), &set));
        assert!(!heard.most_told(NodeNumber(9), &set), "without a vote of its own it needs three");
        heard.gone(NodeNumber(2));
        assert!(!heard.most_told(NodeNumber(1), &set));
    }

    #[test]
    fn where_most_stood_is_what_more_than_two_thirds_of_the_others_announced_first() {
        let set = validators();
        let stood = |own: u32, announced: &[(u32, u64)]| {
            let mut heard = Heard::default();
            for (node, tip) in announced {
                heard.announced(NodeNumber(*node), Height(*tip));
            }
            heard.most_stood_at(NodeNumber(own), &set).map(|height| height.0)
        };
        // Two others and the own vote would be a quorum, and the own is not to count: nor is a node without power.
        assert_eq!(stood(4, &[(1, 7), (2, 8), (4, 8), (9, 8)]), None);
        assert_eq!(stood(4, &[(1, 7), (2, 9), (3, 8)]), Some(9));
        // What somebody says later changes nothing of where he stood.
        assert_eq!(stood(4, &[(1, 7), (2, 8), (3, 8), (3, 70)]), Some(8));
        // Of four others three are enough: one who boasts is not needed, and one who belittles himself takes no place.
        assert_eq!(stood(9, &[(1, 7), (2, 8), (3, u64::MAX), (4, 8)]), Some(8));
        assert_eq!(stood(9, &[(1, 0), (2, 8), (3, 8), (4, 8)]), Some(8));
    }

    #[test]
    fn a_clock_is_held_against_the_middle_one_of_the_power() {
        let own = Timestamp(1_000_000);
        let clocks = |ahead: &[(u32, i64)]| {
            let mut heard = Heard::default();
            for (node, ahead) in ahead {
                heard.clock(NodeNumber(*node), Timestamp(own.0.saturating_add_signed(*ahead)), own);
            }
            heard.clocks(NodeNumber(1), &validators(), 5_000)
        };
        assert_eq!(clocks(&[(2, 9_000), (9, 0)]), Clocks::default(), "two of four, and one without a vote");
        let right = Clocks { own_ahead_ms: Some(0), strays: vec![(NodeNumber(4), 600_000)] };
        assert_eq!(clocks(&[(2, -20), (3, 15), (4, 600_000)]), right);
        // The own one is off, and so all others seem to be.
        let off = clocks(&[(2, 599_990), (3, 600_000), (4, 600_010)]);
        assert_eq!(off, Clocks { own_ahead_ms: Some(-599_990), strays: vec![(NodeNumber(1), -599_990)] });
    }

    #[test]
    fn who_says_nothing_is_missing() {
        let (now, set) = (Instant::now(), validators());
        let mut heard = Heard::default();
        heard.voice(NodeNumber(2), Height(5), now);
        heard.voice(NodeNumber(3), Height(4), now);
        let missing = |since| heard.missing(NodeNumber(1), Height(5), &set, since);
        assert_eq!(missing(now), [NodeNumber(3), NodeNumber(4)]);
        assert_eq!(missing(now + Duration::from_secs(1)).len(), 3);
    }
}
