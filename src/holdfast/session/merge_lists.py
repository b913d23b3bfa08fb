"""Three-way merge of lists: PHP arrays whose keys are numbers, gaps or none.

In all of it ``base`` is what both sides began with, and members are compared as they are spelled.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from holdfast.laravel.php import Key

ListMembers: TypeAlias = Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class _Edits:
    """How a side came from the base.

    Args:
        kept: the key there of each of the base's members that it still has, by the base's key.
        appended: the keys of those that it has beside these.
        in_order: whether it took away and appended and did nothing else: what it kept stands in the
            base's order, in front of what it appended.
    """

    kept: Mapping[int, int]
    appended: tuple[int, ...]
    in_order: bool


def edited(base: ListMembers, ours: ListMembers, theirs: ListMembers) -> dict[Key, bytes]:
    """What neither has taken out, and what either has appended: theirs, then ours.

    A side that did something else too, as where it put its list in another order, has its list
    edited by what the other took out and appended; of two such sides it is ours.

    Members keep their keys, where the list has gaps; those of ours that are taken are appended as
    PHP does. Two lists without gaps make one without.
    """
    mine, other = _edits(base, ours), _edits(base, theirs)
    if mine.in_order:
        merged = _applied(theirs, other, ours, mine)
    else:
        merged = _applied(ours, mine, theirs, other)
    without_gaps = is_list(ours) and is_list(theirs)
    return dict(enumerate(merged.values()) if without_gaps else merged.items())


def _applied(
    frame: ListMembers, own: _Edits, other: ListMembers, edits: _Edits
) -> dict[int, bytes]:
    """A side's list with what the other has done to the base done to it too."""
    gone = {there for key, there in own.kept.items() if key not in edits.kept}
    merged = {key: member for key, member in frame.items() if key not in gone}
    following = max(merged, default=-1) + 1
    for key in edits.appended:
        place = following if key in merged else key
        merged[place] = other[key]
        following = max(following, place + 1)
    return merged


def _edits(before: ListMembers, after: ListMembers) -> _Edits:
    kept: dict[int, int] = {}
    left = deque(after)
    for key, member in before.items():
        if left and after[left[0]] == member:
            kept[key] = left.popleft()
    in_order = True
    elsewhere: defaultdict[bytes, deque[int]] = defaultdict(deque)
    for key in left:
        elsewhere[after[key]].append(key)
    for key, member in before.items():
        if key not in kept and elsewhere.get(member):
            kept[key] = elsewhere[member].popleft()
            in_order = False
    places = set(kept.values())
    return _Edits(kept, tuple(key for key in after if key not in places), in_order)


def extended(
    base: Mapping[Key, bytes], ours: Mapping[Key, bytes], theirs: Mapping[Key, bytes]
) -> dict[Key, bytes] | None:
    """Both extensions of a list, one after the other; None where they are not that."""
    if not (is_list(base) and is_list(ours) and is_list(theirs)):
        return None
    before, mine, other = (list(side.values()) for side in (base, ours, theirs))
    length = len(before)
    if any(len(side) <= length or side[:length] != before for side in (mine, other)):
        return None
    return dict(enumerate([*other, *mine[length:]]))


def is_list(keys: Iterable[object]) -> bool:
    """Whether these are the keys 0, 1, 2, ... in this order."""
    return all(key == number for number, key in enumerate(keys))
