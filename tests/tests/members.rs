//! Members, nodes, keys and parameters come, change and go on a running network under load, as docs/operations.md
//! tells an operator to let them; nothing stops, and nothing that was acknowledged is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "whatever a test cannot do ends the test"
)]

use luqi_tests::net::fleet::Fleet;
use luqi_tests::net::load::{Acknowledged, Load, settled};
use luqi_tests::net::members::{
    LONG, Offices, answer, block, goes_on, members, must, not_ready, reach, ready, run, signers, submit, url, votes,
};
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

const PROVINCE: &str = "370000";
const JINAN: &str = "370100";
const QINGDAO: &str = "370200";
const ZIBO: &str = "370300";
/// The member that comes and goes.
const ZAOZHUANG: &str = "370400";

/// A network under load, and who governs it.
struct Town {
    fleet: Fleet,
    offices: Offices,
    /// What was handed in beside the load.
    taken: Acknowledged,
}

/// Four members with a validator each: nodes 1 to 4; and node 5, a replica of the last. Each step begins with what the
/// one before left.
#[test]
fn members_come_change_and_go_on_a_running_network() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), 4, 1, &["pace_idle_ms=300", "pace_seal_ms=300"]);
    fleet.start();
    (1..=5).for_each(|number| ready(&mut fleet, number));
    let offices = Offices::of(&fleet);
    let load = Load::start(&[1, 2, 5].map(|number| fleet.node(number).http), 2, Duration::from_secs(1));
    let mut town = Town { fleet, offices, taken: Acknowledged::default() };

    town.a_member_joins_with_a_validator();
    town.a_replica_gains_power_and_loses_it();
    town.keys_are_rotated();
    town.a_member_gets_a_second_validator_while_keys_change_behind_the_back_of_another();
    town.parameters_change();
    town.a_node_and_a_member_are_removed();

    let mut acknowledged = load.end();
    acknowledged.items += town.taken.items;
    acknowledged.requests.extend(town.taken.requests);
    must(town.fleet.wait("every acknowledged item applied", LONG, |_| settled(&acknowledged).is_ok()));
    must(town.fleet.wait_for_one_tip(1, LONG));
    let (_, events) = town.fleet.audit().unwrap();
    assert_eq!(events, acknowledged.items + town.offices.events, "each acknowledged item once, and what was governed");
}

impl Town {
    /// From nothing to running. Power 4, then 5: four of five decide.
    fn a_member_joins_with_a_validator(&mut self) {
        let Self { fleet, offices, taken } = self;
        let (home, application) = (offices.path("zaozhuang"), offices.path("application.json"));
        let apply = ["genesis", "apply", "--code", ZAOZHUANG, "--home", &home, "--out", &application];
        let applied = answer(&apply);
        offices.take_key(ZAOZHUANG, applied["governance"].as_str().unwrap());
        offices.enact(fleet, &[&["add-member", &application]], &[PROVINCE, JINAN, QINGDAO]);

        let member = answer(&["member", "show", ZAOZHUANG, "--url", &url(fleet, 1)]);
        let (vault, vrf) = (member["vault"].as_str().unwrap(), offices.path("vrf.json"));
        assert_eq!(member["nodes"][0]["number"], 6);
        let of_a_member = fleet.node(1).home.to_str().unwrap().to_owned();
        let _ = answer(&["member", "seal-vrf", "--home", &of_a_member, "--to", vault, "--out", &vrf]);
        let join = ["member", "join", "--home", &home, "--genesis", offices.genesis(), "--node", "6"];
        let without = run(&join);
        assert_eq!(without.code, Some(4), "{}", without.err);
        assert!(without.err.contains("luqi member seal-vrf"), "it says who helps: {}", without.err);
        let _ = answer(&[&join[..], &["--vrf", &vrf]].concat());
        let _ = answer(&["node", "--home", &home, "--write-config"]);
        fleet.add(6, home.into(), 1);
        fleet.node_mut(6).start();
        ready(fleet, 6);
        must(fleet.wait("node 6 is a validator", LONG, |fleet| is(fleet, 6, "role", "validator")));

        // It votes from the first block on that was made after its start; then its vote can be needed.
        votes(fleet, 6);
        fleet.node_mut(4).kill();
        goes_on(fleet, "it goes on with the new validator in the place of another");
        fleet.node_mut(4).start();
        ready(fleet, 4);
        submit(fleet, 6, 3, taken);
    }

    /// Power 5, then 6: five of six decide; and 5 again.
    fn a_replica_gains_power_and_loses_it(&mut self) {
        let Self { fleet, offices, .. } = self;
        offices.enact(fleet, &[&["set-power", "5", "1"]], &[PROVINCE, JINAN, QINGDAO, ZAOZHUANG]);
        must(fleet.wait("node 5 is a validator", LONG, |fleet| is(fleet, 5, "role", "validator")));
        fleet.node_mut(4).kill();
        goes_on(fleet, "it goes on with the vote of what was a replica");
        votes(fleet, 5);

        let from = offices.enact(fleet, &[&["set-power", "5", "0"]], &[PROVINCE, JINAN, QINGDAO, ZIBO]);
        goes_on(fleet, "it goes on without that vote, and without node 4");
        assert_eq!(signers(fleet, from), [1, 2, 3, 6].into(), "nobody else has a vote and runs");
        must(fleet.wait("node 5 is a replica", LONG, |fleet| is(fleet, 5, "role", "replica")));
        fleet.node_mut(4).start();
        ready(fleet, 4);
    }

    /// Of a running validator, and of its member. Power 5: four of five decide.
    fn keys_are_rotated(&mut self) {
        let Self { fleet, offices, .. } = self;
        let (keys, governance, vault) = (offices.path("keys"), offices.path("new.key"), offices.path("vault.key"));
        let drawn = |purpose: &str, out: &str| {
            let drawn = answer(&["keygen", "--purpose", purpose, "--out", out]);
            drawn["keys"][0]["public"].as_str().unwrap().to_owned()
        };
        let _ = drawn("node", &keys);
        let (public, opens) = (drawn("governance", &governance), drawn("vault", &vault));
        let of_member = ["rotate-member-keys", ZIBO, "--governance", &public, "--vault", &opens];
        let of_node = ["rotate-node-keys", "4", &keys];
        let from = offices.enact(fleet, &[&of_member, &of_node], &[PROVINCE, JINAN, QINGDAO, ZAOZHUANG]);
        not_ready(fleet, 4, "NOT_A_MEMBER", "other keys");
        goes_on(fleet, "it goes on without the node whose keys are old");

        fleet.node_mut(3).kill();
        not_ready(fleet, 1, "NOT_CONNECTED", "3 of 5");
        // What was under way may still be decided.
        let stood = must(fleet.wait_to_stand(&[1, 2], LONG));
        thread::sleep(Duration::from_secs(3));
        assert_eq!(fleet.node(1).height(), Some(stood), "old keys do not make the fourth vote");
        assert!(!signers(fleet, from).contains(&4), "nor did they before");

        fleet.node_mut(4).stop();
        let home = fleet.node(4).home.join("keys");
        put(&keys, &home);
        fs::copy(&vault, home.join("vault")).unwrap();
        fleet.node_mut(4).start();
        votes(fleet, 4);
        fleet.node_mut(3).start();
        ready(fleet, 3);
        ready(fleet, 4);

        // The old governance key approves nothing any more.
        let url = url(fleet, 1);
        let proposed =
            answer(&["member", "propose", "set-power", "1", "2", "--effective", "+500", "--url", &url, "--wait"]);
        offices.events += 1;
        let signed = offices.sign(proposed["proposal"].as_str().unwrap(), ZIBO);
        let approval = offices.path("old.json");
        fs::write(&approval, signed.out).unwrap();
        let refused = run(&["member", "approve", "--approval", &approval, "--url", &url]);
        assert_eq!(refused.code, Some(2), "{}", refused.err);
        assert!(refused.err.contains("BAD_APPROVAL"), "{}", refused.err);
        offices.take_key(ZIBO, &governance);
    }

    /// Power 5, then 6: five of six decide.
    fn a_member_gets_a_second_validator_while_keys_change_behind_the_back_of_another(&mut self) {
        let Self { fleet, offices, taken } = self;
        let (home, node) = (offices.path("second"), offices.path("node.json"));
        let first = fleet.node(2).home.to_str().unwrap().to_owned();
        let _ = answer(&["member", "prepare", "--like", &first, "--home", &home, "--out", &node]);
        let keys = offices.path("keys-of-3");
        let _ = answer(&["keygen", "--purpose", "node", "--out", &keys]);

        // What node 3 acknowledges while it is cut off is signed with keys that will be old when it is back.
        cut_off(fleet, 3);
        submit(fleet, 3, 2, taken);
        // Node 3 has to come back with its new keys, and does.
        let add = ["add-node", JINAN, &node, "--power", "1", "--force"];
        let rotate = ["rotate-node-keys", "3", &keys];
        offices.enact(fleet, &[&rotate, &add], &[PROVINCE, JINAN, ZIBO, ZAOZHUANG]);
        fleet.node_mut(3).stop();
        put(&keys, &fleet.node(3).home.join("keys"));
        fleet.heal();
        fleet.node_mut(3).start();
        goes_on(fleet, "its new keys are needed, and make a vote");
        must(fleet.wait("what it has acknowledged is applied", LONG, |_| settled(taken).is_ok()));

        let _ = answer(&["member", "join", "--home", &home, "--genesis", offices.genesis(), "--node", "7"]);
        let _ = answer(&["node", "--home", &home, "--write-config"]);
        fleet.add(7, home.into(), 1);
        fleet.node_mut(7).start();
        votes(fleet, 7);
        must(fleet.wait("node 7 is Jinan's", LONG, |fleet| is(fleet, 7, "member", JINAN)));
        fleet.node_mut(4).kill();
        goes_on(fleet, "it goes on with the vote of the second validator");
        fleet.node_mut(4).start();
        (3..=7).for_each(|number| ready(fleet, number));
    }

    /// From a height on, on every node.
    fn parameters_change(&mut self) {
        let Self { fleet, offices, .. } = self;
        let change = ["set-parameters", "pace_idle_ms=400", "block_events=3"];
        let from = offices.enact(fleet, &[&change], &[PROVINCE, JINAN, QINGDAO, ZIBO]);
        for number in 1..=7 {
            reach(fleet, number, from);
            let parameters = &members(fleet, number)["in_force"]["parameters"];
            assert_eq!((&parameters["pace_idle_ms"], &parameters["block_events"]), (&400.into(), &3.into()));
        }
        reach(fleet, 1, from + 12);
        for height in from..=from + 12 {
            let events = block(fleet, 1, height)["events"].as_array().unwrap().len();
            assert!(events <= 3, "block {height} carries {events} events");
        }
    }

    /// Both while they are connected. Power 6, then 4.
    fn a_node_and_a_member_are_removed(&mut self) {
        let Self { fleet, offices, taken } = self;
        must(fleet.wait("what they have acknowledged is on the chain", LONG, |_| settled(taken).is_ok()));
        taken.requests.clear();
        let changes: [&[&str]; 2] = [&["remove-node", "7"], &["remove-member", ZAOZHUANG, "--heir", PROVINCE]];
        let from = offices.enact(fleet, &changes, &[PROVINCE, JINAN, QINGDAO, ZIBO]);
        goes_on(fleet, "the others go on");
        assert!(signers(fleet, from).is_subset(&[1, 2, 3, 4].into()));
        for number in [6, 7] {
            not_ready(fleet, number, "NOT_A_MEMBER", &format!("no node {number}"));
            let status = run(&["status", "--url", &url(fleet, number)]);
            assert_eq!(status.code, Some(15), "no member: {}", status.out);
            assert!(status.out.contains("outsider") && status.out.contains("no node"), "{}", status.out);
            let refused = run(&[
                "member",
                "propose",
                "remove-node",
                "1",
                "--effective",
                "+9",
                "--force",
                "--url",
                &url(fleet, number),
            ]);
            assert!(refused.err.contains("NOT_A_MEMBER"), "{}", refused.err);
        }
        let gone = |fleet: &mut Fleet| {
            let Some(status) = fleet.node(1).status() else { return false };
            let peers = status["peers"].as_array().cloned().unwrap_or_default();
            peers.iter().all(|peer| peer["node"] != 6 && peer["node"] != 7)
        };
        must(fleet.wait("they are cut off", LONG, gone));
        for number in [6, 7] {
            let mut node = fleet.retire(number);
            assert_eq!(node.stop(), Some(0), "{}", node.last_words());
            let report = fleet.audit_home(&node).unwrap();
            let height = report["height"].as_u64().unwrap();
            assert_eq!(report["tip"], block(fleet, 1, height)["hash"], "its chain is the beginning of the others'");
        }
    }
}

/// Puts new key files in the place of old ones.
fn put(keys: &str, home: &Path) {
    for key in fs::read_dir(keys).unwrap().flatten() {
        fs::rename(key.path(), home.join(key.file_name())).unwrap();
    }
}

/// Cuts every wire of a node.
fn cut_off(fleet: &mut Fleet, number: u32) {
    fleet.split(&[number]);
    must(fleet.wait("the node is cut off", LONG, |fleet| {
        fleet.node(number).status().is_some_and(|status| status["peers"].as_array().is_some_and(Vec::is_empty))
    }));
}

/// Whether a node says so of itself; not where it does not answer in time.
fn is(fleet: &Fleet, node: u32, field: &str, value: &str) -> bool {
    fleet.node(node).status().is_some_and(|status| status[field] == value)
}
