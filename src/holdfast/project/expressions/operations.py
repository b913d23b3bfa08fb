"""Operators and casts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from holdfast.project.expressions.choices import coalesced, logical
from holdfast.project.operators import (
    ARITHMETIC,
    Plain,
    calculated,
    concatenated,
    equal,
    floating,
    identical,
    integer,
    less,
    negative,
    text,
    truth,
    union,
)
from holdfast.project.syntax import word
from holdfast.project.values import Array, Key, Known, Undecidable, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from holdfast.project.expressions.evaluator import Evaluator

_CASTS: Final[dict[str, Callable[[Plain], Plain]]] = {
    "int": integer, "integer": integer, "bool": truth, "boolean": truth, "string": text,
    "float": floating, "double": floating,
}  # fmt: skip
_COMPARISONS: Final[dict[str, Callable[[Plain, Plain], Plain]]] = {
    "===": identical,
    "!==": lambda left, right: not identical(left, right),
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<>": lambda left, right: not equal(left, right),
    "<": less,
    ">": lambda left, right: less(right, left),
    "<=": lambda left, right: less(left, right, or_equal=True),
    ">=": lambda left, right: less(right, left, or_equal=True),
    ".": concatenated,
    "xor": lambda left, right: truth(left) != truth(right),
}


def unary(evaluator: Evaluator, node: Node) -> Value:
    """``!``, ``-`` and ``+`` before an expression."""
    operand = evaluator.value(node.named_children[-1])
    operator = word(node.children[0])
    functions: dict[str, Callable[[Plain], Plain]] = {
        "!": lambda value: not truth(value),
        "-": negative,
        "+": lambda value: calculated("+", value, 0),
    }
    if operator not in functions:
        raise Undecidable("this operator")
    return evaluator.apply(node, functions[operator], [operand])


def cast(evaluator: Evaluator, node: Node) -> Value:
    """``(int)`` and its like."""
    kind = word(node.child_by_field_name("type")).strip().lower()
    value = evaluator.value(node.named_children[-1])
    if isinstance(value, Unknown):
        return value
    if kind == "array":
        if isinstance(value.value, Array):
            return value
        items: dict[Key, Value] = {} if value.value is None else {0: value}
        return Known(Array(items), value.source)
    if kind not in _CASTS:
        raise Undecidable("this cast")
    # A cast of a variable still is that variable, for people.
    return Known(_CASTS[kind](value.value), value.source)


def binary(evaluator: Evaluator, node: Node) -> Value:
    """An operator between two expressions."""
    operator = word(node.child_by_field_name("operator")).lower()
    left_node = node.child_by_field_name("left")
    right_node = node.child_by_field_name("right")
    assert left_node is not None
    assert right_node is not None
    if operator == "??":
        return coalesced(evaluator, left_node, right_node)
    left = evaluator.value(left_node)
    if operator in ("&&", "and", "||", "or"):
        return logical(evaluator, node, left, right_node, stop=operator in ("||", "or"))
    right = evaluator.value(right_node)
    if operator == "+" and isinstance(left, Known) and isinstance(left.value, Array):
        return _united(evaluator, node, left, left.value, right)
    if operator in ARITHMETIC:
        return evaluator.apply(node, lambda a, b: calculated(operator, a, b), [left, right])
    if operator not in _COMPARISONS:
        raise Undecidable("this operator")
    return evaluator.apply(node, _COMPARISONS[operator], [left, right])


def _united(evaluator: Evaluator, node: Node, left: Known, array: Array, right: Value) -> Value:
    """``array + more``: the left one's elements are known, whatever the right one is."""
    if isinstance(right, Unknown):
        return Known(Array(array.items, array.rest or right), left.source)
    if not isinstance(right.value, Array):
        raise Undecidable("an array plus something else")
    return evaluator.known(node, union(array, right.value), left, right)
