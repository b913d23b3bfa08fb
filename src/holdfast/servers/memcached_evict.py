"""A memcached that runs out of memory, for rehearsals: what its LRU does to sessions.

memcached keeps items of about one size in pages of their own and evicts within a size, so the junk
that is written has the sizes of what is there (memcached 1.6, doc/protocol.txt).
"""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.ports import LOOPBACK

LEAST_MEGABYTES = 8
"""The least that memcached takes for its limit while it runs."""

MOST_JUNK_BYTES = 64 * 1024 * 1024
_OVERHEAD = 60
"""Bytes of an item beside key and value: header, CAS, ends of lines."""

_AT_ONCE = 1000
_SECONDS = 30.0
_POLL_SECONDS = 0.05


class _Item(NamedTuple):
    key: bytes
    size: int


def evict(port: int, part: float = 0.5) -> int:
    """Let a memcached of our own run out of memory until it has evicted ``part`` of its items, or
    has taken :data:`MOST_JUNK_BYTES` of junk; then give it back what it had. Blocks.

    Args:
        port: on loopback.
        part: of the items that are there, from 0 to 1.

    Returns:
        How many of the items that were there are gone.

    Raises:
        EnvironmentLacking: it does not answer, or not as memcached 1.6 does.
    """
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_SECONDS) as connection:
            return _evict(_Memcached(connection), part)
    except (OSError, ValueError) as error:
        raise EnvironmentLacking(
            f"memcached on port {port} did not answer as memcached 1.6 does ({error})",
            hint="install memcached 1.6 or newer",
        ) from error


def _evict(memcached: _Memcached, part: float) -> int:
    had = memcached.items()
    keys = [item.key for item in had]
    goal = math.ceil(part * len(had))
    written: list[bytes] = []
    junk_bytes = gone = 0
    with memcached.little_memory():
        for size in cycle({item.size for item in had}):
            names = [b"holdfast:junk:%d" % (len(written) + number) for number in range(_AT_ONCE)]
            memcached.store(names, size)
            written += names
            junk_bytes += _AT_ONCE * size
            gone = memcached.missing(keys)
            if gone >= goal or junk_bytes > MOST_JUNK_BYTES:
                break
    memcached.delete(written)
    return gone


class _Memcached:
    """What is needed of the text protocol, on one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb")

    def items(self) -> list[_Item]:
        """Every item with its size in bytes, overhead included."""
        deadline = time.monotonic() + _SECONDS
        while True:
            lines = self._lines(b"lru_crawler metadump all", until=(b"END", b"BUSY"))
            if not lines[-1].startswith(b"BUSY") or time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        found = []
        for line in lines[:-1]:
            fields = dict(field.partition(b"=")[::2] for field in line.split())
            found.append(_Item(unquote_to_bytes(fields[b"key"]), int(fields[b"size"])))
        return found

    def missing(self, keys: list[bytes]) -> int:
        """How many of these are not there; asking does not make them look used, as a read would."""
        missing = 0
        # In parts: answers that nobody reads would hold the server up.
        for start in range(0, len(keys), _AT_ONCE):
            asked = keys[start : start + _AT_ONCE]
            self._send(*(b"me " + key for key in asked))
            missing += sum(self._line().startswith(b"EN") for _ in asked)
        return missing

    def store(self, names: list[bytes], size: int) -> None:
        """Store junk that takes about ``size`` bytes an item."""
        commands = []
        for name in names:
            value = bytes(max(1, size - len(name) - _OVERHEAD))
            commands.append(b"set %s 0 0 %d noreply\r\n%s" % (name, len(value), value))
        self._send(*commands)
        self._lines(b"mn", until=(b"MN",))

    def delete(self, names: list[bytes]) -> None:
        """Take items away."""
        self._send(*(b"delete %s noreply" % name for name in names))
        self._lines(b"mn", until=(b"MN",))

    @contextmanager
    def little_memory(self) -> Iterator[None]:
        """As little as it takes; at the end as much as before."""
        lines = self._lines(b"stats settings", until=(b"END",))
        settings = dict(line.removeprefix(b"STAT ").split(b" ", 1) for line in lines[:-1])
        self._lines(b"cache_memlimit %d" % LEAST_MEGABYTES, until=(b"OK",))
        try:
            yield
        finally:
            before = int(settings[b"maxbytes"]) // 1024 // 1024
            self._lines(b"cache_memlimit %d" % before, until=(b"OK",))

    def _lines(self, command: bytes, until: tuple[bytes, ...]) -> list[bytes]:
        """Send a command; the lines of its answer up to one that begins in one of these ways."""
        self._send(command)
        lines = [self._line()]
        while not lines[-1].startswith(until):
            lines.append(self._line())
        return lines

    def _send(self, *commands: bytes) -> None:
        self._connection.sendall(b"".join(command + b"\r\n" for command in commands))

    def _line(self) -> bytes:
        line = self._reader.readline().rstrip()
        if not line or line.startswith((b"ERROR", b"CLIENT_ERROR", b"SERVER_ERROR")):
            raise ValueError(line.decode(errors="replace") or "the connection ended")
        return line
