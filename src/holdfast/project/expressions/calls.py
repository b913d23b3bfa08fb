"""Calls of functions and static methods whose results can be known from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from holdfast.project.expressions.arrays import optional
from holdfast.project.expressions.literals import class_name
from holdfast.project.functions import DIRECTORIES, FUNCTIONS, METHODS
from holdfast.project.operators import text, truth
from holdfast.project.syntax import word
from holdfast.project.values import Known, Source, Undecidable, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from holdfast.project.expressions.evaluator import Evaluator

_ENV_CLASS = "illuminate\\support\\env"

Arguments: TypeAlias = "list[tuple[str, Node]]"


def arguments(node: Node) -> Arguments:
    """Of a call, name (empty for a positional one) and expression of each argument.

    Raises:
        Undecidable: their number is not known.
    """
    found: Arguments = []
    listed = node.child_by_field_name("arguments")
    for argument in listed.named_children if listed else ():
        if argument.type == "comment":
            continue
        name = argument.child_by_field_name("name")
        expression = argument.named_children[-1] if argument.named_children else None
        if argument.type != "argument" or expression is None:
            raise Undecidable("these arguments")
        if expression.type == "variadic_unpacking" or word(argument).startswith("&"):
            raise Undecidable("these arguments")
        found.append((word(name), expression))
    return found


def call(evaluator: Evaluator, node: Node) -> Value:
    """``function(...)``."""
    function = node.child_by_field_name("function")
    if function is None or function.type not in ("name", "qualified_name"):
        raise Undecidable("what is called here")
    name = word(function).lower().lstrip("\\")
    match name:
        case "env":
            return _env(evaluator, node)
        case "getenv":
            return _getenv(evaluator, node)
        case "isset" | "empty":
            return _isset(evaluator, node, empty=name == "empty")
        case "storage_path" | "database_path":
            return _path(evaluator, node, name)
    if name in DIRECTORIES:
        return _path(evaluator, node, name)
    if name not in FUNCTIONS:
        raise Undecidable("what this function gives")
    return evaluator.apply(node, FUNCTIONS[name], _positional(evaluator, node))


def static_call(evaluator: Evaluator, node: Node) -> Value:
    """``Class::method(...)``."""
    owner, method = node.child_by_field_name("scope"), node.child_by_field_name("name")
    if owner is None or owner.type not in ("name", "qualified_name"):
        raise Undecidable("what is called here")
    full = f"{class_name(evaluator, owner)}::{word(method)}".lower()
    if full == f"{_ENV_CLASS}::get":
        return _env(evaluator, node)
    if full not in METHODS:
        raise Undecidable("what this method gives")
    return evaluator.apply(node, METHODS[full], _positional(evaluator, node))


def _positional(evaluator: Evaluator, node: Node) -> list[Value]:
    listed = arguments(node)
    if any(name for name, _ in listed):
        raise Undecidable("named arguments")
    return [evaluator.value(expression) for _, expression in listed]


def _env(evaluator: Evaluator, node: Node) -> Value:
    bound: dict[str, Node] = {}
    for position, (name, expression) in enumerate(arguments(node)):
        bound[name or ("key", "default", "more")[min(position, 2)]] = expression
    if evaluator.scope.tainted:
        return evaluator.scope.tainted
    if "key" not in bound:
        raise Undecidable("which variable is read")
    variable = evaluator.value(bound["key"])
    if isinstance(variable, Unknown):
        return variable
    found = evaluator.scope.environment.env(text(variable.value))
    if isinstance(found, Unknown):
        return found
    if found is not None:
        value, use = found
        return Known(value, Source((evaluator.scope.file.place(node),), (use,), direct=True))
    if "default" in bound:
        return evaluator.value(bound["default"])
    return evaluator.literal(node, None)


def _getenv(evaluator: Evaluator, node: Node) -> Value:
    values = _positional(evaluator, node)
    if evaluator.scope.tainted:
        return evaluator.scope.tainted
    if len(values) != 1 or isinstance(values[0], Unknown):
        raise Undecidable("which variable is read")
    found = evaluator.scope.environment.raw(text(values[0].value))
    if isinstance(found, Unknown):
        return found
    if found is None:
        return evaluator.literal(node, value=False)
    return Known(found[0], Source((evaluator.scope.file.place(node),), (found[1],), direct=True))


def _isset(evaluator: Evaluator, node: Node, *, empty: bool) -> Value:
    values: list[Value] = []
    for _, expression in arguments(node):
        value = optional(evaluator, expression)
        if isinstance(value, Unknown):
            return value
        answer = value is not None and (truth(value.value) if empty else value.value is not None)
        values += [value] if value is not None else []
        if not answer:
            return evaluator.known(node, empty, *values)
    return evaluator.known(node, not empty, *values)


def _path(evaluator: Evaluator, node: Node, name: str) -> Value:
    paths = evaluator.scope.paths
    root: str | Unknown
    if name == "storage_path":
        root = paths.storage
    elif name == "database_path":
        root = paths.database
    else:
        root = paths.joined(paths.base, DIRECTORIES[name])
    if isinstance(root, Unknown):
        return root
    below = _positional(evaluator, node)
    where = root
    return evaluator.apply(node, lambda path="": paths.joined(where, path), below)
