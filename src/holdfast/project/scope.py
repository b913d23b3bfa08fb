"""What a file's expressions see, and what is no longer sure after code that was not followed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from holdfast.project.environment import Environment
from holdfast.project.functions import Paths
from holdfast.project.syntax import PhpFile, walk, word
from holdfast.project.values import Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

SUPERGLOBALS: Final = ("_ENV", "_SERVER", "GLOBALS")
"""Whoever writes to one of these may change what ``env()`` answers."""


@dataclass
class Scope:
    """What a file's expressions see.

    Args:
        file: which.
        environment: for ``env()``.
        paths: for ``storage_path()`` and its like.
        variables: those assigned so far.
        imports: class names by their short names in lower case.
        namespace: of the file.
        tainted: set once the file changes the environment by itself: ``env()`` is unknown then.
        forgotten: set once all variables may have changed.
        once: nothing is run in order, so that there is nothing to forget.
    """

    file: PhpFile
    environment: Environment
    paths: Paths
    variables: dict[str, Value] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    namespace: str = ""
    tainted: Unknown | None = None
    forgotten: Unknown | None = None
    once: bool = False

    def forget(self, node: Node, why: Unknown) -> None:
        """Take what a piece of code that was not followed may assign for unknown."""
        if self.once:
            return
        for below in walk(node):
            match below.type:
                case "assignment_expression" | "augmented_assignment_expression":
                    self._forget_variable(below.child_by_field_name("left"), why)
                case "update_expression" | "reference_assignment_expression" | "arguments":
                    for child in below.named_children:
                        self._forget_variable(child, why)
                case "foreach_statement" | "unset_statement" | "global_declaration":
                    for child in walk(below):
                        if child.type == "variable_name":
                            self._forget_variable(child, why)
                case (
                    "include_expression"
                    | "require_expression"
                    | "include_once_expression"
                    | ("require_once_expression")
                ):
                    self.variables.clear()
                    self.forgotten = why
                case "function_call_expression":
                    called = word(below.child_by_field_name("function")).lower().lstrip("\\")
                    if called in ("putenv", "extract", "parse_str", "eval"):
                        self.tainted = why
                        self.variables.clear()
                        self.forgotten = why

    def _forget_variable(self, node: Node | None, why: Unknown) -> None:
        """Of an argument, a target or a list of them: each variable in it that can be written."""
        if node is None:
            return
        if node.type in ("argument", "by_ref", "list_literal", "array_element_initializer"):
            for child in node.named_children:
                self._forget_variable(child, why)
            return
        while node is not None and node.type in (
            "subscript_expression",
            "member_access_expression",
        ):
            node = node.named_children[0] if node.named_children else None
        if node is not None and node.type == "dynamic_variable_name":
            self.variables.clear()
            self.forgotten = why
        if node is not None and node.type == "variable_name":
            name = word(node)[1:]
            if name in SUPERGLOBALS:
                self.tainted = why
            self.variables[name] = why
