//! Half of the voting keys are lost for good: the members found the chain anew, and the same contracts and streams go on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "whatever a test cannot do ends the test"
)]

use luqi_tests::net::fleet::Fleet;
use luqi_tests::net::load::{Acknowledged, settled};
use luqi_tests::net::members::{LONG, answer, goes_on, must, ready, run, submit};
use std::fs;
use std::path::Path;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_chain_goes_on_from_another_with_its_contracts() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(folder.path(), 4, 0, &["pace_idle_ms=300", "pace_seal_ms=300", "pace_wait_ms=100"]);
    fleet.start();
    (1..=4).for_each(|number| ready(&mut fleet, number));
    let mut taken = Acknowledged::default();
    submit(&fleet, 1, 3, &mut taken);
    submit(&fleet, 2, 2, &mut taken);
    must(fleet.wait("all is applied", LONG, |_| settled(&taken).is_ok()));
    must(fleet.wait_for_one_tip(1, LONG));
    (1..=4).for_each(|number| assert_eq!(fleet.node_mut(number).stop(), Some(0)));
    for number in [3, 4] {
        drop(fleet.retire(number));
    }

    let old = [1, 2].map(|number| fleet.node(number).home.clone());
    let height = |number| fleet.audit_home(fleet.node(number)).unwrap()["height"].as_u64().unwrap();
    let heights = [1, 2].map(height);
    let highest = usize::from(heights[1] > heights[0]);
    let genesis = folder.path().join("successor.json");
    let go_on = ["genesis", "continue", "--home", text(&old[highest]), "--out", text(&genesis)];
    let _ = answer(&[&go_on[..], &["--remove-node", "3", "--remove-node", "4"]].concat());
    let mut approvals = Vec::new();
    for member in ["370000", "370100", "370200"] {
        let approval = folder.path().join(format!("{member}.json"));
        let key = folder.path().join(format!("net/members/{member}/governance.key"));
        let how = ["--member", member, "--key", text(&key), "--out", text(&approval)];
        let _ = answer(&[&["genesis", "approve", text(&genesis)], &how[..]].concat());
        approvals.push(approval);
    }
    let mut verify = vec!["genesis", "verify", "--old", text(&fleet.genesis), "--new", text(&genesis)];
    verify.extend(approvals.iter().map(|path| text(path)));
    assert_eq!(answer(&verify)["height"], heights[highest]);

    let new = [1, 2].map(|number| folder.path().join(format!("new{number}")));
    let install = |at: usize, from: &Path| {
        run(&["genesis", "install", "--genesis", text(&genesis), "--home", text(&new[at]), "--old", text(from)])
    };
    let installed = install(highest, &old[highest]);
    assert_eq!(installed.code, Some(0), "{}", installed.err);
    let other = 1 - highest;
    let installed = install(other, &old[other]);
    if heights[other] < heights[highest] {
        // It has its own keys, and takes what the chain begins with from the other.
        assert_eq!(installed.code, Some(2), "{}", installed.err);
        fs::create_dir_all(new[other].join("ledger")).unwrap();
        fs::copy(new[highest].join("ledger/map.origin"), new[other].join("ledger/map.origin")).unwrap();
    }
    for (at, number) in [(0, 1), (1, 2)] {
        for part in ["vault", "intake", "outbox", "node.toml"] {
            fs::rename(old[at].join(part), new[at].join(part)).unwrap();
        }
        fleet.node_mut(number).home.clone_from(&new[at]);
    }
    // Without what it begins with it says so, and what to do.
    let origin = new[0].join("ledger/map.origin");
    let away = folder.path().join("away");
    fs::rename(&origin, &away).unwrap();
    let refused = run(&["node", "--home", text(&new[0])]);
    assert_eq!(refused.code, Some(4), "{}", refused.err);
    assert!(refused.err.contains("map.origin") && refused.err.contains("--old"), "{}", refused.err);
    fs::rename(&away, &origin).unwrap();

    fleet.start();
    for number in [1, 2] {
        ready(&mut fleet, number);
    }
    taken.requests.clear();
    submit(&fleet, 1, 2, &mut taken);
    submit(&fleet, 2, 1, &mut taken);
    must(fleet.wait("all is applied on the new chain", LONG, |_| settled(&taken).is_ok()));
    let subjects = |fleet: &Fleet| fleet.node(1).status().map(|status| status["subjects"].clone());
    assert_eq!(subjects(&fleet), Some(8.into()), "what was there before, and what came since");
    assert_eq!(fleet.node_mut(1).stop(), Some(0));
    fleet.node_mut(1).start();
    ready(&mut fleet, 1);
    assert_eq!(subjects(&fleet), Some(8.into()));
    goes_on(&mut fleet, "the new chain goes on");
}
