"""The dialect of MariaDB (and of MySQL, which is not tested here).

Laravel's default collation finds ids and payloads equal that differ in letter case or in trailing
blanks. Every condition therefore compares the bytes as well; the plain ``id = :id`` beside them is
what finds the row by its key. The tables beside compare bytes by themselves.

A write of one statement is a transaction of its own. One that has more goes as one packet of
several statements: a transaction, and behind it a look at what stood in its way. It is one round
trip; the variable ``@holdfast`` tells each statement, and at last us, whether to write. The
deciding statement itself sets it: once the client is gone ROW_COUNT() is -1, while the packet goes
on.

The connection counts found rows, not changed ones (CLIENT_FOUND_ROWS): a save of the bytes that
stand there already is a save.
"""

from __future__ import annotations

from typing import ClassVar

from holdfast.stores.contract import Commit, Move
from holdfast.stores.sql.beside import SWEEP_BATCH, Words
from holdfast.stores.sql.dialect import TwoSteps, Values
from holdfast.stores.sql.statements import Steps, Tells

_BEGIN, _COMMIT = "START TRANSACTION", "COMMIT"
_NOT_YET = "SET @holdfast = false"
_ROW = "SELECT {} FROM DUAL WHERE @holdfast"

_COLUMNS = "id, user_id, ip_address, user_agent, payload, last_activity"
_VALUES = ":user_id, :ip_address, :user_agent, {text}, :last_activity"


class MariaDb(TwoSteps):
    """As Laravel's ``mysql`` and ``mariadb`` connections."""

    quote = "`"
    upserts = False
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
    schema_beside: ClassVar[tuple[str, ...]] = (
        (
            "CREATE TABLE IF NOT EXISTS {beside} (id varchar(40) NOT NULL, "
            "writes varchar(272) NOT NULL, gone_until bigint NOT NULL DEFAULT 0, "
            "moved_to varchar(40) NULL, seal varbinary(64) NULL, "
            "moved_until bigint NOT NULL DEFAULT 0, until bigint NOT NULL, PRIMARY KEY (id), "
            "KEY {beside_index} (until)) "
            "ENGINE=InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin"
        ),
        (
            "CREATE TABLE IF NOT EXISTS {aside} (id varchar(40) NOT NULL, "
            "digest varchar(64) NOT NULL, data mediumblob NOT NULL, reason varchar(255) NOT NULL, "
            "at bigint NOT NULL, PRIMARY KEY (id, digest), KEY {aside_index} (at)) "
            "ENGINE=InnoDB DEFAULT CHARACTER SET ascii COLLATE ascii_bin"
        ),
    )
    words = Words(
        table="{beside}",
        kept="",
        fresh="VALUES({})",
        taken="ON DUPLICATE KEY UPDATE",
        greatest="greatest",
        joined="CONCAT({}, {})",
        noted="LOCATE(:note, writes) > 0",
    )
    one = "FROM DUAL"
    unless_there = "ON DUPLICATE KEY UPDATE reason = VALUES(reason)"
    swept = f"DELETE FROM {{beside}} WHERE until <= :now LIMIT {SWEEP_BATCH}"

    decided: ClassVar[str] = TwoSteps.row.replace(
        ":user_id", "IF(@holdfast := true, :user_id, NULL)"
    )
    """The assignments of a save in a packet."""

    def __init__(self, table: str, *, beside: bool = False) -> None:
        super().__init__(table, beside=beside)
        # Values are put in by `%`, after the names.
        self._names = {key: name.replace("%", "%%") for key, name in self._names.items()}

    def placeholder(self, name: str, number: int) -> str:
        """``%(name)s``."""
        return f"%({name})s"

    def create(self, values: Values, write: Commit) -> Steps:
        """As :meth:`Dialect.create`.

        Without tables beside, the INSERT of a taken key is answered by :data:`REFUSED`. If then
        neither an expired row is replaced nor a live one found, the key was taken by an id that the
        collation finds equal.
        """
        if self.beside:
            objection = self.words.objection(write)
            made = self._made(":id")
            note = self.words.note(_ROW, objection)
            return self._packet(values, self._ask(objection), _BEGIN, made, note, _COMMIT)
        # ON DUPLICATE KEY UPDATE would do it in one statement, but found rows are counted: an
        # insert and a row that was left alone look the same.
        insert = f"INSERT INTO {{table}} ({_COLUMNS}) VALUES (:id, {_VALUES})"
        replace = "UPDATE {table} SET {assignments} WHERE {same_id} AND last_activity <= :dead"
        return Steps(
            (
                self.statement(insert, values, Tells.COUNT),
                self.statement(replace, values, Tells.COUNT, assignments=self.row),
                self.live(values),
            )
        )

    def save(self, values: Values, write: Commit) -> Steps:
        """As :meth:`Dialect.save`."""
        if not (self.beside and values["note"]):
            return Steps((self._update(self.row, values), self.live(values)))
        objection = self.words.again(write)
        note = self.words.note(_ROW, objection)
        swap = f"{self.swap} AND @holdfast_free"
        return self._packet(
            values, self._ask(objection, "@holdfast_free"), _NOT_YET, _BEGIN, swap, note, _COMMIT
        )

    def move(self, values: Values, write: Move) -> Steps:
        """As :meth:`Dialect.move`."""
        objection = self.words.again(write) if self.beside else ""
        # Locks the row, and finds it by what it must hold.
        lock = (
            "UPDATE {table} SET last_activity = IF(@holdfast := true, last_activity, NULL) "
            "WHERE {same_id} AND last_activity > :dead AND {payload} = :base AND @holdfast_free"
        )
        ask = self._ask(objection, "@holdfast_free")
        steps = [ask, _NOT_YET, _BEGIN, lock, self._made(":to")]
        steps.append(f"{self.removal} AND @holdfast")
        if self.beside and values["note"]:
            steps.append(self.words.note(_ROW, objection))
        if self.beside and (write.grace or write.fence_seconds):
            steps.append(self.words.leave(_ROW))
        return self._packet(values, *steps, _COMMIT)

    def delete(self, values: Values, *, fenced: bool) -> Steps:
        """As :meth:`Dialect.delete`."""
        if not fenced:
            return super().delete(values, fenced=False)
        # Its row is locked from here on: nothing moves under the id before the commit.
        end = self.words.end("VALUES ({})")
        live = f"{self.removal} AND last_activity > :dead"
        # For whoever is still there to hear it.
        told = "SET @holdfast = ROW_COUNT() > 0"
        moved = "SET @holdfast_to = (SELECT moved_to FROM {beside} WHERE id = :id)"
        answer = "SELECT @holdfast_to, @holdfast"
        steps = (_BEGIN, end, live, told, self.removal, moved, _COMMIT, answer)
        return Steps((self.statement("; ".join(steps), values, Tells.FLAG),))

    def _packet(self, values: Values, *steps: str) -> Steps:
        look = self._standing("@holdfast", "NOT @holdfast")
        sql = "; ".join((*steps, look))
        return Steps((self.statement(sql, values, Tells.FLAG, assignments=self.decided),))

    def _ask(self, objection: str, free: str = "@holdfast") -> str:
        """Before the transaction: its snapshot is to be no older than its locks."""
        if not objection:
            return f"SET {free} = true"
        return (
            f"SET {free} = NOT EXISTS "
            f"(SELECT 1 FROM {{beside}} WHERE id = :noted AND ({objection}))"
        )

    def _made(self, id: str) -> str:
        """Insert a row, or replace that of an expired session; ``@holdfast`` is whether."""
        columns = _COLUMNS.split(", ")[1:]
        expired = f"@holdfast := (last_activity <= :dead AND BINARY id = {id})"
        first, *others = (f"{column} = IF({{}}, VALUES({column}), {column})" for column in columns)
        updates = ", ".join((first.format(expired), *(o.format("@holdfast") for o in others)))
        return (
            f"INSERT INTO {{table}} ({_COLUMNS}) "
            f"SELECT {id}, {_VALUES} FROM DUAL WHERE @holdfast ON DUPLICATE KEY UPDATE {updates}"
        )
