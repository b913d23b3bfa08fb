"""The database store: operations to SQL and rows to results. The I/O is in ``drivers``.

Rows are Laravel's (Illuminate/Session/DatabaseSessionHandler.php, 8 to 13): ``id``, ``user_id``,
``ip_address``, ``user_agent``, ``payload`` (base64), ``last_activity`` (epoch seconds). The last
activity is ``expires_at - lifetime``. Laravel still reads a row whose age equals its lifetime; here
it has expired in that second, by the contract. Every save writes all columns, as Laravel's does.

Payloads are compared and read as bytes, not as text: a collation may find different ones equal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    Missing,
    Page,
    Saved,
    Scan,
    Touch,
    Touched,
)
from holdfast.stores.url import StoreUrl

USER_AGENT_CHARACTERS = 500
"""What Laravel keeps of the header."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one kind of database writes differently.

    Args:
        bytes_of: SQL for a text column's bytes, ``{}`` is the column.
        text_of: SQL for a text made of a bytes parameter, ``{}`` is the parameter.
        create: the statements that make the table and its indexes, with ``{table}``,
            ``{user_index}`` and ``{activity_index}`` for the quoted names.
    """

    bytes_of: str
    text_of: str
    create: tuple[str, ...]

    def quoted(self, name: str) -> str:
        """An identifier, whatever characters it has."""
        return '"' + name.replace('"', '""') + '"'


SQLITE = Dialect(
    bytes_of="CAST({} AS BLOB)",
    text_of="CAST({} AS TEXT)",
    # As Illuminate/Database/Schema/Grammars/SQLiteGrammar.php compiles the migration of
    # `session:table` (8) and of the skeleton's users table (11 to 13).
    create=(
        (
            "CREATE TABLE IF NOT EXISTS {table} (id varchar NOT NULL, user_id integer, "
            "ip_address varchar, user_agent text, payload text NOT NULL, "
            "last_activity integer NOT NULL, PRIMARY KEY (id))"
        ),
        "CREATE INDEX IF NOT EXISTS {user_index} ON {table} (user_id)",
        "CREATE INDEX IF NOT EXISTS {activity_index} ON {table} (last_activity)",
    ),
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement and its named parameters."""

    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transaction:
    """Statements of one atomic step. Without ``writes`` it is a single one that only reads."""

    statements: tuple[Statement, ...]
    writes: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """What one statement gave: its rows, and how many rows it changed."""

    rows: Sequence[tuple[Any, ...]]
    changed: int


@dataclass(frozen=True)
class DatabaseStore:
    """Sessions in a table; on SQLite for now.

    Args:
        path: the database file; must exist and have the table, see ``create_table``.
        table: the table's name.
        lifetime: seconds that a session lives after its last save.
        clock: what judges expiry.
    """

    path: Path
    table: str = "sessions"
    lifetime: int = 7200
    clock: Clock = wall_clock
    dialect: Dialect = field(default=SQLITE, repr=False)
    name: str = field(default="database", init=False)
    form: Form = field(default=Form.BASE64, init=False)

    @property
    def where(self) -> str:
        """``sqlite://`` and the file."""
        return f"sqlite://{self.path}"

    @property
    def details(self) -> Mapping[str, str]:
        """The table."""
        return {"table": self.table}

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Store.connect``."""
        from holdfast.stores.drivers import sqlite

        with sqlite.connect(self) as perform:
            yield perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Store.aconnect``."""
        from holdfast.stores.drivers import sqlite

        async with sqlite.aconnect(self) as perform:
            yield perform

    def create_table(self) -> None:
        """Make Laravel's table where it is missing, and the file; the only DDL there is."""
        from holdfast.stores.drivers import sqlite

        sqlite.create(self)

    def probe(self) -> Transaction:
        """A read that fails unless table and columns are there."""
        statement = self._statement(
            "SELECT id, user_id, ip_address, user_agent, payload, last_activity "
            "FROM {table} LIMIT 0"
        )
        return Transaction((statement,), writes=False)

    def schema(self) -> Transaction:
        """What makes the table and its indexes, named as Laravel names them."""
        return Transaction(tuple(self._statement(sql) for sql in self.dialect.create), writes=True)

    def plan(self, operation: Effect[Any]) -> Transaction:
        """The transaction that performs an operation.

        Of two statements the first writes under its condition and its count of changed rows tells
        whether it did; the second reads what stands there for the case that it did not.
        """
        dead = {"dead": self.clock() - self.lifetime}
        match operation:
            case Find(sid):
                return Transaction((self._live({"id": sid} | dead),), writes=False)
            case Commit(sid, base, data, expires_at, facts=facts):
                key = {"id": sid} | dead
                row = key | self._row(data, expires_at, facts)
                write = self._create(row) if base is None else self._save(row, base.data)
                return Transaction((write, self._live(key)), writes=True)
            case Touch(sid, base, expires_at):
                key = {"id": sid} | dead
                return Transaction(
                    (self._touch(key, base.data, expires_at), self._live(key)), writes=True
                )
            case Delete(sid):
                key = {"id": sid} | dead
                delete = self._statement("DELETE FROM {table} WHERE id = :id", {"id": sid})
                return Transaction((self._live(key), delete), writes=True)
            case Scan(cursor, batch):
                return Transaction((self._page(cursor, batch, dead),), writes=False)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def parse(self, operation: Effect[Any], replies: Sequence[Reply]) -> Any:
        """The result of an operation, from the replies to its statements."""
        match operation:
            case Find():
                return self._found(replies[0])
            case Commit(base=base):
                return Saved() if replies[0].changed else self._refusal(base, replies[1])
            case Touch(base=base):
                return Touched() if replies[0].changed else self._refusal(base, replies[1])
            case Delete():
                return Missing() if self._found(replies[0]) is None else Deleted()
            case Scan(batch=batch):
                ids = [str(row[0]) for row in replies[0].rows]
                more = ids[-1] if len(ids) == batch else None
                return Page(tuple(filter(is_session_id, ids)), more)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def _statement(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Statement:
        filled = sql.format(
            table=self.dialect.quoted(self.table),
            user_index=self.dialect.quoted(f"{self.table}_user_id_index"),
            activity_index=self.dialect.quoted(f"{self.table}_last_activity_index"),
            payload=self.dialect.bytes_of.format("payload"),
            text=self.dialect.text_of.format(":data"),
        )
        return Statement(filled, parameters or {})

    def _live(self, key: Mapping[str, Any]) -> Statement:
        return self._statement(
            "SELECT {payload}, last_activity FROM {table} WHERE id = :id AND last_activity > :dead",
            key,
        )

    def _create(self, row: Mapping[str, Any]) -> Statement:
        # The row of an expired session is still there; it is replaced, a live one is not.
        return self._statement(
            "INSERT INTO {table} (id, user_id, ip_address, user_agent, payload, last_activity) "
            "VALUES (:id, :user_id, :ip_address, :user_agent, {text}, :last_activity) "
            "ON CONFLICT (id) DO UPDATE SET user_id = :user_id, ip_address = :ip_address, "
            "user_agent = :user_agent, payload = {text}, last_activity = :last_activity "
            "WHERE {table}.last_activity <= :dead",
            row,
        )

    def _save(self, row: Mapping[str, Any], base: bytes) -> Statement:
        return self._statement(
            "UPDATE {table} SET user_id = :user_id, ip_address = :ip_address, "
            "user_agent = :user_agent, payload = {text}, last_activity = :last_activity "
            "WHERE id = :id AND last_activity > :dead AND {payload} = :base",
            {**row, "base": base},
        )

    def _touch(self, key: Mapping[str, Any], base: bytes, expires_at: int) -> Statement:
        return self._statement(
            "UPDATE {table} SET last_activity = :last_activity "
            "WHERE id = :id AND last_activity > :dead AND {payload} = :base",
            {**key, "base": base, "last_activity": expires_at - self.lifetime},
        )

    def _page(self, cursor: str | None, batch: int, dead: Mapping[str, Any]) -> Statement:
        return self._statement(
            "SELECT id FROM {table} WHERE id > :cursor AND last_activity > :dead "
            "ORDER BY id LIMIT :batch",
            {**dead, "cursor": cursor or "", "batch": batch},
        )

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
        data, last_activity = reply.rows[0]
        return Found(bytes(data), int(last_activity) + self.lifetime)

    def _refusal(self, base: Found | None, standing: Reply) -> Conflict | Gone:
        found = self._found(standing)
        return Gone() if found is None else Conflict(found)


def _agent(text: str | None) -> str | None:
    if text is None:
        return None
    # A header may hold what is no text (lone surrogates); the column may not.
    return text.encode(errors="replace").decode()[:USER_AGENT_CHARACTERS]


def from_url(url: StoreUrl) -> DatabaseStore:
    """``sqlite:///file?table=sessions``."""
    table = url.parameters.get("table", "sessions")
    if not table or "\0" in table:
        raise UsageError("the table has no name", hint="leave table= out for Laravel's, sessions")
    return DatabaseStore(Path(url.absolute_path()), table, lifetime=url.lifetime)
