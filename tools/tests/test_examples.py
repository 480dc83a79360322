"""The worked examples of docs/format.md, section 17, recomputed from what they give."""

import re
import unittest
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256, sha512
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import support  # noqa: F401
import ristretto255 as curve
from luqi_verify import subject
from luqi_verify.block import Body, Header, Submission
from luqi_verify.certificate import Certificate, Vote
from luqi_verify.change import CHANGE
from luqi_verify.codec import decode, encode
from luqi_verify.contract_map import ContractMap, Proof, inner_root, leaf_root, map_key, prove, state_hash
from luqi_verify.crypto import hash_of, holds
from luqi_verify.event import ENTRY, EVENT, EventEntry, Seal
from luqi_verify.fold import Occurrence, step
from luqi_verify.governance import Control, Proposal, Stream, proposal_id
from luqi_verify.membership import Judges
from luqi_verify.merkle import inner, leaf_hash, root_over
from luqi_verify.record import Disclosure, Hidden, Kind, Revealed, slot_names
from luqi_verify.trust import verifier_key
from network import COUNTY, membership

PAGE = Path(__file__).resolve().parents[2] / "docs" / "format.md"
Values = dict[str, bytes]


def examples(page: str) -> dict[str, Values]:
    """By heading, what is given: `name = hexadecimal, continued on lines of their own`, or a text in quotes."""
    found: dict[str, Values] = {}
    section = page[page.index("\n## 17 "):]
    for heading, code in re.findall(r"^### 17\.\d+ ([^\n]+)\n.*?^```\n(.*?)^```", section, re.M | re.S):
        values = found[heading] = {}
        name = ""
        for line in code.splitlines():
            if given := re.fullmatch(r'([a-z][a-z0-9 ]*?) += ([0-9a-f]+|"[^"]*")', line):
                name, value = given.groups()
                values[name] = value[1:-1].encode() if value[0] == '"' else bytes.fromhex(value)
            elif more := re.fullmatch(r" +([0-9a-f]+)", line):
                values[name] += bytes.fromhex(more[1])
            else:
                raise ValueError(f"no line of an example: {line}")
    return found


def number(data: bytes) -> int:
    return int.from_bytes(data, "big")


# -- each gives what follows from what stands there --------------------------------------------------------


def of_submission(given: Values) -> Values:
    key = Ed25519PrivateKey.from_private_bytes(given["secret key"])
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    event = decode(EVENT, given["event"])
    entry = encode(ENTRY, EventEntry(number(given["stream"]), number(given["sequence"]), 0, event))
    leaf = leaf_hash(entry)
    unsigned = Submission(number(given["stream"]), number(given["sequence"]), [event], [leaf], bytes(64))
    signed = unsigned.signed(given["chain id"])
    signature = key.sign(signed)
    assert holds(public, signature, signed)
    submission = Submission(unsigned.stream, unsigned.sequence, [event], [leaf], signature)
    return {
        "public key": public, "entry": entry, "leaf hash": leaf, "root": root_over([leaf]), "signed": signed,
        "signature": signature, "submission": encode(Submission, submission),
    }


def of_block(given: Values) -> Values:
    submission = decode(Submission, given["submission"])
    body, chain = Body(None, (submission,)), given["chain id"]
    [event], [leaf] = submission.events, submission.leaves
    seal = encode(ENTRY, Seal(0, chain))
    state, _ = step(None, Occurrence(event, COUNTY, 1, leaf), Judges(membership()))
    key, of_state = map_key(event.subject), state_hash(state.encode())
    control = Control(1, (Stream(submission.stream, submission.sequence),), ())
    log_root, map_root = inner(leaf_hash(seal), leaf), leaf_root(key, of_state)
    header = Header(
        1, 1, chain, 1, number(given["time"]), chain, body.hash(), 2, log_root, map_root, control.hash(),
        given["next membership"], submission.stream)
    return {
        "seal": seal, "log root": log_root, "state": state.encode(), "state hash": of_state, "map key": key,
        "map root": map_root, "control": control.encode(), "control hash": control.hash(), "body hash": body.hash(),
        "header": header.encode(), "block hash": header.hash(),
    }


def of_certificate(given: Values) -> Values:
    key = Ed25519PrivateKey.from_private_bytes(given["secret key"])
    unsigned = Certificate(1, 0, given["block hash"], ())
    signed = unsigned.precommit(given["chain id"])
    certificate = Certificate(1, 0, given["block hash"], (Vote(1, key.sign(signed)),))
    return {"signed": signed, "certificate": certificate.encode()}


def of_record(given: Values) -> Values:
    kind, secret = Kind(5, 1), given["secret"]
    values = [given["unit uscc"], *[None] * 15]
    assert len(values) == len(slot_names(5, 1))
    salts = [kind.salt(secret, index) for index in range(16)]
    leaves = [kind.slot_leaf(index, salt, value) for index, (salt, value) in enumerate(zip(salts, values))]
    shown = Disclosure(5, 1, (Revealed(salts[0], values[0]), *[Hidden(leaf) for leaf in leaves[1:]]))
    assert shown.commitment() == kind.commit(secret, values)
    return {
        "salt 0": salts[0], "leaf 0": leaves[0], "salt 1": salts[1], "leaf 1": leaves[1], "leaf 15": leaves[15],
        "root": root_over(leaves), "commitment": kind.commit(secret, values), "disclosure": shown.encode(),
    }


def of_subject(given: Values) -> Values:
    key = given["public key"]
    alpha = subject.contract_alpha(given["employer"].decode(), given["contract"].decode())
    proof = subject.Proof.decode(given["proof"])
    point = curve.one_way_map(sha512(subject.SUITE_STRING + b"\x82" + key + alpha).digest())
    output = subject.verify(key, alpha, given["proof"])
    assert output == proof.output()
    return {
        "alpha": alpha, "point": curve.encode(point),
        "u": curve.encode(proof.s * curve.GENERATOR - proof.c * curve.decode(key)),
        "v": curve.encode(proof.s * point - proof.c * proof.gamma),
        "output": output, "subject": subject.subject_of(given["network id"], output),
    }


def of_map(given: Values) -> Values:
    keys, states = ([given[f"{what} {n}"] for n in (1, 2, 3)] for what in ("key", "state hash"))
    held, empty = ContractMap(), bytes(32)
    for key, state in zip(keys, states):
        held.put(key, state)
    leaves = [leaf_root(key, state) for key, state in zip(keys, states)]
    at_4 = inner_root(leaves[0], leaves[1])
    at_3 = inner_root(at_4, empty)
    at_2 = inner_root(empty, at_3)
    at_1 = inner_root(at_2, empty)
    assert held.root() == inner_root(leaves[2], at_1)
    proof = prove(held, keys[0])
    assert proof.root(keys[0]) == held.root()
    return {
        **{f"leaf {n}": leaf for n, leaf in enumerate(leaves, 1)}, "depth 4": at_4, "depth 3": at_3, "depth 2": at_2,
        "depth 1": at_1, "root": held.root(), "proof of key 1": encode(Proof, proof),
    }


def of_proposal(given: Values) -> Values:
    change, effective, code = decode(CHANGE, given["change"]), number(given["height"]), given["proposer"]
    proposal = Proposal(proposal_id(change, effective), code, change, effective, (), False)
    control = Control(1, (Stream(1, 1),), (proposal,))
    hashed = control.encode().replace(given["change"], b"")
    assert hash_of("control", hashed) == control.hash()
    return {"proposal id": proposal.id, "control": control.encode(), "hashed": hashed, "control hash": control.hash()}


def of_verifier_key(given: Values) -> Values:
    name, public = given["name"].decode(), given["witness key"]
    typed = b"\1" + public
    fingerprint = sha256(given["name"] + b"\n" + typed).digest()[:4]
    text = f"{name}+{fingerprint.hex()}+{b64encode(typed).decode()}"
    assert verifier_key(text) == (name, public)
    return {"hash": fingerprint, "verifier key": text.encode()}


RECOMPUTED: dict[str, tuple[Callable[[Values], Values], set[str]]] = {
    "A submission": (of_submission, {"secret key", "chain id", "stream", "sequence", "event"}),
    "A block": (of_block, {"chain id", "submission", "time", "next membership"}),
    "A certificate": (of_certificate, {"secret key", "chain id", "block hash"}),
    "A record": (of_record, {"secret", "unit uscc"}),
    "A subject": (of_subject, {"public key", "network id", "employer", "contract", "proof"}),
    "A contract map": (of_map, {f"{what} {n}" for what in ("key", "state hash") for n in (1, 2, 3)}),
    "A proposal": (of_proposal, {"change", "height", "proposer"}),
    "A verifier key": (of_verifier_key, {"name", "witness key"}),
}
"""By heading: what makes it, and what it is made from. What an example above has need not stand again."""


class Examples(unittest.TestCase):
    def test_each_comes_out_as_it_stands(self):
        found = examples(PAGE.read_text("utf-8"))
        self.assertEqual(list(found), list(RECOMPUTED))
        above: Values = {}
        for heading, (recompute, inputs) in RECOMPUTED.items():
            stands = found[heading]
            made = recompute({name: {**above, **stands}[name] for name in inputs})
            for name, value in stands.items():
                if name not in inputs:
                    self.assertEqual(value.hex(), made[name].hex(), f"{heading}: {name}")
            self.assertEqual(set(made) - set(stands), set(), heading)
            above = {**above, **stands}


if __name__ == "__main__":
    unittest.main()
