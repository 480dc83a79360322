//! Feet: what of them has to hold, and what nobody judges (format.md §16).

use super::chain::{end, foot, governed, grow, grown};
use super::starts::states;
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::archive::{Below, Foot};
use ledger_core::block::{Body, Header, body_hash};
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, List};
use ledger_core::crypto::ChainId;
use ledger_core::fixture::forger::{Forgery, decoded, shorten};
use ledger_core::fixture::{self, CODES, Network, code, signed_by, signed_on};
use ledger_core::governance::{Change, Control, OpenProposal, Stream};
use ledger_core::history::CertifiedChange;
use ledger_core::membership::Parameters;
use ledger_core::merkle::{Frontier, LogRoot, LogSize, leaf_hash};
use ledger_core::names::{ControlHash, Height, MembershipHash, NodeNumber, PROTOCOL, Protocol, Sequence, Timestamp};

pub(super) fn add(book: &mut Book) {
    let network = changed();
    let chain = Chain::of(&network);
    book.chain("changes the membership", &chain);
    for change in &network.foot().below.unwrap().changes {
        let name = format!("changes the membership, the one after block {}", change.header.height);
        book.name(&name, codec::encode(&change.membership));
    }
    hold(book, &network, &chain);
    undone(book);
    // Where the membership never changed, nothing but the rule itself speaks against a header.
    headers(book, &grown(5), &Chain::of(&grown(5)));
    changes(book, &network, &chain);
    strangers(book, &network, &chain);
    proved_by_the_first_block(book, &network, &chain);
    not_judged(book);
    far(book);
    full(book);
}

/// Five blocks, of which the second takes the vote from node 4, and the third gives it two, from 4 on.
fn changed() -> Network {
    let mut network = governed(Change::SetPower(NodeNumber(4), 0), 2);
    network.govern(Change::SetPower(NodeNumber(4), 2), Height(4));
    grow(&mut network, 2);
    network
}

fn above(network: &Network, height: u64) -> (Network, Foot) {
    let then = network.at(Height(height));
    let foot = then.foot();
    (then, foot)
}

fn hold(book: &mut Book, network: &Network, chain: &Chain) {
    for (name, height) in [
        ("a foot below which the membership never changed", 1),
        ("a foot right above a block that changed the membership: the membership before judges it", 2),
        ("a foot right above the second change", 3),
        ("a foot above all changes", 4),
    ] {
        let (then, foot) = above(network, height);
        let whole = chain.closed(chain.above(&foot, &[states(&then.map)]));
        book.add(Case::new("16", name, chain, &whole).kept(&then), Answer::holds(5));
    }
}

/// The vote is taken and given back: the membership is the genesis's again, which needs no proof.
fn undone(book: &mut Book) {
    let mut network = governed(Change::SetPower(NodeNumber(4), 0), 2);
    network.govern(Change::SetPower(NodeNumber(4), 1), Height(4));
    grow(&mut network, 2);
    let chain = Chain::of(&network);
    let (then, mut foot) = above(&network, 4);
    foot.states = None;
    foot.below.as_mut().unwrap().changes = List::default();
    let pieces = chain.closed(chain.above(&foot, &[]));
    book.add(
        Case::new("16", "two changes that undo one another are left out", &chain, &pieces).kept(&then),
        Answer::holds(5),
    );
}

/// A foot above block 4 with something changed, and nothing above it, so that only the foot can be at fault.
fn refuse(book: &mut Book, network: &Network, chain: &Chain, name: &str, edit: &dyn Fn(&mut Below)) {
    let (_, mut foot) = above(network, 4);
    foot.states = None;
    edit(foot.below.as_mut().unwrap());
    let at = foot.below.as_ref().unwrap().header.height.0;
    let pieces = vec![chain.head(), self::foot(&foot)];
    book.add(Case::new("16", name, chain, &pieces), Answer::altered_foot(at));
}

fn headers(book: &mut Book, network: &Network, chain: &Chain) {
    let mut refuse = |name: &str, edit: &dyn Fn(&mut Below)| refuse(book, network, chain, name, edit);
    refuse("a header below of another chain", &|below| below.header.chain = ChainId([7; 32]));
    refuse("a header below at height 0", &|below| below.header.height = Height(0));
    refuse("a header below that names another next membership", &|below| {
        below.header.next_membership = MembershipHash([7; 32]);
    });
    refuse("a header below that names another log size", &|below| below.header.log_size = LogSize(3));
    refuse("a header below that names another log root", &|below| below.header.log_root = LogRoot([7; 32]));
    refuse("a header below that names another control state", &|below| below.header.control = ControlHash([7; 32]));
    refuse("a frontier of another size", &|below| below.frontier = Frontier::default());
    refuse("a frontier of another root", &|below| below.frontier.push(leaf_hash(b"more")));
    refuse("another control state", &|below| below.control = Control::new(PROTOCOL));
    refuse("a control state with a stream of no node", &|below| {
        let stream = Stream { node: NodeNumber(9), last: Sequence(1) };
        below.control.streams.push(stream).unwrap();
        below.header.control = below.control.hash();
    });
    refuse("a control state with an approval of no member", &|below| {
        let change = Change::SetPower(NodeNumber(3), 2);
        let proposal = OpenProposal {
            id: change.id(Height(9)),
            proposer: code("370000"),
            change: change.into(),
            effective: Height(9),
            approvals: List::new(vec![code("370000"), code("379900")]).unwrap(),
            adopted: false,
        };
        below.control.proposals = List::new(vec![proposal]).unwrap().into();
        below.header.control = below.control.hash();
    });
}

/// Changes one of the two changes, or both.
fn edit(below: &mut Below, edit: impl Fn(&mut Vec<CertifiedChange>)) {
    let mut changes = below.changes.to_vec();
    edit(&mut changes);
    below.changes = List::new(changes).unwrap();
}

fn changes(book: &mut Book, network: &Network, chain: &Chain) {
    let mut refuse = |name: &str, change: &dyn Fn(&mut Vec<CertifiedChange>)| {
        refuse(book, network, chain, name, &|below| edit(below, change));
    };
    refuse("a change is left out", &|changes| _ = changes.pop());
    refuse("all changes are left out", &|changes| changes.clear());
    refuse("changes out of order", &|changes| changes.swap(0, 1));
    refuse("a change twice", &|changes| changes.insert(1, changes[0].clone()));
    refuse("a change at height 0, although all have signed it", &|changes| {
        let mut zero = changes[0].clone();
        zero.header.height = Height(0);
        zero.certificate = signed_by(&[1, 2, 3, 4], &zero.header);
        changes[0] = zero;
    });
    refuse("a change above the header below, although all have signed it", &|changes| {
        changes[1].header.height = Height(5);
        changes[1].certificate = signed_by(&[1, 2, 3], &changes[1].header);
    });
    refuse(
        "a change at the height of the header below that is another header, although all have signed it",
        &|changes| {
            changes[1].header.height = Height(4);
            changes[1].certificate = signed_by(&[1, 2, 3], &changes[1].header);
        },
    );
    refuse("a change of another chain, although all have signed it on this one", &|changes| {
        let ours = changes[0].header.chain;
        changes[0].header.chain = ChainId([7; 32]);
        changes[0].certificate = signed_on(&ours, &[1, 2, 3, 4], &changes[0].header);
    });
    refuse("a change whose certificate is signed by two of four", &|changes| shorten(&mut changes[0].certificate, 2));
    refuse("a change whose certificate is of another height", &|changes| changes[0].certificate.height = Height(1));
    refuse("a change that is certified by the membership after it", &|changes| {
        changes[1].certificate = signed_by(&[1, 2, 3, 4], &changes[1].header);
    });
    refuse("a change with another membership than its header names", &|changes| {
        changes[0].membership = changes[1].membership.clone();
    });
}

/// Whoever has no key makes up members of his own, who certify all that stands above.
fn strangers(book: &mut Book, network: &Network, chain: &Chain) {
    let members = (11..=13).zip(CODES).map(|(number, code)| fixture::member(number, code)).collect();
    let strangers = fixture::membership(members, Parameters::default());
    book.name("membership of strangers", codec::encode(&strangers));
    let named = |below: &mut Below| {
        below.header.next_membership = strangers.hash();
        below.control.streams = List::default();
        below.header.control = below.control.hash();
    };
    refuse(
        book,
        network,
        chain,
        "the last change is to strangers, whom the header below names and the change's does not",
        &|below| {
            named(below);
            edit(below, |changes| changes[1].membership = strangers.clone());
        },
    );
    refuse(book, network, chain, "a change to strangers, which they have signed themselves", &|below| {
        named(below);
        edit(below, |changes| {
            changes[1].header.next_membership = strangers.hash();
            changes[1].certificate = signed_by(&[11, 12, 13], &changes[1].header);
            changes[1].membership = strangers.clone();
        });
    });
    refuse(book, network, chain, "the header below names strangers, and no change leads to them", &named);
}

fn proved_by_the_first_block(book: &mut Book, network: &Network, chain: &Chain) {
    let short = |height: u64, body: &mut Body| {
        if height == 5 {
            body.parent_certificate.iter_mut().for_each(|certificate| shorten(certificate, 2));
        }
    };
    let (then, foot) = above(network, 4);
    let foot = Foot { states: None, ..foot };
    let forged = Chain::forged(network, &Forgery { body: &short, signed: true, ..Forgery::default() });
    let pieces = forged.closed(forged.above(&foot, &[]));
    book.add(
        Case::new("16", "the certificate in the first block does not prove the header below", &forged, &pieces)
            .kept(&then),
        Answer::altered(5).unsigned(),
    );
    let by_the_new = |height: u64, body: &mut Body| {
        if height == 4 {
            body.parent_certificate = Some(signed_by(&[1, 2, 3, 4], &chain.header(3)));
        }
    };
    let (then, foot) = above(network, 3);
    let foot = Foot { states: None, ..foot };
    let forged = Chain::forged(network, &Forgery { body: &by_the_new, signed: true, ..Forgery::default() }).up_to(4);
    let pieces = forged.closed(forged.above(&foot, &[]));
    book.add(
        Case::new("16", "above a change, the header below is certified by the membership after it", &forged, &pieces)
            .kept(&then),
        Answer::altered(4).unsigned(),
    );
    // Whoever has no key makes a foot that fits a header of his own; the block above carries what was signed.
    let (then, mut foot) = above(&grown(3), 2);
    foot.states = None;
    let below = foot.below.as_mut().unwrap();
    below.header.time = Timestamp(below.header.time.0 + 1);
    let made_up = below.header.hash();
    let chain = Chain::of(&grown(3));
    let pieces = chain.closed(chain.above(&foot, &[]));
    book.add(
        Case::new(
            "16.2",
            "the header below is not the one that the certificate in the first block names",
            &chain,
            &pieces,
        ),
        Answer::altered_foot(2),
    );
    let other = ledger_core::audit::Bookmark { block: made_up, ..ledger_core::audit::Bookmark::of(&then.tip) };
    book.add(
        Case::new("16.2", "the same, and the auditor kept the header that was made up", &chain, &pieces).from(&other),
        Answer::altered_foot(2),
    );
}

/// All validators sign headers of which protocol and proposer are made up.
fn not_judged(book: &mut Book) {
    for (name, edit) in [
        ("the protocol of the header below is not judged", (|header| header.protocol = Protocol(9)) as fn(&mut Header)),
        ("the proposer of the header below is not judged", |header| header.proposer = NodeNumber(77)),
    ] {
        let header = move |height: u64, header: &mut Header| {
            if height == 2 {
                edit(header);
            }
        };
        let forged = Chain::forged(&grown(3), &Forgery { header: &header, signed: true, ..Forgery::default() });
        let (then, mut foot) = above(&grown(3), 2);
        foot.below.as_mut().unwrap().header = forged.header(2);
        let pieces = forged.closed(forged.above(&foot, &[states(&then.map)]));
        let kept =
            ledger_core::audit::Bookmark { block: forged.hash(2), ..ledger_core::audit::Bookmark::of(&then.tip) };
        book.add(Case::new("16", name, &forged, &pieces).from(&kept), Answer::holds(3));
    }
}

/// Nobody needs a key for a foot above the last height that there is.
fn far(book: &mut Book) {
    let last = (1_u64 << 53) - 1;
    let chain = Chain::of(&grown(3));
    let (_, mut foot) = above(&grown(3), 2);
    foot.states = None;
    let below = foot.below.as_mut().unwrap();
    below.header.height = Height(last);
    book.name("header of block 2 with the last height", codec::encode(&below.header));
    let header = below.header.clone();
    let case = |name: &str, pieces: &Pieces| Case::new("16", name, &chain, pieces).below(header.clone());
    let alone = vec![chain.head(), self::foot(&foot)];
    book.add(case("a header below of the last height that there is, and no block above", &alone), Answer::empty(last));
    let with_block: Vec<_> = alone.iter().cloned().chain([chain.block(3), chain.end()]).collect();
    book.add(
        case("a header below of the last height that there is, and a block above, which can be none", &with_block),
        Answer::altered(last + 1).unsigned(),
    );
    let certificate = Certificate { height: Height(last), ..chain.own.clone() };
    let closed: Vec<_> = alone.iter().cloned().chain([end(&certificate)]).collect();
    book.add(
        case("a header below of the last height that there is, and an end certificate", &closed),
        Answer::empty(last),
    );
    let mut beyond = foot.clone();
    beyond.below.as_mut().unwrap().header.height = Height(last + 1);
    let pieces = vec![chain.head(), self::foot(&beyond), chain.block(3), chain.end()];
    book.add(case("a header below of height 2^53 is none, so the foot is none", &pieces), Answer::nothing("foot"));
    // Times may be the last that there is, block after block.
    let late = |height: u64, header: &mut Header| {
        if height >= 2 {
            header.time = Timestamp(last);
        }
    };
    let forged = Chain::forged(&grown(3), &Forgery { header: &late, signed: true, ..Forgery::default() });
    book.add(Case::new("16", "two blocks of the last time that there is", &forged, &forged.whole()), Answer::holds(3));
    let mut forged = chain.clone();
    let mut block = decoded(&forged.blocks[2]);
    block.header.time = Timestamp(last + 1);
    forged.blocks[2] = codec::encode(&block);
    book.add(
        Case::new("16.2", "a time of 2^53 is none, so the block is none", &forged, &forged.whole()),
        Answer::altered(3),
    );
}

/// All validators sign a block 2 above which nothing can stand: the log, or the stream of node 1, is full.
fn full(book: &mut Book) {
    let last = (1_u64 << 53) - 1;
    let network = grown(3);
    let (_, mut foot) = above(&network, 2);
    foot.states = None;
    let mut log = foot.clone();
    let below = log.below.as_mut().unwrap();
    let peaks = [&last.to_be_bytes()[..], &[5; 53 * 32]].concat();
    below.frontier = codec::decode(&peaks).unwrap();
    book.name("a frontier of 2^53 - 1 entries", peaks);
    (below.header.log_size, below.header.log_root) = (LogSize(last), below.frontier.root());
    let mut stream = foot;
    let below = stream.below.as_mut().unwrap();
    below.control.streams = List::new(vec![Stream { node: NodeNumber(1), last: Sequence(last) }]).unwrap();
    below.header.control = below.control.hash();
    for (name, foot, sequence, size) in [
        ("the log below is full: a block that says so again", &log, 3, last),
        ("the log below is full: a block with a log size of 2^53 is none", &log, 3, last + 1),
        ("a stream below is full: its last sequence again", &stream, last, 6),
        ("a stream below is full: a sequence of 2^53 is none", &stream, last + 1, 6),
    ] {
        let header = &foot.below.as_ref().unwrap().header;
        let mut chain = Chain::of(&network);
        let mut block = decoded(&chain.blocks[2]);
        let events = block.body.submissions[0].events.to_vec();
        let submission = network.submission_at(1, Sequence(sequence), events);
        block.body.submissions = List::new(vec![submission]).unwrap();
        block.body.parent_certificate = Some(signed_by(&[1, 2, 3, 4], header));
        (block.header.parent, block.header.log_size) = (header.hash(), LogSize(size));
        let frames: Vec<_> = block.body.submissions.iter().map(|one| one.frame(&one.leaf_hashes())).collect();
        let signed = frames.iter().zip(block.body.submissions.iter().map(|one| &one.signature));
        block.header.body = body_hash(block.header.suite, &block.body.parent_certificate, signed);
        chain.own = signed_by(&[1, 2, 3, 4], &block.header);
        chain.blocks[2] = codec::encode(&block);
        let pieces = chain.closed(chain.above(foot, &[]));
        book.add(Case::new("16.2", name, &chain, &pieces).below(header.clone()), Answer::altered(3).unsigned());
    }
}
