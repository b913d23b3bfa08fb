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

from holdfast.stores.sql.statements import Statement, Steps, Tells

Values = Mapping[str, Any]
"""What a statement may name: ``id``, ``dead`` (the last activity of a session that has just
expired), ``base``, the columns of a row with ``data`` for its payload, ``cursor``, ``batch``."""

_NAME = re.compile(r":([a-z_]+)")


class Dialect(ABC):
    """The SQL of one kind of database.

    Args:
        table: the table's name; any characters but NUL.
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
    row: ClassVar[str] = (
        "user_id = :user_id, ip_address = :ip_address, user_agent = :user_agent, "
        "payload = {text}, last_activity = :last_activity"
    )
    """The assignments of a save; all columns, as Laravel's save writes them."""
    moment: ClassVar[str] = "last_activity = :last_activity"
    """The assignments of a touch."""
    schema: ClassVar[tuple[str, ...]]
    """The statements that make the table and its indexes where they are missing."""

    def __init__(self, table: str) -> None:
        self._names = {
            "table": self._quoted(table),
            "user_index": self._quoted(f"{table}_user_id_index"),
            "activity_index": self._quoted(f"{table}_last_activity_index"),
        }

    @abstractmethod
    def placeholder(self, name: str, number: int) -> str:
        """How a value is named: its name, and its number from 1 in the order of appearance."""

    @abstractmethod
    def create(self, values: Values) -> Steps:
        """Insert a row, or replace that of an expired session; else read the live one."""

    @abstractmethod
    def save(self, values: Values) -> Steps:
        """Update a live row whose payload is the base; else read it."""

    @abstractmethod
    def touch(self, values: Values) -> Steps:
        """As :meth:`save`, the last activity alone."""

    @abstractmethod
    def delete(self, values: Values) -> Steps:
        """Remove a row. The first statement writes if it was a live one."""

    def find(self, values: Values) -> Steps:
        """Read a live row."""
        return Steps((self.live(values),))

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

    def creation(self) -> tuple[Statement, ...]:
        """What makes the table and its indexes, named as Laravel names them."""
        return tuple(self.statement(sql) for sql in self.schema)

    def live(self, values: Values) -> Statement:
        """Read the payload and the last activity of a live row."""
        sql = "SELECT {payload}, {activity} FROM {table} WHERE {same_id} AND last_activity > :dead"
        return self.statement(sql, values)

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

    def save(self, values: Values) -> Steps:
        """As :meth:`Dialect.save`."""
        return self._update(self.row, values)

    def touch(self, values: Values) -> Steps:
        """As :meth:`Dialect.touch`."""
        return self._update(self.moment, values)

    def delete(self, values: Values) -> Steps:
        """As :meth:`Dialect.delete`."""
        live = "DELETE FROM {table} WHERE {same_id} AND last_activity > :dead"
        dead = "DELETE FROM {table} WHERE {same_id}"
        return Steps(tuple(self.statement(sql, values, Tells.COUNT) for sql in (live, dead)))

    def _update(self, assignments: str, values: Values) -> Steps:
        sql = (
            "UPDATE {table} SET {assignments} "
            "WHERE {same_id} AND last_activity > :dead AND {payload} = :base"
        )
        update = self.statement(sql, values, Tells.COUNT, assignments=assignments)
        return Steps((update, self.live(values)))
