"""Redis connections for tasks: as ``drivers.redis``, with awaits.

Requests in flight have a connection each, from a bounded pool; they share no pipelined one yet.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from redis import exceptions
from redis.asyncio import Connection, SSLConnection

from holdfast.core.flow import APerform, Effect
from holdfast.stores.contract import Unknown, remembers
from holdfast.stores.drivers.redis_errors import (
    CONNECTIONS,
    POOL_SECONDS,
    AnswerLost,
    mapped,
    settings,
    unavailable,
)
from holdfast.stores.redis import PING, Operations, RedisStore, Request

_Connection = Any  # redis-py's own class is untyped in part


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
        await driver.read(PING)
        yield driver.perform
    finally:
        await driver.close()


class _Driver:
    """A bounded pool; an effect has a connection to itself while it runs.

    A connection on which anything went wrong, cancellation included, is closed and never reused, so
    that no late answer can reach another effect.
    """

    def __init__(self, store: RedisStore, operations: Operations) -> None:
        self._store = store
        self._operations = operations
        self._slots = anyio.Semaphore(CONNECTIONS, fast_acquire=True)
        self._idle: list[_Connection] = []
        self._closed = False

    async def perform(self, operation: Effect[Any]) -> Any:
        if refused := self._operations.refusal(operation):
            return refused
        request = self._operations.plan(operation)
        try:
            reply = await self.exchange(request)
        except AnswerLost as lost:
            if request.writes:
                return Unknown(str(lost), remembered=remembers(operation))
            reply = await self.read(request)
        return self._operations.parse(operation, reply)

    async def exchange(self, request: Request) -> Any:
        """Send one request and return its reply; raises AnswerLost and errors of ours."""
        await self._slot()
        try:
            connection = self._new() if not self._idle else self._idle.pop()
            try:
                await self._ready(connection)
                reply = await self._ask(connection, request)
            except BaseException:
                await _close(connection)
                raise
            if self._closed:
                await _close(connection)
            else:
                self._idle.append(connection)
            return reply
        finally:
            self._slots.release()

    async def close(self) -> None:
        self._closed = True
        while self._idle:
            await _close(self._idle.pop())

    async def _slot(self) -> None:
        try:
            self._slots.acquire_nowait()
        except anyio.WouldBlock:
            with anyio.move_on_after(POOL_SECONDS) as scope:
                await self._slots.acquire()
            if scope.cancelled_caught:
                busy = f"all {CONNECTIONS} connections are busy"
                raise unavailable(self._store.where, busy) from None

    async def read(self, request: Request) -> Any:
        try:
            return await self.exchange(request)
        except AnswerLost as lost:
            raise unavailable(self._store.where, str(lost)) from lost

    def _new(self) -> _Connection:
        kind = SSLConnection if self._store.tls else Connection
        return kind(**settings(self._store))

    async def _ready(self, connection: _Connection) -> None:
        """Connected, and not closed by the server while it was idle."""
        with mapped(self._store.where, sent=False):
            await connection.connect()
            try:
                stale = await connection.can_read()
            except (exceptions.ConnectionError, OSError):
                stale = True
            if stale:
                await connection.disconnect(nowait=True)
                await connection.connect()

    async def _ask(self, connection: _Connection, request: Request) -> Any:
        with mapped(self._store.where, sent=True):
            try:
                return await _send(connection, request.command)
            except exceptions.NoScriptError:
                return await _send(connection, request.command_with_source)


async def _send(connection: _Connection, command: tuple[bytes, ...]) -> Any:
    await connection.send_packed_command(connection.pack_command(*command), check_health=False)
    return await connection.read_response()


async def _close(connection: _Connection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.disconnect(nowait=True)
