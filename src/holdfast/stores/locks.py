"""What every store of locks promises: those of Laravel's ``Cache::lock()``, seen by both sides.

======= ===================================== ====================================================
Acquire ``Acquire(key, owner, seconds)``      ``Locked | Held | Unknown``
Release ``Release(key, owner)``               ``bool | Unknown``
======= ===================================== ====================================================

- A lock is a key with an owner, and ends by itself after some seconds: who died holds nothing.
- Each is one attempt, in one atomic step; waiting is the caller's flow (``session.lock``).
- Acquired again by the owner who holds it, it is Locked, from now on for so many seconds. So an
  Acquire whose answer was lost (Unknown) is simply performed again. The owner is the write id.
- Release is True where the lock was the owner's until now. Not held, expired or somebody else's:
  False, and nothing happens. Performed again after Unknown, False may mean that the first one was.
- Seconds are whole, and compared by the clock of whoever judges: Redis by its own, databases and
  files by that of the machine that asks, as Laravel does.
- Foreign errors become ``StoreUnavailable``, ``StoreReadOnly`` or ``StoreMisconfigured``; none of
  them leaves open whether a lock was taken.
"""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from holdfast.core.errors import UsageError
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.stores.contract import Unknown

__all__ = ["Acquire", "Held", "Locked", "Locks", "Release", "Unknown"]

MAX_KEY_CHARACTERS = 150
"""``cache_locks.key`` takes 255, the prefix included."""

MAX_SECONDS = 86_400
"""Laravel's own limit where it says none (Illuminate/Cache/DatabaseLock.php)."""

_OWNER = re.compile("[A-Za-z0-9]{16}")


@dataclass(frozen=True, slots=True)
class Locked:
    """The lock is the owner's now."""


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody else has it."""


@dataclass(frozen=True, slots=True)
class Acquire(Effect["Locked | Held | Unknown"]):
    """Take a lock if nobody has it.

    Args:
        key: its name, without any prefix: ``session:`` and an id. It is as secret as the id.
        owner: 16 letters and digits, fresh random ones for each holder.
        seconds: it ends by itself after so many, 1 to MAX_SECONDS.
    """

    key: str = field(repr=False)
    owner: str = field(repr=False)
    seconds: int

    def __post_init__(self) -> None:
        _require(self.key, self.owner)
        if not 0 < self.seconds <= MAX_SECONDS:
            raise UsageError(
                f"a lock for {self.seconds} s", hint=f"say 1 to {MAX_SECONDS}; Laravel says 10"
            )


@dataclass(frozen=True, slots=True)
class Release(Effect["bool | Unknown"]):
    """Give a lock back if it is the owner's still."""

    key: str = field(repr=False)
    owner: str = field(repr=False)

    def __post_init__(self) -> None:
        _require(self.key, self.owner)


class Locks(Protocol):
    """A store of locks that was opened by URL; connected and used as a ``Store``."""

    @property
    def where(self) -> str:
        """Its address for people, without any secret."""

    def connect(self) -> AbstractContextManager[Perform]:
        """Open it for threads; raises StoreUnavailable at once where it cannot be reached."""

    def aconnect(self) -> AbstractAsyncContextManager[APerform]:
        """Open it for tasks; raises StoreUnavailable at once where it cannot be reached."""


def _require(key: str, owner: str) -> None:
    if not 0 < len(key) <= MAX_KEY_CHARACTERS or "\0" in key:
        raise UsageError(
            f"a lock's key has 1 to {MAX_KEY_CHARACTERS} characters, none of them NUL",
            hint="for a session: session: and its id",
        )
    if not _OWNER.fullmatch(owner):
        raise UsageError("a lock's owner is 16 letters and digits", hint="take fresh random ones")
