//! Archives at borders that the other cases leave open (format.md §11, §13, §15, §16).

use super::chain::{and, foot, grow, grown, rotten, rows, with};
use super::starts::states;
use super::{Answer, Book, Case, Chain};
use ledger_core::archive::{FrameKind, StateRows};
use ledger_core::audit::Bookmark;
use ledger_core::block::{Body, Header};
use ledger_core::certificate::Certificate;
use ledger_core::codec::{self, List};
use ledger_core::contract::{Roles, State, Status, step};
use ledger_core::event::{Action, Step};
use ledger_core::fixture::forger::{Forgery, decoded, edit, frame};
use ledger_core::fixture::{self, Network, code, signed_by, subject};
use ledger_core::governance::Change;
use ledger_core::map::{ContractMap, MapKey};
use ledger_core::membership::{Membership, MembershipDraft, Parameters};
use ledger_core::merkle::{Frontier, LogIndex, LogSize};
use ledger_core::names::{BlockHash, Height, NodeNumber, Ordinal, Sequence};
use ledger_core::submission::Submission;

pub(crate) fn add(book: &mut Book) {
    book.genesis("four members", &Network::new(4).genesis);
    book.chain("plain", &Chain::of(&grown(4)));
    rivals(book);
    sequence_zero(book);
    events(book);
    ends(book);
    heads(book);
    change_in_block_1(book);
    frames_of_states(book);
    frontiers(book);
    without_an_end(book);
    files(book);
    tip_files(book);
}

/// The certificate of a second block at the height that follows so many blocks, which all validators have signed.
fn rival_above(blocks: u64) -> Option<Certificate> {
    let mut network = grown(blocks);
    network.block(vec![]);
    network.certificate
}

/// A block's certificate speaks against the block below from block 1 on, and never against the genesis.
fn rivals(book: &mut Book) {
    let chain_of = |at: u64, certificate: &Option<Certificate>| {
        let body = |height: u64, body: &mut Body| {
            if height == at {
                body.parent_certificate.clone_from(certificate);
            }
        };
        Chain::forged(&grown(at), &Forgery { body: &body, signed: true, ..Forgery::default() })
    };
    let chain = chain_of(2, &rival_above(0));
    book.add(
        Case::new("16.2", "block 2 carries a valid certificate of another block 1", &chain, &chain.whole()),
        Answer::altered(1),
    );
    let zero = Header { height: Height(0), ..Chain::of(&grown(1)).header(1) };
    let chain = chain_of(1, &Some(signed_by(&[1, 2, 3, 4], &zero)));
    book.add(
        Case::new("16.2", "block 1 carries a certificate of height 0, which all have signed", &chain, &chain.whole()),
        Answer::altered(1),
    );
}

/// A sequence of 0 is read, and follows nothing: so it is the submission that does not hold, not the encoding.
fn sequence_zero(book: &mut Book) {
    let network = grown(3);
    let rival = rival_above(1);
    let with = |certificate: Option<Certificate>| {
        let network = &network;
        move |height: u64, body: &mut Body| {
            if height == 3 {
                let at_zero = |one: &Submission| network.submission_at(1, Sequence(0), one.events.to_vec());
                edit(body, |list| list[0] = at_zero(&list[0]));
                if certificate.is_some() {
                    body.parent_certificate.clone_from(&certificate);
                }
            }
        }
    };
    for (name, body, answer) in [
        ("a submission of sequence 0", with(None), Answer::altered(3)),
        (
            "block 3 carries a valid certificate of another block 2, and a submission of sequence 0: it can be read",
            with(rival),
            Answer::altered(2),
        ),
    ] {
        let chain = Chain::forged(&network, &Forgery { body: &body, signed: true, ..Forgery::default() });
        book.add(Case::new("16.2", name, &chain, &chain.whole()), answer);
    }
}

/// Four members whose blocks have at most 3 events, and their submissions 2.
fn events(book: &mut Book) {
    let genesis = Network::new(4).genesis;
    let parameters = Parameters { block_events: 3, submission_events: 2, ..genesis.membership.draft().parameters };
    let draft = MembershipDraft { parameters, ..genesis.membership.draft().clone() };
    let genesis = fixture::edited(&genesis, |genesis| genesis.membership = Membership::new(draft).unwrap());
    book.genesis("four members with blocks of 3 events and submissions of 2", &genesis);
    for (name, counts, answer) in [
        ("a submission of 2 events, where 2 are allowed", &[2][..], Answer::holds(1)),
        ("a submission of 3 events, where 2 are allowed, and 3 in a block", &[3], Answer::altered(1)),
        ("a block of 3 events, where 3 are allowed", &[2, 1], Answer::holds(1)),
        ("a block of 4 events, where 3 are allowed", &[2, 2], Answer::altered(1)),
    ] {
        let mut network = Network::from_genesis(genesis.clone());
        network.block(vec![]);
        let submission = |(node, count): (u32, &u64)| {
            let new = |number| fixture::event(10 * u64::from(node) + number, Action::New { keeper: code("370000") });
            network.submission(node, (0..*count).map(new).collect())
        };
        let submissions: Vec<Submission> = (1..).zip(counts).map(submission).collect();
        let body = |_: u64, body: &mut Body| edit(body, |list| list.clone_from(&submissions));
        let chain = Chain::forged(&network, &Forgery { body: &body, signed: true, ..Forgery::default() });
        book.add(Case::new("11", name, &chain, &chain.whole()), answer);
    }
}

/// A frame has nine bytes at least: with fewer left there is none, and nine may be one of no bytes.
fn ends(book: &mut Book) {
    let chain = Chain::of(&grown(1));
    let nine = frame(FrameKind::Block, &[]);
    for (section, name, piece, answer) in [
        ("16.2", "the last frame is a block of no bytes", nine.clone(), Answer::altered(2)),
        (
            "16.1",
            "the last frame is a block of no bytes, and its last byte is cut off",
            nine[..8].to_vec(),
            Answer::stops("unreadable", 2),
        ),
        ("16.1", "eight zero bytes behind the last block", vec![0; 8], Answer::stops("unreadable", 2)),
        (
            "16.1",
            "the last frame is a certificate of no bytes",
            frame(FrameKind::Certificate, &[]),
            Answer::stops("unreadable", 2),
        ),
    ] {
        book.add(Case::new(section, name, &chain, &and(&chain.growing(), piece)), answer);
    }
}

/// Both bytes of the version count.
fn heads(book: &mut Book) {
    let chain = Chain::of(&grown(1));
    let whole = chain.whole();
    let high = rotten(&whole[0], 8);
    for (name, head) in [("257", high.clone()), ("256", rotten(&high, 9)), ("0", rotten(&whole[0], 9))] {
        let name = format!("a head of version {name}");
        book.add(Case::new("16.1", &name, &chain, &with(&whole, 0, head)), Answer::nothing("head"));
    }
}

/// The lowest change that a foot can have.
fn change_in_block_1(book: &mut Book) {
    let mut network = Network::new(4);
    network.govern(Change::SetPower(NodeNumber(4), 2), Height(2));
    let below = network.at(Height(1));
    grow(&mut network, 1);
    let chain = Chain::of(&network);
    let pieces = chain.closed(chain.above(&below.foot(), &[]));
    book.add(
        Case::new("16", "a foot above block 1, which changed the membership", &chain, &pieces).kept(&below).events(6),
        Answer::holds(2),
    );
}

/// Keys rise from one frame to the next, too.
fn frames_of_states(book: &mut Book) {
    let chain = Chain::of(&grown(3));
    let below = grown(2);
    let both = rows(&below.map);
    let of = |rows: &[ledger_core::archive::StateRow]| -> StateRows { List::new(rows.to_vec()).unwrap() };
    for (name, counted, first, second, answer) in [
        ("two frames of states", 2, &both[..1], &both[1..], Answer::holds(3)),
        (
            "a frame of states begins with the key that the one before ends with",
            3,
            &both[..],
            &both[1..],
            Answer::nothing("foot"),
        ),
        (
            "a frame of states begins with a key below the one before",
            2,
            &both[1..],
            &both[..1],
            Answer::nothing("foot"),
        ),
    ] {
        let mut counting = below.foot();
        counting.states = Some(counted);
        let pieces = chain.closed(chain.above(&counting, &[of(first), of(second)]));
        book.add(Case::new("16.1", name, &chain, &pieces).kept(&below), answer);
    }
}

/// Another size with the same roots, from which the same root of the log follows.
pub(crate) fn twice(frontier: &Frontier) -> Frontier {
    let roots = &codec::encode(frontier)[8..];
    let frontier_of = |size: u64| codec::decode::<Frontier>(&[&size.to_be_bytes()[..], roots].concat()).unwrap();
    let twice = frontier_of(frontier.size().0 * 2);
    assert_eq!(twice.root(), frontier.root());
    twice
}

fn frontiers(book: &mut Book) {
    let chain = Chain::of(&grown(3));
    let below = grown(2);
    let mut doubled = super::starts::without_states(&below);
    doubled.below.iter_mut().for_each(|below| below.frontier = twice(&below.frontier));
    let pieces = chain.closed(chain.above(&doubled, &[]));
    book.add(
        Case::new("16", "a foot with a frontier of twice the size, and the same roots", &chain, &pieces).kept(&below),
        Answer::altered_foot(2),
    );
    // Fewer entries than seals: no chain has them, and a foot that nothing certifies yet may say so.
    let mut empty = super::starts::without_states(&below);
    let of = empty.below.as_mut().unwrap();
    of.frontier = Frontier::default();
    (of.header.height, of.header.log_size, of.header.log_root) = (Height(5), LogSize(0), of.frontier.root());
    let header = of.header.clone();
    let pieces = vec![chain.head(), foot(&empty)];
    book.add(
        Case::new("15.2", "a foot of height 5 above an empty log: there are 0 events", &chain, &pieces)
            .below(header)
            .events(0),
        Answer::empty(5),
    );
}

/// No chain has an ended state that does not say by what; its bytes can say so, and then no reopen is feasible.
fn without_an_end(book: &mut Book) {
    let mut network = grown(2);
    let then = network.at(Height(2));
    let reopen = |end| Action::Reopen(Step::Propose(Ordinal(end)));
    let actions = [reopen(0), reopen(4)];
    network.block_of(actions.map(|action| fixture::event(1, action)).to_vec());
    let mut state = State { ended_by: None, ..fixture::after_five_events(Status::Ended, "370000") };
    let map_of = |state: &State| {
        let mut map = ContractMap::default();
        map.set(vec![(MapKey::of(&subject(1)), *state)]);
        map
    };
    let before = map_of(&state);
    let leaves = decoded(&network.blocks[2]).body.submissions[0].leaf_hashes();
    let roles = Roles::of(network.tip.membership());
    // Behind four entries of two blocks and a seal.
    for ((action, leaf), index) in actions.iter().zip(&leaves).zip(5..) {
        state = step(Some(&state), roles.actor(code("370000")), action, leaf, LogIndex(index)).state.unwrap();
    }
    assert_eq!((state.status, state.count), (Status::Ended, 7));
    let after = map_of(&state);
    let header = |height: u64, header: &mut Header| match height {
        2 => header.map_root = before.root(),
        3 => header.map_root = after.root(),
        _ => {}
    };
    let forged = Chain::forged(&network, &Forgery { header: &header, signed: true, ..Forgery::default() });
    let mut foot = then.foot();
    foot.states = Some(1);
    foot.below.as_mut().unwrap().header = forged.header(2);
    let pieces = forged.closed(forged.above(&foot, &[states(&before)]));
    let kept = Bookmark { block: forged.hash(2), ..Bookmark::of(&then.tip) };
    book.add(
        Case::new("13", "reopens of a state that ended, and does not say by what", &forged, &pieces).from(&kept),
        Answer::holds(3),
    );
}

/// What the auditor gives, written just so.
fn files(book: &mut Book) {
    let chain = Chain::of(&grown(2));
    let bookmark = serde_json::to_string(&Bookmark::of(&grown(2).tip)).unwrap();
    let nested = |lists: usize| format!("{}{}", "[".repeat(lists), "]".repeat(lists));
    let report = |other: &str| format!("{{\"verdict\":\"holds\",\"x\":{other},\"bookmark\":{bookmark}}}");
    for (name, other, is_one) in [
        ("a report in which 127 objects and lists stand in one another", nested(126), true),
        ("a report in which 128 objects and lists stand in one another", nested(127), false),
        ("a report with a name twice, deep inside", "[{\"a\":1,\"a\":1}]".to_owned(), false),
        ("a report with a line end within a text", "\"\n\"".to_owned(), false),
        ("a report with a number that is the last but one in 64 bits", "1e308".to_owned(), true),
        ("a report with a number beyond 64 bits of floating point", "1e309".to_owned(), false),
        ("a report with half of a pair in a text", "\"\\ud83d\"".to_owned(), false),
    ] {
        let case = Case::new("15.4", name, &chain, &chain.whole()).text(name, &report(&other));
        if is_one {
            book.add(case, Answer::holds(2));
        } else {
            book.mistake(&case, "four members");
        }
    }
}

/// Of height 0 is the genesis, whose hash is the chain id.
fn tip_files(book: &mut Book) {
    let chain = Chain::of(&grown(2));
    let case = |name: &str, block| Case::new("15.1", name, &chain, &chain.whole()).tip_file(0, block);
    let genesis = BlockHash(chain.genesis.chain_id().0);
    book.add(case("a tip file of height 0 names the genesis", genesis), Answer::holds(2));
    book.add(case("a tip file of height 0 names another", BlockHash([7; 32])), Answer::altered_foot(0));
}
