"""Every store of locks keeps one contract, and holds what Laravel reads and writes."""

from __future__ import annotations

import hashlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from anyio.from_thread import start_blocking_portal

from holdfast.core.errors import StoreMisconfigured, StoreUnavailable, UsageError
from holdfast.servers.ports import free_port
from holdfast.stores.database_locks import DatabaseLocks
from holdfast.stores.file_locks import NAME_PREFIX, FileLocks
from holdfast.stores.locks import MAX_KEY_CHARACTERS, MAX_SECONDS, Acquire, Held, Locked, Release
from holdfast.stores.locks import Unknown as Lost
from holdfast.stores.memory_locks import MemoryLocks
from holdfast.stores.open import open_locks
from holdfast.stores.redis import RedisStore
from holdfast.stores.redis_locks import RedisLocks
from holdfast.stores.sql.place import dialect_of, driver_of, place
from holdfast.stores.sql.statements import Steps
from holdfast.stores.url import parse
from holdfast.testing import ManualClock

KEY = "session:" + "s" * 40
MINE, YOURS = "m" * 16, "y" * 16
KINDS = ["memory", "file", "redis", "sqlite", "postgresql", "mariadb"]
SECONDS = 10

_COLUMNS = (
    "({0}key{0} varchar(255) NOT NULL PRIMARY KEY, owner varchar(255) NOT NULL, expiration int)"
)
_numbers = itertools.count()


class World:
    """One opened store of locks."""

    def __init__(self, locks, perform, expire):
        self.locks = locks
        self.perform = perform
        self.expire = expire

    def acquire(self, owner, key=KEY, seconds=SECONDS):
        return self.perform(Acquire(key, owner, seconds))

    def release(self, owner, key=KEY):
        return self.perform(Release(key, owner))


@contextmanager
def threads(locks):
    with locks.connect() as perform:
        yield perform


@contextmanager
def tasks(locks):
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(locks.aconnect()) as perform,
    ):
        yield lambda operation: portal.call(perform, operation)


def table_of(at, name):
    """Makes a table of locks, and gives its name."""
    quote = dialect_of(at, name).quote
    locks = DatabaseLocks(at, name)
    make = f"CREATE TABLE {quote}{name}{quote} {_COLUMNS.format(quote)}"
    driver_of(at).execute(locks, [dialect_of(at, name).statement(make)])
    return name


def made(kind, request, clock):
    """Locks of a kind, and what lets them all expire."""

    def advance():
        clock.advance(SECONDS)

    match kind:
        case "memory":
            return MemoryLocks(clock), advance
        case "file":
            return FileLocks(request.getfixturevalue("tmp_path"), clock=clock), advance
        case "redis":
            client = request.getfixturevalue("redis_client")
            prefix = f"locks{next(_numbers)}-"
            store = RedisStore(port=request.getfixturevalue("redis").port, prefix=prefix)

            def pass_away():
                for key in client.keys(prefix + "*"):
                    client.pexpire(key, 1)
                while client.keys(prefix + "*"):
                    pass

            return RedisLocks(store), pass_away
        case "sqlite":
            at = request.getfixturevalue("tmp_path") / "database.sqlite"
        case _:
            at = place(parse(request.getfixturevalue(kind).url))
    table = table_of(at, f"locks{next(_numbers)}")
    return DatabaseLocks(at, table, "laravel_cache", clock), advance


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(params=[threads, tasks])
def runner(request):
    return request.param


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def world(kind, runner, request, clock):
    locks, expire = made(kind, request, clock)
    with runner(locks) as perform:
        yield World(locks, perform, expire)


def test_a_lock_has_one_holder(world):
    assert world.acquire(MINE) == Locked()
    assert world.acquire(YOURS) == Held()
    assert world.acquire(YOURS, key=KEY + "2") == Locked()
    assert world.release(MINE) is True
    assert world.acquire(YOURS) == Locked()
    assert world.acquire(MINE) == Held()


def test_what_is_not_the_owner_s_is_left_alone(world):
    assert world.release(MINE) is False
    assert world.acquire(YOURS) == Locked()
    assert world.release(MINE) is False
    assert world.acquire(MINE) == Held()
    assert world.release(YOURS) is True
    assert world.release(YOURS) is False


def test_an_attempt_that_is_made_again_takes_the_lock_once(world):
    assert world.acquire(MINE) == Locked()
    assert world.acquire(MINE) == Locked()
    assert world.release(MINE) is True
    assert world.acquire(YOURS) == Locked()


def test_a_lock_ends_by_itself(world):
    assert world.acquire(MINE) == Locked()
    world.expire()
    assert world.release(MINE) is False
    assert world.acquire(YOURS) == Locked()
    # Whoever comes back late takes nothing from the one who has it now.
    assert world.release(MINE) is False
    assert world.acquire(MINE) == Held()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "redis"])
def test_made_again_it_lasts_from_then_on(kind, request, clock):
    """Redis judges by its own clock: see test_redis_keeps_the_expiry."""
    locks, _ = made(kind, request, clock)
    with threads(locks) as perform:
        perform(Acquire(KEY, MINE, 10))
        clock.advance(6)
        assert perform(Acquire(KEY, MINE, 10)) == Locked()
        clock.advance(6)
        assert perform(Acquire(KEY, YOURS, 10)) == Held()


def test_of_many_at_once_one_gets_it(world):
    start = threading.Barrier(8)

    def attempt(number):
        start.wait()
        return world.acquire(f"{number:016}")

    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            answers = list(pool.map(attempt, range(8)))
            assert answers.count(Locked()) == 1
            assert answers.count(Held()) == 7
            assert world.release(f"{answers.index(Locked()):016}") is True


def test_redis_keeps_the_expiry(redis, redis_client):
    locks = RedisLocks(RedisStore(port=redis.port, prefix="expiry-"))
    with locks.connect() as perform:
        perform(Acquire(KEY, MINE, 10))
        assert redis_client.get("expiry-" + KEY) == MINE.encode()
        assert 0 < redis_client.ttl("expiry-" + KEY) <= 10
        perform(Acquire(KEY, YOURS, 500))
        assert redis_client.ttl("expiry-" + KEY) <= 10
        perform(Acquire(KEY, MINE, 500))
        assert 10 < redis_client.ttl("expiry-" + KEY) <= 500


def test_the_rights_that_the_docs_name_are_enough_in_redis(redis, restricted, runner):
    prefix = f"rights-{runner.__name__}-"
    user = restricted("saving.md", "Rights: GET, SET", prefix)
    locks = RedisLocks(RedisStore(port=redis.port, prefix=prefix, **user))
    with runner(locks) as perform:
        assert perform(Acquire(KEY, MINE, SECONDS)) == Locked()
        assert perform(Acquire(KEY, YOURS, SECONDS)) == Held()
        assert perform(Release(KEY, MINE)) is True


def test_a_lost_answer_is_a_result_and_the_attempt_is_made_again(proxy, runner):
    locks = RedisLocks(RedisStore(port=proxy.port, prefix=f"lost-{runner.__name__}-"))
    with runner(locks) as perform:
        perform(Acquire(KEY, MINE, SECONDS))  # the scripts are known from here on
        perform(Release(KEY, MINE))
        proxy.cut(1)
        assert isinstance(perform(Acquire(KEY, MINE, SECONDS)), Lost)
        assert perform(Acquire(KEY, YOURS, SECONDS)) == Held()
        assert perform(Acquire(KEY, MINE, SECONDS)) == Locked()
        proxy.cut(1)
        assert isinstance(perform(Release(KEY, MINE)), Lost)
        assert perform(Release(KEY, MINE)) is False
        assert perform(Acquire(KEY, YOURS, SECONDS)) == Locked()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_one_in_many_sweeps_what_has_expired(kind, request, clock):
    locks, expire = made(kind, request, clock)

    def rows():
        perform_rows = []
        look = dialect_of(locks.at, locks.table).statement("SELECT owner FROM {table}")
        with driver_of(locks.at).connect(_Looking(locks, look, perform_rows)) as perform:
            perform(None)
        return {row[0] for row in perform_rows}

    with threads(locks) as perform:
        perform(Acquire(KEY + "1", MINE, SECONDS))
        expire()
        perform(Acquire(KEY + "2", YOURS, SECONDS))
        assert rows() == {MINE, YOURS}
        perform(Acquire(KEY + "3", "0" * 16, SECONDS))
        assert rows() == {YOURS, "0" * 16}


class _Looking:
    """Asks one statement of ours through the driver."""

    def __init__(self, locks, statement, rows):
        self.at, self.table, self.where = locks.at, locks.table, locks.where
        self._statement, self._rows = statement, rows

    def probe(self):
        return self._statement

    def refusal(self, operation):
        return None

    def plan(self, operation):
        return Steps((self._statement,))

    def parse(self, operation, replies):
        self._rows.extend(replies[-1].rows)


def test_files_hold_what_laravel_writes(tmp_path, clock):
    locks = FileLocks(tmp_path, "", clock)
    with locks.connect() as perform:
        perform(Acquire("session:x", MINE, SECONDS))
    (path,) = [entry for entry in tmp_path.rglob("*") if entry.is_file()]
    name = hashlib.sha1(b"session:x").hexdigest()
    assert path == tmp_path / name[:2] / name[2:4] / name
    assert path.read_bytes() == f'{clock() + SECONDS}s:16:"{MINE}";'.encode()


@pytest.mark.parametrize("content", [b"", b"0000000001", b'0000000001s:16:"yyyyyyyyyyyyyyyy";'])
def test_a_file_without_a_living_owner_is_free(tmp_path, content):
    locks = FileLocks(tmp_path)
    path = locks.path(KEY)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with locks.connect() as perform:
        assert perform(Release(KEY, YOURS)) is False
        assert perform(Acquire(KEY, MINE, SECONDS)) == Locked()


@pytest.mark.parametrize("content", [b"9999999999", b"9999999999i:7;", b"no expiry at all"])
def test_a_file_of_somebody_else_s_is_held(tmp_path, content):
    """Laravel refuses it too: its expiry is not over."""
    locks = FileLocks(tmp_path)
    path = locks.path(KEY)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with locks.connect() as perform:
        assert perform(Acquire(KEY, MINE, SECONDS)) == Held()
        assert perform(Release(KEY, MINE)) is False
    assert path.read_bytes() == content


def test_a_store_that_is_not_there(tmp_path, clock):
    with pytest.raises(StoreUnavailable), RedisLocks(RedisStore(port=free_port())).connect():
        pass
    with pytest.raises(StoreMisconfigured), FileLocks(tmp_path / "none").connect():
        pass
    with pytest.raises(StoreMisconfigured), DatabaseLocks(tmp_path / "none").connect():
        pass
    table_of(tmp_path / "database.sqlite", "cache_locks")
    with (
        pytest.raises(StoreMisconfigured, match="other_locks"),
        DatabaseLocks(tmp_path / "database.sqlite", "other_locks").connect(),
    ):
        pass


@pytest.mark.parametrize("key", ["", "k" * (MAX_KEY_CHARACTERS + 1), "nul\0"])
def test_keys_that_are_refused(key):
    with pytest.raises(UsageError):
        Acquire(key, MINE, 1)
    with pytest.raises(UsageError):
        Release(key, MINE)


@pytest.mark.parametrize("owner", ["", "short", "m" * 17, "ä" * 16, "m" * 15 + "'"])
def test_owners_that_are_refused(owner):
    with pytest.raises(UsageError):
        Acquire(KEY, owner, 1)


@pytest.mark.parametrize("seconds", [0, -1, MAX_SECONDS + 1])
def test_times_that_are_refused(seconds):
    with pytest.raises(UsageError):
        Acquire(KEY, MINE, seconds)


def test_no_secret_is_shown():
    assert KEY not in repr(Acquire(KEY, MINE, 1)) + repr(Release(KEY, MINE))


@pytest.mark.parametrize(
    ("url", "kind", "prefix"),
    [
        ("redis://h/0", RedisLocks, "laravel-database-laravel-cache-"),
        ("rediss://h/0?laravel=10", RedisLocks, "laravel_database_laravel_cache_:"),
        ("redis://h/0?prefix=app:", RedisLocks, "app:"),
        ("file:///dir", FileLocks, NAME_PREFIX),
        ("file:///dir?laravel=11", FileLocks, ""),
        ("file:///dir?prefix=x", FileLocks, "x"),
        ("sqlite:///file", DatabaseLocks, "laravel-cache-"),
        ("sqlite:///file?laravel=8", DatabaseLocks, "laravel_cache"),
        ("postgresql://u@h/d?prefix=", DatabaseLocks, ""),
        ("mysql://u@h/d?prefix=p", DatabaseLocks, "p"),
        ("mariadb://u@h/d?prefix=p&table=t", DatabaseLocks, "p"),
    ],
)
def test_urls(url, kind, prefix):
    locks = open_locks(url)
    assert type(locks) is kind
    assert (locks.at.prefix if kind is RedisLocks else locks.prefix) == prefix


def test_a_password_comes_from_the_environment():
    locks = open_locks("redis://h/0?password=env:WORD", env={"WORD": "p@ss"})
    assert locks.at.password == "p@ss"
    assert "p@ss" not in repr(locks)


@pytest.mark.parametrize(
    "url",
    [
        "memory:name",
        "file:relative",
        "memcached://h",
        "redis://h/0?lifetime=5",
        "redis://h/0?key=env:APP_KEY",
        "file:///dir?table=t",
        "sqlite:///file?beside=1",
        "sqlite:///file?table=",
    ],
)
def test_urls_that_are_refused(url):
    with pytest.raises(UsageError):
        open_locks(url)
