"""Lets the tests find the verifier, wherever they are started from, and counts those that are left out."""

import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def leave_out(test: str, why: str) -> unittest.SkipTest:
    """To be raised: the test is left out, and said in the file that LUQI_SKIPPED names, which `make test` counts."""
    if path := os.environ.get("LUQI_SKIPPED"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"skipped: {test}: {why}\n")
    return unittest.SkipTest(why)
