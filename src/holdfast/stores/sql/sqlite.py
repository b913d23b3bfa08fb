"""SQLite's dialect. Its driver holds the write lock over all steps of an effect."""

from __future__ import annotations

from typing import ClassVar

from holdfast.stores.sql.dialect import TwoSteps, Values
from holdfast.stores.sql.statements import Steps, Tells


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

    def placeholder(self, name: str, number: int) -> str:
        """``:name``."""
        return f":{name}"

    def create(self, values: Values) -> Steps:
        """As :meth:`Dialect.create`."""
        # The row of an expired session is still there; it is replaced, a live one is not.
        sql = (
            "INSERT INTO {table} (id, user_id, ip_address, user_agent, payload, last_activity) "
            "VALUES (:id, :user_id, :ip_address, :user_agent, {text}, :last_activity) "
            "ON CONFLICT (id) DO UPDATE SET {assignments} WHERE {table}.last_activity <= :dead"
        )
        insert = self.statement(sql, values, Tells.COUNT, assignments=self.row)
        return Steps((insert, self.live(values)))
