"""A Laravel directory on disk: each of its files read and parsed once, however often it is asked.

One is made where a project is looked at in several environments, as the workloads of a deployment
are; it holds what it read for as long as it lives, and does not see later changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import msgspec

from holdfast.core.errors import EnvironmentLacking, FormatError, UsageError
from holdfast.project.reading import MAX_CODE_BYTES, MAX_LOCK_BYTES, read
from holdfast.project.syntax import PhpFile, parse
from holdfast.project.values import Broken, Spot

T = TypeVar("T")

_TEMPLATE = ".env.example"
"""Every repository has it, and no application runs in an environment called «example»."""


class Directory:
    """A directory and what was read of it.

    Args:
        path: with ``composer.json`` and ``config/``.

    Raises:
        UsageError: it is not there, or is no directory.
        EnvironmentLacking: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.given = path
        self.root = _resolved(path)
        self._bytes: dict[str, bytes | None] = {}
        self._php: dict[str, PhpFile | None] = {}
        self._json: dict[str, dict[str, Any]] = {}
        self._of: dict[Callable[[Directory], Any], Any] = {}

    def __repr__(self) -> str:
        """Without what its files hold."""
        return f"Directory({str(self.given)!r})"

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none.

        Raises:
            EnvironmentLacking: as ``reading.read``.
        """
        if name not in self._bytes:
            self._bytes[name] = read(self.root / name)
        return self._bytes[name]

    def php(self, name: str) -> PhpFile | None:
        """A parsed PHP file; None where there is none.

        Raises:
            EnvironmentLacking: as ``reading.read`` and ``syntax.parse``.
            FormatError: it is not PHP.
        """
        if name not in self._php:
            data = read(self.root / name)
            path = str((self.root / name).resolve())
            self._php[name] = None if data is None else parse(data, name, path)
        return self._php[name]

    def tree(self, name: str) -> PhpFile | Broken | None:
        """As ``php``, but what cannot be read or parsed is a result like others."""
        try:
            return self.php(name)
        except FormatError as error:
            line = int(str(error).removeprefix(f"{name}:").partition(":")[0])
            return Broken(Spot(name, line, 1), "it is not valid PHP")
        except EnvironmentLacking as error:
            return Broken(Spot(name, 1, 1), str(error))

    def has(self, name: str, pattern: re.Pattern[bytes]) -> bool:
        """Whether a file of code has something in it, wherever it stands.

        A file of more than ``MAX_CODE_BYTES`` was made by a program, and is not looked at.
        """
        path = self.root / name
        try:
            return path.stat().st_size <= MAX_CODE_BYTES and bool(pattern.search(path.read_bytes()))
        except OSError:
            return False

    def matching(self, name: str, pattern: re.Pattern[bytes]) -> PhpFile | Broken | None:
        """As ``tree``, of a file of code that has something in it; None of others."""
        return self.tree(name) if self.has(name, pattern) else None

    def json(self, name: str) -> dict[str, Any]:
        """The object in a file of Composer's; empty where there is no file, or something else.

        Raises:
            EnvironmentLacking: as ``reading.read``.
            FormatError: it is not JSON.
        """
        if name not in self._json:
            data = read(self.root / name, MAX_LOCK_BYTES)
            value = {} if data is None else _decoded(data, self.root / name)
            self._json[name] = value if isinstance(value, dict) else {}
        return self._json[name]

    def of(self, read: Callable[[Directory], T]) -> T:
        """What a function reads of this directory, read once: ``directory.of(migrations)``."""
        if read not in self._of:
            self._of[read] = read(self)
        return cast(T, self._of[read])

    def environment_files(self) -> list[str]:
        """The names of ``.env`` files that an ``APP_ENV`` may choose."""
        return sorted(
            path.name
            for path in self.root.glob(".env.*")
            if path.is_file() and path.name != _TEMPLATE
        )


def _decoded(data: bytes, path: Path) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(
            f"{path} is not JSON: {str(error)[:80]}",
            expected="JSON",
            hint="`composer validate` says more",
        ) from None


def _resolved(directory: Path) -> Path:
    try:
        root = directory.resolve(strict=True)
    except FileNotFoundError:
        raise UsageError(
            f"there is no directory {directory}", hint="name that of a Laravel project"
        ) from None
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "its links go in a circle"
        raise EnvironmentLacking(
            f"cannot read {directory}: {why}", hint="name that of a Laravel project"
        ) from error
    if not root.is_dir():
        raise UsageError(
            f"{directory} is no directory", hint="name the directory that holds composer.json"
        )
    return root
