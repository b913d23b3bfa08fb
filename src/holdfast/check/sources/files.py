"""Reads the files that are to be checked: each once, within limits; remembers what was left out.

What lies in ``vendor``, ``node_modules``, version control or the caches of tools is not the user's
and is passed over; links to directories are not followed, so that no walk goes in a circle, and
links to files only where they stay in the repository, or the directory, that is checked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from holdfast.check.result import NotJudged
from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.project.reading import read

PASSED_OVER: Final = frozenset((
    ".git", ".hg", ".svn", ".idea", ".vscode", ".venv", "__pycache__", "node_modules", "vendor",
    "bower_components", ".terraform",
))  # fmt: skip
"""Directories that are not looked into."""

MAX_FILES: Final = 50_000
"""Files that one run looks at; what lies behind them is said to be left out."""

MAX_BYTES: Final = 10 * 1024 * 1024
"""Of one file; a larger one is left out, and said so."""

MAX_TOTAL_BYTES: Final = 512 * 1024 * 1024
"""Of all files of a run."""


def shown(path: Path, base: Path) -> str:
    """A path as people are shown it: from where they are, and so the same on another machine."""
    return os.path.relpath(path, base)


def real(path: Path) -> Path:
    """Where a path leads; unlike ``Path.resolve``, one of links in a circle raises nothing."""
    return Path(os.path.realpath(path))


def _around(root: Path) -> Path:
    """The repository that a named path is in; its directory where it is in none."""
    directory = root if root.is_dir() else root.parent
    found = (above for above in (directory, *directory.parents) if (above / ".git").exists())
    return next(found, directory)


@dataclass(eq=False)
class Files:
    """The files of a run.

    Args:
        base: what their names are relative to, as a rule the working directory.
        exclude: names of files and directories that are left out; ``*`` stands for anything, ``/``
            too.
        not_judged: what was not read.
    """

    base: Path
    exclude: Sequence[str] = ()
    not_judged: list[NotJudged] = field(default_factory=list)
    _bytes: dict[str, bytes] = field(default_factory=dict, repr=False)
    _total: int = 0
    _roots: set[Path] = field(default_factory=set, repr=False)

    @property
    def contents(self) -> Mapping[str, bytes]:
        """All that was read, by the name that is shown."""
        return self._bytes

    def shown(self, path: Path) -> str:
        """The name of a file as people are shown it."""
        return shown(path, self.base)

    def put(self, name: str, data: bytes) -> None:
        """Take note of what came otherwise, as from standard input."""
        self._bytes[name] = data

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file; None where it is not there or is left out."""
        name = self.shown(path)
        if name in self._bytes:
            return self._bytes[name]
        if self._total >= MAX_TOTAL_BYTES:
            self._leave_out(name, "the files before it are too large together")
            return None
        try:
            data = read(path, MAX_BYTES)
        except EnvironmentLacking as error:
            self._leave_out(name, str(error), unreadable=isinstance(error.__cause__, OSError))
            return None
        if data is not None:
            self._bytes[name] = data
            self._total += len(data)
        return data

    def walk(self, roots: Iterable[Path]) -> Iterator[Path]:
        """All files below some directories, in a fixed order; a named file stands for itself.

        Raises:
            UsageError: one of them is not there.
        """
        seen: set[Path] = set()
        for root in roots:
            if not root.exists():
                raise UsageError(
                    f"there is no file or directory {root}",
                    hint="name a Laravel project, manifests, or - for standard input",
                )
            self._roots.add(_around(root.resolve()))
            for path in [root] if not root.is_dir() else self._below(root):
                if path in seen or self._excluded(path):
                    continue
                seen.add(path)
                if path != root and path.is_symlink() and not self._below_roots(path):
                    self._leave_out(self.shown(path), "a link to a file outside what is checked")
                    continue
                if len(seen) > MAX_FILES:
                    self._leave_out(self.shown(root), f"only the first {MAX_FILES:,} files count")
                    return
                yield path

    def within(self, path: Path) -> bool:
        """Whether a file is below what is checked, or below where names are relative to."""
        return real(path).is_relative_to(real(self.base)) or self._below_roots(path)

    def _below_roots(self, path: Path) -> bool:
        return any(real(path).is_relative_to(root) for root in self._roots)

    def _excluded(self, path: Path) -> bool:
        if not self.exclude:
            return False
        name = self.shown(path)
        return any(
            fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern.rstrip('/')}/*")
            for pattern in self.exclude
        )

    def _below(self, root: Path) -> Iterator[Path]:
        for directory, names, files in os.walk(root, onerror=self._closed):
            names[:] = sorted(name for name in names if name not in PASSED_OVER)
            yield from (Path(directory, name) for name in sorted(files))

    def _closed(self, error: OSError) -> None:
        name = self.shown(Path(str(error.filename)))
        self._leave_out(name, error.strerror or "it cannot be read", unreadable=True)

    def _leave_out(self, name: str, why: str, *, unreadable: bool = False) -> None:
        one = NotJudged(name, why, unreadable)
        if one not in self.not_judged:
            self.not_judged.append(one)
