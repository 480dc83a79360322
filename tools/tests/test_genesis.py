"""The genesis, chains that go on from another one, and what a trust policy may say."""

import dataclasses
import unittest
from base64 import b64decode, b64encode
from hashlib import sha256

from network import (
    CITY, COUNTY, PARAMETERS, PROVINCE, UNASKED, Builder, audited, event, genesis, member, membership, node, public_key,
    vault_key, verifier_key,
)
from test_archive import lively
from luqi_verify import archive
from luqi_verify.audit import Verdict
from luqi_verify.chain import Kind
from luqi_verify.change import AddMember, RemoveMember, RemoveNode, SetPower
from luqi_verify.codec import Invalid, encode
from luqi_verify.event import AMEND, NEW, Evidence
from luqi_verify.genesis import Genesis
from luqi_verify.membership import Heir, Judges, SuiteKey
from luqi_verify.trust import Trust, verifier_key as parsed


def following(before: Builder, **changes: object) -> Genesis:
    """A genesis that goes on from this chain with the members it has."""
    tip = before.tip
    made = {"name": before.genesis.name, "time": tip.time, "predecessor": before.predecessor(),
            "membership": tip.judges.membership}
    return genesis(**{**made, **changes})


class Refusals(unittest.TestCase):
    def refused(self, value: object, fault: str = "") -> None:
        with self.assertRaisesRegex(Invalid, fault):
            type(value).decode(value.encode())

    def taken(self, value: object) -> None:
        self.assertEqual(type(value).decode(value.encode()), value)


class Successor(Refusals):
    """A chain that goes on from another one."""

    def test_the_states_go_on(self):
        before = lively()
        after = Builder(following(before))
        items = tuple(archive.KeyedState(key, state) for key, state in sorted(before.tip.states.by_key.items()))
        for item in items:
            after.tip.states.put(item.key, item.state)
        after.block(after.next_submission(1, event(AMEND, 1)))
        states = archive.write_frame(archive.STATES, encode(archive.STATE_LIST, items))

        def archived(number: int | None, *frames: bytes) -> bytes:
            foot = archive.write_frame(archive.FOOT, archive.Foot(None, number).encode())
            return archive.write_head(after.chain) + foot + b"".join([*frames, *after.frames()])

        report = audited(archived(len(items), states), after.genesis)
        self.assertEqual((report.verdict, report.unchecked()), (Verdict.HOLDS, []))
        report = audited(archived(None), after.genesis)
        self.assertEqual((report.verdict, len(report.unchecked())), (Verdict.HOLDS, 1))
        for spoilt in (archived(None, states), archived(len(items) + 1, states), archived(len(items) - 1, states)):
            self.assertEqual(audited(spoilt, after.genesis).verdict, Verdict.UNDECIDED)
        for spoilt in (archived(0), archived(0, states)):
            report = audited(spoilt, after.genesis)
            self.assertEqual((report.finding.kind, report.at, report.height, report.signed), (Kind.MAP, 0, None, None))

    def test_streams_of_nodes_that_are_there_go_on_and_proposals_do_not(self):
        before = Builder()
        before.govern(SetPower(1, 3), 9, PROVINCE)
        before.block(before.next_submission(2, event(NEW, 1, COUNTY)))
        self.assertEqual([stream.node for stream in before.tip.control.streams], [0, 2])
        self.assertEqual(len(before.tip.control.proposals), 1)
        fewer = membership(member(PROVINCE, node(0)), member(COUNTY, node(1)), next_node=3)
        after = following(before, membership=fewer)
        self.taken(after)
        control = after.control()
        self.assertEqual(([stream.node for stream in control.streams], control.proposals), ([0], ()))

    def test_the_log_goes_on(self):
        before = Builder()
        before.block(before.next_submission(1, Evidence(1, b"seen")))
        after = Builder(following(before))
        self.assertEqual(after.genesis.network_id(), before.chain)
        self.assertEqual(after.tip.control.streams, before.tip.control.streams)
        after.block(after.next_submission(1, event(NEW, 1, COUNTY)))
        self.assertEqual(after.blocks[0].header.log_size, before.tip.frontier.size + 3)
        self.assertEqual(audited(after.archive(), after.genesis).verdict, Verdict.HOLDS)

    def test_what_does_not_fit_its_predecessor(self):
        before = lively()
        first = following(before)
        predecessor, other = first.predecessor, Builder()
        other.block(other.next_submission(1, event(NEW, 1, COUNTY)))
        self.taken(first)
        weak = dataclasses.replace(predecessor.certificate, signatures=predecessor.certificate.signatures[:1])
        for part in (
            {"frontier": other.tip.frontier}, {"control": other.tip.control}, {"certificate": other.certificates[-1]},
            {"certificate": weak}, {"signers": other.tip.judged.membership}, {"next": other.tip.judges.membership},
        ):
            self.refused(dataclasses.replace(first, predecessor=dataclasses.replace(predecessor, **part)), "predecessor")
        self.refused(dataclasses.replace(first, time=first.time - 1), "before")

    def test_of_the_header_itself_nothing_else_is_judged(self):
        """The proposer is what was signed. The protocol is, too; none that comes before it goes on."""
        before = Builder()
        before.block(proposer=99)
        first = following(before)
        self.assertEqual(first.predecessor.header.proposer, 99)
        self.taken(first)
        later = Builder()
        later.block(protocol=7)
        self.refused(following(later), "a protocol below")

    def test_the_changes_are_not_judged_without_the_old_genesis(self):
        first = following(lively())
        for changes in ((), first.predecessor.changes[::-1], first.predecessor.changes * 2):
            self.taken(dataclasses.replace(first, predecessor=dataclasses.replace(first.predecessor, changes=changes)))

    def test_no_node_number_ever_gets_another_owner(self):
        before = Builder()
        before.govern(RemoveNode(2), 2, PROVINCE, COUNTY)
        province, county = member(PROVINCE, node(0)), member(COUNTY, node(1))
        for members, next_node, fault in (
            ((province, county), 3, None), ((province, county), 9, None), ((province, county), 2, "next node number"),
            ((province, county), 3 + 1_024, None), ((province, county), 3 + 1_025, "far above"),
            ((province, member(COUNTY, node(1), node(3))), 4, None),
            ((province, member(COUNTY, node(1), node(2))), 3, "another owner"),
            ((member(PROVINCE, node(0), node(1)), member(COUNTY)), 3, "another owner"),
            ((member(PROVINCE, node(0)), member(COUNTY), member(CITY, node(1))), 3, "another owner"),
        ):
            made = following(before, membership=membership(*members, next_node=next_node))
            self.refused(made, fault) if fault else self.taken(made)

    def test_no_member_is_forgotten(self):
        before = Builder()
        before.govern(AddMember(member(CITY)), 2, PROVINCE, COUNTY)
        before.govern(RemoveMember(CITY, COUNTY), 3, PROVINCE, COUNTY)
        self.assertEqual(before.tip.judges.membership.heirs, (Heir(CITY, COUNTY),))
        kept = before.tip.judges.membership
        for heirs, members, fault in (
            (kept.heirs, kept.members, None), ((), kept.members, "forgotten"),
            ((), (*kept.members, member(CITY)), None),
            ((Heir(COUNTY, PROVINCE), Heir(CITY, PROVINCE)), kept.members[:1], None),
            ((Heir(CITY, PROVINCE),), kept.members[:1], "forgotten"),
        ):
            made = following(before, membership=dataclasses.replace(kept, heirs=heirs, members=members))
            self.refused(made, fault) if fault else self.taken(made)


class OfGenesis(Refusals):
    def test_vrf_keys_that_are_none(self):
        first = genesis()
        negative = bytes([first.vrf[0] ^ 1]) + first.vrf[1:]
        for key in (bytes(32), b"\xff" * 32, negative):
            self.refused(dataclasses.replace(first, vrf=key))

    def test_what_a_genesis_may_not_say(self):
        first = genesis()
        for changes, fault in (
            ({"protocol": 2}, "protocol"), ({"name": ""}, "origin"),
            ({"name": "a b"}, "origin"), ({"name": "a+b"}, "origin"), ({"name": "a\u202eb"}, "origin"),
            ({"sealed_vrf": first.sealed_vrf[:1]}, "sealed"),
            ({"sealed_vrf": first.sealed_vrf[::-1]}, "sealed"), ({"sealed_vrf": first.sealed_vrf * 2}, "sealed"),
        ):
            self.refused(dataclasses.replace(first, **changes), fault)


class OfMembership(Refusals):
    def test_what_is_not_valid(self):
        first = membership()
        members = first.members
        province, county = members
        for changes, fault in (
            ({"members": members[::-1]}, "out of order"), ({"members": members * 2}, "out of order"),
            ({"members": members[1:]}, "province"), ({"province": CITY}, "province"), ({"next_node": 2}, "at or above"),
            ({"members": (province, member(COUNTY, node(2), node(1)))}, "nodes out of order"),
            ({"members": (province, member(COUNTY, node(0)))}, "twice"),
            ({"members": (member(PROVINCE, node(0, 0)),)}, "voting power"),
            ({"parameters": dataclasses.replace(PARAMETERS, pace_events=0)}, "parameters"),
            ({"heirs": (Heir(COUNTY, PROVINCE),)}, "removed"), ({"heirs": (Heir(CITY, b"370300"),)}, "no member"),
            ({"heirs": (Heir(b"370300", COUNTY), Heir(CITY, COUNTY))}, "heirs"),
            ({"heirs": (Heir(CITY, COUNTY), Heir(CITY, PROVINCE))}, "heirs"),
            ({"trust": dataclasses.replace(UNASKED, wanted=2)}, "wanted"),
        ):
            self.refused(dataclasses.replace(first, **changes), fault)
        for changes, fault in (
            ({"name_en": ""}, "name"), ({"name_zh": "a\nb"}, "name"), ({"name_en": "a\u2066b"}, "name"),
            ({"name_en": "a\u0085b"}, "name"), ({"governance": SuiteKey(1, bytes(32))}, "key that is none"),
            ({"governance": SuiteKey(1, public_key("node", 0, 1, 0))}, "key twice"),
            ({"vault": province.vault}, "key twice"), ({"vault": province.governance.key}, "twice|vault"),
            *(({"vault": bytes.fromhex(key)}, "vault") for key in LOW_ORDER),
            ({"vault": b"\xff" * 32}, "vault"), ({"vault": vault_key("top")[:31] + b"\x81"}, "vault"),
            ({"nodes": (node(1), dataclasses.replace(node(2), keys=node(2).keys[:3]))}, "purposes"),
            ({"nodes": (node(1), dataclasses.replace(node(2), keys=node(2).keys[::-1]))}, "purposes"),
        ):
            self.refused(dataclasses.replace(first, members=(province, dataclasses.replace(county, **changes))), fault)

    def test_any_member_may_be_the_province(self):
        self.taken(membership(province=COUNTY))
        self.taken(membership(heirs=(Heir(b"370201", COUNTY), Heir(b"999999", PROVINCE))))

    def test_who_answers(self):
        judges = Judges(membership(heirs=(Heir(CITY, COUNTY),)))
        self.assertEqual([judges.answers_for(code) for code in (COUNTY, CITY, b"370300")], [COUNTY, COUNTY, None])


LOW_ORDER = [
    "00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ed" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
]


class OfTrust(unittest.TestCase):
    def refused(self, trust: Trust, fault: str) -> None:
        with self.assertRaisesRegex(Invalid, fault):
            trust.check_valid()

    def test_verifier_keys(self):
        for kind in (1, 4, 6):
            text = verifier_key("witness.example/一", kind)
            name, key = parsed(text)
            self.assertEqual((name, len(key)), ("witness.example/一", 1_312 if kind == 6 else 32))
        name, fingerprint, key = verifier_key("w").split("+", 2)
        for spoilt in (
            f"+{fingerprint}+{key}", f"{name}+{fingerprint}", f"{name}", "", f"{name}+{fingerprint.upper()}+{key}x",
            f"{name}+00000000+{key}", f"{name}+{fingerprint}+{key}=", f"{name}+{fingerprint}+{key} ",
            f"{name}+{fingerprint}+", f"v+{fingerprint}+{key}", f"{name}+{fingerprint}0+{key}",
        ):
            with self.assertRaises(Invalid):
                parsed(spoilt)
        long = verifier_key("w", 6)
        left_over = long[:-2] + chr(ord(long[-2]) + 1) + "="
        self.assertEqual(b64decode(long.split("+", 2)[2]), b64decode(left_over.split("+", 2)[2]))
        with self.assertRaisesRegex(Invalid, "left over"):
            parsed(left_over)
        for kind in (2, 5, 6):
            with self.assertRaises(Invalid):
                parsed(with_key("w", bytes([kind]) + public_key("w")))
        with self.assertRaises(Invalid):
            parsed(with_key("w", b"\1" + bytes(32)))
        for name in ("a b", "a\u3000b", "a\u200eb", "a\tb"):
            with self.assertRaises(Invalid):
                parsed(with_key(name, b"\1" + public_key("w")))

    def test_policies(self):
        two = verifier_key("a"), verifier_key("b")
        Trust(two, 2, (b"root",), (1 << 53) - 1).check_valid()
        self.refused(Trust(two, 3, (), 0), "wanted")
        self.refused(Trust((two[0], two[0]), 0, (), 0), "twice")
        self.refused(Trust((two[0], verifier_key("a", 6)), 0, (), 0), "twice")
        same = with_key("c", b"\4" + parsed(two[0])[1])
        self.refused(Trust((two[0], same), 0, (), 0), "twice")


def with_key(name: str, typed: bytes) -> str:
    return f"{name}+{sha256(name.encode() + bytes([10]) + typed).hexdigest()[:8]}+{b64encode(typed).decode()}"


if __name__ == "__main__":
    unittest.main()
