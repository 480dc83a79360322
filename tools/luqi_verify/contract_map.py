"""The contract map: one tree over the states of all subjects (section 14)."""

from hashlib import sha256

from .crypto import SUITE, domain, hasher

EMPTY_ROOT = bytes(32)
map_key = hasher("map-key")
_state_hash = hasher("state")
_LEAF = domain("map-leaf") + bytes([SUITE])
_NODE = domain("map-node") + bytes([SUITE])


def state_hash(encoded: bytes) -> bytes:
    return _state_hash(encoded)


class Leaf:
    """One key alone: its hash does not depend on how deep it hangs."""

    __slots__ = ("key", "hash")

    def __init__(self, key: bytes, state: bytes) -> None:
        self.key = key
        self.hash = sha256(_LEAF + key + state).digest()


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
        node.hash = sha256(_NODE + root_of(node.left) + root_of(node.right)).digest()
    return node.hash


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
