#!/usr/bin/env python3
"""Holds the dependencies of Cargo.lock against a folder of advisories, without a network.

    tools/advisories.py DB

DB is a copy of https://github.com/rustsec/advisory-db. What deny.toml passes over, with a reason, is passed over here.
Exit codes: 0 nothing is known against what is built in; 1 something is, or an exception has no advisory to it any
more; 2 wrong usage.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def parse(version):
    """A version as something to compare: a pre-release comes before its release."""
    core, _, rest = version.partition("+")[0].partition("-")
    numbers = tuple(int(part) for part in core.split("."))
    numbers += (0,) * (3 - len(numbers))
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in rest.split(".")] if rest else []
    return numbers, (not rest, parts)


def upper(text, kind):
    """The first version that `^` or `~` no longer takes in."""
    given = [int(part) for part in text.partition("-")[0].partition("+")[0].split(".")]
    keep = min(len(given), 2) if kind == "~" else next((i + 1 for i, part in enumerate(given) if part), len(given))
    numbers = given[:keep]
    numbers[-1] += 1
    return parse(".".join(map(str, numbers)))


def matches(version, requirement):
    """Whether a version is within a requirement such as `>= 1.2, < 2`."""
    found = parse(version)
    for one in requirement.split(","):
        operator, text = re.fullmatch(r"\s*(>=|<=|>|<|=|\^|~)?\s*([0-9A-Za-z.+-]+)\s*", one).groups()
        wanted = parse(text)
        holds = {
            ">=": lambda: found >= wanted,
            "<=": lambda: found <= wanted,
            ">": lambda: found > wanted,
            "<": lambda: found < wanted,
            "=": lambda: found == wanted,
            "~": lambda: wanted <= found < upper(text, "~"),
        }.get(operator, lambda: wanted <= found < upper(text, "^"))
        if not holds():
            return False
    return True


def advisories(folder):
    """Each advisory of a folder: its table, and its title."""
    for path in sorted(Path(folder).glob("crates/*/RUSTSEC-*.md")):
        text = path.read_text(encoding="utf-8")
        head, body = re.match(r"```toml\n(.*?)```\s*(.*)", text, re.DOTALL).groups()
        title = next((line.removeprefix("# ") for line in body.splitlines() if line.startswith("# ")), path.stem)
        yield tomllib.loads(head), title


def against(packages, folder):
    """What is known against packages: (id, package, version, title)."""
    for table, title in advisories(folder):
        advisory, versions = table["advisory"], table.get("versions", {})
        if "withdrawn" in advisory:
            continue
        sound = versions.get("patched", []) + versions.get("unaffected", [])
        for version in sorted(packages.get(advisory["package"], ())):
            if not any(matches(version, requirement) for requirement in sound):
                yield advisory["id"], advisory["package"], version, title


def main(arguments):
    if len(arguments) != 1 or not (Path(arguments[0]) / "crates").is_dir():
        print(__doc__.strip(), file=sys.stderr)
        return 2
    packages = {}
    for package in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]:
        if "source" in package:
            packages.setdefault(package["name"], set()).add(package["version"])
    ignored = {entry["id"] for entry in tomllib.loads((ROOT / "deny.toml").read_text())["advisories"]["ignore"]}
    found = list(against(packages, arguments[0]))
    known = {entry[0] for entry in found}
    bad = [entry for entry in found if entry[0] not in ignored]
    for number, package, version, title in bad:
        print(f"{number}  {package} {version}  {title}")
    for number in sorted(ignored - known):
        print(f"{number}  is passed over by deny.toml, and nothing here is known by it any more")
    count = sum(map(len, packages.values()))
    print(f"{count} packages, {len(bad)} advisories against them, {len(known & ignored)} passed over with a reason")
    return 1 if bad or ignored - known else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
