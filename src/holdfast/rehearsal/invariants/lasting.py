"""In which reads a write may be seen, or missing: not every read is asked for every write."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from math import inf

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.effect import effect_end
from holdfast.rehearsal.invariants.story import Story, state_of


class Lasting:
    """Knows which reads of a session all show a write, and which cannot.

    Args:
        story: whose session it is.
        reads: the answers that must show it, in the order of sending.
    """

    def __init__(self, story: Story, reads: Sequence[Op]) -> None:
        self._story = story
        self._reads = reads
        self._marks: dict[str, list[float]] = {}

    def shown_from(self, write: Op) -> int:
        """The position of a read from which on all show an acknowledged write; at worst none."""
        args = write.sent.args
        match write.sent.kind:
            case "cart":
                return self._items_from.get(args["item"], len(self._reads))
            case "count":
                # A read that counted itself must be one further; one step more is on the safe side.
                return bisect_left(self._counts, state_of(write).count + 1)
            case "checkout":
                items = state_of(write).orders
                return max(
                    (self._orders_from.get(item, len(self._reads)) for item in items), default=0
                )
            case _:
                return bisect_right(self._marks_until(args["key"]), write.start)

    def not_shown_before(self, write: Op) -> int:
        """The position of a read before which none shows an acknowledged write; at worst 0."""
        if write.sent.kind != "count":
            return 0
        return bisect_left(self._highest_counts, state_of(write).count)

    @cached_property
    def _counts(self) -> list[float]:
        """The lowest counter of a read and all later ones."""
        return _lowest([state_of(read).count for read in self._reads])

    @cached_property
    def _highest_counts(self) -> list[int]:
        """The highest counter of a read and all earlier ones."""
        return list(accumulate((state_of(read).count for read in self._reads), max))

    @cached_property
    def _items_from(self) -> dict[str, int]:
        return _from([[*state_of(read).cart, *state_of(read).orders] for read in self._reads])

    @cached_property
    def _orders_from(self) -> dict[str, int]:
        return _from([state_of(read).orders for read in self._reads])

    def _marks_until(self, key: str) -> list[float]:
        """How late the mark that a read shows may have been set; the lowest of all later ones."""
        if key not in self._marks:
            set_until = [
                max(map(effect_end, self._story.marks.get((key, shown), ())), default=-inf)
                for shown in (state_of(read).marks.get(key) for read in self._reads)
            ]
            self._marks[key] = _lowest(set_until)
        return self._marks[key]


def _lowest(values: Sequence[float]) -> list[float]:
    """Each value with the lowest that comes after it; rising."""
    return list(accumulate(reversed(values), min))[::-1]


def _from(shown: Sequence[Sequence[str]]) -> dict[str, int]:
    """By item, the position from which on it stands in all."""
    found: dict[str, int] = {}
    lasting = set(shown[-1]) if shown else set()
    for position in range(len(shown) - 1, -1, -1):
        missing = lasting.difference(shown[position])
        found.update(dict.fromkeys(missing, position + 1))
        lasting -= missing
    return found | dict.fromkeys(lasting, 0)
