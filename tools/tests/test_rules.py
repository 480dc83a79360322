"""The fold, the map and governance: one table of cases each."""

import dataclasses
import hashlib
import json
import random
import tempfile
import unittest
from pathlib import Path

from network import CITY, COUNTY, PROVINCE, Builder, event, genesis, member, node, private_key
from luqi_verify import fold, vectors
from luqi_verify.codec import Invalid, decode, encode
from luqi_verify.contract_map import ContractMap
from luqi_verify.crypto import hash_of, signed_bytes
from luqi_verify.event import (
    AMEND, ATTACH, CORRECT, DISSOLVE, EMPLOYER, ENTRY, ERASE, EVENT, NEW, RENEW, REOPEN, RESUME, SUSPEND, TERMINATE,
    TRANSFER, VOID, Approves, EventEntry, Proposes, Seal,
)
from luqi_verify.fold import ACTIVE, ENDED, REGISTERED, SUSPENDED, VOIDED, Occurrence
from luqi_verify.governance import (
    ActivateProtocol, AddMember, AddNode, Approve, ControlFold, Propose, RemoveMember, RemoveNode, ReplaceNodeKeys,
    SetPower, proposal_id,
)
from luqi_verify.membership import Judges

LEAF = b"\5" * 32


class Life:
    """One subject and what happens to it."""

    def __init__(self) -> None:
        self.state = None
        self.index = 0

    def __call__(self, actor: bytes, kind: int, argument: object = None) -> str:
        self.index += 1
        leaf = hashlib.sha256(bytes([self.index])).digest()
        self.state, outcome = fold.step(self.state, Occurrence(event(kind, 0, argument), actor, self.index, leaf))
        return outcome

    def all(self, *steps: tuple) -> list[str]:
        return [self(*each) for each in steps]


class Fold(unittest.TestCase):
    def check(self, steps: list[tuple], outcomes: str, **fields: object) -> fold.State:
        life = Life()
        self.assertEqual(life.all(*steps), ["applied" if each == "-" else each for each in outcomes.split()])
        for name, value in fields.items():
            self.assertEqual(getattr(life.state, name), value, name)
        return life.state

    def test_without_a_state(self):
        self.check([(COUNTY, NEW, COUNTY)], "-", status=ACTIVE, keeper=COUNTY, count=1, last_new=0, last_index=1)
        self.check([(PROVINCE, NEW, CITY)], "-", keeper=CITY)
        self.check([(COUNTY, EMPLOYER)], "-", status=REGISTERED, keeper=COUNTY)
        life = Life()
        self.assertEqual(
            life.all((COUNTY, NEW, CITY), (COUNTY, RENEW), (COUNTY, ERASE, Proposes(LEAF)),
                     (COUNTY, ERASE, Proposes(0)), (COUNTY, ERASE, Approves(0))),
            ["NOT_AUTHORISED", "UNKNOWN", "applied", "UNKNOWN", "UNKNOWN"])
        self.assertIsNone(life.state)

    def test_the_table(self):
        new, dissolve, void = (COUNTY, NEW, COUNTY), (COUNTY, DISSOLVE), (COUNTY, VOID, 0)
        events = [(COUNTY, kind) for kind in (EMPLOYER, RENEW, AMEND, SUSPEND, RESUME, DISSOLVE, TERMINATE)]
        events += [new, (COUNTY, VOID, 0), (COUNTY, CORRECT, 0), (COUNTY, CORRECT, 9), (COUNTY, ATTACH, 0)]
        events += [(COUNTY, REOPEN, Proposes(1)), (COUNTY, REOPEN, Approves(1))]
        rows = {
            (new,): "WRONG_SUBJECT - - - NO_CHANGE - - DUPLICATE - - BAD_CITATION - NOT_ENDED NOT_ENDED",
            (new, (COUNTY, SUSPEND)):
                "WRONG_SUBJECT - - NO_CHANGE - - - DUPLICATE - - BAD_CITATION - NOT_ENDED NOT_ENDED",
            (new, dissolve):
                "WRONG_SUBJECT ENDED ENDED ENDED ENDED ENDED ENDED ENDED ENDED - BAD_CITATION - - BAD_CITATION",
            (new, void): "WRONG_SUBJECT VOID VOID VOID VOID VOID VOID - VOID VOID VOID VOID VOID VOID",
            ((COUNTY, EMPLOYER),):
                "- " + "WRONG_SUBJECT " * 8 + "- BAD_CITATION - WRONG_SUBJECT WRONG_SUBJECT",
        }
        for before, outcomes in rows.items():
            for one, outcome in zip(events, outcomes.split(), strict=True):
                state = self.check([*before, one], "- " * len(before) + outcome)
                self.assertEqual(state.count, len(before) + 1)

    def test_strangers_do_not_touch(self):
        state = self.check([(COUNTY, NEW, COUNTY), (CITY, RENEW)], "- NOT_AUTHORISED", count=1, last_index=1)
        self.assertEqual(self.check([(COUNTY, NEW, COUNTY)], "-"), state)
        self.check([(COUNTY, NEW, COUNTY), (PROVINCE, NEW, COUNTY)], "- DUPLICATE", count=2, last_index=2)

    def test_void_and_new_again(self):
        self.check(
            [(COUNTY, NEW, COUNTY), (COUNTY, VOID, 1), (COUNTY, VOID, 0), (COUNTY, NEW, CITY), (PROVINCE, NEW, CITY),
             (CITY, VOID, 0), (CITY, VOID, 4)],
            "- BAD_CITATION - NOT_AUTHORISED - BAD_CITATION -", status=VOIDED, keeper=CITY, last_new=4, count=7)

    def test_reopening_takes_two(self):
        start = [(COUNTY, NEW, COUNTY), (COUNTY, DISSOLVE)]
        both_ways = [*start, (PROVINCE, REOPEN, Proposes(1)), (COUNTY, REOPEN, Approves(2))]
        start += [(COUNTY, REOPEN, Proposes(0)), (COUNTY, REOPEN, Proposes(1))]
        self.check(start, "- - BAD_CITATION -", status=ENDED, open_keeper=fold.Open(3, fold.Reopen(1)))
        self.check([*start, (COUNTY, REOPEN, Approves(3))], "- - BAD_CITATION - BAD_CITATION")
        self.check([*start, (PROVINCE, ERASE, Approves(3))], "- - BAD_CITATION - BAD_CITATION")
        self.check(
            [*start, (PROVINCE, REOPEN, Approves(3))], "- - BAD_CITATION - -",
            status=ACTIVE, ended_by=None, open_keeper=None)
        self.check(both_ways, "- - - -", status=ACTIVE)

    def test_a_province_that_keeps_acts_alone_but_does_not_give_away(self):
        start = [(PROVINCE, NEW, PROVINCE), (PROVINCE, DISSOLVE)]
        self.check([*start, (PROVINCE, REOPEN, Proposes(1))], "- - -", status=ACTIVE)
        self.check([*start, (PROVINCE, ERASE, Proposes(1))], "- - -", open_province=None)
        offer = [*start, (PROVINCE, TRANSFER, Proposes(CITY))]
        self.check(offer, "- - -", keeper=PROVINCE, open_province=fold.Open(2, fold.Transfer(CITY)))
        self.check([*offer, (COUNTY, TRANSFER, Approves(2))], "- - - NOT_AUTHORISED", count=3)
        self.check([*offer, (CITY, TRANSFER, Approves(1))], "- - - NOT_AUTHORISED", count=3)
        self.check([*offer, (CITY, TRANSFER, Approves(2))], "- - - -", keeper=CITY, open_province=None, count=4)

    def test_erasure(self):
        start = [(COUNTY, NEW, COUNTY), (COUNTY, ERASE, Proposes(1)), (COUNTY, ERASE, Proposes(0))]
        self.check(start, "- BAD_CITATION -", open_keeper=fold.Open(2, fold.Erase()))
        self.check([*start, (PROVINCE, ERASE, Approves(2))], "- BAD_CITATION - -", open_keeper=None)
        self.check([(COUNTY, EMPLOYER), (COUNTY, ERASE, Proposes(LEAF))], "- -", open_keeper=fold.Open(1, fold.Erase()))

    def test_a_full_state(self):
        life = Life()
        life(COUNTY, NEW, COUNTY)
        full = life.state = dataclasses.replace(life.state, count=(1 << 32) - 1)
        self.assertEqual(life.all((COUNTY, RENEW), (CITY, RENEW)), ["FULL", "NOT_AUTHORISED"])
        self.assertEqual(life.state, full)

    def test_suspended_until_resumed(self):
        self.check([(COUNTY, NEW, COUNTY), (COUNTY, SUSPEND)], "- -", status=SUSPENDED)
        self.check([(COUNTY, NEW, COUNTY), (COUNTY, SUSPEND), (COUNTY, RESUME)], "- - -", status=ACTIVE)


class Map(unittest.TestCase):
    def by_definition(self, items: dict[bytes, bytes], depth: int = 0) -> bytes:
        if not items:
            return bytes(32)
        if len(items) == 1:
            [(key, state)] = items.items()
            return hash_of("map-leaf", key + state)
        sides = [
            {key: state for key, state in items.items() if int.from_bytes(key, "big") >> 255 - depth & 1 == side}
            for side in (0, 1)]
        return hash_of("map-node", b"".join(self.by_definition(side, depth + 1) for side in sides))

    def test_grown_is_as_defined(self):
        dice, grown, items = random.Random(1), ContractMap(), {}
        self.assertEqual(grown.root(), bytes(32))
        for n in range(300):
            key = dice.choice([dice.randbytes(32), b"\7" * 31 + bytes([n % 256]), *list(items)[:1]])
            items[key] = dice.randbytes(32)
            grown.put(key, items[key])
            if n % 7 == 0:
                self.assertEqual(grown.root(), self.by_definition(items))
        self.assertEqual(grown.root(), self.by_definition(items))


class Governance(unittest.TestCase):
    def setUp(self):
        self.genesis = genesis()
        self.chain = self.genesis.chain_id()

    def fold(self, height: int, control=None, membership=None) -> ControlFold:
        return ControlFold(
            self.chain, height, Judges(membership or self.genesis.membership), control or self.genesis.control())

    def approval(self, change, effective: int, code: bytes, signer: bytes | None = None) -> Approve:
        number = proposal_id(change, effective)
        message = signed_bytes("approval", self.chain, number + code)
        return Approve(number, code, private_key("governance", signer or code).sign(message))

    def test_outcomes_of_propose(self):
        through = self.fold(5)
        power = [SetPower(1, n) for n in range(9)]
        for change, effective, outcome in (
            (power[1], 5, "TOO_LATE"), (power[1], 6, "applied"), (power[1], 6, "DUPLICATE"), (power[1], 7, "applied"),
            (SetPower(9, 1), 8, "BAD_CHANGE"), (RemoveMember(PROVINCE), 8, "BAD_CHANGE"),
            (ActivateProtocol(1), 8, "BAD_CHANGE"), (AddMember(member(COUNTY)), 8, "BAD_CHANGE"),
            (AddMember(member(CITY, node(2))), 8, "BAD_CHANGE"), (AddNode(CITY, node(3)), 8, "BAD_CHANGE"),
            (AddNode(PROVINCE, node(2)), 8, "BAD_CHANGE"), (RemoveNode(3), 8, "BAD_CHANGE"),
            (ReplaceNodeKeys(1, node(2).keys), 8, "BAD_CHANGE"),
            (ReplaceNodeKeys(1, node(1).keys[1:]), 8, "BAD_CHANGE"),
            (power[2], 7, "applied"), (power[3], 7, "applied"), (power[4], 7, "TOO_MANY"),
        ):
            self.assertEqual(through.propose(Propose(change, effective), COUNTY), outcome, change)
        self.assertEqual(through.propose(Propose(power[4], 7), PROVINCE), "applied")

    def test_outcomes_of_approve(self):
        through, change = self.fold(5), SetPower(1, 3)
        through.propose(Propose(change, 9), COUNTY)
        for approve, outcome in (
            (self.approval(change, 8, COUNTY), "UNKNOWN"), (self.approval(change, 9, CITY), "NOT_AUTHORISED"),
            (self.approval(change, 9, COUNTY, PROVINCE), "BAD_SIGNATURE"),
            (self.approval(change, 9, COUNTY), "applied"),
            (self.approval(change, 9, COUNTY, PROVINCE), "DUPLICATE"), (self.approval(change, 9, PROVINCE), "applied"),
        ):
            self.assertEqual(through.approve(approve), outcome)

    def test_adopted_waits_and_lapsed_goes(self):
        waiting, lapsing = SetPower(1, 3), SetPower(1, 4)
        through = self.fold(5)
        for change in (waiting, lapsing):
            through.propose(Propose(change, 7), COUNTY)
        for code in (COUNTY, PROVINCE):
            through.approve(self.approval(waiting, 7, code))
        through.approve(self.approval(lapsing, 7, PROVINCE))
        control, membership = through.end()
        self.assertEqual([p.adopted for p in control.proposals], [True, False])
        self.assertEqual(membership, self.genesis.membership)
        control, membership = self.fold(6, control).end()
        self.assertEqual(len(control.proposals), 1)
        self.assertEqual(Judges(membership).nodes[1].power, 3)
        control, after = self.fold(7, control, membership).end()
        self.assertEqual((control.proposals, after), ((), membership))

    def test_two_thirds_are_not_enough(self):
        through, change = self.fold(5), SetPower(1, 3)
        through.propose(Propose(change, 6), COUNTY)
        through.approve(self.approval(change, 6, COUNTY))
        self.assertEqual(through.end()[1], self.genesis.membership)

    def test_streams_go_with_their_nodes_and_protocols_rise(self):
        through = self.fold(5)
        through.streams = {2: 7, 0: 3}
        for change in (RemoveNode(2), ActivateProtocol(4)):
            through.propose(Propose(change, 6), COUNTY)
            for code in (COUNTY, PROVINCE):
                through.approve(self.approval(change, 6, code))
        control, membership = through.end()
        self.assertEqual([stream.node for stream in control.streams], [0])
        self.assertEqual((control.protocol, membership.next_node), (4, 3))


class Encodings(unittest.TestCase):
    def test_entries_as_section_6_draws_them(self):
        self.assertEqual(encode(ENTRY, Seal(3, LEAF)).hex(), "00" + "0000000000000003" + "05" * 32)
        entry = EventEntry(1, 2, 3, event(ERASE, 0, Proposes(LEAF)))
        self.assertEqual(
            encode(ENTRY, entry).hex(), "01" "00000001" "0000000000000002" "0003"
            "1801" + entry.event.subject.hex() + entry.event.commitment.hex() + "0001" + LEAF.hex())

    def test_a_spoilt_block_is_refused_or_another_block(self):
        builder = Builder()
        builder.govern(AddMember(member(CITY, node(3))), 9, COUNTY)
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY), event(TRANSFER, 1, Approves(3))))
        dice = random.Random(2)
        for block in builder.blocks:
            data = block.encode()
            for _ in range(2000):
                spoilt = bytearray(data)
                spoilt[dice.randrange(len(data))] = dice.randrange(256)
                try:
                    again = decode(vectors.STRUCTURES["block"], bytes(spoilt))
                except Invalid:
                    continue
                self.assertEqual(again.encode(), spoilt)

    def test_kinds_that_are_invalid(self):
        for kind in (0, 6, 15, 25, 63, 68, 255):
            with self.assertRaises(Invalid):
                decode(EVENT, bytes([kind]) + bytes(80))


class GoldenVectors(unittest.TestCase):
    def test_a_folder_of_cases(self):
        first = genesis()
        control = first.control()
        cases = [
            {"name": "genesis", "kind": "genesis", "bytes": first.encode().hex(), "hash": first.chain_id().hex()},
            {"name": "control", "kind": "control", "bytes": control.encode().hex(), "hash": control.hash().hex()},
            {"name": "short", "kind": "control", "bytes": control.encode().hex()[:-2], "error": "ends too early"},
        ]
        wrong = [
            {"name": "hash", "kind": "control", "bytes": control.encode().hex(), "hash": "00" * 32},
            {"name": "accepted", "kind": "control", "bytes": control.encode().hex(), "error": "why"},
            {"name": "refused", "kind": "control", "bytes": "00"},
            {"name": "unknown", "kind": "what", "bytes": "00"},
        ]
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a.json").write_text(json.dumps({"about": "test", "cases": cases + wrong}))
            count, failures = vectors.check_folder(Path(folder))
        self.assertEqual((count, [each.case for each in failures]), (7, [each["name"] for each in wrong]))


if __name__ == "__main__":
    unittest.main()
