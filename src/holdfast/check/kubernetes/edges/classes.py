"""Which controller serves an Ingress."""

from __future__ import annotations

from typing import Final

from holdfast.check.kubernetes.edges.route import Edge
from holdfast.check.kubernetes.objects import Object, Objects, text

NGINX: Final = "nginx.ingress.kubernetes.io/"
NGINX_INC: Final = ("nginx.org/", "nginx.com/")
TRAEFIK: Final = "traefik.ingress.kubernetes.io/"
HAPROXY: Final = "haproxy.org/"
HAPROXY_INGRESS: Final = "haproxy-ingress.github.io/"
ALB: Final = "alb.ingress.kubernetes.io/"

_CONTROLLERS: Final = {
    "k8s.io/ingress-nginx": Edge.INGRESS_NGINX,
    "nginx.org/ingress-controller": Edge.NGINX_INC,
    "traefik.io/ingress-controller": Edge.TRAEFIK,
    "haproxy.org/ingress-controller": Edge.HAPROXY,
    "haproxy-ingress.github.io/controller": Edge.HAPROXY_INGRESS,
    "ingress.k8s.aws/alb": Edge.ALB,
    "projectcontour.io/ingress-controller": Edge.CONTOUR,
    "istio.io/ingress-controller": Edge.ISTIO,
    "openshift.io/ingress-to-route": Edge.OPENSHIFT,
}
# Names that one controller alone goes by; «nginx» and «haproxy» are used by two each.
_NAMES: Final = {
    "traefik": Edge.TRAEFIK,
    "alb": Edge.ALB,
    "gce": Edge.GCE,
    "gce-internal": Edge.GCE,
    "contour": Edge.CONTOUR,
    "istio": Edge.ISTIO,
    "openshift-default": Edge.OPENSHIFT,
}
_PREFIXES: Final = (
    (NGINX, Edge.INGRESS_NGINX),
    (NGINX_INC[0], Edge.NGINX_INC),
    (NGINX_INC[1], Edge.NGINX_INC),
    (HAPROXY, Edge.HAPROXY),
    (HAPROXY_INGRESS, Edge.HAPROXY_INGRESS),
    (ALB, Edge.ALB),
    (TRAEFIK, Edge.TRAEFIK),
)


def class_name(ingress: Object) -> str:
    """The class that an Ingress asks for; empty for the cluster's default."""
    return text(ingress.get("spec", "ingressClassName")) or ingress.annotations.get(
        "kubernetes.io/ingress.class", ""
    )


def controller(ingress: Object, objects: Objects) -> Edge:
    """By the IngressClass, by a name that is one controller's own, or by its annotations."""
    name = class_name(ingress)
    known = next((c for c in objects.of("IngressClass") if c.name == name), None) if name else None
    if known is not None:
        said = text(known.get("spec", "controller"))
        return next((e for c, e in _CONTROLLERS.items() if said.startswith(c)), Edge.UNKNOWN)
    if name in _NAMES:
        return _NAMES[name]
    for prefix, edge in _PREFIXES:
        if any(annotation.startswith(prefix) for annotation in ingress.annotations):
            return edge
    return Edge.UNKNOWN
