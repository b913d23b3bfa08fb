"""Counting what happens: a protocol, so that nothing here depends on how it is exported."""

from __future__ import annotations

from typing import Protocol


class Metrics(Protocol):
    """Counts events; safe to call from any thread, returns at once and raises nothing."""

    def count(self, event: str, **labels: str) -> None:
        """One more of an event.

        Args:
            event: a constant name: ``merged``, ``followed``.
            labels: few values each; never a session id, a key or a value of a session.
        """


class NoMetrics:
    """Counts nothing."""

    def count(self, event: str, **labels: str) -> None:
        """Nothing."""
