"""What a PHP value is in Python, and how PHP spells floats and array keys."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

from holdfast.core.errors import FormatError

if TYPE_CHECKING:
    from holdfast.laravel.php.opaque import Opaque

Key: TypeAlias = int | str | bytes
"""Key of a PHP array; bytes only where it is not valid UTF-8."""

Value: TypeAlias = (
    "bool | int | float | str | bytes | Opaque"
    " | dict[Key, Value] | dict[str, Value] | list[Value] | tuple[Value, ...] | None"
)
"""A PHP value. Reading gives a ``dict`` for every array (an empty one cannot tell what it is);
writing takes lists and tuples too. ``bytes`` stand for strings that are not valid UTF-8."""

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1

_FLOAT = re.compile(r"(?:NAN|-?INF|[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a payload may ask for before it is refused with `FormatError`.

    Attributes:
        max_bytes: length of the whole input. A session is some kilobytes; 16 MiB leaves room for
            the worst one and keeps a hostile one from filling the memory.
        max_depth: arrays and objects inside each other; PHP's own ``unserialize_max_depth``.
        max_elements: members of all arrays and objects together.
    """

    max_bytes: int = 16 * 1024 * 1024
    max_depth: int = 4096
    max_elements: int = 1_000_000


DEFAULT_LIMITS = Limits()
CHECKED = Limits(INT_MAX, INT_MAX, INT_MAX)
"""For bytes that have been checked against the caller's limits before."""
WRITABLE = Limits(INT_MAX, DEFAULT_LIMITS.max_depth, INT_MAX)
"""What PHP will read again, whatever its size."""


class PhpFloat(float):
    """A float whose text is not the one that PHP 8 would write, such as ``0.10000000000000001``.

    It comes from a PHP with ``serialize_precision=17`` and is written again as it was read.

    Raises:
        FormatError: `text` is not a number as PHP reads it.
    """

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:  # noqa: D102 - the class says it
        if not _FLOAT.fullmatch(text):
            raise FormatError("not a float as PHP spells it", expected="a float")
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]  # copies are made from text
        return (self.text,)


class PropertyName(NamedTuple):
    """A property's name taken apart: ``visibility`` is public, protected or private.

    ``class_name`` is the class that declares a private property and empty otherwise.
    """

    visibility: str
    class_name: Key
    name: Key


def split_property_name(key: Key) -> PropertyName:
    r"""Take ``\0*\0name`` or ``\0Class\0name`` apart; any other key is a public name.

    Raises:
        FormatError: the key begins with NUL and has no second one.
    """
    text: Any = key  # str and bytes are cut the same way
    nul: Any = b"\0" if isinstance(key, bytes) else "\0"
    if isinstance(key, int) or not text.startswith(nul):
        return PropertyName("public", "", key)
    owner, found, name = text[1:].partition(nul)
    if not found:
        raise FormatError("a property name with one NUL only", expected="a second NUL")
    if owner in ("*", b"*"):
        return PropertyName("protected", "", name)
    return PropertyName("private", owner, name)


def as_list(value: Value) -> list[Value]:
    """The members of a list-like array (keys 0, 1, 2, ... in this order), as a new list.

    Raises:
        FormatError: the value is no array, or one with other keys.
    """
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, dict) and all(
        type(key) is int and key == n for n, key in enumerate(value)
    ):
        return list(value.values())
    raise FormatError("a PHP value is not a list", expected="an array with the keys 0, 1, 2, ...")


def normal_key(key: object) -> Key:
    """The key that PHP would use: ``"5"`` is 5, bytes that are UTF-8 are text.

    Raises:
        TypeError: not an int, str or bytes; in particular bool, float and None, which PHP would
            turn into something that equals another key in Python.
        FormatError: an integer that does not fit into 64 bits.
    """
    if type(key) is str:
        return _number_or_name(key)
    if isinstance(key, bytes | bytearray):
        try:
            return _number_or_name(key.decode())
        except UnicodeDecodeError:
            return bytes(key)
    if isinstance(key, int) and not isinstance(key, bool):
        if INT_MIN <= key <= INT_MAX:
            return int(key)
        raise FormatError("an array key outside 64 bits", expected="a 64-bit integer")
    if isinstance(key, str):
        return _number_or_name(str.__str__(key))
    raise TypeError(f"a PHP array has no {type(key).__name__} keys; use int, str or bytes")


def _number_or_name(key: str) -> int | str:
    # ASCII digits only: str.isdigit() takes others, which int() would read.
    first = key[:1]
    if not ("0" <= first <= "9" or first == "-") or len(key) > 20:
        return key
    if key == "0":
        return 0
    digits = key[1:] if first == "-" else key
    if not (digits.isascii() and digits.isdigit()) or digits[0] == "0":
        return key
    number = int(key)
    return number if INT_MIN <= number <= INT_MAX else key


def text_of(data: bytes) -> str | bytes:
    """Text, or the bytes themselves where they are not valid UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def php_int(text: bytes) -> int:
    """What PHP reads: a number beyond 64 bits is the last one on that side."""
    if len(text) < 19:
        return int(text)
    digits = text.lstrip(b"+-").lstrip(b"0")
    sign = -1 if text[:1] == b"-" else 1
    if len(digits) > 19:
        return INT_MIN if sign < 0 else INT_MAX
    return max(INT_MIN, min(INT_MAX, sign * int(digits or b"0")))


def float_text(number: float) -> str:
    """The text that PHP writes with ``serialize_precision=-1``, its default since 7.1."""
    text = repr(float(number))
    mantissa, found, exponent = text.partition("e")
    if not found:
        if text.endswith(".0"):
            return text[:-2]
        return _NOT_FINITE.get(text, text)
    if exponent == "+16":
        # PHP goes over to exponents one power of ten later than Python
        digits = mantissa.replace(".", "")
        return digits.ljust(18 if digits[0] == "-" else 17, "0")
    if "." not in mantissa:
        mantissa += ".0"
    return f"{mantissa}E{exponent[0]}{exponent[1:].lstrip('0')}"


_NOT_FINITE = {"inf": "INF", "-inf": "-INF", "nan": "NAN"}
