"""The functions that configuration files call, as far as their results can be known from here.

A function takes plain values and gives one (``operators.Plain``); Undecidable for arguments with
which its result is not sure. What it is told of where the project lies is in ``Paths``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from holdfast.laravel.names import slug, snake
from holdfast.project.operators import (
    Plain,
    equal,
    floating,
    identical,
    integer,
    limited,
    plain,
    text,
    truth,
)
from holdfast.project.values import Array, Key, Known, Source, Undecidable, Unknown, Value

Function = Callable[..., Plain]

_ELEMENT = Source(())
_TRIMMED = " \t\n\r\0\x0b"
# What laravel/names.py transliterates exactly as Laravel does.
_EXACT = re.compile(r"[\0-\u017f\u0218-\u021b\u1ea0-\u1ef9\u2000-\u206f€]*")


class Paths(msgspec.Struct, frozen=True):
    """Where Laravel believes its directories to be.

    Args:
        base: absolute, the project's directory.
        storage, database: Unknown where the application moves them by code.
        major: of the framework; the joining of paths changed.
    """

    base: str
    storage: str | Unknown
    database: str | Unknown
    major: int

    def joined(self, root: str, path: Plain = "") -> str:
        """A path below a directory (``Application::joinPaths``, before it plain concatenation)."""
        below = text(path)
        if below == "0":
            raise Undecidable("the path 0")
        if below.startswith("/") and self.major >= 9:
            if self.major <= 10:
                raise Undecidable("how this release joins a path that starts with a slash")
            below = below.lstrip("/")
        return f"{root}/{below}" if below else root


def _slug(title: Plain, separator: Plain = "-") -> str:
    name = text(title)
    if not _EXACT.fullmatch(name):
        raise Undecidable("Laravel transliterates this script by a table that Holdfast has not")
    if separator == "_":
        return slug(name, "_")
    if separator == "-":
        return slug(name, "-")
    raise Undecidable("a separator other than - and _")


def _snake(value: Plain, delimiter: Plain = "_") -> str:
    if delimiter != "_":
        raise Undecidable("a delimiter other than _")
    if not isinstance(value, str | None):
        # Laravel keeps results by the value as an array's key: false finds that of "0".
        raise Undecidable("snake() of what is no text")
    return snake(text(value))


def _ascii(value: Plain) -> str:
    word = text(value)
    if not word.isascii():
        raise Undecidable("letters beyond ASCII")
    return word


def _trim(side: Callable[[str, str], str]) -> Function:
    def trim(value: Plain, characters: Plain = _TRIMMED) -> str:
        if ".." in text(characters):
            raise Undecidable("a range of characters")
        return side(text(value), text(characters))

    return trim


def _array(value: Plain) -> Array:
    if not isinstance(value, Array):
        raise Undecidable("not an array")
    if value.rest:
        raise Undecidable(value.rest.why)
    return value


def _list(values: Sequence[Plain]) -> Array:
    return Array({index: Known(value, _ELEMENT) for index, value in enumerate(values)})


def _explode(separator: Plain, value: Plain) -> Array:
    if not text(separator):
        raise Undecidable("an empty separator")
    return _list(text(value).split(text(separator)))


def _implode(separator: Plain, values: Plain) -> str:
    words = [text(plain(element)) for element in _array(values).items.values()]
    return limited(text(separator).join(words))


def _array_filter(values: Plain) -> Array:
    items = _array(values).items
    return Array({name: value for name, value in items.items() if truth(plain(value))})


def _array_map(callback: Plain, values: Plain) -> Array:
    function = FUNCTIONS.get(callback.lower()) if isinstance(callback, str) else None
    if function is None:
        raise Undecidable("this callback")
    items = _array(values).items
    return Array({name: Known(function(plain(v)), _ELEMENT) for name, v in items.items()})


def _array_merge(*arrays: Plain) -> Array:
    items: dict[Key, Value] = {}
    for array in arrays:
        if isinstance(array, Array) and array.rest and array is not arrays[0]:
            raise Undecidable(array.rest.why)
        if not isinstance(array, Array):
            raise Undecidable("not an array")
        for name, value in array.items.items():
            items[sum(isinstance(k, int) for k in items) if isinstance(name, int) else name] = value
    first = arrays[0] if arrays else None
    return Array(items, first.rest if isinstance(first, Array) else None)


def _in_array(needle: Plain, values: Plain, strict: Plain = False) -> bool:
    same = identical if truth(strict) else equal
    return any(same(needle, plain(value)) for value in _array(values).items.values())


def _dirname(path: Plain) -> str:
    name = text(path)
    if not re.fullmatch(r"(/[^/]+){2,}", name):
        raise Undecidable("the directory of this path")
    return name.rpartition("/")[0]


def _replace(search: Plain, replacement: Plain, subject: Plain) -> str:
    if not text(search):
        raise Undecidable("an empty search")
    return limited(text(subject).replace(text(search), text(replacement)))


def _extreme(choose: Callable[..., int]) -> Function:
    def chosen(*values: Plain) -> int:
        if len(values) < 2 or not all(type(value) is int for value in values):
            raise Undecidable("not several whole numbers")
        return choose(values)

    return chosen


FUNCTIONS: Final[dict[str, Function]] = {
    "array_filter": _array_filter,
    "array_map": _array_map,
    "array_merge": _array_merge,
    "array_replace": lambda first, second: Array({**_array(first).items, **_array(second).items}),
    "array_values": lambda values: Array(dict(enumerate(_array(values).items.values()))),
    "boolval": truth,
    "count": lambda values: len(_array(values).items),
    "dirname": _dirname,
    "explode": _explode,
    "floatval": floating,
    "implode": _implode,
    "in_array": _in_array,
    "intval": integer,
    "is_array": lambda value: isinstance(value, Array),
    "is_bool": lambda value: isinstance(value, bool),
    "is_int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "is_null": lambda value: value is None,
    "is_string": lambda value: isinstance(value, str),
    "join": _implode,
    "ltrim": _trim(str.lstrip),
    "max": _extreme(max),
    "min": _extreme(min),
    "rtrim": _trim(str.rstrip),
    "str_contains": lambda whole, part: text(part) in text(whole),
    "str_ends_with": lambda whole, part: text(whole).endswith(text(part)),
    "str_replace": _replace,
    "str_starts_with": lambda whole, part: text(whole).startswith(text(part)),
    "strlen": lambda value: len(text(value).encode()),
    "strtolower": lambda value: _ascii(value).lower(),
    "strtoupper": lambda value: _ascii(value).upper(),
    "strval": text,
    "trim": _trim(str.strip),
}
"""PHP's, by their names in lower case."""

METHODS: Final[dict[str, Function]] = {
    "illuminate\\support\\str::slug": _slug,
    "illuminate\\support\\str::snake": _snake,
    "illuminate\\support\\str::lower": lambda value: _ascii(value).lower(),
    "illuminate\\support\\str::upper": lambda value: _ascii(value).upper(),
}
"""Laravel's, by class and method in lower case."""

DIRECTORIES: Final = {
    "app_path": "app",
    "base_path": "",
    "config_path": "config",
    "public_path": "public",
    "resource_path": "resources",
}
"""Laravel's helpers that give a directory of the project, beside storage and database."""

CONSTANTS: Final[dict[str, Plain]] = {
    "php_eol": "\n",
    "directory_separator": "/",
    "php_int_max": 2**63 - 1,
    "php_int_size": 8,
    "true": True,
    "false": False,
    "null": None,
}
"""PHP's on 64-bit Linux, by their names in lower case."""

CLASS_CONSTANTS: Final[dict[str, Plain]] = {
    "redis::SERIALIZER_NONE": 0,
    "redis::SERIALIZER_PHP": 1,
    "redis::SERIALIZER_IGBINARY": 2,
    "redis::SERIALIZER_MSGPACK": 3,
    "redis::SERIALIZER_JSON": 4,
    "redis::COMPRESSION_NONE": 0,
    "redis::COMPRESSION_LZF": 1,
    "redis::COMPRESSION_ZSTD": 2,
    "redis::COMPRESSION_LZ4": 3,
    "symfony\\component\\httpfoundation\\cookie::SAMESITE_NONE": "none",
    "symfony\\component\\httpfoundation\\cookie::SAMESITE_LAX": "lax",
    "symfony\\component\\httpfoundation\\cookie::SAMESITE_STRICT": "strict",
}
"""Those of phpredis and Symfony that a session's settings use: class in lower case, constant."""
