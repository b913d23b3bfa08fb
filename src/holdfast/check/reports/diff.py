"""A mending as a unified diff, for reading: secrets in the lines around are ``***``."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from holdfast.check.fixes import Change
from holdfast.check.reports.excerpt import Excerpts


def diff(change: Change) -> Iterator[str]:
    """The lines, without their ends."""
    yield from difflib.unified_diff(
        _lines(change.file, change.before),
        _lines(change.file, change.after),
        f"a/{change.file}",
        f"b/{change.file}",
        lineterm="",
    )


def _lines(file: str, data: bytes) -> list[str]:
    lines = [line.text for line in Excerpts({file: data}).whole(file)]
    return lines if lines[-1] else lines[:-1]
