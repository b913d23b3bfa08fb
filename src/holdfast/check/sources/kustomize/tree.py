"""Values that were put together of several files: each remembers where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from holdfast.manifests.place import Located, Place

Path = tuple[str | int, ...]


class Spot(msgspec.Struct, frozen=True):
    """The document of a value that stands in one place as a whole, like a generator's literal."""

    place: Place

    @property
    def file(self) -> str:
        """Its file."""
        return self.place.file

    def at(self, *_path: str | int) -> Place:
        """The one place."""
        return self.place

    def key_at(self, *_path: str | int) -> Place:
        """The one place."""
        return self.place

    def span(self, *path: str | int) -> tuple[int, int]:
        """It has none.

        Raises:
            LookupError: always.
        """
        raise LookupError(path)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it comes from.

    Args:
        value: a scalar, or the nodes of a mapping or list.
        source: the document.
        path: of the value in it.
    """

    value: Any
    source: Located = field(repr=False)
    path: Path

    def plain(self) -> Any:
        """The value without its origins."""
        if isinstance(self.value, Mapping):
            return {name: node.plain() for name, node in self.value.items()}
        if isinstance(self.value, tuple):
            return [node.plain() for node in self.value]
        return self.value

    def get(self, *path: str | int) -> Node | None:
        """The node at a path; None where there is none."""
        node: Node | None = self
        for step in path:
            node = node.child(step) if node is not None else None
        return node

    def child(self, step: str | int) -> Node | None:
        """The node at one step."""
        if isinstance(self.value, Mapping) and isinstance(step, str):
            return self.value.get(step)
        if isinstance(self.value, tuple) and isinstance(step, int) and -1 < step < len(self.value):
            found: Node = self.value[step]
            return found
        return None

    def with_child(self, name: str, child: Node | None) -> Node:
        """The same mapping with another value at a name; without it for None."""
        others = {n: node for n, node in self.items().items() if child is not None or n != name}
        return Node(others if child is None else {**others, name: child}, self.source, self.path)

    def items(self) -> Mapping[str, Node]:
        """The nodes of a mapping; empty where it is none."""
        return self.value if isinstance(self.value, Mapping) else {}

    def elements(self) -> tuple[Node, ...]:
        """The nodes of a list; empty where it is none."""
        return self.value if isinstance(self.value, tuple) else ()

    def text(self, *path: str | int) -> str:
        """The text at a path; empty where something else stands."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, str) else ""


def tree(value: Any, source: Located, path: Path = ()) -> Node:
    """The nodes of a plain value that stands at a path of a document."""
    match value:
        case dict():
            inside = {name: tree(item, source, (*path, name)) for name, item in value.items()}
            return Node(inside, source, path)
        case list():
            items = tuple(tree(item, source, (*path, i)) for i, item in enumerate(value))
            return Node(items, source, path)
    return Node(value, source, path)


@dataclass(frozen=True, eq=False)
class Composite:
    """A document that was put together."""

    root: Node = field(repr=False)

    @property
    def file(self) -> str:
        """Of what it began with."""
        return self.root.source.file

    @property
    def value(self) -> Any:
        """The whole, plain."""
        return self.root.plain()

    def at(self, *path: str | int) -> Place:
        """Where the value at a path stands; of the nearest that is there otherwise."""
        node = self._nearest(path)
        return node.source.at(*node.path)

    def key_at(self, *path: str | int) -> Place:
        """Where its key stands."""
        node = self._nearest(path)
        return node.source.key_at(*node.path)

    def span(self, *path: str | int) -> tuple[int, int]:
        """First byte and the one behind the last, in the file that ``at`` names.

        Raises:
            LookupError: there is no word at that path.
        """
        node = self.root.get(*path)
        if node is None:
            raise LookupError(path)
        return node.source.span(*node.path)

    def _nearest(self, path: Path) -> Node:
        node = self.root
        for step in path:
            below = node.child(step)
            if below is None:
                break
            node = below
        return node
