"""Three-way merge of a session's attributes, key by key; pure.

Two requests read the same session and both changed it: ``base`` is what both read, ``theirs`` what
the other one has saved meanwhile, ``ours`` what this one wants to save. The rules, in their order:

====  ========================================  ==================================================
1     a declared counter                        both deltas are added to the base
2     a declared list                           what either removed is gone, what either appended is
                                                there: theirs, then ours
3     authentication: ``login_*``,              each guard apart, see `merge_authentication`
      ``password_hash_*``, ``_token``,
      ``auth``
4     unchanged on one side                     the other side, a deletion too
5     equal on both sides                       that
6     flash data aged away here, kept there     it is kept
7     an exclusive key changed on both sides    `SessionConflict`
8     deleted here, changed there               the change; a conflict
9     lists that both extended                  both extensions: theirs, then ours
10    arrays                                    member by member, by these rules
11    anything else                             ours, the later save; a conflict
====  ========================================  ==================================================

Rules 1 and 2 come first because two equal increments are two. Where something below an array has a
rule of its own (1, 2, 3 or 6), rule 10 comes before rules 5 and 8: an array that one side has
removed counts as empty. Rule 7 is asked last, and covers what becomes of the arrays around a key.
``_flash`` is computed after the rest: a name is listed where the side whose value won lists it, or
where the value is of both. Values that are tied together by PHP references move as one unit, or not
at all.

Values stay as they are spelled, and are compared so: 1, 1.0 and "1" differ. What is spelled alike
is not looked into.

That a page was seen (``_previous``) is no conflict: the later one is the previous page.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.core.errors import SessionConflict
from holdfast.laravel.payload import Attributes
from holdfast.laravel.php import Key, Value
from holdfast.laravel.php.values import normal_key
from holdfast.session.arithmetic import fitted, number
from holdfast.session.merge_authentication import authentication
from holdfast.session.merge_lists import ListMembers, edited, extended
from holdfast.session.merge_sides import FLASH, MAX_DEPTH, Members, Side, Spelling, key_name
from holdfast.session.rules import NO_RULES, Rules

_QUIET = ("_previous",)


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
        AuthConflict: both have logged in with one guard, as different users; or ours has, and
            theirs has logged out there.
        SessionConflict: both have changed an exclusive key.
        FormatError, TypeError: ours cannot be written, or references in it cannot be moved.
    """
    spelling = Spelling(type(theirs))
    before, mine, other = (Side(attributes, spelling) for attributes in (base, ours, theirs))
    return _Merge(before, mine, other, rules).run()


class _Merge:
    def __init__(self, base: Side, ours: Side, theirs: Side, rules: Rules) -> None:
        self.base = base
        self.ours = ours
        self.theirs = theirs
        self.rules = rules
        self.spelling = theirs.spelling
        self.tied = base.tied | ours.tied | theirs.tied
        self.additive = any(
            base.read(name) != ours.read(name)
            for name in self._touched([*rules.counters, *rules.lists])
        )
        self.aged = set(base.flashed("old"))
        self.ours_keeps = {*ours.flashed("old"), *ours.flashed("new")}
        self.theirs_keep = {*theirs.flashed("old"), *theirs.flashed("new")}
        self.decided, self.conflicts = authentication(
            base.authentication(), ours.authentication(), theirs.authentication()
        )
        self.aged_below = _parents(self.aged)
        self.below = self.aged_below | _parents({*rules.counters, *rules.lists, *self.decided})

    def run(self) -> Merged:
        base, ours, theirs = self.base.members, self.ours.members, self.theirs.members
        carrier = self._carrier()
        members: dict[Key, bytes] = {}
        for key in dict.fromkeys([*theirs, *ours, *base]):
            if key in self.tied:
                value = carrier.members.get(key)
            elif key == FLASH:
                value = theirs.get(key, ours.get(key))
            else:
                values = (side.get(key) for side in (base, ours, theirs))
                value = self._value(key_name(key), *values, depth=0)
            if value is not None:
                members[key] = value
        if FLASH in members.keys() - self.tied:
            members[FLASH] = self._flash(members)
        self._keep_exclusive(members)
        merged = self._attributes(members, carrier)
        return Merged(merged, tuple(dict.fromkeys(self.conflicts)), self.additive)

    def _keep_exclusive(self, members: Members) -> None:
        """Refuse what gives up a change of an exclusive key, there or in an array around it."""
        for name in self._touched(self.rules.exclusive):
            base, ours, theirs = (s.read(name) for s in (self.base, self.ours, self.theirs))
            both = ours not in (base, theirs) and theirs != base
            merged = self.spelling.read(members, name, self.tied)
            lost = merged != (theirs if ours == base else ours)
            if both or (lost and self.aged.isdisjoint({name, *_parents([name])})):
                raise SessionConflict(
                    f"another request changed {name!r} meanwhile; nothing was written",
                    hint="run the request again, on the session as it is now",
                )

    def _touched(self, names: Iterable[str]) -> list[str]:
        """Those that ours may have changed: what is spelled alike is not looked into."""
        base, ours = self.base.members, self.ours.members
        return [
            name
            for name in sorted(names)
            if any(
                ours.get(key) != base.get(key)
                for key in (normal_key(name), normal_key(name.partition(".")[0]))
            )
        ]

    def _carrier(self) -> Side:
        """The side whose payload the tied values are kept in."""
        base, ours, theirs = (
            {key: side.members.get(key) for key in self.tied}
            for side in (self.base, self.ours, self.theirs)
        )
        if ours in (base, theirs):
            return self.theirs
        if theirs != base:
            self.conflicts += [
                key_name(key)
                for key in self.ours.members
                if key in self.tied and ours[key] != theirs[key]
            ]
        return self.ours

    def _attributes(self, members: dict[Key, bytes], carrier: Side) -> Attributes:
        kind = type(carrier.attributes)
        if [*members.items()] == [*self.theirs.members.items()]:
            return kind.loads(self.theirs.attributes.dumps())
        if not self.tied:
            return kind.loads(self.spelling.join(members))
        merged = kind.loads(carrier.attributes.dumps())
        for key in merged.keys() - members.keys():
            del merged[key]
        for key, value in members.items():
            if key not in self.tied and (key not in merged or merged.raw(key) != value):
                merged[key] = self.spelling.loads(value)
        return kind.loads(merged.dumps())

    def _value(
        self, path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None, *, depth: int
    ) -> bytes | None:
        if path in self.decided:
            return self.decided[path]
        if base == ours == theirs or ours is theirs is None:
            return theirs
        unchanged = base in (ours, theirs)
        arrays = None
        if depth < MAX_DEPTH and (not unchanged or path in self.aged_below):
            arrays = self._arrays(path, base, ours, theirs)
        if unchanged and arrays is None:
            return self._changed(path, base, ours, theirs)
        if path in self.rules.counters and (count := self._counted(base, ours, theirs)):
            self.additive = True
            return count
        if path in self.rules.lists and (lists := self._lists(base, ours, theirs)):
            self.additive = True
            return self._joined(edited(*lists), ours, theirs)
        if arrays is not None and path in self.below:
            return self._joined(self._array(path, *arrays, depth), ours, theirs)
        if ours == theirs:
            return theirs
        if ours is None or theirs is None:
            self._conflict(path)
            return theirs if ours is None else ours
        if arrays is None:
            self._conflict(path)
            return ours
        if (both := extended(*arrays)) is not None:
            self.additive = True
            return self.spelling.join(both)
        return self.spelling.join(self._array(path, *arrays, depth))

    def _arrays(
        self, path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None
    ) -> tuple[Members, Members, Members] | None:
        """The members on each side, to be merged one by one; None: the values are taken whole."""
        if (ours is None or theirs is None) and path not in self.below:
            return None
        mine, other = ({} if side is None else self.spelling.split(side) for side in (ours, theirs))
        if mine is None or other is None:
            return None
        return self.spelling.split(base) or {}, mine, other

    def _array(
        self, path: str, base: Members, ours: Members, theirs: Members, depth: int
    ) -> dict[Key, bytes]:
        merged: dict[Key, bytes] = {}
        for key in dict.fromkeys([*theirs, *ours, *base]):
            values = (side.get(key) for side in (base, ours, theirs))
            value = self._value(f"{path}.{key_name(key)}", *values, depth=depth + 1)
            if value is not None:
                merged[key] = value
        return merged

    def _joined(self, members: Members, ours: bytes | None, theirs: bytes | None) -> bytes | None:
        """An array; what a side has removed does not stay behind empty."""
        if not members and (ours is None or theirs is None):
            return None
        return self.spelling.join(members)

    def _counted(
        self, base: bytes | None, ours: bytes | None, theirs: bytes | None
    ) -> bytes | None:
        """Both additions; None: PHP cannot add to one of these, or comes to no finite number."""
        values = (
            None if side is None else self.spelling.loads(side) for side in (base, ours, theirs)
        )
        try:
            before, mine, other = map(number, values)
        except TypeError:
            return None
        total = fitted(other + (mine - before))
        return self.spelling.dumps(total) if math.isfinite(total) else None

    def _lists(
        self, base: bytes | None, ours: bytes | None, theirs: bytes | None
    ) -> tuple[ListMembers, ListMembers, ListMembers] | None:
        before, mine, other = (self._list(side) for side in (base, ours, theirs))
        if before is None or mine is None or other is None:
            return None
        return before, mine, other

    def _list(self, value: bytes | None) -> ListMembers | None:
        """Members by number, of what PHP makes an array of when it pushes none; None: no list."""
        members = self.spelling.split(value)
        if members is None:
            nothing = None if value is None else self.spelling.loads(value)
            return {} if nothing is None or nothing is False else None
        numbered = {key: member for key, member in members.items() if isinstance(key, int)}
        return numbered if len(numbered) == len(members) else None

    def _changed(
        self, path: str, base: bytes | None, ours: bytes | None, theirs: bytes | None
    ) -> bytes | None:
        """What one side has made of a value that the other has left alone, or has kept flashed."""
        changed, keeps = (theirs, self.ours_keeps) if ours == base else (ours, self.theirs_keep)
        return base if changed is None and path in self.aged & keeps else changed

    def _conflict(self, path: str) -> None:
        if path.partition(".")[0] not in _QUIET:
            self.conflicts.append(path)

    def _flash(self, members: Members) -> bytes:
        first = self.theirs if FLASH in self.theirs.members else self.ours
        before = self.spelling.split(first.members[FLASH]) or {}
        names: dict[str, Value] = {which: self._listed(members, which) for which in ("old", "new")}
        order = sorted(names, key=[*before, *names].index)
        return self.spelling.dumps({which: names[which] for which in order})

    def _listed(self, members: Members, which: str) -> list[Value]:
        """The flashed names whose value is of a side which lists it, or of both together."""
        sides = [(side, side.flashed(which)) for side in (self.theirs, self.ours)]
        listed: list[Value] = []
        for name in dict.fromkeys(name for _, names in sides for name in names):
            value = self.spelling.read(members, name, self.tied)
            of_one = [names for side, names in sides if side.read(name) == value]
            if value is not None and (not of_one or any(name in names for names in of_one)):
                listed.append(name)
        return listed


def _parents(names: Iterable[str]) -> set[str]:
    """The dotted keys of the arrays that these are in."""
    parents = set()
    for name in names:
        parts = name.split(".")
        parents |= {".".join(parts[:depth]) for depth in range(1, min(len(parts), MAX_DEPTH + 1))}
    return parents
