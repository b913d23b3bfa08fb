"""A session's attributes under ``session.serialization = json`` (Laravel 9 and later).

As :class:`holdfast.laravel.php.SessionArray`: a lazy mapping whose untouched members are written
back as they stood. Values are what PHP's ``json_decode($text, true)`` makes: every array and object
is a ``dict``. What is written is ``json_encode``'s default: slashes and non-ASCII escaped, a list
where the keys are 0, 1, 2, ... in order, no ``.0``.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Self

import msgspec

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Key, Value, float_text
from holdfast.laravel.php.values import INT_MAX, INT_MIN, normal_key, text_of

MAX_DEPTH = 511
"""Arrays inside each other that PHP's json_decode reads; json_encode would write one more."""

_NEW = b"[]"
_NOT_AN_ARRAY = "a JSON object or array"


class JsonArray(MutableMapping[Key, Value]):
    """See the module. ``JsonArray()`` is empty; :meth:`loads` makes one from bytes."""

    __slots__ = ("_data", "_keys", "_stored", "_values")

    def __init__(self) -> None:
        self._data = _NEW
        self._stored: dict[Key, bytes] = {}
        self._keys: dict[Key, None] = {}  # those that are there now, in their order
        self._values: dict[Key, Value] = {}

    @classmethod
    def loads(cls, data: bytes) -> Self:
        """Check a JSON text completely and note where its members are.

        Raises:
            FormatError: PHP would refuse the text too, it is neither object nor array, or it has a
                number beyond all floats, which PHP reads as infinite and cannot write again.
        """
        if not isinstance(loads(data), dict):
            raise FormatError("the JSON is not an array", expected=_NOT_AN_ARRAY)
        self = cls()
        self._data = data
        members = msgspec.json.decode(data, type=dict[str, msgspec.Raw] | list[msgspec.Raw])
        items = members.items() if isinstance(members, dict) else enumerate(members)
        self._stored = {normal_key(key): bytes(raw) for key, raw in items}
        self._keys = dict.fromkeys(self._stored)
        return self

    def __getitem__(self, key: Key) -> Value:
        key = normal_key(key)
        if key in self._values:
            return self._values[key]
        if key not in self._keys:
            raise KeyError(key)
        value = loads(self._stored[key])
        self._values[key] = value
        return value

    def __setitem__(self, key: Key, value: Value) -> None:
        key = normal_key(key)
        self._keys[key] = None
        self._values[key] = value

    def __delitem__(self, key: Key) -> None:
        key = normal_key(key)
        del self._keys[key]
        self._values.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return normal_key(key) in self._keys

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        """Size only: the keys and values may be secrets."""
        return f"<JsonArray of {len(self)}>"

    def raw(self, key: Key) -> bytes:
        """The JSON of one value as :meth:`dumps` would write it.

        Raises:
            KeyError: there is no such key.
            TypeError, FormatError: the value cannot be written, as in `dumps`.
        """
        key = normal_key(key)
        if key not in self._keys:
            raise KeyError(key)
        stored = self._stored.get(key)
        if key not in self._values and stored is not None:
            return stored
        written = dumps(self._values[key], MAX_DEPTH - 1)
        return stored if stored is not None and dumps(loads(stored)) == written else written

    def raws(self) -> dict[Key, bytes]:
        """The JSON of every value, as :meth:`raw` gives it, in order."""
        return {key: self.raw(key) for key in self._keys}

    @staticmethod
    def joined(members: Mapping[Key, bytes]) -> bytes:
        """The JSON of an array of values that are JSON already."""
        if _is_list(members):
            return b"[" + b",".join(members.values()) + b"]"
        return b"{" + b",".join(_name(key) + raw for key, raw in members.items()) + b"}"

    def changed(self) -> bool:
        """Whether the attributes are others than those that were read, by value and order.

        Raises:
            TypeError, FormatError: a value cannot be written, as in `dumps`.
        """
        if list(self._keys) != list(self._stored):
            return True
        return any(self.raw(key) != self._stored[key] for key in self._values)

    def dumps(self) -> bytes:
        """The JSON text; the very object that was read if nothing changed.

        Raises:
            FormatError: a value that JSON cannot hold (NaN, infinity, bytes that are not UTF-8, too
                deep); Laravel would lose the whole session without a word.
            TypeError: a value of a type that PHP's JSON has not.
        """
        if not self.changed():
            return self._data
        return self.joined(self.raws())


def loads(data: bytes) -> Value:
    """``json_decode($data, true)``: a dict for every array and object, with PHP's keys.

    Raises:
        FormatError: PHP would refuse the text too, or a number is beyond all floats.
    """
    refused = "not JSON"
    try:
        return _php(msgspec.json.decode(data))
    except (msgspec.ValidationError, OverflowError):
        refused = "the JSON has a number beyond all floats"
    except RecursionError:
        refused = "the JSON is nested too deeply"
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    # Raised here, with nothing chained: the decoder's errors may hold the text.
    raise FormatError(refused, expected="JSON as PHP writes it")


def dumps(value: Value, depth: int = MAX_DEPTH) -> bytes:
    """``json_encode($value)`` with default flags.

    Args:
        value: anything but objects; keys are normalised as PHP does.
        depth: how many arrays may stand inside each other.

    Raises:
        FormatError: a value that JSON or PHP cannot hold, or deeper than that.
        TypeError: a type that PHP's JSON has not, as a value or as a key.
    """
    parts: list[bytes] = []
    open_arrays: list[tuple[Iterator[tuple[bytes, Any]], bytes]] = []
    while True:
        if isinstance(value, dict | list | tuple):
            if len(open_arrays) == depth:
                raise FormatError("nested too deeply for JSON", expected=f"{MAX_DEPTH} levels")
            opening, members, closing = _members(value)
            parts.append(opening)
            open_arrays.append((iter(members), closing))
        else:
            parts.append(_scalar(value))
        while open_arrays:
            members_left, closing = open_arrays[-1]
            member = next(members_left, None)
            if member is not None:
                parts.append(member[0])
                value = member[1]
                break
            open_arrays.pop()
            parts.append(closing)
        else:
            return b"".join(parts)


def _members(array: Any) -> tuple[bytes, list[tuple[bytes, Any]], bytes]:
    """An array's opening, what stands before each value with that value, and its closing."""
    items = array.items() if isinstance(array, dict) else enumerate(array)
    members = {normal_key(key): value for key, value in items}
    if _is_list(members):
        named = [(b",", value) for value in members.values()]
        opening, closing = b"[", b"]"
    else:
        named = [(b"," + _name(key), value) for key, value in members.items()]
        opening, closing = b"{", b"}"
    if named:
        named[0] = (named[0][0][1:], named[0][1])
    return opening, named, closing


def _is_list(array: Mapping[Key, Any]) -> bool:
    return all(key == number for number, key in enumerate(array))


def _name(key: Key) -> bytes:
    """A normalised key as a member's name, with the colon."""
    return _string(key if isinstance(key, str | bytes) else str(key)) + b":"


def _scalar(value: Any) -> bytes:
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
        case str() | bytes() | bytearray():
            return _string(value)
    raise TypeError(f"JSON sessions cannot hold a {type(value).__name__}")


def _string(text: str | bytes | bytearray) -> bytes:
    if not isinstance(text, str):
        text = text_of(bytes(text))
    if isinstance(text, bytes):
        raise FormatError("a string that is not UTF-8", expected="UTF-8")
    if _has_lone_surrogate(text):
        raise FormatError("text with a lone surrogate", expected="text that UTF-8 can hold")
    # PHP leaves DEL as it is, Python's encoder escapes it.
    written = "\x7f".join(json.dumps(part)[1:-1] for part in text.split("\x7f"))
    return b'"' + written.replace("/", "\\/").encode() + b'"'


def _has_lone_surrogate(text: str) -> bool:
    # Nothing is chained: the error would hold the text.
    with contextlib.suppress(UnicodeEncodeError):
        text.encode()
        return False
    return True


def _php(value: Any) -> Value:
    """What PHP makes of decoded JSON: arrays for all containers, floats for too long integers."""
    top: dict[Key, Any] = {0: value}
    level = [top]
    # One level after the other: Python's stack would not bear MAX_DEPTH.
    for _ in range(MAX_DEPTH + 1):
        below: list[dict[Key, Any]] = []
        for array in level:
            for key, member in array.items():
                if isinstance(member, dict | list):
                    items = member.items() if isinstance(member, dict) else enumerate(member)
                    array[key] = {normal_key(name): inner for name, inner in items}
                    below.append(array[key])
                elif type(member) is int and not INT_MIN <= member <= INT_MAX:
                    array[key] = float(member)
        if not below:
            break
        level = below
    else:
        raise FormatError("the JSON is nested too deeply", expected=f"{MAX_DEPTH} levels")
    decoded: Value = top[0]
    return decoded
