//! Several nodes asked at once: audited side by side, and looked at.

use crate::json;
use crate::served::{Chain, frame, grow, nobody};
use ledger_core::archive::FrameKind;
use ledger_core::fixture::Network;
use ledger_core::names::{BlockHash, Height};
use luqi_node::home::write_json;
use luqi_node::http::{Reason, State};
use serde_json::Value;
use std::path::Path;

const BLOCKS: u64 = 30;

/// Audits nodes, wants an exit code, and gives the answer with what each node serves.
fn audit(folder: &Path, network: &Network, exit: i32, urls: &[&str]) -> (Value, Vec<String>) {
    audit_with(folder, network, exit, urls, &[])
}

fn audit_with(folder: &Path, network: &Network, exit: i32, urls: &[&str], more: &[&str]) -> (Value, Vec<String>) {
    // Once: some audits of a test run side by side.
    if !folder.join("genesis.json").exists() {
        write_json(&folder.join("genesis.json"), &network.genesis).unwrap();
    }
    let nodes = urls.iter().flat_map(|url| ["--node", url]);
    let arguments: Vec<&str> =
        ["audit", "--genesis", "genesis.json"].into_iter().chain(nodes).chain(more.iter().copied()).collect();
    let answer = json(folder, exit, &arguments);
    let serves = |row: &Value| row["serves"].as_str().unwrap().to_owned();
    let rows = answer["nodes"].as_array().unwrap().iter().map(serves).collect();
    (answer, rows)
}

#[test]
fn nodes_that_agree_hold_and_who_is_behind_or_away_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let network = grow(BLOCKS, 0);
    let whole = Chain::of(&network, 1);
    let (first, second) = (whole.clone().serve(), Chain { number: 2, ..whole.clone() }.serve());
    let behind = Chain::of(&network.at(Height(20)), 3).serve();
    let away = nobody();
    let (answer, serves) = audit(folder.path(), &network, 3, &[&first, &behind, &away, &second]);
    assert_eq!(serves, ["whole", "behind", "nothing", "whole"]);
    assert_eq!((&answer["verdict"], &answer["height"]), (&"undecided".into(), &BLOCKS.into()));
    assert_eq!(audit(folder.path(), &network, 0, &[&first, &second]).1, ["whole", "whole"]);
    assert_eq!(answer["tip"], network.tip.hash().to_string());
    assert_eq!(answer["checked"]["blocks"], BLOCKS);
    assert_eq!(answer["nodes"][1]["height"], 20);
    assert_eq!(answer["findings"].as_array().unwrap().len(), 0);

    let (answer, serves) = audit(folder.path(), &network, 3, &[&away]);
    assert_eq!((serves, &answer["verdict"]), (vec!["nothing".to_owned()], &"undecided".into()));
    assert_eq!(audit(folder.path(), &network, 0, &[&behind]).1, ["whole"], "nobody is known to have more");
}

#[test]
fn a_node_that_serves_an_altered_block_is_named_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let network = grow(BLOCKS, 0);
    let good = Chain::of(&network, 1).serve();
    for height in [1_usize, 17, BLOCKS as usize] {
        let mut altered = Chain { number: 7, ..Chain::of(&network, 2) };
        let block = &mut altered.blocks[height - 1];
        let place = block.len() - 70;
        block[place] ^= 1;
        let bad = altered.serve();
        for urls in [[bad.as_str(), &good], [&good, &bad]] {
            let (answer, serves) = audit(folder.path(), &network, 1, &urls);
            let place = usize::from(urls[1] == bad);
            assert_eq!((serves[place].as_str(), serves[1 - place].as_str()), ("altered", "whole"));
            let row = &answer["nodes"][place];
            assert_eq!(row["node"], 7);
            assert!(row["why"].as_str().unwrap().starts_with(&format!("block {height}: ")), "{row}");
            assert_eq!(answer["findings"][0]["height"], height);
            assert_eq!(answer["at"], height);
        }
        assert_eq!(audit(folder.path(), &network, 1, &[&bad]).1, ["altered"]);
    }
}

#[test]
fn two_certified_histories_are_a_fork() {
    let folder = tempfile::tempdir().unwrap();
    let network = grow(BLOCKS, 0);
    let urls = [Chain::of(&network, 1).serve(), Chain::of(&grow(BLOCKS, 1_000_000), 2).serve()];
    let (answer, serves) = audit(folder.path(), &network, 1, &[&urls[0], &urls[1]]);
    assert_eq!(serves, ["whole", "whole"]);
    assert_eq!(answer["findings"][0]["kind"], "fork", "{answer}");
}

#[test]
fn who_breaks_off_or_serves_less_than_he_says_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let network = grow(BLOCKS, 0);
    let good = Chain::of(&network, 1).serve();
    let less = Chain { says: BLOCKS + 5, certificate: None, ..Chain::of(&network, 2) }.serve();
    let mut wrong = Chain::of(&network, 3);
    wrong.certificate.as_mut().unwrap().round.0 += 1;
    let wrong = wrong.serve();
    // Nobody knows yet that the other one lies: by its word there are five blocks more.
    let (_, serves) = audit(folder.path(), &network, 3, &[&good, &less]);
    assert_eq!(serves, ["behind", "part"]);
    let (_, serves) = audit(folder.path(), &network, 3, &[&less]);
    assert_eq!(serves, ["part"]);
    let (_, serves) = audit(folder.path(), &network, 1, &[&good, &wrong]);
    assert_eq!(serves, ["whole", "altered"]);
    let broken = Chain { breaks_after: Some(60), ..Chain::of(&network, 4) }.serve();
    let (answer, serves) = audit(folder.path(), &network, 3, &[&good, &broken]);
    assert_eq!(serves, ["whole", "part"], "{answer}");
}

/// format.md §15.7: what the auditor kept is missing only if every node has come to its own end below it. One that has more
/// when it is asked again has not.
#[test]
fn a_node_that_grows_while_it_is_asked_makes_nothing_missing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let network = grow(12, 0);
    let of = |height: u64, number| Chain::of(&network.at(Height(height)), number);
    audit_with(folder, &network, 0, &[&of(11, 1).serve()], &["--keep", "kept.json"]);
    let audit = |exit, nodes: [Chain; 2], from: &[&str]| {
        let urls = nodes.map(Chain::serve);
        audit_with(folder, &network, exit, &[&urls[0], &urls[1]], from)
    };
    let kept = ["--from", "kept.json"];
    std::thread::scope(|tests| {
        tests.spawn(|| {
            let grows = Chain { says: 9, says_later: Some((12, network.tip.hash())), ..of(12, 2) };
            for from in [&kept[..], &[]] {
                let (answer, serves) = audit(3, [of(10, 1), grows.clone()], from);
                assert_eq!(
                    (&answer["findings"], serves),
                    (&serde_json::json!([]), vec!["behind".into(), "whole".into()])
                );
            }
        });
        tests.spawn(|| {
            // What it says then is held against it.
            let lies = Chain { says: 9, says_later: Some((12, BlockHash([1; 32]))), ..of(12, 2) };
            assert_eq!(audit(3, [of(12, 1), lies.clone()], &[]).1, ["whole", "part"]);
            let lies = Chain { blocks: of(10, 2).blocks, certificate: of(10, 2).certificate, ..lies };
            assert_eq!(audit(3, [of(10, 1), lies], &kept).1, ["behind", "part"]);
        });
        tests.spawn(|| {
            // Here no node has it; and what they do have is said all the same.
            let (answer, serves) = audit(1, [of(10, 1), of(9, 2)], &kept);
            assert_eq!(serves, ["whole", "behind"]);
            assert_eq!((&answer["findings"][0]["kind"], &answer["at"]), (&"missing".into(), &11.into()));
            assert_eq!((&answer["signed"], &answer["bookmark"]["height"]), (&10.into(), &10.into()));
            assert_eq!(answer["tip"], network.at(Height(10)).tip.hash().to_string());
        });
    });
}

/// format.md §16.1: the end certificate is judged before what stands behind it.
#[test]
fn what_stands_behind_an_end_certificate_hides_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let network = grow(BLOCKS, 0);
    let whole = Chain::of(&network, 1);
    let mut rolled_back = Chain { certificate: network.certificate.clone(), ..Chain::of(&network.at(Height(20)), 2) };
    let mut wrong = whole.clone();
    wrong.certificate.as_mut().unwrap().round.0 += 1;
    for behind in [Some(frame(FrameKind::Block, b"x")), Some(vec![1, 2, 3]), Some(vec![9]), None] {
        rolled_back.behind.clone_from(&behind);
        wrong.behind.clone_from(&behind);
        let (answer, serves) = audit(folder.path(), &network, 1, &[&rolled_back.clone().serve()]);
        assert_eq!((&answer["findings"][0]["kind"], &answer["at"]), (&"missing".into(), &21.into()));
        assert_eq!(serves, ["altered"]);
        assert_eq!(audit(folder.path(), &network, 1, &[&wrong.clone().serve()]).1, ["altered"]);
        let (answer, serves) = audit(folder.path(), &network, 3, &[&Chain { behind, ..whole.clone() }.serve()]);
        assert_eq!((&answer["signed"], &answer["at"]), (&BLOCKS.into(), &(BLOCKS + 1).into()));
        assert_eq!((&answer["ended"], serves), (&"unreadable".into(), vec!["part".to_owned()]));
        assert!(!answer["nodes"][0]["why"].as_str().unwrap().contains("backup"), "{answer}");
    }
}

/// A connection that is lost once is made again, wherever it was lost.
#[test]
fn a_connection_lost_once_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let network = grow(BLOCKS, 0);
    let good = Chain::of(&network, 1).serve();
    for blocks in [0, 1, 17, BLOCKS as usize - 1, BLOCKS as usize] {
        let loses = Chain { loses_behind: Some(blocks), ..Chain::of(&network, 2) }.serve();
        assert_eq!(audit(folder.path(), &network, 0, &[&good, &loses]).1, ["whole", "whole"], "behind {blocks}");
    }
    let behind = Chain { loses_behind: Some(20), ..Chain::of(&network.at(Height(20)), 3) }.serve();
    assert_eq!(audit(folder.path(), &network, 3, &[&good, &behind]).1, ["whole", "behind"]);
}

fn status(folder: &Path, exit: i32, urls: &[&str]) -> (Value, Vec<String>) {
    let nodes = urls.iter().flat_map(|url| ["--url", url]);
    let answer = json(folder, exit, &["status"].into_iter().chain(nodes).collect::<Vec<_>>());
    let state = |row: &Value| row["state"].as_str().unwrap().to_owned();
    let rows = answer["nodes"].as_array().unwrap().iter().map(state).collect();
    (answer, rows)
}

#[test]
fn status_tells_how_each_node_stands_and_ends_with_the_code_of_the_worst() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let network = grow(BLOCKS, 0);
    let good = Chain::of(&network, 1).serve();
    let near = Chain::of(&network.at(Height(28)), 2).serve();
    let behind = Chain::of(&network.at(Height(20)), 3).serve();
    let forked = Chain::of(&grow(BLOCKS - 1, 1_000_000), 5).serve();
    let away = nobody();

    assert_eq!(status(folder, 0, &[&good, &near]).1, ["voting", "voting"]);
    let (answer, states) = status(folder, 10, &[&good, &behind, &away]);
    assert_eq!(states, ["voting", "behind", "no_answer"]);
    assert_eq!((&answer["height"], &answer["nodes"][1]["lag"]), (&BLOCKS.into(), &10.into()));
    assert_eq!(answer["nodes"][0]["tip"], network.tip.hash().to_string());
    assert_eq!(status(folder, 3, &[&good, &away]).1, ["voting", "no_answer"]);
    let (answer, states) = status(folder, 17, &[&good, &near, &forked]);
    assert_eq!(states, ["voting", "voting", "forked"]);
    assert_eq!(answer["forked"], true);

    // Each state that a node says of itself, whatever another one says.
    for state in State::ALL.into_iter().filter(|state| !state.is_ready()) {
        let said =
            |state: State| Reason { state, code: "CODE".into(), en: format!("why {}", state.name()), zh: "".into() };
        let also = [state, State::Behind].map(said);
        let not_ready = if state == State::Behind { vec![said(state)] } else { also.to_vec() };
        let node = Chain { not_ready, ..Chain::of(&network, 4) }.serve();
        let code = 10 + State::ALL.iter().filter(|known| !known.is_ready() && **known < state).count() as i32;
        let (answer, states) = status(folder, code, &[&node, &good, &away]);
        assert_eq!(states, [state.name(), "voting", "no_answer"]);
        let row = &answer["nodes"][0];
        let why = row["why"].as_str().unwrap();
        assert!(why.starts_with(&format!("why {}", state.name())), "{why}");
        assert_eq!(row["states"].as_array().unwrap().last(), Some(&"behind".into()), "{row}");
        let said = String::from_utf8(crate::luqi(folder, &["status", "--url", &node]).stdout).unwrap();
        assert!(said.contains(&format!("{}: why {}", state.words(), state.name())), "{said}");
    }
}
