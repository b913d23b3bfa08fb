"""Services that are reached from outside by themselves, and ``sessionAffinity``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.kubernetes.edges.route import Affinity, Edge, Route, Stickiness
from holdfast.check.kubernetes.objects import Object, Objects, get, items, whole

CLIENT_IP_SECONDS: Final = 10_800
"""``sessionAffinityConfig.clientIP.timeoutSeconds`` where nothing is said (ServiceSpec v1 core)."""


def service_routes(objects: Objects) -> Iterator[Route]:
    """One route a port of each Service of type LoadBalancer or NodePort."""
    for service in objects.of("Service"):
        if service.group or service.get("spec", "type") not in ("LoadBalancer", "NodePort"):
            continue
        for index, port in enumerate(items(service.body, "spec", "ports")):
            yield Route(
                object=service,
                edge=Edge.SERVICE,
                host="",
                path="",
                service=(service.namespace, service.name),
                port=whole(get(port, "port")),
                rule=("spec", "ports", index),
                place=service.at("spec", "ports", index),
                affinity=client_ip(service),
                to_pods=False,
            )


def client_ip(service: Object) -> Affinity | None:
    """What a Service's ``sessionAffinity: ClientIP`` does."""
    if service.get("spec", "sessionAffinity") != "ClientIP":
        return None
    said = whole(service.get("spec", "sessionAffinityConfig", "clientIP", "timeoutSeconds"))
    return Affinity(
        Stickiness.CLIENT_IP,
        service.at("spec", "sessionAffinity"),
        str(service),
        lifetime=CLIENT_IP_SECONDS if said is None else said,
    )
