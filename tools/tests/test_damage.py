"""What ends a reading (section 16.1), what is then said of the chain, and what can no longer change it (15.1, 16.2)."""

import dataclasses
import unittest

from network import COUNTY, PARAMETERS, PROVINCE, Builder, audited, event
from test_archive import LAX, lively
from luqi_verify import archive, extent
from luqi_verify.audit import Report, Verdict
from luqi_verify.block import Block
from luqi_verify.certificate import Certificate
from luqi_verify.chain import Finding, Kind
from luqi_verify.change import Activate, SetParameters
from luqi_verify.event import AMEND, NEW, Evidence
from luqi_verify.judge import FULL, Kept
from luqi_verify.report import to_json

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


def framed(value: Block | Certificate) -> bytes:
    return archive.write_frame(archive.BLOCK if isinstance(value, Block) else archive.CERTIFICATE, value.encode())


def with_header(block: Block, **changes: object) -> Block:
    return dataclasses.replace(block, header=dataclasses.replace(block.header, **changes))


class Damage(unittest.TestCase):
    def setUp(self):
        self.builder = settled()
        self.frames = self.builder.frames()
        self.last = len(self.builder.blocks)
        self.kept = Kept(self.last, self.builder.tip.hash)
        self.weak = dataclasses.replace(self.builder.certificates[-1], signatures=())

    def audited(self, frames: list[bytes], foot: bytes = FOOT, kept: Kept | None = None, head: bytes | None = None):
        head = archive.write_head(self.builder.chain) if head is None else head
        deep, lax = (
            audited(head + foot + b"".join(frames), self.builder.genesis, depth, kept) for depth in (FULL, LAX))
        if deep.verdict != Verdict.HOLDS:  # it is judged again
            self.assertEqual(to_json(deep), to_json(lax))
        return deep

    def undecided(self, height: int | None, at: int | None, signed: int | None, *arguments, **named) -> Report:
        report = self.audited(*arguments, **named)
        self.assertEqual((report.verdict, report.finding), (Verdict.UNDECIDED, None))
        self.assertEqual((report.height, report.at, report.signed), (height, at, signed))
        self.assertTrue(report.unchecked())
        return report

    def altered(self, kind: Kind, at: int, *arguments, **named) -> Report:
        report = self.audited(*arguments, **named)
        self.assertIsNotNone(report.finding, report.unchecked())
        self.assertEqual((report.verdict, report.finding.kind, report.at), (Verdict.ALTERED, kind, at))
        self.assertEqual(report.height, at - 1)
        return report

    def with_frame(self, height: int, *frames: bytes) -> list[bytes]:
        return [*self.frames[:height - 1], *frames, *self.frames[height:]]

    def test_a_block_that_cannot_be_read(self):
        for height in (2, 9, self.last):
            frame = self.frames[height - 1]
            for damaged in (broken(frame), longer(frame), b"\2" + frame[1:], JUNK, b"\0" * 300, frame[:-1], FOOT + frame,
                            JUNK + frame, archive.write_frame(archive.STATES, b"\0\0\0\0"),
                            archive.write_frame(archive.CERTIFICATE, b"\0")):
                for frames in (self.with_frame(height, damaged), self.frames[:height - 1] + [damaged]):
                    signed = height - 2 or None
                    self.undecided(height - 1, height, signed, frames)
                    self.undecided(height - 1, height, signed, frames, kept=Kept(1, self.builder.blocks[0].header.hash()))
                    for kept in (self.kept, Kept(height, bytes(32))):
                        report = self.altered(Kind.MISSING, height, frames, kept=kept)
                        self.assertEqual(report.signed, signed)

    def test_a_certificate_in_the_place_of_a_block_is_the_end(self):
        self.altered(Kind.MISSING, 9, self.with_frame(9, self.frames[-1]))
        self.altered(Kind.CERTIFICATE, 8, self.with_frame(9, framed(self.builder.certificates[6])))
        self.undecided(8, 9, 8, self.with_frame(9, framed(self.builder.certificates[7])))

    def test_a_block_that_was_taken_out_without_damage(self):
        self.altered(Kind.HEIGHT, 10, self.with_frame(10))

    def test_nothing_behind_what_cannot_be_read_counts(self):
        forged = framed(with_header(self.builder.blocks[9], proposer=9))
        for above in ([forged], [self.frames[8], forged], [framed(self.weak)], []):
            self.undecided(8, 9, 7, [*self.frames[:8], JUNK, *above])

    def test_a_block_planted_in_the_bytes_of_an_event(self):
        """What damage uncovers has no say."""
        builder = Builder()
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        planted = framed(with_header(builder.blocks[0], height=2, parent=bytes(32)))
        builder.block(builder.next_submission(1, Evidence(1, planted)))
        first, second, end = builder.frames()
        head = archive.write_head(builder.chain) + FOOT
        for spoilt in (broken(second), longer(second)):
            report = audited(head + first + spoilt + end, builder.genesis)
            self.assertEqual((report.verdict, report.height, report.at, report.signed), (Verdict.UNDECIDED, 1, 2, None))
            self.assertEqual(len(report.extent.notes), 1)

    def test_a_whole_frame_that_is_no_block(self):
        for data in (b"", bytes(300), self.builder.blocks[9].encode() + b"\0"):
            self.altered(Kind.ENCODING, 10, self.with_frame(10, archive.write_frame(archive.BLOCK, data)))

    def test_the_end(self):
        end, whole, last = self.frames[-1], self.frames[:-1], self.last
        for damaged in (broken(end), longer(end), end[:-1], JUNK, b"\3" + end[1:],
                        archive.write_frame(archive.CERTIFICATE, b"\0")):
            self.undecided(last, last + 1, last - 1, [*whole, damaged])
            self.altered(Kind.MISSING, last + 1, [*whole, damaged], kept=Kept(last + 3, bytes(32)))
        self.undecided(last, None, last - 1, whole)
        for behind in (b"\0", end, self.frames[0], b"".join(self.frames)):
            self.undecided(last, last + 1, last, [*whole, end, behind])
            report = self.altered(Kind.MISSING, last + 1, [*whole, end, behind], kept=Kept(last + 1, bytes(32)))
            self.assertEqual(report.signed, last)
        for kept in (Kept(last + 1, bytes(32)), Kept(last + 3, bytes(32))):
            self.altered(Kind.MISSING, last + 1, whole, kept=kept)
            self.altered(Kind.MISSING, last + 1, [*whole, end], kept=kept)

    def test_the_certificate_at_the_end(self):
        certificates, whole, last = self.builder.certificates, self.frames[:-1], self.last
        another = dataclasses.replace(certificates[-1], block=bytes(32))
        signed = self.builder.signed(another)
        above = self.builder.signed(dataclasses.replace(signed, height=last + 1))
        for end, kind, at in (
            (self.weak, Kind.CERTIFICATE, last), (certificates[-2], Kind.CERTIFICATE, last), (another, Kind.CERTIFICATE, last),
            (signed, Kind.BLOCK, last), (above, Kind.MISSING, last + 1),
            (dataclasses.replace(above, signatures=()), Kind.CERTIFICATE, last),
            (dataclasses.replace(certificates[-1], height=1), Kind.CERTIFICATE, last),
        ):
            for behind in (b"", JUNK):  # a fault goes before what cannot be read behind it
                report = self.altered(kind, at, [*whole, framed(end), behind])
                self.assertEqual(report.signed, report.height - 1)

    def test_blocks_gone_from_the_end(self):
        frames, end = self.frames[:8], self.frames[-1]
        self.altered(Kind.MISSING, 9, [*frames, end])
        self.altered(Kind.MISSING, 9, frames, kept=self.kept)
        self.altered(Kind.MISSING, 9, [*frames, JUNK], kept=self.kept)
        self.undecided(8, 9, 7, [*frames, JUNK, end])
        self.undecided(8, None, 7, frames)

    def test_each_end_has_a_word(self):
        whole, end = self.frames[:-1], self.frames[-1]
        for frames, word in (
            ([*whole, end], "complete"), (whole, "no_end"), ([*whole, JUNK], "unreadable"), ([*whole, end, JUNK], "unreadable"),
            ([framed(self.weak)], "empty"), ([], "empty"), ([JUNK], "unreadable"), (self.with_frame(9), "fault"),
        ):
            self.assertEqual(to_json(self.audited(frames))["ended"], word)
        self.assertEqual(to_json(self.audited(whole, foot=JUNK))["ended"], "foot")
        self.assertEqual(to_json(self.audited(whole, head=bytes(42)))["ended"], "head")

    def test_no_block(self):
        self.undecided(0, None, None, [])
        self.undecided(0, 1, None, [JUNK])
        self.undecided(0, None, None, [framed(self.weak)])
        self.undecided(0, None, None, [framed(self.weak), JUNK])
        self.altered(Kind.MISSING, 1, [], kept=self.kept)
        builder = Builder(self.builder.genesis)
        builder.block()
        self.altered(Kind.MISSING, 1, builder.frames()[1:])

    def test_what_was_kept_and_a_fault_at_the_same_height(self):
        self.altered(Kind.ENCODING, 10, self.with_frame(10, archive.write_frame(archive.BLOCK, b"")), kept=self.kept)
        self.altered(Kind.REWRITTEN, 9, self.with_frame(10, JUNK), kept=Kept(9, bytes(32)))
        self.altered(Kind.HEIGHT, 10, self.with_frame(10), kept=Kept(9, self.builder.blocks[8].header.hash()))

    def test_the_foot(self):
        for foot in (broken(FOOT), longer(FOOT), b"", JUNK, archive.write_frame(archive.FOOT, b"\0"),
                     archive.write_frame(archive.STATES, b"\0\0"), archive.write_frame(archive.FOOT, b"\0\1" + bytes(7) + b"\1")):
            for kept in (None, self.kept):
                self.undecided(None, None, None, self.frames, foot=foot, kept=kept)

    def test_the_head(self):
        head = bytearray(archive.write_head(self.builder.chain))
        for at in range(len(head)):
            spoilt = bytes([*head[:at], head[at] ^ 1, *head[at + 1:]])
            self.undecided(None, None, None, self.frames, head=spoilt, kept=self.kept)
        other = archive.write_head(bytes(32))
        for frames in ([], self.frames[-1:], [broken(self.frames[0])], [archive.write_frame(archive.BLOCK, bytes(300))]):
            with self.assertRaises(archive.OtherChain):
                self.audited(frames, head=other)

    def test_what_else_can_be_read_is_told_beside_the_verdict(self):
        between = bytes(extent.WINDOW - 100) + self.builder.chain + bytes(extent.WINDOW)
        report = self.undecided(8, 9, 7, [*self.frames[:8], between, *self.frames[8:]])
        self.assertIn("4 more blocks can be read: by their headers, of heights 9 to 12", report.extent.notes[0])
        spoilt = with_header(self.builder.blocks[9], body=bytes(32))
        report = self.undecided(8, 9, 7, [*self.frames[:8], JUNK, framed(spoilt)])
        self.assertEqual(report.extent.notes[1:], ("block 10: the body is another one",))
        self.assertEqual(self.audited(self.frames).extent.notes, ())

    def test_every_byte_and_every_cut(self):
        """Whatever is done to a file without its checksums mended, no block is said to be another."""
        builder = Builder()
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        builder.block(builder.next_submission(1, event(AMEND, 1)))
        whole = builder.archive()
        for at in range(len(whole)):
            flipped = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1:]
            for spoilt in (flipped, whole[:at], whole[:at] + whole[at + 1:], whole[:at] + b"\0" + whole[at:]):
                try:
                    report = audited(spoilt, builder.genesis)
                except archive.OtherChain:
                    moved = at < archive.HEAD and len(spoilt) != len(whole)
                    self.assertTrue(moved or len(spoilt) < 60 + 255, at)
                    continue
                self.assertEqual(report.verdict, Verdict.UNDECIDED, at)


class Forged(unittest.TestCase):
    """Blocks that somebody made, with the keys or without."""

    def setUp(self):
        self.builder = settled()
        self.head = archive.write_head(self.builder.chain) + FOOT

    def check(self, kind: Kind, at: int, signed: int) -> None:
        report = audited(self.head + b"".join(self.builder.frames()), self.builder.genesis)
        self.assertEqual((report.finding.kind, report.at, report.height), (kind, at, at - 1), report.finding)
        self.assertEqual(report.signed, signed)
        self.assertEqual(to_json(report)["bookmark"]["height"], signed)

    def replace(self, height: int, block: Block) -> None:
        self.builder.blocks[height - 1] = block

    def test_an_erased_event_needs_no_key(self):
        """The certificate that the block above carries is of the block that stood here."""
        blocks = self.builder.blocks
        self.replace(9, with_header(blocks[8], time=blocks[8].header.time + 1))
        self.replace(10, dataclasses.replace(blocks[9], body=dataclasses.replace(blocks[9].body, submissions=())))
        self.check(Kind.BLOCK, 9, 7)

    def test_a_header_that_says_another_height(self):
        for height in (1, 2, 8, 10, 99):
            self.replace(9, with_header(self.builder.blocks[8], height=height))
            self.check(Kind.HEIGHT, 9, 7)

    def test_a_certificate_that_is_no_good_is_of_the_block_that_carries_it(self):
        block = self.builder.blocks[8]
        for certificate in (None, dataclasses.replace(block.body.certificate, signatures=()),
                            dataclasses.replace(block.body.certificate, block=bytes(32)),
                            self.builder.certificates[5], self.builder.certificates[8]):
            body = dataclasses.replace(block.body, certificate=certificate)
            self.replace(9, Block(dataclasses.replace(block.header, body=body.hash()), body))
            self.check(Kind.CERTIFICATE, 9, 7)

    def test_a_certificate_of_another_block_goes_before_all_else(self):
        """Whoever signed two blocks is found by either, whatever is wrong with the block that carries it."""
        block = self.builder.blocks[8]
        other = self.builder.signed(dataclasses.replace(block.body.certificate, block=bytes(32)))
        body = dataclasses.replace(block.body, certificate=other)
        for changes in ({}, {"chain": bytes(32)}, {"height": 1}, {"parent": bytes(32)}, {"time": 0}):
            self.replace(9, Block(dataclasses.replace(block.header, **changes), body))
            self.check(Kind.BLOCK, 8, 6)

    def test_what_the_default_depth_skips_it_names(self):
        builder = settled()
        certificate = builder.certificates[-1]
        builder.certificates[-1] = dataclasses.replace(certificate, signatures=certificate.signatures[:1])
        builder.block()
        lax, deep = (audited(builder.archive(), builder.genesis, depth) for depth in (LAX, FULL))
        self.assertEqual((lax.verdict, lax.height, len(lax.depth())), (Verdict.HOLDS, 13, 2))
        self.assertEqual((deep.verdict, deep.at, deep.height, deep.signed), (Verdict.ALTERED, 13, 12, 11))
        self.assertEqual(deep.depth(), [])
        again = audited(builder.archive()[:-1], builder.genesis, LAX)
        self.assertEqual((again.verdict, again.at, again.depth()), (Verdict.ALTERED, 13, []))


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
        for depth in (FULL, LAX):
            report = audited(self.head + self.known + data, self.builder.genesis, depth, kept)
            self.assertEqual((report.verdict, report.finding), (Verdict.UNDECIDED, None))
            self.assertEqual(report.height, 3)
            self.assertEqual((report.at, report.signed, to_json(report)["ended"]), (4, 2, "newer_protocol"))
            self.assertIn("blocks from 4 on follow protocol 2", report.unchecked()[0])

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
