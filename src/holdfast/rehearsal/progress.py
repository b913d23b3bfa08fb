"""What a rehearsal tells while it runs; the command line draws it."""

from __future__ import annotations

from typing import Protocol

from holdfast.rehearsal.verdict import Verdict


class Progress(Protocol):
    """Told what happens, from the event loop's thread; every method returns at once."""

    def run_begins(self, name: str, number: int, of: int, seconds: float) -> None:
        """One choice of store is about to be set up; its users will play for ``seconds``."""

    def says(self, words: str) -> None:
        """What is being done now, in a few words: ``starting 3 replicas``, ``kill r2``."""

    def counts(self, requests: int, lost: int) -> None:
        """Requests answered so far, and answers that showed an unexpectedly empty session."""

    def run_ends(self, verdict: Verdict) -> None:
        """The verdict of that run."""


class Silent:
    """Progress for tests and scripts: says nothing."""

    def run_begins(self, name: str, number: int, of: int, seconds: float) -> None:
        """Nothing."""

    def says(self, words: str) -> None:
        """Nothing."""

    def counts(self, requests: int, lost: int) -> None:
        """Nothing."""

    def run_ends(self, verdict: Verdict) -> None:
        """Nothing."""
