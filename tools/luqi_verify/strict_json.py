"""JSON that every reader reads alike: a genesis (section 12), RFC 8259 in UTF-8, whole numbers written as digits alone, and
no name twice in one object; and a report, to which others add (section 15.4)."""

import json
import math
from typing import Any, NoReturn

from .codec import Invalid

DIGITS = 20
"""So many has the largest `u64`."""

DEEPEST = 127
"""In no more objects and lists does anything stand in a report."""


def whole_number(text: str) -> int:
    """From digits alone. (That none leads with a zero, JSON itself asks for.)"""
    if not (text.isascii() and text.isdigit()) or len(text) > DIGITS:
        raise Invalid(f"{text[:DIGITS + 1]} where a number of digits alone, at most {DIGITS}, belongs")
    return int(text)


def no_number(text: str) -> NoReturn:
    """A fraction, an exponent, `NaN`, `Infinity`."""
    raise Invalid(f"{text[:DIGITS + 1]} where a number of digits alone belongs")


def without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no name stands twice."""
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise Invalid(f"the name {name!r} twice in one JSON object")
        names.add(name)
    return dict(pairs)


def read_strict(data: bytes) -> Any:
    """What a JSON text says, `Invalid` if it is none that is strict."""
    try:
        # A byte order mark stays in the text, and JSON knows no such character outside of strings.
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=without_repetition, parse_int=whole_number, parse_float=no_number,
            parse_constant=no_number)
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise Invalid(f"no JSON in UTF-8: {error}") from error
    except RecursionError as error:
        raise Invalid("JSON that is nested too deeply") from error


def read_report(text: str) -> Any:
    """What a JSON text says that others may add to, `Invalid` if it is none that every reader reads alike."""
    try:
        value = json.loads(
            text, object_pairs_hook=without_repetition, parse_int=in_range, parse_float=in_range,
            parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise Invalid(f"no JSON: {error}") from error
    except RecursionError as error:
        raise Invalid("JSON that is nested too deeply") from error
    check_within(value)
    return value


def in_range(text: str) -> int | float:
    """A number that a double can hold, if not to the last digit. Minus zero is no whole number."""
    value = float(text)
    if math.isinf(value):
        raise Invalid(f"{text[:DIGITS + 1]}… where a number belongs that 64 bits of floating point hold")
    return int(text) if text.removeprefix("-").isdigit() and text != "-0" else value


def check_within(value: Any, depth: int = 0) -> None:
    """Whether no text has half a pair, and nothing stands too deep."""
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise Invalid("a text with an escaped half of a pair")
    if not isinstance(value, dict | list):
        return
    if depth == DEEPEST:
        raise Invalid("JSON that is nested too deeply")
    for inside in (*value, *value.values()) if isinstance(value, dict) else value:
        check_within(inside, depth + 1)
