//! Geneses that start no chain, although they are well encoded.

use super::Cases;
use crate::structures::continued;
use ledger_core::codec::{self, List, Text};
use ledger_core::crypto::ChainId;
use ledger_core::fixture::{self, certify, code};
use ledger_core::genesis::{Genesis, GenesisDraft, Predecessor, SealedVrf};
use ledger_core::governance::Control;
use ledger_core::membership::{Heir, Member, Membership, MembershipDraft, Parameters};
use ledger_core::merkle::{Frontier, LogRoot};
use ledger_core::names::{ControlHash, Height, MembershipHash, NodeNumber, PROTOCOL, Protocol, Sequence, Timestamp};
use serde_json::Value;

pub(super) fn add(cases: &mut Vec<Value>) {
    let mut c = Cases { kind: "genesis", cases };
    let good = continued();
    let mut refuse = |name: &str, edit: &dyn Fn(&mut GenesisDraft)| {
        let mut draft = good.draft().clone();
        edit(&mut draft);
        let bytes = codec::encode(&draft);
        let why = codec::decode::<Genesis>(&bytes).expect_err(name);
        c.push(name, bytes, why);
    };
    refuse("a protocol that is not known", &|genesis| genesis.protocol = Protocol(2));
    refuse("a protocol of 0", &|genesis| genesis.protocol = Protocol(0));
    for (name, text) in [
        ("an empty name", ""),
        ("a name with white space", "luqi example"),
        ("a name with white space beyond ASCII", "luqi\u{3000}example"),
        ("a name with a plus", "luqi+example"),
        ("a name with a control character", "luqi\u{1b}"),
        ("a name that turns its direction", "luqi\u{202e}"),
    ] {
        refuse(name, &|genesis| genesis.name = Text::new(text).unwrap());
    }
    refuse("a time of 2^53", &|genesis| genesis.time = Timestamp(1 << 53));
    sealed(&mut refuse);
    let time = good.predecessor.as_ref().unwrap().header.time;
    refuse("a time before the predecessor's", &|genesis| genesis.time = Timestamp(time.0 - 1));
    parts(&mut refuse);
    continuation(&mut refuse);
}

type Refuse<'a> = &'a mut dyn FnMut(&str, &dyn Fn(&mut GenesisDraft));

fn sealed(refuse: Refuse<'_>) {
    let edited = |edit: fn(&mut Vec<SealedVrf>)| {
        move |genesis: &mut GenesisDraft| {
            let mut boxes = genesis.sealed_vrf.to_vec();
            edit(&mut boxes);
            genesis.sealed_vrf = List::new(boxes).unwrap();
        }
    };
    refuse("a member without a sealed VRF key", &edited(|boxes| _ = boxes.pop()));
    refuse("two sealed VRF keys of a member", &edited(|boxes| boxes.push(boxes[2].clone())));
    refuse("sealed VRF keys out of order", &edited(|boxes| boxes.swap(0, 1)));
    refuse("a sealed VRF key of no member", &edited(|boxes| boxes[2].member = code("379900")));
}

fn parts(refuse: Refuse<'_>) {
    let mut old = |name: &str, edit: &dyn Fn(&mut Predecessor)| {
        refuse(name, &|genesis| edit(genesis.predecessor.as_mut().unwrap()));
    };
    old("a predecessor's frontier of another size", &|old| old.frontier = Frontier::default());
    old("a predecessor's frontier of another root", &|old| {
        old.header.log_root = LogRoot([1; 32]);
        certify(old);
    });
    old("another control state of the predecessor", &|old| old.control = Control::new(PROTOCOL));
    old("a predecessor's header with another control hash", &|old| {
        old.header.control = ControlHash([1; 32]);
        certify(old);
    });
    old("another next membership of the predecessor", &|old| {
        old.next = fixture::Network::new(4).genesis.membership.clone();
    });
    old("a predecessor's header with another next membership", &|old| {
        old.header.next_membership = MembershipHash([1; 32]);
        certify(old);
    });
    old("a predecessor's certificate of another height", &|old| old.certificate.height = Height(9));
    old("a predecessor's certificate of another block", &|old| old.certificate.block.0[0] ^= 1);
    old("a predecessor's certificate with too few signatures", &|old| {
        old.certificate.signatures = List::new(old.certificate.signatures[..1].to_vec()).unwrap();
    });
    old("a predecessor's certificate by others than its signers", &|old| {
        let members = vec![fixture::member(9, "370000")];
        old.signers = fixture::membership(members, Parameters::default());
    });
    old("a predecessor's header of another chain", &|old| old.header.chain = ChainId([1; 32]));
    old("a predecessor's sequence of 2^53", &|old| {
        old.control.streams.iter_mut().for_each(|stream| stream.last = Sequence(1 << 53));
        old.header.control = old.control.hash();
        certify(old);
    });
    old("a predecessor's header at height 0", &|old| {
        old.header.height = Height(0);
        certify(old);
    });
    old("a predecessor whose blocks follow a newer protocol", &|old| {
        old.header.protocol = Protocol(2);
        certify(old);
    });
}

fn continuation(refuse: Refuse<'_>) {
    let mut membership = |name: &str, edit: &dyn Fn(&mut MembershipDraft)| {
        refuse(name, &|genesis| {
            let mut draft = genesis.membership.draft().clone();
            edit(&mut draft);
            genesis.membership = Membership::new(draft).unwrap();
            genesis.sealed_vrf = fixture::sealed_vrf(&genesis.membership);
        });
    };
    // Node 4 was of 370300, which was removed, and whose heir is 370100.
    let node = || List::new(vec![fixture::node(4)]).unwrap();
    membership("the node number of a removed member for a new one", &|draft| {
        draft.members.push(Member { nodes: node(), ..fixture::member(9, "370500") }).unwrap();
    });
    membership("the node number of a removed member for its heir", &|draft| {
        draft.members.iter_mut().skip(1).take(1).for_each(|heir| heir.nodes.push(fixture::node(4)).unwrap());
    });
    membership("a member that comes back with its old node number", &|draft| {
        draft.heirs = List::default();
        draft.members.push(fixture::member(4, "370300")).unwrap();
    });
    membership("a next node number far above the predecessor's", &|draft| {
        draft.next_node = NodeNumber(draft.next_node.0 + 1025);
    });
    membership("a removed member without an heir", &|draft| draft.heirs = List::default());
    membership("a member that is gone without an heir", &|draft| {
        draft.members.retain(|member| member.code != code("370200"));
    });
    membership("another province", &|draft| draft.province = code("370100"));
    membership("another heir, though the one before is still a member", &|draft| {
        draft.heirs.iter_mut().for_each(|heir| heir.heir = code("370000"));
    });
    membership("a lower next node number", &|draft| {
        draft.members.retain(|member| member.code != code("370200"));
        draft.heirs.push(Heir { removed: code("370200"), heir: code("370000") }).unwrap();
        draft.next_node = NodeNumber(4);
    });
}
