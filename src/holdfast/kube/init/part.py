"""What a section of the specification is made of: its lines, and what is to be done beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from holdfast.kube.init.commented import ABSENT, Block, Line


class Task(msgspec.Struct, frozen=True):
    """What somebody has to do in the project or its image before it runs there.

    Args:
        where: file and line, or what it is about.
        what: to do.
    """

    where: str
    what: str


@dataclass
class Part:
    """A section.

    Args:
        lines: in the order in which they are written.
        tasks: that belong to them.
    """

    lines: Block = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)

    def line(self, key: str, content: Any, where: str = "", *why: str, fill: str = "") -> None:
        """Add a value."""
        self.lines[key] = Line(content, where, why, fill)

    def remark(self, key: str, *why: str) -> None:
        """Say why a key is not there."""
        self.lines[key] = Line(ABSENT, "", why)

    def missing(self, key: str, fill: str, *why: str) -> None:
        """Say that a key is not there, and should be."""
        self.lines[key] = Line(ABSENT, "", why, fill)

    def task(self, where: str, what: str) -> None:
        """Say what is to be done."""
        self.tasks.append(Task(where, what))

    def within(self, key: str, part: Part, *why: str, where: str = "") -> None:
        """Put another section below a key; nothing where it has nothing to say."""
        if part.lines:
            self.lines[key] = Line(part.lines, where, why)
        self.tasks += part.tasks

    def take(self, parts: Iterable[Part]) -> None:
        """Add the lines and tasks of others."""
        for part in parts:
            self.lines.update(part.lines)
            self.tasks += part.tasks


def fits(value: object, kind: Any) -> bool:
    """Whether the specification takes a value, e.g. for a CookieName."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
