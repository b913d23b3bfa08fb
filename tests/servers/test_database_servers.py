"""PostgreSQL and MariaDB of our own: they serve, keep strangers out, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psycopg
import pymysql
import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers import mariadb, postgresql
from holdfast.servers.data_directory import data_directory
from holdfast.servers.mariadb import mariadb_server
from holdfast.servers.ports import LOOPBACK, accepts
from holdfast.servers.postgresql import postgresql_server
from holdfast.servers.process import Process


def connect_postgresql(server, user, password):
    return psycopg.connect(
        host=LOOPBACK,
        port=server.port,
        user=user,
        password=password,
        dbname=server.database,
        connect_timeout=60,
    )


def connect_mariadb(server, user, password):
    return pymysql.connect(
        host=LOOPBACK,
        port=server.port,
        user=user,
        password=password,
        database=server.database,
        connect_timeout=60,
    )


@pytest.mark.parametrize(
    ("open_server", "connect", "refusal", "superuser"),
    [
        (postgresql_server, connect_postgresql, psycopg.OperationalError, "postgres"),
        (mariadb_server, connect_mariadb, pymysql.err.MySQLError, "root"),
    ],
    ids=["postgresql", "mariadb"],
)
def test_it_serves_and_leaves_nothing_behind(tmp_path, open_server, connect, refusal, superuser):
    with open_server(tmp_path) as server:
        with connect(server, server.username, server.password) as client, client.cursor() as cursor:
            cursor.execute("CREATE TABLE t (x int)")
            cursor.execute("SELECT count(*) FROM t")
            assert cursor.fetchone() == (0,)
        for password in ("", "wrong"):
            with pytest.raises(refusal):
                connect(server, superuser, password)
        assert server.password not in repr(server)
        # Not ours: it refuses to run as root.
        owner = Path(f"/proc/{server.process.pid}").stat().st_uid
        assert owner != 0
        assert server.data.stat().st_uid == owner
        lying = [path for path in server.data.iterdir() if path.is_file()]
        assert all(server.password.encode() not in path.read_bytes() for path in lying)
    assert not accepts(server.port)
    assert not server.data.exists()
    assert server.process.exit_status == 0


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
@pytest.mark.parametrize(
    ("open_server", "connect"),
    [(postgresql_server, connect_postgresql), (mariadb_server, connect_mariadb)],
    ids=["postgresql", "mariadb"],
)
def test_what_was_committed_is_there_after_its_end(tmp_path, open_server, connect, end):
    with open_server(tmp_path) as server:
        client = connect(server, server.username, server.password)
        with client.cursor() as cursor:
            cursor.execute("CREATE TABLE t (x int)")
            cursor.execute("INSERT INTO t VALUES (7)")
        client.commit()
        end(server.process)
        # An end that the client did not ask for.
        with pytest.raises((psycopg.OperationalError, pymysql.err.OperationalError)):
            client.cursor().execute("SELECT x FROM t")
        with contextlib.suppress(pymysql.err.Error):
            client.close()
        assert not accepts(server.port)
        server.process.start_again()
        server.process.wait_ready()
        with connect(server, server.username, server.password) as again, again.cursor() as cursor:
            cursor.execute("SELECT x FROM t")
            assert cursor.fetchall() in ([(7,)], ((7,),))
    assert not accepts(server.port)
    assert not server.data.exists()


@pytest.mark.parametrize("module", [postgresql, mariadb], ids=["postgresql", "mariadb"])
def test_what_is_not_installed_is_named(tmp_path, monkeypatch, module):
    monkeypatch.setattr("holdfast.servers.programs._ADMIN_DIRECTORIES", ())
    monkeypatch.setattr(postgresql, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    open_server = module.postgresql_server if module is postgresql else module.mariadb_server
    with pytest.raises(EnvironmentLacking, match="not installed") as error, open_server(tmp_path):
        pass
    assert f"apt install {module.PACKAGE}" in error.value.hint


@pytest.mark.parametrize("open_server", [postgresql_server, mariadb_server])
def test_a_port_that_is_taken(tmp_path, open_server):
    with open_server(tmp_path) as server:
        second = tmp_path / "second"
        second.mkdir()
        with (
            pytest.raises(EnvironmentLacking, match="ended before it was ready"),
            open_server(second, server.port),
        ):
            pass
        assert server.process.running


def test_an_unknown_user(monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root changes the owner")
    with (
        pytest.raises(EnvironmentLacking, match="no user nobody-of-that-name") as error,
        data_directory("nobody-of-that-name", "a-package"),
    ):
        pass
    assert "a-package" in error.value.hint
