"""MariaDB connections: pymysql for threads, asyncmy for tasks.

Every statement is a transaction of its own (autocommit), or a packet of several that begins and
commits one; so its last answer says that it is committed.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import Any

import anyio
import anyio.lowlevel
import asyncmy
import asyncmy.errors
import pymysql
import pymysql.err
from pymysql.constants import CLIENT

from holdfast.core.flow import APerform, Perform
from holdfast.stores.drivers import exchange
from holdfast.stores.drivers.exchange import AnswerLost, RolledBack, unavailable
from holdfast.stores.drivers.mariadb_errors import (
    AGAIN,
    DUPLICATE,
    LOCK_SECONDS,
    NO_TLS,
    objected,
    refused,
)
from holdfast.stores.drivers.server import aconnected, connected, executed
from holdfast.stores.sql.place import Server, Tables
from holdfast.stores.sql.statements import REFUSED, Reply, Statement, Tells

_SESSION = (
    # Strict: a payload that does not fit is an error, not a shorter payload.
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', "
    f"SESSION innodb_lock_wait_timeout = {LOCK_SECONDS}"
)

_LATE = "no answer within {:g} s"


def connect(store: Tables) -> AbstractContextManager[Perform]:
    """As ``Store.connect``."""
    return connected(store, lambda: _Connection(store))


def aconnect(store: Tables) -> AbstractAsyncContextManager[APerform]:
    """As ``Store.aconnect``."""

    async def open() -> _AConnection:
        connection = _AConnection(store)
        await connection.open()
        return connection

    return aconnected(store, open)


def execute(store: Tables, statements: Sequence[Statement]) -> None:
    """Send some statements for their effect."""
    executed(store, lambda: _Connection(store), statements)


class _Connection:
    """A connection of one thread at a time."""

    def __init__(self, store: Tables) -> None:
        self._store = store
        server = _server(store)
        address = (server.host, server.port)
        try:
            plain = socket.create_connection(address, exchange.CONNECT_SECONDS)
        except OSError as error:
            raise unavailable(store.where, "it cannot be reached") from error
        # TLS is put around this socket, and keeps its number.
        self._socket = plain.fileno()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pymysql = pymysql.Connection(
            **_settings(server),
            read_timeout=exchange.ANSWER_SECONDS,
            write_timeout=exchange.ANSWER_SECONDS,
            defer_connect=True,
        )
        try:
            with _mapped(store, connecting=True):
                self._pymysql.connect(plain)
        except BaseException:
            plain.close()
            raise

    def stale(self) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def ask(self, statement: Statement) -> Reply:
        with _mapped(self._store), self._pymysql.cursor() as cursor:
            try:
                cursor.execute(statement.sql, dict(statement.parameters))
                while cursor.nextset():
                    pass
            except pymysql.err.MySQLError as error:
                if _undone(error):
                    self._pymysql.rollback()
                return _taken(error, statement)
            return Reply.of(statement, cursor.fetchall(), cursor.rowcount)

    def close(self) -> None:
        with contextlib.suppress(pymysql.err.MySQLError, OSError):
            self._pymysql.close()


class _AConnection:
    """A connection of one task at a time."""

    def __init__(self, store: Tables) -> None:
        self._store = store
        self._asyncmy: Any = None

    async def open(self) -> None:
        try:
            with anyio.fail_after(exchange.CONNECT_SECONDS), _mapped(self._store, connecting=True):
                self._asyncmy = await asyncmy.connect(
                    **_settings(_server(self._store)), connect_timeout=exchange.CONNECT_SECONDS
                )
        except TimeoutError as error:
            raise unavailable(self._store.where, "it does not answer") from error

    async def stale(self) -> bool:
        # What has come meanwhile is seen by the event loop first, and then told to the connection.
        await anyio.lowlevel.checkpoint()
        await anyio.lowlevel.checkpoint()
        return bool(self._asyncmy._stream_broken)  # noqa: SLF001 - as its own pool asks

    async def ask(self, statement: Statement) -> Reply:
        try:
            with anyio.fail_after(exchange.ANSWER_SECONDS), _mapped(self._store):
                async with self._asyncmy.cursor() as cursor:
                    try:
                        await cursor.execute(statement.sql, dict(statement.parameters))
                        while await cursor.nextset():
                            pass
                    except asyncmy.errors.MySQLError as error:
                        if _undone(error):
                            await self._asyncmy.rollback()
                        return _taken(error, statement)
                    return Reply.of(statement, await cursor.fetchall(), cursor.rowcount)
        except TimeoutError as error:
            raise AnswerLost(_LATE.format(exchange.ANSWER_SECONDS)) from error

    async def close(self) -> None:
        # Without a farewell: the server may be waited for in vain.
        self._asyncmy.close()


def _server(store: Tables) -> Server:
    assert isinstance(store.at, Server)
    return store.at


def _settings(server: Server) -> dict[str, Any]:
    return {
        "host": server.host,
        "port": server.port,
        "database": server.database,
        "user": server.username,
        # As text both clients would send it in Latin-1; PHP sends what stands in the .env file.
        "password": (server.password or "").encode(),
        "charset": "utf8mb4",
        "autocommit": True,
        "client_flag": CLIENT.FOUND_ROWS | CLIENT.MULTI_STATEMENTS,
        "init_command": _SESSION,
        "binary_prefix": True,
        "ssl": ssl.create_default_context() if server.tls else None,
    }


def _taken(error: Exception, statement: Statement) -> Reply:
    # In a packet nothing is expected to be taken, and a transaction may be open.
    if _code(error) != DUPLICATE or statement.tells is not Tells.COUNT:
        raise error
    return REFUSED


def _undone(error: Exception) -> bool:
    """Whether the statement is sent again; a packet may have begun a transaction before it."""
    return _code(error) in AGAIN or objected(error)


def _code(error: Exception) -> int:
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


@contextmanager
def _mapped(store: Tables, *, connecting: bool = False) -> Iterator[None]:
    """Every error of the two clients becomes one of ours, here and nowhere else."""
    try:
        yield
    except (pymysql.err.MySQLError, asyncmy.errors.MySQLError) as error:
        if isinstance(error.__context__, TimeoutError) and not connecting:
            raise AnswerLost(_LATE.format(exchange.ANSWER_SECONDS)) from error
        if objected(error):
            raise RolledBack("forbidden by what is beside") from error
        code = _code(error)
        if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
            code = NO_TLS
        raise refused(code, store, connecting=connecting) from error
    except (OSError, EOFError) as error:
        raise refused(0, store, connecting=connecting) from error
