//! Parameters are lowered while a node that is cut off has acknowledged more than fits: all of it comes onto the chain
//! once. And a change that would stop the chain is told before it is proposed or approved.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "whatever a test cannot do ends the test"
)]

use luqi_tests::net::fleet::Fleet;
use luqi_tests::net::load::{Acknowledged, settled};
use luqi_tests::net::members::{LONG, Offices, answer, goes_on, members, must, ready, run, submit, url};
use std::fs;

const PROVINCE: &str = "370000";
const JINAN: &str = "370100";
const QINGDAO: &str = "370200";
const ZIBO: &str = "370300";

fn of_four(folder: &std::path::Path) -> (Fleet, Offices) {
    let mut fleet = Fleet::new(folder, 4, 0, &["pace_idle_ms=300", "pace_seal_ms=300", "pace_wait_ms=100"]);
    fleet.start();
    (1..=4).for_each(|number| ready(&mut fleet, number));
    let offices = Offices::of(&fleet);
    (fleet, offices)
}

#[test]
fn parameters_that_are_lowered_stop_no_stream() {
    let folder = tempfile::tempdir().unwrap();
    let (mut fleet, mut offices) = of_four(folder.path());
    let mut taken = Acknowledged::default();
    // By events of a submission, and by events of a block.
    for (lowered, raised, count) in
        [("submission_events=3", "submission_events=1000", 10), ("block_events=4", "block_events=10000", 10)]
    {
        fleet.split(&[3]);
        must(fleet.wait("node 3 is cut off", LONG, |fleet| {
            fleet.node(3).status().is_some_and(|status| status["peers"].as_array().is_some_and(Vec::is_empty))
        }));
        submit(&fleet, 3, 1, &mut taken);
        submit(&fleet, 3, count, &mut taken);
        submit(&fleet, 3, 2, &mut taken);
        let enacting: [&[&str]; 1] = [&["set-parameters", lowered]];
        offices.enact(&mut fleet, &enacting, &[PROVINCE, JINAN, ZIBO]);
        // What the others acknowledge meanwhile is not held up.
        submit(&fleet, 1, 2, &mut taken);
        fleet.heal();
        must(fleet.wait(&format!("after {lowered} all is applied"), LONG, |_| settled(&taken).is_ok()));
        let raising: [&[&str]; 1] = [&["set-parameters", raised]];
        offices.enact(&mut fleet, &raising, &[PROVINCE, JINAN, QINGDAO, ZIBO]);
    }
    // Nor does it over a restart.
    fleet.node_mut(3).stop();
    fleet.node_mut(3).start();
    ready(&mut fleet, 3);
    must(settled(&taken));
    must(fleet.wait_for_one_tip(1, LONG));
    let (_, events) = fleet.audit().unwrap();
    assert_eq!(events, taken.items + offices.events, "each acknowledged item once, and what was governed");
}

#[test]
fn a_change_that_would_stop_the_chain_is_told_and_needs_force() {
    let folder = tempfile::tempdir().unwrap();
    let (mut fleet, offices) = of_four(folder.path());
    let url = url(&fleet, 1);
    let all_heard = |fleet: &mut Fleet| members(fleet, 1)["heard"].as_array().is_some_and(|heard| heard.len() == 4);
    must(fleet.wait("node 1 hears all", LONG, all_heard));
    let propose = |change: &[&str], more: &[&str]| {
        run(&[&["member", "propose"], change, &["--effective", "+900", "--url", &url], more].concat())
    };
    fleet.node_mut(3).kill();
    must(fleet.wait("node 3 is not heard", LONG, |fleet| {
        members(fleet, 1)["heard"].as_array().is_some_and(|heard| heard.len() == 3)
    }));
    let told = "2 of 3 voting power heard lately (node 1, 4), 3 needed; not heard: node 3";
    let whole: [&str; 4] = ["remove-member", JINAN, "--heir", PROVINCE];
    for change in [&["remove-node", "2"][..], &whole] {
        let refused = propose(change, &[]);
        assert_eq!(refused.code, Some(2), "{}", refused.err);
        assert!(refused.err.contains(told) && refused.err.contains("--force"), "{}", refused.err);
    }
    // Who is down may go, and so may who is not, where its operator knows better.
    assert_eq!(propose(&["remove-node", "3"], &[]).code, Some(0));
    let forced = propose(&["remove-node", "2"], &["--force", "--wait", "--json"]);
    assert_eq!(forced.code, Some(0), "{}", forced.err);
    let forced: serde_json::Value = serde_json::from_str(&forced.out).unwrap();
    let id = forced["proposal"].as_str().unwrap();
    let listed = run(&["member", "list", "--url", &url]);
    assert!(listed.out.contains(&format!("after {} the chain would STAND STILL: {told}", &id[..12])), "{}", listed.out);
    assert!(listed.out.contains("3 of 4 voting power heard lately (node 1, 2, 4), 3 needed"), "{}", listed.out);
    let shown = run(&["member", "show", id, "--url", &url]);
    assert!(shown.out.contains("STAND STILL"), "{}", shown.out);

    // The same at approving, whether it is signed here or was signed elsewhere.
    let carried = offices.path("proposal.json");
    fs::write(&carried, answer(&["member", "show", id, "--url", &url]).to_string()).unwrap();
    let approval = offices.path("approval.json");
    fs::write(&approval, offices.sign(&carried, PROVINCE).out).unwrap();
    let approve = ["member", "approve", "--approval", &approval, "--url", &url];
    let refused = run(&approve);
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains(told), "{}", refused.err);
    fleet.node_mut(3).start();
    must(fleet.wait("node 1 hears all again", LONG, all_heard));
    let _ = answer(&approve);
    goes_on(&mut fleet, "the chain goes on");
}
