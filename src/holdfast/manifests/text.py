"""Text that knows where it was written, also after lines were joined and quotes taken off."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from holdfast.manifests.place import Place
from holdfast.manifests.unreadable import Unreadable

MAX_BYTES: Final = 256 * 1024
"""Of a Dockerfile, a script, a configuration file; a larger one is refused."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters of a file, not all of which need to have stood side by side there.

    Args:
        string: the characters.
        file: as in ``Place``.
        runs: where they stood: (offset in ``string``, line, column) of each first character that
            does not follow the one before it on the same line.
    """

    string: str = field(repr=False)
    file: str
    runs: tuple[tuple[int, int, int], ...] = field(repr=False)

    @staticmethod
    def at(string: str, place: Place) -> Text:
        """A text of which only the beginning is known; all its lines count from there."""
        return Text(string, place.file, ((0, place.line, place.column),))

    @staticmethod
    def join(texts: Iterable[Text]) -> Text:
        """Texts of one file, one after the other; at least one."""
        strings, runs, length, file = [], [], 0, ""
        for text in texts:
            file = text.file
            runs += [(length + offset, line, column) for offset, line, column in text.runs]
            strings.append(text.string)
            length += len(text.string)
        return Text("".join(strings), file, tuple(runs))

    def part(self, start: int, end: int | None = None) -> Text:
        """A stretch of it."""
        end = len(self.string) if end is None else end
        line, column = self.position(start)
        first, last = bisect_right(self.runs, (start + 1,)), bisect_right(self.runs, (end,))
        inner = [(offset - start, line, column) for offset, line, column in self.runs[first:last]]
        return Text(self.string[start:end], self.file, ((0, line, column), *inner))

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character."""
        start, line, column = self.runs[max(bisect_right(self.runs, (offset + 1,)) - 1, 0)]
        return line, column + offset - start

    def place(self, start: int = 0, end: int | None = None) -> Place:
        """Where a stretch stood: by default all of it."""
        end = len(self.string) if end is None else end
        line, column = self.position(start)
        if end <= start:
            return Place(self.file, line, column)
        end_line, end_column = self.position(end - 1)
        return Place(self.file, line, column, end_line, end_column + 1)


def text_of(data: bytes, file: str) -> Text | Unreadable:
    """The text of a file: without a byte order mark, lines end with a line feed.

    Bytes that are not UTF-8 become U+FFFD: a comment in another encoding hides nothing.
    """
    if len(data) > MAX_BYTES:
        return Unreadable(Place(file), f"is longer than {MAX_BYTES // 1024} KiB")
    if b"\0" in data:
        return Unreadable(Place(file), "is no text: it has NUL bytes")
    string = data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    runs, offset = [(0, 1, 1)], 0
    for number, line in enumerate(string.split("\n")[:-1], 2):
        offset += len(line) + 1
        runs.append((offset, number, 1))
    return Text(string, file, tuple(runs))
