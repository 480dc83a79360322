"""What the first block of a stretch stands on: what is a foot, what holds of one, and what its head may say (section 16)."""

import dataclasses
import io
import unittest
from collections.abc import Iterator

from network import COUNTY, PROVINCE, UNASKED, Builder, audited, event, private_key, reread
from test_archive import LAX, lively
from test_genesis import following
from luqi_verify import archive
from luqi_verify.archive import Below, Foot
from luqi_verify.audit import Report, Verdict
from luqi_verify.certificate import Certificate
from luqi_verify.chain import Finding, Kind
from luqi_verify.change import Activate, SetPower
from luqi_verify.codec import encode
from luqi_verify.crypto import signed_bytes
from luqi_verify.event import AMEND, NEW
from luqi_verify.governance import Approve, Control, Proposal, Stream, proposal_id
from luqi_verify.judge import FULL, Kept, judge
from luqi_verify.lineage import MembershipChange
from luqi_verify.membership import Membership
from luqi_verify.merkle import Frontier
from luqi_verify.report import to_json
from luqi_verify.trust import Trust


def partial(height: int, with_states: bool) -> tuple[Builder, bytes]:
    """The archive of a lively chain from above `height`."""
    builder = lively()
    lower = Builder()
    for block in builder.blocks[:height]:
        lower.tip.climb(reread(block))
    states = sorted(lower.tip.states.by_key.items())
    below = archive.Below(
        builder.blocks[height - 1].header, builder.changes(height), lower.tip.frontier, lower.tip.control)
    foot = archive.Foot(below, len(states) if with_states else None)
    data = archive.write_head(builder.chain) + archive.write_frame(archive.FOOT, foot.encode())
    for part in filter(None, (states[:2], states[2:]) if with_states else ()):
        items = tuple(archive.KeyedState(key, state) for key, state in part)
        out = bytearray()
        archive.STATE_LIST.write(items, out)
        data += archive.write_frame(archive.STATES, bytes(out))
    return builder, data + b"".join(builder.frames(height))


class Partial(unittest.TestCase):
    def test_events_of_a_chain_that_goes_on(self):
        """The log has those of the predecessor below, and its seals."""
        old = lively()
        builder = Builder(following(old))
        for count in (0, 2, 1):
            events = [event(NEW, 90 + 10 * count + n, COUNTY) for n in range(count)]
            builder.block(*[builder.next_submission(1, *events)] if events else [])
            report = to_json(audited(builder.archive(), builder.genesis))
            self.assertEqual(report["events"], sum(block.body.event_count() for block in builder.blocks))
        foot = archive.write_frame(archive.FOOT, b"\0\0")
        nothing = to_json(audited(archive.write_head(builder.chain) + foot, builder.genesis))
        self.assertEqual((nothing["height"], nothing["events"]), (0, 0))

    def test_events_of_fewer_entries_than_seals(self):
        """A foot that nothing certifies yet may name a height that its log cannot have reached."""
        builder, start, empty = lively(), Builder().tip, Frontier()
        header = dataclasses.replace(
            builder.blocks[0].header, height=5, log_size=0, log_root=empty.root(), control=start.control.hash(),
            next_membership=builder.genesis.membership.hash())
        foot = archive.Foot(archive.Below(header, (), empty, start.control), None)
        data = archive.write_head(builder.chain) + archive.write_frame(archive.FOOT, foot.encode())
        report = to_json(audited(data, builder.genesis))
        self.assertEqual((report["ended"], report["height"], report["events"]), ("empty", 5, 0))

    def test_from_every_height(self):
        for height in range(1, 8):
            for with_states in (True, False):
                builder, data = partial(height, with_states)
                for depth in (FULL, LAX):
                    report = audited(data, builder.genesis, depth)
                    self.assertIsNone(report.finding, height)
                    self.assertEqual(report.verdict, Verdict.UNDECIDED)
                    # Those below the foot count, too.
                    self.assertEqual(to_json(report)["events"], sum(block.body.event_count() for block in builder.blocks))
                    self.assertEqual(len(report.unchecked()), 1 if with_states else 2)
                    self.assertEqual(report.unchecked()[0], f"blocks 1 to {height}: they are not here")
                    for vouched in (height, 8):
                        kept = Kept(vouched, builder.blocks[vouched - 1].header.hash())
                        self.assertEqual(audited(data, builder.genesis, depth, kept).verdict, Verdict.HOLDS)

    def test_no_byte_of_the_foot_and_the_states_can_be_changed(self):
        builder, data = partial(5, True)
        kept = Kept(8, builder.tip.hash)
        self.assertEqual(audited(data, builder.genesis, kept=kept).verdict, Verdict.HOLDS)
        at, starts = 42, []
        while data[at] in (archive.FOOT, archive.STATES):
            starts.append(at)
            at += archive.FRAME_HEAD + int.from_bytes(data[at + 1:at + 5], "big")
        for start, end in zip(starts, [*starts[1:], at]):
            for place in range(start + archive.FRAME_HEAD, end):
                frame = bytearray(data[start + archive.FRAME_HEAD:end])
                frame[place - start - archive.FRAME_HEAD] ^= 1 << place % 8
                spoilt = data[:start] + archive.write_frame(data[start], bytes(frame)) + data[end:]
                report = audited(spoilt, builder.genesis, kept=kept)
                self.assertNotEqual(report.verdict, Verdict.HOLDS, place)

    def test_a_foot_that_does_not_hold(self):
        builder, data = partial(5, True)
        frame = archive.read_frame(io.BytesIO(data), archive.HEAD)
        foot = archive.Foot.decode(frame.data)
        below, change = foot.below, foot.below.changes[0]
        other = builder.blocks[2].header
        for spoilt in (
            {"header": dataclasses.replace(below.header, chain=bytes(32))},
            {"header": dataclasses.replace(below.header, height=0)},
            {"header": other}, {"changes": ()}, {"changes": (change, change)},
            {"changes": (dataclasses.replace(change, certificate=builder.certificates[1]),)},
            {"changes": (dataclasses.replace(change, header=other),)},
            {"frontier": Frontier()}, {"control": builder.genesis.control()},
        ):
            made = dataclasses.replace(foot, below=dataclasses.replace(below, **spoilt))
            rest = archive.write_frame(archive.FOOT, made.encode()) + data[frame.end:]
            finding = audited(data[:archive.HEAD] + rest, builder.genesis, kept=Kept(8, builder.tip.hash)).finding
            self.assertIsNotNone(finding, spoilt)
            self.assertEqual((finding.kind, finding.height), (Kind.FOOT, made.below.header.height))
        state = data.index(COUNTY, frame.end)  # a keeper
        states = archive.read_frame(io.BytesIO(data), frame.end)
        spoilt = bytearray(states.data)
        spoilt[state - frame.end - archive.FRAME_HEAD + 5] ^= 1
        data = data[:frame.end] + archive.write_frame(archive.STATES, bytes(spoilt)) + data[states.end:]
        finding = audited(data, builder.genesis).finding
        self.assertEqual((finding.kind, finding.height), (Kind.MAP, 5))

    def test_a_change_below_block_1(self):
        """It is certified as all others are, and changes nothing; but no block stands there."""
        builder, data = partial(5, True)
        frame = archive.read_frame(io.BytesIO(data), archive.HEAD)
        foot = Foot.decode(frame.data)
        first = builder.genesis.membership
        for height, holds in ((0, False), (1, True)):
            header = dataclasses.replace(builder.blocks[0].header, height=height, next_membership=first.hash())
            builder.tip.judged = builder.tip.of_genesis(builder.genesis).judges
            certificate = builder.signed(Certificate(height, 0, header.hash(), ()))
            changes = (MembershipChange(header, certificate, first), *foot.below.changes)
            made = dataclasses.replace(foot, below=dataclasses.replace(foot.below, changes=changes))
            spoilt = data[:archive.HEAD] + archive.write_frame(archive.FOOT, made.encode()) + data[frame.end:]
            report = audited(spoilt, builder.genesis, kept=Kept(8, builder.blocks[7].header.hash()))
            self.assertEqual(report.verdict, Verdict.HOLDS if holds else Verdict.ALTERED)
            if not holds:
                self.assertEqual((report.finding.kind, report.at, report.height), (Kind.FOOT, 5, None))

    def test_a_header_below_of_another_chain(self):
        """With no change above the genesis that would say so."""
        builder = Builder()
        builder.block()
        header = dataclasses.replace(builder.tip.header, chain=bytes(32))
        below = Below(header, (), builder.tip.frontier, builder.tip.control)
        finding = audited(stretch(builder, below), builder.genesis).finding
        self.assertEqual((finding.kind, finding.height), (Kind.FOOT, 1))

    def test_of_the_header_below_nothing_else_is_judged(self):
        builder = Builder()
        builder.block()
        builder.block(protocol=7, proposer=99)
        below = Below(builder.tip.header, (), builder.tip.frontier.copy(), builder.tip.control)
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        report = audited(stretch(builder, below, *builder.frames(2)), builder.genesis, kept=Kept(3, builder.tip.hash))
        self.assertEqual((below.header.protocol, report.verdict), (7, Verdict.HOLDS))


    def test_a_control_state_of_strangers(self):
        """No block leaves a stream of no node, or an approval of no member, behind: so no foot has one."""
        change = SetPower(1, 2)
        vote = Proposal(proposal_id(change, 9), COUNTY, change, 9, (b"379900",), False)
        for came, verdict in (
            (Control(1, (), ()), Verdict.HOLDS), (Control(1, (Stream(1, 1),), ()), Verdict.HOLDS),
            (Control(1, (Stream(100, 1),), ()), Verdict.ALTERED), (Control(1, (), (vote,)), Verdict.ALTERED),
            (Control(1, (), (dataclasses.replace(vote, approvals=(COUNTY,)),)), Verdict.HOLDS),
        ):
            builder = Builder()
            builder.block()
            tip = builder.tip
            header = dataclasses.replace(tip.header, control=came.hash())
            tip.header, tip.hash, tip.control = header, header.hash(), came
            below = Below(header, (), tip.frontier.copy(), came)
            builder.certificates[-1] = builder.certify()
            builder.block()
            report = audited(stretch(builder, below, *builder.frames(1)), builder.genesis, kept=Kept(1, header.hash()))
            self.assertEqual(report.verdict, verdict)
            if verdict == Verdict.ALTERED:
                self.assertEqual((report.finding.kind, report.at), (Kind.FOOT, 1))


def stretch(builder: Builder, below: Below | None, *frames: bytes, states: int | None = None, head: bytes | None = None) -> bytes:
    """An archive that begins above this."""
    foot = archive.write_frame(archive.FOOT, Foot(below, states).encode())
    return (head or archive.write_head(builder.chain)) + foot + b"".join(frames)


class NoFoot(unittest.TestCase):
    """What encodes no foot says nothing about the chain: the reading ends there, and nothing is judged."""

    def setUp(self):
        self.builder = Builder()
        self.builder.block()
        self.builder.block()

    def below(self, header_changes: dict, control: Control | None = None, membership: Membership | None = None) -> Below:
        """What the nodes of the chain have signed just so."""
        tip = self.builder.tip
        header = dataclasses.replace(tip.header, **header_changes)
        certificate = self.builder.signed(Certificate(tip.height, 0, header.hash(), ()))
        changes = (MembershipChange(header, certificate, membership),) if membership else ()
        return Below(header, changes, tip.frontier.copy(), control or tip.control)

    def spoilt(self) -> Iterator[tuple[str, Below]]:
        first = self.builder.genesis.membership
        province, county = first.members
        for what, changes in (
            ("order", {"members": (county, province)}), ("name", {"members": (province, dataclasses.replace(county, name_en=""))}),
            ("bounds", {"parameters": dataclasses.replace(first.parameters, pace_events=0)}),
            ("wanted", {"trust": dataclasses.replace(UNASKED, wanted=2)}),
            ("policy", {"trust": Trust((), 0, (bytes(8_192),) * 8, 1)}),
        ):
            membership = dataclasses.replace(first, **changes)
            yield what, self.below({"next_membership": membership.hash()}, membership=membership)
        change = SetPower(1, 2)
        proposal = Proposal(proposal_id(change, 9), COUNTY, change, 9, (COUNTY,), False)
        for what, control in (
            ("id twice", Control(1, (), (proposal, proposal))),
            ("approved twice", Control(1, (), (dataclasses.replace(proposal, approvals=(COUNTY, COUNTY)),))),
            ("another id", Control(1, (), (dataclasses.replace(proposal, id=bytes(32)),))),
            ("streams", Control(1, (Stream(1, 1), Stream(0, 1)), ())), ("no submission", Control(1, (Stream(1, 0),), ())),
        ):
            yield what, self.below({"control": control.hash()}, control)

    def nothing_judged(self, data: bytes, kept: Kept | None = None, word: str = "foot") -> Report:
        for depth in (FULL, LAX):
            report = audited(data, self.builder.genesis, depth, kept)
            self.assertEqual((report.verdict, to_json(report)["ended"], report.finding), (Verdict.UNDECIDED, word, None))
            self.assertEqual((report.height, report.at, report.signed), (None, None, None))
            self.assertIsNone(to_json(report)["at"])
        return report

    def test_a_membership_or_a_control_state_that_is_invalid(self):
        good = self.below({})
        report = audited(stretch(self.builder, good), self.builder.genesis)
        self.assertEqual((to_json(report)["ended"], report.height), ("empty", 2))
        for what, below in self.spoilt():
            for kept in (None, Kept(1, bytes(32)), Kept(2, bytes(32)), Kept(99, bytes(32))):
                with self.subTest(what=what, kept=kept):
                    self.nothing_judged(stretch(self.builder, below, *self.builder.frames()), kept)

    def test_a_height_or_a_protocol_that_is_none(self):
        data = Foot(self.below({}), None).encode()
        header = self.builder.tip.header.encode()
        for old, new in ((header[35:43], (1 << 53).to_bytes(8, "big")), (header[:2], b"\0\0")):
            at = data.index(header) + header.index(old)
            foot = archive.write_frame(archive.FOOT, data[:at] + new + data[at + len(old):])
            self.nothing_judged(archive.write_head(self.builder.chain) + foot)

    def test_states_that_are_other_ones_than_it_counts(self):
        builder, data = partial(5, True)
        self.builder = builder
        foot = archive.read_frame(io.BytesIO(data), archive.HEAD)
        first = archive.read_frame(io.BytesIO(data), foot.end)
        second = archive.read_frame(io.BytesIO(data), first.end)
        one, two, rest = data[foot.end:first.end], data[first.end:second.end], data[second.end:]
        none = archive.write_frame(archive.STATES, bytes(4))
        for states in (two + one, one, one + one, b"", one + none + two):
            for kept in (None, Kept(8, builder.tip.hash)):
                self.nothing_judged(data[:foot.end] + states + rest, kept)

    def test_a_head_that_cannot_be_read(self):
        for head in (bytes(42), b"luqiarch\0\2" + self.builder.chain):
            self.nothing_judged(stretch(self.builder, None, *self.builder.frames(), head=head), Kept(2, bytes(32)), "head")


class OtherHead(unittest.TestCase):
    """A head that names another chain: damage, if what stands behind it is of this one; else the wrong file."""

    def setUp(self):
        before = lively()
        self.after = Builder(following(before))
        for key, state in before.tip.states.by_key.items():
            self.after.tip.states.put(key, state)
        self.after.block(self.after.next_submission(1, event(AMEND, 1)))
        items = tuple(archive.KeyedState(key, state) for key, state in sorted(before.tip.states.by_key.items()))
        self.number = len(items)
        self.states = [
            archive.write_frame(archive.STATES, encode(archive.STATE_LIST, part)) for part in (items[:2], items[2:])]
        self.other = archive.write_head(bytes(32))

    def damaged(self, data: bytes) -> None:
        report = audited(data, self.after.genesis)
        self.assertEqual((report.verdict, to_json(report)["ended"], report.at), (Verdict.UNDECIDED, "head", None))

    def wrong(self, data: bytes) -> None:
        with self.assertRaises(archive.OtherChain):
            audited(data, self.after.genesis)

    def test_the_first_block_stands_behind_the_states(self):
        frames = self.after.frames()
        good = stretch(self.after, None, *self.states, *frames, states=self.number)
        self.assertEqual(audited(good, self.after.genesis).verdict, Verdict.HOLDS)
        self.damaged(stretch(self.after, None, *self.states, *frames, states=self.number, head=self.other))
        self.damaged(stretch(self.after, None, *frames, head=self.other))
        self.damaged(stretch(self.after, None, *frames, states=0, head=self.other))
        for states, number in ((self.states, None), (self.states, self.number - 1), (self.states[:1], self.number),
                               (self.states[::-1], self.number), ([], self.number)):
            self.wrong(stretch(self.after, None, *states, *frames, states=number, head=self.other))
        self.wrong(stretch(self.after, None, *self.states, states=self.number, head=self.other))

    def test_the_header_below_needs_no_states(self):
        tip = self.after.tip
        below = Below(tip.header, (), tip.frontier, tip.control)
        for states, number in ((self.states, None), (self.states[::-1], self.number), ([], self.number), ([b"junk"], 1)):
            self.damaged(stretch(self.after, below, *states, states=number, head=self.other))
        foreign = dataclasses.replace(below, header=dataclasses.replace(tip.header, chain=bytes(32)))
        self.wrong(stretch(self.after, foreign, *self.after.frames(), head=self.other))


class NewerAtTheFoot(unittest.TestCase):
    """A stretch above the block that activated a protocol that is not known here."""

    def test_also_where_nothing_stands_above(self):
        builder = Builder()
        builder.govern(Activate(2), 2, PROVINCE, COUNTY)
        self.assertEqual(builder.tip.control.protocol, 2)
        below = Below(builder.tip.header, (), builder.tip.frontier.copy(), builder.tip.control)
        end = builder.frames()[-1]
        builder.block()
        for frames in ([], [end], builder.frames(1), [b"junk"], [archive.write_frame(archive.BLOCK, b"")]):
            for kept in (None, Kept(1, below.header.hash()), Kept(2, bytes(32)), Kept(9, bytes(32))):
                report = audited(stretch(builder, below, *frames), builder.genesis, kept=kept)
                self.assertEqual((report.verdict, to_json(report)["ended"]), (Verdict.UNDECIDED, "newer_protocol"))
                self.assertEqual((report.height, report.at, report.signed), (1, 2, None))
                self.assertIn("blocks from 2 on follow protocol 2, which this verifier does not know", report.unchecked())
        report = audited(stretch(builder, below), builder.genesis, kept=Kept(1, bytes(32)))
        self.assertEqual((report.finding.kind, report.finding.height), (Kind.REWRITTEN, 1))


class Signed(unittest.TestCase):
    def test_what_a_block_carries_that_is_not_sound_counts_for_nothing(self):
        """The end certificate was block 3's own and held, and then block 3 did not: block 2's certificate stands in it."""
        builder = Builder()
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        builder.block()
        builder.block(map_root=bytes(32))
        for depth in (LAX, FULL):
            judged = judge(io.BytesIO(builder.archive()), builder.genesis, depth)
            self.assertIsInstance(judged.ended, Finding)
            self.assertEqual((judged.ended.kind, judged.ended.height), (Kind.MAP, 3))
            self.assertEqual((judged.sound.height, judged.signed.height), (2, 1))


if __name__ == "__main__":
    unittest.main()
