"""The tool that alters a stored byte: what it does is unnoticed by checksums, and noticed by an audit."""

import io
import tempfile
import unittest
from pathlib import Path

import support  # noqa: F401
import alter
from luqi_verify import archive
from luqi_verify.audit import Verdict
from luqi_verify.event import AMEND, NEW
from network import COUNTY, Builder, audited, event
from test_archive import lively


class Alter(unittest.TestCase):
    def altered(self, mend: bool) -> tuple[Builder, bytes, bytes]:
        builder = lively()
        builder.block(builder.next_submission(1, event(NEW, 50, COUNTY)))
        builder.block(builder.next_submission(1, event(AMEND, 50)))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "chain.luqi")
            file.write_bytes(builder.archive())
            places = alter.newest(alter.archive_blocks(file.read_bytes()))
            self.assertEqual(sorted(places), list(range(1, 11)))
            alter.alter(file, places, 9, mend)
            return builder, builder.archive(), file.read_bytes()

    def test_with_its_checksum_mended(self):
        builder, before, after = self.altered(mend=True)
        self.assertGreater(sum(a != b for a, b in zip(before, after, strict=True)), 1)
        list(archive.read_frames(io.BytesIO(after), archive.HEAD))  # every checksum fits
        report = audited(after, builder.genesis)
        self.assertEqual((report.verdict, report.finding.height), (Verdict.ALTERED, 9))

    def test_as_it_is(self):
        builder, before, after = self.altered(mend=False)
        self.assertEqual(sum(a != b for a, b in zip(before, after, strict=True)), 1)
        report = audited(after, builder.genesis)
        self.assertEqual((report.verdict, report.finding, report.at), (Verdict.UNDECIDED, None, 9))


class Sled(unittest.TestCase):
    def test_numbers_of_variable_length(self):
        for coded, number in [("00", 0), ("f0", 240), ("f100", 240), ("f1ff", 495), ("f8ff", 2287), ("f90000", 2288),
                              ("f9ffff", 67823), ("faf00801", 67824), ("fbffffffff", 2**32 - 1)]:
            data = bytes.fromhex(coded)
            self.assertEqual(alter.sled_number(data + b"rest", 0), (number, len(data)), coded)


if __name__ == "__main__":
    unittest.main()
