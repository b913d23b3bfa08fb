"""Good behaviour towards a deployment that others use too: a rate, patience, and an end."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

import anyio
from anyio import CancelScope

BURST = 5.0
"""Requests that may go at once after a rest: what a page and its widgets ask for together."""

WINDOW_SECONDS = 10.0
FEWEST = 10
"""Answers that must be in the window before it says anything."""

EXPECTED_SECONDS = 30.0
"""How long the errors that follow a fault are nobody's distress."""

LONGEST_WAIT_SECONDS = 3600.0
"""What a Retry-After may ask for; a longer one counts as this."""

PATIENCE_SECONDS = 60.0
"""A Retry-After of more than this asks to be left alone."""


class Courtesy:
    """Admits requests one after the other, and notices when a deployment is in distress.

    A token bucket: ``rate`` requests a second, BURST of them at once. Where an answer of 429 or 503
    names a ``Retry-After``, nobody sends anything before it is over. The deployment is in distress
    where that is longer than PATIENCE_SECONDS, and where more than half of the answers in
    WINDOW_SECONDS were 5xx, 429 or none at all.

    Args:
        rate: requests a second over all users.
        on_distress: told so once, in words.
        clock, sleep: the monotonic clock, seconds, and how to wait; replaced in tests.
    """

    def __init__(
        self,
        rate: float,
        on_distress: Callable[[str], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
    ) -> None:
        self._rate = rate
        self._on_distress = on_distress
        self._clock = clock
        self._sleep = sleep
        self._turn = anyio.Lock()
        self._tokens = BURST
        self._counted = clock()
        self._not_before = -math.inf
        self._expected_until = -math.inf
        self._answers: deque[tuple[float, bool]] = deque()
        self._distressed = False
        self._rest: CancelScope | None = None
        self.over = False

    async def turn(self) -> None:
        """Wait until one more request may be sent; whoever came first goes first."""
        async with self._turn:
            now = self._clock()
            self._tokens = min(BURST, self._tokens + (now - self._counted) * self._rate) - 1
            self._counted = now
            with CancelScope() as self._rest:
                if self._tokens < 0 and not self.over:
                    await self._sleep(-self._tokens / self._rate)
                while (held := self._not_before - self._clock()) > 0 and not self.over:
                    await self._sleep(held)

    def end(self) -> None:
        """Nothing will be sent any more: who waits for a turn waits no longer."""
        self.over = True
        if self._rest is not None:
            self._rest.cancel()

    def expect(self, seconds: float = EXPECTED_SECONDS) -> None:
        """A fault begins, or is over: errors of the next seconds are what was asked for."""
        self._expected_until = self._clock() + seconds
        self._answers.clear()

    def answered(self, status: int | None, retry_after: str | None = None) -> None:
        """Learn from an answer.

        Args:
            status: of the answer, None where none came.
            retry_after: the value of that header.
        """
        now = self._clock()
        if status in (429, 503) and retry_after is not None:
            wait = seconds_of(retry_after)
            self._not_before = max(self._not_before, now + wait)
            if wait > PATIENCE_SECONDS:
                self._in_distress(f"it asked to be left alone for {wait:.0f} s")
        if now < self._expected_until:
            return
        bad = status is None or status == 429 or status >= 500
        self._answers.append((now, bad))
        while self._answers[0][0] < now - WINDOW_SECONDS:
            self._answers.popleft()
        ill = sum(bad for _, bad in self._answers)
        if len(self._answers) >= FEWEST and 2 * ill > len(self._answers):
            self._in_distress(
                f"{ill} of {len(self._answers)} answers within {WINDOW_SECONDS:g} s were 5xx, 429"
                " or none at all"
            )

    def _in_distress(self, words: str) -> None:
        if not self._distressed:
            self._distressed = True
            self._on_distress(words)


def seconds_of(retry_after: str) -> float:
    """Seconds that a ``Retry-After`` asks for (RFC 9110, 10.2.3); 0 where it cannot be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(LONGEST_WAIT_SECONDS, float(text[:9]))
    try:
        until = parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0
    return max(0.0, min(LONGEST_WAIT_SECONDS, until - time.time()))
