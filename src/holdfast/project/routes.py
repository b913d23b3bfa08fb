"""The paths that ``routes/web.php`` answers: each opens a session, as far as the file says.

Only what is literal is told: a path that a package, a controller's attribute or a loop registers is
not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from holdfast.project.directory import Directory
from holdfast.project.script import Call, Script, is_facade, receiver
from holdfast.project.syntax import PhpFile
from holdfast.project.values import Array, Broken, Known, Spot, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

WEB: Final = "routes/web.php"
_BOOTSTRAP: Final = "bootstrap/app.php"
_VERBS: Final = frozenset((
    "get", "post", "put", "patch", "delete", "options", "any", "match", "view", "redirect",
    "permanentRedirect",
))  # fmt: skip
_STARTS: Final = frozenset(("startsession", "web"))
_PARAMETER = re.compile(r"\{([^}]*)\}")


class Route(msgspec.Struct, frozen=True):
    """A route.

    Args:
        verb: the method of ``Route`` that made it: ``get``, ``view``.
        path: from the root, with ``{parameters}``; None where it is not literal.
        session: whether a request opens a session, from all that the file says.
        spot: where it stands.
    """

    verb: str
    path: str | None
    session: bool
    spot: Spot

    def answers(self, path: str) -> bool:
        """Whether a GET of a path comes here."""
        if self.path is None or self.verb not in ("get", "any", "match", "view", "redirect"):
            return False
        pattern = "".join(
            "[^/]+" if index % 2 else re.escape(piece)
            for index, piece in enumerate(_PARAMETER.split(self.path))
        )
        return re.fullmatch(pattern, "/" + path.partition("?")[0].strip("/")) is not None


def routes(directory: Directory, name: str = WEB) -> tuple[Route, ...] | Broken:
    """The routes of a file, in its order; none where there is no such file."""
    file = directory.tree(name)
    if isinstance(file, Broken):
        return file
    return tuple(_routes(file)) if file is not None else ()


def session_route(directory: Directory, path: str) -> Route | None:
    """The route that answers a GET of a path and opens a session; None where none surely does."""
    found = directory.of(routes)
    if isinstance(found, Broken):
        return None
    answering = [route for route in found if route.answers(path)]
    # One that names it is found before one with parameters, and Laravel's own stands before them.
    first = next((route for route in answering if "{" not in (route.path or "")), None)
    if first is None and answering and directory.of(health_route) in (path, None):
        return None
    first = first or next(iter(answering), None)
    return first if first is not None and first.session else None


def health_route(directory: Directory) -> str | None:
    """The path of Laravel's own health route; empty where there is none, None where unknown."""
    file = directory.tree(_BOOTSTRAP)
    if file is None:
        return ""
    if isinstance(file, Broken):
        return None
    for call in Script(file).calls():
        if call.name == "->withRouting":
            value = call.argument(6, "health")
            path = _text(value)
            return "" if value is None else None if path is None else "/" + path.strip("/")
    return ""


class _Around(msgspec.Struct, frozen=True):
    """What the groups around a piece of code add to its routes."""

    prefixes: tuple[str | None, ...] = ()
    session: bool = True

    def within(self, chain: list[Call]) -> _Around:
        """With what the calls of one chain say, the last one first."""
        prefixes: list[str | None] = []
        session = self.session
        for call in chain:
            match _verb(call):
                case "withoutMiddleware" if _drops(call):
                    session = False
                case "prefix":
                    prefixes.append(_text(call.argument(0, "prefix")))
                case "group":
                    options = call.argument(0, "attributes")
                    if isinstance(options, Known) and isinstance(options.value, Array):
                        prefix = options.value.get("prefix")
                        prefixes += [_text(prefix)] if prefix is not None else []
        return _Around((*self.prefixes, *reversed(prefixes)), session)


def _routes(file: PhpFile) -> Iterator[Route]:
    script = Script(file)
    waiting = [(file.root, _Around())]
    while waiting:
        node, around = waiting.pop()
        chain = list(_chain(script, node))
        if not chain:
            waiting += [(child, around) for child in reversed(node.named_children)]
            continue
        inner = around.within(chain)
        if is_facade(chain[-1], "Route"):
            yield from (_route(call, inner) for call in chain if _verb(call) in _VERBS)
        # Only what a chain is given can hold further routes.
        for call in chain:
            listed = call.node.child_by_field_name("arguments")
            waiting += [(listed, inner)] if listed is not None else []


def _route(call: Call, around: _Around) -> Route:
    verb = _verb(call)
    parts = [*around.prefixes, _text(call.argument(1 if verb == "match" else 0, "uri"))]
    path = None
    if all(part is not None for part in parts):
        path = "/" + "/".join(str(part).strip("/") for part in parts if str(part).strip("/"))
    return Route(verb, path, around.session, call.spot)


def _verb(call: Call) -> str:
    return call.name.rpartition("::")[2].removeprefix("->")


def _chain(script: Script, node: Node) -> Iterator[Call]:
    """A call, and those that it is made on, down to the first."""
    current: Node | None = node
    while current is not None and (call := script.call(current)) is not None:
        yield call
        current = receiver(current)


def _drops(call: Call) -> bool:
    value = call.argument(0, "middleware")
    if value is None or isinstance(value, Unknown):
        return value is not None
    values: list[Value] = [value]
    if isinstance(value.value, Array):
        values = list(value.value.items.values())
    names = [_text(each) for each in values]
    return any(n is None or n.rpartition("\\")[2].lower() in _STARTS for n in names)


def _text(value: Value | None) -> str | None:
    return value.value if isinstance(value, Known) and isinstance(value.value, str) else None
