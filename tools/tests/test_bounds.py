"""What is bounded is so wherever it stands: in bytes, in JSON, in a change (sections 1 and 8)."""

import dataclasses
import unittest

from network import COUNTY, PROVINCE, UNASKED, Builder, event, genesis, membership, verifier_key
from in_json import in_json
from luqi_verify.block import Header, Submission, Summary
from luqi_verify.certificate import Ballot, Certificate, ConsensusProposal, Parts
from luqi_verify.change import CHANGE, Activate, SetPower, SetTrust
from luqi_verify.codec import Codec, Invalid, decode, decode_json, encode
from luqi_verify.event import ENTRY, EVENT, NEW, Anchor, Evidence, EventEntry, Seal
from luqi_verify.genesis import Genesis
from luqi_verify.governance import Control, Proposal, Propose, Stream, proposal_id
from luqi_verify.membership import Membership
from luqi_verify.record import Kind, check_record, slot_names
from luqi_verify.trust import MAX_POLICY, Trust

LAST = (1 << 53) - 1
HASH = b"\5" * 32


def header(**changes: int) -> Header:
    made = Header(1, 1, HASH, 3, 4, HASH, HASH, 5, HASH, HASH, HASH, HASH, 0)
    return dataclasses.replace(made, **changes)


class Numbers(unittest.TestCase):
    def bounded(self, codec: Codec, value: object) -> None:
        """The value holds 2^53 - 1 once. With 2^53 in its place there is no value."""
        data = encode(codec, value)
        self.assertEqual(data.count(LAST.to_bytes(8, "big")), 1)
        self.assertEqual(encode(codec, decode(codec, data)), data)
        with self.assertRaises(Invalid):
            decode(codec, data.replace(LAST.to_bytes(8, "big"), (LAST + 1).to_bytes(8, "big")))

    def test_heights_times_sequences_and_log_sizes_are_below_two_to_the_53(self):
        for codec, value in (
            (Certificate, Certificate(LAST, 0, HASH, ())), (Ballot, Ballot(LAST, 0, None)),
            (ConsensusProposal, ConsensusProposal(LAST, 0, HASH, None, 0)), (Parts, Parts(LAST, 0, HASH, 1, 1, 0)),
            (Header, header(height=LAST)), (Header, header(time=LAST)), (Header, header(log_size=LAST)),
            (ENTRY, Seal(LAST, HASH)), (ENTRY, EventEntry(1, LAST, 0, event(NEW, 1, COUNTY))),
            (EVENT, Anchor(1, LAST, HASH)), (EVENT, Propose(SetPower(1, 2), LAST)),
            (Submission, Submission(1, LAST, [], [], bytes(64))), (Summary, Summary(1, LAST, 0, HASH)),
            (Control, Control(1, (Stream(1, LAST),), ())), (Genesis, genesis(time=LAST)),
        ):
            self.bounded(codec, value)

    def test_a_proposal_that_would_hold_from_a_height_that_is_none(self):
        change = SetPower(1, 2)
        number = proposal_id(change, LAST)
        data = Control(1, (), (Proposal(number, COUNTY, change, LAST, (), False),)).encode()
        self.assertEqual(encode(Control, decode(Control, data)), data)
        higher = data.replace(number, proposal_id(change, LAST + 1))
        with self.assertRaises(Invalid):
            decode(Control, higher.replace(LAST.to_bytes(8, "big"), (LAST + 1).to_bytes(8, "big")))

    def test_a_protocol_is_at_least_1(self):
        for codec, value in (
            (Header, header()), (Control, Control(1, (), ())), (Genesis, genesis()), (CHANGE, Activate(1)),
            (EVENT, Propose(Activate(1), 9)),
        ):
            data = encode(codec, value)
            decode(codec, data)
            at = data.index(b"\0\1")
            with self.assertRaises(Invalid):
                decode(codec, data[:at] + b"\0\0" + data[at + 2:])

    def test_the_time_when_an_item_came(self):
        names, kind = slot_names(5, 1), Kind(5, 1)
        for time, taken in ((LAST, True), (LAST + 1, False)):
            values = [time.to_bytes(8, "big") if name == "received" else None for name in names]
            if taken:
                check_record(kind, values)
            else:
                with self.assertRaises(Invalid):
                    check_record(kind, values)

    def test_the_same_in_json(self):
        for name, most, least in (("height", LAST, 0), ("time", LAST, 0), ("log_size", LAST, 0), ("protocol", 65_535, 1)):
            for value, taken in ((most, True), (least, True), (most + 1, False), (least - 1, False)):
                said = {**in_json(Header, header()), name: value}
                if taken:
                    self.assertEqual(getattr(decode_json(Header, said), name), value)
                else:
                    with self.assertRaises(Invalid, msg=(name, value)):
                        decode_json(Header, said)

    def test_a_block_whose_height_is_none_is_no_block(self):
        """A block above the last height there is cannot be written, and nothing counts beyond it."""
        builder = Builder()
        builder.block()
        data = builder.blocks[0].encode()
        spoilt = data[:35] + (LAST + 1).to_bytes(8, "big") + data[43:]
        with self.assertRaises(Invalid):
            decode(type(builder.blocks[0]), spoilt)


class Policies(unittest.TestCase):
    """A trust policy that an entry of the log could not hold, or whose lag JSON could not say."""

    def policy(self, size: int) -> Trust:
        """One of so many encoded bytes that says nothing false."""
        empty = Trust((), 0, (bytes(8_192),) * 7, 1)
        made = dataclasses.replace(empty, timestamp_roots=(*empty.timestamp_roots, bytes(size - len(empty.encode()) - 4)))
        self.assertEqual(len(made.encode()), size)
        return made

    def everywhere(self, trust: Trust) -> list[tuple[Codec, object]]:
        return [
            (Trust, trust), (Membership, membership(trust=trust)), (CHANGE, SetTrust(trust)),
            (EVENT, Propose(SetTrust(trust), 9)), (Genesis, genesis(membership=membership(trust=trust))),
        ]

    def test_of_at_most_60_000_bytes(self):
        for codec, value in self.everywhere(self.policy(MAX_POLICY)):
            self.assertEqual(decode(codec, encode(codec, value)), value)
        for codec, value in self.everywhere(self.policy(MAX_POLICY + 1)):
            with self.assertRaisesRegex(Invalid, "60,000"):
                decode(codec, encode(codec, value))

    def test_of_many_witnesses(self):
        """Each text within its bound, and all together not."""
        trust = Trust(tuple(verifier_key("w" * 3_900 + str(n)) for n in range(16)), 0, (), 1)
        with self.assertRaisesRegex(Invalid, "60,000"):
            decode(CHANGE, encode(CHANGE, SetTrust(trust)))

    def test_with_a_lag_below_two_to_the_53(self):
        for codec, value in self.everywhere(dataclasses.replace(UNASKED, lag=LAST)):
            data = encode(codec, value)
            self.assertEqual(decode(codec, data), value)
            with self.assertRaises(Invalid):
                decode(codec, data.replace(LAST.to_bytes(8, "big"), (LAST + 1).to_bytes(8, "big")))

    def test_in_json(self):
        said = in_json(CHANGE, SetTrust(UNASKED))
        self.assertEqual(decode_json(CHANGE, said), SetTrust(UNASKED))
        for spoilt in ({"lag": LAST + 1}, {"timestamp_roots": ["00" * 8_192] * 8}):
            with self.assertRaises(Invalid):
                decode_json(CHANGE, {"set_trust": {**said["set_trust"], **spoilt}})

    def test_the_longest_entries_fit_the_log(self):
        for each in (Propose(SetTrust(self.policy(MAX_POLICY)), LAST), Evidence(1, bytes(65_000))):
            self.assertLessEqual(len(encode(ENTRY, EventEntry(1, LAST, 0, each))), 65_535)

    def test_a_block_that_proposes_a_longer_one_is_no_block(self):
        builder = Builder()
        for size, taken in ((MAX_POLICY, True), (MAX_POLICY + 1, False)):
            block = builder.govern(SetTrust(self.policy(size)), 9, PROVINCE)
            if taken:
                self.assertEqual(decode(type(block), block.encode()), block)
            else:
                with self.assertRaisesRegex(Invalid, "60,000"):
                    decode(type(block), block.encode())


if __name__ == "__main__":
    unittest.main()
