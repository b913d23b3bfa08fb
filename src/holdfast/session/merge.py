"""Three-way merge of a session's attributes, key by key; pure.

Two requests read the same session and both changed it: ``base`` is what both read, ``theirs`` what
the other one has saved meanwhile, ``ours`` what this one wants to save. The rules, in their order:

====  ========================================  ==================================================
1     a declared counter                        both deltas are added to the base
2     a declared list                           what either removed is gone, what either appended is
                                                there: theirs, then ours
3     authentication: ``login_*``,              one group, from one side: the one that logged out,
      ``password_hash_*``, ``_token``,          else the one that changed who is logged in, else the
      ``auth``                                  stored one; two different logins: `AuthConflict`
4     unchanged on one side                     the other side, a deletion too
5     equal on both sides                       that
6     flash data aged away here, kept there     it is kept
7     an exclusive key changed on both sides    `SessionConflict`
8     deleted here, changed there               the change; a conflict
9     lists that both extended                  both extensions: theirs, then ours
10    arrays                                    member by member, by these rules
11    anything else                             ours, the later save; a conflict
====  ========================================  ==================================================

Rules 1 and 2 come first because two equal increments are two. ``_flash`` is computed last: a name
is listed where the side whose value won lists it. Values that are tied together by PHP references
move as one unit, or not at all. Values are compared as PHP spells them: 1, 1.0 and "1" differ.

That a page was seen (``_previous``) is no conflict: the later one is the previous page.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, cast

from holdfast.core.arguments import require_texts
from holdfast.core.errors import AuthConflict, SessionConflict
from holdfast.laravel.payload import Attributes
from holdfast.laravel.php import Key, SessionArray, Value
from holdfast.laravel.php.values import INT_MAX, INT_MIN
from holdfast.session.dots import read
from holdfast.session.merge_lists import ABSENT, edited, extended, same

MAX_DEPTH = 32
"""Arrays inside each other that are merged member by member; what lies deeper is one value."""

_LOGIN = re.compile(r"login_.*_[0-9a-f]{40}", re.DOTALL)
_AUTHENTICATION = re.compile(rf"(?:{_LOGIN.pattern}|password_hash_.*|_token|auth)", re.DOTALL)
_FLASH = "_flash"
_QUIET = ("_previous",)


@dataclass(frozen=True, slots=True)
class Rules:
    """What an application says of its attributes, by dotted keys: ``cart.count``.

    Args:
        counters: numbers that are only ever added to; two parallel additions are both counted.
        lists: lists that are appended to and taken from; two parallel appendings are both kept.
        exclusive: what is not to be merged: two parallel changes, unless they are equal, are an
            error for the later one, which may run again on the session as it is then.

    Raises:
        UsageError: one of them is no collection of keys: ``counters="cart.count"``.
    """

    counters: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    exclusive: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for kind in fields(self):
            require_texts(f"Rules.{kind.name}", getattr(self, kind.name))


NO_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to.

    Args:
        attributes: to be saved; an object of their own.
        conflicts: dotted keys where one side's change gave way to the other's. Names of attributes,
            never their values.
        additive: whether a change of ours was added to theirs (rules 1, 2 and 9), so that merging
            it once more would add it twice.
    """

    attributes: Attributes = field(repr=False)
    conflicts: tuple[str, ...]
    additive: bool


def merge(
    base: Attributes, ours: Attributes, theirs: Attributes, rules: Rules = NO_RULES
) -> Merged:
    """Merge what two requests made of the same session. None of the three is changed.

    Args:
        base: as it was read, unchanged.
        ours: what is to be saved, its flash data aged.
        theirs: as it stands in the store.
        rules: what the application has declared.

    Raises:
        AuthConflict: both have logged in, as different users.
        SessionConflict: both have changed an exclusive key.
        FormatError, TypeError: ours cannot be written, or references in it cannot be moved.
    """
    return _Merge(base, _copy(ours), _copy(theirs), rules).run()


class _Merge:
    def __init__(
        self, base: Attributes, ours: Attributes, theirs: Attributes, rules: Rules
    ) -> None:
        self.base = base
        self.ours = ours
        self.theirs = theirs
        self.rules = rules
        self.conflicts: list[str] = []
        self.additive = False
        self.aged = set(_flashed(base, "old"))
        self.ours_keeps = {*_flashed(ours, "old"), *_flashed(ours, "new")}
        self.theirs_keep = {*_flashed(theirs, "old"), *_flashed(theirs, "new")}

    def run(self) -> Merged:
        base, ours, theirs = self.base, self.ours, self.theirs
        tied = {key for side in (base, ours, theirs) for key in _tied(side)}
        result = self._carrier(tied)
        keys = dict.fromkeys([*theirs, *ours, *base])
        winner = self._authentication([key for key in keys if _is_authentication(key)])
        for key in keys:
            if key in tied or key == _FLASH:
                continue
            if _is_authentication(key):
                value = winner.get(key, ABSENT)
            else:
                values = (side.get(key, ABSENT) for side in (base, ours, theirs))
                value = self._value(_name(key), *values, depth=0)
            _put(result, key, value)
        self._flash(result)
        return Merged(_copy(result), tuple(dict.fromkeys(self.conflicts)), self.additive)

    def _carrier(self, tied: set[Key]) -> Attributes:
        """The side whose payload the tied values are kept in, as a copy that may be changed."""
        base, ours, theirs = ({key: _spelled(side, key) for key in tied} for side in self._sides)
        if ours in (base, theirs):
            return _copy(self.theirs)
        if theirs != base:
            self.conflicts += [_name(key) for key in tied if ours[key] != theirs[key]]
        return _copy(self.ours)

    @property
    def _sides(self) -> tuple[Attributes, Attributes, Attributes]:
        return self.base, self.ours, self.theirs

    def _authentication(self, keys: Sequence[Key]) -> Attributes:
        """The side that rule 3 takes the whole group from."""
        base, ours, theirs = ({key: _text(side, key) for key in keys} for side in self._sides)
        if ours in (base, theirs):
            return self.theirs
        if theirs == base:
            return self.ours
        logins = [key for key in keys if isinstance(key, str) and _LOGIN.fullmatch(key)]
        before, mine, other = ([group[key] for key in logins] for group in (base, ours, theirs))
        if mine != other:
            if _logged_out(before, other):
                return self.theirs
            if _logged_out(before, mine) or other == before:
                return self.ours
            if mine != before:
                raise AuthConflict(
                    "two requests have logged in as different users at the same time; the one that"
                    " was saved first stays",
                    hint="log in again",
                )
        self.conflicts += [_name(key) for key in keys if ours[key] not in (base[key], theirs[key])]
        return self.theirs

    def _value(self, path: str, base: Any, ours: Any, theirs: Any, *, depth: int) -> Any:
        if path in self.rules.counters and _counts(base, ours, theirs):
            self.additive |= not same(base, ours)
            return _fitted(theirs + ours - (0 if base is ABSENT else base))
        if path in self.rules.lists and (merged := edited(base, ours, theirs)) is not None:
            self.additive |= not same(base, ours)
            return merged
        arrays = isinstance(ours, dict) and isinstance(theirs, dict) and depth < MAX_DEPTH
        if not (arrays and self._declared_below(path)):
            if same(base, ours):
                return self._unless_aged(path, theirs, ours, kept=path in self.ours_keeps)
            if same(base, theirs):
                return self._unless_aged(path, ours, theirs, kept=path in self.theirs_keep)
            if same(ours, theirs):
                return theirs
        if path in self.rules.exclusive:
            raise SessionConflict(
                f"another request changed {path!r} meanwhile; nothing was written",
                hint="run the request again, on the session as it is now",
            )
        if ours is ABSENT or theirs is ABSENT:
            self._conflict(path)
            return theirs if ours is ABSENT else ours
        if (both := extended(base, ours, theirs)) is not None:
            self.additive = True
            return both
        if arrays:
            return self._array(path, base if isinstance(base, dict) else {}, ours, theirs, depth)
        self._conflict(path)
        return ours

    def _array(
        self,
        path: str,
        base: dict[Key, Any],
        ours: dict[Key, Any],
        theirs: dict[Key, Any],
        depth: int,
    ) -> dict[Key, Any]:
        merged: dict[Key, Any] = {}
        for key in dict.fromkeys([*theirs, *ours, *base]):
            values = (side.get(key, ABSENT) for side in (base, ours, theirs))
            value = self._value(f"{path}.{_name(key)}", *values, depth=depth + 1)
            if value is not ABSENT:
                merged[key] = value
        return merged

    def _declared_below(self, path: str) -> bool:
        declared = (*self.rules.counters, *self.rules.lists, *self.rules.exclusive)
        return any(name.startswith(f"{path}.") for name in declared)

    def _unless_aged(self, path: str, changed: Any, unchanged: Any, *, kept: bool) -> Any:
        """What a side has made of a value that the other has left alone, or has kept flashed."""
        if changed is ABSENT and kept and path in self.aged:
            return unchanged
        return changed

    def _conflict(self, path: str) -> None:
        if path.partition(".")[0] not in _QUIET:
            self.conflicts.append(path)

    def _flash(self, result: Attributes) -> None:
        if _FLASH not in self.ours and _FLASH not in self.theirs:
            _put(result, _FLASH, ABSENT)
            return
        names = {which: self._listed(result, which) for which in ("old", "new")}
        first = self.theirs if _FLASH in self.theirs else self.ours
        order = [which for which in _members(first, _FLASH) if which in names]
        flash = {which: dict(enumerate(names[which])) for which in dict.fromkeys([*order, *names])}
        _put(result, _FLASH, flash)

    def _listed(self, result: Attributes, which: str) -> list[Any]:
        lists = [(side, _flashed(side, which)) for side in (self.theirs, self.ours)]
        names = dict.fromkeys(name for _, listed in lists for name in listed)
        return [
            name
            for name in names
            if any(
                name in listed and same(_read(side, name), _read(result, name))
                for side, listed in lists
            )
            and _read(result, name) is not ABSENT
        ]


def _is_authentication(key: Key) -> bool:
    return isinstance(key, str) and _AUTHENTICATION.fullmatch(key) is not None


def _logged_out(before: Sequence[bytes | None], after: Sequence[bytes | None]) -> bool:
    return any(was is not None and there is None for was, there in zip(before, after, strict=True))


def _counts(base: Any, ours: Any, theirs: Any) -> bool:
    values = (0 if base is ABSENT else base, ours, theirs)
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _fitted(number: float) -> int | float:
    """As PHP adds: what does not fit into 64 bits is a float."""
    if isinstance(number, float) or INT_MIN <= number <= INT_MAX:
        return number
    return float(number)


def _text(side: Attributes, key: Key) -> bytes | None:
    return side.raw(key) if key in side else None


def _copy(attributes: Attributes) -> Attributes:
    """The same, read anew: what was changed in place is in the bytes then."""
    return type(attributes).loads(attributes.dumps())


def _tied(side: Attributes) -> dict[Key, bytes]:
    return side.tied() if isinstance(side, SessionArray) else {}


def _spelled(side: Attributes, key: Key) -> bytes | None:
    """A tied value with its references named by place, so that two payloads can be compared."""
    return _tied(side).get(key, _text(side, key))


def _put(result: Attributes, key: Key, value: Any) -> None:
    if value is ABSENT:
        result.pop(key, None)
    elif key not in result or not same(result[key], value):
        result[key] = value


def _read(side: Attributes, name: Any) -> Any:
    return read(side, name, ABSENT) if isinstance(name, str) else ABSENT


def _members(side: Attributes, key: Key) -> dict[Key, Value]:
    value = side.get(key)
    return cast(dict[Key, Value], value) if isinstance(value, dict) else {}


def _flashed(side: Attributes, which: str) -> list[Any]:
    names = _members(side, _FLASH).get(which)
    return list(names.values()) if isinstance(names, dict) else []


def _name(key: Key) -> str:
    return key.decode(errors="backslashreplace") if isinstance(key, bytes) else str(key)
