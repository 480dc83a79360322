//! What a validator signed twice, brought to somebody who trusts nobody.

use crate::{json, luqi};
use ledger_core::archive::Foot;
use ledger_core::certificate::{Equivocation, Said, SignedTwice};
use ledger_core::crypto::{SecretKey, Signature};
use ledger_core::fixture::forger::archive;
use ledger_core::fixture::{Network, node_key};
use ledger_core::membership::{Membership, Purpose};
use ledger_core::names::{BlockHash, Height, NodeNumber, Round};
use luqi_node::consensus::Proof;
use luqi_node::home::write_json;
use luqi_node::http::{Evidence, SignedTwo};
use serde_json::Value;
use std::path::Path;

/// Two precommits of node 4, by a key of it.
fn twice(network: &Network, height: u64, key: &SecretKey, judges: &Membership) -> SignedTwo {
    let said = [1, 2].map(|block| Said {
        block: Some(BlockHash([block; 32])),
        valid_round: None,
        signature: Signature([0; 64]),
    });
    let (chain, node, kind) = (network.tip.chain(), NodeNumber(4), SignedTwice::Precommit);
    let mut of = Equivocation { chain, node, kind, height: Height(height), round: Round(1), said };
    let messages = of.messages().unwrap();
    of.said.iter_mut().zip(&messages).for_each(|(said, message)| said.signature = key.sign(message));
    SignedTwo::of(&Proof::new(of, judges).unwrap()).unwrap()
}

fn put(folder: &Path, network: &Network, evidence: Vec<SignedTwo>) {
    let network_name = network.genesis.name.to_string();
    let evidence = Evidence { chain_id: network.tip.chain(), network: network_name, evidence };
    std::fs::write(folder.join("evidence.json"), serde_json::to_vec(&evidence).unwrap()).unwrap();
}

fn verify(folder: &Path, exit: i32, more: &[&str]) -> Value {
    json(folder, exit, &[&["verify-evidence", "evidence.json", "--genesis", "genesis.json"], more].concat())
}

#[test]
fn two_signatures_convince_whoever_has_the_genesis_and_the_blocks_below() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let network = Network::rotated();
    write_json(&folder.join("genesis.json"), &network.genesis).unwrap();
    let chain = |blocks: usize| {
        let then = network.at(Height(blocks as u64));
        archive(&network, &Foot::default(), &then.map, &network.blocks[..blocks], then.certificate.as_ref())
    };
    std::fs::write(folder.join("chain.luqi"), chain(8)).unwrap();
    std::fs::write(folder.join("short.luqi"), chain(3)).unwrap();
    let (old, new) = (node_key(4, Purpose::Consensus), node_key(9, Purpose::Consensus));
    let (first, second) = (&network.genesis.membership, network.tip.membership());
    let archived = ["--archive", "chain.luqi"];

    // By the key that counted at each height.
    put(folder, &network, vec![twice(&network, 3, &old, first), twice(&network, 8, &new, second)]);
    let answer = verify(folder, 0, &archived);
    assert_eq!(answer["verdict"], "holds");
    let row = &answer["evidence"][1];
    assert_eq!((&row["node"], &row["member"], &row["height"]), (&4.into(), &"370300".into(), &8.into()));
    assert_eq!((&row["kind"], &row["key"]), (&"precommit".into(), &new.public().to_string().into()));
    assert_eq!(row["signed"][0], BlockHash([1; 32]).to_string());
    let shown =
        luqi(folder, &["verify-evidence", "evidence.json", "--genesis", "genesis.json", "--archive", "chain.luqi"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert!(text.contains("node 4 of member 370300") && text.contains("two precommits at height 8, round 1"), "{text}");

    // Without the blocks, or with too few, it is not known which key counted.
    for more in [&[][..], &["--archive", "short.luqi"]] {
        let answer = verify(folder, 3, more);
        assert_eq!(answer["evidence"][1]["verdict"], "undecided");
        let why = answer["evidence"][1]["why"].as_str().unwrap();
        assert!(why.contains("the genesis does not name") && why.contains("without the chain up to block 7"), "{why}");
    }
    // A key that was replaced proves nothing at a height where another one counted, nor the other way round.
    for (height, key, named) in [(8, &old, first), (3, &new, second)] {
        put(folder, &network, vec![twice(&network, height, key, named)]);
        let answer = verify(folder, 1, &archived);
        assert!(answer["evidence"][0]["why"].as_str().unwrap().contains("does not verify"), "{answer}");
    }
    // The genesis alone tells of block 1.
    put(folder, &network, vec![twice(&network, 1, &old, first)]);
    assert_eq!(verify(folder, 0, &[])["verdict"], "holds");
}

#[test]
fn what_was_changed_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let network = Network::new(4);
    write_json(&folder.join("genesis.json"), &network.genesis).unwrap();
    let whole = twice(&network, 1, &node_key(4, Purpose::Consensus), &network.genesis.membership);
    put(folder, &network, vec![whole.clone()]);
    assert_eq!(verify(folder, 0, &[])["verdict"], "holds");
    let path = folder.join("evidence.json");
    let text = std::fs::read_to_string(&path).unwrap();
    // Another digit in each field that proves something.
    for field in ["\"signature\":\"", "\"signed\":\"", "\"block\":\""] {
        for (at, _) in text.match_indices(field) {
            let digit = at + field.len() + 7;
            let mut bytes = text.clone().into_bytes();
            bytes[digit] = if bytes[digit] == b'0' { b'1' } else { b'0' };
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(verify(folder, 1, &[])["verdict"], "does_not_hold", "{field} at {at}");
        }
    }
    for (field, other) in [("\"height\":1", "\"height\":2"), ("\"round\":1", "\"round\":2"), ("precommit", "prevote")] {
        std::fs::write(&path, text.replace(field, other)).unwrap();
        assert_eq!(verify(folder, 1, &[])["verdict"], "does_not_hold", "{field}");
    }
    let mut same = whole.clone();
    same.messages[1] = same.messages[0].clone();
    put(folder, &network, vec![same]);
    assert!(verify(folder, 1, &[])["evidence"][0]["why"].as_str().unwrap().contains("the same"));
    for (bad, words) in [("{}", "chain_id"), ("no json", "")] {
        std::fs::write(&path, bad).unwrap();
        assert!(verify(folder, 2, &[])["error"].as_str().unwrap().contains(words));
    }
    put(folder, &network, Vec::new());
    assert_eq!(verify(folder, 2, &[])["exit"], 2);
    let other =
        Evidence { chain_id: ledger_core::crypto::ChainId([9; 32]), network: String::new(), evidence: vec![whole] };
    std::fs::write(&path, serde_json::to_vec(&other).unwrap()).unwrap();
    assert!(verify(folder, 2, &[])["error"].as_str().unwrap().contains("of chain"));
}
