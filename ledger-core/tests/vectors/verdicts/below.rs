//! What stands below the first block, where it cannot be read or is not what it should be: the foot's frame, and frames
//! of states (format.md §16, §16.1).

use super::chain::{grown, place, rotten, rows, with};
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::archive::{Foot, FrameKind, StateRow, StateRows};
use ledger_core::codec::{self, List};
use ledger_core::fixture::Network;
use ledger_core::fixture::forger::frame;
use ledger_core::names::Height;

pub(super) fn add(book: &mut Book) {
    feet(book);
    invalid(book);
    no_states(book);
    states_that_can_be_read(book);
    no_map(book);
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
    let mut twice = whole.clone();
    twice.insert(1, whole[1].clone());
    book.add(
        Case::new("16.1", "a second foot stands in the place of block 1", &chain, &twice),
        Answer::stops("unreadable", 1),
    );
}

/// Feet with a membership or a control state that is invalid: they encode none.
fn invalid(book: &mut Book) {
    let chain = &Chain::of(&grown(4));
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

fn frame_of(rows: &[StateRow]) -> Vec<u8> {
    frame(FrameKind::States, &codec::encode(&StateRows::new(rows.to_vec()).unwrap()))
}

/// The foot above block 2, which counts so many states.
fn counted(states: u64) -> Foot {
    Foot { states: Some(states), ..grown(2).foot() }
}

/// Blocks 3 and 4 above a foot and frames of states.
fn stretch(foot: &Foot, frames: Vec<Vec<u8>>) -> Pieces {
    let chain = Chain::of(&grown(4));
    let rest = [chain.block(3), chain.block(4), chain.end()];
    [chain.head(), super::chain::foot(foot)].into_iter().chain(frames).chain(rest).collect()
}

/// The two states that block 2 leaves.
fn two() -> [StateRow; 2] {
    rows(&grown(2).map).try_into().unwrap()
}

fn no_states(book: &mut Book) {
    let (two @ [first, second], three) = (two(), rows(&grown(3).map));
    let good = frame_of(&two);
    // The frame's head, the count, the first key, and then the status of the first state.
    let status = 9 + 4 + 32;
    let invalid = frame(FrameKind::States, &[&good[9..status], &[9], &good[status + 1..]].concat());
    for (name, states, frames) in [
        ("no states, where the foot counts two", 2, vec![]),
        ("one state, where the foot counts two", 2, vec![frame_of(&[first])]),
        ("three states, where the foot counts two", 2, vec![frame_of(&three)]),
        ("states that do not rise", 2, vec![frame_of(&[second, first])]),
        ("a state twice", 2, vec![frame_of(&[first, first])]),
        ("states that do not rise from frame to frame", 2, vec![frame_of(&[second]), frame_of(&[first])]),
        ("a frame of states without any", 2, vec![frame_of(&[]), good.clone()]),
        ("states in a frame of a block", 2, vec![frame(FrameKind::Block, &good[9..])]),
        ("a frame of states whose checksum does not fit", 2, vec![rotten(&good, 20)]),
        ("a state of a status that there is not", 2, vec![invalid]),
        ("as many states as can be written, and two are there", u64::MAX, vec![good]),
    ] {
        let pieces = stretch(&counted(states), frames);
        let chain = Chain::of(&grown(4));
        book.add(Case::new("16.1", name, &chain, &pieces).kept(&grown(2)), Answer::nothing("foot"));
    }
}

fn states_that_can_be_read(book: &mut Book) {
    let (two @ [first, second], three) = (two(), rows(&grown(3).map));
    let uncounted = Foot { states: None, ..counted(2) };
    let chain = Chain::of(&grown(4));
    let behind = Answer::stops("unreadable", 3).unsigned();
    for (section, name, foot, frames, answer) in [
        ("16.1", "states in two frames", counted(2), vec![frame_of(&[first]), frame_of(&[second])], Answer::holds(4)),
        (
            "16.1",
            "one frame of states more than the foot counts",
            counted(2),
            vec![frame_of(&two), frame_of(&two)],
            behind,
        ),
        (
            "16.1",
            "an empty frame of states behind those that the foot counts",
            counted(2),
            vec![frame_of(&two), frame_of(&[])],
            behind,
        ),
        ("16.1", "a frame of states where the foot gives no number", uncounted, vec![frame_of(&two)], behind),
        (
            "16",
            "the states at the foot are fewer than the map's, and counted so",
            counted(1),
            vec![frame_of(&[first])],
            Answer::altered_foot(2),
        ),
        ("16", "no state at the foot, and counted so", counted(0), vec![], Answer::altered_foot(2)),
        (
            "16",
            "the states at the foot are those of the block above",
            counted(3),
            vec![frame_of(&three)],
            Answer::altered_foot(2),
        ),
    ] {
        let pieces = stretch(&foot, frames);
        book.add(Case::new(section, name, &chain, &pieces).kept(&grown(2)), answer);
    }
}

fn no_map(book: &mut Book) {
    let mut network = Network::new(4);
    network.block(vec![]);
    network.block(vec![]);
    let (chain, below) = (Chain::of(&network), network.at(Height(1)));
    let pieces = chain.closed(chain.above(&below.foot(), &[]));
    book.add(
        Case::new("16", "no state at the foot, of a chain that has none", &chain, &pieces).kept(&below),
        Answer::holds(2),
    );
}
