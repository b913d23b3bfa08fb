"""The ingress-nginx controller itself, where it is among the manifests, and what is before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from holdfast.check.kubernetes.edges.route import Edge, Route
from holdfast.check.kubernetes.objects import Object, Objects, same_namespace, words

_LABEL: Final = "app.kubernetes.io/name"
_NAME: Final = "ingress-nginx"
_AWS: Final = "service.beta.kubernetes.io/aws-load-balancer-"


def nginx_config(objects: Objects) -> Object | None:
    """Its ConfigMap: of that label, other than those for TCP and UDP, or of the chart's name."""
    for found in objects.of("ConfigMap"):
        labelled = found.labels.get(_LABEL) == _NAME and not found.name.endswith(("tcp", "udp"))
        if labelled or found.name == "ingress-nginx-controller":
            return found
    return None


def ends_tls_before(objects: Objects, routes: Iterable[Route]) -> Object | None:
    """What ends TLS in front of it and speaks HTTP to it, with X-Forwarded-Proto."""
    services = [
        service
        for service in objects.of("Service")
        if words(service.get("spec", "selector")).get(_LABEL) == _NAME
    ]
    for service in services:
        said = service.annotations
        speaks_http = said.get(_AWS + "backend-protocol") == "http" and _AWS + "type" not in said
        if said.get(_AWS + "ssl-cert") and speaks_http:
            return service
    for route in routes:
        if (
            route.edge is Edge.ALB
            and route.tls
            and any(
                service.name == route.service[1]
                and same_namespace(service.namespace, route.service[0])
                for service in services
            )
        ):
            return route.object
    return None
