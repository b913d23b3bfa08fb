"""Three-way merge of lists: PHP arrays with the keys 0, 1, 2, ...

In all of it ``base`` is what both sides began with; ABSENT stands where there is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from holdfast.laravel import php
from holdfast.laravel.php import Value


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""Where nothing stands; null is a value."""


def same(one: Any, other: Any) -> bool:
    """Whether PHP would write the same, or both are absent."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return _spelling(one) == _spelling(other)


def _spelling(value: Value) -> bytes:
    return php.dumps([value])


def edited(base: Any, ours: Any, theirs: Any) -> Any:
    """A declared list; None where one of them is no list. What nobody holds any more is absent."""
    lists = [_as_list(value) for value in (base, ours, theirs)]
    if any(value is None for value in lists) or ours is theirs is ABSENT:
        return None
    before, mine, other = ([_spelling(member) for member in value or ()] for value in lists)
    our_edits, their_edits = _edits(before, mine), _edits(before, other)
    if our_edits is None or their_edits is None:
        return None
    members = [
        member
        for number, member in enumerate(lists[0] or ())
        if number not in our_edits.removed and number not in their_edits.removed
    ]
    members += (lists[2] or [])[their_edits.kept :]
    members += (lists[1] or [])[our_edits.kept :]
    if not members and (ours is ABSENT or theirs is ABSENT):
        return ABSENT
    return dict(enumerate(members))


@dataclass(frozen=True, slots=True)
class _Edits:
    """How a list came from another one: places that were taken away, and how many were kept."""

    removed: frozenset[int]
    kept: int


def _edits(before: Sequence[bytes], after: Sequence[bytes]) -> _Edits | None:
    """None: not by taking members away and appending others, as where they were reordered."""
    removed = set()
    kept = 0
    for number, member in enumerate(before):
        if kept < len(after) and after[kept] == member:
            kept += 1
        else:
            removed.add(number)
    gone = {before[number] for number in removed}
    return None if gone.intersection(after[kept:]) else _Edits(frozenset(removed), kept)


def extended(base: Any, ours: Any, theirs: Any) -> Any:
    """Both extensions of a list, one after the other; None where they are not that."""
    lists = [_as_list(value) for value in (base, ours, theirs)]
    if any(value is None for value in lists):
        return None
    before, mine, other = (value or [] for value in lists)
    length = len(before)
    for side in (mine, other):
        if len(side) <= length or any(
            not same(*pair) for pair in zip(before, side[:length], strict=True)
        ):
            return None
    return dict(enumerate([*other, *mine[length:]]))


def _as_list(value: Any) -> list[Any] | None:
    """Its members; of what is absent none; None where it is no list."""
    if value is ABSENT:
        return []
    if isinstance(value, dict) and all(
        type(key) is int and key == number for number, key in enumerate(value)
    ):
        return list(value.values())
    return None
