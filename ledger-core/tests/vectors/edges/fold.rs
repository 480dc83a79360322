//! Single events on single states: every cell of the fold's table, who may, and what two parties do (format.md §13).

mod parties;

use super::with_heirs;
use crate::hex;
use crate::verdicts::Book;
use ledger_core::codec;
use ledger_core::contract::{Open, OpenKind, Roles, State, Status, step};
use ledger_core::event::{Action, ContractEvent, Entry, EraseTarget, Event, Step};
use ledger_core::fixture::{after_five_events as state, code, subject};
use ledger_core::membership::Membership;
use ledger_core::merkle::{LeafHash, LogIndex};
use ledger_core::names::{Commitment, NodeNumber, Ordinal, SchemaVersion, Sequence};
use serde_json::{Value, json};

pub(super) const PROVINCE: u32 = 1;
pub(super) const KEEPER: u32 = 2;
const OTHER: u32 = 3;
const STRANGER: u32 = 4;
/// Nobody answers for it.
const NOBODY: &str = "379900";
/// Removed: node 3's member answers for it.
const OF_OTHER: &str = "371200";
/// Removed: the province answers for it.
const OF_PROVINCE: &str = "371300";

const ALL: [Status; 5] = [Status::Active, Status::Suspended, Status::Ended, Status::Void, Status::Registered];

pub(super) struct Cases<'a> {
    book: &'a mut Book,
    membership: Membership,
    roles: Roles,
    /// Names of the cases so far, each once.
    names: Vec<String>,
}

/// The same, with something open of either party.
fn both_open(status: Status) -> State {
    let open = |ordinal, kind| Some(Open { ordinal: Ordinal(ordinal), kind });
    State {
        by_keeper: open(3, OpenKind::Erase),
        by_province: open(1, OpenKind::Transfer(code("370200"))),
        ..state(status, "370100")
    }
}

pub(super) fn reopen(end: u32) -> Action {
    Action::Reopen(Step::Propose(Ordinal(end)))
}

fn agree_to_reopen(cites: u32) -> Action {
    Action::Reopen(Step::Approve(Ordinal(cites)))
}

fn offer(to: &str) -> Action {
    Action::Transfer(Step::Propose(code(to)))
}

fn accept(cites: u32) -> Action {
    Action::Transfer(Step::Approve(Ordinal(cites)))
}

fn erase(cites: u32) -> Action {
    Action::Erase(Step::Propose(EraseTarget::Event(Ordinal(cites))))
}

fn erase_leaf() -> Action {
    Action::Erase(Step::Propose(EraseTarget::Leaf(LeafHash([0x1e; 32]))))
}

fn agree_to_erase(cites: u32) -> Action {
    Action::Erase(Step::Approve(Ordinal(cites)))
}

fn new(keeper: &str) -> Action {
    Action::New { keeper: code(keeper) }
}

fn void(cites: u32) -> Action {
    Action::Void { cites: Ordinal(cites) }
}

/// One event of every kind and form that takes no second party's word, with its words.
fn actions() -> Vec<(String, Action)> {
    let mut actions = vec![
        ("new for 370100".to_owned(), new("370100")),
        ("new for 370200".to_owned(), new("370200")),
        ("renew".to_owned(), Action::Renew),
        ("dissolve".to_owned(), Action::Dissolve),
        ("terminate".to_owned(), Action::Terminate),
        ("employer".to_owned(), Action::Employer),
        ("amend".to_owned(), Action::Amend),
        ("suspend".to_owned(), Action::Suspend),
        ("resume".to_owned(), Action::Resume),
    ];
    // The first, one above the last new, the last new, the last, its own, and one above.
    for cites in [0, 1, 2, 4, 5, 6] {
        actions.push((format!("void {cites}"), void(cites)));
    }
    for cites in [0, 4, 5, 6] {
        actions.push((format!("correct {cites}"), Action::Correct { cites: Ordinal(cites) }));
        actions.push((format!("attach {cites}"), Action::Attach { cites: Ordinal(cites) }));
        actions.push((format!("erase {cites}"), erase(cites)));
    }
    for end in [3, 4, 5] {
        actions.push((format!("reopen {end}"), reopen(end)));
    }
    for to in ["370000", "370100", "370200", OF_OTHER, NOBODY] {
        actions.push((format!("transfer to {to}"), offer(to)));
    }
    actions.push(("erase a leaf hash".to_owned(), erase_leaf()));
    actions
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Suspended => "suspended",
        Status::Ended => "ended",
        Status::Void => "void",
        Status::Registered => "registered",
    }
}

fn actor(node: u32) -> &'static str {
    match node {
        PROVINCE => "the province",
        KEEPER => "370100",
        OTHER => "370200",
        _ => "370300",
    }
}

impl<'a> Cases<'a> {
    pub(super) fn new(book: &'a mut Book) -> Self {
        let membership = with_heirs();
        book.name("membership with two heirs", codec::encode(&membership));
        let roles = Roles::of(&membership);
        Self { book, membership, roles, names: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &str, before: Option<State>, node: u32, action: Action) -> Option<State> {
        assert!(!self.names.iter().any(|known| known == name), "{name} twice");
        self.names.push(name.to_owned());
        let number = self.names.len() as u64;
        let commitment = Commitment([0xc0; 32]);
        let event =
            Event::Contract(ContractEvent { version: SchemaVersion::V1, subject: subject(1), commitment, action });
        let entry =
            Entry::Event { stream: NodeNumber(node), sequence: Sequence(number), position: 0, event: event.clone() };
        let member = self.membership.node(NodeNumber(node)).unwrap().0.code;
        let index = LogIndex(1_000 + number);
        let folded = step(before.as_ref(), self.roles.actor(member), &action, &entry.leaf_hash(), index);
        let after = folded.state.or(before);
        let bytes = |state: &State| hex(codec::encode(state));
        let membership = self.book.parts_of(&codec::encode(&self.membership));
        let outcome = crate::edges::outcome(folded.outcome);
        self.book.push(json!({
            "name": name,
            "kind": "fold",
            "membership": membership,
            "before": before.as_ref().map(bytes),
            "entry": hex(codec::encode(&entry)),
            "index": index.0,
            "outcome": outcome,
            "after": after.as_ref().map_or(Value::Null, |state| json!(bytes(state))),
        }));
        after
    }
}

pub(super) fn add(book: &mut Book) {
    let mut cases = Cases::new(book);
    table(&mut cases);
    without_a_state(&mut cases);
    begun_again(&mut cases);
    heirs(&mut cases);
    full(&mut cases);
    large(&mut cases);
    parties::add(&mut cases);
}

/// Every event on every status, by the keeper and by the province; by a stranger on one.
fn table(cases: &mut Cases<'_>) {
    for status in ALL {
        for (words, action) in actions() {
            for node in [KEEPER, PROVINCE] {
                let name = format!("{}: {words}, by {}", status_name(status), actor(node));
                cases.add(&name, Some(state(status, "370100")), node, action);
            }
        }
    }
    for (words, action) in actions() {
        cases.add(&format!("void: {words}, by a stranger"), Some(state(Status::Void, "370100")), STRANGER, action);
    }
    // What is ended twice over: the end that counts is the last one, and what was open stays.
    for status in ALL {
        for (words, action) in [("dissolve", Action::Dissolve), ("void 2", void(2)), ("suspend", Action::Suspend)] {
            let name = format!("{}, both parties have something open: {words}", status_name(status));
            cases.add(&name, Some(both_open(status)), KEEPER, action);
        }
    }
}

fn without_a_state(cases: &mut Cases<'_>) {
    for (words, action) in actions() {
        for node in [KEEPER, PROVINCE] {
            cases.add(&format!("no state: {words}, by {}", actor(node)), None, node, action);
        }
    }
    for (words, action) in [
        ("reopen: approves 0", agree_to_reopen(0)),
        ("transfer: approves 0", accept(0)),
        ("erase: approves 0", agree_to_erase(0)),
    ] {
        cases.add(&format!("no state: {words}"), None, KEEPER, action);
    }
    for (node, keeper) in [
        (OTHER, OF_OTHER),
        (KEEPER, OF_OTHER),
        (PROVINCE, OF_OTHER),
        (PROVINCE, OF_PROVINCE),
        (OTHER, OF_PROVINCE),
        (PROVINCE, NOBODY),
        (KEEPER, NOBODY),
        (PROVINCE, "370000"),
        (KEEPER, "370000"),
    ] {
        cases.add(&format!("no state: new for {keeper} by {}", actor(node)), None, node, new(keeper));
    }
    cases.add("no state: employer, by the heir of two", None, OTHER, Action::Employer);
}

/// Void subjects that begin again.
fn begun_again(cases: &mut Cases<'_>) {
    let ended_once = State { ended_by: Some(Ordinal(4)), ..both_open(Status::Void) };
    for (node, keeper) in [
        (KEEPER, "370100"),
        (KEEPER, "370200"),
        (PROVINCE, "370100"),
        (PROVINCE, "370200"),
        (PROVINCE, "370000"),
        (PROVINCE, OF_OTHER),
        (PROVINCE, NOBODY),
        (STRANGER, "370300"),
    ] {
        let name = format!("void, with an end and proposals left: new for {keeper}, by {}", actor(node));
        cases.add(&name, Some(ended_once), node, new(keeper));
    }
    for node in [KEEPER, PROVINCE, STRANGER] {
        let name = format!("void, with an end and proposals left: employer, by {}", actor(node));
        cases.add(&name, Some(ended_once), node, Action::Employer);
    }
    let of_removed = State { keeper: code(OF_OTHER), ..ended_once };
    for (node, action) in [(OTHER, Action::Employer), (OTHER, new(OF_OTHER)), (OTHER, new("370200"))] {
        let name = format!("void, kept by a removed member: {} by its heir", hex(codec::encode(&action_byte(&action))));
        cases.add(&name, Some(of_removed), node, action);
    }
}

/// Something short to tell events by.
fn action_byte(action: &Action) -> Vec<u8> {
    let Action::New { keeper } = action else { return vec![5] };
    keeper.to_string().into_bytes()
}

/// Who answers for a keeper that was removed.
fn heirs(cases: &mut Cases<'_>) {
    for (keeper, of) in [(OF_OTHER, "a city"), (OF_PROVINCE, "the province"), (NOBODY, "nobody")] {
        for node in [PROVINCE, OTHER, KEEPER] {
            for (words, action) in [
                ("renew", Action::Renew),
                ("void 2", void(2)),
                ("void 4", void(4)),
                ("erase 1", erase(1)),
                ("transfer to 370300", offer("370300")),
                ("transfer to its own code", offer(keeper)),
                ("transfer to 370200", offer("370200")),
                ("transfer to 370000", offer("370000")),
            ] {
                let name = format!("active, whose keeper is {of}'s: {words}, by {}", actor(node));
                cases.add(&name, Some(state(Status::Active, keeper)), node, action);
            }
            let name = format!("ended, whose keeper is {of}'s: reopen 4, by {}", actor(node));
            cases.add(&name, Some(state(Status::Ended, keeper)), node, reopen(4));
        }
    }
}

/// The last counts of a subject.
fn full(cases: &mut Cases<'_>) {
    let at = |count, keeper| State { count, ..state(Status::Active, keeper) };
    let last_of_keepers = u32::MAX - 65_535;
    for (node, of) in [(KEEPER, "keeper"), (PROVINCE, "province")] {
        for count in [last_of_keepers - 1, last_of_keepers, last_of_keepers + 1, u32::MAX - 1, u32::MAX] {
            let name = format!("count {count}: renew, by the {of}");
            cases.add(&name, Some(at(count, "370100")), node, Action::Renew);
        }
        let name = format!("count {}: void of the last, by the {of}", u32::MAX - 1);
        cases.add(&name, Some(at(u32::MAX - 1, "370100")), node, void(u32::MAX - 2));
    }
    cases.add("count 2^32 - 1: a stranger may not", Some(at(u32::MAX, "370100")), STRANGER, Action::Renew);
    for count in [last_of_keepers - 1, last_of_keepers] {
        let offered = State {
            by_province: Some(Open { ordinal: Ordinal(3), kind: OpenKind::Transfer(code("370200")) }),
            ..at(count, "370000")
        };
        let name = format!("count {count}: who is offered the subject accepts");
        cases.add(&name, Some(offered), OTHER, accept(3));
    }
    for count in [u32::MAX - 1, u32::MAX] {
        let name = format!("count {count}: renew, by the province, which keeps it");
        cases.add(&name, Some(at(count, "370000")), PROVINCE, Action::Renew);
    }
}

/// Numbers that no chain reaches, and that the state's bytes can hold.
fn large(cases: &mut Cases<'_>) {
    for last in [(1 << 53) - 1, 1 << 53, u64::MAX] {
        let before = State { last_index: LogIndex(last), ..state(Status::Active, "370100") };
        cases.add(&format!("the last log index was {last}: renew"), Some(before), KEEPER, Action::Renew);
        cases.add(&format!("the last log index was {last}: a stranger renews"), Some(before), STRANGER, Action::Renew);
    }
}
