"""Connections to Redis for tasks: as ``drivers.redis_pool``, with awaits."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

import anyio
from redis import exceptions
from redis.asyncio import Connection, SSLConnection

from holdfast.core.flow import Effect, Flow, arun
from holdfast.stores.drivers.redis_errors import (
    CONNECTIONS,
    POOL_SECONDS,
    is_reply,
    mapped,
    settings,
    unavailable,
)
from holdfast.stores.drivers.redis_exchange import Send, verifying
from holdfast.stores.drivers.redis_primary import APrimary
from holdfast.stores.redis import RedisStore

R = TypeVar("R")

_Connection = Any  # redis-py's own class is untyped in part


class APool:
    """A bounded pool; an exchange has a connection to itself while it runs.

    A connection on which anything went wrong, cancellation included, is closed and never reused, so
    that no late answer can reach another exchange; one to a node that is no longer the primary is
    closed too.
    """

    def __init__(self, store: RedisStore, primary: APrimary) -> None:
        self._store = store
        self._primary = primary
        self._slots = anyio.Semaphore(CONNECTIONS, fast_acquire=True)
        self._idle: list[_Connection] = []
        self._closed = False

    async def exchange(self, flow: Flow[R]) -> R:
        """Run a flow on one connection; raises AnswerLost and errors of ours."""
        await self._slot()
        try:
            connection = await self._connected()
            try:
                result = await arun(flow, partial(self._send, connection))
            except BaseException:
                await _close(connection)
                raise
            if self._closed or not self._leads_to_primary(connection):
                await _close(connection)
            else:
                self._idle.append(connection)
            return result
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Close what is idle now, and the others as soon as they are."""
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

    async def _connected(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            try:
                if await self._is_good(connection):
                    return connection
            except BaseException:
                await _close(connection)
                raise
            await _close(connection)
        return await self._open()

    async def _is_good(self, connection: _Connection) -> bool:
        """Whether it leads to the primary, and was not closed by the server while it was idle."""
        if not self._leads_to_primary(connection):
            return False
        try:
            return not await connection.can_read()
        except (exceptions.ConnectionError, OSError):
            return False

    def _leads_to_primary(self, connection: _Connection) -> bool:
        return bool((connection.host, connection.port) == self._primary.address)

    async def _open(self) -> _Connection:
        kind = SSLConnection if self._store.tls else Connection
        connection: _Connection = kind(**settings(self._store, await self._primary.find()))
        try:
            with mapped(self._store.where, sent=False):
                await connection.connect()
            if self._store.sentinels:
                await arun(verifying(self._store), partial(self._send, connection))
        except BaseException:
            await _close(connection)
            raise
        return connection

    async def _send(self, connection: _Connection, effect: Effect[Any]) -> list[Any]:
        assert isinstance(effect, Send)
        with mapped(self._store.where, sent=True):
            packed = connection.pack_commands(effect.commands)
            await connection.send_packed_command(packed, check_health=False)
            return [await _reply(connection) for _ in effect.commands]


async def _reply(connection: _Connection) -> Any:
    try:
        return await connection.read_response()
    except exceptions.RedisError as error:
        if is_reply(error):
            return error
        raise


async def _close(connection: _Connection) -> None:
    with anyio.CancelScope(shield=True):
        await connection.disconnect(nowait=True)
