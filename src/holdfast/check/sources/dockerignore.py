"""Which files reach an image: ``.dockerignore``.

Its rules are those of moby/patternmatcher v0.6.1 (ignorefile.ReadAll, MatchesOrParentMatches).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.check.place import Place
from holdfast.check.sources.text import text_of
from holdfast.check.sources.unreadable import Unreadable

MAX_PATTERNS: Final = 10_000
MAX_PATTERN_CHARACTERS: Final = 1_000
_MAX_STARS: Final = 12  # each doubles what a hostile pattern may cost


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line: what it matches, whether it takes back an earlier one, and where it stands."""

    regex: re.Pattern[str] = field(repr=False)
    negated: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Ignore:
    """A ``.dockerignore``."""

    patterns: tuple[Pattern, ...] = ()

    def excludes(self, path: str) -> bool:
        """Whether a path of the build context stays out: relative, with slashes."""
        parts = posixpath.normpath(path).split("/")
        paths = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        excluded = False
        for pattern in self.patterns:
            if pattern.negated == excluded:
                excluded ^= any(pattern.regex.fullmatch(each) for each in paths)
        return excluded


def read(data: bytes, file: str) -> Ignore | Unreadable:
    """Read it; a pattern that Docker refuses makes it unreadable."""
    text = text_of(data, file)
    if isinstance(text, Unreadable):
        return text
    found: list[Pattern] = []
    for number, line in enumerate(text.string.split("\n"), 1):
        if line.startswith("#") or not line.strip():
            continue
        place = Place(file, number, 1)
        pattern = line.strip()
        negated = pattern.startswith("!")
        pattern = posixpath.normpath(pattern[negated:].strip()).lstrip("/")
        if len(pattern) > MAX_PATTERN_CHARACTERS or pattern.count("*") > _MAX_STARS:
            return Unreadable(place, "the pattern is too long")
        if len(found) >= MAX_PATTERNS:
            return Unreadable(place, f"has more than {MAX_PATTERNS} patterns")
        try:
            regex = re.compile("".join(_regex(pattern)), re.DOTALL)
        except re.error:
            return Unreadable(place, "the pattern is not well formed")
        found.append(Pattern(regex, negated, place))
    return Ignore(tuple(found))


def _regex(pattern: str) -> Iterator[str]:
    at = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if pattern.startswith("**", at - 1):
            at += 1
            if pattern.startswith("/", at):
                at += 1
            yield ".*" if at >= len(pattern) else "(?:.*/)?"
        elif character == "*":
            yield "[^/]*"
        elif character == "?":
            yield "[^/]"
        elif character == "\\" and at < len(pattern):
            yield re.escape(pattern[at])
            at += 1
        elif character == "[":
            end = pattern.find("]", at + 1)
            if end < 0:
                raise re.error("a bracket is not closed")
            yield "[" + re.sub(r"([\\\[&~|])", r"\\\1", pattern[at:end]) + "]"
            at = end + 1
        else:
            yield re.escape(character)
