"""Builds a kustomization: what it names, patched and completed, as one list of objects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from holdfast.check.kubernetes.objects import Object, get, items, objects, text
from holdfast.check.sources.files import Files
from holdfast.check.sources.kustomize.generators import generated
from holdfast.check.sources.kustomize.patches import Refused, changed, merged
from holdfast.check.sources.kustomize.transforms import transformed
from holdfast.check.sources.kustomize.tree import Composite, Node, Spot, tree
from holdfast.manifests.yaml import Document, documents

NAMES: Final = ("kustomization.yaml", "kustomization.yml", "Kustomization")

MAX_DEPTH: Final = 20
"""Of kustomizations that name each other."""

_GUESSED: Final = ("generators", "transformers", "helmCharts", "helmChartInflationGenerator",
                   "replacements", "vars", "openapi", "configurations")  # fmt: skip
"""What may change objects in ways that are not followed here."""


class Built(msgspec.Struct, frozen=True):
    """What a kustomization comes to.

    Args:
        directory: its own, as it is shown.
        objects: what it builds; none where it is refused.
        used: the files that it reads and the directories that it builds upon, refused or not: what
            is in them are no manifests by themselves.
        refused: why it is not judged; empty where it is.
    """

    directory: str
    objects: tuple[Object, ...]
    used: frozenset[Path]
    refused: str = ""

    @property
    def why(self) -> str:
        """Why it is not judged, and what builds it where that can be built at all."""
        if self.refused.startswith("there is no "):
            return self.refused
        return f"{self.refused}; `kubectl kustomize {self.directory}` builds it"

    def uses(self, path: Path) -> bool:
        """Whether a file is a part of it."""
        return path in self.used or any(parent in self.used for parent in path.parents)


def kustomizations(paths: Sequence[Path], files: Files) -> list[Built]:
    """Build those that no other one builds upon."""
    there = {path.parent.resolve(): path for path in paths if path.name in NAMES}
    built: list[Built] = []
    below: set[Path] = set()
    for directory, path in there.items():
        builder = _Builder(files)
        try:
            nodes = builder.build(directory, ())
        except Refused as reason:
            builder.reach(directory)
            name = files.shown(path.parent)
            # What it would have named after that is not known: nothing near it is taken for itself.
            used = frozenset(builder.used | builder.directories)
            built.append(Built(name, (), used, str(reason)))
        else:
            composites = [Composite(node) for node in nodes]
            found = tuple(objects(composites))
            built.append(Built(files.shown(path.parent), found, frozenset(builder.used)))
        below |= builder.directories - {directory}
    return [one for one, directory in zip(built, there, strict=True) if directory not in below]


@dataclass
class _Builder:
    files: Files
    used: set[Path] = field(default_factory=set)
    directories: set[Path] = field(default_factory=set)

    def build(self, directory: Path, above: tuple[Path, ...]) -> list[Node]:
        """The objects of a directory with a kustomization.

        Raises:
            Refused: it cannot be told what they are.
        """
        self.directories.add(directory)
        if directory in above or len(above) > MAX_DEPTH:
            raise Refused("its bases go in a circle, or too deep")
        document = self._kustomization(directory)
        for name in _GUESSED:
            if get(document.value, name):
                raise Refused(f"it uses {name}")
        here = (*above, directory)
        nodes: list[Node] = []
        for part in ("resources", "bases"):
            for entry in items(document.value, part):
                nodes += self._resource(directory, text(entry), here)
        for entry in items(document.value, "components"):
            nodes = self._component(directory, text(entry), here, nodes)
        return self._applied(directory, document, nodes)

    def reach(self, directory: Path) -> None:
        """Take note of all that is built upon, also what was not reached before it was refused."""
        waiting, seen = [directory], {directory}
        while waiting:
            here = waiting.pop()
            try:
                value = self._kustomization(here).value
            except Refused:
                continue
            self.directories.add(here)
            for part in ("resources", "bases", "components"):
                below = {(here / text(entry)).resolve() for entry in items(value, part)}
                waiting += below - seen
                seen |= below

    def _applied(self, directory: Path, document: Document, nodes: list[Node]) -> list[Node]:
        """Everything that a kustomization does to the objects that it names."""

        def read(name: str) -> tuple[str, bytes]:
            path = self._inside(directory, name)
            data = self.files.read(path)
            if data is None:
                raise Refused(f"there is no {name}")
            return self.files.shown(path), data

        nodes = generated(document, nodes, read)
        for patch, target in self._patches(directory, document):
            nodes = _patched(nodes, patch, target)
        return transformed(document, nodes)

    def _component(
        self, directory: Path, name: str, above: tuple[Path, ...], nodes: list[Node]
    ) -> list[Node]:
        inside = self._inside(directory, name)
        self.directories.add(inside)
        document = self._kustomization(inside)
        if inside in above or len(above) > MAX_DEPTH:
            raise Refused("its components go in a circle, or too deep")
        for entry in items(document.value, "resources"):
            nodes += self._resource(inside, text(entry), (*above, inside))
        return self._applied(inside, document, nodes)

    def _kustomization(self, directory: Path) -> Document:
        for name in NAMES:
            path = directory / name
            data = self.files.read(path)
            if data is None:
                continue
            self.used.add(path)
            for document in documents(data, self.files.shown(path)):
                if isinstance(document, Document) and isinstance(document.value, dict):
                    return document
            raise Refused(f"{self.files.shown(path)} cannot be read")
        raise Refused(f"{self.files.shown(directory)} has no kustomization.yaml")

    def _resource(self, directory: Path, name: str, above: tuple[Path, ...]) -> list[Node]:
        if "://" in name or re.match(r"[\w.-]+\.[a-z]+[:/]|git@", name):
            raise Refused(f"it builds upon {name.partition('?')[0][:80]}, which is elsewhere")
        path = self._inside(directory, name)
        if path.is_dir():
            return self.build(path, above)
        return list(self._read(path))

    def _read(self, path: Path) -> Iterator[Node]:
        self.used.add(path)
        data = self.files.read(path)
        if data is None:
            raise Refused(f"there is no {self.files.shown(path)}")
        for document in documents(data, self.files.shown(path)):
            if not isinstance(document, Document):
                raise Refused(f"{document.place}: {document.why}")
            for found in objects([document]):
                yield tree(found.body, document, found.root)

    def _inside(self, directory: Path, name: str) -> Path:
        """A path that a kustomization names, as long as it is among the files of this run."""
        path = (directory / name).resolve()
        if not name or not self.files.within(path):
            raise Refused(f"{name or 'an empty name'} leads out of what is checked")
        return path

    def _patches(self, directory: Path, document: Document) -> Iterator[tuple[Node, Any]]:
        """The patches, each with what it says of what it is for."""
        for index, entry in enumerate(items(document.value, "patchesStrategicMerge")):
            spot = Spot(document.at("patchesStrategicMerge", index))
            for patch in self._patch(directory, text(entry), spot):
                yield patch, None
        for part in ("patchesJson6902", "patches"):
            for index, entry in enumerate(items(document.value, part)):
                content = text(get(entry, "patch")) or text(get(entry, "path"))
                spot = Spot(document.at(part, index, "patch"))
                for patch in self._patch(directory, content, spot):
                    yield patch, get(entry, "target")

    def _patch(self, directory: Path, words: str, spot: Spot) -> Iterator[Node]:
        """What stands in a patch: the text itself, or that of the file that it names."""
        if "\n" in words or words.lstrip().startswith(("{", "[", "-")):
            for inline in documents(words.encode(), spot.file):
                if not isinstance(inline, Document):
                    raise Refused(f"the patch at {spot.place} cannot be read")
                yield tree(inline.value, spot)
            return
        path = self._inside(directory, words)
        self.used.add(path)
        data = self.files.read(path)
        if data is None:
            raise Refused(f"there is no {words}")
        for one in documents(data, self.files.shown(path)):
            if not isinstance(one, Document):
                raise Refused(f"{one.place}: {one.why}")
            yield tree(one.value, one)


def _patched(nodes: list[Node], patch: Node, target: Any) -> list[Node]:
    """A patch applied to all objects that it is for."""
    result: list[Node] = []
    hit = False
    for node in nodes:
        if not _meant(node, patch, target):
            result.append(node)
            continue
        hit = True
        if isinstance(patch.value, tuple):
            result.append(changed(node, patch))
            continue
        group, slash, _version = node.text("apiVersion").partition("/")
        over = merged(node, _without_identity(patch, target), group if slash else "")
        if over is not None:
            result.append(over)
    if not hit and target is None:
        raise Refused(f"{patch.source.at(*patch.path)}: there is nothing that this patch is for")
    return result


def _without_identity(patch: Node, target: Any) -> Node:
    """A patch with a target keeps the names of what it is laid over."""
    metadata = patch.get("metadata")
    if target is None or metadata is None:
        return patch
    return patch.with_child("metadata", metadata.with_child("name", None)).with_child("kind", None)


def _meant(node: Node, patch: Node, target: Any) -> bool:
    if target is None:
        same = node.text("kind") == patch.text("kind")
        return same and node.text("metadata", "name") == patch.text("metadata", "name")
    if not isinstance(target, dict):
        raise Refused("a patch whose target is no mapping")
    if target.get("labelSelector") or target.get("annotationSelector"):
        raise Refused("a patch that chooses by labels or annotations")
    group, slash, version = node.text("apiVersion").rpartition("/")
    said = {
        "kind": node.text("kind"),
        "name": node.text("metadata", "name"),
        "namespace": node.text("metadata", "namespace"),
        "group": group if slash else "",
        "version": version,
    }
    return all(_matches(text(target.get(part)), word) for part, word in said.items())


def _matches(pattern: str, word: str) -> bool:
    if not pattern:
        return True
    if not re.fullmatch(r"[\w.*|()\[\]?+-]{1,200}", pattern):
        raise Refused("a patch whose target is no plain name")
    if re.fullmatch(r"[\w-]+", pattern):
        return pattern == word
    # A name with dots is a pattern too, for kustomize: each of them is any character.
    if re.fullmatch(r"(\.\*?|[\w-])+", pattern):
        return re.fullmatch(pattern, word) is not None
    raise Refused("a patch whose target is a pattern")
