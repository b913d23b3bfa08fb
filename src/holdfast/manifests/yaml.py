"""Manifests as kubectl reads them: values, and where each is written.

A file is cut into documents at lines that begin with ``---``, before YAML is looked at, as
apimachinery's ``YAMLReader`` does: a broken document leaves the others readable. Of each, the first
YAML document counts. A key that stands twice has its last value, ``<<`` overrides what stands above
it, and keys become strings, as in go.yaml.in/yaml/v2 (``decode.go``).

Whatever the bytes are, time and memory are bounded and nothing is raised.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from holdfast.manifests.place import Place
from holdfast.manifests.tree import Node, Refused, compose
from holdfast.manifests.unreadable import Unreadable

MAX_BYTES = 10 * 1024 * 1024
MAX_DOCUMENTS = 10_000
MAX_NODES = 500_000
"""Of a file; a single document has fewer (``tree.MAX_NODES``)."""

_SEPARATOR = re.compile(r"^---([^\n]*)(?:\n|\Z)", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{|\{%|<%|%[A-Z][A-Z0-9_]*%|@[A-Z][A-Z0-9_]*@")
_HELM = re.compile(
    r"\{\{[^{}\n]{0,200}?(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|\binclude \")"
)
_PROPERTIES = re.compile(r"(?:[&!]\S*\s*)+")


@dataclass(frozen=True)
class Document:
    """One document of a file; never empty.

    Args:
        file: as in ``Place``.
        value: dicts with strings for keys, lists, strings, numbers, booleans, None. What an alias
            stands for is shared: not to be changed.
        repeated: keys that stood in their mapping before, and where they stand again; ``value``
            has the last.
    """

    file: str
    value: Any
    repeated: tuple[tuple[str, Place], ...]
    _root: Node = field(repr=False, compare=False)
    _source: _Source = field(repr=False, compare=False)
    _base: int = field(repr=False, compare=False)

    def at(self, *path: str | int) -> Place:
        """Where the value at a path stands; its nearest ancestor where it is not there."""
        return self._place(_walk(self._root, path)[-1][1])

    def key_at(self, *path: str | int) -> Place:
        """Where the key of that value stands; the value itself where it has none."""
        key, node = _walk(self._root, path)[-1]
        return self._place(key or node)

    def span(self, *path: str | int) -> tuple[int, int]:
        """Where the word at a path begins and ends in the bytes of the file, quotes included.

        Raises:
            LookupError: nothing is there, it is not one word, or it is written once for several
                places (an anchor), so that changing it would change them all.
        """
        steps = _walk(self._root, path)
        node = steps[-1][1]
        if len(steps) <= len(path) or node.children is not None:
            raise LookupError(path)
        if any(step.shared for _, step in steps):
            raise LookupError(path)
        start, end = (self._base + mark for mark in (node.start, node.end))
        if properties := _PROPERTIES.match(self._source.text, start, end):
            start = properties.end()
        return self._source.offset(start), self._source.offset(end)

    def _place(self, node: Node) -> Place:
        return self._source.place(self._base + node.start, self._base + node.end)


def documents(data: bytes, file: str) -> list[Document | Unreadable]:
    """Read a file of manifests, YAML or JSON.

    Args:
        data: its bytes.
        file: as in ``Place``.

    Returns:
        Its documents in their order, without empty ones. A template is one ``Unreadable`` for the
        whole file: its conditions may span documents.
    """
    if len(data) > MAX_BYTES:
        return [Unreadable(Place(file), f"is longer than {MAX_BYTES // 1024**2} MiB")]
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [Unreadable(Place(file, line), "is not UTF-8")]
    source = _Source(file, text)
    found: list[Document | Unreadable] = []
    nodes = 0
    for number, (start, end, label) in enumerate(_pieces(text)):
        if number == MAX_DOCUMENTS or nodes > MAX_NODES:
            most = f"{MAX_DOCUMENTS:,} documents" if nodes <= MAX_NODES else f"{MAX_NODES:,} values"
            found.append(Unreadable(source.place(start, start), f"has more than {most}"))
            break
        if label:
            why = f"kubectl takes nothing but a comment behind ---, not {label[:40]!r}"
            found.append(Unreadable(source.place(start, start), why))
            continue
        try:
            root, size, repeated = compose(text[start:end])
        except Refused as error:
            if _TEMPLATE.search(text, start, end):
                return [_template(source, start + error.mark)]
            mark = min(start + error.mark, len(text))
            found.append(Unreadable(source.place(mark, mark), error.why))
            nodes += error.count
            continue
        nodes += size
        if root is not None:
            again = tuple(
                (str(key.value), source.place(start + key.start, start + key.end))
                for key in repeated
            )
            found.append(Document(file, root.value, again, root, source, start))
    helm = _HELM.search(text)
    return [_template(source, helm.start())] if helm else found


def _template(source: _Source, mark: int) -> Unreadable:
    return Unreadable(source.place(mark, mark), "a template, not judged", template=True)


def _pieces(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each document begins and ends, and what stands behind the ``---`` above it."""
    start, label = int(text.startswith("\ufeff")), ""
    for separator in _SEPARATOR.finditer(text):
        yield start, separator.start(), label
        start = separator.end()
        label = separator[1].strip()
        label = "" if label.startswith("#") else label
    yield start, len(text), label


def _walk(root: Node, path: tuple[str | int, ...]) -> list[tuple[Node | None, Node]]:
    """The keys and nodes from the root along a path, as far as they are there."""
    steps: list[tuple[Node | None, Node]] = [(None, root)]
    node = root
    for step in path:
        children = node.children
        found: tuple[Node | None, Node] | None = None
        if isinstance(children, dict) and isinstance(step, str):
            found = children.get(step)
        elif isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
            found = None, children[step]
        if found is None:
            break
        steps.append(found)
        node = found[1]
    return steps


class _Source:
    """A file's text, in which characters are found by line and byte."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text

    @cached_property
    def _lines(self) -> list[int]:
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    def place(self, start: int, end: int) -> Place:
        return Place(self.file, *self._position(start), *self._position(end))

    def _position(self, mark: int) -> tuple[int, int]:
        line = bisect.bisect_right(self._lines, mark)
        return line, mark - self._lines[line - 1] + 1

    def offset(self, mark: int) -> int:
        """In bytes."""
        return mark if self.text.isascii() else len(self.text[:mark].encode())
