"""The extent of what is wrong (section 16.1): what else can be read behind the place where the reading ended.

A second walk over the same bytes. It takes the judgement as it is, and has no verdict: nothing here can change one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .archive import BLOCK, CHAIN, FRAME_HEAD, Frame, read_at, read_frame
from .block import Block
from .codec import Invalid
from .crypto import holds
from .genesis import Genesis
from .judge import Complete, Judged
from .membership import SUBMISSION, Judges

WINDOW = 1 << 20
"""So many bytes are searched at once."""


@dataclass(frozen=True, slots=True)
class Extent:
    """What else the bytes hold, in words."""

    notes: tuple[str, ...] = ()


def extent_of(file: BinaryIO, genesis: Genesis, judged: Judged) -> Extent:
    """What blocks can be read behind the place where the reading ended."""
    if isinstance(judged.ended, Complete):
        return Extent()
    blocks = list(blocks_in(file, genesis.chain_id(), judged.read))
    if not blocks:
        return Extent()
    heights = sorted({block.header.height for block in blocks})
    found = "one more block" if len(blocks) == 1 else f"{len(blocks)} more blocks"
    notes = [f"{found} can be read: by their headers, of heights {heights[0]} to {heights[-1]}"]
    notes += [f"block {block.header.height}: {fault}" for block in blocks if (fault := fault_in(block, genesis))]
    return Extent(tuple(notes))


def fault_in(block: Block, genesis: Genesis) -> str | None:
    """What a block alone shows to be wrong with it. (A node that joined later is not in the genesis.)"""
    if block.body.hash() != block.header.body:
        return "the body is another one"
    nodes, chain = Judges(genesis.membership).nodes, genesis.chain_id()
    for submission in block.body.submissions:
        node = nodes.get(submission.stream)
        if node and not holds(node.key(SUBMISSION), submission.signature, submission.signed(chain)):
            return f"the signature of stream {submission.stream}, sequence {submission.sequence} does not hold"
    return None


def blocks_in(file: BinaryIO, chain: bytes, at: int) -> Iterator[Block]:
    """The blocks of whole frames from a byte on, wherever they stand; what stands within one is not looked at."""
    before = FRAME_HEAD + CHAIN.start
    while (place := place_of(file, chain, at + before)) is not None:
        frame = read_frame(file, place - before)
        block = block_in(frame) if frame and frame.kind == BLOCK else None
        if block:
            yield block
        at = frame.end if block else place - before + 1


def block_in(frame: Frame) -> Block | None:
    try:
        return Block.decode(frame.data)
    except Invalid:
        return None


def place_of(file: BinaryIO, wanted: bytes, start: int) -> int | None:
    """Where these bytes stand next."""
    while chunk := read_at(file, start, WINDOW):
        found = chunk.find(wanted)
        if found >= 0:
            return start + found
        start += WINDOW - len(wanted) + 1
    return None
