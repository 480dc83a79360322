use super::*;
use crate::chain::Chain;
use crate::intake::member::{Member, Taken};
use crate::intake::reader::ReadMessage;
use crate::keys::{KeyName, NodeKeys};
use crate::outbox::Outbox;
use crate::store::StoreConfig;
use ledger_core::certificate::Certificate;
use ledger_core::event::{Action, Evidence};
use ledger_core::membership::Purpose;
use ledger_core::names::{Round, Sequence};
use ledger_core::submission::Submission;

/// A province and a city, each with a node; the city's home, and everybody's keys.
pub(super) struct Pair {
    pub(super) root: tempfile::TempDir,
    pub(super) members: Vec<MemberKeys>,
}

pub(super) const CITY: NodeNumber = NodeNumber(2);
pub(super) const PROVINCE: NodeNumber = NodeNumber(1);

impl Pair {
    pub(super) fn new(parameters: Parameters) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut rng = system_rng();
        let members: Vec<_> = (0..2).map(|_| MemberKeys::draw(1, &mut rng)).collect();
        let applications: Vec<_> = members
            .iter()
            .zip(["370000", "370100"])
            .map(|(keys, code)| {
                let code = code.parse().unwrap();
                keys.apply(&Applicant { code, name_zh: "成员", name_en: "Member", powers: &[1] }).unwrap()
            })
            .collect();
        let genesis = collect(
            &applications,
            Founding { parameters, ..Founding::new("two.luqi.example", Timestamp(1)) },
            &mut rng,
        )
        .unwrap();
        let home = Home::create(root.path(), genesis, &members[1].nodes[0], &members[1].vault).unwrap();
        assert_eq!(home.node(), CITY);
        Self { root, members }
    }

    /// The city's node in a folder.
    pub(super) fn open(&self, root: &Path) -> Running<'_> {
        let home = Home::open(root).unwrap();
        let chain = Chain::open(&home.ledger(), home.genesis().clone(), StoreConfig::default()).unwrap();
        let outbox = Outbox::open(&home.outbox()).unwrap();
        let member = Member::open(&home, chain.clone(), outbox.clone(), Consent::default()).unwrap();
        Running { pair: self, home, chain, outbox, member }
    }

    /// A submission of a node that it signed elsewhere.
    pub(super) fn sign(&self, chain: &Chain, node: NodeNumber, sequence: u64, events: Vec<Event>) -> Submission {
        let key = self.members[node.0 as usize - 1].nodes[0].key(Purpose::Submission);
        Submission::sign(&chain.latest().tip.chain(), key, node, Sequence(sequence), events).unwrap()
    }

    pub(super) fn commit(&self, chain: &Chain, submissions: Vec<Submission>) {
        let checked = chain.assemble(PROVINCE, submissions).unwrap();
        let after = checked.after();
        let keys = self.members.iter().map(|member| member.nodes[0].key(Purpose::Consensus));
        let signers: Vec<_> = [PROVINCE, CITY].into_iter().zip(keys).collect();
        let certificate = Certificate::sign(&after.chain(), after.height(), Round(0), after.hash(), &signers);
        chain.commit(checked, certificate).unwrap();
    }
}

/// The city's node at work, without its network.
pub(super) struct Running<'a> {
    pub(super) pair: &'a Pair,
    pub(super) home: Home,
    pub(super) chain: Chain,
    pub(super) outbox: Outbox,
    pub(super) member: Member,
}

impl Running<'_> {
    pub(super) fn take(&mut self, texts: &[&str]) -> Vec<Taken> {
        let messages = texts.iter().map(|text| self.read(text.as_bytes())).collect();
        self.member.take(messages).unwrap()
    }

    fn read(&self, bytes: &[u8]) -> ReadMessage {
        Reader { config: Arc::new(config()), tags: self.member.desk.tags.clone() }.read_one(bytes.to_vec())
    }

    /// What waits in the outbox.
    pub(super) fn waiting(&self) -> Vec<Submission> {
        self.outbox.from(Sequence(0), usize::MAX, usize::MAX).unwrap()
    }

    /// Blocks of what waits, until nothing does.
    fn settle(&mut self) {
        loop {
            let last = self.chain.latest().tip.control().last_sequence(CITY);
            let next = self.outbox.from(last.next(), 2, usize::MAX).unwrap();
            if !next.is_empty() {
                self.pair.commit(&self.chain, next);
            }
            self.learn();
            if self.outbox.is_empty() {
                return;
            }
        }
    }

    pub(super) fn learn(&mut self) {
        self.member.learn().unwrap();
        if self.member.is_due() {
            self.member.catch_up().unwrap();
        }
    }

    pub(super) fn states(&self, taken: &Taken) -> Vec<ItemState> {
        self.member.tracker().unwrap().find(&taken.id).unwrap().items
    }

    fn story(&self) -> Vec<(Subject, RecordKind, Outcome)> {
        story_of(self.chain.store(), self.chain.latest().tip.height(), &self.member.desk.vault)
    }

    /// Ends and opens again.
    pub(super) fn again(self) -> Self {
        let Running { pair, home, chain, outbox, member } = self;
        drop((chain, outbox, member));
        pair.open(home.root())
    }
}

pub(super) fn applied(state: &ItemState) -> bool {
    matches!(state, ItemState::Final { applied: true, .. })
}

#[test]
fn on_a_network_the_log_is_the_one_of_a_chain_of_one() {
    let lone = tempfile::tempdir().unwrap();
    let mut intake = Intake::open(&home(lone.path(), small()), StoreConfig::default(), Consent::default()).unwrap();
    take(&mut intake, 4);
    let wanted: Vec<_> = story(&intake).into_iter().map(|(_, kind, outcome)| (kind, outcome)).collect();
    for (window, blocks_between) in [(1, true), (4, true), (4, false), (100, false)] {
        let pair = Pair::new(small());
        let mut running = pair.open(pair.root.path());
        let messages = messages();
        let mut taken = Vec::new();
        for window in messages.chunks(window) {
            let read = window.iter().map(|(_, bytes)| running.read(bytes)).collect();
            taken.extend(running.member.take(read).unwrap());
            if blocks_between {
                running.settle();
            }
        }
        running.settle();
        let told: Vec<_> = running.story().into_iter().map(|(_, kind, outcome)| (kind, outcome)).collect();
        assert_eq!(told, wanted, "windows of {window}, blocks between: {blocks_between}");
        let states: Vec<_> = taken.iter().flat_map(|taken| running.states(taken)).collect();
        let count = |wanted: fn(&ItemState) -> bool| states.iter().filter(|state| wanted(state)).count() as u64;
        assert_eq!(count(applied), COUNTS.applied);
        assert_eq!(count(|state| matches!(state, ItemState::Parked)), COUNTS.pending);
        assert_eq!(count(|state| matches!(state, ItemState::Rejected)), COUNTS.rejected);
        assert_eq!(count(|state| matches!(state, ItemState::Duplicate)), COUNTS.duplicates);
        assert_eq!(count(|state| matches!(state, ItemState::Final { applied: false, .. })), COUNTS.refused);
        // A restart changes nothing, and everything that comes again is here already.
        let mut running = running.again();
        let again: Vec<_> = taken.iter().flat_map(|taken| running.states(taken)).collect();
        assert_eq!(again, states);
        let read = messages.iter().map(|(_, bytes)| running.read(bytes)).collect();
        running.member.take(read).unwrap();
        assert!(running.outbox.is_empty());
        let view = running.member.view();
        assert_eq!((view.duplicates, view.rejected), (COUNTS.items() - 3, 3));
    }
}

/// Kills a run at every step, and finishes it with another.
#[test]
fn a_node_that_dies_at_any_step_loses_nothing_and_records_nothing_twice() {
    let pair = Pair::new(small());
    let run = |running: &mut Running<'_>, taken: &mut Vec<Taken>| {
        for window in messages().chunks(6) {
            let read = window.iter().map(|(_, bytes)| running.read(bytes)).collect();
            taken.extend(running.member.take(read).unwrap());
            running.settle();
        }
    };
    let whole = tempfile::tempdir().unwrap();
    copy(pair.root.path(), whole.path());
    let mut running = pair.open(whole.path());
    run(&mut running, &mut Vec::new());
    let wanted = running.story();
    drop(running);
    let mut steps = BTreeSet::new();
    for dies_at in 1.. {
        let root = tempfile::tempdir().unwrap();
        copy(pair.root.path(), root.path());
        let mut running = pair.open(root.path());
        let passed = AtomicU32::new(0);
        let last = Arc::new(Mutex::new(None));
        let at = Arc::clone(&last);
        running.member.desk.at = Some(Box::new(move |step| {
            if passed.fetch_add(1, Ordering::Relaxed) + 1 == dies_at {
                *at.lock().unwrap() = Some(format!("{step:?}"));
                resume_unwind(Box::new(()));
            }
        }));
        let mut answered = Vec::new();
        let died = catch_unwind(AssertUnwindSafe(|| run(&mut running, &mut answered))).is_err();
        let step = last.lock().unwrap().take();
        drop(running);
        let mut running = pair.open(root.path());
        run(&mut running, &mut Vec::new());
        assert_eq!(running.story(), wanted, "died at step {dies_at}, {step:?}");
        let states: Vec<_> = answered.iter().flat_map(|taken| running.states(taken)).collect();
        assert!(!states.contains(&ItemState::Pending), "died at step {dies_at}, {step:?}: {states:?}");
        steps.extend(step);
        if !died {
            break;
        }
    }
    assert_eq!(steps.len(), 6, "{steps:?}");
}

#[test]
fn what_is_in_the_outbox_is_known_before_the_chain_has_it() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    let [taken] = <[Taken; 1]>::try_from(running.take(&[&new(A, &["c1"])])).ok().unwrap();
    assert_eq!(running.states(&taken), [ItemState::Pending]);
    let mut running = running.again();
    assert_eq!(running.waiting().len(), 1);
    let again = running.take(&[&new(A, &["c1"]), &renew("", &[("c1", "20250301")])]);
    assert_eq!(again[0].items, [ItemOutcome::Duplicate]);
    let wanted = ItemOutcome::Accepted { flags: Vec::new(), sequence: Sequence(2), position: 0 };
    assert_eq!(again[1].items, [wanted]);
    running.settle();
    assert!(running.states(&taken).iter().chain(&running.states(&again[1])).all(applied));
    assert_eq!(running.story().len(), 2, "nothing had to be sent again");
    let view = running.member.view();
    assert_eq!((view.accepted, view.applied, view.outbox, view.pending), (1, 2, 0, 0));
}

/// A contract that the province makes for the city.
fn made_by_the_province(running: &Running<'_>, of: &Submission) -> Submission {
    let event = of.events[0].as_contract().unwrap();
    let keeper = "370100".parse().unwrap();
    let event = Event::Contract(ledger_core::event::ContractEvent { action: Action::New { keeper }, ..*event });
    running.pair.sign(&running.chain, PROVINCE, 1, vec![event])
}

#[test]
fn what_waits_is_sent_again_once_another_node_has_made_its_contract() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    let taken = running.take(&[&renew(A, &[("c1", "20250301")])]).pop().unwrap();
    let renewal = running.waiting().pop().unwrap();
    let new = made_by_the_province(&running, &renewal);
    pair.commit(&running.chain, vec![renewal]);
    running.learn();
    assert_eq!(running.states(&taken), [ItemState::Parked]);
    let mut running = running.again();
    assert_eq!(running.member.view().pending, 1);
    pair.commit(&running.chain, vec![new]);
    running.learn();
    assert_eq!((running.waiting().len(), running.states(&taken)), (1, vec![ItemState::Pending]));
    running.settle();
    assert!(applied(&running.states(&taken)[0]));
    assert_eq!((running.member.view().pending, running.waiting().len()), (0, 0));
}

#[test]
fn what_was_applied_against_expectation_is_not_sent_again() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    let taken = running.take(&[&renew(A, &[("c1", "20250301")])]).pop().unwrap();
    let renewal = running.waiting().pop().unwrap();
    // The contract is on the chain, and the renewal is not yet: nothing is known of it.
    pair.commit(&running.chain, vec![made_by_the_province(&running, &renewal)]);
    running.learn();
    assert_eq!(running.waiting().len(), 1);
    pair.commit(&running.chain, vec![renewal]);
    running.learn();
    assert!(applied(&running.states(&taken)[0]));
    assert_eq!((running.waiting().len(), running.member.view().pending), (0, 0));
    let mut running = running.again();
    running.learn();
    assert!(running.outbox.is_empty());
}

#[test]
fn what_was_acknowledged_under_a_number_that_was_used_up_is_sent_under_another() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    let mut taken = running.take(&[&new(A, &["c1"])]);
    taken.extend(running.take(&[&renew(A, &[("c1", "20250301")])]));
    let own = running.waiting();
    assert_eq!(own.len(), 2);
    // Before its home was restored, the node had signed this number.
    let bytes = ledger_core::codec::Bytes::new(vec![1]).unwrap();
    let other = pair.sign(&running.chain, CITY, 1, vec![Event::Evidence(Evidence { form: 1, bytes })]);
    pair.commit(&running.chain, vec![other, own[1].clone()]);
    running.learn();
    let waiting = running.waiting();
    assert_eq!((waiting.len(), waiting[0].sequence, &waiting[0].events), (1, Sequence(3), &own[0].events));
    assert_eq!(running.states(&taken[0]), [ItemState::Pending]);
    assert_eq!(running.states(&taken[1]), [ItemState::Parked], "nobody had foretold it");
    let mut running = running.again();
    running.settle();
    assert!(taken.iter().flat_map(|taken| running.states(taken)).all(|state| applied(&state)));
    assert_eq!(running.chain.latest().tip.control().last_sequence(CITY), Sequence(4));
    assert_eq!(running.member.view().pending, 0);
}

#[test]
fn a_look_up_that_is_behind_the_chain_takes_nothing() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    running.take(&[&new(A, &["c1"])]);
    running.settle();
    let bytes = ledger_core::codec::Bytes::new(vec![1]).unwrap();
    let unknown = pair.sign(&running.chain, CITY, 2, vec![Event::Evidence(Evidence { form: 1, bytes })]);
    pair.commit(&running.chain, vec![unknown]);
    let behind =
        |error: IntakeError| matches!(error, IntakeError::Behind { found: Sequence(1), last: Sequence(2), .. });
    assert!(behind(running.member.learn().unwrap_err()));
    let Running { home, chain, outbox, member, .. } = running;
    drop(member);
    assert!(behind(Member::open(&home, chain.clone(), outbox.clone(), Consent::default()).err().unwrap()));
    // As a node it follows and votes; its operator may take it on himself that something comes twice.
    let service = |new_look_up| {
        let consent = Consent { new_look_up, ..Consent::default() };
        let config = ServiceConfig { consent, ..ServiceConfig::default() };
        Service::start(home.clone(), chain.clone(), outbox.clone(), config).unwrap()
    };
    assert!(service(false).view().closed.is_some());
    assert_eq!(service(true).view().closed, None);
}

/// A home whose outbox is lost: what was acknowledged and the chain lacks is forgotten when its operator says so, and can
/// be handed in again; answers that named its places are set aside, since others come to stand there.
#[test]
fn what_a_lost_outbox_held_can_be_handed_in_again() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    let kept = running.take(&[&new(A, &["c1"])]).pop().unwrap();
    running.settle();
    let lost = running.take(&[&new(A, &["c2"])]).pop().unwrap();
    // A crash leaves what was sent last, and no more; this is more.
    running.take(&[&new(A, &["c3"])]);
    let Running { home, chain, outbox, member, .. } = running;
    drop((member, outbox));
    let folder = home.root().join("outbox");
    std::fs::remove_dir_all(&folder).unwrap();
    let outbox = Outbox::open(&folder).unwrap();
    let open = |lost_outbox| {
        let consent = Consent { lost_outbox, ..Consent::default() };
        Member::open(&home, chain.clone(), outbox.clone(), consent)
    };
    for wrong in [None, Some(Sequence(0)), Some(Sequence(2))] {
        let why = open(wrong).err().unwrap();
        assert!(matches!(why, IntakeError::Ahead { found: Sequence(3), last: Sequence(1), .. }), "{why}");
        assert!(why.to_string().contains("--lost-outbox 1"), "{why}");
    }
    let member = open(Some(Sequence(1))).unwrap();
    let mut running = Running { pair: &pair, home: home.clone(), chain: chain.clone(), outbox: outbox.clone(), member };
    for taken in [&kept, &lost] {
        assert!(running.member.tracker().unwrap().find(&taken.id).is_none(), "it would name another's place");
    }
    let again = running.take(&[&new(A, &["c1", "c2"])]).pop().unwrap();
    assert!(matches!(again.items[..], [ItemOutcome::Duplicate, ItemOutcome::Accepted { sequence: Sequence(2), .. }]));
    running.settle();
    let recorded = running.story().iter().filter(|(_, _, outcome)| *outcome == Outcome::Applied).count();
    assert_eq!(recorded, 2, "c1, and c2 once more; c3 was not handed in again");
}

#[test]
fn what_was_signed_with_another_key_is_signed_again() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    let taken = running.take(&[&new(A, &["c1", "c2", "c3"])]).pop().unwrap();
    let signed = running.waiting();
    let mut old = signed.clone();
    old.iter_mut().for_each(|one| one.signature.0[0] ^= 1);
    running.outbox.replace(&old).unwrap();
    let mut running = running.again();
    assert_eq!(running.waiting(), signed);
    running.settle();
    assert!(running.states(&taken).iter().all(applied));
}

#[test]
fn what_waits_is_signed_with_new_keys_before_the_chain_tells_of_them() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    running.take(&[&new(A, &["c1"])]);
    let Running { home, chain, outbox, member, .. } = running;
    drop(member);
    let keys = home.root().join("keys");
    for purpose in Purpose::ALL {
        std::fs::remove_file(KeyName::Node(purpose).path(&keys)).unwrap();
    }
    let new = NodeKeys::draw(&mut system_rng());
    new.write(&keys).unwrap();
    let opened = Member::open(&home, chain.clone(), outbox.clone(), Consent::default());
    assert!(matches!(opened.err(), Some(IntakeError::NotAMember(CITY))));
    let waiting = outbox.from(Sequence(0), usize::MAX, usize::MAX).unwrap();
    let message = waiting[0].frame(&waiting[0].leaf_hashes()).message(&chain.latest().tip.chain());
    assert_eq!(new.public(Purpose::Submission).verify(&message, &waiting[0].signature), Ok(()));
}

#[test]
fn where_blocks_are_is_read_from_the_chain_when_the_file_is_lost() {
    let pair = Pair::new(small());
    let mut running = pair.open(pair.root.path());
    let mut taken = running.take(&[&new(A, &["c1", "c2", "c3", "c4", "c5"])]);
    running.settle();
    taken.extend(running.take(&[&renew(A, &[("c1", "20250301"), ("c9", "20250301")])]));
    running.settle();
    let states = |running: &Running<'_>| taken.iter().flat_map(|taken| running.states(taken)).collect::<Vec<_>>();
    let wanted = states(&running);
    let ItemState::Final { height, log_index, .. } = wanted[5] else { panic!("{wanted:?}") };
    assert!(running.chain.store().find_by_log_index(log_index).unwrap() == Some(height));
    for damage in [Vec::new(), b"luqifinl no rows".to_vec()] {
        std::fs::write(running.home.intake().join("final"), &damage).unwrap();
        running = running.again();
        assert_eq!(states(&running), wanted);
        assert!(running.outbox.is_empty());
    }
}
