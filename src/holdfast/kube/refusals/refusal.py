"""One refusal."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """Why a specification is not rendered.

    Args:
        path: where in the specification, in the file's spelling, e.g. ``("web", "max")``; of a
            list's entry, its index.
        reason: what would happen, in a sentence without a final stop.
        way_out: what to write instead.
        of_key: the key is meant, not its value.
    """

    path: tuple[str | int, ...]
    reason: str
    way_out: str
    of_key: bool = False
