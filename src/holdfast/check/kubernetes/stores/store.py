"""A server that can keep sessions, as it stands in manifests."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from holdfast.check.kubernetes.objects import Object
from holdfast.check.kubernetes.stores.image import REDIS_LIKE
from holdfast.check.kubernetes.stores.settings import Setting, Settings, memory_bytes
from holdfast.check.kubernetes.workload import Container, Scale
from holdfast.manifests.place import Place

PORTS: Final = {
    "redis": 6379, "valkey": 6379, "keydb": 6379, "dragonfly": 6379,
    "memcached": 11211,
    "mysql": 3306, "mariadb": 3306, "postgresql": 5432, "pgbouncer": 6432,
}  # fmt: skip
SENTINEL_PORT: Final = 26379


class Role(enum.Enum):
    """What the pods of a store are to each other."""

    ALONE = "alone"
    """Each knows of itself only."""
    MASTER = "master"
    REPLICA = "replica"
    REPLICATION = "replication"
    """One of them takes writes, the others follow it; which one may change."""
    CLUSTER = "cluster"
    """Redis Cluster: each has a part of the keys."""
    SENTINEL = "sentinel"
    """They tell where the master is, and keep nothing."""
    UNKNOWN = "unknown"


class Keeps(enum.Enum):
    """How long what a store writes to its disk is there."""

    CLAIM = "claim"
    """On a PersistentVolumeClaim: whatever becomes of the pod."""
    NODE = "node"
    """In a directory of its node: as long as the pod comes back there."""
    POD = "pod"
    """In a volume that is deleted with the pod (emptyDir, a generic ephemeral volume)."""
    CONTAINER = "container"
    """In the container: until that is started again."""
    UNKNOWN = "unknown"


class Disk(msgspec.Struct, frozen=True):
    """Where a store writes.

    Args:
        keeps: for how long.
        place: of the mount, or of what would have one.
        path: of its data in the container; empty where it is not known.
    """

    keeps: Keeps
    place: Place
    path: str = ""


class Memory(msgspec.Struct, frozen=True):
    """The limit of a container's memory, in bytes."""

    bytes: int
    place: Place


@dataclass(frozen=True, eq=False)
class Store:
    """A server.

    Args:
        product: as in ``image.Image``.
        object: the workload, or the custom resource that an operator makes workloads of.
        place: what says that it is one: its image, or the resource's kind.
        role: of its pods.
        scale: how many there are; None where that is not known.
        settings: what it is told.
        disk: where it writes.
        memory: its limit; None where it has none, or it is not known.
        labels: of its pods; empty where an operator makes them.
        container: that it runs in; None where an operator makes it.
        services: the Services that an operator makes, and to which pods they lead.
    """

    product: str
    object: Object
    place: Place
    role: Role
    scale: Scale | None
    settings: Settings = field(repr=False)
    disk: Disk
    memory: Memory | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    container: Container | None = field(default=None, repr=False)
    services: Mapping[str, Role] = field(default_factory=dict)

    @property
    def redis_like(self) -> bool:
        """Whether it speaks Redis's protocol."""
        return self.product in REDIS_LIKE

    @property
    def port(self) -> int | None:
        """That it listens on; None where it is not known."""
        default = SENTINEL_PORT if self.role is Role.SENTINEL else PORTS[self.product]
        said = self.settings.get("port")
        if said is None:
            return default
        return int(said.value) if said.value and said.value.isdecimal() else None

    @property
    def max_memory(self) -> int | None:
        """Bytes after which it evicts or refuses; 0 for none, None where it is not known."""
        return memory_bytes(self.settings.value("maxmemory", "0"))

    @property
    def evicts(self) -> Setting | None:
        """What makes it throw keys away when it is full; None where it does not, or nobody knows.

        Redis 7.0, ``redis.conf``: ``maxmemory-policy`` counts where ``maxmemory`` is not 0.
        Dragonfly: the flag ``cache_mode``.
        """
        if self.product == "dragonfly":
            mode = self.settings.get("cache_mode")
            return mode if mode and mode.value in ("", "true", "1") else None
        policy = self.settings.get("maxmemory-policy")
        if policy is None or not policy.value or policy.value == "noeviction":
            return None
        return policy if self.max_memory else None

    @property
    def evicts_perhaps(self) -> bool:
        """Whether it may throw keys away, by settings that are not known."""
        if self.product == "dragonfly":
            return self.settings.value("cache_mode", "false") is None
        policy = self.settings.value("maxmemory-policy", "noeviction")
        return policy != "noeviction" and (policy is None or self.max_memory is None)

    @property
    def single(self) -> bool:
        """Whether it is one pod, and no other takes its place when that is gone."""
        alone = self.role in (Role.ALONE, Role.MASTER, Role.UNKNOWN)
        few = self.scale is not None and self.scale.most == 1
        return few and (alone or self.product == "dragonfly")

    def __str__(self) -> str:
        """``StatefulSet shop/redis``."""
        return str(self.object)
