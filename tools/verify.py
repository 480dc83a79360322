#!/usr/bin/env python3
"""Verifies luqi archives and golden vectors, apart from the Rust that made them: see luqi_verify."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from luqi_verify.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
