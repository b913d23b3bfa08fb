"""YAML as plain data that remembers its lines, so that a wrong value can be pointed at.

YAML 1.1 without anchors, aliases, tags of its own and repeated keys: a scenario needs none of them,
and an alias in a short file may stand for gigabytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import yaml

from holdfast.core.errors import HoldfastError, UsageError

T = TypeVar("T")

MAX_BYTES = 64 * 1024
MAX_DEPTH = 12

_PLACE = re.compile(r"^(?P<words>.*?) - at `(?:key in )?(?P<path>\$[^`]*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_LACKING = re.compile(r"^Object missing required field `(?P<name>.*)`$", re.DOTALL)
_OTHER_KIND = re.compile(r"^Expected `(?P<wanted>[a-z |]+)`, got `(?P<found>[a-z]+)`$")
_NO_CHOICE = re.compile(r"^Invalid enum value (?P<value>.*)$", re.DOTALL)
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a word",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
"""What msgspec calls the kinds of a value, and what a person does."""

_EACH = "[...]"
"""Where msgspec does not say which value of a mapping it is."""

_KNOWN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "str", "int", "float", "bool", "null")
)


@dataclass(frozen=True, slots=True)
class Document:
    """A read file.

    Args:
        name: of the file, for messages.
        value: mappings, lists, strings, numbers, booleans, None.
        lines: the line (from 1) on which a value stands, by its path: ``$.faults[1].at``.
    """

    name: str
    value: Any
    lines: Mapping[str, int]

    def error(self, path: str, message: str, hint: str = "") -> UsageError:
        """An error that names the line of a value; of what surrounds it where it has none."""
        known = path
        while known not in self.lines:
            known = known[: max(known.rfind("."), known.rfind("["))]
        said = f"{path[2:]}: " if len(path) > 2 else ""
        return UsageError(f"{self.name}:{self.lines[known]}: {said}{message}", hint=hint)

    @contextmanager
    def at(self, path: str) -> Iterator[None]:
        """Give an error of ours that is raised inside the line of a value."""
        try:
            yield
        except HoldfastError as error:
            raise self.error(path, str(error), error.hint) from error

    def convert(self, kind: type[T], hint: Callable[[str], str]) -> T:
        """The value as a struct; what does not fit is an error with its line.

        Args:
            kind: a struct that forbids unknown fields.
            hint: what to say of an unknown field, from its path and name: ``$.fauts``.
        """
        try:
            return msgspec.convert(self.value, kind)
        except msgspec.ValidationError as error:
            words, path = str(error), "$"
            if place := _PLACE.match(words):
                words, path = place["words"], place["path"]
            if unknown := _UNKNOWN.match(words):
                path = f"{path}.{unknown['name']}"
                raise self.error(path, "no such setting", hint(path)) from error
            said, choices = _in_words(words), ""
            if _NO_CHOICE.match(words):
                choices = ", ".join(_choices(kind, path))
            if path.endswith(_EACH):
                path, said = path.removesuffix(_EACH), f"one of its values: {said}"
            raise self.error(path, said, f"one of {choices}" if choices else "") from error


def _in_words(complaint: str) -> str:
    """What msgspec (0.21) says of a value that does not fit, for people who do not know it."""
    if found := _OTHER_KIND.match(complaint):
        wanted = " or ".join(_KINDS.get(kind, kind) for kind in found["wanted"].split(" | "))
        return f"{wanted} is wanted here, not {_KINDS.get(found['found'], found['found'])}"
    if found := _LACKING.match(complaint):
        return f"{found['name']} is missing"
    if found := _NO_CHOICE.match(complaint):
        return f"no such choice: {found['value']}"
    return complaint[0].lower() + complaint[1:]


def _choices(kind: type, path: str) -> tuple[str, ...]:
    """The words that a setting of the struct itself may have, ``$.judge``; empty for any other."""
    hint = get_type_hints(kind).get(path.removeprefix("$."))
    return get_args(hint) if get_origin(hint) is Literal else ()


def read(content: bytes, name: str) -> Document:
    """Read one YAML document.

    Args:
        content: UTF-8, at most MAX_BYTES.
        name: of the file, for messages.

    Raises:
        UsageError: it is too long or too deep, not YAML, or uses what is not allowed here.
    """
    if len(content) > MAX_BYTES:
        raise UsageError(
            f"{name} is longer than {MAX_BYTES} bytes", hint="is it the file that you meant?"
        )
    lines: dict[str, int] = {}
    try:
        root = yaml.compose(content, Loader=_Loader)
        value = None if root is None else _Reader(name, lines).value(root, "$", 0)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
        raise UsageError(f"{name}{at}: {problem}", hint="mend the file there") from error
    lines.setdefault("$", 1)
    return Document(name, value, lines)


class _Loader(yaml.SafeLoader):
    """Refuses aliases while it composes, before they can be followed, and bounds the depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not allowed here", problem_mark=event.start_mark
            )
        if self.depth > MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem=f"nested more than {MAX_DEPTH} deep", problem_mark=event.start_mark
            )
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


class _Reader:
    def __init__(self, name: str, lines: dict[str, int]) -> None:
        self._name = name
        self._lines = lines
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, path: str, line: int) -> Any:
        self._lines[path] = line or node.start_mark.line + 1
        if node.tag not in _KNOWN_TAGS:
            raise self._error(node, f"the tag {node.tag} is not allowed here")
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path)
            case yaml.SequenceNode():
                return [
                    self.value(child, f"{path}[{number}]", 0)
                    for number, child in enumerate(node.value)
                ]
            case _:
                return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, child in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key, "a key must be a word")
            name = str(key.value)
            if name in found:
                raise self._error(key, f"{name} stands here twice")
            found[name] = self.value(child, f"{path}.{name}", key.start_mark.line + 1)
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        try:
            return self._scalars.construct_object(node)
        except (ValueError, OverflowError) as error:
            raise self._error(node, f"cannot be read: {error}") from error

    def _error(self, node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
        return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
