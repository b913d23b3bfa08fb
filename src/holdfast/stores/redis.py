"""The Redis store: operations to commands and replies to results. The I/O is in ``drivers.redis``.

Keys, values and expiry are Laravel's: connection prefix, cache prefix, id; ``s:N:"...";`` as a
string; the session's lifetime as the key's expiry (Illuminate/Cache/RedisStore.php, 8 to 13).

An expiry is read to the nearest second: ours are whole ones, those of Laravel's SETEX are not. A
key without one was not written by Laravel or by us; it is taken to end a lifetime from now.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.payload import Form
from holdfast.stores.beside import (
    ASIDE_ENTRIES,
    ASIDE_SECONDS,
    WRITE_SECONDS,
    WRITES,
    Aside,
    AsidePage,
    Kind,
    ScanAside,
    redis_key,
)
from holdfast.stores.contract import (
    FAST_ALONE,
    Commit,
    Conflict,
    Delete,
    Deleted,
    Elsewhere,
    Fenced,
    Find,
    Found,
    Gone,
    IdCollision,
    Level,
    Missing,
    Move,
    Moved,
    Page,
    Refused,
    Saved,
    Scan,
    SetAside,
    Touch,
    Touched,
)
from holdfast.stores.redis_levels import level_of
from holdfast.stores.redis_request import Request, Script

SESSION_ID_LENGTH = 40

_HEAD_BYTES = 16
_SESSION_HEAD = re.compile(rb's:[0-9]+:"')
_GLOB_SPECIAL = re.compile(rb"([*?\[\]\\^-])")
_ID_PATTERN = b"[A-Za-z0-9]" * 40


SESSION = Script.load("redis_session.lua")
MOVE = Script.load("redis_move.lua")
DELETE = Script.load("redis_delete.lua")
ASIDE = Script.load("redis_aside.lua")
QUARANTINE = Script.load("redis_quarantine.lua")
SCAN = Script.load("redis_scan.lua")


@dataclass(frozen=True)
class RedisStore:
    """Sessions in Redis (or a server that speaks its protocol and runs Lua).

    Args:
        host, port, database: where.
        prefix: what stands before the id in a key: connection prefix and cache prefix in one.
        username, password: for AUTH.
        tls: speak TLS; certificates are verified against the system's.
        lifetime: seconds that a session lives after its last save.
        replicas: how many replicas there are, all that can become primary; for levels above fast.
        sentinels: host and port of Sentinels; they say which node is ``service``'s primary, in
            place of ``host`` and ``port``.
        service: by which name Sentinels know the primary.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    database: int = 0
    prefix: str = ""
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    lifetime: int = 7200
    replicas: int = 0
    sentinels: tuple[tuple[str, int], ...] = ()
    service: str = ""
    name: str = field(default="redis", init=False)
    form: Form = field(default=Form.PHP_STRING, init=False)
    beside: bool = field(default=True, init=False)

    @property
    def where(self) -> str:
        """The server's address; without user name and password."""
        if self.sentinels:
            hosts = ",".join(_address(*sentinel) for sentinel in self.sentinels)
            return f"redis+sentinel://{hosts}/{self.service}/{self.database}"
        scheme = "rediss" if self.tls else "redis"
        return f"{scheme}://{_address(self.host, self.port)}/{self.database}"

    @property
    def details(self) -> Mapping[str, str]:
        """The prefix."""
        return {"prefix": self.prefix}

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Store.connect``."""
        from holdfast.stores.drivers import redis

        with redis.connect(self) as perform:
            yield perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Store.aconnect``."""
        from holdfast.stores.drivers import redis_async

        async with redis_async.aconnect(self) as perform:
            yield perform

    @property
    def levels(self) -> Collection[Level]:
        """All of them, where it is said how many replicas there are."""
        return get_args(Level) if self.replicas else FAST_ALONE

    def refusal(self, operation: Effect[Any]) -> Refused | None:
        """Why an operation's level cannot be held, whatever the server says; None where it may."""
        if level_of(operation) in self.levels:
            return None
        return Refused(f"{self.where} was opened without replicas to wait for")

    def plan(self, operation: Effect[Any]) -> Request:
        """The command that performs an operation."""
        match operation:
            case Find(sid):
                return self._session(sid, b"find")
            case Commit(sid, base, data, expires_at):
                verb, expected = (b"create", b"") if base is None else (b"save", base.data)
                write = (*_write(operation), _number(WRITES), _number(WRITE_SECONDS))
                return self._session(sid, verb, _number(expires_at), expected, data, *write)
            case Move():
                return self._move(operation)
            case Touch(sid, base, expires_at):
                return self._session(sid, b"touch", _number(expires_at), base.data)
            case Delete(sid, fence_seconds=seconds) if seconds or operation.level != "fast":
                beside = (self._beside(sid, kind) for kind in ("moved", "gone", "waited"))
                arguments = (b"4", self._key(sid), *beside, _number(seconds))
                return Request(arguments, DELETE, writes=True)
            case Delete(sid):
                return Request((b"DEL", self._key(sid)), writes=True)
            case SetAside(sid, data, reason):
                name = sid.encode() + b":" + hashlib.sha256(data).hexdigest()[:16].encode()
                bounds = (_number(ASIDE_SECONDS), _number(ASIDE_ENTRIES))
                entry = reason.encode() + b"\n" + data
                return self._aside(ASIDE, name, entry, *bounds, writes=True)
            case ScanAside(cursor, batch):
                after = (cursor or "").encode()
                return self._aside(QUARANTINE, after, _number(batch), _number(ASIDE_SECONDS))
            case Scan(cursor, batch):
                pattern = glob_escape(self.prefix.encode()) + _ID_PATTERN
                start = (cursor or "0").encode()
                sizes = (_number(batch), _number(_HEAD_BYTES))
                return Request((b"0", start, pattern, *sizes), SCAN)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def parse(self, operation: Effect[Any], reply: Any) -> Any:
        """The result of an operation, from the reply to its command."""
        match operation:
            case Find():
                return _seen(reply)
            case Commit() | Move():
                return Saved() if reply[0] == b"written" else _refusal(reply)
            case Touch():
                return Touched() if reply[0] == b"written" else _refusal(reply)
            case Delete():
                return _ended(reply)
            case SetAside():
                return bool(reply)
            case ScanAside():
                return _asides(reply)
            case Scan():
                return self._page(reply)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def _session(self, sid: str, verb: bytes, *rest: bytes) -> Request:
        keys = (self._key(sid), *(self._beside(sid, kind) for kind in ("moved", "gone", "writes")))
        arguments = (b"4", *keys, verb, _number(self.lifetime), *rest)
        return Request(arguments, SESSION, writes=verb != b"find")

    def _move(self, move: Move) -> Request:
        old, new = move.sid, move.to
        keys = (
            *(self._key(old), self._beside(old, "moved"), self._beside(old, "gone")),
            *(self._key(new), self._beside(new, "writes")),
        )
        grace = move.grace
        arguments = (
            *(_number(self.lifetime), _number(move.expires_at), move.base.data, move.data),
            *(*_write(move), _number(WRITE_SECONDS), _number(move.fence_seconds)),
            *(_number(0 if grace is None else grace.seconds), b"" if grace is None else grace.seal),
            new.encode(),
        )
        return Request((b"5", *keys, *arguments), MOVE, writes=True)

    def _beside(self, sid: str, kind: Kind) -> bytes:
        return redis_key(self.prefix, sid, kind).encode()

    def _aside(self, script: Script, *arguments: bytes, writes: bool = False) -> Request:
        # The part that both names share puts them into one slot.
        room = f"{self.prefix}holdfast:{{quarantine}}:".encode()
        keys = (room + b"entries", room + b"instants")
        return Request((b"2", *keys, *arguments), script, writes)

    def _key(self, sid: str) -> bytes:
        return self.prefix.encode() + sid.encode()

    def _page(self, reply: Sequence[bytes]) -> Page:
        cursor, *rest = reply
        start = len(self.prefix.encode())
        sids = tuple(
            key[start:].decode()
            for key, head in zip(rest[::2], rest[1::2], strict=True)
            # Rate limiters keep bare integers under keys of the same shape.
            if _SESSION_HEAD.match(head)
        )
        return Page(sids, None if cursor == b"0" else cursor.decode())


def glob_escape(text: bytes) -> bytes:
    """The pattern that matches exactly this text in Redis' SCAN and KEYS."""
    return _GLOB_SPECIAL.sub(rb"\\\1", text)


def _refusal(reply: Sequence[Any]) -> Conflict | Gone | Fenced | IdCollision:
    match reply[0]:
        case b"gone":
            return Gone()
        case b"fenced":
            return Fenced()
        case b"collision":
            return IdCollision()
        case _:
            return Conflict(Found(reply[1], reply[2]))


def _seen(reply: Sequence[Any]) -> Found | Moved | None:
    match reply[0]:
        case b"found":
            return Found(reply[1], reply[2])
        case b"moved":
            return Moved(reply[1][:SESSION_ID_LENGTH].decode(), reply[1][SESSION_ID_LENGTH:])
        case _:
            return None


def _asides(reply: Sequence[bytes]) -> AsidePage:
    cursor, *rest = reply
    entries = []
    for name, at, entry in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        reason, _, data = entry.partition(b"\n")
        sid = name[:SESSION_ID_LENGTH].decode()
        entries.append(Aside(sid, data, reason.decode(), int(at)))
    return AsidePage(tuple(entries), cursor.decode() or None)


def _ended(reply: int | Sequence[bytes]) -> Deleted | Missing | Elsewhere:
    """What a Delete came to: by plain DEL, which counts, or by the script."""
    match reply:
        case [b"moved", to]:
            return Elsewhere(to.decode())
        case [b"missing"]:
            return Missing(remembered=True)
        case 0 | [b"unfenced"]:
            return Missing()
        case _:
            return Deleted()


def _write(operation: Commit | Move) -> tuple[bytes, bytes]:
    """The arguments that say which write it is."""
    return (operation.write_id or "").encode(), b"1" if operation.again else b""


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _number(value: int) -> bytes:
    return b"%d" % value
