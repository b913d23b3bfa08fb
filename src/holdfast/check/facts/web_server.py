"""The nginx configuration that requests of an application pass: at the edge, in the pod, in the
repository.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.check.kubernetes.edges.classes import NGINX
from holdfast.check.kubernetes.objects import Object, items, text, words
from holdfast.check.process import Process, Role
from holdfast.check.sources import nginx
from holdfast.check.sources.nginx import Directive, walk
from holdfast.check.sources.scalars import text_of_scalar
from holdfast.check.target import Target
from holdfast.manifests.unreadable import Unreadable

SNIPPETS: Final = ("configuration-snippet", "server-snippet")

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Directives that stand together.

    Args:
        subject: whose: ``Ingress shop``, ``nginx/default.conf``.
        directives: as nginx reads them.
    """

    subject: str
    directives: tuple[Directive, ...] = field(repr=False)


def configurations(target: Target) -> Iterator[Configuration]:
    """All that surely serve Laravel."""
    for process in target.processes(Role.WEB):
        yield from _at_the_edge(target, process)
        yield from _in_the_pod(target, process)
    for name, directives in target.repository.nginx:
        if any(directive.name == "fastcgi_pass" for directive, _ in walk(directives)):
            yield Configuration(name, directives)


def every_page(above: tuple[Directive, ...]) -> bool:
    """Whether what stands in these blocks counts for an application's pages, not for assets alone,
    and under no condition.
    """
    if any(block.name == "if" for block in above):
        return False
    locations = [block.arguments for block in above if block.name == "location" and block.arguments]
    return not locations or locations[-1][-1] == "/" or "php" in locations[-1][-1]


def _at_the_edge(target: Target, process: Process) -> Iterator[Configuration]:
    """Snippets of ingress-nginx, at Ingresses that serve more than a part."""
    if process.workload is None:
        return
    for route in target.routes_to(process.workload):
        if route.object.kind == "Ingress" and route.path in ("", "/"):
            for name in SNIPPETS:
                at = ("metadata", "annotations", NGINX + name)
                yield from _parsed(target, route.object, at)


def _in_the_pod(target: Target, process: Process) -> Iterator[Configuration]:
    """ConfigMaps that the pods mount, where nginx serves PHP by them."""
    if process.workload is None:
        return
    for index, _ in enumerate(items(process.workload.get("volumes"))):
        name = text(process.workload.get("volumes", index, "configMap", "name"))
        found = target.objects.find("ConfigMap", name, process.workload.namespace) if name else None
        if found is not None:
            for key, written in words(found.get("data")).items():
                if "fastcgi_pass" in written:
                    yield from _parsed(target, found, ("data", key))


def _parsed(target: Target, owner: Object, at: Path) -> Iterator[Configuration]:
    written = text(owner.get(*at))
    if not written:
        return
    place = owner.at(*at)
    lines = target.files.get(place.file, b"").decode("utf-8", "replace").split("\n")
    directives = nginx.parse(text_of_scalar(written, place, lines))
    if not isinstance(directives, Unreadable):
        yield Configuration(str(owner), directives)
