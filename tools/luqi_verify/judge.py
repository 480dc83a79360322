"""Judging: frames in order, each block up the one ladder of section 11 (sections 15 and 16).

The first thing that is not a whole frame in its place, or does not climb, ends it. What was judged until then, and
what ended it, is all that a verdict comes from (`audit`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from .archive import BLOCK, Archive, Foot, KeyedState, OtherChain, Unreadable, UnreadableHead
from .block import Block, Header
from .certificate import Certificate
from .chain import Finding, Kind, States, Tip
from .codec import Height, Invalid, LogSize, codec_of, from_hex
from .foot import stand_on
from .genesis import PROTOCOL, Genesis
from .merkle import Frontier
from .strict_json import read_report


@dataclass(frozen=True, slots=True)
class Depth:
    """How much is verified: every certificate and the map after every block, which is what defines the verdict; or
    only what carries the chain."""

    every_certificate: bool = True
    every_map: bool = True


FULL = Depth()


# -- what an auditor brings along --------------------------------------------------------------


KEPT_NAMES = {"chain", "height", "block", "log_size", "log_root", "control", "membership", "frontier"}
"""Names of what an auditor keeps (section 15.4)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an auditor kept from an earlier audit: the hash of the block at a height."""

    height: int
    block: bytes

    @classmethod
    def from_json(cls, text: str, wanted: bytes) -> "Kept":
        """From what is kept, or from a report that says *holds*, which has it under `bookmark`; of the wanted chain."""
        value = read_report(text)
        if isinstance(value, dict) and ("bookmark" in value or "verdict" in value):
            if value.get("verdict") != "holds":
                raise Invalid("only a report that says holds may be given for what it says to keep")
            value = value.get("bookmark")
        if not isinstance(value, dict) or set(value) != KEPT_NAMES:
            raise Invalid("it is not what an audit gives to keep")
        height, block, chain = codec_of(Height).from_json(value["height"]), from_hex(value["block"]), from_hex(value["chain"])
        if height == 0 or len(block) != 32 or len(chain) != 32:
            raise Invalid("it names no block")
        codec_of(LogSize).from_json(value["log_size"])
        codec_of(Frontier).from_json(value["frontier"])
        if any(len(from_hex(value[name])) != 32 for name in ("log_root", "control", "membership")):
            raise Invalid("it has a hash that is none")
        if chain != wanted:
            raise Invalid(f"it is of chain {chain.hex()}, the genesis makes {wanted.hex()}")
        return cls(height, block)


# -- what comes of it --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Complete:
    """The certificate at the end is the last block's own, and nothing stands behind it."""


@dataclass(frozen=True, slots=True)
class Empty:
    """No block stands here."""


@dataclass(frozen=True, slots=True)
class NoEnd:
    """The blocks end, and so does the file."""


@dataclass(frozen=True, slots=True)
class CannotRead:
    """What stands in the place of the block at this height, or behind the end, is no whole frame that belongs there."""

    at: int
    why: str


@dataclass(frozen=True, slots=True)
class NothingRead:
    """Head, or foot and states, cannot be read: nothing is judged."""

    head: bool
    why: str


@dataclass(frozen=True, slots=True)
class Newer:
    """From this height on a protocol is in force that is not known here."""

    at: int
    protocol: int


Ended = Complete | Empty | NoEnd | CannotRead | NothingRead | Newer | Finding


@dataclass(frozen=True, slots=True)
class Sound:
    """A block of which everything holds, or what the first one stands on; and what was counted up to it."""

    height: int
    header: Header | None
    """None at height 0."""
    hash: bytes
    frontier: Frontier
    outsiders: bool
    """Whether the trust policy of the membership that judged it asks for witnesses or time stamps."""
    events: int
    """On the chain up to here, judged or below the foot (section 15.2)."""
    judged: int
    """Those of them that were judged."""
    submissions: int
    """Judged."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How far the ladder was climbed, and what ended it."""

    ended: Ended
    depth: Depth
    stands_on: int | None
    """The height that the first block stands on: the foot's, or 0. None if nothing is judged."""
    met: bool
    """The block that the auditor kept is the one here."""
    map_known: bool
    sound: Sound | None
    """The last block judged sound, or what the first one stands on. None where nothing is."""
    signed: Sound | None
    """The last block whose own certificate was verified: it covers all below."""
    read: int
    """So many bytes of the file were read, each thing in its place."""


def judge(
    file: BinaryIO, genesis: Genesis, depth: Depth = FULL, kept: Kept | None = None,
    watch: Callable[[Tip], None] = lambda tip: None,
) -> Judged:
    """Judges an archive. `OtherChain` is raised for one of another chain, and what the file raises when it is read.

    `watch` is shown the tip after every block.
    """
    ladder = Ladder(Archive(file), genesis, depth, kept, watch)
    try:
        ended = ladder.run()
    except Unreadable as error:
        ended = NothingRead(isinstance(error, UnreadableHead), str(error))
    except Finding as finding:
        ended = finding
    steps = ladder.steps
    if isinstance(ended, Finding):  # a certificate may speak against the block below the one that carries it
        steps = [step for step in steps if step.height < ended.height]
    stands_on = ladder.stands_on if steps else None
    sound = steps[-1] if steps else None
    return Judged(
        ended, depth, stands_on, ladder.met, ladder.map_known, sound, signed_of(steps, ladder), ladder.archive.at)


def signed_of(steps: list[Sound], ladder: "Ladder") -> Sound | None:
    """Section 15.2: the last block sound, if its own certificate stood at the end; or else the one below, whose
    certificate it carries."""
    if not steps or steps[-1].height == ladder.stands_on:
        return None
    signed = steps[-1] if steps[-1].height == ladder.end_verified else steps[-2]
    return signed if signed.height > 0 else None


class Ladder:
    """One run through one archive."""

    def __init__(
        self, archive: Archive, genesis: Genesis, depth: Depth, kept: Kept | None, watch: Callable[[Tip], None],
    ) -> None:
        self.archive = archive
        self.genesis = genesis
        self.chain = genesis.chain_id()
        self.depth = depth
        self.kept = kept
        self.watch = watch
        self.stands_on: int | None = None
        self.met = self.map_known = False
        self.end_verified: int | None = None
        """The height of the block whose own certificate stood at the end and holds."""
        self.steps: list[Sound] = []
        """The last three: blocks judged sound, and what the first one stands on."""

    def run(self) -> Ended:
        foot, states = self.read_foot()
        return self.climb(self.begin(foot, states))

    # -- what the first block stands on --------------------------------------------------------

    def read_foot(self) -> tuple[Foot, list[KeyedState] | None]:
        """What stands below the first block, in an archive of this chain."""
        named = self.archive.head()
        if named == self.chain:
            foot = self.archive.foot()
            return foot, self.archive.states(foot)
        if not self.archive.is_of(self.chain):
            raise OtherChain(f"the archive is of chain {named.hex()}, the genesis makes {self.chain.hex()}")
        raise UnreadableHead("its head names another chain")

    def begin(self, foot: Foot, states: list[KeyedState] | None) -> Tip:
        tip = stand_on(foot.below, self.genesis) if foot.below else Tip.of_genesis(self.genesis)
        if states is not None:
            tip.states = States.of(states)
            tip.check_map_anew()
        self.meet_kept(tip)
        self.stands_on, self.map_known = tip.height, tip.states is not None
        self.steps.append(self.sound(tip))
        return tip

    # -- the blocks ----------------------------------------------------------------------------

    def climb(self, tip: Tip) -> Ended:
        """Every block in turn, up to what ends it. At the last one the map is made from scratch."""
        ended = None
        while ended is None:
            ended = self.next(tip)
            self.watch(tip)
        tip.check_map_anew()
        return ended

    def next(self, tip: Tip) -> Ended | None:
        """The next block, or what stands there instead."""
        if tip.control.protocol > PROTOCOL:
            return Newer(tip.height + 1, tip.control.protocol)
        try:
            frame = self.archive.next()
        except Unreadable as error:
            return CannotRead(tip.height + 1, str(error))
        if frame is None:
            return Empty() if tip.height == self.stands_on else NoEnd()
        if frame.kind != BLOCK:
            return self.end(tip, frame.data)
        self.step(tip, frame.data)
        return None

    def step(self, tip: Tip, data: bytes) -> None:
        """One block up the ladder."""
        try:
            block = Block.decode(data)
        except Invalid as error:
            raise Finding(Kind.ENCODING, tip.height + 1, str(error)) from error
        certificate = block.body.certificate
        tip.check_not_another(certificate)
        tip.check_header(block, len(data))
        # The certificate in the first block alone proves the header that a foot brings along.
        tip.check_certificate(certificate, self.depth.every_certificate or tip.height == self.stands_on)
        tip.climb(block)
        if self.depth.every_map:
            tip.check_map()
        self.meet_kept(tip)
        self.steps = [*self.steps[-2:], self.sound(tip)]

    def meet_kept(self, tip: Tip) -> None:
        """At the height that the auditor kept, the hash has to be the one that was kept."""
        if self.kept is None or self.kept.height != tip.height:
            return
        if self.kept.block != tip.hash:
            raise Finding(Kind.REWRITTEN, tip.height, "it is not the block that was kept from an earlier audit")
        self.met = True

    def sound(self, tip: Tip) -> Sound:
        outsiders = tip.judged is not None and tip.judged.membership.trust.asks_for_outsiders()
        return Sound(tip.height, tip.header, tip.hash, tip.frontier.copy(), outsiders, self.events(tip), tip.events,
                     tip.submissions)

    def events(self, tip: Tip) -> int:
        """The log without its seals, and without what it had below block 1; 0 where that is below 0 (section 15.2)."""
        if tip.height == 0:
            return 0
        before = self.genesis.predecessor
        return max(0, tip.frontier.size - tip.height - (before.header.log_size + 1 if before else 0))

    # -- the end -------------------------------------------------------------------------------

    def end(self, tip: Tip, data: bytes) -> Ended:
        """The certificate at the end, which has to be the last block's own."""
        try:
            certificate = Certificate.decode(data)
        except Invalid as error:
            return CannotRead(tip.height + 1, f"the certificate at the end encodes nothing: {error}")
        if tip.height == self.stands_on:
            tip.check_nothing_missing(certificate)
            return Empty()
        tip.check_end(certificate)
        self.end_verified = tip.height
        behind = self.archive.size - self.archive.at
        return CannotRead(tip.height + 1, f"{behind} bytes stand behind the end") if behind else Complete()
