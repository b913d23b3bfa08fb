"""Where something is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a file.

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
        numbers = [str(number) for number in (self.line, self.column) if number]
        return ":".join([self.file, *numbers])
