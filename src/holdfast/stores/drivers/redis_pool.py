"""Connections to Redis for threads.

redis-py's ``Connection`` is used directly, not its client: only so is it known whether an error
came before the first byte was sent (nothing was written) or after it (the outcome is open).
"""

from __future__ import annotations

import contextlib
import threading
from functools import partial
from typing import Any, TypeVar

from redis import Connection, SSLConnection, exceptions

from holdfast.core.flow import Effect, Flow, run
from holdfast.stores.drivers.redis_errors import (
    CONNECTIONS,
    POOL_SECONDS,
    is_reply,
    mapped,
    settings,
    unavailable,
)
from holdfast.stores.drivers.redis_exchange import Send, verifying
from holdfast.stores.drivers.redis_primary import Primary
from holdfast.stores.redis import RedisStore

R = TypeVar("R")

_Connection = Any  # redis-py's own class is untyped


class Pool:
    """A bounded pool; an exchange has a connection to itself while it runs.

    A connection on which anything went wrong is closed and never reused, so that no late answer can
    reach another exchange; one to a node that is no longer the primary is closed too.
    """

    def __init__(self, store: RedisStore, primary: Primary) -> None:
        self._store = store
        self._primary = primary
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._idle: list[_Connection] = []
        self._closed = False

    def exchange(self, flow: Flow[R]) -> R:
        """Run a flow on one connection; raises AnswerLost and errors of ours."""
        if not self._slots.acquire(timeout=POOL_SECONDS):
            raise unavailable(self._store.where, f"all {CONNECTIONS} connections are busy")
        try:
            connection = self._connected()
            try:
                result = run(flow, partial(self._send, connection))
            except BaseException:
                connection.disconnect()
                raise
            self._give_back(connection)
            return result
        finally:
            self._slots.release()

    def close(self) -> None:
        """Close what is idle now, and the others as soon as they are."""
        self._closed = True
        while self._idle:
            self._idle.pop().disconnect()

    def _connected(self) -> _Connection:
        # Asking first whether one is there would leave room for another thread in between.
        with contextlib.suppress(IndexError):
            while True:
                connection = self._idle.pop()
                if self._is_good(connection):
                    return connection
                connection.disconnect()
        return self._open()

    def _is_good(self, connection: _Connection) -> bool:
        """Whether it leads to the primary, and was not closed by the server while it was idle."""
        if not self._leads_to_primary(connection):
            return False
        try:
            return not connection.can_read()
        except (exceptions.ConnectionError, OSError):
            return False

    def _leads_to_primary(self, connection: _Connection) -> bool:
        return bool((connection.host, connection.port) == self._primary.address)

    def _open(self) -> _Connection:
        kind = SSLConnection if self._store.tls else Connection
        connection: _Connection = kind(**settings(self._store, self._primary.find()))
        try:
            with mapped(self._store.where, sent=False):
                connection.connect()
            if self._store.sentinels:
                run(verifying(self._store), partial(self._send, connection))
        except BaseException:
            connection.disconnect()
            raise
        return connection

    def _send(self, connection: _Connection, effect: Effect[Any]) -> list[Any]:
        assert isinstance(effect, Send)
        with mapped(self._store.where, sent=True):
            packed = connection.pack_commands(effect.commands)
            connection.send_packed_command(packed, check_health=False)
            return [_reply(connection) for _ in effect.commands]

    def _give_back(self, connection: _Connection) -> None:
        if self._closed or not self._leads_to_primary(connection):
            connection.disconnect()
        else:
            self._idle.append(connection)


def _reply(connection: _Connection) -> Any:
    try:
        return connection.read_response()
    except exceptions.RedisError as error:
        if is_reply(error):
            return error
        raise
