"""genesis.json is read in one way only, and everything else is no genesis (sections 12 and 15.4)."""

import contextlib
import copy
import dataclasses
import io
import json
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from network import CITY, COUNTY, PROVINCE, UNASKED, Builder, event, genesis, member, membership, node
from in_json import in_json
from test_genesis import following
from luqi_verify import cli, codec
from luqi_verify.change import AddMember, SetPower, SetTrust, Withdraw
from luqi_verify.codec import Invalid
from luqi_verify.event import NEW
from luqi_verify.genesis import Genesis, read_genesis
from luqi_verify.governance import proposal_id
from luqi_verify.membership import Heir


def eventful() -> Genesis:
    """A genesis in which everything stands that can: heirs, changes, streams, proposals, approvals."""
    before = Builder(genesis(membership=membership(heirs=(Heir(b"370300", COUNTY),))))
    before.govern(AddMember(member(CITY, node(3))), 2, PROVINCE, COUNTY)
    before.govern(SetPower(1, 2), 3, PROVINCE, COUNTY, CITY)
    before.govern(SetTrust(UNASKED), 9, PROVINCE)
    before.govern(Withdraw(proposal_id(SetTrust(UNASKED), 9)), 9, PROVINCE, COUNTY, CITY)
    before.govern(AddMember(member(b"370201", node(9))), 30, PROVINCE)
    before.block(before.next_submission(1, event(NEW, 1, COUNTY)))
    return following(before)


def places(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The path of every value in a JSON value."""
    yield path
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from places(inside, (*path, name))
    elif isinstance(value, list):
        for at, inside in enumerate(value):
            yield from places(inside, (*path, at))


def kinds_of_places(value: Any) -> Iterator[tuple]:
    """One place of each kind: the first item of a list stands for the others, but for proposals, whose changes differ;
    and one membership for those that stand beside it."""
    for path in places(value):
        alike = any(type(step) is int and step > 0 and of != "proposals" for of, step in zip(path, path[1:]))
        if not alike and path[:2] not in (("predecessor", "signers"), ("predecessor", "next")):
            yield path


def at(value: Any, path: tuple) -> Any:
    for step in path:
        value = value[step]
    return value


def replaced(value: Any, path: tuple, by: Any) -> Any:
    """The same with another value at this place."""
    if not path:
        return by
    made = copy.deepcopy(value)
    at(made, path[:-1])[path[-1]] = by
    return made


def written(value: Any, spoilt: dict[int, str]) -> str:
    """JSON in which the objects of these identities are written as these texts instead."""
    if id(value) in spoilt:
        return spoilt[id(value)]
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(name) + ":" + written(inside, spoilt) for name, inside in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(inside, spoilt) for inside in value) + "]"
    return json.dumps(value)


class Json(unittest.TestCase):
    def setUp(self):
        self.genesis = eventful()
        self.value = in_json(Genesis, self.genesis)
        self.text = json.dumps(self.value)

    def refused(self, data: bytes | str, why: str = "") -> None:
        with self.assertRaisesRegex(Invalid, why):
            read_genesis(data if isinstance(data, bytes) else data.encode("utf-8"))

    def with_text(self, old: str, new: str) -> str:
        self.assertIn(old, self.text)
        return self.text.replace(old, new, 1)

    def test_json_and_bytes_are_the_same_genesis(self):
        before = self.genesis.predecessor
        self.assertEqual((len(before.changes), len(before.control.proposals)), (2, 2))
        self.assertEqual([each.adopted for each in before.control.proposals], [True, False])
        self.assertEqual(set(self.value["predecessor"]), {
            "network", "header", "certificate", "frontier", "control", "signers", "next", "changes"})
        for change in self.value["predecessor"]["changes"]:
            self.assertEqual(set(change), {"header", "certificate", "membership"})
        for made in (self.genesis, genesis(), genesis(membership=membership(heirs=(Heir(CITY, COUNTY),)))):
            text = json.dumps(in_json(Genesis, made))
            self.assertEqual(read_genesis(text.encode()), made)
            self.assertEqual(read_genesis(made.encode()).chain_id(), made.chain_id())

    def test_names_in_any_order_and_white_space_between(self):
        def turned(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: turned(value[name]) for name in reversed(value)}
            return [turned(item) for item in value] if isinstance(value, list) else value

        for text in (json.dumps(turned(self.value)), json.dumps(self.value, indent=3), "\n\t \r" + self.text + " \n",
                     json.dumps(self.value, ensure_ascii=False), json.dumps(self.value).replace("name_zh", "n\\u0061me_zh")):
            self.assertEqual(read_genesis(text.encode("utf-8")), self.genesis)

    def test_each_object_has_its_names_and_no_others(self):
        for path in kinds_of_places(self.value):
            inside = at(self.value, path)
            if not isinstance(inside, dict):
                continue
            first = next(iter(inside))
            with self.subTest(path=path):
                self.refused(json.dumps(replaced(self.value, path, {**inside, "another": 1})))
                self.refused(json.dumps(replaced(self.value, (*path, "\ud800"), 1)))
                for name in inside:
                    rest = {each: value for each, value in inside.items() if each != name}
                    self.refused(json.dumps(replaced(self.value, path, rest)))
                    if name == first:
                        self.refused(json.dumps(replaced(self.value, path, {**rest, name.upper(): inside[name]})))

    def test_each_name_stands_once(self):
        """Also where both say the same, and where one is spelt with an escape."""
        for path in kinds_of_places(self.value):
            inside = at(self.value, path)
            if not isinstance(inside, dict):
                continue
            for name, value in inside.items():
                again = json.dumps(value)
                escaped = f'"\\u{ord(name[0]):04x}{name[1:]}"'
                for spelt in (json.dumps(name), escaped):
                    whole = json.dumps(inside)
                    text = written(self.value, {id(inside): whole[:-1] + f", {spelt}: {again}" + "}"})
                    self.refused(text, "twice")

    def test_whole_numbers_are_digits_alone(self):
        for path in kinds_of_places(self.value):
            number = at(self.value, path)
            if type(number) is not int:
                continue
            text = json.dumps(replaced(self.value, path, "a place"))
            for spelling in (f"{number}.0", f"{number}e0", f"{number}E+0", f"-{number}", "-0", "NaN", "Infinity", "-Infinity",
                             "1" * 21, "9" * 5_000, "-" + "9" * 5_000, "1e999"):
                self.refused(text.replace('"a place"', spelling), "digits alone")
            for spelling in (f"+{number}", f"0{number}", f'"{number}"', "true", "false", "null", "0x1", "[]", "{}", "",
                             f"{number} {number}"):
                self.refused(text.replace('"a place"', spelling))

    def test_yes_and_no_are_true_and_false(self):
        found = [path for path in kinds_of_places(self.value) if type(at(self.value, path)) is bool]
        self.assertTrue(found)
        for path in found:
            for other in (0, 1, "true", "false", None, [], "yes", 1.0):
                self.refused(json.dumps(replaced(self.value, path, other)))

    def test_whatever_stands_in_its_place(self):
        """No value ends the reading in any other way than a refusal."""
        for path in kinds_of_places(self.value):
            for other in ({}, [], None, True, -1, 1 << 64, 1.5, "", "x", "\ud800", "\x00", [[]], [None], {"x": 1},
                          [1] * 5_000):
                if type(other) is type(at(self.value, path)) or other == at(self.value, path):
                    continue
                text = json.dumps(replaced(self.value, path, other))
                try:
                    self.assertNotEqual(read_genesis(text.encode()), self.genesis)
                except Invalid:
                    pass

    def test_frontiers(self):
        path = ("predecessor", "frontier")
        good = at(self.value, path)
        for other in ({**good, "peaks": 5}, {**good, "peaks": None}, {**good, "peaks": {}}, {**good, "peaks": "ab" * 32},
                      {**good, "peaks": [5]}, {**good, "peaks": ["ab"]}, {**good, "size": True},
                      {**good, "size": str(good["size"])},
                      {**good, "size": 1 << 63}, {**good, "peaks": good["peaks"] * 65}, [], None):
            self.refused(json.dumps(replaced(self.value, path, other)), "predecessor")

    def test_texts_are_utf_8_and_hold_no_half_of_a_pair(self):
        member = ("membership", "members", 0)
        for path in (("name",), (*member, "name_zh"), (*member, "name_en"), (*member, "code"), ("vrf",),
                     ("membership", "trust", "witnesses", 0), ("predecessor", "network")):
            for half in ("\ud800", "\udfff", "\ude00\ud83d"):
                self.refused(json.dumps(replaced(self.value, path, half + at(self.value, path)[1:])))
        name = self.genesis.name
        pair = read_genesis(json.dumps(replaced(self.value, ("name",), name + "\U0001f600")).encode())
        self.assertEqual(pair.name, name + "\U0001f600")
        raw = json.dumps(self.value, ensure_ascii=False).encode("utf-8")
        place = raw.index(name.encode("utf-8"))
        for spoilt in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\n", b"\0", b"\\x41", b"\\"):
            self.refused(raw[:place] + spoilt + raw[place:])

    def test_hexadecimal_is_of_lower_case(self):
        for path in (("vrf",), ("predecessor", "network"), ("membership", "members", 0, "vault")):
            good = at(self.value, path)
            for other in (good.upper(), good[:-1], good[:-2], good + "00", "0x" + good, " " + good, good[:4] + " " + good[5:]):
                self.refused(json.dumps(replaced(self.value, path, other)))

    def test_what_is_no_such_json(self):
        for mark in (b"\xef\xbb\xbf", b"\xef\xbb\xbf ", b"\xfe\xff", b"\xff\xfe"):
            self.refused(mark + self.text.encode())
        self.refused(b"\xef\xbb\xbf" + self.text.encode(), "BOM")
        for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-7"):
            with contextlib.suppress(UnicodeEncodeError):
                data = json.dumps(self.value, ensure_ascii=False).encode(encoding)
                self.refused(data)
        for text in ("", " ", "{", "{}", "[]", "null", "1", '"x"', self.text + "x", self.text + self.text, self.text[:-1],
                     self.text[:-1] + ",}", self.text.replace('"', "'"), "// why\n" + self.text, "\v" + self.text,
                     "\u00a0" + self.text, f"[{self.text}]", self.text + "\0"):
            self.refused(text)

    def test_what_is_nested_too_deeply(self):
        for deep in ('{"name":' * 100_000, '{"name":' + "[" * 100_000, '{"name":' + "[" * 100_000 + "]" * 100_000 + "}"):
            self.refused(deep, "nested too deeply|JSON")

    def test_what_would_be_longer_than_any_value(self):
        size = len(self.genesis.encode())
        with mock.patch.object(codec, "MAX_VALUE", size):
            self.assertEqual(read_genesis(self.text.encode()), self.genesis)
        with mock.patch.object(codec, "MAX_VALUE", size - 1):
            self.refused(self.text, "64 MiB")

    def test_the_words_say_where_it_is(self):
        for text, words in (
            (self.with_text('"wanted": 0', '"wanted": -0'), "digits alone"),
            (self.with_text('"wanted": 0', '"wanted": 2'), "signers: trust policy: more witnesses wanted"),
            (self.with_text('"suite"', '"sweet"'), "it has no suite"),
            (self.with_text("consensus", "consent"), "'consent' is no purpose"),
            (json.dumps({**self.value, "x": 1}), "names that are not its own: .'x'"),
        ):
            self.refused(text, words)


class Exit(unittest.TestCase):
    """A genesis that is not valid is a mistake of whoever gave it."""

    def run_with(self, data: bytes) -> tuple[int, str]:
        with tempfile.TemporaryDirectory() as folder:
            file, first = Path(folder, "chain.luqi"), Path(folder, "genesis.json")
            builder = Builder()
            builder.block()
            file.write_bytes(builder.archive())
            first.write_bytes(data)
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
                code = cli.main(["archive", str(file), "--genesis", str(first)])
            self.assertEqual(out.getvalue() == "", code == 2)
            return code, err.getvalue()

    def test_2_whatever_is_wrong_with_it(self):
        first = genesis()
        text = json.dumps(in_json(Genesis, first))
        self.assertEqual(self.run_with(first.encode())[0], 0)
        self.assertEqual(self.run_with(text.encode())[0], 0)
        for data in (
            b"", b"\0", b"{", b"{}", b"[]", b"\xff" * 99, text.encode()[:-1], b"\xef\xbb\xbf" + text.encode(),
            first.encode() + b"\0", first.encode()[:-1], dataclasses.replace(first, name="").encode(),
            dataclasses.replace(first, protocol=2).encode(), b"\0\0" + first.encode()[2:], b'{"name":' * 100_000,
            text.replace('"suite": 1', '"suite": 1.0', 1).encode(),
            text.replace('"suite": 1', '"suite": ' + "1" * 5_000, 1).encode(),
            text.replace('"suite"', '"\\ud800"', 1).encode(), text.replace('"suite"', '"suite": 1, "suite"', 1).encode(),
            text.replace('"vrf": "', '"vrf": "00', 1).encode(), text.replace('"time"', '"when"', 1).encode(),
        ):
            code, said = self.run_with(data)
            self.assertEqual(code, 2, data[:80])
            self.assertIn("no genesis: ", said)
            self.assertNotIn("Traceback", said)


if __name__ == "__main__":
    unittest.main()
