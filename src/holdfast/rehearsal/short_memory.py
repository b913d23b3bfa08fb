"""What is remembered of sessions that are watched for ever: how each began, and what came last."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from holdfast.rehearsal.history import Answer, Op, Sent
from holdfast.rehearsal.invariants.story import Story

LATEST = 32
"""Requests: the one that saw the session last, the one that did not, and what came between."""

MAX_BEGINNING = 100
"""Requests of an arrival, redirects included; a longer one is forgotten from its front."""


@dataclass(slots=True)
class _Kept:
    beginning: deque[Op] = field(default_factory=lambda: deque(maxlen=MAX_BEGINNING))
    latest: deque[Op] = field(default_factory=lambda: deque(maxlen=LATEST))
    settled: bool = False


class ShortMemory:
    """A :class:`holdfast.rehearsal.recorder.Recording` whose size does not grow with time.

    Args:
        answered: told of each request that is over.
    """

    def __init__(self, answered: Callable[[Op], object]) -> None:
        self._answered = answered
        self._began = time.monotonic()
        self._count = 0
        self._open: dict[int, Sent] = {}
        self._kept: dict[str, _Kept] = {}

    def elapsed(self) -> float:
        """Seconds since the watch began."""
        return time.monotonic() - self._began

    def next_id(self) -> int:
        """The number of the next request."""
        return self._count + 1

    def sent(self, record: Sent) -> None:
        """A request is about to be sent."""
        self._count += 1
        self._open[record.id] = record

    def answer(self, record: Answer) -> None:
        """A request is over."""
        op = Op(self._open.pop(record.id), record)
        kept = self._kept.setdefault(op.sent.browser, _Kept())
        (kept.latest if kept.settled else kept.beginning).append(op)
        self._answered(op)

    def settle(self, browser: str) -> None:
        """A browser's session is there: how it began is kept from now on."""
        self._kept[browser].settled = True

    def forget(self, browser: str) -> None:
        """A browser begins anew."""
        self._kept.pop(browser, None)

    def story(self, browser: str) -> Story:
        """What is known of a browser's session."""
        kept = self._kept[browser]
        return Story(browser, (*kept.beginning, *kept.latest))
