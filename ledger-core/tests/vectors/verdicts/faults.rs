//! What does not hold: each rule of section 11, and which height is named (format.md §16.2).

use super::chain::{and, grown, place, with};
use super::{Answer, Book, Case, Chain, Pieces};
use ledger_core::block::{Body, Header};
use ledger_core::certificate::Certificate;
use ledger_core::codec::{Bytes, List};
use ledger_core::crypto::{ChainId, Signature};
use ledger_core::event::{Action, Event, Evidence};
use ledger_core::fixture::forger::{Forgery, edit, shorten};
use ledger_core::fixture::{self, Network, node_key};
use ledger_core::governance::Stream;
use ledger_core::membership::{Parameters, Purpose};
use ledger_core::merkle::{LogRoot, LogSize};
use ledger_core::names::{
    BlockHash, BodyHash, ControlHash, Height, MapRoot, MembershipHash, NodeNumber, Protocol, Round, Sequence, Timestamp,
};
use ledger_core::submission::Submission;

pub(super) fn add(book: &mut Book) {
    of_headers(book);
    of_bodies(book);
    limits(book);
    long_blocks(book);
    lowest(book);
}

type EditHeader = fn(&mut Header);
type EditBody<'a> = &'a dyn Fn(&mut Body);

/// Block 3 is altered, and all validators sign it as it is; what stands above is not looked at.
fn signed_block(book: &mut Book, name: &str, forgery: &Forgery<'_>, is_seen_at_every_depth: bool) {
    let mut forged = Chain::forged(&grown(3), &Forgery { body: forgery.body, header: forgery.header, signed: true });
    // On this chain, whatever its header says.
    let keys = [1, 2, 3, 4].map(|node| (NodeNumber(node), node_key(node, Purpose::Consensus)));
    let signers = keys.each_ref().map(|(node, key)| (*node, key));
    let own = &forged.own;
    forged.own = Certificate::sign(&forged.genesis.chain_id(), own.height, own.round, own.block, &signers);
    let case = Case::new("16.2", name, &forged, &forged.whole());
    let case = if is_seen_at_every_depth { case } else { case.shorter(Answer::holds(3)) };
    book.add(case, Answer::altered(3));
}

fn of_headers(book: &mut Book) {
    let edits: [(&str, EditHeader); 12] = [
        ("chain: a header of another chain", |header| header.chain = ChainId([7; 32])),
        ("protocol: one that is not in force", |header| header.protocol = Protocol(2)),
        ("height: one left out", |header| header.height = Height(4)),
        ("height: that of the block below", |header| header.height = Height(2)),
        ("link: another parent", |header| header.parent = BlockHash([7; 32])),
        ("time: before the parent's", |header| header.time = Timestamp(1_700_000_000_000)),
        ("body: another hash", |header| header.body = BodyHash([7; 32])),
        ("log: another size", |header| header.log_size = LogSize(7)),
        ("log: another root", |header| header.log_root = LogRoot([7; 32])),
        ("map: another root", |header| header.map_root = MapRoot([7; 32])),
        ("control: another hash", |header| header.control = ControlHash([7; 32])),
        ("membership: another hash", |header| header.next_membership = MembershipHash([7; 32])),
    ];
    for (name, edit) in edits {
        let header = move |height: u64, header: &mut Header| {
            if height == 3 {
                edit(header);
            }
        };
        signed_block(book, name, &Forgery { header: &header, ..Forgery::default() }, true);
    }
    // The proposer is a claim that no rule judges.
    let header = |height: u64, header: &mut Header| {
        if height == 3 {
            header.proposer = NodeNumber(77);
        }
    };
    let forged = Chain::forged(&grown(3), &Forgery { header: &header, signed: true, ..Forgery::default() });
    book.add(Case::new("16.2", "another proposer is no fault", &forged, &forged.whole()), Answer::holds(3));
}

fn of_bodies(book: &mut Book) {
    let chain = Network::new(4).tip.chain();
    let renew = || vec![fixture::event(1, Action::Renew)];
    let of = |stream: u32, sequence: u64| {
        let key = node_key(stream.min(4), Purpose::Submission);
        Submission::sign(&chain, &key, NodeNumber(stream), Sequence(sequence), renew()).unwrap()
    };
    let edits: [(&str, bool, EditBody<'_>); 6] = [
        ("certificate: none", true, &|body| body.parent_certificate = None),
        ("certificate: of two of four", false, &|body| {
            body.parent_certificate.iter_mut().for_each(|certificate| shorten(certificate, 2))
        }),
        ("certificate: of the block two below", true, &|body| {
            body.parent_certificate = Some(Chain::of(&grown(3)).certificate(1))
        }),
        ("certificate: of another round", false, &|body| {
            body.parent_certificate.iter_mut().for_each(|certificate| certificate.round = Round(9))
        }),
        ("submission: not signed", true, &|body| edit(body, |list| list[0].signature = Signature([0; 64]))),
        ("submission: a stream of nobody", true, &|body| edit(body, |list| list[0] = of(9, 1))),
    ];
    for (name, is_seen_at_every_depth, edit) in edits {
        let body = move |height: u64, body: &mut Body| {
            if height == 3 {
                edit(body);
            }
        };
        signed_block(book, name, &Forgery { body: &body, ..Forgery::default() }, is_seen_at_every_depth);
    }
    of_streams(book);
    let first = Chain::of(&grown(2));
    let carries = move |height: u64, body: &mut Body| {
        if height == 1 {
            body.parent_certificate = Some(first.certificate(1));
        }
    };
    let forged = Chain::forged(&grown(1), &Forgery { body: &carries, signed: true, ..Forgery::default() });
    book.add(Case::new("16.2", "certificate: block 1 carries one", &forged, &forged.whole()), Answer::altered(1));
    let zero = move |height: u64, body: &mut Body| {
        if height == 1 {
            let keys = [1, 2, 3, 4].map(|node| (NodeNumber(node), node_key(node, Purpose::Consensus)));
            let signers = keys.each_ref().map(|(node, key)| (*node, key));
            body.parent_certificate =
                Some(Certificate::sign(&chain, Height(0), Round(0), BlockHash([7; 32]), &signers));
        }
    };
    let forged = Chain::forged(&grown(1), &Forgery { body: &zero, signed: true, ..Forgery::default() });
    book.add(
        Case::new(
            "16.2",
            "certificate: block 1 carries one of another block at height 0, which all have signed",
            &forged,
            &forged.whole(),
        ),
        Answer::altered(1),
    );
}

/// Submissions that break one rule, under a control state that is right for whoever does not see it.
fn of_streams(book: &mut Book) {
    let below = grown(2);
    let renew = || vec![fixture::event(1, Action::Renew)];
    let key = node_key(1, Purpose::Submission);
    let empty = {
        let mut submission = Submission { events: List::default(), ..below.submission_at(1, Sequence(3), renew()) };
        submission.signature = key.sign(&submission.frame(&[]).message(&below.tip.chain()));
        submission
    };
    for (name, submission) in [
        ("submission: a sequence left out", below.submission_at(1, Sequence(4), renew())),
        ("submission: a sequence twice", below.submission_at(1, Sequence(2), renew())),
        ("submission: without events", empty),
    ] {
        let mut control = below.tip.control().clone();
        control.streams = List::new(vec![Stream { node: NodeNumber(1), last: submission.sequence }]).unwrap();
        let body = |height: u64, body: &mut Body| {
            if height == 3 {
                body.submissions = List::new(vec![submission.clone()]).unwrap();
            }
        };
        let header = |height: u64, header: &mut Header| {
            if height == 3 {
                header.control = control.hash();
            }
        };
        signed_block(book, name, &Forgery { body: &body, header: &header, signed: true }, true);
    }
}

fn limits(book: &mut Book) {
    let genesis = Network::new(4).genesis;
    let parameters = Parameters { block_events: 2, submission_events: 2, ..Parameters::default() };
    let membership = fixture::membership(genesis.membership.members().to_vec(), parameters);
    let mut network = Network::from_genesis(fixture::edited(&genesis, |genesis| genesis.membership = membership));
    book.genesis("members with narrow parameters", &network.genesis);
    network.block_of(vec![fixture::event(1, Action::Renew), fixture::event(2, Action::Renew)]);
    let good = Chain::of(&network);
    book.add(
        Case::new("16.2", "as many events as a block and a submission may carry", &good, &good.whole()),
        Answer::holds(1),
    );
    let chain = network.tip.chain();
    let of = |node: u32, count: usize| {
        let key = node_key(node, Purpose::Submission);
        Submission::sign(&chain, &key, NodeNumber(node), Sequence(1), vec![fixture::event(1, Action::Renew); count])
            .unwrap()
    };
    for (name, submissions) in [
        ("limits: more events than a block may carry", vec![of(1, 2), of(2, 1)]),
        ("submission: more events than one may carry", vec![of(1, 3)]),
    ] {
        let body = |_, body: &mut Body| edit(body, |list| list.clone_from(&submissions));
        let forged = Chain::forged(&network, &Forgery { body: &body, signed: true, ..Forgery::default() });
        book.add(Case::new("16.2", name, &forged, &forged.whole()), Answer::altered(1));
    }
}

/// Blocks of as many bytes as one may have, and of one more.
fn long_blocks(book: &mut Book) {
    let genesis = Network::new(4).genesis;
    let parameters = Parameters { block_bytes: 65_536, ..Parameters::default() };
    let membership = fixture::membership(genesis.membership.members().to_vec(), parameters);
    let network = Network::from_genesis(fixture::edited(&genesis, |genesis| genesis.membership = membership));
    book.genesis("members with short blocks", &network.genesis);
    book.name("a thousand bytes", vec![7; 1_000]);
    let with = |bytes: usize| {
        let evidence = |bytes| Event::Evidence(Evidence { form: 1, bytes: Bytes::new(vec![7; bytes]).unwrap() });
        network.submission_at(1, Sequence(1), vec![evidence(1_000), evidence(bytes - 1_000)])
    };
    let length = |bytes: usize| {
        let network = Network::from_genesis(network.genesis.clone());
        let checked = network.checked(vec![with(bytes)]);
        checked.block().encode().len()
    };
    let most = 10_000 + 65_536 - length(10_000);
    for (name, bytes, answer) in [
        ("as many bytes as a block may have", most, Answer::holds(1)),
        ("limits: a byte more than a block may have", most + 1, Answer::altered(1)),
    ] {
        let mut first = Network::from_genesis(network.genesis.clone());
        first.block(vec![]);
        let body = |_, body: &mut Body| body.submissions = List::new(vec![with(bytes)]).unwrap();
        let forged = Chain::forged(&first, &Forgery { body: &body, signed: true, ..Forgery::default() });
        book.add(Case::new("16.2", name, &forged, &forged.whole()), answer);
    }
}

fn lowest(book: &mut Book) {
    let body = |height: u64, body: &mut Body| {
        if height == 2 || height == 3 {
            edit(body, |list| list[0].signature = Signature([0; 64]));
        }
    };
    let forged = Chain::forged(&grown(4), &Forgery { body: &body, signed: true, ..Forgery::default() });
    let case = |name: &str, chain: &Chain, pieces: &Pieces, book: &mut Book, answer| {
        book.add(Case::new("16.2", name, chain, pieces), answer);
    };
    case("two blocks with a fault: the first is named", &forged, &forged.whole(), book, Answer::altered(2));
    let chain = Chain::of(&grown(4));
    let whole = chain.whole();
    let mut swapped = whole.clone();
    swapped.swap(place(2), place(3));
    case("two blocks swapped", &chain, &swapped, book, Answer::altered(2));
    let twice: Pieces = [&whole[..=place(2)], &whole[place(2)..]].concat();
    case("a block twice", &chain, &twice, book, Answer::altered(3));
    let mut without = whole.clone();
    without.remove(place(1));
    case("the first block is missing", &chain, &without, book, Answer::altered(1));
    let foreign = Chain::of(&{
        let mut network = Network::new(3);
        super::chain::grow(&mut network, 3);
        network
    });
    case(
        "a block of another chain in the place of block 3",
        &chain,
        &with(&whole, place(3), foreign.block(3)),
        book,
        Answer::altered(3),
    );
    let more = and(&chain.growing(), chain.block(1));
    case("block 1 again in the place of block 5", &chain, &more, book, Answer::altered(5));
}
