//! What can happen, and the order in which it does: each kind as often as any other, in an order of chance.

use crate::dice::Dice;

/// A kind of thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A process dies at once, and comes back.
    Kill,
    /// A process is stopped for some milliseconds, and goes on.
    Pause,
    /// The wires between two groups are cut.
    Partition,
    /// What some say does not reach the others, whom they hear.
    OneWay,
    /// All that comes to and goes from a node takes some milliseconds more.
    Slow,
    /// A node's disk has no room left for a while.
    FullDisk,
    /// A node's disk fails to sync once: its process ends, and is started again.
    FailingSync,
    /// The clocks of some are off by some seconds, and are set right.
    Clocks,
    /// A node's ledger is what it was some blocks ago.
    RolledBack,
    /// Whoever starts a node repeats what an operator said once.
    RepeatedFlags,
    /// A node's disks have other numbers after a start.
    Renumbered,
    /// A copy of a node's home runs beside it.
    TwoCopies,
    /// A validator lies: it connects to one node after the other, and its clock goes back.
    ReconnectingLiar,
    /// A validator lies: it says more blocks of the heights ahead than there is room for.
    Forger,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Kill,
        Self::Pause,
        Self::Partition,
        Self::OneWay,
        Self::Slow,
        Self::FullDisk,
        Self::FailingSync,
        Self::Clocks,
        Self::RolledBack,
        Self::RepeatedFlags,
        Self::Renumbered,
        Self::TwoCopies,
        Self::ReconnectingLiar,
        Self::Forger,
    ];

    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Pause => "pause",
            Self::Partition => "partition",
            Self::OneWay => "one-way partition",
            Self::Slow => "slow peer",
            Self::FullDisk => "full disk",
            Self::FailingSync => "failing sync",
            Self::Clocks => "shifted clocks",
            Self::RolledBack => "rolled back",
            Self::RepeatedFlags => "repeated flags",
            Self::Renumbered => "renumbered disk",
            Self::TwoCopies => "two live copies",
            Self::ReconnectingLiar => "reconnecting liar",
            Self::Forger => "forger of heights",
        }
    }

    /// Whether it needs the library that goes before the system's.
    pub(super) const fn needs_shim(self) -> bool {
        matches!(self, Self::FailingSync | Self::Clocks | Self::Renumbered | Self::ReconnectingLiar)
    }
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: Kind,
    /// To whom.
    pub nodes: Vec<u32>,
    /// How much: milliseconds of a pause or a slow wire, seconds of a clock, a number of a disk.
    pub by: i64,
}

impl Fault {
    /// The one to whom it happens, or the first of them.
    pub(super) fn node(&self) -> u32 {
        self.nodes.first().copied().unwrap_or(1)
    }
}

/// So many faults of these kinds: all of them in an order of chance, then again in another one.
pub(super) fn draw(dice: &mut Dice, validators: u32, possible: &[Kind], count: usize) -> Vec<Fault> {
    let mut drawn = Vec::new();
    while drawn.len() < count {
        let mut kinds = possible.to_vec();
        while !kinds.is_empty() && drawn.len() < count {
            let kind = kinds.remove(dice.of(0..kinds.len()));
            drawn.push(fault(dice, validators, kind));
        }
    }
    drawn
}

fn fault(dice: &mut Dice, validators: u32, kind: Kind) -> Fault {
    let one = vec![u32::try_from(dice.of(0..validators as usize)).unwrap() + 1];
    let (nodes, by) = match kind {
        Kind::Kill
        | Kind::FailingSync
        | Kind::RolledBack
        | Kind::RepeatedFlags
        | Kind::TwoCopies
        | Kind::ReconnectingLiar
        | Kind::Forger => (one, 0),
        Kind::Pause => (one, 500 + dice.of(0..4_000) as i64),
        Kind::Slow => (one, 20 + dice.of(0..100) as i64),
        Kind::Renumbered => (one, 1 + dice.of(0..200) as i64),
        // The one whose home is on a small disk.
        Kind::FullDisk => (vec![1], 0),
        Kind::Partition | Kind::OneWay => (some(dice, validators), 0),
        Kind::Clocks => (some(dice, validators), *dice.pick(&[-7_200, -3_600, -60, -2, 2, 60, 3_600, 7_200])),
    };
    Fault { kind, nodes, by }
}

/// Some of the validators: one at least, and not all.
fn some(dice: &mut Dice, validators: u32) -> Vec<u32> {
    loop {
        let some: Vec<u32> = (1..=validators).filter(|_| dice.one_in(2)).collect();
        if !some.is_empty() && some.len() < validators as usize {
            return some;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_faults_and_each_kind_as_often() {
        let drawn = |seed| draw(&mut Dice::new(seed), 4, &Kind::ALL, 28);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        for kind in Kind::ALL {
            assert_eq!(drawn(3).iter().filter(|fault| fault.kind == kind).count(), 2, "{kind:?}");
        }
        for fault in draw(&mut Dice::new(4), 4, &Kind::ALL, 500) {
            assert!((1..4).contains(&fault.nodes.len()) && fault.nodes.iter().all(|node| (1..=4).contains(node)));
        }
    }
}
