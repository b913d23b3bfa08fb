"""Requests at one session that were at work together, or with one that was, and so on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.effect import effect_end, never_sent

_MOST_SESSIONS = 8
"""So many sessions are remembered; the writes of one are asked for one after the other."""

Burst = Sequence[Op]


class Bursts:
    """The bursts of one story.

    Args:
        by_carried: its requests by the session id that they carried, None where it is not known.
    """

    def __init__(self, by_carried: Mapping[str | None, Sequence[Op]]) -> None:
        self._by_carried = by_carried
        self._known: dict[tuple[frozenset[str | None], int | None], Mapping[int, Burst]] = {}

    def joined(self, ids: frozenset[str | None], write: Op, others: Sequence[Op]) -> list[Op]:
        """The requests that are joined by overlaps to a write, or to one of some others.

        Args:
            ids: the ids of the session; those of every request where there are none.
            write: may itself have carried none of them.
            others: count where they carried one.
        """
        carried = frozenset({*ids, None} if ids else self._by_carried)
        bursts = self._bursts(carried, None)
        if write.id not in bursts:
            bursts = self._bursts(carried, write)
        found = {id(burst): burst for op in (write, *others) if (burst := bursts.get(op.id))}
        return [op for burst in found.values() for op in burst]

    def _bursts(self, ids: frozenset[str | None], more: Op | None) -> Mapping[int, Burst]:
        """By the number of a request, the burst that it is in."""
        key = ids, more.id if more else None
        if key not in self._known:
            if len(self._known) == _MOST_SESSIONS:
                self._known.clear()
            near = [op for sid in ids for op in self._by_carried.get(sid, ())]
            ops = {op.id: op for op in near if not never_sent(op)}
            if more is not None:
                ops[more.id] = more
            self._known[key] = _split(sorted(ops.values(), key=lambda op: op.start))
        return self._known[key]


def _split(ops: Sequence[Op]) -> Mapping[int, Burst]:
    bursts: dict[int, Burst] = {}
    burst: list[Op] = []
    until = -math.inf
    for op in ops:
        if op.start >= until:
            burst = []
        burst.append(op)
        bursts[op.id] = burst
        until = max(until, effect_end(op))
    return bursts
