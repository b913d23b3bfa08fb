"""A rendering in a directory: what is ours there, what somebody edited, what would change.

The first line of each file says whose it is and what its content was when it was written, so that
an edit is seen without knowing how it was rendered then. Only such files are replaced or removed.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_HEADER = re.compile(
    r"# Rendered by holdfast for (?P<owner>[^;\n]+); changes are overwritten\. "
    r"(?P<content>[0-9a-f]{16})\n"
)
_SECRET = re.compile(r"^kind: Secret$", re.MULTILINE)
_NAME = re.compile(r"( +)([\w.\"-]+):")


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
        OSError: a file cannot be read.
    """
    application = _application(owner)
    there = {
        path: text
        for path, text in _texts(directory)
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

    Raises:
        OSError: a file cannot be written; those before it are.
    """
    for change in sorted(changes, key=lambda change: (change.after is None, change.path)):
        target = directory / change.path
        if change.after is None:
            target.unlink()
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        try:
            new.write_text(change.after, "utf-8")
            if target.exists():
                shutil.copymode(target, new)
            elif _SECRET.search(change.after):
                new.chmod(0o600)
            new.replace(target)
        except BaseException:
            new.unlink(missing_ok=True)
            raise


def difference(change: Change, name: str) -> Iterator[str]:
    """The lines of a unified diff, without their ends; values of Secrets are ``***``.

    Args:
        name: how the directory is called.
    """
    yield from difflib.unified_diff(
        _lines(change.before),
        _lines(change.after),
        "/dev/null" if change.before is None else f"{name}/{change.path}",
        "/dev/null" if change.after is None else f"{name}/{change.path}",
        lineterm="",
    )


def _texts(directory: Path) -> Iterator[tuple[str, str]]:
    # Line ends are read as ours: Git may have given them others.
    for path in sorted(directory.rglob("*.yaml")):
        if path.is_file():
            yield path.relative_to(directory).as_posix(), path.read_text("utf-8", "surrogateescape")


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
    if text is None:
        return []
    return "---\n".join(map(_without_values, text.split("---\n"))).splitlines()


def _without_values(document: str) -> str:
    """Of a Secret, names only: whoever wrote it, and however it is indented."""
    if not _SECRET.search(document):
        return document
    kept: list[str] = []
    indent: str | None = None  # that of the names
    within = False
    for line in document.splitlines():
        if line[:1] not in ("", " ", "\t"):
            within, indent = line.startswith(("data:", "stringData:")), None
            kept.append(line.partition(":")[0] + ":" if within else line)
        elif not within:
            kept.append(line)
        elif (name := _NAME.match(line)) and indent in (None, name[1]):
            indent = name[1]
            kept.append(f"{name[1]}{name[2]}: ***")
    return "".join(f"{line}\n" for line in kept)
