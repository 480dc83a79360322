"""The fold, the map and governance: one table of cases each."""

import dataclasses
import hashlib
import random
import unittest

from network import (
    CITY, COUNTY, PARAMETERS, PROVINCE, UNASKED, Builder, event, genesis, member, membership, node, private_key, public_key,
    vault_key,
)
from in_json import in_json
from luqi_verify import fold
from luqi_verify.block import Block
from luqi_verify.change import (
    CHANGE, Activate, AddMember, AddNode, RemoveMember, RemoveNode, RotateMemberKeys, RotateNodeKeys, SetParameters,
    SetPower, SetTrust, Withdraw,
)
from luqi_verify.codec import Invalid, decode, decode_json, encode
from luqi_verify.contract_map import ContractMap, Proof, prove, root_of_sorted
from luqi_verify.crypto import hash_of, signed_bytes
from luqi_verify.event import (
    AMEND, ATTACH, CORRECT, DISSOLVE, EMPLOYER, ENTRY, ERASE, EVENT, NEW, RENEW, REOPEN, RESUME, SUSPEND, TERMINATE,
    TRANSFER, VOID, Approves, EventEntry, Proposes, Seal,
)
from luqi_verify.fold import ACTIVE, ENDED, REGISTERED, SUSPENDED, VOIDED, Occurrence
from luqi_verify.governance import Approve, Control, ControlFold, Proposal, Propose, Stream, proposal_id
from luqi_verify.membership import Heir, Judges, Membership, Parameters, SuiteKey
from luqi_verify.merkle import Frontier

LEAF = b"\5" * 32


THREE = membership(member(PROVINCE, node(0)), member(COUNTY, node(1)), member(CITY, node(2)))
OLD = b"370201"
"""A member that was removed."""


class Life:
    """One subject and what happens to it."""

    def __init__(self, judging: Membership = THREE) -> None:
        self.judges = Judges(judging)
        self.state = None
        self.index = 0

    def __call__(self, actor: bytes, kind: int, argument: object = None) -> str:
        self.index += 1
        leaf = hashlib.sha256(self.index.to_bytes(4, "big")).digest()
        self.state, outcome = fold.step(self.state, Occurrence(event(kind, 0, argument), actor, self.index, leaf), self.judges)
        return outcome

    def all(self, *steps: tuple) -> list[str]:
        return [self(*each) for each in steps]


class Fold(unittest.TestCase):
    def check(self, steps: list[tuple], outcomes: str, judging: Membership = THREE, **fields: object) -> fold.State:
        life = Life(judging)
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
            ["NOT_AUTHORISED", "UNKNOWN", "recorded", "UNKNOWN", "UNKNOWN"])
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
            (new, void): "- VOID VOID VOID VOID VOID VOID - VOID VOID VOID VOID VOID VOID",
            ((COUNTY, EMPLOYER),):
                "- " + "WRONG_SUBJECT " * 7 + "- - BAD_CITATION - WRONG_SUBJECT WRONG_SUBJECT",
        }
        for before, outcomes in rows.items():
            for one, outcome in zip(events, outcomes.split(), strict=True):
                state = self.check([*before, one], "- " * len(before) + outcome)
                self.assertEqual(state.count, len(before) + 1)

    def test_whoever_occupies_a_subject_is_undone(self):
        """By the keeper as by the province; of what has ended by the province alone; and the history stays."""
        for actor in (COUNTY, PROVINCE):
            self.check(
                [(COUNTY, EMPLOYER), (actor, VOID, 1), (actor, VOID, 0), (PROVINCE, NEW, CITY)], "- BAD_CITATION - -",
                status=ACTIVE, keeper=CITY, last_new=3, count=4)
            again = "-" if actor == PROVINCE else "BAD_CITATION"  # the province need not know which new was the last
            self.check(
                [(COUNTY, NEW, COUNTY), (COUNTY, VOID, 0), (COUNTY, NEW, COUNTY), (actor, VOID, 0)], f"- - - {again}")
            self.check(
                [(COUNTY, NEW, COUNTY), (actor, VOID, 0), (actor, EMPLOYER), (actor, EMPLOYER), (actor, VOID, 2)], "- - - - -",
                status=VOIDED, keeper=actor, last_new=2)
        taken = [(COUNTY, NEW, COUNTY), (COUNTY, TERMINATE), (COUNTY, VOID, 0), (PROVINCE, VOID, 3), (PROVINCE, VOID, 0)]
        self.check([*taken, (PROVINCE, EMPLOYER)], "- - ENDED BAD_CITATION - -", status=REGISTERED, keeper=PROVINCE,
                   ended_by=None, last_new=5)

    def test_what_is_made_anew_has_nothing_open(self):
        for made in ((COUNTY, NEW, COUNTY), (COUNTY, EMPLOYER)):
            steps = [(COUNTY, NEW, COUNTY), (COUNTY, ERASE, Proposes(0)), (PROVINCE, TRANSFER, Proposes(CITY)),
                     (COUNTY, VOID, 0), made]
            self.check(steps, "- - - - -", open_keeper=None, open_province=None, ended_by=None)

    def test_the_province_alone_can_reach_every_beginning(self):
        """From every state that four events of anybody can lead to, to active with any keeper and to registered."""
        choices = [(actor, *what) for actor in (PROVINCE, COUNTY, CITY) for what in (
            (NEW, COUNTY), (EMPLOYER,), (SUSPEND,), (TERMINATE,), (VOID, 0), (REOPEN, Proposes(1)),
            (TRANSFER, Proposes(CITY)), (TRANSFER, Approves(1)), (TRANSFER, Approves(2)), (REOPEN, Approves(2)))]
        seen = {}
        life = Life()

        def reach(state: fold.State | None, left: int) -> None:
            if seen.get(state, -1) >= left:
                return
            seen[state] = left
            for each in choices if left else ():
                life.state, life.index = state, 0
                life(*each)
                reach(life.state, left - 1)

        reach(None, 4)
        self.assertEqual({state.status for state in seen if state}, {ACTIVE, SUSPENDED, ENDED, VOIDED, REGISTERED})
        for state in filter(None, seen):
            for last, wanted in (((PROVINCE, NEW, CITY), (ACTIVE, CITY)), ((PROVINCE, EMPLOYER), (REGISTERED, PROVINCE))):
                life.state = state
                life(PROVINCE, VOID, state.last_new)
                self.assertEqual(life.state.status, VOIDED)
                self.assertEqual((life(*last), life.state.status, life.state.keeper), ("applied", *wanted))

    def test_nobody_gives_a_subject_to_nobody(self):
        start = [(PROVINCE, NEW, OLD), (COUNTY, NEW, COUNTY)]
        self.check([*start, (COUNTY, TRANSFER, Proposes(OLD)), (PROVINCE, TRANSFER, Proposes(OLD))],
                   "NOT_AUTHORISED - BAD_CITATION BAD_CITATION", keeper=COUNTY)
        after = membership(heirs=(Heir(OLD, CITY),), members=THREE.members)
        self.check([(PROVINCE, NEW, OLD)], "-", after, keeper=OLD)
        self.check([(COUNTY, NEW, COUNTY), (COUNTY, TRANSFER, Proposes(OLD)), (PROVINCE, TRANSFER, Approves(1))], "- - -",
                   after, keeper=OLD)
        life = Life(after)
        life.all((COUNTY, NEW, COUNTY), (COUNTY, TRANSFER, Proposes(OLD)))
        life.judges = Judges(THREE)
        self.assertEqual(life(PROVINCE, TRANSFER, Approves(1)), "BAD_CITATION")

    def test_an_heir_acts_for_whom_it_follows(self):
        before = membership(*THREE.members, member(OLD))
        after = membership(heirs=(Heir(OLD, CITY),), members=THREE.members)
        ours = [(OLD, NEW, OLD), (OLD, DISSOLVE)]
        life = Life(before)
        self.assertEqual(life.all(*ours), ["applied"] * 2)
        life.judges = Judges(after)
        self.assertEqual(
            life.all((COUNTY, AMEND), (CITY, REOPEN, Proposes(1)), (PROVINCE, REOPEN, Approves(2)), (CITY, RENEW),
                     (PROVINCE, TRANSFER, Proposes(CITY)), (CITY, TRANSFER, Approves(4)), (CITY, TRANSFER, Approves(5))),
            ["NOT_AUTHORISED"] + ["applied"] * 4 + ["BAD_CITATION", "applied"])
        self.assertEqual(life.state.keeper, CITY)
        self.check([(CITY, NEW, OLD), (CITY, AMEND), (COUNTY, NEW, OLD)], "- - NOT_AUTHORISED", after, keeper=OLD)

    def test_the_province_may_be_an_heir_and_any_code(self):
        after = membership(province=COUNTY, heirs=(Heir(OLD, COUNTY),), members=THREE.members)
        self.check([(COUNTY, NEW, OLD), (COUNTY, DISSOLVE), (COUNTY, REOPEN, Proposes(1))], "- - -", after, status=ACTIVE)
        offer = [(COUNTY, NEW, OLD), (COUNTY, TRANSFER, Proposes(CITY))]
        self.check([*offer, (PROVINCE, TRANSFER, Approves(1)), (CITY, TRANSFER, Approves(1))], "- - NOT_AUTHORISED -", after,
                   keeper=CITY)

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
        self.assertEqual(
            life.all((COUNTY, RENEW), (PROVINCE, RENEW), (CITY, RENEW)), ["FULL", "FULL", "NOT_AUTHORISED"])
        self.assertEqual(life.state, full)
        life.state = dataclasses.replace(full, count=(1 << 32) - 65_536 - 1)
        self.assertEqual(life.all((COUNTY, RENEW), (COUNTY, RENEW), (CITY, RENEW)), ["applied", "FULL", "NOT_AUTHORISED"])
        self.assertEqual(life(PROVINCE, RENEW), "applied")
        self.assertEqual(life.state.count, (1 << 32) - 65_536 + 1)
        life.state = dataclasses.replace(full, count=(1 << 32) - 2)
        self.assertEqual(life.all((PROVINCE, RENEW), (PROVINCE, RENEW)), ["applied", "FULL"])

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


STREAMS = {PROVINCE: 0, COUNTY: 1, CITY: 2}


class Through(ControlFold):
    """Each member submits by a node of its own, where none is named."""

    def propose(self, event: Propose, proposer: bytes, stream: int | None = None) -> str:
        return super().propose(event, proposer, STREAMS[proposer] if stream is None else stream)

    def approve(self, event: Approve, bringer: bytes, stream: int | None = None) -> str:
        return super().approve(event, STREAMS[bringer] if stream is None else stream)


class Governance(unittest.TestCase):
    def setUp(self):
        self.genesis = genesis()
        self.chain = self.genesis.chain_id()

    def fold(self, height: int, control=None, membership=None) -> Through:
        return Through(
            self.chain, height, Judges(membership or self.genesis.membership), control or self.genesis.control())

    def approval(self, change, effective: int, code: bytes, signer: bytes | None = None) -> Approve:
        number = proposal_id(change, effective)
        message = signed_bytes("approval", self.chain, number + code)
        return Approve(number, code, private_key("governance", signer or code).sign(message))

    def outcome(self, change, effective: int = 8, through: Through | None = None) -> str:
        return (through or self.fold(5)).propose(Propose(change, effective), COUNTY)

    def test_outcomes_of_propose(self):
        for effective, outcome in ((5, "TOO_LATE"), (6, "applied"), (1_000_005, "applied"), (1_000_006, "TOO_FAR")):
            self.assertEqual(self.outcome(SetPower(1, 2), effective), outcome)
        control, _ = self.fold(5).end()
        open_id = proposal_id(SetPower(1, 2), 9)
        for change, outcome in (
            (SetPower(9, 1), "BAD_CHANGE"), (RemoveMember(CITY, COUNTY), "BAD_CHANGE"), (RemoveMember(COUNTY, COUNTY), "BAD_CHANGE"),
            (RemoveMember(COUNTY, CITY), "BAD_CHANGE"), (RemoveMember(PROVINCE, COUNTY), "BAD_CHANGE"),
            (RemoveMember(COUNTY, PROVINCE), "applied"),
            (Activate(1), "BAD_CHANGE"), (Activate(2), "applied"), (Activate(3), "BAD_CHANGE"),
            (AddMember(member(COUNTY)), "BAD_CHANGE"), (AddMember(member(CITY, node(2))), "BAD_CHANGE"),
            (AddMember(member(CITY)), "applied"), (AddMember(member(CITY, node(67))), "applied"),
            (AddMember(member(CITY, node(68))), "BAD_CHANGE"), (AddMember(member(CITY, node(67), node(132))), "applied"),
            (AddMember(member(CITY, node(67), node(133))), "BAD_CHANGE"),
            (AddMember(dataclasses.replace(member(CITY), name_en="")), "BAD_CHANGE"),
            (AddMember(dataclasses.replace(member(CITY), vault=bytes(32))), "BAD_CHANGE"),
            (AddMember(dataclasses.replace(member(CITY), governance=SuiteKey(1, bytes(32)))), "BAD_CHANGE"),
            (AddNode(CITY, node(3)), "BAD_CHANGE"), (AddNode(PROVINCE, node(2)), "BAD_CHANGE"),
            (AddNode(PROVINCE, node(3)), "applied"), (AddNode(PROVINCE, node(67)), "applied"),
            (AddNode(PROVINCE, node(68)), "BAD_CHANGE"),
            (RemoveNode(3), "BAD_CHANGE"), (RotateNodeKeys(1, node(2).keys), "BAD_CHANGE"),
            (RotateNodeKeys(1, node(1).keys[1:]), "BAD_CHANGE"),
            (RotateMemberKeys(COUNTY, SuiteKey(1, b"\2" + bytes(31)), vault_key("new")), "BAD_CHANGE"),
            (Withdraw(open_id), "BAD_CHANGE"), (SetTrust(dataclasses.replace(UNASKED, wanted=1)), "applied"),
            (SetTrust(dataclasses.replace(UNASKED, wanted=2)), "BAD_CHANGE"),
            (SetTrust(dataclasses.replace(UNASKED, witnesses=("w",))), "BAD_CHANGE"),
            (SetParameters(dataclasses.replace(PARAMETERS, pace_wait_ms=0)), "BAD_CHANGE"),
        ):
            self.assertEqual(decode(CHANGE, encode(CHANGE, change)), change)  # whatever it says, it is a change
            self.assertEqual(self.outcome(change), outcome, change)

    def test_so_many_proposals(self):
        power = [SetPower(1, n) for n in range(9)]
        through = self.fold(5)
        for change, effective, outcome in (
            (power[1], 6, "applied"), (power[1], 6, "DUPLICATE"), (power[1], 5, "TOO_LATE"), (power[1], 7, "applied"),
            (power[2], 7, "TOO_MANY"), (power[1], 5, "TOO_MANY"),
        ):
            self.assertEqual(self.outcome(change, effective, through), outcome)
        self.assertEqual(through.propose(Propose(power[4], 7), PROVINCE), "applied")
        control, membership = through.end()
        through = self.fold(5, control)
        for change, outcome in zip(power[2:6], ["applied", "applied", "TOO_MANY", "TOO_MANY"]):
            self.assertEqual(self.outcome(change, 8, through), outcome)
        self.assertEqual(through.propose(Propose(power[6], 8), PROVINCE), "applied")

    def test_outcomes_of_approve(self):
        through, change = self.fold(5), SetPower(1, 3)
        through.propose(Propose(change, 9), COUNTY)
        for approve, outcome in (
            (self.approval(change, 8, COUNTY), "UNKNOWN"), (self.approval(change, 9, CITY), "NOT_AUTHORISED"),
            (self.approval(change, 9, PROVINCE, COUNTY), "BAD_SIGNATURE"),
            (self.approval(change, 9, COUNTY), "applied"),
            (self.approval(change, 9, COUNTY, PROVINCE), "DUPLICATE"),
        ):
            self.assertEqual(through.approve(approve, COUNTY), outcome)

    def test_whoever_brought_a_bad_approval_brings_no_other_in_this_block(self):
        through, change = self.fold(5), SetPower(1, 3)
        through.propose(Propose(change, 9), COUNTY)
        through.propose(Propose(change, 10), COUNTY)
        bad, good = self.approval(change, 9, PROVINCE, COUNTY), self.approval(change, 9, PROVINCE)
        for approve, bringer, outcome in (
            (bad, COUNTY, "BAD_SIGNATURE"), (good, COUNTY, "BAD_SIGNATURE"), (self.approval(change, 10, PROVINCE), COUNTY, "applied"),
            (self.approval(change, 9, COUNTY), COUNTY, "applied"), (good, PROVINCE, "applied"),
        ):
            self.assertEqual(through.approve(approve, bringer), outcome)
        control, membership = through.end()
        self.assertEqual([each.approvals for each in control.proposals], [(COUNTY, PROVINCE), (PROVINCE,)])

    def test_adopted_waits_and_lapsed_goes(self):
        waiting, lapsing = SetPower(1, 3), SetPower(1, 4)
        through = self.fold(5)
        for change in (waiting, lapsing):
            through.propose(Propose(change, 7), COUNTY)
        for code in (COUNTY, PROVINCE):
            through.approve(self.approval(waiting, 7, code), code)
        through.approve(self.approval(lapsing, 7, PROVINCE), COUNTY)
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
        through.approve(self.approval(change, 6, COUNTY), COUNTY)
        self.assertEqual(through.end()[1], self.genesis.membership)

    def test_streams_go_with_their_nodes_and_protocols_rise(self):
        through = self.fold(5)
        through.streams = {2: 7, 0: 3}
        for change in (RemoveNode(2), Activate(2)):
            through.propose(Propose(change, 6), COUNTY)
            for code in (COUNTY, PROVINCE):
                through.approve(self.approval(change, 6, code), COUNTY)
        control, membership = through.end()
        self.assertEqual([stream.node for stream in control.streams], [0])
        self.assertEqual((control.protocol, membership.next_node), (2, 3))

    def test_who_is_gone_has_approved_nothing(self):
        three = genesis(member(PROVINCE, node(0)), member(COUNTY, node(1)), member(CITY, node(2, 0)))
        through, waiting = self.fold(5, membership=three.membership), SetPower(0, 3)
        steps = (RemoveMember(CITY, COUNTY), 6, (COUNTY, PROVINCE)), (waiting, 9, (CITY, COUNTY))
        for change, effective, approving in steps:
            through.propose(Propose(change, effective), COUNTY)
            for code in approving:
                self.assertEqual(through.approve(self.approval(change, effective, code), COUNTY), "applied")
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
                    self.assertEqual(through.approve(self.approval(each, effective, code), COUNTY), "applied")
            control, membership = through.end()
            self.assertNotEqual(membership, three.membership)
            stay = [tuple(code for code in codes if code != gone)
                    for codes in ((CITY, COUNTY), (COUNTY, PROVINCE), (COUNTY,))]
            self.assertEqual([each.approvals for each in control.proposals], stay)
            self.assertEqual([each.adopted for each in control.proposals], [False, True, False])

    def test_nothing_is_forgotten_where_the_membership_stays(self):
        """Whatever a control state came with: a stream of no node, an approval by nobody."""
        change = SetPower(1, 3)
        number, back = proposal_id(change, 9), SetPower(1, Judges(self.genesis.membership).nodes[1].power)
        came = Control(1, (Stream(0, 3), Stream(77, 4)), (Proposal(number, COUNTY, change, 9, (CITY, COUNTY), False),))
        control, membership = self.fold(5, came).end()
        self.assertEqual((control, membership), (came, self.genesis.membership))
        # Two changes that end where they began leave the same membership.
        control, membership = self.adopted((SetPower(1, 2), 6), (back, 6), control=came)
        self.assertEqual((control, membership), (came, self.genesis.membership))
        control, membership = self.adopted((SetPower(1, 2), 6), control=came)
        self.assertNotEqual(membership, self.genesis.membership)
        self.assertEqual(control.streams, (Stream(0, 3),))
        self.assertEqual([each.approvals for each in control.proposals], [(COUNTY,)])

    def test_control_states_that_are_none(self):
        power = [SetPower(1, n) for n in (2, 3)]
        first, second = (Proposal(proposal_id(each, 9), COUNTY, each, 9, (COUNTY, PROVINCE), False) for each in power)
        for streams, proposals, fault in (
            ((), (first, second), None), ((Stream(1, 1), Stream(2, 1)), (first,), None),
            ((), (first, first), "same id"), ((), (first, second, dataclasses.replace(first, approvals=())), "same id"),
            ((), (dataclasses.replace(first, approvals=(COUNTY, COUNTY)),), "approved a proposal twice"),
            ((), (second, dataclasses.replace(first, approvals=(COUNTY, PROVINCE, COUNTY))), "approved a proposal twice"),
            ((), (dataclasses.replace(first, id=second.id),), "id is another"),
            ((Stream(1, 1), Stream(1, 1)), (), "out of order"), ((Stream(2, 1), Stream(1, 1)), (), "out of order"),
            ((Stream(1, 0),), (), "without a submission"),
        ):
            control = Control(1, streams, proposals)
            with self.subTest(fault=fault, control=control):
                if fault is None:
                    self.assertEqual(decode(Control, control.encode()), control)
                    self.assertEqual(decode_json(Control, in_json(Control, control)), control)
                    continue
                with self.assertRaisesRegex(Invalid, fault):
                    decode(Control, control.encode())
                with self.assertRaisesRegex(Invalid, fault):
                    decode_json(Control, in_json(Control, control))

    def adopted(self, *changes: tuple, height: int = 5, control=None, of: Membership | None = None) -> tuple:
        """What comes of changes that are proposed by PROVINCE and adopted in one block."""
        through = self.fold(height, control, of)
        for change, effective in changes:
            self.assertEqual(through.propose(Propose(change, effective), PROVINCE), "applied", change)
            for code in (PROVINCE, COUNTY):
                self.assertEqual(through.approve(self.approval(change, effective, code), code), "applied")
        return through.end()

    def test_withdrawn_before_it_holds(self):
        """Also what is due in the same block; the withdrawal stays until its own height."""
        change, other = SetPower(1, 3), SetPower(1, 4)
        back = Withdraw(proposal_id(change, 9))
        for at, adopt in ((5, True), (5, False), (8, True)):
            through = self.fold(4)
            through.propose(Propose(change, 9), PROVINCE)
            for code in (PROVINCE, COUNTY)[:1 + adopt]:
                through.approve(self.approval(change, 9, code), code)
            control, _ = through.end()
            control, after = self.adopted((back, 20), (other, 30), height=at, control=control)
            self.assertEqual([each.change for each in control.proposals], [back, other])
            self.assertEqual(after, self.genesis.membership)
            self.assertEqual(self.outcome(change, 9, self.fold(at, control)), "TOO_LATE" if at == 9 else "DUPLICATE")
            control, _ = self.fold(19, control).end()
            self.assertEqual([each.change for each in control.proposals], [other])

    def test_which_withdrawals_apply(self):
        change = SetPower(1, 3)
        control, _ = self.adopted((change, 9))
        first = Withdraw(proposal_id(change, 9))
        for effective, outcome in ((8, "BAD_CHANGE"), (9, "applied"), (10, "applied")):
            self.assertEqual(self.outcome(first, effective, self.fold(6, control)), outcome)
        through = self.fold(6, control)
        through.propose(Propose(first, 9), PROVINCE)
        waiting, _ = through.end()
        second = Withdraw(proposal_id(first, 9))
        control, _ = self.adopted((first, 10), height=6, control=control)
        adopted = Withdraw(proposal_id(first, 10))
        self.assertEqual(self.outcome(adopted, 10, self.fold(7, control)), "BAD_CHANGE")  # it has done its work
        through = self.fold(7, waiting)
        self.assertEqual(through.propose(Propose(second, 9), COUNTY), "applied")
        for code in (PROVINCE, COUNTY):
            self.assertEqual(through.approve(self.approval(second, 9, code), code), "applied")
        control, _ = through.end()
        self.assertEqual([each.change for each in control.proposals], [change, second])

    def test_one_takes_back_what_is_ones_own_and_nobody_wants(self):
        change = SetPower(1, 3)
        back = Withdraw(proposal_id(change, 9))
        for by, below, here, left in (
            (COUNTY, (), (), []), (PROVINCE, (), (), [change, back]), (COUNTY, (COUNTY,), (), [change, back]),
            (COUNTY, (), (PROVINCE,), [change]), (COUNTY, (PROVINCE, COUNTY), (), [change, back]),
        ):
            through = self.fold(4)
            through.propose(Propose(change, 9), COUNTY)
            for code in below:
                through.approve(self.approval(change, 9, code), code)
            control, _ = through.end()
            through = self.fold(5, control)
            self.assertEqual(through.propose(Propose(back, 9), by), "applied")
            for code in here:
                self.assertEqual(through.approve(self.approval(change, 9, code), code), "applied")
            control, _ = through.end()
            self.assertEqual([each.change for each in control.proposals], left)

    def test_to_take_back_needs_no_room(self):
        power = [SetPower(1, n + 2) for n in range(5)]
        through = self.fold(5)
        for change in power[:4]:
            through.propose(Propose(change, 9), COUNTY)
        control, _ = through.end()
        through = self.fold(6, control)
        self.assertEqual(self.outcome(power[4], 9, through), "TOO_MANY")
        self.assertEqual(self.outcome(Withdraw(proposal_id(power[0], 9)), 8, through), "BAD_CHANGE")
        self.assertEqual(self.outcome(Withdraw(proposal_id(power[0], 9)), 9, through), "applied")
        control, _ = through.end()
        self.assertEqual(self.outcome(power[4], 9, self.fold(7, control)), "applied")

    def test_each_node_has_its_share_of_a_block(self):
        through, change = self.fold(5), SetPower(1, 3)
        for _ in range(4):
            through.propose(Propose(change, 5), COUNTY)
        self.assertEqual(through.propose(Propose(change, 9), COUNTY), "TOO_MANY")
        self.assertEqual(through.propose(Propose(change, 9), COUNTY, 7), "applied")
        good = self.approval(change, 9, COUNTY)
        for _ in range(256):
            self.assertEqual(through.approve(self.approval(change, 8, COUNTY), COUNTY), "UNKNOWN")
        self.assertEqual([through.approve(good, COUNTY), through.approve(good, COUNTY, 7)], ["TOO_MANY", "applied"])

    def test_a_removed_member_has_an_heir(self):
        three = membership(member(PROVINCE, node(0, 9)), member(COUNTY, node(1)), member(CITY, node(2)))
        _, after = self.adopted((RemoveMember(CITY, COUNTY), 6), of=three)
        self.assertEqual(after.heirs, (Heir(CITY, COUNTY),))
        _, back = self.adopted((AddMember(member(CITY, node(3))), 6), of=after)
        self.assertEqual(([each.code for each in back.members], back.heirs), ([PROVINCE, COUNTY, CITY], ()))
        _, gone = self.adopted((RemoveMember(COUNTY, PROVINCE), 6), of=after)
        self.assertEqual(gone.heirs, (Heir(COUNTY, PROVINCE), Heir(CITY, PROVINCE)))
        self.assertEqual([each.code for each in gone.members], [PROVINCE])
        _, both = self.adopted((RemoveMember(CITY, COUNTY), 6), (RemoveMember(COUNTY, CITY), 6), of=three)
        self.assertEqual(both.heirs, (Heir(CITY, COUNTY),))  # nobody is its own heir
        _, both = self.adopted((RemoveMember(COUNTY, PROVINCE), 6), (RemoveMember(CITY, COUNTY), 6), of=three)
        self.assertEqual(both.heirs, (Heir(COUNTY, PROVINCE), Heir(CITY, PROVINCE)))  # by the heir of the one named

    def test_proposals_of_who_is_gone_stay(self):
        three = membership(member(PROVINCE, node(0, 9)), member(COUNTY, node(1)), member(CITY, node(2)))
        through = self.fold(5, membership=three)
        waiting, adopted = SetPower(0, 3), SetPower(0, 4)
        for change in (waiting, adopted):
            through.propose(Propose(change, 9), CITY)
        through.approve(self.approval(adopted, 9, PROVINCE), PROVINCE)
        control, _ = through.end()
        self.assertEqual(len(control.proposals), 2)
        control, _ = self.adopted((RemoveMember(CITY, COUNTY), 6), control=control, of=three)
        self.assertEqual([each.change for each in control.proposals], [waiting, adopted])

    def test_the_control_hash_leaves_the_change_to_its_id(self):
        change = SetPower(1, 3)
        through = self.fold(5)
        through.propose(Propose(change, 9), COUNTY)
        through.approve(self.approval(change, 9, PROVINCE), COUNTY)
        control, _ = through.end()
        encoded = encode(CHANGE, change)
        self.assertEqual(control.encode().count(encoded), 1)
        self.assertEqual(control.hash(), hash_of("control", control.encode().replace(encoded, b"")))
        spoilt = control.encode().replace(encoded, encode(CHANGE, SetPower(1, 4)))
        with self.assertRaises(Invalid):
            decode(Control, spoilt)

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
            (RemoveMember(CITY, COUNTY), {"remove_member": ["370200", "370100"]}),
            (AddNode(CITY, node(7)), {"add_node": ["370200", in_json["nodes"][0]]}),
            (RemoveNode(7), {"remove_node": 7}),
            (SetPower(7, 2), {"set_power": [7, 2]}),
            (RotateNodeKeys(7, node(7).keys), {"rotate_node_keys": [7, keys]}),
            (RotateMemberKeys(CITY, of.governance, of.vault), {"rotate_member_keys": ["370200", governance, vault]}),
            (SetParameters(PARAMETERS),
             {"set_parameters": {name: getattr(PARAMETERS, name) for name, _ in Parameters.LAYOUT}}),
            (Activate(2), {"activate": 2}),
            (Withdraw(LEAF), {"withdraw": LEAF.hex()}),
            (SetTrust(UNASKED), {"set_trust": {
                "witnesses": list(UNASKED.witnesses), "wanted": 0, "timestamp_roots": [], "lag": 10}}),
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
                decode(EVENT, bytes([kind, 1]) + bytes(79))

    def test_schema_versions_are_from_1_on(self):
        for version in (1, 2, 255):
            data = bytes([RENEW, version]) + bytes(64)
            self.assertEqual(encode(EVENT, decode(EVENT, data)), data)
        with self.assertRaises(Invalid):
            decode(EVENT, bytes([RENEW, 0]) + bytes(64))


if __name__ == "__main__":
    unittest.main()
