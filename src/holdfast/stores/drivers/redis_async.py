"""A Redis store for tasks.

Below the levels requests in flight have a connection each, from a bounded pool; they share no
pipelined one yet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from holdfast.core.flow import APerform, Effect, arun
from holdfast.stores.contract import Level
from holdfast.stores.drivers.redis_errors import unanswered
from holdfast.stores.drivers.redis_exchange import (
    Exchange,
    Rediscover,
    asking,
    exchanging,
    performing,
    result_of,
)
from holdfast.stores.drivers.redis_pool_async import APool
from holdfast.stores.drivers.redis_primary import APrimary
from holdfast.stores.drivers.redis_writer import Writer
from holdfast.stores.redis import RedisStore
from holdfast.stores.redis_levels import level_of
from holdfast.stores.redis_request import PING, Operations


@asynccontextmanager
async def aconnect(
    store: RedisStore, operations: Operations | None = None
) -> AsyncIterator[APerform]:
    """Connect, and give a ``perform`` for many tasks; all connections are closed at the end.

    Args:
        store: the server.
        operations: what is performed on it; those of the store where nothing is said.
    """
    driver = _Driver(store, operations or store)
    try:
        await driver.ping()
        yield driver.perform
    finally:
        await driver.close()


class _Driver:
    """Writes above ``fast`` have connections of their own: a WAIT stalls what is behind it."""

    def __init__(self, store: RedisStore, operations: Operations) -> None:
        self._store = store
        self._operations = operations
        self._primary = APrimary(store)
        self._fast = APool(store, self._primary)
        self._held = APool(store, self._primary)
        # One each: a save that needs one replica must not wait for another that needs all.
        self._writers: dict[Level, Writer] = {
            "replicated": Writer(self._performed),
            "strict": Writer(self._performed),
        }

    async def perform(self, operation: Effect[Any]) -> Any:
        if refused := self._operations.refusal(operation):
            return refused
        level = level_of(operation)
        if level == "fast":
            return result_of(await self._performed([operation]))
        return result_of([await self._writers[level].perform(operation)])

    async def ping(self) -> None:
        with unanswered(self._store):
            await self._fast.exchange(asking(self._store, PING))

    async def close(self) -> None:
        for writer in self._writers.values():
            await writer.close()
        for pool in (self._fast, self._held):
            await pool.close()
        await self._primary.close()

    async def _performed(self, operations: Sequence[Effect[Any]]) -> list[Any]:
        return await arun(performing(self._store, operations), self._do)

    async def _do(self, effect: Effect[Any]) -> Any:
        match effect:
            case Exchange(operations):
                pool = self._fast if level_of(operations[0]) == "fast" else self._held
                return await pool.exchange(exchanging(self._store, self._operations, operations))
            case Rediscover():
                return await self._primary.find()
        raise TypeError(f"no effect of an exchange: {type(effect).__name__}")
