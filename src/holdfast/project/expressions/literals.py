"""Texts, names of constants and classes, variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.project.functions import CLASS_CONSTANTS, CONSTANTS
from holdfast.project.operators import limited, text
from holdfast.project.syntax import double_quoted, word
from holdfast.project.values import Array, Known, Undecidable, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from holdfast.project.expressions.evaluator import Evaluator


def encapsed(evaluator: Evaluator, node: Node) -> Value:
    """A text in double quotes, with what stands in it."""
    parts: list[Value] = []
    for child in node.children:
        if child.type in ('"', "{", "}", 'b"', 'B"'):
            continue
        if child.type in ("string_content", "escape_sequence"):
            parts.append(evaluator.literal(child, double_quoted(child.text or b"")))
        elif child.is_named:
            parts.append(evaluator.value(child))
        else:
            raise Undecidable("this text with variables in it")
    if any(isinstance(part, Known) and isinstance(part.value, Array) for part in parts):
        raise Undecidable("an array is no text")
    return evaluator.apply(node, lambda *all_parts: limited("".join(map(text, all_parts))), parts)


def constant(evaluator: Evaluator, node: Node) -> Value:
    """``NAME``, ``__DIR__``."""
    name = word(node).lstrip("\\")
    match name:
        case "__DIR__":
            return evaluator.literal(node, evaluator.scope.file.path.rpartition("/")[0])
        case "__FILE__":
            return evaluator.literal(node, evaluator.scope.file.path)
    if name.lower() not in CONSTANTS:
        raise Undecidable("this constant")
    return evaluator.literal(node, CONSTANTS[name.lower()])


def variable(evaluator: Evaluator, node: Node) -> Value:
    """``$name``."""
    name = word(node)[1:]
    found = evaluator.scope.variables.get(name)
    if found is not None:
        return found
    raise Undecidable(
        evaluator.scope.forgotten.why
        if evaluator.scope.forgotten
        else "this variable is set elsewhere"
    )


def class_name(evaluator: Evaluator, node: Node) -> str:
    """A class as PHP resolves it, without the leading backslash."""
    name = word(node)
    if name.startswith("\\"):
        return name[1:]
    first, backslash, rest = name.partition("\\")
    if imported := evaluator.scope.imports.get(first.lower()):
        return imported + backslash + rest
    return f"{evaluator.scope.namespace}\\{name}".lstrip("\\")


def class_constant(evaluator: Evaluator, node: Node) -> Value:
    """``Class::CONSTANT``, ``Class::class``."""
    owner, constant = node.named_children[0], word(node.named_children[-1])
    if owner.type not in ("name", "qualified_name") or word(owner).lower() in (
        "static",
        "self",
        "parent",
    ):
        raise Undecidable("a constant of a class that is not named")
    name = class_name(evaluator, owner)
    if constant.lower() == "class":
        return evaluator.literal(node, name)
    full = f"{name.lower()}::{constant}"
    if full not in CLASS_CONSTANTS:
        raise Undecidable("this constant of a class")
    return evaluator.literal(node, CLASS_CONSTANTS[full])
