"""Calls of ``php artisan`` among the commands of a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from holdfast.check.sources.command import Command, Word

_PHP = re.compile(r"(?:.*/)?@?php[0-9.]*")
_VALUE_OF_AN_OPTION: Final = {"-d", "-c", "-z"}  # of php(1), which take the word behind them
_ONLY_TEXT: Final = {"echo", "printf", "grep", "sed", "awk", "alias", "crontab"}


class Artisan(msgspec.Struct, frozen=True):
    """One call.

    Args:
        name: of the artisan command: ``config:cache``; None where only a running shell can know.
        arguments: behind it.
        command: in which it stands.
    """

    name: str | None
    arguments: tuple[Word, ...]
    command: Command

    def has(self, option: str) -> bool:
        """Whether an option is given: ``--force``, with or without a value."""
        values = [word.value or word.text for word in self.arguments]
        return any(value.partition("=")[0] == option for value in values)


def calls(commands: Iterable[Command]) -> Iterator[Artisan]:
    """The calls, also through ``su-exec``, ``docker exec``, ``kubectl exec`` and their like."""
    for command in commands:
        if command.name in _ONLY_TEXT:
            continue
        at = _artisan(command)
        if at is not None:
            arguments = command.words[at + 1 :]
            name = arguments[0].value if arguments else None
            yield Artisan(name, arguments[1:], command)


def _artisan(command: Command) -> int | None:
    """Which word is the script ``artisan`` that PHP runs."""
    # The directory may be a variable, the name of the script is not.
    values = [word.value or word.text.strip("\"'") for word in command.words]
    for at, value in enumerate(values):
        if value != "artisan" and not value.endswith("/artisan"):
            continue
        before = at - 1
        while before >= 0 and values[before].startswith("-"):
            before -= 1
        if before > 0 and values[before - 1] in _VALUE_OF_AN_OPTION:
            before -= 2
            while before >= 0 and values[before].startswith("-"):
                before -= 1
        if before < 0 or _PHP.fullmatch(values[before]):
            return at
    return None
