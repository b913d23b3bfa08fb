"""Where words go: data to stdout, progress and errors to stderr, colour only for a terminal.

Rich takes a while to load: what may print nothing loads this where it prints.
"""

from __future__ import annotations

import os

from rich.console import Console


class _Screen(Console):
    """Says nothing more once nobody reads; what a command found is still its exit status."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        # Python flushes standard output at its end, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


stdout = _Screen()
stderr = _Screen(stderr=True)
