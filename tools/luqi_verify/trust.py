"""Which witnesses and which clocks an auditor shall believe: trust policy, verifier keys, origins (section 8)."""

import unicodedata
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Annotated

from .codec import U32, U53, Blob, Invalid, ListOf, Structure, Text, structure
from .crypto import is_public_key

MAX_POLICY = 60_000

ED25519_NOTE, ED25519_COSIGNATURE, ML_DSA_44 = 1, 4, 6
KEY_BYTES = {ED25519_NOTE: 32, ED25519_COSIGNATURE: 32, ML_DSA_44: 1_312}


def points(text: str) -> frozenset[str]:
    """The characters of ranges in hexadecimal."""
    ends = [[int(end, 16) for end in each.split("-")] for each in text.split()]
    return frozenset(chr(point) for each in ends for point in range(each[0], each[-1] + 1))


TURNING = points("061C 200E 200F 2028 2029 202A-202E 2066-2069")
WHITE_SPACE = points("0009-000D 0020 0085 00A0 1680 2000-200A 2028 2029 202F 205F 3000")


def has_hidden(text: str) -> bool:
    """Control characters, and those that turn or part lines."""
    return any(character in TURNING or unicodedata.category(character) == "Cc" for character in text)


def is_origin(text: str) -> bool:
    return text != "" and "+" not in text and not WHITE_SPACE & set(text) and not has_hidden(text)


def verifier_key(text: str) -> tuple[str, bytes]:
    """Name and key bytes of `name+hash+key`; `Invalid` if it is none."""
    name, _, rest = text.partition("+")
    fingerprint, _, encoded = rest.partition("+")
    try:
        typed = b64decode(encoded, validate=True)
    except ValueError as error:
        raise Invalid(f"a verifier key that is no base64: {error}") from error
    kind, key = typed[0] if typed else 0, typed[1:]
    conditions = {
        "name is no origin": is_origin(name),
        "base64 has bits left over": b64encode(typed).decode() == encoded,
        "type is unknown, or its length another one": len(key) == KEY_BYTES.get(kind),
        "key is no valid one": kind == ML_DSA_44 or is_public_key(key),
        "hash is another one": sha256(name.encode() + b"\n" + typed).hexdigest()[:8] == fingerprint,
    }
    for fault, holds in conditions.items():
        if not holds:
            raise Invalid(f"a verifier key whose {fault}")
    return name, key


@structure
class Trust(Structure):
    witnesses: Annotated[tuple[str, ...], ListOf(Annotated[str, Text(4_096)], 16)]
    wanted: U32
    timestamp_roots: Annotated[tuple[bytes, ...], ListOf(Annotated[bytes, Blob(8_192)], 8)]
    lag: U53

    def check(self) -> None:
        """What bounds it wherever it stands, in a change too: an entry of the log has to hold it."""
        if len(self.encode()) > MAX_POLICY:
            raise Invalid(f"trust policy: it is longer than {MAX_POLICY:,} bytes")

    def check_valid(self) -> None:
        """What is asked of it as part of a membership; in a change it is any of this form."""
        keys = [verifier_key(text) for text in self.witnesses]
        names, bare = {name for name, _ in keys}, {key for _, key in keys}
        conditions = {
            "more witnesses wanted than named": self.wanted <= len(self.witnesses),
            "a witness twice": len(names) == len(bare) == len(keys),
        }
        for fault, holds in conditions.items():
            if not holds:
                raise Invalid(f"trust policy: {fault}")

    def asks_for_outsiders(self) -> bool:
        """Neither witnesses nor time stamps are issued yet, so none can be here."""
        return self.wanted > 0 or bool(self.timestamp_roots)
