"""The variables that ``env()`` sees: those of the process, and below them those of ``.env``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from holdfast.core.errors import FormatError
from holdfast.laravel.env import env_value
from holdfast.project.directory import Directory
from holdfast.project.dotenv import Loaded, load, parse
from holdfast.project.values import Scalar, Unknown, Use, Variable

Process: TypeAlias = Mapping[str, str | Variable | Unknown]
"""The environment of a process. A text says nothing of where it is set; Unknown is a variable that
may have any value, or not be set. It is asked by ``get`` alone, so that a mapping of one's own can
say Unknown for every name (a Secret that nobody can look into)."""


@dataclass(frozen=True)
class Environment:
    """What ``env()`` answers (Illuminate/Support/Env.php).

    Args:
        process: the environment of the process; wins.
        file: which file was loaded, relative to the project; empty for none.
        loaded: what it defines.
    """

    process: Process = field(repr=False)
    file: str = ""
    loaded: Mapping[str, Loaded | Unknown] = field(default_factory=dict, repr=False)

    def raw(self, name: str) -> tuple[str, Use] | Unknown | None:
        """A variable's text and where it is set."""
        match self.process.get(name):
            case Unknown() as unknown:
                return unknown
            case Variable(value, place):
                return value, Use(name, place)
            case str() as value:
                return value, Use(name, "environment")
        match self.loaded.get(name):
            case Unknown() as unknown:
                return unknown
            case Loaded(value, line):
                return value, Use(name, f"{self.file}:{line}")
        return None

    def env(self, name: str) -> tuple[Scalar, Use] | Unknown | None:
        """What ``env()`` makes of a variable; None where it is not set: the default counts."""
        found = self.raw(name)
        if found is None or isinstance(found, Unknown):
            return found
        return env_value(found[0]), found[1]


def environment(directory: Directory, process: Process) -> Environment:
    """The environment of a project.

    Of ``.env.<APP_ENV>`` and ``.env`` one is read: the first where the process has APP_ENV and the
    file is there (Illuminate/Foundation/Bootstrap/LoadEnvironmentVariables.php).

    Raises:
        FormatError: Laravel would refuse the file.
        EnvironmentLacking: it cannot be read.
    """
    names = [".env"]
    named = Environment(process).env("APP_ENV")
    if isinstance(named, Unknown):
        if others := directory.environment_files():
            return Environment(process, loaded=_either(directory, [".env", *others], named))
    elif named and isinstance(named[0], str) and named[0] and "\0" not in named[0]:
        names.insert(0, f".env.{named[0]}")
    for name in names:
        if name != ".env" and not (directory.root / name).is_file():
            continue
        data = directory.read(name)
        if data is not None:
            return Environment(process, name, load(data, process, name))
    return Environment(process)


def _either(directory: Directory, names: list[str], app_env: Unknown) -> dict[str, Unknown]:
    """What any of several files defines, where it is not known which of them is read."""
    why = "which of the .env files is read depends on APP_ENV"
    loaded: dict[str, Unknown] = {}
    for name in names:
        try:
            entries = parse(directory.read(name) or b"", name)
        except FormatError:
            # Laravel would not start with it, so it is not the one that counts.
            continue
        loaded |= {entry.name: Unknown(app_env.place, "APP_ENV", why) for entry in entries}
    return loaded
