"""Where a database is, and what connects to it: an SQLite file, or a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.stores.contract import Refused
from holdfast.stores.sql.dialect import Dialect
from holdfast.stores.sql.mariadb import MariaDb
from holdfast.stores.sql.postgresql import PostgreSql
from holdfast.stores.sql.sqlite import Sqlite
from holdfast.stores.sql.statements import Reply, Statement, Steps
from holdfast.stores.url import StoreUrl

Engine = Literal["sqlite", "postgresql", "mariadb"]

_DIALECTS: Mapping[Engine, type[Dialect]] = {
    "sqlite": Sqlite,
    "postgresql": PostgreSql,
    "mariadb": MariaDb,
}
_SERVERS: Mapping[str, tuple[Literal["postgresql", "mariadb"], int]] = {
    "postgresql": ("postgresql", 5432),
    "mysql": ("mariadb", 3306),
    "mariadb": ("mariadb", 3306),
}
"""Engine and usual port, by scheme."""


@dataclass(frozen=True, slots=True)
class Server:
    """A database on a server.

    Args:
        engine: which dialect it speaks.
        host, port, database: where.
        username, password: who we are.
        tls: demand TLS and verify the certificate against the system's authorities. Otherwise
            PostgreSQL's connections are encrypted where the server offers it, MariaDB's are not.
    """

    engine: Literal["postgresql", "mariadb"]
    host: str
    port: int
    database: str
    username: str = field(repr=False)
    password: str | None = field(default=None, repr=False)
    tls: bool = False

    @property
    def where(self) -> str:
        """The address, without user name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "postgresql" if self.engine == "postgresql" else "mysql"
        return f"{scheme}://{host}:{self.port}/{self.database}"


class Driver(Protocol):
    """What each module of ``drivers`` has for its engine."""

    def connect(self, store: Tables) -> AbstractContextManager[Perform]:
        """As ``Store.connect``."""

    def aconnect(self, store: Tables) -> AbstractAsyncContextManager[APerform]:
        """As ``Store.aconnect``."""

    def execute(self, store: Tables, statements: Sequence[Statement]) -> None:
        """Send some statements for their effect."""


def engine_of(at: Path | Server) -> Engine:
    """Which kind of database it is."""
    return at.engine if isinstance(at, Server) else "sqlite"


def where_of(at: Path | Server) -> str:
    """``sqlite://`` and the file, or the server's address and the database."""
    return at.where if isinstance(at, Server) else f"sqlite://{at}"


def dialect_of(at: Path | Server, table: str, *, beside: bool = False) -> Dialect:
    """The SQL of this kind of database, for a table."""
    return _DIALECTS[engine_of(at)](table, beside=beside)


def driver_of(at: Path | Server) -> Driver:
    """What connects to this kind of database."""
    return cast(Driver, import_module(f"holdfast.stores.drivers.{engine_of(at)}"))


class Tables(Protocol):
    """What a driver must know of who uses a database: sessions, or locks."""

    @property
    def at(self) -> Path | Server:
        """The SQLite file, or the server."""

    @property
    def table(self) -> str:
        """The table's name, for messages."""

    @property
    def where(self) -> str:
        """The address, for messages."""

    def probe(self) -> Statement:
        """A read that fails unless table and columns are there."""

    def refusal(self, operation: Effect[Any]) -> Refused | None:
        """Why an operation cannot be performed, whatever the server says."""

    def plan(self, operation: Effect[Any]) -> Steps:
        """The statements that perform it, each sent only if none before it wrote."""

    def parse(self, operation: Effect[Any], replies: Sequence[Reply]) -> Any:
        """Its result, from the replies to its statements that were sent."""


def place(url: StoreUrl) -> Path | Server:
    """The file or the server that a URL names."""
    return Path(url.absolute_path()) if url.scheme == "sqlite" else _server(url)


def table_name(url: StoreUrl, usual: str) -> str:
    """The table that a URL names, or Laravel's."""
    table = url.parameters.get("table", usual)
    if not table or "\0" in table:
        raise UsageError("the table has no name", hint=f"leave table= out for Laravel's, {usual}")
    return table


def _server(url: StoreUrl) -> Server:
    engine, port = _SERVERS[url.scheme]
    database = url.path.strip("/")
    example = f"{url.scheme}://user:password@host:{port}/database"
    if not database or "/" in database or "\0" in database:
        raise UsageError(f"the {url.scheme} store's URL names no database", hint=f"write {example}")
    if url.username is None:
        raise UsageError(f"the {url.scheme} store's URL names no user", hint=f"write {example}")
    return Server(
        engine=engine,
        host=url.host or "127.0.0.1",
        port=url.port or port,
        database=database,
        username=url.username,
        password=url.password,
        tls=url.choice("tls", "0", ("0", "1")) == "1",
    )
