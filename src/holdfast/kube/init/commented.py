"""YAML with comments: values, where each is from, and why.

Written for people and read back by kubectl: what any reader of YAML might take for something else
than a text is quoted.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from holdfast.manifests.scalars import plain

Scalar: TypeAlias = str | int | bool | None
Block: TypeAlias = "dict[str, Line]"
Content: TypeAlias = "Scalar | Sequence[Scalar] | Block | Sequence[Block]"

WIDTH: Final = 100
_PLAIN: Final = re.compile(r"[A-Za-z_/][-A-Za-z0-9_./+]*(?::[-A-Za-z0-9_./+]+)*(?:@sha256:\w+)?")
_QUANTITY: Final = re.compile(r"[0-9]+(?:[.][0-9]+)?(?:[KMG]i|m)")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


class Absent:
    """The content of a line that is a comment only."""


ABSENT: Final = Absent()


@dataclass(frozen=True)
class Line:
    """A value with its comments.

    Args:
        content: a scalar, a list of them, a block or a list of blocks; ABSENT: nothing is written
            but ``why``.
        where: the place that it was read at, beside it.
        why: above it, each a paragraph.
        fill: what a person has to put there; empty where it stays.
    """

    content: Content | Absent
    where: str = ""
    why: tuple[str, ...] = ()
    fill: str = ""


def text(block: Mapping[str, Line]) -> str:
    """The document."""
    return "".join(f"{line}\n" for line in _block(block, ""))


def values(block: Mapping[str, Line]) -> dict[str, Any]:
    """The same without comments: what a reader makes of the text."""
    return {
        key: _value(line.content)
        for key, line in block.items()
        if not isinstance(line.content, Absent)
    }


def lines(block: Mapping[str, Line], above: str = "") -> Iterator[tuple[str, Line]]:
    """Every line with its path, e.g. ``spec.session.cookie``."""
    for key, line in block.items():
        path = f"{above}.{key}" if above else key
        yield path, line
        if isinstance(line.content, dict):
            yield from lines(line.content, path)
        elif isinstance(line.content, list | tuple):
            for number, entry in enumerate(line.content):
                if isinstance(entry, dict):
                    yield from lines(entry, f"{path}[{number}]")


def scalar(value: Scalar) -> str:
    """A scalar as it is written."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    bare = _PLAIN.fullmatch(value) or _QUANTITY.fullmatch(value)
    if bare and plain(value) == value:
        return value
    return '"' + "".join(_ESCAPES.get(c) or _shown(c) for c in value) + '"'


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def _value(content: Any) -> Any:
    if isinstance(content, dict):
        return values(content)
    if isinstance(content, list | tuple):
        return [_value(entry) for entry in content]
    return content


def _block(block: Mapping[str, Line], indent: str) -> Iterator[str]:
    for key, line in block.items():
        above = list(line.why)
        if line.fill:
            name = f"{key}, " if isinstance(line.content, Absent) else ""
            above.append(f"To be filled in: {name}{line.fill}")
        for paragraph in above:
            yield from _comment(paragraph, indent)
        yield from _entry(scalar(key), line, indent)


def _entry(key: str, line: Line, indent: str) -> Iterator[str]:
    beside = f"  # {one_line(line.where)}" if line.where else ""
    match line.content:
        case Absent():
            return
        case dict() as block:
            yield f"{indent}{key}:{'' if values(block) else ' {}'}{beside}"
            yield from _block(block, indent + "  ")
        case list() | tuple() as entries if any(isinstance(entry, dict) for entry in entries):
            yield f"{indent}{key}:{beside}"
            for entry in entries:
                yield from _item(entry, indent + "  ")
        case list() | tuple() as scalars:
            flow = f"{indent}{key}: [{', '.join(map(_in_flow, scalars))}]"
            if len(flow) <= WIDTH:
                yield flow + beside
            else:
                yield f"{indent}{key}:{beside}"
                yield from (f"{indent}  - {scalar(each)}" for each in scalars)
        case str() | int() | None as value:
            yield f"{indent}{key}: {scalar(value)}{beside}"


def _item(block: Mapping[str, Line], indent: str) -> Iterator[str]:
    """A block in a list: its first value stands behind the dash, comments above that."""
    written = list(_block(block, indent + "  "))
    first = next(n for n, each in enumerate(written) if not each.lstrip().startswith("#"))
    yield from (each.replace("  ", "", 1) for each in written[:first])
    yield f"{indent}- {written[first].lstrip()}"
    yield from written[first + 1 :]


def _in_flow(value: Any) -> str:
    written = scalar(value)
    return (
        f'"{written}"' if isinstance(value, str) and written == value and ":" in value else written
    )


def _comment(paragraph: str, indent: str) -> Iterator[str]:
    width = max(WIDTH - len(indent) - 2, 40)
    wrapped = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    for piece in wrapped.wrap(one_line(paragraph)):
        yield f"{indent}# {piece}"


def one_line(text: str) -> str:
    """On one line, without what a terminal would obey: files may be named anything."""
    return "".join(c if c.isprintable() else " " for c in text)
