"""The ways from a host to a Service, whichever edge makes them."""

from __future__ import annotations

from itertools import chain, islice
from typing import Final

from holdfast.check.kubernetes.edges.gateway import gateway_routes
from holdfast.check.kubernetes.edges.ingress import ingress_routes
from holdfast.check.kubernetes.edges.istio import istio_routes
from holdfast.check.kubernetes.edges.openshift import openshift_routes
from holdfast.check.kubernetes.edges.route import Affinity, Edge, Route, Stickiness
from holdfast.check.kubernetes.edges.service import service_routes
from holdfast.check.kubernetes.edges.traefik import traefik_routes
from holdfast.check.kubernetes.objects import Objects

__all__ = ["Affinity", "Edge", "Route", "Stickiness", "routes"]

MAX_ROUTES: Final = 20_000
"""Hosts times paths grow with their product."""


def routes(objects: Objects) -> tuple[Route, ...]:
    """All routes that manifests show, MAX_ROUTES at most."""
    every = chain(
        ingress_routes(objects),
        gateway_routes(objects),
        traefik_routes(objects),
        istio_routes(objects),
        openshift_routes(objects),
        service_routes(objects),
    )
    return tuple(islice(every, MAX_ROUTES))
