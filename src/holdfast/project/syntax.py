"""A PHP file as a tree: tree-sitter's, the only place that knows of it, and its literals.

The client, tree-sitter with tree-sitter-php, is the extra ``project``.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from holdfast.core.errors import EnvironmentLacking, FormatError
from holdfast.project.values import Spot, Undecidable, Unknown, shortened

if TYPE_CHECKING:
    from tree_sitter import Node

_MODULES = ("tree_sitter", "tree_sitter_php")
_ESCAPE = re.compile(
    rb"\\(?:([nrtvef\\$\"])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]{1,6})\})"
)
_ESCAPED = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"e": b"\x1b", b"f": b"\f",
    b"\\": b"\\", b"$": b"$", b'"': b'"',
}  # fmt: skip
_INTEGER = re.compile(r"(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")


@dataclass(frozen=True)
class PhpFile:
    """A parsed file.

    Args:
        name: relative to the project, for places.
        path: absolute, what ``__FILE__`` is.
        root: of the tree.
        data: its bytes.
    """

    name: str
    path: str
    root: Node = field(repr=False)
    data: bytes = field(repr=False)

    def place(self, node: Node) -> str:
        """File and line of an expression."""
        return f"{self.name}:{node.start_point.row + 1}"

    def spot(self, node: Node) -> Spot:
        """File, line and column of an expression."""
        row, column = node.start_point
        # The tree counts bytes, people count characters.
        before = self.data[node.start_byte - column : node.start_byte]
        return Spot(self.name, row + 1, len(before.decode(errors="replace")) + 1)

    def unknown(self, node: Node, why: str) -> Unknown:
        """What could not be evaluated at a node."""
        # Not the whole text: a node may be a megabyte long.
        raw = (node.text or b"")[:400]
        return Unknown(self.place(node), shortened(raw.decode(errors="replace")), why)


def parse(data: bytes, name: str, path: str) -> PhpFile:
    """Parse a file.

    Raises:
        EnvironmentLacking: tree-sitter is not installed.
        FormatError: it is not PHP; the message names file and line.
    """
    for module in _MODULES:
        if importlib.util.find_spec(module) is None:
            raise EnvironmentLacking(
                f"reading a Laravel project needs the Python package {module}",
                hint="pip install '.[project]' in a clone of Holdfast",
            )
    import tree_sitter
    import tree_sitter_php

    language = tree_sitter.Language(tree_sitter_php.language_php())
    root = tree_sitter.Parser(language).parse(data).root_node
    if root.has_error:
        broken = _first_error(root)
        raise FormatError(
            f"{name}:{broken.start_point.row + 1}: not valid PHP",
            offset=broken.start_byte,
            expected="PHP",
            hint=f"`php -l {name}` says what is wrong",
        )
    return PhpFile(name, path, root, data)


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it, without recursion: trees may be deep."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.named_children))


def word(node: Node | None) -> str:
    """The text of a name."""
    return (node.text or b"").decode(errors="replace") if node is not None else ""


def whole_number(node: Node) -> int:
    """An integer literal."""
    digits = word(node).replace("_", "")
    if not _INTEGER.fullmatch(digits):
        raise Undecidable("this number")
    if re.fullmatch("0[0-7]+", digits):
        digits = "0o" + digits[1:]
    number = int(digits, 0)
    if number >= 2**63:
        raise Undecidable("the number is too large")
    return number


def decimal(node: Node) -> float:
    """A literal with a point or an exponent."""
    try:
        return float(word(node).replace("_", ""))
    except ValueError:
        # The grammar takes a lone point, as in ``[..f()]``, for a number.
        raise Undecidable("this number") from None


def single_quoted(node: Node) -> str:
    """The text of a string in single quotes."""
    raw = node.text or b""
    if raw[:1] in b"bB":
        raw = raw[1:]
    return _decoded(re.sub(rb"\\([\\'])", rb"\1", raw[1:-1]))


def double_quoted(raw: bytes) -> str:
    """A piece of a string in double quotes that has no variable."""
    if re.search(rb"\\u\{(?![0-9A-Fa-f]{1,6}\})", raw):
        raise Undecidable("this escape")
    return _decoded(_ESCAPE.sub(_unescaped, raw))


def _unescaped(match: re.Match[bytes]) -> bytes:
    simple, octal, hexadecimal, point = match.groups()
    if simple:
        return _ESCAPED[simple]
    if octal:
        return bytes([int(octal, 8) & 0xFF])
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    try:
        return chr(int(point, 16)).encode()
    except (ValueError, UnicodeEncodeError):
        raise Undecidable("this escape") from None


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise Undecidable("a text that is not UTF-8") from None


def _first_error(root: Node) -> Node:
    found = root
    while True:
        below = next((child for child in found.children if child.has_error), None)
        if below is None or found.is_error or found.is_missing:
            return found
        found = below
