"""What only a database on a server does: its columns and locks, its lost answers, its errors."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import anyio
import psycopg
import pymysql
import pytest

from holdfast.core.errors import StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.core.flow import run
from holdfast.laravel.payload import Codec
from holdfast.servers.ports import free_port
from holdfast.session.commit import save
from holdfast.session.session import Session
from holdfast.stores import database
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Facts,
    Find,
    Found,
    Gone,
    IdCollision,
    Missing,
    Page,
    Saved,
    Scan,
    Touch,
    Touched,
    Unknown,
)
from holdfast.stores.database_locks import DatabaseLocks
from holdfast.stores.drivers import exchange, mariadb, pool
from holdfast.stores.drivers.exchange import RolledBack, asking
from holdfast.stores.locks import Acquire, Held, Locked, Release
from holdfast.stores.sql.postgresql import PostgreSql
from holdfast.stores.sql.statements import Reply
from holdfast.stores.url import parse
from holdfast.testing.harness import connected, new_sid

DATA = b"YWJj"
OTHER = b"eHl6"
SECRET = "correct-hörse-battery"

_counter = itertools.count()


class Look:
    """A plain connection to the same database, on which a transaction can be left open."""

    def __init__(self, server, engine):
        self.engine = engine
        if engine == "postgresql":
            self._client = psycopg.connect(
                host="127.0.0.1",
                port=server.port,
                user=server.username,
                password=server.password,
                dbname=server.database,
                autocommit=True,
            )
        else:
            self._client = pymysql.connect(
                host="127.0.0.1",
                port=server.port,
                user=server.username,
                password=server.password,
                database=server.database,
                autocommit=True,
            )

    def __call__(self, sql, *values):
        with self._client.cursor() as cursor:
            cursor.execute(sql, values or None)
            return [] if cursor.description is None else list(cursor.fetchall())

    def explain(self, statement):
        sql = f"EXPLAIN {statement.sql}"
        if self.engine == "postgresql":
            cursor = psycopg.RawCursor(self._client)
            cursor.execute(sql, list(statement.parameters.values()))
        else:
            cursor = self._client.cursor()
            cursor.execute(sql, dict(statement.parameters))
        return " ".join(str(cell) for row in cursor.fetchall() for cell in row)

    def close(self):
        self._client.close()

    def wait_until_somebody_waits(self):
        """Until a statement of another connection waits for a lock."""
        sql = {
            "postgresql": "SELECT 1 FROM pg_locks WHERE NOT granted",
            "mariadb": "SELECT 1 FROM information_schema.INNODB_LOCK_WAITS",
        }[self.engine]
        deadline = time.monotonic() + 60
        while not self(sql):
            assert time.monotonic() < deadline
            # InnoDB renews what it shows only now and then.
            time.sleep(0.02)

    def end_idle_connections(self):
        if self.engine == "postgresql":
            self(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'holdfast'"
            )
            return
        for (number,) in self(
            "SELECT ID FROM information_schema.PROCESSLIST "
            "WHERE ID <> CONNECTION_ID() AND USER = 'holdfast'"
        ):
            self(f"KILL {number}")

    def make_user(self, name, password):
        if self.engine == "postgresql":
            self(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        else:
            self(f"CREATE USER {name}@'%' IDENTIFIED BY '{password}'")

    def drop_user(self, name):
        if self.engine == "postgresql":
            self(f"DROP OWNED BY {name}; DROP ROLE {name}")
        else:
            self(f"DROP USER {name}@'%'")

    def grantee(self, name):
        return name if self.engine == "postgresql" else f"{name}@'%'"


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def engine(request):
    return request.param


@pytest.fixture
def server(engine, request):
    return request.getfixturevalue(engine)


@pytest.fixture
def look(server, engine):
    with closing(Look(server, engine)) as look:
        yield look


@pytest.fixture
def store(server):
    table = f"sessions_{next(_counter)}"
    store = replace(database.from_url(parse(server.url)), table=table, lifetime=600)
    store.create_table()
    return store


@pytest.fixture
def sid():
    return new_sid()


@pytest.fixture
def soon():
    return int(time.time()) + 300


@pytest.fixture
def user(look):
    """A name and a password of somebody who may do nothing yet."""
    name = f"user_{next(_counter)}"
    look.make_user(name, SECRET)
    yield name
    look.drop_user(name)


def of(store, name, password=SECRET):
    return replace(store, at=replace(store.at, username=name, password=password))


def at_port(store, port):
    return replace(store, at=replace(store.at, port=port))


def test_row_is_laravel_s(store, look, sid, soon):
    columns = "id, user_id, ip_address, user_agent, payload, last_activity"
    row = f"SELECT {columns} FROM {store.table}"
    with store.connect() as perform:
        facts = Facts(7, "2001:db8::1", "é" * 600)
        perform(Commit(sid, None, DATA, soon, facts=facts))
        assert look(row) == [(sid, 7, "2001:db8::1", "é" * 500, "YWJj", soon - 600)]
        facts = Facts("8", None, "\ud800\0'\"\\%s")
        perform(Commit(sid, Found(DATA, soon), OTHER, soon + 5, facts=facts))
        assert look(row) == [(sid, 8, None, "??'\"\\%s", "eHl6", soon - 595)]
        assert perform(Touch(sid, Found(OTHER, soon), soon + 9)) == Touched()
        assert look(row) == [(sid, 8, None, "??'\"\\%s", "eHl6", soon - 591)]


def test_an_expired_row_is_replaced(store, look, sid, soon):
    look(
        f"INSERT INTO {store.table} (id, payload, last_activity, user_id) VALUES (%s, 'old', 5, 1)",
        sid,
    )
    with store.connect() as perform:
        assert perform(Find(sid)) is None
        assert perform(Commit(sid, Found(b"old", 605), OTHER, soon)) == Gone()
        assert perform(Touch(sid, Found(b"old", 605), soon)) == Gone()
        assert perform(Commit(sid, None, DATA, soon)) == Saved()
        assert perform(Find(sid)) == Found(DATA, soon)
    assert look(f"SELECT user_id FROM {store.table}") == [(None,)]


def test_deleting_an_expired_row_removes_it(store, look, sid):
    look(f"INSERT INTO {store.table} (id, payload, last_activity) VALUES (%s, 'old', 5)", sid)
    with store.connect() as perform:
        assert perform(Delete(sid)) == Missing()
    assert look(f"SELECT 1 FROM {store.table}") == []


def test_any_kind_of_user_id(store, look, sid, soon, mode):
    with connected(store, mode) as client:
        with pytest.raises(StoreMisconfigured, match="does not fit") as error:
            client.perform(Commit(sid, None, DATA, soon, facts=Facts(SECRET)))
        assert SECRET not in str(error.value)
        assert client.perform(Find(sid)) is None
        drop = "ALTER TABLE {} ALTER user_id TYPE varchar(50)"
        change = "ALTER TABLE {} MODIFY user_id varchar(50)"
        look((drop if look.engine == "postgresql" else change).format(store.table))
        for user in (7, "8", "01890a5d-ac96-774b-bcce-b302099a8057"):
            facts = Facts(user)
            assert client.perform(Commit(sid, None, DATA, soon, facts=facts)) == Saved()
            assert look(f"SELECT user_id FROM {store.table}") == [(str(user),)]
            assert client.perform(Delete(sid)) == Deleted()


def test_bytes_are_compared_and_not_text(store, look, sid, soon, mode):
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, b"YWJjZA==", soon))
        for close in (b"ywjjza==", b"YWJjZA== ", b"YWJjZA==\0", b"YWJjZA=="[:-1], b""):
            refused = Conflict(Found(b"YWJjZA==", soon))
            assert client.perform(Commit(sid, Found(close, soon), OTHER, soon)) == refused
            assert client.perform(Touch(sid, Found(close, soon), soon + 5)) == refused
        # What others wrote is shown as it is, even where no base64 of Laravel's.
        look(f"UPDATE {store.table} SET payload = 'ü '")
        assert client.perform(Find(sid)) == Found("ü ".encode(), soon)
        assert client.perform(Commit(sid, Found("ü ".encode(), soon), DATA, soon)) == Saved()


def test_ids_of_other_case(store, look, soon, mode):
    lower, upper = "a" * 40, "A" * 40
    with connected(store, mode) as client:
        assert client.perform(Commit(lower, None, DATA, soon)) == Saved()
        created = client.perform(Commit(upper, None, OTHER, soon))
        # Laravel's collation on MariaDB takes the two for the same key; PostgreSQL does not.
        assert created == (IdCollision() if look.engine == "mariadb" else Saved())
        if created == IdCollision():
            assert client.perform(Find(upper)) is None
            assert client.perform(Commit(upper, Found(DATA, soon), OTHER, soon)) == Gone()
            assert client.perform(Touch(upper, Found(DATA, soon), soon)) == Gone()
            assert client.perform(Delete(upper)) == Missing()
            look(f"UPDATE {store.table} SET last_activity = 5")
            assert client.perform(Commit(upper, None, OTHER, soon)) == IdCollision()
            assert client.perform(Commit(lower, None, DATA, soon)) == Saved()
        assert client.perform(Find(lower)) == Found(DATA, soon)


def test_a_session_takes_another_id_on_a_collision(store, soon):
    codec = Codec(store.form, "php")
    with store.connect() as perform:
        perform(Commit("a" * 40, None, DATA, soon))
        session = Session(codec.new(), "A" * 40)
        session["cart"] = 3
        assert run(save(session, codec, lifetime=600, now=soon - 300), perform)
        assert codec.loads(perform(Find(session.id)).data)["cart"] == 3
        assert perform(Find("a" * 40)) == Found(DATA, soon)
        assert (session.id == "A" * 40) is (store.engine == "postgresql")


def test_the_key_finds_the_row(store, look, sid, soon):
    """Comparing bytes as well must not make the server read the whole table."""
    for _ in range(20):
        row = f"INSERT INTO {store.table} (id, payload, last_activity) VALUES (%s, 'x', %s)"
        look(row, new_sid(), soon)
    if look.engine == "postgresql":
        look("SET enable_seqscan = off")  # so small a table would be read as a whole
    base = Found(DATA, soon)
    for operation in (
        Find(sid),
        Commit(sid, base, OTHER, soon),
        Touch(sid, base, soon),
        Delete(sid),
    ):
        for statement in store.plan(operation).statements:
            plan = look.explain(statement)
            if look.engine == "postgresql":
                assert f"Index Scan using {store.table}_pkey" in plan
            else:
                assert "PRIMARY" in plan or "Impossible WHERE noticed after reading const" in plan


def test_scan_skips_what_is_no_session_id(store, look, sid, soon, mode):
    with connected(store, mode) as client:
        look(f"INSERT INTO {store.table} (id, payload, last_activity) VALUES ('x', 'x', %s)", soon)
        client.perform(Commit(sid, None, DATA, soon))
        assert client.perform(Scan()) == Page((sid,), None)


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_a_wait_for_a_lock_is_seen_through(store, server, look, sid, soon, mode, ends):
    """Who waits for the row gets it as it is then, not as it was when the waiting began."""
    with connected(store, mode) as client, ThreadPoolExecutor() as threads:
        client.perform(Commit(sid, None, DATA, soon))
        look("BEGIN")
        look(f"UPDATE {store.table} SET payload = 'eHl6'")
        ours = threads.submit(client.perform, Commit(sid, Found(DATA, soon), b"bmV3", soon))
        with closing(Look(server, look.engine)) as other:
            other.wait_until_somebody_waits()
        look(ends)
        if ends == "commit":
            assert ours.result() == Conflict(Found(OTHER, soon))
        else:
            assert ours.result() == Saved()


def test_a_create_waits_for_a_create(store, server, look, sid, soon, mode):
    with connected(store, mode) as client, ThreadPoolExecutor() as threads:
        look("BEGIN")
        insert = f"INSERT INTO {store.table} (id, payload, last_activity) VALUES (%s, 'eHl6', %s)"
        look(insert, sid, soon - 600)
        ours = threads.submit(client.perform, Commit(sid, None, DATA, soon))
        with closing(Look(server, look.engine)) as other:
            other.wait_until_somebody_waits()
        look("COMMIT")
        assert ours.result() == Conflict(Found(OTHER, soon))


def test_a_lock_that_is_not_let_go(store, look, sid, soon, mode, monkeypatch):
    monkeypatch.setattr(PostgreSql, "patience", PostgreSql.patience.replace("4s", "50ms"))
    monkeypatch.setattr(mariadb, "_SESSION", mariadb._SESSION.replace("timeout = 4", "timeout = 1"))
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        look("BEGIN")
        look(f"UPDATE {store.table} SET payload = 'eHl6'")
        with pytest.raises(StoreUnavailable, match=r"locked for .*nothing was written") as error:
            client.perform(Commit(sid, Found(DATA, soon), b"bmV3", soon))
        assert error.value.hint
        look("ROLLBACK")
        assert client.perform(Find(sid)) == Found(DATA, soon)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_the_limit_of_the_wait_is_not_left_behind(store, look, sid, soon):
    with store.connect() as perform:
        perform(Commit(sid, None, DATA, soon))
        perform(Commit(sid, Found(DATA, soon), OTHER, soon))
        perform(Delete(sid))
        with psycopg.connect(
            host="127.0.0.1",
            port=store.at.port,
            user=store.at.username,
            password=store.at.password,
            dbname=store.at.database,
        ) as client:
            shown = client.execute("SHOW lock_timeout").fetchone()
    assert shown == ("0",)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_what_the_server_rolled_back_is_sent_again(store, server, look, user, sid, soon, mode):
    """A serialization failure, where the user's transactions are stricter than ours need."""
    look(f"GRANT ALL ON {store.table} TO {user}")
    look(f"ALTER ROLE {user} SET default_transaction_isolation = 'serializable'")
    with connected(of(store, user), mode) as client, ThreadPoolExecutor() as threads:
        client.perform(Commit(sid, None, DATA, soon))
        look("BEGIN")
        look(f"UPDATE {store.table} SET payload = 'eHl6'")
        ours = threads.submit(client.perform, Commit(sid, Found(DATA, soon), b"bmV3", soon))
        with closing(Look(server, look.engine)) as other:
            other.wait_until_somebody_waits()
        look("COMMIT")
        assert ours.result() == Conflict(Found(OTHER, soon))


def test_what_is_rolled_back_for_ever_is_given_up(store, sid, soon):
    statement = store.plan(Commit(sid, None, DATA, soon)).statements[0]
    for failures in (exchange.ATTEMPTS - 1, exchange.ATTEMPTS):
        asked = []

        def ask(effect, failures=failures, asked=asked):
            asked.append(effect.statement)
            if len(asked) <= failures:
                raise RolledBack("1213")
            return Reply((), wrote=True)

        if failures < exchange.ATTEMPTS:
            assert run(asking(store, statement), ask) == Reply((), wrote=True)
        else:
            with pytest.raises(StoreUnavailable, match="nothing was written"):
                run(asking(store, statement), ask)
        assert asked == [statement] * exchange.ATTEMPTS


@pytest.mark.parametrize(
    ("write", "after"),
    [
        (lambda sid, base, soon: Commit(sid, base, OTHER, soon), OTHER),
        (lambda sid, base, soon: Touch(sid, base, soon + 9), DATA),
        (lambda sid, _base, _soon: Delete(sid), None),
    ],
    ids=["save", "touch", "delete"],
)
def test_a_lost_answer_is_unknown(store, proxy_before, sid, soon, mode, write, after):
    proxy = proxy_before(store.at.port)
    with connected(at_port(store, proxy.port), mode) as client, store.connect() as direct:
        client.perform(Commit(sid, None, DATA, soon))
        proxy.cut(1)
        result = client.perform(write(sid, Found(DATA, soon), soon))
        assert isinstance(result, Unknown)
        assert result.reason
        found = direct(Find(sid))
        assert (found.data if found else None) == after
        # The connection was closed, the next effect gets a new one and its own answer.
        assert client.perform(Find(sid)) == found


def test_a_lost_create_is_unknown(store, proxy_before, sid, soon, mode):
    proxy = proxy_before(store.at.port)
    with connected(at_port(store, proxy.port), mode) as client:
        proxy.cut(1)
        assert isinstance(client.perform(Commit(sid, None, DATA, soon)), Unknown)
        assert client.perform(Commit(sid, None, OTHER, soon)) == Conflict(Found(DATA, soon))


def test_a_lost_read_is_read_again_once(store, proxy_before, sid, soon, mode):
    proxy = proxy_before(store.at.port)
    with connected(at_port(store, proxy.port), mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        proxy.cut(1)
        assert client.perform(Find(sid)) == Found(DATA, soon)
        proxy.cut(100)
        with pytest.raises(StoreUnavailable):
            client.perform(Find(sid))
        with pytest.raises(StoreUnavailable):
            client.perform(Commit(sid, None, DATA, soon))
        proxy.cut(0)
        assert client.perform(Find(sid)) == Found(DATA, soon)


def test_no_answer_in_time(store, proxy_before, sid, soon, mode, monkeypatch):
    proxy = proxy_before(store.at.port)
    # Long enough to connect on a busy machine.
    monkeypatch.setattr(exchange, "ANSWER_SECONDS", 2.0)
    with connected(at_port(store, proxy.port), mode) as client:
        proxy.hold()
        result = client.perform(Commit(sid, None, DATA, soon))
        assert result == Unknown("no answer within 2 s")
        proxy.held.wait()
        proxy.hold(False)
        monkeypatch.setattr(exchange, "ANSWER_SECONDS", 60.0)
        assert client.perform(Find(sid)) == Found(DATA, soon)


@pytest.mark.anyio
async def test_a_cancelled_effect_leaves_no_answer_behind(store, proxy_before, sid, soon):
    proxy = proxy_before(store.at.port)
    other = new_sid()
    async with at_port(store, proxy.port).aconnect() as perform:
        await perform(Commit(sid, None, DATA, soon))
        await perform(Commit(other, None, OTHER, soon))
        proxy.hold()
        async with anyio.create_task_group() as group:
            group.start_soon(perform, Find(sid))
            await anyio.to_thread.run_sync(proxy.held.wait)
            group.cancel_scope.cancel()
        proxy.hold(False)
        assert await perform(Find(other)) == Found(OTHER, soon)
        assert await perform(Find(sid)) == Found(DATA, soon)


def test_connections_that_the_server_ended_while_idle(store, look, sid, soon, mode):
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        look.end_idle_connections()
        deadline = time.monotonic() + 60
        while others(look):
            assert time.monotonic() < deadline
        assert client.perform(Commit(sid, Found(DATA, soon), OTHER, soon)) == Saved()


def others(look):
    if look.engine == "postgresql":
        return look("SELECT 1 FROM pg_stat_activity WHERE application_name = 'holdfast'")
    return look(
        "SELECT 1 FROM information_schema.PROCESSLIST "
        "WHERE ID <> CONNECTION_ID() AND USER = 'holdfast'"
    )


def test_more_threads_than_connections(store, soon):
    sids = [new_sid() for _ in range(3 * pool.CONNECTIONS)]
    start = threading.Barrier(len(sids))
    with store.connect() as perform, ThreadPoolExecutor(len(sids)) as threads:

        def come_and_go(sid):
            start.wait()
            assert perform(Commit(sid, None, DATA, soon)) == Saved()
            assert perform(Find(sid)) == Found(DATA, soon)
            return perform(Delete(sid))

        assert list(threads.map(come_and_go, sids)) == [Deleted()] * len(sids)


def test_all_connections_busy(store, server, look, sid, soon, mode, monkeypatch):
    monkeypatch.setattr(pool, "CONNECTIONS", 1)
    monkeypatch.setattr(pool, "POOL_SECONDS", 0.05)
    with connected(store, mode) as client, ThreadPoolExecutor() as threads:
        client.perform(Commit(sid, None, DATA, soon))
        look("BEGIN")
        look(f"UPDATE {store.table} SET payload = 'eHl6'")
        ours = threads.submit(client.perform, Delete(sid))
        with closing(Look(server, look.engine)) as other:
            other.wait_until_somebody_waits()
        with pytest.raises(StoreUnavailable, match="all 1 connections are busy"):
            client.perform(Find(sid))
        look("COMMIT")
        assert ours.result() == Deleted()


def test_nothing_listens(store, mode):
    with (
        pytest.raises(StoreUnavailable, match="cannot be reached") as error,
        connected(at_port(store, free_port()), mode),
    ):
        pass
    assert error.value.hint


def test_wrong_password_and_no_such_user(store, user, mode):
    for stranger in (of(store, user, "wrong-" + SECRET), of(store, user, None), of(store, "bob")):
        with (
            pytest.raises(StoreMisconfigured, match="password") as error,
            connected(stranger, mode),
        ):
            pass
        said = f"{error.value} {error.value.hint} {stranger!r} {stranger.where}"
        assert SECRET not in said
        assert user not in said


def test_a_password_beyond_ascii_lets_in(store, look, user, mode):
    look(f"GRANT ALL ON {store.table} TO {look.grantee(user)}")
    with connected(of(store, user), mode) as client:
        assert client.perform(Find(new_sid())) is None


def test_no_such_database(store, mode):
    elsewhere = replace(store, at=replace(store.at, database="nowhere"))
    with pytest.raises(StoreMisconfigured, match="no such database"), connected(elsewhere, mode):
        pass


def test_no_such_table_or_column_or_right(store, look, user, mode):
    with (
        pytest.raises(StoreMisconfigured, match="has no table nowhere") as error,
        connected(replace(store, table="nowhere"), mode),
    ):
        pass
    assert "migration" in error.value.hint
    look(f"GRANT INSERT ON {store.table} TO {look.grantee(user)}")
    with (
        pytest.raises(StoreMisconfigured, match="does not let this user"),
        connected(of(store, user), mode),
    ):
        pass
    look(f"ALTER TABLE {store.table} DROP COLUMN user_agent")
    with (
        pytest.raises(StoreMisconfigured, match="a column is missing") as error,
        connected(store, mode),
    ):
        pass
    assert error.value.hint


def test_the_rights_that_the_docs_name_are_enough_for_locks(store, look, user, mode):
    table = f"locks_{next(_counter)}"
    key = '"key"' if look.engine == "postgresql" else "`key`"
    columns = f"{key} varchar(255) PRIMARY KEY, owner varchar(255), expiration int"
    look(f"CREATE TABLE {table} ({columns})")
    look(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {look.grantee(user)}")
    # The first letter of an owner decides whether it sweeps.
    ours, theirs = "0" * 16, "a" * 16
    with connected(DatabaseLocks(of(store, user).at, table), mode) as client:
        assert client.perform(Acquire("session:x", ours, 60)) == Locked()
        assert client.perform(Acquire("session:x", theirs, 60)) == Held()
        assert client.perform(Release("session:x", ours)) is True
        assert client.perform(Acquire("session:x", theirs, 60)) == Locked()


def test_a_server_that_takes_no_writes(store, look, user, sid, soon, mode):
    look(f"GRANT ALL ON {store.table} TO {look.grantee(user)}")
    if look.engine == "postgresql":
        read_only = f"ALTER ROLE {user} SET default_transaction_read_only = {{}}"
    else:
        read_only = "SET GLOBAL read_only = {}"
    with store.connect() as perform:
        perform(Commit(sid, None, DATA, soon))
    look(read_only.format("on"))
    try:
        with connected(of(store, user), mode) as client:
            for write in (
                Commit(sid, None, OTHER, soon),
                Commit(sid, Found(DATA, soon), OTHER, soon),
                Touch(sid, Found(DATA, soon), soon),
                Delete(sid),
            ):
                with pytest.raises(StoreReadOnly) as error:
                    client.perform(write)
                assert error.value.hint
            assert client.perform(Find(sid)) == Found(DATA, soon)
    finally:
        look(read_only.format("off"))


def test_a_payload_that_does_not_fit(store, look, sid, soon, mode):
    """The Laravel 8 stub has a text column: 64 KB on MariaDB. A cut payload would be unreadable."""
    if look.engine == "postgresql":
        look(f"ALTER TABLE {store.table} ALTER payload TYPE varchar(65535)")
    else:
        look(f"ALTER TABLE {store.table} MODIFY payload text NOT NULL")
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        for base in (Found(DATA, soon), None):
            to = sid if base else new_sid()
            with pytest.raises(StoreMisconfigured, match=r"does not fit|too long") as error:
                client.perform(Commit(to, base, b"a" * 70000, soon))
            assert error.value.hint
        assert client.perform(Find(sid)) == Found(DATA, soon)


def test_tls_is_demanded_where_the_url_says_so(store, mode):
    with (
        pytest.raises(StoreMisconfigured, match=r"certificate|TLS"),
        connected(replace(store, at=replace(store.at, tls=True)), mode),
    ):
        pass


def test_the_table_is_made_once_and_never_on_the_way(store, server, mode):
    store.create_table()
    other = replace(store, table=f"sessions_{next(_counter)}")
    with pytest.raises(StoreMisconfigured, match="has no table"), connected(other, mode):
        pass
