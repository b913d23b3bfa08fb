"""Manifests: who may connect to whom.

Kubelets ask probes from the node; every network plug-in that we know lets a pod's own node through
(Kubernetes documentation, «Network policies»: «traffic to and from the node where a Pod is running
is always allowed»).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.mesh import network as mesh
from holdfast.kube.monitoring import exporters
from holdfast.kube.network import clients, edges, store_rules
from holdfast.kube.network.outside import places
from holdfast.kube.network.rule import all_pods, dns, namespace, network, pods_of, policy, tcp
from holdfast.kube.objects import named, present
from holdfast.kube.session_store import exporter
from holdfast.kube.session_store.choice import REDIS_PORT, components
from holdfast.kube.spec.edge import Restrictions

_ISTIO_METRICS = (15020, 15090)
_LINKERD_METRICS = (4191,)


def objects(app: App) -> Iterator[Object]:
    """Nobody may connect, but whoever has to."""
    yield policy(app, named(app, "default-deny"), "network", all_pods(app), ingress=[])
    yield _web(app)
    yield from store_rules.policies(app)
    if app.spec.monitoring is not None:
        yield _metrics(app, app.spec.monitoring.namespace)
    if sources := mesh.probe_sources(app):
        rule = {"from": [network(block) for block in sources]}
        yield policy(app, named(app, "probes"), "network", all_pods(app), ingress=[rule])
    if app.spec.network.egress is not None:
        yield _egress(app, app.spec.network)


def decisions(app: App) -> Iterator[Decision]:
    """Who may connect, and what is left open."""
    if not edges.peers(app):
        yield Decision(
            "who may connect to web pods",
            f"everybody, on port {app.spec.web.port} alone",
            f"{edges.unknown(app)}; edge.namespace narrows it.",
        )
    else:
        yield Decision(
            "who may connect to web pods", "the edge alone", "edge.namespace says where it is."
        )
    if components(app):
        yield Decision(
            "who may connect to the session store",
            "the application's own pods",
            "by a NetworkPolicy, which the cluster's network plug-in has to enforce (flannel does"
            " not); the password is asked for beside that.",
        )
    if app.spec.network.egress is None:
        yield Decision(
            "where the application may connect to",
            "anywhere",
            "its mail, payment and storage are not known here; network.egress closes it.",
        )


def _web(app: App) -> Object:
    rule = present(
        **{"from": edges.peers(app)},
        ports=tcp([app.spec.web.port, *mesh.ports(app)]),
    )
    return policy(app, named(app, "web"), "web", pods_of(app, ["web"]), ingress=[rule])


def _metrics(app: App, where: str) -> Object:
    """Prometheus may read every exporter, those of the mesh too."""
    ports: list[int | str] = [exporter.PORT_NAME, exporter.PORT, exporters.PORT]
    chosen = app.spec.mesh
    if chosen is not None and chosen.linkerd is not None:
        ports += _LINKERD_METRICS
    elif chosen is not None and chosen.istio is not None and chosen.istio.mode == "sidecar":
        ports += _ISTIO_METRICS
    ports += mesh.ports(app)
    rule = {"from": [namespace(where)], "ports": tcp(ports)}
    return policy(app, named(app, "metrics"), "monitoring", all_pods(app), ingress=[rule])


def _egress(app: App, restrictions: Restrictions) -> Object:
    rules = [dns(), *mesh.control_plane(app)]
    entrance = store_rules.entrance(app)
    if entrance is not None:
        rules.append(
            {
                "to": [{"podSelector": pods_of(app, [entrance])}],
                "ports": tcp([REDIS_PORT, *mesh.ports(app)]),
            }
        )
    rules += [
        {"to": [network(place.network)], "ports": tcp([place.port])}
        for place in places(app)
        if place.network is not None
    ]
    rules += [
        {"to": [network(one.network)], "ports": tcp(one.ports)} for one in restrictions.egress or ()
    ]
    name = named(app, "egress")
    return policy(app, name, "network", pods_of(app, clients.components(app)), egress=rules)
