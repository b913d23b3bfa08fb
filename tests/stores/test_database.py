"""What only the database store does: Laravel's row, its columns, and SQLite's errors."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import anyio
import pytest

from holdfast.core.clock import Deadline
from holdfast.core.errors import StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Facts,
    Find,
    Found,
    Gone,
    Page,
    Saved,
    Scan,
)
from holdfast.stores.database import DatabaseStore
from holdfast.stores.drivers import sqlite
from holdfast.testing.harness import connected, new_sid

DATA = b"YWJj"
OTHER = b"eHl6"


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


@pytest.fixture
def store(directory):
    store = DatabaseStore(directory / "database.sqlite", lifetime=600)
    store.create_table()
    return store


@pytest.fixture
def database(store):
    """A plain connection to the same file."""
    with closing(sqlite3.connect(store.at, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


@pytest.fixture
def sid():
    return new_sid()


@pytest.fixture
def soon():
    return int(time.time()) + 300


def row(database, sid):
    columns = "*, typeof(payload) AS type"
    return dict(database.execute(f"SELECT {columns} FROM sessions WHERE id = ?", [sid]).fetchone())


def test_row_is_laravel_s(store, database, sid, soon):
    agent = "é" * 600
    with store.connect() as perform:
        facts = Facts(7, "2001:db8::1", agent)
        perform(Commit(sid, None, DATA, soon, facts=facts))
        assert row(database, sid) == {
            "id": sid,
            "user_id": 7,
            "ip_address": "2001:db8::1",
            "user_agent": "é" * 500,
            "payload": "YWJj",
            "last_activity": soon - 600,
            "type": "text",
        }
        perform(Commit(sid, Found(DATA, soon), OTHER, soon + 5, facts=Facts("u-1", None, "\ud800")))
        assert row(database, sid) == {
            "id": sid,
            "user_id": "u-1",
            "ip_address": None,
            "user_agent": "?",
            "payload": "eHl6",
            "last_activity": soon - 595,
            "type": "text",
        }


def test_table_is_laravel_s(store, database):
    info = database.execute(
        "SELECT name, lower(type), \"notnull\" FROM pragma_table_info('sessions')"
    )
    assert [tuple(column) for column in info] == [
        ("id", "varchar", 1),
        ("user_id", "integer", 0),
        ("ip_address", "varchar", 0),
        ("user_agent", "text", 0),
        ("payload", "text", 1),
        ("last_activity", "integer", 1),
    ]
    indexes = {row["name"] for row in database.execute("PRAGMA index_list(sessions)")}
    assert indexes >= {"sessions_user_id_index", "sessions_last_activity_index"}


@pytest.mark.parametrize("kind", ["TEXT", "BLOB"])
def test_reads_and_compares_what_others_wrote(store, database, sid, soon, kind):
    insert = f"INSERT INTO sessions (id, payload, last_activity) VALUES (?, CAST(? AS {kind}), ?)"
    database.execute(insert, [sid, "YWJj", soon - 600])
    with store.connect() as perform:
        assert perform(Find(sid)) == Found(DATA, soon)
        assert perform(Commit(sid, None, OTHER, soon)) == Conflict(Found(DATA, soon))
        assert perform(Commit(sid, Found(DATA, soon), OTHER, soon)) == Saved()


def test_an_expired_row_is_replaced(store, database, sid, soon):
    insert = "INSERT INTO sessions (id, payload, last_activity, user_id) VALUES (?, 'old', 5, 1)"
    database.execute(insert, [sid])
    with store.connect() as perform:
        assert perform(Find(sid)) is None
        assert perform(Commit(sid, Found(b"old", 605), OTHER, soon)) == Gone()
        assert perform(Commit(sid, None, DATA, soon)) == Saved()
    assert row(database, sid)["user_id"] is None
    assert database.execute("SELECT count(*) FROM sessions").fetchone()[0] == 1


def test_scan_skips_what_is_no_session_id(store, database, sid, soon):
    with store.connect() as perform:
        perform(Commit(sid, None, DATA, soon))
        database.execute("UPDATE sessions SET id = 'not ours'")
        perform(Commit(sid, None, DATA, soon))
        assert perform(Scan()) == Page((sid,), None)


def test_any_table_name(directory, sid, soon):
    store = DatabaseStore(directory / "d.sqlite", table='my "own" table; --')
    store.create_table()
    with store.connect() as perform:
        assert perform(Commit(sid, None, DATA, soon)) == Saved()
        assert perform(Find(sid)) == Found(DATA, soon)


def test_nothing_is_made_on_the_way(directory, mode):
    path = directory / "none.sqlite"
    with (
        pytest.raises(StoreMisconfigured, match="cannot be opened") as error,
        connected(DatabaseStore(path), mode),
    ):
        pass
    assert error.value.hint
    assert not path.exists()


@pytest.mark.parametrize("schema", ["", "CREATE TABLE sessions (id, payload)"])
def test_no_such_table_or_column(directory, mode, schema):
    path = directory / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema + "; CREATE TABLE other (x)")
    with (
        pytest.raises(StoreMisconfigured, match="no such") as error,
        connected(DatabaseStore(path), mode),
    ):
        pass
    assert "migration" in error.value.hint


def test_not_a_database(directory, mode):
    path = directory / "text"
    path.write_text("this is no database, but it is long enough to look like one\n" * 100)
    with pytest.raises(StoreMisconfigured), connected(DatabaseStore(path), mode):
        pass


def test_a_writer_that_does_not_end(store, database, sid, soon, mode, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        database.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            client.perform(Commit(sid, Found(DATA, soon), OTHER, soon))
        assert client.perform(Find(sid)) == Found(DATA, soon)
        database.execute("ROLLBACK")
        assert client.perform(Commit(sid, Found(DATA, soon), OTHER, soon)) == Saved()


@pytest.fixture
def planned(monkeypatch):
    """Counts operations: it is released once for each that has come to the driver."""
    count = threading.Semaphore(0)
    plan = DatabaseStore.plan

    def counted(store, operation):
        steps = plan(store, operation)
        count.release()
        return steps

    monkeypatch.setattr(DatabaseStore, "plan", counted)
    return count


def test_readers_do_not_wait_for_writers(store, database, sid, soon, mode, monkeypatch, planned):
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 600)
    with connected(store, mode) as client, ThreadPoolExecutor(8) as pool:
        client.perform(Commit(sid, None, DATA, soon))
        database.execute("BEGIN IMMEDIATE")
        try:
            commits = [Commit(new_sid(), None, DATA, soon) for _ in range(8)]
            waiting = [pool.submit(client.perform, commit) for commit in commits]
            for _ in range(9):
                assert planned.acquire(timeout=60)
            assert client.perform(Find(sid)) == Found(DATA, soon)
            assert not any(write.done() for write in waiting)
        finally:
            database.execute("ROLLBACK")
        assert [write.result() for write in waiting] == [Saved()] * 8


def test_a_writer_does_not_wait_for_its_turn_for_ever(
    store, database, sid, soon, mode, monkeypatch, planned
):
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 600)
    with connected(store, mode) as client, ThreadPoolExecutor(1) as pool:
        database.execute("BEGIN IMMEDIATE")
        try:
            first = pool.submit(client.perform, Commit(sid, None, DATA, soon))
            assert planned.acquire(timeout=60)
            monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
            for _ in range(3):
                with pytest.raises(StoreUnavailable, match="nothing was written"):
                    client.perform(Commit(new_sid(), None, DATA, soon))
            assert not first.done()
        finally:
            database.execute("ROLLBACK")
        assert first.result() == Saved()
        assert client.perform(Delete(sid)) == Deleted()


def test_what_a_write_waits_for_has_one_limit(store, database, sid, soon):
    sent = []
    database.set_trace_callback(sent.append)
    instants = iter([0.0, 1.0, 4.5])
    deadline = Deadline.after(5.0, lambda: next(instants))
    sqlite._run(database, store.plan(Commit(sid, None, DATA, soon)), deadline)
    [first, begin, *_, second, commit] = sent
    assert (first, begin) == ("PRAGMA busy_timeout = 4000", "BEGIN IMMEDIATE")
    assert (second, commit) == ("PRAGMA busy_timeout = 500", "COMMIT")


def test_writers_of_two_processes_wait_for_each_other(store, soon):
    def come_and_go():
        # Each has connections of its own, as another process would.
        with store.connect() as perform:
            for _ in range(30):
                sid = new_sid()
                assert perform(Commit(sid, None, DATA, soon)) == Saved()
                assert perform(Delete(sid)) == Deleted()

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(come_and_go) for _ in range(3)]:
            done.result()


def test_a_reader_that_blocks_the_commit(store, database, sid, soon, mode, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        reader = database.execute("SELECT id FROM sessions UNION ALL SELECT 1")
        reader.fetchone()
        with pytest.raises(StoreUnavailable, match="nothing was written"):
            client.perform(Commit(sid, Found(DATA, soon), OTHER, soon))
        reader.fetchall()
        assert client.perform(Find(sid)) == Found(DATA, soon)
        assert client.perform(Commit(sid, Found(DATA, soon), OTHER, soon)) == Saved()


def test_a_file_that_cannot_be_written(store, sid, soon, mode):
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        # SQLite refuses to write a file that was moved away under its hands.
        store.at.rename(store.at.with_suffix(".moved"))
        with pytest.raises(StoreReadOnly) as error:
            client.perform(Commit(sid, Found(DATA, soon), OTHER, soon))
        assert error.value.hint


def test_a_commit_that_fails_half_way_is_unknown(store, sid, soon):
    script = f"""
import resource
from pathlib import Path
from holdfast.stores.contract import *
from holdfast.stores.database import DatabaseStore

with DatabaseStore(Path({str(store.at)!r}), lifetime=600).connect() as perform:
    resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000))
    print(perform(Commit({sid!r}, None, {DATA!r} * 50000, {soon})))
    print(perform(Find({sid!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    unknown, found = done.stdout.splitlines()
    assert unknown.startswith("Unknown(reason='the commit failed")
    assert found == "None"


@pytest.mark.anyio
async def test_a_cancelled_effect_is_whole(store, database, sid, soon):
    async with store.aconnect() as perform:
        await perform(Commit(sid, None, DATA, soon))
        database.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as group:
            for _ in range(2):  # one in SQLite, one that waits for its turn
                group.start_soon(perform, Commit(sid, Found(DATA, soon), OTHER, soon))
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
            database.execute("ROLLBACK")
        found = await perform(Find(sid))
        assert found in (Found(DATA, soon), Found(OTHER, soon))
        assert await perform(Commit(sid, found, DATA, soon)) == Saved()
