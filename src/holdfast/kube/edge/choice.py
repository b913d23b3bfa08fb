"""Which way in was chosen."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.spec.edge import Gateway, Ingress


def ingress(app: App) -> Ingress | None:
    """The Ingress that is wanted, where nothing is said one of the cluster's default class."""
    edge = app.spec.edge
    return edge.ingress or (Ingress() if edge.gateway is None else None)


def gateway(app: App) -> Gateway | None:
    """The Gateway that is wanted."""
    return app.spec.edge.gateway


def hosts(app: App) -> list[str]:
    """All hosts, the application's own first."""
    return [app.spec.host, *app.spec.aliases]


def controller(app: App) -> str:
    """What serves it, as people call it, e.g. ``ingress-nginx``."""
    if (other := gateway(app)) is not None:
        return _GATEWAY[other.controller]
    return _INGRESS[(app.spec.edge.ingress or Ingress()).controller]


_INGRESS = {
    "any": "the cluster's ingress controller",
    "nginx": "ingress-nginx",
    "traefik": "Traefik",
    "haproxy": "HAProxy Kubernetes Ingress Controller",
    "alb": "AWS Load Balancer Controller",
}
_GATEWAY = {
    "envoy-gateway": "Envoy Gateway",
    "istio": "Istio",
    "cilium": "Cilium",
    "nginx": "NGINX Gateway Fabric",
    "traefik": "Traefik",
    "other": "the Gateway",
}
