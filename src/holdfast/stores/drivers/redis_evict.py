"""A Redis that runs out of memory, for rehearsals: what allkeys-lru does to sessions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis

from holdfast.stores.drivers.redis_errors import mapped, settings
from holdfast.stores.redis import RedisStore

ROOM_BYTES = 8 * 1024 * 1024
"""What may come on top before anything is evicted; far more than connections take and give back,
which would decide what is evicted otherwise."""

JUNK_BYTES = 2048
MOST_JUNK = 4 * ROOM_BYTES // JUNK_BYTES
_AT_ONCE = 200

_Client = Any  # redis-py's own class is partly untyped


def evict(store: RedisStore, part: float = 0.5) -> int:
    """Let a server run out of memory under ``maxmemory-policy allkeys-lru`` until it has evicted
    ``part`` of the keys that it had, or has taken :data:`MOST_JUNK` keys of junk; then undo both.

    For a server of our own: other applications' keys are evicted too.

    Returns:
        How many of the keys that it had are gone.

    Raises:
        StoreError: it cannot be reached or does not permit it.
    """
    with mapped(store.where, sent=False), Redis(**settings(store)) as client:
        had = list(client.scan_iter(count=1000))
        if not had:
            return 0
        names = [b"holdfast:junk:%d" % number for number in range(MOST_JUNK)]
        written = gone = 0
        try:
            with _little_memory(client):
                while gone < math.ceil(part * len(had)) and written < MOST_JUNK:
                    _set(client, names[written : written + _AT_ONCE])
                    written += _AT_ONCE
                    gone = len(had) - client.exists(*had)
        finally:
            for start in range(0, written, _AT_ONCE):
                client.unlink(*names[start : start + _AT_ONCE])
        return gone


def _set(client: _Client, names: list[bytes]) -> None:
    pipeline = client.pipeline(transaction=False)
    for name in names:
        pipeline.set(name, bytes(JUNK_BYTES))
    pipeline.execute()


@contextmanager
def _little_memory(client: _Client) -> Iterator[None]:
    """Room for :data:`ROOM_BYTES` more than there is, and allkeys-lru; at the end as it was."""
    before = client.config_get("maxmemory*")
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", client.info("memory")["used_memory"] + ROOM_BYTES)
    try:
        yield
    finally:
        for name in ("maxmemory", "maxmemory-policy"):
            client.config_set(name, before[name])
