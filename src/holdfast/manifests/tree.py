"""One YAML document as a tree that knows where each part begins and ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import yaml
from yaml._yaml import CParser

from holdfast.manifests import scalars

MAX_DEPTH = 100
MAX_NODES = 200_000

_BLOCK = ("|", ">")
_MERGE = "tag:yaml.org,2002:merge"


class Refused(Exception):  # noqa: N818 - reads as what happened
    """It is not YAML, or not what kubectl takes.

    Args:
        why: one line, without a final stop.
        mark: where, in characters.
    """

    count = 0
    """How many values were read until then."""

    def __init__(self, why: str, mark: int) -> None:
        super().__init__(why)
        self.why = why
        self.mark = mark


class Node(msgspec.Struct, eq=False):
    """A part of a document.

    Args:
        value: of it.
        start, end: where it is written, in characters; the end of a block is that of its last part.
        children: of a mapping each key with its node, of a list the nodes; ``None`` of a word.
        height: how many levels it has below itself.
        shared: it has an anchor, or an alias stands for it, so that it may stand in several places.
    """

    value: Any
    start: int
    end: int
    children: dict[str, tuple[Node, Node]] | list[Node] | None = None
    height: int = 0
    shared: bool = False


class Composed(NamedTuple):
    """The first document of a text.

    Args:
        root: its tree; None if it is empty.
        size: how many nodes it has, those for which aliases stand each time.
        repeated: keys that stand twice in one mapping: their later places.
    """

    root: Node | None
    size: int
    repeated: list[Node]


def compose(text: str) -> Composed:
    """Read the first document of a text.

    Args:
        text: YAML.

    Raises:
        Refused: it cannot be read.
    """
    parser = CParser(text)
    composer = _Composer(parser, text)
    try:
        return Composed(composer.root(), composer.count, composer.repeated)
    except Refused as error:
        error.count = composer.count
        raise
    except yaml.YAMLError as error:
        refused = _not_yaml(error)
        refused.count = composer.count
        raise refused from error
    finally:
        parser.dispose()


def _not_yaml(error: yaml.YAMLError) -> Refused:
    if isinstance(error, yaml.MarkedYAMLError):
        mark: Any = error.problem_mark
        return Refused(f"is not YAML: {error.problem}", mark.index if mark else 0)
    position = getattr(error, "position", None)
    return Refused("is not YAML: it has a control character", position or 0)


class _Composer:
    def __init__(self, parser: Any, text: str) -> None:
        self._next = parser.get_event
        self._text = text
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self.count = 0
        self.repeated: list[Node] = []

    def root(self) -> Node | None:
        self._next()  # the stream begins
        if not isinstance(self._next(), yaml.DocumentStartEvent):
            return None
        return self._node(self._next(), 0)

    def _node(self, event: Any, depth: int) -> Node:
        start = event.start_mark.index
        self._counted(1, start)
        if depth > MAX_DEPTH:
            raise Refused(f"is nested more than {MAX_DEPTH} deep", start)
        kind = type(event)
        if kind is yaml.ScalarEvent:
            end = event.end_mark.index
            if event.style in _BLOCK:
                end = self._end_of_block(end)
            node = Node(_value(event), start, end, shared=event.anchor is not None)
            if event.anchor is not None:
                self._anchors[event.anchor] = node, 1
            return node
        if kind is yaml.AliasEvent:
            return self._alias(event, depth)
        before = self.count
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if kind is yaml.MappingStartEvent:
            node = self._mapping(event, depth)
        else:
            node = self._sequence(event, depth)
        if event.anchor is not None:
            node.shared = True
            self._anchors[event.anchor] = node, self.count - before + 1
        return node

    def _end_of_block(self, end: int) -> int:
        # libyaml ends it where the next thing begins
        while self._text[end - 1].isspace():
            end -= 1
        return end

    def _alias(self, event: Any, depth: int) -> Node:
        start = event.start_mark.index
        if event.anchor not in self._anchors:
            raise Refused(f"*{event.anchor} has no anchor &{event.anchor} above it", start)
        known = self._anchors[event.anchor]
        if known is None:
            raise Refused(f"&{event.anchor} contains itself", start)
        node, size = known
        self._counted(size - 1, start)
        if depth + node.height > MAX_DEPTH:
            raise Refused(f"is nested more than {MAX_DEPTH} deep", start)
        shared = node.children is not None
        return Node(node.value, start, event.end_mark.index, node.children, node.height, shared)

    def _sequence(self, event: Any, depth: int) -> Node:
        children: list[Node] = []
        height, start = 0, event.start_mark.index
        while type(item := self._next()) is not yaml.SequenceEndEvent:
            child = self._node(item, depth + 1)
            children.append(child)
            if child.height >= height:
                height = child.height + 1
        mark: Any = item.end_mark
        end = children[-1].end if children and not event.flow_style else mark.index
        value = [child.value for child in children]
        return Node(value, start, end, children, height)

    def _mapping(self, event: Any, depth: int) -> Node:
        value: dict[str, Any] = {}
        children: dict[str, tuple[Node, Node]] = {}
        height, start, end = 0, event.start_mark.index, event.end_mark.index
        own: set[str] = set()
        while type(word := self._next()) is not yaml.MappingEndEvent:
            name, key = self._key(word)
            child = self._node(self._next(), depth + 1)
            end = child.end
            if child.height >= height:
                height = child.height + 1
            if name is None:
                self._merge(child, value, children)
                continue
            # A name that stands again goes to its last place.
            if name in own:
                self.repeated.append(key)
            own.add(name)
            value[name] = child.value
            children[name] = key, child
        if event.flow_style:
            mark: Any = word.end_mark
            end = mark.index
        return Node(value, start, end, children, height)

    def _key(self, event: Any) -> tuple[str | None, Node]:
        """The name, ``None`` for ``<<``, and the node of a key."""
        start, end = event.start_mark.index, event.end_mark.index
        self._counted(1, start)
        if type(event) is yaml.AliasEvent:
            word = self._alias(event, 0)
            if word.children is not None or word.value is None:
                raise Refused("a key is no word", start)
            return word.value if isinstance(word.value, str) else scalars.key(str(word.value)), word
        if type(event) is not yaml.ScalarEvent:
            raise Refused("a key is no word", start)
        if event.value == "<<" and (event.implicit[0] or event.tag == _MERGE):
            return None, Node("<<", start, end)
        written = _value(event, key=True)
        if event.anchor is not None:
            self._anchors[event.anchor] = Node(_value(event), start, end), 1
        return str(written), Node(written, start, end)

    def _merge(
        self, merged: Node, value: dict[str, Any], children: dict[str, tuple[Node, Node]]
    ) -> None:
        parts = merged.children if isinstance(merged.children, list) else [merged]
        for part in reversed(parts):
            if not isinstance(part.children, dict):
                raise Refused("<< takes a mapping or a list of them", merged.start)
            self._counted(len(part.children), merged.start)
            for name, (key, node) in part.children.items():
                value[name] = node.value
                copy = Node(node.value, node.start, node.end, node.children, node.height, True)
                children[name] = key, copy

    def _counted(self, number: int, mark: int) -> None:
        self.count += number
        if self.count > MAX_NODES:
            raise Refused(
                f"has more than {MAX_NODES:,} values, those of aliases counted each time", mark
            )


def _value(event: Any, *, key: bool = False) -> scalars.Scalar:
    """The value of a word; as the name of something where it is a key."""
    try:
        if event.tag is not None:
            value = scalars.tagged(event.tag, event.value)
            return scalars.key(event.value) if key and not isinstance(value, str) else value
        if not event.implicit[0]:
            return str(event.value)
        return scalars.key(event.value) if key else scalars.plain(event.value)
    except ValueError as error:
        raise Refused(f"{_short(event.value)} {error}", event.start_mark.index) from error


def _short(word: str) -> str:
    """A word of a file, fit for a message."""
    return repr(word if len(word) <= 40 else word[:40] + "...")
