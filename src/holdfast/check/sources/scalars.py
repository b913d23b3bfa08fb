"""A text that stands in a YAML file, as a text that knows its places: scripts, nginx snippets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from holdfast.manifests.place import Place
from holdfast.manifests.text import Text

_LITERAL = re.compile(r"(?:[&!]\S+\s+)*\|[-+0-9]*\s*(?:#.*)?$")


@lru_cache(maxsize=8)  # a file is asked for once a word of it
def lines_of(data: bytes) -> tuple[str, ...]:
    """The lines of a file."""
    return tuple(data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"))


def text_of_scalar(value: str, place: Place, lines: Sequence[str]) -> Text:
    """A word of a YAML file.

    Args:
        value: as YAML makes it.
        place: of it, as ``Document.at`` gives it.
        lines: of the file.

    Returns:
        Where it is a literal block or stands on one line without escapes, with the place of each
        character; else with that of its beginning.
    """
    if not 0 < place.line <= len(lines):
        return Text.at(value, place)
    written = lines[place.line - 1][place.column - 1 :]
    if _LITERAL.match(written):
        return _block(value, place, lines)
    if written.startswith((f'"{value}"', f"'{value}'")):
        return Text(value, place.file, ((0, place.line, place.column + 1),))
    if written.startswith(value):
        return Text(value, place.file, ((0, place.line, place.column),))
    return Text.at(value, place)


def _block(value: str, place: Place, lines: Sequence[str]) -> Text:
    runs, offset = [], 0
    for number, line in enumerate(value.split("\n"), place.line + 1):
        written = lines[number - 1] if number <= len(lines) else ""
        if not written.endswith(line):
            return Text.at(value, place)
        runs.append((offset, number, len(written) - len(line) + 1))
        offset += len(line) + 1
    return Text(value, place.file, tuple(runs))
