"""The variables that ``env()`` sees: those of the process, and below them those of ``.env``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.laravel.config import env_value
from holdfast.project.dotenv import Loaded, load
from holdfast.project.reading import read
from holdfast.project.values import Scalar, Use


@dataclass(frozen=True)
class Environment:
    """What ``env()`` answers (Illuminate/Support/Env.php).

    Args:
        process: the environment of the process; wins.
        file: which file was loaded, relative to the project; empty for none.
        loaded: what it defines.
    """

    process: Mapping[str, str] = field(repr=False)
    file: str = ""
    loaded: Mapping[str, Loaded] = field(default_factory=dict, repr=False)

    def raw(self, name: str) -> tuple[str, Use] | None:
        """A variable's text and where it is set."""
        if name in self.process:
            return self.process[name], Use(name, "environment")
        if found := self.loaded.get(name):
            return found.value, Use(name, f"{self.file}:{found.line}")
        return None

    def env(self, name: str) -> tuple[Scalar, Use] | None:
        """What ``env()`` makes of a variable; None where it is not set: the default counts."""
        found = self.raw(name)
        return None if found is None else (env_value(found[0]), found[1])


def environment(directory: Path, process: Mapping[str, str]) -> Environment:
    """The environment of a project.

    Of ``.env.<APP_ENV>`` and ``.env`` one is read: the first where the process has APP_ENV and the
    file is there (Illuminate/Foundation/Bootstrap/LoadEnvironmentVariables.php).

    Raises:
        FormatError: Laravel would refuse the file.
        EnvironmentLacking: it cannot be read.
    """
    names = [".env"]
    named = Environment(process).env("APP_ENV")
    if named and isinstance(named[0], str) and named[0] and "\0" not in named[0]:
        names.insert(0, f".env.{named[0]}")
    for name in names:
        if name != ".env" and not (directory / name).is_file():
            continue
        data = read(directory / name)
        if data is not None:
            return Environment(process, name, load(data, process, name))
    return Environment(process)
