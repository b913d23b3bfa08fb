"""Says when a deployment that is watched stops answering, and when it answers again."""

from __future__ import annotations

import math
from collections.abc import Callable

from holdfast.rehearsal.history import Op


class Outage:
    """Whether the last requests of a watch were answered.

    Args:
        says: told in words when that changes, and of nothing in between.
    """

    def __init__(self, says: Callable[[str], None]) -> None:
        self._says = says
        self._answered = -math.inf
        self._since: float | None = None
        self._failed = 0

    def answered(self, op: Op) -> None:
        """A request is over."""
        assert op.answer is not None
        if op.answer.outcome in ("fail", "unknown"):
            # One that was sent before one that was answered says nothing new.
            if op.start > self._answered:
                self._fails(op)
            return
        self._answered = max(self._answered, op.start)
        if self._since is not None:
            self._says(
                f"UP: after {op.end - self._since:.0f} s; requests that failed: {self._failed}"
            )
            self._since, self._failed = None, 0

    def _fails(self, op: Op) -> None:
        assert op.answer is not None
        self._failed += 1
        if self._since is None:
            self._since = op.end
            self._says(f"DOWN: {op.answer.error or f'HTTP {op.answer.status}'}")
