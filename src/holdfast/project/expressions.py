"""Evaluates PHP expressions without running PHP: a value and where it is from, or Unknown and why.

Only what a configuration file needs, and only what has one possible result. The evaluation follows
PHP's order, and a branch that PHP would not take is not looked at, but what is assigned in one
that could not be decided is unknown afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias

from holdfast.project.functions import (
    CLASS_CONSTANTS,
    CONSTANTS,
    DIRECTORIES,
    FUNCTIONS,
    METHODS,
)
from holdfast.project.operators import (
    Plain,
    calculated,
    concatenated,
    equal,
    floating,
    identical,
    integer,
    key,
    less,
    limited,
    negative,
    plain,
    text,
    truth,
    union,
)
from holdfast.project.scope import SUPERGLOBALS, Scope
from holdfast.project.syntax import (
    broken_number,
    double_quoted,
    single_quoted,
    whole_number,
    word,
)
from holdfast.project.values import Array, Key, Known, Source, Undecidable, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH: Final = 100
"""Expressions nested deeper are unknown; real configurations reach 15."""

_ENV_CLASS = "illuminate\\support\\env"
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
_ARITHMETIC = ("+", "-", "*", "/", "%")

Arguments: TypeAlias = "list[tuple[str, Node]]"


class Evaluator:
    """Evaluates the expressions of one file."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._depth = 0
        self._kinds: Mapping[str, Callable[[Node], Value]] = {
            "string": lambda node: self._literal(node, single_quoted(node)),
            "encapsed_string": self._encapsed,
            "integer": lambda node: self._literal(node, whole_number(node)),
            "float": lambda node: self._literal(node, broken_number(node)),
            "boolean": lambda node: self._literal(node, word(node).lower() == "true"),
            "null": lambda node: self._literal(node, None),
            "name": self._constant,
            "qualified_name": self._constant,
            "variable_name": self._variable,
            "parenthesized_expression": lambda node: self.value(node.named_children[-1]),
            "error_suppression_expression": lambda node: self.value(node.named_children[-1]),
            "array_creation_expression": self._array,
            "subscript_expression": self._subscript,
            "unary_op_expression": self._unary,
            "cast_expression": self._cast,
            "binary_expression": self._binary,
            "conditional_expression": self._conditional,
            "match_expression": self._match,
            "assignment_expression": self._assignment,
            "augmented_assignment_expression": self._augmented,
            "function_call_expression": self._call,
            "scoped_call_expression": self._static_call,
            "class_constant_access_expression": self._class_constant,
        }

    def value(self, node: Node) -> Value:
        """The value of an expression."""
        evaluate = self._kinds.get(node.type)
        if evaluate is None:
            return self.refuse(node, "Holdfast does not follow this kind of expression")
        if self._depth >= MAX_DEPTH:
            return self.refuse(node, f"it is nested deeper than {MAX_DEPTH}")
        self._depth += 1
        try:
            return evaluate(node)
        except Undecidable as reason:
            return self.refuse(node, str(reason))
        finally:
            self._depth -= 1

    def refuse(self, node: Node, why: str) -> Unknown:
        """The Unknown of an expression; what it may have assigned is unknown from here on."""
        unknown = self.scope.file.unknown(node, why)
        self.scope.forget(node, unknown)
        return unknown

    def _known(self, node: Node, result: Plain, *of: Value) -> Known:
        """What was made at a node out of known values."""
        source = Source((self.scope.file.place(node),))
        return Known(result, source.made_with(v.source for v in of if isinstance(v, Known)))

    def _literal(self, node: Node, value: Plain) -> Known:
        return Known(value, Source((self.scope.file.place(node),)))

    def _apply(self, node: Node, function: Callable[..., Plain], values: list[Value]) -> Value:
        for value in values:
            if isinstance(value, Unknown):
                return value
        try:
            result = function(*map(plain, values))
        except TypeError:
            raise Undecidable("not with these arguments") from None
        known = self._known(node, result, *values)
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

    # literals and names

    def _encapsed(self, node: Node) -> Value:
        parts: list[Value] = []
        for child in node.children:
            if child.type in ('"', "{", "}", 'b"', 'B"'):
                continue
            if child.type in ("string_content", "escape_sequence"):
                parts.append(self._literal(child, double_quoted(child.text or b"")))
            elif child.is_named:
                parts.append(self.value(child))
            else:
                raise Undecidable("this text with variables in it")
        if any(isinstance(part, Known) and isinstance(part.value, Array) for part in parts):
            raise Undecidable("an array is no text")
        return self._apply(node, lambda *all_parts: limited("".join(map(text, all_parts))), parts)

    def _constant(self, node: Node) -> Value:
        name = word(node).lstrip("\\")
        match name:
            case "__DIR__":
                return self._literal(node, self.scope.file.path.rpartition("/")[0])
            case "__FILE__":
                return self._literal(node, self.scope.file.path)
        if name.lower() not in CONSTANTS:
            raise Undecidable("this constant")
        return self._literal(node, CONSTANTS[name.lower()])

    def _variable(self, node: Node) -> Value:
        name = word(node)[1:]
        found = self.scope.variables.get(name)
        if found is not None:
            return found
        raise Undecidable(
            self.scope.forgotten.why if self.scope.forgotten else "this variable is set elsewhere"
        )

    def _class_name(self, node: Node) -> str:
        """A class as PHP resolves it, without the leading backslash."""
        name = word(node)
        if name.startswith("\\"):
            return name[1:]
        first, backslash, rest = name.partition("\\")
        if imported := self.scope.imports.get(first.lower()):
            return imported + backslash + rest
        return f"{self.scope.namespace}\\{name}".lstrip("\\")

    def _class_constant(self, node: Node) -> Value:
        owner, constant = node.named_children[0], word(node.named_children[-1])
        if owner.type not in ("name", "qualified_name") or word(owner).lower() in (
            "static",
            "self",
            "parent",
        ):
            raise Undecidable("a constant of a class that is not named")
        name = self._class_name(owner)
        if constant.lower() == "class":
            return self._literal(node, name)
        full = f"{name.lower()}::{constant}"
        if full not in CLASS_CONSTANTS:
            raise Undecidable("this constant of a class")
        return self._literal(node, CLASS_CONSTANTS[full])

    # arrays

    def _array(self, node: Node) -> Value:
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
                array = self._spread(children[0])
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
                items[following] = self.value(value_node)
                following += 1
                continue
            name_value = self.value(children[0])
            value = self.value(value_node)
            if isinstance(name_value, Unknown):
                items, rest = dict.fromkeys(items, name_value), name_value
                continue
            name = key(name_value.value)
            items[name] = value
            if isinstance(name, int):
                if name < 0:
                    raise Undecidable("which key follows a negative one")
                following = max(following, name + 1)
        return self._literal(node, Array(items, rest))

    def _spread(self, node: Node) -> Array:
        spread = self.value(node.named_children[-1])
        if isinstance(spread, Unknown):
            return Array({}, spread)
        if not isinstance(spread.value, Array):
            raise Undecidable("what is spread is no array")
        return spread.value

    def _subscript(self, node: Node) -> Value:
        found = self._element(node)
        if found is None:
            raise Undecidable("the array has no such element")
        return found

    def _element(self, node: Node) -> Value | None:
        """An element of an array; None where it surely is not there."""
        if len(node.named_children) != 2:
            raise Undecidable("this element")
        array_node, index_node = node.named_children
        if array_node.type == "variable_name" and word(array_node)[1:] in SUPERGLOBALS:
            raise Undecidable("what PHP's settings put into this array")
        array = self._optional(array_node)
        index = self.value(index_node)
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

    def _optional(self, node: Node) -> Value | None:
        """As ``??`` and ``isset`` look at an expression: None where it surely is not set."""
        if node.type == "subscript_expression":
            try:
                return self._element(node)
            except Undecidable as reason:
                return self.refuse(node, str(reason))
        return self.value(node)

    # operators

    def _unary(self, node: Node) -> Value:
        operand = self.value(node.named_children[-1])
        operator = word(node.children[0])
        functions: dict[str, Callable[[Plain], Plain]] = {
            "!": lambda value: not truth(value),
            "-": negative,
            "+": lambda value: calculated("+", value, 0),
        }
        if operator not in functions:
            raise Undecidable("this operator")
        return self._apply(node, functions[operator], [operand])

    def _cast(self, node: Node) -> Value:
        cast = word(node.child_by_field_name("type")).strip().lower()
        value = self.value(node.named_children[-1])
        if isinstance(value, Unknown):
            return value
        if cast == "array":
            if isinstance(value.value, Array):
                return value
            items: dict[Key, Value] = {} if value.value is None else {0: value}
            return Known(Array(items), value.source)
        if cast not in _CASTS:
            raise Undecidable("this cast")
        # A cast of a variable still is that variable, for people.
        return Known(_CASTS[cast](value.value), value.source)

    def _binary(self, node: Node) -> Value:
        operator = word(node.child_by_field_name("operator")).lower()
        left_node = node.child_by_field_name("left")
        right_node = node.child_by_field_name("right")
        assert left_node is not None
        assert right_node is not None
        if operator == "??":
            return self._coalesced(left_node, right_node)
        left = self.value(left_node)
        if operator in ("&&", "and", "||", "or"):
            return self._logical(node, left, right_node, stop=operator in ("||", "or"))
        right = self.value(right_node)
        if operator == "+" and isinstance(left, Known) and isinstance(left.value, Array):
            return self._united(node, left, left.value, right)
        if operator in _ARITHMETIC:
            return self._apply(node, lambda a, b: calculated(operator, a, b), [left, right])
        if operator not in _COMPARISONS:
            raise Undecidable("this operator")
        return self._apply(node, _COMPARISONS[operator], [left, right])

    def _united(self, node: Node, left: Known, array: Array, right: Value) -> Value:
        """``array + more``: the left one's elements are known, whatever the right one is."""
        if isinstance(right, Unknown):
            return Known(Array(array.items, array.rest or right), left.source)
        if not isinstance(right.value, Array):
            raise Undecidable("an array plus something else")
        return self._known(node, union(array, right.value), left, right)

    def _coalesced(self, left_node: Node, right_node: Node) -> Value:
        left = self._optional(left_node)
        if isinstance(left, Unknown):
            self.scope.forget(right_node, left)
            return left
        if left is not None and left.value is not None:
            return left
        right = self.value(right_node)
        if left is not None and left.source.uses and isinstance(right, Known):
            return Known(right.value, right.source.made_with([left.source]))
        return right

    def _logical(self, node: Node, left: Value, right_node: Node, *, stop: bool) -> Value:
        if isinstance(left, Unknown):
            self.scope.forget(right_node, left)
            return left
        if truth(left.value) is stop:
            return self._known(node, stop, left)
        return self._apply(node, lambda _, right: truth(right), [left, self.value(right_node)])

    def _conditional(self, node: Node) -> Value:
        condition_node = node.child_by_field_name("condition")
        body = node.child_by_field_name("body")
        alternative = node.child_by_field_name("alternative")
        assert condition_node is not None
        assert alternative is not None
        condition = self.value(condition_node)
        if isinstance(condition, Unknown):
            self.scope.forget(node, condition)
            return condition
        taken = alternative
        if truth(condition.value):
            if body is None:
                return condition
            taken = body
        return self._because(self.value(taken), condition)

    def _because(self, value: Value, condition: Known) -> Value:
        """A value that was chosen by a condition: what decided is part of its source."""
        if isinstance(value, Unknown) or not condition.source.uses:
            return value
        if value.source.direct and set(condition.source.uses) <= set(value.source.uses):
            return value
        return Known(value.value, value.source.made_with([condition.source]))

    def _match(self, node: Node) -> Value:
        condition_node = node.child_by_field_name("condition")
        body = node.child_by_field_name("body")
        assert condition_node is not None
        assert body is not None
        subject = self.value(condition_node)
        default: Node | None = None
        if isinstance(subject, Unknown):
            self.scope.forget(node, subject)
            return subject
        for arm in body.named_children:
            result = arm.child_by_field_name("return_expression")
            if arm.type == "match_default_expression":
                default = result
            elif arm.type == "match_conditional_expression" and result is not None:
                conditions = arm.child_by_field_name("conditional_expressions")
                for condition in conditions.named_children if conditions else ():
                    value = self.value(condition)
                    if isinstance(value, Unknown):
                        self.scope.forget(node, value)
                        return value
                    if identical(subject.value, value.value):
                        return self._because(self.value(result), subject)
        if default is None:
            raise Undecidable("no arm matches")
        return self._because(self.value(default), subject)

    # assignments

    def _assignment(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        assert left is not None
        assert right is not None
        value = self.value(right)
        self._assign(node, left, value)
        return value

    def _assign(self, node: Node, left: Node, value: Value) -> None:
        if left.type == "variable_name":
            name = word(left)[1:]
            if name in SUPERGLOBALS:
                raise Undecidable("an assignment to it")
            self.scope.variables[name] = value
            return
        if left.type == "subscript_expression" and len(left.named_children) == 2:
            holder, index_node = left.named_children
            index = self.value(index_node)
            array = self.scope.variables.get(word(holder)[1:])
            if (
                holder.type == "variable_name"
                and isinstance(array, Known)
                and isinstance(array.value, Array)
                and isinstance(index, Known)
            ):
                items = {**array.value.items, key(index.value): value}
                changed = Known(Array(items, array.value.rest), array.source)
                self.scope.variables[word(holder)[1:]] = changed
                return
        raise Undecidable("an assignment of this kind")

    def _augmented(self, node: Node) -> Value:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        assert left is not None
        assert right is not None
        operator = word(node.child_by_field_name("operator"))[:-1]
        if left.type != "variable_name":
            raise Undecidable("an assignment of this kind")
        if operator == "??":
            value = self.scope.variables.get(word(left)[1:])
            if isinstance(value, Known) and value.value is None:
                value = self.value(right)
            value = value or self._variable(left)
        elif operator == ".":
            value = self._apply(node, concatenated, [self.value(left), self.value(right)])
        elif operator in _ARITHMETIC:
            value = self._apply(
                node,
                lambda a, b: calculated(operator, a, b),
                [self.value(left), self.value(right)],
            )
        else:
            raise Undecidable("this operator")
        self._assign(node, left, value)
        return value

    # calls

    def _arguments(self, node: Node) -> Arguments:
        """Name (empty for a positional one) and expression of each."""
        arguments: Arguments = []
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
            arguments.append((word(name), expression))
        return arguments

    def _call(self, node: Node) -> Value:
        function = node.child_by_field_name("function")
        if function is None or function.type not in ("name", "qualified_name"):
            raise Undecidable("what is called here")
        name = word(function).lower().lstrip("\\")
        match name:
            case "env":
                return self._env(node)
            case "getenv":
                return self._getenv(node)
            case "isset" | "empty":
                return self._isset(node, empty=name == "empty")
            case "storage_path" | "database_path":
                return self._path(node, name)
        if name in DIRECTORIES:
            return self._path(node, name)
        if name not in FUNCTIONS:
            raise Undecidable("what this function gives")
        return self._apply(node, FUNCTIONS[name], self._positional(node))

    def _static_call(self, node: Node) -> Value:
        owner, method = node.child_by_field_name("scope"), node.child_by_field_name("name")
        if owner is None or owner.type not in ("name", "qualified_name"):
            raise Undecidable("what is called here")
        full = f"{self._class_name(owner)}::{word(method)}".lower()
        if full == f"{_ENV_CLASS}::get":
            return self._env(node)
        if full not in METHODS:
            raise Undecidable("what this method gives")
        return self._apply(node, METHODS[full], self._positional(node))

    def _positional(self, node: Node) -> list[Value]:
        arguments = self._arguments(node)
        if any(name for name, _ in arguments):
            raise Undecidable("named arguments")
        return [self.value(expression) for _, expression in arguments]

    def _env(self, node: Node) -> Value:
        bound: dict[str, Node] = {}
        for position, (name, expression) in enumerate(self._arguments(node)):
            bound[name or ("key", "default", "more")[min(position, 2)]] = expression
        if self.scope.tainted:
            return self.scope.tainted
        if "key" not in bound:
            raise Undecidable("which variable is read")
        variable = self.value(bound["key"])
        if isinstance(variable, Unknown):
            return variable
        found = self.scope.environment.env(text(variable.value))
        if found is not None:
            value, use = found
            return Known(value, Source((self.scope.file.place(node),), (use,), direct=True))
        if "default" in bound:
            return self.value(bound["default"])
        return self._literal(node, None)

    def _getenv(self, node: Node) -> Value:
        values = self._positional(node)
        if self.scope.tainted:
            return self.scope.tainted
        if len(values) != 1 or isinstance(values[0], Unknown):
            raise Undecidable("which variable is read")
        found = self.scope.environment.raw(text(values[0].value))
        if found is None:
            return self._literal(node, value=False)
        return Known(found[0], Source((self.scope.file.place(node),), (found[1],), direct=True))

    def _isset(self, node: Node, *, empty: bool) -> Value:
        values: list[Value] = []
        for _, expression in self._arguments(node):
            value = self._optional(expression)
            if isinstance(value, Unknown):
                return value
            answer = value is not None and (
                truth(value.value) if empty else value.value is not None
            )
            values += [value] if value is not None else []
            if not answer:
                return self._known(node, empty, *values)
        return self._known(node, not empty, *values)

    def _path(self, node: Node, name: str) -> Value:
        paths = self.scope.paths
        root: str | Unknown
        if name == "storage_path":
            root = paths.storage
        elif name == "database_path":
            root = paths.database
        else:
            root = paths.joined(paths.base, DIRECTORIES[name])
        if isinstance(root, Unknown):
            return root
        below = self._positional(node)
        where = root
        return self._apply(node, lambda path="": paths.joined(where, path), below)
