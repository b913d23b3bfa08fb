"""The files of a repository by their names, as far as an image may take them over."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile


@dataclass(frozen=True, eq=False)
class Tree:
    """Files by the name that is shown, with slashes.

    Args:
        names: of all of them.
        read: the bytes of one; None where it cannot be read.
    """

    names: frozenset[str]
    read: Callable[[str], bytes | None] = field(repr=False)

    @cached_property
    def directories(self) -> frozenset[str]:
        """All that have a file below them; the empty name is the base."""
        found = {""}
        for name in self.names:
            while "/" in name:
                name = name.rpartition("/")[0]  # noqa: PLW2901 - one step up
                found.add(name)
        return frozenset(found)

    def below(self, directory: str) -> Iterator[str]:
        """The files below a directory, by their names relative to it."""
        start = f"{directory}/" if directory else ""
        first = bisect_left(self._sorted, start)
        for name in takewhile(lambda name: name.startswith(start), self._sorted[first:]):
            yield name[len(start) :]

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.names)
