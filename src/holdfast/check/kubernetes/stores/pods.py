"""Stores that manifests run themselves: the containers of Deployments and StatefulSets."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from typing import Final

from holdfast.check.kubernetes.env import ContainerEnv
from holdfast.check.kubernetes.objects import items
from holdfast.check.kubernetes.quantity import quantity_bytes
from holdfast.check.kubernetes.stores import bitnami, scripted
from holdfast.check.kubernetes.stores.image import REDIS_LIKE, Image, image
from holdfast.check.kubernetes.stores.invocation import PROGRAMS, Invocation, invocation
from holdfast.check.kubernetes.stores.mounted import covering, files_of
from holdfast.check.kubernetes.stores.redis_conf import read_arguments
from holdfast.check.kubernetes.stores.settings import Reading, Settings
from holdfast.check.kubernetes.stores.store import Disk, Keeps, Memory, Role, Store
from holdfast.check.kubernetes.workload import Container, Workload

# Where each writes when nobody says otherwise: the working directory of its image.
_DATA: Final = {
    "redis": "/data", "valkey": "/data", "keydb": "/data", "dragonfly": "/data",
    "mysql": "/var/lib/mysql", "mariadb": "/var/lib/mysql",
    "postgresql": "/var/lib/postgresql",
}  # fmt: skip
_BITNAMI_DATA: Final = {
    "redis": "/bitnami/redis/data", "valkey": "/bitnami/valkey/data",
    "keydb": "/bitnami/keydb/data",
    "mysql": "/bitnami/mysql", "mariadb": "/bitnami/mariadb", "postgresql": "/bitnami/postgresql",
}  # fmt: skip
_KEEPS: Final = {
    "persistentVolumeClaim": Keeps.CLAIM, "volumeClaimTemplate": Keeps.CLAIM,
    "nfs": Keeps.CLAIM, "csi": Keeps.CLAIM, "awsElasticBlockStore": Keeps.CLAIM,
    "gcePersistentDisk": Keeps.CLAIM, "azureDisk": Keeps.CLAIM, "azureFile": Keeps.CLAIM,
    "cephfs": Keeps.CLAIM, "rbd": Keeps.CLAIM, "iscsi": Keeps.CLAIM, "glusterfs": Keeps.CLAIM,
    "hostPath": Keeps.NODE, "local": Keeps.NODE,
    "emptyDir": Keeps.POD, "ephemeral": Keeps.POD,
}  # fmt: skip
# The variable whose words the entry point of an image adds to the arguments.
_EXTRA: Final = {("valkey", "plain"): "VALKEY_EXTRA_FLAGS", ("redis", "stack"): "REDIS_ARGS"}


def stores_in(workloads: Iterable[Workload]) -> Iterator[Store]:
    """The stores that workloads run for ever."""
    for workload in workloads:
        if not workload.endless:
            continue
        found = [store for container in workload.containers if (store := _store(container))]
        surely = {store.product for store in found if _starts_it(store)}
        # A helper beside a server, a script in the same image, is none.
        yield from (s for s in found if _starts_it(s) or s.product not in surely)


def _starts_it(store: Store) -> bool:
    """Whether its container surely starts the server, not a script that may do anything."""
    if store.container is None:
        return False
    started = invocation(store.container)
    return bool(started.program or started.words or not started.whole)


def _store(container: Container) -> Store | None:
    started = invocation(container)
    named = image(container.image)
    program = PROGRAMS.get(started.program)
    if program and (named is None or named.product != program):
        # A program of that name is what its name says; how its image is set is not known.
        named = Image(program, "other")
    if named is None or (container.command and not program and _does_something_else(started)):
        return None
    settings = _settings(container, named, started)
    return Store(
        named.product,
        container.workload.object,
        container.at("image"),
        _role(named, started, settings, container),
        container.workload.scale,
        settings,
        _disk(container, named, settings),
        _memory(container),
        container.workload.labels,
        container,
    )


def _does_something_else(started: Invocation) -> bool:
    """Whether an image of a store is used for a client's work (``redis-cli``, ``pg_dump``)."""
    names = [posixpath.basename(script) for script in started.scripts]
    clients = ("redis-cli", "valkey-cli", "mysql", "mysqldump", "psql", "pg_dump", "sleep", "sh")
    return any(name in clients for name in names)


def _settings(container: Container, named: Image, started: Invocation) -> Settings:
    reading = Reading()
    files = files_of(container)
    if named.product in REDIS_LIKE:
        if named.maker == "bitnami":
            bitnami.read(reading, container, started, files)
        else:
            if named.maker == "other":
                reading.leave_open("its image may have a configuration of its own")
            read_arguments(reading, started.words, files)
            scripted.read(reading, started.scripts, files)
            extra = _EXTRA.get((named.product, named.maker))
            if extra and not items(container.body, "command"):
                variable = container.env.get(extra)
                if variable:
                    words = variable.value.split() if variable.value else []
                    read_arguments(reading, [(word, variable.place) for word in words], files)
                    if variable.value is None:
                        reading.forget(f"{extra} is not known")
            if named.product == "dragonfly":
                _read_dragonfly(reading, container.env)
        if any("config set" in word.lower() for word, _place in container.texts()):
            reading.forget("it is set anew when it runs")
    else:
        reading.leave_open("its settings are not read")
    if started.whole and not (named.maker == "bitnami" and bitnami.starts(started)):
        reading.leave_open(started.whole)
    # The official images of Redis and KeyDB look at no variables.
    deaf = named.maker == "plain" and named.product in ("redis", "keydb")
    if container.env.more and not deaf:
        reading.leave_open("some of its environment is not among the manifests")
    return reading.settings()


def _read_dragonfly(reading: Reading, env: ContainerEnv) -> None:
    """Dragonfly takes each flag as a variable too, and its password under a name of its own."""
    for name, variable in env.items():
        if name == "DFLY_PASSWORD":
            reading.set("requirepass", variable.value, variable.place)
        elif name.startswith("DFLY_"):
            reading.set(name.removeprefix("DFLY_").lower(), variable.value, variable.place)


def _role(named: Image, started: Invocation, settings: Settings, container: Container) -> Role:
    sentinel = started.program.endswith("-sentinel") or settings.get("sentinel") is not None
    if named.sentinel or sentinel:
        return Role.SENTINEL
    if settings.value("cluster-enabled", "no") == "yes" or settings.get("cluster_mode"):
        return Role.CLUSTER
    replica = settings.get("replicaof")
    if "--replicaof" in started.added:
        return Role.REPLICATION
    if replica and (replica.value or "").lower() != "no one":
        return Role.REPLICA
    if told := scripted.role(started.scripts, files_of(container)):
        return told
    if any(other.path != container.path and _is_sentinel(other) for other in
           container.workload.containers):  # fmt: skip
        return Role.REPLICATION
    if named.maker == "bitnami":
        if role := bitnami.chart_role(started):
            return role
        if bitnami.replication_mode(container.env):
            return Role.MASTER
    return Role.UNKNOWN if settings.open else Role.ALONE


def _is_sentinel(container: Container) -> bool:
    named, started = image(container.image), invocation(container)
    return bool(
        (named and named.sentinel)
        or started.program.endswith("-sentinel")
        or any(word == "--sentinel" for word, _place in started.words)
        or any("start-sentinel" in script for script in started.scripts)
    )


def _disk(container: Container, named: Image, settings: Settings) -> Disk:
    said = settings.get("dir") or settings.get("datadir")
    if said:
        path = said.value or ""
    elif settings.open:
        path = ""
    elif named.maker == "bitnami":
        path = _BITNAMI_DATA.get(named.product, "")
    elif named.maker == "other":
        path = ""
    else:
        path = _DATA.get(named.product, "")
    if not path.startswith("/"):
        # A relative one starts at the working directory.
        base = _DATA.get(named.product, "") if named.maker in ("plain", "stack") else ""
        path = posixpath.normpath(posixpath.join(base, path)) if base and path else ""
    if not path:
        return _guess(container)
    mount = covering(container.mounts(), path)
    if mount is None:
        return Disk(Keeps.CONTAINER, container.at("volumeMounts"), path)
    return Disk(_KEEPS.get(mount.volume.kind, Keeps.UNKNOWN), mount.place, path)


def _guess(container: Container) -> Disk:
    """Without the directory: only a container that has no volume to write to is certain."""
    writable = [
        mount
        for mount in container.mounts()
        if mount.volume.kind not in ("configMap", "secret", "downwardAPI", "projected")
    ]
    if not writable:
        return Disk(Keeps.CONTAINER, container.at("volumeMounts"))
    kinds = {_KEEPS.get(mount.volume.kind, Keeps.UNKNOWN) for mount in writable}
    keeps = kinds.pop() if kinds == {Keeps.POD} else Keeps.UNKNOWN
    return Disk(keeps, writable[0].place)


def _memory(container: Container) -> Memory | None:
    size = quantity_bytes(container.get("resources", "limits", "memory"))
    if size is None:
        return None
    return Memory(size, container.at("resources", "limits", "memory"))
