"""The pods in which Redis runs, alone or as one of several."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.objects import named, present
from holdfast.kube.pod import resources, security
from holdfast.kube.session_store import exporter
from holdfast.kube.session_store.choice import REDIS_PORT, SERVERS
from holdfast.kube.session_store.pods import claim as volume_claim
from holdfast.kube.session_store.pods import service, stateful_set, template
from holdfast.kube.session_store.redis_conf import DATA, DIRECTORY, RUN, SHUTDOWN_SECONDS
from holdfast.kube.session_store.users import init_container
from holdfast.kube.spec.session import SentinelRedis, SingleRedis
from holdfast.kube.spec.words import Resources

USER = 999
"""Of the official image (7.4/alpine/Dockerfile, 7.4/debian/Dockerfile)."""

GRACE = SHUTDOWN_SECONDS + 50
"""Seconds to stop: replicas are waited for, then the file is written to the disk."""

READY = "ready.sh"

READY_SH = f"""\
#!/bin/sh
# Whether this server answers and has what the master has; while it loads its file, it does neither.
# A roll goes on to the next pod only then.
set -eu
export REDISCLI_AUTH="$(cat {RUN}/probe.password)"
redis() {{ redis-cli --user probe --no-auth-warning -p {REDIS_PORT} "$@"; }}
[ "$(redis ping)" = PONG ]
redis info replication | grep -qE "role:master|master_link_status:up"
"""

_ALIVE = (
    f'REDISCLI_AUTH="$(cat {RUN}/probe.password)"'
    f" redis-cli --user probe --no-auth-warning -p {REDIS_PORT} ping"
)
"""Any answer will do, «LOADING» too; redis-cli fails where there is none."""


def nodes_service(app: App) -> Object:
    """The Service by which each server has a name; Prometheus finds exporters there, too."""
    ports = {"redis": REDIS_PORT}
    if app.spec.monitoring is not None:
        ports[exporter.PORT_NAME] = exporter.PORT
    return service(app, nodes_name(app), SERVERS, ports, headless=True)


def nodes_name(app: App) -> str:
    """The name of that Service."""
    return named(app, f"{SERVERS}-nodes")


def servers(
    app: App,
    redis: SingleRedis | SentinelRedis,
    *,
    command: list[str],
    config: str,
    replicas: int = 1,
    env: list[Object] | None = None,
    before_stop: list[str] | None = None,
) -> Object:
    """The StatefulSet of the servers.

    Args:
        command: that starts one.
        config: the ConfigMap with all that it reads.
        env: its variables.
        before_stop: a command that runs in its container before it is stopped.
    """
    container = present(
        name="redis",
        image=app.spec.images.redis,
        imagePullPolicy="IfNotPresent",
        command=command,
        env=env,
        ports=[{"name": "redis", "containerPort": REDIS_PORT}],
        # A file of some gigabytes takes its time; nobody may call that hanging.
        startupProbe=_probe(["sh", f"{DIRECTORY}/{READY}"], period=5, failures=120),
        readinessProbe=_probe(["sh", f"{DIRECTORY}/{READY}"], period=5, failures=2),
        livenessProbe=_probe(["sh", "-c", _ALIVE], period=20, failures=6),
        lifecycle=None if before_stop is None else {"preStop": {"exec": {"command": before_stop}}},
        resources=resources(Resources(cpu="100m", memory=redis.memory), ephemeral="64Mi"),
        securityContext=security(),
        volumeMounts=[
            {"name": "config", "mountPath": DIRECTORY, "readOnly": True},
            {"name": "data", "mountPath": DATA},
            {"name": "run", "mountPath": RUN},
        ],
    )
    pod = template(
        app,
        SERVERS,
        config=config,
        user=USER,
        containers=[container, *exporter.containers(app)],
        init_containers=[init_container(app, app.spec.images.redis)],
        grace=GRACE,
    )
    return stateful_set(
        app,
        SERVERS,
        replicas=replicas,
        service_name=nodes_name(app),
        pod=pod,
        volume=volume_claim(app, SERVERS, redis.storage, redis.storage_class),
    )


def _probe(command: list[str], *, period: int, failures: int) -> Object:
    return {
        "exec": {"command": command},
        "failureThreshold": failures,
        "periodSeconds": period,
        "timeoutSeconds": 5,
    }
