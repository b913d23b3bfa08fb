"""Calls of artisan wherever they stand: while an image is built, when a container starts, in a
pipeline.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from holdfast.check.facts.traffic import pre_stop
from holdfast.check.image.image import Image
from holdfast.check.kubernetes.objects import items, text
from holdfast.check.kubernetes.workload import Container, Path
from holdfast.check.process import Role
from holdfast.check.sources import shell
from holdfast.check.sources.artisan import Artisan, calls
from holdfast.check.sources.command import Command, Script
from holdfast.check.sources.scalars import lines_of, text_of_scalar
from holdfast.check.target import Target
from holdfast.manifests.place import Place


class When(enum.StrEnum):
    """At which time a call is made."""

    BUILD = "while the image is built"
    START = "whenever a container starts"
    AFTER_START = "whenever a container has started"
    PIPELINE = "with each run of a pipeline"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of artisan.

    Args:
        artisan: what is called.
        when: it is called.
        subject: where it belongs to: ``Dockerfile``, ``Deployment shop/web``.
        container: of a manifest, where it stands in one.
        image: where it stands in one.
    """

    artisan: Artisan
    when: When
    subject: str
    container: Container | None = field(default=None, repr=False)
    image: Image | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Of artisan's command: ``migrate``; empty where it is not known."""
        return self.artisan.name or ""

    @property
    def place(self) -> Place:
        """Of the call."""
        return self.artisan.command.place

    @property
    def conditional(self) -> bool:
        """Whether it may be left out."""
        return self.artisan.command.conditional


def script_of(container: Container, files: Mapping[str, bytes]) -> Script:
    """What a container runs that has a command of its own; nothing where the image's counts."""
    return _script(container, (("command",), ("args",)), files)


def hook_of(container: Container, hook: str, files: Mapping[str, bytes]) -> Script:
    """What a hook of its life cycle runs: ``postStart``, ``preStop``."""
    return _script(container, (("lifecycle", hook, "exec", "command"),), files)


def _script(
    container: Container, parts: Iterable[tuple[str, ...]], files: Mapping[str, bytes]
) -> Script:
    words: list[tuple[str, Path]] = [
        (text(word), (*part, index))
        for part in parts
        for index, word in enumerate(items(container.body, *part))
        if text(word)
    ]
    if not words:
        return Script(())
    first, path = words[0]
    is_shell = first.rpartition("/")[2] in shell.SHELLS
    if is_shell and len(words) > 2 and re.fullmatch("-[a-z]*c", words[1][0]):
        script, path = words[2]
        at = container.at(*path)
        return shell.read(text_of_scalar(script, at, lines_of(files.get(at.file, b""))))
    return shell.of_words([word for word, _ in words], container.at(*path))


@lru_cache(maxsize=8)  # several rules ask, one target after the other
def at_start(target: Target) -> tuple[Call, ...]:
    """Calls that a starting container makes, by its image or its manifest."""
    return tuple(_at_start(target))


def started(target: Target) -> tuple[Image, ...]:
    """The images of the repository, where a container may start as they say.

    Where manifests give every container of Laravel's a command of its own, none does.
    """
    containers = [process.container for process in target.processes() if process.container]
    if containers and all(container.get("command") for container in containers):
        return ()
    return target.repository.images


def _at_start(target: Target) -> Iterator[Call]:
    for image in started(target):
        yield from _calls(image.start.commands, When.START, image.file, image=image)
        for program in image.supervisor:
            yield from _calls(program.command.commands, When.START, image.file, image=image)
    for workload in target.workloads:
        for container in (*workload.containers, *workload.init_containers):
            commands = script_of(container, target.files).commands
            yield from _calls(commands, When.START, str(workload), container)
            commands = hook_of(container, "postStart", target.files).commands
            yield from _calls(commands, When.AFTER_START, str(workload), container)


def at_build(target: Target) -> Iterator[Call]:
    """Calls that are made while an image is built."""
    for image in target.repository.images:
        commands = [command for _, command in image.build_commands]
        yield from _calls(commands, When.BUILD, image.file, image=image)


def in_pipelines(target: Target) -> Iterator[Call]:
    """Calls that a pipeline or Composer makes."""
    for step in target.repository.steps:
        name = f"{step.system}, {step.name}" if step.name else str(step.system)
        yield from _calls(step.script.commands, When.PIPELINE, name)


def drained(target: Target) -> bool:
    """Whether every web container has a hook that lets requests end before it is to stop."""
    containers = [process.container for process in target.processes(Role.WEB) if process.container]
    return bool(containers) and all(pre_stop(container) for container in containers)


def quits(target: Target) -> bool:
    """Whether a manifest asks for another signal, or sends one by itself."""
    return any(
        container.get("lifecycle", "stopSignal") is not None
        or "QUIT" in str(container.get("lifecycle", "preStop"))
        for workload in target.workloads
        for container in workload.containers
    )


def _calls(
    commands: Iterable[Command],
    when: When,
    subject: str,
    container: Container | None = None,
    *,
    image: Image | None = None,
) -> Iterator[Call]:
    for artisan in calls(commands):
        yield Call(artisan, when, subject, container, image)
