"""SQLite connections: one transaction an effect, in threads and for tasks.

Tasks perform each effect in a worker thread as a whole: it cannot be cancelled between its
statements, so no transaction is ever left open, and it costs one change of thread instead of four.

SQLite's own waiting is polling and unfair, so the effects of one process queue here: for the one
turn of a writer, or for one of the readers' turns, which no writer takes. Whatever an effect waits
for, in the queue and in SQLite, all of it together ends after `BUSY_SECONDS`.
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

from holdfast.core.clock import Deadline
from holdfast.core.errors import StoreError, StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.stores.beside import Turns
from holdfast.stores.contract import Unknown, remembers
from holdfast.stores.database import DatabaseStore, keeps_beside
from holdfast.stores.sql.place import Tables
from holdfast.stores.sql.statements import Reply, Statement, Steps

BUSY_SECONDS = 5.0
"""How long an effect waits: for its turn, and for the locks of other programs."""

READERS = 3
"""How many read at once, beside one that writes."""

_SETTLED = frozenset({"SQLITE_BUSY", "SQLITE_FULL", "SQLITE_READONLY"})
"""Errors of a COMMIT after which it is certain that nothing was written."""


@contextmanager
def connect(store: Tables) -> Iterator[Perform]:
    """Open the file, check the table, and give a ``perform`` for many threads."""
    driver = _Driver(store)
    writer, readers = threading.Semaphore(1), threading.Semaphore(READERS)

    def perform(operation: Effect[Any]) -> Any:
        deadline = Deadline.after(BUSY_SECONDS)
        steps = store.plan(operation)
        queue = writer if steps.writes else readers
        if not queue.acquire(timeout=deadline.left):
            raise _busy(store)
        try:
            return driver.perform(operation, steps, deadline)
        finally:
            queue.release()

    try:
        driver.check()
        yield perform
    finally:
        driver.close()


@asynccontextmanager
async def aconnect(store: Tables) -> AsyncIterator[APerform]:
    """As :func:`connect`, for tasks."""
    driver = _Driver(store)
    writer, readers = (anyio.Semaphore(n, fast_acquire=True) for n in (1, READERS))
    # Of their own: other work of the process may have taken all threads that tasks share.
    threads = anyio.CapacityLimiter(1 + READERS)

    async def perform(operation: Effect[Any]) -> Any:
        deadline = Deadline.after(BUSY_SECONDS)
        steps = store.plan(operation)
        queue = writer if steps.writes else readers
        with anyio.move_on_after(deadline.left) as waiting:
            await queue.acquire()
        if waiting.cancelled_caught:
            raise _busy(store)
        try:
            return await anyio.to_thread.run_sync(
                driver.perform, operation, steps, deadline, limiter=threads
            )
        finally:
            queue.release()

    try:
        await anyio.to_thread.run_sync(driver.check, limiter=threads)
        yield perform
    finally:
        driver.close()


def execute(store: Tables, statements: Sequence[Statement]) -> None:
    """Send some statements for their effect; the file is made where it is missing."""
    with _mapped(store), contextlib.closing(_open(store, "rwc")) as connection:
        deadline = Deadline.after(BUSY_SECONDS)
        _begin(connection, deadline)
        for statement in statements:
            _reply(connection, statement)
        _commit(connection, deadline)


class _CommitLost(Exception):  # noqa: N818 - internal; becomes a result
    """COMMIT failed in a way that leaves open what is on the disk."""


class _Driver:
    """The connections to one file: one for each effect that has its turn."""

    def __init__(self, store: Tables) -> None:
        self._store = store
        self._turns = Turns()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    def check(self) -> None:
        """Raise unless the table is there with Laravel's columns, and what should be beside it."""
        deadline = Deadline.after(BUSY_SECONDS)
        self._transact(Steps((self._store.probe(),)), deadline)
        if keeps_beside(self._store):
            try:
                self._transact(Steps((self._store.dialect.probe_beside(),)), deadline)
            except StoreMisconfigured as error:
                raise self._store.without_beside(error) from error
            self._sweep(self._store, deadline)

    def perform(self, operation: Effect[Any], steps: Steps, deadline: Deadline) -> Any:
        """Perform an operation by its steps; the deadline is for waits, not for the work."""
        if refused := self._store.refusal(operation):
            return refused
        try:
            replies = self._transact(steps, deadline)
        except _CommitLost as lost:
            known = keeps_beside(self._store) and remembers(operation)
            return Unknown(str(lost), remembered=known)
        if keeps_beside(self._store) and self._turns.due(operation):
            self._sweep(self._store, deadline)
        return self._store.parse(operation, replies)

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _sweep(self, store: DatabaseStore, deadline: Deadline) -> None:
        with contextlib.suppress(StoreError):
            self._transact(Steps((store.sweep(),)), deadline)

    def _transact(self, steps: Steps, deadline: Deadline) -> list[Reply]:
        with _mapped(self._store):
            connection = self._idle_or_new()
            try:
                replies = _run(connection, steps, deadline)
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
        isolation_level=None,  # BEGIN and COMMIT are ours
        check_same_thread=False,  # one thread at a time has it
    )


def _run(connection: sqlite3.Connection, steps: Steps, deadline: Deadline) -> list[Reply]:
    if not steps.writes:
        _wait_at_most(connection, deadline)
        return _replies(connection, steps)
    _begin(connection, deadline)
    try:
        replies = _replies(connection, steps)
        _commit(connection, deadline)
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return replies


def _begin(connection: sqlite3.Connection, deadline: Deadline) -> None:
    _wait_at_most(connection, deadline)
    # The lock is taken first: a read that turns into a write later may find the row changed.
    connection.execute("BEGIN IMMEDIATE")


def _wait_at_most(connection: sqlite3.Connection, deadline: Deadline) -> None:
    connection.execute(f"PRAGMA busy_timeout = {round(deadline.left * 1000)}")


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


def _commit(connection: sqlite3.Connection, deadline: Deadline) -> None:
    # Readers may be in its way too.
    _wait_at_most(connection, deadline)
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
            return _busy(store)
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


def _busy(store: Tables) -> StoreUnavailable:
    return StoreUnavailable(
        f"{store.where} stayed locked or busy for {BUSY_SECONDS:g} s; nothing was written",
        hint="another process holds its lock (a long transaction, a dead mount), "
        "or more is written than one file can take",
    )
