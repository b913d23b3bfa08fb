"""The query that KEDA is given, asked of real databases: rows that are due or reserved."""

from __future__ import annotations

import time

import psycopg
import pymysql
import pytest

from holdfast.kube.workers import groups
from holdfast.servers.mariadb import mariadb_server
from holdfast.servers.ports import LOOPBACK
from holdfast.servers.postgresql import postgresql_server

from .conftest import application


def query(driver):
    app = application(
        database={"driver": driver, "host": "db.example.com"},
        workers=[{"name": "m", "queues": ["a", "b"], "max": 2, "scaleOn": {"jobs": 1}}],
    )
    (scaled,) = [one for one in groups.objects(app) if one["kind"] == "ScaledObject"]
    (trigger,) = scaled["spec"]["triggers"]
    return trigger["metadata"]["query"]


@pytest.mark.parametrize(
    ("open_server", "connect", "database", "driver"),
    [
        (postgresql_server, psycopg.connect, "dbname", "pgsql"),
        (mariadb_server, pymysql.connect, "database", "mariadb"),
    ],
    ids=["postgresql", "mariadb"],
)
def test_due_and_reserved_rows_are_counted(tmp_path, open_server, connect, database, driver):
    now = int(time.time())
    rows = [  # queue, reserved_at, available_at; as Illuminate/Queue/DatabaseQueue.php writes them
        ("a", None, now - 5),
        ("a", None, now + 3600),
        ("b", now - 5, now - 10),
        ("b", now - 5, now + 3600),
        ("others", None, now - 5),
    ]
    with open_server(tmp_path) as server:
        client = connect(
            host=LOOPBACK,
            port=server.port,
            user=server.username,
            password=server.password,
            **{database: server.database},
        )
        with client, client.cursor() as cursor:
            cursor.execute(
                "CREATE TABLE jobs (queue varchar(255), reserved_at integer, available_at integer)"
            )
            cursor.executemany("INSERT INTO jobs VALUES (%s, %s, %s)", rows)
            cursor.execute(query(driver))
            assert cursor.fetchone() == (3,)
