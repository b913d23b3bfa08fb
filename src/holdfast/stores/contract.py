"""What every store promises. The operations are effects; a flow asks for them with ``do``.

======== ============================================= =============================================
Find     ``Find(sid)``                                 ``Found | None``
Commit   ``Commit(sid, base, data, expires_at)``       ``Saved | Conflict | Gone | IdCollision |
                                                       Unknown``
Touch    ``Touch(sid, base, expires_at)``              ``Touched | Conflict | Gone | Unknown``
Delete   ``Delete(sid)``                               ``Deleted | Missing | Unknown``
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

Moves, write ids, guarantee levels and fences belong to the commit path and get their fields there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Form

__all__ = [
    "Commit",
    "Conflict",
    "Delete",
    "Deleted",
    "Facts",
    "Find",
    "Found",
    "Gone",
    "IdCollision",
    "Missing",
    "Page",
    "Saved",
    "Scan",
    "Store",
    "Touch",
    "Touched",
    "Unknown",
    "require_session_id",
]


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
class IdCollision:
    """Nothing was created: the id is taken by one that the store finds equal, and cannot be shown.

    It differs in letter case, or has gone since. A fresh id is the way out.
    """


@dataclass(frozen=True, slots=True)
class Deleted:
    """The session was there and is no more."""


@dataclass(frozen=True, slots=True)
class Missing:
    """There was no such session."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost; what happened in the store is not known. ``reason`` says how."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the sessions of a store. ``cursor`` goes into the next Scan; None: that was the last.

    A session that lives through the whole scan is listed at least once, maybe more often; one that
    comes or goes meanwhile may or may not be. Only live sessions are listed.
    """

    sids: tuple[str, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Find(Effect["Found | None"]):
    """Read one session."""

    sid: str

    def __post_init__(self) -> None:
        require_session_id(self.sid)


@dataclass(frozen=True, slots=True)
class Commit(Effect["Saved | Conflict | Gone | IdCollision | Unknown"]):
    """Write ``data`` if the store still holds ``base``; with no base, create only."""

    sid: str
    base: Found | None
    data: bytes = field(repr=False)
    expires_at: int
    facts: Facts = field(default=Facts(), kw_only=True, repr=False)

    def __post_init__(self) -> None:
        require_session_id(self.sid)


@dataclass(frozen=True, slots=True)
class Touch(Effect["Touched | Conflict | Gone | Unknown"]):
    """Move the expiry if the store still holds ``base``."""

    sid: str
    base: Found
    expires_at: int

    def __post_init__(self) -> None:
        require_session_id(self.sid)


@dataclass(frozen=True, slots=True)
class Delete(Effect["Deleted | Missing | Unknown"]):
    """Remove one session, whatever it holds."""

    sid: str

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
