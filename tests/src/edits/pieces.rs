//! Whole pieces: bytes cut, blocks swapped, removed, repeated, files lost or exchanged.

use super::hands::{Hot, Part, block_places, change, forge_tip, reframe, sealed_files};
use super::{Edit, Kind, Promise};
use crate::audit::Target::{Archive, Home, Stretch};
use crate::base::Base;
use crate::dice::Dice;
use crate::layout::Frame;
use ledger_core::archive::FrameKind;
use ledger_core::codec;
use std::path::Path;

pub(super) const KINDS: &[Kind] = &[
    Kind { name: "end cut off", target: Archive, weight: 6, apply: |dice, _, path| cut_end(dice, path) },
    Kind { name: "bytes cut out", target: Archive, weight: 6, apply: |dice, _, path| cut_out(dice, path) },
    Kind { name: "bytes put in", target: Archive, weight: 4, apply: |dice, _, path| put_in(dice, path) },
    Kind { name: "two blocks swapped", target: Archive, weight: 6, apply: |dice, _, path| swap(dice, path) },
    Kind { name: "a block removed", target: Archive, weight: 6, apply: |dice, _, path| remove(dice, path) },
    Kind { name: "a block repeated", target: Archive, weight: 6, apply: |dice, _, path| repeat(dice, path) },
    Kind { name: "stretch: end cut off", target: Stretch, weight: 2, apply: |dice, _, path| cut_end(dice, path) },
    Kind { name: "stretch: bytes cut out", target: Stretch, weight: 2, apply: |dice, _, path| cut_out(dice, path) },
    Kind { name: "stretch: a block removed", target: Stretch, weight: 2, apply: |dice, _, path| remove(dice, path) },
    Kind { name: "last blocks dropped, certificate of the new last one", target: Archive, weight: 6, apply: drop_end },
    Kind { name: "certificate of the last block removed", target: Archive, weight: 2, apply: drop_certificate },
    Kind { name: "sealed: end cut off", target: Home, weight: 4, apply: |dice, _, home| sealed(dice, home, cut_end) },
    Kind { name: "sealed: bytes cut out", target: Home, weight: 4, apply: |dice, _, home| sealed(dice, home, cut_out) },
    Kind { name: "sealed: bytes put in", target: Home, weight: 3, apply: |dice, _, home| sealed(dice, home, put_in) },
    Kind {
        name: "sealed: two blocks swapped",
        target: Home,
        weight: 5,
        apply: |dice, _, home| sealed(dice, home, swap),
    },
    Kind {
        name: "sealed: a block removed",
        target: Home,
        weight: 5,
        apply: |dice, _, home| sealed(dice, home, remove),
    },
    Kind {
        name: "sealed: a block repeated",
        target: Home,
        weight: 5,
        apply: |dice, _, home| sealed(dice, home, repeat),
    },
    Kind { name: "sealed: a file removed", target: Home, weight: 2, apply: remove_file },
    Kind { name: "sealed: two files exchanged", target: Home, weight: 2, apply: exchange_files },
    Kind { name: "sealed: a file twice", target: Home, weight: 2, apply: double_file },
    Kind { name: "hot: two blocks swapped", target: Home, weight: 5, apply: hot_swap },
    Kind { name: "hot: a block removed", target: Home, weight: 5, apply: hot_remove },
    Kind { name: "hot: a block repeated", target: Home, weight: 5, apply: hot_repeat },
    Kind { name: "hot: certificate of the tip removed", target: Home, weight: 2, apply: hot_certificate },
    Kind { name: "hot: sled's log cut short", target: Home, weight: 5, apply: hot_cut },
    Kind { name: "hot: the database removed", target: Home, weight: 1, apply: hot_gone },
    Kind {
        name: "last blocks dropped, tip file untouched",
        target: Home,
        weight: 5,
        apply: |dice, base, home| drop_hot(dice, base, home, false),
    },
    Kind {
        name: "last blocks dropped, tip file edited",
        target: Home,
        weight: 5,
        apply: |dice, base, home| drop_hot(dice, base, home, true),
    },
    Kind { name: "tip file removed", target: Home, weight: 1, apply: tip_gone },
    Kind { name: "tip file removed, last blocks dropped", target: Home, weight: 2, apply: tip_and_blocks_gone },
    Kind { name: "tip file cut short", target: Home, weight: 1, apply: tip_cut },
];

/// What cannot be read in a home was there: its tip file says so, unless the database has it too.
fn sealed(dice: &mut Dice, home: &Path, edit: fn(&mut Dice, &Path) -> Option<Edit>) -> Option<Edit> {
    let path = dice.pick(&sealed_files(home)).clone();
    let edit = edit(dice, &path)?;
    Some(if edit.promise == Promise::Undecided { Edit { promise: Promise::Stale, ..edit } } else { edit })
}

fn cut_end(dice: &mut Dice, path: &Path) -> Option<Edit> {
    let left = change(path, |file| {
        file.truncate(dice.of(0..file.len()));
        file.len()
    });
    Some(Edit::of(Promise::Undecided, None, format!("{} after {left} bytes", path.display())))
}

fn cut_out(dice: &mut Dice, path: &Path) -> Option<Edit> {
    let range = change(path, |file| {
        let from = dice.of(0..file.len() - 1);
        let to = file.len().min(from + 1 + dice.of(0..2_000));
        file.drain(from..to);
        from..to
    });
    Some(Edit::of(Promise::Undecided, None, format!("{range:?} out of {}", path.display())))
}

fn put_in(dice: &mut Dice, path: &Path) -> Option<Edit> {
    let at = change(path, |file| {
        let (at, length) = (dice.of(0..file.len()), dice.of(1..500));
        let bytes: Vec<u8> = (0..length).map(|_| dice.next() as u8).collect();
        file.splice(at..at, bytes);
        at
    });
    Some(Edit::of(Promise::Undecided, None, format!("at {at} of {}", path.display())))
}

/// Two different places among the blocks of a file.
fn two_blocks(dice: &mut Dice, frames: &[(Frame, Vec<u8>)]) -> Option<(usize, usize)> {
    let places = block_places(frames);
    if places.len() < 2 {
        return None;
    }
    let first = dice.of(0..places.len() - 1);
    let second = dice.of(first + 1..places.len());
    Some((places[first], places[second]))
}

fn swap(dice: &mut Dice, path: &Path) -> Option<Edit> {
    let mut edit = None;
    reframe(path, |frames| {
        let Some((first, second)) = two_blocks(dice, frames) else { return };
        let height = frames[first].0.height;
        frames.swap(first, second);
        edit = Some(Edit::of(Promise::Altered, height, format!("frames {first} and {second} of {}", path.display())));
    });
    edit
}

fn remove(dice: &mut Dice, path: &Path) -> Option<Edit> {
    let mut edit = None;
    reframe(path, |frames| {
        let Some((first, _)) = two_blocks(dice, frames) else { return };
        let (frame, _) = frames.remove(first);
        edit = Some(Edit::of(Promise::Altered, frame.height, format!("frame {first} of {}", path.display())));
    });
    edit
}

fn repeat(dice: &mut Dice, path: &Path) -> Option<Edit> {
    let mut edit = None;
    reframe(path, |frames| {
        let Some((first, second)) = two_blocks(dice, frames) else { return };
        let height = frames[second].0.height;
        frames.insert(second, frames[first].clone());
        let what = format!("frame {first} also before {second} of {}", path.display());
        edit = Some(Edit::of(Promise::Altered, height, what));
    });
    edit
}

fn drop_end(dice: &mut Dice, base: &Base, path: &Path) -> Option<Edit> {
    let left = dice.of(1..base.blocks.len());
    reframe(path, |frames| {
        frames.retain(|(frame, _)| frame.height.is_none_or(|height| height <= left as u64));
        let (_, certificate) = frames.last_mut().unwrap();
        *certificate = codec::encode(&base.certificates[left - 1]);
    });
    let what = format!("blocks above {left}");
    Some(Edit::of(Promise::Shorter(left as u64), None, what))
}

fn drop_certificate(_: &mut Dice, _: &Base, path: &Path) -> Option<Edit> {
    reframe(path, |frames| frames.retain(|(frame, _)| frame.kind != FrameKind::Certificate));
    Some(Edit::of(Promise::Undecided, None, "the certificate at the end"))
}

fn remove_file(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let path = dice.pick(&sealed_files(home)).clone();
    let height = crate::layout::frames(&std::fs::read(&path).unwrap()).iter().find_map(|frame| frame.height);
    std::fs::remove_file(&path).unwrap();
    Some(Edit::of(Promise::Stale, height, path.display().to_string()))
}

fn exchange_files(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let files = sealed_files(home);
    if files.len() < 2 {
        return None;
    }
    let first = dice.of(0..files.len() - 1);
    let second = dice.of(first + 1..files.len());
    let (one, other) = (std::fs::read(&files[first]).unwrap(), std::fs::read(&files[second]).unwrap());
    let height = crate::layout::frames(&one).iter().find_map(|frame| frame.height);
    std::fs::write(&files[first], other).unwrap();
    std::fs::write(&files[second], one).unwrap();
    Some(Edit::of(Promise::Stale, height, format!("files {first} and {second}")))
}

fn double_file(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let files = sealed_files(home);
    let path = dice.pick(&files).clone();
    let more = files.last()?.with_file_name(format!("{:06}.luqi", files.len() + 1));
    std::fs::copy(&path, more).unwrap();
    Some(Edit::of(Promise::Stale, None, path.display().to_string()))
}

fn two_heights(dice: &mut Dice, hot: &Hot) -> (u64, u64) {
    let heights: Vec<u64> = hot.heights().collect();
    let first = dice.of(0..heights.len() - 1);
    (heights[first], heights[dice.of(first + 1..heights.len())])
}

/// The lowest height that is only in the database: a block that also stands in a sealed file is not
/// missed there.
fn only_hot(home: &Path, height: u64) -> bool {
    let last = sealed_files(home).last().map(|path| std::fs::read(path).unwrap()).unwrap_or_default();
    crate::layout::frames(&last).iter().filter_map(|frame| frame.height).max() < Some(height)
}

fn hot_swap(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let hot = Hot::open(home);
    let (first, second) = two_heights(dice, &hot);
    let (one, other) = (hot.get(first, Part::Block), hot.get(second, Part::Block));
    hot.set(first, Part::Block, &other);
    hot.set(second, Part::Block, &one);
    Some(Edit::altered(first, format!("blocks {first} and {second}")))
}

fn hot_remove(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let hot = Hot::open(home);
    let (height, _) = two_heights(dice, &hot);
    hot.remove(height);
    only_hot(home, height).then(|| Edit::altered(height, format!("block {height}")))
}

fn hot_repeat(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let hot = Hot::open(home);
    let (first, second) = two_heights(dice, &hot);
    hot.set(second, Part::Block, &hot.get(first, Part::Block));
    Some(Edit::altered(second, format!("block {first} at {second}")))
}

fn hot_certificate(_: &mut Dice, base: &Base, home: &Path) -> Option<Edit> {
    let hot = Hot::open(home);
    hot.set(base.height(), Part::Certificate, &[]);
    Some(Edit::of(Promise::Undecided, None, "the tip's certificate"))
}

fn hot_cut(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let left = change(&home.join("ledger/hot/db"), |log| {
        let end = log.iter().rposition(|byte| *byte != 0)? + 1;
        log.truncate(dice.of(0..end));
        Some(log.len())
    })?;
    Some(Edit::of(Promise::Loose, None, format!("sled's log after {left} bytes")))
}

fn hot_gone(_: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    std::fs::remove_dir_all(home.join("ledger/hot")).unwrap();
    Some(Edit::of(Promise::Altered, None, "ledger/hot"))
}

fn drop_hot(dice: &mut Dice, base: &Base, home: &Path, forge: bool) -> Option<Edit> {
    let hot = Hot::open(home);
    let (low, high) = (*hot.heights().start(), *hot.heights().end());
    let left = low + dice.of(0..(high - low) as usize) as u64;
    (left + 1..=high).for_each(|height| hot.remove(height));
    let what = format!("blocks above {left}");
    if !forge {
        // A block that also stands in a sealed file is still there.
        let first = only_hot(home, left + 1).then_some(left + 1);
        return Some(Edit::of(Promise::Altered, first, what));
    }
    forge_tip(home, &base.genesis.chain_id(), left, &base.blocks[left as usize - 1].header.hash());
    Some(Edit::of(Promise::Shorter(left), None, what))
}

fn tip_gone(_: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    std::fs::remove_file(home.join("ledger/tip")).unwrap();
    // Nothing says then that no block is missing above.
    Some(Edit::of(Promise::Undecided, None, "ledger/tip"))
}

fn tip_and_blocks_gone(dice: &mut Dice, base: &Base, home: &Path) -> Option<Edit> {
    let edit = drop_hot(dice, base, home, true)?;
    tip_gone(dice, base, home)?;
    Some(edit)
}

fn tip_cut(dice: &mut Dice, _: &Base, home: &Path) -> Option<Edit> {
    let left = dice.of(0..1024);
    change(&home.join("ledger/tip"), |tip| tip.truncate(left));
    Some(Edit::of(Promise::Loose, None, format!("the tip file after {left} bytes")))
}
