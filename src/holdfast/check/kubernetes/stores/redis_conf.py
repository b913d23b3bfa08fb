"""Settings of Redis and its kin, from a configuration file and from arguments.

Redis 7.0, ``config.c`` (``loadServerConfigFromString``) and ``server.c`` (``main``):
one directive a line, ``#`` starts a comment at the start of a line only; of arguments, what follows
``--name`` up to the next ``--`` is its value, and they are read after the file.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from holdfast.check.kubernetes.stores.settings import Reading
from holdfast.manifests.place import Place

File: TypeAlias = tuple[str, Place]
"""The text of a configuration file, and where it stands."""

Files: TypeAlias = Callable[[str], "File | None"]
"""The file at a path in the container; None where no manifest has it."""

Word: TypeAlias = tuple[str, Place]
"""An argument; what is not known of it is ``UNKNOWN``."""

UNKNOWN: Final = "\0"
"""Stands in an argument for what no manifest says; no argument of a process can have it."""

MAX_FILES: Final = 16
"""That are read for one server: files may include each other."""
MAX_CHARACTERS: Final = 512 * 1024
"""Of a file; the one that comes with Redis has a fifth of that."""

_ALIASES: Final = {"slaveof": "replicaof"}
# Directives that may be there several times; their first argument is a part of their name.
_REPEATED: Final = ("rename-command", "user")


def read_file(reading: Reading, file: File, files: Files) -> None:
    """The directives of a configuration file."""
    text, whole = file
    reading.files += 1
    if reading.files > MAX_FILES or len(text) > MAX_CHARACTERS:
        reading.forget("its configuration is too large")
        return
    lines = text.splitlines()
    # In a block of YAML, line by line; in a quoted text there is no telling.
    block = whole.end_line - whole.line >= len(lines)
    for index, line in enumerate(lines):
        place = Place(whole.file, whole.line + 1 + index) if block else whole
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            words = shlex.split(stripped)
        except ValueError:
            continue  # Redis refuses to start with it.
        if words:
            _directive(reading, [(word, place) for word in words], files)


def read_arguments(reading: Reading, words: Sequence[Word], files: Files) -> None:
    """The arguments of a server, without its name: a file first, then ``--name value``."""
    at = 0
    if words and not words[0][0].startswith("-"):
        _include(reading, words[0][0], files)
        at = 1
    directive: list[Word] = []
    for value, place in words[at:]:
        if value.startswith("--"):
            if directive:
                _directive(reading, directive, files)
            # One argument may be all of it: «--save 900 1»; Dragonfly's is «--flag=value».
            parts = value[2:].split() or [""]
            if "=" in parts[0] and len(parts) == 1:
                parts = list(parts[0].partition("=")[::2])
            directive = [(part, place) for part in parts]
        elif directive:
            # «--save», then «900 1» as one argument.
            directive.extend((part, place) for part in (value.split() or [""]))
    if directive:
        _directive(reading, directive, files)


def _directive(reading: Reading, words: Sequence[Word], files: Files) -> None:
    name = words[0][0].lower()
    name = _ALIASES.get(name, name)
    place, values = words[0][1], words[1:]
    if UNKNOWN in name:
        reading.forget("its arguments are not known")
        return
    if name == "include":
        for value, _place in values:
            _include(reading, value, files)
        return
    if name in _REPEATED and values:
        name, values = f"{name} {values[0][0].lower()}", values[1:]
    value = " ".join(value for value, _place in values)
    reading.set(name, None if UNKNOWN in value else value, place)


def _include(reading: Reading, path: str, files: Files) -> None:
    found = files(path)
    if found is None:
        named = "" if UNKNOWN in path else f" {path}"
        reading.forget(f"its configuration{named} is not among the manifests")
    else:
        read_file(reading, found, files)
