"""The table that we make is the one that Laravel's own schema builder makes from its migration."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import psycopg
import pymysql

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.laravel import Laravel
from holdfast.servers.mariadb import mariadb_server
from holdfast.servers.postgresql import postgresql_server
from holdfast.stores import database
from holdfast.stores.database import DatabaseStore
from holdfast.stores.url import parse

POSTGRESQL_COLUMNS = """
SELECT column_name, data_type, character_maximum_length, is_nullable, column_default
FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position
"""
POSTGRESQL_INDEXES = (
    "SELECT replace(indexdef, tablename, 't') FROM pg_indexes WHERE tablename = %s ORDER BY 1"
)
MARIADB_COLUMNS = """
SELECT column_name, column_type, is_nullable, column_default, collation_name
FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position
"""
MARIADB_INDEXES = """
SELECT replace(index_name, table_name, 't'), column_name, non_unique
FROM information_schema.statistics
WHERE table_schema = DATABASE() AND table_name = %s ORDER BY 1
"""


def described(client, queries, table):
    with client.cursor() as cursor:
        shown = []
        for query in queries:
            cursor.execute(query, (table,))
            shown.append(list(cursor.fetchall()))
        return shown


def made_twice(store):
    """Laravel makes the table ``sessions``, we make another one in the same database."""
    Laravel(parse_setup("database", "laravel")).create_tables(store)
    ours = replace(store, table="ours")
    ours.create_table()
    with ours.connect(), store.connect():
        pass
    return store.table, ours.table


def test_postgresql(tmp_path):
    with postgresql_server(tmp_path) as server:
        tables = made_twice(database.from_url(parse(server.url)))
        with closing(psycopg.connect(server.url)) as client:
            queries = POSTGRESQL_COLUMNS, POSTGRESQL_INDEXES
            theirs, ours = (described(client, queries, table) for table in tables)
    assert ours == theirs
    assert [len(part) for part in ours] == [6, 3]


def test_mariadb(tmp_path):
    with mariadb_server(tmp_path) as server:
        tables = made_twice(database.from_url(parse(server.url)))
        connect = {"user": server.username, "password": server.password, "port": server.port}
        client = pymysql.connect(host="127.0.0.1", database=server.database, **connect)
        with closing(client):
            queries = MARIADB_COLUMNS, MARIADB_INDEXES
            theirs, ours = (described(client, queries, table) for table in tables)
    assert ours == theirs
    assert [len(part) for part in ours] == [6, 3]


def test_sqlite(tmp_path):
    path = tmp_path / "database.sqlite"
    tables = made_twice(DatabaseStore(path))
    with closing(sqlite3.connect(path)) as client:
        theirs, ours = (
            [
                (name, kind.lower(), required, default, key)
                for _, name, kind, required, default, key in client.execute(
                    f"PRAGMA table_info({table})"
                )
            ]
            for table in tables
        )
    assert ours == theirs
    assert len(ours) == 6
