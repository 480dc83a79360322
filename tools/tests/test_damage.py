"""Archives that cannot be read through: what that says of the chain, and what it does not (section 16.1)."""

import dataclasses
import unittest

from network import COUNTY, PARAMETERS, PROVINCE, Builder, audited, event
from test_archive import LAX, lively
from luqi_verify import archive
from luqi_verify.audit import Exit, Kept
from luqi_verify.chain import Finding, Kind, Policy
from luqi_verify.event import AMEND, NEW, Evidence
from luqi_verify.governance import Activate, SetParameters

FOOT = archive.write_frame(archive.FOOT, b"\0\0")
JUNK = b"\3junk"


def settled() -> Builder:
    """Blocks above the last change of membership, so that the last certificate vouches for each of them."""
    builder = lively()
    for n in range(4):
        builder.block(builder.next_submission(1, event(NEW, 50 + n, COUNTY)))
    return builder


def broken(frame: bytes) -> bytes:
    """The frame with a byte changed and its checksum left as it was."""
    return frame[:-1] + bytes([frame[-1] ^ 1])


def longer(frame: bytes) -> bytes:
    """The frame with a length that leads elsewhere."""
    return frame[:3] + bytes([frame[3] ^ 1]) + frame[4:]


class Damage(unittest.TestCase):
    def setUp(self):
        self.builder = settled()
        self.frames = self.builder.frames()
        self.last = len(self.builder.blocks)
        self.kept = Kept(self.last, self.builder.tip.hash)

    def audited(self, frames: list[bytes], foot: bytes = FOOT, kept: Kept | None = None, head: bytes | None = None):
        head = archive.write_head(self.builder.chain) if head is None else head
        reports = [
            audited(head + foot + b"".join(frames), self.builder.genesis, policy, kept) for policy in (Policy(), LAX)]
        self.assertEqual(reports[0].exit(), reports[1].exit())
        return reports[0]

    def undecided(self, *arguments, **named):
        report = self.audited(*arguments, **named)
        self.assertEqual((report.exit(), report.finding), (Exit.UNDECIDED, None))
        self.assertTrue(report.unchecked)
        return report

    def altered(self, kind: Kind, height: int, *arguments, **named):
        report = self.audited(*arguments, **named)
        self.assertIsNotNone(report.finding, report.unchecked)
        self.assertEqual((report.exit(), report.finding.kind, report.finding.height), (Exit.ALTERED, kind, height))

    def with_frame(self, height: int, *frames: bytes) -> list[bytes]:
        return [*self.frames[:height - 1], *frames, *self.frames[height:]]

    def test_a_block_that_cannot_be_read(self):
        for height in (9, 11, self.last):
            frame = self.frames[height - 1]
            for damaged in (broken(frame), longer(frame), b"\2" + frame[1:], JUNK, b"\0" * 300,
                            archive.write_frame(archive.STATES, b"\0\0\0\0")):
                self.altered(Kind.UNREADABLE, height, self.with_frame(height, damaged))
            self.altered(Kind.UNREADABLE, height, self.with_frame(height, JUNK)[:-1], kept=self.kept)
            self.undecided(self.with_frame(height, JUNK)[:-1])
            self.undecided(self.with_frame(height, JUNK)[:-1], kept=Kept(7, self.builder.blocks[6].header.hash()))

    def test_a_certificate_vouches_by_the_membership_of_the_place(self):
        self.undecided(self.with_frame(3, JUNK))  # the membership changed above it
        self.altered(Kind.UNREADABLE, 3, self.with_frame(3, JUNK), kept=self.kept)
        weak = dataclasses.replace(self.builder.certificates[-1], signatures=())
        self.frames[-1] = archive.write_frame(archive.CERTIFICATE, weak.encode())
        self.undecided(self.with_frame(10, JUNK))

    def test_a_block_that_was_taken_out_without_damage(self):
        self.altered(Kind.HEIGHT, 10, self.with_frame(10))

    def test_bytes_between_frames_leave_nothing_missing(self):
        stray = archive.write_frame(archive.STATES, b"\0\0\0\0")
        for height in (1, 2, 9, self.last):
            for more in (JUNK, stray, FOOT, self.frames[-1], broken(self.frames[height - 1]), bytes(70_000)):
                report = self.undecided(self.with_frame(height, more, self.frames[height - 1]))
                self.assertEqual(list(report.unchecked), ["file"])
                self.assertEqual(report.vouched.height, self.last)
        self.undecided([*self.frames[:-1], JUNK, self.frames[-1]])

    def test_what_stands_above_such_bytes_is_judged(self):
        block = self.builder.blocks[9]
        header = dataclasses.replace(block.header, proposer=9)
        frame = archive.write_frame(archive.BLOCK, dataclasses.replace(block, header=header).encode())
        self.altered(Kind.BLOCK, 10, [JUNK, *self.with_frame(10, frame)])
        self.altered(Kind.BLOCK, 10, self.with_frame(10, frame), foot=broken(FOOT))
        weak = dataclasses.replace(self.builder.certificates[-1], signatures=())
        weak = archive.write_frame(archive.CERTIFICATE, weak.encode())
        self.altered(Kind.CERTIFICATE, self.last, [*self.frames[:-1], JUNK, weak])

    def test_what_stands_above_an_unreadable_block_is_not(self):
        block = self.builder.blocks[10]
        header = dataclasses.replace(block.header, body=bytes(32))
        frame = archive.write_frame(archive.BLOCK, dataclasses.replace(block, header=header).encode())
        frames = self.with_frame(11, frame)
        frames[8] = JUNK
        self.altered(Kind.UNREADABLE, 9, frames)
        self.undecided(frames[:-1])

    def test_another_block_than_the_next_does_not_stand_for_it(self):
        self.altered(Kind.UNREADABLE, 10, self.with_frame(10, JUNK, self.frames[4]))
        self.altered(Kind.UNREADABLE, 10, self.with_frame(10, JUNK, self.frames[10]))

    def test_a_whole_frame_that_is_no_block(self):
        for data in (b"", bytes(300), self.builder.blocks[9].encode() + b"\0"):
            self.altered(Kind.ENCODING, 10, self.with_frame(10, archive.write_frame(archive.BLOCK, data)))

    def test_the_end(self):
        end = self.frames[-1]
        whole = self.frames[:-1]
        for damaged in (broken(end), longer(end), end[:-1], b"", JUNK, end + b"\0", b"\3" + end[1:],
                        archive.write_frame(archive.CERTIFICATE, b"\0")):
            report = self.undecided([*whole, damaged])
            self.assertEqual(report.vouched.height, self.last - 1)
        self.assertEqual(self.undecided([*whole, end + end]).vouched.height, self.last)
        for damaged, kind in ((broken(end), Kind.UNREADABLE), (b"", Kind.MISSING), (end, Kind.MISSING)):
            self.altered(kind, self.last + 1, [*whole, damaged], kept=Kept(self.last + 3, bytes(32)))

    def test_blocks_gone_from_the_end(self):
        frames, end = self.frames[:8], self.frames[-1]
        self.altered(Kind.MISSING, 9, [*frames, end])
        self.altered(Kind.MISSING, 9, frames, kept=self.kept)
        self.altered(Kind.UNREADABLE, 9, [*frames, JUNK], kept=self.kept)
        self.altered(Kind.UNREADABLE, 9, [*frames, JUNK, end])
        self.undecided([*frames, JUNK])
        self.undecided([*frames, self.frames[8][:-1]])

    def test_no_block(self):
        self.undecided([])
        self.undecided([], kept=Kept(0, self.builder.chain))
        self.altered(Kind.MISSING, 1, [], kept=self.kept)
        self.altered(Kind.MISSING, 1, self.frames[-1:])

    def test_the_foot(self):
        for foot in (broken(FOOT), longer(FOOT), b"", JUNK, archive.write_frame(archive.FOOT, b"\0"),
                     archive.write_frame(archive.STATES, b"\0\0")):
            self.assertEqual(self.undecided(self.frames, foot=foot).vouched.height, self.last)
            self.undecided(self.frames[1:], foot=foot, kept=self.kept)

    def test_the_head(self):
        head = bytearray(archive.write_head(self.builder.chain))
        for at in range(len(head)):
            spoilt = bytes([*head[:at], head[at] ^ 1, *head[at + 1:]])
            self.assertEqual(self.undecided(self.frames, head=spoilt).vouched.height, self.last)
        other = archive.write_head(bytes(32))
        self.undecided([broken(self.frames[0]), *self.frames[1:]], head=other)
        for frames in ([], self.frames[-1:], [archive.write_frame(archive.BLOCK, bytes(300))]):
            with self.assertRaises(archive.OtherChain):
                self.audited(frames, head=other)

    def test_a_large_gap(self):
        between = bytes(archive.WINDOW - 100) + self.builder.chain + bytes(archive.WINDOW)
        self.undecided(self.with_frame(9, between, self.frames[8]))
        self.altered(Kind.UNREADABLE, 9, self.with_frame(9, between))

    def test_every_byte_and_every_cut(self):
        """Whatever is done to a file without its checksums mended, no block is said to be another."""
        builder = Builder()
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        builder.block(builder.next_submission(1, event(AMEND, 1)))
        whole = builder.archive()
        for at in range(len(whole)):
            flipped = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:]
            for spoilt in (flipped, whole[:at], whole[:at] + whole[at + 1:]):
                try:
                    report = audited(spoilt, builder.genesis)
                except archive.OtherChain:
                    self.assertLess(len(spoilt), 60 + 255)
                    continue
                self.assertNotEqual(report.exit(), Exit.HOLDS, at)
                if report.finding:
                    self.assertEqual(report.finding.kind, Kind.UNREADABLE, at)


class Newer(unittest.TestCase):
    """A chain that activates a protocol that is not known here."""

    def setUp(self):
        builder = self.builder = Builder()
        builder.block()
        builder.govern(Activate(2), 4, PROVINCE, COUNTY)
        builder.block()
        self.assertEqual(builder.tip.control.protocol, 2)
        self.head = archive.write_head(builder.chain) + FOOT
        self.known = b"".join(builder.frames()[:3])

    def check(self, data: bytes, kept: Kept | None = None):
        for policy in (Policy(), LAX):
            report = audited(self.head + self.known + data, self.builder.genesis, policy, kept)
            self.assertEqual((report.exit(), report.finding), (Exit.UNDECIDED, None))
            self.assertEqual(report.vouched.height, 3)
            self.assertIn("blocks from 4 on follow protocol 2", report.unchecked["protocol"])
        self.assertEqual(report.signed, None)

    def test_stops_there(self):
        self.builder.block()
        block, end = self.builder.frames()[3:]
        other = archive.write_frame(archive.BLOCK, b"\0\2" + bytes(300))
        for data in (block + end, end, b"", block, JUNK, other + end, broken(block) + end, self.builder.frames()[2]):
            self.check(data)
            self.check(data, Kept(4, bytes(32)))
            self.check(data, Kept(3, self.builder.blocks[2].header.hash()))

    def test_what_stands_below_is_judged(self):
        report = audited(self.head + self.known, self.builder.genesis, kept=Kept(3, bytes(32)))
        self.assertEqual((report.finding.kind, report.finding.height), (Kind.REWRITTEN, 3))
        self.assertEqual(audited(self.head + self.known, self.builder.genesis).signed, 2)

    def test_the_protocol_of_a_header_is_judged_where_it_is_known(self):
        builder = Builder()
        builder.block()
        builder.block(protocol=2)
        finding = audited(builder.archive(), builder.genesis).finding
        self.assertEqual((finding.kind, finding.height), (Kind.PROTOCOL, 2))


class Submissions(unittest.TestCase):
    def test_how_many_events_there_may_be(self):
        for count in (0, 3):
            builder = Builder()
            two = dataclasses.replace(PARAMETERS, submission_events=2)
            builder.govern(SetParameters(two), 2, PROVINCE, COUNTY)
            with self.assertRaises(Finding) as raised:
                builder.block(builder.next_submission(1, *[Evidence(1, b"seen")] * count))
            self.assertEqual((raised.exception.kind, raised.exception.height), (Kind.SUBMISSION, 2))


if __name__ == "__main__":
    unittest.main()
