"""A rule's page: the docstring of its module, in sections with fixed headings."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Final

import msgspec

from holdfast.check.rule import Rule

HEADINGS: Final = (
    "What it checks",
    "Why it matters",
    "Bad",
    "Good",
    "How to fix",
    "Limits",
    "References",
)
"""Of every page, in this order."""

EXAMPLE: Final = ("Bad", "Good")
"""Only what no file can show has no example."""

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Snippet(msgspec.Struct, frozen=True):
    """A file of an example.

    Args:
        language: ``yaml``, ``php``, ``dockerfile``, ``dotenv``, ...
        file: its name.
        text: what it holds.
    """

    language: str
    file: str
    text: str


class Page(msgspec.Struct, frozen=True):
    """A rule's page.

    Args:
        title: the first line, a sentence.
        sections: Markdown by heading, in the order of ``HEADINGS``.
    """

    title: str
    sections: Mapping[str, str]

    def snippets(self, heading: str) -> list[Snippet]:
        """The files of an example: of ``Bad`` or ``Good``."""
        section = self.sections.get(heading, "")
        return [Snippet(*found.groups()) for found in _FENCE.finditer(section)]

    def markdown(self) -> str:
        """The page without its title, in plain Markdown: the files' names stand above them."""
        parts = [f"## {heading}\n\n{text}\n" for heading, text in self.sections.items()]
        return _FENCE.sub(r"`\2`:\n\n```\1\n\3```", "\n".join(parts))


def page_of(rule: Rule) -> Page:
    """The page of a rule.

    Raises:
        ValueError: as in ``parse``.
    """
    text = sys.modules[rule.check.__module__].__doc__
    return parse(text or "")


def parse(text: str) -> Page:
    """Read a page.

    Raises:
        ValueError: it has no title, or other headings than ``HEADINGS`` in their order (those of
            the example may be missing), or an empty section.
    """
    title, *rest = _HEADING.split(text)
    sections = {heading: body.strip() for heading, body in zip(rest[::2], rest[1::2], strict=True)}
    if not title.strip() or "\n" in title.strip():
        raise ValueError("a page begins with one line, its title")
    without = tuple(heading for heading in HEADINGS if heading not in EXAMPLE)
    if tuple(rest[::2]) not in (HEADINGS, without):
        raise ValueError(f"its headings are {', '.join(rest[::2])}, not {', '.join(HEADINGS)}")
    if empty := [heading for heading, body in sections.items() if not body]:
        raise ValueError(f"nothing stands under {', '.join(empty)}")
    return Page(title.strip(), sections)
