"""Which files hold Kubernetes objects, and which of these are deployed together.

A directory often holds one environment beside another (``dev/web.yaml``, ``prod/web.yaml``): where
an object of one name is defined twice, the directories that tell the two apart are judged by
themselves, else all is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from holdfast.check.kubernetes.objects import Object, Objects, objects
from holdfast.check.sources.unreadable import Unreadable
from holdfast.check.sources.yaml import Document, documents

SUFFIXES: Final = (".yaml", ".yml", ".json")

_MARK: Final = (b"apiVersion", b"kind")


@dataclass(frozen=True)
class Manifests:
    """What was read.

    Args:
        bundles: the objects that are deployed together, with the directory that they are told apart
            by; its name is empty where there is one bundle only.
        unreadable: what is no YAML that kubectl would take.
    """

    bundles: tuple[tuple[str, Objects], ...]
    unreadable: tuple[Unreadable, ...]


def looks_like_manifest(path: PurePath, data: bytes) -> bool:
    """Whether a file is worth reading as one: by its name and two words that all objects have."""
    return path.suffix in SUFFIXES and all(mark in data for mark in _MARK)


def manifests(sources: Iterable[tuple[str, bytes]]) -> Manifests:
    """Read files.

    Args:
        sources: name and bytes of each.
    """
    unreadable: list[Unreadable] = []
    read: list[Document] = []
    for name, data in sources:
        for found in documents(data, name):
            if isinstance(found, Unreadable):
                unreadable.append(found)
            else:
                read.append(found)
    return Manifests(tuple(_bundles(list(objects(read)))), tuple(unreadable))


def _bundles(found: Sequence[Object], depth: int = 0) -> Iterator[tuple[str, Objects]]:
    """The objects as one, or, where a name is there twice, directory by directory."""
    names = Counter(_identity(one) for one in found)
    if all(count == 1 for count in names.values()):
        if found:
            yield "", Objects(found)
        return
    below: dict[str, list[Object]] = {}
    for one in found:
        parts = PurePath(one.document.file).parts[:-1]
        below.setdefault(parts[depth] if len(parts) > depth else "", []).append(one)
    for name, inside in sorted(below.items()):
        if not name:
            # Files of one directory: nothing tells them further apart.
            yield str(PurePath(inside[0].document.file).parent), Objects(inside)
            continue
        first = PurePath(*PurePath(inside[0].document.file).parts[: depth + 1])
        for deeper, objects_there in _bundles(inside, depth + 1):
            yield deeper or str(first), objects_there


def _identity(one: Object) -> tuple[str, ...]:
    return one.group, one.kind, one.namespace, one.name or str(one.at())
