"""RFC 6962 trees: a root over leaf hashes, and the frontier of a tree that grows (section 3)."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from .codec import Hash, Integer, Invalid, ListOf, Reader, check_names

EMPTY_ROOT = sha256(b"").digest()
SIZES = 1 << 63
"""The size of a tree is below this."""
_size = Integer(8, range(SIZES))
_peaks = ListOf(Hash, 64)


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\0" + entry).digest()


def inner(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """The size of a tree and the roots of its complete subtrees, largest first."""

    __slots__ = ("size", "peaks")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        if not 0 <= size < SIZES:
            raise Invalid(f"a log of {size} entries")
        if len(self.peaks) != size.bit_count():
            raise Invalid(f"{len(self.peaks)} subtrees in the frontier of a tree of {size}")

    def append(self, leaf: bytes) -> None:
        """Adds a leaf hash: every one bit at the end of the size is a subtree that it completes."""
        size, peaks = self.size, self.peaks
        while size & 1:
            leaf = sha256(b"\1" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Folded from the right."""
        if not self.peaks:
            return EMPTY_ROOT
        accumulated = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            accumulated = inner(peak, accumulated)
        return accumulated

    def of(self) -> tuple[int, bytes]:
        """Size and root, as a header has them."""
        return self.size, self.root()

    def copy(self) -> "Frontier":
        return Frontier(self.size, self.peaks)

    @classmethod
    def read(cls, reader: Reader) -> "Frontier":
        size = _size.read(reader)
        return cls(size, [reader.take(32) for _ in range(size.bit_count())])

    def write(self, out: bytearray) -> None:
        out += self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_json(cls, value: Any) -> "Frontier":
        check_names("Frontier", value, ["size", "peaks"])
        return cls(_size.from_json(value["size"]), _peaks.from_json(value["peaks"]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Frontier) and (self.size, self.peaks) == (other.size, other.peaks)


def root_over(leaves: Iterable[bytes]) -> bytes:
    """The root of the tree over these leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()
