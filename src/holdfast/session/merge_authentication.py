"""Three-way merge of who is logged in: each guard apart, a logout first.

A guard's keys are ``login_<guard>_<hash>`` and ``password_hash_<guard>``; ``_token``, ``auth``
(when the password was confirmed) and other ``password_hash_*`` belong to the session as a whole
(Illuminate/Auth/SessionGuard.php, Illuminate/Session/Middleware/AuthenticateSession.php).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from holdfast.core.errors import AuthConflict

Side: TypeAlias = Mapping[str, bytes]
"""The authentication of one side: values as they are spelled, by dotted keys."""

LOGIN = "login_"
PASSWORD = "password_hash_"  # noqa: S105 - a key's prefix
TOKEN = "_token"  # noqa: S105 - a key
CONFIRMED = "auth"

_LOGIN = re.compile(rf"{LOGIN}(?P<guard>.*)_[0-9a-f]{{40}}", re.DOTALL)


def is_login(path: str) -> bool:
    """Whether a user's id stands there."""
    return path.startswith(LOGIN) and _LOGIN.fullmatch(path) is not None


def authentication(
    base: Side, ours: Side, theirs: Side
) -> tuple[dict[str, bytes | None], list[str]]:
    """What becomes of each key, None: it goes; and the keys where a change gave way.

    A guard's keys are from one side: the one that logged out, else the one that changed who is
    logged in, else the one that changed anything, else the stored one. What belongs to the session
    goes with the side that logged out, else with the one that logged in; a new token is never given
    up for an old one.

    Raises:
        AuthConflict: with one guard both have logged in, as different users, or ours has logged
            somebody in where theirs has logged out.
    """
    names = dict.fromkeys(name for side in (theirs, ours, base) for name in side)
    logins: dict[str, list[str]] = {}
    for name in names:
        if match := _LOGIN.fullmatch(name):
            logins.setdefault(match["guard"], []).append(name)
    winners: dict[str, Side] = {}
    for guard, users in logins.items():
        keys = [*users, *({f"{PASSWORD}{guard}"} & names.keys())]
        winners |= dict.fromkeys(keys, _winner(users, keys, base, ours, theirs))
    every_user = [name for users in logins.values() for name in users]
    decisive = _decisive(every_user, base, ours, theirs)
    rest = [name for name in names if name not in winners]
    for name in rest:
        if decisive is None or name == TOKEN:
            either = theirs if decisive is None else decisive
            winners[name] = _changed_alone([name], base, ours, theirs, either)
        else:
            winners[name] = decisive
    decided = {name: winners[name].get(name) for name in names}
    gave_way = [
        name
        for name, winner in winners.items()
        if (theirs if winner is ours else ours).get(name) not in (base.get(name), decided[name])
    ]
    return decided, gave_way


def _winner(users: list[str], keys: list[str], base: Side, ours: Side, theirs: Side) -> Side:
    """The side that a guard's keys are from."""
    if _values(ours, users) == _values(theirs, users):
        return _changed_alone(keys, base, ours, theirs, theirs)
    before = _values(base, users)
    if _values(ours, users) == before:
        return theirs
    if _values(theirs, users) == before or _logged_out(users, base, ours):
        return ours
    meanwhile = "logged out" if _logged_out(users, base, theirs) else "logged somebody else in"
    raise AuthConflict(
        f"another request of the session has {meanwhile} meanwhile; this login was not saved",
        hint="log in again",
    )


def _decisive(users: list[str], base: Side, ours: Side, theirs: Side) -> Side | None:
    """The side that the keys of no guard go with; None: the same users are logged in on both."""
    if _values(ours, users) == _values(theirs, users):
        return None
    for side in (theirs, ours):
        if _logged_out(users, base, side):
            return side
    return _changed_alone(users, base, ours, theirs, theirs)


def _changed_alone(keys: list[str], base: Side, ours: Side, theirs: Side, otherwise: Side) -> Side:
    """The only side that has changed any of these; where neither has, or both, the one given."""
    before = _values(base, keys)
    changed = [side for side in (ours, theirs) if _values(side, keys) != before]
    return changed[0] if len(changed) == 1 else otherwise


def _logged_out(users: list[str], base: Side, side: Side) -> bool:
    return any(user in base and user not in side for user in users)


def _values(side: Side, keys: list[str]) -> list[bytes | None]:
    return [side.get(key) for key in keys]
