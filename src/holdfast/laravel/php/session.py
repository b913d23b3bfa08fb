"""A session's attributes, decoded one by one and written back as they were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Self

from holdfast.core.errors import FormatError
from holdfast.laravel.php.codec import Reader, open_reader
from holdfast.laravel.php.eager import dumps, dumps_key
from holdfast.laravel.php.opaque import Opaque
from holdfast.laravel.php.refs import check_references, rewrite, tied
from holdfast.laravel.php.values import CHECKED, DEFAULT_LIMITS, Key, Limits, Value, normal_key

_EMPTY = b"a:0:{}"


class SessionArray(MutableMapping[Key, Value]):
    """A PHP array read lazily: its keys at once, each value when it is asked for.

    A mapping in PHP's order (a new value keeps its key's place, a deleted key comes back at the
    end) with PHP's keys (``"5"`` is 5). Values are decoded once, so that ``attributes["cart"]``
    may be changed in place. Whatever was not changed is written back byte for byte, with all that
    PHP reads and would write otherwise: references, foreign float text, odd spellings, bytes after
    the array.

    ``SessionArray()`` is empty; `loads` makes one from bytes. Not safe for concurrent threads.
    """

    __slots__ = ("_assigned", "_data", "_duplicates", "_keys", "_references", "_stored", "_values")

    def __init__(self) -> None:
        self._data = _EMPTY
        # key -> where key and value begin and where the value ends
        self._stored: dict[Key, tuple[int, int, int]] = {}
        self._keys: dict[Key, None] = {}  # those that are there now, in their order
        self._values: dict[Key, Value] = {}
        self._assigned: set[Key] = set()
        self._duplicates = False
        self._references = False

    @classmethod
    def loads(
        cls, data: bytes | bytearray | memoryview, *, limits: Limits = DEFAULT_LIMITS
    ) -> Self:
        """Check a serialized array completely and note where its members are.

        Raises:
            FormatError: PHP would refuse the bytes too, a limit is exceeded, or the value is not
                an array.
        """
        reader = open_reader(data, limits)
        self = cls()
        self._data = reader.data
        try:
            if reader.data[0] != _EMPTY[0]:
                raise reader.expected("an array", 0)
            self._index(reader)
        except IndexError:
            raise reader.truncated() from None
        self._keys = dict.fromkeys(self._stored)
        if reader.references:
            self._references = True
            check_references(reader.data)
        return self

    def _index(self, reader: Reader) -> None:
        count = reader.enter(_EMPTY[0])
        stored = self._stored
        for _ in range(count):
            start = reader.pos
            key = reader.key()
            value = reader.pos
            reader.skip()
            stored[key] = (start, value, reader.pos)
        reader.close()
        self._duplicates = len(stored) != count

    def __getitem__(self, key: Key) -> Value:
        key = normal_key(key)
        if key in self._values:
            return self._values[key]
        if key not in self._keys:
            raise KeyError(key)
        value = self._read(key)
        self._values[key] = value
        return value

    def _read(self, key: Key) -> Value:
        return Reader(self._data, self._stored[key][1], CHECKED).decode()

    def __setitem__(self, key: Key, value: Value) -> None:
        key = normal_key(key)
        self._keys[key] = None
        self._values[key] = value
        self._assigned.add(key)

    def __delitem__(self, key: Key) -> None:
        key = normal_key(key)
        del self._keys[key]
        self._values.pop(key, None)
        self._assigned.discard(key)

    def __contains__(self, key: object) -> bool:
        return normal_key(key) in self._keys

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        """Size only: the keys and values may be secrets."""
        return f"<SessionArray of {len(self)}>"

    def raw(self, key: Key) -> bytes:
        """The serialized value as `dumps` would write it, without its key.

        In a session with references their numbers count from the payload that was read.

        Raises:
            KeyError: there is no such key.
            TypeError, FormatError: the value cannot be written, as in `dumps`.
        """
        key = normal_key(key)
        if key not in self._keys:
            raise KeyError(key)
        written = self._written(key)
        return self._old(key) if written is None else written

    def raws(self) -> dict[Key, bytes]:
        """The serialized value of every key, as :meth:`raw` gives it, in order."""
        spans = {key: span for key, span in self._stored.items() if key not in self._values}
        return {
            key: self._data[spans[key][1] : spans[key][2]] if key in spans else self.raw(key)
            for key in self._keys
        }

    @staticmethod
    def joined(members: Mapping[Key, bytes]) -> bytes:
        """The serialized array of serialized values, none of which holds a reference."""
        parts = [part for key, raw in members.items() for part in (dumps_key(key), raw)]
        return b"a:%d:{%b}" % (len(members), b"".join(parts))

    def tied(self) -> dict[Key, bytes]:
        """What was read under keys that PHP's references tie together or reach into.

        Returns:
            By key, the value with its references named by place, see `refs.tied`. To be asked of
            an array that was not changed.

        Raises:
            FormatError: the references cannot be followed, as in `dumps`.
        """
        if not self._references:
            return {}
        starts = {value: key for key, (_, value, _) in self._stored.items()}
        return {starts[begin]: spelled for begin, spelled in tied(self._data).items()}

    def _old(self, key: Key) -> bytes:
        _, start, end = self._stored[key]
        return self._data[start:end]

    def changed(self) -> bool:
        """Whether another array stands here than the one that was read, by value and order.

        Changes inside a list or dictionary that was handed out count. That PHP would spell the old
        bytes otherwise (``s:1:"5"`` as a key) does not.

        Raises:
            TypeError, FormatError: a value cannot be written, as in `dumps`.
        """
        return self._changes() is not None

    def dumps(self) -> bytes:
        """The serialized array; the very object that was read if nothing changed.

        Raises:
            TypeError: a value of a type that PHP has not.
            FormatError: a value that PHP cannot hold (see `holdfast.laravel.php.dumps`), a value
                with references under a key that it was not read from, or an edit of an array with
                references that cannot be expressed (see `holdfast.laravel.php.refs.rewrite`).
        """
        changes = self._changes()
        if changes is None:
            return self._data
        if self._references:
            if self._duplicates:
                raise FormatError(
                    "a session with references and a key written twice cannot be changed",
                    expected="each key once",
                    hint="let PHP save the session once, or delete it",
                )
            return rewrite(self._data, self._members(changes))
        parts = [b"a:%d:{" % len(self._keys)]
        for head, value in self._members(changes):
            parts.append(head)
            parts.append(self._data[value[0] : value[1]] if isinstance(value, tuple) else value)
        parts.append(b"}")
        return b"".join(parts)

    def _members(self, changes: dict[Key, bytes]) -> list[tuple[bytes, bytes | tuple[int, int]]]:
        """Each key as written and its value, new bytes or a span of the old ones."""
        members: list[tuple[bytes, bytes | tuple[int, int]]] = []
        for key in self._keys:
            if key in changes:
                members.append((dumps_key(key), changes[key]))
            else:
                start, value, end = self._stored[key]
                members.append((self._data[start:value], (value, end)))
        return members

    def _changes(self) -> dict[Key, bytes] | None:
        """The new bytes of each key that has another value now; None if nothing changed."""
        changes: dict[Key, bytes] = {}
        for key in self._values:
            written = self._written(key)
            if written is not None:
                changes[key] = written
        return changes if changes or list(self._keys) != list(self._stored) else None

    def _written(self, key: Key) -> bytes | None:
        """The new bytes of a value, None if the old ones still say it."""
        if key not in self._values:
            return None
        value = self._values[key]
        if key not in self._stored:
            return _member(value)
        if key not in self._assigned and not isinstance(value, dict):
            return None
        old = self._old(key)
        if isinstance(value, Opaque) and value.raw == old:
            return None
        written = _member(value)
        if written == old:
            return None
        before = self._read(key)
        if isinstance(before, Opaque):
            return written
        return None if written == dumps(before) else written


def _member(value: Value) -> bytes:
    # one array around it, as in the session: its depth counts, and references are refused
    return dumps([value])[len(b"a:1:{i:0;") : -1]
