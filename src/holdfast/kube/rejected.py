"""A file that is not rendered, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.core.errors import UsageError
from holdfast.manifests.place import Place


@dataclass(frozen=True, order=True)
class Complaint:
    """One thing that is wrong.

    Args:
        place: where.
        reason: what would happen, or why it is not understood; without a final stop.
        way_out: what to write instead.
    """

    place: Place
    reason: str
    way_out: str


class Rejected(UsageError):  # noqa: N818 - reads as what happened
    """A ``LaravelApp`` that is not rendered.

    Args:
        complaints: all that is wrong, in the order of the file; at least one.
    """

    def __init__(self, complaints: Sequence[Complaint]) -> None:
        first = complaints[0]
        super().__init__(f"{first.place}: {first.reason}", hint=first.way_out)
        self.complaints = tuple(complaints)

    @property
    def lines(self) -> Sequence[tuple[str, str]]:
        """One for each complaint."""
        return [(f"{one.place}: {one.reason}", one.way_out) for one in self.complaints]
