//! What a forger tried who read the judge line by line: each test is a place where it once said something untrue.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail by panicking"
)]
use ledger_core::archive::{Archive, Blocks, Foot, HEAD_BYTES, Last, Next, NotOpened, Start};
use ledger_core::audit::*;
use ledger_core::block::Body;
use ledger_core::certificate::Certificate;
use ledger_core::chain::Fault;
use ledger_core::codec::{self, Bytes, List};
use ledger_core::event::{Action, Event};
use ledger_core::fixture::home::{Hot, sealed};
use ledger_core::fixture::{self, Network, certify, code, forger, governance_key};
use ledger_core::genesis::Genesis;
use ledger_core::governance::{Approve, Change, Propose};
use ledger_core::history::CertifiedChange;
use ledger_core::map::ContractMap;
use ledger_core::membership::*;
use ledger_core::names::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const FULL: Options = Options { depth: Depth::FULL, from: None, tip_file: None };

fn fill(network: &mut Network, salt: u64) {
    let height = network.tip.height().0 + 1;
    let events =
        (0..3).map(|i| fixture::event(salt * 1000 + height * 10 + i, Action::New { keeper: code("370100") })).collect();
    let second = network.submission(2, vec![fixture::event(salt * 1000 + (height - 1) * 10 + 1, Action::Renew)]);
    let first = network.submission(1, events);
    network.block(vec![first, second]);
}
fn grown(blocks: u64) -> Network {
    let mut network = Network::new(4);
    (0..blocks).for_each(|_| fill(&mut network, 0));
    network
}
#[derive(Clone)]
struct Given {
    blocks: std::vec::IntoIter<Vec<u8>>,
    last: Last,
}
impl Given {
    fn new(blocks: &[Vec<u8>], last: Last) -> Self {
        Self { blocks: Vec::from(blocks).into_iter(), last }
    }
}
impl Blocks for Given {
    fn next(&mut self) -> Next {
        self.blocks.next().map_or_else(|| Next::Last(self.last.clone()), Next::Block)
    }
}
fn own(certificate: &Option<Certificate>) -> Last {
    Last::Certificate { certificate: certificate.clone().unwrap(), behind: None }
}
fn file_of(network: &Network, blocks: &[Vec<u8>], own: Option<&Certificate>) -> Vec<u8> {
    forger::archive(network, &Foot::default(), &ContractMap::default(), blocks, own)
}
fn judged(network: &Network, file: &[u8], options: &Options) -> Result<Judged, NotOpened> {
    match Archive::open(file, &network.tip.chain()) {
        Ok((start, mut blocks)) => Ok(judge(&network.genesis, &start, &mut blocks, options.clone(), &mut Unwatched)),
        Err(why) => Judged::not_opened(why.clone()).ok_or(why),
    }
}

/// format.md 16.1: what stands behind a head that names another chain is of the genesis's chain by the foot's header.
#[test]
fn a_damaged_head_above_a_foot_and_a_damaged_first_block() {
    let network = grown(4);
    let then = network.at(Height(2));
    let mut file =
        forger::archive(&network, &then.foot(), &then.map, &network.blocks[2..], network.certificate.as_ref());
    let mut cut = forger::archive(&network, &then.foot(), &then.map, &[], None);
    file[20] ^= 1;
    cut[20] ^= 1;
    let at = cut.len() + 60;
    file[at] ^= 1;
    for file in [file, cut] {
        let said = judged(&network, &file, &FULL).map(|judged| Report::of(&judged).ended);
        assert_eq!(said, Ok("head"));
    }
}

/// The other way round: the header below is another chain's, and the first block ours.
#[test]
fn a_foot_of_another_chain_above_which_stands_a_block_of_ours() {
    let network = grown(4);
    let other = Network::new(3).tip.chain();
    let mut foot = network.at(Height(2)).foot();
    foot.states = None;
    foot.below.as_mut().unwrap().header.chain = other;
    let mut file = forger::archive(&network, &foot, &network.map, &network.blocks[2..], network.certificate.as_ref());
    file[10..HEAD_BYTES].copy_from_slice(&other.0);
    let said = judged(&network, &file, &FULL).map(|judged| Report::of(&judged).ended);
    assert_eq!(said, Err(NotOpened::OtherChain(other)));
}

/// format.md 15.2: tip, log_root and map_root are null where the height is 0.
#[test]
fn of_no_block_there_is_no_tip() {
    let network = grown(1);
    let report = Report::of(&judged(&network, &file_of(&network, &[], None), &FULL).unwrap());
    assert_eq!((report.height, report.tip, report.log_root, report.map_root), (Some(Height(0)), None, None, None));
}

/// A judgement at the shorter depth that is not *holds* says what it has not verified: signed, and a bookmark.
#[test]
fn the_shorter_depth_calls_signed_what_nobody_signed() {
    let network = grown(4);
    let body = |height, body: &mut Body| {
        if height == 4 {
            body.parent_certificate.iter_mut().for_each(|c| forger::shorten(c, 1));
        }
    };
    let (blocks, _) = forger::Forgery { body: &body, ..forger::Forgery::default() }.of(&network);
    let options = Options { depth: Depth::default(), ..FULL };
    let report = Report::of(&judged(&network, &file_of(&network, &blocks, None), &options).unwrap());
    assert_eq!(report.verdict, Verdict::Undecided);
    assert_ne!(report.signed, Some(Height(3)), "block 3's certificate has one signature of four");
}

/// The tip file says 4, the sealed files hold 6 blocks, of which the fifth is altered, and the database 8.
#[test]
fn a_home_whose_tip_file_says_less_than_its_files_hold() {
    let network = grown(8);
    let mut altered = network.blocks.clone();
    altered[4][60] ^= 1;
    let files = [sealed(&network, &altered, 1, 3), sealed(&network, &altered, 4, 6)];
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let then = network.at(Height(4));
    let end = HomeEnd { height: Some(Height(4)), certificate: then.certificate.clone() };
    let mut home = Home::new(&network.tip.chain(), files, Hot(&network, 7..=8), end);
    let options = Options { tip_file: Some((Height(4), then.tip.hash())), ..FULL };
    let report = Report::of(&judge(&network.genesis, &Start::default(), &mut home, options, &mut Unwatched));
    assert_ne!(report.verdict, Verdict::Holds, "blocks 5 to 8 stand here, and nobody says a word of them");
}

/// Without a tip file, a sealed file that is damaged at block 3 of 6 reads as if the chain ended there.
#[test]
fn damage_in_a_home_without_a_tip_file_is_told_as_damage() {
    let network = grown(8);
    let mut files = [sealed(&network, &network.blocks, 1, 6)];
    let end = sealed(&network, &network.blocks, 1, 2).len();
    files[0][end + 40] ^= 1;
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let mut home =
        Home::new(&network.tip.chain(), files, Hot(&network, 7..=8), HomeEnd { height: None, certificate: None });
    let report = Report::of(&judge(&network.genesis, &Start::default(), &mut home, FULL, &mut Unwatched));
    assert_eq!((report.ended, report.at), ("unreadable", Some(Height(3))));
}

fn said(network: &Network) -> Result<Said, String> {
    Ok(Said { height: network.tip.height(), tip: network.tip.hash() })
}
fn node<B: Blocks>(said: Result<Said, String>, blocks: B) -> Asked<impl FnOnce(Height) -> B> {
    Asked { said, read: |_| blocks }
}
fn bookmark(network: &Network) -> Bookmark {
    Bookmark::of(&network.tip)
}

/// The auditor kept block 8. One node is behind, the other says that it has 8 and its connection breaks.
#[test]
fn a_node_that_breaks_off_makes_no_block_missing() {
    let network = grown(8);
    let behind = network.at(Height(6));
    let lagging = node(said(&behind), Given::new(&behind.blocks, own(&behind.certificate)));
    let broken = node(said(&network), Given::new(&network.blocks[..4], Last::Unreadable("lost".into())));
    let options = Options { from: Some(bookmark(&network)), ..FULL };
    let judged = judge_nodes(&network.genesis, vec![lagging, broken], &options, |_| {}).unwrap();
    assert_eq!(judged.verdict(), Verdict::Undecided, "{:?}", judged.together());
}

/// The same where the other does not answer at all.
#[test]
fn a_node_that_does_not_answer_makes_no_block_missing() {
    let network = grown(8);
    let behind = network.at(Height(6));
    let lagging = node(said(&behind), Given::new(&behind.blocks, own(&behind.certificate)));
    let silent = node(Err("it does not answer".into()), Given::new(&[], Last::Cut));
    let options = Options { from: Some(bookmark(&network)), ..FULL };
    let judged = judge_nodes(&network.genesis, vec![lagging, silent], &options, |_| {}).unwrap();
    assert_eq!(judged.verdict(), Verdict::Undecided, "{:?}", judged.together());
}

#[derive(Clone)]
struct Endless {
    first: std::vec::IntoIter<Vec<u8>>,
    pulled: Arc<AtomicU64>,
    most: u64,
}
impl Blocks for Endless {
    fn next(&mut self) -> Next {
        if self.pulled.fetch_add(1, Ordering::Relaxed) >= self.most {
            return Next::Last(Last::Cut);
        }
        Next::Block(self.first.next().unwrap_or_else(|| vec![0; 10]))
    }
}

/// A node that goes on sending after what it sent was found wrong is not read on.
#[test]
fn a_liar_does_not_keep_an_auditor_for_ever() {
    let network = grown(4);
    let pulled = Arc::new(AtomicU64::new(0));
    let liar =
        Endless { first: Vec::from(&network.blocks[..2]).into_iter(), pulled: Arc::clone(&pulled), most: 5_000_000 };
    let asked = vec![node(said(&network), liar)];
    let judged = judge_nodes(&network.genesis, asked, &FULL, |_| {}).unwrap();
    assert_eq!(judged.verdict(), Verdict::Altered);
    assert!(
        pulled.load(Ordering::Relaxed) < 100_000,
        "{} blocks were read, of a chain of 4",
        pulled.load(Ordering::Relaxed)
    );
}

/// format.md §8: no lag is 2^53 or above, that in an open proposal's change neither.
#[test]
fn a_large_integer_in_the_change_of_a_predecessors_proposal() {
    let old = grown(2);
    let mut predecessor = old.predecessor();
    let trust = TrustPolicy { lag: 1 << 60, ..TrustPolicy::default() };
    let change = Change::SetTrust(trust);
    let open = ledger_core::governance::OpenProposal {
        id: change.id(Height(9)),
        proposer: code("370000"),
        change: Arc::new(change),
        effective: Height(9),
        approvals: List::default(),
        adopted: false,
    };
    predecessor.control.proposals = Arc::new(List::new(vec![open]).unwrap());
    predecessor.header.control = predecessor.control.hash();
    certify(&mut predecessor);
    let mut draft = old.genesis.draft().clone();
    draft.predecessor = Some(predecessor);
    draft.time = old.tip.time();
    let bytes = codec::encode(&draft);
    assert!(codec::decode::<Genesis>(&bytes).is_err());
    assert!(Genesis::from_json(&serde_json::to_vec(&draft).unwrap()).is_err());
}

/// No key: blocks 4 and 5 are the forger's own, without a submission; the certificate in 5 has no signature.
#[test]
fn judged_at_the_shorter_depth_a_liar_makes_the_validators_guilty_of_a_fork() {
    let network = grown(6);
    let mut forged = network.at(Height(3));
    forged.block(vec![]);
    forged.block(vec![]);
    let mut last = forger::decoded(&forged.blocks[4]);
    last.body.parent_certificate.iter_mut().for_each(|c| forger::shorten(c, 0));
    last.header.body =
        ledger_core::block::body_hash(last.header.suite, &last.body.parent_certificate, std::iter::empty());
    forged.blocks[4] = codec::encode(&last);
    let honest = node(said(&network), Given::new(&network.blocks, own(&network.certificate)));
    let liar = node(said(&network), Given::new(&forged.blocks, Last::Cut));
    let options = Options { depth: Depth::default(), ..FULL };
    let judged = judge_nodes(&network.genesis, vec![honest, liar], &options, |_| {}).unwrap();
    assert_eq!(judged.together(), None, "nobody has certified a second chain");
}

/// Protocol 0 is none (format.md §1): such a foot is no foot, and is not told as one of a newer protocol.
#[test]
fn a_foot_with_protocol_0_is_no_foot() {
    let network = grown(4);
    let then = network.at(Height(2));
    let mut foot = then.foot();
    let below = foot.below.as_mut().unwrap();
    below.control.protocol = Protocol(0);
    below.header.control = below.control.hash();
    let file = forger::archive(&network, &foot, &then.map, &network.blocks[2..], network.certificate.as_ref());
    let report = Report::of(&judged(&network, &file, &FULL).unwrap());
    assert_eq!((report.verdict, report.at, report.ended), (Verdict::Undecided, None, "foot"));
}

/// A stream that stands at the last number there is goes on with the same number: one submission, again and again.
#[test]
fn the_last_sequence_of_all_is_not_taken_twice() {
    let mut network = grown(1);
    let stream = ledger_core::governance::Stream { node: NodeNumber(1), last: Sequence(u64::MAX) };
    let mut foot = network.foot();
    let below = foot.below.as_mut().unwrap();
    below.control.streams = List::new(vec![stream]).unwrap();
    below.header.control = below.control.hash();
    network.tip = foot.tip(&network.genesis).unwrap();
    let again =
        network.submission_at(1, Sequence(u64::MAX), vec![fixture::event(900, Action::New { keeper: code("370100") })]);
    let proposal = ledger_core::chain::Proposal {
        proposer: NodeNumber(1),
        time: network.tip.time(),
        parent_certificate: Some(fixture::certificate(&network.tip)),
        submissions: vec![again.clone(), again],
    };
    let refused = ledger_core::chain::assemble(proposal, &network.tip, &network.map).err();
    assert!(matches!(refused, Some(Fault::Sequence { found: Sequence(u64::MAX), .. })), "{refused:?}");
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
    let genesis = fixture::edited(&old.successor(), |genesis| genesis.predecessor = Some(predecessor));
    assert!(codec::decode::<Genesis>(&codec::encode(&genesis)).is_err());
    assert!(Genesis::from_json(&serde_json::to_vec(&genesis).unwrap()).is_err());
}

/// format.md §15.4: what an auditor keeps is an object with these names.
#[test]
fn what_an_auditor_keeps_is_an_object() {
    let network = grown(2);
    let kept = serde_json::to_value(Bookmark::of(&network.tip)).unwrap();
    let names = ["chain", "height", "block", "log_size", "log_root", "control", "membership", "frontier"];
    let list: serde_json::Value = names.iter().map(|name| kept[*name].clone()).collect();
    assert!(Bookmark::from_json(&serde_json::to_vec(&list).unwrap(), &network.tip.chain()).is_err());
    let report = serde_json::json!({"verdict": "holds", "bookmark": list});
    assert!(Bookmark::from_json(&serde_json::to_vec(&report).unwrap(), &network.tip.chain()).is_err());
    let report = serde_json::json!({"verdict": {"holds": null}, "bookmark": kept});
    assert!(Bookmark::from_json(&serde_json::to_vec(&report).unwrap(), &network.tip.chain()).is_err());
}
