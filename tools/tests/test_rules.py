"""The fold, the map and governance: one table of cases each."""

import dataclasses
import hashlib
import random
import unittest

from network import CITY, COUNTY, PARAMETERS, PROVINCE, Builder, event, genesis, member, node, private_key, public_key
from luqi_verify import fold
from luqi_verify.block import Block
from luqi_verify.codec import Invalid, decode, encode
from luqi_verify.contract_map import ContractMap, Proof, prove, root_of_sorted
from luqi_verify.crypto import SuiteKey, hash_of, signed_bytes
from luqi_verify.event import (
    AMEND, ATTACH, CORRECT, DISSOLVE, EMPLOYER, ENTRY, ERASE, EVENT, NEW, RENEW, REOPEN, RESUME, SUSPEND, TERMINATE,
    TRANSFER, VOID, Approves, EventEntry, Proposes, Seal,
)
from luqi_verify.fold import ACTIVE, ENDED, REGISTERED, SUSPENDED, VOIDED, Occurrence
from luqi_verify.governance import (
    CHANGE, Activate, AddMember, AddNode, Approve, ControlFold, Proposal, Propose, RemoveMember, RemoveNode,
    RotateMemberKeys, RotateNodeKeys, SetParameters, SetPower, proposal_id,
)
from luqi_verify.membership import Judges, Parameters
from luqi_verify.merkle import Frontier

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
                self.assertEqual(root_of_sorted(sorted(items.items())), grown.root())
        self.assertEqual(grown.root(), self.by_definition(items))

    def test_proofs(self):
        dice, held, items = random.Random(3), ContractMap(), {}
        keys = [b"\7" * 31 + bytes([n]) for n in range(4)] + [dice.randbytes(32) for _ in range(20)]
        for count, key in enumerate(keys):
            for asked in keys:
                proof = prove(held, asked)
                self.assertEqual(decode(Proof, encode(Proof, proof)), proof)
                self.assertEqual((proof.root(asked), proof.says()), (held.root(), items.get(asked)), count)
            items[key] = dice.randbytes(32)
            held.put(key, items[key])

    def test_what_is_no_proof(self):
        proof = Proof(1, b"", bytes(32), (bytes(32), b"\1" * 32, bytes(32)))
        data = encode(Proof, proof)
        self.assertEqual(data.hex(), "01" + "00" * 32 + "0003" + "40" + "01" * 32)
        self.assertEqual(decode(Proof, data), proof)
        head, sibling = data[:33], b"\1" * 32
        for spoilt in (
            b"\3" + data[1:],                                  # no such end
            head + b"\1\1" + bytes(33),                        # deeper than 256
            data + b"\0", data[:-1],
            head + b"\0\3\x41" + sibling,                      # a bit left over
            head + b"\0\3\x60" + sibling + bytes(32),          # an empty sibling written out
        ):
            with self.assertRaises(Invalid):
                decode(Proof, spoilt)
        for other, siblings in ((b"\1" * 32, ()), (b"\x80" + bytes(31), (sibling,))):
            with self.assertRaises(Invalid):
                Proof(2, other, bytes(32), siblings).root(b"\1" * 32)


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
            (Activate(1), 8, "BAD_CHANGE"), (AddMember(member(COUNTY)), 8, "BAD_CHANGE"),
            (AddMember(member(CITY, node(2))), 8, "BAD_CHANGE"), (AddNode(CITY, node(3)), 8, "BAD_CHANGE"),
            (AddNode(PROVINCE, node(2)), 8, "BAD_CHANGE"), (RemoveNode(3), 8, "BAD_CHANGE"),
            (RotateNodeKeys(1, node(2).keys), 8, "BAD_CHANGE"),
            (RotateNodeKeys(1, node(1).keys[1:]), 8, "BAD_CHANGE"),
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
        for change in (RemoveNode(2), Activate(4)):
            through.propose(Propose(change, 6), COUNTY)
            for code in (COUNTY, PROVINCE):
                through.approve(self.approval(change, 6, code))
        control, membership = through.end()
        self.assertEqual([stream.node for stream in control.streams], [0])
        self.assertEqual((control.protocol, membership.next_node), (4, 3))

    def test_who_is_gone_has_approved_nothing(self):
        three = genesis(member(PROVINCE, node(0)), member(COUNTY, node(1)), member(CITY, node(2, 0)))
        through, waiting = self.fold(5, membership=three.membership), SetPower(0, 3)
        steps = (RemoveMember(CITY), 6, (COUNTY, PROVINCE)), (waiting, 9, (CITY, COUNTY))
        for change, effective, approving in steps:
            through.propose(Propose(change, effective), COUNTY)
            for code in approving:
                self.assertEqual(through.approve(self.approval(change, effective, code)), "applied")
        control, membership = through.end()
        self.assertEqual([each.code for each in membership.members], [PROVINCE, COUNTY])
        self.assertEqual([each.approvals for each in control.proposals], [(COUNTY,)])

    def test_who_has_another_governance_key_has_approved_nothing(self):
        three = genesis(member(PROVINCE, node(0, 9)), member(COUNTY, node(1)), member(CITY, node(2, 0)))
        key = SuiteKey(1, public_key("governance", "another"))
        vault = {each.code: each.vault for each in three.membership.members}
        waiting, adopted, other = SetPower(0, 3), SetPower(0, 4), RotateMemberKeys(CITY, key, vault[CITY])
        for change, gone in ((RotateMemberKeys(COUNTY, key, vault[COUNTY]), COUNTY), (SetPower(1, 2), None)):
            through = self.fold(5, membership=three.membership)
            for each, effective, approving in (
                (change, 6, (PROVINCE,)), (waiting, 9, (CITY, COUNTY)), (adopted, 9, (COUNTY, PROVINCE)),
                (other, 9, (COUNTY,)),
            ):
                self.assertEqual(through.propose(Propose(each, effective), PROVINCE), "applied")
                for code in approving:
                    self.assertEqual(through.approve(self.approval(each, effective, code)), "applied")
            control, membership = through.end()
            self.assertNotEqual(membership, three.membership)
            stay = [tuple(code for code in codes if code != gone)
                    for codes in ((CITY, COUNTY), (COUNTY, PROVINCE), (COUNTY,))]
            self.assertEqual([each.approvals for each in control.proposals], stay)
            self.assertEqual([each.adopted for each in control.proposals], [False, True, False])

    def test_256_are_open_at_most(self):
        through = self.fold(5)
        for n in range(256):
            change = SetPower(1, n + 2)
            number = proposal_id(change, 9)
            through.proposals[number] = Proposal(number, b"%06d" % (n + 1), change, 9, (), False)
        self.assertEqual(through.propose(Propose(SetPower(9, 1), 9), COUNTY), "TOO_MANY")
        through.proposals.popitem()
        self.assertEqual(through.propose(Propose(SetPower(1, 1), 9), COUNTY), "applied")

    def test_changes_in_json(self):
        of = member(CITY, node(7))
        keys = [{"purpose": purpose, "suite": 1, "key": key.key.hex()}
                for purpose, key in zip(("consensus", "submission", "peer", "note"), of.nodes[0].keys)]
        governance, vault = {"suite": 1, "key": of.governance.key.hex()}, of.vault.hex()
        in_json = {"code": "370200", "name_zh": of.name_zh, "name_en": of.name_en, "governance": governance,
                   "vault": vault, "nodes": [{"number": 7, "power": 1, "keys": keys}]}
        for change, value in (
            (AddMember(of), {"add_member": in_json}),
            (RemoveMember(CITY), {"remove_member": "370200"}),
            (AddNode(CITY, node(7)), {"add_node": ["370200", in_json["nodes"][0]]}),
            (RemoveNode(7), {"remove_node": 7}),
            (SetPower(7, 2), {"set_power": [7, 2]}),
            (RotateNodeKeys(7, node(7).keys), {"rotate_node_keys": [7, keys]}),
            (RotateMemberKeys(CITY, of.governance, of.vault), {"rotate_member_keys": ["370200", governance, vault]}),
            (SetParameters(PARAMETERS),
             {"set_parameters": {name: getattr(PARAMETERS, name) for name, _ in Parameters.LAYOUT}}),
            (Activate(2), {"activate": 2}),
        ):
            self.assertEqual(CHANGE.from_json(value), change)
            for spoilt in ({}, {**value, "x": 1}, list(value), {"x": 1}, {next(iter(value)): [1]}):
                with self.assertRaises(Invalid):
                    CHANGE.from_json(spoilt)


class Encodings(unittest.TestCase):
    def test_a_frontier_is_below_two_to_the_63(self):
        data = (1 << 62).to_bytes(8, "big") + bytes(32)
        self.assertEqual(encode(Frontier, decode(Frontier, data)), data)
        with self.assertRaises(Invalid):
            decode(Frontier, (1 << 63).to_bytes(8, "big") + bytes(32))

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
                    again = decode(Block, bytes(spoilt))
                except Invalid:
                    continue
                self.assertEqual(again.encode(), spoilt)

    def test_kinds_that_are_invalid(self):
        for kind in (0, 6, 15, 25, 63, 68, 255):
            with self.assertRaises(Invalid):
                decode(EVENT, bytes([kind]) + bytes(80))


if __name__ == "__main__":
    unittest.main()
