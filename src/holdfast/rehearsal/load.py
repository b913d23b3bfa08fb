"""Requests, errors and latencies of a run, by phase and by second."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from holdfast.rehearsal.history import Event, Op
from holdfast.rehearsal.verdict import Phase, Second


class Load:
    """Takes in requests, one by one; keeps 16 bytes of each, two latencies.

    Args:
        events: everything that was done to the deployment, in order of time; the phases are there.
        seconds: how long the run took.
    """

    def __init__(self, events: Sequence[Event], seconds: float) -> None:
        self._seconds = seconds
        self._phases = [
            (event.at, event.fault, _Window()) for event in events if event.what == "phase"
        ]
        self._begins = [at for at, _, _ in self._phases]
        self._series = [_Window() for _ in range(max(1, math.ceil(seconds)))]

    def add(self, op: Op) -> None:
        """Count a request where it began."""
        self._series[self.second(op.start)].add(op)
        phase = bisect_right(self._begins, op.start) - 1
        if phase >= 0:
            self._phases[phase][2].add(op)

    def phases(self) -> list[Phase]:
        """The phases in their order."""
        return [
            Phase(name, min(at, self._seconds), window.requests, window.errors, *window.latency())
            for at, name, window in self._phases
        ]

    def series(self, lost: Mapping[int, int]) -> list[Second]:
        """The seconds in their order; ``lost`` are the sessions found lost in each."""
        return [
            Second(window.requests, window.errors, *window.latency(), lost.get(second, 0))
            for second, window in enumerate(self._series)
        ]

    def second(self, at: float) -> int:
        """The second of the run that a time belongs to."""
        return max(0, min(len(self._series) - 1, int(at)))


class _Window:
    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self._times = array("d")

    def add(self, op: Op) -> None:
        self.requests += 1
        self.errors += op.answer is None or op.answer.outcome in ("fail", "unknown")
        if op.ok or op.refused:
            self._times.append(1000 * (op.end - op.start))

    def latency(self) -> tuple[float | None, float | None]:
        """The 50th and the 99th percentile of the answered ones, milliseconds."""
        times = sorted(self._times)
        return _percentile(times, 50), _percentile(times, 99)


def _percentile(times: Sequence[float], percent: int) -> float | None:
    if not times:
        return None
    return times[min(len(times) - 1, math.ceil(len(times) * percent / 100) - 1)]
