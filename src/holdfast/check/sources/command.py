"""What is known of a shell script: its commands, and under which conditions they are reached."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from holdfast.manifests.place import Place
from holdfast.manifests.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command.

    Args:
        value: what the command is given; None where a variable, a substitution or a pattern is in
            it.
        text: as it is written.
        place: where.
    """

    value: str | None = field(repr=False)
    text: str
    place: Place


class Redirection(msgspec.Struct, frozen=True):
    """Where a command's output or input goes: ``>`` and the word behind it."""

    operator: str
    target: Word


class Command(msgspec.Struct, frozen=True):
    """One simple command.

    Args:
        words: its name and arguments; never empty.
        place: from its first word to its last.
        assignments: variables that are set for it alone.
        redirections: in their order.
        guards: under which conditions it is reached, as they are written; none where it is always
            reached, unless a command before it fails.
        depth: 0 in the script itself, more in a text that is handed to another shell and in a
            command substitution.
        background: it is not waited for.
    """

    words: tuple[Word, ...]
    place: Place
    assignments: tuple[tuple[str, Word], ...] = ()
    redirections: tuple[Redirection, ...] = ()
    guards: tuple[str, ...] = ()
    depth: int = 0
    background: bool = False

    @property
    def name(self) -> str:
        """What is run, without its directory: ``php``; empty where that is not known."""
        return (self.words[0].value or "").rpartition("/")[2]

    @property
    def conditional(self) -> bool:
        """Whether it may be left out though nothing fails."""
        return bool(self.guards)

    def values(self) -> list[str | None]:
        """Of its words."""
        return [word.value for word in self.words]


class Script(msgspec.Struct, frozen=True):
    """What is known of a script.

    Args:
        commands: in the order in which they are written.
        ends_with: the unconditional ``exec`` or ``exit`` that nothing comes after, where there is
            one.
        unreadable: from where on it was not understood.
    """

    commands: tuple[Command, ...]
    ends_with: Command | None = None
    unreadable: Unreadable | None = None
