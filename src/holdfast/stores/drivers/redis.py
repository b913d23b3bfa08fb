"""Redis connections for threads: what is sent when, and never a write twice.

redis-py's ``Connection`` is used directly, not its client: only so is it known whether an error
came before the first byte was sent (nothing was written) or after it (the outcome is open).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Connection, SSLConnection, exceptions

from holdfast.core.flow import Effect, Perform
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

_Connection = Any  # redis-py's own class is untyped


@contextmanager
def connect(store: RedisStore, operations: Operations | None = None) -> Iterator[Perform]:
    """Connect, and give a ``perform`` for many threads; all connections are closed at the end.

    Args:
        store: the server.
        operations: what is performed on it; those of the store where nothing is said.
    """
    driver = _Driver(store, operations or store)
    try:
        driver.read(PING)
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
        driver.read(Request((b"FLUSHDB",), writes=True))
    finally:
        driver.close()


class _Driver:
    """A bounded pool; an effect has a connection to itself while it runs.

    A connection on which anything went wrong is closed and never reused, so that no late answer can
    reach another effect.
    """

    def __init__(self, store: RedisStore, operations: Operations) -> None:
        self._store = store
        self._operations = operations
        self._slots = threading.BoundedSemaphore(CONNECTIONS)
        self._idle: list[_Connection] = []
        self._closed = False

    def perform(self, operation: Effect[Any]) -> Any:
        if refused := self._operations.refusal(operation):
            return refused
        request = self._operations.plan(operation)
        try:
            reply = self.exchange(request)
        except AnswerLost as lost:
            if request.writes:
                return Unknown(str(lost), remembered=remembers(operation))
            reply = self.read(request)
        return self._operations.parse(operation, reply)

    def exchange(self, request: Request) -> Any:
        """Send one request and return its reply; raises AnswerLost and errors of ours."""
        if not self._slots.acquire(timeout=POOL_SECONDS):
            raise unavailable(self._store.where, f"all {CONNECTIONS} connections are busy")
        try:
            connection = self._idle_or_new()
            try:
                self._ready(connection)
                reply = self._ask(connection, request)
            except BaseException:
                connection.disconnect()
                raise
            self._give_back(connection)
            return reply
        finally:
            self._slots.release()

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().disconnect()

    def read(self, request: Request) -> Any:
        try:
            return self.exchange(request)
        except AnswerLost as lost:
            raise unavailable(self._store.where, str(lost)) from lost

    def _idle_or_new(self) -> _Connection:
        # Asking first whether one is there would leave room for another thread in between.
        with contextlib.suppress(IndexError):
            return self._idle.pop()
        kind = SSLConnection if self._store.tls else Connection
        return kind(**settings(self._store))

    def _ready(self, connection: _Connection) -> None:
        """Connected, and not closed by the server while it was idle."""
        with mapped(self._store.where, sent=False):
            connection.connect()
            try:
                stale = connection.can_read()
            except (exceptions.ConnectionError, OSError):
                stale = True
            if stale:
                connection.disconnect()
                connection.connect()

    def _ask(self, connection: _Connection, request: Request) -> Any:
        with mapped(self._store.where, sent=True):
            try:
                return _send(connection, request.command)
            except exceptions.NoScriptError:
                return _send(connection, request.command_with_source)

    def _give_back(self, connection: _Connection) -> None:
        if self._closed:
            connection.disconnect()
        else:
            self._idle.append(connection)


def _send(connection: _Connection, command: tuple[bytes, ...]) -> Any:
    connection.send_packed_command(connection.pack_command(*command), check_health=False)
    return connection.read_response()
