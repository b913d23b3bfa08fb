"""The commands that pipelines and Composer run.

Shapes as their vendors document them in 2026: GitHub Actions (workflow syntax), GitLab CI/CD (YAML
syntax reference), Bitbucket Pipelines, Azure Pipelines (YAML schema), CircleCI (configuration
reference), Composer (scripts).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from holdfast.check.sources import shell
from holdfast.check.sources.command import Script
from holdfast.check.sources.scalars import lines_of, text_of_scalar
from holdfast.manifests.yaml import Document, documents

MAX_STEPS: Final = 2_000
_MAX_DEPTH: Final = 12
_SHELL: Final = re.compile(r"(?:ba|da)?sh\b|$")
_NO_SHELL: Final = re.compile(r"@|[\w\\]+(?:::\w+)?$")
_GITLAB: Final = ("before_script", "script", "after_script")


class System(enum.StrEnum):
    """Who runs the commands."""

    GITHUB = "GitHub Actions"
    GITLAB = "GitLab CI"
    BITBUCKET = "Bitbucket Pipelines"
    AZURE = "Azure Pipelines"
    CIRCLE = "CircleCI"
    COMPOSER = "Composer"


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of shell that a pipeline runs.

    Args:
        system: that runs it.
        name: of the job, or of Composer's event: ``deploy``, ``post-install-cmd``.
        script: its commands.
    """

    system: System
    name: str
    script: Script = field(repr=False)


def system_of(path: PurePath) -> System | None:
    """Which system a file is for, by its name."""
    parts, name = path.parts, path.name
    if len(parts) >= 3 and parts[-3:-1] == (".github", "workflows"):
        return System.GITHUB if path.suffix in {".yml", ".yaml"} else None
    if len(parts) >= 2 and parts[-2] == ".circleci" and path.stem == "config":
        return System.CIRCLE
    return {
        ".gitlab-ci.yml": System.GITLAB,
        ".gitlab-ci.yaml": System.GITLAB,
        "bitbucket-pipelines.yml": System.BITBUCKET,
        "azure-pipelines.yml": System.AZURE,
        "azure-pipelines.yaml": System.AZURE,
        "composer.json": System.COMPOSER,
    }.get(name)


def steps(data: bytes, file: str, system: System) -> list[Step]:
    """What a file has run; nothing where it cannot be read."""
    lines = lines_of(data)
    found: list[Step] = []
    for document in documents(data, file):
        if not isinstance(document, Document):
            continue
        for name, path in _scripts(document.value, system):
            value = _at(document.value, path)
            if len(found) >= MAX_STEPS:
                return found
            text = text_of_scalar(value, document.at(*path), lines)
            found.append(Step(system, name, shell.read(text)))
    return found


Path = tuple[str | int, ...]


def _scripts(value: Any, system: System) -> Iterator[tuple[str, Path]]:
    if not isinstance(value, dict):
        return
    match system:
        case System.COMPOSER:
            yield from _composer(value)
        case System.GITLAB:
            yield from _gitlab(value)
        case System.GITHUB:
            yield from _named(value, ("jobs",), ("run",))
        case System.CIRCLE:
            yield from _named(value, ("jobs",), ("run", "command"))
            yield from _named(value, ("commands",), ("run", "command"))
        case System.BITBUCKET:
            yield from (("", path) for path in _keyed(value, (), ("script", "after-script")))
        case System.AZURE:
            yield from (("", path) for path in _keyed(value, (), ("script", "bash")))


def _composer(value: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    """Scripts without those that name another script or a method of PHP."""
    for name, below in _mapping(value.get("scripts")):
        for path in _texts(below, ("scripts", name)):
            script = _at(value, path)
            if script.startswith("@php ") or not _NO_SHELL.match(script):
                yield name, path


def _gitlab(value: dict[str, Any]) -> Iterator[tuple[str, Path]]:
    for name, job in value.items():
        if name in _GITLAB:
            yield from ((name, path) for path in _texts(job, (name,)))
        for key, below in _mapping(job):
            if key in _GITLAB:
                yield from ((name, path) for path in _texts(below, (name, key)))


def _named(value: Any, root: Path, keys: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    for name, job in _mapping(_at(value, root)):
        yield from ((name, path) for path in _keyed(job, (*root, name), keys))


def _keyed(value: Any, at: Path, keys: tuple[str, ...]) -> Iterator[Path]:
    """The texts below certain keys, however deep; what another shell than sh reads left out."""
    if len(at) > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for index, below in enumerate(value):
            yield from _keyed(below, (*at, index), keys)
    elif isinstance(value, dict):
        other = value.get("shell")
        for key, below in value.items():
            if key in keys and isinstance(below, str | list):
                if not isinstance(other, str) or _SHELL.match(other):
                    yield from _texts(below, (*at, key))
            else:
                yield from _keyed(below, (*at, key), keys)


def _texts(value: Any, at: Path, depth: int = 3) -> Iterator[Path]:
    if isinstance(value, str):
        yield at
    elif isinstance(value, list) and depth:
        for index, below in enumerate(value):
            yield from _texts(below, (*at, index), depth - 1)


def _mapping(value: Any) -> list[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return None
    return value
