"""What an application queues: its queued classes, and the names of queues that its code says.

A class says it by ``ShouldQueue``; its queue and timeout stand in properties or, from Laravel 12
on, in attributes (Illuminate/Queue/Attributes).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from holdfast.project.classes import PhpClass, classes
from holdfast.project.code import files
from holdfast.project.directory import Directory
from holdfast.project.script import Call, Script
from holdfast.project.syntax import PhpFile, walk, word
from holdfast.project.values import Broken, Known, Spot

if TYPE_CHECKING:
    from tree_sitter import Node

_AMONG: Final = re.compile(rb"\bShouldQueue\b|\b(?:allO|o)nQueue\b|\b(?:push|later)On\b")
_CALLS: Final[Mapping[str, int]] = {"onQueue": 0, "allOnQueue": 0, "pushOn": 0, "laterOn": 0}
"""The methods that name a queue, and which of their arguments is it."""

_ATTRIBUTES: Final = "illuminate\\queue\\attributes\\"


class QueuedClass(msgspec.Struct, frozen=True):
    """A class that is queued.

    Args:
        name: of it.
        queue: that it names; empty for the connection's own.
        timeout: seconds that it may take; None where it does not say so.
        spot: where it is declared, or its timeout where it has one.
    """

    name: str
    queue: str
    timeout: int | None
    spot: Spot


class QueuedWork(msgspec.Struct, frozen=True):
    """All that is queued.

    Args:
        classes: that are queued.
        queues: the names of queues that the code says, each with where it does first.
        unknown: where the code names one that is no literal.
        broken: files that cannot be read.
    """

    classes: tuple[QueuedClass, ...]
    queues: Mapping[str, Spot]
    unknown: tuple[Spot, ...] = ()
    broken: tuple[Broken, ...] = ()


def queued(directory: Directory) -> QueuedWork:
    """Look through an application's own code for what it queues."""
    found: list[QueuedClass] = []
    queues: dict[str, Spot] = {}
    unknown: list[Spot] = []
    broken: list[Broken] = []
    for name in directory.of(files):
        file = directory.matching(name, _AMONG)
        if isinstance(file, Broken):
            broken.append(file)
        if not isinstance(file, PhpFile):
            continue
        script = Script(file)
        for declared in classes(script):
            found += _queued(script, declared)
        for call in script.calls(among=_CALLS.__contains__):
            named = _name(call)
            if named:
                queues.setdefault(named, call.spot)
            elif named is None:
                unknown.append(call.spot)
    for each in found:
        if each.queue:
            queues.setdefault(each.queue, each.spot)
    return QueuedWork(tuple(found), queues, tuple(unknown), tuple(broken))


def _name(call: Call) -> str | None:
    """The queue that a call names; empty for the default one, None where it is no literal."""
    position = _CALLS[call.name.rpartition("::")[2].removeprefix("->")]
    value = call.argument(position, "queue")
    if isinstance(value, Known) and (value.value is None or isinstance(value.value, str)):
        return value.value or ""
    return None


def _queued(script: Script, declared: PhpClass) -> Iterator[QueuedClass]:
    if not any(name.rpartition("\\")[2].startswith("ShouldQueue") for name in declared.interfaces):
        return
    queue, timeout, spot = "", None, declared.spot
    said = {**_attributes(script, declared), **declared.properties}
    if (node := said.get("queue")) is not None:
        value = script.value(node)
        queue = value.value if isinstance(value, Known) and isinstance(value.value, str) else ""
    if (node := said.get("timeout")) is not None and "timeout" not in declared.methods:
        value = script.value(node)
        if isinstance(value, Known) and type(value.value) is int:
            timeout, spot = value.value, script.file.spot(node)
    yield QueuedClass(declared.name, queue, timeout, spot)


def _attributes(script: Script, declared: PhpClass) -> dict[str, Node]:
    """The first arguments of a class's queue attributes, by their names in lower case."""
    found: dict[str, Node] = {}
    if b"#[" not in script.file.data:
        return found
    for node in walk(script.file.root):
        if node.type != "class_declaration" or script.file.spot(node) != declared.spot:
            continue
        for attribute in (a for child in node.named_children for a in _in_list(child)):
            name = script.class_name(attribute.named_children[0]).lower()
            listed = attribute.child_by_field_name("parameters")
            if name.startswith(_ATTRIBUTES) and listed is not None and listed.named_children:
                argument = listed.named_children[0].named_children[-1]
                found[name.removeprefix(_ATTRIBUTES)] = argument
    return found


def _in_list(node: Node) -> Iterator[Node]:
    if node.type == "attribute_list":
        yield from (n for n in walk(node) if n.type == "attribute" and word(n.named_children[0]))
