"""Traefik's own resources, v2 and v3: IngressRoute, TraefikService, Middleware (v1alpha1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from holdfast.check.kubernetes.edges.ingress_affinity import traefik_service
from holdfast.check.kubernetes.edges.route import Affinity, Edge, Route, Stickiness, seconds
from holdfast.check.kubernetes.objects import Object, Objects, get, items, text, whole

GROUPS: Final = ("traefik.io", "traefik.containo.us")

_HOST = re.compile(r"\bHost\(([^)]*)\)")
_PATH = re.compile(r"\b(?:Path|PathPrefix)\(\s*[`\"']([^`\"']*)")
_NAME = re.compile(r"[`\"']([^`\"']+)[`\"']")
Path = tuple[str | int, ...]


def traefik_routes(objects: Objects) -> Iterator[Route]:
    """The routes of all IngressRoutes."""
    for owner in objects.of("IngressRoute"):
        if owner.group not in GROUPS:
            continue
        for index, rule in enumerate(items(owner.body, "spec", "routes")):
            match = text(get(rule, "match"))
            hosts = [name for call in _HOST.findall(match) for name in _NAME.findall(call)]
            path = _PATH.search(match)
            middlewares = list(middlewares_of(owner, rule, objects))
            redirects = any(
                m.get("spec", "redirectScheme", "scheme") == "https" for m in middlewares
            )
            services = items(rule, "services")
            for number, service in enumerate(services):
                at: Path = ("spec", "routes", index, "services", number)
                for name, namespace, port, affinity, native in _services(
                    owner, at, service, objects, set()
                ):
                    for host in hosts or [""]:
                        yield Route(
                            object=owner,
                            edge=Edge.TRAEFIK,
                            host=host,
                            path=path[1] if path else "",
                            service=(namespace, name),
                            port=port,
                            rule=("spec", "routes", index),
                            place=owner.at("spec", "routes", index, "match"),
                            tls=True if owner.get("spec", "tls") is not None else None,
                            redirects=redirects or None,
                            affinity=affinity,
                            rewrite=_rewrite(middlewares),
                            to_pods=not native,
                            weight=_weight(service) if len(services) > 1 else None,
                        )


def middlewares_of(owner: Object, rule: Any, objects: Objects) -> Iterator[Object]:
    """The Middlewares of a route of an IngressRoute that are among the manifests."""
    for entry in items(rule, "middlewares"):
        namespace = text(get(entry, "namespace")) or owner.namespace
        found = objects.find("Middleware", text(get(entry, "name")), namespace)
        if found is not None and found.group in GROUPS:
            yield found


def _rewrite(middlewares: Sequence[Object]) -> str:
    for middleware in middlewares:
        if middleware.get("spec", "stripPrefix") is not None:
            return "/"
        for kind in ("replacePath", "replacePathRegex"):
            if middleware.get("spec", kind) is not None:
                return text(middleware.get("spec", kind, "path")) or "/"
    return ""


def _services(
    owner: Object, at: Path, body: Any, objects: Objects, seen: set[Object]
) -> Iterator[tuple[str, str, int | str | None, Affinity | None, bool]]:
    """The Services behind a service of a route, through TraefikServices."""
    name = text(get(body, "name"))
    namespace = text(get(body, "namespace")) or owner.namespace
    if not name:
        return
    if get(body, "kind") == "TraefikService":
        found = objects.find("TraefikService", name, namespace)
        if found is not None and found not in seen:
            seen.add(found)
            for index, inner in enumerate(items(found.body, "spec", "weighted", "services")):
                path: Path = ("spec", "weighted", "services", index)
                yield from _services(found, path, inner, objects, seen)
        return
    port = get(body, "port")
    backend = objects.find("Service", name, namespace)
    affinity = _sticky(owner, at, body) or (traefik_service(backend) if backend else None)
    native = get(body, "nativeLB") is True
    yield name, namespace, port if isinstance(port, int | str) else None, affinity, native


def _sticky(owner: Object, at: Path, body: Any) -> Affinity | None:
    cookie = get(body, "sticky", "cookie")
    if cookie is None:
        return None
    path = (*at, "sticky", "cookie")
    name = text(get(cookie, "name"))
    return Affinity(
        Stickiness.COOKIE,
        owner.key_at(*path),
        str(owner),
        name,
        owner.at(*path, "name") if name else None,
        seconds(get(cookie, "maxAge")) or None,
    )


def _weight(body: Any) -> int:
    said = whole(get(body, "weight"))
    return 1 if said is None else said
