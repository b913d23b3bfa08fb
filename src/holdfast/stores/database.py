"""The database store: operations to SQL and rows to results. The I/O is in ``drivers``.

Rows are Laravel's (Illuminate/Session/DatabaseSessionHandler.php, 8 to 13): ``id``, ``user_id``,
``ip_address``, ``user_agent``, ``payload`` (base64), ``last_activity`` (epoch seconds). The last
activity is ``expires_at - lifetime``. Laravel still reads a row whose age equals its lifetime; here
it has expired in that second, by the contract. Every save writes all columns, as Laravel's does.

Payloads are compared and read as bytes, not as text: a collation may find different ones equal.

Round trips of one operation, without and with the tables beside (``beside``); where two numbers
stand the second one is needed to see what stood in the way of a write that did not happen:

=============== ======== ============ ================ ============================================
operation       SQLite   PostgreSQL   MariaDB, MySQL
=============== ======== ============ ================ ============================================
find            1        1            1
save            1        1            1 or 2           with a write id beside: 1 on MariaDB too;
                                                       performed again: 1 or 2 on PostgreSQL
touch           1        1            1 or 2
create          1        1 or 2       1 to 3           beside: 1 on MariaDB
move            1        1            1                performed again: 1 or 2 on PostgreSQL
delete          1        1            1 or 2           with a fence: 1 or 2 on PostgreSQL, else 1
set aside       3        3            3
=============== ======== ============ ================ ============================================

SQLite has no server: there it is the number of transactions, and a find is none. One write in
``SWEEP_EVERY`` is followed by one statement more, which removes what is over beside the sessions.
"""

from __future__ import annotations

import hashlib
import itertools
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
from holdfast.core.errors import StoreMisconfigured, UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Form
from holdfast.stores.beside import ASIDE_ENTRIES, ASIDE_SECONDS, WRITE_SECONDS
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Facts,
    Fenced,
    Find,
    Found,
    Gone,
    IdCollision,
    Missing,
    Move,
    Moved,
    Page,
    Refused,
    Saved,
    Scan,
    SetAside,
    Touch,
    Touched,
)
from holdfast.stores.sql.dialect import Dialect
from holdfast.stores.sql.mariadb import MariaDb
from holdfast.stores.sql.postgresql import PostgreSql
from holdfast.stores.sql.sqlite import Sqlite
from holdfast.stores.sql.statements import Reply, Statement, Steps
from holdfast.stores.url import StoreUrl

USER_AGENT_CHARACTERS = 500
"""What Laravel keeps of the header."""

SWEEP_EVERY = 200
"""Writes between two sweeps, each of which may remove more rows than so many writes make."""

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
    def execute(self, store: DatabaseStore, statements: Sequence[Statement]) -> None: ...


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


@dataclass(frozen=True)
class DatabaseStore:
    """Sessions in a table.

    Args:
        at: the SQLite file, or the server; the table must be there, see ``create_table``.
        table: the table's name.
        lifetime: seconds that a session lives after its last save.
        clock: what judges expiry, of what is beside the sessions too.
        beside: whether the tables ``holdfast_*`` are there, see ``create_beside``. Without them
            write ids are ignored, there are no fences, no graces and no quarantine.
    """

    at: Path | Server
    table: str = "sessions"
    lifetime: int = 7200
    clock: Clock = wall_clock
    beside: bool = False
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
        return _DIALECTS[self.engine](self.table, beside=self.beside)

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
        """Make Laravel's table where it is missing, and SQLite's file; beside, its tables too."""
        beside = self.dialect.creation_beside() if self.beside else ()
        self._driver().execute(self, (*self.dialect.creation(), *beside))

    def create_beside(self) -> None:
        """Make the tables beside Laravel's where they are missing; there is no other DDL."""
        self._driver().execute(self, self.dialect.creation_beside())

    def probe(self) -> Statement:
        """A read that fails unless Laravel's table and columns are there."""
        return self.dialect.probe()

    def refusal(self, operation: Effect[Any]) -> Refused | None:
        """Why an operation's level cannot be held; None where it may."""
        if isinstance(operation, Commit | Move | Delete) and operation.level != "fast":
            return Refused("a database's durability is its own; it is not asked about replicas")
        return None

    def sweep(self) -> Statement:
        """What removes some of what is over beside the sessions; it may be sent twice."""
        return self.dialect.sweep({"now": self.clock()})

    def without_beside(self, error: StoreMisconfigured) -> StoreMisconfigured:
        """The error for tables beside that cannot be used."""
        return StoreMisconfigured(
            f"{error}; the tables beside {self.table} are not there, or not for this user",
            hint="make them with create_beside(), or as docs/stores.md shows; or leave beside out",
        )

    def plan(self, operation: Effect[Any]) -> Steps:
        """The statements that perform an operation, each sent only if none before it wrote."""
        now = self.clock()
        times = {"now": now, "dead": now - self.lifetime}
        match operation:
            case Find(sid):
                return self.dialect.find({"id": sid} | times)
            case Commit(sid, base):
                row = (
                    {"id": sid, "noted": sid} | times | self._row(operation) | _note(operation, now)
                )
                if base is None:
                    return self.dialect.create(row, operation)
                return self.dialect.save(row | {"base": base.data}, operation)
            case Move(sid, base, to):
                ids = {"id": sid, "noted": to, "to": to, "base": base.data}
                row = ids | times | self._row(operation) | _note(operation, now)
                return self.dialect.move(row | _end(operation, now), operation)
            case Touch(sid, base, expires_at):
                moved = {"base": base.data, "last_activity": expires_at - self.lifetime}
                return self.dialect.touch({"id": sid} | times | moved)
            case Delete(sid):
                fenced = self.beside and operation.fence_seconds > 0
                ended = {"id": sid} | times | _end(operation, now)
                return self.dialect.delete(ended, fenced=fenced)
            case SetAside() if self.beside:
                return self.dialect.set_aside(_entry(operation, now))
            case SetAside():
                return Steps(())
            case Scan(cursor, batch):
                return self.dialect.page(times | {"cursor": cursor or "", "batch": batch})
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def parse(self, operation: Effect[Any], replies: Sequence[Reply]) -> Any:
        """The result of an operation, from the replies to its statements that were sent."""
        wrote = any(reply.wrote for reply in replies)
        match operation:
            case Find():
                return self._seen(replies[-1])
            case Commit() | Move() if wrote:
                return Saved()
            case Commit() | Move():
                return self._refused(operation, replies[-1])
            case Touch():
                return Touched() if wrote else self._refusal(replies[-1], Gone())
            case Delete():
                return Deleted() if wrote else Missing()
            case SetAside():
                return bool(replies and replies[-1].rows)
            case Scan(batch=batch):
                ids = [str(row[0]) for row in replies[-1].rows]
                more = ids[-1] if len(ids) == batch else None
                return Page(tuple(filter(is_session_id, ids)), more)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def _driver(self) -> _Driver:
        return cast(_Driver, import_module(f"holdfast.stores.drivers.{self.engine}"))

    def _row(self, write: Commit | Move) -> dict[str, Any]:
        facts: Facts = write.facts
        return {
            "user_id": facts.user_id,
            "ip_address": facts.ip_address,
            "user_agent": _agent(facts.user_agent),
            "data": write.data,
            "last_activity": write.expires_at - self.lifetime,
        }

    def _found(self, reply: Reply) -> Found | None:
        if not reply.rows or reply.rows[0][0] is None:
            return None
        data, last_activity = reply.rows[0][:2]
        return Found(bytes(data), int(last_activity) + self.lifetime)

    def _seen(self, reply: Reply) -> Found | Moved | None:
        found = self._found(reply)
        if found or not self.beside:
            return found
        to, seal = reply.rows[0][2:4]
        return None if to is None else Moved(to, bytes(seal))

    def _refused(
        self, write: Commit | Move, standing: Reply
    ) -> Saved | Conflict | Gone | Fenced | IdCollision:
        fenced, writes = _beside(standing)
        if write.again and write.write_id is not None and write.write_id in writes:
            return Saved()
        if write.base is None:
            return Fenced() if fenced else self._refusal(standing, IdCollision())
        refusal = self._refusal(standing, Gone())
        taken = isinstance(write, Move) and refusal == Conflict(write.base)
        return IdCollision() if taken else refusal

    def _refusal(
        self, standing: Reply, otherwise: Gone | IdCollision
    ) -> Conflict | Gone | IdCollision:
        found = self._found(standing)
        return otherwise if found is None else Conflict(found)


def _beside(standing: Reply) -> tuple[bool, str]:
    """Whether an id is fenced and which writes are remembered, where the statement looked."""
    columns = standing.rows[0][2:4] if standing.rows else ()
    fenced, writes = columns if len(columns) == 2 else (None, None)
    return bool(fenced), writes or ""


def _note(write: Commit | Move, now: int) -> dict[str, Any]:
    note = "" if write.write_id is None else f",{write.write_id}"
    return {"note": note, "note_until": now + WRITE_SECONDS}


def _end(operation: Move | Delete, now: int) -> dict[str, Any]:
    grace = operation.grace if isinstance(operation, Move) else None
    gone_until = now + operation.fence_seconds if operation.fence_seconds > 0 else 0
    moved_until = 0 if grace is None else now + grace.seconds
    return {
        "gone_until": gone_until,
        "moved_to": operation.to if isinstance(operation, Move) else None,
        "seal": None if grace is None else grace.seal,
        "moved_until": moved_until,
        "end_until": max(gone_until, moved_until),
    }


def _entry(operation: SetAside, now: int) -> dict[str, Any]:
    return {
        "id": operation.sid,
        "digest": hashlib.sha256(operation.data).hexdigest(),
        "data": operation.data,
        "reason": operation.reason,
        "now": now,
        "stale": now - ASIDE_SECONDS,
        "entries": ASIDE_ENTRIES,
    }


class Turns:
    """When what is over beside the sessions of a store is swept: each time after so many writes.

    Args:
        store: whose writes are counted, those of one that was opened.
    """

    def __init__(self, store: DatabaseStore) -> None:
        self._beside = store.beside
        self._writes = itertools.count(1)

    def due(self, operation: Effect[Any]) -> bool:
        """Whether to sweep now that an operation was performed."""
        if not (self._beside and isinstance(operation, Commit | Move | Delete)):
            return False
        return next(self._writes) % SWEEP_EVERY == 0


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
    beside = url.choice("beside", "0", ("0", "1")) == "1"
    return DatabaseStore(at, table, lifetime=url.lifetime, beside=beside)


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
