"""The proxies before a replication: the Service ``NAME-sessions`` leads to them."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.objects import config_map, metadata, named, selector
from holdfast.kube.pod import security
from holdfast.kube.session_store.choice import PROXY, REDIS_PORT, SERVERS
from holdfast.kube.session_store.haproxy_cfg import (
    HARD_STOP_SECONDS,
    HEALTH_PORT,
    START_SH,
    haproxy_cfg,
)
from holdfast.kube.session_store.pods import budget, service, template
from holdfast.kube.session_store.redis_conf import DIRECTORY, RUN
from holdfast.kube.session_store.users import SCRIPT, init_container, small, users_sh
from holdfast.kube.spec.session import SentinelRedis

USER = 99
"""Of the official image (docker-library/haproxy, Dockerfile-alpine.template)."""

COUNT = 2

_SOFT_STOP = "kill -USR1 1; sleep {seconds}"


def objects(app: App, redis: SentinelRedis) -> Iterator[Object]:
    """Configuration, Service, Deployment, budget."""
    name = named(app, PROXY)
    files = {
        SCRIPT: users_sh(app),
        "haproxy.cfg": haproxy_cfg(app, redis.replicas),
        "start.sh": START_SH,
    }
    config = config_map(app, name, PROXY, files)
    yield config
    yield service(app, named(app, SERVERS), PROXY, {"redis": REDIS_PORT})
    yield _deployment(app, config["metadata"]["name"])
    yield budget(app, PROXY)


def _deployment(app: App, config: str) -> Object:
    container = {
        "name": "haproxy",
        "image": app.spec.images.haproxy,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", f"{DIRECTORY}/start.sh"],
        "ports": [
            {"name": "redis", "containerPort": REDIS_PORT},
            {"name": "health", "containerPort": HEALTH_PORT},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": "health"},
            "periodSeconds": 2,
            "failureThreshold": 2,
        },
        "livenessProbe": {
            "httpGet": {"path": "/live", "port": "health"},
            "periodSeconds": 20,
            "timeoutSeconds": 5,
        },
        # Until nobody is sent here any more; then softly, whatever signal the kubelet has.
        "lifecycle": {
            "preStop": {
                "exec": {
                    "command": [
                        "sh",
                        "-c",
                        f"sleep {app.spec.web.drain}; "
                        + _SOFT_STOP.format(seconds=HARD_STOP_SECONDS),
                    ]
                }
            }
        },
        "resources": small("128Mi"),
        "securityContext": security(),
        "volumeMounts": [
            {"name": "config", "mountPath": DIRECTORY, "readOnly": True},
            {"name": "run", "mountPath": RUN, "readOnly": True},
        ],
    }
    pod = template(
        app,
        PROXY,
        config=config,
        user=USER,
        containers=[container],
        init_containers=[init_container(app, app.spec.images.haproxy)],
        grace=app.spec.web.drain + HARD_STOP_SECONDS + 10,
    )
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(app, named(app, PROXY), PROXY),
        "spec": {
            "replicas": COUNT,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": selector(app, PROXY)},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": pod,
        },
    }
