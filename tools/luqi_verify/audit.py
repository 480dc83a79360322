"""A whole archive, from its foot to the certificate of its last block (sections 15 and 16)."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, BinaryIO

from .archive import Archive, Below, Foot, Found, KeyedState
from .block import Block, Header
from .certificate import Certificate
from .chain import Finding, Kind, Policy, States, Tip
from .codec import Invalid, from_hex
from .genesis import PROTOCOL, Genesis
from .membership import Judges
from .merkle import Frontier


class Exit(IntEnum):
    """What the command ends with."""

    HOLDS = 0
    ALTERED = 1
    USAGE = 2
    UNDECIDED = 3
    FAILED = 4


@dataclass(frozen=True, slots=True)
class Kept:
    """What an auditor kept from an earlier audit: the hash of the block at a height."""

    height: int
    block: bytes

    @classmethod
    def from_json(cls, text: str, wanted: bytes) -> "Kept":
        """From what is kept, or from a whole report, which has it under `bookmark`; of the wanted chain."""
        value = json.loads(text)
        if isinstance(value, dict) and "bookmark" in value:
            value = value["bookmark"]
        if not isinstance(value, dict) or not {"chain", "height", "block"} <= set(value):
            raise Invalid("it is not what an audit gives to keep")
        height, block, chain = value["height"], from_hex(value["block"]), from_hex(value["chain"])
        if type(height) is not int or height < 0 or len(block) != 32 or len(chain) != 32:
            raise Invalid("it names no block")
        if chain != wanted:
            raise Invalid(f"it is of chain {chain.hex()}, the genesis makes {wanted.hex()}")
        return cls(height, block)


@dataclass(frozen=True, slots=True)
class Vouched:
    """The last block of which everything was found to hold, and what was counted up to it."""

    header: Header
    hash: bytes
    frontier: Frontier
    events: int
    submissions: int

    @classmethod
    def of(cls, tip: Tip) -> "Vouched":
        return cls(tip.header, tip.hash, tip.frontier.copy(), tip.events, tip.submissions)

    @property
    def height(self) -> int:
        return self.header.height

    @property
    def log_root(self) -> bytes:
        return self.header.log_root

    @property
    def map_root(self) -> bytes:
        return self.header.map_root


@dataclass(slots=True)
class Report:
    """What was verified, up to where, and what was found."""

    policy: Policy = Policy()
    first: int = 1
    """The height of the first block."""
    vouched: Vouched | None = None
    signed: int | None = None
    """The height of the last block whose own certificate was verified: it covers all below."""
    finding: Finding | None = None
    """Something that contradicts the chain; the lowest such thing."""
    unchecked: dict[str, str] = field(default_factory=dict)
    """What could not be judged, in words, by a short name."""

    def exit(self) -> Exit:
        if self.finding:
            return Exit.ALTERED
        return Exit.UNDECIDED if set(self.unchecked) - {"map"} else Exit.HOLDS

    def verdict(self) -> str:
        return self.exit().name.lower()


def audit(
    file: BinaryIO, genesis: Genesis, policy: Policy = Policy(), kept: Kept | None = None,
    watch: Callable[[Tip], None] = lambda tip: None,
) -> Report:
    """Verifies an archive. What does not hold, or cannot be told, is in the report.

    `OtherChain` is raised for the archive of another chain, and what the file raises when it is read.
    `watch` is shown the tip after every block.
    """
    run = Audit(file, genesis, policy, kept, watch)
    try:
        run.run()
    except Finding as finding:
        run.report.finding = finding
    run.note_damage()
    return run.report


class Audit:
    """One run through one archive."""

    def __init__(
        self, file: BinaryIO, genesis: Genesis, policy: Policy, kept: Kept | None, watch: Callable[[Tip], None],
    ) -> None:
        self.genesis = genesis
        self.chain = genesis.chain_id()
        self.archive = Archive(file, self.chain)
        self.policy = policy
        self.kept = kept
        self.watch = watch
        self.report = Report(policy)

    def run(self) -> None:
        trust = self.genesis.trust
        if trust.wanted > 0 or trust.timestamp_roots:
            self.note("trust", "witnesses and time stamps, which the genesis asks for: none are here")
        foot = self.foot()
        if foot is None:
            return self.note("foot", "all blocks: the foot that they stand on cannot be read")
        tip = self.begin(foot)
        self.meet_kept(tip)
        self.climb(tip)

    def note(self, name: str, words: str) -> None:
        self.report.unchecked[name] = words

    def note_damage(self) -> None:
        if self.archive.damage:
            self.note("file", f"the file is not as it was written: {'; '.join(self.archive.damage[:3])}")

    # -- the foot ------------------------------------------------------------------------------

    def foot(self) -> Foot | None:
        """The archive's; without one, a chain that begins with block 1 stands on the genesis."""
        first = self.archive.first
        if self.archive.foot is None and first is not None and first.claims() == 1:
            return Foot(None, None)
        return self.archive.foot

    def begin(self, foot: Foot) -> Tip:
        """What the first block is judged by."""
        tip = self.stand_on(foot.below) if foot.below else Tip.of_genesis(self.genesis)
        self.report.first = tip.height + 1
        if foot.below:
            self.note("start", f"blocks 1 to {tip.height}: they are not here")
        if self.archive.states is not None:
            tip.states = states_of(self.archive.states)
            tip.check_map_anew()
        if tip.states is None:
            self.note("map", "map roots: the states below the first block are not here")
        return tip

    def stand_on(self, below: Below) -> Tip:
        """Section 16: what has to hold of a foot."""
        header, height = below.header, below.header.height
        judged, judges = self.climb_changes(below)
        conditions = {
            "the header below is of another chain": header.chain == self.chain,
            "it stands on the genesis": height >= 1,
            "the changes do not lead to the membership": judges.hash == header.next_membership,
            "the frontier is another one":
                (below.frontier.size, below.frontier.root()) == (header.log_size, header.log_root),
            "the control state is another one": below.control.hash() == header.control,
        }
        for fault, holds in conditions.items():
            if not holds:
                raise Finding(Kind.FOOT, height, fault)
        return Tip(
            self.chain, height, header.hash(), header.time, below.frontier, header, header.log_size, header.log_root,
            header.map_root, below.control, judged, judges, None)

    def climb_changes(self, below: Below) -> tuple[Judges, Judges]:
        """The membership that judged the header below, and the one that judges what follows."""
        judged = judges = Judges(self.genesis.membership)
        height, top = 0, below.header.height
        for change in below.changes:
            header = change.header
            fault = None
            if header.chain != self.chain:
                fault = "a change of another chain"
            elif not height < header.height <= top or (header.height == top and header != below.header):
                fault = "changes out of order, or of another block than the one below"
            elif why := change.certificate.fault(self.chain, header.height, header.hash(), judges):
                fault = f"the certificate of the change at height {header.height}: {why}"
            elif change.membership.hash() != header.next_membership:
                fault = f"the membership of the change at height {header.height} is another one"
            if fault:
                raise Finding(Kind.FOOT, top, fault)
            height, judged, judges = header.height, judges, Judges(change.membership)
        return (judged if height == top else judges), judges

    # -- the blocks ----------------------------------------------------------------------------

    def climb(self, tip: Tip) -> None:
        """Every block in turn, and the end."""
        while True:
            if tip.control.protocol > PROTOCOL:
                return self.stop_at_protocol(tip)
            found = self.archive.next_block()
            if found is None:
                return self.finish(tip)
            if found.sought_from is not None and found.claims() != tip.height + 1:
                return self.lose(tip, self.archive.certificate_from(found.sought_from))
            self.climb_one(tip, found)
            self.meet_kept(tip)
            self.watch(tip)

    def climb_one(self, tip: Tip, found: Found) -> None:
        """One block, in the order of the table in section 16.2."""
        self.check_roots(tip)  # what is wrong with the tip stands below what is wrong with the block
        try:
            block = Block.decode(found.data)
        except Invalid as error:
            raise Finding(Kind.ENCODING, tip.height + 1, str(error)) from error
        fault = self.certificate_fault(tip, block)
        tip.check_header(block, len(found.data))
        if fault:
            raise fault
        tip.climb(block)

    def certificate_fault(self, tip: Tip, block: Block) -> Finding | None:
        """What the certificate in a block has against it; what it has against the tip stands lower, and is raised."""
        if tip.height == 0:
            return Finding(Kind.CERTIFICATE, 1, "block 1 carries one") if block.body.certificate else None
        if not tip.carries_certificate(block):
            return None
        # That alone proves the header that a foot brings along.
        thorough = self.policy.every_certificate or tip.height < self.report.first
        fault = tip.certificate_fault(block.body.certificate, thorough, carrier=tip.height + 1)
        if fault is None:
            self.vouch_for(tip, thorough)
        elif fault.height == tip.height:
            raise fault
        return fault

    def check_roots(self, tip: Tip) -> None:
        """The roots of the tip."""
        tip.check_log()
        if self.policy.every_map:
            tip.check_map()

    def vouch_for(self, tip: Tip, thorough: bool) -> None:
        """A run that looks at less vouches for nothing before its end."""
        if tip.height >= self.report.first and thorough:
            self.report.signed = tip.height
            if self.policy == Policy():
                self.report.vouched = Vouched.of(tip)

    def meet_kept(self, tip: Tip) -> None:
        """At the height that the auditor kept, the hash has to be the one that was kept."""
        if self.kept is None or self.kept.height != tip.height:
            return
        if self.kept.block != tip.hash:
            raise Finding(Kind.REWRITTEN, tip.height, "it is not the block that was kept from an earlier audit")
        self.report.unchecked.pop("start", None)

    # -- the end -------------------------------------------------------------------------------

    def stop_at_protocol(self, tip: Tip) -> None:
        """The rules from here on are not known: neither the certificate at the end nor what was kept is one of them."""
        self.check_end(tip)
        self.note("protocol", f"blocks from {tip.height + 1} on follow protocol {tip.control.protocol}, "
                              "which this verifier does not know")
        if tip.height >= self.report.first:
            self.report.vouched = Vouched.of(tip)

    def check_end(self, tip: Tip) -> None:
        """The roots of the last block; the map from scratch."""
        tip.check_log()
        tip.check_map_anew()

    def finish(self, tip: Tip) -> None:
        certificate, following = self.archive.certificate, tip.height + 1
        above = certificate is not None and certificate.height > tip.height
        empty = tip.height < self.report.first
        self.check_end(tip)
        if certificate is not None and not above and not empty:
            if fault := tip.certificate_fault(certificate, thorough=True, carrier=tip.height):
                raise fault
            self.report.signed, self.report.vouched = tip.height, Vouched.of(tip)
        if self.archive.broken and (certificate is None or above or self.kept_from(following)):
            return self.lose(tip, certificate)
        if above:
            raise Finding(Kind.MISSING, following, f"the last certificate is of height {certificate.height}")
        if self.kept_from(following):
            raise Finding(Kind.MISSING, following, f"an earlier audit went up to height {self.kept.height}")
        if certificate is None:
            self.note("end", "the certificate of the last block: it is not here")
        if empty:
            self.note("empty", "an archive without a block")

    def kept_from(self, height: int) -> bool:
        """Whether the auditor kept a block at this height or above."""
        return self.kept is not None and self.kept.height >= height

    def lose(self, tip: Tip, certificate: Certificate | None) -> None:
        """The block above the tip cannot be read. It was there if somebody vouches for it."""
        height = tip.height + 1
        self.check_end(tip)
        if self.kept_from(height):
            raise Finding(Kind.UNREADABLE, height, f"an earlier audit went up to height {self.kept.height}")
        if certificate is not None and certificate.height >= height:
            fault = certificate.fault(self.chain, certificate.height, certificate.block, tip.judges)
            if fault is None:
                raise Finding(Kind.UNREADABLE, height, f"the certificate at the end is of height {certificate.height}")
        self.note("end", f"blocks from {height} on: block {height} cannot be read")


def states_of(given: list[KeyedState]) -> States:
    states = States()
    for item in given:
        states.put(item.key, item.state)
    return states


def bookmark(vouched: Vouched | None) -> dict[str, Any] | None:
    """What an auditor keeps (section 15), in JSON."""
    if vouched is None:
        return None
    header, frontier = vouched.header, vouched.frontier
    return {
        "chain": header.chain.hex(), "height": header.height, "block": vouched.hash.hex(),
        "log_size": header.log_size, "log_root": header.log_root.hex(), "control": header.control.hex(),
        "membership": header.next_membership.hex(),
        "frontier": {"size": frontier.size, "peaks": [peak.hex() for peak in frontier.peaks]},
    }
