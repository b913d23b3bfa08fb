"""Real Redis nodes and Sentinels: who is primary, whom the Service sends clients to, what is left."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers import sentinel
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import accepts
from holdfast.servers.redis import ask
from holdfast.servers.redis_master import redis_master
from holdfast.servers.sentinel import sentinel_redis


@contextmanager
def started():
    directory = Path(tempfile.mkdtemp(prefix="hf-"))
    try:
        with Guardian() as guardian, sentinel_redis(directory, guardian) as redis:
            yield redis, directory, guardian
        assert living_below(directory) == []
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def everything():
    with started() as (redis, directory, guardian):
        (directory / "master").mkdir()
        with redis_master(directory / "master", redis.ports, guardian) as master:
            yield redis, master


@pytest.fixture
def redis(everything):
    """Nodes and Sentinels with one primary; it is so again after the test."""
    redis, _ = everything
    yield redis
    redis.heal()
    redis.settle()


@pytest.fixture
def master(everything):
    return everything[1]


def test_they_come_up_and_nothing_of_them_is_left():
    with started() as (redis, directory, _):
        assert redis.primaries() == (redis.primary,)
        assert len(set(redis.ports)) == 3
        assert {ask(port, "DBSIZE") for port in redis.ports} == {":0\r\n"}
        assert len(living_below(directory)) == 6
        assert len(list(directory.iterdir())) == 6
        ports = redis.ports
    assert not any(accepts(port) for port in ports)
    assert "tcp-proxy" not in {thread.name for thread in threading.enumerate()}


def test_what_the_primary_takes_is_on_all_nodes(redis, master):
    happens(lambda: master.serving() == (redis.primary,))
    assert ask(master.port, "SET greeting hello") == "+OK\r\n"
    for port in redis.ports:
        happens(lambda port=port: ask(port, "GET greeting") == "$5\r\nhello\r\n")


def test_a_planned_failover_moves_the_primary_and_the_service_follows(redis, master):
    old = redis.primary
    happens(lambda: master.serving() == (old,))
    new = redis.failover()
    assert new != old
    assert new in redis.primaries()
    assert redis.settle() == redis.primary == new
    assert redis.primaries() == (new,)
    happens(lambda: master.serving() == (new,))
    assert tcp_port(master.port) == new


def test_the_primary_is_killed_and_comes_back_as_a_replica(redis, master):
    old = redis.primary
    happens(lambda: ask(old, "WAIT 2 100") == ":2\r\n")
    new = redis.kill_primary()
    assert new != old
    assert not accepts(old)
    assert redis.settle() == new
    assert "role:slave" in ask(old, "INFO replication")
    happens(lambda: master.serving() == (new,))
    assert tcp_port(master.port) == new


def test_a_partition_makes_two_primaries_that_know_nothing_of_each_other_and_heals(redis, master):
    old = redis.primary
    new = redis.partition_primary()
    assert new != old
    assert set(redis.primaries()) == {old, new}
    happens(lambda: set(master.serving()) == {old, new})
    reached = set()
    happens(lambda: reached.add(tcp_port(master.port)) or reached == {old, new})
    assert ask(old, "SET side old") == ask(new, "SET side new") == "+OK\r\n"
    assert ask(old, "GET side") == "$3\r\nold\r\n"
    redis.heal()
    assert redis.settle() == new
    happens(lambda: ask(old, "GET side") == "$3\r\nnew\r\n")
    happens(lambda: master.serving() == (new,))


def test_what_takes_too_long_is_an_error(redis, monkeypatch):
    monkeypatch.setattr(sentinel, "WAIT_SECONDS", 0.1)  # Sentinels wait ten times as long
    with pytest.raises(EnvironmentLacking, match=r"no replica became primary after 0\.1 s"):
        redis.partition_primary()


def test_a_wait_can_be_given_up():
    with started() as (redis, _, _), pytest.raises(EnvironmentLacking, match="given up"):
        redis.give_up()
        redis.kill_primary()


def test_an_order_that_sentinel_does_not_know_is_an_error(monkeypatch):
    monkeypatch.setitem(sentinel.PERIODS_MS, "no-such-period", 1)
    with (
        pytest.raises(EnvironmentLacking, match="refused «SENTINEL DEBUG no-such-period»: -"),
        started(),
    ):
        pytest.fail("it was refused")


def tcp_port(port):
    """Which Redis answers on this port: its own one."""
    [line] = [li for li in ask(port, "INFO server").splitlines() if li.startswith("tcp_port:")]
    return int(line.removeprefix("tcp_port:"))


def happens(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def living_below(directory):
    """The processes whose working directory lies below this one."""
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = cwd.readlink()
        except OSError:
            continue
        if where.is_relative_to(directory):
            found.append(int(cwd.parent.name))
    return found
