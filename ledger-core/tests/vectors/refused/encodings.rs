//! Bytes that encode nothing: events, control states, states, blocks, proofs and the rest.

use super::{Cases, counted, place, replaced, with};
use crate::structures::{changes, continued, events};
use ledger_core::archive::{Foot, StateRows};
use ledger_core::block::{Block, Body};
use ledger_core::certificate::Certificate;
use ledger_core::codec;
use ledger_core::contract::{Open, OpenKind, State};
use ledger_core::event::{Entry, Event};
use ledger_core::fixture::{self, Network, code, governance_key};
use ledger_core::genesis::Genesis;
use ledger_core::governance::{Change, Control};
use ledger_core::map::MapProof;
use ledger_core::membership::Member;
use ledger_core::merkle::Frontier;
use ledger_core::names::Ordinal;
use ledger_core::record::Disclosure;
use ledger_core::submission::Submission;
use serde_json::Value;

pub(super) fn add(cases: &mut Vec<Value>) {
    let network = {
        let mut network = Network::new(4);
        network.block_of(vec![fixture::event(1, ledger_core::event::Action::Employer)]);
        network
    };
    add_events(cases);
    add_governance(cases);
    add_states(cases, &network);
    add_blocks(cases, &network);
    add_genesis(cases);
    add_proofs(cases);
}

fn add_events(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "event", cases };
    let encoded = |number: usize| codec::encode(&events()[number].1);
    let event = encoded(0);
    c.no::<Event>("no event at all", Vec::new());
    c.no::<Event>("an event cut short", event[..event.len() - 1].to_vec());
    c.no::<Event>("an event with a byte too many", [&event[..], &[0]].concat());
    c.no::<Event>("no kind of event", with(&event, 0, 0));
    c.no::<Event>("the kind kept for succeed", with(&event, 0, 25));
    c.no::<Event>("a kind above all", with(&event, 0, 68));
    c.no::<Event>("schema version 0", with(&event, 1, 0));
    c.no::<Event>("a keeper that is no code", with(&event, event.len() - 1, b'x'));
    c.no::<Event>("no step", with(&encoded(11), 66, 2));
    c.no::<Event>("no target of an erase", with(&encoded(15), 67, 2));
    c.no::<Event>("evidence that is too long", replaced(&encoded(20), &[0, 0, 0, 3], &65_001_u32.to_be_bytes()));
    Cases { kind: "entry", cases: c.cases }.no::<Entry>("no kind of entry", vec![2]);
}

fn add_governance(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "change", cases };
    c.no::<Change>("no change", with(&codec::encode(&changes()[1].1), 0, 12));
    c.no::<Change>("the number below all changes", with(&codec::encode(&changes()[1].1), 0, 0));
    // Kind, node number, then the count of keys, then purpose and suite of the first.
    let rotation = codec::encode(&changes()[5].1);
    c.no::<Change>("more keys than a node may have", counted(&rotation, 5, 5));
    c.no::<Change>("a key in a change for no purpose", with(&rotation, 9, 5));
    c.no::<Change>("a key in a change of another suite", with(&rotation, 10, 2));
    let trust = codec::encode(&changes()[10].1);
    let roots = trust.len() - 8 - 4 - 2 - 4;
    c.no::<Change>("more witnesses than there may be", counted(&trust, 1, 17));
    c.no::<Change>("a witness that is too long", counted(&trust, 5, 4_097));
    c.no::<Change>("more timestamp roots than there may be", counted(&trust, roots, 9));
    c.no::<Change>("a timestamp root that is too long", counted(&trust, roots + 4, 8_193));

    let mut c = Cases { kind: "control", cases: c.cases };
    let control = codec::encode(&continued().predecessor.as_ref().unwrap().control);
    // Protocol, then two streams, then one proposal with one approval.
    let proposals = 2 + 4 + 2 * 12;
    let approvals = control.len() - 1 - 6 - 4;
    assert_eq!((control[5], control[proposals + 3], control[approvals + 3]), (2, 1, 1));
    let mut swapped = control.clone();
    swapped[6..30].rotate_left(12);
    c.no::<Control>("streams out of order", swapped);
    let mut twice = control.clone();
    twice.copy_within(6..10, 18);
    c.no::<Control>("two streams of one node", twice);
    let mut empty = control.clone();
    empty[10..18].fill(0);
    c.no::<Control>("a stream without a submission", empty);
    c.no::<Control>("an adopted that is neither 0 nor 1", with(&control, control.len() - 1, 2));
    c.no::<Control>("an open change of no kind", with(&control, proposals + 4 + 32 + 6, 10));
    c.no::<Control>("more streams than there may be", counted(&control, 2, 513));
    c.no::<Control>("more open proposals than there may be", counted(&control, proposals, 257));
    c.no::<Control>("more approvals than there may be", counted(&control, approvals, 65));
    c.no::<Control>("an approval by no code", with(&control, approvals + 4, b'x'));
}

fn add_states(cases: &mut Vec<Value>, network: &Network) {
    let mut c = Cases { kind: "state", cases };
    let state = network.map.iter().next().unwrap().1;
    let bytes = codec::encode(&state);
    c.no::<State>("no status", with(&bytes, 0, 6));
    c.no::<State>("the number below all statuses", with(&bytes, 0, 0));
    c.no::<State>("an option that is neither 0 nor 1", with(&bytes, bytes.len() - 1, 2));
    let open = |kind| Some(Open { ordinal: Ordinal(1), kind });
    let erase = codec::encode(&State { by_province: open(OpenKind::Erase), ..state });
    c.no::<State>("an open proposal of no kind", with(&erase, erase.len() - 1, 4));
    c.no::<State>("an open proposal of kind 0", with(&erase, erase.len() - 1, 0));
    let transfer = codec::encode(&State { by_province: open(OpenKind::Transfer(code("370100"))), ..state });
    c.no::<State>("an open transfer to no code", with(&transfer, transfer.len() - 1, b'x'));

    let mut c = Cases { kind: "states", cases: c.cases };
    c.no::<StateRows>("more states than a frame may hold", 65_537_u32.to_be_bytes().to_vec());
    c.no::<StateRows>("fewer states than are counted", 1_u32.to_be_bytes().to_vec());

    let mut c = Cases { kind: "frontier", cases: c.cases };
    c.no::<Frontier>("a frontier without its peak", 1_u64.to_be_bytes().to_vec());
    c.no::<Frontier>("a frontier larger than any log", [vec![0x80], vec![0; 7], vec![0; 32]].concat());
}

fn add_blocks(cases: &mut Vec<Value>, network: &Network) {
    let mut c = Cases { kind: "submission", cases };
    let submission = codec::encode(&network.submission(1, vec![events()[1].1.clone()]));
    c.no::<Submission>("more events than a submission may carry", counted(&submission, 12, 10_001));
    c.no::<Submission>("a submission without its signature", submission[..submission.len() - 64].to_vec());

    let mut c = Cases { kind: "certificate", cases: c.cases };
    let certificate = codec::encode(network.certificate.as_ref().unwrap());
    c.no::<Certificate>("more signatures than there may be", counted(&certificate, 44, 513));

    let mut c = Cases { kind: "body", cases: c.cases };
    c.no::<Body>("more submissions than a block may carry", [&[0][..], &100_001_u32.to_be_bytes()].concat());
    c.no::<Body>("a certificate that is neither there nor not", vec![2, 0, 0, 0, 0]);

    let mut c = Cases { kind: "block", cases: c.cases };
    c.no::<Block>("a block with a byte too many", [&network.blocks[0][..], &[0]].concat());
    c.no::<Block>("a block of another suite", with(&network.blocks[0], 2, 2));

    let mut c = Cases { kind: "foot", cases: c.cases };
    let foot = codec::encode(&network.foot());
    c.no::<Foot>("an empty foot", Vec::new());
    // The option, the header, then the count of changes.
    c.no::<Foot>("more changes than there may be", counted(&foot, 1 + 255, 65_537));
}

fn add_genesis(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "genesis", cases };
    let genesis = continued();
    let bytes = codec::encode(&genesis);
    let vrf = place(&bytes, &genesis.vrf.to_bytes());
    let key = |key: [u8; 32]| [&bytes[..vrf], &key[..], &bytes[vrf + 32..]].concat();
    c.no::<Genesis>("a genesis cut short", bytes[..bytes.len() - 1].to_vec());
    c.no::<Genesis>("a VRF key that is no point", key([1; 32]));
    c.no::<Genesis>("a VRF key that is the neutral point", key([0; 32]));
    c.no::<Genesis>("more sealed VRF keys than members", counted(&bytes, vrf + 32, 65));
    c.no::<Genesis>("a sealed VRF key that is too long", counted(&bytes, vrf + 32 + 4 + 6, 1_025));
    c.no::<Genesis>("a genesis of another suite", with(&bytes, 2, 2));
    c.no::<Genesis>("a name that is too long", counted(&bytes, 3, 65));

    let member = fixture::member(1, "370000");
    let bytes = codec::encode(&member);
    let key = place(&bytes, governance_key(1).public().as_bytes());
    let mut c = Cases { kind: "member", cases: c.cases };
    // Suite and governance key, the vault key, then the count of nodes.
    c.no::<Member>("more nodes than a member may have", counted(&bytes, key + 64, 9));
}

fn add_proofs(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "proof", cases };
    let depth = |depth: u16, rest: &[u8]| [&[0][..], &depth.to_be_bytes(), rest].concat();
    c.no::<MapProof>("no end of a path", vec![3, 0, 0]);
    c.no::<MapProof>("more steps than a key has bits", depth(257, &[0; 33]));
    c.no::<MapProof>("a bitmap that goes on beyond the path", depth(1, &[0x40]));
    c.no::<MapProof>("an empty sibling that is written out", depth(1, &[&[0x80][..], &[0; 32]].concat()));
    c.no::<MapProof>("a sibling that is missing", depth(1, &[0x80]));
    c.no::<MapProof>("a sibling too many", depth(1, &[&[0][..], &[1; 32]].concat()));

    let mut c = Cases { kind: "disclosure", cases: c.cases };
    // Kind 5, version 1, sixteen slots of which all are hidden.
    let hidden = [&[0][..], &[7; 32]].concat().repeat(16);
    let of = |kind, version, count: u32, slots: &[u8]| [&[kind, version], &count.to_be_bytes()[..], slots].concat();
    c.no::<Disclosure>("a disclosure of no kind of record", of(6, 1, 16, &hidden));
    c.no::<Disclosure>("a disclosure of version 0", of(5, 0, 16, &hidden));
    c.no::<Disclosure>("a disclosure of a version that is not known", of(5, 2, 16, &hidden));
    c.no::<Disclosure>("a slot that is neither hidden nor revealed", of(5, 1, 16, &with(&hidden, 0, 2)));
    c.no::<Disclosure>("more slots than a record may have", of(5, 1, 65, &hidden));
    let revealed = |option| [&[1][..], &[7; 32], option, &hidden[33..]].concat();
    c.no::<Disclosure>("a value that is neither there nor not", of(5, 1, 16, &revealed(&[2])));
    c.no::<Disclosure>("a value that is too long", of(5, 1, 16, &revealed(&[1, 0, 1, 0, 0])));
}
