"""Dependencies against advisories: ranges, exceptions, exit codes."""

import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import support  # noqa: F401
import advisories


class Advisories(unittest.TestCase):
    def test_ranges(self):
        for version, requirement, wanted in [
            ("1.2.3", ">= 1.2.3", True), ("1.2.3", "> 1.2.3", False), ("1.2.3", "<1.3, >=1.0", True),
            ("0.25.2", "< 0.25.0-alpha.3", False), ("0.26.0-beta.1", ">= 0.26.0-beta.1", True),
            ("0.26.0-alpha", ">= 0.26.0-beta.1", False), ("1.0.0-rc.1", "< 1.0.0", True), ("1.0.0", ">1.0.0-rc.1", True),
            ("1.9.0", "^1.2", True), ("2.0.0", "^1.2", False), ("0.3.9", "^0.3.1", True), ("0.4.0", "0.3", False),
            ("0.0.4", "^0.0.3", False), ("1.2.9", "~1.2.3", True), ("1.3.0", "~1.2.3", False), ("1.2.3", "=1.2.3", True),
            ("1.10.0", ">1.9", True), ("2.0.1+b7", "<= 2.0.1", True),
        ]:
            self.assertIs(advisories.matches(version, requirement), wanted, (version, requirement))

    def folder(self, *found):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for number, package, versions in found:
            path = Path(folder.name, "crates", package, f"{number}.md")
            path.parent.mkdir(parents=True, exist_ok=True)
            head = f'[advisory]\nid = "{number}"\npackage = "{package}"\n{versions}'
            path.write_text(f"```toml\n{head}\n```\n\n# What is wrong\n\nWords.\n", encoding="utf-8")
        return folder.name

    def test_only_versions_that_are_not_sound_are_named(self):
        folder = self.folder(
            ("RUSTSEC-2000-0001", "one", '[versions]\npatched = [">= 2"]'),
            ("RUSTSEC-2000-0002", "one", 'informational = "unmaintained"\n[versions]\npatched = []'),
            ("RUSTSEC-2000-0003", "one", 'withdrawn = "2000-01-01"\n[versions]\npatched = []'),
            ("RUSTSEC-2000-0004", "two", "[versions]\npatched = []"))
        found = list(advisories.against({"one": {"1.0.0", "2.1.0"}}, folder))
        self.assertEqual([entry[:3] for entry in found], [
            ("RUSTSEC-2000-0001", "one", "1.0.0"), ("RUSTSEC-2000-0002", "one", "1.0.0"),
            ("RUSTSEC-2000-0002", "one", "2.1.0")])

    def test_this_project_against_a_database(self):
        ignored = ["RUSTSEC-2025-0141", "RUSTSEC-2024-0384", "RUSTSEC-2025-0057", "RUSTSEC-2026-0118",
                   "RUSTSEC-2026-0119", "RUSTSEC-2024-0436"]
        of = ["bincode", "instant", "fxhash", "hickory-proto", "hickory-proto", "paste"]
        known = [(number, package, "[versions]\npatched = []") for number, package in zip(ignored, of)]

        def run(*arguments):
            with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
                return advisories.main(list(arguments)), said.getvalue()
        code, said = run(self.folder(*known))
        self.assertEqual(code, 0, said)
        code, said = run(self.folder(*known, ("RUSTSEC-2000-0001", "serde", "[versions]\npatched = []")))
        self.assertEqual(code, 1, said)
        self.assertIn("RUSTSEC-2000-0001  serde", said)
        code, said = run(self.folder(*known[1:]))
        self.assertEqual(code, 1, "an exception that nothing needs stays no longer")
        self.assertIn("RUSTSEC-2025-0141", said)
        self.assertEqual(run()[0], 2)


if __name__ == "__main__":
    unittest.main()
