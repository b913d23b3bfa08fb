"""The classes that a PHP file declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from holdfast.project.script import Script
from holdfast.project.syntax import walk, word
from holdfast.project.values import Spot

if TYPE_CHECKING:
    from tree_sitter import Node

_CLASSES = ("class_declaration", "anonymous_class", "trait_declaration")


@dataclass(frozen=True)
class PhpClass:
    """A class.

    Args:
        name: as it is declared; empty for an anonymous one.
        parent: what it extends, as PHP resolves it; empty for nothing.
        interfaces: what it implements, likewise.
        traits: what it uses, likewise, with where.
        properties: the expressions of their first values, by name; only those that have one.
        methods: by name in lower case.
        spot: where it is declared.
    """

    name: str
    parent: str
    interfaces: tuple[str, ...]
    traits: Mapping[str, Spot]
    properties: Mapping[str, Node] = field(repr=False)
    methods: Mapping[str, Node] = field(repr=False)
    spot: Spot

    def body(self, method: str) -> Node | None:
        """The statements of a method."""
        found = self.methods.get(method.lower())
        return found.child_by_field_name("body") if found is not None else None


def classes(script: Script) -> Iterator[PhpClass]:
    """The classes and traits of a file."""
    for node in walk(script.file.root):
        if node.type in _CLASSES:
            yield _class(script, node)


def _class(script: Script, node: Node) -> PhpClass:
    parent = ""
    interfaces: tuple[str, ...] = ()
    traits: dict[str, Spot] = {}
    properties: dict[str, Node] = {}
    methods: dict[str, Node] = {}
    for child in node.named_children:
        if child.type == "base_clause" and child.named_children:
            parent = script.class_name(child.named_children[0])
        elif child.type == "class_interface_clause":
            interfaces = tuple(map(script.class_name, child.named_children))
    body = node.child_by_field_name("body")
    for member in body.named_children if body else ():
        match member.type:
            case "use_declaration":
                traits |= {
                    script.class_name(used): script.file.spot(used)
                    for used in member.named_children
                    if used.type in ("name", "qualified_name")
                }
            case "property_declaration":
                for element in member.named_children:
                    if element.type == "property_element":
                        value = element.child_by_field_name("default_value")
                        if value is not None:
                            properties[word(element.named_children[0])[1:]] = value
            case "method_declaration":
                methods[word(member.child_by_field_name("name")).lower()] = member
    name = word(node.child_by_field_name("name"))
    return PhpClass(name, parent, interfaces, traits, properties, methods, script.file.spot(node))
