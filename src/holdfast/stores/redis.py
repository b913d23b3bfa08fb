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
from typing import Any

from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import Version, cache_prefix, redis_prefix, session_key_prefix
from holdfast.laravel.payload import Form
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Find,
    Found,
    Gone,
    Missing,
    Page,
    Saved,
    Scan,
    Touch,
    Touched,
)
from holdfast.stores.url import StoreUrl

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

    def plan(self, operation: Effect[Any]) -> Request:
        """The command that performs an operation."""
        match operation:
            case Find(sid):
                return self._session(sid, b"find")
            case Commit(sid, base, data, expires_at):
                verb, expected = (b"create", b"") if base is None else (b"save", base.data)
                return self._session(sid, verb, _number(expires_at), expected, data)
            case Touch(sid, base, expires_at):
                return self._session(sid, b"touch", _number(expires_at), base.data)
            case Delete(sid):
                return Request((b"DEL", self._key(sid)), writes=True)
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
                return Found(reply[1], reply[2]) if reply[0] == b"found" else None
            case Commit():
                return Saved() if reply[0] == b"written" else _refusal(reply)
            case Touch():
                return Touched() if reply[0] == b"written" else _refusal(reply)
            case Delete():
                return Deleted() if reply else Missing()
            case Scan():
                return self._page(reply)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def _session(self, sid: str, verb: bytes, *rest: bytes) -> Request:
        arguments = (b"1", self._key(sid), verb, _number(self.lifetime), *rest)
        return Request(arguments, SESSION, writes=verb != b"find")

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


def _refusal(reply: Sequence[Any]) -> Conflict | Gone:
    return Gone() if reply[0] == b"gone" else Conflict(Found(reply[1], reply[2]))


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
