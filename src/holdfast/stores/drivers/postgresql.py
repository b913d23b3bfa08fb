"""PostgreSQL connections: libpq driven by hand, so that it is known what was sent and how it ended.

psycopg connects (in a worker thread for tasks) and wraps libpq. The exchange is a generator that
says what it waits for; threads wait with poll, tasks with the event loop. It sends one statement in
the extended protocol, as a transaction of its own: the server commits after it has said that the
command is complete, so only the end of the exchange is an answer.
"""

from __future__ import annotations

import select
import time
from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any

import anyio
import anyio.to_thread
import psycopg
from psycopg import pq

from holdfast.core.flow import APerform, Perform
from holdfast.stores.drivers import exchange
from holdfast.stores.drivers.exchange import AnswerLost
from holdfast.stores.drivers.postgresql_errors import refused, unreachable
from holdfast.stores.drivers.server import aconnected, connected, executed
from holdfast.stores.sql.place import Server, Tables
from holdfast.stores.sql.statements import Reply, Statement

_BYTEA, _TEXT, _BINARY = 17, 0, 1
_INTEGERS = frozenset({20, 21, 23})
_BOOLEAN = 16
_POLL = {"read": select.POLLIN, "write": select.POLLOUT}

_Waiting = Generator[str, None, Reply]


def connect(store: Tables) -> AbstractContextManager[Perform]:
    """As ``Store.connect``."""
    return connected(store, lambda: _Connection(store))


def aconnect(store: Tables) -> AbstractAsyncContextManager[APerform]:
    """As ``Store.aconnect``."""

    async def open() -> _AConnection:
        # Looking up a host blocks; and connecting is rare.
        return _AConnection(await anyio.to_thread.run_sync(_Connection, store))

    return aconnected(store, open)


def execute(store: Tables, statements: Sequence[Statement]) -> None:
    """Send some statements for their effect."""
    executed(store, lambda: _Connection(store), statements)


class _Connection:
    """A connection of one thread at a time."""

    def __init__(self, store: Tables) -> None:
        assert isinstance(store.at, Server)
        self._store = store
        try:
            self._psycopg = psycopg.Connection.connect(**_settings(store.at), autocommit=True)
        except psycopg.Error as error:
            raise unreachable(error, store.where) from error
        self._libpq = self._psycopg.pgconn
        self._libpq.nonblocking = 1

    def stale(self) -> bool:
        return self._libpq.status != pq.ConnStatus.OK or _ready(self.socket, "read", 0)

    def ask(self, statement: Statement) -> Reply:
        deadline = time.monotonic() + exchange.ANSWER_SECONDS
        for wanted in (waiting := self.exchanging(statement)):
            if not _ready(self.socket, wanted, deadline - time.monotonic()):
                waiting.close()
                raise late()
        return self.reply

    def close(self) -> None:
        self._psycopg.close()

    @property
    def socket(self) -> int:
        """The number of its socket."""
        return self._libpq.socket

    def exchanging(self, statement: Statement) -> Generator[str]:
        """Send a statement and read its answer; yields ``read`` or ``write`` where it must wait."""
        values = list(statement.parameters.values())
        try:
            self._libpq.send_query_params(
                statement.sql.encode(),
                [_encoded(value) for value in values],
                param_types=[_BYTEA if isinstance(value, bytes) else 0 for value in values],
                param_formats=[_BINARY if isinstance(v, bytes) else _TEXT for v in values],
                result_format=_BINARY,
            )
            while self._libpq.flush():
                yield "write"
            answers: list[pq.abc.PGresult] = []
            while True:
                while self._libpq.is_busy():
                    yield "read"
                    self._libpq.consume_input()
                answer = self._libpq.get_result()
                if answer is None:
                    break
                answers.append(answer)
        except psycopg.Error as error:
            raise AnswerLost("the connection broke before the answer came") from error
        for answer in answers:
            if answer.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
                raise refused(answer, self._store)
        if len(answers) != 1:
            raise AnswerLost("the answer was not one to a single statement")
        self.reply = _reply(statement, answers[0])


class _AConnection:
    """A connection of one task at a time."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def stale(self) -> bool:
        return self._connection.stale()

    async def ask(self, statement: Statement) -> Reply:
        with anyio.move_on_after(exchange.ANSWER_SECONDS) as scope:
            for wanted in self._connection.exchanging(statement):
                wait = anyio.wait_readable if wanted == "read" else anyio.wait_writable
                await wait(self._connection.socket)
        if scope.cancelled_caught:
            raise late()
        return self._connection.reply

    async def close(self) -> None:
        self._connection.close()


def late() -> AnswerLost:
    """No answer in time."""
    return AnswerLost(f"no answer within {exchange.ANSWER_SECONDS:g} s")


def _settings(server: Server) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "dbname": server.database,
        "user": server.username,
        "password": server.password,
        "connect_timeout": max(2, round(exchange.CONNECT_SECONDS)),
        "application_name": "holdfast",
        "client_encoding": "UTF8",
        "gssencmode": "disable",
        **({"sslmode": "verify-full", "sslrootcert": "system"} if server.tls else {}),
    }


def _ready(socket: int, wanted: str, seconds: float) -> bool:
    """Whether a socket can be read or written, within this time."""
    poll = select.poll()
    poll.register(socket, _POLL[wanted])
    return bool(poll.poll(max(0.0, seconds) * 1000))


def _encoded(value: Any) -> bytes | None:
    """A value for the server, which finds out by itself what type a text is meant to be."""
    if value is None or isinstance(value, bytes):
        return value
    return str(value).encode()


def _reply(statement: Statement, answer: pq.abc.PGresult) -> Reply:
    columns = range(answer.nfields)
    types = [answer.ftype(column) for column in columns]
    rows = [
        tuple(_decoded(answer.get_value(row, column), types[column]) for column in columns)
        for row in range(answer.ntuples)
    ]
    return Reply.of(statement, rows, answer.command_tuples or 0)


def _decoded(value: bytes | None, type: int) -> Any:
    if value is None:
        return None
    if type in _INTEGERS:
        return int.from_bytes(value, "big", signed=True)
    if type == _BOOLEAN:
        return value != b"\0"
    return value if type == _BYTEA else value.decode()
