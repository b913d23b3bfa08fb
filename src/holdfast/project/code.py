"""Where an application's own code calls what rules ask for: one walk for all names.

Only files whose bytes have one of the names in them are parsed. Packages, tests and built files are
not looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from holdfast.project.autoload import namespaces
from holdfast.project.directory import Directory
from holdfast.project.script import Call, Script
from holdfast.project.syntax import PhpFile, walk, word
from holdfast.project.values import Broken, Spot

FUNCTIONS: Final = frozenset(("env", "session_start", "session_set_save_handler"))
"""Functions that are looked for; ``$_SESSION`` and ``$_COOKIE`` are too."""

METHODS: Final = frozenset((
    "block", "onOneServer", "withoutOverlapping", "regenerate", "login", "loginUsingId",
    "logoutOtherDevices", "disk", "singleton", "command", "call", "setTrustedProxies",
    "forceScheme", "forceHttps", "at", "loadMigrationsFrom", "useCache",
))  # fmt: skip
"""Methods, on an object or of a class."""

_ARRAYS: Final = ("_SESSION", "_COOKIE")
_ROOTS: Final = ("app", "routes", "bootstrap", "database/seeders")
_SKIPPED: Final = frozenset((
    "vendor", "node_modules", "tests", "Tests", "cache", "storage", "public", ".git",
))  # fmt: skip


def _any(names: frozenset[str]) -> bytes:
    return b"|".join(name.encode() for name in sorted(names))


_AMONG: Final = re.compile(
    rb"(?:->|::)\s*(?:%s)\s*\(|\b(?:%s)\s*\(|\$_(?:SESSION|COOKIE)\b"
    % (_any(METHODS), _any(FUNCTIONS)),
    re.IGNORECASE,
)

MAX_FILES: Final = 20_000


@dataclass(frozen=True)
class Code:
    """What was found.

    Args:
        calls: by file, each with its arguments as far as they are literals.
        arrays: where ``$_SESSION`` and ``$_COOKIE`` are used, with the name.
        broken: the files that cannot be read.
        complete: whether all of the code was looked at; a very large application is not.
    """

    calls: tuple[Call, ...] = field(repr=False)
    arrays: tuple[tuple[str, Spot], ...] = ()
    broken: tuple[Broken, ...] = ()
    complete: bool = True

    @cached_property
    def _by_name(self) -> dict[str, list[Call]]:
        found: dict[str, list[Call]] = {}
        for call in self.calls:
            found.setdefault(call.name, []).append(call)
        return found

    def called(self, *names: str) -> list[Call]:
        """The calls of some names: ``session_start``, ``->block``, ``Auth::login``."""
        return [found for name in names for found in self._by_name.get(name, ())]


def code(directory: Directory) -> Code:
    """Look through an application's own code."""
    calls: list[Call] = []
    arrays: list[tuple[str, Spot]] = []
    broken: list[Broken] = []
    complete = True
    for number, name in enumerate(directory.of(files)):
        if number >= MAX_FILES:
            complete = False
            break
        file = directory.matching(name, _AMONG)
        if isinstance(file, Broken):
            broken.append(file)
        elif file is not None:
            calls += Script(file).calls(among=_asked)
            arrays += _uses(file)
    return Code(tuple(calls), tuple(arrays), tuple(broken), complete)


def files(directory: Directory) -> tuple[str, ...]:
    """The PHP files of the application's own code, each once, in order."""
    found: dict[str, None] = {}
    own = [root for _, root in namespaces(directory) if not _SKIPPED & set(root.split("/"))]
    for root in (*_ROOTS, *own):
        for folder, folders, names in os.walk(directory.root / root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED)
            below = os.path.relpath(folder, directory.root)
            for name in sorted(names):
                if name.endswith(".php") and Path(folder, name).is_file():
                    found[f"{below}/{name}"] = None
    return tuple(found)


def _asked(name: str) -> bool:
    return name in METHODS or name.lower() in FUNCTIONS


def _uses(file: PhpFile) -> Iterator[tuple[str, Spot]]:
    if b"$_SESSION" not in file.data and b"$_COOKIE" not in file.data:
        return
    for node in walk(file.root):
        if node.type == "variable_name" and word(node)[1:] in _ARRAYS:
            yield word(node), file.spot(node)
