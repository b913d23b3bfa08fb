"""Writes above fast on a real primary with real replicas: what is held, refused, and not known."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import anyio
import pytest
import redis as redis_py

from holdfast.core.errors import StoreMisconfigured, StoreReadOnly
from holdfast.servers.tcp_proxy import tcp_proxy
from holdfast.stores import redis_levels
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Find,
    Found,
    Gone,
    Missing,
    Move,
    Refused,
    Saved,
    Unknown,
)
from holdfast.stores.drivers import redis_errors
from holdfast.stores.redis import RedisStore
from holdfast.testing.harness import connected, new_sid

DATA = b's:3:"abc";'
OTHER = b's:3:"xyz";'
SAVERS = 100
MOST_WAITS = 20


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


@pytest.fixture(scope="module")
def broken(tmp_path_factory, start_replicated):
    """A primary with two replicas that tests stop, and go on with."""
    with start_replicated(tmp_path_factory.mktemp("broken")) as servers:
        yield servers


@pytest.fixture
def servers(broken):
    yield broken
    broken.settle()


@pytest.fixture
def own_servers(tmp_path, start_replicated):
    with start_replicated(tmp_path) as servers:
        yield servers


@pytest.fixture
def store(servers):
    return store_of(servers)


@pytest.fixture
def soon():
    return int(time.time()) + 300


@pytest.fixture
def short_wait(monkeypatch):
    monkeypatch.setattr(redis_levels, "WAIT_MS", 100)


def store_of(servers):
    return RedisStore(port=servers.port, prefix=f"p-{new_sid()}-", replicas=2)


def create(sid, soon, level="strict", **more):
    return Commit(sid, None, DATA, soon, level=level, **more)


def on(server, key):
    with redis_py.Redis(port=server.port) as client:
        return client.get(key)


def holders(servers, key):
    return [on(replica, key) is not None for replica in servers.replicas].count(True)


def stall(*replicas):
    for replica in replicas:
        replica.process.send(signal.SIGSTOP)


def go_on(*replicas):
    for replica in replicas:
        replica.process.send(signal.SIGCONT)


@contextlib.contextmanager
def admin_of(servers):
    with redis_py.Redis(port=servers.port, decode_responses=True) as admin:
        yield admin


def waiting(admin, count=1):
    """The connections that are in a WAIT; comes back when there are so many."""
    deadline = time.monotonic() + 60
    while True:
        found = [c for c in admin.client_list() if c["cmd"] == "wait" and "b" in c["flags"]]
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_strict_is_on_every_replica_once_it_is_saved(servers, store, mode, soon):
    with connected(store, mode) as client:
        for _ in range(20):
            sid, to = new_sid(), new_sid()
            assert client.perform(create(sid, soon)) == Saved()
            assert holders(servers, store.prefix + sid) == 2
            move = Move(sid, Found(DATA, soon), to, OTHER, soon, level="strict")
            assert client.perform(move) == Saved()
            assert [on(r, store.prefix + to) for r in servers.replicas] == [OTHER] * 2
            assert holders(servers, store.prefix + sid) == 0
            assert client.perform(Delete(to, level="strict")) == Deleted()
            assert holders(servers, store.prefix + to) == 0


def test_one_replica_is_enough_for_replicated(servers, store, mode, soon):
    sid = new_sid()
    stall(servers.replicas[0])
    with connected(store, mode) as client:
        assert client.perform(create(sid, soon, "replicated")) == Saved()
    assert on(servers.replicas[1], store.prefix + sid) == DATA


def test_with_too_few_replicas_nothing_is_written(own_servers, mode, soon):
    store = store_of(own_servers)
    sid, base, other = new_sid(), Found(DATA, soon), new_sid()
    with connected(store, mode) as client:
        assert client.perform(create(sid, soon)) == Saved()
        own_servers.replicas[0].process.kill()
        own_servers.await_connected(1)
        writes = [
            create(other, soon),
            Commit(sid, base, OTHER, soon, level="strict"),
            Move(sid, base, other, OTHER, soon, level="strict"),
            Delete(sid, level="strict"),
        ]
        for write in writes:
            refused = client.perform(write)
            assert isinstance(refused, Refused)
            assert "1 of the 2" in refused.reason
        assert client.perform(Find(sid)) == base
        assert client.perform(Find(other)) is None
        assert client.perform(create(other, soon, "replicated")) == Saved()
        own_servers.replicas[1].process.kill()
        own_servers.await_connected(0)
        refused = client.perform(create(new_sid(), soon, "replicated"))
        assert "0 of the 1" in refused.reason
        assert client.perform(create(new_sid(), soon, "fast")) == Saved()


@pytest.mark.usefixtures("short_wait")
def test_a_replica_that_stalls_leaves_open_whether_it_is_held(servers, store, mode, soon):
    sid = new_sid()
    write = create(sid, soon, write_id="w" * 16)
    with connected(store, mode) as client:
        stall(servers.replicas[0])
        unknown = client.perform(write)
        assert isinstance(unknown, Unknown)
        assert unknown.remembered
        assert "only 1 of 2 replicas" in unknown.reason
        assert client.perform(Find(sid)) == Found(DATA, soon)
        # That it is remembered does not make it held.
        again = replace(write, again=True)
        assert isinstance(client.perform(again), Unknown)
        go_on(servers.replicas[0])
        servers.settle()
        assert held(client, again) == Saved()
        assert holders(servers, store.prefix + sid) == 2


@pytest.mark.usefixtures("short_wait")
def test_a_move_and_a_logout_that_may_not_be_held(servers, store, mode, soon):
    sid, to = new_sid(), new_sid()
    with connected(store, mode) as client:
        client.perform(create(sid, soon))
        stall(*servers.replicas)
        move = Move(sid, Found(DATA, soon), to, DATA, soon, write_id="m" * 16, level="strict")
        assert "only 0 of 2" in client.perform(move).reason
        assert isinstance(client.perform(replace(move, again=True)), Unknown)
        for seconds in (0, 60):
            delete = Delete(to, level="replicated", fence_seconds=seconds)
            # The second one finds nothing to delete, which may be lost as well.
            for _ in range(2):
                unknown = client.perform(delete)
                assert isinstance(unknown, Unknown)
                assert not unknown.remembered
        go_on(*servers.replicas)
        assert held(client, delete) == Missing()
        assert held(client, replace(move, again=True)) == Saved()


@pytest.mark.usefixtures("short_wait")
def test_what_is_not_written_need_not_be_held(servers, store, mode, soon):
    sid, base = new_sid(), Found(DATA, soon)
    with connected(store, mode) as client:
        client.perform(create(sid, soon))
        stall(*servers.replicas)
        other = Found(OTHER, soon)
        conflict = client.perform(Commit(sid, other, OTHER, soon, level="strict"))
        assert conflict == Conflict(base)
        gone = client.perform(Commit(new_sid(), other, OTHER, soon, level="strict"))
        assert gone == Gone()


def held(client, write):
    """The result of a write that is repeated until it is known."""
    deadline = time.monotonic() + 60
    while isinstance(result := client.perform(write), Unknown):
        assert time.monotonic() < deadline
    return result


def test_a_wait_stalls_nothing_else(servers, store, mode, soon):
    count = redis_errors.CONNECTIONS
    sid, base = new_sid(), Found(DATA, soon)
    with connected(store, mode) as client, admin_of(servers) as admin:
        client.perform(create(sid, soon))
        stall(servers.replicas[0])
        with ThreadPoolExecutor(1) as pool:
            saves = pool.submit(client.race, [create(new_sid(), soon) for _ in range(count)])
            waiting(admin, count if mode == "sync" else 1)
            assert client.perform(Find(sid)) == base
            # A save that needs one replica does not wait for those that need both.
            other = create(new_sid(), soon, "replicated")
            assert mode == "sync" or client.perform(other) == Saved()
            assert not saves.done()
            go_on(servers.replicas[0])
            assert saves.result() == [Saved()] * count


def test_a_held_save_is_two_round_trips(servers, mode, soon):
    with tcp_proxy(servers.port) as proxy:
        store = RedisStore(port=proxy.port, prefix=f"p-{new_sid()}-", replicas=2)
        with connected(store, mode) as client:
            # The server learns the script at its first use.
            assert client.perform(create(new_sid(), soon)) == Saved()
            before = proxy.exchanges
            assert client.perform(create(new_sid(), soon)) == Saved()
            assert proxy.exchanges == before + 2


@pytest.mark.anyio
async def test_saves_of_one_moment_share_a_wait(servers, store, soon):
    with admin_of(servers) as admin:
        admin.config_resetstat()
        results = []

        async def save(perform):
            results.append(await perform(create(new_sid(), soon)))

        async with store.aconnect() as perform, anyio.create_task_group() as group:
            for _ in range(SAVERS):
                group.start_soon(save, perform)
        assert results == [Saved()] * SAVERS
        statistics = admin.info("commandstats")
        assert statistics["cmdstat_evalsha"]["calls"] >= SAVERS
        waits = statistics["cmdstat_wait"]["calls"]
        assert waits <= MOST_WAITS, f"{SAVERS} saves sent {waits} WAITs"


@pytest.mark.anyio
async def test_a_saver_who_is_cancelled_takes_nobody_with_him(servers, store, soon):
    first, second, never, last = (new_sid() for _ in range(4))
    results = {}
    async with store.aconnect() as perform, anyio.create_task_group() as group:

        async def save(sid, scope):
            with scope:
                results[sid] = await perform(create(sid, soon))

        scopes = {sid: anyio.CancelScope() for sid in (first, second, never, last)}
        with admin_of(servers) as admin:
            await perform(create(new_sid(), soon))
            stall(servers.replicas[0])
            for sid in (first, second):
                group.start_soon(save, sid, scopes[sid])
            await anyio.to_thread.run_sync(waiting, admin)
            # These come while the two wait, and are sent when they are through.
            for sid in (never, last):
                group.start_soon(save, sid, scopes[sid])
            await anyio.wait_all_tasks_blocked()
            for sid in (first, never):
                scopes[sid].cancel()
            await anyio.wait_all_tasks_blocked()
            go_on(servers.replicas[0])
    assert results == {second: Saved(), last: Saved()}
    async with store.aconnect() as perform:
        assert await perform(Find(first)) == Found(DATA, soon)
        assert await perform(Find(never)) is None


@pytest.mark.anyio
async def test_each_save_of_a_batch_has_an_answer_of_its_own(servers, store, soon):
    good, bad = new_sid(), new_sid()
    with admin_of(servers) as admin:
        admin.rpush(store.prefix + bad, "a list")
    results = {}

    async def save(sid):
        try:
            results[sid] = await perform(create(sid, soon))
        except StoreMisconfigured as error:
            results[sid] = error

    async with store.aconnect() as perform, anyio.create_task_group() as group:
        for sid in (bad, good):
            group.start_soon(save, sid)
    assert results[good] == Saved()
    assert "something else than a string" in str(results[bad])


def test_scripts_that_the_primary_forgot_are_sent_again(servers, store, mode, soon):
    with connected(store, mode) as client, admin_of(servers) as admin:
        for _ in range(2):
            admin.script_flush()
            sid = new_sid()
            assert client.perform(create(sid, soon)) == Saved()
            assert holders(servers, store.prefix + sid) == 2


def test_a_connection_that_breaks_in_the_wait(servers, store, mode, soon):
    write = create(new_sid(), soon, write_id="w" * 16)
    with connected(store, mode) as client, admin_of(servers) as admin:
        client.perform(create(new_sid(), soon))
        stall(servers.replicas[0])
        with ThreadPoolExecutor(1) as pool:
            result = pool.submit(client.perform, write)
            [connection] = waiting(admin)
            admin.client_kill_filter(_id=connection["id"])
            assert result.result() == Unknown(
                "the connection broke before the answer came", remembered=True
            )
        go_on(servers.replicas[0])
        assert client.perform(replace(write, again=True)) == Saved()


def test_a_lost_role_has_written_nothing(servers, proxy_before, mode, soon):
    proxy = proxy_before(servers.port)
    store = RedisStore(port=proxy.port, prefix=f"p-{new_sid()}-", replicas=2)
    sid = new_sid()
    with connected(store, mode) as client:
        client.perform(create(new_sid(), soon))
        proxy.cut(1)
        assert client.perform(create(sid, soon)) == Saved()


def test_a_primary_that_is_demoted_in_the_wait(own_servers, mode, soon):
    store = store_of(own_servers)
    with connected(store, mode) as client, admin_of(own_servers) as admin:
        client.perform(create(new_sid(), soon))
        stall(own_servers.replicas[0])
        with ThreadPoolExecutor(1) as pool:
            result = pool.submit(client.perform, create(new_sid(), soon))
            waiting(admin)
            admin.replicaof("127.0.0.1", str(own_servers.replicas[1].port))
            assert isinstance(result.result(), Unknown)
        go_on(own_servers.replicas[0])
        with pytest.raises(StoreReadOnly, match="replica"):
            client.perform(create(new_sid(), soon))


def test_levels_are_for_all_threads_at_once(servers, store, soon):
    """More strict saves at once than there are connections for them."""
    count = 3 * redis_errors.CONNECTIONS
    threads = threading.active_count()
    with connected(store, "sync") as client:
        sids = [new_sid() for _ in range(count)]
        assert client.race([create(sid, soon) for sid in sids]) == [Saved()] * count
        assert [holders(servers, store.prefix + sid) for sid in sids] == [2] * count
    assert threading.active_count() == threads
