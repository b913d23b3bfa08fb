"""A rendering in a directory: what is ours there, what somebody edited, what would change.

The first line of each file says whose it is and what its content was when it was written, so that
an edit is seen without knowing how it was rendered then. Only such files are replaced or removed.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.core.whole_file import write_whole
from holdfast.kube.without_values import without_values

_HEADER = re.compile(
    r"# Rendered by holdfast for (?P<owner>[^;\n]+); changes are overwritten\. "
    r"(?P<content>[0-9a-f]{16})\n"
)
_SECRET = re.compile(r"^kind: Secret$", re.MULTILINE)
"""Of our own files, of which we know how they are written."""
_PLACES = ("*.yaml", "base/*.yaml", "components/*/*.yaml", "overlays/*/*.yaml")
"""Where a rendering has files. What is deeper is another rendering, in a directory of its own."""


@dataclass(frozen=True)
class Change:
    """What becomes of a file.

    Args:
        path: below the directory, with ``/``.
        before: its text; None: it is not there.
        after: its text; None: it is removed.
    """

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Plan:
    """What writing a rendering would do.

    Args:
        changes: by path; files that stay as they are have none.
        edited: paths of these that somebody has changed since they were written.
        foreign: paths of these that are not ours, or another application's or environment's.
        strangers: other files that ``kubectl apply -f`` would take from the directory.
    """

    changes: tuple[Change, ...]
    edited: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()


def plan(directory: Path, owner: str, bodies: Mapping[str, str]) -> Plan:
    """Compare what is there with what is to be there.

    Args:
        directory: need not be there.
        owner: the application, and its environment after a space; what another application has is
            not removed.
        bodies: by path, without the first line.

    Raises:
        UsageError: a link, or no file, is where a file is to be.
        OSError: a file cannot be read.
    """
    application = _application(owner)
    there = {
        path: text
        for path, text in _texts(directory, bodies)
        if path in bodies or _application(_owner(text)) == application
    }
    changes, edited, foreign = [], [], []
    for path in sorted({*there, *bodies}):
        before, body = there.get(path), bodies.get(path)
        after = None if body is None else _signed(owner, body)
        if before == after:
            continue
        changes.append(Change(path, before, after))
        if before is None:
            continue
        if _owner(before) != owner:
            foreign.append(path)
        elif _edited(before):
            edited.append(path)
    strangers = [name for name in _applied(directory) if name not in {*there, *bodies}]
    return Plan(tuple(changes), tuple(edited), tuple(foreign), tuple(strangers))


def write(directory: Path, changes: Iterable[Change]) -> None:
    """Do it, each file at once as a whole; what is no longer wanted goes last.

    A file with a Secret is for its owner alone, whatever rights it had before.

    Raises:
        UsageError: as ``plan``.
        EnvironmentLacking: somebody has changed a file since it was planned.
        OSError: a file cannot be written; those before it are.
    """
    for change in sorted(changes, key=lambda change: (change.after is None, change.path)):
        target = directory / change.path
        if _text(directory, change.path) != change.before:
            raise EnvironmentLacking(
                f"{target} was changed meanwhile and is left as it is", hint="render again"
            )
        if change.after is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        private = _SECRET.search(change.after) is not None
        write_whole(target, change.after.encode(), private=private)


def difference(change: Change, name: str) -> Iterator[str]:
    """The lines of a unified diff, without their ends; values of Secrets are ``***``.

    Args:
        name: how the directory is called.
    """
    before = "/dev/null" if change.before is None else f"{name}/{change.path}"
    after = "/dev/null" if change.after is None else f"{name}/{change.path}"
    lines = [
        *difflib.unified_diff(
            _lines(change.before), _lines(change.after), before, after, lineterm=""
        )
    ]
    yield from lines or (f"--- {before}", f"+++ {after}", "@@ in what is not shown alone @@")


def _texts(directory: Path, wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """What is there: of the files that are wanted, and of those that may have been."""
    for path in wanted:
        if (text := _text(directory, path)) is not None:
            yield path, text
    there = (found for place in _PLACES for found in directory.glob(place))
    for path in sorted({found.relative_to(directory).as_posix() for found in there}):
        # What is linked is not ours: we make no links.
        if path not in wanted and _obstacle(directory, path) is None:
            yield path, _read(directory / path)


def _text(directory: Path, path: str) -> str | None:
    """Of a file that is wanted; None: it is not there."""
    if obstacle := _obstacle(directory, path):
        what = "a link" if obstacle.is_symlink() else "in the way"
        raise UsageError(
            f"{obstacle} is {what}, where {path} is to be",
            hint="remove it, or render into another directory; nothing is written through links",
        )
    try:
        return _read(directory / path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _read(file: Path) -> str:
    # Line ends are read as ours: Git may have given them others.
    return file.read_text("utf-8", "surrogateescape")


def _obstacle(directory: Path, path: str) -> Path | None:
    """The first step to a file below the directory that is there and not what we would make."""
    *above, file = reversed([PurePosixPath(path), *PurePosixPath(path).parents][:-1])
    for step, is_right in (*((one, stat.S_ISDIR) for one in above), (file, stat.S_ISREG)):
        try:
            mode = (directory / step).lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not is_right(mode):
            return directory / step
    return None


def _applied(directory: Path) -> list[str]:
    """Names of what ``kubectl apply -f`` takes: FileExtensions of kubectl's cli-runtime."""
    if not directory.is_dir():
        return []
    suffixes = (".json", ".yaml", ".yml")
    return sorted(path.name for path in directory.iterdir() if path.suffix in suffixes)


def _signed(owner: str, body: str) -> str:
    return f"# Rendered by holdfast for {owner}; changes are overwritten. {_content(body)}\n{body}"


def _content(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _owner(text: str) -> str:
    found = _HEADER.match(text)
    return found["owner"] if found else ""


def _application(owner: str) -> str:
    return owner.partition(" ")[0]


def _edited(text: str) -> bool:
    found = _HEADER.match(text)
    return found is None or found["content"] != _content(text[found.end() :])


def _lines(text: str | None) -> list[str]:
    return [] if text is None else without_values(text).splitlines()
