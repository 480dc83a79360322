"""Subjects and the verifiable random function that they come from (section 4)."""

from dataclasses import dataclass
from hashlib import sha512

from .codec import Invalid
from .crypto import SUITE, curve, domain, hash_of

SUITE_STRING = b"\xffc2sp.org/vrf-r255"


def contract_alpha(employer: str, contract: str) -> bytes:
    """What the function is asked for a contract: the employer's credit code and the contract's number."""
    return domain("contract-vrf") + bytes([SUITE]) + _text(employer) + _text(contract)


def employer_alpha(employer: str) -> bytes:
    """What the function is asked for an employer."""
    return domain("employer-vrf") + bytes([SUITE]) + _text(employer)


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    return len(data).to_bytes(2, "big") + data


def subject_of(network: bytes, output: bytes) -> bytes:
    """The subject of a contract or an employer."""
    return hash_of("subject", network + output)


def vrf_key(data: bytes) -> curve.Point:
    """A public key: an element that is not the identity."""
    key = curve.decode(data)
    if key is None or key == curve.IDENTITY:
        raise Invalid("no VRF public key")
    return key


@dataclass(frozen=True, slots=True)
class Proof:
    """Gamma (32) ‖ c (16, little-endian) ‖ s (32, little-endian, canonical)."""

    gamma: curve.Point
    c: int
    s: int

    @classmethod
    def decode(cls, data: bytes) -> "Proof":
        gamma = curve.decode(data[:32])
        c, s = int.from_bytes(data[32:48], "little"), int.from_bytes(data[48:], "little")
        if len(data) != 80 or gamma is None or s >= curve.ORDER:
            raise Invalid("no VRF proof")
        return cls(gamma, c, s)

    def output(self) -> bytes:
        """The 64 bytes that the proof is a proof of."""
        return sha512(SUITE_STRING + b"\x03" + curve.encode(self.gamma) + b"\x00").digest()


def verify(key: bytes, alpha: bytes, proof: bytes) -> bytes | None:
    """The output for `alpha` under `key`, if the proof shows it."""
    y, shown = vrf_key(key), Proof.decode(proof)
    point = curve.one_way_map(sha512(SUITE_STRING + b"\x82" + key + alpha).digest())
    u = shown.s * curve.GENERATOR - shown.c * y
    v = shown.s * point - shown.c * shown.gamma
    encoded = b"".join(map(curve.encode, (point, shown.gamma, u, v)))
    challenge = sha512(SUITE_STRING + b"\x02" + key + encoded + b"\x00").digest()[:16]
    return shown.output() if int.from_bytes(challenge, "little") == shown.c else None
