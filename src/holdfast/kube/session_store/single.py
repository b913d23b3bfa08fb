"""One Redis with an append-only file on a volume of its own."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.objects import config_map, named, service_account
from holdfast.kube.session_store.choice import REDIS_PORT, SERVERS
from holdfast.kube.session_store.pods import budget, service
from holdfast.kube.session_store.redis_conf import DIRECTORY, redis_conf
from holdfast.kube.session_store.server import READY, READY_SH, nodes_service, servers
from holdfast.kube.session_store.users import SCRIPT, users_sh
from holdfast.kube.spec.session import SingleRedis


def objects(app: App, redis: SingleRedis) -> Iterator[Object]:
    """Account, configuration, Services, StatefulSet, budget."""
    name = named(app, SERVERS)
    files = {READY: READY_SH, SCRIPT: users_sh(app), "redis.conf": redis_conf(redis)}
    config = config_map(app, name, SERVERS, files)
    yield service_account(app, name, SERVERS)
    yield config
    yield service(app, name, SERVERS, {"redis": REDIS_PORT})
    yield nodes_service(app)
    yield servers(
        app,
        redis,
        command=["redis-server", f"{DIRECTORY}/redis.conf"],
        config=config["metadata"]["name"],
    )
    yield budget(app, SERVERS)


def decisions(app: App, redis: SingleRedis) -> Iterator[Decision]:
    """What one server means."""
    yield Decision(
        "session store",
        f"one Redis, {redis.memory} of memory, {redis.storage} of disk",
        "nothing to elect, nothing to split; while its pod moves to another node (a drain, a new"
        " version), no page is served. `session.store.sentinel` serves on.",
    )
    yield Decision(
        "durability of sessions",
        "append-only file, on the disk within a second",
        "the death of Redis or of its pod loses nothing; a power cut of its node what was saved in"
        " the last second. The volume stays when the StatefulSet is deleted.",
    )
