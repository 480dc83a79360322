"""Records: slots, salts, commitments, and the disclosure of some slots (section 5)."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .crypto import SUITE, domain, hash_of
from .merkle import root_over


def hkdf_sha256(secret: bytes, info: bytes, size: int, salt: bytes = bytes(32)) -> bytes:
    """RFC 5869. No salt is a salt of 32 zero bytes."""
    key = hmac.digest(salt, secret, "sha256")
    output = block = b""
    while len(output) < size:
        block = hmac.digest(key, block + info + bytes([len(output) // 32 + 1]), "sha256")
        output += block
    return output[:size]


@dataclass(frozen=True, slots=True)
class Kind:
    """The kind and the schema version of a record: they say what its slots are."""

    kind: int
    version: int

    def prefix(self) -> bytes:
        return bytes([self.kind, self.version])

    def salt(self, secret: bytes, index: int) -> bytes:
        """The salt of a slot, which only the holder of the record secret can tell."""
        info = domain("salt") + bytes([SUITE]) + self.prefix() + index.to_bytes(2, "big")
        return hkdf_sha256(secret, info, 32)

    def slot_leaf(self, index: int, salt: bytes, value: bytes | None) -> bytes:
        """The leaf of a slot; `None` stands for an absent one, which is not an empty one."""
        presence = b"\0" if value is None else b"\1"
        value = value or b""
        return hash_of(
            "slot",
            self.prefix() + index.to_bytes(2, "big") + presence + salt + len(value).to_bytes(4, "big") + value,
        )

    def commitment(self, leaves: Sequence[bytes]) -> bytes:
        """What stands on the chain for a record with these leaves."""
        return hash_of("commitment", self.prefix() + len(leaves).to_bytes(2, "big") + root_over(leaves))

    def commit(self, secret: bytes, slots: Sequence[bytes | None]) -> bytes:
        """The commitment to a record, from its secret and all its slots."""
        return self.commitment(
            [self.slot_leaf(index, self.salt(secret, index), value) for index, value in enumerate(slots)]
        )


@dataclass(frozen=True, slots=True)
class Opened:
    """A slot that is shown."""

    salt: bytes
    value: bytes | None


def opens(
    kind: Kind, commitment: bytes, count: int, opened: Mapping[int, Opened], hidden: Mapping[int, bytes]
) -> bool:
    """Whether the opened slots, with the leaves of the hidden ones, are what was committed to."""
    if set(opened) & set(hidden) or set(opened) | set(hidden) != set(range(count)):
        return False
    leaves = [
        kind.slot_leaf(index, opened[index].salt, opened[index].value) if index in opened else hidden[index]
        for index in range(count)
    ]
    return kind.commitment(leaves) == commitment

