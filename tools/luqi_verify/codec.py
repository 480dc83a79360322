"""One value, one encoding (section 1).

A structure is a class whose annotations name its fields and, beside the Python type, how each is written:

    @structure
    class Vote(Structure):
        node: U32
        signature: Signature

Such a class reads itself from bytes, writes itself, and reads itself from JSON. Reading takes all
bytes or fails with `Invalid`; nothing is ever repaired.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol, Self, dataclass_transform, get_args, get_origin

MAX_VALUE = 64 * 1024 * 1024


class Invalid(ValueError):
    """Bytes, or a JSON value, that no valid value is encoded as."""


class Reader:
    """A place in some bytes. Whoever reads moves it on."""

    __slots__ = ("data", "at")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self.at + size
        if end > len(self.data):
            raise Invalid("ends too early")
        taken = self.data[self.at:end]
        self.at = end
        return taken

    def number(self, size: int) -> int:
        """The next `size` bytes as a big-endian number."""
        return int.from_bytes(self.take(size), "big")

    def count(self, most: int) -> int:
        """A count of at most `most`."""
        count = self.number(4)
        if count > most:
            raise Invalid(f"a count of {count}, at most {most} allowed")
        return count

    def end(self) -> None:
        """Nothing may follow."""
        if self.at != len(self.data):
            raise Invalid(f"{len(self.data) - self.at} bytes too many")


class Codec(Protocol):
    """How a value is read from bytes, written to bytes, and read from JSON."""

    def read(self, reader: Reader) -> Any: ...

    def write(self, value: Any, out: bytearray) -> None: ...

    def from_json(self, value: Any) -> Any: ...


def decode(codec: Codec, data: bytes) -> Any:
    """The one value that all of `data` encodes."""
    if len(data) > MAX_VALUE:
        raise Invalid("longer than 64 MiB")
    reader = Reader(data)
    value = codec.read(reader)
    reader.end()
    return value


def encode(codec: Codec, value: Any) -> bytes:
    """The encoding of `value`."""
    out = bytearray()
    codec.write(value, out)
    return bytes(out)


def decode_json(codec: Codec, value: Any) -> Any:
    """The one value that a parsed JSON value says."""
    made = codec.from_json(value)
    if len(encode(codec, made)) > MAX_VALUE:
        raise Invalid("longer than 64 MiB when encoded")
    return made


# -- plain values ------------------------------------------------------------------------------


class Integer:
    """An unsigned integer of `size` bytes, big-endian, perhaps only some of its values."""

    def __init__(self, size: int, allowed: range | None = None) -> None:
        self.size = size
        self.allowed = allowed or range(1 << 8 * size)

    def checked(self, value: int) -> int:
        if value not in self.allowed:
            raise Invalid(f"{value} is out of range")
        return value

    def read(self, reader: Reader) -> int:
        return self.checked(reader.number(self.size))

    def write(self, value: int, out: bytearray) -> None:
        out += self.checked(value).to_bytes(self.size, "big")

    def from_json(self, value: Any) -> int:
        if type(value) is not int:
            raise Invalid(f"{value!r} is no whole number")
        return self.checked(value)


class Flag:
    """One byte, 0 or 1; a truth value in JSON."""

    def read(self, reader: Reader) -> bool:
        byte = reader.number(1)
        if byte > 1:
            raise Invalid(f"{byte} where 0 or 1 belongs")
        return byte == 1

    def write(self, value: bool, out: bytearray) -> None:
        out.append(1 if value else 0)

    def from_json(self, value: Any) -> bool:
        if type(value) is not bool:
            raise Invalid(f"{value!r} where true or false belongs")
        return value


def from_hex(value: Any) -> bytes:
    """Bytes from lower-case hexadecimal text."""
    if not isinstance(value, str) or value.strip("0123456789abcdef") or len(value) % 2:
        raise Invalid(f"{value!r} is no lower-case hexadecimal text")
    return bytes.fromhex(value)


class Fixed:
    """`bytes[size]`; hexadecimal in JSON."""

    def __init__(self, size: int) -> None:
        self.size = size

    def checked(self, value: bytes) -> bytes:
        if len(value) != self.size:
            raise Invalid(f"{len(value)} bytes where {self.size} belong")
        return value

    def read(self, reader: Reader) -> bytes:
        return self.checked(reader.take(self.size))

    def write(self, value: bytes, out: bytearray) -> None:
        out += self.checked(value)

    def from_json(self, value: Any) -> bytes:
        return self.checked(from_hex(value))


class Blob:
    """`blob (max n)`; hexadecimal in JSON."""

    def __init__(self, most: int) -> None:
        self.most = most

    def read(self, reader: Reader) -> bytes:
        return reader.take(reader.count(self.most))

    def write(self, value: bytes, out: bytearray) -> None:
        if len(value) > self.most:
            raise Invalid(f"{len(value)} bytes, at most {self.most} allowed")
        out += len(value).to_bytes(4, "big") + value

    def from_json(self, value: Any) -> bytes:
        return decode(self, encode(self, from_hex(value)))


class Text:
    """`text (max n)`: the count is in bytes of UTF-8."""

    def __init__(self, most: int) -> None:
        self.blob = Blob(most)

    def read(self, reader: Reader) -> str:
        try:
            return self.blob.read(reader).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Invalid("text that is not UTF-8") from error

    def write(self, value: str, out: bytearray) -> None:
        try:
            self.blob.write(value.encode("utf-8"), out)
        except UnicodeEncodeError as error:
            raise Invalid("text that UTF-8 cannot write") from error

    def from_json(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Invalid(f"{value!r} is no text")
        return decode(self, encode(self, value))


class DigitCode:
    """A member code: six ASCII digits."""

    def checked(self, value: bytes) -> bytes:
        if len(value) != 6 or not value.isdigit():
            raise Invalid(f"{value!r} is no member code")
        return value

    def read(self, reader: Reader) -> bytes:
        return self.checked(reader.take(6))

    def write(self, value: bytes, out: bytearray) -> None:
        out += self.checked(value)

    def from_json(self, value: Any) -> bytes:
        if not isinstance(value, str) or not value.isascii():
            raise Invalid(f"{value!r} is no member code")
        return self.checked(value.encode("ascii"))


# -- values made of values ---------------------------------------------------------------------


def codec_of(hint: Any) -> Codec:
    """The codec that an annotation names: beside the type, or the type itself if it is a structure."""
    if get_origin(hint) is Annotated:
        return get_args(hint)[1]
    return hint


class Option:
    """`option T`; `null` or the value in JSON."""

    def __init__(self, hint: Any) -> None:
        self.codec = codec_of(hint)

    def read(self, reader: Reader) -> Any:
        present = reader.number(1)
        if present > 1:
            raise Invalid(f"an option byte of {present}")
        return self.codec.read(reader) if present else None

    def write(self, value: Any, out: bytearray) -> None:
        out.append(0 if value is None else 1)
        if value is not None:
            self.codec.write(value, out)

    def from_json(self, value: Any) -> Any:
        return None if value is None else self.codec.from_json(value)


class ListOf:
    """`list T (max n)`; an array in JSON."""

    def __init__(self, hint: Any, most: int) -> None:
        self.codec = codec_of(hint)
        self.most = most

    def read(self, reader: Reader) -> tuple[Any, ...]:
        read = self.codec.read
        return tuple([read(reader) for _ in range(reader.count(self.most))])

    def write(self, value: tuple[Any, ...], out: bytearray) -> None:
        if len(value) > self.most:
            raise Invalid(f"{len(value)} items, at most {self.most} allowed")
        out += len(value).to_bytes(4, "big")
        for item in value:
            self.codec.write(item, out)

    def from_json(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > self.most:
            raise Invalid(f"no array of at most {self.most} items")
        return tuple(self.codec.from_json(item) for item in value)


def check_names(what: str, value: Any, names: list[str]) -> None:
    """Fails unless `value` is a JSON object of exactly these names."""
    if not isinstance(value, dict):
        raise Invalid(f"{what}: no object of the names {', '.join(names)}")
    if missing := [name for name in names if name not in value]:
        raise Invalid(f"{what}: it has no {', '.join(missing)}")
    if others := [name for name in value if name not in names]:
        raise Invalid(f"{what}: it has names that are not its own: {others!r}")


class Structure:
    """Fields that follow one another in the order in which the class names them."""

    LAYOUT: ClassVar[tuple[tuple[str, Codec], ...]] = ()

    def check(self) -> None:
        """Fails if the fields are well formed and yet the whole is said to be invalid."""

    @classmethod
    def read(cls, reader: Reader) -> Self:
        value = cls(*[codec.read(reader) for _, codec in cls.LAYOUT])
        value.check()
        return value

    def write(self, out: bytearray) -> None:
        for name, codec in self.LAYOUT:
            codec.write(getattr(self, name), out)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        check_names(cls.__name__, value, [name for name, _ in cls.LAYOUT])
        read = []
        for name, codec in cls.LAYOUT:
            try:
                read.append(codec.from_json(value[name]))
            except Invalid as error:
                raise Invalid(f"{name}: {error}") from error
        made = cls(*read)
        made.check()
        return made

    def encode(self) -> bytes:
        return encode(type(self), self)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        return decode(cls, data)


@dataclass_transform(frozen_default=True)
def structure(cls: type) -> type:
    """Makes a dataclass of `cls` whose annotations are its layout."""
    made = dataclass(frozen=True, slots=True)(cls)
    made.LAYOUT = tuple((name, codec_of(hint)) for name, hint in cls.__annotations__.items())
    return made


class Choice:
    """A byte that says which structure follows.

    In JSON: `{"its_name": value}`, where the value of a structure of one field is that field, and of
    several fields an array of them.
    """

    def __init__(self, table: dict[int, type[Structure]]) -> None:
        self.table = table
        self.tags = {case: tag for tag, case in table.items()}

    def read(self, reader: Reader) -> Structure:
        tag = reader.number(1)
        if tag not in self.table:
            raise Invalid(f"no choice is numbered {tag}")
        return self.table[tag].read(reader)

    def write(self, value: Structure, out: bytearray) -> None:
        out.append(self.tags[type(value)])
        value.write(out)

    def from_json(self, value: Any) -> Structure:
        cases = {json_name(case): case for case in self.table.values()}
        if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in cases:
            raise Invalid(f"not exactly one of {', '.join(cases)}")
        [(name, inside)] = value.items()
        names = [field for field, _ in cases[name].LAYOUT]
        fields = [inside] if len(names) == 1 else inside
        if not isinstance(fields, list) or len(fields) != len(names):
            raise Invalid(f"{name} takes an array of {', '.join(names)}")
        return cases[name].from_json(dict(zip(names, fields)))


def json_name(case: type) -> str:
    """`AddMember` is `add_member` in JSON."""
    return "".join("_" + c.lower() if c.isupper() else c for c in case.__name__).lstrip("_")


U8 = Annotated[int, Integer(1)]
U16 = Annotated[int, Integer(2)]
U32 = Annotated[int, Integer(4)]
U64 = Annotated[int, Integer(8)]
U53 = Annotated[int, Integer(8, range(1 << 53))]
"""A `u64` below 2^53: every JSON reader reads such a number as the same one, and the one after it can be written."""
Height = Sequence = Time = LogSize = U53
"""The common types of section 1 that are bounded so, wherever they stand."""
ProtocolNumber = Annotated[int, Integer(2, range(1, 1 << 16))]
Hash = Annotated[bytes, Fixed(32)]
MemberCodeCodec = DigitCode()
MemberCode = Annotated[bytes, MemberCodeCodec]
