"""The Redis store: operations to commands and replies to results. The I/O is in ``drivers.redis``.

Keys, values and expiry are Laravel's: connection prefix, cache prefix, id; ``s:N:"...";`` as a
string; the session's lifetime as the key's expiry (Illuminate/Cache/RedisStore.php, 8 to 13).

An expiry is read to the nearest second: ours are whole ones, those of Laravel's SETEX are not. A
key without one was not written by Laravel or by us; it is taken to end a lifetime from now.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Protocol

from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import Version, cache_prefix, redis_prefix, session_key_prefix
from holdfast.laravel.payload import Form
from holdfast.stores.beside import (
    ASIDE_ENTRIES,
    ASIDE_SECONDS,
    WRITE_SECONDS,
    WRITES,
    Kind,
    redis_key,
)
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Fenced,
    Find,
    Found,
    Gone,
    IdCollision,
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
from holdfast.stores.url import StoreUrl

SESSION_ID_LENGTH = 40

_HEAD_BYTES = 16
_SESSION_HEAD = re.compile(rb's:[0-9]+:"')
_GLOB_SPECIAL = re.compile(rb"([*?\[\]\\^-])")
_ID_PATTERN = b"[A-Za-z0-9]" * 40


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script and the digest by which Redis knows it."""

    source: bytes
    sha: bytes

    @classmethod
    def load(cls, name: str) -> Script:
        """Read a script that stands beside this file."""
        source = resources.files(__package__).joinpath(name).read_bytes()
        return cls(source, hashlib.sha1(source, usedforsecurity=False).hexdigest().encode())


SESSION = Script.load("redis_session.lua")
MOVE = Script.load("redis_move.lua")
DELETE = Script.load("redis_delete.lua")
ASIDE = Script.load("redis_aside.lua")
SCAN = Script.load("redis_scan.lua")


@dataclass(frozen=True, slots=True)
class Request:
    """One command. With a script, ``arguments`` is what follows its digest (or its source).

    ``writes`` says whether a lost answer leaves open what happened.
    """

    arguments: tuple[bytes, ...]
    script: Script | None = None
    writes: bool = False

    @property
    def command(self) -> tuple[bytes, ...]:
        """What to send first."""
        if self.script is None:
            return self.arguments
        return (b"EVALSHA", self.script.sha, *self.arguments)

    @property
    def command_with_source(self) -> tuple[bytes, ...]:
        """What to send when the server answers NOSCRIPT: it then has run nothing."""
        assert self.script is not None
        return (b"EVAL", self.script.source, *self.arguments)


PING = Request((b"PING",))


class Operations(Protocol):
    """What a driver performs on a server: sessions, or locks."""

    def refusal(self, operation: Effect[Any]) -> Refused | None:
        """Why an operation cannot be performed, whatever the server says."""

    def plan(self, operation: Effect[Any]) -> Request:
        """The command that performs it."""

    def parse(self, operation: Effect[Any], reply: Any) -> Any:
        """Its result, from the reply."""


@dataclass(frozen=True)
class RedisStore:
    """Sessions in Redis (or a server that speaks its protocol and runs Lua).

    Args:
        host, port, database: where.
        prefix: what stands before the id in a key: connection prefix and cache prefix in one.
        username, password: for AUTH.
        tls: speak TLS; certificates are verified against the system's.
        lifetime: seconds that a session lives after its last save.
    """

    host: str = "127.0.0.1"
    port: int = 6379
    database: int = 0
    prefix: str = ""
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    lifetime: int = 7200
    name: str = field(default="redis", init=False)
    form: Form = field(default=Form.PHP_STRING, init=False)
    beside: bool = field(default=True, init=False)

    @property
    def where(self) -> str:
        """The server's address; without user name and password."""
        scheme = "rediss" if self.tls else "redis"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/{self.database}"

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

    def refusal(self, operation: Effect[Any]) -> Refused | None:
        """Why an operation's level cannot be held, whatever the server says; None where it may."""
        if isinstance(operation, Commit | Move | Delete) and operation.level != "fast":
            return Refused(f"{self.where} was opened without replicas to wait for")
        return None

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
            case Delete(sid) if operation.fence_seconds:
                keys = (self._key(sid), self._beside(sid, "gone"))
                return Request((b"2", *keys, _number(operation.fence_seconds)), DELETE, writes=True)
            case Delete(sid):
                return Request((b"DEL", self._key(sid)), writes=True)
            case SetAside(sid, data, reason):
                keys = (self._quarantine("entries"), self._quarantine("instants"))
                name = sid.encode() + b":" + hashlib.sha256(data).hexdigest()[:16].encode()
                bounds = (_number(ASIDE_SECONDS), _number(ASIDE_ENTRIES))
                entry = reason.encode() + b"\n" + data
                return Request((b"2", *keys, name, entry, *bounds), ASIDE, writes=True)
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
                return Deleted() if reply else Missing()
            case SetAside():
                return bool(reply)
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
        told = b"" if grace is None else new.encode() + grace.seal
        arguments = (
            *(_number(self.lifetime), _number(move.expires_at), move.base.data, move.data),
            *(*_write(move), _number(WRITE_SECONDS), _number(move.fence_seconds)),
            *(_number(0 if grace is None else grace.seconds), told),
        )
        return Request((b"5", *keys, *arguments), MOVE, writes=True)

    def _beside(self, sid: str, kind: Kind) -> bytes:
        return redis_key(self.prefix, sid, kind).encode()

    def _quarantine(self, part: str) -> bytes:
        # The part that both names share puts them into one slot.
        return f"{self.prefix}holdfast:{{quarantine}}:{part}".encode()

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


def _write(operation: Commit | Move) -> tuple[bytes, bytes]:
    """The arguments that say which write it is."""
    return (operation.write_id or "").encode(), b"1" if operation.again else b""


def _number(value: int) -> bytes:
    return b"%d" % value


def default_prefix(version: Version) -> str:
    """What precedes the id where an application named Laravel configures nothing."""
    redis, cache = redis_prefix("Laravel", version), cache_prefix("Laravel", version)
    return session_key_prefix(redis, cache, version)


def from_url(url: StoreUrl) -> RedisStore:
    """``redis://user:password@host:port/0?prefix=...``, ``rediss://`` with TLS."""
    database = url.path.strip("/") or "0"
    if not (database.isascii() and database.isdigit() and len(database) < 10):
        raise UsageError(
            "the path of a redis URL is the database's number",
            hint="write redis://host:6379/0; Laravel keeps sessions in database 0 by default",
        )
    return RedisStore(
        host=url.host or "127.0.0.1",
        port=url.port or 6379,
        database=int(database),
        prefix=url.parameters.get("prefix", default_prefix(url.laravel)),
        username=url.username,
        password=url.password,
        tls=url.scheme == "rediss",
        lifetime=url.lifetime,
    )
