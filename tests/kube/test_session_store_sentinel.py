"""A replication with Sentinels and proxies, started from what is rendered."""

from __future__ import annotations

import threading
import time

import pytest
import redis

from holdfast.kube.session_store import store
from tests.kube.conftest import application
from tests.kube.store_pods import cluster

PASSWORD = 'pa ss"wö\\rd$x #1'
SERVERS = [f"shop-sessions-{ordinal}" for ordinal in range(3)]
SENTINELS = [f"shop-sessions-sentinel-{ordinal}" for ordinal in range(3)]
PROXIES = [f"shop-sessions-proxy-{ordinal}" for ordinal in range(2)]


@pytest.fixture(scope="module")
def pods(tmp_path_factory):
    app = application(session={"store": {"sentinel": {}}}, monitoring={})
    secret = {
        "kind": "Secret",
        "metadata": {"name": "shop-env"},
        "stringData": {"REDIS_PASSWORD": PASSWORD},
    }
    directory = tmp_path_factory.mktemp("pods")
    with cluster(list(store.objects(app)), secret, directory) as started:
        for name in started.addresses:
            started.start(name)
        yield started


def test_a_master_dies_and_the_service_leads_to_the_next_one(pods):
    service = pods.client(PROXIES[0], PASSWORD)
    happens(lambda: written(service, "before", "kept"))
    assert service.execute_command("WAIT", 2, 30_000) == 2
    for name in (*SERVERS, *SENTINELS):
        happens(lambda name=name: pods.passes(name))
        assert pods.passes(name, "livenessProbe")
    for name in PROXIES:
        happens(lambda name=name: pods.passes(name))

    [old] = masters(pods)
    # Sentinels have found each other and the replicas; before, none of them may be elected.
    happens(lambda: all(known(pods, name) == {"2", "2 others"} for name in SENTINELS))
    pods.kill(old)
    happens(lambda: written(service, "after", "kept too"))
    happens(lambda: len(masters(pods)) == 1)
    [new] = masters(pods)
    assert new != old
    assert [service.get(key) for key in ("before", "after")] == ["kept", "kept too"]

    # It comes back with its data, and is told that it is the master no more.
    pods.start(old)
    happens(lambda: pods.passes(old))
    assert masters(pods) == [new]
    assert pods.client(old, PASSWORD).get("after") == "kept too"
    happens(lambda: pods.passes(PROXIES[1]))
    assert written(pods.client(PROXIES[1], PASSWORD), "through the other", "proxy")

    # A Sentinel remembers, on its volume.
    pods.kill(SENTINELS[2])
    pods.start(SENTINELS[2])
    happens(lambda: pods.passes(SENTINELS[2]))
    assert leader(pods, SENTINELS[2]) == f"{new}.shop-sessions-nodes"


def test_a_master_that_a_roll_stops_loses_no_acknowledged_write(pods):
    happens(lambda: len(masters(pods)) == 1)
    [old] = masters(pods)
    for name in SERVERS:
        happens(lambda name=name: pods.passes(name))
    acknowledged = {}
    over = threading.Event()

    def writes(number):
        client = pods.client(PROXIES[number % 2], PASSWORD)
        count = 0
        while not over.is_set():
            count += 1
            if written(client, f"writer-{number}", count):
                acknowledged[number] = count

    writers = [threading.Thread(target=writes, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    try:
        happens(lambda: len(acknowledged) == 4 and min(acknowledged.values()) > 50)
        container, process = pods.running[old]
        container.stop(process)
        happens(lambda: not process.running)
        before = dict(acknowledged)
        happens(lambda: all(acknowledged[number] > before[number] for number in before))
    finally:
        over.set()
        for writer in writers:
            writer.join()
    [new] = masters(pods)
    assert new != old
    service = pods.client(PROXIES[0], PASSWORD)
    kept = {number: int(service.get(f"writer-{number}")) for number in acknowledged}
    # One more may be there, whose answer was lost.
    assert all(kept[number] >= acknowledged[number] for number in acknowledged)
    pods.start(old)
    happens(lambda: pods.passes(old))


def test_who_does_not_know_the_password_is_kept_out_everywhere(pods):
    for name, port in ((SERVERS[0], "6379"), (PROXIES[0], "6379"), (SENTINELS[0], "26379")):
        happens(lambda name=name, port=port: answered(pods, name, port))
        for password in (None, "wrong"):
            with pytest.raises(redis.AuthenticationError):
                pods.client(name, password, port=port).ping()
    with pytest.raises(redis.AuthenticationError):  # the application has no business there
        pods.client(SENTINELS[0], PASSWORD, port="26379").ping()


def test_no_password_is_in_what_a_pod_is_started_with(pods):
    for name in (*SERVERS, *SENTINELS, *PROXIES):
        container, process = pods.running[name]
        assert PASSWORD not in " ".join([*container.argv, *container.environment.values()])
        assert PASSWORD not in process.log.read_text()


def happens(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def written(client, key, value):
    try:
        return client.set(key, value)
    except redis.RedisError:
        return False


def answered(pods, name, port):
    try:
        pods.client(name, "wrong", port=port).ping()
    except redis.AuthenticationError:
        return True
    except redis.RedisError:
        return False
    return False


def masters(pods):
    found = []
    for name in SERVERS:
        try:
            role = pods.client(name, PASSWORD).info("replication")
        except redis.RedisError:
            continue
        if role["role"] == "master" and role["connected_slaves"]:
            found.append(name)
    return found


def sentinel(pods, name):
    container, _process = pods.running[name]
    run = next(mount.source for mount in container.mounts if mount.place == "/run/redis")
    password = (run / "sentinels.password").read_text().strip()
    return pods.client(name, password, port="26379")


def leader(pods, name):
    return sentinel(pods, name).sentinel_get_master_addr_by_name("sessions")[0]


def known(pods, name):
    state = sentinel(pods, name).sentinel_master("sessions")
    return {str(state["num-slaves"]), f"{state['num-other-sentinels']} others"}
