"""Locks in this process: Laravel's ``array`` store. For tests; the yardstick of the others."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio.lowlevel

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.stores.locks import Acquire, Held, Locked, Release
from holdfast.stores.url import StoreUrl


@dataclass(frozen=True)
class MemoryLocks:
    """Locks in a mapping; each instance has its own."""

    clock: Clock = wall_clock
    where: str = field(default="memory:", init=False)
    _owners: dict[str, tuple[str, int]] = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Locks.connect``."""
        yield self._perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Locks.aconnect``."""

        async def perform(operation: Effect[Any]) -> Any:
            # As in the memory store: other tasks run here, as they would with a real one.
            await anyio.lowlevel.checkpoint()
            return self._perform(operation)

        yield perform

    def _perform(self, operation: Effect[Any]) -> Any:
        now = self.clock()
        with self._lock:
            match operation:
                case Acquire(key, owner, seconds):
                    if self._owner(key, now) not in (None, owner):
                        return Held()
                    self._owners[key] = owner, now + seconds
                    return Locked()
                case Release(key, owner):
                    if self._owner(key, now) != owner:
                        return False
                    del self._owners[key]
                    return True
        raise TypeError(f"not an operation of locks: {type(operation).__name__}")

    def _owner(self, key: str, now: int) -> str | None:
        owner, ends = self._owners.get(key, (None, 0))
        return owner if ends > now else None


def from_url(url: StoreUrl) -> MemoryLocks:
    """``memory:``, a mapping of its own each time."""
    if url.host or url.path:
        raise UsageError("locks in memory have no name", hint="write memory:")
    return MemoryLocks()
