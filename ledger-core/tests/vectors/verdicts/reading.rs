//! What cannot be read, and how a reading ends (format.md §16, §16.1).

use super::chain::{and, end, foot, grow, grown, place, rotten, rows, with};
use super::starts::states;
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::archive::{Foot, FrameKind, StateRow, StateRows};
use ledger_core::audit::Bookmark;
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, Bytes, List};
use ledger_core::event::{Event, Evidence};
use ledger_core::fixture::Network;
use ledger_core::fixture::forger::frame;
use ledger_core::names::{Height, Round};

pub(super) fn add(book: &mut Book) {
    heads(book);
    other_chains(book);
    feet(book);
    state_frames(book);
    frames(book);
    ends(book);
    planted(book);
}

fn heads(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    for (name, pieces) in [
        ("an empty file", vec![]),
        ("a file that is cut within its head", vec![whole[0][..41].to_vec()]),
        ("other first bytes than those of an archive", with(&whole, 0, rotten(&whole[0], 0))),
        ("an archive of version 3", with(&whole, 0, [&whole[0][..9], &[3], &whole[0][10..]].concat())),
        ("the head names another chain, and the first block is of this one", with(&whole, 0, rotten(&whole[0], 41))),
    ] {
        book.add(Case::new("16.1", name, &chain, &pieces), Answer::nothing("head"));
    }
    // Bytes 3 to 34 of the first block are all that is asked of it.
    let beginning = frame(FrameKind::Block, &chain.blocks[0][..35]);
    let pieces = vec![rotten(&whole[0], 41), whole[1].clone(), beginning];
    book.add(
        Case::new(
            "16.1",
            "the head names another chain, and the first 35 bytes of a block of this one stand behind it",
            &chain,
            &pieces,
        ),
        Answer::nothing("head"),
    );
    let below = grown(2);
    let stretch = chain.closed(chain.above(&below.foot(), &[states(&below.map)]));
    let spoilt = with(&stretch, 0, rotten(&stretch[0], 41));
    let and_block = with(&spoilt, 3, rotten(&spoilt[3], 30));
    let nothing_above = spoilt[..3].to_vec();
    let no_states = with(&spoilt, 2, rotten(&spoilt[2], 30));
    for (name, pieces) in [
        ("the head names another chain, and the header below is of this one", spoilt),
        (
            "the head names another chain, the header below is of this one, and the first block cannot be read",
            and_block,
        ),
        ("the head names another chain, the header below is of this one, and no block stands above", nothing_above),
        ("the head names another chain, the header below is of this one, and the states cannot be read", no_states),
    ] {
        book.add(Case::new("16.1", name, &chain, &pieces).kept(&below), Answer::nothing("head"));
    }
}

fn other_chains(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    let mut network = Network::new(3);
    grow(&mut network, 2);
    let other = Chain::of(&network);
    let spoilt = with(&whole, 0, rotten(&whole[0], 41));
    let mut of_other = network.at(Height(1)).foot();
    of_other.states = None;
    let foot_of_other: Pieces = [other.head(), foot(&of_other), chain.block(2), end(&chain.certificate(2))].to_vec();
    let mut block = ledger_core::fixture::forger::decoded(&chain.blocks[0]);
    block.header.chain = other.genesis.chain_id();
    let of_other = frame(FrameKind::Block, &codec::encode(&block));
    for (name, pieces) in [
        ("an archive of another chain", other.whole()),
        ("a head alone that names another chain", vec![other.head()]),
        (
            "the head names another chain, and so does the header below, above which stands a block of this one",
            foot_of_other,
        ),
        (
            "the head names another chain, and the first block cannot be read",
            with(&spoilt, place(1), rotten(&spoilt[place(1)], 30)),
        ),
        ("the head names another chain, and the first block is of a third", with(&spoilt, place(1), of_other)),
        (
            "the head names another chain, and no block stands behind it",
            vec![spoilt[0].clone(), whole[1].clone(), chain.end()],
        ),
        ("the head names another chain, and the foot cannot be read", with(&spoilt, 1, rotten(&spoilt[1], 6))),
        (
            "the head names another chain, and the first block stands in a frame of a certificate",
            with(&spoilt, place(1), frame(FrameKind::Certificate, &chain.blocks[0])),
        ),
        (
            "the head names another chain, and the first block has 34 bytes",
            with(&spoilt, place(1), frame(FrameKind::Block, &chain.blocks[0][..34])),
        ),
    ] {
        book.mistake(&Case::new("16.1", name, &chain, &pieces), "four members");
    }
}

fn feet(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    let encoded = codec::encode(&Foot::default());
    let mut without = whole.clone();
    without.remove(1);
    let mut second = grown(2).foot();
    second.states = None;
    let bytes = codec::encode(&second);
    let behind = |at: usize, to: u8| {
        let mut bytes = bytes.clone();
        bytes[at] = to;
        frame(FrameKind::Foot, &bytes)
    };
    for (name, pieces) in [
        ("a head alone", vec![whole[0].clone()]),
        ("a block stands in the place of the foot", without),
        ("a bit of the foot's checksum is rotten", with(&whole, 1, rotten(&whole[1], 6))),
        ("a file that is cut within its foot", vec![whole[0].clone(), whole[1][..10].to_vec()]),
        (
            "a byte too many within the foot's frame",
            with(&whole, 1, frame(FrameKind::Foot, &[&encoded[..], &[0]].concat())),
        ),
        (
            "a certificate's frame with a foot in it stands in the place of the foot",
            with(&whole, 1, frame(FrameKind::Certificate, &encoded)),
        ),
        ("an option of the foot that is neither 0 nor 1", with(&whole, 1, frame(FrameKind::Foot, &[2, 0]))),
        ("a header below with suite 2", vec![whole[0].clone(), behind(3, 2), whole[place(3)].clone()]),
        ("a header below with protocol 0", vec![whole[0].clone(), behind(2, 0), whole[place(3)].clone()]),
    ] {
        book.add(Case::new("16.1", name, &chain, &pieces), Answer::nothing("foot"));
    }
    invalid(book, &chain);
    let mut twice = whole.clone();
    twice.insert(1, whole[1].clone());
    book.add(
        Case::new("16.1", "a second foot stands in the place of block 1", &chain, &twice),
        Answer::stops("unreadable", 1),
    );
}

/// Feet with a membership or a control state that is invalid: they encode none.
fn invalid(book: &mut Book, chain: &Chain) {
    use ledger_core::governance::{Change, OpenProposal};
    use ledger_core::names::{NodeNumber, ProposalId};
    let network = super::chain::governed(Change::SetPower(NodeNumber(4), 0), 3);
    let mut foot = network.foot();
    foot.states = None;
    let below = foot.below.as_ref().unwrap();
    let bytes = codec::encode(&foot);
    // The code of the province stands first among the members: it becomes that of the second.
    let membership = codec::encode(&below.changes[0].membership);
    let at = bytes.windows(membership.len()).position(|window| window == membership).unwrap();
    let member = at + membership.windows(6).position(|code| code == b"370100").unwrap();
    let mut of_two = bytes.clone();
    of_two[member..member + 6].copy_from_slice(b"370000");
    // A proposal with an id of its own, twice, and with an approval twice.
    let change = Change::SetPower(NodeNumber(3), 2);
    let code = ledger_core::fixture::code;
    let proposal = |id: Option<ProposalId>, approvals: &[&str]| OpenProposal {
        id: id.unwrap_or_else(|| change.id(Height(9))),
        proposer: code("370000"),
        change: change.clone().into(),
        effective: Height(9),
        approvals: List::new(approvals.iter().map(|of| code(of)).collect()).unwrap(),
        adopted: false,
    };
    let with = |proposals: Vec<OpenProposal>| {
        let mut foot = foot.clone();
        let below = foot.below.as_mut().unwrap();
        below.control.proposals = List::new(proposals).unwrap().into();
        below.header.control = below.control.hash();
        codec::encode(&foot)
    };
    let good = proposal(None, &["370000", "370100"]);
    for (name, bytes) in [
        ("a change to a membership that is invalid: a member twice", of_two),
        (
            "a control state with a proposal whose id is not its own",
            with(vec![proposal(Some(ProposalId([7; 32])), &[])]),
        ),
        ("a control state with a proposal twice", with(vec![good.clone(), good.clone()])),
        (
            "a control state with a member twice among the approvals of a proposal",
            with(vec![proposal(None, &["370000", "370000"])]),
        ),
    ] {
        let pieces = vec![chain.head(), frame(FrameKind::Foot, &bytes)];
        book.add(Case::new("16.1", name, chain, &pieces), Answer::nothing("foot"));
    }
    let pieces = vec![chain.head(), frame(FrameKind::Foot, &with(vec![good]))];
    let mut header = below.header.clone();
    let control: Foot = codec::decode(&pieces[1][9..]).unwrap();
    header.control = control.below.unwrap().header.control;
    book.add(
        Case::new("16.1", "a control state with that proposal once, and two approvals, is one", chain, &pieces)
            .below(header),
        Answer::empty(3),
    );
}

fn state_frames(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let below = grown(2);
    let counted = |states| Foot { states: Some(states), ..below.foot() };
    let of = |rows: &[StateRow]| StateRows::new(rows.to_vec()).unwrap();
    let (map, more) = (rows(&below.map), rows(&grown(3).map));
    let [first, second] = map[..] else { panic!("block 2 leaves two states") };
    let frame_of = |rows: &[StateRow]| frame(FrameKind::States, &codec::encode(&of(rows)));
    let blocks = |foot: &Foot, frames: Vec<Vec<u8>>| -> Pieces {
        let rest = [chain.block(3), chain.block(4), chain.end()];
        [chain.head(), self::foot(foot)].into_iter().chain(frames).chain(rest).collect()
    };
    let mut invalid = frame_of(&map);
    let status = 9 + 4 + 32;
    invalid = frame(FrameKind::States, &[&invalid[9..status], &[9], &invalid[status + 1..]].concat());
    for (name, foot, frames) in [
        ("no states, where the foot counts two", counted(2), vec![]),
        ("one state, where the foot counts two", counted(2), vec![frame_of(&[first])]),
        ("three states, where the foot counts two", counted(2), vec![frame_of(&more)]),
        ("states that do not rise", counted(2), vec![frame_of(&[second, first])]),
        ("a state twice", counted(2), vec![frame_of(&[first, first])]),
        ("states that do not rise from frame to frame", counted(2), vec![frame_of(&[second]), frame_of(&[first])]),
        ("a frame of states without any", counted(2), vec![frame_of(&[]), frame_of(&map)]),
        ("states in a frame of a block", counted(2), vec![frame(FrameKind::Block, &codec::encode(&of(&map)))]),
        ("a frame of states whose checksum does not fit", counted(2), vec![rotten(&frame_of(&map), 20)]),
        ("a state of a status that there is not", counted(2), vec![invalid]),
        ("as many states as can be written, and two are there", counted(u64::MAX), vec![frame_of(&map)]),
    ] {
        let pieces = blocks(&foot, frames);
        book.add(Case::new("16.1", name, &chain, &pieces).kept(&below), Answer::nothing("foot"));
    }
    let pieces = blocks(&counted(2), vec![frame_of(&[first]), frame_of(&[second])]);
    book.add(Case::new("16.1", "states in two frames", &chain, &pieces).kept(&below), Answer::holds(4));
    for (name, foot, frames) in [
        ("one frame of states more than the foot counts", counted(2), vec![frame_of(&map), frame_of(&map)]),
        ("an empty frame of states behind those that the foot counts", counted(2), vec![frame_of(&map), frame_of(&[])]),
        (
            "a frame of states where the foot gives no number",
            Foot { states: None, ..below.foot() },
            vec![frame_of(&map)],
        ),
    ] {
        let pieces = blocks(&foot, frames);
        book.add(Case::new("16.1", name, &chain, &pieces).kept(&below), Answer::stops("unreadable", 3).unsigned());
    }
    for (name, foot, frames) in [
        ("the states at the foot are fewer than the map's, and counted so", counted(1), vec![frame_of(&[first])]),
        ("no state at the foot, and counted so", counted(0), vec![]),
        ("the states at the foot are those of the block above", counted(3), vec![frame_of(&more)]),
    ] {
        let pieces = blocks(&foot, frames);
        book.add(Case::new("16", name, &chain, &pieces).kept(&below), Answer::altered_foot(2));
    }
    let mut empty = Network::new(4);
    empty.block(vec![]);
    empty.block(vec![]);
    let (chain, below) = (Chain::of(&empty), empty.at(Height(1)));
    let pieces = chain.closed(chain.above(&below.foot(), &[]));
    book.add(
        Case::new("16", "no state at the foot, of a chain that has none", &chain, &pieces).kept(&below),
        Answer::holds(2),
    );
}

/// Damage in the frame of block 3.
fn frames(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    let block = whole[place(3)].clone();
    let checked = |kind: u8, data: &[u8]| {
        let covered = [&[kind][..], &(data.len() as u32).to_be_bytes()].concat();
        let checksum = crc32fast::hash(&[&covered[..], data].concat());
        [&covered[..], &checksum.to_be_bytes(), data].concat()
    };
    let too_long = [&[3][..], &(64_u32 * 1024 * 1024 + 1).to_be_bytes(), &block[5..]].concat();
    for (name, piece) in [
        ("a bit of the block is rotten", rotten(&block, 100)),
        ("a bit of the checksum is rotten", rotten(&block, 5)),
        ("a bit of the kind is rotten", rotten(&block, 0)),
        ("a bit of the length is rotten: the frame is longer than the file", rotten(&block, 1)),
        ("a bit of the length is rotten: the frame ends elsewhere", rotten(&block, 3)),
        ("a frame that is longer than 64 MiB, as it says", too_long),
        ("a whole frame of kind 5", checked(5, &block[9..])),
        ("a whole frame of kind 0", checked(0, &block[9..])),
        ("a whole frame of a foot", whole[1].clone()),
        ("a whole frame of states", frame(FrameKind::States, &[0; 4])),
        ("a whole frame of a certificate that encodes none", frame(FrameKind::Certificate, b"none")),
        ("nine zero bytes", vec![0; 9]),
    ] {
        let name = format!("in the place of block 3: {name}");
        book.add(Case::new("16.1", &name, &chain, &with(&whole, place(3), piece)), Answer::stops("unreadable", 3));
    }
    for (name, piece) in [
        ("no byte", vec![]),
        ("bytes that are no block", b"none".to_vec()),
        ("a block cut short", chain.blocks[2][..200].to_vec()),
        ("a block and a byte", [&chain.blocks[2][..], &[0]].concat()),
        ("a block of another suite", [&chain.blocks[2][..2], &[2], &chain.blocks[2][3..]].concat()),
    ] {
        let name = format!("a whole frame of a block in the place of block 3, and in it {name}");
        book.add(
            Case::new("16.2", &name, &chain, &with(&whole, place(3), frame(FrameKind::Block, &piece))),
            Answer::altered(3),
        );
    }
    for (name, bytes, answer) in [
        ("cut between two frames", 0, Answer::no_end(2)),
        ("cut behind the first byte of a frame", 1, Answer::stops("unreadable", 3)),
        ("cut behind a frame's head", 9, Answer::stops("unreadable", 3)),
        ("cut before the last byte of a frame", block.len() - 1, Answer::stops("unreadable", 3)),
    ] {
        let pieces = [&whole[..place(3)], &[block[..bytes].to_vec()]].concat();
        let pieces: Pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        book.add(Case::new("16.1", name, &chain, &pieces), answer);
    }
}

fn ends(book: &mut Book) {
    let chain = Chain::of(&grown(4));
    let (whole, growing) = (chain.whole(), chain.growing());
    let case = |name: &str, pieces: &Pieces| Case::new("16.1", name, &chain, pieces);
    let own = chain.end();
    let behind = Answer::stops("unreadable", 5).signed(4);
    for (name, pieces) in [
        ("one byte behind the end certificate", and(&whole, vec![0])),
        ("a whole archive behind a whole archive", [&whole[..], &whole].concat()),
        ("a block behind the end certificate", and(&whole, Chain::of(&grown(5)).block(5))),
        ("the end certificate twice", and(&whole, own.clone())),
    ] {
        book.add(case(name, &pieces), behind);
    }
    for (name, piece) in [
        ("a bit of the end certificate is rotten", rotten(&own, 60)),
        ("the end certificate is cut", own[..own.len() - 1].to_vec()),
        (
            "a byte too many within the end certificate's frame",
            frame(FrameKind::Certificate, &[&codec::encode(&chain.own)[..], &[0]].concat()),
        ),
        ("an end certificate with more signatures than there may be", {
            let mut bytes = codec::encode(&chain.own);
            bytes[44..48].copy_from_slice(&513_u32.to_be_bytes());
            frame(FrameKind::Certificate, &bytes)
        }),
        ("the end certificate in a frame of states", frame(FrameKind::States, &codec::encode(&chain.own))),
        ("the end certificate in a frame of a foot", frame(FrameKind::Foot, &codec::encode(&chain.own))),
        ("a byte behind the last block", vec![4]),
    ] {
        book.add(case(name, &and(&growing, piece)), Answer::stops("unreadable", 5));
    }
    let spoilt = Certificate { round: Round(9), ..chain.own.clone() };
    book.add(
        case(
            "a byte behind an end certificate that does not hold: it was judged before",
            &and(&and(&growing, end(&spoilt)), vec![0]),
        ),
        Answer::altered(4),
    );
    let early: Pieces = [&whole[..place(3)], &[end(&chain.certificate(2))], &whole[place(3)..]].concat();
    book.add(
        case("the end certificate of block 2 stands behind it, and more blocks behind that", &early),
        Answer::stops("unreadable", 3).signed(2),
    );
    let empty = growing[..place(1)].to_vec();
    let zero = Certificate { height: Height(0), ..chain.own.clone() };
    let none = Certificate { signatures: List::default(), ..chain.own.clone() };
    for (name, pieces) in [
        ("no block, and an end certificate of height 0", and(&empty, end(&zero))),
        ("no block, and an end certificate of block 4 without signatures", and(&empty, end(&none))),
        ("no block, an end certificate, and a byte behind it", and(&and(&empty, end(&none)), vec![0])),
        ("no block, an end certificate, and a block behind it", and(&and(&empty, end(&none)), chain.block(1))),
    ] {
        book.add(case(name, &pieces), Answer::empty(0));
    }
    book.add(
        case("no block, and an end certificate that is none", &and(&empty, rotten(&own, 60))),
        Answer::stops("unreadable", 1),
    );
}

/// Block 4 holds an event with the whole frame of block 1 in it.
fn planted(book: &mut Book) {
    let mut network = grown(3);
    let bytes = frame(FrameKind::Block, &network.blocks[0]);
    network.block_of(vec![Event::Evidence(Evidence { form: 1, bytes: Bytes::new(bytes).unwrap() })]);
    let kept = network.at(Height(4));
    grow(&mut network, 1);
    let chain = Chain::of(&network);
    book.chain("with a planted frame", &chain);
    let whole = chain.whole();
    book.add(Case::new("16.1", "a block with the frame of another in an event", &chain, &whole), Answer::holds(5));
    for (name, at) in [
        ("a bit of a block with the frame of another in an event is rotten", 60),
        ("a bit of the length of a block with the frame of another in an event is rotten", 4),
    ] {
        let pieces = with(&whole, place(4), rotten(&whole[place(4)], at));
        book.add(Case::new("16.1", name, &chain, &pieces), Answer::stops("unreadable", 4));
        let name = format!("{name}, and the block was kept");
        book.add(Case::new("16.1", &name, &chain, &pieces).from(&Bookmark::of(&kept.tip)), Answer::missing(4));
    }
}
