//! The end of an audit: the tip's certificate, the map, and the verdict.

use crate::audit::{Auditor, Bookmark, Finding, Report, Verdict};
use crate::certificate::{Certificate, CertificateError};
use crate::chain::Fault;
use crate::names::Height;

impl Auditor {
    /// Ends the audit. `certificate` is the one that stands apart, the last block's own.
    #[must_use]
    pub fn finish(mut self, certificate: Option<&Certificate>) -> Report {
        self.look_ahead();
        let certified = self.certify(certificate);
        self.miss_pins();
        if self.unproved_start {
            self.note(&format!("blocks 1 to {}: they are not here", self.start.height));
        }
        self.compare_map();
        self.findings.sort_by_key(|finding| finding.height);
        let verdict = self.verdict(certified);
        let sound = &self.sound;
        let height = sound.height;
        let seals = height.0.saturating_add(self.seals_before);
        Report {
            verdict,
            height,
            events: sound.frontier.size().0.saturating_sub(self.entries_before.saturating_add(seals)),
            tip: sound.hash,
            log_root: sound.frontier.root(),
            map_root: sound.map_root,
            signed: certified.filter(|_| height > Height(0)).map(|signed| signed.min(height)),
            witnessed: None,
            timestamped: None,
            bookmark: Bookmark::of(sound),
            unchecked: self.unchecked,
            findings: self.findings,
            checked: self.checked,
        }
    }

    /// Whether a certificate is a valid one of the last block, so that of several the right one can be
    /// given to [`Auditor::finish`].
    ///
    /// # Errors
    /// [`CertificateError`]: why it is none.
    pub fn certifies(&self, certificate: &Certificate) -> Result<(), CertificateError> {
        let head = &self.head;
        certificate.verify(&head.chain, &head.signers, head.height, head.hash)
    }

    /// The tip's certificate; gives the height up to which validators vouch for the chain.
    fn certify(&mut self, certificate: Option<&Certificate>) -> Option<Height> {
        let height = self.head.height;
        if self.beyond {
            return None;
        }
        let Some(certificate) = certificate else {
            if height == Height(0) {
                return Some(height);
            }
            self.note("the certificate of the last block: it is not here");
            return None;
        };
        if certificate.height > height {
            let more =
                certificate.verify(&self.head.chain, &self.head.membership, certificate.height, certificate.block);
            let detail = format!("the chain here ends at {height}; a certificate is of height {}", certificate.height);
            self.find(Finding::at(height.next(), "missing", detail));
            return more.ok().map(|()| certificate.height);
        }
        if height == self.start.height {
            self.note("the blocks: none is here that the certificate could be of");
            return None;
        }
        // Of a block that cannot be read the certificate says which one it was.
        let block = if self.linked { self.head.hash } else { certificate.block };
        if certificate.height == height && certificate.block != block && !self.signers_unknown {
            self.not_certified(certificate, height);
            return None;
        }
        self.checked.certificates += 1;
        match certificate.verify(&self.head.chain, &self.head.signers, height, block) {
            Ok(()) => Some(height),
            Err(_) if self.signers_unknown => None,
            Err(why) => {
                self.find(Finding::of(height, &Fault::Certificate(why)));
                None
            }
        }
    }

    fn compare_map(&mut self) {
        let hashed = self.held.is_hashed();
        if hashed {
            self.checked.map_roots = self.sound.height.0.saturating_sub(self.start.height.0);
        }
        // Above a finding the states are those of no block.
        if !self.clean {
            return;
        }
        let Some((root, subjects)) = std::mem::take(&mut self.held).into_root() else { return };
        self.checked.subjects = subjects;
        if hashed {
            return;
        }
        self.checked.map_roots = 1;
        if root != self.sound.map_root {
            // At which block that begins is not known: no map root above the start is vouched for.
            self.sound = self.start.clone();
            let detail = "the contracts folded from the log give another map root than the tip's header has; an audit of every block's states names the block";
            self.find(Finding::at(self.head.height, "map", detail));
        }
    }

    /// 1 goes before 3 before 0.
    fn verdict(&mut self, certified: Option<Height>) -> Verdict {
        let vouched = self.pins.iter().map(|pin| pin.height).chain(certified).max();
        // What cannot be read was altered if somebody vouches that it was there.
        let proves = |finding: &Finding| finding.kind != "unreadable" || Some(finding.height) <= vouched;
        if self.findings.iter().any(proves) {
            return Verdict::Altered;
        }
        if self.wants_outsiders {
            self.note("witnesses and time stamps, which the genesis asks for: none are here");
        }
        let decided = self.findings.is_empty() && certified.is_some() && !self.unproved_start && !self.wants_outsiders;
        if decided { Verdict::Holds } else { Verdict::Undecided }
    }
}
