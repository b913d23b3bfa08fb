"""Whole values: bytes to Python at once, and Python to bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.core.errors import FormatError
from holdfast.laravel.php.codec import Reader, open_reader
from holdfast.laravel.php.opaque import Opaque
from holdfast.laravel.php.refs import check_references
from holdfast.laravel.php.values import (
    DEFAULT_LIMITS,
    INT_MAX,
    INT_MIN,
    WRITABLE,
    Key,
    Limits,
    PhpFloat,
    Value,
    float_text,
    normal_key,
)


def loads(data: bytes | bytearray | memoryview, *, limits: Limits = DEFAULT_LIMITS) -> Value:
    """Read a whole payload; what follows the value is ignored, as PHP 8 does.

    `dumps` gives the same bytes back for everything that PHP wrote. Of what PHP reads and would
    write otherwise, single values come back too; odd spellings of array keys and counts do not
    (`SessionArray` keeps these). An array that holds references is `Opaque`.

    Raises:
        FormatError: PHP would refuse the bytes too, or a limit is exceeded.
    """
    reader = open_reader(data, limits)
    try:
        value = reader.decode()
    except IndexError:
        raise reader.truncated() from None
    if reader.references:
        check_references(reader.data)
    return value


def dumps(value: Value) -> bytes:
    """Write a value as PHP 8 does with its default ``serialize_precision`` of -1.

    Lists and tuples become arrays with the keys 0, 1, 2, ...; keys are normalised as PHP does.

    Raises:
        TypeError: a type that PHP has not, as a value or as a key.
        FormatError: an integer beyond 64 bits, text with a lone surrogate, nesting beyond 4,096
            (also that of a container that holds itself), or an `Opaque` with references inside
            another container, where their numbers mean nothing.
    """
    parts: list[bytes] = []
    open_arrays: list[Iterator[tuple[Key, Any]]] = []
    while True:
        if isinstance(value, dict | list | tuple) and value:
            if len(open_arrays) == WRITABLE.max_depth:
                raise FormatError(
                    "a value is nested too deeply for PHP",
                    expected=f"nesting of at most {WRITABLE.max_depth}",
                )
            members = _members(value)
            parts.append(b"a:%d:{" % len(members))
            open_arrays.append(iter(members.items()))
        else:
            parts.append(_scalar(value, len(open_arrays)))
        while open_arrays:
            member = next(open_arrays[-1], None)
            if member is not None:
                parts.append(dumps_key(member[0]))
                value = member[1]
                break
            open_arrays.pop()
            parts.append(b"}")
        else:
            return b"".join(parts)


def dumps_key(key: Key) -> bytes:
    """Write a normalised array key."""
    return _int(key) if isinstance(key, int) else _string(key)


def _members(array: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> dict[Key, Any]:
    if isinstance(array, dict):
        return {normal_key(key): value for key, value in array.items()}
    return dict(enumerate(array))


def _scalar(value: Any, depth: int) -> bytes:
    if isinstance(value, str | bytes | bytearray):
        return _string(value)
    if isinstance(value, bool):
        return b"b:1;" if value else b"b:0;"
    if isinstance(value, int):
        return _int(value)
    if value is None:
        return b"N;"
    if isinstance(value, float):
        text = value.text if isinstance(value, PhpFloat) else float_text(value)
        return b"d:%b;" % text.encode()
    if isinstance(value, Opaque):
        return _opaque(value, depth)
    if isinstance(value, dict | list | tuple):
        return b"a:0:{}"
    raise TypeError(f"PHP has no {type(value).__name__}; convert it to plain data first")


def _int(number: int) -> bytes:
    if INT_MIN <= number <= INT_MAX:
        return b"i:%d;" % number
    raise FormatError("an integer does not fit into PHP", expected="a 64-bit integer")


def _string(text: str | bytes | bytearray) -> bytes:
    data = text
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError:
            raise FormatError(
                "text with a lone surrogate cannot be stored", expected="text that UTF-8 can hold"
            ) from None
    return b's:%d:"%b";' % (len(data), bytes(data))


def _opaque(value: Opaque, depth: int) -> bytes:
    reader = Reader(value.raw, 0, WRITABLE)
    reader.depth = depth
    reader.skip()
    if reader.references and depth:
        raise FormatError(
            "an opaque value with references cannot be moved into another container",
            expected="a value without r: and R:",
            hint="store plain data instead, or leave the value where PHP put it",
        )
    return value.raw
