"""Where an application writes files, and to which disk."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from holdfast.project.code import files
from holdfast.project.directory import Directory
from holdfast.project.script import Call, Script, is_facade
from holdfast.project.syntax import PhpFile
from holdfast.project.values import Array, Broken, Known, Spot, Value

_UPLOADS: Final[Mapping[str, int]] = {
    "store": 1, "storePublicly": 1, "storeAs": 2, "storePubliclyAs": 2,
}  # fmt: skip
"""Methods of an uploaded file, and where their argument for the disk stands."""

_WRITES: Final = frozenset((
    "put", "putFile", "putFileAs", "append", "prepend", "writeStream", "copy", "move",
))  # fmt: skip
_NAMES: Final = _WRITES | frozenset(_UPLOADS) | {"disk", "drive"}
_AMONG: Final = re.compile(
    rb"\bStorage::|->(?:%s)\s*\(" % b"|".join(name.encode() for name in sorted(_UPLOADS))
)


class Stored(msgspec.Struct, frozen=True):
    """A place in the code that writes a file.

    Args:
        disk: by its name; empty for the default one, None where it is no literal.
        spot: where.
    """

    disk: str | None
    spot: Spot


def stored(directory: Directory) -> tuple[Stored, ...]:
    """Where an application's own code names a disk or writes to one."""
    found: list[Stored] = []
    for name in directory.of(files):
        file = directory.matching(name, _AMONG)
        if isinstance(file, PhpFile):
            calls = Script(file).calls(among=_NAMES.__contains__)
            found += [write for call in calls for write in _written(call)]
    return tuple(found)


def unread(directory: Directory) -> tuple[Broken, ...]:
    """The files that may write something, and cannot be read."""
    listed = (directory.matching(name, _AMONG) for name in directory.of(files))
    return tuple(file for file in listed if isinstance(file, Broken))


def _written(call: Call) -> Iterator[Stored]:
    bare = call.name.rpartition("::")[2].removeprefix("->")
    if is_facade(call, "Storage"):
        if bare in ("disk", "drive"):
            yield Stored(_disk(call.argument(0, "name")), call.spot)
        elif bare in _WRITES:
            yield Stored("", call.spot)
    elif bare in _UPLOADS and call.name.startswith("->"):
        path = call.argument(0, "path")
        # Other things have a method of that name; an upload's begins with a folder.
        if bare != "store" or (isinstance(path, Known) and isinstance(path.value, str)):
            yield Stored(_disk(call.argument(_UPLOADS[bare], "options")), call.spot)


def _disk(value: Value | None) -> str | None:
    if value is None:
        return ""
    if isinstance(value, Known) and isinstance(value.value, Array):
        return _disk(value.value.get("disk"))
    if isinstance(value, Known) and isinstance(value.value, str | None):
        return value.value or ""
    return None
