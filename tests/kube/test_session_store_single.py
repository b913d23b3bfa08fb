"""One Redis, started from what is rendered, and used by what Laravel and Holdfast send."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest
import redis

from holdfast.core.errors import EnvironmentLacking
from holdfast.kube.environment.gather import variables
from holdfast.kube.session_store import store
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.laravel import FIXTURE
from holdfast.stores.contract import Commit, Find, Found, Saved
from holdfast.stores.redis import RedisStore
from tests.kube.conftest import application
from tests.kube.store_pods import cluster

PASSWORD = 'pa ss"wö\\rd$x #1'
NAME = "shop-sessions-0"


@pytest.fixture(scope="module")
def pods(tmp_path_factory):
    app = application(monitoring={})
    secret = {
        "kind": "Secret",
        "metadata": {"name": "shop-env"},
        "stringData": {"REDIS_PASSWORD": PASSWORD},
    }
    directory = tmp_path_factory.mktemp("pods")
    with cluster(list(store.objects(app)), secret, directory) as started:
        started.start(NAME)
        ready(started)
        yield started


@pytest.fixture
def client(pods):
    return pods.client(NAME, PASSWORD)


def ready(pods):
    deadline = time.monotonic() + 60
    while not pods.passes(NAME):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_its_settings_are_in_effect(pods):
    # Whoever may ask for them is no user of ours: INFO says it.
    info = pods.client(NAME, PASSWORD).info()
    assert info["aof_enabled"] == 1
    assert info["maxmemory"] == 256 * 7 // 10 * 2**20
    assert info["maxmemory_policy"] == "noeviction"
    assert pods.passes(NAME, "livenessProbe")
    assert pods.passes(NAME, "startupProbe")


LARAVEL = [
    # Illuminate/Cache/RedisStore.php, Illuminate/Queue/RedisQueue.php and LuaScripts.php
    ("SETEX", "shop_key", 60, "x"),
    ("EVAL", "return redis.call('rpush', KEYS[1], ARGV[1])", 1, "shop_queues:default", "job"),
    ("EVAL", "return {redis.call('lpop', KEYS[1])}", 1, "shop_queues:default"),
    ("BLPOP", "shop_queues:default:notify", 0.01),
    ("ZADD", "shop_queues:default:delayed", 1, "job"),
    ("ZREMRANGEBYRANK", "shop_queues:default:delayed", 0, -1),
    # Horizon: src/Repositories, src/RedisHorizonCommandQueue.php
    ("HMSET", "horizon:job", "status", "pending"),
    ("ZREVRANGEBYSCORE", "horizon:recent_jobs", 10, 0),
    ("SCAN", 0, "MATCH", "horizon:*"),
    ("MULTI",),
    ("PUBLISH", "horizon", "x"),
    ("CLIENT", "SETNAME", "laravel"),
    ("SELECT", 0),
    ("INFO",),
    # Holdfast's stores: docs/stores.md
    ("ROLE",),
    ("WAIT", 0, 1),
    ("SCRIPT", "LOAD", "return 1"),
    ("TIME",),
]


@pytest.mark.parametrize("command", LARAVEL, ids=lambda command: command[0])
def test_the_application_may_do_what_it_does(client, command):
    client.execute_command(*command)


REFUSED = [
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("KEYS", "*"),
    ("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
    ("CONFIG", "GET", "*"),
    ("DEBUG", "SLEEP", "0"),
    ("SHUTDOWN",),
    ("ACL", "LIST"),
    ("REPLICAOF", "NO", "ONE"),
    ("MONITOR",),
    ("SWAPDB", 0, 0),
    ("EVAL", "return redis.call('flushall')", 0),
]


@pytest.mark.parametrize("command", REFUSED, ids=lambda command: " ".join(map(str, command[:2])))
def test_the_application_may_not_harm_the_store(client, command):
    with pytest.raises(redis.ResponseError, match=r"no permissions|not allowed|can't run"):
        client.execute_command(*command)


def test_the_helpers_see_no_session(pods):
    run_directory = next(
        mount.source for mount in pods.running[NAME][0].mounts if mount.place == "/run/redis"
    )
    probe = (run_directory / "probe.password").read_text().strip()
    exporter = (run_directory / "exporter.json").read_text()
    assert exporter.startswith('{"redis://exporter@localhost:')
    for user, password in (("probe", probe), ("exporter", exporter.split('"')[3])):
        helper = pods.client(NAME, password, user)
        assert helper.info()["aof_enabled"] == 1
        forbidden = (("GET", "shop_key"), ("SCAN", 0), ("SET", "shop_key", "x"), ("EVAL", "", 0))
        for command in forbidden:
            with pytest.raises(redis.exceptions.NoPermissionError):
                helper.execute_command(*command)


def test_what_was_saved_is_there_after_a_kill(pods, client):
    sessions = RedisStore(
        pods.addresses[NAME], pods.ports["6379"], prefix="shop_", password=PASSWORD
    )
    soon = int(time.time()) + 600
    with sessions.connect() as perform:
        saved = perform(Commit("a" * 40, None, b'a:1:{s:1:"k";i:1;}', soon, write_id="1" * 16))
        assert isinstance(saved, Saved)
    client.set("counter", "1")
    client.incr("counter")
    # No second passes: what was answered is in the kernel's hands, which outlives the process.
    pods.kill(NAME)
    pods.start(NAME)
    ready(pods)
    assert pods.client(NAME, PASSWORD).get("counter") == "2"
    with sessions.connect() as perform:
        found = perform(Find("a" * 40))
    assert isinstance(found, Found)


def test_an_empty_password_stops_the_pod(tmp_path):
    secret = {
        "kind": "Secret",
        "metadata": {"name": "shop-env"},
        "stringData": {"REDIS_PASSWORD": ""},
    }
    with (
        cluster(list(store.objects(application())), secret, tmp_path) as pods,
        pytest.raises(EnvironmentLacking, match="REDIS_PASSWORD is empty in the Secret"),
    ):
        pods.start(NAME)


def test_a_real_laravel_keeps_sessions_there_and_jobs_and_cannot_flush_them(pods, tmp_path):
    app = application(laravel=8, session={"encrypt": False})
    told = variables(app) | {
        "REDIS_HOST": pods.addresses[NAME],
        "REDIS_PORT": str(pods.ports["6379"]),
        "REDIS_PASSWORD": PASSWORD,
        "APP_KEY": fresh_app_key(),
        "POD_STORAGE": str(tmp_path),
    }
    done = subprocess.run(
        ["php", str(Path(__file__).parent / "jobs" / "store.php")],
        cwd=FIXTURE,
        env={"PATH": "/usr/bin:/bin", **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["cart"] == 3
    assert found["job"] == [2, 1]
    assert found["left"] == 0
    assert found["flushdb"].startswith("refused: NOPERM")
    assert found["cache"].startswith("refused: NOPERM")
    assert found["keys"] is False  # phpredis keeps the error to itself
