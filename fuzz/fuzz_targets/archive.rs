//! Any bytes as an archive: what is read as a head or a frame is what its writer writes, and nothing else. And bytes over
//! a good one: a walk past damage ends, and finds each block that was left whole, in order.
#![no_main]

use ledger_core::archive::{
    Archive, FRAME_HEAD_BYTES, Found, FrameHead, FrameKind, HEAD_BYTES, Walk as _, head, read_head,
};
use ledger_core::event::Action;
use ledger_core::fixture::{Network, event};
use std::ops::Range;
use std::sync::LazyLock;

/// A network of one, the archive of its blocks, and where the frame of each stands.
static GOOD: LazyLock<(Network, Vec<u8>, Vec<Range<usize>>)> = LazyLock::new(|| {
    let mut network = Network::new(1);
    for number in 0..4 {
        network.block_of(vec![event(number, Action::Employer)]);
    }
    let (mut file, mut frames) = (head(&network.tip.chain()).to_vec(), Vec::new());
    for block in &network.blocks {
        let begin = file.len();
        file.extend_from_slice(&FrameHead::of(FrameKind::Block, block).expect("a small block").encode());
        file.extend_from_slice(block);
        frames.push(begin..file.len());
    }
    (network, file, frames)
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    read(data);
    walk(data);
});

fn read(data: &[u8]) {
    let Some((first, mut rest)) = data.split_first_chunk::<HEAD_BYTES>() else { return };
    if let Ok(chain) = read_head(first) {
        assert_eq!(head(&chain), *first);
    }
    while let Some((first, more)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() {
        let Ok(frame) = FrameHead::decode(*first) else { return };
        assert_eq!(frame.encode(), *first);
        let Some((bytes, more)) = more.split_at_checked(frame.length as usize) else { return };
        let written = FrameHead::of(frame.kind, bytes).expect("its length was read");
        // A checksum that holds is the one that is written; one that does not is another.
        assert_eq!(frame.check(bytes).is_ok(), written == frame);
        assert!(bytes.is_empty() || frame.check(&bytes[1..]).is_err());
        rest = more;
    }
}

fn walk(data: &[u8]) {
    let [high, low, patch @ ..] = data else { return };
    let (network, good, frames) = &*GOOD;
    let mut file = good.clone();
    let from = usize::from(u16::from_be_bytes([*high, *low])) % file.len();
    file.iter_mut().skip(from).zip(patch).for_each(|(to, from)| *to = *from);
    let mut archive = Archive::walk(file.as_slice(), &network.tip.chain());
    let mut found = Vec::new();
    while let Some(next) = archive.find() {
        match next {
            Found::Block(block) => found.push(block),
            Found::Damage(why) => assert!(!why.is_empty()),
        }
    }
    // A frame of the patch's own, with a checksum that holds, may cover what stands behind its head.
    if found.iter().any(|block| !network.blocks.contains(block)) {
        return;
    }
    let whole = network.blocks.iter().zip(frames).filter(|(_, frame)| file[(*frame).clone()] == good[(*frame).clone()]);
    let mut rest = found.iter();
    for (block, frame) in whole {
        assert!(rest.any(|found| found == block), "the block at {frame:?} is whole and is not found");
    }
}
