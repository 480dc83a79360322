//! Running nodes and homes as sources.

use super::*;
use crate::fixture::home::{self, Hot};
use crate::membership::{Membership, MembershipDraft};
use crate::names::BlockHash;

/// A node: what it says of itself, and what it serves.
struct Node<'a> {
    said: Result<Said, String>,
    blocks: Option<Given<'a>>,
}

fn said(tip: &crate::chain::Tip) -> Result<Said, String> {
    Ok(Said { height: tip.height(), tip: tip.hash() })
}

fn serves(network: &Network) -> Node<'_> {
    let blocks = Given::new(&network.blocks, ends_with(network.certificate.as_ref()));
    Node { said: said(&network.tip), blocks: Some(blocks) }
}

fn judge_asked(network: &Network, nodes: Vec<Node<'_>>, from: Option<Bookmark>) -> NodesJudged {
    let asked = nodes.into_iter().map(|node| Asked { said: node.said, read: |_| node.blocks.unwrap() });
    judge_nodes(&network.genesis, asked.collect(), &Options { from, ..EVERY }, |_| {}).unwrap()
}

fn check(
    network: &Network,
    nodes: Vec<Node<'_>>,
    from: Option<Bookmark>,
    expected: Verdict,
    each: &[Serves],
) -> Report {
    judged_as(&judge_asked(network, nodes, from), expected, each)
}

fn judged_as(judged: &NodesJudged, expected: Verdict, each: &[Serves]) -> Report {
    let nodes: Vec<Serves> = judged.nodes().iter().map(|node| node.serves).collect();
    assert_eq!((judged.verdict(), &nodes[..]), (expected, each));
    // Whoever does not serve all is named with why.
    assert!(judged.nodes().iter().all(|node| (node.serves == Serves::Whole) == node.why.is_none()));
    Report::of_nodes(judged)
}

#[test]
fn nodes_hold_only_if_each_of_them_serves_the_whole_chain() {
    use Serves::{Altered, Behind, Nothing, Part, Whole};
    let network = grown(6);
    let silent = || Node { said: Err("it does not answer".to_owned()), blocks: None };
    let busy = || Node { said: said(&network.tip), blocks: Some(Given::new(&[], Last::Unreadable("busy".to_owned()))) };
    let part = |blocks: usize| {
        let blocks = Given::new(&network.blocks[..blocks], Last::Cut);
        Node { said: said(&network.tip), blocks: Some(blocks) }
    };
    let report = check(&network, vec![serves(&network), serves(&network)], None, Verdict::Holds, &[Whole, Whole]);
    assert_eq!(heights(&report), (Verdict::Holds, Some(6), None, Some(6)));
    let undecided = Verdict::Undecided;
    check(&network, vec![silent()], None, undecided, &[Nothing]);
    check(&network, vec![busy()], None, undecided, &[Part]);
    check(&network, vec![part(4)], None, undecided, &[Part]);
    check(&network, vec![serves(&network), silent()], None, undecided, &[Whole, Nothing]);
    check(&network, vec![serves(&network), part(4), busy()], None, undecided, &[Whole, Part, Part]);
    let report = check(&network, vec![serves(&grown(4)), serves(&network)], None, undecided, &[Behind, Whole]);
    assert_eq!(report.height, Some(Height(6)));
    // Another last block than it says.
    let other = Node { said: Ok(Said { height: Height(6), tip: BlockHash([1; 32]) }), ..serves(&network) };
    check(&network, vec![other], None, undecided, &[Part]);
    // One block that does not hold.
    let mut blocks = network.blocks.clone();
    let end = blocks[2].len() - 1;
    blocks[2][end] ^= 1;
    let bad =
        Node { said: said(&network.tip), blocks: Some(Given::new(&blocks, ends_with(network.certificate.as_ref()))) };
    let report = check(&network, vec![serves(&network), bad], None, Verdict::Altered, &[Whole, Altered]);
    assert_eq!((report.height, report.at), (Some(Height(2)), Some(Height(3))));
    // A certificate of the last block that does not hold.
    let mut wrong = network.certificate.clone().unwrap();
    wrong.round.0 += 1;
    let bad = Node { said: said(&network.tip), blocks: Some(Given::new(&network.blocks, ends_with(Some(&wrong)))) };
    check(&network, vec![bad, serves(&network)], None, Verdict::Altered, &[Altered, Whole]);
}

/// What is asked of outsiders makes *holds* undecided, and says nothing of how much a node serves.
#[test]
fn nodes_that_serve_the_whole_do_not_hold_where_witnesses_are_wanted() {
    let genesis = fixture::edited(&Network::new(4).genesis, |genesis| {
        let draft = genesis.membership.draft().clone();
        genesis.membership = Membership::new(MembershipDraft { trust: fixture::trust(2), ..draft }).unwrap();
    });
    let mut network = Network::from_genesis(genesis);
    network.block(vec![]);
    let both = vec![serves(&network), serves(&network)];
    check(&network, both, None, Verdict::Undecided, &[Serves::Whole, Serves::Whole]);
    // Nor does it leave a fault unsaid: what the auditor kept is missing from each.
    let kept = network.at(Height(1));
    network.block(vec![]);
    let both = vec![serves(&kept), serves(&kept)];
    let report =
        check(&network, both, Some(Bookmark::of(&network.tip)), Verdict::Altered, &[Serves::Whole, Serves::Whole]);
    assert_eq!((report.at, report.findings[0].kind.as_str()), (Some(Height(2)), "missing"));
}

/// A node that says that it has no block serves all that it says, and is not read.
#[test]
fn a_node_without_a_block_is_behind_and_a_chain_without_one_is_undecided() {
    use Serves::{Behind, Part, Whole};
    let network = grown(2);
    let empty = network.at(Height(0));
    let none = || Node { said: said(&empty.tip), blocks: None };
    let undecided = Verdict::Undecided;
    check(&network, vec![none()], None, undecided, &[Whole]);
    check(&network, vec![none(), serves(&network)], None, undecided, &[Behind, Whole]);
    let report = check(&network, vec![none()], Some(Bookmark::of(&network.tip)), Verdict::Altered, &[Whole]);
    assert_eq!((report.at, report.findings[0].kind.as_str()), (Some(Height(1)), "missing"));
    // One that breaks off before its first block may have more; one that ends there does not serve what it says.
    for last in [Last::Unreadable("lost".to_owned()), Last::Cut] {
        let less = Node { said: said(&network.tip), blocks: Some(Given::new(&[], last)) };
        check(&network, vec![less], Some(Bookmark::of(&network.tip)), undecided, &[Part]);
    }
    // One that calls the genesis another.
    let other = Node { said: Ok(Said { height: Height(0), tip: BlockHash([1; 32]) }), ..none() };
    check(&network, vec![other], None, undecided, &[Part]);
}

/// A node's own end is where it has no more, and not where the reading stops: each is read up to what any says, and to
/// what the auditor kept. One that has more by then than it said has not lost anything.
#[test]
fn a_node_that_has_more_than_it_said_has_not_lost_what_was_kept() {
    use Serves::{Behind, Part, Whole};
    let network = grown(12);
    let at: Vec<Network> = (0..=12).map(|height| network.at(Height(height))).collect();
    // What each says first, and how far it stands when it is read.
    let judged = |nodes: &[(usize, usize)], kept: Option<usize>| {
        let serve = |stands: usize, to: Height| {
            let here = &at[stands.min(to.0 as usize)];
            Given::new(&here.blocks, ends_with(here.certificate.as_ref()))
        };
        let ask =
            |&(says, stands): &(usize, usize)| Asked { said: said(&at[says].tip), read: move |to| serve(stands, to) };
        let from = kept.map(|height| Bookmark::of(&at[height].tip));
        judge_nodes(&network.genesis, nodes.iter().map(ask).collect(), &Options { from, ..EVERY }, |_| {}).unwrap()
    };
    let (altered, undecided) = (Verdict::Altered, Verdict::Undecided);
    let missing = judged_as(&judged(&[(10, 10), (9, 9)], Some(11)), altered, &[Whole, Behind]);
    assert_eq!((missing.at, missing.findings[0].kind.as_str()), (Some(Height(11)), "missing"));
    // The block is not gone: the second node has it by now, whatever it said.
    for says in [1, 9, 10, 11, 12] {
        judged_as(&judged(&[(10, 10), (says, 12)], Some(11)), undecided, &[Behind, Whole]);
    }
    judged_as(&judged(&[(10, 12), (9, 12)], Some(11)), Verdict::Holds, &[Whole, Whole]);
    // One that says it has the block and does not serve it.
    judged_as(&judged(&[(10, 10), (12, 10)], Some(11)), undecided, &[Behind, Part]);
    judged_as(&judged(&[(10, 10), (12, 10)], None), undecided, &[Behind, Part]);
}

/// A chain grows while it is read: what a node calls its last block is compared where it said that it stands.
#[test]
fn a_node_is_held_to_the_block_that_it_said_where_it_is_read_further() {
    use Serves::{Part, Whole};
    let (network, mut other) = (grown(6), grown(2));
    for _ in 3..=6 {
        other.block(vec![]);
    }
    let says = |of: &Network, height: u64| Node { said: said(&of.at(Height(height)).tip), ..serves(&network) };
    for height in 1..=6 {
        let each = vec![serves(&network), says(&network, height)];
        check(&network, each, None, Verdict::Holds, &[Whole, Whole]);
    }
    for height in 3..=6 {
        let each = vec![serves(&network), says(&other, height), says(&network, height)];
        check(&network, each, None, Verdict::Undecided, &[Whole, Part, Whole]);
        // Where others serve that block, it stands on their branch, and not on this one.
        let each = vec![says(&other, height), serves(&other), serves(&other)];
        check(&network, each, None, Verdict::Altered, &[Part, Whole, Whole]);
    }
}

/// What a node serves without its own end is a part, whatever another node says.
#[test]
fn a_node_that_ends_without_a_certificate_is_not_merely_behind() {
    use Serves::{Part, Whole};
    let (network, behind) = (grown(6), grown(4));
    let cut = || Node { said: said(&behind.tip), blocks: Some(Given::new(&behind.blocks, Last::Cut)) };
    check(&network, vec![cut(), serves(&network)], None, Verdict::Undecided, &[Part, Whole]);
    check(&network, vec![cut()], Some(Bookmark::of(&network.tip)), Verdict::Undecided, &[Part]);
}

/// What the auditor kept is missing only if no node has it; a node that is behind may be catching up.
#[test]
fn what_the_auditor_kept_is_looked_for_among_all_nodes() {
    use Serves::{Behind, Nothing, Whole};
    let network = grown(6);
    let kept = |network: &Network| Some(Bookmark::of(&network.tip));
    check(&network, vec![serves(&grown(4)), serves(&network)], kept(&grown(5)), Verdict::Undecided, &[Behind, Whole]);
    let report = check(&network, vec![serves(&network)], kept(&grown(8)), Verdict::Altered, &[Whole]);
    assert_eq!(heights(&report), (Verdict::Altered, Some(6), Some(7), Some(6)));
    assert_eq!((report.findings[0].kind.as_str(), report.ended), ("missing", "fault"));
    // format.md §15.2: what is lost takes nothing from what is here.
    assert_eq!((report.tip, report.map_root), (Some(network.tip.hash()), Some(network.map.root())));
    assert_eq!((report.events, report.bookmark), (24, Some(Bookmark::of(&network.tip))));
    let silent = Node { said: Err("it does not answer".to_owned()), blocks: None };
    check(&network, vec![silent], kept(&network), Verdict::Undecided, &[Nothing]);
}

#[test]
fn two_certified_chains_are_a_finding_of_their_own() {
    use Serves::Whole;
    let (mut one, mut other) = (grown(3), grown(3));
    fill(&mut one);
    fill(&mut one);
    other.block(vec![]);
    fill(&mut other);
    let report = check(&one, vec![serves(&one), serves(&one), serves(&other)], None, Verdict::Altered, &[Whole; 3]);
    assert_eq!((report.height, report.at), (Some(Height(3)), Some(Height(4))));
    assert_eq!((report.findings.len(), report.findings[0].kind.as_str()), (1, "fork"));
    // What is said stands below the first block that differs, whose own certificate is among what they have in common
    // only up to the one before.
    let below = one.at(Height(3));
    assert_eq!((report.ended, report.tip), ("fault", Some(below.tip.hash())));
    assert_eq!((report.events, report.log_root), (12, Some(below.tip.frontier().root())));
    assert_eq!((report.signed, report.bookmark), (Some(Height(2)), Some(Bookmark::of(&one.at(Height(2)).tip))));
    // A chain that is not signed where it parts proves nothing.
    let cut = Node { said: said(&other.tip), blocks: Some(Given::new(&other.blocks[..4], Last::Cut)) };
    let judged = judge_asked(&one, vec![serves(&one), cut], None);
    assert_eq!((judged.verdict(), judged.together()), (Verdict::Undecided, None));
}

#[test]
fn a_chain_that_ends_at_the_very_block_that_was_kept_has_lost_nothing() {
    let network = grown(6);
    let kept = Some(Bookmark::of(&network.tip));
    check(&network, vec![serves(&network), serves(&network)], kept, Verdict::Holds, &[Serves::Whole; 2]);
}

/// Of three chains the two that are certified part where they part, not where the third one left them.
#[test]
fn a_fork_of_a_fork_is_told_at_its_own_height() {
    let (mut first, mut second) = (grown(5), grown(3));
    fill(&mut first);
    second.block(vec![]);
    fill(&mut second);
    let mut third = second.at(Height(5));
    fill(&mut second);
    third.block(vec![]);
    (0..2).for_each(|_| [&mut second, &mut third].into_iter().for_each(fill));
    // Not certified where the others leave it.
    let cut = Node { said: said(&first.tip), blocks: Some(Given::new(&first.blocks[..4], Last::Cut)) };
    let judged = judge_asked(&first, vec![cut, serves(&second), serves(&third)], None);
    let together = judged.together().unwrap();
    assert_eq!((together.kind.as_str(), together.height), ("fork", Height(6)));
}

/// format.md §15.7: several nodes are judged at the full depth, whatever is asked for.
#[test]
fn nodes_are_judged_at_the_full_depth() {
    let network = grown(4);
    let nodes =
        [serves(&network), serves(&network)].map(|node| Asked { said: node.said, read: |_| node.blocks.unwrap() });
    let judged = judge_nodes(&network.genesis, Vec::from(nodes), &TIP, |_| {}).unwrap();
    assert!(judged.nodes().iter().all(|node| node.judged.depth == Depth::FULL));
    assert_eq!(Report::of_nodes(&judged).checked.certificates, 4);
}

/// Blocks `from` to `to` as a sealed file.
fn sealed(network: &Network, from: u64, to: u64) -> Vec<u8> {
    home::sealed(network, &network.blocks, from, to)
}

fn judge_home(network: &Network, sealed: &[Vec<u8>], hot: Hot<'_>, end: HomeEnd) -> Report {
    let files: Vec<&[u8]> = sealed.iter().map(Vec::as_slice).collect();
    let mut home = Home::new(&network.tip.chain(), files, hot, end);
    let tip_file = Some((network.tip.height(), network.tip.hash()));
    let options = Options { tip_file, ..EVERY };
    Report::of(&super::judge(&network.genesis, &Start::default(), &mut home, options, &mut Unwatched))
}

#[test]
fn a_home_is_read_from_its_sealed_files_and_then_from_its_newest_blocks() {
    let network = changed();
    let end = || HomeEnd { height: Some(Height(8)), certificate: network.certificate.clone() };
    let files = [sealed(&network, 1, 3), sealed(&network, 4, 6)];
    let whole = (Verdict::Holds, Some(8), None, Some(8));
    let judged = |files: &[Vec<u8>], hot| heights(&judge_home(&network, files, Hot(&network, hot), end()));
    assert_eq!(judged(&files, 7..=8), whole);
    assert_eq!(judged(&files, 4..=8), whole);
    assert_eq!(judged(&[], 1..=8), whole);
    let missing = |at: u64| (Verdict::Altered, Some(at - 1), Some(at), at.checked_sub(2).filter(|signed| *signed > 0));
    assert_eq!(judged(&files, 8..=8), missing(7));
    assert_eq!(judged(&files[..1], 7..=8), missing(4));
    assert_eq!(judged(&files[1..], 7..=8), missing(1));
    // A file that a crash tore while it was sealed: the database still has its blocks.
    let mut torn = files.clone();
    let length = torn[1].len();
    torn[1].truncate(length - 300);
    assert_eq!(judged(&torn, 4..=8), whole);
    assert_eq!(judged(&torn, 7..=8).0, Verdict::Altered);
    // One that is not the same in both.
    let other = Network { blocks: network.blocks.iter().rev().cloned().collect(), ..changed() };
    let report = judge_home(&network, &files, Hot(&other, 6..=8), end());
    assert_eq!(heights(&report), missing(6));
    // Without a tip file nothing says where it ends.
    let unknown = HomeEnd { height: None, certificate: None };
    let mut home = Home::new(&network.tip.chain(), Vec::<&[u8]>::new(), Hot(&network, 1..=8), unknown);
    let judged = super::judge(&network.genesis, &Start::default(), &mut home, EVERY, &mut Unwatched);
    let report = Report::of(&judged);
    assert_eq!((heights(&report), report.ended), ((Verdict::Undecided, Some(8), None, Some(7)), "no_end"));
}

/// What is not read in its place is said, also where the database has it.
#[test]
fn a_home_says_what_of_its_sealed_files_was_passed_over() {
    let network = changed();
    let mut files = [sealed(&network, 1, 3), sealed(&network, 4, 6)];
    let notes = |files: &[Vec<u8>]| {
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        let end = HomeEnd { height: Some(Height(8)), certificate: network.certificate.clone() };
        let mut home = Home::new(&network.tip.chain(), files, Hot(&network, 1..=8), end);
        let judged = super::judge(&network.genesis, &Start::default(), &mut home, EVERY, &mut Unwatched);
        assert_eq!(verdict(&judged), Verdict::Holds);
        home.notes().to_vec()
    };
    assert_eq!(notes(&files), [] as [String; 0]);
    let above = "the sealed files cannot be read from block 4 on: the next sealed file begins above block 6";
    assert_eq!(notes(&[files[0].clone(), sealed(&network, 7, 8)]), [above]);
    files[0][100] ^= 1;
    let [torn] = notes(&files).try_into().unwrap();
    assert!(torn.starts_with("the sealed files cannot be read from block 1 on: "), "{torn}");
}

#[test]
fn a_home_is_walked_past_its_damage() {
    let network = grown(8);
    let mut files = [sealed(&network, 1, 3), sealed(&network, 4, 6)];
    let length = files[0].len();
    files[0][length / 2] ^= 1;
    let report =
        judge_home(&network, &files, Hot(&network, 7..=8), HomeEnd { height: Some(Height(8)), certificate: None });
    let at = report.at.unwrap();
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let mut home = Home::new(
        &network.tip.chain(),
        files.clone(),
        Hot(&network, 7..=8),
        HomeEnd { height: None, certificate: None },
    );
    let judged = super::judge(&network.genesis, &Start::default(), &mut home, EVERY, &mut Unwatched);
    let told = extent(&judged, &mut HomeWalk::new(&network.tip.chain(), files, Hot(&network, 7..=8)));
    assert_eq!((told.blocks, told.highest, told.damage.len()), (8 - at.0, Some(Height(8)), 1));
    assert!(report.with_extent(told).extent.is_some_and(|told| told.highest == Some(Height(8))));
}
