"""The SQL of Laravel's table of locks: ``key`` (the primary key), ``owner``, ``expiration``.

A taken key is answered by a row that was not changed; on MariaDB, whose driver counts found rows,
by an INSERT that is refused and an UPDATE that then decides, as in Laravel.
"""

from __future__ import annotations

from holdfast.stores.sql.dialect import Dialect, Values
from holdfast.stores.sql.statements import Statement, Steps, Tells

_ROW = ":key, :owner, :expiration"


def probe(dialect: Dialect) -> Statement:
    """A read that fails unless table and columns are there."""
    return dialect.statement(f"SELECT {_key(dialect)}, owner, expiration FROM {{table}} LIMIT 0")


def acquire(dialect: Dialect, values: Values) -> Steps:
    """Insert the row, or take that which is the owner's or has expired. What wrote has taken it."""
    columns = f"({_key(dialect)}, owner, expiration)"
    if dialect.upserts:
        source = f"SELECT {_ROW} FROM patience" if dialect.patience else f"VALUES ({_ROW})"
        sql = (
            f"{{patience}} INSERT INTO {{table}} AS standing {columns} {source} "
            f"ON CONFLICT ({_key(dialect)}) DO UPDATE SET "
            "owner = excluded.owner, expiration = excluded.expiration "
            "WHERE standing.owner = excluded.owner OR standing.expiration <= :now"
        )
        return Steps((dialect.statement(sql, values, Tells.COUNT),))
    insert = f"INSERT INTO {{table}} {columns} VALUES ({_ROW})"
    take = (
        "UPDATE {table} SET owner = :owner, expiration = :expiration "
        f"WHERE {_key(dialect)} = :key AND (owner = :owner OR expiration <= :now)"
    )
    return Steps(tuple(dialect.statement(sql, values, Tells.COUNT) for sql in (insert, take)))


def release(dialect: Dialect, values: Values) -> Steps:
    """Remove the row if it is the owner's and alive."""
    key = _key(dialect)
    sql = f"DELETE FROM {{table}} WHERE {key} = :key AND owner = :owner AND expiration > :now"
    return Steps((dialect.statement(sql, values, Tells.COUNT),))


def sweep(dialect: Dialect, values: Values) -> Statement:
    """Remove what has expired; it may be sent twice."""
    return dialect.statement("DELETE FROM {table} WHERE expiration <= :now", values)


def _key(dialect: Dialect) -> str:
    return f"{dialect.quote}key{dialect.quote}"
