"""No golden vector could pass unread. (Whether they come out as they should, `verify.py vectors` says.)"""

import copy
import json
import shutil
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import support  # noqa: F401
from network import event, genesis
from luqi_verify import vectors
from luqi_verify.cases import JOINED
from luqi_verify.codec import encode
from luqi_verify.edges import EDGES
from luqi_verify.event import ENTRY, EVENT, RENEW, EventEntry
from luqi_verify.merkle import leaf_hash

GOLDEN = Path(__file__).resolve().parents[2] / "ledger-core" / "vectors"


def failures_in(cases: list[dict[str, Any]]) -> list[str]:
    """The names of the cases that fail, in a file of these."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "some.json")
        path.write_text(json.dumps({"about": "a test", "cases": cases}))
        if GOLDEN.is_dir():
            shutil.copy(GOLDEN / "genesis.json", folder)
        return [failure.case for failure in vectors.check_file(path)[1]]


def spoilt(value: Any) -> Any:
    """Something else of the same form."""
    match value:
        case None:
            return "00"
        case bool():
            return not value
        case int():
            return value ^ 1
        case str() if value:
            middle = len(value) // 2
            return value[:middle] + ("1" if value[middle] == "0" else "0") + value[middle + 1:]
        case str():
            return "00"
        case list():
            return [spoilt(value[0]), *value[1:]] if value else [None]
        case dict():
            name = list(value)[-1]
            return {**value, name: spoilt(value[name])}


MAY_BE_LEFT_OUT = ("keeps", "tip_file")
"""A case without them is one that asks for less."""


def unread(case: dict[str, Any]) -> set[str]:
    """Fields that may say something else without any difference. (Parts that are named are missed under another name.)"""
    if case["kind"] == "kept":
        return {"value", "text"}  # what is not compared may say something else
    if case["kind"] == "verdict" and case.get("says", {}).get("verdict") != "holds":
        return {"tip_file", "archive"} if "exit" in case else {"tip_file"}
    if case["kind"] == "succession" and not case["holds"]:
        return {"approvals"}
    if case["kind"] == "certified" and not case["holds"]:
        return {*case} - {"holds"}
    if case["kind"] in ("encoded", "slot"):
        return {"bytes", "slot", "value"}  # what they encode is not said
    return {"archive"} if case.get("verdict") == "undecided" else set()


def spoilings(case: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The case with one field altered, taken away, or added.

    What is refused, or altered already, may be so for another reason: there nothing more is altered.
    Nor in an archive that is undecided: what lies above the height at which it stops is not judged.
    """
    spoilt_already = "refused" in case or case.get("verdict") == "altered"
    for name in case:
        if name not in ("kind", "name", *unread(case)) and not spoilt_already:
            yield f"{name} altered", {**case, name: spoilt(case[name])}
        if name not in ("kind", "name", *MAY_BE_LEFT_OUT):
            yield f"{name} taken away", {key: value for key, value in case.items() if key != name}
    yield "a field more", {**case, "another": 1}
    yield "a kind that nobody knows", {**case, "kind": "another"}


class Golden(unittest.TestCase):
    def setUp(self):
        self.assertTrue(GOLDEN.is_dir(), f"no golden vectors at {GOLDEN}")

    def test_no_field_can_be_altered(self):
        for path in sorted(GOLDEN.glob("*.json")):
            cases, seen = json.loads(path.read_text("utf-8"))["cases"], {}
            for number, case in enumerate(cases):
                form = (case["kind"], *sorted(case))
                seen[form] = seen.get(form, 0) + 1
                if seen[form] > 2:
                    continue
                for what, altered in spoilings(case):
                    with self.subTest(path=path.name, case=case["name"], what=what):
                        spoilt_cases = context(cases, number, altered)
                        self.assertTrue(failures_in(spoilt_cases), "nothing failed")

    def test_what_a_case_needs_is_enough(self):
        """So what fails above, fails because something was altered."""
        for name in ("verdicts", "successions", "edges", "borders"):
            cases = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))["cases"]
            for at in range(0, len(cases), 5):
                with self.subTest(path=name, case=cases[at]["name"]):
                    self.assertEqual(failures_in(context(cases, at, cases[at])), [])


def names_in(case: dict[str, Any]) -> set[str]:
    """The names of the cases of which this one is made."""
    lists = [value for field in JOINED if isinstance(value := case.get(field), list)]
    parts = {part for parts in lists for part in parts if isinstance(part, str)}
    return parts | {name for field in ("genesis", "from", "of") if isinstance(name := case.get(field), str)}


def user_of(cases: list[dict[str, Any]], case: dict[str, Any]) -> dict[str, Any] | None:
    """What is judged of whole archives, geneses or single rules: the case itself, or one that holds, or else any, that
    is made of it."""
    if case["kind"] in ("verdict", "succession", *EDGES) and case["kind"] != "text":
        return case
    users = [other for other in cases if case["name"] in names_in(other)]
    users.sort(key=lambda other: not (
        other.get("holds") or "hash" in other or other.get("says", {}).get("verdict") == "holds"))
    return users[0] if users else None


def context(cases: list[dict[str, Any]], number: int, altered: dict[str, Any]) -> list[dict[str, Any]]:
    """The altered case among those that it needs, without the chains that take long."""
    user = user_of(cases, cases[number])
    if user is not None:
        names, kinds = names_in(user), ("genesis", "part", "kept", "text")
        return [altered if at == number else case for at, case in enumerate(cases)
                if at == number or case is user or case["name"] in names and case["kind"] in kinds]
    if altered["kind"] == "genesis" or cases[number]["kind"] == "genesis":
        chains = [case for case in cases if case["kind"] == "chain"][:1]
        return [altered, *chains]
    if cases[number]["kind"] == "chain":
        return [case for case in cases if case["kind"] == "genesis"] + [altered]
    return [altered if at == number else copy.copy(case) for at, case in enumerate(cases)
            if at == number or case["kind"] in ("below", "block", "entry", "foot")]


class Failing(unittest.TestCase):
    def test_a_folder_of_cases(self):
        control = genesis().control()
        right = {"name": "control", "kind": "control", "bytes": control.encode().hex(), "hash": control.hash().hex()}
        short = {"name": "short", "kind": "control", "bytes": right["bytes"][:-2], "refused": True}
        self.assertEqual(failures_in([right, short]), [])
        wrong = [
            {**right, "name": "hash", "hash": "00" * 32},
            {"name": "accepted", "kind": "control", "bytes": right["bytes"], "refused": True},
            {"name": "refused", "kind": "control", "bytes": "00"},
            {"name": "unknown", "kind": "what", "bytes": "00"},
            {"name": "bare", "kind": "control", "bytes": right["bytes"]},
            {"name": "empty", "kind": "control"},
            {**short, "name": "both", "hash": "00" * 32},
        ]
        self.assertEqual(failures_in([right, *wrong]), [case["name"] for case in wrong])
        unasked = {"name": "unasked", "kind": "control", "bytes": "00", "hash": "00" * 32}
        self.assertEqual(failures_in([unasked]), ["unasked"] * 2)

    def test_a_case_that_encodes_nothing_fails_alone(self):
        entry = EventEntry(1, 1, 0, event(RENEW, 1))
        whole, inside = encode(ENTRY, entry), encode(EVENT, entry.event)
        right = {"name": "entry", "kind": "entry", "bytes": whole.hex(), "hash": leaf_hash(whole).hex()}
        broken = {**right, "name": "broken", "bytes": right["bytes"][:-2]}
        within = {"name": "event", "kind": "event", "bytes": inside.hex()}
        for cases in ([broken, right, within], [right, broken, within]):
            self.assertEqual(set(failures_in(cases)), {"broken"})
        self.assertEqual(set(failures_in([broken, within])), {"broken", "event"})

    def test_files_that_are_none(self):
        for text in ("{}", "[]", "", '{"about": "x", "cases": []}', '{"about": "x", "cases": [{}]}'):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "some.json")
                path.write_text(text)
                self.assertEqual(len(vectors.check_folder(Path(folder))[1]), 1, text)


if __name__ == "__main__":
    unittest.main()
