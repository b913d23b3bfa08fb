"""A compound command that is open, and under which conditions its next command is reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

_MAX_REFUSED: Final = 8
_AND_MORE: Final = "…"


@dataclass(slots=True)
class Frame:
    """A compound command that is open.

    Args:
        kind: ``if``, ``loop``, ``case``, ``{``, ``(``; empty for the script itself.
        outer: the guards that it stands under.
        guard: of the branch that is being read.
        refused: what must not have held: conditions of earlier branches, ends that were passed by.
        chain: the guards of the current and-or list.
        list_start: where that begins; -1 before its first word.
        asked: where the condition or pattern begins that is being read; -1 where none is.
        subject: of a case.
        pattern: of a case, whether its next words are patterns.
        function: whose body it is.
        asked_within: whether the list that is being read has asked something.
    """

    kind: str
    outer: tuple[str, ...]
    guard: str = ""
    refused: list[str] = field(default_factory=list)
    chain: list[str] = field(default_factory=list)
    list_start: int = -1
    asked: int = -1
    subject: str = ""
    pattern: bool = False
    function: str = ""
    asked_within: bool = False

    def guards(self) -> tuple[str, ...]:
        """Of the command that comes next."""
        own = (self.guard,) if self.guard else ()
        return (*self.outer, *self.refused, *own, *self.chain)

    def refuse(self, condition: str) -> None:
        """Take note that what comes is reached only where a condition has not held."""
        if len(self.refused) < _MAX_REFUSED:
            self.refused.append(condition)
        elif self.refused[-1] != _AND_MORE:
            self.refused.append(_AND_MORE)

    def begin(self, offset: int) -> None:
        """Take note of a word: it may be the first of a list."""
        if self.list_start < 0:
            self.list_start = offset

    def new_list(self) -> None:
        """Begin another and-or list."""
        self.chain, self.list_start, self.asked_within = [], -1, False

    @property
    def in_condition(self) -> bool:
        """Whether its condition is being read: that gives the whole no status."""
        return self.kind in {"if", "loop"} and not self.guard
