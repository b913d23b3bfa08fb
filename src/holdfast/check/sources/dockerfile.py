"""A Dockerfile as instructions.

As BuildKit reads it (moby/buildkit, frontend/dockerfile/parser, August 2026): continued lines,
comments between them, the ``escape`` directive, here-documents, exec and shell form. PyPI's
dockerfile-parse 2.0.1 was looked at and not taken: it takes the lines of a here-document for
instructions, and knows no place within an instruction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from holdfast.check.sources.docker_words import spans
from holdfast.manifests.place import Place
from holdfast.manifests.text import Text, text_of
from holdfast.manifests.unreadable import Unreadable

MAX_INSTRUCTIONS: Final = 1_000
MAX_STAGES: Final = 100

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES: Final = {"syntax", "escape", "check"}
_HEREDOC = re.compile(r"""(?:^|(?<=\s))(\d*)<<(-?)\s*(['"]?)([\w.-]+)\3(?=\s|$)""")
_WITH_HEREDOCS: Final = {"RUN", "COPY", "ADD"}
_EXEC_FORMS: Final = {"RUN", "CMD", "ENTRYPOINT", "SHELL", "COPY", "ADD", "VOLUME"}
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?\s*")


class Heredoc(msgspec.Struct, frozen=True):
    """A here-document: its name, and what stands in it."""

    name: str
    content: Text


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Args:
        name: in capitals: ``RUN``.
        arguments: what stands behind name and flags, lines joined.
        place: all of it, without here-documents.
        flags: ``--from=build`` as ("from", "build").
        words: of the exec form; None in shell form.
        heredocs: in the order in which they are opened.
    """

    name: str
    arguments: Text = field(repr=False)
    place: Place
    flags: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] | None = None
    heredocs: tuple[Heredoc, ...] = field(default=(), repr=False)

    def flag(self, name: str) -> str | None:
        """The value of a flag."""
        return dict(self.flags).get(name)

    @property
    def script(self) -> Text | None:
        """What a shell is given, where a shell is: of RUN, CMD, ENTRYPOINT in shell form."""
        if self.words is not None:
            return None
        if not self.heredocs:
            return self.arguments
        if _HEREDOC.fullmatch(self.arguments.string):
            return self.heredocs[0].content
        end = self.arguments.part(len(self.arguments.string))
        pieces = [self.arguments]
        for heredoc in self.heredocs:
            newline, delimiter = (Text(text, end.file, end.runs) for text in ("\n", heredoc.name))
            pieces += [newline, heredoc.content, delimiter]
        return Text.join(pieces)


class Dockerfile(msgspec.Struct, frozen=True):
    """A Dockerfile.

    Args:
        file: its name.
        instructions: in their order.
        escape: the character that continues lines: a backslash or a backquote.
    """

    file: str
    instructions: tuple[Instruction, ...]
    escape: str = "\\"


def read(data: bytes, file: str) -> Dockerfile | Unreadable:
    """Read a Dockerfile; what BuildKit would refuse as a whole is unreadable."""
    text = text_of(data, file)
    if isinstance(text, Unreadable):
        return text
    lines = list(_lines(text))
    escape = _escape(lines)
    found: list[Instruction] = []
    number = 0
    while number < len(lines):
        joined, number = _joined(lines, number, escape)
        if joined is None:
            continue
        instruction = _instruction(joined)
        opened = _opened(instruction, escape)
        if opened:
            heredocs, number = _heredocs(lines, number, opened)
            if len(heredocs) < len(opened):
                return Unreadable(instruction.place, "a here-document is not closed")
            instruction = Instruction(
                instruction.name, instruction.arguments, instruction.place, instruction.flags,
                None, tuple(heredocs),
            )  # fmt: skip
        found.append(instruction)
        if len(found) > MAX_INSTRUCTIONS:
            return Unreadable(instruction.place, f"has more than {MAX_INSTRUCTIONS} instructions")
    stages = sum(instruction.name == "FROM" for instruction in found)
    if not stages:
        return Unreadable(Place(file), "is no Dockerfile: it has no FROM")
    if stages > MAX_STAGES:
        return Unreadable(Place(file), f"has more than {MAX_STAGES} stages")
    return Dockerfile(file, tuple(found), escape)


def _lines(text: Text) -> Iterator[Text]:
    at = 0
    while at < len(text.string):
        end = text.string.find("\n", at)
        end = len(text.string) if end < 0 else end
        yield text.part(at, end)
        at = end + 1


def _escape(lines: list[Text]) -> str:
    for line in lines:
        directive = _DIRECTIVE.match(line.string)
        if directive is None or directive[1].lower() not in _DIRECTIVES:
            break
        if directive[1].lower() == "escape" and directive[2] in {"\\", "`"}:
            return directive[2]
    return "\\"


def _joined(lines: list[Text], number: int, escape: str) -> tuple[Text | None, int]:
    """An instruction's lines as one, and the line behind them; None where there is none."""
    continued = re.compile(rf"(?:(?<!{re.escape(escape)})|^){re.escape(escape)}[ \t]*$")
    pieces: list[Text] = []
    while number < len(lines):
        line, number = lines[number], number + 1
        bare = line.string.lstrip()
        if bare.startswith("#") or not bare:
            if not pieces:
                return None, number
            continue
        sign = continued.search(line.string)
        pieces.append(line.part(0, sign.start()) if sign else line)
        if not sign:
            break
    return (Text.join(pieces) if pieces else None), number


def _instruction(line: Text) -> Instruction:
    string = line.string.rstrip()
    start = len(string) - len(string.lstrip())
    name = re.compile(r"\S*").match(string, start)
    at = name.end() if name else start
    keyword = string[start:at].upper()
    at = _skip_blanks(string, at)
    flags = []
    while flag := _FLAG.match(string, at):
        flags.append((flag[1], (flag[2] or "").strip("\"'")))
        at = flag.end()
    arguments = line.part(at, len(string))
    words = _exec_form(arguments.string) if keyword in _EXEC_FORMS else None
    return Instruction(keyword, arguments, line.place(start, len(string)), tuple(flags), words)


def _skip_blanks(string: str, at: int) -> int:
    while at < len(string) and string[at].isspace():
        at += 1
    return at


def _exec_form(string: str) -> tuple[str, ...] | None:
    if not string.startswith("["):
        return None
    try:
        words = json.loads(string)
    except (ValueError, RecursionError):
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return tuple(words)


def _opened(instruction: Instruction, escape: str) -> list[re.Match[str]]:
    """The signs that open here-documents; in quotes they open none."""
    string = instruction.arguments.string
    if (
        "<<" not in string
        or instruction.name not in _WITH_HEREDOCS
        or instruction.words is not None
    ):
        return []
    starts = {start for start, _ in spans(string, escape)}
    return [sign for sign in _HEREDOC.finditer(string) if sign.start() in starts]


def _heredocs(
    lines: list[Text], number: int, opened: list[re.Match[str]]
) -> tuple[list[Heredoc], int]:
    heredocs: list[Heredoc] = []
    for sign in opened:
        content: list[Text] = []
        while number < len(lines):
            line, number = lines[number], number + 1
            if (line.string.lstrip("\t") if sign[2] else line.string) == sign[4]:
                break
            end = line.part(len(line.string))
            content += [line, Text("\n", end.file, end.runs)]
        else:
            break
        empty = lines[min(number, len(lines)) - 1].part(0, 0)
        heredocs.append(Heredoc(sign[4], Text.join(content or [empty])))
    return heredocs, number
