"""Lines of a source file as they can be shown: no secret, nothing that a terminal would obey."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from holdfast.check.reports.masking import MASK, Span, secrets
from holdfast.manifests.place import Place

MOST_LINES = 4
"""So many lines of a place are shown."""

WIDTH = 160
"""So many characters of a line are in a report that no terminal's width limits."""

MAX_BYTES = 2 * 1024 * 1024
"""Of a larger file there is no excerpt: to be sure of its secrets all of it has to be read."""

_RUN = re.compile(r"\.(?:sh|bash)$|(?:docker|container)file[^/]*$", re.IGNORECASE)
_TAB = "    "


class Line(msgspec.Struct, frozen=True):
    """A line of an excerpt.

    Args:
        number: in the file, from 1.
        text: what is shown of it.
        start, end: in ``text``, what is meant; equal where nothing is.
    """

    number: int
    text: str
    start: int = 0
    end: int = 0


class Excerpts:
    """Excerpts from files; each file is read once.

    Args:
        files: bytes by the name in ``Place``.
    """

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._read: dict[str, tuple[list[str], list[list[Span]]]] = {}

    def has(self, file: str) -> bool:
        """Whether there is such a file, and it was read."""
        return file in self._files

    def of(self, place: Place, before: int = 1) -> tuple[Line, ...]:
        """The lines of a place and so many before it; none where the file as a whole is meant.

        Of what a shell runs nothing is shown but the place: an argument tells by nothing whether it
        is secret.
        """
        lines, spans = self._lines(place.file)
        if not 1 <= place.line <= len(lines):
            return ()
        if _RUN.search(place.file):
            before = 0
        last = min(max(place.end_line, place.line), place.line + MOST_LINES - 1, len(lines))
        first = max(1, place.line - before)
        return tuple(
            _shown(lines[number - 1], spans[number - 1], number, place)
            for number in range(first, last + 1)
        )

    def words(self, place: Place) -> str:
        """The place's first line without its layout and its secrets: what stays when lines move."""
        shown = self.of(replace(place, end_line=place.line), before=0)
        return " ".join(shown[0].text.split()) if shown else ""

    def whole(self, file: str) -> tuple[Line, ...]:
        """All lines of a file."""
        lines, spans = self._lines(file)
        return tuple(_shown(line, spans[n - 1], n, Place(file)) for n, line in enumerate(lines, 1))

    def position(self, file: str, offset: int) -> tuple[int, int]:
        """Line and column, from 1 and in characters, of an offset in bytes."""
        before = self._files.get(file, b"")[:offset].decode("utf-8", errors="replace")
        return before.count("\n") + 1, len(before) - before.rfind("\n")

    def _lines(self, file: str) -> tuple[list[str], list[list[Span]]]:
        if file not in self._files or len(self._files[file]) > MAX_BYTES:
            return [], []
        if file not in self._read:
            text = self._files[file].decode("utf-8", errors="replace")
            lines = (
                text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
            )
            self._read[file] = lines, secrets(lines)
        return self._read[file]


def clipped(line: Line, width: int = WIDTH, cells: Callable[[str], int] = len) -> Line:
    """The line, no wider than that, with what is meant in it.

    Args:
        line: of an excerpt.
        width: how wide it may be.
        cells: how wide a text is; on a terminal some characters take two cells.
    """
    if cells(line.text) <= width:
        return line
    first = max(0, line.start - width // 3) if cells(line.text[: line.end]) >= width else 0
    lead = "…" if first else ""
    last, room = first, width - 1 - len(lead)
    while last < len(line.text) and (room := room - cells(line.text[last])) >= 0:
        last += 1
    tail = "…" if last < len(line.text) else ""
    moved = len(lead) - first
    return replace(
        line,
        text=f"{lead}{line.text[first:last]}{tail}",
        start=max(line.start, first) + moved,
        end=max(min(line.end, last), first) + moved,
    )


def dedented(lines: Sequence[Line]) -> list[Line]:
    """The lines without the indentation that all of them share."""
    shared = min((len(one.text) - len(one.text.lstrip()) for one in lines if one.text), default=0)
    return [
        replace(
            one,
            text=one.text[shared:],
            start=max(0, one.start - shared),
            end=max(0, one.end - shared),
        )
        for one in lines
    ]


def visible(text: str) -> str:
    """The text with escapes for all that a terminal would obey or not show."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shown(line: str, spans: list[Span], number: int, place: Place) -> Line:
    start, end = _meant(line, number, place)
    text, at, done = "", [], 0
    parts: list[str] = []
    length = 0
    for begin, stop in [*spans, (len(line), len(line))]:
        for character in line[done:begin]:
            at.append(length)
            part = _TAB if character == "\t" else visible(character)
            parts.append(part)
            length += len(part)
        if begin < stop:
            at.extend([length] + [length + len(MASK)] * (stop - begin - 1))
            parts.append(MASK)
            length += len(MASK)
        done = stop
    at.append(length)
    text = "".join(parts).rstrip()
    return Line(number, text, min(at[start], len(text)), min(at[end], len(text)))


def _meant(line: str, number: int, place: Place) -> Span:
    """From and to, in the characters of the line as it stands in the file."""
    last = max(place.end_line, place.line)
    if not place.line <= number <= last:
        return 0, 0
    ink = len(line) - len(line.lstrip())
    start = max(0, place.column - 1) if number == place.line and place.column else ink
    start = min(start, len(line))
    if number == last and place.end_column:
        end = place.end_column - 1
    elif number == last and place.column:
        end = start + len((line[start:].split() or [""])[0])
    else:
        end = len(line.rstrip())
    return start, max(start, min(end, len(line)))
