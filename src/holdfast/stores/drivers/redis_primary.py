"""Which node is the primary: the one of the URL, or the one that the Sentinels name.

Every new connection asks, through redis-py's own client of Sentinel, and asks the node itself what
it is; a connection to a node that is no longer the primary is closed as soon as that is known.
Nothing asks in the background.
"""

from __future__ import annotations

import threading
from typing import Any

import anyio
from redis.asyncio.sentinel import Sentinel as ASentinel
from redis.sentinel import Sentinel

from holdfast.stores.drivers.redis_errors import Address, finding, sentinel_settings
from holdfast.stores.redis import RedisStore

_Sentinel: Any = Sentinel  # redis-py's own classes are untyped
_ASentinel: Any = ASentinel


class Primary:
    """For threads. ``address`` is where the primary was when it was asked for last."""

    def __init__(self, store: RedisStore) -> None:
        self.address: Address = (store.host, store.port)
        self._store = store
        # It puts the Sentinel that answered first; two threads at once could lose one.
        self._lock = threading.Lock()
        self._sentinel = _Sentinel(store.sentinels, sentinel_kwargs=sentinel_settings(store))

    def find(self) -> Address:
        """Where the primary is now; raises StoreUnavailable where nobody knows."""
        if self._store.sentinels:
            with self._lock, finding(self._store):
                self.address = self._sentinel.discover_master(self._store.service)
        return self.address

    def close(self) -> None:
        """Close the connections to Sentinels."""
        self._sentinel.close()


class APrimary:
    """For tasks. ``address`` is where the primary was when it was asked for last."""

    def __init__(self, store: RedisStore) -> None:
        self.address: Address = (store.host, store.port)
        self._store = store
        self._lock = anyio.Lock()
        self._sentinel = _ASentinel(store.sentinels, sentinel_kwargs=sentinel_settings(store))

    async def find(self) -> Address:
        """Where the primary is now; raises StoreUnavailable where nobody knows."""
        if self._store.sentinels:
            async with self._lock:
                with finding(self._store):
                    self.address = await self._sentinel.discover_master(self._store.service)
        return self.address

    async def close(self) -> None:
        """Close the connections to Sentinels."""
        await self._sentinel.aclose()
