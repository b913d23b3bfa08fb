"""The memory store: a mapping in this process. For tests; the yardstick of every other store."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio.lowlevel

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.payload import Form
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Find,
    Found,
    Gone,
    Missing,
    Page,
    Saved,
    Scan,
    Touch,
    Touched,
)
from holdfast.stores.url import StoreUrl

Sessions: TypeAlias = dict[str, Found]
Apply: TypeAlias = Callable[[Sessions, Effect[Any], int], Any]
"""Performs one operation on a mapping of sessions at an instant, and gives its result."""


def apply(sessions: Sessions, operation: Effect[Any], now: int) -> Any:
    """Perform one operation of the contract on a mapping at an instant, and give its result."""
    match operation:
        case Find(sid):
            return _live(sessions, sid, now)
        case Commit(sid, base, data, expires_at):
            refused = _refusal(base, _live(sessions, sid, now))
            if refused is None:
                sessions[sid] = Found(data, expires_at)
            return refused or Saved()
        case Touch(sid, base, expires_at):
            refused = _refusal(base, _live(sessions, sid, now))
            if refused is None:
                sessions[sid] = Found(base.data, expires_at)
            return refused or Touched()
        case Delete(sid):
            found = _live(sessions, sid, now)
            sessions.pop(sid, None)
            return Missing() if found is None else Deleted()
        case Scan(cursor, batch):
            rest = sorted(sid for sid in sessions if cursor is None or sid > cursor)
            page = tuple(sid for sid in rest[:batch] if _live(sessions, sid, now))
            return Page(page, rest[batch - 1] if len(rest) > batch else None)
    raise TypeError(f"not an operation of a store: {type(operation).__name__}")


def _live(sessions: dict[str, Found], sid: str, now: int) -> Found | None:
    found = sessions.get(sid)
    return None if found is None or found.expires_at <= now else found


def _refusal(base: Found | None, current: Found | None) -> Conflict | Gone | None:
    """Why a write from ``base`` must not happen while ``current`` stands there; None: it may."""
    if base is None:
        return None if current is None else Conflict(current)
    if current is None:
        return Gone()
    return None if current.data == base.data else Conflict(current)


@dataclass(frozen=True)
class MemoryStore:
    """Sessions in a mapping; every ``connect`` of one instance sees the same sessions.

    Args:
        label: what stands after ``memory:`` in its address.
        lifetime: seconds that a session lives after its last save.
        clock: what judges expiry.
        form: the outer layer of what is kept here; nothing here depends on it.
        rule: what performs the operations; the rehearsal's self-test puts broken ones here.
    """

    label: str = ""
    lifetime: int = 7200
    clock: Clock = wall_clock
    form: Form = Form.BARE
    rule: Apply = field(default=apply, repr=False)
    name: str = field(default="memory", init=False)
    _sessions: Sessions = field(default_factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @property
    def where(self) -> str:
        """``memory:`` and the label."""
        return f"memory:{self.label}"

    @property
    def details(self) -> Mapping[str, str]:
        """Nothing more to say."""
        return {}

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Store.connect``."""
        yield self._perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Store.aconnect``."""

        async def perform(operation: Effect[Any]) -> Any:
            # A real store would let other tasks run here; a test double must not hide races.
            await anyio.lowlevel.checkpoint()
            return self._perform(operation)

        yield perform

    def _perform(self, operation: Effect[Any]) -> Any:
        with self._lock:
            return self.rule(self._sessions, operation, self.clock())


_named: dict[str, MemoryStore] = {}
_named_lock = threading.Lock()


def from_url(url: StoreUrl) -> MemoryStore:
    """``memory:`` is a store of its own each time, ``memory:name`` the same one in this process."""
    if url.host:
        raise UsageError("a memory store has no host", hint="write memory: or memory:name")
    if not url.path:
        return MemoryStore(lifetime=url.lifetime)
    with _named_lock:
        store = _named.setdefault(url.path, MemoryStore(url.path, lifetime=url.lifetime))
    if store.lifetime != url.lifetime:
        raise UsageError(
            f"{store.where} is open with a lifetime of {store.lifetime} s already",
            hint="say the same lifetime, or take another name",
        )
    return store
