use super::*;
use crate::ceremony::{Applicant, Founding, MemberKeys, collect, continued};
use crate::chain::Chain;
use crate::keys::system_rng;
use ledger_core::certificate::Certificate;
use ledger_core::event::{Action, ContractEvent, Event};
use ledger_core::membership::{Parameters, Purpose};
use ledger_core::names::{
    Commitment, Height, MemberCode, NodeNumber, Round, SchemaVersion, Sequence, Subject, Timestamp,
};
use ledger_core::submission::Submission;

const NODE: NodeNumber = NodeNumber(1);

fn code() -> MemberCode {
    "370000".parse().unwrap()
}

fn new(number: u8) -> Event {
    let (subject, commitment) = (Subject([number; 32]), Commitment([number; 32]));
    let action = Action::New { keeper: code() };
    Event::Contract(ContractEvent { version: SchemaVersion::V1, subject, commitment, action })
}

/// A block of a chain of one, with a contract.
fn commit(chain: &Chain, keys: &MemberKeys, number: u8) {
    let tip = chain.latest().tip.clone();
    let sequence = tip.control().last_sequence(NODE).next();
    let key = keys.nodes[0].key(Purpose::Submission);
    let submission = Submission::sign(&tip.chain(), key, NODE, sequence, vec![new(number)]).unwrap();
    let checked = chain.assemble(NODE, vec![submission]).unwrap();
    let after = checked.after();
    let voter = (NODE, keys.nodes[0].key(Purpose::Consensus));
    let certificate = Certificate::sign(&after.chain(), after.height(), Round(0), after.hash(), &[voter]);
    chain.commit(checked, certificate).unwrap();
}

fn open(home: &Home) -> Result<Chain, CommitError> {
    Chain::open(&home.ledger(), home.genesis().clone(), StoreConfig { snapshot_blocks: 2, ..StoreConfig::default() })
}

/// A member of one node, its home of a chain with some blocks, and a prepared folder for the chain that goes on.
struct Succession {
    folder: tempfile::TempDir,
    keys: MemberKeys,
    old: Home,
}

impl Succession {
    fn new(blocks: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut rng = system_rng();
        let keys = MemberKeys::draw(1, &mut rng);
        let who = Applicant { code: code(), name_zh: "山东省", name_en: "Shandong", powers: &[1] };
        let founding =
            Founding { parameters: Parameters::default(), ..Founding::new("one.luqi.example", Timestamp(1)) };
        let genesis = collect(&[keys.apply(&who).unwrap()], founding, &mut rng).unwrap();
        let old = Home::create(&folder.path().join("old"), genesis, &keys.nodes[0], &keys.vault).unwrap();
        let chain = open(&old).unwrap();
        (1..=blocks).for_each(|number| commit(&chain, &keys, number));
        Self { folder, keys, old }
    }

    fn successor(&self) -> Home {
        let membership = self.old.genesis().membership.clone();
        let genesis =
            continued(&self.old, predecessor(&self.old).unwrap(), membership, Timestamp(1), &mut system_rng());
        let root = self.folder.path().join("new");
        self.old.prepare_further(&root, &self.keys.nodes[0]).unwrap();
        Home::install(&root, genesis.unwrap()).unwrap()
    }
}

#[test]
fn a_chain_that_goes_on_from_another_begins_with_its_map_and_opens_again() {
    let town = Succession::new(3);
    let new = town.successor();
    assert!(matches!(open(&new).err(), Some(CommitError::NoOrigin(path)) if path.ends_with("ledger/map.origin")));
    assert_eq!(inherit(&new, &town.old).unwrap(), 3);
    for blocks in 1..=5_u8 {
        let chain = open(&new).unwrap();
        assert_eq!(chain.latest().tip.height().0, u64::from(blocks) - 1);
        assert_eq!(chain.subjects(), 2 + u64::from(blocks));
        assert_eq!(chain.latest().tip.control().last_sequence(NODE), Sequence(2 + u64::from(blocks)));
        commit(&chain, &town.keys, 10 + blocks);
        if blocks == 2 {
            chain.snapshot();
        }
    }
    // Without the snapshot, from the first block on.
    std::fs::remove_file(new.ledger().join("map.snapshot")).unwrap();
    assert_eq!(open(&new).unwrap().subjects(), 8);
}

#[test]
fn a_map_of_another_chain_is_refused_and_what_to_do_is_said() {
    let (town, other) = (Succession::new(2), Succession::new(2));
    let new = town.successor();
    assert!(matches!(inherit(&new, &other.old), Err(CommitError::OtherPredecessor { .. })));
    assert!(matches!(inherit(&town.old, &other.old), Err(CommitError::NoPredecessor)));
    inherit(&new, &town.old).unwrap();
    let path = path(&new.ledger());
    let mut bytes = std::fs::read(&path).unwrap();
    let foot = Foot { below: None, states: Some(0) };
    let empty = ArchiveWriter::new(Vec::new(), &path, &new.chain_id(), &foot, None).unwrap().finish(None).unwrap();
    std::fs::write(&path, empty).unwrap();
    assert!(matches!(open(&new).err(), Some(CommitError::OtherOrigin(_))));
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(open(&new).err(), Some(CommitError::Store(_))));
}

#[test]
fn a_chain_that_goes_on_from_one_without_contracts_needs_nothing() {
    let town = Succession::new(0);
    assert!(matches!(predecessor(&town.old), Err(CommitError::NoTip(Height(0)))));
    let chain = open(&town.old).unwrap();
    let checked = chain.assemble(NODE, Vec::new()).unwrap();
    let after = checked.after();
    let voter = (NODE, town.keys.nodes[0].key(Purpose::Consensus));
    let certificate = Certificate::sign(&after.chain(), after.height(), Round(0), after.hash(), &[voter]);
    chain.commit(checked, certificate).unwrap();
    drop(chain);
    assert!(open(&town.successor()).is_ok());
}
