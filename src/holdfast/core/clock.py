"""The clock: epoch seconds as a whole number, as Laravel counts them."""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the current time in whole seconds since 1970-01-01 UTC."""


def wall_clock() -> int:
    """The machine's clock, rounded down as PHP's ``time()`` is."""
    return int(time.time())
