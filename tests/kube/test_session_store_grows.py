"""One Redis becomes several with proxies: nobody is logged out, and nothing has to be deleted."""

from __future__ import annotations

import time

import redis

from holdfast.kube.session_store import store
from tests.kube.conftest import application
from tests.kube.store_pods import cluster

PASSWORD = "secret"
OLD = "shop-sessions-0"
NEW = ("shop-sessions-1", "shop-sessions-2")
HELPERS = (
    *(f"shop-sessions-sentinel-{ordinal}" for ordinal in range(3)),
    *(f"shop-sessions-proxy-{ordinal}" for ordinal in range(2)),
)


def objects(chosen):
    return list(store.objects(application(session={"store": chosen})))


def test_sessions_of_one_redis_are_there_behind_the_proxies(tmp_path):
    secret = {
        "kind": "Secret",
        "metadata": {"name": "shop-env"},
        "stringData": {"REDIS_PASSWORD": PASSWORD},
    }
    with cluster(objects({"single": {}}), secret, tmp_path) as pods:
        pods.start(OLD)
        happens(lambda: pods.passes(OLD))
        alone = pods.client(OLD, PASSWORD)
        assert alone.set("before", "kept")

        # The new pods first, while the old one runs as it was started: a StatefulSet replaces it
        # when those with higher numbers are ready.
        pods.apply(objects({"sentinel": {}}))
        for name in (*HELPERS, *NEW):
            pods.start(name)
        service = pods.client("shop-sessions-proxy-0", PASSWORD)
        for name in NEW:
            happens(lambda name=name: pods.passes(name))
        # By now the proxies have asked each server more than once.
        happens(lambda: written(service, "meanwhile", "kept"))
        assert alone.execute_command("WAIT", 2, 10_000) == 2

        container, process = pods.running[OLD]
        container.stop(process)
        happens(lambda: not process.running)
        pods.start(OLD)
        happens(lambda: written(service, "after", "kept"))
        for name in (OLD, *NEW, *HELPERS):
            happens(lambda name=name: pods.passes(name))
        assert service.mget("before", "meanwhile", "after") == ["kept"] * 3
        assert service.info("replication")["connected_slaves"] == 2
        assert "min_slaves_good_slaves" in service.info("replication")


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
