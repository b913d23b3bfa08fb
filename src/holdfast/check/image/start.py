"""What runs when a container of an image starts, and what is its first process then."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from holdfast.check.image.base import published
from holdfast.check.image.content import File, workdir
from holdfast.check.image.tree import Tree
from holdfast.check.sources import shell
from holdfast.check.sources.command import Command, Script
from holdfast.check.sources.stage import Effective, Process
from holdfast.manifests.place import Place
from holdfast.manifests.text import Text

# They hand signals on to the command behind them, or are it by the end (exec).
_HANDS_ON = frozenset(("tini", "dumb-init", "docker-php-entrypoint", "catatonit", "exec"))
_OPTION = re.compile(r"-[-\w=]*")
_SHEBANG = re.compile(r"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(?:ba|da|a)?sh\b")
_AT_START = re.compile(r"/etc/(?:entrypoint\.d|cont-init\.d)/[^/]+|/docker-entrypoint\.d/[^/]+\.sh")
# A script of the base image, or one that comes in by a way that is not followed.
_IS_A_SCRIPT = re.compile(
    r"\.(?:sh|bash|py|php)$|(?:^|/)(?:[\w-]*entrypoint|start|run|init)[\w-]*$"
)
_ON_PATH = re.compile(r"^/(?:usr/(?:local/)?)?s?bin/")
_MAX_SCRIPTS = 8


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a container without a command of its own.

    Args:
        commands: that are known to stand in what runs.
        process: the words of what its first process is in the end; None where that is not known.
        place: where that process is named.
        shell: a script that stays the first process, since it ends without ``exec``: its last
            command.
        complete: whether nothing else runs than what is in ``commands`` and ``process``.
    """

    commands: tuple[Command, ...] = field(default=(), repr=False)
    process: tuple[str, ...] | None = None
    place: Place | None = None
    shell: Command | None = None
    complete: bool = False

    @property
    def program(self) -> str:
        """The name of the first process: ``php-fpm``; empty where it is not known."""
        return self.process[0].rpartition("/")[2] if self.process else ""


def start_of(stage: Effective, files: Mapping[str, File], tree: Tree) -> Start:
    """What starts."""
    reader = _Starting(files, tree, workdir(stage, stage.workdir))
    start = reader.run(stage)
    scripts = [
        reader.script(file) for path, file in sorted(files.items()) if _AT_START.fullmatch(path)
    ]
    more = [command for script in scripts if script for command in script.commands]
    return replace(start, commands=(*more, *start.commands))


class _Starting(msgspec.Struct, frozen=True):
    files: Mapping[str, File]
    tree: Tree
    directory: str

    def run(self, stage: Effective) -> Start:
        base = published(stage.base)
        entrypoint, cmd = stage.entrypoint, stage.cmd
        if entrypoint is None:
            if base is None or base.entrypoint is None:
                # Whatever the base's entry point does, the command is what it is given.
                return Start(self._read(cmd).commands if cmd else ())
            if cmd is None:
                return Start((), base.cmd or None, stage.base.place, complete=True)
            return self._process(cmd, None)
        return self._process(entrypoint, cmd)

    def _process(self, first: Process, second: Process | None) -> Start:
        behind = second.words if second and second.words is not None else ()
        commands = self._read(second).commands if second else ()
        if first.words is None:
            # A shell may hand its process over to the last command of -c, or not.
            return Start(self._read(first).commands, complete=True)
        known = second is None or second.words is not None
        return self._words(first.words, behind, commands, first.place, known=known)

    def _words(
        self,
        words: tuple[str, ...],
        behind: tuple[str, ...],
        commands: tuple[Command, ...],
        place: Place,
        *,
        known: bool,
        depth: int = 0,
    ) -> Start:
        words = _without_wrappers((*words, *behind)) if known else _without_wrappers(words)
        if not words or depth > _MAX_SCRIPTS:
            return Start(commands, complete=not words)
        if (
            words[0].rpartition("/")[2] in shell.SHELLS
            and words[1:]
            and not words[1].startswith("-")
        ):
            words = (posixpath.join(self.directory, words[1]), *words[2:])
        file = self._file(words[0])
        if file is None:
            direct = shell.of_words(list(words), place).commands
            runs_text = len(direct) > 1
            process = None if runs_text or not known else words
            complete = runs_text or not _IS_A_SCRIPT.search(words[0])
            return Start((*commands, *direct), process, place, complete=complete)
        script = self.script(file)
        if script is None:
            return Start(commands)
        found = (*commands, *script.commands)
        end = script.ends_with
        if end is not None and end.name != "exec":
            return Start(found, complete=True)
        if end is not None:
            values = end.values()[1:]
            if values[-1:] == [None] and end.words[-1].text.strip("\"'") in {"$@", "${@}"}:
                handed = tuple(value or "" for value in values[:-1])
                if "" in handed:
                    return Start(found, complete=script.unreadable is None)
                rest = (*handed, *words[1:])
                return self._words(rest, (), found, place, known=known, depth=depth + 1)
            if None in values:
                return Start(found, complete=script.unreadable is None)
            rest = tuple(value or "" for value in values)
            return self._words(rest, (), found, end.place, known=True, depth=depth + 1)
        return Start(found, shell=_stays(script), complete=script.unreadable is None)

    def _file(self, word: str) -> File | None:
        if "/" in word:
            return self.files.get(posixpath.normpath(posixpath.join(self.directory, word)))
        on_path = [file for path, file in self.files.items() if _ON_PATH.sub("", path) == word]
        return on_path[0] if len(on_path) == 1 else None

    def script(self, file: File) -> Script | None:
        """A file as a shell script; None where it is none."""
        text = file.text(self.tree)
        if text is None:
            return None
        if text.string.startswith("#!"):
            return shell.read(text) if _SHEBANG.match(text.string) else None
        return shell.read(text) if file.path.endswith(".sh") else None

    def _read(self, process: Process | None) -> Script:
        if process is None:
            return Script(())
        if process.words is not None:
            return shell.of_words(list(process.words), process.place)
        return shell.read(process.script or Text.at("", process.place))


def _without_wrappers(words: tuple[str, ...]) -> tuple[str, ...]:
    while words and words[0].rpartition("/")[2] in _HANDS_ON:
        words = words[1:]
        while words and _OPTION.fullmatch(words[0]):
            words = words[1:]
    return words


def _stays(script: Script) -> Command | None:
    """The last command of a script that surely waits for it."""
    if script.unreadable is not None or any(c.name == "trap" for c in script.commands):
        return None
    outer = [command for command in script.commands if command.depth == 0]
    if any(command.name == "exec" and len(command.words) > 1 for command in outer):
        return None
    last = outer[-1] if outer else None
    return last if last and not last.guards and not last.background else None
