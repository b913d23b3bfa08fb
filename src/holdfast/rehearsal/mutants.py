"""Stores that are broken on purpose: each does one thing wrong, now and then, and counts how often.

A mutant stands in for ``stores.memory.apply``. It strikes where its effect will be looked at: the
shop's users read after each thing that they put into their cart, and after each logout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from holdfast.core.flow import Effect
from holdfast.laravel.names import login_key
from holdfast.laravel.php import SessionArray
from holdfast.stores.contract import Commit, Delete, Deleted, Found, Saved
from holdfast.stores.memory import Sessions, apply


class Mutant(Protocol):
    """Performs an operation as ``stores.memory.apply`` does, or wrongly."""

    struck: int

    def __call__(self, sessions: Sessions, operation: Effect[Any], now: int) -> Any:
        """The operation's result, as the application is told it."""


@dataclass
class Correct:
    """Does nothing wrong."""

    struck: int = 0

    def __call__(self, sessions: Sessions, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        return apply(sessions, operation, now)


@dataclass
class DropsWrites:
    """Says «saved» to one write in ``one_in`` and does not write it."""

    one_in: int = 1000
    struck: int = 0
    _writes: int = 0

    def __call__(self, sessions: Sessions, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        if isinstance(operation, Commit):
            self._writes += 1
            due = self._writes >= self.one_in * (self.struck + 0.5)
            if due and _fills_a_cart(operation) and _would_save(sessions, operation, now):
                self.struck += 1
                return Saved()
        return apply(sessions, operation, now)


@dataclass
class SwapsUsers:
    """Gives two logged-in users each other's session, after every ``every`` writes."""

    every: int = 100
    struck: int = 0
    _writes: int = 0
    _last: str = ""

    def __call__(self, sessions: Sessions, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        result = apply(sessions, operation, now)
        if isinstance(operation, Commit) and isinstance(result, Saved) and _fills_a_cart(operation):
            self._writes += 1
            mine, other = sessions.get(operation.sid), sessions.get(self._last)
            if self._writes >= self.every and mine and other and _of_two_users(mine, other):
                sessions[operation.sid], sessions[self._last] = other, mine
                self._writes = 0
                self.struck += 1
            self._last = operation.sid
        return result


@dataclass
class Resurrects:
    """Brings a logged-in user's deleted session back when the next operation comes."""

    struck: int = 0
    _deleted: Sessions = field(default_factory=dict)

    def __call__(self, sessions: Sessions, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        for sid, found in self._deleted.items():
            sessions.setdefault(sid, found)
        self._deleted.clear()
        before = sessions.get(operation.sid) if isinstance(operation, Delete) else None
        result = apply(sessions, operation, now)
        if (
            isinstance(operation, Delete)
            and isinstance(result, Deleted)
            and before is not None
            and _user(before.data) is not None
        ):
            self._deleted[operation.sid] = before
            self.struck += 1
        return result


@dataclass
class RollsBack:
    """Puts every session back to what it was ``seconds`` ago, as a failover to a late replica does.

    Args:
        elapsed: the time that the seconds are counted in.
        seconds: how far back it goes.
        writes: after so many writes the state that it goes back to is taken.
    """

    elapsed: Callable[[], float]
    seconds: float = 2.0
    writes: int = 50
    struck: int = 0
    _then: Sessions | None = None
    _taken: float = 0.0

    def __call__(self, sessions: Sessions, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        if isinstance(operation, Commit):
            self.writes -= 1
        if self._then is None and self.writes <= 0:
            self._then, self._taken = dict(sessions), self.elapsed()
        due = self.elapsed() - self._taken >= self.seconds
        if self._then is not None and due and not self.struck:
            sessions.clear()
            sessions.update(self._then)
            self.struck += 1
        return apply(sessions, operation, now)


@dataclass
class ShortensExpiry:
    """Keeps every session for ``seconds`` only, whatever it is told."""

    seconds: int
    struck: int = 0

    def __call__(self, sessions: Sessions, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        result = apply(sessions, operation, now)
        if isinstance(operation, Commit) and isinstance(result, Saved):
            sessions[operation.sid] = Found(operation.data, now + self.seconds)
            self.struck += 1
        return result


def _fills_a_cart(commit: Commit) -> bool:
    """Whether this write puts something into the cart of a logged-in user."""
    if commit.base is None or _user(commit.data) is None:
        return False
    return _things(commit.data) > _things(commit.base.data)


def _would_save(sessions: Sessions, commit: Commit, now: int) -> bool:
    return isinstance(apply(dict(sessions), commit, now), Saved)


def _of_two_users(one: Found, other: Found) -> bool:
    users = {_user(one.data), _user(other.data)}
    return len(users) == 2 and None not in users


def _things(data: bytes) -> int:
    cart = SessionArray.loads(data).get("cart", {})
    return len(cart) if isinstance(cart, dict) else 0


def _user(data: bytes) -> object:
    return SessionArray.loads(data).get(login_key())
