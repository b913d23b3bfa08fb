"""ConfigMaps and Secrets that a kustomization makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any, Final

from holdfast.check.kubernetes.objects import get, items, text
from holdfast.check.sources.kustomize.patches import Refused
from holdfast.check.sources.kustomize.tree import Node, Spot
from holdfast.manifests.place import Place
from holdfast.manifests.yaml import Document

Read = Callable[[str], tuple[str, bytes]]

_KINDS: Final = (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret"))


def generated(document: Document, nodes: list[Node], read: Read) -> list[Node]:
    """The objects with what the generators make, or change of what is there.

    Args:
        document: the kustomization.
        nodes: the objects so far.
        read: gives the shown name and the bytes of a file that it names.

    Raises:
        Refused: a generator that is not followed.
    """
    result = list(nodes)
    for part, kind in _KINDS:
        for index, entry in enumerate(items(document.value, part)):
            name = text(get(entry, "name"))
            spot = Spot(document.at(part, index))
            values = {
                key: Node(value, where, ())
                for key, value, where in _values(document, (part, index), entry, read)
            }
            there = next((i for i, n in enumerate(result) if _is(n, kind, name)), None)
            behavior = text(get(entry, "behavior")) or "create"
            if behavior == "create" or there is None:
                namespace = text(get(entry, "namespace"))
                result.append(_object(kind, name, namespace, values, spot))
            elif behavior == "merge":
                kept = _data(result[there])
                result[there] = _object(kind, name, "", {**kept, **values}, spot)
            else:
                result[there] = _object(kind, name, "", values, spot)
    return result


def _values(
    document: Document, path: tuple[str | int, ...], entry: Any, read: Read
) -> Iterator[tuple[str, str, Spot]]:
    """Keys, values and where each stands."""
    for index, literal in enumerate(items(entry, "literals")):
        key, equals, value = text(literal).partition("=")
        if equals:
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            yield key, value[1:-1] if quoted else value, Spot(document.at(*path, "literals", index))
    for name in filter(None, [*map(text, items(entry, "envs")), text(get(entry, "env"))]):
        file, data = read(name)
        for number, line in enumerate(data.decode(errors="replace").splitlines(), 1):
            words = line.strip()
            key, equals, value = words.partition("=")
            if words and not words.startswith("#") and equals:
                yield key, value, Spot(Place(file, number, 1))
    for item in map(text, items(entry, "files")):
        key, equals, name = item.rpartition("=")
        file, data = read(name)
        yield (
            key if equals else PurePath(name).name,
            data.decode(errors="replace"),
            Spot(Place(file, 1)),
        )
    if get(entry, "behavior") not in (None, "create", "merge", "replace"):
        raise Refused("a generator with a behavior that is not known")


def _object(kind: str, name: str, namespace: str, values: dict[str, Node], spot: Spot) -> Node:
    def words(value: str) -> Node:
        return Node(value, spot, ())

    metadata = {"name": words(name)} | ({"namespace": words(namespace)} if namespace else {})
    # What a generator is told is plain text, as `stringData` is.
    field = "stringData" if kind == "Secret" else "data"
    return Node(
        {
            "apiVersion": words("v1"),
            "kind": words(kind),
            "metadata": Node(metadata, spot, ()),
            field: Node(values, spot, ()),
        },
        spot,
        (),
    )


def _data(node: Node) -> dict[str, Node]:
    found = node.get("stringData") or node.get("data")
    return dict(found.items()) if found else {}


def _is(node: Node, kind: str, name: str) -> bool:
    return node.text("kind") == kind and node.text("metadata", "name") == name
