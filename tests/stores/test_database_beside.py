"""What lies beside a table of sessions: that it is exact in races, bounded, swept, and there."""

from __future__ import annotations

import hashlib
import itertools
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pymysql
import pytest

from holdfast.core.errors import StoreMisconfigured
from holdfast.stores import beside, database
from holdfast.stores.beside import ScanAside
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Elsewhere,
    Fenced,
    Find,
    Found,
    Gone,
    Grace,
    IdCollision,
    Missing,
    Move,
    Moved,
    Saved,
    SetAside,
    Touch,
    Touched,
    Unknown,
)
from holdfast.stores.database import DatabaseStore
from holdfast.stores.drivers import sqlite
from holdfast.stores.drivers.pool import Pool
from holdfast.stores.open import create_table
from holdfast.stores.open import open as open_store
from holdfast.stores.sql.mariadb import MariaDb
from holdfast.stores.sql.postgresql import PostgreSql
from holdfast.stores.sql.sqlite import Sqlite
from holdfast.stores.url import parse
from holdfast.testing import ManualClock
from holdfast.testing.harness import connected, new_sid

DATA = b"YWJj"
OTHER = b"eHl6"
WRITE = "w" * 16

_counter = itertools.count()


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def engine(request):
    return request.param


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def soon(clock):
    return clock() + 300


@pytest.fixture
def store(engine, request, directory, clock):
    if engine == "sqlite":
        there = DatabaseStore(directory / "database.sqlite")
    else:
        there = database.from_url(parse(request.getfixturevalue(engine).url))
    table = f"beside_{next(_counter)}"
    store = replace(there, table=table, lifetime=600, clock=clock, beside=True)
    store.create_table()
    return store


class Look:
    """A plain connection to the same database, on which a transaction can be left open."""

    def __init__(self, store):
        self.engine = store.engine
        if self.engine == "sqlite":
            self.client = sqlite3.connect(store.at, isolation_level=None)
            return
        address = {"host": store.at.host, "port": store.at.port, "user": store.at.username}
        if self.engine == "postgresql":
            address["dbname"] = store.at.database
            self.client = psycopg.connect(password=store.at.password, autocommit=True, **address)
        else:
            address["database"] = store.at.database
            self.client = pymysql.connect(password=store.at.password, autocommit=True, **address)

    def __call__(self, sql, *values):
        with closing(self.client.cursor()) as cursor:
            if values:
                sign = "?" if self.engine == "sqlite" else "%s"
                cursor.execute(sql.replace("?", sign), values)
            else:
                cursor.execute(sql)
            return [] if cursor.description is None else list(cursor.fetchall())

    def close(self):
        self.client.close()


@pytest.fixture
def look(store):
    with closing(Look(store)) as look:
        yield look


@pytest.fixture
def sid():
    return new_sid()


def test_the_tables_are_made_and_demanded(store, look, mode):
    for name in ("beside", "aside"):
        look(f"SELECT * FROM holdfast_{name}_{store.table}")
    store.create_beside()
    look(f"DROP TABLE holdfast_aside_{store.table}")
    with pytest.raises(StoreMisconfigured, match="tables beside") as error, connected(store, mode):
        pass
    assert "create_beside" in error.value.hint
    with connected(replace(store, beside=False), mode) as client:
        assert client.perform(SetAside(new_sid(), b"x", "size")) is False
    store.create_beside()
    with connected(store, mode) as client:
        assert client.perform(SetAside(new_sid(), b"x", "size")) is True


def test_without_beside_nothing_of_it_is_made_or_asked(store, look, sid, soon, mode):
    plain = replace(store, table=f"beside_{next(_counter)}", beside=False)
    plain.create_table()
    with connected(plain, mode) as client:
        grace = Grace(60, b"seal")
        create = Commit(sid, None, DATA, soon, write_id=WRITE, again=True)
        assert client.perform(create) == Saved()
        to = new_sid()
        move = Move(
            sid, Found(DATA, soon), to, OTHER, soon, grace=grace, fence_seconds=60, write_id=WRITE
        )
        assert client.perform(move) == Saved()
        assert client.perform(Find(sid)) is None
        assert client.perform(Delete(to, fence_seconds=60)) == Deleted()
        assert client.perform(Commit(to, None, DATA, soon)) == Saved()
    for name in ("beside", "aside"):
        with pytest.raises((sqlite3.Error, psycopg.Error, pymysql.MySQLError)):
            look(f"SELECT * FROM holdfast_{name}_{plain.table}")


def test_the_documented_sql_is_what_is_made():
    page = (Path(__file__).parents[2] / "docs" / "stores.md").read_text()
    blocks = re.findall(r"^```sql\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = [plain(block) for block in blocks]
    made = [
        plain(";".join(statement.sql for statement in dialect("sessions").creation_beside()) + ";")
        for dialect in (PostgreSql, MariaDb, Sqlite)
    ]
    assert shown == made


def plain(sql):
    return re.sub(r'[\s"`]', "", sql)


def test_a_read_finds_both_rows_by_their_keys(store, look, sid, soon):
    with store.connect() as perform:
        for _ in range(20):
            perform(Commit(new_sid(), None, DATA, soon, write_id=WRITE))
    [statement] = store.plan(Find(sid)).statements
    if look.engine == "sqlite":
        sql = f"EXPLAIN QUERY PLAN {statement.sql}"
        plan = look.client.execute(sql, dict(statement.parameters)).fetchall()
        searched = [row[3] for row in plan if "SEARCH" in row[3]]
        assert len(searched) == 2
        scanned = {row[3] for row in plan if "SCAN" in row[3]}
        assert scanned <= {"SCAN CONSTANT ROW", "SCAN one"}
    elif look.engine == "postgresql":
        look("SET enable_seqscan = off")  # so small a table would be read as a whole
        cursor = psycopg.RawCursor(look.client)
        cursor.execute(f"EXPLAIN {statement.sql}", list(statement.parameters.values()))
        said = " ".join(row[0] for row in cursor.fetchall())
        assert f"using {store.table}_pkey" in said
        assert f"using holdfast_beside_{store.table}_pkey" in said
    else:
        with closing(look.client.cursor()) as cursor:
            cursor.execute(f"EXPLAIN {statement.sql}", dict(statement.parameters))
            kinds = [row[3] for row in cursor.fetchall()]
        assert "ALL" not in kinds


def test_by_url(directory):
    url = f"sqlite://{directory}/d.sqlite?beside=1"
    create_table(url)
    store = open_store(url).store
    assert store.beside
    assert not open_store(url.removesuffix("?beside=1")).store.beside
    with store.connect() as perform:
        assert perform(SetAside(new_sid(), b"x", "size")) is True


@pytest.mark.parametrize("ends", ["commit", "rollback"])
@pytest.mark.parametrize("engine", ["postgresql", "mariadb"], scope="module")
def test_performed_again_while_the_first_one_is_still_at_it(store, look, sid, soon, mode, ends):
    """Who waits for it sees its note, though it was not there when the waiting began."""
    first = Commit(sid, Found(DATA, soon), OTHER, soon, write_id=WRITE)
    with connected(store, mode) as client, ThreadPoolExecutor() as threads:
        client.perform(Commit(sid, None, DATA, soon))
        look("BEGIN")
        # What the first one does, and somebody who puts the base's bytes back.
        look(f"UPDATE {store.table} SET payload = 'eHl6'")
        look(f"UPDATE {store.table} SET payload = 'YWJj'")
        look(f"UPDATE holdfast_beside_{store.table} SET writes = ? WHERE id = ?", f",{WRITE}", sid)
        ours = threads.submit(client.perform, replace(first, again=True))
        wait_until_somebody_waits(store)
        look(ends)
        assert ours.result() == Saved()
        found = client.perform(Find(sid))
        assert found == Found(DATA if ends == "commit" else OTHER, soon)


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"], scope="module")
def test_a_create_that_meets_a_fence_on_its_way(store, look, sid, soon, mode):
    """The fence was not there when it looked, and is when it comes to commit."""
    with connected(store, mode) as client, ThreadPoolExecutor() as threads:
        look("BEGIN")
        look(
            f"INSERT INTO holdfast_beside_{store.table} (id, writes, gone_until, until) "
            "VALUES (?, '', ?, ?)",
            sid,
            soon,
            soon,
        )
        ours = threads.submit(client.perform, Commit(sid, None, DATA, soon, write_id=WRITE))
        wait_until_somebody_waits(store)
        look("COMMIT")
        assert ours.result() == Fenced()
        assert client.perform(Find(sid)) is None
        again = Commit(sid, None, DATA, soon, write_id=WRITE, again=True)
        assert client.perform(again) == Fenced()


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"], scope="module")
def test_a_fence_that_meets_a_create_on_its_way(store, look, sid, soon, mode):
    """The session was not there when the delete began; it is ended all the same."""
    with connected(store, mode) as client, ThreadPoolExecutor() as threads:
        look("BEGIN")
        look(
            f"INSERT INTO {store.table} (id, payload, last_activity) VALUES (?, 'YWJj', ?)",
            sid,
            soon - 600,
        )
        note = f"INSERT INTO holdfast_beside_{store.table} (id, writes, until) VALUES (?, '', ?)"
        look(note, sid, soon)
        ours = threads.submit(client.perform, Delete(sid, fence_seconds=60))
        wait_until_somebody_waits(store)
        look("COMMIT")
        assert ours.result() == Deleted()
        assert client.perform(Find(sid)) is None
        assert client.perform(Commit(sid, None, DATA, soon)) == Fenced()


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"], scope="module")
def test_a_delete_that_meets_a_move_on_its_way(store, look, sid, soon, clock, mode):
    """The session was there when the delete began; where it moved is known all the same."""
    to = new_sid()
    with connected(store, mode) as client, ThreadPoolExecutor() as threads:
        client.perform(Commit(sid, None, DATA, soon))
        look("BEGIN")
        look(f"UPDATE {store.table} SET id = ? WHERE id = ?", to, sid)
        note = f"UPDATE holdfast_beside_{store.table} SET gone_until = ?, moved_to = ? WHERE id = ?"
        look(note, clock() + 60, to, sid)
        ours = threads.submit(client.perform, Delete(sid, fence_seconds=60))
        wait_until_somebody_waits(store)
        look("COMMIT")
        assert ours.result() == Elsewhere(to)
        assert client.perform(Delete(to, fence_seconds=60)) == Deleted()


def wait_until_somebody_waits(store):
    sql = {
        "postgresql": "SELECT 1 FROM pg_locks WHERE NOT granted",
        "mariadb": "SELECT 1 FROM information_schema.INNODB_LOCK_WAITS",
    }[store.engine]
    deadline = time.monotonic() + 60
    with closing(Look(store)) as other:
        while not other(sql):
            assert time.monotonic() < deadline
            # InnoDB renews what it shows only now and then.
            time.sleep(0.02)


def test_creates_and_fences_race(store, sid, soon, clock):
    """Whoever comes first, in the end the session is not there."""
    with store.connect() as perform, ThreadPoolExecutor(2) as threads:
        for _ in range(30):
            sid = new_sid()
            created = threads.submit(perform, Commit(sid, None, DATA, soon, write_id=WRITE))
            deleted = threads.submit(perform, Delete(sid, fence_seconds=60))
            both = created.result(), deleted.result()
            assert both in ((Saved(), Deleted()), (Fenced(), Missing()))
            assert perform(Find(sid)) is None


def test_moving_to_an_id_of_other_case(store, soon, mode):
    with connected(store, mode) as client:
        client.perform(Commit("a" * 40, None, DATA, soon))
        moved = client.perform(Move("a" * 40, Found(DATA, soon), "A" * 40, OTHER, soon))
        assert moved == (IdCollision() if store.engine == "mariadb" else Saved())
        other = Found(DATA, soon) if moved == IdCollision() else None
        assert client.perform(Find("a" * 40)) == other


def test_what_is_beside_compares_letter_case(store, soon, clock, mode):
    lower, upper = "a" * 40, "A" * 40
    with connected(store, mode) as client:
        client.perform(Delete(lower, fence_seconds=60))
        assert client.perform(Commit(upper, None, DATA, soon, write_id="w" * 16)) == Saved()
        again = Commit(upper, Found(OTHER, soon), DATA, soon, write_id="W" * 16, again=True)
        assert client.perform(again) == Conflict(Found(DATA, soon))
        base = Found(DATA, soon)
        move = Move(upper, base, new_sid(), DATA, soon, grace=Grace(60, b"seal"))
        assert client.perform(move) == Saved()
        assert client.perform(Find(upper)) == Moved(move.to, b"seal")
        assert client.perform(Find(lower)) is None
        assert client.perform(Commit(lower, None, DATA, soon)) == Fenced()


def test_it_ends_when_its_time_is_over(store, sid, soon, clock, mode):
    to = new_sid()
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        move = Move(sid, Found(DATA, soon), to, DATA, soon, grace=Grace(10, b""), fence_seconds=20)
        client.perform(move)
        assert client.perform(Find(sid)) == Moved(to, b"")
        clock.advance(10)
        assert client.perform(Find(sid)) is None
        assert client.perform(Commit(sid, None, DATA, soon)) == Fenced()
        # A shorter fence does not end a longer one.
        client.perform(Delete(sid, fence_seconds=1))
        clock.advance(9)
        assert client.perform(Commit(sid, None, DATA, soon)) == Fenced()
        clock.advance(1)
        assert client.perform(Commit(sid, None, DATA, soon)) == Saved()


def test_the_last_writes_are_kept_and_no_more(store, look, sid, soon, mode):
    writes = [f"{number:016}" for number in range(beside.WRITES + 3)]
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        for write in writes:
            save = Commit(sid, Found(DATA, soon), DATA, soon, write_id=write)
            assert client.perform(save) == Saved()
        [(kept,)] = look(f"SELECT writes FROM holdfast_beside_{store.table} WHERE id = ?", sid)
        assert kept == "".join(f",{write}" for write in reversed(writes[3:]))
        stale = Found(OTHER, soon)
        oldest = Commit(sid, stale, DATA, soon, write_id=writes[3], again=True)
        assert client.perform(oldest) == Saved()
        forgotten = replace(oldest, write_id=writes[2])
        assert client.perform(forgotten) == Conflict(Found(DATA, soon))


def test_the_quarantine_is_bounded(store, look, sid, clock, mode, monkeypatch):
    monkeypatch.setattr(database, "ASIDE_ENTRIES", 2)
    broken = bytes(range(256))
    with connected(store, mode) as client:
        assert client.perform(SetAside(sid, broken, "serialization")) is True
        clock.advance(10)
        assert client.perform(SetAside(sid, b"two", "size")) is True
        assert client.perform(SetAside(sid, b"three", "size")) is False
        assert client.perform(SetAside(sid, broken, "serialization")) is True
        rows = look(
            f"SELECT id, data, reason, digest FROM holdfast_aside_{store.table} ORDER BY at"
        )
        assert (rows[0][0], bytes(rows[0][1]), *rows[0][2:]) == (
            sid,
            broken,
            "serialization",
            hashlib.sha256(broken).hexdigest(),
        )
        assert len(rows) == 2
        clock.advance(beside.ASIDE_SECONDS - 10)
        assert [entry.data for entry in client.perform(ScanAside()).entries] == [b"two"]
        assert client.perform(SetAside(sid, b"three", "size")) is True
        assert client.perform(SetAside(sid, b"four", "size")) is False


def test_what_is_over_is_swept(store, look, soon, clock, mode, monkeypatch):
    monkeypatch.setattr(beside, "SWEEP_EVERY", 4)
    count = f"SELECT count(*) FROM holdfast_beside_{store.table}"
    with connected(store, mode) as client:
        for _ in range(3):
            client.perform(Commit(new_sid(), None, DATA, soon, write_id=WRITE))
        clock.advance(beside.WRITE_SECONDS - 1)
        client.perform(Delete(new_sid(), fence_seconds=60))
        assert look(count) == [(4,)]
        clock.advance(1)
        for _ in range(3):
            client.perform(Delete(new_sid()))
        assert look(count) == [(4,)]
        client.perform(Delete(new_sid()))
        assert look(count) == [(1,)]
    clock.advance(60)
    with connected(store, mode):
        assert look(count) == [(0,)]


@pytest.mark.parametrize("engine", ["postgresql", "mariadb"], scope="module")
def test_a_lost_answer_is_settled_by_performing_again(store, proxy_before, soon, mode):
    """Also where the client is gone while the server is in the middle of it."""
    proxy = proxy_before(store.at.port)
    there = replace(store, at=replace(store.at, port=proxy.port))
    base = Found(DATA, soon)
    with connected(there, mode) as client:
        for _ in range(15):
            sid, to = new_sid(), new_sid()
            create = Commit(sid, None, DATA, soon, write_id="c" * 16)
            save = Commit(sid, base, OTHER, soon, write_id="s" * 16)
            other = Found(OTHER, soon)
            move = Move(sid, other, to, DATA, soon, write_id="m" * 16, fence_seconds=60)
            for write in (create, save, move):
                proxy.cut(1)
                assert isinstance(client.perform(write), Unknown)
                assert client.perform(replace(write, again=True)) == Saved()
            assert client.perform(Find(to)) == base
            assert client.perform(Find(sid)) is None
            assert client.perform(Commit(sid, base, DATA, soon)) == Gone()
            assert client.perform(Commit(sid, None, DATA, soon)) == Fenced()


def test_round_trips_are_counted(store, sid, soon, monkeypatch):
    """As the docstring of ``stores.database`` says; in SQLite they are transactions."""
    sent = []
    owner, name = (sqlite._Driver, "_transact") if store.engine == "sqlite" else (Pool, "ask")
    send = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *all: sent.append(all) or send(*all))
    base, old, to = Found(DATA, soon), Found(OTHER, soon), new_sid()
    more = {"sqlite": 1, "postgresql": 2, "mariadb": 1}[store.engine]
    save = Commit(sid, base, DATA, soon, write_id="v" * 16)
    steps = (
        (Commit(sid, None, DATA, soon, write_id=WRITE), Saved(), 1),
        (Commit(sid, None, DATA, soon, write_id=WRITE), Conflict(base), more),
        (Find(sid), base, 1),
        (Commit(sid, base, DATA, soon), Saved(), 1),
        (Commit(sid, old, DATA, soon), Conflict(base), 2 if store.engine == "mariadb" else 1),
        (save, Saved(), 1),
        (replace(save, base=old), Conflict(base), 1),
        (replace(save, again=True), Saved(), more),
        (Touch(sid, base, soon), Touched(), 1),
        (Move(sid, base, to, DATA, soon, grace=Grace(9, b""), fence_seconds=9), Saved(), 1),
        (Find(sid), Moved(to, b""), 1),
        (Delete(sid, fence_seconds=9), Elsewhere(to), more),
        (Delete(to, fence_seconds=9), Deleted(), 1),
        (Delete(to, fence_seconds=9), Missing(), more),
    )
    with store.connect() as perform:
        for operation, expected, trips in steps:
            sent.clear()
            assert perform(operation) == expected
            assert len(sent) == trips, operation
