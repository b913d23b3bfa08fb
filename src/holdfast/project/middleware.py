"""What happens to a request before the application's own code: trusted proxies, groups, sessions.

From Laravel 11 on that is said in ``bootstrap/app.php``
(Illuminate/Foundation/Configuration/Middleware.php), before in ``app/Http/Kernel.php`` and the
classes that it names; applications that came from an older release keep these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from holdfast.project.classes import PhpClass, classes
from holdfast.project.code import Code
from holdfast.project.directory import Directory
from holdfast.project.environment import Environment
from holdfast.project.functions import Paths
from holdfast.project.project import Project
from holdfast.project.script import Call, Script, functions
from holdfast.project.syntax import PhpFile, walk, word
from holdfast.project.trusted_proxies import Texts, TrustedProxies, configured, texts, trusting
from holdfast.project.values import Broken, Spot, Unknown, Value

if TYPE_CHECKING:
    from tree_sitter import Node

_BOOTSTRAP: Final = "bootstrap/app.php"
_KERNEL: Final = "app/Http/Kernel.php"
_TRUST_PROXIES: Final = "app/Http/Middleware/TrustProxies.php"
_AUTHENTICATE: Final = ("illuminate\\session\\middleware\\authenticatesession", "auth.session")
_TRUSTING: Final = frozenset((
    "illuminate\\http\\middleware\\trustproxies", "fideloper\\proxy\\trustproxies",
))  # fmt: skip
_BY_CODE: Final = ("TrustProxies::at", "Request::setTrustedProxies", "->setTrustedProxies")
_EXCHANGING: Final = ("->replace", "->use", "->remove")
_CLASSES: Final = ("class_constant_access_expression", "string")
_GROUPING: Final = frozenset((
    "web", "api", "group", "append", "prepend", "use", "appendToGroup", "prependToGroup", "replace",
    "replaceInGroup",
))  # fmt: skip


@dataclass(frozen=True)
class Middleware:
    """What a project does with requests.

    Args:
        trusted: the proxies that are believed; Unknown where code decides.
        classes: the middleware that is named for all requests and in groups, with where; names as
            PHP resolves them, aliases as they stand.
        unencrypted: names of cookies that are not encrypted.
        csrf_except: paths without a check of the token.
        stateful_api: where Sanctum is asked to give the API sessions; None where it is not.
        authenticates_sessions: where a password's change is made to end other sessions
            (``AuthenticateSession``); None where it is not.
        env_calls: the ``env()`` that ``withMiddleware`` asks: it runs before ``.env`` is read.
        health: the path of the health route, which opens no session; None where there is none.
        broken: the files that cannot be read.
    """

    trusted: TrustedProxies | Unknown
    classes: Mapping[str, Spot] = field(default_factory=dict)
    unencrypted: Texts = ()
    csrf_except: Texts = ()
    stateful_api: Spot | None = None
    authenticates_sessions: Spot | None = None
    env_calls: tuple[Call, ...] = ()
    health: Value | None = None
    broken: tuple[Broken, ...] = ()


def middleware(directory: Directory, project: Project, code: Code) -> Middleware:
    """What a project does with requests, in the environment that it was loaded in."""
    found = _declared(directory, project)
    for call in code.called(*_BY_CODE):
        if not call.spot.file.startswith("bootstrap/"):
            return replace(found, trusted=_unknown(call, "it is set by code"))
    return found


def _declared(directory: Directory, project: Project) -> Middleware:
    bootstrap = directory.tree(_BOOTSTRAP)
    if isinstance(bootstrap, Broken):
        return Middleware(_not_read(bootstrap), broken=(bootstrap,))
    if bootstrap is not None and b"withMiddleware" in bootstrap.data:
        return _Bootstrap(directory, project, bootstrap).read()
    kernel = directory.tree(_KERNEL)
    if isinstance(kernel, Broken):
        return Middleware(_not_read(kernel), broken=(kernel,))
    if kernel is not None:
        return _Kernel(directory, project, kernel).read()
    return Middleware(
        Unknown(_BOOTSTRAP, "", "neither bootstrap/app.php nor app/Http/Kernel.php says it")
    )


class _Bootstrap:
    """``bootstrap/app.php`` of Laravel 11 and later."""

    def __init__(self, directory: Directory, project: Project, file: PhpFile) -> None:
        self._directory = directory
        self._project = project
        # The closure runs while the kernel is made, and that makes the kernel read .env later.
        early = Environment(project.environment.process)
        self._script = Script(file, early, _paths(project))

    def read(self) -> Middleware:
        script = self._script
        calls = list(script.calls())
        body = next(
            (
                body
                for call in calls
                if call.name == "->withMiddleware"
                for body in functions(call.node)
            ),
            None,
        )
        health = next(
            (call.argument(6, "health") for call in calls if call.name == "->withRouting"), None
        )
        if body is None:
            why = "withMiddleware is given no function that stands here"
            unknown = Unknown(_BOOTSTRAP, "withMiddleware", why)
            return Middleware(unknown, {}, unknown, unknown, health=health)
        inside = list(script.calls(body))
        if (elsewhere := self._handed_on(body)) is not None:
            return Middleware(elsewhere, {}, elsewhere, elsewhere, health=health)
        named = dict(self._grouped(body))
        stateful = _spot(inside, "->statefulApi")
        return Middleware(
            trusted=self._trusted(inside),
            classes=named,
            unencrypted=self._list(inside, "->encryptCookies"),
            csrf_except=self._list(inside, "->validateCsrfTokens", "->preventRequestForgery"),
            stateful_api=stateful,
            authenticates_sessions=_spot(inside, "->authenticateSessions") or _first(named),
            env_calls=tuple(call for call in inside if call.name in ("env", "Env::get")),
            health=health,
        )

    def _grouped(self, body: Node) -> Iterator[tuple[str, Spot]]:
        """The classes that are given to a method which makes middleware of them."""
        waiting = [(body, False)]
        while waiting:
            node, inside = waiting.pop()
            if inside and node.type in _CLASSES:
                yield from _classes(self._script, node)
                continue
            listed = node.child_by_field_name("arguments")
            groups = listed is not None and word(node.child_by_field_name("name")) in _GROUPING
            waiting += [
                (child, inside or (groups and child == listed))
                for child in reversed(node.named_children)
            ]

    def _handed_on(self, body: Node) -> Unknown | None:
        """Where the closure gives its argument to code that is elsewhere."""
        parameters = body.child_by_field_name("parameters")
        name = (
            next((word(n) for n in walk(parameters) if n.type == "variable_name"), "")
            if (parameters)
            else ""
        )
        for node in walk(body):
            if node.type == "argument" and word(node) == name:
                return self._script.file.unknown(node, "another function configures the middleware")
        return None

    def _trusted(self, calls: list[Call]) -> TrustedProxies | Unknown:
        found: TrustedProxies | Unknown | None = None
        for call in calls:
            if call.name in _EXCHANGING and b"TrustProxies" in _arguments(call.node):
                return _unknown(call, "the class that trusts proxies is exchanged")
            if call.name != "->trustProxies":
                continue
            if not call.sure:
                return _unknown(call, "it is called under a condition")
            at = call.argument(0, "at")
            if at is not None:
                said = trusting(at, str(call.spot))
                found = said if not isinstance(said, TrustedProxies) or said.addresses else found
        return found or configured(self._project, _BOOTSTRAP)

    def _list(self, calls: list[Call], *names: str) -> Texts:
        found: tuple[str, ...] = ()
        for call in calls:
            if call.name in names:
                if not call.sure:
                    return _unknown(call, "it is called under a condition")
                value = call.argument(0, "except")
                more = texts(value) if value is not None else ()
                if isinstance(more, Unknown):
                    return more
                found += more
        return found


class _Kernel:
    """``app/Http/Kernel.php``."""

    def __init__(self, directory: Directory, project: Project, file: PhpFile) -> None:
        self._directory = directory
        self._project = project
        self._script = Script(file, project.environment, _paths(project))

    def read(self) -> Middleware:
        kernel = next(classes(self._script), None)
        if kernel is None:
            unknown = Unknown(_KERNEL, "", "there is no class in it")
            return Middleware(unknown, {}, unknown, unknown)
        named: dict[str, Spot] = {}
        for name in ("middleware", "middlewareGroups"):
            if (node := kernel.properties.get(name)) is not None:
                named |= dict(_classes(self._script, node))
        everywhere = kernel.properties.get("middleware")
        trusting = dict(_classes(self._script, everywhere)) if everywhere is not None else {}
        read = self._class
        stateful = next((s for n, s in named.items() if n.endswith("RequestsAreStateful")), None)
        return Middleware(
            trusted=self._trusted(trusting),
            classes=named,
            unencrypted=read("EncryptCookies"),
            csrf_except=read("VerifyCsrfToken"),
            stateful_api=stateful,
            authenticates_sessions=_first(named),
        )

    def _trusted(self, named: Mapping[str, Spot]) -> TrustedProxies | Unknown:
        name = next((name for name in named if name.endswith("TrustProxies")), None)
        if name is None:
            return TrustedProxies((), _KERNEL)
        if name.lower() in _TRUSTING:
            return configured(self._project, str(named[name]))
        file = self._directory.tree(_TRUST_PROXIES)
        if (
            file is None
            or isinstance(file, Broken)
            or name != "App\\Http\\Middleware\\TrustProxies"
        ):
            return Unknown(str(named[name]), name, "the class cannot be read")
        script = Script(file, self._project.environment, _paths(self._project))
        found = next(classes(script), None)
        if found is None or found.parent.lower() not in _TRUSTING or found.methods:
            return Unknown(file.name, name, "the class decides by code of its own")
        node = found.properties.get("proxies")
        said = None if node is None else trusting(script.value(node), str(file.spot(node)))
        if said is not None and (isinstance(said, Unknown) or said.addresses):
            return said
        return configured(self._project, str(file.spot(node)) if node else str(found.spot))

    def _class(self, name: str) -> Texts:
        """The property ``$except`` of one of the application's middleware classes."""
        file = self._directory.tree(f"app/Http/Middleware/{name}.php")
        if file is None:
            return ()
        if isinstance(file, Broken):
            return Unknown(str(file.spot), "", file.why)
        script = Script(file, self._project.environment, _paths(self._project))
        found: PhpClass | None = next(classes(script), None)
        node = found.properties.get("except") if found else None
        return texts(script.value(node)) if node is not None else ()


def _classes(script: Script, node: Node) -> Iterator[tuple[str, Spot]]:
    """The classes and aliases of middleware that are named below a node."""
    for below in walk(node):
        if below.type == "class_constant_access_expression":
            if word(below.named_children[-1]).lower() == "class":
                yield script.class_name(below.named_children[0]), script.file.spot(below)
        elif below.type == "string":
            yield word(below)[1:-1].replace("\\\\", "\\"), script.file.spot(below)


def _arguments(node: Node) -> bytes:
    listed = node.child_by_field_name("arguments")
    return (listed.text or b"") if listed is not None else b""


def _first(named: Mapping[str, Spot]) -> Spot | None:
    return next((spot for name, spot in named.items() if name.lower() in _AUTHENTICATE), None)


def _spot(calls: list[Call], name: str) -> Spot | None:
    return next((call.spot for call in calls if call.name == name), None)


def _unknown(call: Call, why: str) -> Unknown:
    return Unknown(str(call.spot), call.name, why)


def _not_read(broken: Broken) -> Unknown:
    return Unknown(str(broken.spot), "", broken.why)


def _paths(project: Project) -> Paths:
    base = str(project.directory)
    return Paths(base, f"{base}/storage", f"{base}/database", project.release.major)
