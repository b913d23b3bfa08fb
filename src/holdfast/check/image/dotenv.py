"""Whether an image holds a ``.env``, and what brought it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping

import msgspec

from holdfast.check.image.content import File, workdir
from holdfast.check.sources import shell
from holdfast.check.sources.command import Command
from holdfast.check.sources.stage import Copy, Effective
from holdfast.manifests.place import Place

_MADE_BY_PHP = re.compile(r"""\bcopy\(\s*['"]([^'"]*)['"]\s*,\s*['"](?:[^'"]*/)?\.env['"]""")


class Dotenv(msgspec.Struct, frozen=True):
    """A ``.env`` in an image.

    Args:
        place: of what puts it there.
        origin: what it is made of: ``.env``, ``.env.example``; empty where it is written anew.
        name: that file's name in the repository, where it is known.
    """

    place: Place
    origin: str
    name: str = ""


def dotenv_of(stage: Effective, files: Mapping[str, File]) -> Dotenv | None:
    """The ``.env`` that is there when the image is built; None where there surely is none known."""
    found: Dotenv | None = None
    # One beside other things, as of Docker Compose, is not the application's.
    roots = {posixpath.dirname(path) for path in files if path.endswith("/artisan")}
    roots = roots or {posixpath.normpath(workdir(stage, stage.workdir))}
    copied = {
        id(files[path].copy.instruction): files[path]
        for path in (posixpath.join(root, ".env") for root in roots)
        if path in files
    }
    for step in stage.steps:
        if isinstance(step, Copy):
            if file := copied.get(id(step.instruction)):
                origin = posixpath.basename(file.name)
                found = Dotenv(step.instruction.place, origin, file.name)
        elif (script := step.instruction.script) is not None:
            found = followed(found, shell.read(script).commands, files)
        elif step.instruction.words:
            direct = shell.of_words(list(step.instruction.words), step.instruction.place)
            found = followed(found, direct.commands, files)
    return found


def followed(
    found: Dotenv | None, commands: Iterable[Command], files: Mapping[str, File]
) -> Dotenv | None:
    """What becomes of a ``.env``, or of there being none, after some commands."""
    for command in commands:
        values = [word.value or "" for word in command.words]
        names = [posixpath.basename(value) for value in values]
        if command.guards and not any(".env" in guard for guard in command.guards):
            continue
        if names[0] in {"cp", "mv"} and names[-1] == ".env":
            if names[-2].startswith(".env"):
                found = Dotenv(command.place, names[-2], _name(names[-2], files))
        elif names[0] in {"mv", "rm"} and ".env" in names[1:]:
            found = None
        elif made := _MADE_BY_PHP.search("".join(values[2:3]) if "-r" in values[1:2] else ""):
            found = Dotenv(command.place, made[1], _name(made[1], files))
        elif any(_writes(r.operator, r.target.value) for r in command.redirections):
            found = Dotenv(command.place, "")
    return found


def _writes(operator: str, target: str | None) -> bool:
    return operator in {">", ">>", ">|"} and posixpath.basename(target or "") == ".env"


def _name(origin: str, files: Mapping[str, File]) -> str:
    names = {file.name for path, file in files.items() if path.endswith(f"/{origin}")}
    return names.pop() if len(names) == 1 else ""
