"""Istio: who may connect to whom, by what the mesh knows of them and not by their addresses.

All of it works on connections, so sidecars and ambient's ztunnel enforce the same objects, and no
waypoint is needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.edge import entry
from holdfast.kube.mesh.pods import members
from holdfast.kube.monitoring import exporters
from holdfast.kube.network.store_rules import PORTS
from holdfast.kube.objects import metadata, named, selector
from holdfast.kube.session_store import exporter
from holdfast.kube.session_store.choice import SERVERS, components, rendered_redis
from holdfast.kube.spec.session import OperatorRedis

API = "security.istio.io/v1"


def objects(app: App) -> Iterator[Object]:
    """The policies; while an application joins the mesh, one that takes everybody."""
    yield _peer_authentication(app)
    if app.spec.mesh is None or app.spec.mesh.joining:
        return
    yield _policy(app, app.name, "mesh", None)
    yield _policy(app, named(app, "web"), "web", _web_rules(app))
    for component in store_components(app):
        yield _policy(app, named(app, component), component, _store_rules(app, component))


def in_mesh(app: App) -> bool:
    """Whether the edge that sends requests to web pods is a part of the mesh."""
    gateway = app.spec.edge.gateway
    return gateway is not None and gateway.controller == "istio"


def store_components(app: App) -> tuple[str, ...]:
    """The parts of a store whose pods are ours; those of an operator's are none of the mesh."""
    return () if isinstance(rendered_redis(app), OperatorRedis) else components(app)


def _peer_authentication(app: App) -> Object:
    """One for all pods: of two that fit a pod Istio takes the older one, and merges nothing.

    Prometheus is rarely in the mesh, an edge that is not Istio's neither: their ports, and no
    others, take plain connections, which NetworkPolicies keep to them.
    """
    joining = app.spec.mesh is not None and app.spec.mesh.joining
    plain = set() if in_mesh(app) else {app.spec.web.port}
    if exporters.containers(app, "web"):
        plain.add(exporters.PORT)
    if _exported(app, SERVERS):
        plain.add(exporter.PORT)
    spec: Object = {
        "selector": {"matchLabels": members(app)},
        "mtls": {"mode": "PERMISSIVE" if joining else "STRICT"},
    }
    if plain and not joining:
        spec["portLevelMtls"] = {str(port): {"mode": "PERMISSIVE"} for port in sorted(plain)}
    return {
        "apiVersion": API,
        "kind": "PeerAuthentication",
        "metadata": metadata(app, app.name, "mesh"),
        "spec": spec,
    }


def _policy(app: App, name: str, component: str, rules: list[Object] | None) -> Object:
    """Who may connect; without rules nobody. What one policy allows, no other forbids."""
    everywhere = rules is None
    spec: Object = {
        "action": "ALLOW",
        "selector": {"matchLabels": members(app) if everywhere else selector(app, component)},
    }
    return {
        "apiVersion": API,
        "kind": "AuthorizationPolicy",
        "metadata": metadata(app, name, component),
        "spec": spec if rules is None else {**spec, "rules": rules},
    }


def _web_rules(app: App) -> list[Object]:
    source = _edge(app)
    rules = [_rule([app.spec.web.port], source)]
    if exporters.containers(app, "web"):
        rules.append(_rule([exporters.PORT]))
    return rules


def _store_rules(app: App, component: str) -> list[Object]:
    """The application, the store's own pods among themselves, and Prometheus at the exporter."""
    # Names of this namespace, whatever the trust domain is called; Istio 1.25 and later.
    accounts = {"serviceAccounts": [app.name, named(app, SERVERS)]}
    rules = [_rule([PORTS[component]], accounts)]
    return [*rules, _rule([exporter.PORT])] if _exported(app, component) else rules


def _exported(app: App, component: str) -> bool:
    """Whether an exporter runs beside a part of the store."""
    there = component == SERVERS and component in store_components(app)
    return there and bool(exporter.containers(app))


def _rule(ports: list[int], source: Object | None = None) -> Object:
    to = [{"operation": {"ports": [str(port) for port in ports]}}]
    return {"to": to} if source is None else {"from": [{"source": source}], "to": to}


def _edge(app: App) -> Object | None:
    """Istio's gateway, as far as it is known; None: nothing by which others could be known.

    Istio runs a Gateway under a service account named after it and its class
    (istio 1.32, manifests/charts/istio-control/istio-discovery/files/kube-gateway.yaml).
    """
    gateway = app.spec.edge.gateway
    if gateway is None or not in_mesh(app):
        return None
    if gateway.name is None:
        own = next(item for item in entry.objects(app) if item["kind"] == "Gateway")
        return {"serviceAccounts": [f"{own['metadata']['name']}-{own['spec']['gatewayClassName']}"]}
    namespace = app.spec.edge.namespace or gateway.namespace
    if namespace is not None:
        return {"namespaces": [namespace]}
    return {"serviceAccounts": [f"{gateway.name}-{gateway.class_name or 'istio'}"]}
