"""What the dialects have in common: Laravel's columns, and the statements that only read.

SQL is written with ``:name`` for a value, ``{table}`` for the table and ``{payload}``,
``{same_id}`` and the like for what a dialect says in its own way. :meth:`Dialect.statement` puts in
the quoted names last, so that no part of a name can be taken for a placeholder.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from holdfast.stores.contract import Commit, Move
from holdfast.stores.sql.beside import GONE, Words
from holdfast.stores.sql.statements import Statement, Steps, Tells

Values = Mapping[str, Any]
"""What a statement may name: ``id``, ``now``, ``dead`` (the last activity of a session that has
just expired), ``base``, the columns of a row with ``data`` for its payload, ``cursor``, ``batch``;
``to`` of a move; ``noted`` (the id whose row remembers the write), ``note``, ``note_until``; the
columns of an ended id's row with ``end_until`` for its ``until``; those of the quarantine."""

_NAME = re.compile(r":([a-z_]+)")


class Dialect(ABC):
    """The SQL of one kind of database.

    Args:
        table: the table's name; any characters but NUL.
        beside: whether the tables beside it are there.
    """

    quote: ClassVar[str] = '"'
    """What stands around an identifier."""
    same_id: ClassVar[str] = "id = :id"
    """The condition that a row is that of the id, byte for byte."""
    payload: ClassVar[str]
    """The bytes of the column ``payload``."""
    activity: ClassVar[str] = "last_activity"
    """The column ``last_activity`` as an integer."""
    text: ClassVar[str]
    """The text that is made of the bytes ``:data``."""
    patience: ClassVar[str] = ""
    """What precedes a write to limit its wait for a lock, where that is part of the statement."""
    upserts: ClassVar[bool] = True
    """Whether an INSERT can update the row in its way on a condition, and tells whether it did."""
    row: ClassVar[str] = (
        "user_id = :user_id, ip_address = :ip_address, user_agent = :user_agent, "
        "payload = {text}, last_activity = :last_activity"
    )
    """The assignments of a save; all columns, as Laravel's save writes them."""
    moment: ClassVar[str] = "last_activity = :last_activity"
    """The assignments of a touch."""
    schema: ClassVar[tuple[str, ...]]
    """The statements that make the table and its indexes where they are missing."""
    one: ClassVar[str] = ""
    """The source of a SELECT that gives one row of values."""
    unless_there: ClassVar[str] = "ON CONFLICT (id, digest) DO NOTHING"
    """What ends an INSERT into the quarantine that leaves alone what is there."""
    swept: ClassVar[str]
    """The sweep of the rows beside whose time is over."""
    schema_beside: ClassVar[tuple[str, ...]]
    """Those that make the tables beside it."""
    words: ClassVar[Words]
    """How it says what the tables beside need."""

    def __init__(self, table: str, *, beside: bool = False) -> None:
        self.beside = beside
        # What tells them apart comes first: PostgreSQL cuts a name that is too long.
        names = {
            "table": table,
            "user_index": f"{table}_user_id_index",
            "activity_index": f"{table}_last_activity_index",
            "beside": f"holdfast_beside_{table}",
            "beside_index": f"holdfast_beside_index_{table}",
            "aside": f"holdfast_aside_{table}",
            "aside_index": f"holdfast_aside_index_{table}",
        }
        self._names = {key: self._quoted(name) for key, name in names.items()}

    @abstractmethod
    def placeholder(self, name: str, number: int) -> str:
        """How a value is named: its name, and its number from 1 in the order of appearance."""

    @abstractmethod
    def create(self, values: Values, write: Commit) -> Steps:
        """Insert a row, or replace that of an expired session; else read the live one."""

    @abstractmethod
    def save(self, values: Values, write: Commit) -> Steps:
        """Update a live row whose payload is the base; else read it."""

    @abstractmethod
    def move(self, values: Values, write: Move) -> Steps:
        """Insert ``to`` and remove ``id`` if its payload is the base; else read that."""

    @abstractmethod
    def touch(self, values: Values) -> Steps:
        """As :meth:`save`, the last activity alone; nothing is remembered."""

    @abstractmethod
    def delete(self, values: Values, *, fenced: bool) -> Steps:
        """Remove a row. A statement that writes has removed a live one.

        The first row that a fenced one gives begins with where the session has moved.
        """

    def find(self, values: Values) -> Steps:
        """Read a live row; beside, also ``moved_to`` and ``seal`` of one that moved."""
        if not self.beside:
            return Steps((self.live(values),))
        # A join would cost MariaDB twice as much.
        sql = (
            "SELECT {payload}, {activity}, NULL, NULL FROM {table} "
            "WHERE {same_id} AND last_activity > :dead UNION ALL "
            "SELECT NULL, 0, moved_to, seal FROM {beside} WHERE id = :id AND moved_until > :now"
        )
        return Steps((self.statement(sql, values),))

    def set_aside(self, values: Values) -> Steps:
        """Keep an entry of the quarantine unless it is full; the last reply has a row if it is.

        Each may be sent twice. Several that add the last one at once may all succeed.
        """
        forget = "DELETE FROM {aside} WHERE at <= :stale"
        keep = (
            "INSERT INTO {aside} (id, digest, data, reason, at) "
            f"SELECT :id, :digest, :data, :reason, :now {self.one} "
            f"WHERE (SELECT count(*) FROM {{aside}}) < :entries {self.unless_there}"
        )
        look = "SELECT at FROM {aside} WHERE id = :id AND digest = :digest"
        return Steps(tuple(self.statement(sql, values) for sql in (forget, keep, look)))

    def quarantine(self, values: Values) -> Steps:
        """List some entries of the quarantine, after that of ``id`` and ``digest``."""
        sql = (
            "SELECT id, digest, data, reason, at FROM {aside} WHERE at > :stale "
            "AND (id > :id OR (id = :id AND digest > :digest)) ORDER BY id, digest LIMIT :batch"
        )
        return Steps((self.statement(sql, values),))

    def sweep(self, values: Values) -> Statement:
        """Remove some rows beside the sessions whose time is over."""
        return self.statement(self.swept, values)

    def page(self, values: Values) -> Steps:
        """List some ids of live rows, after the cursor."""
        sql = (
            "SELECT id FROM {table} WHERE id > :cursor AND last_activity > :dead "
            "ORDER BY id LIMIT :batch"
        )
        return Steps((self.statement(sql, values),))

    def probe(self) -> Statement:
        """A read that fails unless table and columns are there."""
        return self.statement(
            "SELECT id, user_id, ip_address, user_agent, payload, last_activity "
            "FROM {table} LIMIT 0"
        )

    def probe_beside(self) -> Statement:
        """The same of the tables beside it."""
        return self.statement(
            "SELECT kept.writes, kept.gone_until, kept.moved_to, kept.seal, kept.moved_until, "
            "kept.until, broken.digest, broken.data, broken.reason, broken.at "
            "FROM {beside} AS kept, {aside} AS broken LIMIT 0"
        )

    def creation(self) -> tuple[Statement, ...]:
        """What makes the table and its indexes, named as Laravel names them."""
        return tuple(self.statement(sql) for sql in self.schema)

    def creation_beside(self) -> tuple[Statement, ...]:
        """What makes the tables beside it."""
        return tuple(self.statement(sql) for sql in self.schema_beside)

    def live(self, values: Values) -> Statement:
        """Read the payload and the last activity of a live row."""
        sql = "SELECT {payload}, {activity} FROM {table} WHERE {same_id} AND last_activity > :dead"
        return self.statement(sql, values)

    def _standing(self, flag: str = "", sought: str = "true") -> str:
        """Read what stood in the way of a write: always one row.

        It has payload and last activity, both NULL where there is no live one; whether the id is
        fenced; the writes that are remembered; and the flag, an expression, where one is given.

        Args:
            flag: the last column.
            sought: a condition; where it does not hold no live row is looked for.
        """
        kept, shown = "", "NULL, NULL"
        if self.beside:
            fenced = GONE.format(kept="")
            columns = f"SELECT {fenced} AS fenced, writes FROM {{beside}} WHERE id = :noted"
            kept, shown = f"LEFT JOIN ({columns}) AS kept ON true", "kept.fenced, kept.writes"
        return (
            f"SELECT standing.payload, standing.last_activity, {shown}{flag and f', {flag}'} "
            "FROM (SELECT 1 AS one) AS one LEFT JOIN (SELECT {payload} AS payload, "
            "{activity} AS last_activity FROM {table} "
            f"WHERE {{same_id}} AND last_activity > :dead AND {sought}) AS standing ON true {kept}"
        )

    def statement(
        self,
        sql: str,
        values: Values | None = None,
        tells: Tells = Tells.NOTHING,
        *,
        assignments: str = "",
    ) -> Statement:
        """Finish a template; of the values only those that it names are kept.

        Args:
            sql: the template.
            values: at least those that it names.
            tells: as in the statement.
            assignments: what ``{assignments}`` stands for: ``row`` or ``moment``.
        """
        named: dict[str, Any] = {}

        def place(match: re.Match[str]) -> str:
            name = match[1]
            named.setdefault(name, (values or {})[name])
            return self.placeholder(name, list(named).index(name) + 1)

        own = {
            "payload": self.payload,
            "activity": self.activity,
            "text": self.text,
            "same_id": self.same_id,
            "patience": self.patience,
            "assignments": assignments.format(text=self.text),
            **{name: f"{{{name}}}" for name in self._names},
        }
        placed = _NAME.sub(place, sql.format_map(own))
        return Statement(placed.format_map(self._names), named, tells)

    def _quoted(self, name: str) -> str:
        return self.quote + name.replace(self.quote, self.quote * 2) + self.quote


class TwoSteps(Dialect):
    """Dialects in which one UPDATE decides, and a SELECT then looks what stood in its way."""

    def touch(self, values: Values) -> Steps:
        """As :meth:`Dialect.touch`."""
        return Steps((self._update(self.moment, values), self.live(values)))

    def delete(self, values: Values, *, fenced: bool) -> Steps:
        """As :meth:`Dialect.delete`."""
        assert not fenced
        live = self.statement(self.removal + " AND last_activity > :dead", values, Tells.COUNT)
        # Nobody hears of this one, and it may be sent twice.
        return Steps((live, self.statement(self.removal, values)))

    removal: ClassVar[str] = "DELETE FROM {table} WHERE {same_id}"
    """What removes a row, live or not."""

    swap: ClassVar[str] = (
        "UPDATE {table} SET {assignments} "
        "WHERE {same_id} AND last_activity > :dead AND {payload} = :base"
    )
    """What writes if the base stands there."""

    def _update(self, assignments: str, values: Values) -> Statement:
        return self.statement(self.swap, values, Tells.COUNT, assignments=assignments)
