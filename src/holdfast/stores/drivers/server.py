"""A store on a database server, opened for threads or tasks over connections of either engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from holdfast.core.flow import APerform, Effect, Perform, arun, run
from holdfast.stores.beside import Turns
from holdfast.stores.database import keeps_beside
from holdfast.stores.drivers.exchange import Ask, checking, executing, performing, sweeping
from holdfast.stores.drivers.pool import AConnection, APool, Connection, Pool
from holdfast.stores.sql.place import Tables
from holdfast.stores.sql.statements import Reply, Statement


@contextmanager
def connected(store: Tables, open: Callable[[], Connection]) -> Iterator[Perform]:
    """Connect, check the table, and give a ``perform`` for many threads."""
    pool = Pool(store.where, open)
    turns = Turns()

    def ask(effect: Effect[Any]) -> Reply:
        assert isinstance(effect, Ask)
        return pool.ask(effect.statement)

    def perform(operation: Effect[Any]) -> Any:
        result = run(performing(store, operation), ask)
        if keeps_beside(store) and turns.due(operation):
            run(sweeping(store), ask)
        return result

    try:
        run(checking(store), ask)
        yield perform
    finally:
        pool.close()


@asynccontextmanager
async def aconnected(
    store: Tables, open: Callable[[], Awaitable[AConnection]]
) -> AsyncIterator[APerform]:
    """As :func:`connected`, for tasks."""
    pool = APool(store.where, open)
    turns = Turns()

    async def ask(effect: Effect[Any]) -> Reply:
        assert isinstance(effect, Ask)
        return await pool.ask(effect.statement)

    async def perform(operation: Effect[Any]) -> Any:
        result = await arun(performing(store, operation), ask)
        if keeps_beside(store) and turns.due(operation):
            await arun(sweeping(store), ask)
        return result

    try:
        await arun(checking(store), ask)
        yield perform
    finally:
        await pool.close()


def executed(
    store: Tables, open: Callable[[], Connection], statements: Sequence[Statement]
) -> None:
    """Send some statements for their effect."""
    pool = Pool(store.where, open)

    def ask(effect: Effect[Any]) -> Reply:
        assert isinstance(effect, Ask)
        return pool.ask(effect.statement)

    try:
        run(executing(store, statements), ask)
    finally:
        pool.close()
