"""Golden vectors: every hashed or signed structure, recomputed.

A file is `{"about": text, "cases": [case, …]}`; a case names itself and its kind, and what has to come out:

    bytes       the encoding: it decodes, and the value encodes to the same bytes; with `error`, it is refused
    hash        the hash of the value in its domain
    signed      the bytes that a signature is over; `chain` is the chain id
    public_key, signature      the signature holds over `signed`; with `error`, it does not
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .archive import STATE_LIST, Foot, MembershipChange
from .block import Block, Body, Header, Submission
from .certificate import Ballot, Certificate, ConsensusProposal, Parts, Validator, Vote
from .codec import Codec, Invalid, decode, encode, from_hex
from .contract_map import state_hash
from .crypto import holds, signed_bytes
from .event import ENTRY, EVENT
from .fold import State
from .genesis import Genesis, Predecessor, Trust
from .governance import CHANGE, Control
from .membership import Member, Membership, Node, Parameters
from .merkle import Frontier, leaf_hash

STRUCTURES: dict[str, Codec] = {
    "block": Block,
    "body": Body,
    "certificate": Certificate,
    "change": CHANGE,
    "consensus_proposal": ConsensusProposal,
    "control": Control,
    "entry": ENTRY,
    "event": EVENT,
    "foot": Foot,
    "frontier": Frontier,
    "genesis": Genesis,
    "header": Header,
    "member": Member,
    "membership": Membership,
    "membership_change": MembershipChange,
    "node": Node,
    "parameters": Parameters,
    "parts": Parts,
    "precommit": Ballot,
    "predecessor": Predecessor,
    "prevote": Ballot,
    "state": State,
    "states": STATE_LIST,
    "submission": Submission,
    "trust": Trust,
    "validator": Validator,
    "vote": Vote,
}

HASHES: dict[str, Callable[[Any], bytes]] = {
    "block": lambda block: block.header.hash(),
    "body": Body.hash,
    "control": Control.hash,
    "entry": lambda entry: leaf_hash(encode(ENTRY, entry)),
    "frontier": Frontier.root,
    "genesis": Genesis.chain_id,
    "header": Header.hash,
    "membership": Membership.hash,
    "state": lambda state: state_hash(state.encode()),
}


def signed_as(domain: str) -> Callable[[Any, bytes], bytes]:
    """For a structure that is signed just as it is encoded."""
    return lambda value, chain: signed_bytes(domain, chain, value.encode())


SIGNED: dict[str, Callable[[Any, bytes], bytes]] = {
    "certificate": Certificate.precommit,
    "consensus_proposal": signed_as("consensus-proposal"),
    "member": lambda member, _: signed_bytes("application", bytes(32), member.encode()),
    "parts": signed_as("parts"),
    "precommit": signed_as("precommit"),
    "prevote": signed_as("prevote"),
    "submission": Submission.signed,
    "validator": signed_as("validator"),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that did not come out as it should."""

    file: str
    case: str
    detail: str


def check_folder(folder: Path) -> tuple[int, list[Failure]]:
    """How many cases there are in a folder, and which of them fail."""
    count, failures = 0, []
    for path in sorted(folder.glob("**/*.json")):
        for case in json.loads(path.read_text("utf-8"))["cases"]:
            count += 1
            try:
                failures += [Failure(path.name, case["name"], detail) for detail in check_case(case)]
            except Exception as error:  # a vector is data: nothing in it may end the run
                failures.append(Failure(path.name, case.get("name", "?"), f"{type(error).__name__}: {error}"))
    return count, failures


def check_case(case: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a case."""
    kind = case["kind"]
    if kind not in STRUCTURES and "bytes" in case:
        yield f"no structure is called {kind!r}"
        return
    value = None
    if "bytes" in case:
        data = from_hex(case["bytes"])
        try:
            value = decode(STRUCTURES[kind], data)
        except Invalid as error:
            if "error" not in case:
                yield f"refused: {error}"
            return
        if encode(STRUCTURES[kind], value) != data:
            yield "encodes to other bytes"
        if "error" in case and "signature" not in case:
            yield f"accepted, though {case['error']}"
    if "hash" in case and HASHES[kind](value).hex() != case["hash"]:
        yield f"the hash is {HASHES[kind](value).hex()}"
    yield from check_signature(case, kind, value)


def check_signature(case: dict[str, Any], kind: str, value: Any) -> Iterator[str]:
    if "signed" not in case:
        return
    signed = from_hex(case["signed"])
    if value is not None and kind in SIGNED and "chain" in case:
        if SIGNED[kind](value, from_hex(case["chain"])) != signed:
            yield "other bytes are signed"
    if "signature" in case:
        accepted = holds(from_hex(case["public_key"]), from_hex(case["signature"]), signed)
        if accepted == ("error" in case):
            yield "the signature holds" if accepted else "the signature does not hold"

