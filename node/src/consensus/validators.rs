//! The nodes with voting power: how much of it counts for what, and who proposes when.

use super::context::Address;
use ledger_core::crypto::PublicKey;
use ledger_core::membership::{Membership, Purpose, is_quorum_of};
use ledger_core::names::{Height, NodeNumber};
use std::sync::Arc;

/// A node with voting power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Validator {
    pub(crate) address: Address,
    pub(crate) key: PublicKey,
    pub(crate) power: u64,
}

/// The nodes with voting power, in rising number; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Validators(Arc<[Validator]>);

impl Validators {
    pub(crate) fn of(membership: &Membership) -> Self {
        let with_power = membership.nodes().map(|(_, node)| node).filter(|node| node.power > 0);
        let mut validators: Vec<_> = with_power
            .filter_map(|node| {
                let key = *node.key(Purpose::Consensus)?;
                Some(Validator { address: Address(node.number), key, power: u64::from(node.power) })
            })
            .collect();
        validators.sort_by_key(|validator| validator.address);
        Self(validators.into())
    }

    pub(crate) fn get(&self, node: NodeNumber) -> Option<&Validator> {
        let at = self.0.binary_search_by_key(&Address(node), |validator| validator.address).ok()?;
        self.0.get(at)
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Validator> {
        self.0.iter()
    }

    pub(crate) fn power(&self, node: NodeNumber) -> u64 {
        self.get(node).map_or(0, |validator| validator.power)
    }

    /// The highest height that nodes with more than a third of the power have reached, by what is known of
    /// each: one liar alone moves it nowhere.
    pub(crate) fn reached(&self, nodes: impl Iterator<Item = (NodeNumber, Height)>) -> Height {
        let mut reached: Vec<_> = nodes.map(|(node, height)| (height, self.power(node))).collect();
        reached.sort_unstable_by(|one, other| other.cmp(one));
        let mut power = 0_u64;
        for (height, own) in reached {
            power = power.saturating_add(own);
            if self.has_an_honest(power) {
                return height;
            }
        }
        Height::default()
    }

    /// Whether nodes with so much power together are more than two thirds.
    pub(crate) fn is_quorum(&self, power: u64) -> bool {
        is_quorum_of(power, self.total())
    }

    /// Whether nodes with so much power together are more than a third: one of them at least is honest.
    fn has_an_honest(&self, power: u64) -> bool {
        u128::from(power) * 3 > u128::from(self.total())
    }

    pub(crate) fn total(&self) -> u64 {
        self.iter().map(|validator| validator.power).sum()
    }

    /// Who proposes in a round: everybody once in as many heights as there are validators, whatever the power,
    /// in an order that is shuffled anew for each such turn. A round moves on by one.
    ///
    /// A dead proposer alone costs one round a turn. Five dead in a row would lose 5 + 4 + 3 + 2 + 1, and nodes
    /// that die together often have neighbouring numbers, hence the shuffling: by chance they rarely meet.
    pub(crate) fn proposer(&self, height: Height, round: u32) -> Option<&Validator> {
        let count = u64::try_from(self.0.len()).ok().filter(|count| *count > 0)?;
        let (turn, first) = (height.0 / count, height.0 % count);
        let mut order: Vec<_> = self.0.iter().collect();
        order.sort_by_key(|validator| scattered(turn, validator.address.0));
        let place = first.wrapping_add(u64::from(round) % count) % count;
        order.get(usize::try_from(place).ok()?).copied()
    }
}

/// A number that all nodes agree on and that says nothing about the node (the mixer of SplitMix64).
const fn scattered(turn: u64, node: NodeNumber) -> u64 {
    let z = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (node.0 as u64);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::context::{At, Luqi};
    use arc_malachitebft_app_channel::app::types::core::{Context, Round};
    use ledger_core::codec::List;
    use ledger_core::fixture::{CODES, member, membership, node, node_key};
    use ledger_core::membership::{Node, Parameters};
    use std::collections::BTreeSet;

    fn validators(powers: &[u32]) -> Validators {
        let members = (1..).zip(powers).zip(CODES).map(|((number, power), code)| {
            let mut member = member(number, code);
            member.nodes = List::new(vec![Node { power: *power, ..node(number) }]).unwrap();
            member
        });
        Validators::of(&membership(members.collect(), Parameters::default()))
    }

    #[test]
    fn only_nodes_with_power_are_validators() {
        let set = validators(&[3, 0, 1]);
        assert_eq!(set.iter().map(|one| (one.address.0.0, one.power)).collect::<Vec<_>>(), [(1, 3), (3, 1)]);
        assert_eq!((set.power(NodeNumber(2)), set.total()), (0, 4));
        assert!(set.get(NodeNumber(2)).is_none() && set.get(Address::NOBODY.0).is_none());
    }

    #[test]
    fn proposers_take_turns_whatever_their_power() {
        let set = validators(&[9, 1, 1, 1]);
        let proposer = |height, round| set.proposer(Height(height), round).unwrap().address.0.0;
        let all = BTreeSet::from([1, 2, 3, 4]);
        for turn in 0..50 {
            let heights = 4 * turn..4 * (turn + 1);
            assert_eq!(heights.map(|height| proposer(height, 0)).collect::<BTreeSet<_>>(), all);
            assert_eq!((0..4).map(|round| proposer(turn, round)).collect::<BTreeSet<_>>(), all);
            assert_eq!(proposer(turn, 4), proposer(turn, 0));
        }
        assert!(all.contains(&proposer(u64::MAX, u32::MAX)));
        let by_engine = Context::select_proposer(&Luqi, &set, At(Height(5)), Round::Some(1));
        assert_eq!(by_engine.address.0.0, proposer(5, 1));
    }

    #[test]
    fn the_order_is_the_same_on_every_node() {
        let set = validators(&[1; 5]);
        let proposers = (0..10).map(|height| set.proposer(Height(height), 0).unwrap().address.0.0);
        assert_eq!(proposers.collect::<Vec<_>>(), [3, 1, 5, 4, 2, 5, 3, 2, 4, 1]);
    }

    /// As many rounds are lost as by chance, not as by dead in a row.
    #[test]
    fn dead_neighbours_rarely_meet() {
        let key = node_key(1, Purpose::Consensus).public();
        let validator = |number| Validator { address: Address(NodeNumber(number)), key, power: 1 };
        let set = Validators((1..=17).map(validator).collect());
        let lost = |height| {
            let is_dead = |round: &u32| set.proposer(Height(height), *round).unwrap().address.0.0 <= 5;
            (0..17).take_while(is_dead).count()
        };
        let turns = 1_000;
        let lost: Vec<_> = (0..17 * turns).map(lost).collect();
        let mean = lost.iter().sum::<usize>() as f64 / turns as f64;
        assert!((5.0..8.0).contains(&mean), "{mean} rounds a turn, of 15 in node order");
        assert!(lost.iter().filter(|lost| **lost > 2).count() * 50 < lost.len());
    }
}
