//! Geneses that go on from another chain: what binds them, and which streams go on.

use crate::hex;
use crate::structures::changes;
use crate::verdicts::Book;
use ledger_core::codec::{self, List};
use ledger_core::event::Action;
use ledger_core::fixture::{self, Network, certify, code};
use ledger_core::genesis::{Genesis, GenesisDraft, Predecessor};
use ledger_core::governance::{Change, OpenProposal};
use ledger_core::membership::{Heir, Member, Membership, MembershipDraft};
use ledger_core::names::{Height, NodeNumber, Protocol, Timestamp};
use serde_json::json;

/// Five members of whom one was removed; two nodes of four have a stream.
fn old() -> Network {
    let mut network = Network::new(5);
    network.govern(Change::RemoveMember(code("370300"), code("370100")), Height(2));
    let submissions =
        [1, 3, 5].map(|node| network.submission(node, vec![fixture::event(u64::from(node), Action::Employer)]));
    network.block(submissions.to_vec());
    network
}

/// One in which every object of JSON stands, and every change is proposed.
pub(super) fn of_everything() -> Genesis {
    let network = old();
    fixture::edited(&network.successor(), |genesis| {
        let old = genesis.predecessor.as_mut().unwrap();
        let open = |(at, (_, change)): (usize, (&str, Change))| OpenProposal {
            id: change.id(Height(9)),
            proposer: code("370000"),
            change: change.into(),
            effective: Height(9),
            approvals: List::new(if at == 1 { vec![code("370100")] } else { vec![] }).unwrap(),
            adopted: at == 2,
        };
        let without_node = Change::AddMember(Member { nodes: List::default(), ..fixture::member(7, "370600") }.into());
        let all = changes().into_iter().chain([("", without_node), ("", Change::SetPower(NodeNumber(3), 0))]);
        old.control.proposals = List::new(all.enumerate().map(open).collect()).unwrap().into();
        old.header.control = old.control.hash();
        certify(old);
    })
}

pub(in crate::edges) struct Cases<'a> {
    book: &'a mut Book,
    good: Genesis,
}

impl<'a> Cases<'a> {
    /// Edits of one genesis that goes on.
    pub(in crate::edges) fn new(book: &'a mut Book) -> Self {
        Self { book, good: old().successor() }
    }

    /// A genesis that was edited: whether it is one, and with which control state its chain begins.
    fn add(&mut self, name: &str, holds: bool, edit: impl FnOnce(&mut GenesisDraft)) {
        let mut draft = self.good.draft().clone();
        edit(&mut draft);
        draft.sealed_vrf = fixture::sealed_vrf(&draft.membership);
        let bytes = codec::encode(&draft);
        let mut case = json!({ "name": name, "kind": "founding", "genesis": self.book.parts_of(&bytes) });
        match codec::decode::<Genesis>(&bytes) {
            Ok(genesis) if holds => {
                let network = Network::from_genesis(genesis);
                case["hash"] = json!(network.genesis.chain_id().to_string());
                case["network"] = json!(network.genesis.network_id().to_string());
                case["control"] = json!(hex(codec::encode(network.tip.control())));
            }
            Err(why) if !holds => case["error"] = json!(why.to_string()),
            judged => panic!("{name}: {judged:?}"),
        }
        self.book.push(case);
    }

    fn membership(&mut self, name: &str, holds: bool, edit: impl FnOnce(&mut MembershipDraft)) {
        self.add(name, holds, |genesis| {
            let mut draft = genesis.membership.draft().clone();
            edit(&mut draft);
            genesis.membership = Membership::new(draft).unwrap();
        });
    }

    pub(in crate::edges) fn old(&mut self, name: &str, holds: bool, edit: impl FnOnce(&mut Predecessor)) {
        self.add(name, holds, |genesis| {
            let old = genesis.predecessor.as_mut().unwrap();
            edit(old);
            certify(old);
        });
    }
}

pub(super) fn add(book: &mut Book) {
    let good = old().successor();
    book.name("genesis that goes on", codec::encode(&good));
    let before = good.predecessor.as_ref().unwrap();
    for member in good.membership.members() {
        book.name(&format!("member {} of the old chain", member.code), codec::encode(member));
    }
    book.name("members at the old tip", codec::encode(&before.next));
    book.name("what the genesis names of the old chain", codec::encode(before));
    book.name("changes of the old chain", codec::encode(&before.changes));
    book.name("VRF key and empty boxes", {
        let of = |genesis: &Genesis| codec::encode(genesis);
        let bytes = of(&good);
        let tail = 32 + 4 + good.sealed_vrf.len() * (6 + 4 + 3);
        bytes[bytes.len() - tail..].to_vec()
    });
    let mut cases = Cases::new(book);
    times(&mut cases);
    numbers(&mut cases);
    heirs(&mut cases);
    streams(&mut cases);
    of_the_old(&mut cases);
}

fn times(cases: &mut Cases<'_>) {
    let tip = cases.good.predecessor.as_ref().unwrap().header.time.0;
    for (name, time, holds) in [("before", tip - 1, false), ("of", tip, true), ("behind", tip + 1, true)] {
        cases.add(&format!("a time {name} the predecessor's"), holds, |genesis| genesis.time = Timestamp(time));
    }
}

/// At the old tip the next number is 6; node 4 was removed, with its member.
fn numbers(cases: &mut Cases<'_>) {
    for (next, holds) in [(5, false), (6, true), (7, true), (6 + 1_024, true), (6 + 1_025, false)] {
        cases.membership(&format!("the next node number is {next}, where it was 6"), holds, |draft| {
            draft.next_node = NodeNumber(next);
            // Node 5 goes, so that the number could be lower.
            draft.members.iter_mut().for_each(|member| member.nodes.retain(|node| node.number.0 < 5));
        });
    }
    let given = |number: u32, to: &'static str| {
        move |draft: &mut MembershipDraft| {
            draft.next_node = NodeNumber(9);
            let members = draft.members.iter_mut().filter(|member| member.code == code(to));
            members.for_each(|member| {
                member.nodes.retain(|node| node.number.0 == 0);
                member
                    .nodes
                    .push(ledger_core::membership::Node { number: NodeNumber(number), ..fixture::node(30) })
                    .unwrap();
            });
        }
    };
    for (number, to, holds) in [
        (0, "370100", false),
        (2, "370100", true),
        (4, "370100", false),
        (5, "370400", true),
        (6, "370100", true),
        (8, "370100", true),
    ] {
        cases.membership(&format!("{to} has node {number} alone, with other keys"), holds, given(number, to));
    }
    cases.membership("two members have changed their nodes", false, |draft| {
        let mut nodes = draft.members.iter().map(|member| member.nodes.clone()).collect::<Vec<_>>();
        nodes.swap(1, 2);
        draft.members.iter_mut().zip(nodes).for_each(|(member, nodes)| member.nodes = nodes);
    });
    cases.membership("a removed member comes back with its number", false, |draft| {
        draft.heirs = List::default();
        draft.members.push(fixture::member(4, "370300")).unwrap();
    });
    cases.membership("a removed member comes back with a new number", true, |draft| {
        draft.heirs = List::default();
        draft.next_node = NodeNumber(7);
        draft.members.push(fixture::member(6, "370300")).unwrap();
    });
}

fn heirs(cases: &mut Cases<'_>) {
    let removed = |draft: &mut MembershipDraft, heirs: &[(&str, &str)]| {
        let heir = |(removed, heir): &(&str, &str)| Heir { removed: code(removed), heir: code(heir) };
        draft.heirs = List::new(heirs.iter().map(heir).collect()).unwrap();
        let gone = |of: &Member| heirs.iter().any(|(removed, _)| of.code == code(removed));
        draft.members.retain(|member| !gone(member));
    };
    for (name, heirs, holds) in [
        ("one more is removed", &[("370200", "370000"), ("370300", "370100")][..], true),
        ("the heir is removed, and another answers for both", &[("370100", "370200"), ("370300", "370200")], true),
        ("the heir is removed, and two others answer", &[("370100", "370200"), ("370300", "370000")], true),
        ("another heir, though the one before is there", &[("370300", "370200")], false),
        ("a code that was nobody's is removed", &[("370300", "370100"), ("370700", "370000")], true),
        ("nobody answers for the one that was removed", &[], false),
    ] {
        cases.membership(name, holds, |draft| removed(draft, heirs));
    }
    cases.membership("a member is gone, and nobody answers for it", false, |draft| {
        draft.members.retain(|member| member.code != code("370200"));
    });
    cases.membership("a member is new", true, |draft| {
        draft.members.push(Member { nodes: List::default(), ..fixture::member(8, "370800") }).unwrap();
    });
    cases.membership("another province", false, |draft| draft.province = code("370100"));
}

/// Those of nodes that are still there go on.
fn streams(cases: &mut Cases<'_>) {
    cases.membership("all nodes go on", true, |_| {});
    for number in [1, 3, 5] {
        cases.membership(&format!("node {number} is gone"), true, |draft| {
            draft.members.iter_mut().for_each(|member| member.nodes.retain(|node| node.number.0 != number));
        });
    }
}

fn of_the_old(cases: &mut Cases<'_>) {
    cases.old("a header of another proposer", true, |old| old.header.proposer = NodeNumber(77));
    cases.old("a header of height 1", true, |old| old.header.height = Height(1));
    cases.old("a header of height 0", false, |old| old.header.height = Height(0));
    cases.old("a header of the last height", true, |old| old.header.height = Height((1 << 53) - 1));
    cases.old("a header of a newer protocol", false, |old| old.header.protocol = Protocol(2));
    cases.old("a control state that asks for a newer protocol", true, |old| {
        old.control.protocol = Protocol(2);
        old.header.control = old.control.hash();
    });
    cases.old("without its changes", true, |old| old.changes = List::default());
    cases.old("another network", true, |old| old.network.0 = [7; 32]);
    cases.old("the old chain's id is another", true, |old| old.header.chain.0 = [7; 32]);
    cases.old("signers that are not those who were there, and have signed", true, |old| {
        old.signers = fixture::Network::new(2).genesis.membership.clone();
    });
}
