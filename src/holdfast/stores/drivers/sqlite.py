"""SQLite connections: one transaction an effect, in threads and for tasks.

Tasks perform each effect in a worker thread as a whole: it cannot be cancelled between its
statements, so no transaction is ever left open, and it costs one change of thread instead of four.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from holdfast.core.errors import StoreError, StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.stores.beside import Turns
from holdfast.stores.contract import Unknown, remembers
from holdfast.stores.database import DatabaseStore, keeps_beside
from holdfast.stores.sql.place import Tables
from holdfast.stores.sql.statements import Reply, Statement, Steps

BUSY_SECONDS = 5.0
"""How long SQLite waits for the lock of another writer."""

CONNECTIONS = 4
"""The most connections of one opened store: SQLite has one writer anyway."""

_SETTLED = frozenset({"SQLITE_BUSY", "SQLITE_FULL", "SQLITE_READONLY"})
"""Errors of a COMMIT after which it is certain that nothing was written."""


@contextmanager
def connect(store: Tables) -> Iterator[Perform]:
    """Open the file, check the table, and give a ``perform`` for many threads."""
    driver = _Driver(store)
    try:
        driver.check()
        yield driver.perform
    finally:
        driver.close()


@asynccontextmanager
async def aconnect(store: Tables) -> AsyncIterator[APerform]:
    """As :func:`connect`, for tasks."""
    driver = _Driver(store)
    limiter = anyio.CapacityLimiter(CONNECTIONS)

    async def perform(operation: Effect[Any]) -> Any:
        return await anyio.to_thread.run_sync(driver.perform, operation, limiter=limiter)

    try:
        await anyio.to_thread.run_sync(driver.check, limiter=limiter)
        yield perform
    finally:
        driver.close()


def execute(store: Tables, statements: Sequence[Statement]) -> None:
    """Send some statements for their effect; the file is made where it is missing."""
    with _mapped(store), contextlib.closing(_open(store, "rwc")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            _reply(connection, statement)
        _commit(connection)


class _CommitLost(Exception):  # noqa: N818 - internal; becomes a result
    """COMMIT failed in a way that leaves open what is on the disk."""


class _Driver:
    """A bounded pool of connections to one file."""

    def __init__(self, store: Tables) -> None:
        self._store = store
        self._turns = Turns()
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        # SQLite's own waiting is polling and unfair; the writers of one process queue here instead.
        self._writer = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    def check(self) -> None:
        """Raise unless the table is there with Laravel's columns, and what should be beside it."""
        self._transact(Steps((self._store.probe(),)))
        if keeps_beside(self._store):
            try:
                self._transact(Steps((self._store.dialect.probe_beside(),)))
            except StoreMisconfigured as error:
                raise self._store.without_beside(error) from error
            self._sweep(self._store)

    def perform(self, operation: Effect[Any]) -> Any:
        if refused := self._store.refusal(operation):
            return refused
        steps = self._store.plan(operation)
        try:
            replies = self._transact(steps)
        except _CommitLost as lost:
            known = keeps_beside(self._store) and remembers(operation)
            return Unknown(str(lost), remembered=known)
        if keeps_beside(self._store) and self._turns.due(operation):
            self._sweep(self._store)
        return self._store.parse(operation, replies)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _sweep(self, store: DatabaseStore) -> None:
        with contextlib.suppress(StoreError):
            self._transact(Steps((store.sweep(),)))

    def _transact(self, steps: Steps) -> list[Reply]:
        queue = self._writer if steps.writes else contextlib.nullcontext()
        with self._slots, queue, _mapped(self._store):
            connection = self._idle_or_new()
            try:
                replies = _run(connection, steps)
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)
            return replies

    def _idle_or_new(self) -> sqlite3.Connection:
        # Asking first whether one is there would leave room for another thread in between.
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        return _open(self._store, "rw")

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)


def _open(store: Tables, mode: str) -> sqlite3.Connection:
    assert isinstance(store.at, Path)
    return sqlite3.connect(
        f"{store.at.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # BEGIN and COMMIT are ours
        check_same_thread=False,  # one thread at a time has it
    )


def _run(connection: sqlite3.Connection, steps: Steps) -> list[Reply]:
    if not steps.writes:
        return _replies(connection, steps)
    # The lock is taken first: a read that turns into a write later may find the row changed.
    connection.execute("BEGIN IMMEDIATE")
    try:
        replies = _replies(connection, steps)
        _commit(connection)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return replies


def _replies(connection: sqlite3.Connection, steps: Steps) -> list[Reply]:
    replies: list[Reply] = []
    for statement in steps.statements:
        replies.append(_reply(connection, statement))
        if replies[-1].wrote:
            for also in steps.then:
                _reply(connection, also)
            break
    return replies


def _reply(connection: sqlite3.Connection, statement: Statement) -> Reply:
    cursor = connection.execute(statement.sql, dict(statement.parameters))
    rows = cursor.fetchall()
    return Reply.of(statement, rows, cursor.rowcount)


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        if any(name.startswith(settled) for settled in _SETTLED):
            raise
        raise _CommitLost(f"the commit failed: {name}") from error


@contextmanager
def _mapped(store: Tables) -> Iterator[None]:
    """Every error of SQLite becomes one of ours, here and nowhere else."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translate(error, store) from error


def _translate(error: sqlite3.Error, store: Tables) -> StoreError:
    # Extended names, SQLITE_READONLY_DBMOVED, start with the plain one.
    name = getattr(error, "sqlite_errorname", "") or type(error).__name__
    kind = "_".join(name.split("_")[:2])
    where = store.where
    match kind:
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return StoreUnavailable(
                f"{where} stayed locked for {BUSY_SECONDS:g} s; nothing was written",
                hint="another process holds its lock: a long transaction, or a dead mount",
            )
        case "SQLITE_READONLY" | "SQLITE_FULL":
            return StoreReadOnly(
                f"{where}: {error}",
                hint="file and directory must be writable, with room on the disk",
            )
        case "SQLITE_CANTOPEN":
            return StoreMisconfigured(
                f"{where} cannot be opened",
                hint="correct the path, or make the table with Laravel's migration",
            )
        case "SQLITE_NOTADB" | "SQLITE_CORRUPT":
            return StoreMisconfigured(f"{where}: {error}", hint="restore the file from a backup")
        case "SQLITE_PERM" | "SQLITE_AUTH":
            return StoreMisconfigured(f"{where}: {error}", hint="change the file's rights")
        case "SQLITE_ERROR":
            return StoreMisconfigured(
                f"{where}: {error}",
                hint=f"is {store.table} Laravel's table? make it with Laravel's migration",
            )
    return StoreUnavailable(f"{where}: {name}", hint="the machine's log may say more")
