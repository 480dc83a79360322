"""Values as genesis.json says them (section 12): written here, read by the verifier."""

from typing import Any

import support  # noqa: F401
from luqi_verify.codec import Blob, Choice, Codec, DigitCode, Fixed, Flag, Integer, ListOf, Option, Text, json_name
from luqi_verify.membership import PURPOSES, PurposeCodec
from luqi_verify.merkle import Frontier


def in_json(codec: Codec, value: Any) -> Any:
    """What says this value."""
    match codec:
        case PurposeCodec():
            return PURPOSES[value]
        case Integer() | Flag() | Text():
            return value
        case Fixed() | Blob():
            return value.hex()
        case DigitCode():
            return value.decode("ascii")
        case Option():
            return None if value is None else in_json(codec.codec, value)
        case ListOf():
            return [in_json(codec.codec, item) for item in value]
        case Choice():
            fields = list(in_json(type(value), value).values())
            return {json_name(type(value)): fields[0] if len(fields) == 1 else fields}
    if codec is Frontier:
        return {"size": value.size, "peaks": [peak.hex() for peak in value.peaks]}
    return {name: in_json(inside, getattr(value, name)) for name, inside in codec.LAYOUT}
