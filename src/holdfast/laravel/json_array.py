"""A session's attributes under ``session.serialization = json`` (Laravel 9 and later).

As :class:`holdfast.laravel.php.SessionArray`: a lazy mapping whose untouched members are written back
as they stood. Values are what PHP's ``json_decode($text, true)`` makes: every array and object is a
``dict``. What is written is ``json_encode``'s default: slashes and non-ASCII escaped, a list where the
keys are 0, 1, 2, ... in order, no ``.0``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, MutableMapping
from typing import Any, Self

import msgspec

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Key, Value, float_text
from holdfast.laravel.php.values import INT_MAX, INT_MIN, normal_key

MAX_DEPTH = 512
"""Arrays inside each other, PHP's default for json_decode and json_encode."""

_NEW = b"[]"


class JsonArray(MutableMapping[Key, Value]):
    """See the module. ``JsonArray()`` is empty; :meth:`loads` makes one from bytes."""

    __slots__ = ("_data", "_members", "_stored", "_values")

    def __init__(self) -> None:
        self._data = _NEW
        self._stored: dict[Key, bytes] = {}
        self._members: dict[Key, bytes | None] = {}  # None: assigned, see _values
        self._values: dict[Key, Value] = {}

    @classmethod
    def loads(cls, data: bytes) -> Self:
        """Check a JSON text completely and note where its members are.

        Raises:
            FormatError: not JSON, deeper than MAX_DEPTH, or neither object nor array.
        """
        self = cls()
        self._data = data
        try:
            whole = msgspec.json.decode(data)
            if isinstance(whole, dict):
                members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
                self._stored = {normal_key(key): bytes(raw) for key, raw in members.items()}
            elif isinstance(whole, list):
                items = msgspec.json.decode(data, type=list[msgspec.Raw])
                self._stored = {number: bytes(raw) for number, raw in enumerate(items)}
            else:
                raise FormatError("the JSON is not an array", expected="a JSON object")
            _php(whole, MAX_DEPTH)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FormatError("not JSON", expected="a JSON object") from error
        except RecursionError as error:
            raise FormatError("the JSON is nested too deeply", expected="a session") from error
        self._members = dict(self._stored)
        return self

    def __getitem__(self, key: Key) -> Value:
        key = normal_key(key)
        raw = self._members[key]
        if key not in self._values:
            assert raw is not None
            self._values[key] = _php(msgspec.json.decode(raw), MAX_DEPTH)
        return self._values[key]

    def __setitem__(self, key: Key, value: Value) -> None:
        key = normal_key(key)
        self._members.setdefault(key, None)
        self._values[key] = value

    def __delitem__(self, key: Key) -> None:
        key = normal_key(key)
        del self._members[key]
        self._values.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return normal_key(key) in self._members

    def __iter__(self) -> Iterator[Key]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        """Size only: the keys and values may be secrets."""
        return f"<JsonArray of {len(self)}>"

    def raw(self, key: Key) -> bytes:
        """The JSON of one value as :meth:`dumps` would write it; raises as dumps does."""
        key = normal_key(key)
        stored = self._members[key]
        if key not in self._values:
            assert stored is not None
            return stored
        written = dumps(self._values[key])
        if stored is None:
            return written
        return stored if dumps(_php(msgspec.json.decode(stored), MAX_DEPTH)) == written else written

    def changed(self) -> bool:
        """Whether the attributes are others than those that were read, by value and order."""
        if list(self._members) != list(self._stored):
            return True
        return any(self.raw(key) != self._stored[key] for key in self._values)

    def dumps(self) -> bytes:
        """The JSON text; the very object that was read if nothing changed.

        Raises:
            FormatError: a value that JSON cannot hold (NaN, infinity, bytes that are not UTF-8);
                Laravel would lose the whole session without a word.
            TypeError: a value of a type that PHP's JSON has not.
        """
        if not self.changed():
            return self._data
        members = [(key, self.raw(key)) for key in self._members]
        if _is_list(self._members):
            return b"[" + b",".join(raw for _, raw in members) + b"]"
        return b"{" + b",".join(_string(str(key)) + b":" + raw for key, raw in members) + b"}"


def dumps(value: Value, depth: int = MAX_DEPTH) -> bytes:
    """``json_encode($value)`` with default flags; raises FormatError or TypeError."""
    match value:
        case None:
            return b"null"
        case bool():
            return b"true" if value else b"false"
        case int():
            if not INT_MIN <= value <= INT_MAX:
                raise FormatError("an integer that PHP cannot hold", expected="64 bits")
            return b"%d" % value
        case float():
            if not math.isfinite(value):
                raise FormatError("JSON has no NaN and no infinity", expected="a finite number")
            return float_text(value).lower().encode()
        case str():
            return _string(value)
        case bytes():
            raise FormatError("a string that is not UTF-8", expected="UTF-8")
        case dict() | list() | tuple():
            if depth == 0:
                raise FormatError("nested too deeply for JSON", expected=f"{MAX_DEPTH} levels")
            return _container(value, depth - 1)
    raise TypeError(f"JSON sessions cannot hold a {type(value).__name__}")


def _container(value: Any, depth: int) -> bytes:
    if isinstance(value, dict):
        if not _is_list(value):
            pairs = (_string(_text(key)) + b":" + dumps(v, depth) for key, v in value.items())
            return b"{" + b",".join(pairs) + b"}"
        value = value.values()
    return b"[" + b",".join(dumps(member, depth) for member in value) + b"]"


def _text(key: Key) -> str:
    if isinstance(key, bytes):
        raise FormatError("a key that is not UTF-8", expected="UTF-8")
    return str(normal_key(key))


def _string(text: str) -> bytes:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FormatError("a string that is not Unicode", expected="no lone surrogate") from error
    # PHP leaves DEL as it is, Python's encoder escapes it.
    parts = (json.dumps(part)[1:-1] for part in text.split("\x7f"))
    return b'"' + "\x7f".join(parts).replace("/", "\\/").encode() + b'"'


def _is_list(array: Any) -> bool:
    return all(key == number for number, key in enumerate(array))


def _php(value: Any, depth: int) -> Value:
    """What PHP makes of decoded JSON: arrays for all containers, floats for too long integers."""
    if isinstance(value, dict | list):
        if depth == 0:
            raise FormatError("the JSON is nested too deeply", expected=f"{MAX_DEPTH} levels")
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {normal_key(key): _php(member, depth - 1) for key, member in items}
    if isinstance(value, int) and not isinstance(value, bool) and not INT_MIN <= value <= INT_MAX:
        return float(value)
    return value  # type: ignore[no-any-return]
