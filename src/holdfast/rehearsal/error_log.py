"""What an application has said of its last failure, wherever below its replica it has said it."""

from __future__ import annotations

import re
from pathlib import Path

TAIL_BYTES = 256 * 1024
"""How much is read of the end of each file."""

MAX_CHARACTERS = 300

_PLACES = ("*.log", "storage/logs/*.log", "app/storage/logs/*.log")
"""The programs' own, and Laravel's ``storage_path('logs')`` in our application and in a copy."""

_FAILURE = re.compile(
    r"(?:\w\.(?:ERROR|CRITICAL|ALERT|EMERGENCY): |PHP (?:Fatal|Parse) error: +)(?P<said>.+)"
)
"""A record as Laravel's channels write it (Monolog, LineFormatter), and PHP's own."""


def last_failure(directory: Path) -> str | None:
    """The message of the last failure in the logs of a replica; None where none is told.

    It may hold secrets of the application.
    """
    logs = [log for place in _PLACES for log in directory.glob(place) if log.is_file()]
    for log in sorted(logs, key=lambda log: log.stat().st_mtime, reverse=True):
        for line in reversed(_tail(log).splitlines()):
            if found := _FAILURE.search(line):
                # What follows in braces is the exception with its trace.
                return found["said"].partition(' {"')[0].strip()[:MAX_CHARACTERS]
    return None


def _tail(log: Path) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            return file.read(TAIL_BYTES).decode(errors="replace")
    except OSError:
        return ""
