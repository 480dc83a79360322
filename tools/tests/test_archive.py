"""Whole archives: ones that hold, and every kind of one that does not."""

import contextlib
import dataclasses
import io
import json
import tempfile
import unittest
from pathlib import Path

from network import (
    CITY, COUNTY, PARAMETERS, PROVINCE, UNASKED, Builder, audited, event, genesis, member, membership, node, reread,
)
from luqi_verify import archive, cli
from luqi_verify.audit import Verdict
from luqi_verify.certificate import Certificate
from luqi_verify.chain import Kind
from luqi_verify.change import AddMember, AddNode, SetParameters, SetPower, SetTrust
from luqi_verify.codec import Codec, Invalid, decode
from luqi_verify.event import (
    AMEND, CORRECT, DISSOLVE, EMPLOYER, NEW, RENEW, REOPEN, TRANSFER, Anchor, Approves, Evidence, Proposes,
)
from luqi_verify.judge import FULL, Depth, Kept
from luqi_verify.report import to_json, to_text
from luqi_verify.trust import Trust

LAX = Depth(every_certificate=False, every_map=False)


def lively() -> Builder:
    """Contracts that come and go, a member that joins, parameters that change."""
    builder = Builder()
    builder.block()
    builder.block(
        builder.next_submission(1, *[event(NEW, n, COUNTY) for n in range(5)], event(EMPLOYER, 100)),
        builder.next_submission(0, event(NEW, 5, CITY), Evidence(1, b"seen"), Anchor(1, 5, bytes(32))))
    builder.govern(AddMember(member(CITY, node(7, 2))), 5, PROVINCE, COUNTY)
    builder.block(builder.next_submission(1, event(DISSOLVE, 0), event(AMEND, 1), event(CORRECT, 1, 0)))
    builder.block(builder.next_submission(7, event(RENEW, 5), event(TRANSFER, 5, Proposes(COUNTY))))
    builder.govern(SetParameters(dataclasses.replace(PARAMETERS, block_events=20)), 7, COUNTY, CITY, stream=7)
    builder.block(builder.next_submission(1, event(REOPEN, 0, Proposes(1))))
    builder.block(builder.next_submission(0, event(REOPEN, 0, Approves(2)), event(TRANSFER, 5, Approves(2))))
    return builder


def decodes(codec: Codec, data: bytes) -> bool:
    try:
        decode(codec, data)
    except Invalid:
        return False
    return True


class Whole(unittest.TestCase):
    def test_a_lively_chain_holds(self):
        builder = lively()
        for depth in (FULL, LAX):
            report = audited(builder.archive(), builder.genesis, depth)
            self.assertIsNone(report.finding)
            self.assertEqual(report.verdict, Verdict.HOLDS)
            self.assertEqual((report.height, report.judged.sound.hash), (8, builder.tip.hash))

    def test_an_empty_block_alone(self):
        builder = Builder()
        builder.block()
        self.assertEqual(audited(builder.archive(), builder.genesis).verdict, Verdict.HOLDS)

    def test_every_block_reads_as_it_was_written(self):
        for block in lively().blocks:
            again = reread(block)
            self.assertEqual(again, block)
            self.assertEqual(again.encode(), block.encode())

    def test_another_genesis(self):
        with self.assertRaises(archive.OtherChain):
            audited(lively().archive(), genesis(name="另一网"))

    def test_what_a_genesis_asks_for_and_nobody_issues(self):
        for trust in (dataclasses.replace(UNASKED, wanted=1), Trust((), 0, (b"root",), 10)):
            builder = Builder(genesis(membership=membership(trust=trust)))
            builder.block()
            report = audited(builder.archive(), builder.genesis)
            self.assertEqual((report.verdict, len(report.unchecked())), (Verdict.UNDECIDED, 1))
            self.assertIn("witnesses", report.unchecked()[0])
            self.assertEqual(report.height, 1)
            builder.block(log_root=bytes(32))
            report = audited(builder.archive(), builder.genesis)
            self.assertEqual((report.verdict, report.finding.kind), (Verdict.ALTERED, Kind.LOG))

    def test_the_trust_policy_is_the_one_that_the_last_block_was_judged_by(self):
        builder = Builder()
        builder.govern(SetTrust(dataclasses.replace(UNASKED, wanted=1)), 2, PROVINCE, COUNTY)
        self.assertEqual(audited(builder.archive(), builder.genesis).verdict, Verdict.HOLDS)
        builder.govern(SetTrust(UNASKED), 3, PROVINCE, COUNTY)
        self.assertEqual(audited(builder.archive(), builder.genesis).verdict, Verdict.UNDECIDED)
        builder.block()
        self.assertEqual(audited(builder.archive(), builder.genesis).verdict, Verdict.HOLDS)

    def test_what_was_kept(self):
        builder = lively()
        data = builder.archive()
        self.assertEqual(audited(data, builder.genesis, kept=Kept(8, builder.tip.hash)).verdict, Verdict.HOLDS)
        self.assertEqual(audited(data, builder.genesis, kept=Kept(8, bytes(32))).finding.kind, Kind.REWRITTEN)
        finding = audited(data, builder.genesis, kept=Kept(10, bytes(32))).finding
        self.assertEqual((finding.kind, finding.height), (Kind.MISSING, 9))


class Mutated(unittest.TestCase):
    def test_no_byte_can_be_changed(self):
        builder = Builder()
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        builder.block()
        whole = builder.archive()
        for at in range(len(whole)):
            spoilt = bytearray(whole)
            spoilt[at] ^= 1 << at % 8
            self.assertNotEqual(audited(bytes(spoilt), builder.genesis).verdict, Verdict.HOLDS, at)

    def test_no_byte_of_a_frame_can_be_changed_with_its_checksum_mended(self):
        builder = Builder()
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        builder.block()
        head, frames = archive.write_head(builder.chain), builder.frames()
        foot = archive.write_frame(archive.FOOT, b"\0\0")
        for number, frame in enumerate(frames):
            for at in range(archive.FRAME_HEAD, len(frame)):
                data = bytearray(frame[archive.FRAME_HEAD:])
                data[at - archive.FRAME_HEAD] ^= 1 << at % 8
                spoilt = [*frames[:number], archive.write_frame(frame[0], bytes(data)), *frames[number + 1:]]
                for depth in (FULL, LAX) if at % 4 == 0 else (FULL,):
                    report = audited(head + foot + b"".join(spoilt), builder.genesis, depth)
                    judged = frame[0] == archive.BLOCK or decodes(Certificate, bytes(data))
                    self.assertEqual(report.verdict, Verdict.ALTERED if judged else Verdict.UNDECIDED, (number, at))

    def test_no_byte_can_be_cut_off_or_added(self):
        builder = Builder()
        builder.block()
        whole = builder.archive()
        for size in range(len(whole)):
            self.assertEqual(audited(whole[:size], builder.genesis).verdict, Verdict.UNDECIDED, size)
        self.assertEqual(audited(whole + b"\0", builder.genesis).verdict, Verdict.UNDECIDED)
        twice = whole + builder.frames()[-1]
        self.assertEqual(audited(twice, builder.genesis).verdict, Verdict.UNDECIDED)

    def test_blocks_swapped_removed_repeated(self):
        builder = lively()
        head = archive.write_head(builder.chain) + archive.write_frame(archive.FOOT, b"\0\0")
        frames = builder.frames()
        for order in ([1, 0, 2], [0, 0, 1], [0, 2]):
            spoilt = head + b"".join(frames[n] for n in order) + b"".join(frames[3:])
            report = audited(spoilt, builder.genesis)
            self.assertEqual((report.finding.kind, report.verdict), (Kind.HEIGHT, Verdict.ALTERED))


class Spoilt(unittest.TestCase):
    """A header that says something else, signed by all the same: the block itself has to be found out."""

    def check(self, kind: Kind, **changes: object):
        builder = Builder()
        builder.block(builder.next_submission(1, event(NEW, 1, COUNTY)))
        builder.block(builder.next_submission(1, event(AMEND, 1)), **changes)
        report = audited(builder.archive(), builder.genesis)
        self.assertEqual((report.finding.kind, report.finding.height), (kind, 2))

    def test_each_field(self):
        other = b"\7" * 32
        self.check(Kind.CHAIN, chain=other)
        self.check(Kind.PROTOCOL, protocol=2)
        self.check(Kind.HEIGHT, height=3)
        self.check(Kind.LINK, parent=other)
        self.check(Kind.TIME, time=1)
        self.check(Kind.BODY, body=other)
        self.check(Kind.LOG, log_root=other)
        self.check(Kind.LOG, log_size=1)
        self.check(Kind.CONTROL, control=other)
        self.check(Kind.MEMBERSHIP, next_membership=other)
        self.check(Kind.MAP, map_root=other)


class Found(unittest.TestCase):
    """Which height and kind is named, where several things do not hold."""

    def check(self, builder: Builder, kind: Kind, height: int):
        for depth in (FULL, LAX):
            report = audited(builder.archive(), builder.genesis, depth)
            self.assertEqual((report.finding.kind, report.finding.height, report.verdict), (kind, height, Verdict.ALTERED))

    def alter(self, height: int, **changes: object) -> Builder:
        """A lively chain in which one header was altered after it was certified."""
        builder = lively()
        block = builder.blocks[height - 1]
        builder.blocks[height - 1] = dataclasses.replace(block, header=dataclasses.replace(block.header, **changes))
        return builder

    def test_a_block_that_was_altered_after_it_was_certified(self):
        for height in (4, 8):
            for changes in ({"proposer": 7}, {"time": 1 << 41}):
                self.check(self.alter(height, **changes), Kind.BLOCK, height)
            self.check(self.alter(height, log_size=3), Kind.LOG, height)
            for name, kind in (("log_root", Kind.LOG), ("control", Kind.CONTROL), ("next_membership", Kind.MEMBERSHIP), ("body", Kind.BODY),
                               ("parent", Kind.LINK)):
                self.check(self.alter(height, **{name: bytes(32)}), kind, height)

    def test_a_block_that_was_certified_with_a_wrong_root(self):
        builder = Builder()
        builder.block()
        builder.block(log_root=bytes(32))
        self.check(builder, Kind.LOG, 2)
        builder.block()
        self.check(builder, Kind.LOG, 2)

    def test_the_last_blocks_removed(self):
        builder = lively()
        for height in (8, 7):  # the same membership judges them and the last one
            del builder.blocks[height - 1:]
            self.check(builder, Kind.MISSING, height)
        del builder.blocks[4:]
        self.check(builder, Kind.MISSING, 5)
        del builder.blocks[3:]  # a member joined above
        self.check(builder, Kind.CERTIFICATE, 3)
        del builder.blocks[:]
        report = audited(builder.archive(), builder.genesis)
        self.assertEqual((report.verdict, report.height, report.at), (Verdict.UNDECIDED, 0, None))

    def test_a_wrong_link_goes_before_a_wrong_certificate(self):
        builder = lively()
        block = builder.blocks[4]
        body = dataclasses.replace(block.body, certificate=builder.certificates[0])
        for changes, kind in (({}, Kind.CERTIFICATE), ({"time": 0}, Kind.TIME), ({"parent": bytes(32)}, Kind.LINK)):
            header = dataclasses.replace(block.header, body=body.hash(), **changes)
            builder.blocks[4] = dataclasses.replace(block, header=header, body=body)
            self.check(builder, kind, 5)

    def test_a_certificate_altered_within_a_body(self):
        builder = lively()
        block = builder.blocks[4]
        votes = block.body.certificate.signatures
        spoilt = dataclasses.replace(votes[0], signature=bytes(64))
        certificate = dataclasses.replace(block.body.certificate, signatures=(spoilt, *votes[1:]))
        body = dataclasses.replace(block.body, certificate=certificate)
        builder.blocks[4] = dataclasses.replace(block, body=body)
        self.check(builder, Kind.BODY, 5)

    def test_vouches_up_to_the_block_below(self):
        for height in (2, 5, 8):
            builder = self.alter(height, proposer=7)
            self.assertEqual(audited(builder.archive(), builder.genesis).height, height - 1)


class Certificates(unittest.TestCase):
    def with_last(self, change) -> tuple[Kind, str]:
        builder = lively()
        builder.certificates[-1] = change(builder, builder.certificates[-1])
        finding = audited(builder.archive(), builder.genesis).finding
        return finding.kind, finding.detail

    def test_what_makes_no_block_final(self):
        def less(builder, certificate):
            return dataclasses.replace(certificate, signatures=certificate.signatures[:3])

        def twice(builder, certificate):
            return dataclasses.replace(certificate, signatures=certificate.signatures[:1] + certificate.signatures)

        def stranger(builder, certificate):
            vote = dataclasses.replace(certificate.signatures[-1], node=99)
            return dataclasses.replace(certificate, signatures=(*certificate.signatures[:-1], vote))

        def below(builder, certificate):
            return builder.certificates[-2]

        def round_two(builder, certificate):
            return dataclasses.replace(certificate, round=2)

        for change, detail in {
            less: "no quorum", twice: "node numbers do not rise", stranger: "a node that has no vote",
            below: "it is for another block", round_two: "the signature of node 0 does not hold",
        }.items():
            self.assertEqual(self.with_last(change), (Kind.CERTIFICATE, f"at the end: {detail}"))


class Governed(unittest.TestCase):
    def test_power_and_nodes(self):
        builder = Builder()
        builder.govern(SetPower(2, 5), 2, PROVINCE, COUNTY)
        self.assertEqual(builder.tip.judges.nodes[2].power, 5)
        builder.govern(AddNode(PROVINCE, node(3)), 3, PROVINCE, COUNTY)
        builder.block(builder.next_submission(3, event(NEW, 1, COUNTY)))
        builder.govern(SetPower(3, 9), 9, COUNTY)
        self.assertEqual(len(builder.tip.control.proposals), 1)
        self.assertEqual(builder.tip.control.streams[-1].node, 3)
        for depth in (FULL, LAX):
            self.assertEqual(audited(builder.archive(), builder.genesis, depth).verdict, Verdict.HOLDS)

    def test_a_lax_run_still_asks_who_changed_the_membership(self):
        builder = lively()
        height = next(
            n for n, (before, after) in enumerate(zip(builder.memberships, builder.memberships[1:]), 2)
            if before != after)
        certificate = builder.certificates[height - 1]
        forged = dataclasses.replace(certificate, signatures=certificate.signatures[:1])
        block = builder.blocks[height]
        body = dataclasses.replace(block.body, certificate=forged)
        builder.blocks[height] = dataclasses.replace(
            block, body=body, header=dataclasses.replace(block.header, body=body.hash()))
        finding = audited(builder.archive(), builder.genesis, LAX).finding
        self.assertEqual((finding.kind, finding.height), (Kind.CERTIFICATE, height + 1))


class CommandLine(unittest.TestCase):
    def test_what_is_said(self):
        builder = lively()
        whole = audited(builder.archive(), builder.genesis)
        text = to_text(whole, builder.genesis)
        for part in (builder.chain.hex(), "blocks 1 to 8: ", "map root after every block",
                     builder.tip.hash.hex(), "holds: ", "sound up to block 8, signed up to block 8"):
            self.assertIn(part, text)
        self.assertEqual(to_json(whole)["signed"], 8)
        cut = audited(builder.archive()[:-100], builder.genesis)
        self.assertIn("undecided: ", to_text(cut, builder.genesis))
        self.assertIn("sound up to block 8, signed up to block 7", to_text(cut, builder.genesis))
        none = audited(builder.archive()[:60], builder.genesis)
        self.assertIn("sound up to block 0, no block is signed", to_text(none, builder.genesis))
        self.assertEqual(to_json(none)["tip"], None)

    def test_what_is_no_bookmark(self):
        """A mistake of whoever gave it: nothing is judged, nothing printed."""
        builder = lively()
        report = to_json(audited(builder.archive(), builder.genesis))
        bookmark = report["bookmark"]
        least = bookmark
        cut = to_json(audited(builder.archive()[:-1], builder.genesis))
        self.assertEqual((cut["verdict"], cut["bookmark"]["height"]), ("undecided", 7))
        text = json.dumps(least)
        with tempfile.TemporaryDirectory() as folder:
            file, first, kept = Path(folder, "chain.luqi"), Path(folder, "genesis.bin"), Path(folder, "kept.json")
            file.write_bytes(builder.archive())
            first.write_bytes(builder.genesis.encode())
            for given, code in (
                (text, 0), (json.dumps(report), 0), (json.dumps({**least, "more": 1}), 2),
                *((json.dumps({**least, name: value}), 2) for name, value in (
                    ("log_size", "8"), ("log_size", -1), ("log_root", "zz"), ("control", None), ("frontier", None),
                    ("frontier", {"size": 3, "peaks": []}))),
                *((json.dumps({**least, "height": height}), 2) for height in (0, -1, 8.0, True, "8", None, 1 << 53, [8])),
                (json.dumps({**least, "chain": "00" * 32}), 2), (json.dumps({**least, "chain": None}), 2),
                (json.dumps({**least, "block": bookmark["block"][:-2]}), 2), (json.dumps({**least, "block": 8}), 2),
                *((json.dumps({name: value for name, value in least.items() if name != left}), 2) for left in least),
                (json.dumps(cut), 2), (json.dumps({**report, "verdict": "altered"}), 2),
                (json.dumps({**report, "verdict": None}), 2),
                (json.dumps({**least, "verdict": "undecided"}), 2), (json.dumps({"verdict": "holds"}), 2),
                (json.dumps({**report, "bookmark": None}), 2), (json.dumps({**report, "bookmark": [bookmark]}), 2),
                (text[:-1] + ', "height": 8}', 2), ("[" * 100_000, 2), ('{"height":' + "9" * 5_000 + "}", 2), ("", 2),
                ("[]", 2),
                ("\ufeff" + text, 2), ("null", 2), (json.dumps({**least, "log_size": -0.0}), 2),
                (text.replace('"log_size": ', '"log_size": -0, "was": ', 1), 2),
                (json.dumps({**least, "frontier": [3, []]}), 2),
                # What others add to a report every reader reads alike, too.
                *((json.dumps(report)[:-1] + f', "more": {more}}}', code) for more, code in (
                    ('{"a": [1, -1, 0.5, 1e308, "\\ud83d\\ude00", {"a": null}]}', 0), ("9" * 300, 0),
                    ('[{"a": 1, "b": {"c": 1, "c": 1}}]', 2), ('1, "height": 8', 2), ("NaN", 2), ("-Infinity", 2),
                    ("1e999", 2), ("9" * 400, 2), ('"\\ud800"', 2), ('{"\\udc00": 1}', 2),
                    ("[" * 126 + "]" * 126, 0), ("[" * 127 + "]" * 127, 2), ('{"a":' * 127 + "1" + "}" * 127, 2))),
            ):
                kept.write_text(given, "utf-8")
                with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
                    ended = cli.main(["archive", str(file), "--genesis", str(first), "--from", str(kept)])
                self.assertEqual(ended, code, given[:200])
                self.assertEqual((out.getvalue() == "", "usage: " in err.getvalue()), (code == 2, code == 2))
            kept.write_bytes(b"\xff" + text.encode())
            with contextlib.redirect_stderr(io.StringIO()):
                self.assertEqual(cli.main(["archive", str(file), "--genesis", str(first), "--from", str(kept)]), 2)

    def test_exits(self):
        builder = lively()
        with tempfile.TemporaryDirectory() as folder:
            file, first = Path(folder, "chain.luqi"), Path(folder, "genesis.bin")
            file.write_bytes(builder.archive())
            first.write_bytes(builder.genesis.encode())

            def run(*arguments: str) -> tuple[int, str]:
                with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
                    return cli.main(arguments), out.getvalue()

            code, out = run("archive", str(file), "--genesis", str(first), "--json")
            self.assertEqual((code, json.loads(out)["verdict"]), (0, "holds"))
            kept, bookmark = Path(folder, "kept.json"), json.loads(out)["bookmark"]
            self.assertEqual(bookmark["block"], builder.tip.hash.hex())
            other = {**bookmark, "chain": "00" * 32}
            for text, code in ((out, 0), (json.dumps(bookmark), 0), (json.dumps(other), 2), ("{}", 2), ("[", 2),
                               (json.dumps({**bookmark, "block": "00" * 32}), 1),
                               (json.dumps({**bookmark, "height": 9}), 1), (json.dumps({"bookmark": None}), 2)):
                kept.write_text(text)
                self.assertEqual(run("archive", str(file), "--genesis", str(first), "--from", str(kept))[0], code, text)
            self.assertEqual(run("archive", str(file), "--genesis", str(first), "--from", folder + "/none")[0], 2)
            second = Path(folder, "other.bin")
            second.write_bytes(genesis(name="另一网").encode())
            self.assertEqual(run("archive", str(file), "--genesis", str(second))[0], 2)
            file.write_bytes(builder.archive()[:-200])
            self.assertEqual(run("archive", str(file), "--genesis", str(first))[0], 3)
            self.assertEqual(run("archive", str(file), "--genesis", str(Path(folder, "none")))[0], 4)
            self.assertEqual(run("vectors", folder)[0], 1)
            self.assertEqual(run("vectors", str(Path(folder, "none")))[0], 4)


if __name__ == "__main__":
    unittest.main()

