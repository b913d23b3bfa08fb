"""Which files hold Kubernetes objects, and which of these are deployed together.

A directory often holds one environment beside another (``dev/web.yaml``, ``prod/web.yaml``): where
an object of one name is defined twice, the directories that tell the two apart are judged by
themselves, each with what stands above them, else all is one. In one directory, files that define
the same are alternatives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

import msgspec

from holdfast.check.kubernetes.objects import Object, Objects, objects, same_namespace
from holdfast.manifests.unreadable import Unreadable
from holdfast.manifests.yaml import Document, documents

SUFFIXES: Final = (".yaml", ".yml", ".json")

MAX_ALTERNATIVES: Final = 20
"""Files of a directory that define the same, of which each is judged."""

_MARK: Final = (b"apiVersion", b"kind")


class Manifests(msgspec.Struct, frozen=True):
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
    above = below.pop("", [])
    if above:
        directory = str(PurePath(above[0].document.file).parent)
        yield from ((directory, Objects(one)) for one in _alternatives(above))
    for _, inside in sorted(below.items()):
        first = PurePath(*PurePath(inside[0].document.file).parts[: depth + 1])
        shared = _besides(inside, above)
        for deeper, there in _bundles(inside, depth + 1):
            yield deeper or str(first), Objects([*there, *shared])


def _besides(inside: Sequence[Object], above: Sequence[Object]) -> list[Object]:
    """What stands in the directory above several, and is in none of its files once more."""
    here: dict[tuple[str, ...], list[str]] = {}
    for one in inside:
        here.setdefault((one.group, one.kind, one.name), []).append(one.namespace)
    return [
        one
        for one in {_identity(one): one for one in above}.values()
        if not any(
            same_namespace(one.namespace, namespace)
            for namespace in here.get((one.group, one.kind, one.name), ())
        )
    ]


def _alternatives(found: Sequence[Object]) -> Iterator[list[Object]]:
    """Files of one directory that define the same: each is one of several that may be applied.

    Each is judged with all that the others define besides.
    """
    files: dict[str, dict[tuple[str, ...], Object]] = {}
    for one in found:
        files.setdefault(one.document.file, {})[_identity(one)] = one
    defined = Counter(identity for there in files.values() for identity in there)
    rivals = [file for file, there in files.items() if any(defined[name] > 1 for name in there)]
    for file in rivals[:MAX_ALTERNATIVES] or list(files)[:1]:
        chosen = dict(files[file])
        for there in files.values():
            chosen = there | chosen
        yield list(chosen.values())


def _identity(one: Object) -> tuple[str, ...]:
    return one.group, one.kind, one.namespace, one.name or str(one.at())
