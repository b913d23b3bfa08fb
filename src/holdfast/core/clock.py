"""The clock: epoch seconds as a whole number, as Laravel counts them; and when waits end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

Clock = Callable[[], int]
"""Returns the current time in whole seconds since 1970-01-01 UTC."""


def wall_clock() -> int:
    """The machine's clock, rounded down as PHP's ``time()`` is."""
    return int(time.time())


Ticks = Callable[[], float]
"""Returns seconds from an unknown beginning; they never go back."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a wait is over that has several parts: each of them gets what is left."""

    at: float
    ticks: Ticks = field(repr=False)

    @classmethod
    def after(cls, seconds: float, ticks: Ticks = time.monotonic) -> Self:
        """The end of a wait of so many seconds that begins now."""
        return cls(ticks() + seconds, ticks)

    @property
    def left(self) -> float:
        """Seconds; 0 once it is over."""
        return max(0.0, self.at - self.ticks())
