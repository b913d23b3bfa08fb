"""Locks whose answers are lost: they are taken once, given back, and never stay for ever."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
from anyio.from_thread import start_blocking_portal

from holdfast.core.errors import StoreUnavailable
from holdfast.core.flow import arun, run
from holdfast.servers.tcp_proxy import Cut, Pass, tcp_proxy
from holdfast.session.lock import PAUSE_SECONDS, Limits, acquire, release
from holdfast.stores.database_locks import DatabaseLocks
from holdfast.stores.locks import Acquire, Held, Locked, Release, Unknown
from holdfast.stores.redis import RedisStore
from holdfast.stores.redis_locks import RedisLocks
from holdfast.stores.sql.place import dialect_of, driver_of, place
from holdfast.stores.url import parse
from holdfast.testing import new_sid

LONG = Limits(lock_seconds=600, wait_seconds=60)
OTHER = "o" * 16
_numbers = itertools.count()


class Behind:
    """Locks behind a proxy, one caller who uses them through it, and one past it.

    ``answers`` are those that the first one got.
    """

    def __init__(self, where, proxy, start, perform, past):
        self.where = where
        self.proxy = proxy
        self.past = past
        self.answers = []
        self._start = start
        self.ask = perform

    def run(self, flow):
        return self._start(flow, self._performed)

    def _performed(self, effect):
        answer = self.ask(effect)
        if isinstance(effect, Acquire | Release):
            self.answers.append((type(effect), type(answer)))
        return answer


@contextmanager
def threads(locks):
    with locks.connect() as perform:
        yield run, perform


@contextmanager
def tasks(locks):
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(locks.aconnect()) as perform,
    ):

        def start(flow, performed):
            async def in_thread(effect):
                from anyio.to_thread import run_sync

                return await run_sync(performed, effect)

            return portal.call(arun, flow, in_thread)

        yield start, lambda effect: portal.call(perform, effect)


@pytest.fixture(params=["redis", "postgresql", "mariadb"])
def locks(request):
    """Locks on a real server."""
    name = f"locks{next(_numbers)}"
    if request.param == "redis":
        return RedisLocks(RedisStore(port=request.getfixturevalue("redis_port"), prefix=f"{name}-"))
    at = place(parse(request.getfixturevalue(f"{request.param}_url")))
    quote = dialect_of(at, name).quote
    columns = f"{quote}key{quote} varchar(255) PRIMARY KEY, owner varchar(255), expiration int"
    table = DatabaseLocks(at, name)
    make = dialect_of(at, name).statement(f"CREATE TABLE {quote}{name}{quote} ({columns})")
    driver_of(at).execute(table, [make])
    return table


@pytest.fixture(params=[threads, tasks])
def behind(request, locks):
    with tcp_proxy(locks.at.port) as proxy:
        seen = replace(locks, at=replace(locks.at, port=proxy.port))
        with request.param(seen) as (start, perform), locks.connect() as past:
            yield Behind(locks.where, proxy, start, perform, past)


def test_it_is_taken_by_its_owner_alone_and_given_back(behind):
    for number in range(30):
        sid = new_sid()
        # Every other one in the middle of the answer.
        cut = Cut(after=number % 2 * 3, times=1)
        behind.proxy.behave(cut)
        owner = behind.run(acquire(sid, LONG))
        other = Acquire(f"session:{sid}", OTHER, 600)
        assert behind.past(other) == Held()
        behind.proxy.behave(cut)
        assert behind.run(release(sid, owner)) is True
        assert behind.past(other) == Locked()
    assert {(Acquire, Unknown), (Release, Unknown)} <= set(behind.answers)


def test_it_is_counted_in_round_trips(behind):
    """As docs/saving.md says: two, and one for an attempt in vain, on MariaDB two."""
    ours = Acquire("session:a", "a" * 16, 600), Release("session:a", "a" * 16)
    theirs = Acquire("session:a", OTHER, 600), Release("session:a", OTHER)
    for lock in (ours, theirs):  # the server learns the scripts at their first use
        for effect in lock:
            behind.ask(effect)

    def trips(*effects):
        before = behind.proxy.exchanges
        for effect in effects:
            behind.ask(effect)
        return behind.proxy.exchanges - before

    assert trips(*ours) == 2
    assert behind.past(theirs[0]) == Locked()
    assert trips(ours[0]) == (2 if "mysql" in behind.where or "mariadb" in behind.where else 1)


def test_where_every_answer_is_lost_nobody_waits_for_ever(behind):
    sid = new_sid()
    behind.proxy.behave(Cut(times=None))
    with pytest.raises(StoreUnavailable):
        behind.run(acquire(sid, Limits(lock_seconds=1, wait_seconds=3 * PAUSE_SECONDS)))
    behind.proxy.behave(Pass())
    # It may have been taken, and could not be given back: it ends by itself.
    deadline = time.monotonic() + 60
    while behind.past(Acquire(f"session:{sid}", OTHER, 600)) != Locked():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    owner = behind.run(acquire(other := new_sid(), LONG))
    assert behind.run(release(other, owner)) is True
