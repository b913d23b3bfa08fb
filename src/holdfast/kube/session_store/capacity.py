"""How much fits into a Redis: what it is told, and what a person is told."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.quantity import MEBI, whole
from holdfast.kube.session_store.choice import Redis

LEAST_MEMORY = 64 * MEBI
"""Below this Redis itself, its connections and a fork leave next to nothing for sessions."""

TYPICAL = 2000
"""Characters of a typical session: a login, a token, an address, some flash data, a cart."""
OVERHEAD = 386
"""Bytes that a key of 56 characters, its expiry and the allocator add to such a session: measured
on Redis 7.0.15 with jemalloc 5.3.0, 20,000 sessions of 1,000 to 3,000 characters, evenly."""


def max_memory(redis: Redis) -> int:
    """Bytes that Redis may fill: 70 % of its container's, in whole MiB.

    The rest is for what Redis does not count: pages that are copied while the append-only file is
    rewritten, buffers of replicas, fragmentation.
    """
    return whole(redis.memory) * 7 // 10 // MEBI * MEBI


def least_storage(redis: Redis) -> int:
    """Bytes of disk that the append-only file may need.

    It is rewritten once it has doubled (``auto-aof-rewrite-percentage 100``); until the new one is
    whole, there are the old base, as much again that was added, and the new base.
    """
    return 3 * max_memory(redis)


def sessions(redis: Redis) -> int:
    """About how many typical sessions fit in, to two digits."""
    exact = max_memory(redis) // (TYPICAL + OVERHEAD)
    unit: int = 10 ** max(len(str(exact)) - 2, 0)
    return exact // unit * unit


def described(app: App, redis: Redis) -> str:
    """What a person is told."""
    lifetime = app.spec.session.lifetime
    return (
        f"about {sessions(redis):,} sessions of {TYPICAL // 1000} kB at a time, those of the last"
        f" {lifetime} minutes"
    )
