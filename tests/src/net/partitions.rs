//! Wires that break without a word, in namespaces: whatever the shape and however long, there is a block within
//! ten seconds after they are whole again.

use super::fleet::Fleet;
use super::namespaces::Namespaces;
use super::node::Node;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

/// So soon after a partition has healed every node has a new block.
pub const WITHIN: Duration = Duration::from_secs(10);
/// How long a network may take to come up, on a slow machine.
const UP: Duration = Duration::from_secs(120);
/// How long a network is watched that is to stand still.
const STILL: Duration = Duration::from_secs(3);

/// One way in which wires break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Two halves do not hear each other.
    Halves(Duration),
    /// The others do not hear a node, and it hears them.
    Mute(u32, Duration),
    /// A node does not hear the others, and they hear it.
    Deaf(u32, Duration),
    /// A firewall drops what flows now, for good, and lets pass what is new.
    OldFlows,
    /// A node loses its power, and comes back: nobody hears of its end.
    Reboot(u32, Duration),
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Halves(lasts) => write!(f, "two halves for {} s", lasts.as_secs()),
            Self::Mute(node, lasts) => write!(f, "node {node} is not heard for {} s", lasts.as_secs()),
            Self::Deaf(node, lasts) => write!(f, "node {node} does not hear for {} s", lasts.as_secs()),
            Self::OldFlows => write!(f, "what flows is dropped, what is new passes"),
            Self::Reboot(node, lasts) => write!(f, "node {node} has no power for {} s", lasts.as_secs()),
        }
    }
}

/// How many validators there are.
pub const NODES: u32 = 4;

/// Validators in namespaces go through these, one after the other; gives how long after each of them every node had a
/// new block.
///
/// # Errors
/// What did not hold.
pub fn run(namespaces: &Namespaces, shapes: &[Shape]) -> Result<Vec<Duration>, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut fleet = Fleet::in_namespaces(folder.path(), NODES, &["pace_idle_ms=500"], namespaces);
    fleet.start();
    fleet.wait("all nodes ready", UP, |fleet| fleet.nodes.iter().all(|node| node.ready().0))?;
    let mut took = Vec::new();
    for shape in shapes {
        let healed = strike(&mut fleet, namespaces, shape)?;
        let goal = highest(&fleet) + 1;
        let back = |fleet: &mut Fleet| fleet.nodes.iter().all(|node| node.height() >= Some(goal));
        fleet.wait("a new block on every node", UP, back).map_err(|why| format!("after {shape}: {why}"))?;
        let after = healed.elapsed();
        println!("{shape}: every node at a new block after {:.1} s", after.as_secs_f64());
        took.push(after);
        namespaces.heal()?;
        fleet.wait("all nodes ready", UP, |fleet| fleet.nodes.iter().all(|node| node.ready().0))?;
    }
    fleet.audit()?;
    Ok(took)
}

fn highest(fleet: &Fleet) -> u64 {
    fleet.nodes.iter().filter_map(Node::height).max().unwrap_or_default()
}

/// Lets wires break; gives when they were whole again, or new connections could be made.
fn strike(fleet: &mut Fleet, namespaces: &Namespaces, shape: &Shape) -> Result<Instant, String> {
    let others = |node: u32| (1..=4).filter(move |other| *other != node);
    match shape {
        Shape::Halves(lasts) => {
            for (one, other) in [(1, 3), (1, 4), (2, 3), (2, 4)] {
                namespaces.lose(one, other)?;
                namespaces.lose(other, one)?;
            }
            thread::sleep(STILL.min(*lasts));
            let stood = highest(fleet);
            thread::sleep(lasts.saturating_sub(STILL));
            if highest(fleet) != stood {
                return Err("half of the power has made a block".to_owned());
            }
        }
        Shape::Mute(node, lasts) => {
            others(*node).try_for_each(|other| namespaces.lose(*node, other))?;
            thread::sleep(*lasts);
        }
        Shape::Deaf(node, lasts) => {
            others(*node).try_for_each(|other| namespaces.lose(other, *node))?;
            thread::sleep(*lasts);
        }
        Shape::OldFlows => {
            // Each of four has a connection with three others, and both ends are counted. A block may come before
            // the last of them is there again.
            let begun = Instant::now();
            while (1..=4).map(|node| namespaces.flows(node)).sum::<Result<usize, String>>()? < 12 {
                if begun.elapsed() > UP {
                    return Err("not every node came to be connected with every other".to_owned());
                }
                thread::sleep(Duration::from_millis(200));
            }
            let mut flows = 0;
            for node in 1..=4 {
                flows += namespaces.lose_flows(node)?;
            }
            if flows < 12 {
                return Err(format!("only {flows} ends of connections were found"));
            }
            return Ok(Instant::now());
        }
        Shape::Reboot(node, lasts) => {
            for other in others(*node) {
                namespaces.lose(*node, other)?;
                namespaces.lose(other, *node)?;
            }
            fleet.node_mut(*node).kill();
            thread::sleep(*lasts);
            namespaces.heal()?;
            fleet.start();
            return Ok(Instant::now());
        }
    }
    namespaces.heal()?;
    Ok(Instant::now())
}
