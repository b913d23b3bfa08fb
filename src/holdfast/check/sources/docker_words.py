"""Words of a Dockerfile: quotes taken off, variables put in where their values are known.

As BuildKit does it (moby/buildkit, frontend/dockerfile/shell/lex.go and parser/line_parsers.go,
August 2026). Of ``${name...}`` the forms ``:-``, ``-``, ``:+``, ``+`` are computed, the others are
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from holdfast.manifests.place import Place
from holdfast.manifests.text import Text

MAX_VALUE_CHARACTERS: Final = 64 * 1024
"""Of one value; variables can double it instruction by instruction."""

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^{}]*))?\})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Value:
    """A word as Docker makes it.

    Args:
        text: the value; None where a variable that is not known here is in it.
        place: where it is written.
        assumed: build arguments whose defaults are in it: ``docker build --build-arg`` changes it.
    """

    text: str | None = field(repr=False)
    place: Place
    assumed: tuple[str, ...] = ()


def spans(string: str, escape: str) -> list[tuple[int, int]]:
    """Where words stand: cut at blanks outside quotes."""
    found, at = [], 0
    while at < len(string):
        if string[at].isspace():
            at += 1
            continue
        start, quote = at, ""
        while at < len(string) and (quote or not string[at].isspace()):
            character = string[at]
            if character == escape and quote != "'":
                at += 1
            elif character == quote:
                quote = ""
            elif not quote and character in "'\"":
                quote = character
            at += 1
        at = min(at, len(string))
        found.append((start, at))
    return found


def split(text: Text, escape: str) -> list[Text]:
    """The words of a text, as they are written."""
    return [text.part(start, end) for start, end in spans(text.string, escape)]


def expanded(text: Text, escape: str, variables: Mapping[str, Value]) -> Value:
    """A word with its quotes taken off and its variables put in."""
    string, at, quote = text.string, 0, ""
    parts: list[str] = []
    assumed: dict[str, None] = {}
    known, length = True, 0
    while at < len(string) and known:
        character, step = string[at], 1
        if character == escape and quote != "'":
            after = string[at + 1 : at + 2]
            step = 2
            if quote and after not in {'"', "$", escape}:
                after = character + after
            parts.append(after)
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character == "$" and quote != "'":
            variable = _VARIABLE.match(string, at)
            if variable:
                found = _substituted(variable, variables, text.place())
                known = found.text is not None
                parts.append(found.text or "")
                assumed.update(dict.fromkeys(found.assumed))
                step = variable.end() - at
            else:
                known = not string.startswith("${", at)
                parts.append(character)
        else:
            parts.append(character)
        length += len(parts[-1]) if parts else 0
        known &= length <= MAX_VALUE_CHARACTERS
        at += step
    return Value("".join(parts) if known else None, text.place(), tuple(assumed))


def _substituted(variable: re.Match[str], variables: Mapping[str, Value], place: Place) -> Value:
    name, sign, other = variable[1] or variable[2], variable[3], variable[4] or ""
    found = variables.get(name, Value(None, place))
    if sign is None:
        return found
    if "$" in other or found.text is None:
        return Value(None, place)
    given = found.text != "" or ":" not in sign
    if sign.endswith("-"):
        return found if given else Value(other, place, found.assumed)
    return Value(other if given else "", place, found.assumed)
