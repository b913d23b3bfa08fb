"""What a save says whose guarantee level cannot be held, on a Redis with a replica that goes."""

from __future__ import annotations

import signal
import time

import pytest
import redis as redis_py

from holdfast.core.errors import LevelRefused, SaveUnknown
from holdfast.servers.redis import redis_server
from holdfast.session import Levels, Policy
from holdfast.stores import redis_levels
from holdfast.stores.contract import Commit
from holdfast.stores.drivers import redis_errors
from holdfast.stores.redis import RedisStore


@pytest.fixture
def servers(tmp_path):
    """A primary and its replica."""
    for name in ("primary", "replica"):
        (tmp_path / name).mkdir()
    with redis_server(tmp_path / "primary") as primary:
        follow = ("--replicaof", "127.0.0.1", str(primary.port))
        # A replica waits 5 s by default, for others that may want the same data.
        redis_py.Redis(port=primary.port).config_set("repl-diskless-sync-delay", 0)
        with redis_server(tmp_path / "replica", arguments=follow) as replica:
            await_connected(primary, 1)
            yield primary, replica


@pytest.fixture
def store(servers, monkeypatch):
    # On a busy machine a replica that is well may take longer than a user would wait.
    monkeypatch.setattr(redis_levels, "WAIT_MS", 30_000)
    monkeypatch.setattr(redis_errors, "ANSWER_SECONDS", 60)
    return RedisStore(port=servers[0].port, replicas=1)


def await_connected(primary, count):
    with redis_py.Redis(port=primary.port) as client:
        deadline = time.monotonic() + 60
        while len(client.execute_command("ROLE")[2]) != count:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_each_kind_of_write_has_its_level(servers, store, runner):
    primary, replica = servers
    replica.process.kill()
    await_connected(primary, 0)
    with runner(store) as world:
        world.policy = Policy(levels=Levels(login="strict", logout="replicated"))
        session = world.load(world.stored(count=1))
        session["count"] = 2
        world.save(session)
        session.login(7)
        with pytest.raises(LevelRefused, match="0 of the 1"):
            world.save(session)
        session = world.load(sid := world.stored(count=3))
        session.invalidate()
        with pytest.raises(LevelRefused):
            world.save(session)
        assert world.load(sid)["count"] == 3


@pytest.mark.parametrize("write", ["data", "logout"])
def test_what_may_be_written_is_never_called_unwritten(servers, store, runner, write, monkeypatch):
    primary, replica = servers
    with runner(store) as world:
        world.policy = Policy(levels=Levels(data="strict", logout="strict"), repeats=2)
        session = world.load(sid := world.stored(count=1))
        monkeypatch.setattr(redis_levels, "WAIT_MS", 100)
        replica.process.send(signal.SIGSTOP)
        performed = []

        def gone_after_the_first(effect):
            performed.append(effect)
            if len(performed) == 2:
                replica.process.kill()
                await_connected(primary, 0)

        world.meddle = gone_after_the_first
        if write == "logout":
            session.invalidate()
        else:
            session["count"] = 2
        with pytest.raises(SaveUnknown, match="only 0 of 1 replicas"):
            world.save(session)
        assert len(performed) == 3
        assert not isinstance(performed[0], Commit) or performed[1].again
        world.meddle = lambda effect: None
        if write == "logout":
            assert sid not in world.sids()
        else:
            assert world.load(sid)["count"] == 2
