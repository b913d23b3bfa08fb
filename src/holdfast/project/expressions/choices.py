"""What is chosen by a condition: ``??``, ``&&``, ``?:`` and ``match``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.project.expressions.arrays import optional
from holdfast.project.operators import identical, truth
from holdfast.project.values import Known, Undecidable, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from holdfast.project.expressions.evaluator import Evaluator


def coalesced(evaluator: Evaluator, left_node: Node, right_node: Node) -> Value:
    """``left ?? right``."""
    left = optional(evaluator, left_node)
    if isinstance(left, Unknown):
        evaluator.scope.forget(right_node, left)
        return left
    if left is not None and left.value is not None:
        return left
    right = evaluator.value(right_node)
    if left is not None and left.source.uses and isinstance(right, Known):
        return Known(right.value, right.source.made_with([left.source]))
    return right


def logical(
    evaluator: Evaluator, node: Node, left: Value, right_node: Node, *, stop: bool
) -> Value:
    """``&&`` and ``||``, which ``stop`` at true or at false."""
    if isinstance(left, Unknown):
        evaluator.scope.forget(right_node, left)
        return left
    if truth(left.value) is stop:
        return evaluator.known(node, stop, left)
    return evaluator.apply(node, lambda _, right: truth(right), [left, evaluator.value(right_node)])


def conditional(evaluator: Evaluator, node: Node) -> Value:
    """``condition ? body : alternative``, also without a body."""
    condition_node = node.child_by_field_name("condition")
    body = node.child_by_field_name("body")
    alternative = node.child_by_field_name("alternative")
    assert condition_node is not None
    assert alternative is not None
    condition = evaluator.value(condition_node)
    if isinstance(condition, Unknown):
        evaluator.scope.forget(node, condition)
        return condition
    taken = alternative
    if truth(condition.value):
        if body is None:
            return condition
        taken = body
    return _because(evaluator, evaluator.value(taken), condition)


def _because(evaluator: Evaluator, value: Value, condition: Known) -> Value:
    """A value that was chosen by a condition: what decided is part of its source."""
    if isinstance(value, Unknown) or not condition.source.uses:
        return value
    if value.source.direct and set(condition.source.uses) <= set(value.source.uses):
        return value
    return Known(value.value, value.source.made_with([condition.source]))


def match(evaluator: Evaluator, node: Node) -> Value:
    """``match (subject) {...}``."""
    condition_node = node.child_by_field_name("condition")
    body = node.child_by_field_name("body")
    assert condition_node is not None
    assert body is not None
    subject = evaluator.value(condition_node)
    default: Node | None = None
    if isinstance(subject, Unknown):
        evaluator.scope.forget(node, subject)
        return subject
    for arm in body.named_children:
        result = arm.child_by_field_name("return_expression")
        if arm.type == "match_default_expression":
            default = result
        elif arm.type == "match_conditional_expression" and result is not None:
            conditions = arm.child_by_field_name("conditional_expressions")
            for condition in conditions.named_children if conditions else ():
                value = evaluator.value(condition)
                if isinstance(value, Unknown):
                    evaluator.scope.forget(node, value)
                    return value
                if identical(subject.value, value.value):
                    return _because(evaluator, evaluator.value(result), subject)
    if default is None:
        raise Undecidable("no arm matches")
    return _because(evaluator, evaluator.value(default), subject)
