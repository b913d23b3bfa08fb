"""Stores that are broken on purpose: each does one thing wrong, and counts how often.

A mutant stands in for ``stores.memory.apply``. Some strike again and again while users play; all
strike when :attr:`Mutant.armed`, at the next operation that lets them, so that a test can have them
do it where the damage must be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from holdfast.core.flow import Effect
from holdfast.laravel.names import login_key
from holdfast.laravel.php import SessionArray
from holdfast.stores.contract import Commit, Delete, Deleted, Found, Saved, Touch, Touched
from holdfast.stores.memory import Beside, Sessions, apply


@dataclass
class Mutant:
    """Performs operations as ``stores.memory.apply`` does; the correct store, and base of the rest.

    Args:
        armed: whether to strike at the next chance.
        struck: how often it did wrong.
    """

    armed: bool = field(default=False, init=False)
    struck: int = field(default=0, init=False)

    def __call__(self, sessions: Sessions, beside: Beside, operation: Effect[Any], now: int) -> Any:
        """The operation's result, as the application is told it."""
        return apply(sessions, beside, operation, now)

    def strikes(self) -> None:
        """To be called for each wrong."""
        self.struck += 1
        self.armed = False


@dataclass
class DropsWrites(Mutant):
    """Says «saved» to one write in ``one_in`` and does not write it."""

    one_in: int = 1000
    _writes: int = field(default=0, init=False)

    def __call__(self, sessions: Sessions, beside: Beside, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        if isinstance(operation, Commit) and _would_save(sessions, beside, operation, now):
            self._writes += 1
            if self._writes % self.one_in == 0 or (self.armed and _fills_a_cart(operation)):
                self.strikes()
                return Saved()
        return apply(sessions, beside, operation, now)


@dataclass
class SwapsUsers(Mutant):
    """Gives two logged-in users each other's session, when both have just been saved."""

    _last: str = field(default="", init=False)

    def __call__(self, sessions: Sessions, beside: Beside, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        result = apply(sessions, beside, operation, now)
        if isinstance(operation, Commit) and isinstance(result, Saved):
            mine, other = sessions.get(operation.sid), sessions.get(self._last)
            if self.armed and mine and other and _of_two_users(mine, other):
                sessions[operation.sid], sessions[self._last] = other, mine
                self.strikes()
            self._last = operation.sid
        return result


@dataclass
class Resurrects(Mutant):
    """Brings every logged-in user's deleted session back when the next operation comes."""

    _deleted: Sessions = field(default_factory=dict, init=False)

    def __call__(self, sessions: Sessions, beside: Beside, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        for sid, found in self._deleted.items():
            sessions.setdefault(sid, found)
        self._deleted.clear()
        if not isinstance(operation, Delete):
            return apply(sessions, beside, operation, now)
        before = sessions.get(operation.sid)
        result = apply(sessions, beside, operation, now)
        if isinstance(result, Deleted) and before is not None and _user(before) is not None:
            self._deleted[operation.sid] = before
            self.strikes()
        return result


@dataclass
class RollsBack(Mutant):
    """Puts every session back to what it was ``seconds`` ago, as a failover to a late replica does.

    The seconds are those of the store's clock.
    """

    seconds: int = 2
    _past: dict[int, Sessions] = field(default_factory=dict, init=False)

    def __call__(self, sessions: Sessions, beside: Beside, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        if now not in self._past:
            # What stands there at the first operation of a second.
            self._past[now] = dict(sessions)
            for second in [at for at in self._past if at < now - self.seconds]:
                del self._past[second]
        if self.armed:
            sessions.clear()
            sessions.update(self._past[min(self._past)])
            self.strikes()
        return apply(sessions, beside, operation, now)


@dataclass
class ShortensExpiry(Mutant):
    """Keeps every session for ``seconds`` only, whatever it is told."""

    seconds: int = 600

    def __call__(self, sessions: Sessions, beside: Beside, operation: Effect[Any], now: int) -> Any:
        """As ``Mutant``."""
        result = apply(sessions, beside, operation, now)
        if isinstance(operation, Commit | Touch) and isinstance(result, Saved | Touched):
            kept = sessions[operation.sid]
            # Not longer than it is told either: a login ends the old record by its expiry.
            if kept.expires_at > now + self.seconds:
                sessions[operation.sid] = Found(kept.data, now + self.seconds)
                self.strikes()
        return result


def _would_save(sessions: Sessions, beside: Beside, commit: Commit, now: int) -> bool:
    return isinstance(apply(dict(sessions), beside.copy(), commit, now), Saved)


def _fills_a_cart(commit: Commit) -> bool:
    return commit.base is not None and _things(commit.data) > _things(commit.base.data)


def _things(data: bytes) -> int:
    cart = SessionArray.loads(data).get("cart", {})
    return len(cart) if isinstance(cart, dict) else 0


def _of_two_users(one: Found, other: Found) -> bool:
    users = {_user(one), _user(other)}
    return len(users) == 2 and None not in users


def _user(found: Found) -> object:
    return SessionArray.loads(found.data).get(login_key())
