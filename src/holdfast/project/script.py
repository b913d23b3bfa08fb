"""A PHP file of which pieces are looked at, not its result: its calls, classes, literals.

What such code does when is not known: variables are unknown, and ``env()`` is, unless whoever looks
says which environment it would see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from holdfast.project.environment import Environment
from holdfast.project.expressions import Evaluator
from holdfast.project.expressions.calls import arguments
from holdfast.project.expressions.literals import class_name
from holdfast.project.functions import Paths
from holdfast.project.scope import Scope
from holdfast.project.statements import declare
from holdfast.project.syntax import PhpFile, word
from holdfast.project.values import Spot, Undecidable, Unknown, Value
from holdfast.project.version import NEWEST

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_NODES: Final = 1_000
"""Of an expression that is evaluated; a list of 300 texts has as many."""

CALLS: Final = (
    "function_call_expression", "scoped_call_expression", "member_call_expression",
    "nullsafe_member_call_expression",
)  # fmt: skip
"""The kinds of nodes that are calls."""

_FUNCTIONS: Final = ("anonymous_function", "arrow_function")
_UNSURE: Final = (
    "if_statement", "conditional_expression", "match_expression", "switch_statement",
    "for_statement", "foreach_statement", "while_statement", "do_statement", "try_statement",
    "binary_expression", *_FUNCTIONS,
)  # fmt: skip
_ROOT_FACADES: Final = "illuminate\\support\\facades\\"


@dataclass(frozen=True)
class Call:
    r"""A call.

    Args:
        name: ``env``, ``Auth::login`` (the class by its last word), ``->block``.
        owner: the class of a static call as PHP resolves it, in lower case; empty for others.
        arguments: by position; None where their number is not known.
        named: those that are given by name.
        node: where it stands.
        spot: of the name that is called.
        sure: whether it is made whenever the code is run that was looked at: in no branch, loop or
            further function of it.
        holder: the class and method around it: ``App\Console\Kernel::schedule``.
    """

    name: str
    owner: str
    arguments: tuple[Value, ...] | None
    named: Mapping[str, Value]
    node: Node = field(repr=False)
    spot: Spot
    sure: bool = True
    holder: str = ""

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
            once=True,
        )
        declare(scope)
        self._evaluator = Evaluator(scope)

    def value(self, node: Node) -> Value:
        """An expression, as far as it says by itself what it is."""
        if node.type in _FUNCTIONS:
            return self.file.unknown(node, "it is a function")
        if node.descendant_count > MAX_NODES:
            return self.file.unknown(node, "it is very long")
        found = self._evaluator.value(node)
        self._evaluator.scope.variables.clear()
        return found

    def class_name(self, node: Node) -> str:
        """A class as PHP resolves it."""
        return class_name(self._evaluator, node)

    def calls(
        self, below: Node | None = None, among: Callable[[str], bool] = lambda _: True
    ) -> Iterator[Call]:
        """The calls below a node or in the file, outer ones before those that they are made of.

        Args:
            below: a function or a statement; None for the file.
            among: which of them, by the bare name that is called.
        """
        top = below or self.file.root
        waiting = [(top, True, _Holder())]
        while waiting:
            node, sure, holder = waiting.pop()
            if node.type in CALLS and among(_bare(node)):
                found = self.call(node)
                if found is not None:
                    yield replace(found, sure=sure, holder=str(holder))
            if node.type in _UNSURE and node != top:
                sure = False
            holder = holder.within(self, node)
            waiting += [(child, sure, holder) for child in reversed(node.named_children)]

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


class _Holder(msgspec.Struct, frozen=True):
    """The class and the method that code stands in."""

    owner: str = ""
    method: str = ""

    def __str__(self) -> str:
        return f"{self.owner}::{self.method}" if self.method else self.owner

    def within(self, script: Script, node: Node) -> _Holder:
        if node.type in ("class_declaration", "trait_declaration"):
            named = node.child_by_field_name("name")
            return _Holder(script.class_name(named)) if named is not None else self
        if node.type == "method_declaration":
            return _Holder(self.owner, word(node.child_by_field_name("name")))
        return self


def _bare(node: Node) -> str:
    """What a call calls, without what it is called on."""
    called = node.child_by_field_name(
        "function" if node.type == "function_call_expression" else "name"
    )
    # A closure that is called where it stands has no name, and may be long.
    return word(called).lstrip("\\") if called is not None and "name" in called.type else ""


def is_facade(call: Call, name: str) -> bool:
    """Whether the owner of a static call is a facade: by its own name, or by its alias."""
    return call.owner in (_ROOT_FACADES + name.lower(), name.lower())


def receiver(node: Node) -> Node | None:
    """What a method is called on."""
    return node.child_by_field_name("object")


def functions(node: Node) -> Iterator[Node]:
    """The closures among the arguments of a call."""
    listed = node.child_by_field_name("arguments")
    for argument in listed.named_children if listed else ():
        for child in argument.named_children:
            if child.type in _FUNCTIONS:
                yield child
