"""The progress of a rehearsal on a terminal: a live line while it runs, plain lines in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status

from holdfast.rehearsal.verdict import Verdict

LOG_SECONDS = 5.0
"""How often a count is written where the output is not a terminal."""


class LiveProgress:
    """Progress (see ``rehearsal.progress``) on a console; a context manager."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._title = ""
        self._words = ""
        self._began = time.monotonic()
        self._seconds = 0.0
        self._logged = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status("starting")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status:
            self._status.stop()

    def run_begins(self, name: str, number: int, of: int, seconds: float) -> None:
        """Name the run in every line that follows."""
        self._title = f"{name} ({number}/{of})" if of > 1 else name
        self._began = time.monotonic()
        self._seconds = seconds
        self.says("setting up")

    def says(self, words: str) -> None:
        """Show what is being done now."""
        self._words = words
        if self._status:
            self._show("")
        else:
            self._line(words)

    def counts(self, requests: int, lost: int) -> None:
        """Show the counts; in a log only every few seconds."""
        counted = f"{requests} requests, {lost} sessions lost or logged out"
        if self._status:
            self._show(counted)
        elif time.monotonic() - self._logged > LOG_SECONDS:
            self._line(counted)

    def run_ends(self, verdict: Verdict) -> None:
        """Print the run in one line."""
        line = (
            f"{verdict.name}: {verdict.sessions_lost} of {verdict.sessions_opened} sessions lost,"
            f" {verdict.writes_lost} of {verdict.writes_acknowledged} writes lost"
        )
        colour = "red" if verdict.sessions_lost or verdict.writes_lost else "green"
        self._console.print(f"[{colour}]{line}[/]", highlight=False, soft_wrap=True)

    def _show(self, counted: str) -> None:
        if self._status:
            self._status.update(f"{self._title}: {self._words}  [dim]{counted}[/]")

    def _line(self, words: str) -> None:
        self._logged = time.monotonic()
        self._console.print(
            f"{self._title}: {self._logged - self._began:.0f} s: {words}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
