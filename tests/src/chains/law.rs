//! What an audit at full depth has to say, by a second judge: plain, slow, one block at a time, over the very
//! ladder that a voter climbs (`docs/format.md` §15, §16).

use super::links::Link;
use super::stock::Stock;
use crate::said::Said;
use ledger_core::archive::{FRAME_HEAD_BYTES, Foot, FrameHead, FrameKind, HEAD_BYTES};
use ledger_core::audit::Verdict;
use ledger_core::certificate::Certificate;
use ledger_core::chain::{HashedBlock, Tip, check};
use ledger_core::codec;
use ledger_core::genesis::Genesis;
use ledger_core::map::ContractMap;
use ledger_core::names::{BlockHash, Height};

/// How reading ended.
enum Ended {
    /// With the last block's own certificate, and nothing behind it.
    Complete,
    /// Without one, or at something that cannot be read.
    Open,
    /// At a fault in the block of a height.
    Fault(u64),
}

/// The law's answer.
pub(super) struct Law {
    verdict: Verdict,
    height: u64,
    first: Option<u64>,
    signed: Option<u64>,
}

impl Law {
    /// What an answer says else, where it does.
    pub(super) fn contradicts(&self, said: &Said) -> Option<String> {
        let law = (self.verdict, self.height, self.first, self.signed);
        let other = (said.verdict, said.height, said.first, said.signed);
        (law != other).then(|| format!("the law says (verdict, height, first, signed) = {law:?}, not {other:?}"))
    }
}

/// Judges an archive of a chain from its genesis, with what was kept outside it.
pub(super) fn judge(genesis: &Genesis, file: &[u8], kept: Option<(u64, BlockHash)>) -> Option<Law> {
    let (head, mut rest) = file.split_at_checked(HEAD_BYTES)?;
    if *head != ledger_core::archive::head(&genesis.chain_id()) {
        return None;
    }
    match next_frame(&mut rest) {
        Some((FrameKind::Foot, body)) if body == codec::encode(&Foot::default()) => {}
        Some(_) | None => return None,
    }
    let mut climb = Climb::new(genesis);
    let ended = climb.run(rest);
    let last = climb.hashes.len() as u64;
    let outside = kept.and_then(|(height, hash)| match climb.hashes.get(height as usize - 1) {
        Some(here) => (*here != hash).then_some(height),
        None => Some(last + 1),
    });
    let inside = match ended {
        Ended::Fault(at) => Some(at),
        Ended::Complete | Ended::Open => None,
    };
    let first = inside.into_iter().chain(outside).min();
    let verdict = match (first, ended) {
        (Some(_), _) => Verdict::Altered,
        (None, Ended::Complete) if last > 0 => Verdict::Holds,
        (None, _) => Verdict::Undecided,
    };
    let height = first.map_or(last, |first| first - 1);
    // Its own certificate stands in the block above, or at the end.
    let signed = if climb.certified && height == last { height } else { height.saturating_sub(1) };
    Some(Law { verdict, height, first, signed: (signed > 0).then_some(signed) })
}

struct Climb {
    tip: Tip,
    map: ContractMap,
    hashes: Vec<BlockHash>,
    /// Whether the end certificate is the last block's own.
    certified: bool,
}

impl Climb {
    fn new(genesis: &Genesis) -> Self {
        Self { tip: Tip::genesis(genesis), map: ContractMap::default(), hashes: Vec::new(), certified: false }
    }

    fn run(&mut self, mut rest: &[u8]) -> Ended {
        while let Some((kind, body)) = next_frame(&mut rest) {
            match kind {
                FrameKind::Block => {
                    if let Err(at) = self.block(body) {
                        return Ended::Fault(at);
                    }
                }
                FrameKind::Certificate => return self.end(body, rest),
                FrameKind::Foot | FrameKind::States => return Ended::Open,
            }
        }
        Ended::Open
    }

    /// One block further, or the height at which that fails.
    fn block(&mut self, bytes: &[u8]) -> Result<(), u64> {
        let last = self.hashes.len() as u64;
        let block = HashedBlock::read(bytes).map_err(|_| last + 1)?;
        let carried = block.body().parent_certificate.clone();
        if carried.as_ref().is_some_and(|certificate| self.is_of_another(certificate)) {
            return Err(last);
        }
        let checked = check(block, &self.tip, &self.map).map_err(|_| last + 1)?;
        // Its own certificate comes later, in the block above or at the end: here only what follows is taken over.
        let certificate = ledger_core::fixture::certificate(checked.after());
        match checked.clone().finalize(certificate) {
            Ok(mut block) => {
                self.tip = block.after().clone();
                block.advance(&mut self.map).unwrap();
            }
            Err(_) => unreachable!("every validator of these chains has the fixture's keys"),
        }
        self.hashes.push(self.tip.hash());
        Ok(())
    }

    /// Whether a certificate holds for another block at the height of the last one.
    fn is_of_another(&self, found: &Certificate) -> bool {
        let tip = &self.tip;
        tip.height() > Height(0)
            && found.block != tip.hash()
            && found.verify(&tip.chain(), tip.signers(), tip.height(), found.block).is_ok()
    }

    fn end(&mut self, body: &[u8], rest: &[u8]) -> Ended {
        let (tip, last) = (&self.tip, self.hashes.len() as u64);
        let Ok(certificate) = codec::decode::<Certificate>(body) else { return Ended::Open };
        if certificate.height > tip.height() {
            let holds =
                certificate.verify(&tip.chain(), tip.membership(), certificate.height, certificate.block).is_ok();
            if holds {
                return Ended::Fault(last + 1);
            }
        }
        if last == 0 {
            return Ended::Open;
        }
        if certificate.verify(&tip.chain(), tip.signers(), tip.height(), tip.hash()).is_err() {
            return Ended::Fault(last);
        }
        self.certified = true;
        if rest.is_empty() { Ended::Complete } else { Ended::Open }
    }
}

/// A whole frame, taken from the front.
fn next_frame<'a>(rest: &mut &'a [u8]) -> Option<(FrameKind, &'a [u8])> {
    let (head, after) = rest.split_first_chunk::<FRAME_HEAD_BYTES>()?;
    let head = FrameHead::decode(*head).ok()?;
    let (body, after) = after.split_at_checked(head.length as usize)?;
    head.check(body).ok()?;
    *rest = after;
    Some((head.kind, body))
}

/// No *holds* without a quorum: an archive from the genesis in which every block is, byte by byte, the beginning
/// of a history that more than two thirds signed, and whose end is signatures that they made, and enough.
/// Nothing is verified here: bytes are compared with bytes.
pub(super) fn is_signed(stock: &Stock, file: &[u8]) -> bool {
    stock.signed().any(|history| is_beginning_of(stock, file, history))
}

fn is_beginning_of(stock: &Stock, file: &[u8], history: &[Link]) -> bool {
    let mut rest = file;
    let genesis = super::links::archive(&stock.genesis, &[], None);
    match rest.strip_prefix(&genesis[..]) {
        Some(after) => rest = after,
        None => return false,
    }
    let mut links = history.iter();
    let mut last = None;
    while let Some((kind, body)) = next_frame(&mut rest) {
        match kind {
            FrameKind::Block => match links.next() {
                Some(link) if link.bytes() == body => last = Some(link),
                Some(_) | None => return false,
            },
            FrameKind::Certificate => {
                let (Some(last), Ok(found)) = (last, codec::decode::<Certificate>(body)) else { return false };
                return rest.is_empty() && is_enough_of(&last.certificate, &found);
            }
            FrameKind::Foot | FrameKind::States => return false,
        }
    }
    false
}

/// Signatures of a certificate that every validator signed, each once and in order, more than two thirds: every
/// validator of these chains has the same power.
fn is_enough_of(whole: &Certificate, found: &Certificate) -> bool {
    let same = (found.height, found.round, found.block) == (whole.height, whole.round, whole.block);
    let taken = found.signatures.iter().all(|signature| whole.signatures.contains(signature));
    let rising = found.signatures.windows(2).all(|pair| pair[0].node < pair[1].node);
    same && taken && rising && 3 * found.signatures.len() > 2 * whole.signatures.len()
}
