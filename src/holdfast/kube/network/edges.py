"""Where requests come from: the pods of the edge, as far as they are known.

Namespaces as the projects' own installation instructions have them: kubernetes.github.io/
ingress-nginx/deploy, doc.traefik.io «Install with Helm» (any namespace; ``traefik`` is its
example), haproxy-ingress of HAProxy Technologies («haproxy-controller»), gateway.envoyproxy.io
(its proxies run in ``envoy-gateway-system``). Istio and NGINX Gateway Fabric (2.0 and later) run a
Gateway's pods in the Gateway's own namespace, with the label of the Gateway API (GEP-1762).
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.edge import entry
from holdfast.kube.network.rule import namespace, network
from holdfast.kube.objects import present

_INGRESSES = {"nginx": "ingress-nginx", "traefik": "traefik", "haproxy": "haproxy-controller"}
_GATEWAYS = {"envoy-gateway": "envoy-gateway-system", "traefik": "traefik"}
_BESIDE_THE_GATEWAY = ("istio", "nginx")
_GATEWAY_NAME = "gateway.networking.k8s.io/gateway-name"

_ANYWHERE = {
    "any": "which ingress controller serves it is not said (edge.ingress.controller)",
    "alb": "the load balancer connects from addresses that are not said (edge.trustedProxies)",
    "cilium": "its proxies are no pods; narrow it by a CiliumNetworkPolicy from entity ingress",
    "other": "where the Gateway's pods run is not said (edge.namespace)",
}


def peers(app: App) -> list[Object]:
    """Who sends requests; empty where they cannot be told from others."""
    edge = app.spec.edge
    balancer = edge.ingress is not None and edge.ingress.controller == "alb"
    if balancer and edge.namespace is None:
        # It is no pod: it has addresses of the VPC, whose headers Laravel believes, too.
        return [network(block) for block in edge.trusted_proxies]
    found = _pods(app)
    return [] if found is None else [found]


def _pods(app: App) -> Object | None:
    edge = app.spec.edge
    if edge.namespace is not None:
        return namespace(edge.namespace)
    if edge.gateway is None:
        found = _INGRESSES.get(edge.ingress.controller) if edge.ingress is not None else None
        return None if found is None else namespace(found)
    if edge.gateway.controller in _GATEWAYS:
        return namespace(_GATEWAYS[edge.gateway.controller])
    if edge.gateway.controller in _BESIDE_THE_GATEWAY:
        name = edge.gateway.name or _own(app)
        pods = {"matchLabels": {_GATEWAY_NAME: name}}
        if edge.gateway.name is not None and edge.gateway.namespace is not None:
            return namespace(edge.gateway.namespace, pods)
        return present(podSelector=pods)
    return None


def unknown(app: App) -> str:
    """Why they cannot be told from others."""
    edge = app.spec.edge
    if edge.gateway is not None:
        return _ANYWHERE[edge.gateway.controller]
    return _ANYWHERE["any" if edge.ingress is None else edge.ingress.controller]


def _own(app: App) -> str:
    """The name of the Gateway that is rendered."""
    gateways = (item for item in entry.objects(app) if item["kind"] == "Gateway")
    return next((str(item["metadata"]["name"]) for item in gateways), app.name)
