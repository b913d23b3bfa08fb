"""Objects of OT-CONTAINER-KIT's redis-operator: it makes the pods, labels the master, and has a
Service that follows it.

OT-CONTAINER-KIT/redis-operator v0.26.0 (5dd04e1): the Services in
internal/k8sutils/redis-replication.go (``NAME-master`` selects ``redis-role: master``), labels of
the custom resource on its pods in internal/controller/common/labels.go, the configuration in
internal/agent/bootstrap/redis/config.go (persistence with a claim, the additional file included
last, the password unquoted).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.environment.gather import secret_name
from holdfast.kube.objects import config_map, metadata, named, present, service_account
from holdfast.kube.pod import pod_security, resources
from holdfast.kube.session_store.choice import SENTINELS, SERVERS, password_key
from holdfast.kube.session_store.exporter import PORT
from holdfast.kube.session_store.pods import claim
from holdfast.kube.session_store.redis_conf import DURABLE, LATE_SECONDS, full
from holdfast.kube.session_store.sentinel_scripts import DOWN_SECONDS, QUORUM, SENTINEL_COUNT
from holdfast.kube.session_store.server import GRACE
from holdfast.kube.session_store.users import small
from holdfast.kube.spec.session import OperatorRedis
from holdfast.kube.spec.words import Resources

_API = "redis.redis.opstreelabs.in/v1beta2"
_USER = 1000
"""Of the operator's images."""


def objects(app: App, redis: OperatorRedis) -> Iterator[Object]:
    """Account, configuration, replication, Sentinels."""
    name = named(app, SERVERS)
    config = config_map(app, name, SERVERS, {"redis-additional.conf": _configuration(redis)})
    yield service_account(app, name, SERVERS)
    yield config
    yield _replication(app, redis, config["metadata"]["name"])
    yield _sentinels(app)


def decisions(app: App, redis: OperatorRedis) -> Iterator[Decision]:
    """What is the operator's part."""
    yield Decision(
        "session store",
        f"{redis.replicas} Redis servers of {redis.memory} each, run by redis-operator",
        f"Laravel connects to {named(app, SERVERS)}-master, which the operator points to the"
        " master: it looks every 30 s and at every change of its pods, so a failover takes longer"
        " than with `session.store.sentinel`.",
    )
    yield Decision(
        "password of the session store",
        f"{password_key(app)} of {secret_name(app)}: letters and digits only",
        "the operator writes it into redis.conf without quotes, and the application is Redis's"
        " user `default`, with all rights but FLUSHALL and FLUSHDB.",
    )
    yield Decision(
        "durability of sessions",
        f"append-only file; a master that no replica has heard for {LATE_SECONDS} s refuses to"
        " write",
        "replication does not wait: a master that dies takes the last milliseconds with it.",
    )


def _configuration(redis: OperatorRedis) -> str:
    lines = (
        *DURABLE,
        *full(redis),
        "# A master that no replica hears refuses writes: whoever takes over would not have them.",
        "min-replicas-to-write 1",
        f"min-replicas-max-lag {LATE_SECONDS}",
        "# Nobody empties the store by mistake, cache:clear on the wrong connection least of all.",
        'rename-command FLUSHALL ""',
        'rename-command FLUSHDB ""',
        "",
    )
    return "\n".join(lines)


def _replication(app: App, redis: OperatorRedis, config: str) -> Object:
    data = claim(app, SERVERS, redis.storage, redis.storage_class)
    return {
        "apiVersion": _API,
        "kind": "RedisReplication",
        "metadata": metadata(app, named(app, SERVERS), SERVERS),
        "spec": present(
            **_common(app),
            clusterSize=redis.replicas,
            kubernetesConfig=present(
                image=app.spec.images.operator_redis,
                imagePullPolicy="IfNotPresent",
                imagePullSecrets=_pull_secrets(app),
                redisSecret=_password(app),
                resources=resources(Resources(cpu="100m", memory=redis.memory), ephemeral="64Mi"),
                persistentVolumeClaimRetentionPolicy={
                    "whenDeleted": "Retain",
                    "whenScaled": "Retain",
                },
            ),
            redisConfig={"additionalRedisConfig": config},
            redisExporter=_exporter(app),
            storage={"keepAfterDelete": True, "volumeClaimTemplate": {"spec": data["spec"]}},
            terminationGracePeriodSeconds=GRACE,
        ),
    }


def _sentinels(app: App) -> Object:
    key = {"name": secret_name(app), "key": password_key(app)}
    return {
        "apiVersion": _API,
        "kind": "RedisSentinel",
        "metadata": metadata(app, named(app, SERVERS), SENTINELS),
        "spec": present(
            **_common(app),
            clusterSize=SENTINEL_COUNT,
            kubernetesConfig=present(
                image=app.spec.images.operator_sentinel,
                imagePullPolicy="IfNotPresent",
                imagePullSecrets=_pull_secrets(app),
                redisSecret=_password(app),
                resources=small("64Mi"),
            ),
            redisSentinelConfig={
                "downAfterMilliseconds": str(DOWN_SECONDS * 1000),
                "failoverTimeout": "15000",
                "masterGroupName": "sessions",
                "parallelSyncs": "1",
                "quorum": str(QUORUM),
                "redisReplicationName": named(app, SERVERS),
                "redisReplicationPassword": {"secretKeyRef": key},
            },
        ),
    }


def _common(app: App) -> Object:
    return present(
        pdb={"enabled": True, "maxUnavailable": 1},
        podSecurityContext=pod_security(_USER),
        priorityClassName=app.spec.priority_class,
        securityContext={
            # Its entry point writes /etc/redis/redis.conf.
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
        },
        serviceAccountName=named(app, SERVERS),
    )


def _password(app: App) -> Object:
    return {"name": secret_name(app), "key": password_key(app)}


def _pull_secrets(app: App) -> list[Object]:
    return [{"name": name} for name in app.spec.pull_secrets]


def _exporter(app: App) -> Object | None:
    if app.spec.monitoring is None:
        return None
    return {
        "enabled": True,
        "image": app.spec.images.redis_exporter,
        "imagePullPolicy": "IfNotPresent",
        "port": PORT,
        "resources": small("64Mi"),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
    }
