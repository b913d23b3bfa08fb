"""A store on a database server, opened for threads or tasks over connections of either engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from holdfast.core.flow import APerform, Effect, Perform, arun, run
from holdfast.stores.database import DatabaseStore
from holdfast.stores.drivers.exchange import Ask, checking, creating, performing
from holdfast.stores.drivers.pool import AConnection, APool, Connection, Pool
from holdfast.stores.sql.statements import Reply


@contextmanager
def connected(store: DatabaseStore, open: Callable[[], Connection]) -> Iterator[Perform]:
    """Connect, check the table, and give a ``perform`` for many threads."""
    pool = Pool(store.where, open)

    def ask(effect: Effect[Any]) -> Reply:
        assert isinstance(effect, Ask)
        return pool.ask(effect.statement)

    try:
        run(checking(store), ask)
        yield lambda operation: run(performing(store, operation), ask)
    finally:
        pool.close()


@asynccontextmanager
async def aconnected(
    store: DatabaseStore, open: Callable[[], Awaitable[AConnection]]
) -> AsyncIterator[APerform]:
    """As :func:`connected`, for tasks."""
    pool = APool(store.where, open)

    async def ask(effect: Effect[Any]) -> Reply:
        assert isinstance(effect, Ask)
        return await pool.ask(effect.statement)

    try:
        await arun(checking(store), ask)
        yield lambda operation: arun(performing(store, operation), ask)
    finally:
        await pool.close()


def created(store: DatabaseStore, open: Callable[[], Connection]) -> None:
    """Make the table where it is missing."""
    pool = Pool(store.where, open)

    def ask(effect: Effect[Any]) -> Reply:
        assert isinstance(effect, Ask)
        return pool.ask(effect.statement)

    try:
        run(creating(store), ask)
    finally:
        pool.close()
