"""PostgreSQL's dialect.

A save is one statement: it locks the row and reads it as it is once the lock is there (whoever held
it has committed by then), writes if that is the base, and says what was there and whether it wrote.

How long it may wait for the lock is said in the statement too and holds for its transaction alone:
a session's setting would leak to other clients through a pooler (PgBouncer).
"""

from __future__ import annotations

from typing import ClassVar

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

    def placeholder(self, name: str, number: int) -> str:
        """``$number``."""
        return f"${number}"

    def create(self, values: Values) -> Steps:
        """As :meth:`Dialect.create`."""
        sql = (
            "{patience} INSERT INTO {table} AS standing "
            "(id, user_id, ip_address, user_agent, payload, last_activity) "
            "SELECT :id, :user_id, :ip_address, :user_agent, {text}, :last_activity FROM patience "
            "ON CONFLICT (id) DO UPDATE SET user_id = EXCLUDED.user_id, "
            "ip_address = EXCLUDED.ip_address, user_agent = EXCLUDED.user_agent, "
            "payload = EXCLUDED.payload, last_activity = EXCLUDED.last_activity "
            "WHERE standing.last_activity <= :dead"
        )
        # What was inserted while this one waited is not in its snapshot; the next one sees it.
        return Steps((self.statement(sql, values, Tells.COUNT), self.live(values)))

    def save(self, values: Values) -> Steps:
        """As :meth:`Dialect.save`."""
        return self._swap(self.row, values)

    def touch(self, values: Values) -> Steps:
        """As :meth:`Dialect.touch`."""
        return self._swap(self.moment, values)

    def delete(self, values: Values) -> Steps:
        """As :meth:`Dialect.delete`."""
        sql = (
            "{patience} DELETE FROM {table} AS standing USING patience "
            "WHERE standing.id = :id RETURNING standing.last_activity > :dead"
        )
        return Steps((self.statement(sql, values, Tells.FLAG),))

    def _swap(self, assignments: str, values: Values) -> Steps:
        sql = (
            "{patience}, old AS (SELECT id, {payload} AS payload, {activity} AS last_activity "
            "FROM {table} AS standing, patience "
            "WHERE id = :id AND last_activity > :dead FOR UPDATE OF standing), "
            "new AS (UPDATE {table} AS standing SET {assignments} FROM old "
            "WHERE standing.id = old.id AND old.payload = :base RETURNING standing.id) "
            "SELECT old.payload, old.last_activity, EXISTS (SELECT FROM new) FROM old"
        )
        statement = self.statement(sql, values, Tells.FLAG, assignments=assignments)
        return Steps((statement,))
