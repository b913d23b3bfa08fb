"""Which files reach an image: ``.dockerignore``.

Its rules are those of moby/patternmatcher v0.6.1 (ignorefile.ReadAll, MatchesOrParentMatches).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.manifests.place import Place
from holdfast.manifests.text import text_of
from holdfast.manifests.unreadable import Unreadable

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
    _directories: dict[str, tuple[bool, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def excludes(self, path: str) -> bool:
        """Whether a path of the build context stays out: relative, with slashes."""
        if not self.patterns:
            return False
        directory, _, name = posixpath.normpath(path).rpartition("/")
        excluded = False
        for pattern, matches in zip(self.patterns, self._matching(directory, name), strict=True):
            if pattern.negated == excluded:
                excluded ^= matches
        return excluded

    def _matching(self, directory: str, name: str) -> tuple[bool, ...]:
        """Which patterns match a path, or a directory above it."""
        path = f"{directory}/{name}" if directory else name
        if not directory:
            return tuple(bool(pattern.regex.fullmatch(path)) for pattern in self.patterns)
        if directory not in self._directories:
            above, _, own = directory.rpartition("/")
            self._directories[directory] = self._matching(above, own)
        return tuple(
            matches or bool(pattern.regex.fullmatch(path))
            for pattern, matches in zip(self.patterns, self._directories[directory], strict=True)
        )


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
