"""The database store: operations to SQL and rows to results. The I/O is in ``drivers``.

Rows are Laravel's (Illuminate/Session/DatabaseSessionHandler.php, 8 to 13): ``id``, ``user_id``,
``ip_address``, ``user_agent``, ``payload`` (base64), ``last_activity`` (epoch seconds). The last
activity is ``expires_at - lifetime``. Laravel still reads a row whose age equals its lifetime; here
it has expired in that second, by the contract. Every save writes all columns, as Laravel's does.

Payloads are compared and read as bytes, not as text: a collation may find different ones equal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Form
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Facts,
    Find,
    Found,
    Gone,
    IdCollision,
    Missing,
    Page,
    Saved,
    Scan,
    Touch,
    Touched,
)
from holdfast.stores.sql.dialect import Dialect
from holdfast.stores.sql.mariadb import MariaDb
from holdfast.stores.sql.postgresql import PostgreSql
from holdfast.stores.sql.sqlite import Sqlite
from holdfast.stores.sql.statements import Reply, Steps
from holdfast.stores.url import StoreUrl

USER_AGENT_CHARACTERS = 500
"""What Laravel keeps of the header."""

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


class _Driver(Protocol):
    """What each module of ``drivers`` has for its engine."""

    def connect(self, store: DatabaseStore) -> AbstractContextManager[Perform]: ...
    def aconnect(self, store: DatabaseStore) -> AbstractAsyncContextManager[APerform]: ...
    def create(self, store: DatabaseStore) -> None: ...


@dataclass(frozen=True)
class DatabaseStore:
    """Sessions in a table.

    Args:
        at: the SQLite file, or the server; the table must be there, see ``create_table``.
        table: the table's name.
        lifetime: seconds that a session lives after its last save.
        clock: what judges expiry.
    """

    at: Path | Server
    table: str = "sessions"
    lifetime: int = 7200
    clock: Clock = wall_clock
    name: str = field(default="database", init=False)
    form: Form = field(default=Form.BASE64, init=False)

    @property
    def engine(self) -> Engine:
        """Which kind of database it is."""
        return self.at.engine if isinstance(self.at, Server) else "sqlite"

    @property
    def where(self) -> str:
        """``sqlite://`` and the file, or the server's address and the database."""
        return self.at.where if isinstance(self.at, Server) else f"sqlite://{self.at}"

    @property
    def details(self) -> Mapping[str, str]:
        """The table."""
        return {"table": self.table}

    @cached_property
    def dialect(self) -> Dialect:
        """The SQL of this kind of database, for the table."""
        return _DIALECTS[self.engine](self.table)

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Store.connect``."""
        with self._driver().connect(self) as perform:
            yield perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Store.aconnect``."""
        async with self._driver().aconnect(self) as perform:
            yield perform

    def create_table(self) -> None:
        """Make Laravel's table where it is missing, and SQLite's file; the only DDL there is."""
        self._driver().create(self)

    def plan(self, operation: Effect[Any]) -> Steps:
        """The statements that perform an operation, each sent only if none before it wrote."""
        dead = {"dead": self.clock() - self.lifetime}
        match operation:
            case Find(sid):
                return self.dialect.find({"id": sid} | dead)
            case Commit(sid, base, data, expires_at, facts=facts):
                row = {"id": sid} | dead | self._row(data, expires_at, facts)
                if base is None:
                    return self.dialect.create(row)
                return self.dialect.save(row | {"base": base.data})
            case Touch(sid, base, expires_at):
                moved = {"base": base.data, "last_activity": expires_at - self.lifetime}
                return self.dialect.touch({"id": sid} | dead | moved)
            case Delete(sid):
                return self.dialect.delete({"id": sid} | dead)
            case Scan(cursor, batch):
                return self.dialect.page(dead | {"cursor": cursor or "", "batch": batch})
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def parse(self, operation: Effect[Any], replies: Sequence[Reply]) -> Any:
        """The result of an operation, from the replies to its statements that were sent."""
        last = replies[-1]
        match operation:
            case Find():
                return self._found(last)
            case Commit(base=base):
                if last.wrote:
                    return Saved()
                return self._refusal(last, IdCollision() if base is None else Gone())
            case Touch():
                return Touched() if last.wrote else self._refusal(last, Gone())
            case Delete():
                return Deleted() if replies[0].wrote else Missing()
            case Scan(batch=batch):
                ids = [str(row[0]) for row in last.rows]
                more = ids[-1] if len(ids) == batch else None
                return Page(tuple(filter(is_session_id, ids)), more)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def _driver(self) -> _Driver:
        return cast(_Driver, import_module(f"holdfast.stores.drivers.{self.engine}"))

    def _row(self, data: bytes, expires_at: int, facts: Facts) -> dict[str, Any]:
        return {
            "user_id": facts.user_id,
            "ip_address": facts.ip_address,
            "user_agent": _agent(facts.user_agent),
            "data": data,
            "last_activity": expires_at - self.lifetime,
        }

    def _found(self, reply: Reply) -> Found | None:
        if not reply.rows:
            return None
        data, last_activity = reply.rows[0][:2]
        return Found(bytes(data), int(last_activity) + self.lifetime)

    def _refusal(
        self, standing: Reply, otherwise: Gone | IdCollision
    ) -> Conflict | Gone | IdCollision:
        found = self._found(standing)
        return otherwise if found is None else Conflict(found)


def _agent(text: str | None) -> str | None:
    if text is None:
        return None
    # A header may hold what is no text (lone surrogates) or no text to PostgreSQL (NUL).
    clean = text.replace("\0", "?").encode(errors="replace").decode()
    return clean[:USER_AGENT_CHARACTERS]


def from_url(url: StoreUrl) -> DatabaseStore:
    """``sqlite:///file?table=sessions``, ``postgresql://user:password@host:port/database``,
    ``mysql://`` and ``mariadb://`` alike.
    """
    table = url.parameters.get("table", "sessions")
    if not table or "\0" in table:
        raise UsageError("the table has no name", hint="leave table= out for Laravel's, sessions")
    at = Path(url.absolute_path()) if url.scheme == "sqlite" else _server(url)
    return DatabaseStore(at, table, lifetime=url.lifetime)


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
