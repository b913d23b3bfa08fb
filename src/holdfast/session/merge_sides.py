"""What a merge looks at: sessions as values that are spelled, looked into where they differ."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from types import ModuleType
from typing import Any

from holdfast.laravel import json_array, php
from holdfast.laravel.json_array import JsonArray
from holdfast.laravel.payload import Attributes
from holdfast.laravel.php import Key, SessionArray, Value
from holdfast.laravel.php.values import normal_key
from holdfast.session.merge_authentication import (
    CONFIRMED,
    LOGIN,
    PASSWORD,
    TOKEN,
    is_login,
)

MAX_DEPTH = 32
"""Arrays inside each other that are merged member by member; what lies deeper is one value."""

FLASH = "_flash"

Members = Mapping[Key, bytes]


class Spelling:
    """How the values of one merge are written: by PHP's ``serialize`` or as JSON.

    No value is taken apart twice. What `split` gives is not to be changed.
    """

    def __init__(self, kind: type[Attributes]) -> None:
        self.join = kind.joined
        self._kind = kind
        self._values: ModuleType = json_array if issubclass(kind, JsonArray) else php
        self._opening = b"[{" if issubclass(kind, JsonArray) else b"a"
        self._split: dict[bytes, dict[Key, bytes]] = {}

    def loads(self, value: bytes) -> Value:
        """The value."""
        loaded: Value = self._values.loads(value)
        return loaded

    def dumps(self, value: Value) -> bytes:
        """As it is spelled."""
        spelled: bytes = self._values.dumps(value)
        return spelled

    def split(self, value: bytes | None) -> dict[Key, bytes] | None:
        """The members of an array; None: it is none."""
        if value is None or value[0] not in self._opening:
            return None
        if value not in self._split:
            self._split[value] = self._kind.loads(value).raws()
        return self._split[value]

    def read(self, members: Members, name: str, whole: AbstractSet[Key]) -> bytes | None:
        """The value at a dotted key, found as `dots.read` does; all of what is not to be split."""
        literal = normal_key(name)
        if literal in members:
            return members[literal]
        first, *path = (normal_key(part) for part in name.split("."))
        value = members.get(first)
        for key in () if first in whole else path:
            value = (self.split(value) or {}).get(key)
        return value


class Side:
    """One of the three sessions.

    Attributes:
        tied: the keys that PHP's references tie together. Their values are spelled with the
            references named by place, so that those of two payloads can be compared.
        members: every value as it is spelled, by its top-level key.
    """

    def __init__(self, attributes: Attributes, spelling: Spelling) -> None:
        tied = _tied(attributes)
        if tied:
            # Places are those in the bytes that were read: what was changed must be in these.
            attributes = type(attributes).loads(attributes.dumps())
            tied = _tied(attributes)
        self.attributes = attributes
        self.spelling = spelling
        self.tied = tied.keys()
        self.members = {**attributes.raws(), **tied}

    def read(self, name: str) -> bytes | None:
        """The value at a dotted key."""
        return self.spelling.read(self.members, name, self.tied)

    def flashed(self, which: str) -> list[str]:
        """The names in ``old`` or ``new``."""
        names = {} if FLASH in self.tied else self.spelling.split(self.members.get(FLASH)) or {}
        listed: Any = self.spelling.loads(names[which]) if which in names else None
        values = listed.values() if isinstance(listed, dict) else ()
        return [name for name in values if isinstance(name, str)]

    def authentication(self) -> dict[str, bytes]:
        """Who is logged in and what belongs to it, by dotted keys."""
        found: dict[str, bytes] = {}
        for key, value in self.members.items():
            if not isinstance(key, str) or key in self.tied:
                continue
            if key in (TOKEN, CONFIRMED):
                found[key] = value
            elif key.startswith((LOGIN, PASSWORD)):
                self._find_guards(key, value, found)
        return found

    def _find_guards(
        self, path: str, value: bytes, found: dict[str, bytes], depth: int = 1
    ) -> None:
        # Where a guard has a dot in its name, put() makes arrays of its keys, in Laravel too.
        members = None
        if depth < MAX_DEPTH and not is_login(path):
            members = self.spelling.split(value)
        for key, member in (members or {}).items():
            self._find_guards(f"{path}.{key_name(key)}", member, found, depth + 1)
        if members is None and (is_login(path) or path.startswith(PASSWORD)):
            found[path] = value


def key_name(key: Key) -> str:
    """A key as part of a dotted one."""
    return key.decode(errors="backslashreplace") if isinstance(key, bytes) else str(key)


def _tied(attributes: Attributes) -> dict[Key, bytes]:
    return attributes.tied() if isinstance(attributes, SessionArray) else {}
