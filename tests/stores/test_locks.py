"""Every store of locks keeps one contract, and what stands there is what Laravel's own class reads."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

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
from holdfast.stores.sql.place import dialect_of, driver_of
from holdfast.testing import ManualClock

KEY = "session:" + "s" * 40
MINE, YOURS = "m" * 16, "y" * 16
KINDS = ["memory", "file", "redis", "sqlite", "postgresql", "mariadb"]
SECONDS = 10

_COLUMNS = "({0}key{0} varchar(255) NOT NULL PRIMARY KEY, owner varchar(255) NOT NULL, expiration int)"
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
            at = request.getfixturevalue(kind).place
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
