"""What a reader hands back in place of what it could not read."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.check.place import Place


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file, or the rest of one from a place on, that is not understood.

    Args:
        place: where reading stopped.
        why: in words, without a value of the file: ``the quote is not closed``.
    """

    place: Place
    why: str
