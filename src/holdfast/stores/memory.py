"""The memory store: a mapping in this process. For tests; the yardstick of every other store."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio.lowlevel

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.payload import Form
from holdfast.stores.beside import (
    ASIDE_ENTRIES,
    ASIDE_SECONDS,
    WRITES,
    Aside,
    AsidePage,
    ScanAside,
    paged,
)
from holdfast.stores.contract import (
    FAST_ALONE,
    Commit,
    Conflict,
    Delete,
    Deleted,
    Elsewhere,
    Fenced,
    Find,
    Found,
    Gone,
    IdCollision,
    Level,
    Missing,
    Move,
    Moved,
    Page,
    Refused,
    Saved,
    Scan,
    SetAside,
    Touch,
    Touched,
)
from holdfast.stores.url import StoreUrl

Sessions: TypeAlias = dict[str, Found]


@dataclass(slots=True)
class Beside:
    """What is kept next to the sessions, see ``stores.beside``; instants are epoch seconds."""

    writes: dict[str, list[str]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    moved: dict[str, tuple[Moved, int]] = field(default_factory=dict)
    aside: list[Aside] = field(default_factory=list)

    def copy(self) -> Beside:
        """One that may be tried out."""
        writes = {sid: list(ids) for sid, ids in self.writes.items()}
        return Beside(writes, dict(self.gone), dict(self.moved), list(self.aside))


Apply: TypeAlias = Callable[[Sessions, Beside, Effect[Any], int], Any]
"""Performs one operation on the sessions and what is beside them at an instant; its result."""


def apply(sessions: Sessions, beside: Beside, operation: Effect[Any], now: int) -> Any:
    """Perform one operation of the contract at an instant, and give its result."""
    match operation:
        case Find(sid):
            found = _live(sessions, sid, now)
            moved, until = beside.moved.get(sid, (None, 0))
            return found if found or until <= now else moved
        case Commit() | Move() | Delete() if operation.level != "fast":
            return Refused("a store in memory has no replicas")
        case Commit():
            return _commit(sessions, beside, operation, now)
        case Move():
            return _move(sessions, beside, operation, now)
        case Touch(sid, base, expires_at):
            refused = _refusal(base, _live(sessions, sid, now))
            if refused is None:
                sessions[sid] = Found(base.data, expires_at)
            return refused or Touched()
        case Delete():
            return _delete(sessions, beside, operation, now)
        case SetAside(sid, data, reason):
            return _set_aside(beside, Aside(sid, data, reason, now))
        case ScanAside():
            kept = (entry for entry in beside.aside if entry.at > now - ASIDE_SECONDS)
            named = {f"{entry.sid}:{entry.data!r}": entry for entry in kept}
            names, more = paged(operation, named)
            return AsidePage(tuple(named[name] for name in names), more)
        case Scan(cursor, batch):
            rest = sorted(sid for sid in sessions if cursor is None or sid > cursor)
            page = tuple(sid for sid in rest[:batch] if _live(sessions, sid, now))
            return Page(page, rest[batch - 1] if len(rest) > batch else None)
    raise TypeError(f"not an operation of a store: {type(operation).__name__}")


def _commit(sessions: Sessions, beside: Beside, commit: Commit, now: int) -> Any:
    if commit.again and commit.write_id in beside.writes.get(commit.sid, ()):
        return Saved()
    if commit.base is None and beside.gone.get(commit.sid, 0) > now:
        return Fenced()
    refused = _refusal(commit.base, _live(sessions, commit.sid, now))
    if refused is None:
        sessions[commit.sid] = Found(commit.data, commit.expires_at)
        _note(beside, commit.sid, commit.write_id)
    return refused or Saved()


def _move(sessions: Sessions, beside: Beside, move: Move, now: int) -> Any:
    if move.again and move.write_id in beside.writes.get(move.to, ()):
        return Saved()
    refused = _refusal(move.base, _live(sessions, move.sid, now))
    if refused is not None:
        return refused
    if _live(sessions, move.to, now) is not None:
        return IdCollision()
    sessions[move.to] = Found(move.data, move.expires_at)
    _note(beside, move.to, move.write_id)
    del sessions[move.sid]
    _fence(beside, move.sid, now + move.fence_seconds)
    if move.grace is not None:
        beside.moved[move.sid] = Moved(move.to, move.grace.seal), now + move.grace.seconds
    elif move.fence_seconds:
        # No reader is led there; a logout is.
        beside.moved[move.sid] = Moved(move.to, b""), 0
    return Saved()


def _delete(sessions: Sessions, beside: Beside, delete: Delete, now: int) -> Any:
    sid = delete.sid
    found = _live(sessions, sid, now)
    sessions.pop(sid, None)
    if not delete.fence_seconds:
        return Missing() if found is None else Deleted()
    moved, led_until = beside.moved.get(sid, (None, 0))
    if max(led_until, beside.gone.get(sid, 0)) <= now:
        moved = None
        beside.moved.pop(sid, None)
    _fence(beside, sid, now + delete.fence_seconds)
    if moved is not None:
        return Elsewhere(moved.to)
    return Missing(remembered=True) if found is None else Deleted()


def _note(beside: Beside, sid: str, write_id: str | None) -> None:
    if write_id is not None:
        beside.writes[sid] = [write_id, *beside.writes.get(sid, ())][:WRITES]


def _fence(beside: Beside, sid: str, until: int) -> None:
    beside.gone[sid] = max(until, beside.gone.get(sid, 0))


def _set_aside(beside: Beside, entry: Aside) -> bool:
    beside.aside = [kept for kept in beside.aside if kept.at > entry.at - ASIDE_SECONDS]
    if any((kept.sid, kept.data) == (entry.sid, entry.data) for kept in beside.aside):
        return True
    if len(beside.aside) >= ASIDE_ENTRIES:
        return False
    beside.aside.append(entry)
    return True


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
    levels: Collection[Level] = field(default=FAST_ALONE, init=False)
    beside: bool = field(default=True, init=False)
    _sessions: Sessions = field(default_factory=dict, init=False, repr=False)
    _beside: Beside = field(default_factory=Beside, init=False, repr=False)
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
            return self.rule(self._sessions, self._beside, operation, self.clock())


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
