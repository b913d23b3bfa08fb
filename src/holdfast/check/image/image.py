"""An image: what its Dockerfile and the files that it copies say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from holdfast.check.image import base
from holdfast.check.image.content import File, context_of, files_of, workdir
from holdfast.check.image.dotenv import Dotenv, dotenv_of
from holdfast.check.image.start import Start, start_of
from holdfast.check.image.tree import Tree
from holdfast.check.sources import dockerfile, ini, nginx, shell, supervisor
from holdfast.check.sources.artisan import calls
from holdfast.check.sources.command import Command
from holdfast.check.sources.dockerfile import Dockerfile
from holdfast.check.sources.ini import Setting
from holdfast.check.sources.nginx import Directive
from holdfast.check.sources.stage import Base, Effective, Run, Stage
from holdfast.check.sources.stages import effective, stage_named, stages
from holdfast.check.sources.supervisor import Program
from holdfast.manifests.place import Place
from holdfast.manifests.unreadable import Unreadable

_DEVELOPMENT = re.compile(
    r"(?:^|[-_.])(?:dev|devel|development|local|tests?|testing|ci|debug)(?:$|[-_.])"
)
# What servers read; a copy among the application's files is none.
_FPM = re.compile(r"/(?:etc|usr)/(?:.*/)?(?:(?:php-fpm\.d|pool\.d)/[^/]*\.conf|php-fpm\.conf)")
_PHP_INI = re.compile(r"/(?:etc|usr)/(?:.*/)?(?:conf\.d/[^/]*\.ini|php\.ini)")
_NGINX = re.compile(r"/etc/nginx/(?:.*/)?(?:[^/]*\.(?:conf|template)|sites-\w+/[^/]*)")
_SUPERVISOR = re.compile(r"/etc/(?:[^/]*supervisor[^/]*/(?:.*/)?[^/]*|supervisord)\.(?:conf|ini)")


@dataclass(frozen=True, eq=False)
class Image:
    """An image, as it is built without build arguments.

    Args:
        dockerfile: that it is built from.
        final: what holds at the end of its stage.
        context: the directory that it is built in, by its shown name; None where it is not clear.
        tree: the repository.
    """

    dockerfile: Dockerfile
    final: Effective
    context: str | None
    tree: Tree = field(repr=False)

    @property
    def file(self) -> str:
        """The Dockerfile's name."""
        return self.dockerfile.file

    @cached_property
    def files(self) -> Mapping[str, File]:
        """What it holds of the repository, by path."""
        return files_of(self.dockerfile, self.final, self.tree, self.context)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """All stages of the file."""
        return stages(self.dockerfile)

    @property
    def base(self) -> Base:
        """The image that it is built on."""
        return self.final.base

    @cached_property
    def build_commands(self) -> tuple[tuple[Run, Command], ...]:
        """What is run while it is built, in its stage or in a directory that this takes over.

        A directory of another stage counts where it is copied as a whole.
        """
        taken: dict[int, set[str]] = {}
        for copy in self.final.copies:
            stage = stage_named(self.stages, copy.origin) if copy.origin else None
            if stage is not None:
                sources = {value.text.rstrip("/") for value in copy.sources if value.text}
                taken.setdefault(stage.index, set()).update(sources)
        found: list[tuple[Run, Command]] = []
        for index, directories in taken.items():
            other = effective(self.dockerfile, str(index))
            for run, command in _commands(other) if other else ():
                assert other is not None
                if workdir(other, run.workdir).rstrip("/") in directories:
                    found.append((run, command))
        return (*found, *_commands(self.final))

    @cached_property
    def start(self) -> Start:
        """What runs when a container starts."""
        return start_of(self.final, self.files, self.tree)

    @cached_property
    def dotenv(self) -> Dotenv | None:
        """The ``.env`` in it."""
        return dotenv_of(self.final, self.files)

    @property
    def stop_signal(self) -> tuple[str, Place] | None:
        """The signal that asks it to end, and where that is said; None where it is not known."""
        if (said := self.final.stop_signal) is not None:
            return (base.signal(said.text), said.place) if said.text else None
        known = base.published(self.base)
        if known is None or (self.base.assumed and "fpm" not in self.base.written):
            return None
        return known.stop_signal, self.base.place

    @cached_property
    def fpm(self) -> tuple[Setting, ...]:
        """What the php-fpm configuration says that is copied in."""
        return tuple(self._settings(_FPM))

    @cached_property
    def php_ini(self) -> tuple[Setting, ...]:
        """What the PHP configuration says that is copied in."""
        return tuple(self._settings(_PHP_INI))

    @cached_property
    def nginx(self) -> tuple[Directive, ...]:
        """The nginx configuration that is copied in; what cannot be read left out."""
        found: list[Directive] = []
        for file in self._named(_NGINX):
            text = file.text(self.tree)
            parsed = nginx.parse(text) if text is not None else ()
            found += () if isinstance(parsed, Unreadable) else parsed
        return tuple(found)

    @cached_property
    def supervisor(self) -> tuple[Program, ...]:
        """The programs of supervisord, where that surely runs, of the files that are copied in."""
        found: list[Program] = []
        for file in self._named(_SUPERVISOR) if self._runs_supervisord else ():
            text = file.text(self.tree)
            if text is not None:
                settings = ini.supervisor_settings(text)
                found += () if isinstance(settings, Unreadable) else supervisor.programs(settings)
        return tuple(found)

    @property
    def _runs_supervisord(self) -> bool:
        run = [command for command in self.start.commands if not command.guards]
        names = {value.rpartition("/")[2] for one in run for value in one.values() if value}
        return self.start.program == "supervisord" or "supervisord" in names

    @cached_property
    def php_extensions(self) -> frozenset[str]:
        """PHP extensions that are installed on top of the base."""
        return frozenset(_extensions(command for _, command in self.build_commands))

    @cached_property
    def is_laravel(self) -> bool:
        """Whether it surely holds a Laravel application: it runs artisan, or copies it in."""
        commands = [command for _, command in self.build_commands] + list(self.start.commands)
        if any(path.endswith("/artisan") for path in self.files):
            return True
        return bool(list(calls(commands)))

    def mentions(self, word: str) -> bool:
        """Whether a word stands anywhere in the Dockerfile's instructions."""
        return any(
            word in part.string
            for instruction in self.dockerfile.instructions
            for part in (instruction.arguments, *(doc.content for doc in instruction.heredocs))
        )

    def _named(self, pattern: re.Pattern[str]) -> Iterator[File]:
        for path, file in sorted(self.files.items()):
            if pattern.fullmatch(path):
                yield file

    def _settings(self, pattern: re.Pattern[str]) -> Iterator[Setting]:
        for file in self._named(pattern):
            text = file.text(self.tree)
            settings = ini.php_settings(text) if text is not None else ()
            yield from () if isinstance(settings, Unreadable) else settings


def images_of(data: bytes, file: str, tree: Tree) -> list[Image] | Unreadable:
    """The images that a Dockerfile makes: one a stage that no other stage is made of.

    Stages that are called after development or tests are none.
    """
    read = dockerfile.read(data, file)
    if isinstance(read, Unreadable):
        return read
    context = context_of(read, tree)
    found = []
    for stage in _leaves(stages(read)):
        final = effective(read, str(stage.index))
        if final is not None:
            found.append(Image(read, final, context, tree))
    return found


def _leaves(every: tuple[Stage, ...]) -> list[Stage]:
    served = [stage for stage in every if not _DEVELOPMENT.search(stage.name)]
    used = {stage.base.stage for stage in served}
    copied = {instruction.flag("from") for stage in served for instruction in stage.instructions}
    return [
        stage
        for stage in served
        if stage.index not in used and not copied & ({stage.name, str(stage.index)} - {""})
    ]


def _commands(stage: Effective) -> Iterator[tuple[Run, Command]]:
    for run in stage.runs:
        script = run.instruction.script
        if script is not None:
            read = shell.read(script)
        else:
            read = shell.of_words(list(run.instruction.words or ()), run.instruction.place)
        yield from ((run, command) for command in read.commands)


_INSTALLERS = {"docker-php-ext-install", "docker-php-ext-enable", "install-php-extensions"}


def _extensions(commands: Iterator[Command]) -> Iterator[str]:
    for command in commands:
        values = [value or "" for value in command.values()]
        installed: list[str] = []
        if command.name in _INSTALLERS:
            installed = values[1:]
        elif command.name == "pecl" and values[1:2] == ["install"]:
            installed = values[2:]
        for name in installed:
            if re.match(r"[a-z]", name):
                yield re.split(r"[-@^:]", name)[0]
