"""A Redis store for threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from holdfast.core.flow import Effect, Perform, run
from holdfast.stores.drivers.redis_errors import unanswered
from holdfast.stores.drivers.redis_exchange import (
    Exchange,
    Rediscover,
    asking,
    exchanging,
    performing,
    result_of,
)
from holdfast.stores.drivers.redis_pool import Pool
from holdfast.stores.drivers.redis_primary import Primary
from holdfast.stores.redis import RedisStore
from holdfast.stores.redis_levels import level_of
from holdfast.stores.redis_request import PING, Operations, Request


@contextmanager
def connect(store: RedisStore, operations: Operations | None = None) -> Iterator[Perform]:
    """Connect, and give a ``perform`` for many threads; all connections are closed at the end.

    Args:
        store: the server.
        operations: what is performed on it; those of the store where nothing is said.
    """
    driver = _Driver(store, operations or store)
    try:
        driver.ask(PING)
        yield driver.perform
    finally:
        driver.close()


def flush(store: RedisStore) -> None:
    """Empty the store's whole database, other applications' keys too, as ``artisan cache:clear``
    does it (FLUSHDB; Illuminate/Cache/RedisStore.php, ``flush``).

    Raises:
        StoreError: it cannot be reached or does not permit it; it may have been emptied all the
            same where the answer was lost.
    """
    driver = _Driver(store, store)
    try:
        driver.ask(Request((b"FLUSHDB",), writes=True))
    finally:
        driver.close()


class _Driver:
    """Writes above ``fast`` have connections of their own: a WAIT stalls what is behind it."""

    def __init__(self, store: RedisStore, operations: Operations) -> None:
        self._store = store
        self._operations = operations
        self._primary = Primary(store)
        self._fast = Pool(store, self._primary)
        self._held = Pool(store, self._primary)

    def perform(self, operation: Effect[Any]) -> Any:
        if refused := self._operations.refusal(operation):
            return refused
        return result_of(run(performing(self._store, [operation]), self._do))

    def ask(self, request: Request) -> None:
        with unanswered(self._store):
            self._fast.exchange(asking(self._store, request))

    def close(self) -> None:
        for pool in (self._fast, self._held):
            pool.close()
        self._primary.close()

    def _do(self, effect: Effect[Any]) -> Any:
        match effect:
            case Exchange(operations):
                pool = self._fast if level_of(operations[0]) == "fast" else self._held
                return pool.exchange(exchanging(self._store, self._operations, operations))
            case Rediscover():
                return self._primary.find()
        raise TypeError(f"no effect of an exchange: {type(effect).__name__}")
