//! Successions: an old genesis, a new one and approvals, and whether they hold together (format.md §12).

use crate::verdicts::Book;
use crate::{File, unhex};
use ledger_core::codec::{self, List, Text};
use ledger_core::crypto::{ChainId, NetworkId};
use ledger_core::event::Action;
use ledger_core::fixture::{self, CODES, Network, code, governance_key, member, signed_by, signed_on};
use ledger_core::genesis::{Genesis, GenesisApproval, GenesisDraft, Predecessor, verify_succession};
use ledger_core::governance::Change;
use ledger_core::history::CertifiedChange;
use ledger_core::membership::{Membership, Parameters};
use ledger_core::names::{Height, NodeNumber};
use serde_json::{Value, json};

/// A chain whose block 2 gives node 4 two votes, and so many blocks above. Four votes of five are a quorum then.
fn old(above: usize) -> Network {
    let mut network = Network::new(4);
    network.block_of(vec![fixture::event(1, Action::New { keeper: code("370000") })]);
    network.govern(Change::SetPower(NodeNumber(4), 2), Height(3));
    (0..above).for_each(|_| _ = network.block(vec![]));
    network
}

/// Approvals of the members with these numbers, each by the key of a number.
fn approvals(genesis: &Genesis, by: &[(u32, u32)]) -> Vec<GenesisApproval> {
    let sign = |(number, key): &(u32, u32)| {
        GenesisApproval::sign(genesis, code(CODES[*number as usize - 1]), &governance_key(*key))
    };
    by.iter().map(sign).collect()
}

/// Of node 4's member and two others: four votes of five.
const ENOUGH: [(u32, u32); 3] = [(1, 1), (2, 2), (4, 4)];

pub(crate) fn file() -> File {
    let mut book = Book::new();
    let (plain, changed) = (old(1), old(0));
    let (new, at_a_change) = (plain.successor(), changed.successor());
    book.name("old genesis", codec::encode(&plain.genesis));
    book.name("new genesis", codec::encode(&new));
    book.name("new genesis, right above a change", codec::encode(&at_a_change));
    for (name, membership) in [("of the old genesis", &plain.genesis.membership), ("after block 2", &new.membership)] {
        book.name(&format!("membership {name}"), codec::encode(membership));
    }
    of_approvals(&mut book, &plain, &new);
    names(&mut book, &plain, &new);
    changes(&mut book, &plain, &new);
    right_above_a_change(&mut book, &changed, &at_a_change);
    without_keys(&mut book, &plain, &new);
    again(&mut book, &plain, &new);
    File {
        name: "successions",
        about: "Old genesis, new genesis and approvals, and whether the succession holds. A genesis is the bytes of its parts, one after another: each is named, or written in hexadecimal. Format, section 12.",
        cases: book.into_cases(),
    }
}

/// What each kind of case has: the name, the two geneses, and who approves.
fn add(book: &mut Book, name: &str, old: &Genesis, new: &Genesis, by: &[(u32, u32)], holds: bool) {
    let approvals = approvals(new, by);
    book.succession(name, &codec::encode(old), &codec::encode(new), &approvals, holds);
}

fn of_approvals(book: &mut Book, old: &Network, new: &Genesis) {
    for (name, by, holds) in [
        ("members with four votes of five approve", &ENOUGH[..], true),
        ("they approve in another order", &[(4, 4), (2, 2), (1, 1)], true),
        ("all members approve", &[(1, 1), (2, 2), (3, 3), (4, 4)], true),
        ("members with three votes of five approve", &[(1, 1), (2, 2), (3, 3)], false),
        ("nobody approves", &[], false),
        ("enough approve, and one of them twice", &[(1, 1), (2, 2), (4, 4), (4, 4)], false),
        ("one approves so often as were enough", &[(4, 4), (4, 4), (4, 4)], false),
        ("enough approve, and somebody who is no member", &[(1, 1), (2, 2), (4, 4), (5, 5)], false),
        ("one approval is signed by another's key", &[(1, 1), (2, 2), (4, 3)], false),
        ("enough approve, and one approval more does not hold", &[(1, 1), (2, 2), (4, 4), (3, 9)], false),
    ] {
        add(book, name, &old.genesis, new, by, holds);
    }
    let later = fixture::edited(new, |genesis| genesis.time.0 += 1);
    let for_another = approvals(&later, &ENOUGH);
    let encoded = (codec::encode(&old.genesis), codec::encode(new));
    book.succession("the approvals are of another genesis", &encoded.0, &encoded.1, &for_another, false);
    add(book, "another genesis of the same predecessor, with its own approvals", &old.genesis, &later, &ENOUGH, true);
}

/// The predecessor, edited, with its tip signed again by nodes.
fn with_old(new: &Genesis, signers: &[u32], edit: impl Fn(&mut Predecessor)) -> Genesis {
    fixture::edited(new, |genesis| {
        let old = genesis.predecessor.as_mut().unwrap();
        edit(old);
        old.certificate = signed_by(signers, &old.header);
    })
}

const ALL: [u32; 4] = [1, 2, 3, 4];

fn names(book: &mut Book, old: &Network, new: &Genesis) {
    add(book, "the new genesis has no predecessor", &old.genesis, &old.genesis, &ENOUGH, false);
    let other = fixture::edited(&old.genesis, |genesis| genesis.time.0 += 1);
    add(book, "the old genesis is another one", &other, new, &ENOUGH, false);
    let foreign = with_old(new, &ALL, |old| old.header.chain = ChainId([7; 32]));
    add(book, "the predecessor's header is of another chain", &old.genesis, &foreign, &ENOUGH, false);
    let network = with_old(new, &ALL, |old| old.network = NetworkId([7; 32]));
    add(book, "the predecessor is of another network", &old.genesis, &network, &ENOUGH, false);
    let name = fixture::edited(new, |genesis| genesis.name = Text::new("other.example").unwrap());
    add(book, "the new genesis has another name", &old.genesis, &name, &ENOUGH, false);
    let key = ledger_core::lookup::VrfSecretKey::from_random(&[9; 32]).unwrap().public();
    let vrf = fixture::edited(new, |genesis| genesis.vrf = key);
    add(book, "the new genesis has another VRF key", &old.genesis, &vrf, &ENOUGH, false);
    let proposer = with_old(new, &ALL, |old| old.header.proposer = NodeNumber(77));
    add(
        book,
        "the proposer of the predecessor's header is made up, and enough have signed it",
        &old.genesis,
        &proposer,
        &ENOUGH,
        true,
    );
    // A draft that is no genesis: its time is before the predecessor's.
    let early = GenesisDraft { time: ledger_core::names::Timestamp(1), ..new.draft().clone() };
    let encoded = (codec::encode(&old.genesis), codec::encode(&early));
    book.succession("the new genesis is not valid", &encoded.0, &encoded.1, &approvals(new, &ENOUGH), false);
    let cut = encoded.0[..encoded.0.len() - 1].to_vec();
    book.succession("the old genesis is not valid", &cut, &codec::encode(new), &approvals(new, &ENOUGH), false);
}

type EditChanges<'a> = &'a dyn Fn(&mut Vec<CertifiedChange>);

fn with_changes(new: &Genesis, edit: impl Fn(&mut Vec<CertifiedChange>)) -> Genesis {
    fixture::edited(new, |genesis| {
        let old = genesis.predecessor.as_mut().unwrap();
        let mut changes = old.changes.to_vec();
        edit(&mut changes);
        old.changes = List::new(changes).unwrap();
    })
}

fn changes(book: &mut Book, old: &Network, new: &Genesis) {
    let top = new.predecessor.as_ref().unwrap().header.clone();
    let signed = |change: &mut CertifiedChange| change.certificate = signed_by(&ALL, &change.header);
    let edits: [(&str, EditChanges<'_>); 8] = [
        ("a change is left out", &|changes| changes.clear()),
        ("a change twice", &|changes| changes.push(changes[0].clone())),
        ("a change that two of four have signed", &|changes| {
            ledger_core::fixture::forger::shorten(&mut changes[0].certificate, 2);
        }),
        ("a change with another membership than its header names", &|changes| {
            changes[0].membership = Network::new(4).genesis.membership.clone();
        }),
        ("a change of another chain, although all have signed it on the old one", &|changes| {
            changes[0].header.chain = ChainId([7; 32]);
            changes[0].certificate = signed_on(&top.chain, &ALL, &changes[0].header);
        }),
        ("a change at height 0, although all have signed it", &|changes| {
            changes[0].header.height = Height(0);
            signed(&mut changes[0]);
        }),
        ("a change above the predecessor's header, although all have signed it", &|changes| {
            changes[0].header.height = Height(4);
            signed(&mut changes[0]);
        }),
        (
            "a change at the height of the predecessor's header that is another header, although all have signed it",
            &|changes| {
                changes[0].header.height = top.height;
                signed(&mut changes[0]);
            },
        ),
    ];
    for (name, edit) in edits {
        add(book, name, &old.genesis, &with_changes(new, edit), &ENOUGH, false);
    }
    let unchanged = {
        let mut network = Network::new(4);
        network.block(vec![]);
        network
    };
    let new = unchanged.successor();
    add(
        book,
        "the membership never changed: three votes of four",
        &unchanged.genesis,
        &new,
        &[(1, 1), (2, 2), (3, 3)],
        true,
    );
}

fn right_above_a_change(book: &mut Book, old: &Network, new: &Genesis) {
    add(
        book,
        "the tip changed the membership: members with four votes of five approve",
        &old.genesis,
        new,
        &ENOUGH,
        true,
    );
    add(
        book,
        "the tip changed the membership: those who approve had a quorum before it, and have none after it",
        &old.genesis,
        new,
        &[(1, 1), (2, 2), (3, 3)],
        false,
    );
    let signers = with_old(new, &ALL, |old| old.signers = old.next.clone());
    add(
        book,
        "the tip changed the membership, and the signers are said to be those after it",
        &old.genesis,
        &signers,
        &ENOUGH,
        false,
    );
}

/// Whoever holds no old key makes up members of his own, who certify and approve all.
fn without_keys(book: &mut Book, old: &Network, new: &Genesis) {
    let strangers: Vec<_> = (11..=13).zip(CODES).map(|(number, code)| member(number, code)).collect();
    let strangers = fixture::membership(strangers, Parameters::default());
    book.name("membership of strangers", codec::encode(&strangers));
    let made_up = |signers: &Membership, by: &[u32], changes: &[CertifiedChange]| {
        let mut draft = new.draft().clone();
        draft.membership = strangers.clone();
        draft.sealed_vrf = fixture::sealed_vrf(&strangers);
        let before = draft.predecessor.as_mut().unwrap();
        (before.signers, before.next) = (signers.clone(), strangers.clone());
        before.header.next_membership = strangers.hash();
        before.changes = List::new(changes.to_vec()).unwrap();
        before.certificate = signed_by(by, &before.header);
        Genesis::new(draft).unwrap()
    };
    let own = [(1, 11), (2, 12), (3, 13)];
    let all = [11, 12, 13];
    for (name, genesis) in [
        ("strangers certify and approve, and no change leads to them", made_up(&strangers, &all, &[])),
        (
            "strangers certify and approve, and the true change leads to others",
            made_up(&strangers, &all, &old.predecessor().changes),
        ),
        (
            "enough have signed a tip that names strangers, and no change says so",
            made_up(old.tip.signers(), &ALL, &old.predecessor().changes),
        ),
        ("the true change, with strangers in the place of its membership", {
            let mut changes = old.predecessor().changes.to_vec();
            changes[0].membership = strangers.clone();
            made_up(&strangers, &all, &changes)
        }),
        ("strangers have signed the change to them themselves", {
            let mut header = old.predecessor().header;
            (header.height, header.next_membership) = (Height(1), strangers.hash());
            let certificate = signed_by(&all, &header);
            made_up(&strangers, &all, &[CertifiedChange { header, certificate, membership: strangers.clone() }])
        }),
    ] {
        add(book, name, &old.genesis, &genesis, &own, false);
    }
}

/// A chain that goes on from one that went on.
fn again(book: &mut Book, first: &Network, second: &Genesis) {
    let mut network = Network::from_genesis(second.clone());
    network.map = first.map.clone();
    network.block(vec![]);
    let third = network.successor();
    add(
        book,
        "a second succession: the network is the first genesis's, and changes begin at the second",
        second,
        &third,
        &ENOUGH,
        true,
    );
    add(book, "a second succession, held against the first genesis", &first.genesis, &third, &ENOUGH, false);
    let network = with_old(&third, &ALL, |old| old.network = NetworkId(second.chain_id().0));
    add(book, "a second succession that names the second genesis for the network", second, &network, &ENOUGH, false);
}

#[test]
fn every_succession_is_judged_as_the_page_has_it() {
    let cases = file().cases;
    let part = |name: &Value| {
        let named = cases.iter().find(|case| case["kind"] == "part" && case["name"] == *name);
        unhex(named.map_or(name, |part| &part["bytes"]).as_str().unwrap())
    };
    let genesis = |parts: &Value| {
        let bytes: Vec<u8> = parts.as_array().unwrap().iter().flat_map(part).collect();
        codec::decode::<Genesis>(&bytes).ok()
    };
    let mut wrong = Vec::new();
    for case in cases.iter().filter(|case| case["kind"] == "succession") {
        let approvals: Vec<GenesisApproval> = serde_json::from_value(case["approvals"].clone()).unwrap();
        let judged = genesis(&case["old"])
            .zip(genesis(&case["new"]))
            .map(|(old, new)| verify_succession(&old, &new, &approvals).map_err(|why| why.to_string()));
        let holds = matches!(judged, Some(Ok(())));
        wrong.extend((json!(holds) != case["holds"]).then(|| format!("{}: {judged:?}", case["name"])));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
