"""What every store promises. The operations are effects; a flow asks for them with ``do``.

======== ============================================= =============================================
Find     ``Find(sid)``                                 ``Found | Moved | None``
Commit   ``Commit(sid, base, data, expires_at)``       ``Saved | Conflict | Gone | Fenced |
                                                       IdCollision | Refused | Unknown``
Touch    ``Touch(sid, base, expires_at)``              ``Touched | Conflict | Gone | Unknown``
Move     ``Move(sid, base, to, data, expires_at)``     ``Saved | Conflict | Gone | IdCollision |
                                                       Refused | Unknown``
Delete   ``Delete(sid)``                               ``Deleted | Missing | Elsewhere | Refused |
                                                       Unknown``
SetAside ``SetAside(sid, data, reason)``               ``bool``; ``beside.ScanAside`` lists them
Scan     ``Scan(cursor, batch)``                       ``Page``
======== ============================================= =============================================

- ``base`` is the Found that the save was computed from, or None: create only. It is compared byte
  for byte by the store, in one atomic step with the write.
- Whether the swap happened is told by a flag of its own, never by comparing what came back with
  what was written: two savers with one base may write the same bytes, and only one was saved.
- IdCollision answers a create alone: the database takes the id of another session, which differs in
  letter case, for the same one. Nothing was written; take another id.
- A missing or expired session is a value, never an error. Unknown means that the answer was lost
  after the request may have been sent: the write may have happened, may yet happen, or never will.
- Foreign errors become ``StoreUnavailable``, ``StoreReadOnly`` or ``StoreMisconfigured`` in the
  driver.
- ``data`` is the value exactly as it stands in the store, outer layer included; ``Store.form``
  names that layer and only ``laravel.payload`` adds or removes it.
- Times are whole seconds since the epoch (UTC); an expiry is an absolute instant. A session is
  expired when ``expires_at <= now``. Stores that keep the last activity (file, database) are opened
  with the lifetime and hold ``expires_at - lifetime``.
- An id that is not 40 ASCII letters and digits raises ``UsageError`` before anything is sent: the
  file store makes a path of it.

- A write id names one write. Where ``Store.beside`` is true the store remembers, in the same atomic
  step, the last writes of each session for a while; a Commit or Move that is performed ``again``
  under its id is Saved once, however often it is performed. Elsewhere the id is ignored.
- A fence keeps an ended id from being created again (``Fenced``), a grace entry answers its readers
  with Moved, and as long as either lasts a Delete with a fence is answered with Elsewhere where the
  session has moved. All of it needs ``Store.beside`` and is silently left out without it.
- A guarantee level that the store cannot hold is Refused before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Form

__all__ = [
    "FAST_ALONE",
    "Commit",
    "Conflict",
    "Delete",
    "Deleted",
    "Elsewhere",
    "Facts",
    "Fenced",
    "Find",
    "Found",
    "Gone",
    "Grace",
    "IdCollision",
    "Level",
    "Missing",
    "Move",
    "Moved",
    "Page",
    "Refused",
    "Saved",
    "Scan",
    "SetAside",
    "Store",
    "Touch",
    "Touched",
    "Unknown",
    "remembers",
    "require_session_id",
]

_WRITE_ID = re.compile("[A-Za-z0-9]{16}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database store writes beside the payload; other stores ignore it.

    Args:
        user_id: the id of the logged-in user, None for a guest.
        ip_address: the client's address as the application sees it, at most 45 characters.
        user_agent: the header as sent; the store cuts it to 500 characters as Laravel does.
    """

    user_id: int | str | None = None
    ip_address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A live session as it stands in the store.

    Args:
        data: the stored value, byte for byte.
        expires_at: when it ends, epoch seconds.
        token: the store's own version mark where it has one (memcached's cas), else None.
    """

    data: bytes
    expires_at: int
    token: object = None


Level: TypeAlias = Literal["fast", "replicated", "strict"]
"""fast: as the store acknowledges by itself. replicated: one replica has it too. strict: every
configured replica has it; fewer connected ones are Refused before anything is written."""

FAST_ALONE: frozenset[Level] = frozenset({"fast"})
"""The levels of a store that has no replicas, or does not know them."""


@dataclass(frozen=True, slots=True)
class Grace:
    """For how long an id that was replaced still leads to the new one, and whom.

    Args:
        seconds: at least 1.
        seal: what a reader must show, at most 64 bytes; the store keeps it and compares nothing.
    """

    seconds: int
    seal: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Moved:
    """The session lives under another id since a moment ago. ``seal`` is the grace's."""

    to: str = field(repr=False)
    seal: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Saved:
    """The conditional write happened. ``token`` is the new version mark where the store has one."""

    token: object = None


@dataclass(frozen=True, slots=True)
class Touched:
    """The expiry was moved; the data is the base's still."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was written: other bytes stand there now, and these are they."""

    found: Found


@dataclass(frozen=True, slots=True)
class Gone:
    """Nothing was written: there was a base, and the session is no longer there or has expired."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """Nothing was created: a session of this id was ended a moment ago."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written: the level cannot be held here, now. ``reason`` says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class IdCollision:
    """Nothing was created: the id is taken by one that the store finds equal, and cannot be shown.

    It differs in letter case, or has gone since. A fresh id is the way out.
    """


@dataclass(frozen=True, slots=True)
class Deleted:
    """The session was there and is no more."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There was no such session.

    Args:
        remembered: whether the store was asked, and would know, if it had moved to another id a
            moment ago. Answers that differ in this alone are equal.
    """

    remembered: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Nothing is left under the id; the session has moved to another one, and must be ended there.

    Performed again the Delete is answered so again: a lost answer loses no trace.
    """

    to: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost; what happened in the store is not known.

    Args:
        reason: how.
        remembered: whether the store knows the write by its id, so that performing it ``again``
            tells what became of it.
    """

    reason: str = ""
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the sessions of a store. ``cursor`` goes into the next Scan; None: that was the last.

    A session that lives through the whole scan is listed at least once, maybe more often; one that
    comes or goes meanwhile may or may not be. Only live sessions are listed.
    """

    sids: tuple[str, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Find(Effect["Found | Moved | None"]):
    """Read one session."""

    sid: str

    def __post_init__(self) -> None:
        require_session_id(self.sid)


@dataclass(frozen=True, slots=True)
class Commit(Effect["Saved | Conflict | Gone | Fenced | IdCollision | Refused | Unknown"]):
    """Write ``data`` if the store still holds ``base``; with no base, create only.

    Args:
        write_id: names this write, 16 letters and digits; None: it is not remembered.
        again: it was performed before under this id, and its answer was lost.
    """

    sid: str
    base: Found | None
    data: bytes = field(repr=False)
    expires_at: int
    write_id: str | None = field(default=None, kw_only=True)
    again: bool = field(default=False, kw_only=True)
    level: Level = field(default="fast", kw_only=True)
    facts: Facts = field(default=Facts(), kw_only=True, repr=False)

    def __post_init__(self) -> None:
        require_session_id(self.sid)
        _require_write_id(self.write_id)


@dataclass(frozen=True, slots=True)
class Move(Effect["Saved | Conflict | Gone | IdCollision | Refused | Unknown"]):
    """Give a session another id: create ``to`` and end ``sid``, if ``sid`` still holds ``base``.

    One effect: whoever looks finds the session under one of the two ids. Where a store cannot do
    that the new record is there first. Conflict and Gone are about ``sid``, IdCollision about
    ``to``.

    Args:
        grace: for how long ``sid`` is answered Moved; None: at once it is as any unknown id.
        fence_seconds: for how long nothing is created under ``sid``, and, even where no grace leads
            its readers, a Delete of it is told where the session is.
        write_id, again: as in Commit; remembered beside ``to``.
    """

    sid: str
    base: Found
    to: str
    data: bytes = field(repr=False)
    expires_at: int
    grace: Grace | None = field(default=None, kw_only=True)
    fence_seconds: int = field(default=0, kw_only=True)
    write_id: str | None = field(default=None, kw_only=True)
    again: bool = field(default=False, kw_only=True)
    level: Level = field(default="fast", kw_only=True)
    facts: Facts = field(default=Facts(), kw_only=True, repr=False)

    def __post_init__(self) -> None:
        require_session_id(self.sid)
        require_session_id(self.to)
        _require_write_id(self.write_id)


@dataclass(frozen=True, slots=True)
class Touch(Effect["Touched | Conflict | Gone | Unknown"]):
    """Move the expiry if the store still holds ``base``."""

    sid: str
    base: Found
    expires_at: int

    def __post_init__(self) -> None:
        require_session_id(self.sid)


@dataclass(frozen=True, slots=True)
class Delete(Effect["Deleted | Missing | Elsewhere | Refused | Unknown"]):
    """Remove one session, whatever it holds; for ``fence_seconds`` nothing is created under its id.

    The fence is set where nothing was there to delete too, and in the same atomic step it is read
    whether the session has moved: a Move happens before it, and it is Elsewhere, or after it, and
    is Gone. Without a fence nothing beside is set or read.
    """

    sid: str
    fence_seconds: int = field(default=0, kw_only=True)
    level: Level = field(default="fast", kw_only=True)

    def __post_init__(self) -> None:
        require_session_id(self.sid)


@dataclass(frozen=True, slots=True)
class SetAside(Effect[bool]):
    """Keep bytes that are no session, so that what replaces them does not lose them.

    True: they are kept, for a while, or were already. False: the quarantine is full, or the store
    has none (`Store.beside`).

    Args:
        sid: whose they were.
        data: the stored value as it was found, at most ``beside.ASIDE_BYTES``.
        reason: which layer failed, ``Undecodable.reason``.
    """

    sid: str
    data: bytes = field(repr=False)
    reason: str

    def __post_init__(self) -> None:
        require_session_id(self.sid)


@dataclass(frozen=True, slots=True)
class Scan(Effect[Page]):
    """List about ``batch`` session ids from ``cursor`` on (None: from the start)."""

    cursor: str | None = None
    batch: int = 500


class Store(Protocol):
    """A store that was opened by URL: what it is, and the two ways to perform its operations.

    ``connect`` is for threads (WSGI, scripts), ``aconnect`` for tasks. Both give a ``perform`` that
    takes any operation above and may be used concurrently from many threads or tasks respectively.
    """

    @property
    def name(self) -> str:
        """The kind of store: ``memory``, ``file``, ``redis``, ``database``."""

    @property
    def where(self) -> str:
        """The store's address for people, without any secret."""

    @property
    def form(self) -> Form:
        """The outer layer that Laravel puts around a payload in this kind of store."""

    @property
    def lifetime(self) -> int:
        """Seconds that a session lives after its last save."""

    @property
    def beside(self) -> bool:
        """Whether it has room beside the sessions for write ids, fences, graces, quarantine."""

    @property
    def levels(self) -> Collection[Level]:
        """Those that it can hold while all is well; others it always refuses."""

    @property
    def details(self) -> Mapping[str, str]:
        """Prefix, table and the like, for people; no secret."""

    def connect(self) -> AbstractContextManager[Perform]:
        """Open it for threads; raises StoreUnavailable at once where it cannot be reached."""

    def aconnect(self) -> AbstractAsyncContextManager[APerform]:
        """Open it for tasks; raises StoreUnavailable at once where it cannot be reached."""


def require_session_id(sid: str) -> None:
    """Raise UsageError unless ``sid`` has the shape of a Laravel session id."""
    if not is_session_id(sid):
        raise UsageError(
            "not a session id: it must be exactly 40 ASCII letters and digits",
            hint="take the id out of the opened session cookie",
        )


def _require_write_id(write_id: str | None) -> None:
    if write_id is not None and not _WRITE_ID.fullmatch(write_id):
        raise UsageError("a write id is 16 letters and digits", hint="take a fresh random one")


def remembers(operation: Effect[Any]) -> bool:
    """Whether a store that remembers write ids will know this operation again."""
    return isinstance(operation, Commit | Move) and operation.write_id is not None
