"""A PHP file of which pieces are looked at, not its result: its calls, classes, literals.

What such code does when is not known: variables are unknown, and ``env()`` is, unless whoever looks
says which environment it would see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from holdfast.project.environment import Environment
from holdfast.project.expressions import Evaluator
from holdfast.project.expressions.calls import arguments
from holdfast.project.expressions.literals import class_name
from holdfast.project.functions import Paths
from holdfast.project.scope import Scope
from holdfast.project.statements import declare
from holdfast.project.syntax import PhpFile, walk, word
from holdfast.project.values import Spot, Undecidable, Unknown, Value
from holdfast.project.version import NEWEST

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTIONS: Final = ("anonymous_function", "arrow_function")
_UNSURE: Final = (
    "if_statement", "conditional_expression", "match_expression", "switch_statement",
    "for_statement", "foreach_statement", "while_statement", "do_statement", "try_statement",
    "binary_expression", *_FUNCTIONS,
)  # fmt: skip
_ROOT_FACADES: Final = "illuminate\\support\\facades\\"


@dataclass(frozen=True)
class Call:
    """A call.

    Args:
        name: ``env``, ``Auth::login`` (the class by its last word), ``->block``.
        owner: the class of a static call as PHP resolves it, in lower case; empty for others.
        arguments: by position; None where their number is not known.
        named: those that are given by name.
        node: where it stands.
        spot: of the name that is called.
    """

    name: str
    owner: str
    arguments: tuple[Value, ...] | None
    named: Mapping[str, Value]
    node: Node = field(repr=False)
    spot: Spot

    def argument(self, position: int, name: str) -> Value | None:
        """An argument by its position or its name; None where it is not given."""
        if name in self.named:
            return self.named[name]
        if self.arguments is None:
            return Unknown(str(self.spot), self.name, "how many arguments it is given")
        return self.arguments[position] if position < len(self.arguments) else None


class Script:
    """A parsed file, to be looked into.

    Args:
        file: which.
        environment: for its ``env()``; None where that is not known.
        paths: for ``base_path()`` and its like.
    """

    def __init__(
        self, file: PhpFile, environment: Environment | None = None, paths: Paths | None = None
    ) -> None:
        self.file = file
        when = Unknown(file.name, "env()", "it depends on when this code runs")
        elsewhere = Unknown(file.name, "storage_path()", when.why)
        scope = Scope(
            file,
            environment or Environment({}),
            paths or Paths("", elsewhere, elsewhere, NEWEST),
            tainted=None if environment else when,
        )
        declare(scope)
        self._evaluator = Evaluator(scope)

    def value(self, node: Node) -> Value:
        """An expression, as far as it says by itself what it is."""
        if node.type in _FUNCTIONS:
            return self.file.unknown(node, "it is a function")
        return self._evaluator.value(node)

    def class_name(self, node: Node) -> str:
        """A class as PHP resolves it."""
        return class_name(self._evaluator, node)

    def calls(self, below: Node | None = None) -> Iterator[Call]:
        """All calls below a node or in the file, in the order of their beginnings."""
        for node in walk(below or self.file.root):
            if (found := self.call(node)) is not None:
                yield found

    def call(self, node: Node) -> Call | None:
        """A node as a call; None where it is none, or of what has no name."""
        if (named := self._named(node)) is None:
            return None
        name, owner, at = named
        listed = self._arguments(node)
        positional = None if listed is None else tuple(v for label, v in listed if not label)
        named_ones = {label: value for label, value in listed or () if label}
        return Call(name, owner, positional, named_ones, node, self.file.spot(at))

    def _named(self, node: Node) -> tuple[str, str, Node] | None:
        """Name, owner and the node that names what is called."""
        match node.type:
            case "function_call_expression":
                called = node.child_by_field_name("function")
                if called is None or called.type not in ("name", "qualified_name"):
                    return None
                return word(called).lower().rpartition("\\")[2], "", called
            case "scoped_call_expression":
                owner, called = node.child_by_field_name("scope"), node.child_by_field_name("name")
                if owner is None or called is None or called.type != "name":
                    return None
                if owner.type not in ("name", "qualified_name"):
                    return None
                full = self.class_name(owner)
                return f"{full.rpartition(chr(92))[2]}::{word(called)}", full.lower(), owner
            case "member_call_expression" | "nullsafe_member_call_expression":
                called = node.child_by_field_name("name")
                if called is None or called.type != "name":
                    return None
                return f"->{word(called)}", "", called
        return None

    def _arguments(self, node: Node) -> list[tuple[str, Value]] | None:
        try:
            listed = arguments(node)
        except Undecidable:
            return None
        return [(name, self.value(expression)) for name, expression in listed]


def is_facade(call: Call, name: str) -> bool:
    """Whether the owner of a static call is a facade: by its own name, or by its alias."""
    return call.owner in (_ROOT_FACADES + name.lower(), name.lower())


def receiver(node: Node) -> Node | None:
    """What a method is called on."""
    return node.child_by_field_name("object")


def surely_runs(node: Node, within: Node) -> bool:
    """Whether what stands at a node runs whenever the body ``within`` does: in no branch of it."""
    current = node.parent
    while current is not None and current != within:
        if current.type in _UNSURE:
            return False
        current = current.parent
    return True


def functions(node: Node) -> Iterator[Node]:
    """The closures among the arguments of a call."""
    listed = node.child_by_field_name("arguments")
    for argument in listed.named_children if listed else ():
        for child in argument.named_children:
            if child.type in _FUNCTIONS:
                yield child
