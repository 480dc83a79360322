"""Small archives that a forger made, with keys and without, and the one answer to each (sections 15 and 16)."""

import dataclasses
import unittest

from network import CITY, COUNTY, PROVINCE, Builder, audited, event, genesis, member, node
from test_damage import FOOT, broken, framed, longer, with_header
from luqi_verify import archive
from luqi_verify.audit import Verdict
from luqi_verify.block import Block
from luqi_verify.event import AMEND, NEW, Evidence
from luqi_verify.judge import FULL, Depth, Kept

SHALLOW = Depth(every_certificate=False, every_map=False)
FOURTH = b"370201"


class Forger(Builder):
    """Has the keys of four members, each with one vote, and signs whatever it wants."""

    def __init__(self) -> None:
        codes = (PROVINCE, COUNTY, CITY, FOURTH)
        super().__init__(genesis(*(member(code, node(number)) for number, code in enumerate(codes))))

    def grow(self, blocks: int) -> "Forger":
        for n in range(blocks):
            kind = (NEW, 7, COUNTY) if not self.blocks else (AMEND, 7)
            self.block(self.next_submission(1, event(*kind)), self.next_submission(2, Evidence(1, b"%d" % n)))
        return self

    def foot(self, height: int) -> bytes:
        """Of a stretch that begins above this height, where nothing has changed the membership."""
        tip = Forger().grow(height).tip
        return archive.write_frame(archive.FOOT, archive.Foot(archive.Below(tip.header, (), tip.frontier, tip.control), None).encode())


class Cases(unittest.TestCase):
    def setUp(self):
        self.forger = Forger().grow(6)
        self.head = archive.write_head(self.forger.chain)

    def answer(self, frames: list[bytes], verdict: Verdict, height: int | None, at: int | None, signed: int | None,
               head: bytes | None = None, foot: bytes = FOOT, kept: Kept | None = None, depth: Depth = FULL) -> None:
        data = (head or self.head) + foot + b"".join(frames)
        report = audited(data, self.forger.genesis, depth, kept)
        self.assertEqual((report.verdict, report.height, report.at, report.signed), (verdict, height, at, signed))

    def test_good(self):
        self.answer(self.forger.frames(), Verdict.HOLDS, 6, None, 6)

    def test_1_hole(self):
        blocks = self.forger.blocks
        blocks[4] = with_header(blocks[4], time=blocks[4].header.time + 1)
        blocks[5] = dataclasses.replace(blocks[5], body=dataclasses.replace(blocks[5].body, submissions=()))
        for depth in (FULL, SHALLOW):
            self.answer(self.forger.frames(), Verdict.ALTERED, 4, 5, 3, depth=depth)

    def test_2_planted(self):
        forger = Forger().grow(4)
        planted = framed(with_header(forger.blocks[3], height=5, parent=forger.tip.hash))
        forger.block(forger.next_submission(1, Evidence(1, planted)))
        *below, last, _ = forger.frames()
        for spoilt in (broken(last), longer(last)):
            self.answer([*below, spoilt], Verdict.UNDECIDED, 4, 5, 3)
            self.answer([*below, spoilt], Verdict.ALTERED, 4, 5, 3, kept=Kept(5, forger.tip.hash))

    def test_3_wrong_height(self):
        block = self.forger.blocks[4]
        votes = block.body.certificate.signatures
        spoilt = dataclasses.replace(votes[0], signature=votes[0].signature[:-1] + bytes([votes[0].signature[-1] ^ 1]))
        certificate = dataclasses.replace(block.body.certificate, signatures=(spoilt, *votes[1:]))
        body = dataclasses.replace(block.body, certificate=certificate)
        self.forger.blocks[4] = Block(dataclasses.replace(block.header, height=2), body)
        self.answer(self.forger.frames(), Verdict.ALTERED, 4, 5, 3)

    def test_4_archive_twice(self):
        frames = self.forger.frames()
        self.answer([*frames, self.head, FOOT, *frames], Verdict.UNDECIDED, 6, 7, 6)

    def test_4_last_damaged(self):
        *below, last, end = self.forger.frames()
        other_round = framed(dataclasses.replace(self.forger.certificates[-1], round=9))
        for ending in (end, other_round, framed(self.forger.certificates[4])):
            self.answer([*below, broken(last), ending], Verdict.UNDECIDED, 5, 6, 4)

    def test_4_two_damages(self):
        foot, frames = self.forger.foot(4), self.forger.frames(4)
        self.answer(frames, Verdict.UNDECIDED, 6, None, 6, foot=foot)
        self.answer(frames, Verdict.HOLDS, 6, None, 6, foot=foot, kept=Kept(4, self.forger.blocks[3].header.hash()))
        head = self.head[:20] + bytes([self.head[20] ^ 1]) + self.head[21:]
        for first in (frames[0], broken(frames[0])):
            self.answer([first, *frames[1:]], Verdict.UNDECIDED, None, None, None, head=head, foot=foot)

    def test_5_order(self):
        block = self.forger.blocks[2]
        body = dataclasses.replace(block.body, certificate=None)
        self.forger.blocks[2] = Block(dataclasses.replace(block.header, time=0, body=body.hash()), body)
        self.answer(self.forger.frames(), Verdict.ALTERED, 2, 3, 1)

    def test_6_depth(self):
        forger = Forger().grow(2)
        good = forger.certificates[-1]
        forger.certificates[-1] = dataclasses.replace(good, signatures=good.signatures[:2])
        forger.grow(2)
        self.answer(forger.frames(), Verdict.ALTERED, 2, 3, 1)
        self.answer(forger.frames(), Verdict.HOLDS, 4, None, 4, depth=SHALLOW)
        self.answer(forger.frames()[:-1], Verdict.ALTERED, 2, 3, 1, depth=SHALLOW)

    def test_7_junk_and_kept_above(self):
        frames = [*self.forger.frames(), b"\0"]
        self.answer(frames, Verdict.UNDECIDED, 6, 7, 6)
        self.answer(frames, Verdict.ALTERED, 6, 7, 6, kept=Kept(7, bytes(32)))


if __name__ == "__main__":
    unittest.main()
