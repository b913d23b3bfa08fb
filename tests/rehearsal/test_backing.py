"""The store of a run: Laravel and the shop are told of the same one, and it ends with the run."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2
import msgspec
import pytest

from holdfast.core.digest import handle
from holdfast.core.errors import StoreMisconfigured, StoreUnavailable, UsageError
from holdfast.core.flow import do, run
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import Replica, Shop
from holdfast.rehearsal.backing import backing, setup_for_url
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.laravel import Laravel
from holdfast.rehearsal.protocol import State
from holdfast.servers.guardian import Guardian
from holdfast.servers.mariadb import mariadb_server
from holdfast.servers.memcached import ask
from holdfast.servers.ports import LOOPBACK, accepts, free_port
from holdfast.servers.postgresql import postgresql_server
from holdfast.servers.redis import ask as ask_redis
from holdfast.servers.redis import redis_server
from holdfast.servers.tcp_proxy import Pass, Refuse
from holdfast.stores.contract import Commit, Saved, Scan
from holdfast.stores.open import create_table
from holdfast.stores.open import open as open_store

KEY = fresh_app_key()


@pytest.fixture
def directory():
    path = Path(tempfile.mkdtemp(prefix="hf-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def backed(directory):
    """Opens the backing of a choice of the compare grammar, or of a URL."""

    @contextmanager
    def opened(choice, app="laravel", url=None, proxied=False):
        setup = setup_for_url(url, app) if url else parse_setup(choice, app)
        application = Laravel(setup) if app == "laravel" else Shop()
        with (
            Guardian() as guardian,
            backing(
                setup,
                directory,
                guardian,
                app_key=KEY,
                create_tables=application.create_tables,
                url=url,
                proxied=proxied,
            ) as store,
        ):
            yield store

    return opened


def commit(url, sid):
    opened = open_store(url)
    with opened.store.connect() as perform:
        session = Commit(sid, None, b's:6:"a:0:{}";', int(time.time()) + 600)
        return run(do(session), perform)


@pytest.mark.parametrize(
    "choice", ["redis", "redis:sentinel", "database:postgresql", "database:mariadb"]
)
def test_replicas_reach_a_server_through_the_proxy(backed, directory, choice):
    with backed(choice, proxied=True) as store:
        settings = store.laravel
        assert {settings.get("REDIS_PORT"), settings.get("DB_PORT")} >= {str(store.proxy.port)}
        url = store.store_url(directory)
        assert f":{store.proxy.port}/" in url
        assert commit(url, "a" * 40) == Saved()
        store.proxy.behave(Refuse())
        with pytest.raises(StoreUnavailable):
            commit(url, "b" * 40)
        store.proxy.behave(Pass())
        assert len(handles(url)) == 1
        port = store.proxy.port
    assert not accepts(port)


@pytest.mark.parametrize("choice", ["file", "file:shared", "array", "cookie", "database"])
def test_what_is_no_server_cannot_be_harmed(backed, choice):
    with backed(choice, proxied=True) as store:
        assert (store.proxy, store.server, store.flush, store.evict) == (None, None, None, None)


def test_a_server_has_no_proxy_where_none_is_wanted(backed):
    with backed("redis") as store:
        assert store.proxy is None


def test_redis_is_flushed_past_the_proxy(backed, directory):
    with backed("redis", "shop", proxied=True) as store:
        url = store.store_url(directory)
        assert commit(url, "a" * 40) == Saved()
        assert len(handles(url)) == 1
        store.proxy.behave(Refuse())
        store.flush()
        store.proxy.behave(Pass())
        assert handles(url) == []
        flush = store.flush
    with pytest.raises(StoreUnavailable):
        flush()


def test_a_redis_evicts_past_the_proxy(backed, directory):
    with backed("redis", "shop", proxied=True) as store:
        url = store.store_url(directory)
        for letter in "abcdef":
            assert commit(url, letter * 40) == Saved()
        store.evict()
        assert 0 <= len(handles(url)) <= 3


def test_the_store_is_where_the_primary_is(backed, directory):
    with backed("redis:sentinel", "shop") as store:
        url = store.store_url(directory)
        assert commit(url, "a" * 40) == Saved()
        happens(lambda: all(ask_redis(p, "DBSIZE") == ":1\r\n" for p in store.sentinel.ports))
        store.sentinel.failover()
        primary = store.sentinel.settle()
        assert commit(url, "b" * 40) == Saved()
        assert len(handles(url)) == 2
        assert ask_redis(primary, "DBSIZE") == ":2\r\n"
        store.flush()
        assert ask_redis(primary, "DBSIZE") == ":0\r\n"


@pytest.mark.parametrize(
    ("choice", "end", "kept"),
    [
        ("redis", "stop", 0),
        ("redis", "kill", 0),
        # Killed it may lose: it holds back writes while it flushes the file.
        ("redis:aof", "stop", 1),
        *(
            (f"database:{name}", e, 1)
            for name in ("postgresql", "mariadb")
            for e in ("stop", "kill")
        ),
    ],
)
def test_what_is_there_when_the_server_is_started_again(backed, directory, choice, end, kept):
    with backed(choice, "shop", proxied=True) as store:
        url = store.store_url(directory)
        assert commit(url, "a" * 40) == Saved()
        before = store.server.process.pid
        getattr(store.server, end)()
        with pytest.raises(StoreUnavailable):
            commit(url, "b" * 40)
        store.server.start()
        store.server.start()
        assert store.server.process.pid != before
        assert len(handles(url)) == kept
        assert commit(url, "b" * 40) == Saved()
    assert not store.server.process.running


def given_redis(directory):
    return redis_server(directory, password="p:/@ß")


@pytest.mark.parametrize("server", [given_redis, postgresql_server, mariadb_server])
def test_a_store_that_is_there_is_reached_through_the_proxy(backed, directory, server):
    with server(directory) as given:
        url = given.url.replace("127.0.0.1", "localhost")
        if server is given_redis:
            url = url.replace("//", "//:p%3A%2F%40%C3%9F@") + "?prefix=my%3Aown_"
        else:
            create_table(url)
        with backed(None, url=url, proxied=True) as store:
            assert "localhost" in store.where
            port = str(store.proxy.port)
            assert port in (store.laravel.get("REDIS_PORT"), store.laravel.get("DB_PORT"))
            seen = store.store_url(directory)
            assert f"@127.0.0.1:{port}/" in seen
            state = visited(store, directory)
            assert handles(seen) == [state.session]
            assert commit(seen, "a" * 40) == Saved()
            store.proxy.behave(Refuse())
            with pytest.raises(StoreUnavailable):
                commit(seen, "b" * 40)
            # Not ours to stop, to empty or to fill.
            assert (store.server, store.flush, store.evict) == (None, None, None)
        assert given.process.running
        assert len(handles(url)) == 2


@pytest.mark.parametrize(
    "choice",
    [
        *("redis", "redis:sentinel"),
        *("database", "database:postgresql", "database:mariadb"),
        "file:shared",
    ],
)
def test_laravel_writes_where_the_shop_reads(backed, directory, choice):
    with backed(choice) as store:
        state = visited(store, directory)
        assert handles(store.store_url(directory)) == [state.session]


def test_laravel_writes_into_memcached(backed, directory):
    with backed("memcached+block", proxied=True) as store:
        visited(store, directory)
        port = int(store.laravel["MEMCACHED_PORT"])
        assert port == store.proxy.port
        # The session; its lock has been given back.
        assert b"STAT curr_items 1\r\n" in ask(port, b"stats")
    assert not accepts(port)


def test_a_redis_with_a_prefix_and_a_password_of_its_own(backed, directory):
    with redis_server(directory, password="p:/@ß") as server:
        url = server.url.replace("//", "//:p%3A%2F%40%C3%9F@") + "?prefix=my%3Aown_&lifetime=600"
        with backed("", url=url) as store:
            assert "ß" not in store.where
            state = visited(store, directory)
            assert handles(url) == [state.session]
        assert server.process.running


def test_a_database_with_a_table_of_its_own_and_encryption(backed, directory):
    path = directory / "own.sqlite"
    url = f"sqlite://{path}?table=visits&encrypt=1&key=env:APP_KEY"
    create_table(url)
    with backed("", url=url) as store:
        state = visited(store, directory)
        assert handles(url) == [state.session]
        with open_store(url, env={"APP_KEY": KEY}).store.connect():
            pass
    assert store.laravel["SESSION_ENCRYPT"] == "true"
    assert path.exists()


@pytest.mark.parametrize(
    ("choice", "ends"),
    [
        ("redis", "?prefix=laravel_database_laravel_cache:"),
        ("database", "/sessions.sqlite?beside=1"),
        ("file:shared", "/sessions"),
        ("file", "/storage/sessions"),
        ("array", "memory:"),
    ],
)
def test_the_shop_is_told_a_url_that_opens(backed, directory, choice, ends):
    storage = directory / "storage"
    storage.mkdir()
    with backed(choice, app="shop") as store:
        url = store.store_url(storage)
        assert url.endswith(ends)
        with open_store(url).store.connect():
            pass


def test_a_redis_of_the_run_ends_with_it(backed):
    with backed("redis") as store:
        port = int(store.laravel["REDIS_PORT"])
        assert accepts(port)
    assert not accepts(port)


@pytest.mark.parametrize(
    ("choice", "settings"),
    [
        ("redis", {}),
        ("redis+block", {"SESSION_BLOCK": "true", "CACHE_DRIVER": "redis"}),
        ("database+block", {"SESSION_BLOCK": "true", "CACHE_DRIVER": "database"}),
        ("database:mariadb+block", {"SESSION_BLOCK": "true", "CACHE_DRIVER": "database"}),
        ("memcached+block", {"SESSION_BLOCK": "true", "CACHE_DRIVER": "memcached"}),
        ("file+block", {"SESSION_BLOCK": "true", "CACHE_DRIVER": "file"}),
    ],
)
def test_locks_live_in_a_cache_of_the_same_kind(backed, choice, settings):
    with backed(choice) as store:
        names = ("SESSION_BLOCK", "CACHE_DRIVER")
        assert {name: store.laravel[name] for name in names if name in store.laravel} == settings


def test_the_locks_of_shared_files_are_shared(backed, directory):
    with backed("file:shared+block") as store:
        assert Path(store.laravel["CACHE_FILES"]).is_relative_to(directory)


def test_what_cannot_be_reached_is_said(backed, directory):
    with (
        pytest.raises(StoreUnavailable),
        backed("", url=f"redis://{LOOPBACK}:{free_port()}/0"),
    ):
        pass
    (directory / "empty.sqlite").touch()
    with pytest.raises(StoreMisconfigured), backed("", url=f"sqlite://{directory}/empty.sqlite"):
        pass


def test_what_replicas_cannot_share_is_refused():
    with pytest.raises(UsageError, match="nothing that several replicas can use"):
        setup_for_url("memory:", "shop")
    with pytest.raises(UsageError, match="unknown scheme"):
        setup_for_url("mongodb://x", "shop")
    for app in ("laravel", "mixed"):
        with pytest.raises(UsageError, match="know nothing of Sentinel"):
            setup_for_url("redis+sentinel://h/mymaster/0", app)
    assert setup_for_url("redis+sentinel://h/mymaster/0", "shop").driver == "redis"


def visited(store, directory):
    """What a Laravel replica on this store answers a new browser."""
    setup = parse_setup(store.laravel["SESSION_DRIVER"], "laravel")
    with Guardian() as guardian:
        replica = Replica(
            Laravel(setup), "r1", 1, directory, app_key=KEY, backing=store, guardian=guardian
        )
        try:
            replica.start()
            answer = httpx2.get(f"http://{LOOPBACK}:{replica.endpoint.port}/state", timeout=60)
        finally:
            replica.kill()
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=State)


def happens(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def handles(url):
    """The handles of all sessions in a store."""
    with open_store(url, env={"APP_KEY": KEY}).store.connect() as perform:
        page = run(do(Scan()), perform)
    return [handle(sid, KEY.encode()) for sid in page.sids]
