"""Bounded pools of connections, for threads and for tasks.

A statement has a connection to itself while it runs. A connection on which anything went wrong,
cancellation included, is closed and never reused, so that no late answer can reach another effect.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from holdfast.core.errors import StoreUnavailable
from holdfast.stores.drivers.exchange import RolledBack
from holdfast.stores.sql.statements import Reply, Statement

CONNECTIONS = 16
"""The most connections of one opened store."""

POOL_SECONDS = 5.0
"""How long an effect waits for a connection when all are in use."""


class Connection(Protocol):
    """What a thread needs of a connection."""

    def stale(self) -> bool:
        """Whether the server has closed it, or said something unasked, while it was idle."""

    def ask(self, statement: Statement) -> Reply:
        """Send a statement and return its reply.

        Raises:
            AnswerLost, RolledBack, StoreError.
        """

    def close(self) -> None:
        """Close it; never fails."""


class AConnection(Protocol):
    """What a task needs of a connection; as :class:`Connection`."""

    async def stale(self) -> bool:
        """As there."""

    async def ask(self, statement: Statement) -> Reply:
        """As there."""

    async def close(self) -> None:
        """As there; also under cancellation."""


class Pool:
    """Connections for threads.

    Args:
        where: the server's address, for messages.
        open: makes a connection, or raises a StoreError.
    """

    def __init__(self, where: str, open: Callable[[], Connection]) -> None:
        self._where = where
        self._open = open
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._idle: list[Connection] = []
        self._closed = False

    def ask(self, statement: Statement) -> Reply:
        """As :meth:`Connection.ask`, on any; StoreUnavailable also where all stay busy."""
        if not self._slots.acquire(timeout=POOL_SECONDS):
            raise _all_busy(self._where)
        try:
            connection = self._fresh()
            try:
                reply = connection.ask(statement)
            except RolledBack:
                self._give_back(connection)
                raise
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)
            return reply
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close the idle ones now, the others when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def _fresh(self) -> Connection:
        # Asking first whether one is there would leave room for another thread in between.
        with contextlib.suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if not connection.stale():
                    return connection
                connection.close()
        return self._open()

    def _give_back(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)


class APool:
    """Connections for tasks; as :class:`Pool`."""

    def __init__(self, where: str, open: Callable[[], Awaitable[AConnection]]) -> None:
        self._where = where
        self._open = open
        self._slots = anyio.Semaphore(CONNECTIONS, fast_acquire=True)
        self._idle: list[AConnection] = []
        self._closed = False

    async def ask(self, statement: Statement) -> Reply:
        """As :meth:`Pool.ask`."""
        with anyio.move_on_after(POOL_SECONDS) as waiting:
            await self._slots.acquire()
        if waiting.cancelled_caught:
            raise _all_busy(self._where)
        try:
            connection = await self._fresh()
            try:
                reply = await connection.ask(statement)
            except RolledBack:
                await self._give_back(connection)
                raise
            except BaseException:
                await connection.close()
                raise
            await self._give_back(connection)
            return reply
        finally:
            self._slots.release()

    async def close(self) -> None:
        """As :meth:`Pool.close`."""
        self._closed = True
        while self._idle:
            await self._idle.pop().close()

    async def _fresh(self) -> AConnection:
        while self._idle:
            connection = self._idle.pop()
            try:
                stale = await connection.stale()
            except BaseException:
                await connection.close()
                raise
            if not stale:
                return connection
            await connection.close()
        return await self._open()

    async def _give_back(self, connection: AConnection) -> None:
        if self._closed:
            await connection.close()
        else:
            self._idle.append(connection)


def _all_busy(where: str) -> StoreUnavailable:
    return StoreUnavailable(
        f"{where}: all {CONNECTIONS} connections are busy",
        hint="the database is slow or locked; nothing was sent",
    )
