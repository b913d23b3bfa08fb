"""Reads a ``.env`` file as Laravel does (vlucas/phpdotenv 5, Dotenv/Parser and Dotenv/Loader).

Laravel loads it immutably: what the process environment has is not overwritten, a later line of the
file overwrites an earlier one, ``${NAME}`` stands for what is defined by then.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from holdfast.core.errors import FormatError
from holdfast.project.values import Unknown, Variable

_BLANKS: Final = " \t\n\r\0\x0b"  # what PHP's trim() takes off
_SPACES: Final = " \t\n\r\v\f"  # what its ctype_space() takes for one
_LINE_END = re.compile(r"\r\n|\n|\r")
_QUOTE_THAT_ENDS = re.compile(r'(?=[^\\]")')
_NAME = re.compile(r"[a-zA-Z0-9_.]+")
_REFERENCE = re.compile(r"\$\{([a-zA-Z0-9_.]+)\}")
# One alternative a kind of piece. A run of other characters is one piece: what an escape is
# followed by is judged by its first character.
_TOKEN = re.compile(r"""[\r\n]+|[^\S\r\n]+|[\\'"#$]|[^\s\\'"#$]+""", re.ASCII)
_State: TypeAlias = Callable[[str], Any]
_ESCAPES: Final = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


MAX_VALUE_CHARACTERS: Final = 1024 * 1024
"""References can double a value line by line; a longer one is refused."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One definition of the file.

    Args:
        name: of the variable.
        value: its text, None where a name stands alone: that takes the definition back.
        line: where it starts, from 1.
        references: offsets in ``value`` where a ``$`` may start a reference.
    """

    name: str
    value: str | None = field(repr=False)
    line: int
    references: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A variable that the file has defined."""

    value: str = field(repr=False)
    line: int


def load(
    data: bytes, environment: Mapping[str, str | Variable | Unknown], file: str
) -> dict[str, Loaded | Unknown]:
    """What a file adds to an environment.

    Args:
        data: its bytes.
        environment: the process's; wins.
        file: its name, for messages.

    Returns:
        Its variables; Unknown for one that refers to an unknown one.

    Raises:
        FormatError: Laravel would refuse to start with this file; the message names the line and
            shows nothing of a value.
    """
    loaded: dict[str, Loaded | Unknown] = {}

    def defined(name: str) -> str | Unknown | None:
        outside = environment.get(name)
        found = loaded.get(name) if outside is None else outside
        return found.value if isinstance(found, Variable | Loaded) else found

    for entry in parse(data, file):
        if environment.get(entry.name) is not None:
            continue
        if entry.value is None:
            loaded.pop(entry.name, None)
        else:
            value = _resolved(entry, defined)
            loaded[entry.name] = value if isinstance(value, Unknown) else Loaded(value, entry.line)
    return loaded


def parse(data: bytes, file: str = ".env") -> list[Entry]:
    """The definitions of a file, in its order, references not yet replaced.

    Raises:
        FormatError: as ``load``.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise FormatError(
            f"{file}:{line}: not UTF-8",
            offset=error.start,
            expected="UTF-8",
            hint="save the file as UTF-8",
        ) from None
    return [
        _entry(text, line, file)
        for line, text, closed in _definitions(_lines(text))
        if closed and (bare := text.strip(_BLANKS)) and not bare.startswith("#")
    ]


def unclosed(data: bytes) -> int | None:
    """The line whose quote nobody closes, from 1: Laravel silently drops all from there on.

    Args:
        data: that ``parse`` has read.
    """
    return next(
        (line for line, _, closed in _definitions(_lines(data.decode())) if not closed), None
    )


def _lines(text: str) -> list[str]:
    return _LINE_END.split(text.removeprefix("\ufeff"))


def _definitions(lines: list[str]) -> Iterator[tuple[int, str, bool]]:
    """The lines, a quoted text that goes over several of them is one; whether it is closed."""
    collected: list[str] = []
    collecting = False
    first = 0
    for number, line in enumerate(lines, 1):
        starts = '="' in line and not _closes(line, starts=True)
        if starts:
            collecting = True
        if not collecting:
            text, at = line, number
        else:
            first = first if collected else number
            collected.append(line)
            if not _closes(line, starts=starts):
                continue
            text, at = "\n".join(collected), first
            collected, collecting = [], False
        yield at, text, True
    if collected:
        yield first, "\n".join(collected), False


def _closes(line: str, *, starts: bool) -> bool:
    if line == '"':
        return True
    quotes = len(_QUOTE_THAT_ENDS.findall(line.replace("\\\\", "")))
    return quotes > 1 if starts else quotes >= 1


def _entry(text: str, line: int, file: str) -> Entry:
    name, equals, value = text.partition("=")
    if equals:
        name, value = name.strip(_BLANKS), value.strip(_BLANKS)
        if not name:
            raise _refused(file, line, "there is no name before the equals sign")
    if len(name) > 8 and name.startswith("export") and name[6] in _SPACES:
        name = name[6:].lstrip(_BLANKS)
    if len(name) >= 3 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    if not _NAME.fullmatch(name):
        # What stands there may be a value whose name was forgotten: it is not shown.
        raise _refused(file, line, "a name has letters, digits, _ and . only")
    if not equals:
        return Entry(name, None, line)
    characters, references = _Value(file, line).read(value)
    return Entry(name, characters, line, references)


class _Value:
    """The text of one value: unquoted, in single or in double quotes, and a comment after it."""

    def __init__(self, file: str, line: int) -> None:
        self._file = file
        self._line = line
        self._characters = ""
        self._references: list[int] = []

    def read(self, text: str) -> tuple[str, tuple[int, ...]]:
        state: _State = self._start
        for piece in _TOKEN.findall(text):
            state = state(piece)
        if state in (self._in_single, self._in_double, self._escaped):
            raise _refused(self._file, self._line, "a closing quote is missing")
        return self._characters, tuple(self._references)

    def _start(self, piece: str) -> _State:
        match piece:
            case "'":
                return self._in_single
            case '"':
                return self._in_double
            case "#":
                return self._comment
        return self._take(piece, self._unquoted)

    def _unquoted(self, piece: str) -> _State:
        if piece == "#":
            return self._comment
        if piece[0] in _SPACES:
            return self._after
        return self._take(piece, self._unquoted)

    def _in_single(self, piece: str) -> _State:
        if piece == "'":
            return self._after
        self._characters += piece
        return self._in_single

    def _in_double(self, piece: str) -> _State:
        if piece == '"':
            return self._after
        if piece == "\\":
            return self._escaped
        return self._take(piece, self._in_double)

    def _escaped(self, piece: str) -> _State:
        if piece in ('"', "\\", "$"):
            self._characters += piece
        elif piece[0] in _ESCAPES:
            self._characters += _ESCAPES[piece[0]] + piece[1:]
        else:
            raise _refused(
                self._file, self._line, 'in double quotes a backslash escapes one of " \\ $ fnrtv'
            )
        return self._in_double

    def _after(self, piece: str) -> _State:
        if piece == "#":
            return self._comment
        if piece[0] not in _SPACES:
            raise _refused(self._file, self._line, "a text with blanks stands without quotes")
        return self._after

    def _comment(self, _token: str) -> _State:
        return self._comment

    def _take(self, piece: str, state: _State) -> _State:
        if piece == "$":
            self._references.append(len(self._characters))
        self._characters += piece
        return state


def _resolved(entry: Entry, defined: Callable[[str], str | Unknown | None]) -> str | Unknown:
    """The value with its references replaced, the last one first: they may be nested."""
    text = entry.value or ""
    for offset in reversed(entry.references):
        reference = _REFERENCE.match(text, offset)
        if reference and (value := defined(reference[1])) is not None:
            if isinstance(value, Unknown):
                return value
            text = text[:offset] + value + text[reference.end() :]
        if len(text) > MAX_VALUE_CHARACTERS:
            raise FormatError(
                f"{entry.name} in line {entry.line} of the environment file grows without end",
                hint="a reference repeats itself",
            )
    return text


def _refused(file: str, line: int, why: str) -> FormatError:
    return FormatError(
        f"{file}:{line}: {why}",
        expected="NAME=value",
        hint="Laravel would not start with this line; quote values that have blanks or #",
    )
