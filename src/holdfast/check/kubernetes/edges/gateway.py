"""Gateway API: HTTPRoute and its Gateway (gateway.networking.k8s.io, v1.2 to v1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.check.kubernetes.edges.route import Affinity, Edge, Route, Stickiness, seconds
from holdfast.check.kubernetes.objects import (
    Object,
    Objects,
    get,
    items,
    same_namespace,
    text,
    whole,
)

GROUP = "gateway.networking.k8s.io"


def gateway_routes(objects: Objects) -> Iterator[Route]:
    """The routes of all HTTPRoutes."""
    for route in objects.of("HTTPRoute"):
        if route.group != GROUP:
            continue
        tls, redirects = _tls(route, objects), _redirects(route, objects)
        hosts = list(enumerate(map(text, items(route.body, "spec", "hostnames")))) or [(-1, "")]
        for index, rule in enumerate(items(route.body, "spec", "rules")):
            path = text(get(rule, "matches", 0, "path", "value"))
            regex = get(rule, "matches", 0, "path", "type") == "RegularExpression"
            backends = items(rule, "backendRefs")
            affinity = _affinity(route, index, rule)
            for number, backend in enumerate(backends):
                if get(backend, "kind") not in (None, "Service") or not text(get(backend, "name")):
                    continue
                weight = whole(get(backend, "weight"))
                for position, host in hosts:
                    yield Route(
                        object=route,
                        edge=Edge.GATEWAY,
                        host=host,
                        path=path,
                        service=(
                            text(get(backend, "namespace")) or route.namespace,
                            text(get(backend, "name")),
                        ),
                        port=whole(get(backend, "port")),
                        rule=("spec", "rules", index),
                        place=route.at("spec", "hostnames", position)
                        if host
                        else route.at("spec", "rules", index, "backendRefs", number),
                        tls=tls,
                        redirects=redirects,
                        affinity=affinity,
                        rewrite=_rewrite(rule),
                        regex=regex,
                        weight=None if len(backends) == 1 else 1 if weight is None else weight,
                    )


def gateways(route: Object, objects: Objects) -> list[Object]:
    """The Gateways of a route that are among the manifests."""
    found = []
    for parent in items(route.body, "spec", "parentRefs"):
        if get(parent, "kind") not in (None, "Gateway"):
            continue
        namespace = text(get(parent, "namespace")) or route.namespace
        gateway = objects.find("Gateway", text(get(parent, "name")), namespace)
        if gateway is not None and gateway.group == GROUP:
            found.append(gateway)
    return found


def gateway_controller(gateway: Object, objects: Objects) -> str:
    """The name of the controller that serves a Gateway; empty where its class is not there."""
    name = text(gateway.get("spec", "gatewayClassName"))
    for known in objects.of("GatewayClass"):
        if known.name == name:
            return text(known.get("spec", "controllerName"))
    return ""


def _tls(route: Object, objects: Objects) -> bool | None:
    return True if _listeners(route, objects, "HTTPS") else None


def _redirects(route: Object, objects: Objects) -> bool | None:
    """False where it is at a listener for plain HTTP, and no route there redirects to HTTPS."""
    plain = _listeners(route, objects, "HTTP")
    if not plain:
        return None
    for other in objects.of("HTTPRoute"):
        if other.group == GROUP and _to_https(other) and plain & _listeners(other, objects, "HTTP"):
            return None
    return False


def _listeners(route: Object, objects: Objects, protocol: str) -> set[tuple[Object, int]]:
    """Those of a protocol that a route is attached to: the Gateway, and the listener's index."""
    found: set[tuple[Object, int]] = set()
    for parent in items(route.body, "spec", "parentRefs"):
        namespace = text(get(parent, "namespace")) or route.namespace
        gateway = objects.find("Gateway", text(get(parent, "name")), namespace)
        if (
            gateway is None
            or gateway.group != GROUP
            or get(parent, "kind") not in (None, "Gateway")
        ):
            continue
        section, port = text(get(parent, "sectionName")), whole(get(parent, "port"))
        for index, listener in enumerate(items(gateway.body, "spec", "listeners")):
            if section not in ("", text(get(listener, "name"))):
                continue
            if (
                port in (None, whole(get(listener, "port")))
                and get(listener, "protocol") == protocol
            ):
                found.add((gateway, index))
    return found


def _to_https(route: Object) -> bool:
    return any(
        get(entry, "requestRedirect", "scheme") == "https"
        for rule in items(route.body, "spec", "rules")
        for entry in items(rule, "filters")
    )


def _affinity(route: Object, index: int, rule: Any) -> Affinity | None:
    asked = get(rule, "sessionPersistence")
    if asked is None or get(asked, "type") == "Header":
        return None
    at = ("spec", "rules", index, "sessionPersistence")
    # A name is sessionName up to v1.6; the union that follows it has cookie.name.
    for path in (("sessionName",), ("cookie", "name")):
        if cookie := text(get(asked, *path)):
            return Affinity(
                Stickiness.COOKIE,
                route.key_at(*at),
                str(route),
                cookie,
                route.at(*at, *path),
                _lifetime(asked),
            )
    return Affinity(Stickiness.COOKIE, route.key_at(*at), str(route), lifetime=_lifetime(asked))


def _lifetime(asked: Any) -> int | None:
    times = [seconds(get(asked, name)) for name in ("absoluteTimeout", "idleTimeout")]
    return min((time for time in times if time), default=None)


def _rewrite(rule: Any) -> str:
    for entry in items(rule, "filters"):
        path = get(entry, "urlRewrite", "path")
        if (new := get(path, "replacePrefixMatch")) is None:
            new = get(path, "replaceFullPath")
        if isinstance(new, str):
            return new or "/"
    return ""


def persistent_routes(objects: Objects) -> Iterator[tuple[Object, int, Any]]:
    """Each rule of a route that asks for persistence: the route, the rule's index and body."""
    for route in objects.of("HTTPRoute", "GRPCRoute"):
        if route.group == GROUP:
            for index, rule in enumerate(items(route.body, "spec", "rules")):
                if get(rule, "sessionPersistence") is not None:
                    yield route, index, rule


def refers_to(route: Object, backend: Any, service: Object) -> bool:
    """Whether a backend of a route is that Service."""
    return (
        get(backend, "kind") in (None, "Service")
        and get(backend, "name") == service.name
        and same_namespace(text(get(backend, "namespace")) or route.namespace, service.namespace)
    )
