//! What the next forger tried: each test is a place where the core says something that the page does not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
use ledger_core::archive::{Blocks, Last, Next, Start};
use ledger_core::audit::*;
use ledger_core::codec::{self, Bytes, List};
use ledger_core::event::Event;
use ledger_core::fixture::{self, Network, code, governance_key};
use ledger_core::genesis::Genesis;
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::history::CertifiedChange;
use ledger_core::membership::{Key, Membership, MembershipDraft, TrustPolicy};
use ledger_core::names::{BlockHash, Height, NodeNumber};

const FULL: Options = Options { depth: Depth::FULL, from: None, tip_file: None };

#[derive(Clone)]
struct Given(std::vec::IntoIter<Vec<u8>>, Last);
impl Blocks for Given {
    fn next(&mut self) -> Next {
        self.0.next().map_or_else(|| Next::Last(self.1.clone()), Next::Block)
    }
}
fn serves(network: &Network) -> Given {
    let certificate = network.certificate.clone();
    let last = certificate.map_or(Last::Cut, |certificate| Last::Certificate { certificate, behind: None });
    Given(network.blocks.clone().into_iter(), last)
}
fn asked(network: &Network) -> Asked<impl FnOnce(Height) -> Given> {
    says(Said { height: network.tip.height(), tip: network.tip.hash() }, network)
}
fn says(said: Said, network: &Network) -> Asked<impl FnOnce(Height) -> Given> {
    let blocks = serves(network);
    Asked { said: Ok(said), read: |_| blocks }
}
fn grown(genesis: Genesis, blocks: u64) -> Network {
    let mut network = Network::from_genesis(genesis);
    for _ in 0..blocks {
        network.block(vec![]);
    }
    network
}
fn asking_for_witnesses() -> Genesis {
    fixture::edited(&Network::new(4).genesis, |genesis| {
        let draft = genesis.membership.draft().clone();
        let trust = fixture::trust(2);
        genesis.membership = Membership::new(MembershipDraft { trust, ..draft }).unwrap();
    })
}

/// format.md §15.1, *altered* comes first; §15.7: what the auditor kept is missing if every node serves all that it says
/// it has, to its own end, and none has a block at that height. A trust policy that asks for witnesses is another
/// question: it makes *holds* undecided, and no fault unsaid.
#[test]
fn a_block_that_every_node_has_lost_is_missing_whatever_the_trust_policy_asks_for() {
    for genesis in [Network::new(4).genesis, asking_for_witnesses()] {
        let network = grown(genesis, 8);
        let rolled_back = network.at(Height(6));
        let options = Options { from: Some(Bookmark::of(&network.tip)), ..FULL };
        // One source, judged as an archive from block 1 on.
        let one =
            judge(&network.genesis, &Start::default(), &mut serves(&rolled_back), options.clone(), &mut Unwatched);
        assert_eq!((verdict(&one), one.fault().map(|fault| fault.height)), (Verdict::Altered, Some(Height(7))));
        // The same source, as one node, and as two.
        for nodes in [vec![asked(&rolled_back)], vec![asked(&rolled_back), asked(&network.at(Height(5)))]] {
            let judged = judge_nodes(&network.genesis, nodes, &options, |_| {}).unwrap();
            let fault = judged.together().map(|fault| fault.height);
            assert_eq!((judged.verdict(), fault), (Verdict::Altered, Some(Height(7))), "{:?}", judged.nodes()[0].why);
        }
    }
}

/// The same where every node says that it has nothing, and has nothing: its home was made anew from the genesis.
#[test]
fn a_chain_that_every_node_has_lost_is_missing() {
    let network = grown(Network::new(4).genesis, 3);
    let empty = network.at(Height(0));
    let options = Options { from: Some(Bookmark::of(&network.tip)), ..FULL };
    let one = judge(&network.genesis, &Start::default(), &mut serves(&empty), options.clone(), &mut Unwatched);
    assert_eq!(verdict(&one), Verdict::Altered);
    let judged = judge_nodes(&network.genesis, vec![asked(&empty)], &options, |_| {}).unwrap();
    assert_eq!(judged.verdict(), Verdict::Altered);
}

/// format.md §15.7: a node holds only if it calls the highest block what it is. One that says that its chain ends with
/// another block 4, and serves this chain up to 6, since another node said that there are 6, belies itself.
#[test]
fn a_node_that_serves_another_block_than_it_said_it_had_does_not_hold() {
    let network = grown(Network::new(4).genesis, 6);
    let true_word = Said { height: network.tip.height(), tip: network.tip.hash() };
    let nodes = [true_word, Said { height: Height(4), tip: BlockHash([7; 32]) }].map(|said| says(said, &network));
    let judged = judge_nodes(&network.genesis, Vec::from(nodes), &FULL, |_| {}).unwrap();
    assert_eq!(judged.verdict(), Verdict::Undecided);
}

/// format.md §9: an approval says yes to a change at a height, whoever opens it, while its member has the key. It is
/// forgotten with the key, so that its proposer may take the proposal back; the key comes again (as it does where a
/// member that was removed is added again with the key that it has), and with it the old approval.
#[test]
fn an_approval_counts_again_with_its_key() {
    let mut network = Network::new(4);
    let (member, chain) = (code("370100"), network.tip.chain());
    let (change, effective) = (Change::SetPower(NodeNumber(4), 2), Height(1_000));
    let id = change.id(effective);
    let propose = |change: Change| Event::Propose(Box::new(Propose { change: change.into(), effective }));
    let approval = Event::Approve(Approve::sign(&chain, &governance_key(2), member, id));
    let first = network.submission(3, vec![propose(change.clone()), approval.clone()]);
    network.block(vec![first]);
    let approvals = |network: &Network| network.tip.control().open(id).map(|open| open.approvals.to_vec());
    assert_eq!(approvals(&network), Some(vec![member]));
    for key in [9, 2] {
        let governance = Key::from(governance_key(key).public()).into();
        let rotate = Change::RotateMemberKeys(member, governance, fixture::vault_key(key));
        network.govern(rotate, network.tip.height().next().next());
        assert!(network.tip.changed_membership());
        assert_eq!(approvals(&network), Some(vec![]));
    }
    let taken_back = network.submission(3, vec![propose(Change::Withdraw(id))]);
    network.block(vec![taken_back]);
    assert_eq!(approvals(&network), None);
    let again = [network.submission(3, vec![propose(change)]), network.submission(4, vec![approval])];
    network.block(again.to_vec());
    assert_eq!(approvals(&network), Some(vec![member]));
}

/// format.md §1: no encoded value is longer than 64 MiB. Bytes that are longer are no genesis, and so is JSON that says
/// them: what is founded by it can be read by nobody from its bytes.
#[test]
fn a_genesis_that_no_bytes_can_hold_is_none_in_json() {
    let mut old = Network::new(4);
    let roots = List::new(vec![Bytes::new(vec![0x30; 8_192]).unwrap(); 7]).unwrap();
    old.govern(Change::SetTrust(TrustPolicy { timestamp_roots: roots, ..TrustPolicy::default() }), Height(2));
    old.block(vec![]);
    let mut predecessor = old.predecessor();
    let change: CertifiedChange = predecessor.changes[0].clone();
    let wanted = codec::MAX_BYTES / codec::encode(&change).len() + 1;
    predecessor.changes = List::new(vec![change; wanted]).unwrap();
    let genesis = fixture::edited(&old.genesis, |genesis| {
        genesis.predecessor = Some(predecessor);
        genesis.membership = (**old.tip.membership()).clone();
        genesis.time = old.tip.time();
    });
    assert!(codec::decode::<Genesis>(&codec::encode(&genesis)).is_err());
    assert!(Genesis::from_json(&serde_json::to_vec(&genesis).unwrap()).is_err());
}

/// format.md §15.4: what an auditor keeps is an object with these names.
#[test]
fn what_an_auditor_keeps_is_an_object() {
    let network = grown(Network::new(1).genesis, 2);
    let kept = serde_json::to_value(Bookmark::of(&network.tip)).unwrap();
    let names = ["chain", "height", "block", "log_size", "log_root", "control", "membership", "frontier"];
    let list: serde_json::Value = names.iter().map(|name| kept[*name].clone()).collect();
    assert!(Bookmark::from_json(&serde_json::to_vec(&list).unwrap(), &network.tip.chain()).is_err());
    let report = serde_json::json!({"verdict": "holds", "bookmark": list});
    assert!(Bookmark::from_json(&serde_json::to_vec(&report).unwrap(), &network.tip.chain()).is_err());
    let report = serde_json::json!({"verdict": {"holds": null}, "bookmark": kept});
    assert!(Bookmark::from_json(&serde_json::to_vec(&report).unwrap(), &network.tip.chain()).is_err());
}
