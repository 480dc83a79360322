"""What one member, or the thief of one key, must not be able to do: each law with the smallest case that tries it."""

import dataclasses
import unittest

from network import (
    CITY, COUNTY, PROVINCE, Builder, genesis, member, membership, node, private_key, public_key,
)
from luqi_verify.change import Activate, AddMember, AddNode, RemoveMember, RotateMemberKeys, RotateNodeKeys, SetPower, Withdraw
from luqi_verify.crypto import signed_bytes
from luqi_verify.genesis import NoSuccession, verify_succession
from luqi_verify.governance import Approve, ControlFold, Propose, proposal_id
from luqi_verify.membership import Heir, Judges, Membership, SuiteKey

FAR = 900_000
"""Far ahead, and below what may be named."""


class Chain:
    """Blocks of governance events alone: (stream, event), in order."""

    def __init__(self, of: Membership) -> None:
        self.genesis = genesis(membership=of)
        self.chain = self.genesis.chain_id()
        self.height = 0
        self.membership = of
        self.control = self.genesis.control()

    def block(self, *events: tuple[int, Propose | Approve]) -> list[str]:
        self.height += 1
        judges = Judges(self.membership)
        fold = ControlFold(self.chain, self.height, judges, self.control)
        outcomes = []
        for stream, each in events:
            proposes = isinstance(each, Propose)
            outcomes.append(
                fold.propose(each, judges.owners[stream], stream) if proposes else fold.approve(each, stream))
        self.control, self.membership = fold.end()
        return outcomes

    def yes(self, propose: Propose, code: bytes, key: object = None) -> Approve:
        """An approval, by the member's first governance key or another one."""
        number = proposal_id(propose.change, propose.effective)
        message = signed_bytes("approval", self.chain, number + code)
        return Approve(number, code, private_key("governance", key or code).sign(message))

    def no(self, propose: Propose, code: bytes) -> Approve:
        """What is no approval."""
        return dataclasses.replace(self.yes(propose, code), signature=bytes(64))

    def open(self) -> list:
        return [each.change for each in self.control.proposals]


def three(*powers: int) -> Membership:
    """The province, the county with two nodes, the city; each node with its power."""
    return membership(
        member(PROVINCE, node(0, powers[0])), member(COUNTY, node(1, powers[1]), node(2, 0)), member(CITY, node(3, powers[2])))


class OldApprovals(unittest.TestCase):
    """An approval says yes to a change at a height, whoever opens it, while its member has the key (section 9)."""

    def test_who_comes_again_with_the_key_that_it_has(self):
        """The city approves, is removed, its approval goes, the proposer takes back what now has none. The city comes
        again, with the key that it has, and it is opened again."""
        chain = Chain(three(9, 1, 1))
        wish = Propose(SetPower(0, 1), FAR)
        old = chain.yes(wish, CITY)
        self.assertEqual(chain.block((1, wish), (1, old)), ["applied"] * 2)
        gone = Propose(RemoveMember(CITY, COUNTY), 3)
        chain.block((0, gone), (0, chain.yes(gone, PROVINCE)))
        self.assertEqual([each.approvals for each in chain.control.proposals], [()])
        self.assertEqual(chain.block((1, Propose(Withdraw(old.proposal), FAR))), ["applied"])
        self.assertEqual(chain.open(), [])
        back = Propose(AddMember(member(CITY, node(4))), 5)
        chain.block((0, back), (0, chain.yes(back, PROVINCE)))
        self.assertEqual(chain.block((1, wish), (1, old)), ["applied"] * 2)

    def test_a_key_that_was_given_up_and_taken_again(self):
        chain = Chain(three(9, 1, 1))
        wish, old = Propose(SetPower(0, 1), FAR), None
        old = chain.yes(wish, CITY)
        chain.block((1, wish), (1, old))
        vault = next(each.vault for each in chain.membership.members if each.code == CITY)
        for key in ("another", CITY):
            turn = Propose(RotateMemberKeys(CITY, SuiteKey(1, public_key("governance", key)), vault), chain.height + 2)
            self.assertEqual(chain.block((0, turn), (0, chain.yes(turn, PROVINCE))), ["applied"] * 2)
        self.assertEqual([each.approvals for each in chain.control.proposals], [()])
        self.assertEqual(chain.block((1, old)), ["applied"])

    def test_an_approval_that_came_too_late_for_one_opening(self):
        """The county takes back what the city approves a block too late: UNKNOWN. It is opened again, and the county
        repeats the city's approval."""
        chain = Chain(three(9, 1, 1))
        wish = Propose(SetPower(0, 1), FAR)
        late = chain.yes(wish, CITY)
        chain.block((1, wish))
        chain.block((1, Propose(Withdraw(late.proposal), FAR)))
        self.assertEqual(chain.block((3, late)), ["UNKNOWN"])
        self.assertEqual(chain.block((1, wish), (1, late)), ["applied"] * 2)


class OneNode(unittest.TestCase):
    """The thief of one node's submission key does not use up what the member's other nodes may bring."""

    def test_bad_approvals_of_one_node_leave_the_good_ones_of_another(self):
        chain = Chain(three(1, 9, 1))
        rotate = Propose(RotateNodeKeys(1, node(1, 9, 1).keys), 3)
        chain.block((2, rotate))
        outcomes = chain.block((1, chain.no(rotate, COUNTY)), (2, chain.yes(rotate, COUNTY)))
        self.assertEqual(outcomes, ["BAD_SIGNATURE", "applied"])


class Places(unittest.TestCase):
    """Who has a quorum is not kept from changing anything by who has none."""

    def test_who_has_no_quorum_does_not_hold_the_places_of_who_has(self):
        """The county has a quorum alone. A thief with the submission key of one of its nodes fills its four places, for
        a height far ahead, and the city says yes to each: so the county can neither take them back, nor withdraw them,
        nor propose anything."""
        chain = Chain(three(1, 9, 1))
        stolen = [Propose(SetPower(3, 100 + n), FAR) for n in range(4)]
        self.assertEqual(chain.block(*[(1, each) for each in stolen]), ["applied"] * 4)
        self.assertEqual(chain.block(*[(3, chain.yes(each, CITY)) for each in stolen]), ["applied"] * 4)
        undo = [Propose(Withdraw(proposal_id(each.change, FAR)), FAR) for each in stolen]
        rotate = Propose(RotateNodeKeys(1, node(1, 9, 1).keys), 9)
        tries = chain.block(*[(2, each) for each in (undo[0], undo[1], rotate)])
        self.assertIn("applied", tries, "a quorum that can propose nothing for 900,000 blocks")

    def test_a_withdrawal_that_holds_takes_no_place(self):
        """Four adopted withdrawals of what is far ahead, and their proposer is silent until then."""
        chain = Chain(three(9, 1, 1))
        wishes = [Propose(SetPower(3, 100 + n), FAR) for n in range(4)]
        for each in wishes:
            undo = Propose(Withdraw(proposal_id(each.change, FAR)), FAR)
            self.assertEqual(
                chain.block((3, each), (3, chain.yes(each, CITY)), (0, undo), (0, chain.yes(undo, PROVINCE))), ["applied"] * 4)
        self.assertEqual(chain.block((0, Propose(SetPower(3, 2), 9))), ["applied"])


class Adopted(unittest.TestCase):
    """What a quorum adopted comes about, whatever a minority does."""

    def test_who_proposes_first_does_not_choose_what_becomes_of_changes_for_two_heights(self):
        """Two nodes are to be added, one after the other. The city, which saw it coming, proposed the second one first. (For
        one height it would choose: what no longer applies is dropped.)"""
        outcome = []
        for outruns in (False, True):
            chain = Chain(three(9, 1, 1))
            wishes = [Propose(AddNode(PROVINCE, node(number)), number) for number in (4, 5)]
            if outruns:
                self.assertEqual(chain.block((3, wishes[1])), ["applied"])
            chain.block(*[(0, each) for each in wishes], *[(0, chain.yes(each, PROVINCE)) for each in wishes])
            while chain.height < 5:
                chain.block()
            outcome.append(sorted(Judges(chain.membership).nodes))
        self.assertEqual(outcome, [[0, 1, 2, 3, 4, 5]] * 2)


class GoingOn(unittest.TestCase):
    """A chain that goes on takes no rights that the old one gave for ever."""

    def setUp(self):
        members = member(PROVINCE, node(0)), member(COUNTY, node(1, 9)), member(CITY, node(2))
        self.old = Builder(genesis(membership=membership(*members, heirs=(Heir(b"370201", CITY),))))

    def goes_on(self, now: Membership, **changes: object) -> None:
        new = genesis(membership=now, time=self.old.tip.time, predecessor=self.old.predecessor(), **changes)
        signature = private_key("governance", COUNTY).sign(signed_bytes("genesis-approval", new.chain_id(), COUNTY))
        verify_succession(self.old.genesis, new, [(COUNTY, signature)])

    def test_the_province_stays_the_province(self):
        """On the chain no quorum makes another member the province: it cannot be removed."""
        self.old.block()
        now = self.old.tip.judges.membership
        self.goes_on(now)
        with self.assertRaises(NoSuccession):
            self.goes_on(dataclasses.replace(now, province=COUNTY))

    def test_whoever_answers_for_a_code_and_is_still_there_answers_for_it(self):
        self.old.block()
        with self.assertRaises(NoSuccession):
            self.goes_on(dataclasses.replace(self.old.tip.judges.membership, heirs=(Heir(b"370201", COUNTY),)))

    def test_a_protocol_that_nobody_has_leaves_a_way_back(self):
        """The county, a quorum, activates a protocol of which there are no rules. No block follows; then a chain that goes
        on should."""
        self.old.govern(Activate(2), 2, COUNTY, stream=1)
        self.assertEqual(self.old.tip.control.protocol, 2)
        faults = []
        for protocol in (1, 2):
            try:
                return self.goes_on(self.old.tip.judges.membership, protocol=protocol)
            except NoSuccession as fault:
                faults.append(str(fault))
        self.fail("; ".join(faults))


if __name__ == "__main__":
    unittest.main()
