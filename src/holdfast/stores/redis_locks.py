"""Locks in Redis, as Laravel's (Illuminate/Cache/RedisLock.php and PhpRedisLock.php, 8 to 13).

The key is connection prefix, cache prefix and the lock's name, on the cache store's
``lock_connection``; the value is the owner, the expiry the key's own. A phpredis that serializes or
compresses packs the owner; each side still sees the other's lock, and gives back its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from holdfast.core.flow import APerform, Effect, Perform
from holdfast.stores import redis_url
from holdfast.stores.contract import Refused
from holdfast.stores.locks import Acquire, Held, Locked, Release
from holdfast.stores.redis import RedisStore
from holdfast.stores.redis_request import Request, Script
from holdfast.stores.url import StoreUrl

LOCK = Script.load("redis_lock.lua")
UNLOCK = Script.load("redis_unlock.lua")


@dataclass(frozen=True)
class RedisLocks:
    """Locks on a Redis.

    Args:
        at: the server and the prefix; its lifetime says nothing here.
    """

    at: RedisStore

    @property
    def where(self) -> str:
        """The server's address."""
        return self.at.where

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Locks.connect``."""
        from holdfast.stores.drivers import redis

        with redis.connect(self.at, self) as perform:
            yield perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Locks.aconnect``."""
        from holdfast.stores.drivers import redis_async

        async with redis_async.aconnect(self.at, self) as perform:
            yield perform

    def refusal(self, _: Effect[Any]) -> Refused | None:
        """None: locks have no levels."""
        return None

    def plan(self, operation: Effect[Any]) -> Request:
        """The command that performs an operation."""
        match operation:
            case Acquire(key, owner, seconds):
                arguments = (b"1", self._key(key), owner.encode(), b"%d" % seconds)
                return Request(arguments, LOCK, writes=True)
            case Release(key, owner):
                return Request((b"1", self._key(key), owner.encode()), UNLOCK, writes=True)
        raise TypeError(f"not an operation of locks: {type(operation).__name__}")

    def parse(self, operation: Effect[Any], reply: Any) -> Any:
        """The result of an operation, from the reply to its command."""
        if isinstance(operation, Release):
            return bool(reply)
        return Locked() if reply else Held()

    def _key(self, key: str) -> bytes:
        return (self.at.prefix + key).encode()


def from_url(url: StoreUrl) -> RedisLocks:
    """As the URL of a store of sessions."""
    return RedisLocks(redis_url.from_url(url))
