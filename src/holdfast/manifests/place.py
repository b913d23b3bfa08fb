"""Where something is written."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Place(msgspec.Struct, frozen=True, order=True):
    """A stretch of a file; a run makes tens of thousands.

    Args:
        file: as it is shown to people: relative to where ``check`` was started, ``-`` for standard
            input.
        line, column: of its first character, from 1; 0 where the file as a whole is meant.
        end_line, end_column: just behind its last character; 0 where that is not known.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        """``deploy/web.yaml:12:9``, what editors open."""
        if not self.line:
            return self.file
        column = f":{self.column}" if self.column else ""
        return f"{self.file}:{self.line}{column}"


class Located(Protocol):
    """A document that knows where its values stand."""

    @property
    def file(self) -> str:
        """As in ``Place``."""

    def at(self, *path: str | int) -> Place:
        """Where the value at a path stands; of the nearest that is there otherwise."""

    def key_at(self, *path: str | int) -> Place:
        """Where its key stands."""

    def span(self, *path: str | int) -> tuple[int, int]:
        """First byte and the one behind the last, in the file that ``at`` names.

        Raises:
            LookupError: there is no word at that path that could be changed.
        """
