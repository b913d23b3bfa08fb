"""redis.conf: sessions are written to disk, never evicted, and not mixed with a cache."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.kube.quantity import MEBI
from holdfast.kube.session_store.capacity import max_memory
from holdfast.kube.session_store.choice import REDIS_PORT, Redis
from holdfast.kube.spec.session import SentinelRedis

DIRECTORY = "/etc/redis"
"""Where the configuration is in the container."""
DATA = "/data"
RUN = "/run/redis"
"""In memory: what is made at the start of the pod."""

USERS_FILE = f"{RUN}/users.acl"
SHUTDOWN_SECONDS = 10
"""How long a master that is stopped waits until a replica has what it has."""
LATE_SECONDS = 5
"""A replica that has not confirmed anything for so long is no replica; as long as Sentinels take to
see that a master is gone."""

DURABLE = (
    "# Every write is in the kernel's hands before it is answered, and on the disk a second later:",
    "# the death of the process loses nothing, a power cut what was written in the last second.",
    "appendonly yes",
    "appendfsync everysec",
    "# The append-only file is enough; snapshots beside it would fork for nothing.",
    'save ""',
)
"""What keeps sessions through a restart."""


_REPLICAS_PASSWORD = (
    "# By whom replicas are let in; first, so that nothing below can be overridden.",
    f"include {RUN}/replica.conf",
)


def full(redis: Redis) -> Sequence[str]:
    """What happens when the memory is used up: writes are refused, nobody is logged out."""
    return (
        f"maxmemory {max_memory(redis)}",
        "maxmemory-policy noeviction",
    )


def redis_conf(redis: Redis) -> str:
    """The configuration of a server; what differs between pods is made at their start."""
    lines = [
        *(_REPLICAS_PASSWORD if isinstance(redis, SentinelRedis) else ()),
        f"port {REDIS_PORT}",
        "bind * -::*",
        f"dir {DATA}",
        "# Who may do what; made of the password in the Secret, see users.sh.",
        f"aclfile {USERS_FILE}",
        "protected-mode yes",
        "",
        *DURABLE,
        "",
        "# The rest of the container's memory is for what Redis does not count: pages copied while",
        "# it rewrites its file, buffers. When it is full it refuses writes and logs nobody out.",
        *full(redis),
        "",
        "# Idle workers stay connected; peers that are gone are noticed within a minute or two.",
        "timeout 0",
        "tcp-keepalive 60",
        f"shutdown-timeout {SHUTDOWN_SECONDS}",
    ]
    if isinstance(redis, SentinelRedis):
        lines += ["", *_replication(redis)]
    return "\n".join((*lines, ""))


def _replication(redis: Redis) -> Sequence[str]:
    backlog = max(max_memory(redis) // 32, MEBI)
    return (
        "# A master that no replica hears refuses writes: whoever takes over would not have them.",
        "min-replicas-to-write 1",
        f"min-replicas-max-lag {LATE_SECONDS}",
        "# A replica that was away for a moment is told what it missed, not everything.",
        f"repl-backlog-size {backlog}",
        "repl-diskless-sync-delay 0",
    )
