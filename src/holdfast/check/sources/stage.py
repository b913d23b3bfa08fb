"""Records of a Dockerfile's stages: what each is built on, brings in and sets."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from holdfast.check.sources.docker_words import Value
from holdfast.check.sources.dockerfile import Instruction
from holdfast.manifests.place import Place
from holdfast.manifests.text import Text


class Base(msgspec.Struct, frozen=True):
    """What a stage is built on.

    Args:
        reference: as it is pulled: ``php:8.2-fpm``; None where it cannot be known here.
        place: of the reference.
        written: as it is written: ``php:${VERSION}-fpm``.
        stage: of this file, as an index, where it is one.
        platform: of ``--platform``.
        assumed: build arguments whose defaults are in the reference.
    """

    reference: str | None
    place: Place
    written: str = ""
    stage: int | None = None
    platform: str | None = None
    assumed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Without tag and digest: ``docker.io/library/php`` as it is written; empty if unknown."""
        name = (self.reference or "").partition("@")[0]
        start, colon, tag = name.rpartition(":")
        return start if colon and "/" not in tag else name

    @property
    def tag(self) -> str | None:
        """``8.2-fpm``; None where none is written."""
        name = (self.reference or "").partition("@")[0]
        return name[len(self.name) + 1 :] or None

    @property
    def digest(self) -> str | None:
        """``sha256:...``; None where none is written."""
        return (self.reference or "").partition("@")[2] or None


class Process(msgspec.Struct, frozen=True):
    """An ENTRYPOINT, CMD or HEALTHCHECK.

    Args:
        words: of the exec form; None in shell form.
        script: of the shell form, which ``/bin/sh -c`` runs.
        place: of the instruction.
    """

    words: tuple[str, ...] | None
    script: Text | None
    place: Place


class Copy(msgspec.Struct, frozen=True):
    """A COPY or ADD.

    Args:
        sources: as Docker makes them; a None text is not known here.
        target: the last word.
        origin: of ``--from``: a stage or an image; None for the build context.
        workdir: where a relative target counts from.
        instruction: with the here-documents, which are files too.
    """

    sources: tuple[Value, ...]
    target: Value
    origin: str | None
    workdir: str | None
    instruction: Instruction


class Run(msgspec.Struct, frozen=True):
    """A RUN.

    Args:
        instruction: it.
        workdir: where it runs; None where that is not known.
    """

    instruction: Instruction
    workdir: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One FROM and what follows.

    Args:
        index: from 0.
        name: of ``AS``, in lower case as Docker compares it; empty if it has none.
        base: what it is built on.
        place: of the FROM.
        instructions: behind the FROM.
    """

    index: int
    name: str
    base: Base
    place: Place
    instructions: tuple[Instruction, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds at the end of a stage, from all the stages of this file that it is built on.

    Args:
        stages: from the one that an image from elsewhere is under to the stage itself.
        env: variables that are set in this file.
        stop_signal, user, workdir: None where this file does not say.
        entrypoint, cmd, healthcheck: None where this file does not say.
        cmd_reset: an ENTRYPOINT has taken away the base image's CMD.
        steps: what is run and copied while it is built, in that order.
    """

    stages: tuple[Stage, ...]
    env: dict[str, Value] = field(default_factory=dict, repr=False)
    stop_signal: Value | None = None
    user: Value | None = None
    workdir: str | None = None
    entrypoint: Process | None = None
    cmd: Process | None = None
    healthcheck: Process | None = None
    cmd_reset: bool = False
    steps: tuple[Run | Copy, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        """The RUN instructions."""
        return tuple(step for step in self.steps if isinstance(step, Run))

    @property
    def copies(self) -> tuple[Copy, ...]:
        """What is copied in."""
        return tuple(step for step in self.steps if isinstance(step, Copy))

    @property
    def base(self) -> Base:
        """The image from elsewhere."""
        return self.stages[0].base
