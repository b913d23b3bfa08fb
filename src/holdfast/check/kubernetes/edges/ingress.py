"""Ingress (networking.k8s.io/v1 and its betas), with what each controller's annotations add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from holdfast.check.kubernetes.edges.classes import NGINX, NGINX_INC, TRAEFIK, controller
from holdfast.check.kubernetes.edges.ingress_affinity import ingress_affinity
from holdfast.check.kubernetes.edges.route import Edge, Route
from holdfast.check.kubernetes.objects import Object, Objects, get, items, text

Path = tuple[str | int, ...]


class _Backend(msgspec.Struct, frozen=True):
    service: str
    port: int | str | None


def ingress_routes(objects: Objects) -> Iterator[Route]:
    """The routes of all Ingresses."""
    for ingress in objects.of("Ingress"):
        yield from _routes(ingress, objects)


def _routes(ingress: Object, objects: Objects) -> Iterator[Route]:
    edge = controller(ingress, objects)
    for host, path, backend, rule in _rules(ingress):
        affinity = ingress_affinity(edge, ingress, backend.service, objects)
        tls = _tls(edge, ingress, host)
        yield Route(
            object=ingress,
            edge=edge,
            host=host,
            path=path,
            service=(ingress.namespace, backend.service),
            port=backend.port,
            rule=rule,
            place=ingress.at(*rule[:3], "host") if host else ingress.at(*rule),
            tls=tls,
            redirects=_redirects(edge, ingress, tls),
            affinity=affinity,
            rewrite=ingress.annotations.get(NGINX + "rewrite-target", ""),
            regex=_regex(edge, ingress),
            to_pods=_to_pods(
                edge, ingress, objects.find("Service", backend.service, ingress.namespace)
            ),
        )


def _rules(ingress: Object) -> Iterator[tuple[str, str, _Backend, Path]]:
    for index, rule in enumerate(items(ingress.body, "spec", "rules")):
        host = text(get(rule, "host"))
        for number, entry in enumerate(items(rule, "http", "paths")):
            at: Path = ("spec", "rules", index, "http", "paths", number)
            if (backend := _backend(get(entry, "backend"))) is not None:
                yield host, text(get(entry, "path")), backend, at
    for name in ("defaultBackend", "backend"):
        if (backend := _backend(ingress.get("spec", name))) is not None:
            yield "", "", backend, ("spec", name)


def _backend(body: Any) -> _Backend | None:
    """Of networking.k8s.io/v1, or of the betas before it."""
    if name := text(get(body, "service", "name")):
        port = get(body, "service", "port", "number") or get(body, "service", "port", "name")
    elif name := text(get(body, "serviceName")):
        port = get(body, "servicePort")
    else:
        return None
    return _Backend(name, port if isinstance(port, int | str) else None)


def _tls(edge: Edge, ingress: Object, host: str) -> bool | None:
    if ingress.annotations.get(NGINX + "ssl-passthrough") == "true":
        return False
    for entry in items(ingress.body, "spec", "tls"):
        hosts = items(entry, "hosts")
        if not hosts or host in hosts or any(_covers(pattern, host) for pattern in hosts):
            return True
    if edge is Edge.ALB and _says(ingress.annotations, "alb.ingress.kubernetes.io/certificate-arn"):
        return True
    if edge is Edge.GCE and any(
        _says(ingress.annotations, name)
        for name in (
            "networking.gke.io/managed-certificates",
            "ingress.gcp.kubernetes.io/pre-shared-cert",
        )
    ):
        return True
    return None


def _covers(pattern: Any, host: str) -> bool:
    """Whether a host is one label below a wildcard."""
    return text(pattern).startswith("*.") and host.partition(".")[2] == text(pattern)[2:]


def _redirects(edge: Edge, ingress: Object, tls: bool | None) -> bool | None:
    said = ingress.annotations
    if edge is Edge.INGRESS_NGINX:
        if said.get(NGINX + "force-ssl-redirect") == "true":
            return True
        if said.get(NGINX + "ssl-redirect") in ("true", "false"):
            return tls is True and said[NGINX + "ssl-redirect"] == "true"
    if edge is Edge.ALB and _says(said, "alb.ingress.kubernetes.io/ssl-redirect"):
        return True
    return None


def _regex(edge: Edge, ingress: Object) -> bool:
    said = ingress.annotations
    return edge is Edge.INGRESS_NGINX and said.get(NGINX + "use-regex") == "true"


def _to_pods(edge: Edge, ingress: Object, backend: Object | None) -> bool | None:
    match edge:
        case Edge.INGRESS_NGINX:
            return ingress.annotations.get(NGINX + "service-upstream") != "true"
        case Edge.NGINX_INC:
            return ingress.annotations.get(NGINX_INC[0] + "use-cluster-ip") != "true"
        case Edge.TRAEFIK:
            said = backend.annotations if backend else {}
            return said.get(TRAEFIK + "service.nativelb") != "true"
        case Edge.HAPROXY | Edge.HAPROXY_INGRESS | Edge.CONTOUR:
            return True
    return None


def _says(annotations: Mapping[str, str], name: str) -> bool:
    return bool(annotations.get(name, "").strip())
