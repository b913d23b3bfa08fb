"""Mends files: puts the edits of findings together, and writes each file in one step."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from holdfast.check.finding import Edit
from holdfast.check.rule import Found
from holdfast.check.sources.files import real
from holdfast.core.errors import EnvironmentLacking


class Change(msgspec.Struct, frozen=True):
    """A file before and after."""

    file: str
    before: bytes
    after: bytes


class Mending(msgspec.Struct, frozen=True):
    """What can be mended in one go.

    Args:
        changes: one for each file, in the order of their names.
        mended: findings whose edits are in them.
        left: findings whose edits meet those of another one; a second go may mend them.
        outside: findings whose edits are for what must not be changed.
    """

    changes: tuple[Change, ...]
    mended: tuple[Found, ...]
    left: tuple[Found, ...]
    outside: tuple[Found, ...] = ()


def below(base: Path, roots: Iterable[Path]) -> Callable[[str], Path | None]:
    """The real file of a name; None where it is not below ``roots``, however it is linked there."""
    allowed = [real(root) for root in roots]

    def found(name: str) -> Path | None:
        path = real(base / name)
        inside = name != "-" and any(path.is_relative_to(root) for root in allowed)
        return path if inside else None

    return found


def mending(
    found: Iterable[Found], files: Mapping[str, bytes], where: Callable[[str], Path | None]
) -> Mending:
    """Put together what findings would change; all edits of one finding, or none.

    Args:
        found: findings, the worst first: of two that meet, the first one's edits are taken.
        files: the bytes that the offsets are for.
        where: the real file of a name, since one file may have several; None: not to be changed.
    """
    taken: dict[str, list[Edit]] = {}
    names: dict[Path, str] = {}
    mended: list[Found] = []
    left: list[Found] = []
    outside: list[Found] = []
    for one in found:
        if not one.finding.edits:
            continue
        edits = [
            replace(edit, file=names.setdefault(path, edit.file))
            for edit in one.finding.edits
            if (path := where(edit.file))
        ]
        if len(edits) < len(one.finding.edits):
            outside.append(one)
        elif all(_fits(edit, taken.get(edit.file, ()), files) for edit in edits):
            mended.append(one)
            for edit in edits:
                others = taken.setdefault(edit.file, [])
                if edit not in others:
                    others.append(edit)
        else:
            left.append(one)
    changes = (Change(f, files[f], _edited(files[f], edits)) for f, edits in sorted(taken.items()))
    changed = tuple(change for change in changes if change.before != change.after)
    return Mending(changed, tuple(mended), tuple(left), tuple(outside))


def write(change: Change, base: Path) -> None:
    """Put a file's new content in its place, in one step.

    Args:
        change: of a file whose name is relative to ``base``.
        base: a directory.

    Raises:
        EnvironmentLacking: it is not any more what was checked, or it cannot be written.
    """
    path = real(base / change.file)  # a link stays one
    try:
        if path.read_bytes() != change.before:
            raise EnvironmentLacking(
                f"{change.file} was changed meanwhile and is left as it is", hint="check it again"
            )
        _replace(path, change.after)
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot write {change.file}: {error.strerror}", hint="--diff shows the change"
        ) from error


def _fits(edit: Edit, taken: Iterable[Edit], files: Mapping[str, bytes]) -> bool:
    """Whether an edit can be made beside those that are taken."""
    inside = 0 <= edit.start <= edit.end <= len(files.get(edit.file, b""))
    return inside and all(one == edit or _apart(one, edit) for one in taken)


def _apart(one: Edit, other: Edit) -> bool:
    first, second = sorted((one, other), key=lambda edit: (edit.start, edit.end))
    if first.start == second.start:
        return False  # which text comes first would be chance
    return first.end <= second.start


def _edited(data: bytes, edits: Iterable[Edit]) -> bytes:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        data = data[: edit.start] + edit.text + data[edit.end :]
    return data


def _replace(path: Path, content: bytes) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
