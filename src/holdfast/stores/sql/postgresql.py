"""PostgreSQL's dialect.

A save is one statement: it locks the row and reads it as it is once the lock is there (whoever held
it has committed by then), writes if that is the base, and says what was there and whether it wrote.
So is a create or a move, with all its parts; a second one only looks what stood in the way.

How long it may wait for the lock is said in the statement too and holds for its transaction alone:
a session's setting would leak to other clients through a pooler (PgBouncer).
"""

from __future__ import annotations

from typing import ClassVar

from holdfast.stores.contract import Commit, Move
from holdfast.stores.sql.beside import SWEEP_BATCH, Words
from holdfast.stores.sql.dialect import Dialect, Values
from holdfast.stores.sql.statements import Steps, Tells

LOCK_SECONDS = 4
"""How long a write waits for a row that another transaction holds."""


class PostgreSql(Dialect):
    """As Laravel's ``pgsql`` connection."""

    payload = "convert_to(payload, 'UTF8')"
    activity = "CAST(last_activity AS bigint)"
    text = "convert_from(:data, 'UTF8')"
    # A join with it sets the limit before any row is locked: in a plan, rows are locked, inserted
    # and deleted above the joins.
    patience = (
        "WITH patience AS MATERIALIZED "
        f"(SELECT set_config('lock_timeout', '{LOCK_SECONDS}s', true))"
    )
    # As Illuminate/Database/Schema/Grammars/PostgresGrammar.php compiles Laravel's migration.
    schema: ClassVar[tuple[str, ...]] = (
        (
            "CREATE TABLE IF NOT EXISTS {table} (id varchar(255) NOT NULL, user_id bigint NULL, "
            "ip_address varchar(45) NULL, user_agent text NULL, payload text NOT NULL, "
            "last_activity integer NOT NULL, PRIMARY KEY (id))"
        ),
        "CREATE INDEX IF NOT EXISTS {user_index} ON {table} (user_id)",
        "CREATE INDEX IF NOT EXISTS {activity_index} ON {table} (last_activity)",
    )

    schema_beside: ClassVar[tuple[str, ...]] = (
        (
            "CREATE TABLE IF NOT EXISTS {beside} (id varchar(40) NOT NULL, "
            "writes varchar(272) NOT NULL, gone_until bigint NOT NULL DEFAULT 0, "
            "moved_to varchar(40), seal bytea, moved_until bigint NOT NULL DEFAULT 0, "
            "until bigint NOT NULL, PRIMARY KEY (id))"
        ),
        "CREATE INDEX IF NOT EXISTS {beside_index} ON {beside} (until)",
        (
            "CREATE TABLE IF NOT EXISTS {aside} (id varchar(40) NOT NULL, "
            "digest varchar(64) NOT NULL, data bytea NOT NULL, reason varchar(255) NOT NULL, "
            "at bigint NOT NULL, PRIMARY KEY (id, digest))"
        ),
        "CREATE INDEX IF NOT EXISTS {aside_index} ON {aside} (at)",
    )
    words = Words(
        table="{beside} AS kept",
        kept="kept.",
        fresh="EXCLUDED.{}",
        taken="ON CONFLICT (id) DO UPDATE SET",
        greatest="greatest",
        joined="{} || {}",
        noted="strpos(kept.writes, :note) > 0",
    )
    swept = (
        "DELETE FROM {beside} WHERE id IN (SELECT id FROM {beside} WHERE until <= :now "
        f"LIMIT {SWEEP_BATCH} FOR UPDATE SKIP LOCKED)"
    )

    def placeholder(self, name: str, number: int) -> str:
        """``$number``."""
        return f"${number}"

    def create(self, values: Values, write: Commit) -> Steps:
        """As :meth:`Dialect.create`."""
        objection = self.words.objection(write)
        source = "patience"
        if self.beside:
            source += f" WHERE NOT EXISTS {self._objected(objection)}"
        made = self._made(":id", source)
        note = self._note("made", objection)
        sql = f"{{patience}}, made AS ({made}){note} SELECT EXISTS (SELECT FROM made)"
        # What was inserted while this one waited is not in its snapshot; the next one sees it.
        look = self.statement(self._standing(), values)
        return Steps((self.statement(sql, values, Tells.FLAG), look))

    def save(self, values: Values, write: Commit) -> Steps:
        """As :meth:`Dialect.save`; one that is performed again looks once more where it must."""
        if not (self.beside and values["note"]):
            return self._swap(self.row, values)
        return self._swap(self.row, values, write)

    def move(self, values: Values, write: Move) -> Steps:
        """As :meth:`Dialect.move`."""
        objection = self.words.again(write) if self.beside else ""
        made = self._made(":to", f"old WHERE old.payload = :base{self._unless(objection)}")
        ended = "DELETE FROM {table} AS standing USING made WHERE standing.id = :id"
        note = self._note("made", objection) if values["note"] else ""
        if self.beside and (write.grace or write.fence_seconds):
            note += f", fenced AS ({self.words.leave('SELECT {} FROM made')})"
        sql = (
            f"{{patience}}, {self._old}, made AS ({made}), ended AS ({ended}){note} "
            "SELECT old.payload, old.last_activity, NULL, NULL, EXISTS (SELECT FROM made) FROM old"
        )
        return self._then_look(sql, values, objection)

    def touch(self, values: Values) -> Steps:
        """As :meth:`Dialect.touch`."""
        return self._swap(self.moment, values)

    def delete(self, values: Values, *, fenced: bool) -> Steps:
        """As :meth:`Dialect.delete`."""
        removal = (
            "DELETE FROM {table} AS standing USING patience "
            "WHERE standing.id = :id RETURNING standing.last_activity > :dead AS live"
        )
        plain = self.statement(f"{{patience}} {removal}", values, Tells.FLAG)
        if not fenced:
            return Steps((plain,))
        # It reads what has ended: a move that this one waits for has then noted where to.
        end = self.words.end("SELECT {} FROM patience LEFT JOIN ended ON true")
        sql = (
            f"{{patience}}, ended AS ({removal}), fenced AS ({end} RETURNING kept.moved_to) "
            "SELECT fenced.moved_to, ended.live FROM fenced LEFT JOIN ended ON true"
        )
        # A create that this one waited for is not in its snapshot; the next one removes it.
        return Steps((self.statement(sql, values, Tells.FLAG), plain))

    _old = (
        "old AS (SELECT id, {payload} AS payload, {activity} AS last_activity "
        "FROM {table} AS standing, patience "
        "WHERE id = :id AND last_activity > :dead FOR UPDATE OF standing)"
    )
    """The live row, locked, as it is once the lock is there."""

    def _swap(self, assignments: str, values: Values, write: Commit | None = None) -> Steps:
        objection = self.words.again(write) if write else ""
        note = self._note("new", objection) if write else ""
        sql = (
            f"{{patience}}, {self._old}, "
            "new AS (UPDATE {table} AS standing SET {assignments} FROM old "
            f"WHERE standing.id = old.id AND old.payload = :base{self._unless(objection)} "
            f"RETURNING standing.id){note} "
            "SELECT old.payload, old.last_activity, NULL, NULL, EXISTS (SELECT FROM new) FROM old"
        )
        return self._then_look(sql, values, objection, assignments)

    def _then_look(self, sql: str, values: Values, objection: str, assignments: str = "") -> Steps:
        first = self.statement(sql, values, Tells.FLAG, assignments=assignments)
        if not objection:
            return Steps((first,))
        return Steps((first, self.statement(self._standing(), values)))

    def _made(self, id: str, source: str) -> str:
        return (
            "INSERT INTO {table} AS standing "
            "(id, user_id, ip_address, user_agent, payload, last_activity) "
            f"SELECT {id}, :user_id, :ip_address, :user_agent, {{text}}, :last_activity "
            f"FROM {source} "
            "ON CONFLICT (id) DO UPDATE SET user_id = EXCLUDED.user_id, "
            "ip_address = EXCLUDED.ip_address, user_agent = EXCLUDED.user_agent, "
            "payload = EXCLUDED.payload, last_activity = EXCLUDED.last_activity "
            "WHERE standing.last_activity <= :dead RETURNING standing.id"
        )

    def _note(self, source: str, objection: str) -> str:
        if not self.beside:
            return ""
        return f", noted AS ({self.words.note(f'SELECT {{}} FROM {source}', objection)})"

    def _unless(self, objection: str) -> str:
        return f" AND NOT EXISTS {self._objected(objection)}" if objection else ""

    def _objected(self, objection: str) -> str:
        return f"(SELECT FROM {{beside}} AS kept WHERE kept.id = :noted AND ({objection}))"
