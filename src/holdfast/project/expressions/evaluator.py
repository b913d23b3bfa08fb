"""Evaluates PHP expressions without running PHP: a value and where it is from, or Unknown and why.

Only what a configuration file needs, and only what has one possible result. The evaluation follows
PHP's order, and a branch that PHP would not take is not looked at, but what is assigned in one
that could not be decided is unknown afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from holdfast.project.expressions import arrays, assignments, calls, choices, literals, operations
from holdfast.project.operators import Plain, plain
from holdfast.project.scope import Scope
from holdfast.project.syntax import decimal, single_quoted, whole_number, word
from holdfast.project.values import Array, Known, Source, Undecidable, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH: Final = 100
"""Expressions nested deeper are unknown; real configurations reach 15."""


class Evaluator:
    """Evaluates the expressions of one file."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._depth = 0

    def value(self, node: Node) -> Value:
        """The value of an expression."""
        evaluate = _KINDS.get(node.type)
        if evaluate is None:
            return self.refuse(node, "Holdfast does not follow this kind of expression")
        if self._depth >= MAX_DEPTH:
            return self.refuse(node, f"it is nested deeper than {MAX_DEPTH}")
        self._depth += 1
        try:
            return evaluate(self, node)
        except Undecidable as reason:
            return self.refuse(node, str(reason))
        finally:
            self._depth -= 1

    def refuse(self, node: Node, why: str) -> Unknown:
        """The Unknown of an expression; what it may have assigned is unknown from here on."""
        unknown = self.scope.file.unknown(node, why)
        self.scope.forget(node, unknown)
        return unknown

    def known(self, node: Node, result: Plain, *of: Value) -> Known:
        """What was made at a node out of known values."""
        source = Source((self.scope.file.place(node),))
        return Known(result, source.made_with(v.source for v in of if isinstance(v, Known)))

    def literal(self, node: Node, value: Plain) -> Known:
        """What stands at a node."""
        return Known(value, Source((self.scope.file.place(node),)))

    def apply(self, node: Node, function: Callable[..., Plain], values: list[Value]) -> Value:
        """What a function makes of values at a node; the first unknown one where there is one."""
        for value in values:
            if isinstance(value, Unknown):
                return value
        try:
            result = function(*map(plain, values))
        except TypeError:
            raise Undecidable("not with these arguments") from None
        known = self.known(node, result, *values)
        if not isinstance(result, Array):
            return known
        # The elements that the function made are from where it was called.
        items = {
            name: value
            if isinstance(value, Unknown) or value.source.places
            else Known(value.value, known.source)
            for name, value in result.items.items()
        }
        return Known(Array(items, result.rest), known.source)


def _inner(evaluator: Evaluator, node: Node) -> Value:
    return evaluator.value(node.named_children[-1])


_KINDS: Final[Mapping[str, Callable[[Evaluator, Node], Value]]] = {
    "string": lambda evaluator, node: evaluator.literal(node, single_quoted(node)),
    "encapsed_string": literals.encapsed,
    "integer": lambda evaluator, node: evaluator.literal(node, whole_number(node)),
    "float": lambda evaluator, node: evaluator.literal(node, decimal(node)),
    "boolean": lambda evaluator, node: evaluator.literal(node, word(node).lower() == "true"),
    "null": lambda evaluator, node: evaluator.literal(node, None),
    "name": literals.constant,
    "qualified_name": literals.constant,
    "variable_name": literals.variable,
    "parenthesized_expression": _inner,
    "error_suppression_expression": _inner,
    "array_creation_expression": arrays.array,
    "subscript_expression": arrays.subscript,
    "unary_op_expression": operations.unary,
    "cast_expression": operations.cast,
    "binary_expression": operations.binary,
    "conditional_expression": choices.conditional,
    "match_expression": choices.match,
    "assignment_expression": assignments.assignment,
    "augmented_assignment_expression": assignments.augmented,
    "function_call_expression": calls.call,
    "scoped_call_expression": calls.static_call,
    "class_constant_access_expression": literals.class_constant,
}
