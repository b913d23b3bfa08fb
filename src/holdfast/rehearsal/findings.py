"""Violations as they are found: all are counted, the first of each invariant are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.explain import explained
from holdfast.rehearsal.history import DEPLOYMENT, Event
from holdfast.rehearsal.verdict import LOST, LOST_MARK, MOST_KEPT, Mark, Violation


class Findings:
    """Takes in the violations of one story after the other.

    Args:
        setup, events: what the causes are looked for in.
        second: the second of the run that a time belongs to.

    ``counts`` counts them by invariant, ``causes`` by their cause in words, ``lost`` the sessions
    found lost by second; ``marks`` has a mark for each of those, by who had lost it, ``deployment``
    where nobody knows.
    """

    def __init__(
        self, setup: Setup, events: Sequence[Event], second: Callable[[float], int]
    ) -> None:
        self._setup = setup
        self._events = events
        self._second = second
        self._kept: dict[str, list[Violation]] = {}
        self.counts: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()
        self.lost: Counter[int] = Counter()
        self.marks: dict[str, list[Mark]] = {}

    def add(self, violation: Violation) -> None:
        """Explain and count one, and keep it where it is one of the first."""
        told, cause = explained(violation, self._setup, self._events)
        self.counts[told.invariant] += 1
        self.causes[cause] += 1
        if told.invariant in LOST:
            self.lost[self._second(told.at)] += 1
            who = told.replica or DEPLOYMENT
            self.marks.setdefault(who, []).append(Mark(told.at, LOST_MARK))
        kept = self._kept.setdefault(told.invariant, [])
        kept.append(told)
        if len(kept) >= 2 * MOST_KEPT:
            _keep_first(kept)

    def violations(self) -> list[Violation]:
        """The first of each invariant, in order of time."""
        for kept in self._kept.values():
            _keep_first(kept)
        return sorted((v for kept in self._kept.values() for v in kept), key=lambda v: v.at)

    def omitted(self) -> dict[str, int]:
        """How many of an invariant were counted and not kept, where that is so."""
        return {
            invariant: count - MOST_KEPT
            for invariant, count in self.counts.items()
            if count > MOST_KEPT
        }


def _keep_first(kept: list[Violation]) -> None:
    kept.sort(key=lambda violation: violation.at)
    del kept[MOST_KEPT:]
