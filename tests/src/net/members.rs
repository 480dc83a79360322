//! Changes of the membership of a running network, made with the commands that docs/operations.md names, and what
//! its nodes and its blocks say of them.

use super::fleet::Fleet;
use super::http;
use super::load::{Acknowledged, message, until_acknowledged};
use super::node::{Node, PATIENCE};
use crate::luqi::{self, Run};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long anything may take on a slow machine.
pub const LONG: Duration = Duration::from_secs(120);
/// How many blocks ahead a change is proposed: where the first is too near for a slow machine to approve it in
/// time, it lapses and is proposed again.
const AHEAD: [u64; 3] = [16, 50, 150];

/// Runs `luqi` to its end.
#[must_use]
pub fn run(arguments: &[&str]) -> Run {
    luqi::run(&arguments.iter().map(OsStr::new).collect::<Vec<_>>())
}

/// What `luqi` answers as JSON, where all is well.
///
/// # Panics
/// When it is not.
#[must_use]
pub fn answer(arguments: &[&str]) -> Value {
    let run = run(&[&["--json"], arguments].concat());
    assert_eq!(run.code, Some(0), "{arguments:?}: {}{}", run.out, run.err);
    serde_json::from_str(&run.out).unwrap()
}

/// Fails the test with what every node says.
///
/// # Panics
/// When something did not hold.
pub fn must<T>(held: Result<T, String>) -> T {
    held.unwrap_or_else(|why| panic!("{why}"))
}

/// Where the members' governance keys are kept, and the files that are carried from there to the nodes and back.
pub struct Offices {
    folder: PathBuf,
    genesis: String,
    keys: BTreeMap<String, PathBuf>,
    /// Proposals and approvals that a node has acknowledged.
    pub events: u64,
}

impl Offices {
    /// Those of the members that founded a network.
    ///
    /// # Panics
    /// When the folder of their keys cannot be read.
    #[must_use]
    pub fn of(fleet: &Fleet) -> Self {
        let folder = fleet.folder().join("offices");
        fs::create_dir(&folder).unwrap();
        let members = fs::read_dir(fleet.folder().join("net/members")).unwrap().flatten();
        let key = |of: fs::DirEntry| (of.file_name().into_string().unwrap(), of.path().join("governance.key"));
        Self { folder, genesis: text(&fleet.genesis), keys: members.map(key).collect(), events: 0 }
    }

    /// A file or folder that is carried around.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        text(&self.folder.join(name))
    }

    /// The genesis.
    #[must_use]
    pub fn genesis(&self) -> &str {
        &self.genesis
    }

    /// From now on a member signs with another governance key.
    pub fn take_key(&mut self, member: &str, key: &str) {
        self.keys.insert(member.to_owned(), key.into());
    }

    /// Proposes changes, each for one block later than the one before, has them approved by some members, and waits
    /// until they are in force; gives the height from which the last one holds.
    ///
    /// # Panics
    /// When one is refused, or is in force at another height than the one that was named.
    pub fn enact(&mut self, fleet: &mut Fleet, changes: &[&[&str]], approving: &[&str]) -> u64 {
        for number in [1, 2] {
            must(fleet.wait(&format!("node {number} has heard who is connected"), LONG, |fleet| hears(fleet, number)));
        }
        let (mut left, mut last) = (changes.to_vec(), 0);
        for ahead in AHEAD {
            let first = fleet.node(1).height().unwrap_or_default() + ahead;
            let named: Vec<_> = left.into_iter().zip(first..).collect();
            for (change, effective) in &named {
                self.adopt(fleet, change, *effective, approving);
            }
            left =
                named.iter().filter(|(_, effective)| !in_force(fleet, *effective)).map(|(change, _)| *change).collect();
            if left.is_empty() {
                return named.last().map_or(last, |(_, effective)| *effective);
            }
            last = last.max(first);
        }
        panic!("{left:?}: lapse however far ahead they are proposed");
    }

    /// Proposes a change and has it approved, while there is time.
    fn adopt(&mut self, fleet: &Fleet, change: &[&str], effective: u64, approving: &[&str]) {
        let (url, height) = (url(fleet, 1), effective.to_string());
        let how = ["--effective", &height, "--url", &url, "--wait"];
        let proposed = answer(&[&["member", "propose"], change, &how].concat());
        self.events += 1;
        let id = proposed["proposal"].as_str().unwrap();
        let in_time = || fleet.node(1).height().is_some_and(|height| height + 4 < effective);
        if !in_time() {
            return;
        }
        let shown = answer(&["member", "show", id, "--url", &url]);
        let carried = self.path("proposal.json");
        fs::write(&carried, shown.to_string()).unwrap();
        for member in approving {
            let signed = self.sign(&carried, member);
            assert_eq!(signed.code, Some(0), "{}", signed.err);
            let approval = self.path("approval.json");
            fs::write(&approval, &signed.out).unwrap();
            if !in_time() {
                return;
            }
            let force: &[&str] = if change.contains(&"--force") { &["--force"] } else { &[] };
            let _ = answer(
                &[&["member", "approve", "--approval", &approval, "--url", &self::url(fleet, 2)], force].concat(),
            );
            self.events += 1;
        }
    }

    /// An approval of a member, signed and not submitted.
    #[must_use]
    pub fn sign(&self, proposal: &str, member: &str) -> Run {
        let key = text(&self.keys[member]);
        let how = ["--member", member, "--key", &key, "--genesis", &self.genesis, "--sign-only"];
        run(&[&["member", "approve", proposal], &how[..]].concat())
    }
}

/// Whether a node has heard all that are connected with it.
fn hears(fleet: &Fleet, number: u32) -> bool {
    let heard = members(fleet, number)["heard"].clone();
    let heard = heard.as_array().map(Vec::as_slice).unwrap_or_default();
    let peers = fleet.node(number).status().map(|status| status["peers"].clone()).unwrap_or_default();
    let peers = peers.as_array().map(Vec::as_slice).unwrap_or_default();
    !peers.is_empty() && peers.iter().all(|peer| heard.contains(&peer["node"]))
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Where a node answers.
#[must_use]
pub fn url(fleet: &Fleet, number: u32) -> String {
    format!("http://{}", fleet.node(number).http)
}

/// What a node says of the membership.
///
/// # Panics
/// When it does not answer.
#[must_use]
pub fn members(fleet: &Fleet, number: u32) -> Value {
    answer_of(fleet, number, "/v1/members")
}

/// A block for a person to read, as a node has it.
///
/// # Panics
/// When the node does not have it.
#[must_use]
pub fn block(fleet: &Fleet, number: u32, height: u64) -> Value {
    answer_of(fleet, number, &format!("/v1/blocks/{height}?format=json"))
}

fn answer_of(fleet: &Fleet, number: u32, path: &str) -> Value {
    let answer = http::get(fleet.node(number).http, path, PATIENCE).unwrap();
    assert_eq!(answer.code, 200, "node {number}: {path}");
    answer.json()
}

/// Waits for a height, and tells whether another membership holds from it on, and not one block earlier, on every
/// node that has come so far: one that was stopped, or is removed by this very change, has not.
fn in_force(fleet: &mut Fleet, effective: u64) -> bool {
    reach(fleet, 1, effective - 1);
    let commits_to = |number, height| block(fleet, number, height)["header"]["next_membership"].clone();
    let of = |number| (commits_to(number, effective - 2), commits_to(number, effective - 1));
    let (before, after) = of(1);
    let there = |node: &&Node| node.height().is_some_and(|height| height + 1 >= effective);
    for node in fleet.nodes.iter().filter(there) {
        assert_eq!(of(node.number), (before.clone(), after.clone()), "at node {}", node.number);
    }
    before != after
}

/// Waits until a node has a block.
pub fn reach(fleet: &mut Fleet, number: u32, height: u64) {
    let there = |fleet: &mut Fleet| fleet.node(number).height().is_some_and(|reached| reached >= height);
    must(fleet.wait(&format!("node {number} at block {height}"), LONG, there));
}

/// Waits until the chain has gone on by some blocks.
pub fn goes_on(fleet: &mut Fleet, what: &str) {
    let stood = fleet.node(1).height().unwrap_or_default();
    must(fleet.wait(what, LONG, |fleet| fleet.node(1).height().is_some_and(|height| height > stood + 3)));
}

/// Waits until a node says that it is ready.
pub fn ready(fleet: &mut Fleet, number: u32) {
    must(fleet.wait(&format!("node {number} is ready"), LONG, |fleet| fleet.node(number).ready().0));
}

/// Waits until a node says that it is not ready, by a code and with some words.
pub fn not_ready(fleet: &mut Fleet, number: u32, code: &str, words: &str) {
    must(fleet.wait(&format!("node {number} says {code}: {words}"), LONG, |fleet| {
        let (is_ready, why) = fleet.node(number).ready();
        !is_ready && why.contains(code) && why.contains(words)
    }));
}

/// Who signed the blocks from a height up, as far as the chain says it by now.
#[must_use]
pub fn signers(fleet: &Fleet, from: u64) -> BTreeSet<u64> {
    let tip = fleet.node(1).height().unwrap_or_default();
    let of_parent = |height| block(fleet, 1, height)["parent_certificate"]["nodes"].as_array().cloned();
    (from + 1..=tip).filter_map(of_parent).flatten().filter_map(|node| node.as_u64()).collect()
}

/// Waits until a vote of a node stands in a certificate of a block that is made from now on.
pub fn votes(fleet: &mut Fleet, number: u32) {
    let from = fleet.node(1).height().unwrap_or_default() + 1;
    let signed = |fleet: &mut Fleet| signers(fleet, from).contains(&u64::from(number));
    must(fleet.wait(&format!("a vote of node {number} counts"), LONG, signed));
}

/// Hands some contracts to a node, which acknowledges them.
pub fn submit(fleet: &Fleet, number: u32, count: u64, acknowledged: &mut Acknowledged) {
    let address = fleet.node(number).http;
    // Numbers that no load uses.
    let first = 900_000_000_000 + acknowledged.items * 1_000 + u64::from(number);
    let id = until_acknowledged(address, &message(first, count));
    acknowledged.items += count;
    acknowledged.requests.push((address, id));
}
