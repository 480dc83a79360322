//! One block's governance: which proposals and approvals count, and what is left of them (format.md §9).

mod changes;
mod ends;
mod proposals;

use super::{edited, with_nodes};
use crate::hex;
use crate::verdicts::Book;
use ledger_core::codec::{self, List};
use ledger_core::crypto::ChainId;
use ledger_core::event::Event;
use ledger_core::fixture::{self, Governed, code, govern, governance_key};
use ledger_core::governance::{Approve, Change, Control, OpenProposal, Propose, Stream};
use ledger_core::membership::{Heir, Membership, Parameters};
use ledger_core::names::{Height, NodeNumber, PROTOCOL, ProposalId, Sequence};
use serde_json::{Value, json};

const CHAIN: ChainId = ChainId([0x11; 32]);
/// Of the block.
const H: u64 = 100;
const CODES: [&str; 4] = ["370000", "370100", "370200", "370300"];

/// Four members with 3, 2, 1 and 0 of 6 votes; the province's stand on two nodes, 1 and 5. 370400 was removed, and
/// 370100 answers for it.
fn members() -> Membership {
    let nodes: [&[(u32, u32)]; 4] = [&[(1, 2), (5, 1)], &[(2, 2)], &[(3, 1)], &[(4, 0)]];
    let members = (1..).zip(CODES).zip(nodes).map(|((number, code), nodes)| with_nodes(number, code, nodes));
    edited(&fixture::membership(members.collect(), Parameters::default()), |draft| {
        draft.heirs.push(Heir { removed: code("370400"), heir: code("370100") }).unwrap();
    })
}

/// A proposal that stands open below the block.
fn open(proposer: &str, change: &Change, effective: u64, approvals: &[&str], adopted: bool) -> OpenProposal {
    OpenProposal {
        id: change.id(Height(effective)),
        proposer: code(proposer),
        change: change.clone().into(),
        effective: Height(effective),
        approvals: List::new(approvals.iter().map(|of| code(of)).collect()).unwrap(),
        adopted,
    }
}

fn id(change: &Change, effective: u64) -> ProposalId {
    change.id(Height(effective))
}

/// Node 3 gets so many votes.
fn power(votes: u32) -> Change {
    Change::SetPower(NodeNumber(3), votes)
}

fn withdraw(change: &Change, effective: u64) -> Change {
    Change::Withdraw(id(change, effective))
}

fn propose(change: &Change, effective: u64) -> Event {
    Event::Propose(Box::new(Propose { change: change.clone().into(), effective: Height(effective) }))
}

/// By the member's own key.
fn approve(member: usize, proposal: ProposalId) -> Event {
    approve_with(member, member, proposal)
}

/// By the key of another, in the member's name.
fn approve_with(key: usize, member: usize, proposal: ProposalId) -> Event {
    let key = governance_key(u32::try_from(key).unwrap());
    Event::Approve(Approve::sign(&CHAIN, &key, code(CODES[member - 1]), proposal))
}

struct Cases<'a> {
    book: &'a mut Book,
    names: Vec<String>,
    membership: Membership,
}

/// Events of a block, each with the node that submits it, and how often it stands there.
type Events = Vec<(u32, Event, usize)>;

fn once(events: Vec<(u32, Event)>) -> Events {
    events.into_iter().map(|(node, event)| (node, event, 1)).collect()
}

impl Cases<'_> {
    /// The block of height 100, by four members.
    fn add(&mut self, name: &str, open: &[OpenProposal], events: Vec<(u32, Event)>) -> Governed {
        let membership = self.membership.clone();
        self.case(name, &membership, H, open, once(events))
    }

    fn case(
        &mut self,
        name: &str,
        membership: &Membership,
        height: u64,
        open: &[OpenProposal],
        events: Events,
    ) -> Governed {
        assert!(!self.names.iter().any(|known| known == name), "{name} twice");
        self.names.push(name.to_owned());
        let mut control = Control::new(PROTOCOL);
        let streams = membership.nodes().map(|(_, node)| node.number).collect::<std::collections::BTreeSet<_>>();
        control.streams =
            List::new(streams.into_iter().map(|node| Stream { node, last: Sequence(u64::from(node.0) + 7) }).collect())
                .unwrap();
        control.proposals = List::new(open.to_vec()).unwrap().into();
        let each: Vec<_> = events
            .iter()
            .flat_map(|(node, event, times)| std::iter::repeat_n((NodeNumber(*node), event.clone()), *times))
            .collect();
        let governed = govern(&CHAIN, Height(height), membership, &control, &each);
        let mut outcomes = governed.outcomes.iter();
        let mut told: Vec<Value> = Vec::new();
        for (node, event, times) in &events {
            let of_each: Vec<_> = outcomes.by_ref().take(*times).map(|outcome| super::outcome(*outcome)).collect();
            // Where the same event stands often, each run of one outcome is told by itself.
            for run in of_each.chunk_by(|one, next| one == next) {
                let mut event = json!({ "stream": node, "event": hex(codec::encode(event)), "outcome": run[0] });
                if run.len() > 1 {
                    event["times"] = json!(run.len());
                }
                told.push(event);
            }
        }
        let [before, after] = [&control, &governed.control].map(|control| self.parts_of_control(control));
        let [membership, next] = [membership, &governed.next].map(|of| self.book.parts_of(&codec::encode(of)));
        self.book.push(json!({
            "name": name,
            "kind": "governance",
            "chain": CHAIN.to_string(),
            "height": height,
            "membership": membership,
            "control": before,
            "events": told,
            "after": after,
            "next": next,
        }));
        governed
    }

    fn parts_of_control(&mut self, control: &Control) -> Vec<String> {
        self.book.parts_of(&codec::encode(control))
    }
}

pub(super) fn add(book: &mut Book) {
    let membership = members();
    for member in membership.members() {
        book.name(&format!("member {}", member.code), codec::encode(member));
    }
    book.name("membership with 3, 2, 1 and 0 votes", codec::encode(&membership));
    let mut cases = Cases { book, names: Vec::new(), membership };
    proposals::add(&mut cases);
    ends::add(&mut cases);
    changes::add(&mut cases);
}
