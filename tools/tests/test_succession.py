"""A succession: who may let a chain go on as another one, by the old genesis and what was decided since (section 12)."""

import dataclasses
import unittest

from network import (
    CITY, COUNTY, PROVINCE, Builder, genesis, member, membership, node, private_key, public_key, vault_key,
)
from test_archive import lively
from test_genesis import following
import ristretto255
from luqi_verify.certificate import Certificate, Vote
from luqi_verify.change import AddMember, SetPower
from luqi_verify.codec import Invalid
from luqi_verify.crypto import signed_bytes
from luqi_verify.genesis import Genesis, NoSuccession, Predecessor, verify_succession
from luqi_verify.lineage import MembershipChange
from luqi_verify.membership import Member, NodeKey, SuiteKey

OTHER_VRF = ristretto255.encode(7 * ristretto255.GENERATOR)
STRANGER = "stranger"


def approvals_of(new: Genesis, *codes: bytes, key: str = "governance") -> list[tuple[bytes, bytes]]:
    return [(code, private_key(key, code).sign(signed_bytes("genesis-approval", new.chain_id(), code))) for code in codes]


def stranger(code: bytes, number: int) -> Member:
    """A member by its code alone: every key is a stranger's."""
    keys = tuple(NodeKey(purpose, 1, public_key(STRANGER, number, purpose)) for purpose in (1, 2, 3, 4))
    own = dataclasses.replace(node(number), keys=keys)
    return dataclasses.replace(
        member(code, own), governance=SuiteKey(1, public_key(STRANGER, code)), vault=vault_key(STRANGER, code))


class Successions(unittest.TestCase):
    def fails(self, fault: str, old: Genesis, new: Genesis, approvals: list[tuple[bytes, bytes]]) -> None:
        with self.assertRaisesRegex(NoSuccession, fault):
            verify_succession(old, new, approvals)


def with_predecessor(new: Genesis, **changes: object) -> Genesis:
    return dataclasses.replace(new, predecessor=dataclasses.replace(new.predecessor, **changes))


class Succession(Successions):
    def setUp(self):
        self.before = lively()
        self.old, self.new = self.before.genesis, following(self.before)

    def test_it_holds(self):
        """CITY joined on the way and has two of five votes."""
        self.assertEqual(len(self.new.predecessor.changes), 2)
        for codes in ((PROVINCE, COUNTY, CITY), (CITY, COUNTY)):
            verify_succession(self.old, self.new, approvals_of(self.new, *codes))

    def test_without_any_change(self):
        before = Builder()
        before.block()
        new = following(before)
        self.assertEqual(new.predecessor.changes, ())
        verify_succession(before.genesis, new, approvals_of(new, PROVINCE, COUNTY))

    def test_where_the_last_block_changed_the_membership(self):
        """It was signed by those before, and those after approve."""
        before = Builder()
        before.govern(AddMember(member(CITY, node(7, 9))), 2, PROVINCE, COUNTY)
        new = following(before)
        self.assertNotEqual(new.predecessor.signers, new.predecessor.next)
        self.assertEqual(new.predecessor.changes[-1].header, before.tip.header)
        verify_succession(before.genesis, new, approvals_of(new, CITY))
        self.fails("no quorum", before.genesis, new, approvals_of(new, PROVINCE, COUNTY))
        without = with_predecessor(new, changes=())
        self.fails("do not lead", before.genesis, without, approvals_of(without, CITY))

    def test_a_chain_that_went_on_before(self):
        """The changes begin at the genesis that is followed, not at the first one."""
        first = Builder()
        first.govern(SetPower(1, 3), 2, PROVINCE, COUNTY)
        second = Builder(following(first))
        second.govern(SetPower(1, 4), 2, PROVINCE, COUNTY)
        third = following(second)
        verify_succession(second.genesis, third, approvals_of(third, PROVINCE, COUNTY))
        both = with_predecessor(third, changes=(*first.changes(), *second.changes()))
        self.fails("another chain", second.genesis, both, approvals_of(both, PROVINCE, COUNTY))
        self.fails("another chain", first.genesis, third, approvals_of(third, PROVINCE, COUNTY))

    def test_what_it_needs(self):
        everybody = PROVINCE, COUNTY, CITY
        for fault, changes in (
            ("another name", {"name": "other.example"}), ("another VRF key", {"vrf": OTHER_VRF}),
            ("another network", {"predecessor": dataclasses.replace(self.new.predecessor, network=bytes(32))}),
            ("no predecessor", {"predecessor": None}),
        ):
            new = dataclasses.replace(self.new, **changes)
            self.fails(fault, self.old, new, approvals_of(new, *everybody))
        self.fails("another chain", self.new, self.new, approvals_of(self.new, *everybody))

    def test_who_has_approved(self):
        new = self.new
        good = approvals_of(new, PROVINCE, COUNTY, CITY)
        for fault, approvals in (
            ("no quorum", good[:2]), ("no quorum", []), ("twice", [*good, good[0]]),
            ("does not hold", [*good[:2], (CITY, good[1][1])]), ("does not hold", [*good, (b"370300", good[0][1])]),
            ("does not hold", approvals_of(self.old, PROVINCE, COUNTY, CITY)),
        ):
            self.fails(fault, self.old, new, approvals)

    def test_both_have_to_be_valid(self):
        late = dataclasses.replace(self.new, time=0)
        self.fails("not valid", self.old, late, approvals_of(late, PROVINCE, COUNTY, CITY))
        nameless = dataclasses.replace(self.old, name="")
        self.fails("not valid", nameless, self.new, approvals_of(self.new, PROVINCE, COUNTY, CITY))


class Changes(Successions):
    """What ties a predecessor to the old genesis: judged as the changes of a foot are."""

    def setUp(self):
        self.before = lively()
        self.old, self.new = self.before.genesis, following(self.before)
        self.first, self.second = self.new.predecessor.changes

    def of(self, *changes: MembershipChange) -> Genesis:
        return with_predecessor(self.new, changes=changes)

    def test_what_does_not_hold(self):
        first, second = self.first, self.second
        weak = dataclasses.replace(first.certificate, signatures=first.certificate.signatures[:2])
        foreign = dataclasses.replace(first.header, chain=bytes(32))
        for fault, changes in (
            ("do not lead", ()), ("do not lead", (first,)), ("certificate of the change", (second,)),
            ("certificate of the change|out of order", (second, first)), ("out of order", (first, first, second)),
            ("out of order", (first, second, second)),
            ("no quorum", (dataclasses.replace(first, certificate=weak), second)),
            ("another block", (dataclasses.replace(first, certificate=second.certificate), second)),
            ("another one", (dataclasses.replace(first, membership=second.membership), second)),
            ("of another chain", (dataclasses.replace(first, header=foreign), second)),
        ):
            new = self.of(*changes)
            with self.subTest(fault=fault, changes=len(changes)):
                self.fails(fault, self.old, new, approvals_of(new, PROVINCE, COUNTY, CITY))

    def test_a_change_above_the_header(self):
        """Or at its height, if it is another block there: both are certified, and say nothing of what is below."""
        before = Builder()
        before.block()
        new = following(before)
        before.govern(SetPower(1, 3), 3, PROVINCE, COUNTY)
        above = with_predecessor(new, changes=before.changes())
        self.fails("out of order", before.genesis, above, approvals_of(above, PROVINCE, COUNTY))
        other = Builder()
        other.govern(SetPower(1, 3), 2, PROVINCE, COUNTY)
        beside = with_predecessor(new, changes=other.changes())
        self.fails("another block than the one below", before.genesis, beside, approvals_of(beside, PROVINCE, COUNTY))

    def test_signers_that_the_changes_do_not_lead_to(self):
        """The same nodes with the same keys, and yet another membership."""
        before = self.new.predecessor
        parameters = dataclasses.replace(before.signers.parameters, pace_events=7)
        new = with_predecessor(self.new, signers=dataclasses.replace(before.signers, parameters=parameters))
        self.assertEqual(Genesis.decode(new.encode()), new)
        self.fails("others than those", self.old, new, approvals_of(new, PROVINCE, COUNTY, CITY))

    def test_a_header_in_the_place_of_the_old_genesis(self):
        before = Builder()
        before.block()
        header = dataclasses.replace(before.tip.header, height=0)
        before.tip.height, before.tip.hash = 0, header.hash()
        new = with_predecessor(following(before), header=header, certificate=before.certify())
        with self.assertRaisesRegex(Invalid, "stands on a genesis"):
            Genesis.decode(new.encode())


class Forged(Successions):
    """Whoever has no key of the old network, and names everything in it as it is."""

    def setUp(self):
        self.before = Builder()
        self.before.block()
        self.before.block()
        self.old = self.before.genesis
        self.own = membership(stranger(PROVINCE, 0), stranger(COUNTY, 1), stranger(CITY, 2))

    def certified(self, header) -> Certificate:
        bare = Certificate(header.height, 0, header.hash(), ())
        message = bare.precommit(self.old.chain_id())
        return dataclasses.replace(
            bare, signatures=tuple(Vote(n, private_key(STRANGER, n, 1).sign(message)) for n in range(3)))

    def forged(self, *changes: MembershipChange, signers=None, certificate=None) -> Genesis:
        """Their own tip of the old chain, which they certify themselves."""
        tip = self.before.tip
        header = dataclasses.replace(tip.header, next_membership=self.own.hash())
        predecessor = Predecessor(
            self.old.network_id(), header, certificate or self.certified(header), tip.frontier, tip.control,
            signers or self.own, self.own, changes)
        return genesis(
            name=self.old.name, vrf=self.old.vrf, time=tip.time, membership=self.own, predecessor=predecessor)

    def refused(self, fault: str, new: Genesis) -> None:
        """It is a valid genesis, and all whom it names approve it."""
        self.assertEqual(Genesis.decode(new.encode()), new)
        self.fails(fault, self.old, new, approvals_of(new, PROVINCE, COUNTY, CITY, key=STRANGER))

    def test_without_changes(self):
        self.refused("do not lead", self.forged())

    def test_with_a_change_that_they_certify_themselves(self):
        header = self.forged().predecessor.header
        change = MembershipChange(header, self.certified(header), self.own)
        self.refused("certificate of the change", self.forged(change))
        lower = dataclasses.replace(header, height=1)
        change = MembershipChange(lower, self.certified(lower), self.own)
        self.refused("certificate of the change", self.forged(change))

    def test_with_a_certificate_of_the_old_chain_for_another_block(self):
        header = self.forged().predecessor.header
        change = MembershipChange(header, self.before.certificates[-1], self.own)
        self.refused("another block", self.forged(change))
        real = MembershipChange(self.before.tip.header, self.before.certificates[-1], self.own)
        self.refused("another block than the one below|another one", self.forged(real))

    def test_the_old_signers_have_not_signed_it(self):
        new = self.forged(signers=self.old.membership)
        self.fails("not valid: .*certificate", self.old, new, approvals_of(new, PROVINCE, COUNTY, CITY, key=STRANGER))

    def test_with_the_old_tip_as_it_is(self):
        """Then the members of *next* are the old ones, and strangers cannot approve for them."""
        own = membership(stranger(PROVINCE, 0), stranger(COUNTY, 1), next_node=3)
        self.refused("approval of 370000 does not hold", following(self.before, membership=own))


if __name__ == "__main__":
    unittest.main()
