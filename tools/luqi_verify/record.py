"""Records: slots, salts, commitments, and the disclosure of some slots (section 5)."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from .codec import (
    U8, U64, Blob, Choice, Codec, Fixed, Hash, Invalid, ListOf, Option, Structure, Text, Time, codec_of, decode, structure,
)
from .crypto import SUITE, domain, hash_of
from .event import AMEND, CORRECT, DISSOLVE, EMPLOYER, ERASE, NEW, RENEW, TERMINATE
from .merkle import root_over


def hkdf_sha256(secret: bytes, info: bytes, size: int, salt: bytes = bytes(32)) -> bytes:
    """RFC 5869. No salt is a salt of 32 zero bytes."""
    key = hmac.digest(salt, secret, "sha256")
    output = block = b""
    while len(output) < size:
        block = hmac.digest(key, block + info + bytes([len(output) // 32 + 1]), "sha256")
        output += block
    return output[:size]


def data_key(secret: bytes) -> bytes:
    """The key that seals a record in a vault."""
    return hkdf_sha256(secret, domain("data-key") + bytes([SUITE]), 32)


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


# -- which slots there are (section 5.1) -------------------------------------------------------

EMPLOYER_FIELDS = (
    "unit_uscc", "unit_name", "legal_rep_id_type", "legal_rep_id_no", "legal_rep_name", "add_agent_flag",
    "agent_id_type", "agent_name", "agent_id_no", "agent_phone",
)
NEW_FIELDS = (
    "unit_uscc", "contract_no", "contract_name", "worker_id_type", "worker_name", "worker_id_no", "worker_phone",
    "term_type", "term_start", "term_end", "employee_category", "contract_category", "host_unit_name",
    "host_unit_legal_rep", "dispatch_start", "dispatch_end", "host_unit_uscc", "unit_sign_date", "worker_sign_date",
)
DISSOLVE_FIELDS = ("unit_uscc", "contract_no", "dissolution_reason", "dissolution_date", "notice_date", "initiator")
RENEW_FIELDS = (
    "unit_uscc", "contract_no", "term_type", "term_start", "term_end", "original_sign_date", "unit_sign_date",
    "worker_sign_date",
)
TERMINATE_FIELDS = (
    "unit_uscc", "contract_no", "termination_reason", "termination_date", "notice_date", "termination_note",
)
EXTENSION_FIELDS = ("unit_uscc", "contract_no", "reason", "date", "reason_code", "document_no", "until")
FILES = tuple(f"file_{number}" for number in range(1, 9))
FOR_ALL = ("raw_sha256", "received", "tables", "deduced", "platform", "platform_signature")

FIELDS = {
    NEW: NEW_FIELDS, RENEW: RENEW_FIELDS, DISSOLVE: DISSOLVE_FIELDS, TERMINATE: TERMINATE_FIELDS,
    EMPLOYER: EMPLOYER_FIELDS, **dict.fromkeys(range(CORRECT, ERASE + 1), EXTENSION_FIELDS),
}


def slot_names(kind: int, version: int) -> tuple[str, ...]:
    """The names of a record's slots, in their order."""
    if version != 1 or kind not in FIELDS:
        raise Invalid(f"no record has kind {kind} and version {version}")
    changes = ("changes",) if kind in (CORRECT, AMEND) else ()
    files = FILES if kind != EMPLOYER else ()
    return FIELDS[kind] + changes + files + FOR_ALL


@structure
class FieldChange(Structure):
    field: Annotated[str, Text(64)]
    value: Annotated[str | None, Option(Annotated[str, Text(2_000)])]


@structure
class File(Structure):
    role: Annotated[str, Text(128)]
    sha256: Hash
    size: U64
    media_type: Annotated[str, Text(400)]


@structure
class Deduced(Structure):
    """What was not sent and follows from elsewhere."""

    field: Annotated[str, Text(64)]
    value: Annotated[str, Text(400)]


SLOT_VALUES: dict[str, Codec] = {
    "changes": ListOf(FieldChange, 32), "raw_sha256": Fixed(32), **dict.fromkeys(FILES, File),
    "received": codec_of(Time), "deduced": ListOf(Deduced, 8),
}
UNCOUNTED: dict[str, Codec] = {"tables": Text(64), "platform": Text(64), "platform_signature": Blob(512)}
"""Those that stand without a count, as texts do."""
TEXT = Text(65_535)


def check_value(name: str, value: bytes) -> None:
    """Fails if this is no value of the slot of this name."""
    if name in SLOT_VALUES:
        if not decode(SLOT_VALUES[name], value) and name in ("changes", "deduced"):
            raise Invalid(f"{name}: an empty list stands for an absent slot")
    else:
        decode(UNCOUNTED.get(name, TEXT), len(value).to_bytes(4, "big") + value)


def check_record(kind: Kind, values: Sequence[bytes | None]) -> None:
    """Fails if these are not the slots of a record of this kind."""
    names = slot_names(kind.kind, kind.version)
    if len(values) != len(names):
        raise Invalid(f"{len(values)} slots, where this kind has {len(names)}")
    present = {name: value for name, value in zip(names, values) if value is not None}
    for name, value in present.items():
        check_value(name, value)
    deduced = [item.field for item in decode(SLOT_VALUES["deduced"], present.get("deduced", bytes(4)))]
    if len(set(deduced)) != len(deduced) or not set(deduced) <= set(FIELDS[kind.kind]) - set(present):
        raise Invalid("deduced: a field twice, one that the kind has not, or one that was sent")


# -- disclosures -------------------------------------------------------------------------------


@structure
class Hidden(Structure):
    leaf: Hash


@structure
class Revealed(Structure):
    """A slot that is shown, with its value or its absence."""

    salt: Hash
    value: Annotated[bytes | None, Option(Annotated[bytes, Blob(65_535)])]


SLOT = Choice({0: Hidden, 1: Revealed})


@structure
class Disclosure(Structure):
    """Some slots of a record shown, the others hidden."""

    kind: U8
    version: U8
    slots: Annotated[tuple[Hidden | Revealed, ...], ListOf(Annotated[Hidden | Revealed, SLOT], 64)]

    def check(self) -> None:
        slot_names(self.kind, self.version)

    def commitment(self) -> bytes:
        """The commitment that it opens to."""
        kind = Kind(self.kind, self.version)
        return kind.commitment([
            kind.slot_leaf(index, slot.salt, slot.value) if isinstance(slot, Revealed) else slot.leaf
            for index, slot in enumerate(self.slots)
        ])

    def fault(self, kind: int, version: int, commitment: bytes) -> str | None:
        """Why it does not open an event of this kind, version and commitment; nothing if it does."""
        if (self.kind, self.version) != (kind, version):
            return "it is of another kind or version than the event"
        if len(self.slots) != len(slot_names(kind, version)):
            return "it has not one entry for each slot of its kind"
        return None if self.commitment() == commitment else "it opens to another commitment"

    def shown(self) -> dict[str, Revealed]:
        """The slots that are shown, by name."""
        named = zip(slot_names(self.kind, self.version), self.slots)
        return {name: slot for name, slot in named if isinstance(slot, Revealed)}
