"""Golden vectors: every hashed or signed structure, recomputed.

A file is `{"about": text, "cases": [case, …]}`. A case has a name, a kind, and fields, every one of which
has to be judged by somebody: a kind that nobody knows, a field that nobody asked for, and a field that is
missing are failures, so that no case can pass unread.

    any structure       bytes: it decodes, and encodes to the same bytes; hash, where it has one.
                        With `refused: true` instead: it is refused, as bytes, or by what stands beside them:
        certificate     chain, height, block: that it makes final
        disclosure      event_kind, event_version, commitment: of the event that it opens
        foot            chain: that it stands on (unless refused: tip, membership and states)
        proof           key and root: that it leads to
        submission      chain: on which its node signed it
    change              effective: its hash is the proposal id at this height
    genesis             json: parses to the same bytes; network: the network id
    application         bytes: a member's entry and its signature. Or refused
    frame               bytes: frame_kind, data. Refused: it is none
    archive_head        bytes: chain. Refused: it is none, or of another chain
    states              root: of the map with these states
    submission          leaves and root
    signed              signed: bytes of a domain and a chain; signature: holds by public_key. Refused: it does not
    map                 entries: what it is made of; root; proofs
    record              secret and slots: their commitment and data_key; disclosure
    subject             employer, contract: alpha; proof: shows the subject. Refused: it does not
    chain               archive, on the genesis of the same file: verdict; first finding, or tip, roots, events
    verdict             section of the page; genesis, archive, from: by the names of other cases of its file; tip_file:
                        what a home's own tip file names. says: what an audit has to say at full depth; shorter: what one
                        that begins with less may say, where that is another; keeps: all that it gives to keep.
                        With exit instead: the input is a mistake
    succession          old, new: the parts of two geneses; approvals: of whom; holds: whether they do together
    encoded             of: a structure, bytes: whether they encode one
    slot                slot: its name, value: whether it may have this one
    certified           membership, chain, height, block: whether the certificate holds for them
    fold                membership, before: the state after the event of this entry, at this index, and its outcome
    governance          chain, height, membership, control: outcome of each event of a block (which may stand there several
                        times); after: the control state behind it, next: the membership
    genesis_json        of: a text, in which `put` stands for the first `find`; or bytes: hash, its chain id. Or refused
    founding            genesis: hash, network, and the control state below block 1. Or refused
    part                bytes: of which archives, geneses and other values are made
    text                text: of which others are made
    kept                value: a file that an auditor gives, in JSON; or text: just so

What only has bytes has to stand in another case of its file: an event in an entry, a certificate beside its block,
a membership change in what is below, that in a foot. Certificates, submissions and feet are verified by a genesis that
stands in the same folder.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .archive import (
    BLOCK, CERTIFICATE, FOOT, STATES, Below, Foot, KeyedState, OtherChain, Unreadable, read_frames, read_head, write_frame,
    write_head,
)
from .audit import Report, audit
from .block import Block, Body, Header, Submission, Summary
from .cases import JOINED, STRUCTURES, Case, File, Wrong, differs, joined, named, refused
from .certificate import Ballot, Certificate, ConsensusProposal, Parts, Validator
from .chain import Finding, Tip
from .chain import Kind as FaultKind
from .codec import Codec, Invalid, MemberCodeCodec, Reader, decode, encode, from_hex
from .contract_map import ContractMap, Proof, map_key, prove, state_hash
from .crypto import holds, signed_bytes
from .edges import EDGES
from .event import ENTRY, EventEntry
from .fold import State
from .foot import stand_on
from .genesis import Genesis, NoSuccession, genesis_from_json, verify_succession
from .governance import ApprovalText, Control, proposal_id
from .judge import FULL, Depth, Kept
from .lineage import MembershipChange
from .membership import SUBMISSION, Judges, Member, Membership, rises
from .merkle import Frontier, leaf_hash, root_over
from .record import Disclosure, Kind, Revealed, check_record, data_key, slot_names
from .report import to_json
from .subject import contract_alpha, employer_alpha, subject_of, verify

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

SIGNED: dict[str, Codec] = {
    "application": Member,
    "approval": ApprovalText,
    "consensus-proposal": ConsensusProposal,
    "genesis-approval": MemberCodeCodec,
    "parts": Parts,
    "precommit": Ballot,
    "prevote": Ballot,
    "submission": Summary,
    "validator": Validator,
}
"""What the bytes of each signed domain hold after the chain id."""


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
        more, found = check_file(path)
        count, failures = count + more, failures + found
    return count, failures


def check_file(path: Path) -> tuple[int, list[Failure]]:
    try:
        file = File(path)
    except (Wrong, ValueError, KeyError, TypeError) as error:
        return 1, [Failure(path.name, "the file itself", f"{type(error).__name__}: {error}")]
    return len(file.cases), [
        Failure(path.name, case.name, detail) for case in file.cases for detail in failures_of(case)]


def failures_of(case: Case) -> list[str]:
    """What is wrong with a case. A vector is data: nothing in it may end the run."""
    judge = JUDGES.get(case.kind)
    if judge is None:
        return [f"nobody judges the kind {case.kind!r}"]
    try:
        details = list(judge(case))
    except Wrong as error:
        return [str(error)]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    return details + [f"nobody judged its field {name!r}" for name in case.left()]


# -- structures --------------------------------------------------------------------------------


def judge_structure(case: Case) -> Iterator[str]:
    data = case.bytes("bytes")
    try:
        value = decode(STRUCTURES[case.kind], data)
    except Invalid as error:
        yield from refused(case, str(error))
        return
    if encode(STRUCTURES[case.kind], value) != data:
        yield "encodes to other bytes"
    if case.has("refused"):
        check = CHECKS.get(case.kind)
        yield from refused(case, check(case, value) if check else None)
        return
    if case.kind in HASHES and (case.has("hash") or not is_used(case)):
        yield from differs(case, "hash", HASHES[case.kind](value))
    yield from FURTHER.get(case.kind, nothing_more)(case, value)


def is_used(case: Case) -> bool:
    """A genesis that chains stand on needs no hash: theirs is in every header."""
    if case.kind != "genesis":
        return False
    return any(other.kind == "chain" or other.fields.get("genesis") == case.name for other in case.file.cases)


def nothing_more(case: Case, value: Any) -> Iterator[str]:
    if case.kind not in HASHES:
        yield "nothing says what should come out"


def further_block(case: Case, block: Block) -> Iterator[str]:
    if block.header.body != block.body.hash():
        yield "the body is not its header's"


def further_header(case: Case, header: Header) -> Iterator[str]:
    if header not in [block.header for block in case.file.values("block")]:
        yield "no block of this file has it"


def further_body(case: Case, body: Body) -> Iterator[str]:
    if body not in [block.body for block in case.file.values("block")]:
        yield "no block of this file has it"


def further_certificate(case: Case, certificate: Certificate) -> Iterator[str]:
    headers = [block.header for block in case.file.values("block")]
    header = next((header for header in headers if header.hash() == certificate.block), None)
    if header is None:
        yield "it is of no block of this file"
        return
    faults = [
        certificate.fault(header.chain, header.height, certificate.block, Judges(genesis.membership))
        for genesis in case.file.geneses() if genesis.chain_id() == header.chain]
    if None not in faults:
        yield f"by no genesis of this folder it makes its block final: {faults}"


def further_event(case: Case, event: Any) -> Iterator[str]:
    entries = [entry.event for entry in case.file.values("entry") if isinstance(entry, EventEntry)]
    if event not in entries:
        yield "no entry of this file holds it"


def further_change(case: Case, change: Any) -> Iterator[str]:
    yield from differs(case, "hash", proposal_id(change, case.take("effective")))


def further_genesis(case: Case, genesis: Genesis) -> Iterator[str]:
    if is_used(case):
        return
    yield from differs(case, "network", genesis.network_id())
    parsed = genesis_from_json(json.dumps(case.take("json")).encode("utf-8"))
    if parsed.encode() != genesis.encode():
        yield "the JSON is of another genesis"


def further_submission(case: Case, submission: Submission) -> Iterator[str]:
    yield from differs(case, "leaves", [leaf.hex() for leaf in submission.leaves])
    yield from differs(case, "root", root_over(submission.leaves))
    entries = [EventEntry(submission.stream, submission.sequence, at, event)
               for at, event in enumerate(submission.events)]
    if [leaf_hash(encode(ENTRY, entry)) for entry in entries] != submission.leaves:
        yield "its leaves are not the hashes of its entries"
    if not any(
        submission.stream in (nodes := Judges(genesis.membership).nodes) and holds(
            nodes[submission.stream].key(SUBMISSION), submission.signature, submission.signed(genesis.chain_id()))
        for genesis in case.file.geneses()
    ):
        yield "its signature holds by no genesis of this folder"


def further_below(case: Case, below: Below) -> Iterator[str]:
    if below not in [foot.below for foot in case.file.values("foot")]:
        yield "no foot of this file stands on it"


def further_membership_change(case: Case, change: MembershipChange) -> Iterator[str]:
    if change not in [change for below in case.file.values("below") for change in below.changes]:
        yield "nothing that is below in this file has it"


def further_foot(case: Case, foot: Foot) -> Iterator[str]:
    tip = stood_on(case, foot)
    yield from differs(case, "tip", tip.hash)
    yield from differs(case, "membership", tip.judges.hash)
    yield from differs(case, "states", foot.states)


def stood_on(case: Case, foot: Foot) -> Tip:
    """Where its chain stands below the first block; a `Finding` if the foot does not show it."""
    genesis = case.file.genesis_of(case.bytes("chain"))
    return stand_on(foot.below, genesis) if foot.below else Tip.of_genesis(genesis)


def further_states(case: Case, states: tuple[KeyedState, ...]) -> Iterator[str]:
    held = ContractMap()
    for item in states:
        held.put(item.key, state_hash(item.state.encode()))
    yield from differs(case, "root", held.root())
    if not rises([item.key for item in states]):
        yield "their keys do not rise"


FURTHER: dict[str, Callable[[Case, Any], Iterator[str]]] = {
    "below": further_below,
    "block": further_block,
    "body": further_body,
    "certificate": further_certificate,
    "change": further_change,
    "event": further_event,
    "foot": further_foot,
    "genesis": further_genesis,
    "header": further_header,
    "membership_change": further_membership_change,
    "states": further_states,
    "submission": further_submission,
}
"""What a value has to be beside well encoded."""


# -- what is well encoded, and refused by what stands beside it --------------------------------


def check_certificate(case: Case, certificate: Certificate) -> str | None:
    chain = case.bytes("chain")
    judges = Judges(case.file.genesis_of(chain).membership)
    return certificate.fault(chain, case.take("height"), case.bytes("block"), judges)


def check_disclosure(case: Case, disclosure: Disclosure) -> str | None:
    return disclosure.fault(case.take("event_kind"), case.take("event_version"), case.bytes("commitment"))


def check_foot(case: Case, foot: Foot) -> str | None:
    try:
        stood_on(case, foot)
    except Finding as finding:
        return str(finding)
    return None


def check_proof(case: Case, proof: Proof) -> str | None:
    key, root = case.bytes("key"), case.bytes("root")
    try:
        return None if proof.root(key) == root else "it leads to another root"
    except Invalid as error:
        return str(error)


def check_submission(case: Case, submission: Submission) -> str | None:
    chain = case.bytes("chain")
    node = Judges(case.file.genesis_of(chain).membership).nodes.get(submission.stream)
    if node is None:
        return "no node of the membership"
    fits = holds(node.key(SUBMISSION), submission.signature, submission.signed(chain))
    return None if fits else "the signature does not hold"


CHECKS: dict[str, Callable[[Case, Any], str | None]] = {
    "certificate": check_certificate,
    "disclosure": check_disclosure,
    "foot": check_foot,
    "proof": check_proof,
    "submission": check_submission,
}
"""Why a value is refused that is well encoded, or nothing if it is not."""


# -- archives ----------------------------------------------------------------------------------


def judge_frame(case: Case) -> Iterator[str]:
    data = case.bytes("bytes")
    try:
        [frame] = read_frames(io.BytesIO(data))
        if frame.kind not in (FOOT, STATES, BLOCK, CERTIFICATE):
            raise Unreadable(f"no frame is of kind {frame.kind}")
    except Unreadable as error:
        yield from refused(case, str(error))
        return
    if case.has("refused"):
        yield from refused(case, None)
        return
    yield from differs(case, "frame_kind", frame.kind)
    yield from differs(case, "data", frame.data)
    if write_frame(frame.kind, frame.data) != data:
        yield "is written as other bytes"


def judge_archive_head(case: Case) -> Iterator[str]:
    data = case.bytes("bytes")
    try:
        chain = read_head(io.BytesIO(data))
    except Unreadable as error:
        yield from refused(case, str(error))
        return
    if case.has("refused"):
        yield from refused(case, None if chain == case.bytes("chain") else "it is of another chain")
        return
    yield from differs(case, "chain", chain)
    if write_head(chain) != data:
        yield "is written as other bytes"


# -- signatures --------------------------------------------------------------------------------


def judge_application(case: Case) -> Iterator[str]:
    """A member's entry for the ceremony: `member ‖ signature`, signed for no chain yet."""
    data = case.bytes("bytes")
    reader = Reader(data)
    try:
        member, signature = Member.read(reader), reader.take(64)
        reader.end()
    except Invalid as error:
        yield from refused(case, str(error))
        return
    if member.encode() + signature != data:
        yield "encodes to other bytes"
    held = holds(member.governance.key, signature, signed_bytes("application", bytes(32), member.encode()))
    yield from refused(case, None if held else "the signature does not hold")


def judge_signed(case: Case) -> Iterator[str]:
    signed, chain = case.bytes("signed"), case.bytes("chain")
    key, signature = case.bytes("public_key"), case.bytes("signature")
    name = next((name for name in SIGNED if signed.startswith(signed_bytes(name, chain, b""))), None)
    if name is None:
        yield "they are the bytes of no domain, for this chain"
        return
    fields = signed[len(signed_bytes(name, chain, b"")):]
    if encode(SIGNED[name], decode(SIGNED[name], fields)) != fields:
        yield "encodes to other bytes"
    if not re.match(name.replace("-", " "), case.name):
        yield f"it is signed as {name}"
    yield from refused(case, None if holds(key, signature, signed) else "the signature does not hold")


# -- maps --------------------------------------------------------------------------------------


def judge_map(case: Case) -> Iterator[str]:
    held, states = ContractMap(), {}
    for entry in case.take("entries"):
        key, state = map_key(from_hex(entry["subject"])), State.decode(from_hex(entry["state"]))
        if set(entry) != {"subject", "key", "state"} or key.hex() != entry["key"]:
            yield f"an entry of subject {entry['subject']} is wrong: its key is {key.hex()}"
        states[key] = state_hash(state.encode())
        held.put(key, states[key])
    root = held.root()
    yield from differs(case, "root", root)
    if not case.take("proofs"):
        yield "nothing is proved"
    for number, item in enumerate(case.take("proofs")):
        key, data = from_hex(item["key"]), from_hex(item["proof"])
        proof = decode(Proof, data)
        if set(item) != {"key", "proof", "present"} or type(item["present"]) is not bool:
            yield f"proof {number} is no proof"
        if encode(Proof, proof) != data or encode(Proof, prove(held, key)) != data:
            yield f"proof {number} should be {encode(Proof, prove(held, key)).hex()}"
        if proof.root(key) != root:
            yield f"proof {number} does not lead to the root"
        if proof.says() != states.get(key) or (key in states) != item["present"]:
            yield f"proof {number} says another thing"
        if spoilt := spoilt_proof_that_passes(key, data, root):
            yield f"proof {number} passes, changed to {spoilt.hex()}"


def spoilt_proof_that_passes(key: bytes, data: bytes, root: bytes) -> bytes | None:
    """A proof with one bit changed that still leads to the root: there should be none."""
    for at in range(8 * len(data)):
        spoilt = bytearray(data)
        spoilt[at >> 3] ^= 1 << (at & 7)
        try:
            if decode(Proof, bytes(spoilt)).root(key) == root:
                return bytes(spoilt)
        except Invalid:
            continue
    return None


# -- records and subjects ----------------------------------------------------------------------


def judge_record(case: Case) -> Iterator[str]:
    kind, secret = Kind(case.take("record_kind"), case.take("version")), case.bytes("secret")
    names = slot_names(kind.kind, kind.version)
    given = case.take("slots")
    if len(secret) != 32 or [slot["name"] for slot in given] != list(names):
        yield f"the slots should be {', '.join(names)}, the secret 32 bytes"
        return
    if any(set(slot) != {"name", "value"} for slot in given):
        yield "a slot has a name and a value"
    values = [None if slot["value"] is None else from_hex(slot["value"]) for slot in given]
    check_record(kind, values)
    yield from differs(case, "commitment", kind.commit(secret, values))
    yield from differs(case, "data_key", data_key(secret))
    yield from judge_disclosure(case, kind, secret, values)


def judge_disclosure(case: Case, kind: Kind, secret: bytes, values: list[bytes | None]) -> Iterator[str]:
    """It shows what the case's name says, hides the rest, and opens to the commitment."""
    data = case.bytes("disclosure")
    disclosure = Disclosure.decode(data)
    if disclosure.encode() != data:
        yield "the disclosure encodes to other bytes"
    if fault := disclosure.fault(kind.kind, kind.version, case.bytes("commitment")):
        yield f"the disclosure does not open the event: {fault}"
    for index, (slot, value) in enumerate(zip(disclosure.slots, values)):
        salt = kind.salt(secret, index)
        if isinstance(slot, Revealed):
            true = (slot.salt, slot.value) == (salt, value)
        else:
            true = slot.leaf == kind.slot_leaf(index, salt, value)
        if not true:
            yield f"slot {index} of the disclosure is not the record's"
    names = slot_names(kind.kind, kind.version)
    promised, _, hidden = case.name.partition(",")[2].partition(" but ")
    promised, hidden = set(re.findall(r"\w+", promised)), set(re.findall(r"\w+", hidden))
    shown = (set(names) if "everything" in promised else promised & set(names)) - hidden
    if not shown and "nothing" not in promised:
        yield "its name does not say what is disclosed"
    if set(disclosure.shown()) != shown:
        yield f"it shows {sorted(disclosure.shown())}"
    if any(isinstance(slot, Revealed) for slot in disclosure.slots):
        yield from judge_spoilt_disclosure(disclosure)


def judge_spoilt_disclosure(disclosure: Disclosure) -> Iterator[str]:
    """No bit of it can be changed without opening to something else; long ones are sampled at every bit of a byte."""
    data, commitment = disclosure.encode(), disclosure.commitment()
    for at in range(0, 8 * len(data), 8 * len(data) // 1_000 | 1):
        spoilt = bytearray(data)
        spoilt[at >> 3] ^= 1 << (at & 7)
        try:
            if Disclosure.decode(bytes(spoilt)).commitment() == commitment:
                yield f"opens to the same commitment with bit {at} changed"
        except Invalid:
            continue


def judge_subject(case: Case) -> Iterator[str]:
    employer, contract = case.take("employer"), case.take("contract")
    alpha = employer_alpha(employer) if contract is None else contract_alpha(employer, contract)
    yield from differs(case, "alpha", alpha)
    key, proof = case.bytes("public_key"), case.bytes("proof")
    subject, network = case.bytes("subject"), case.bytes("network")
    try:
        output = verify(key, alpha, proof)
    except Invalid as error:
        yield from refused(case, str(error))
        return
    shown = output is not None and len(network) == 32 and subject_of(network, output) == subject
    yield from refused(case, None if shown else "the proof does not show the subject")


# -- chains ------------------------------------------------------------------------------------


def judge_chain(case: Case) -> Iterator[str]:
    [genesis] = case.file.values("genesis")
    report = audit(io.BytesIO(case.bytes("archive")), genesis)
    yield from differs(case, "verdict", report.verdict.name.lower())
    if report.finding:
        first = case.take("first")
        if report.finding.height != first["height"] or first["kind"] not in list(FaultKind):
            yield f"first should be {report.finding}"
        return
    yield from differs(case, "tip", report.judged.sound.hash)
    yield from differs(case, "log_root", report.judged.sound.header.log_root)
    yield from differs(case, "map_root", report.judged.sound.header.map_root)
    yield from differs(case, "events", report.judged.sound.events)


# -- verdicts ----------------------------------------------------------------------------------

SECTIONS = {"11", "13", "15.1", "15.2", "15.3", "15.4", "15.5", "15.6", "16", "16.1", "16.2"}
LESS = Depth(every_certificate=False, every_map=False)


def judge_verdict(case: Case) -> Iterator[str]:
    if case.take("section") not in SECTIONS:
        yield "the page has no such section"
    given = Given.of(case)
    try:
        full, less = given.audit(FULL), given.audit(LESS)
    except (Invalid, OtherChain):
        yield from differs(case, "exit", 2)
        return
    yield from judge_answer(case.take("says"), full)
    yield from judge_answer(case.take("shorter" if case.has("shorter") else "says"), less)
    if case.has("keeps"):
        yield from differs(case, "keeps", to_json(full)["bookmark"])


@dataclass(frozen=True, slots=True)
class Given:
    """What is given to an audit, not yet looked into."""

    genesis: bytes
    archive: bytes
    kept: str | None
    """A file, in JSON."""
    tip_file: Kept | None

    @classmethod
    def of(cls, case: Case) -> "Given":
        genesis = named(case, "genesis", case.take("genesis"))["bytes"]
        archive = joined(case, "archive")
        kept = file_of(named(case, "kept", case.take("from"))) if case.has("from") else None
        tip = case.take("tip_file") if case.has("tip_file") else None
        if kept and tip:
            raise Wrong("what the auditor kept and a tip file are not given together")
        return cls(from_hex(genesis), archive, kept, tip and Kept(tip["height"], from_hex(tip["block"])))

    def audit(self, depth: Depth) -> Report:
        """`Invalid` or `OtherChain` is raised where what is given is a mistake."""
        genesis = Genesis.decode(self.genesis)
        kept = Kept.from_json(self.kept, genesis.chain_id()) if self.kept else self.tip_file
        report = audit(io.BytesIO(self.archive), genesis, depth, kept)
        # This verifier reads no home. What a tip file names is held against the chain as what an auditor kept is, but
        # that it never proves where a stretch starts.
        return replace(report, judged=replace(report.judged, met=False)) if self.tip_file else report


def file_of(kept: dict[str, Any]) -> str:
    """The file that an auditor gives: just so, or a value in JSON, however that is written."""
    return kept["text"] if "text" in kept else json.dumps(kept["value"])


ANSWER = {"verdict", "height", "at", "signed", "bookmark", "tip", "log_root", "map_root"}


def judge_answer(wanted: dict[str, Any], report: Report) -> Iterator[str]:
    """All of an answer; but how the reading ended is not said where it does not matter, since something kept is missing,
    and how many events there are only here and there."""
    if not ANSWER <= set(wanted) <= ANSWER | {"ended", "events"}:
        yield "an answer has other fields"
    said = to_json(report)
    said["bookmark"] = said["bookmark"] and said["bookmark"]["height"]
    for name, value in wanted.items():
        if said.get(name) != value:
            yield f"{name} should be {said.get(name)}, at {report.judged.depth}"


def judge_part(case: Case) -> Iterator[str]:
    if not case.bytes("bytes"):
        yield "a part without bytes"
    fields = [other.fields.get(field) for other in case.file.cases for field in JOINED]
    if not any(isinstance(parts, list) and case.name in parts for parts in fields):
        yield "nothing in this file is made of it"


def judge_succession(case: Case) -> Iterator[str]:
    approvals = case.take("approvals")
    if any(set(approval) != {"member", "signature"} for approval in approvals):
        yield "an approval has a member and a signature"
    by = [(approval["member"].encode(), from_hex(approval["signature"])) for approval in approvals]
    old, new, why = joined(case, "old"), joined(case, "new"), None
    try:
        verify_succession(Genesis.decode(old), Genesis.decode(new), by)
    except (Invalid, NoSuccession) as error:
        why = str(error)
    if case.take("holds") is not (why is None):
        yield f"it fails: {why}" if why else "it holds"


def judge_kept(case: Case) -> Iterator[str]:
    if case.has("text"):
        if not isinstance(case.take("text"), str):
            yield "it is no text"
    elif not isinstance(case.take("value"), dict):
        yield "it is no JSON object"
    if not any(other.fields.get("from") == case.name for other in case.file.cases):
        yield "nobody gives it"


JUDGES: dict[str, Callable[[Case], Iterator[str]]] = {
    **dict.fromkeys(STRUCTURES, judge_structure),
    **EDGES,
    "application": judge_application,
    "archive_head": judge_archive_head,
    "chain": judge_chain,
    "frame": judge_frame,
    "kept": judge_kept,
    "map": judge_map,
    "part": judge_part,
    "record": judge_record,
    "signed": judge_signed,
    "subject": judge_subject,
    "succession": judge_succession,
    "verdict": judge_verdict,
}
