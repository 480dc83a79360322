"""The contract map: one tree over the states of all subjects (section 14)."""

from bisect import bisect_left
from dataclasses import dataclass
from hashlib import sha256

from .codec import Invalid, Reader
from .crypto import SUITE, domain, hasher

EMPTY_ROOT = bytes(32)
map_key = hasher("map-key")
_state_hash = hasher("state")
_LEAF = domain("map-leaf") + bytes([SUITE])
_NODE = domain("map-node") + bytes([SUITE])


def state_hash(encoded: bytes) -> bytes:
    return _state_hash(encoded)


def leaf_root(key: bytes, state: bytes) -> bytes:
    return sha256(_LEAF + key + state).digest()


def inner_root(left: bytes, right: bytes) -> bytes:
    return sha256(_NODE + left + right).digest()


class Leaf:
    """One key alone: its hash does not depend on how deep it hangs."""

    __slots__ = ("key", "state", "hash")

    def __init__(self, key: bytes, state: bytes) -> None:
        self.key = key
        self.state = state
        self.hash = leaf_root(key, state)


class Inner:
    """Two or more keys. The hash is forgotten when something beneath changes, and made when it is asked for."""

    __slots__ = ("left", "right", "hash")

    def __init__(self) -> None:
        self.left: Node = None
        self.right: Node = None
        self.hash: bytes | None = None


Node = Leaf | Inner | None


def bit(key: bytes, depth: int) -> int:
    """Bit 0 is the most significant bit of the first byte."""
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def root_of(node: Node) -> bytes:
    if node is None:
        return EMPTY_ROOT
    if node.hash is None:
        node.hash = inner_root(root_of(node.left), root_of(node.right))
    return node.hash


def root_of_sorted(items: list[tuple[bytes, bytes]], depth: int = 0) -> bytes:
    """The root of a set of keys and state hashes, sorted, as section 14 defines it."""
    if not items:
        return EMPTY_ROOT
    if len(items) == 1:
        return leaf_root(*items[0])
    middle = bisect_left(items, 1, key=lambda item: bit(item[0], depth))
    return inner_root(root_of_sorted(items[:middle], depth + 1), root_of_sorted(items[middle:], depth + 1))


def attach(above: Inner, side: int, node: Node) -> None:
    if side:
        above.right = node
    else:
        above.left = node


class ContractMap:
    """Keys and state hashes. No state ever leaves, so nothing is ever removed."""

    def __init__(self) -> None:
        self.top: Node = None

    def root(self) -> bytes:
        return root_of(self.top)

    def put(self, key: bytes, state: bytes) -> None:
        """Sets the state hash of a key."""
        above, side, depth, node = None, 0, 0, self.top
        while isinstance(node, Inner):
            node.hash = None
            above, side = node, bit(key, depth)
            node = node.right if side else node.left
            depth += 1
        placed = self.placed(node, Leaf(key, state), depth)
        if above is None:
            self.top = placed
        else:
            attach(above, side, placed)

    @staticmethod
    def placed(there: Leaf | None, leaf: Leaf, depth: int) -> Node:
        """What stands at a depth where a leaf, or nothing, stood."""
        if there is None or there.key == leaf.key:
            return leaf
        top = lowest = Inner()
        while (side := bit(leaf.key, depth)) == bit(there.key, depth):
            deeper = Inner()
            attach(lowest, side, deeper)
            lowest = deeper
            depth += 1
        attach(lowest, side, leaf)
        attach(lowest, 1 - side, there)
        return top


# -- proofs ------------------------------------------------------------------------------------

MAX_DEPTH = 256
NOTHING, ITSELF, ANOTHER = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Proof:
    """What a map says of a key: `end ‖ u16 depth ‖ bitmap ‖ siblings`, the siblings from the lowest up."""

    end: int
    other: bytes
    """The key that stands alone on the path, if it is another one."""
    state: bytes
    """The state hash of the key, or of the other one."""
    siblings: tuple[bytes, ...]

    @classmethod
    def read(cls, reader: Reader) -> "Proof":
        end = reader.number(1)
        if end > ANOTHER:
            raise Invalid(f"no end of a proof is numbered {end}")
        other = reader.take(32) if end == ANOTHER else b""
        state = reader.take(32) if end != NOTHING else b""
        depth = reader.number(2)
        if depth > MAX_DEPTH:
            raise Invalid(f"a proof of depth {depth}")
        bitmap = reader.take((depth + 7) // 8)
        if any(bit(bitmap, at) for at in range(depth, 8 * len(bitmap))):
            raise Invalid("bits left over in the bitmap of a proof")
        siblings = tuple(reader.take(32) if bit(bitmap, at) else EMPTY_ROOT for at in range(depth))
        if any(bit(bitmap, at) and sibling == EMPTY_ROOT for at, sibling in enumerate(siblings)):
            raise Invalid("an empty sibling that is written out")
        return cls(end, other, state, siblings)

    def write(self, out: bytearray) -> None:
        out.append(self.end)
        out += self.other + self.state + len(self.siblings).to_bytes(2, "big")
        bitmap = bytearray((len(self.siblings) + 7) // 8)
        for at, sibling in enumerate(self.siblings):
            if sibling != EMPTY_ROOT:
                bitmap[at >> 3] |= 0x80 >> (at & 7)
        out += bitmap
        out += b"".join(sibling for sibling in self.siblings if sibling != EMPTY_ROOT)

    def root(self, key: bytes) -> bytes:
        """The root of a map that says this of `key`; `Invalid` if no map can."""
        depth = len(self.siblings)
        if self.end == ANOTHER:
            same_path = all(bit(self.other, at) == bit(key, at) for at in range(depth))
            if self.other == key or not same_path:
                raise Invalid("the other key is not another one on this path")
        node = EMPTY_ROOT if self.end == NOTHING else leaf_root(self.other or key, self.state)
        for at, sibling in enumerate(self.siblings):
            on_the_right = bit(key, depth - 1 - at)
            node = inner_root(sibling, node) if on_the_right else inner_root(node, sibling)
        return node

    def says(self) -> bytes | None:
        """The state hash of the key, or that it is absent."""
        return self.state if self.end == ITSELF else None


def prove(held: ContractMap, key: bytes) -> Proof:
    """What this map says of a key."""
    siblings, node = [], held.top
    while isinstance(node, Inner):
        side = bit(key, len(siblings))
        siblings.append(root_of(node.left if side else node.right))
        node = node.right if side else node.left
    upwards = tuple(reversed(siblings))
    if node is None:
        return Proof(NOTHING, b"", b"", upwards)
    return Proof(*(ITSELF, b"") if node.key == key else (ANOTHER, node.key), node.state, upwards)
