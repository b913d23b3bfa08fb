"""The programs that supervisord runs.

Defaults are those of supervisor 4.2 (docs/configuration.rst, «[program:x] Section Values»).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.check.sources import shell
from holdfast.check.sources.command import Script
from holdfast.check.sources.ini import Setting, last
from holdfast.manifests.place import Place
from holdfast.manifests.text import Text


@dataclass(frozen=True, slots=True)
class Program:
    """One ``[program:name]``.

    Args:
        name: of the program.
        command: what is run; a script of no commands where it is not known.
        stop_signal: ``TERM``.
        stop_wait_seconds: after which it is killed; None where that is not known.
        processes: how many of it run; None where that is not known.
        place: of the command.
    """

    name: str
    command: Script = field(repr=False)
    stop_signal: str
    stop_wait_seconds: int | None
    processes: int | None
    place: Place


def programs(settings: Iterable[Setting]) -> tuple[Program, ...]:
    """The programs of a configuration."""
    every = tuple(settings)
    sections = dict.fromkeys(s.section for s in every if s.section.startswith("program:"))
    return tuple(
        program for section in sections if (program := _program(section, every)) is not None
    )


def _program(section: str, settings: tuple[Setting, ...]) -> Program | None:
    own = [setting for setting in settings if setting.section == section]
    command = last(own, "command")
    if command is None:
        return None
    script = Script(())
    if command.value is not None:
        script = shell.read(Text.at(command.value, command.place))
    signal = last(own, "stopsignal")
    return Program(
        section.removeprefix("program:"),
        script,
        (signal.value or "" if signal else "TERM").upper().removeprefix("SIG"),
        _number(last(own, "stopwaitsecs"), 10),
        _number(last(own, "numprocs"), 1),
        command.place,
    )


def _number(setting: Setting | None, default: int) -> int | None:
    if setting is None:
        return default
    value = setting.value or ""
    return int(value) if value.isdecimal() and len(value) < 10 else None
