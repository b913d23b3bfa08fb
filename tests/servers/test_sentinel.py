"""Real Redis nodes and Sentinels: who is primary, whom clients are sent to, what is left."""

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
from holdfast.servers.sentinel import sentinel_redis


@contextmanager
def started():
    directory = Path(tempfile.mkdtemp(prefix="hf-"))
    try:
        with Guardian() as guardian, sentinel_redis(directory, guardian) as redis:
            yield redis, directory
        assert living_below(directory) == []
    finally:
        shutil.rmtree(directory)


@pytest.fixture(scope="module")
def shared():
    with started() as (redis, _):
        yield redis


@pytest.fixture
def redis(shared):
    """Nodes and Sentinels with one primary; it is so again after the test."""
    yield shared
    shared.heal()
    shared.settle()


def test_they_come_up_and_nothing_of_them_is_left():
    with started() as (redis, directory):
        assert redis.primaries() == (redis.primary,)
        assert len(set(redis.ports)) == 3
        assert {ask(port, "DBSIZE") for port in redis.ports} == {":0\r\n"}
        assert redis.service.serving() == (redis.primary,)
        assert len(living_below(directory)) == 7
        assert len(list(directory.iterdir())) == 7
        ports = (*redis.ports, redis.service.port)
    assert not any(accepts(port) for port in ports)
    assert "tcp-proxy" not in {thread.name for thread in threading.enumerate()}


def test_what_the_service_takes_is_on_all_nodes(redis):
    assert tcp_port(redis.service.port) == redis.primary
    assert ask(redis.service.port, "SET greeting hello") == "+OK\r\n"
    for port in redis.ports:
        happens(lambda port=port: ask(port, "GET greeting") == "$5\r\nhello\r\n")


def test_a_planned_failover_moves_the_primary_and_the_service_follows(redis):
    old = redis.primary
    new = redis.failover()
    assert new != old
    assert new in redis.primaries()
    assert redis.settle() == redis.primary == new
    assert redis.primaries() == redis.service.serving() == (new,)
    assert tcp_port(redis.service.port) == new


def test_the_primary_is_killed_and_comes_back_as_a_replica(redis):
    old = redis.primary
    new = redis.kill_primary()
    assert new != old
    assert not accepts(old)
    assert redis.settle() == new
    assert "role:slave" in ask(old, "INFO replication")
    assert tcp_port(redis.service.port) == new


def test_a_partition_makes_two_primaries_that_know_nothing_of_each_other_and_heals(redis):
    old = redis.primary
    new = redis.partition_primary()
    assert new != old
    assert set(redis.primaries()) == {old, new}
    happens(lambda: set(redis.service.serving()) == {old, new})
    reached = set()
    happens(lambda: reached.add(tcp_port(redis.service.port)) or reached == {old, new})
    assert ask(old, "SET side old") == ask(new, "SET side new") == "+OK\r\n"
    assert ask(old, "GET side") == "$3\r\nold\r\n"
    redis.heal()
    assert redis.settle() == new
    assert ask(old, "GET side") == "$3\r\nnew\r\n"
    assert redis.service.serving() == (new,)


def test_what_takes_too_long_is_an_error(redis, monkeypatch):
    monkeypatch.setattr(sentinel, "WAIT_SECONDS", 0.1)  # Sentinels wait ten times as long
    with pytest.raises(EnvironmentLacking, match=r"no replica became primary after 0\.1 s"):
        redis.partition_primary()


def test_a_wait_can_be_given_up():
    with started() as (redis, _):
        redis.give_up()
        with pytest.raises(EnvironmentLacking, match="no replica became primary; given up"):
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
    deadline = time.monotonic() + 60
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
