//! Damage and forgery of whole files: each has one answer (format.md §16).

use super::*;
use crate::archive::{FRAME_HEAD_BYTES, FrameKind, HEAD_BYTES};
use crate::codec::{self, Bytes};
use crate::event::{Event, Evidence};
use crate::fixture::forger::{archive, decoded, edit, frame, shorten};

fn whole(network: &Network, blocks: &[Vec<u8>], certificate: Option<&Certificate>) -> Vec<u8> {
    archive(network, &Foot::default(), &network.map, blocks, certificate)
}

fn good(network: &Network) -> Vec<u8> {
    whole(network, &network.blocks, network.certificate.as_ref())
}

/// Where the frame of a block begins in a whole archive.
fn place(network: &Network, at: u64) -> usize {
    let foot = HEAD_BYTES + FRAME_HEAD_BYTES + codec::encode(&Foot::default()).len();
    foot + network.blocks[..at as usize - 1].iter().map(|block| FRAME_HEAD_BYTES + block.len()).sum::<usize>()
}

fn said(network: &Network, file: &[u8], options: &Options) -> Report {
    Report::of(&judge_file(network, file, options).unwrap())
}

fn check(network: &Network, file: &[u8], expected: (Verdict, Option<u64>, Option<u64>, Option<u64>), ended: &str) {
    let report = said(network, file, &EVERY);
    assert_eq!((heights(&report), report.ended), (expected, ended), "{:?}", report.findings);
}

/// The time of block 5 is changed and the submissions of block 6 are taken out, with every hash above made anew and
/// without any key.
#[test]
fn a_chain_that_was_gutted_without_a_key_does_not_hold() {
    let network = grown(6);
    let body = |height, body: &mut crate::block::Body| {
        if height == 6 {
            edit(body, Vec::clear);
        }
    };
    let header = |height, header: &mut crate::block::Header| {
        if height == 5 {
            header.time.0 += 1;
        }
    };
    let (blocks, own) = Forgery { body: &body, header: &header, signed: false }.of(&network);
    for file in [whole(&network, &blocks, Some(&own)), whole(&network, &blocks, None)] {
        let report = said(&network, &file, &EVERY);
        assert_eq!(heights(&report), (Verdict::Altered, Some(4), Some(5), Some(3)));
        assert_eq!(fault(&report), Some(("block", 5)));
        // The kept bookmark of the true tip changes nothing of it.
        let from = Some(Bookmark::of(&network.tip));
        assert_eq!(said(&network, &file, &Options { from, ..EVERY }).verdict, Verdict::Altered);
    }
}

/// A block that was planted in an event's bytes is never found where the block around it cannot be read.
#[test]
fn a_planted_block_does_not_make_damage_look_like_guilt() {
    let mut network = grown(4);
    let planted = frame(FrameKind::Block, &network.blocks[0]);
    network.block_of(vec![Event::Evidence(Evidence { form: 1, bytes: Bytes::new(planted).unwrap() })]);
    fill(&mut network);
    let file = whole(&network, &network.blocks, None);
    let block = place(&network, 5);
    for at in [block + 3, block + 5, block + FRAME_HEAD_BYTES + 60] {
        let mut rotten = file.clone();
        rotten[at] ^= 1;
        check(&network, &rotten, (Verdict::Undecided, Some(4), Some(5), Some(3)), "unreadable");
        let from = Some(Bookmark::of(&network.tip));
        let report = said(&network, &rotten, &Options { from, ..EVERY });
        assert_eq!((report.verdict, fault(&report)), (Verdict::Altered, Some(("missing", 5))));
    }
}

#[test]
fn the_height_that_a_header_claims_is_never_believed() {
    let network = grown(6);
    for claimed in [2, 4, 9] {
        let mut block = decoded(&network.blocks[4]);
        block.header.height = Height(claimed);
        let mut blocks = network.blocks.clone();
        blocks[4] = codec::encode(&block);
        check(&network, &whole(&network, &blocks, None), (Verdict::Altered, Some(4), Some(5), Some(3)), "fault");
    }
}

#[test]
fn whatever_stands_behind_the_end_leaves_the_answer_open() {
    let network = grown(6);
    let file = good(&network);
    for more in [&[0][..], &file, &frame(FrameKind::Block, &network.blocks[5])] {
        let longer = [&file[..], more].concat();
        check(&network, &longer, (Verdict::Undecided, Some(6), Some(7), Some(6)), "unreadable");
        let from = Some(Bookmark::of(&grown(7).tip));
        let report = said(&network, &longer, &Options { from, ..EVERY });
        assert_eq!(heights(&report), (Verdict::Altered, Some(6), Some(7), Some(6)));
    }
}

/// An end certificate behind what cannot be read is not looked at.
#[test]
fn what_stands_behind_damage_says_nothing() {
    let network = grown(6);
    let mut spoilt = network.certificate.clone().unwrap();
    spoilt.round.0 += 1;
    let below = grown(5).certificate.unwrap();
    for certificate in [network.certificate.as_ref(), Some(&spoilt), Some(&below), None] {
        let mut file = whole(&network, &network.blocks, certificate);
        file[place(&network, 6) + 40] ^= 1;
        check(&network, &file, (Verdict::Undecided, Some(5), Some(6), Some(4)), "unreadable");
    }
}

#[test]
fn a_file_that_was_cut_says_how_far_it_goes() {
    let network = grown(4);
    let file = good(&network);
    for (length, height, at, ended) in [
        (0, None, None, "head"),
        (41, None, None, "head"),
        (42, None, None, "foot"),
        (place(&network, 1), Some(0), None, "empty"),
        (place(&network, 1) + 1, Some(0), Some(1), "unreadable"),
        (place(&network, 3), Some(2), None, "no_end"),
        (place(&network, 3) - 1, Some(1), Some(2), "unreadable"),
        (file.len() - 1, Some(4), Some(5), "unreadable"),
    ] {
        let signed = height.filter(|height| *height > 1).map(|height| height - 1);
        check(&network, &file[..length], (Verdict::Undecided, height, at, signed), ended);
    }
}

#[test]
fn frames_that_are_out_of_place_end_the_reading() {
    let network = grown(3);
    let blocks: Vec<Vec<u8>> = network.blocks.iter().map(|block| frame(FrameKind::Block, block)).collect();
    let own = codec::encode(network.certificate.as_ref().unwrap());
    let head = good(&network)[..place(&network, 1)].to_vec();
    let foot = frame(FrameKind::Foot, &codec::encode(&Foot::default()));
    let file = |frames: &[&[u8]]| [&head[..], &frames.concat()].concat();
    let undecided =
        |height: u64| (Verdict::Undecided, Some(height), Some(height + 1), height.checked_sub(1).filter(|h| *h > 0));
    check(&network, &file(&[&blocks[0], &foot, &blocks[1]]), undecided(1), "unreadable");
    check(&network, &file(&[&blocks[0], &frame(FrameKind::States, &[0; 4])]), undecided(1), "unreadable");
    check(
        &network,
        &file(&[&blocks[0], &blocks[1], &frame(FrameKind::Certificate, b"none")]),
        undecided(2),
        "unreadable",
    );
    // A whole frame that is no block, on the other hand, is nobody's accident.
    check(
        &network,
        &file(&[&blocks[0], &frame(FrameKind::Block, b"none")]),
        (Verdict::Altered, Some(1), Some(2), None),
        "fault",
    );
    // The end certificate in the midst: of the block below it, so that something stands behind the end.
    let first = codec::encode(grown(1).certificate.as_ref().unwrap());
    check(
        &network,
        &file(&[&blocks[0], &frame(FrameKind::Certificate, &first), &blocks[1]]),
        (Verdict::Undecided, Some(1), Some(2), Some(1)),
        "unreadable",
    );
    // And the last one's, below which one is missing.
    check(
        &network,
        &file(&[&blocks[0], &frame(FrameKind::Certificate, &own)]),
        (Verdict::Altered, Some(1), Some(2), None),
        "fault",
    );
    // Without a foot, or with two.
    let bare = [&good(&network)[..HEAD_BYTES], &blocks.concat()].concat();
    check(&network, &bare, (Verdict::Undecided, None, None, None), "foot");
    check(&network, &file(&[&foot, &blocks[0]]), (Verdict::Undecided, Some(0), Some(1), None), "unreadable");
}

#[test]
fn of_a_damaged_head_or_foot_nothing_is_judged() {
    let network = grown(6);
    let then = network.at(Height(4));
    let file = archive(&network, &then.foot(), &then.map, &network.blocks[4..], network.certificate.as_ref());
    let from = Some(Bookmark::of(&then.tip));
    let options = Options { from, ..EVERY };
    assert_eq!(heights(&said(&network, &file, &options)), (Verdict::Holds, Some(6), None, Some(6)));
    let first = file.windows(3).rposition(|bytes| bytes == [3, 0, 0]).unwrap();
    let foot = HEAD_BYTES + FRAME_HEAD_BYTES + codec::encode(&then.foot()).len();
    for at in (0..HEAD_BYTES).chain([HEAD_BYTES, HEAD_BYTES + 3, HEAD_BYTES + 8, HEAD_BYTES + 100, foot, foot + 50]) {
        let mut rotten = file.clone();
        rotten[at] ^= 1;
        // A head that names another chain above a block of this one was damaged, too.
        let report = said(&network, &rotten, &options);
        assert_eq!(heights(&report), (Verdict::Undecided, None, None, None), "byte {at}");
        assert_eq!(report.ended, if at < HEAD_BYTES { "head" } else { "foot" });
        // With its first block damaged, too, a head that names another chain is another chain's.
        rotten[first + 12] ^= 1;
        let names_other = (10..HEAD_BYTES).contains(&at);
        assert_eq!(
            judge_file(&network, &rotten, &options).is_err(),
            names_other && first < foot + 1_000_000 && is_first_damaged(&network, &rotten),
            "byte {at}"
        );
    }
}

/// Whether the first block frame of an archive is not one of this chain.
fn is_first_damaged(network: &Network, file: &[u8]) -> bool {
    let mut named = file.to_vec();
    named[..HEAD_BYTES].copy_from_slice(&crate::archive::head(&network.tip.chain()));
    match Archive::open(named.as_slice(), &network.tip.chain()).map(|(_, mut blocks)| blocks.next()) {
        Ok(Next::Block(bytes)) => {
            crate::chain::Prefix::read(&bytes).is_none_or(|prefix| prefix.chain != network.tip.chain())
        }
        Ok(Next::Last(_)) | Err(_) => true,
    }
}

#[test]
fn another_chains_archive_is_a_mistake_of_who_gave_it() {
    let (network, other) = (grown(2), Network::new(3));
    let found = judge_file(&other, &good(&network), &EVERY).map(|_| ());
    assert_eq!(found, Err(NotOpened::OtherChain(network.tip.chain())));
}

/// What stands in the place of the first block need not be one, nor be long enough for its height.
#[test]
fn bytes_3_to_34_of_the_first_block_say_of_which_chain_it_is() {
    let network = grown(1);
    for (bytes, is_a_mistake) in [(35, false), (42, false), (34, true), (0, true)] {
        let mut file = whole(&network, &[network.blocks[0][..bytes].to_vec()], None);
        file[20] ^= 1;
        let found = judge_file(&network, &file, &EVERY).map(|judged| Report::of(&judged).ended);
        assert_eq!((found.is_err(), found.ok()), (is_a_mistake, (!is_a_mistake).then_some("head")), "{bytes}");
    }
}

/// Where the foot's header below is of this chain, nothing behind it is asked.
#[test]
fn a_header_below_says_of_which_chain_it_is_whatever_becomes_of_the_states() {
    let network = grown(4);
    let then = network.at(Height(2));
    let mut file = archive(&network, &then.foot(), &then.map, &network.blocks[2..], network.certificate.as_ref());
    let states = HEAD_BYTES + FRAME_HEAD_BYTES + codec::encode(&then.foot()).len();
    file[20] ^= 1;
    for at in [states, states + 30] {
        let mut file = file.clone();
        file[at] ^= 1;
        assert_eq!(said(&network, &file, &EVERY).ended, "head");
    }
}

/// The certificate of block 2 in block 3 has two of four signatures, and block 3 is signed by enough.
#[test]
fn the_shorter_depth_hides_only_what_enough_have_signed_and_says_what_it_left_out() {
    let network = grown(4);
    let body = |height, body: &mut crate::block::Body| {
        if height == 3 {
            body.parent_certificate.iter_mut().for_each(|certificate| shorten(certificate, 2));
        }
    };
    let (blocks, own) = Forgery { body: &body, signed: true, ..Forgery::default() }.of(&network);
    let file = whole(&network, &blocks, Some(&own));
    let report = said(&network, &file, &TIP);
    assert_eq!(heights(&report), (Verdict::Holds, Some(4), None, Some(4)));
    assert_eq!(report.depth.skipped, Skipped { certificates: 3, map_roots: 3 });
    check(&network, &file, (Verdict::Altered, Some(2), Some(3), Some(1)), "fault");
}

/// Whatever is told above the end has no way to the verdict, the height or the first fault.
#[test]
fn the_extent_tells_what_else_there_is() {
    let network = grown(8);
    let body = |height, body: &mut crate::block::Body| {
        if [4, 6].contains(&height) {
            edit(body, |list| list[1].signature = crate::crypto::Signature([0; 64]));
        }
    };
    let (blocks, own) = Forgery { body: &body, signed: true, ..Forgery::default() }.of(&network);
    let mut file = whole(&network, &blocks, Some(&own));
    file[place(&network, 8) + 40] ^= 1;
    let judged = judge_file(&network, &file, &EVERY).unwrap();
    let told = extent(&judged, &mut Archive::walk(file.as_slice(), &network.tip.chain()));
    let found: Vec<_> = told.findings.iter().map(|finding| (finding.kind.as_str(), finding.height.0)).collect();
    assert_eq!((found, told.blocks, told.highest), (vec![("submission", 4), ("submission", 6)], 4, Some(Height(7))));
    assert_eq!(told.damage.len(), 1);
    let report = Report::of(&judged).with_extent(told);
    assert_eq!(
        (heights(&report), fault(&report)),
        ((Verdict::Altered, Some(3), Some(4), Some(2)), Some(("submission", 4)))
    );
    // Blocks behind damage are found again.
    let mut file = good(&network);
    file[place(&network, 3) + 40] ^= 1;
    let judged = judge_file(&network, &file, &EVERY).unwrap();
    let told = extent(&judged, &mut Archive::walk(file.as_slice(), &network.tip.chain()));
    assert_eq!((told.blocks, told.highest, told.damage.len()), (5, Some(Height(8)), 1));
    assert_eq!(told.findings.iter().map(|finding| finding.kind.as_str()).collect::<Vec<_>>(), ["height"]);
}
