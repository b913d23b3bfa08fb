"""SQLite's dialect. Its driver holds the write lock over all steps of an effect."""

from __future__ import annotations

from typing import ClassVar

from holdfast.stores.contract import Commit, Move
from holdfast.stores.sql.beside import SWEEP_BATCH, Words
from holdfast.stores.sql.dialect import TwoSteps, Values
from holdfast.stores.sql.statements import Statement, Steps, Tells

_ROW = "VALUES ({})"


class Sqlite(TwoSteps):
    """As Laravel's SQLite: text columns, in which other programs may have put blobs."""

    payload = "CAST(payload AS BLOB)"
    text = "CAST(:data AS TEXT)"
    # As Illuminate/Database/Schema/Grammars/SQLiteGrammar.php compiles the migration of
    # `session:table` (8) and of the skeleton's users table (11 to 13).
    schema: ClassVar[tuple[str, ...]] = (
        (
            "CREATE TABLE IF NOT EXISTS {table} (id varchar NOT NULL, user_id integer, "
            "ip_address varchar, user_agent text, payload text NOT NULL, "
            "last_activity integer NOT NULL, PRIMARY KEY (id))"
        ),
        "CREATE INDEX IF NOT EXISTS {user_index} ON {table} (user_id)",
        "CREATE INDEX IF NOT EXISTS {activity_index} ON {table} (last_activity)",
    )
    schema_beside: ClassVar[tuple[str, ...]] = (
        (
            "CREATE TABLE IF NOT EXISTS {beside} (id varchar NOT NULL, writes varchar NOT NULL, "
            "gone_until integer NOT NULL DEFAULT 0, moved_to varchar, seal blob, "
            "moved_until integer NOT NULL DEFAULT 0, until integer NOT NULL, PRIMARY KEY (id))"
        ),
        "CREATE INDEX IF NOT EXISTS {beside_index} ON {beside} (until)",
        (
            "CREATE TABLE IF NOT EXISTS {aside} (id varchar NOT NULL, digest varchar NOT NULL, "
            "data blob NOT NULL, reason varchar NOT NULL, at integer NOT NULL, "
            "PRIMARY KEY (id, digest))"
        ),
        "CREATE INDEX IF NOT EXISTS {aside_index} ON {aside} (at)",
    )
    words = Words(
        table="{beside} AS kept",
        kept="kept.",
        fresh="excluded.{}",
        taken="ON CONFLICT (id) DO UPDATE SET",
        greatest="max",
        joined="{} || {}",
        noted="instr(kept.writes, :note) > 0",
    )
    swept = (
        "DELETE FROM {beside} WHERE id IN "
        f"(SELECT id FROM {{beside}} WHERE until <= :now LIMIT {SWEEP_BATCH})"
    )

    def placeholder(self, name: str, number: int) -> str:
        """``:name``."""
        return f":{name}"

    def create(self, values: Values, write: Commit) -> Steps:
        """As :meth:`Dialect.create`."""
        free = self._free(self.words.objection(write))
        insert = self._insert(":id", f"WHERE {free}", values)
        return Steps((insert, self._look(values)), self._note(values))

    def save(self, values: Values, write: Commit) -> Steps:
        """As :meth:`Dialect.save`."""
        sql = f"{self.swap} AND {self._free(self.words.again(write))}"
        update = self.statement(sql, values, Tells.COUNT, assignments=self.row)
        return Steps((update, self._look(values)), self._note(values))

    def move(self, values: Values, write: Move) -> Steps:
        """As :meth:`Dialect.move`."""
        free = self._free(self.words.again(write))
        source = (
            "FROM {table} WHERE {same_id} AND last_activity > :dead AND {payload} = :base "
            f"AND {free}"
        )
        end: tuple[Statement, ...] = ()
        if self.beside and (write.grace or write.fence_seconds):
            end = (self.statement(self.words.leave(_ROW), values),)
        then = (self.statement(self.removal, values), *self._note(values), *end)
        return Steps((self._insert(":to", source, values), self._look(values)), then)

    def delete(self, values: Values, *, fenced: bool) -> Steps:
        """As :meth:`Dialect.delete`."""
        plain = super().delete(values, fenced=False)
        if not fenced:
            return plain
        end = self.statement(self.words.end(_ROW), values)
        moved = self.statement("SELECT moved_to FROM {beside} WHERE id = :id", values)
        return Steps((end, moved, *plain.statements))

    def _insert(self, id: str, source: str, values: Values) -> Statement:
        # The row of an expired session is still there; it is replaced, a live one is not.
        sql = (
            "INSERT INTO {table} (id, user_id, ip_address, user_agent, payload, last_activity) "
            f"SELECT {id}, :user_id, :ip_address, :user_agent, {{text}}, :last_activity {source} "
            "ON CONFLICT (id) DO UPDATE SET {assignments} WHERE {table}.last_activity <= :dead"
        )
        return self.statement(sql, values, Tells.COUNT, assignments=self.row)

    def _free(self, objection: str) -> str:
        """The condition that a write is not objected to."""
        if not (self.beside and objection):
            return "true"
        return f"NOT EXISTS (SELECT 1 FROM {{beside}} AS kept WHERE id = :noted AND ({objection}))"

    def _note(self, values: Values) -> tuple[Statement, ...]:
        if not (self.beside and values["note"]):
            return ()
        return (self.statement(self.words.note(_ROW, ""), values),)

    def _look(self, values: Values) -> Statement:
        return self.statement(self._standing(), values)
