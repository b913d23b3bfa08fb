"""What a configuration file returns: its statements, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.project.expressions import Evaluator
from holdfast.project.operators import truth
from holdfast.project.scope import Scope
from holdfast.project.syntax import word
from holdfast.project.values import Undecidable, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

_NOTHING = (
    "php_tag", "php_end_tag", "comment", "declare_statement", "empty_statement", "text",
    "function_definition", "class_declaration", "interface_declaration", "trait_declaration",
    "enum_declaration", ";",
)  # fmt: skip
_OTHER_FUNCTIONS = ("anonymous_function", "function_definition", "method_declaration")


def returned(scope: Scope) -> Value:
    """What ``require`` of the file would give."""
    runner = _Runner(Evaluator(scope))
    result = runner.run(scope.file.root.children)
    if result is not None:
        return result
    return Unknown(f"{scope.file.name}:1", "", "the file returns nothing")


def declare(scope: Scope) -> None:
    """Take up a file's namespace and imports without following its statements."""
    runner = _Runner(Evaluator(scope))
    waiting = list(scope.file.root.children)
    for node in waiting:
        if node.type == "namespace_definition":
            scope.namespace = word(node.child_by_field_name("name"))
            body = node.child_by_field_name("body")
            waiting += body.children if body else []
        elif node.type == "namespace_use_declaration":
            runner.take_in(node)


class _Runner:
    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._scope = evaluator.scope

    def run(self, nodes: list[Node]) -> Value | None:
        """The returned value; None where the statements end without one."""
        for node in nodes:
            result = self._one(node)
            if result is not None:
                return result
        return None

    def _one(self, node: Node) -> Value | None:
        match node.type:
            case "return_statement":
                if not node.named_children:
                    return self._scope.file.unknown(node, "the file returns nothing")
                return self._evaluator.value(node.named_children[-1])
            case "expression_statement":
                self._evaluator.value(node.named_children[0])
                return None
            case "namespace_use_declaration":
                self.take_in(node)
                return None
            case "namespace_definition":
                self._scope.namespace = word(node.child_by_field_name("name"))
                body = node.child_by_field_name("body")
                return self.run(body.children) if body else None
            case "compound_statement" | "colon_block":
                return self.run(node.children)
            case "if_statement":
                return self._if(node)
            case kind if kind in _NOTHING:
                return None
        return self._not_followed(node, "Holdfast does not follow this kind of statement")

    def _if(self, node: Node) -> Value | None:
        """An ``if`` without ``elseif``, whose condition can be decided."""
        condition_node = node.child_by_field_name("condition")
        body = node.child_by_field_name("body")
        others = [child for child in node.named_children if child.type.startswith("else")]
        simple = len(others) <= 1 and all(child.type == "else_clause" for child in others)
        if condition_node is None or body is None or not simple:
            return self._not_followed(node, "Holdfast does not follow this kind of statement")
        condition = self._evaluator.value(condition_node)
        if isinstance(condition, Unknown):
            return self._not_followed(node, condition.why)
        try:
            taken = truth(condition.value)
        except Undecidable as reason:
            return self._not_followed(node, str(reason))
        if taken:
            return self._one(body)
        return self._one(others[0].named_children[-1]) if others else None

    def _not_followed(self, node: Node, why: str) -> Unknown | None:
        """A statement that was not followed: what it may assign or return is unknown."""
        unknown = self._evaluator.refuse(node, why)
        return unknown if _may_return(node) else None

    def take_in(self, node: Node) -> None:
        """The names that ``use`` brings into the file."""
        if any(child.type in ("function", "const") for child in node.children):
            return
        prefix = ""
        clauses: list[Node] = []
        for child in node.named_children:
            if child.type == "namespace_name":
                prefix = word(child) + "\\"
            elif child.type == "namespace_use_clause":
                clauses.append(child)
            elif child.type == "namespace_use_group":
                clauses += [c for c in child.named_children if c.type == "namespace_use_clause"]
        for clause in clauses:
            if any(child.type in ("function", "const") for child in clause.children):
                continue
            alias = clause.child_by_field_name("alias")
            full = prefix + word(clause.named_children[0]).lstrip("\\")
            short = word(alias) if alias else full.rpartition("\\")[2]
            self._scope.imports[short.lower()] = full


def _may_return(node: Node) -> bool:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if current.type in ("return_statement", "exit_statement"):
            return True
        if current.type not in _OTHER_FUNCTIONS:
            waiting.extend(current.named_children)
    return False
