"""What a project says, read once: with its ``.env``, without it, and by which variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import msgspec

from holdfast.core.errors import EnvironmentLacking, FormatError
from holdfast.project.directory import Directory
from holdfast.project.dotenv import Loaded
from holdfast.project.dotenv import load as parse
from holdfast.project.effective import Effective, Row, effective_session
from holdfast.project.environment import Process
from holdfast.project.migrations import migrations
from holdfast.project.packages import Packages, packages
from holdfast.project.project import Project, load
from holdfast.project.queued import QueuedWork, queued
from holdfast.project.scheduled import scheduled
from holdfast.project.stored import unread
from holdfast.project.values import Array, Broken, Known, Unknown, Variable

_LOCAL_NAMES: Final = ("localhost", "host.docker.internal")
_LOCAL_ENDS: Final = (".localhost", ".local", ".test", ".example", ".invalid")
_CLUSTER: Final = ".cluster.local"
"""What ends in ``.local`` and is still a name for every pod."""

_EXAMPLE: Final = ".env.example"
_NOT_NAMED: Final = ("APP_CONFIG_CACHE", "APP_ENV", "LARAVEL_STORAGE_PATH")


class ImageFacts(msgspec.Struct, frozen=True):
    """What a Dockerfile says of the image.

    Args:
        file: its name, relative to the project.
        base: what it is built on, ``php:8.3-fpm-alpine``; empty where that is not known.
        workdir: where the application is; None where it does not say.
        user: a number; None where it does not say one.
        command: what its first process is, as words; empty where that is not known.
        text: of what is run while it is built.
    """

    file: str
    base: str = ""
    workdir: str | None = None
    user: int | None = None
    command: tuple[str, ...] = ()
    text: str = ""


class Asked(msgspec.Struct, frozen=True):
    """What a person said beside the directory; None: not said.

    Args:
        name: of the LaravelApp.
        image: of the application.
        host: where users find it.
        env: variables on top of ``.env``.
        laravel: the major version, where nothing in the directory says it.
    """

    name: str | None = None
    image: str | None = None
    host: str | None = None
    env: dict[str, str] = {}
    laravel: int | None = None


class _Names(Mapping[str, str]):
    """An environment in which each variable holds its own name; a URL would hide what it sets."""

    def __getitem__(self, name: str) -> str:
        if name in _NOT_NAMED or name.endswith("URL"):
            raise KeyError(name)
        return name

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True)
class Facts:
    """A project, to be asked.

    Args:
        directory: with what is read of its code.
        project: in the environment of its ``.env``, or of ``.env.example`` where there is none.
        bare: as in an image, which has no ``.env``.
        named: with each variable's name for its value.
        asked: what a person said.
        image: what its Dockerfile says; None where there is none.
    """

    directory: Directory
    project: Project = field(repr=False)
    bare: Project = field(repr=False)
    named: Project = field(repr=False)
    asked: Asked
    image: ImageFacts | None = None

    @property
    def major(self) -> int:
        """Of Laravel."""
        return self.project.release.major

    @cached_property
    def session(self) -> Effective:
        """What it does with its sessions."""
        return effective_session(self.project)

    @cached_property
    def packages(self) -> Packages:
        """What Composer installs."""
        return packages(self.directory)

    @property
    def queued(self) -> QueuedWork:
        """What it queues."""
        return self.directory.of(queued)

    @property
    def broken(self) -> tuple[Broken, ...]:
        """Files of its code that could not be looked at."""
        listed = (
            *self.directory.of(queued).broken,
            *self.directory.of(scheduled).broken,
            *self.directory.of(unread),
        )
        return tuple(dict.fromkeys(listed))

    def row(self, name: str) -> Row | None:
        """An effective value of the sessions; None where it cannot be told."""
        return next((row for row in self.session.rows if row.name == name), None)

    def why_unknown(self, name: str) -> str:
        """Why an effective value cannot be told."""
        return next(
            (f"{m.place}: {m.why}" for m in self.session.missing if m.name == name), "not told"
        )

    def known(self, setting: str) -> Known | None:
        """A setting by its dotted name; None where it cannot be told or is null."""
        value = self.project.get(setting)
        return value if isinstance(value, Known) and value.value is not None else None

    def text(self, setting: str) -> str | None:
        """A setting that is a text; None for all else."""
        value = self.known(setting)
        return value.value if value is not None and isinstance(value.value, str) else None

    def where(self, setting: str) -> str:
        """Where a setting is from."""
        value = self.project.get(setting)
        return value.place if isinstance(value, Unknown) else str(value.source)

    def why(self, setting: str) -> str:
        """Why a setting cannot be told."""
        value = self.project.get(setting)
        if isinstance(value, Unknown):
            return f"{value.place}: {value.why}"
        return f"{value.source} says none"

    def keys(self, setting: str) -> tuple[str, ...]:
        """The keys of an array; empty where it is none."""
        value = self.known(setting)
        found = value.value if value is not None else None
        return tuple(map(str, found.items)) if isinstance(found, Array) else ()

    def has(self, package: str) -> bool:
        """Whether a package is installed where the application runs."""
        found = self.packages.get(package)
        return found is not None and not found.dev

    def variable(self, setting: str) -> str | None:
        """The environment variable that decides a setting; None where none does, or several do."""
        value = self.named.get(setting)
        if self.project.cached or not isinstance(value, Known) or len(value.source.uses) != 1:
            return None
        return value.source.uses[0].name

    def fixed(self, setting: str) -> bool:
        """Whether no variable can change a setting: it stands in a file of ``config/``."""
        value = self.named.get(setting)
        return (
            not self.project.cached
            and isinstance(value, Known)
            and not value.source.uses
            and value.source.places[0].startswith("config/")
        )

    def lacks_table(self, table: str) -> bool:
        """Whether surely none of the project's migrations makes a table."""
        found = self.directory.of(migrations)
        return found.complete and table not in found.tables

    def env_file(self) -> tuple[str, tuple[str, ...]]:
        """The ``.env`` that was read and its names; where there is none, those of the example."""
        environment = self.project.environment
        if environment.file:
            return environment.file, tuple(environment.loaded)
        return _EXAMPLE, tuple(_example(self.directory))


def read(directory: Directory, asked: Asked, image: ImageFacts | None = None) -> Facts:
    """Read a project.

    Raises:
        UsageError, FormatError, EnvironmentLacking: as ``project.load``.
    """

    def loaded(process: Process, *, dotenv: bool) -> Project:
        return load(directory, process, laravel=asked.laravel, dotenv=dotenv)

    project = loaded(asked.env, dotenv=True)
    if not project.environment.file:
        project = loaded({**_example(directory), **asked.env}, dotenv=False)
    return Facts(
        directory=directory,
        project=project,
        bare=loaded({}, dotenv=False),
        named=loaded(_Names(), dotenv=False),
        asked=asked,
        image=image,
    )


def _example(directory: Directory) -> dict[str, Variable]:
    """What ``.env.example`` says, which is what a developer begins with."""
    try:
        found = parse(directory.read(_EXAMPLE) or b"", {}, _EXAMPLE)
    except (FormatError, EnvironmentLacking):
        return {}
    return {
        name: Variable(each.value, f"{_EXAMPLE}:{each.line}")
        for name, each in found.items()
        if isinstance(each, Loaded) and name not in _NOT_NAMED
    }


def is_local(host: str) -> bool:
    """Whether a host means something on a developer's machine alone: no name of a network."""
    bare = host.strip("[]").lower()
    return not bare.endswith(_CLUSTER) and (
        "." not in bare
        or bare in _LOCAL_NAMES
        or bare.endswith(_LOCAL_ENDS)
        or bare.startswith(("127.", "0.0.0.0", "/"))  # noqa: S104 - nothing is bound here
    )
