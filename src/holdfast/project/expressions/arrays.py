"""Arrays: made, spread, and asked for an element."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.project.operators import key, plain
from holdfast.project.scope import SUPERGLOBALS
from holdfast.project.syntax import word
from holdfast.project.values import Array, Key, Known, Undecidable, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

    from holdfast.project.expressions.evaluator import Evaluator


def array(evaluator: Evaluator, node: Node) -> Value:
    """``[...]`` and ``array(...)``."""
    items: dict[Key, Value] = {}
    rest: Unknown | None = None
    following = 0
    for element in node.named_children:
        if element.type == "comment":
            continue
        if element.type != "array_element_initializer":
            raise Undecidable("this element of an array")
        children = [child for child in element.named_children if child.type != "comment"]
        if len(children) == 1 and children[0].type == "variadic_unpacking":
            array = _spread(evaluator, children[0])
            if array.rest:
                # Any key may be in what is not known, and wins over what stood before it.
                items, rest = dict.fromkeys(items, array.rest), array.rest
            for name, value in array.items.items():
                items[following if isinstance(name, int) else name] = value
                following += isinstance(name, int)
            continue
        value_node = children[-1]
        if value_node.type == "by_ref":
            raise Undecidable("a reference in an array")
        if len(children) == 1:
            if rest:
                return rest
            items[following] = evaluator.value(value_node)
            following += 1
            continue
        name_value = evaluator.value(children[0])
        value = evaluator.value(value_node)
        if isinstance(name_value, Unknown):
            items, rest = dict.fromkeys(items, name_value), name_value
            continue
        name = key(name_value.value)
        items[name] = value
        if isinstance(name, int):
            if name < 0:
                raise Undecidable("which key follows a negative one")
            following = max(following, name + 1)
    return evaluator.literal(node, Array(items, rest))


def _spread(evaluator: Evaluator, node: Node) -> Array:
    spread = evaluator.value(node.named_children[-1])
    if isinstance(spread, Unknown):
        return Array({}, spread)
    if not isinstance(spread.value, Array):
        raise Undecidable("what is spread is no array")
    return spread.value


def subscript(evaluator: Evaluator, node: Node) -> Value:
    """``array[index]``."""
    found = element(evaluator, node)
    if found is None:
        raise Undecidable("the array has no such element")
    return found


def element(evaluator: Evaluator, node: Node) -> Value | None:
    """An element of an array; None where it surely is not there."""
    if len(node.named_children) != 2:
        raise Undecidable("this element")
    array_node, index_node = node.named_children
    if array_node.type == "variable_name" and word(array_node)[1:] in SUPERGLOBALS:
        raise Undecidable("what PHP's settings put into this array")
    array = optional(evaluator, array_node)
    index = evaluator.value(index_node)
    for value in (array, index):
        if isinstance(value, Unknown):
            return value
    if array is None or (isinstance(array, Known) and array.value is None):
        return None
    assert isinstance(array, Known)
    if not isinstance(array.value, Array):
        if isinstance(array.value, str) and isinstance(key(plain(index)), int):
            raise Undecidable("a letter of a text")
        return None
    return array.value.get(key(plain(index)))


def optional(evaluator: Evaluator, node: Node) -> Value | None:
    """As ``??`` and ``isset`` look at an expression: None where it surely is not set."""
    if node.type == "subscript_expression":
        try:
            return element(evaluator, node)
        except Undecidable as reason:
            return evaluator.refuse(node, str(reason))
    return evaluator.value(node)
