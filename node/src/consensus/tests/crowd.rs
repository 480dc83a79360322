//! Where the number matters: four validators that lie, of thirteen and of seventeen. More of them could stop any chain.

use super::cluster::Cluster;
use super::liars::still;
use crate::consensus::undecided::{self, UNDER_WAY};
use crate::consensus::validators::Validators;
use crate::consensus::{Equivocations, Tempo, Waiting};
use crate::mempool::Mempool;
use crate::network::{Network as Swarm, Topic};
use bytes::Bytes;
use ledger_core::codec;
use ledger_core::event::Action;
use ledger_core::fixture::{Network, event};
use ledger_core::membership::Parameters;
use ledger_core::names::{BlockHash, Height, NodeNumber, Sequence};
use std::collections::BTreeSet;
use std::time::Duration;

/// So many lie.
const LIARS: u32 = 4;
/// Blocks of each of them at each height: of all together more than validators.
const BLOCKS: u64 = 17;
/// Heights above the tip of which blocks are taken in.
const AHEAD: u64 = 10;

/// The last ones of so many validators lie, and the others run.
struct Crowd {
    cluster: Cluster,
    honest: u32,
    liars: Vec<(NodeNumber, Swarm)>,
    mempools: Vec<Mempool>,
}

impl Crowd {
    async fn new(validators: u32, parameters: Parameters) -> Self {
        let cluster = Cluster::new(validators, parameters);
        let honest = validators - LIARS;
        let liars = (honest + 1..=validators).map(|liar| {
            let (seat, mut ears) = cluster.hub.join(NodeNumber(liar));
            // It hears everything and answers nothing.
            tokio::spawn(async move { while ears.recv().await.is_some() {} });
            (NodeNumber(liar), seat)
        });
        let liars = liars.collect();
        let mut crowd = Self { cluster, honest, liars, mempools: Vec::new() };
        crowd.start().await;
        crowd
    }

    /// Starts those who are honest.
    async fn start(&mut self) {
        self.mempools.clear();
        for node in 1..=self.honest {
            let mempools = &mut self.mempools;
            self.cluster.start_with(node, |deps| {
                deps.tempo = Tempo::hurried(3);
                mempools.push(deps.mempool.clone());
            });
        }
        self.cluster.all_hold().await;
    }

    /// Each liar says as many blocks as it can of the height under way and of all ahead, in a round that is its own;
    /// until all have found no room for what they have not kept.
    async fn fill(&self) {
        let said = u64::from(LIARS) * BLOCKS * AHEAD;
        let mut pause = Duration::from_millis(10);
        for pass in 0..8 {
            let before: Vec<_> = (1..=self.honest).map(|node| self.not_kept(node)).collect();
            for number in 0..BLOCKS {
                for height in 1..=AHEAD {
                    self.say_blocks(Height(height), pass * BLOCKS + number).await;
                    // What is checked no faster than it comes is dropped.
                    tokio::time::sleep(pause).await;
                }
            }
            self.cluster.all_looked().await;
            let came = (1..=self.honest).zip(before).all(|(node, before)| {
                let kept = self.kept(node);
                assert!(kept > 0, "nothing of it came to node {node}");
                self.not_kept(node) - before + kept >= said
            });
            if came {
                return;
            }
            pause *= 2;
        }
        panic!("not all that is said is heard");
    }

    async fn say_blocks(&self, height: Height, number: u64) {
        let validators = Validators::of(&self.cluster.genesis.membership);
        for (liar, seat) in &self.liars {
            let checked = self.cluster.nodes[&1].chain.assemble(*liar, Vec::new()).unwrap();
            let mut block = checked.block().clone().into_block();
            block.header.height = height;
            block.header.time.0 += number;
            let turn = |round: &u32| validators.proposer(height, *round).is_some_and(|of| of.address.0 == *liar);
            let round = (0..).find(turn).unwrap();
            let (hash, bytes) = (block.header.hash(), codec::encode(&block));
            for part in self.cluster.forger(liar.0).parts_in(height, round, hash, &bytes) {
                seat.publish(Topic::Parts, part).await;
            }
        }
    }

    fn not_kept(&self, node: u32) -> u64 {
        self.cluster.nodes[&node].view.borrow().not_kept
    }

    /// How many blocks lie in the folder of a node.
    fn kept(&self, node: u32) -> u64 {
        std::fs::read_dir(self.cluster.home(node).join("consensus/undecided")).unwrap().count() as u64
    }

    /// One more event comes to all, and one more block is agreed on.
    async fn decide(&self, number: u64) {
        let network = Network::from_genesis(self.cluster.genesis.clone());
        let submission = network.submission_at(1, Sequence(number), vec![event(number, Action::Employer)]);
        let bytes = codec::encode(&submission).len();
        for mempool in &self.mempools {
            mempool.offer(submission.clone(), bytes).unwrap();
        }
        self.cluster.agree_on(number).await;
    }

    /// All say what cannot be read: whoever is cut off for that was heard before.
    async fn are_heard(&self) {
        let count = self.cluster.hub.cut().len() + self.liars.len() * self.honest as usize;
        for (_, seat) in &self.liars {
            seat.publish(Topic::Consensus, Bytes::from_static(b"no message")).await;
        }
        self.cluster.cuts(count).await;
        self.cluster.all_looked().await;
    }
}

/// A chain that makes a block for each event, and no other.
fn by_event() -> Parameters {
    Parameters { pace_events: 1, ..still() }
}

/// Blocks of theirs take all the room that they have at the next ten heights, and the others agree on more.
async fn fill_heights(validators: u32) {
    let mut crowd = Crowd::new(validators, by_event()).await;
    crowd.fill().await;
    for node in 1..=crowd.honest {
        let (refused, kept) = (crowd.not_kept(node), crowd.kept(node));
        let room = u64::from(LIARS) * (UNDER_WAY + undecided::AHEAD) as u64;
        assert!(refused > 0 && kept <= room, "node {node} keeps {kept} and refused {refused}");
    }
    assert!((1..=crowd.honest).all(|node| crowd.cluster.height(node) == 0), "they drive no chain either");
    for number in 1..=4 {
        crowd.decide(number).await;
    }
    for node in 1..=crowd.honest {
        crowd.cluster.stop(node).await.unwrap();
        assert!(crowd.kept(node) > 0, "what they said outlasts the process");
    }
    crowd.start().await;
    for number in 5..=AHEAD + 1 {
        crowd.decide(number).await;
    }
    assert!(crowd.cluster.hub.cut().is_empty(), "nothing of it is anybody's fault: {:?}", crowd.cluster.hub.cut());
    crowd.cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_liars_of_seventeen_that_fill_heights_ahead_stop_none() {
    fill_heights(17).await;
}

/// Here everybody else is needed for each block.
#[tokio::test(flavor = "multi_thread")]
async fn four_liars_of_thirteen_that_fill_heights_ahead_stop_none() {
    fill_heights(13).await;
}

/// Votes for the height under way and for far ones drive no chain, up to a third of the power; with `more` honest
/// voices it begins.
async fn boast_of_heights(validators: u32, more: u32) {
    let crowd = Crowd::new(validators, still()).await;
    let cluster = &crowd.cluster;
    for height in [1, 2, 1_000_000_000, u64::MAX] {
        for (liar, seat) in &crowd.liars {
            let forger = cluster.forger(liar.0);
            seat.publish(Topic::Consensus, forger.proposal(Height(height), BlockHash([1; 32]))).await;
            seat.publish(Topic::Consensus, forger.prevote(Height(height), 0, None)).await;
        }
    }
    let all: Vec<_> = (1..=crowd.honest).map(NodeNumber).collect();
    let liar = crowd.liars[0].0;
    for voice in 1..=more {
        crowd.are_heard().await;
        for node in 1..=crowd.honest {
            let waiting = cluster.nodes[&node].view.borrow().waiting;
            let holds = matches!(waiting, Waiting::Due(_)) && cluster.height(node) == 0;
            assert!(holds, "node {node}, with {voice} voices too few: {waiting:?}");
        }
        // Who did not sign it would take it for the word of a copy of itself.
        let proposal = cluster.forger(voice).proposal(Height(1), BlockHash([1; 32]));
        cluster.hub.whisper(liar, &all[more as usize..], Topic::Consensus, &proposal);
    }
    cluster.reach_all(1).await;
    crowd.are_heard().await;
    assert!((1..=crowd.honest).all(|node| cluster.height(node) == 1), "one height, and no more");
    crowd.cluster.stop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_liars_of_seventeen_that_boast_of_heights_drive_no_chain() {
    boast_of_heights(17, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn four_liars_of_thirteen_that_boast_of_heights_drive_no_chain() {
    boast_of_heights(13, 1).await;
}

/// Each says one thing to one half and another to the other: there is one chain, and all name each of the four, and
/// nobody else.
#[tokio::test(flavor = "multi_thread")]
async fn four_liars_of_thirteen_that_vote_twice_split_nobody_and_are_named() {
    let mut crowd = Crowd::new(13, by_event()).await;
    let cluster = &crowd.cluster;
    let all: Vec<_> = (1..=crowd.honest).map(NodeNumber).collect();
    let (one_half, other_half) = all.split_at(4);
    for number in 1..=3 {
        for (liar, _) in &crowd.liars {
            let forger = cluster.forger(liar.0);
            for round in 0..3 {
                let votes = [None, Some(BlockHash([7; 32]))].map(|block| forger.prevote(Height(number), round, block));
                // First to each half another one, and then the other way round.
                for [nil, block] in [[one_half, other_half], [other_half, one_half]] {
                    cluster.hub.whisper(*liar, nil, Topic::Consensus, &votes[0]);
                    cluster.hub.whisper(*liar, block, Topic::Consensus, &votes[1]);
                }
            }
        }
        crowd.decide(number).await;
    }
    for node in 1..=crowd.honest {
        cluster.shows(node, |view| view.misbehaviour >= u64::from(LIARS)).await;
    }
    assert!(cluster.hub.cut().is_empty(), "{:?}", cluster.hub.cut());
    let liars: BTreeSet<_> = crowd.liars.iter().map(|(liar, _)| *liar).collect();
    let chain = cluster.genesis.chain_id();
    let folders: Vec<_> = (1..=crowd.honest).map(|node| cluster.home(node).join("consensus")).collect();
    for (node, folder) in (1..).zip(folders) {
        crowd.cluster.stop(node).await.unwrap();
        let kept = Equivocations::open(&folder, chain).unwrap().all();
        let named: BTreeSet<_> = kept.iter().map(|proof| proof.equivocation.node).collect();
        assert_eq!(named, liars, "by node {node}");
    }
}
