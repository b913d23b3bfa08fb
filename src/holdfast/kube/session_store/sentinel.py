"""A master, replicas, three Sentinels, and proxies that always lead to the master."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.objects import config_map, named, present, service_account
from holdfast.kube.pod import security
from holdfast.kube.session_store import proxy
from holdfast.kube.session_store.choice import SENTINEL_PORT, SENTINELS, SERVERS
from holdfast.kube.session_store.pods import budget, claim, service, stateful_set, template
from holdfast.kube.session_store.redis_conf import DATA, DIRECTORY, LATE_SECONDS, RUN, redis_conf
from holdfast.kube.session_store.sentinel_scripts import (
    DOWN_SECONDS,
    HANDOVER_SECONDS,
    SENTINEL_COUNT,
    handover_sh,
    sentinel_conf,
    sentinel_sh,
    server_sh,
)
from holdfast.kube.session_store.server import READY, READY_SH, USER, nodes_service, servers
from holdfast.kube.session_store.users import SCRIPT, init_container, small, users_sh
from holdfast.kube.spec.session import SentinelRedis

_POD_NAME = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
_VOLUME = "128Mi"
"""What a Sentinel learns is some kilobytes; providers round up to what they have."""


def objects(app: App, redis: SentinelRedis) -> Iterator[Object]:
    """Servers, Sentinels, proxies."""
    name = named(app, SERVERS)
    files = {
        READY: READY_SH,
        SCRIPT: users_sh(app),
        "handover.sh": handover_sh(app),
        "redis.conf": redis_conf(redis),
        "start.sh": server_sh(app),
    }
    config = config_map(app, name, SERVERS, files)
    yield service_account(app, name, SERVERS)
    yield config
    yield nodes_service(app)
    yield servers(
        app,
        redis,
        command=["sh", f"{DIRECTORY}/start.sh", "redis-server", f"{DIRECTORY}/redis.conf"],
        config=config["metadata"]["name"],
        replicas=redis.replicas,
        env=[dict(_POD_NAME)],
        # Where Sentinels do not answer at all it ends when writers have waited long enough.
        before_stop=["timeout", str(HANDOVER_SECONDS), "sh", f"{DIRECTORY}/handover.sh"],
    )
    yield budget(app, SERVERS)
    yield from _sentinels(app, redis)
    yield from proxy.objects(app, redis)


def decisions(app: App, redis: SentinelRedis) -> Iterator[Decision]:
    """What several servers mean."""
    yield Decision(
        "session store",
        f"{redis.replicas} Redis servers of {redis.memory} each, {SENTINEL_COUNT} Sentinels,"
        f" {proxy.COUNT} proxies",
        "stock Laravel knows no Sentinel: the proxies ask every server whether it is the master,"
        f" and {named(app, SERVERS)} leads there.",
    )
    yield Decision(
        "durability of sessions",
        f"append-only file on every server; a master that no replica has heard for"
        f" {LATE_SECONDS} s refuses to write",
        "replication does not wait: a master that dies takes the last milliseconds with it, one"
        f" that is cut off up to {LATE_SECONDS} s. Where only one server is left, nobody can log in"
        " until a second one is back: its writes could not be kept.",
    )
    yield Decision(
        "failover of the session store",
        f"{DOWN_SECONDS} s without an answer, then some seconds more",
        "in that time pages fail. A master that is stopped by a roll or a drain hands over first:"
        " writers wait until a replica has everything and takes its place.",
    )


def _sentinels(app: App, redis: SentinelRedis) -> Iterator[Object]:
    name = named(app, SENTINELS)
    files = {
        SCRIPT: users_sh(app),
        "sentinel.conf": sentinel_conf(),
        "start.sh": sentinel_sh(app),
    }
    config = config_map(app, name, SENTINELS, files)
    yield config
    nodes = service(app, f"{name}-nodes", SENTINELS, {"sentinel": SENTINEL_PORT}, headless=True)
    yield nodes
    ask = (
        f'REDISCLI_AUTH="$(cat {RUN}/sentinels.password)"'
        f" redis-cli --no-auth-warning -p {SENTINEL_PORT} ping"
    )
    container = present(
        name="sentinel",
        image=app.spec.images.redis,
        imagePullPolicy="IfNotPresent",
        command=["sh", f"{DIRECTORY}/start.sh"],
        env=[dict(_POD_NAME)],
        ports=[{"name": "sentinel", "containerPort": SENTINEL_PORT}],
        readinessProbe={
            "exec": {"command": ["sh", "-c", f"{ask} | grep -q PONG"]},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
        },
        livenessProbe={
            "exec": {"command": ["sh", "-c", ask]},
            "failureThreshold": 6,
            "initialDelaySeconds": 30,
            "periodSeconds": 20,
            "timeoutSeconds": 5,
        },
        resources=small("64Mi"),
        securityContext=security(),
        volumeMounts=[
            {"name": "config", "mountPath": DIRECTORY, "readOnly": True},
            {"name": "data", "mountPath": DATA},
            {"name": "run", "mountPath": RUN, "readOnly": True},
        ],
    )
    pod = template(
        app,
        SENTINELS,
        config=config["metadata"]["name"],
        user=USER,
        containers=[container],
        init_containers=[init_container(app, app.spec.images.redis)],
        grace=30,
    )
    yield stateful_set(
        app,
        SENTINELS,
        replicas=SENTINEL_COUNT,
        service_name=f"{name}-nodes",
        pod=pod,
        volume=claim(app, SENTINELS, _VOLUME, redis.storage_class),
    )
    yield budget(app, SENTINELS)
