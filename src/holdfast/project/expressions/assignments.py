"""Assignments to variables and to elements of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.project.expressions.literals import variable
from holdfast.project.operators import ARITHMETIC, calculated, concatenated, key
from holdfast.project.scope import SUPERGLOBALS
from holdfast.project.syntax import word
from holdfast.project.values import Array, Known, Undecidable, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from holdfast.project.expressions.evaluator import Evaluator


def assignment(evaluator: Evaluator, node: Node) -> Value:
    """``$a = value``, ``$a['k'] = value``."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    assert left is not None
    assert right is not None
    value = evaluator.value(right)
    _assign(evaluator, node, left, value)
    return value


def _assign(evaluator: Evaluator, node: Node, left: Node, value: Value) -> None:
    if left.type == "variable_name":
        name = word(left)[1:]
        if name in SUPERGLOBALS:
            raise Undecidable("an assignment to it")
        evaluator.scope.variables[name] = value
        return
    if left.type == "subscript_expression" and len(left.named_children) == 2:
        holder, index_node = left.named_children
        index = evaluator.value(index_node)
        array = evaluator.scope.variables.get(word(holder)[1:])
        if (
            holder.type == "variable_name"
            and isinstance(array, Known)
            and isinstance(array.value, Array)
            and isinstance(index, Known)
        ):
            items = {**array.value.items, key(index.value): value}
            changed = Known(Array(items, array.value.rest), array.source)
            evaluator.scope.variables[word(holder)[1:]] = changed
            return
    raise Undecidable("an assignment of this kind")


def augmented(evaluator: Evaluator, node: Node) -> Value:
    """``.=``, ``??=``, ``+=`` and their like."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    assert left is not None
    assert right is not None
    operator = word(node.child_by_field_name("operator"))[:-1]
    if left.type != "variable_name":
        raise Undecidable("an assignment of this kind")
    if operator == "??":
        value = evaluator.scope.variables.get(word(left)[1:])
        if isinstance(value, Known) and value.value is None:
            value = evaluator.value(right)
        value = value or variable(evaluator, left)
    elif operator == ".":
        value = evaluator.apply(node, concatenated, [evaluator.value(left), evaluator.value(right)])
    elif operator in ARITHMETIC:
        value = evaluator.apply(
            node,
            lambda a, b: calculated(operator, a, b),
            [evaluator.value(left), evaluator.value(right)],
        )
    else:
        raise Undecidable("this operator")
    _assign(evaluator, node, left, value)
    return value
