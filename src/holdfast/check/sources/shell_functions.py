"""Functions of a script: where they are defined, what they call, whether they end it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from holdfast.check.sources.command import Command

_MAX_ROUNDS: Final = 8
"""Calls within calls."""


@dataclass(slots=True)
class Functions:
    """What has been read of them so far."""

    _definitions: Counter[str] = field(default_factory=Counter)
    _callees: dict[str, set[str]] = field(default_factory=dict)
    _ends: dict[str, Command | None] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        """Whether there is a function of that name."""
        return name in self._definitions

    def define(self, name: str, *, elsewhere: bool) -> None:
        """A body begins.

        Args:
            name: of the function.
            elsewhere: it is defined in a subshell, and is none outside.
        """
        self._definitions[name] += 2 if elsewhere else 1
        self._ends.pop(name, None)

    def calls(self, name: str, callee: str) -> None:
        """A function runs a command, which may be a function too."""
        self._callees.setdefault(name, set()).add(callee)

    def ends(self, name: str, by: Command | None) -> None:
        """A call of a function ends the script: surely by a command, or perhaps."""
        self._ends[name] = by

    def end(self, name: str) -> Command | None:
        """The command by which a call surely ends the script."""
        return self._ends.get(name)

    def may_end(self, name: str) -> bool:
        """Whether a call of a function, or of one that it calls, may end the script."""
        waiting, seen = [name], {name}
        while waiting:
            callee = waiting.pop()
            if callee in self._ends:
                return True
            more = self._callees.get(callee, set()) - seen
            seen |= more
            waiting += more
        return False

    def released(self, commands: list[Command]) -> list[Command]:
        """Commands without the guards of functions that are surely called.

        A call means a definition that is the only one of its name and stands before it.
        """
        found = list(commands)
        reached = {index: index for index, command in enumerate(found) if not command.guards}
        for _ in range(_MAX_ROUNDS):
            calls: dict[str, int] = {}
            for index, when in reached.items():
                name = f"{found[index].name}()"
                calls[name] = max(when, calls.get(name, -1))
            changed = False
            for index, command in enumerate(found):
                gone = {guard for guard in command.guards if self._is_called(guard, calls, index)}
                if gone:
                    kept = tuple(guard for guard in command.guards if guard not in gone)
                    found[index], changed = replace(command, guards=kept), True
                    if not kept:
                        reached[index] = max(calls[guard] for guard in gone)
            if not changed:
                break
        return found

    def _is_called(self, guard: str, calls: dict[str, int], index: int) -> bool:
        return calls.get(guard, -1) > index and self._definitions[guard[:-2]] == 1
