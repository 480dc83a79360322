//! The law: an audit at full depth holds exactly if `check` and `finalize` climb every block, whoever made the chain;
//! and the plain auditor says the same as the fast one, of verdict and heights, for each source.

use super::plain::{self, Heights};
use super::*;
use crate::block::{Body, Header};
use crate::chain::{HashedBlock, Tip, check};
use crate::crypto::{Signature, Suite};
use crate::map::ContractMap;
use crate::merkle::LogSize;
use crate::names::{BlockHash, MapRoot, Round};
use proptest::prelude::*;

/// What is done to one block before the chain above it is recomputed, and signed again by who has the keys.
#[derive(Clone, Copy, Debug)]
enum Forged {
    Signature,
    Round,
    Short,
    NoCertificate,
    Left,
    Twice,
    Chain,
    Protocol,
    Height(u64),
    Parent,
    Time,
    Body,
    LogSize,
    LogRoot,
    MapRoot,
    Control,
    NextMembership,
    Proposer,
}

/// What is done to the blocks afterwards.
#[derive(Clone, Copy, Debug)]
enum Altered {
    Bit(usize),
    Truncated(usize),
    Removed,
    Repeated,
    Swapped,
    /// Taken from the chain as it was.
    Original,
    Unreadable,
}

/// What stands at the end.
#[derive(Clone, Copy, Debug)]
enum End {
    Own,
    Cut,
    Short,
    Round,
    Below,
    Above,
    Original,
    Behind,
}

fn any_forged() -> impl Strategy<Value = Forged> {
    use Forged as F;
    let all = [
        F::Signature,
        F::Round,
        F::Short,
        F::NoCertificate,
        F::Left,
        F::Twice,
        F::Chain,
        F::Protocol,
        F::Height(2),
        F::Height(9),
        F::Parent,
        F::Time,
        F::Body,
        F::LogSize,
        F::LogRoot,
        F::MapRoot,
        F::Control,
        F::NextMembership,
        F::Proposer,
    ];
    prop::sample::select(all.to_vec())
}

fn any_altered() -> impl Strategy<Value = Altered> {
    prop_oneof![
        any::<usize>().prop_map(Altered::Bit),
        any::<usize>().prop_map(Altered::Truncated),
        Just(Altered::Removed),
        Just(Altered::Repeated),
        Just(Altered::Swapped),
        Just(Altered::Original),
        Just(Altered::Unreadable),
    ]
}

fn any_end() -> impl Strategy<Value = End> {
    use End as E;
    let ends = vec![E::Cut, E::Short, E::Round, E::Below, E::Above, E::Original, E::Behind];
    prop_oneof![3 => Just(E::Own), 2 => prop::sample::select(ends)]
}

fn forge(network: &Network, forgeries: &[(u64, Forged)], signed: bool) -> (Vec<Vec<u8>>, Certificate) {
    let at = |height| forgeries.iter().filter(move |(of, _)| *of == height).map(|(_, forged)| *forged);
    let body = |height, body: &mut Body| {
        for forged in at(height) {
            let carried = body.parent_certificate.iter_mut();
            match forged {
                Forged::Signature => forger::edit(body, |list| {
                    list.iter_mut().for_each(|one| one.signature = Signature([0; 64]));
                }),
                Forged::Round => carried.for_each(|certificate| certificate.round = Round(certificate.round.0 + 1)),
                Forged::Short => carried.for_each(|certificate| forger::shorten(certificate, 2)),
                Forged::NoCertificate => body.parent_certificate = None,
                Forged::Left => forger::edit(body, |list| _ = list.pop()),
                Forged::Twice => forger::edit(body, |list| list.extend(list.first().cloned())),
                Forged::Chain | Forged::Protocol | Forged::Height(_) | Forged::Parent | Forged::Time | Forged::Body => {
                }
                Forged::LogSize | Forged::LogRoot | Forged::MapRoot | Forged::Control => {}
                Forged::NextMembership | Forged::Proposer => {}
            }
        }
    };
    let header = |height, header: &mut Header| {
        for forged in at(height) {
            match forged {
                Forged::Chain => header.chain.0[0] ^= 1,
                Forged::Protocol => header.protocol.0 = 2,
                Forged::Height(other) => header.height = Height(other),
                Forged::Parent => header.parent.0[0] ^= 1,
                Forged::Time => header.time.0 -= 5_000,
                Forged::Body => header.body.0[0] ^= 1,
                Forged::LogSize => header.log_size = LogSize(header.log_size.0 + 1),
                Forged::LogRoot => header.log_root.0[0] ^= 1,
                Forged::MapRoot => header.map_root = MapRoot([1; 32]),
                Forged::Control => header.control.0[0] ^= 1,
                Forged::NextMembership => header.next_membership.0[0] ^= 1,
                Forged::Proposer => header.proposer = NodeNumber(9),
                Forged::Signature | Forged::Round | Forged::Short => {}
                Forged::NoCertificate | Forged::Left | Forged::Twice => {}
            }
        }
    };
    Forgery { body: &body, header: &header, signed }.of(network)
}

/// Alters the blocks; gives those in front of the first that cannot be read.
fn alter(network: &Network, blocks: &mut Vec<Vec<u8>>, alterations: &[(usize, Altered)]) -> bool {
    let mut cut = blocks.len();
    for (at, altered) in alterations {
        let at = at % blocks.len();
        match altered {
            Altered::Bit(bit) => {
                let bit = bit % (blocks[at].len() * 8);
                blocks[at][bit / 8] ^= 1 << (bit % 8);
            }
            Altered::Truncated(to) => {
                let to = to % blocks[at].len();
                blocks[at].truncate(to);
            }
            Altered::Removed if blocks.len() > 1 => _ = blocks.remove(at),
            Altered::Removed => {}
            Altered::Repeated => blocks.insert(at, blocks[at].clone()),
            Altered::Swapped => blocks.swap(at, 0),
            Altered::Original => network.blocks.get(at).into_iter().for_each(|block| blocks[at].clone_from(block)),
            Altered::Unreadable => cut = cut.min(at),
        }
    }
    let is_cut = cut < blocks.len();
    blocks.truncate(cut);
    is_cut
}

fn end(network: &Network, own: Certificate, end: End, is_cut: bool) -> Last {
    let mut other = own.clone();
    let behind = matches!(end, End::Behind).then(|| "something".to_owned());
    match end {
        _ if is_cut => return Last::Unreadable("it is lost".to_owned()),
        End::Cut => return Last::Cut,
        End::Own | End::Behind => {}
        End::Short => forger::shorten(&mut other, 2),
        End::Round => other.round = Round(7),
        End::Below => other = network.at(Height(network.tip.height().0 - 1)).certificate.unwrap(),
        End::Above => {
            let mut above = network.at(network.tip.height());
            fill(&mut above);
            other = above.certificate.unwrap();
        }
        End::Original => other = network.certificate.clone().unwrap(),
    }
    Last::Certificate { certificate: other, behind }
}

/// Whether `check` and `finalize` climb every block, each made final by the certificate above it, and nothing else
/// stands there.
fn climbs(network: &Network, blocks: &[Vec<u8>], last: &Last) -> bool {
    let Last::Certificate { certificate, behind: None } = last else { return false };
    let (mut tip, mut map) = (Tip::genesis(&network.genesis), ContractMap::default());
    for (at, bytes) in blocks.iter().enumerate() {
        let Ok(Ok(checked)) = HashedBlock::read(bytes).map(|block| check(block, &tip, &map)) else { return false };
        let own = match blocks.get(at + 1) {
            Some(above) => HashedBlock::read(above).ok().and_then(|block| block.body().parent_certificate.clone()),
            None => Some(certificate.clone()),
        };
        let Some(Ok(mut block)) = own.map(|own| checked.finalize(own)) else { return false };
        block.advance(&mut map).unwrap();
        tip = block.after().clone();
    }
    tip.rules().is_ok() && !blocks.is_empty()
}

fn heights_of(judged: &Judged) -> Heights {
    heights(&Report::of(judged))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn an_audit_holds_exactly_if_every_block_climbs(
        forgeries in prop::collection::vec((1_u64..9, any_forged()), 0..3),
        signed in any::<bool>(),
        alterations in prop::collection::vec((0_usize..8, any_altered()), 0..3),
        last in any_end(),
        cuts in prop::collection::vec(1_usize..5, 12),
        kept in prop::option::of((1_u64..10, any::<bool>(), any::<bool>())),
    ) {
        let network = changed();
        let (mut blocks, own) = forge(&network, &forgeries, signed);
        let is_cut = alter(&network, &mut blocks, &alterations);
        let last = end(&network, own, last, is_cut);
        let given = Given::new(&blocks, last.clone());

        let judged = judge_blocks(&network, &blocks, last.clone(), &EVERY);
        prop_assert_eq!(verdict(&judged) == Verdict::Holds, climbs(&network, &blocks, &last));
        // Without the validators' keys nothing holds but the chain as it was, or the lower part of it.
        prop_assert!(signed || verdict(&judged) != Verdict::Holds || network.blocks.starts_with(&blocks));
        // No shorter way holds where every signed block was altered in what everybody checks.
        let start = Start::default();
        prop_assert_eq!(heights_of(&judged), plain::audit(&network.genesis, &start, &mut given.clone(), [None, None]));

        // However it is cut into batches.
        let mut judge = Judge::new(&network.genesis, &start, EVERY);
        let (mut rest, mut cuts) = (blocks.as_slice(), cuts.iter().copied().cycle());
        while let Some((batch, later)) = rest.split_at_checked(cuts.next().unwrap().min(rest.len())).filter(|_| !rest.is_empty()) {
            judge.take(batch);
            rest = later;
        }
        prop_assert_eq!(Report::of(&judge.finish(last.clone())), Report::of(&judged));

        // With what was kept of this chain or of another.
        if let Some((height, is_other, by_auditor)) = kept {
            let mut hash = network.at(Height(height.min(8))).tip.hash();
            hash.0[0] ^= u8::from(is_other);
            let kept = (Height(height), hash);
            let bookmark = Bookmark { height: Height(height), block: hash, ..Bookmark::of(&network.tip) };
            let options = match by_auditor {
                true => Options { from: Some(bookmark), ..EVERY },
                false => Options { tip_file: Some(kept), ..EVERY },
            };
            let judged = judge_blocks(&network, &blocks, last, &options);
            let kept = if by_auditor { [Some(kept), None] } else { [None, Some(kept)] };
            prop_assert_eq!(heights_of(&judged), plain::audit(&network.genesis, &start, &mut given.clone(), kept));
        }
    }

    /// The same of archives, as bytes: of the whole chain, and of a stretch on its foot.
    #[test]
    fn an_archive_is_judged_as_the_plain_auditor_judges_it(
        forgeries in prop::collection::vec((1_u64..9, any_forged()), 0..2),
        signed in any::<bool>(),
        from in 0_u64..7,
        with_states in any::<bool>(),
        last in any_end(),
        kept in prop::option::of((1_u64..10, any::<bool>())),
        bits in prop::collection::vec(any::<usize>(), 0..3),
        more in prop::collection::vec(any::<u8>(), 0..2),
    ) {
        let network = changed();
        let (blocks, own) = forge(&network, &forgeries, signed);
        let then = network.at(Height(from));
        let foot = Foot { states: with_states.then(|| then.map.len()), ..then.foot() };
        let last = end(&network, own, last, false);
        let certificate = match &last {
            Last::Certificate { certificate, .. } => Some(certificate),
            Last::Cut | Last::Unreadable(_) => None,
        };
        let mut file = forger::archive(&network, &foot, &then.map, &blocks[from as usize..], certificate);
        file.extend(more);
        for bit in bits {
            let bit = bit % (file.len() * 8);
            file[bit / 8] ^= 1 << (bit % 8);
        }
        let kept = kept.map(|(height, is_other)| {
            let mut hash = network.at(Height(height.min(8))).tip.hash();
            hash.0[0] ^= u8::from(is_other);
            (Height(height), hash)
        });
        let bookmark = |(height, block): (Height, BlockHash)| Bookmark { height, block, ..Bookmark::of(&network.tip) };
        let options = Options { from: kept.map(bookmark), ..EVERY };
        let judged = judge_file(&network, &file, &options);
        match Archive::open(file.as_slice(), &network.tip.chain()) {
            Ok((start, mut blocks)) => {
                let plain = plain::audit(&network.genesis, &start, &mut blocks, [kept, None]);
                prop_assert_eq!(heights_of(&judged.unwrap()), plain);
            }
            Err(NotOpened::OtherChain(_)) => prop_assert!(judged.is_err()),
            Err(NotOpened::Head(_) | NotOpened::Foot(_)) => {
                prop_assert_eq!(heights_of(&judged.unwrap()), (Verdict::Undecided, None, None, None));
            }
        }
    }
}

/// The suite is the protocol's, and compared; there is only one yet, so no other can be encoded.
#[test]
fn every_suite_that_can_be_encoded_is_the_protocols() {
    assert_eq!(grown(0).tip.rules().map(|rules| rules.suite), Ok(Suite::Ed25519Sha256));
}
