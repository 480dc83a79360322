"""Domains, hashes and strict Ed25519 (section 2)."""

import sys
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from .codec import Fixed, Integer, Invalid

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import ristretto255 as curve  # noqa: E402  (it stands beside this package, to be read alone)

SUITE = 1
Suite = Annotated[int, Integer(1, range(SUITE, SUITE + 1))]

HASHED = (
    "genesis", "header", "body", "membership", "control", "proposal", "slot", "salt", "commitment", "data-key",
    "contract-vrf", "employer-vrf", "subject", "state", "history", "map-key", "map-leaf", "map-node",
)
SIGNED = (
    "application", "genesis-approval", "approval", "submission", "prevote", "precommit", "consensus-proposal", "parts",
    "validator",
)


def domain(name: str) -> bytes:
    """`u8 length of domain ‖ domain`."""
    full = b"luqi/" + name.encode("ascii")
    return bytes([len(full)]) + full


def hash_of(name: str, fields: bytes) -> bytes:
    """`H(domain, fields)`."""
    return sha256(domain(name) + bytes([SUITE]) + fields).digest()


def hasher(name: str) -> Callable[[bytes], bytes]:
    """`H` of one domain, for those that are hashed often."""
    prefix = domain(name) + bytes([SUITE])
    return lambda fields: sha256(prefix + fields).digest()


def signed_bytes(name: str, chain: bytes, fields: bytes) -> bytes:
    """What a signature of this domain on this chain is over."""
    return domain(name) + bytes([SUITE]) + chain + fields


# -- Ed25519 -----------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def is_public_key(key: bytes) -> bool:
    """A point, canonical, and not of small order (section 1)."""
    point = curve.decode_edwards(key)
    return point is not None and not curve.is_small_order(point)


class PublicKeyCodec(Fixed):
    """32 bytes that are a valid key."""

    def checked(self, value: bytes) -> bytes:
        if not is_public_key(super().checked(value)):
            raise Invalid("a public key that is no point, not canonical, or of small order")
        return value


PublicKey = Annotated[bytes, PublicKeyCodec(32)]
Signature = Annotated[bytes, Fixed(64)]


def is_strict(key: bytes, signature: bytes) -> bool:
    """All that section 2 asks of a key and a signature beside the equation.

    That R lies on the curve at all follows from the equation, whose left side is compared with R's bytes;
    the one other form that is not canonical, x = -0, has a y of small order.
    """
    if len(signature) != 64 or not is_public_key(key):
        return False
    y = int.from_bytes(signature[:32], "little") & (2**255 - 1)
    s = int.from_bytes(signature[32:], "little")
    return s < curve.ORDER and y < curve.P and y not in curve.SMALL_ORDER_Y


@lru_cache(maxsize=4096)
def loaded_key(key: bytes) -> Any:
    """The key as `cryptography` wants it."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise MissingLibrary(
            "verifying Ed25519 signatures needs the Python package `cryptography`:"
            " apt-get install python3-cryptography, or pip install cryptography"
        ) from error
    return Ed25519PublicKey.from_public_bytes(key)


class MissingLibrary(RuntimeError):
    """A library that is needed is not installed."""


def holds(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature holds, strictly: `[S]B = R + [k]A` without the cofactor."""
    if not is_strict(key, signature):
        return False
    verifier = loaded_key(key)
    try:
        verifier.verify(signature, message)
    except Exception as error:  # InvalidSignature, which cannot be named before the library is loaded
        if type(error).__name__ != "InvalidSignature":
            raise
        return False
    return True

