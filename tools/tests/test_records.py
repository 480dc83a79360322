"""Records: which slots there are, what may stand in them, and which event a disclosure opens (section 5)."""

import dataclasses
import re
import unittest
from pathlib import Path

import support  # noqa: F401
from network import event
from luqi_verify.codec import Invalid, encode
from luqi_verify.event import AMEND, CORRECT, DISSOLVE, EMPLOYER, ERASE, NEW, RENEW, SUSPEND, TERMINATE
from luqi_verify.record import (
    FIELDS, SLOT_VALUES, Deduced, Disclosure, File, FieldChange, Hidden, Kind, Revealed, check_record, slot_names,
)

SECRET = b"\5" * 32
ANNEX = Path(__file__).resolve().parents[2] / "docs" / "annex-tables.md"


def values_of(kind: int, **given: bytes) -> list[bytes | None]:
    return [given.get(name) for name in slot_names(kind, 1)]


def deduced(*pairs: tuple[str, str]) -> bytes:
    return encode(SLOT_VALUES["deduced"], tuple(Deduced(*pair) for pair in pairs))


class Slots(unittest.TestCase):
    def test_how_many(self):
        numbers = {EMPLOYER: 16, NEW: 33, RENEW: 22, 3: 20, TERMINATE: 20, CORRECT: 22, SUSPEND: 21, AMEND: 22, ERASE: 21}
        for kind, number in numbers.items():
            self.assertEqual(len(slot_names(kind, 1)), number, kind)
        for kind in FIELDS:
            self.assertEqual(slot_names(kind, 1)[-6:],
                             ("raw_sha256", "received", "tables", "deduced", "platform", "platform_signature"))
        for kind, version in ((1, 0), (1, 2), (6, 1), (25, 1), (64, 1)):
            with self.assertRaises(Invalid):
                slot_names(kind, version)

    def test_the_fields_stand_in_the_order_of_the_annex(self):
        tables = {}
        for part in ANNEX.read_text("utf-8").split("\n## ")[1:]:
            tables[part.splitlines()[0]] = tuple(re.findall(r"^\| `[^`]+` \| `([a-z_]+)` \|", part, re.M))
        of = {EMPLOYER: "单位信息", NEW: "新订合同信息", DISSOLVE: "解除合同信息和合同文件", RENEW: "续签合同信息和合同文件",
              TERMINATE: "终止合同信息和合同文件"}
        [extension] = [fields for heading, fields in tables.items() if heading.startswith("Extensions: correct, ")]
        for kind, fields in FIELDS.items():
            self.assertEqual(fields, tables[of[kind]] if kind in of else extension, kind)
            self.assertEqual(slot_names(kind, 1)[:len(fields)], fields)

    def test_what_may_stand_in_them(self):
        file = File("contract", bytes(32), 7, "application/pdf").encode()
        change = encode(SLOT_VALUES["changes"], (FieldChange("worker_name", None), FieldChange("term_end", "20301231")))
        good = {
            "unit_uscc": "某某公司".encode(), "changes": change, "file_8": file, "raw_sha256": bytes(32), "received": bytes(8),
            "tables": b"x" * 64, "deduced": deduced(("contract_no", "1")), "platform": b"p", "platform_signature": bytes(512),
        }
        check_record(Kind(CORRECT, 1), values_of(CORRECT, **good))
        for name, value in (
            ("unit_uscc", b"\xff"), ("changes", change + b"\0"), ("changes", bytes(4)), ("deduced", bytes(4)),
            ("file_8", file[:-1]), ("raw_sha256", bytes(31)), ("received", bytes(7)), ("tables", b"x" * 65),
            ("tables", b"\xff"), ("platform", b"p" * 65), ("platform_signature", bytes(513)),
            ("deduced", deduced(("unit_uscc", "sent"))), ("deduced", deduced(("worker_name", "no field of it"))),
            ("deduced", deduced(("reason", "a"), ("reason", "b"))), ("deduced", deduced(("tables", "no field"))),
        ):
            with self.assertRaises(Invalid, msg=(name, value)):
                check_record(Kind(CORRECT, 1), values_of(CORRECT, **{**good, name: value}))
        with self.assertRaises(Invalid):
            check_record(Kind(SUSPEND, 1), values_of(CORRECT, **good))


class Disclosures(unittest.TestCase):
    def test_it_opens_an_event_of_its_own_kind_and_version(self):
        kind, values = Kind(RENEW, 1), values_of(RENEW, unit_uscc=b"u", tables=b"t")
        leaves = [kind.slot_leaf(n, kind.salt(SECRET, n), value) for n, value in enumerate(values)]
        shown = Disclosure(RENEW, 1, (Revealed(kind.salt(SECRET, 0), b"u"), *map(Hidden, leaves[1:])))
        opened = dataclasses.replace(event(RENEW, 1), commitment=kind.commit(SECRET, values))
        self.assertIsNone(Disclosure.decode(shown.encode()).fault(opened.kind, opened.version, opened.commitment))
        for changes in ({"kind": TERMINATE}, {"version": 2}, {"commitment": bytes(32)}):
            other = dataclasses.replace(opened, **changes)
            self.assertIsNotNone(shown.fault(other.kind, other.version, other.commitment))
        for spoilt in (dataclasses.replace(shown, kind=TERMINATE), dataclasses.replace(shown, slots=shown.slots[1:]),
                       dataclasses.replace(shown, slots=(*shown.slots, shown.slots[1]))):
            again = Disclosure.decode(spoilt.encode())
            self.assertIsNotNone(again.fault(opened.kind, opened.version, opened.commitment))

        for unknown in (dataclasses.replace(shown, version=2), dataclasses.replace(shown, kind=6)):
            with self.assertRaises(Invalid):
                Disclosure.decode(unknown.encode())

    def test_the_number_of_entries_is_asked_for_even_where_the_commitment_would_fit(self):
        kind = Kind(RENEW, 1)
        for count in (21, 22, 23):
            shown = Disclosure(RENEW, 1, (Hidden(bytes(32)),) * count)
            fault = shown.fault(RENEW, 1, kind.commitment([bytes(32)] * count))
            self.assertEqual(fault is None, count == 22)


if __name__ == "__main__":
    unittest.main()
