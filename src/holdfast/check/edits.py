"""Edits of manifests: a word in the place of another one, or a line put into a mapping.

Only what is written once and stands alone is changed: nothing behind an anchor, nothing that
Kustomize puts together. Where it cannot be done there is no edit, and the finding is as good.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from holdfast.check.finding import Edit
from holdfast.check.kubernetes.objects import Object
from holdfast.manifests.yaml import Document

# Begins with what is rare: a file has many spaces.
_ANCHORS: Final = re.compile(
    rb"[&*<](?<![^\s\[{,].)(?:(?<=[&*])[\w.-]+\s*(?:$|[,\]}])|(?<=<)<\s*:)", re.MULTILINE
)


def replaced(owner: Object, word: str, *path: str | int) -> tuple[Edit, ...]:
    """A word for the scalar at a path; no edit where there is none."""
    try:
        start, end = owner.span(*path)
    except LookupError:
        return ()
    return (Edit(owner.at(*path).file, start, end, word.encode()),)


def set_to(
    owner: Object, files: Mapping[str, bytes], value: str, *path: str | int
) -> tuple[Edit, ...]:
    """A value for a key of a mapping, whether the key is there or not.

    Args:
        owner: the object.
        files: the bytes of the file that it stands in, by its name.
        value: as YAML.
        path: to the value; the mapping around it is there.
    """
    *around, key = path
    if owner.get(*path) is not None:
        return replaced(owner, value, *path)
    return _added(owner, files, f"{key}: {value}", *around)


def _added(
    owner: Object, files: Mapping[str, bytes], line: str, *path: str | int
) -> tuple[Edit, ...]:
    """A line before the first key of a mapping, in its layout."""
    mapping = owner.get(*path)
    file = owner.document.file
    data = files.get(file, b"")
    if not isinstance(owner.document, Document) or not isinstance(mapping, dict) or not mapping:
        return ()
    # Where something is written once for several places, the line would be too; JSON wants quotes.
    if _ANCHORS.search(data) or data.lstrip().startswith(b"{"):
        return ()
    place = owner.key_at(*path, next(iter(mapping)))
    lines = data.split(b"\n")
    before = lines[place.line - 1].decode()[: place.column - 1]
    start = sum(len(one) + 1 for one in lines[: place.line - 1]) + len(before.encode())
    if before.rstrip().endswith(("{", ",")):
        return (Edit(file, start, start, f"{line}, ".encode()),)
    if before.strip(" -"):
        return ()
    return (Edit(file, start, start, f"{line}\n{' ' * len(before)}".encode()),)
