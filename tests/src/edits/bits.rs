//! Flipped bits, at every kind of place; as they are on disk, and with the checksum mended.

use super::hands::{Hot, Part, change, forge_tip, sealed_files};
use super::{Edit, Kind, Promise};
use crate::audit::Target::{self, Archive, Home, Stretch};
use crate::base::Base;
use crate::dice::Dice;
use crate::layout::{self, Span};
use ledger_core::archive::FrameKind;
use ledger_core::codec;
use ledger_core::names::BlockHash;
use std::path::{Path, PathBuf};

/// For each group of fields: in an archive, in a stretch, in a sealed file, in the database; as they
/// are on disk, and mended.
macro_rules! flips {
    ($($group:literal),*) => {
        &[$(
            flips!($group, Archive, "", 2, flip_archive),
            flips!($group, Stretch, "stretch: ", 1, flip_archive),
            flips!($group, Home, "sealed: ", 2, flip_sealed),
            flips!($group, Home, "hot: ", 2, flip_hot),
        )*]
    };
    ($group:literal, $target:ident, $where:literal, $weight:literal, $flip:ident) => {
        [
            Kind {
                name: concat!($where, "bit in ", $group),
                target: $target,
                weight: $weight,
                apply: |dice, base, path| $flip(dice, base, path, $group, false),
            },
            Kind {
                name: concat!($where, "bit in ", $group, ", mended"),
                target: $target,
                weight: 2 * $weight,
                apply: |dice, base, path| $flip(dice, base, path, $group, true),
            },
        ]
    };
}

pub(super) const FIELDS: &[[Kind; 2]] = flips![
    "file head",
    "frame head",
    "foot",
    "states",
    "header",
    "body",
    "parent certificate",
    "certificate",
    "submission",
    "event"
];

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "hot: any bit of sled's log", target: Home, weight: 12, apply: flip_log },
    Kind { name: "hot: any bit of a message's head", target: Home, weight: 12, apply: flip_message_head },
    Kind { name: "hot: any bit of sled's other files", target: Home, weight: 4, apply: flip_other },
    Kind {
        name: "tip file: any bit",
        target: Home,
        weight: 4,
        apply: |dice, _, home| flip_any(dice, home, "tip", Promise::Named),
    },
    Kind { name: "tip file: another block, mended", target: Home, weight: 4, apply: tip_of_other_block },
    Kind { name: "tip file: a height above, mended", target: Home, weight: 2, apply: tip_above },
    Kind { name: "tip file: a block below, mended", target: Home, weight: 2, apply: tip_below },
    Kind {
        name: "index: any bit",
        target: Home,
        weight: 3,
        apply: |dice, _, home| flip_any(dice, home, "index", Promise::Derived),
    },
    Kind {
        name: "rows: any bit",
        target: Home,
        weight: 3,
        apply: |dice, _, home| flip_any(dice, home, "rows", Promise::Derived),
    },
    Kind {
        name: "snapshot: any bit",
        target: Home,
        weight: 3,
        apply: |dice, _, home| flip_any(dice, home, "snapshot", Promise::Derived),
    },
];

/// One of the fields of a group, each name as likely as another.
fn choose<T: Clone>(dice: &mut Dice, spans: &[(Span, T)], group: &str) -> Option<(Span, T)> {
    let mut names: Vec<&str> =
        spans.iter().filter(|(span, _)| span.group == group).map(|(span, _)| span.field).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let name = *dice.pick(&names);
    let those: Vec<_> = spans.iter().filter(|(span, _)| (span.group, span.field) == (group, name)).collect();
    Some((*dice.pick(&those)).clone())
}

fn edit(promise: Promise, span: &Span, height: Option<u64>, path: &Path) -> Edit {
    Edit::of(promise, height, format!("{} {} at {:?} in {}", span.group, span.field, span.range, path.display()))
}

/// What a bit is worth: what cannot be read is undecided in an archive, and altered in a home, whose tip file says
/// that there was more; a block that can be read and is another one is altered.
fn worth(of: Target, span: &Span, frame: Option<FrameKind>, mended: bool) -> Promise {
    let is_block = frame == Some(FrameKind::Block);
    match (span.group, of) {
        ("file head", _) => Promise::Named,
        // A frame of another kind is none in its place, checksum or not.
        ("frame head", Archive | Stretch) => Promise::Undecided,
        // A block that cannot be read in a sealed file may stand in the database, too.
        (_, Home) if is_block && !mended => Promise::Stale,
        ("foot" | "states", Archive | Stretch) if mended => Promise::Noticed,
        // A count leads beyond the certificate: then it is none.
        ("certificate", Archive | Stretch) if mended && span.field == "count" => Promise::Noticed,
        ("certificate", Archive | Stretch) if mended => Promise::Altered,
        (_, Archive | Stretch) if mended && is_block => Promise::Altered,
        (_, Archive | Stretch) => Promise::Undecided,
        (_, Home) if is_block => Promise::Altered,
        (_, Home) => Promise::Loose,
    }
}

fn flip_file(dice: &mut Dice, of: Target, path: &Path, group: &str, mended: bool) -> Option<Edit> {
    change(path, |file| {
        let (span, height) = choose(dice, &layout::file_spans(file), group)?;
        let frames = layout::frames(file);
        dice.flip(file, span.range.clone());
        let frame = frames.iter().find(|frame| frame.range.contains(&span.range.start));
        if mended {
            // A length or a checksum of its own has nothing to be mended.
            let frame = frame.filter(|_| matches!(span.field, "kind") || span.group != "frame head")?;
            layout::mend_frame(file, frame);
        }
        let of_last = frame
            .filter(|frame| frame.kind == FrameKind::Certificate)
            .map(|_| frames.iter().filter_map(|frame| frame.height).max().unwrap_or_default());
        let promise = worth(of, &span, frame.map(|frame| frame.kind), mended);
        // An end certificate that cannot be read takes nothing from the last block.
        let placed = height.or(of_last.filter(|_| promise == Promise::Altered));
        let placed = placed.filter(|_| promise != Promise::Noticed && promise != Promise::Loose);
        Some(edit(promise, &span, placed, path))
    })
}

fn flip_archive(dice: &mut Dice, _: &Base, path: &Path, group: &str, mended: bool) -> Option<Edit> {
    flip_file(dice, Archive, path, group, mended)
}

fn flip_sealed(dice: &mut Dice, _: &Base, home: &Path, group: &str, mended: bool) -> Option<Edit> {
    let files = sealed_files(home);
    let path = dice.pick(&files).clone();
    flip_file(dice, Home, &path, group, mended)
}

/// A bit of a block or certificate that is live in the database: in every copy of it in sled's log.
fn flip_hot(dice: &mut Dice, base: &Base, home: &Path, group: &str, mended: bool) -> Option<Edit> {
    let hot = Hot::open(home);
    let heights: Vec<u64> = hot.heights().collect();
    let height = *dice.pick(&heights);
    let block = hot.get(height, Part::Block);
    drop(hot);
    let tip = base.height();
    let (bytes, spans, height) = if group == "certificate" {
        let certificate = base.certificates.last().unwrap();
        (codec::encode(certificate), layout::certificate_spans(certificate, 0), tip)
    } else {
        let spans = layout::block_spans(&codec::decode(&block).unwrap(), 0);
        (block, spans, height)
    };
    let spans: Vec<(Span, ())> = spans.into_iter().map(|span| (span, ())).collect();
    let (span, ()) = choose(dice, &spans, group)?;
    let path = home.join("ledger/hot/db");
    let (at, bit) = (dice.of(span.range.clone()), 1_u8 << dice.of(0..8));
    change(&path, |log| {
        let messages = layout::messages(log);
        let copies = layout::find(&bytes, log);
        assert!(!copies.is_empty(), "block {height} is in the log");
        for copy in copies {
            log[copy + at] ^= bit;
            let message = messages.iter().find(|message| message.body.contains(&copy));
            if let (true, Some(message)) = (mended, message) {
                layout::mend_message(log, message);
            }
        }
    });
    // Without its checksum sled may go back to an older copy, or lose what came later too.
    let (promise, placed) =
        if mended && group != "certificate" { (Promise::Stale, Some(height)) } else { (Promise::Loose, None) };
    Some(edit(promise, &span, placed, &path))
}

fn flip_log(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let path = home.join("ledger/hot/db");
    change(&path, |log| {
        // Most of a new log is empty.
        let end = log.iter().rposition(|byte| *byte != 0)? + 1;
        dice.flip(log, 0..end);
        Some(Edit::of(Promise::Loose, None, "sled's log"))
    })
}

fn flip_message_head(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let path = home.join("ledger/hot/db");
    change(&path, |log| {
        let message = dice.pick(&layout::messages(log)).clone();
        dice.flip(log, message.head.clone());
        if dice.one_in(2) {
            layout::mend_message(log, &message);
        }
        Some(Edit::of(Promise::Loose, None, format!("the head of the message at {:?} in sled's log", message.head)))
    })
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn flip_other(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let mut files = files_below(&home.join("ledger/hot"));
    files.retain(|path| !path.ends_with("db"));
    flip_one(dice, &files, Promise::Loose)
}

/// A bit of a file of some name or extension.
fn flip_any(dice: &mut Dice, home: &Path, name: &str, promise: Promise) -> Option<Edit> {
    let mut files = files_below(&home.join("ledger"));
    files.retain(|path| path.file_name().is_some_and(|it| it == name) || path.extension().is_some_and(|it| it == name));
    flip_one(dice, &files, promise)
}

fn flip_one(dice: &mut Dice, files: &[PathBuf], promise: Promise) -> Option<Edit> {
    let files: Vec<_> = files.iter().filter(|path| path.metadata().is_ok_and(|data| data.len() > 0)).collect();
    if files.is_empty() {
        return None;
    }
    let path = *dice.pick(&files);
    change(path, |bytes| {
        let all = 0..bytes.len();
        dice.flip(bytes, all);
    });
    Some(Edit::of(promise, None, path.display().to_string()))
}

fn tip_of_other_block(dice: &mut Dice, base: &Base, home: &Path) -> Option<Edit> {
    let tip = base.height();
    let mut other = base.tip.0;
    dice.flip(&mut other, 0..32);
    forge_tip(home, &base.genesis.chain_id(), tip, &BlockHash(other));
    Some(Edit::altered(tip, "the tip file"))
}

fn tip_above(dice: &mut Dice, base: &Base, home: &Path) -> Option<Edit> {
    let missing = base.height() + 1;
    forge_tip(home, &base.genesis.chain_id(), missing + dice.of(0..5) as u64, &BlockHash([7; 32]));
    Some(Edit::altered(missing, "the tip file"))
}

fn tip_below(dice: &mut Dice, base: &Base, home: &Path) -> Option<Edit> {
    let below = dice.of(1..base.blocks.len());
    forge_tip(home, &base.genesis.chain_id(), below as u64, &base.blocks[below - 1].header.hash());
    // Blocks above it were written, with their certificates, and not acknowledged yet.
    Some(Edit::of(Promise::Derived, None, "the tip file"))
}
