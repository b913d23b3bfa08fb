"""The dialect of MariaDB (and of MySQL, which is not tested here).

Laravel's default collation finds ids and payloads equal that differ in letter case or in trailing
blanks. Every condition therefore compares the bytes as well; the plain ``id = :id`` beside them is
what finds the row by its key.

Each statement is a transaction of its own. The connection counts found rows, not changed ones
(CLIENT_FOUND_ROWS): a save of the bytes that stand there already is a save.
"""

from __future__ import annotations

from typing import ClassVar

from holdfast.stores.sql.dialect import TwoSteps, Values
from holdfast.stores.sql.statements import Steps, Tells


class MariaDb(TwoSteps):
    """As Laravel's ``mysql`` and ``mariadb`` connections."""

    quote = "`"
    same_id = "id = :id AND BINARY id = :id"
    payload = "BINARY payload"
    text = "CONVERT(:data USING utf8mb4)"
    # As Illuminate/Database/Schema/Grammars/MySqlGrammar.php compiles Laravel's migration on a
    # connection with the skeleton's charset and collation.
    schema: ClassVar[tuple[str, ...]] = (
        (
            "CREATE TABLE IF NOT EXISTS {table} (id varchar(255) NOT NULL, "
            "user_id bigint unsigned NULL, ip_address varchar(45) NULL, user_agent text NULL, "
            "payload longtext NOT NULL, last_activity int NOT NULL, PRIMARY KEY (id), "
            "KEY {user_index} (user_id), KEY {activity_index} (last_activity)) "
            "DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
        ),
    )

    def __init__(self, table: str) -> None:
        super().__init__(table)
        # Values are put in by `%`, after the names.
        self._names = {key: name.replace("%", "%%") for key, name in self._names.items()}

    def placeholder(self, name: str, number: int) -> str:
        """``%(name)s``."""
        return f"%({name})s"

    def create(self, values: Values) -> Steps:
        """As :meth:`Dialect.create`.

        The INSERT of a taken key is answered by :data:`REFUSED`. If then neither an expired row is
        replaced nor a live one found, the key was taken by an id that the collation finds equal.
        """
        # ON DUPLICATE KEY UPDATE would do it in one statement, but found rows are counted: an
        # insert and a row that was left alone look the same.
        insert = (
            "INSERT INTO {table} (id, user_id, ip_address, user_agent, payload, last_activity) "
            "VALUES (:id, :user_id, :ip_address, :user_agent, {text}, :last_activity)"
        )
        replace = "UPDATE {table} SET {assignments} WHERE {same_id} AND last_activity <= :dead"
        return Steps(
            (
                self.statement(insert, values, Tells.COUNT),
                self.statement(replace, values, Tells.COUNT, assignments=self.row),
                self.live(values),
            )
        )
