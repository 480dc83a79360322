//! Audits of a small home and of archives of it, altered in every manner.

use crate::{bytes, json, luqi};
use ledger_core::archive::{FRAME_HEAD_BYTES, FrameHead, FrameKind, HEAD_BYTES};
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, code};
use ledger_core::genesis::Genesis;
use ledger_core::names::Height;
use luqi_node::committer::Ledger;
use luqi_node::home::{Format, write_json};
use luqi_node::store::{DiskStore, StoreConfig};
use serde_json::Value;
use std::fs;
use std::path::Path;

const BLOCKS: u64 = 24;

/// A home of the fixture's network, with most blocks in sealed files, and an archive of it.
pub(crate) struct Bed {
    folder: tempfile::TempDir,
}

fn grow(blocks: u64, salt: u64) -> (Network, Vec<ledger_core::chain::FinalBlock>) {
    let mut network = Network::new(4);
    let keeper = code("370100");
    let mut made = Vec::new();
    for height in 1..=blocks {
        let mut events: Vec<_> =
            (0..3).map(|i| fixture::event(salt + height * 10 + i, Action::New { keeper })).collect();
        events.push(fixture::event(salt + (height - 1) * 10 + 1, Action::Renew));
        made.push(network.block_of(events));
    }
    (network, made)
}

/// A home of the fixture's network over some blocks.
fn home(folder: &Path, genesis: &Genesis, blocks: Vec<ledger_core::chain::FinalBlock>) {
    fs::create_dir_all(folder.join("ledger")).unwrap();
    let node = ledger_core::names::NodeNumber(1);
    let format = Format { layout: 1, chain_id: genesis.chain_id(), node, joined: false };
    write_json(&folder.join("genesis.json"), genesis).unwrap();
    write_json(&folder.join("format"), &format).unwrap();
    let mut ledger = open(folder, genesis);
    for block in blocks {
        ledger.push_final(block).unwrap();
        ledger.sync().unwrap();
        ledger.store().seal().unwrap();
    }
    ledger.close();
}

fn open(home: &Path, genesis: &Genesis) -> Ledger<DiskStore> {
    let config = StoreConfig { hot_blocks: 6, batch_blocks: 3, segment_bytes: 8_000, ..StoreConfig::default() };
    Ledger::open(&home.join("ledger"), genesis.clone(), config).unwrap()
}

impl Bed {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (network, blocks) = grow(BLOCKS, 0);
        write_json(&folder.path().join("genesis.json"), &network.genesis).unwrap();
        home(&folder.path().join("home"), &network.genesis, blocks);
        let bed = Self { folder };
        bed.export("all.luqi", 1, BLOCKS);
        bed
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    fn export(&self, name: &str, from: u64, to: u64) {
        let (network, _) = grow(0, 0);
        let ledger = open(&self.path().join("home"), &network.genesis);
        let path = self.path().join(name);
        ledger.export((Height(from), Height(to)), true, fs::File::create(&path).unwrap(), &path).unwrap();
    }

    fn audit(&self, exit: i32, more: &[&str]) -> Value {
        json(self.path(), exit, &[&["audit", "--genesis", "genesis.json"], more].concat())
    }

    /// Changes the archive, and audits it.
    fn altered(&self, exit: i32, change: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut bytes = fs::read(self.path().join("all.luqi")).unwrap();
        change(&mut bytes);
        fs::write(self.path().join("altered.luqi"), bytes).unwrap();
        self.audit(exit, &["--archive", "altered.luqi"])
    }
}

/// Where each frame of an archive begins.
fn frames(bytes: &[u8]) -> Vec<(FrameKind, usize, usize)> {
    let mut at = HEAD_BYTES;
    let mut frames = Vec::new();
    while at < bytes.len() {
        let head = FrameHead::decode(bytes[at..at + FRAME_HEAD_BYTES].try_into().unwrap()).unwrap();
        frames.push((head.kind, at, head.length as usize));
        at += FRAME_HEAD_BYTES + head.length as usize;
    }
    frames
}

/// Flips a byte of a frame; its checksum is mended.
fn mended(bytes: &mut [u8], (kind, at, length): (FrameKind, usize, usize), place: usize) {
    let body = at + FRAME_HEAD_BYTES..at + FRAME_HEAD_BYTES + length;
    bytes[body.start + place] ^= 1;
    let head = FrameHead::of(kind, &bytes[body]).unwrap().encode();
    bytes[at..at + FRAME_HEAD_BYTES].copy_from_slice(&head);
}

#[test]
fn an_unaltered_home_holds_and_is_left_as_it_was() {
    let bed = Bed::new();
    let before = bytes(&bed.path().join("home"));
    let answer = bed.audit(0, &["--home", "home"]);
    assert_eq!(bytes(&bed.path().join("home")), before);
    assert_eq!((&answer["verdict"], &answer["height"], &answer["events"]), (&"holds".into(), &24.into(), &96.into()));
    assert_eq!((&answer["signed"], &answer["witnessed"]), (&24.into(), &Value::Null));
    assert_eq!((&answer["findings"], &answer["notes"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    for more in [&["--certificates", "every"][..], &["--state", "every"], &["--skip-index"]] {
        bed.audit(0, &[&["--home", "home"], more].concat());
    }
    let archive = bed.audit(0, &["--archive", "all.luqi"]);
    assert_eq!((&archive["tip"], &archive["map_root"]), (&answer["tip"], &answer["map_root"]));
    let text = luqi(bed.path(), &["audit", "--home", "home", "--genesis", "genesis.json"]);
    let said = String::from_utf8(text.stdout).unwrap();
    assert!(said.contains("It holds") && said.contains("账本完好") && said.contains("signed       up to block 24"));
    assert!(String::from_utf8(text.stderr).unwrap().contains("from a copy"));
}

#[test]
fn an_altered_byte_is_found_and_located() {
    let bed = Bed::new();
    let good = fs::read(bed.path().join("all.luqi")).unwrap();
    let blocks: Vec<_> = frames(&good).into_iter().filter(|(kind, ..)| *kind == FrameKind::Block).collect();
    for (number, frame) in blocks.iter().enumerate().step_by(5) {
        for place in [0, 40, 100, frame.2 / 2, frame.2 - 1] {
            let answer = bed.altered(1, |bytes| mended(bytes, *frame, place));
            assert_eq!(answer["findings"][0]["height"], number as u64 + 1, "byte {place}: {answer}");
            // As it would be on a bad disk: it cannot be read, and nothing outside the file says that it was there.
            let answer = bed.altered(3, |bytes| bytes[frame.1 + FRAME_HEAD_BYTES + place] ^= 1);
            assert_eq!((&answer["verdict"], &answer["height"]), (&"undecided".into(), &number.into()), "{answer}");
        }
    }
    // The head of a frame leads elsewhere.
    for (at, height) in [(blocks[7].1, 7), (blocks[23].1 + 2, 23)] {
        let answer = bed.altered(3, |bytes| bytes[at] ^= 0x10);
        assert_eq!((&answer["verdict"], &answer["height"]), (&"undecided".into(), &height.into()), "{answer}");
    }
    // What the auditor kept says that there was more.
    bed.audit(0, &["--archive", "all.luqi", "--keep", "kept.json"]);
    fs::write(bed.path().join("altered.luqi"), &good).unwrap();
    for number in [0, 7, 23] {
        let mut bytes = good.clone();
        bytes[blocks[number].1 + FRAME_HEAD_BYTES + 100] ^= 1;
        fs::write(bed.path().join("altered.luqi"), &bytes).unwrap();
        let answer = bed.audit(1, &["--archive", "altered.luqi", "--from", "kept.json"]);
        assert_eq!(answer["findings"][0]["height"], number as u64 + 1, "{answer}");
        assert_eq!((&answer["height"], answer["findings"][0]["kind"].as_str()), (&number.into(), Some("missing")));
    }
}

#[test]
fn a_sealed_file_with_an_altered_byte_is_found() {
    let bed = Bed::new();
    let path = bed.path().join("home/ledger/sealed/000001.luqi");
    let good = fs::read(&path).unwrap();
    let frame = frames(&good)[3];
    for mend in [true, false] {
        let mut bytes = good.clone();
        if mend {
            mended(&mut bytes, frame, 300);
        } else {
            bytes[frame.1 + FRAME_HEAD_BYTES + 300] ^= 1;
        }
        fs::write(&path, bytes).unwrap();
        let answer = bed.audit(1, &["--home", "home"]);
        assert_eq!((&answer["verdict"], &answer["findings"][0]["height"]), (&"altered".into(), &3.into()));
        assert_eq!(answer["height"], 2);
    }
    fs::remove_file(&path).unwrap();
    bed.audit(1, &["--home", "home"]);
}

#[test]
fn an_altered_index_row_is_a_note_beside_a_chain_that_holds() {
    let bed = Bed::new();
    let path = bed.path().join("home/ledger/sealed/000001.rows");
    let mut rows = fs::read(&path).unwrap();
    // Within the row of the first block: four events of nine bytes, behind its head.
    rows[16 + 20] ^= 1;
    fs::write(&path, rows).unwrap();
    for (more, wrong) in [(&[][..], true), (&["--state", "every"], true), (&["--skip-index"], false)] {
        let answer = bed.audit(0, &[&["--home", "home"], more].concat());
        assert_eq!(answer["verdict"], "holds");
        let notes = answer["notes"].to_string();
        assert_eq!(
            notes.contains("the derived index is wrong at 1 blocks, from block 1 on"),
            wrong,
            "{more:?}: {notes}"
        );
    }
}

#[test]
fn what_was_cut_is_undecided_unless_somebody_vouches() {
    let bed = Bed::new();
    bed.audit(0, &["--archive", "all.luqi", "--keep", "kept.json"]);
    let good = fs::read(bed.path().join("all.luqi")).unwrap();
    let frames = frames(&good);
    let (_, end, _) = frames[frames.len() - 1];
    let (_, middle, length) = frames[15];
    for (cut, height) in [(end, 24), (middle, 14), (middle + length / 2, 14), (middle + 3, 14), (HEAD_BYTES + 12, 0)] {
        let answer = bed.altered(3, |bytes| bytes.truncate(cut));
        assert_eq!((&answer["verdict"], &answer["height"]), (&"undecided".into(), &height.into()), "{answer}");
        if (1..24).contains(&height) {
            let answer = bed.audit(1, &["--archive", "altered.luqi", "--from", "kept.json"]);
            assert_eq!(answer["findings"][0]["height"], height + 1);
        }
    }
    for cut in [0, 20, HEAD_BYTES] {
        bed.altered(3, |bytes| bytes.truncate(cut));
    }
    // Something behind the end, and a damaged head or foot: the blocks hold, the file is not as it was written.
    bed.altered(3, |bytes| bytes.extend_from_slice(b"more"));
    bed.altered(3, |bytes| bytes[20] ^= 1);
    bed.altered(3, |bytes| bytes[HEAD_BYTES + 2] ^= 1);
    bed.altered(3, |bytes| bytes[0] ^= 1);
}

#[test]
fn an_edited_or_missing_tip_file_is_noticed() {
    let bed = Bed::new();
    let path = bed.path().join("home/ledger/tip");
    let good = fs::read(&path).unwrap();
    // Both slots, with another hash and the checksum mended.
    let mut edited = good.clone();
    for slot in [0, 512] {
        edited[slot + 60] ^= 1;
        let sum = crc32fast::hash(&edited[slot..slot + 88]);
        edited[slot + 88..slot + 92].copy_from_slice(&sum.to_be_bytes());
    }
    fs::write(&path, &edited).unwrap();
    assert_eq!(bed.audit(1, &["--home", "home"])["findings"][0]["kind"], "tip");
    fs::write(&path, &good[..600]).unwrap();
    bed.audit(3, &["--home", "home"]);
    fs::remove_file(&path).unwrap();
    let answer = bed.audit(3, &["--home", "home"]);
    assert!(answer["notes"][0].as_str().unwrap().contains("ledger/tip"), "{answer}");
    assert_eq!(answer["ended"], "no_end", "{answer}");
    assert_eq!(answer["height"], 24);
    fs::write(&path, &good).unwrap();
    fs::remove_dir_all(bed.path().join("home/ledger/hot")).unwrap();
    let answer = bed.audit(1, &["--home", "home"]);
    assert_eq!(answer["findings"][0]["kind"], "missing");
    fs::remove_file(&path).unwrap();
    bed.audit(3, &["--home", "home"]);
}

#[test]
fn a_history_that_all_validators_rewrote_is_found_by_what_was_kept() {
    let bed = Bed::new();
    let whole = bed.audit(0, &["--home", "home", "--keep", "kept.json"]);
    fs::write(bed.path().join("whole.json"), whole.to_string()).unwrap();
    let (network, blocks) = grow(BLOCKS + 2, 1_000_000);
    home(&bed.path().join("rewritten"), &network.genesis, blocks);
    bed.audit(0, &["--home", "rewritten"]);
    for kept in ["kept.json", "whole.json"] {
        bed.audit(0, &["--home", "home", "--from", kept]);
        let answer = bed.audit(1, &["--home", "rewritten", "--from", kept]);
        assert_eq!(
            (&answer["findings"][0]["kind"], &answer["findings"][0]["height"]),
            (&"rewritten".into(), &24.into())
        );
    }
}

#[test]
fn a_partial_archive_needs_what_was_kept_of_its_start() {
    let bed = Bed::new();
    bed.export("low.luqi", 1, 10);
    bed.export("high.luqi", 11, 24);
    bed.audit(0, &["--archive", "low.luqi", "--keep", "kept.json"]);
    let answer = bed.audit(3, &["--archive", "high.luqi"]);
    assert!(answer["unchecked"][0].as_str().unwrap().contains("blocks 1 to 10"), "{answer}");
    let answer = bed.audit(0, &["--archive", "high.luqi", "--from", "kept.json"]);
    assert_eq!((&answer["height"], &answer["checked"]["blocks"]), (&24.into(), &14.into()));
    let mut bytes = fs::read(bed.path().join("high.luqi")).unwrap();
    let states = frames(&bytes)[1];
    assert_eq!(states.0, FrameKind::States);
    mended(&mut bytes, states, 100);
    fs::write(bed.path().join("high.luqi"), &bytes).unwrap();
    bed.audit(1, &["--archive", "high.luqi", "--from", "kept.json"]);
    bytes[states.1 + 100] ^= 1;
    fs::write(bed.path().join("high.luqi"), &bytes).unwrap();
    bed.audit(3, &["--archive", "high.luqi", "--from", "kept.json"]);
}

#[test]
fn a_foot_that_does_not_bear_is_found() {
    let bed = Bed::new();
    bed.export("low.luqi", 1, 10);
    bed.export("high.luqi", 11, 24);
    bed.audit(0, &["--archive", "low.luqi", "--keep", "kept.json"]);
    bed.audit(0, &["--archive", "high.luqi", "--from", "kept.json"]);
    let good = fs::read(bed.path().join("high.luqi")).unwrap();
    let foot = frames(&good)[0];
    let (mut found, mut unread) = (0, 0);
    for place in (1..foot.2 - 9).step_by(23) {
        let mut bytes = good.clone();
        mended(&mut bytes, foot, place);
        fs::write(bed.path().join("high.luqi"), &bytes).unwrap();
        let more = ["--archive", "high.luqi", "--genesis", "genesis.json", "--from", "kept.json", "--json"];
        let output = luqi(bed.path(), &[&["audit"], &more[..]].concat());
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let body = &bytes[foot.1 + FRAME_HEAD_BYTES..foot.1 + FRAME_HEAD_BYTES + foot.2];
        if ledger_core::codec::decode::<ledger_core::archive::Foot>(body).is_ok() {
            // It says something else than what was signed: the foot does not hold, or not with the block that it bears.
            assert_eq!(output.status.code(), Some(1), "byte {place}: {answer}");
            assert!(answer["findings"][0]["height"].as_u64().unwrap() <= 11, "byte {place}: {answer}");
            found += 1;
        } else {
            // It says nothing, so nothing can be judged.
            assert_eq!((output.status.code(), &answer["verdict"]), (Some(3), &"undecided".into()), "byte {place}");
            unread += 1;
        }
    }
    assert!(found > 5 * unread && unread > 0, "{found} found, {unread} unread");
}

/// A few bytes of every file, flipped as they are on disk.
#[test]
fn no_flipped_byte_escapes() {
    let bed = Bed::new();
    let whole = bed.audit(0, &["--home", "home"])["tip"].clone();
    let audit = |evidence: [&str; 2]| {
        let more = ["--genesis", "genesis.json", "--skip-index", "--json"];
        let output = luqi(bed.path(), &[&["audit"], &evidence[..], &more].concat());
        (output.status.code().unwrap(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let mut verdicts = std::collections::BTreeMap::new();
    let files = bytes(&bed.path().join("home/ledger"))
        .into_iter()
        .map(|(name, bytes)| (bed.path().join("home/ledger").join(name), bytes, ["--home", "home"]));
    let archive = bed.path().join("all.luqi");
    let archive = (archive.clone(), fs::read(archive).unwrap(), ["--archive", "all.luqi"]);
    for (path, good, evidence) in files.chain([archive]) {
        for at in (0..good.len()).step_by(good.len() / 25 + 1) {
            let mut bytes = good.clone();
            bytes[at] ^= 0x20;
            fs::write(&path, bytes).unwrap();
            let (exit, answer) = audit(evidence);
            // What was read is the original, or it is no 0.
            assert!(exit == 1 || exit == 3 || (exit == 0 && answer["tip"] == whole), "{path:?} {at}: {answer}");
            *verdicts.entry((evidence[0], exit)).or_insert(0) += 1;
        }
        fs::write(&path, good).unwrap();
    }
    assert!(!verdicts.contains_key(&("--archive", 0)), "{verdicts:?}");
    assert!(verdicts.contains_key(&("--home", 1)), "{verdicts:?}");
    bed.audit(0, &["--home", "home"]);
}

#[test]
fn an_edited_index_has_no_say() {
    let bed = Bed::new();
    let rows = bed.path().join("home/ledger/sealed/000001.rows");
    let mut bytes = fs::read(&rows).unwrap();
    bytes[20] ^= 1;
    fs::write(&rows, bytes).unwrap();
    let answer = bed.audit(0, &["--home", "home"]);
    assert!(answer["notes"][0].as_str().unwrap().contains("from block 1 on"), "{answer}");
}

#[test]
fn a_store_that_is_open_and_wrong_usage_are_told_apart() {
    let bed = Bed::new();
    let (network, _) = grow(0, 0);
    let ledger = open(&bed.path().join("home"), &network.genesis);
    let answer = bed.audit(4, &["--home", "home"]);
    assert!(answer["next"].as_str().unwrap().contains("stop the node"));
    drop(ledger);
    bed.audit(2, &["--home", "nowhere"]);
    bed.audit(2, &["--archive", "nowhere"]);
    bed.audit(2, &["--home", "home", "--from", "nowhere"]);
    bed.audit(2, &["--home", "home", "--from", "genesis.json"]);
    json(bed.path(), 2, &["audit", "--home", "home", "--genesis", "nowhere"]);
    json(bed.path(), 0, &["testnet", "--out", "net"]);
    let other = ["--genesis", "net/genesis.json"];
    json(bed.path(), 2, &[&["audit", "--home", "home"], &other[..]].concat());
    json(bed.path(), 2, &[&["audit", "--archive", "all.luqi"], &other[..]].concat());
    bed.audit(0, &["--home", "home", "--keep", "kept.json"]);
    let answer = json(bed.path(), 2, &[&["audit", "--home", "net/node1", "--from", "kept.json"], &other[..]].concat());
    assert!(answer["error"].as_str().unwrap().contains("is of chain"));
}

#[test]
fn an_interrupted_audit_leaves_no_copy_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    json(folder, 0, &["testnet", "--validators", "1", "--seed", "5", "--out", "net"]);
    json(folder, 0, &["sample", "--contracts", "2000", "--seed", "7", "--out", "s"]);
    json(folder, 0, &["import", "--home", "net/node1", "s/messages"]);
    let temporary = folder.join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let left = || std::fs::read_dir(&temporary).unwrap().flatten().count();
    let mut interrupted = 0;
    for (signal, _) in ["INT", "TERM", "HUP"].iter().cycle().zip(0..60) {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_luqi"));
        command.current_dir(folder).env("TMPDIR", &temporary);
        command.args(["audit", "--home", "net/node1", "--genesis", "net/genesis.json"]);
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut audit = command.spawn().unwrap();
        let ended = loop {
            let ended = audit.try_wait().unwrap();
            if ended.is_some() || left() > 0 {
                break ended;
            }
        };
        if ended.is_none() {
            let kill =
                std::process::Command::new("kill").arg(format!("-{signal}")).arg(audit.id().to_string()).status();
            assert!(kill.unwrap().success());
        }
        let code = audit.wait().unwrap().code();
        assert!(code == Some(4) || code == Some(0), "{code:?}");
        assert_eq!(left(), 0, "after {signal}");
        interrupted += u32::from(code == Some(4));
        if interrupted == 6 {
            return;
        }
    }
    panic!("{interrupted} of 60 audits were interrupted before they ended");
}
