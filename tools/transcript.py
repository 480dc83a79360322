#!/usr/bin/env python3
"""Puts the steps of a demonstration that are worth reading into both READMEs: make demo | tools/transcript.py"""

import re
import sys
from pathlib import Path

SHOWN = (3, 4, 6, 8, 9)
BEGIN, END = "<!-- transcript: begin -->", "<!-- transcript: end -->"


def main() -> int:
    said = sys.stdin.read()
    last = said.rstrip().rpartition("\n")[2]
    if not last.startswith("Everything answered as promised"):
        print("the demonstration did not end as promised; nothing was changed", file=sys.stderr)
        return 1
    steps = dict(re.findall(r"^(\d+)\. (.*?)(?=^\d+\. |\Z)", said.removesuffix(last + "\n"), re.M | re.S))
    shown = [f"{number}. {steps[str(number)].rstrip()}" for number in SHOWN]
    text = "\n\n".join([*shown, last])
    text = "\n".join(line.rstrip() for line in text.splitlines())
    for path in (Path("README.md"), Path("README.zh-CN.md")):
        before, _, rest = path.read_text("utf-8").partition(BEGIN)
        after = rest.partition(END)[2]
        path.write_text(f"{before}{BEGIN}\n```\n{text}\n```\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
