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

SQLite has no server: there these are transactions, but for the quarantine's statements. One write
in ``beside.SWEEP_EVERY`` is followed by a statement more, which removes what is over.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import (
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.errors import StoreMisconfigured
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Form
from holdfast.stores.beside import (
    ASIDE_ENTRIES,
    ASIDE_SECONDS,
    WRITE_SECONDS,
    Aside,
    AsidePage,
    ScanAside,
)
from holdfast.stores.contract import (
    FAST_ALONE,
    Commit,
    Conflict,
    Delete,
    Deleted,
    Elsewhere,
    Facts,
    Fenced,
    Find,
    Found,
    Gone,
    IdCollision,
    Level,
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
from holdfast.stores.sql.place import (
    Driver,
    Engine,
    Server,
    Tables,
    dialect_of,
    driver_of,
    engine_of,
    place,
    table_name,
    where_of,
)
from holdfast.stores.sql.statements import Reply, Row, Statement, Steps
from holdfast.stores.url import StoreUrl

USER_AGENT_CHARACTERS = 500
"""What Laravel keeps of the header."""


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
    levels: Collection[Level] = field(default=FAST_ALONE, init=False)
    form: Form = field(default=Form.BASE64, init=False)

    @property
    def engine(self) -> Engine:
        """Which kind of database it is."""
        return engine_of(self.at)

    @property
    def where(self) -> str:
        """``sqlite://`` and the file, or the server's address and the database."""
        return where_of(self.at)

    @property
    def details(self) -> Mapping[str, str]:
        """The table."""
        return {"table": self.table}

    @cached_property
    def dialect(self) -> Dialect:
        """The SQL of this kind of database, for the table."""
        return dialect_of(self.at, self.table, beside=self.beside)

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
                ended = {"id": sid} | times | _end(operation, now)
                return self.dialect.delete(ended, fenced=self._fenced(operation))
            case SetAside() if self.beside:
                return self.dialect.set_aside(_entry(operation, now))
            case ScanAside() if self.beside:
                return self.dialect.quarantine(_after(operation, now))
            case SetAside() | ScanAside():
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
            case Delete() if self._fenced(operation) and (to := _first(replies)[0]) is not None:
                return Elsewhere(to)
            case Delete():
                return Deleted() if wrote else Missing(remembered=self._fenced(operation))
            case SetAside():
                return bool(replies and replies[-1].rows)
            case ScanAside(batch=batch):
                return _asides(replies[-1].rows if replies else (), batch)
            case Scan(batch=batch):
                ids = [str(row[0]) for row in replies[-1].rows]
                more = ids[-1] if len(ids) == batch else None
                return Page(tuple(filter(is_session_id, ids)), more)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def _fenced(self, delete: Delete) -> bool:
        return self.beside and delete.fence_seconds > 0

    def _driver(self) -> Driver:
        return driver_of(self.at)

    def _row(self, write: Commit | Move) -> dict[str, Any]:
        facts: Facts = write.facts
        return {
            "user_id": facts.user_id,
            "ip_address": facts.ip_address,
            "user_agent": _agent(facts.user_agent),
            "data": write.data,
            "last_activity": write.expires_at - self.lifetime,
        }

    def _found(self, row: Row) -> Found | None:
        data, last_activity = row[:2]
        return None if data is None else Found(bytes(data), int(last_activity) + self.lifetime)

    def _seen(self, reply: Reply) -> Found | Moved | None:
        # Where an id that has moved was taken again there are two rows, in any order.
        for row in sorted(reply.rows, key=lambda row: row[0] is None):
            found = self._found(row)
            return found or Moved(row[2], bytes(row[3]))
        return None

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
        found = self._found(standing.rows[0]) if standing.rows else None
        return otherwise if found is None else Conflict(found)


def _first(replies: Sequence[Reply]) -> Row:
    return next(reply.rows[0] for reply in replies if reply.rows)


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


def _after(operation: ScanAside, now: int) -> dict[str, Any]:
    id, _, digest = (operation.cursor or "").partition(":")
    stale = now - ASIDE_SECONDS
    return {"id": id, "digest": digest, "stale": stale, "batch": operation.batch}


def _asides(rows: Sequence[Row], batch: int) -> AsidePage:
    entries = tuple(Aside(row[0], bytes(row[2]), row[3], int(row[4])) for row in rows)
    return AsidePage(entries, f"{rows[-1][0]}:{rows[-1][1]}" if len(rows) == batch else None)


def keeps_beside(store: Tables) -> TypeGuard[DatabaseStore]:
    """Whether it is a store of sessions with tables beside it."""
    return isinstance(store, DatabaseStore) and store.beside


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
    table = table_name(url, "sessions")
    beside = url.choice("beside", "0", ("0", "1")) == "1"
    return DatabaseStore(place(url), table, lifetime=url.lifetime, beside=beside)
