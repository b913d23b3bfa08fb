"""What reading a project gives: values that say where they came from, or why they are unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

Scalar: TypeAlias = bool | int | float | str | None
Key: TypeAlias = int | str

MAX_TEXT = 80
"""Characters of an expression that are quoted."""


class Spot(msgspec.Struct, frozen=True, order=True):
    """Where something stands in a file of the project.

    Args:
        file: relative to the project.
        line, column: of its first character, from 1.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """``app/Http/Kernel.php:12:9``."""
        return f"{self.file}:{self.line}:{self.column}"


class Broken(msgspec.Struct, frozen=True):
    """A file that is there and cannot be read, or is no PHP.

    Args:
        spot: where that shows.
        why: as the error says it.
    """

    spot: Spot
    why: str


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable of the process, of which it is known where it is set.

    Args:
        value: its text.
        place: ``deploy/web.yaml:31``.
    """

    value: str = field(repr=False)
    place: str


class Use(msgspec.Struct, frozen=True):
    """An environment variable that a value was made with.

    Args:
        name: of the variable.
        place: ``.env:3``; of the process, where it is set, or ``environment``.
    """

    name: str
    place: str


class Source(msgspec.Struct, frozen=True):
    """Where a value came from.

    Args:
        places: ``config/session.php:7``, ``Laravel 12.67's default``; several where it was made
            of several.
        uses: the environment variables that it was made with.
        direct: the value is that of the one variable in ``uses``, nothing was made of it.
    """

    places: tuple[str, ...]
    uses: tuple[Use, ...] = ()
    direct: bool = False

    def __str__(self) -> str:
        """One line for people."""
        uses = ", ".join(f"{use.place} {use.name}" for use in self.uses)
        if self.direct:
            return uses
        return ", ".join(self.places) + (f" with {uses}" if uses else "")

    def made_with(self, others: Iterable[Source]) -> Source:
        """The same place, and what the others used too."""
        uses = dict.fromkeys(self.uses)
        for other in others:
            uses |= dict.fromkeys(other.uses)
        return Source(self.places, tuple(uses))


def joined(sources: Iterable[Source]) -> Source:
    """The source of a value that was made of several."""
    all_sources = list(dict.fromkeys(sources))
    if len(all_sources) == 1:
        return all_sources[0]
    places = dict.fromkeys(place for source in all_sources for place in source.places)
    return Source(tuple(places)).made_with(all_sources)


@dataclass(frozen=True, slots=True)
class Known:
    """A value. Its text is kept out of ``repr``: it may be a secret."""

    value: Scalar | Array = field(repr=False)
    source: Source


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be evaluated, never a guess.

    Args:
        place: file and line of the expression.
        text: the expression itself, shortened; it may hold a secret, see ``hidden``.
        why: what about it cannot be decided.
    """

    place: str
    text: str = field(repr=False)
    why: str

    def hidden(self) -> Unknown:
        """The same without its text, for a setting that is a secret."""
        return Unknown(self.place, "(not shown)", self.why)


Value: TypeAlias = Known | Unknown


@dataclass(frozen=True, slots=True)
class Array:
    """A PHP array.

    Args:
        items: keys as PHP normalizes them, in order.
        rest: set where other keys may exist too, which could not be evaluated.
    """

    items: dict[Key, Value] = field(repr=False)
    rest: Unknown | None = None

    def get(self, key: Key) -> Value | None:
        """The element; what is unknown of the rest where it is not there; None for surely not."""
        return self.items.get(key, self.rest)


class Undecidable(Exception):  # noqa: N818 - not an error, an answer
    """An operation whose result cannot be said from here; the reason is its message."""


def shortened(text: str) -> str:
    """One line of an expression's text."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_TEXT else line[: MAX_TEXT - 1] + "…"
