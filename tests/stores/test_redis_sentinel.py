"""A Redis through Sentinel: who is asked, what is sent where, and once more to whom.

Two nodes and one Sentinel that is told which of them is the primary, so that nothing depends on how
fast a Sentinel is. Real failovers are in ``tests/rehearsal/test_durability.py``.
"""

from __future__ import annotations

import signal
import time
from dataclasses import replace

import pytest
import redis as redis_py

from holdfast.core.errors import StoreReadOnly, StoreUnavailable
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.redis import answers, ask, redis_server
from holdfast.stores.contract import Commit, Conflict, Find, Found, Refused, Saved, Unknown
from holdfast.stores.drivers import redis_errors
from holdfast.stores.locks import Acquire, Locked
from holdfast.stores.open import open as open_store
from holdfast.stores.open import open_locks
from holdfast.testing.harness import connected, new_sid

DATA = b's:3:"abc";'
OTHER = b's:3:"xyz";'
NAME = "mine"
SECRET = "correct-horse"


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


@pytest.fixture
def soon():
    return int(time.time()) + 300


class Nodes:
    """Two nodes, of which ``first`` is the primary at the beginning, and a Sentinel."""

    def __init__(self, first, second, sentinel_port) -> None:
        self.first = first
        self.second = second
        self.sentinel_port = sentinel_port

    def client(self, node):
        return redis_py.Redis(port=node.port, password=SECRET)

    def point_at(self, node) -> None:
        """Have the Sentinel take this node for the primary."""
        ask(self.sentinel_port, f"SENTINEL REMOVE {NAME}")
        for command in (
            f"SENTINEL MONITOR {NAME} {LOOPBACK} {node.port} 1",
            f"SENTINEL SET {NAME} auth-pass {SECRET}",
        ):
            assert ask(self.sentinel_port, command) == "+OK\r\n"

    def follow(self, node, primary) -> None:
        """Make one node the replica of the other; comes back when it is."""
        with self.client(node) as client, self.client(primary) as other:
            client.replicaof(LOOPBACK, primary.port)
            deadline = time.monotonic() + 60
            while len(other.execute_command("ROLE")[2]) != 1:
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def alone(self, node) -> None:
        with self.client(node) as client:
            client.replicaof("NO", "ONE")

    def swap(self) -> None:
        """The second becomes primary and the first its replica; the Sentinel knows."""
        self.alone(self.second)
        self.follow(self.first, self.second)
        self.point_at(self.second)

    def get(self, node, key):
        with self.client(node) as client:
            return client.get(key)

    def clients(self, node) -> int:
        """How many connections to a node are neither a Sentinel's nor this one."""
        with self.client(node) as client:
            listed = client.client_list(_type="normal")
            return len([c for c in listed if not c["name"].startswith("sentinel-")]) - 1

    def await_no_client(self, node) -> None:
        """A node notices in its own time that a connection was closed."""
        deadline = time.monotonic() + 60
        while self.clients(node):
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def nodes(tmp_path):
    for name in ("first", "second", "sentinel"):
        (tmp_path / name).mkdir()
    options = ("--masterauth", SECRET, "--repl-diskless-sync-delay", "0")
    port = free_port()
    config = tmp_path / "sentinel" / "sentinel.conf"
    config.write_text(f"port {port}\nbind {LOOPBACK}\ndir {tmp_path / 'sentinel'}\n")
    argv = ("redis-server", config, "--sentinel")
    with (
        redis_server(tmp_path / "first", arguments=options, password=SECRET) as first,
        redis_server(tmp_path / "second", arguments=options, password=SECRET) as second,
        Process(argv, tmp_path / "sentinel", name="sentinel", package="redis-server") as process,
    ):
        process.wait_ready(lambda: answers(port, process.pid))
        nodes = Nodes(first, second, port)
        nodes.follow(second, first)
        nodes.point_at(first)
        yield nodes


@pytest.fixture
def store(nodes):
    hosts = f"{LOOPBACK}:{free_port()},{LOOPBACK}:{nodes.sentinel_port}"
    url = f"redis+sentinel://{hosts}/{NAME}/0?password=env:PW&prefix=p-&replicas=1"
    return open_store(url, env={"PW": SECRET}).store


@pytest.mark.parametrize("level", ["fast", "strict"])
def test_what_the_old_primary_turns_away_is_sent_to_the_new_one(nodes, store, mode, soon, level):
    sid, base = new_sid(), Found(DATA, soon)
    with connected(store, mode) as client:
        assert client.perform(Commit(sid, None, DATA, soon, level="strict")) == Saved()
        nodes.swap()
        assert client.perform(Commit(sid, base, OTHER, soon, level=level)) == Saved()
        assert nodes.get(nodes.second, "p-" + sid) == OTHER
        assert client.perform(Find(sid)) == Found(OTHER, soon)


def test_a_primary_without_its_replicas_is_asked_for_anew(nodes, store, mode, soon):
    """As one does that is cut off: it calls itself primary, and the Sentinels have another."""
    sid = new_sid()
    with connected(store, mode) as client:
        assert client.perform(Commit(sid, None, DATA, soon, level="strict")) == Saved()
        nodes.alone(nodes.second)
        cut_off = client.perform(Commit(new_sid(), None, DATA, soon, level="strict"))
        assert isinstance(cut_off, Refused)
        assert "0 of the 1" in cut_off.reason
        nodes.point_at(nodes.second)
        assert isinstance(
            client.perform(Commit(other := new_sid(), None, DATA, soon, level="strict")), Refused
        )
        assert client.perform(Commit(other, None, DATA, soon)) == Saved()
        assert nodes.get(nodes.second, "p-" + other) == DATA
        assert nodes.get(nodes.first, "p-" + other) is None


def test_idle_connections_to_a_former_primary_are_closed(nodes, store, mode, soon):
    sids = [new_sid() for _ in range(redis_errors.CONNECTIONS)]
    with connected(store, mode) as client:
        creates = [Commit(sid, None, DATA, soon, level="strict") for sid in sids]
        assert client.race(creates) == [Saved()] * len(sids)
        client.race([Find(sid) for sid in sids])
        assert nodes.clients(nodes.first) > 2
        nodes.swap()
        for level in ("fast", "strict"):
            created = client.perform(Commit(new_sid(), None, DATA, soon, level=level))
            assert created == Saved()
        nodes.await_no_client(nodes.first)
        assert client.race([Find(sid) for sid in sids]) == [Found(DATA, soon)] * len(sids)
    nodes.await_no_client(nodes.second)


def test_a_lost_write_is_written_anew_on_the_new_primary(nodes, store, mode, soon):
    sid, base = new_sid(), Found(DATA, soon)
    write = Commit(sid, base, OTHER, soon, write_id="w" * 16)
    with connected(store, mode) as client:
        assert client.perform(Commit(sid, None, DATA, soon, level="strict")) == Saved()
        # What is written from now on is lost with the first.
        nodes.alone(nodes.second)
        assert client.perform(write) == Saved()
        nodes.first.process.kill()
        with pytest.raises(StoreUnavailable):
            client.perform(replace(write, again=True))
        nodes.point_at(nodes.second)
        assert client.perform(Find(sid)) == base
        again = replace(write, again=True)
        assert client.perform(again) == Saved()
        later = Found(b's:2:"la";', soon)
        assert client.perform(Commit(sid, Found(OTHER, soon), later.data, soon)) == Saved()
        assert client.perform(again) == Saved()
        assert client.perform(replace(again, write_id="v" * 16)) == Conflict(later)


@pytest.mark.parametrize(
    ("level", "expected"), [("fast", Unknown), ("strict", Refused)], ids=["fast", "strict"]
)
def test_a_primary_that_hangs(nodes, store, mode, soon, level, expected, monkeypatch):
    """A write that may have arrived there is sent nowhere else; the question before it is."""
    monkeypatch.setattr(redis_errors, "ANSWER_SECONDS", 3.0)
    sid = new_sid()
    with connected(store, mode) as client:
        assert client.perform(Commit(new_sid(), None, DATA, soon, level=level)) == Saved()
        nodes.alone(nodes.second)
        nodes.point_at(nodes.second)
        nodes.first.process.send(signal.SIGSTOP)
        result = client.perform(Commit(sid, None, DATA, soon, level=level))
        nodes.first.process.send(signal.SIGCONT)
    assert isinstance(result, expected)
    assert nodes.get(nodes.second, "p-" + sid) is None


def test_a_node_that_is_no_primary_is_not_believed(nodes, store, mode):
    nodes.point_at(nodes.second)
    with (
        pytest.raises(StoreUnavailable, match="named as the primary is none"),
        connected(store, mode),
    ):
        pytest.fail("it is a replica")


def test_what_a_primary_refuses_is_tried_once_more_and_no_further(nodes, store, mode, soon):
    with connected(store, mode) as client, nodes.client(nodes.first) as admin:
        client.perform(Commit(new_sid(), None, DATA, soon))
        admin.config_set("min-replicas-to-write", 5)
        admin.config_resetstat()
        with pytest.raises(StoreReadOnly, match="takes no writes"):
            client.perform(Commit(new_sid(), None, DATA, soon))
        calls = admin.info("commandstats")["cmdstat_evalsha"]
        assert calls["calls"] + calls["rejected_calls"] == 2


@pytest.mark.parametrize("wrong", ["name", "nobody"])
def test_nobody_names_a_primary(nodes, store, mode, wrong):
    other = (
        replace(store, service="another")
        if wrong == "name"
        else replace(store, sentinels=((LOOPBACK, free_port()),))
    )
    with (
        pytest.raises(StoreUnavailable, match="no Sentinel names") as error,
        connected(other, mode),
    ):
        pytest.fail("there is none")
    assert error.value.hint
    assert SECRET not in f"{error.value} {error.value.hint} {other!r}"


def test_locks_are_found_through_sentinels_too(nodes, mode):
    hosts = f"{LOOPBACK}:{nodes.sentinel_port}"
    url = f"redis+sentinel://{hosts}/{NAME}/0?password=env:PW&prefix=l-"
    locks = open_locks(url, env={"PW": SECRET})
    with connected(locks, mode) as client:
        assert client.perform(Acquire("a", "o" * 16, 30)) == Locked()
        nodes.swap()
        assert client.perform(Acquire("b", "o" * 16, 30)) == Locked()
        assert nodes.get(nodes.second, "l-b") == b"o" * 16
