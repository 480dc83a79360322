//! Safety past the limit: what a network does when too many are gone, and a node when it forgot what it signed.

use super::fleet::Fleet;
use super::http;
use super::load::{Acknowledged, message, settled, until_acknowledged};
use super::node::copy;
use crate::luqi;
use std::ffi::OsStr;
use std::fs;
use std::time::{Duration, Instant};

/// How long anything may take on a slow machine.
const LONG: Duration = Duration::from_secs(120);
/// Those that are left of four.
const SURVIVORS: [u32; 2] = [1, 2];

fn ready(fleet: &mut Fleet) {
    fleet.start();
    let all = |fleet: &mut Fleet| fleet.nodes.iter().all(|node| node.ready().0);
    fleet.wait("all nodes ready", LONG, all).unwrap_or_else(|why| panic!("{why}"));
}

/// Two of four are gone: nothing is decided, each of the others says why, and takes messages in all the same; when the
/// two return it goes on, and everything that was acknowledged meanwhile is applied. Gives how long after that the
/// next block came.
///
/// # Panics
/// When it is not so.
#[must_use]
pub fn two_of_four_lost() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), 4, 0, &["pace_idle_ms=500"]);
    ready(&mut fleet);
    fleet.node_mut(3).kill();
    fleet.node_mut(4).kill();
    survivors_say(&mut fleet, "NOT_CONNECTED", "it reaches 2 of 4 voting power");
    // What was under way when they died may still be decided; nothing after it.
    let stood = fleet.wait_to_stand(&SURVIVORS, LONG).unwrap_or_else(|why| panic!("{why}"));
    let mut acknowledged = Acknowledged::default();
    for number in SURVIVORS {
        let address = fleet.node(number).http;
        let id = until_acknowledged(address, &message(u64::from(number) * 1_000, 2));
        acknowledged.items += 2;
        acknowledged.requests.push((address, id));
    }
    survivors_say(&mut fleet, "NOT_CONNECTED", "not heard: node 3 (Qingdao), node 4 (Zibo)");
    assert_eq!(SURVIVORS.map(|number| fleet.node(number).height()), [Some(stood); 2], "two of four decide nothing");
    for (address, id) in &acknowledged.requests {
        let answer = http::get(*address, &format!("/v1/submissions/{id}"), LONG).unwrap().json();
        let states: Vec<_> = answer["items"].as_array().unwrap().iter().map(|item| &item["state"]).collect();
        assert_eq!(states, ["pending"; 2], "nothing is called final that no block has");
    }
    let urls: Vec<String> = fleet.nodes.iter().map(|node| format!("http://{}", node.http)).collect();
    let asked = urls.iter().flat_map(|url| ["--url", url.as_str()]);
    let arguments: Vec<&OsStr> = ["status"].into_iter().chain(asked).map(OsStr::new).collect();
    let status = luqi::run(&arguments);
    assert_eq!(status.code, Some(14), "unreachable: {}{}", status.out, status.err);
    let told = |words: &str| status.out.matches(words).count();
    assert_eq!((told("no answer"), told("not heard: node 3 (Qingdao), node 4 (Zibo)")), (2, 2), "{}", status.out);

    fleet.start();
    let back = Instant::now();
    fleet.wait("it goes on", LONG, |fleet| fleet.node(1).height() > Some(stood)).unwrap_or_else(|why| panic!("{why}"));
    let took = back.elapsed();
    ready(&mut fleet);
    let is_settled = |_: &mut Fleet| settled(&acknowledged).is_ok();
    fleet.wait("what was acknowledged is applied", LONG, is_settled).unwrap_or_else(|why| panic!("{why}"));
    fleet.wait_for_one_tip(1, LONG).unwrap_or_else(|why| panic!("{why}"));
    let (_, events) = fleet.audit().unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(events, acknowledged.items, "each once");
    took
}

/// Waits until both that are left say why they are not ready.
fn survivors_say(fleet: &mut Fleet, code: &str, words: &str) {
    let say = |fleet: &mut Fleet| {
        SURVIVORS.iter().all(|number| {
            let (is_ready, why) = fleet.node(*number).ready();
            !is_ready && why.contains(code) && why.contains(words)
        })
    };
    fleet.wait(&format!("both say {code}: {words}"), LONG, say).unwrap_or_else(|why| panic!("{why}"));
}

/// A home comes back as it was some time ago: its node is silent until it has seen the chain go on, and votes
/// again; nobody ever finds two signatures of it.
///
/// # Panics
/// When it is not so.
pub fn a_home_from_yesterday() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), 4, 0, &["pace_idle_ms=300"]);
    ready(&mut fleet);
    fleet.wait_for_one_tip(3, LONG).unwrap_or_else(|why| panic!("{why}"));
    let home = fleet.node(2).home.clone();
    let yesterday = home.with_extension("yesterday");
    fleet.node_mut(2).stop();
    copy(&home, &yesterday);
    fleet.node_mut(2).start();
    let then = fleet.node(1).height().unwrap_or_default();
    fleet
        .wait("the network goes on", LONG, |fleet| {
            fleet.nodes.iter().all(|node| node.height().is_some_and(|height| height > then + 15))
        })
        .unwrap_or_else(|why| panic!("{why}"));
    fleet.node_mut(2).kill();
    fs::remove_dir_all(&home).unwrap();
    copy(&yesterday, &home);
    fleet.node_mut(2).start();
    let mut was_silent = false;
    fleet
        .wait("it votes again", LONG, |fleet| {
            let Some(status) = fleet.node(2).status() else { return false };
            let silent = !status["silent"].is_null();
            was_silent |= silent;
            was_silent && !silent
        })
        .unwrap_or_else(|why| panic!("{why}"));
    // With one other gone its vote is needed: the chain goes on only if it is given.
    fleet.node_mut(3).kill();
    let stood = fleet.node(1).height().unwrap_or_default();
    fleet
        .wait("its vote counts", LONG, |fleet| fleet.node(1).height().is_some_and(|height| height > stood + 3))
        .unwrap_or_else(|why| panic!("{why}"));
    for node in [1, 2, 4] {
        let said = ["luqi_misbehaviour_total", "luqi_equivocations"].map(|metric| fleet.node(node).metric(metric));
        assert_eq!(said, [Some(0.0); 2], "node {node} found a double signature\n{}", fleet.report());
    }
    let address = fleet.node(2).http;
    let id = until_acknowledged(address, &message(7, 1));
    let acknowledged = Acknowledged { items: 1, requests: vec![(address, id)] };
    let is_settled = |_: &mut Fleet| settled(&acknowledged).is_ok();
    fleet.wait("it takes messages in again", LONG, is_settled).unwrap_or_else(|why| panic!("{why}"));
    fleet.start();
    fleet.wait_for_one_tip(stood + 3, LONG).unwrap_or_else(|why| panic!("{why}"));
    fleet.audit().unwrap_or_else(|why| panic!("{why}"));
}

/// One home, two processes: the second one is refused.
///
/// # Panics
/// When it is not so.
pub fn a_home_is_run_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), 1, 0, &[]);
    ready(&mut fleet);
    let home = fleet.node(1).home.clone();
    let second = luqi::run(&[OsStr::new("node"), OsStr::new("--home"), home.as_os_str()]);
    assert_eq!(second.code, Some(4), "{}", second.err);
    let pid = fleet.node(1).pid().unwrap_or_default().to_string();
    assert!(second.err.contains(&pid), "it names the process that has the home: {}", second.err);
    assert!(fleet.node_mut(1).runs());
}
