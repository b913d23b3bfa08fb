"""Stores that an operator makes of a custom resource, with the Services that it makes for them.

OT-CONTAINER-KIT/redis-operator v0.26.0 (``internal/k8sutils/redis-*.go``,
``internal/agent/bootstrap/redis/config.go``), spotahome/redis-operator 632aa3d
(``operator/redisfailover/service``), dragonflydb/dragonfly-operator b28637d
(``internal/resources/resources.go``), valkey-io/valkey-operator c33988f
(``ValkeyCluster``, v1alpha1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from holdfast.check.kubernetes.objects import Object, Objects, get, items, text, whole, words
from holdfast.check.kubernetes.quantity import quantity_bytes
from holdfast.check.kubernetes.stores.redis_conf import read_arguments, read_file
from holdfast.check.kubernetes.stores.settings import Reading
from holdfast.check.kubernetes.stores.store import Disk, Keeps, Memory, Role, Store
from holdfast.check.kubernetes.workload import Scale

_OT_GROUP: Final = "redis.redis.opstreelabs.in"
_OT_EXTRA: Final = "redis-additional.conf"
# The operator's word for «keep it»: the same that it writes into redis.conf.
_OT_SAVES: Final = "900 1 300 10 60 10000"


def stores_made(objects: Objects) -> Iterator[Store]:
    """The stores that operators make of custom resources."""
    for (group, kind), read in _KINDS.items():
        for found in objects.of(kind):
            if found.group == group:
                yield from read(found, objects)


def _ot_redis(found: Object, objects: Objects) -> Iterator[Store]:
    yield _ot(found, objects, Role.ALONE, Scale(1, 1, found.at("kind"), str(found)), {
        found.name: Role.ALONE, f"{found.name}-headless": Role.ALONE,
        f"{found.name}-additional": Role.ALONE,
    })  # fmt: skip


def _ot_replication(found: Object, objects: Objects) -> Iterator[Store]:
    scale = _scale(found, "spec", "clusterSize")
    services = {
        f"{found.name}-master": Role.MASTER,
        f"{found.name}-replica": Role.REPLICA,
        found.name: Role.REPLICATION,
        f"{found.name}-headless": Role.REPLICATION,
        f"{found.name}-additional": Role.REPLICATION,
    }
    yield _ot(found, objects, Role.REPLICATION, scale, services)


def _ot_cluster(found: Object, objects: Objects) -> Iterator[Store]:
    names = [f"{found.name}-{part}" for part in ("leader", "follower", "master")]
    services = {
        name + suffix: Role.CLUSTER for name in names for suffix in ("", "-headless", "-additional")
    }
    yield _ot(found, objects, Role.CLUSTER, _scale(found, "spec", "clusterSize"), services)


def _ot_sentinel(found: Object, objects: Objects) -> Iterator[Store]:
    names = [f"{found.name}-sentinel{suffix}" for suffix in ("", "-headless", "-additional")]
    yield Store(
        "redis", found, found.at("kind"), Role.SENTINEL, _scale(found, "spec", "clusterSize"),
        Reading().settings(), Disk(Keeps.UNKNOWN, found.at("spec")),
        services=dict.fromkeys(names, Role.SENTINEL),
    )  # fmt: skip


def _ot(
    found: Object, objects: Objects, role: Role, scale: Scale | None, services: Mapping[str, Role]
) -> Store:
    reading = Reading()
    at = found.at("spec")
    storage = found.get("spec", "storage")
    asked = found.get("spec", "persistenceEnabled")
    persistent = storage is not None and (role is not Role.CLUSTER or asked is True)
    if found.get("spec", "kubernetesConfig", "redisSecret", "name"):
        reading.set("requirepass", None, found.at("spec", "kubernetesConfig", "redisSecret"))
    if found.get("spec", "acl") is not None:
        reading.set("aclfile", None, found.at("spec", "acl"))
    if found.get("spec", "TLS") is not None:
        reading.set("tls-port", "6379", found.at("spec", "TLS"))
    if role is Role.CLUSTER:
        reading.set("cluster-enabled", "yes", found.at("kind"))
    if persistent:
        reading.set("save", _OT_SAVES, found.at("spec", "storage"))
        reading.set("appendonly", "yes", found.at("spec", "storage"))
    memory = _memory(found, "spec", "kubernetesConfig", "resources")
    percent = whole(found.get("spec", "redisConfig", "maxMemoryPercentOfLimit"))
    if percent:
        size = str(memory.bytes * percent // 100) if memory else None
        reading.set("maxmemory", size, found.at("spec", "redisConfig", "maxMemoryPercentOfLimit"))
    _extra(found, objects, reading)
    for index, line in enumerate(items(found.body, "spec", "redisConfig", "dynamicConfig")):
        where = found.at("spec", "redisConfig", "dynamicConfig", index)
        read_file(reading, (text(line), where), lambda _path: None)
    if found.get("spec", "redisLeader", "redisConfig") is not None:
        reading.leave_open("its leaders have a configuration of their own")
    keeps = Keeps.CONTAINER
    if get(storage, "volumeClaimTemplate") is not None:
        keeps = Keeps.CLAIM
    elif storage is not None:
        keeps = Keeps.UNKNOWN
    place = found.at("spec", "storage") if storage is not None else at
    return Store(
        "redis", found, found.at("kind"), role, scale, reading.settings(),
        Disk(keeps, place, "/data"), memory, services=services,
    )  # fmt: skip


def _extra(found: Object, objects: Objects, reading: Reading) -> None:
    """``additionalRedisConfig``: the name of a ConfigMap."""
    name = text(found.get("spec", "redisConfig", "additionalRedisConfig"))
    if not name:
        return
    config = objects.find("ConfigMap", name, found.namespace)
    variable = config.values.get(_OT_EXTRA) if config else None
    if variable is None or variable.value is None:
        reading.forget(f"ConfigMap {name} is not among the manifests")
    else:
        read_file(reading, (variable.value, variable.place), lambda _path: None)


def _failover(found: Object, _objects: Objects) -> Iterator[Store]:
    """``RedisFailover``: replicas and Sentinels."""
    reading = Reading()
    reading.set("save", "900 1 300 10", found.at("kind"))
    port = whole(found.get("spec", "redis", "port"))
    if port:
        reading.set("port", str(port), found.at("spec", "redis", "port"))
    if text(found.get("spec", "auth", "secretPath")):
        reading.set("requirepass", None, found.at("spec", "auth", "secretPath"))
    for index, line in enumerate(items(found.body, "spec", "redis", "customConfig")):
        where = found.at("spec", "redis", "customConfig", index)
        read_file(reading, (text(line), where), lambda _path: None)
    storage = found.get("spec", "redis", "storage")
    keeps = Keeps.CLAIM if get(storage, "persistentVolumeClaim") is not None else Keeps.POD
    yield Store(
        "redis", found, found.at("kind"), Role.REPLICATION,
        _scale(found, "spec", "redis", "replicas"), reading.settings(),
        Disk(keeps, found.at("spec", "redis", "storage"), "/data"),
        _memory(found, "spec", "redis", "resources"),
        services={
            f"rfrm-{found.name}": Role.MASTER, f"rfrs-{found.name}": Role.REPLICA,
            f"rfr-{found.name}": Role.REPLICATION,
        },
    )  # fmt: skip
    yield Store(
        "redis", found, found.at("kind"), Role.SENTINEL,
        _scale(found, "spec", "sentinel", "replicas"), Reading().settings(),
        Disk(Keeps.UNKNOWN, found.at("spec")), services={f"rfs-{found.name}": Role.SENTINEL},
    )  # fmt: skip


def _dragonfly(found: Object, _objects: Objects) -> Iterator[Store]:
    """``Dragonfly``: its one Service follows the master."""
    reading = Reading()
    flags = [
        (text(word), found.at("spec", "args", index))
        for index, word in enumerate(items(found.body, "spec", "args"))
    ]
    read_arguments(reading, flags, lambda _path: None)
    if found.get("spec", "authentication", "passwordFromSecret") is not None:
        where = found.at("spec", "authentication", "passwordFromSecret")
        reading.set("requirepass", None, where)
    if found.get("spec", "tlsSecretRef") is not None:
        reading.set("tls", "true", found.at("spec", "tlsSecretRef"))
    snapshot = found.get("spec", "snapshot")
    if text(get(snapshot, "cron")):
        reading.set("snapshot_cron", text(get(snapshot, "cron")), found.at("spec", "snapshot"))
    claims = ("persistentVolumeClaimSpec", "existingPersistentVolumeClaimName")
    keeps = Keeps.CONTAINER
    if any(get(snapshot, claim) is not None for claim in claims):
        keeps = Keeps.CLAIM
    elif snapshot is not None:
        keeps = Keeps.UNKNOWN
    name = text(found.get("spec", "serviceSpec", "name")) or found.name
    yield Store(
        "dragonfly", found, found.at("kind"), Role.REPLICATION, _scale(found, "spec", "replicas"),
        reading.settings(), Disk(keeps, found.at("spec", "snapshot")),
        _memory(found, "spec", "resources"), services={name: Role.MASTER},
    )  # fmt: skip


def _valkey_cluster(found: Object, _objects: Objects) -> Iterator[Store]:
    """``ValkeyCluster``: what it is and is told; its other fields still change."""
    reading = Reading()
    for name, value in words(found.get("spec", "config")).items():
        reading.set(name.lower(), value, found.at("spec", "config", name))
    reading.leave_open("not all fields of ValkeyCluster are read")
    shards, replicas = (whole(found.get("spec", name)) for name in ("shards", "replicas"))
    pods = None if shards is None else shards * (1 + (replicas or 0))
    scale = None if pods is None else Scale(pods, pods, found.at("spec", "shards"), str(found))
    yield Store(
        "valkey", found, found.at("kind"), Role.CLUSTER, scale, reading.settings(),
        Disk(Keeps.UNKNOWN, found.at("spec")), _memory(found, "spec", "resources"),
        services={f"valkey-{found.name}": Role.CLUSTER},
    )  # fmt: skip


_KINDS: Final[Mapping[tuple[str, str], Callable[[Object, Objects], Iterator[Store]]]] = {
    (_OT_GROUP, "Redis"): _ot_redis,
    (_OT_GROUP, "RedisReplication"): _ot_replication,
    (_OT_GROUP, "RedisCluster"): _ot_cluster,
    (_OT_GROUP, "RedisSentinel"): _ot_sentinel,
    ("databases.spotahome.com", "RedisFailover"): _failover,
    ("dragonflydb.io", "Dragonfly"): _dragonfly,
    ("valkey.io", "ValkeyCluster"): _valkey_cluster,
}


def _scale(found: Object, *path: str) -> Scale | None:
    number = whole(found.get(*path))
    return None if number is None else Scale(number, number, found.at(*path), str(found))


def _memory(found: Object, *path: str) -> Memory | None:
    size = quantity_bytes(found.get(*path, "limits", "memory"))
    return None if size is None else Memory(size, found.at(*path, "limits", "memory"))
