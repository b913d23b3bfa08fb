"""The pieces of a NetworkPolicy."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from holdfast.kube.app import App, Object
from holdfast.kube.objects import metadata, present, selector

COMPONENT = "app.kubernetes.io/component"


def policy(
    app: App,
    name: str,
    component: str,
    pods: Object,
    *,
    ingress: list[Object] | None = None,
    egress: list[Object] | None = None,
) -> Object:
    """A policy.

    Args:
        pods: which it is about; ``{}`` would be all of the namespace.
        ingress: who may connect to them; empty: nobody. None: it is not about that.
        egress: where they may connect to; the same.
    """
    types = [
        name for name, rules in (("Ingress", ingress), ("Egress", egress)) if rules is not None
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(app, name, component),
        "spec": {
            **present(ingress=ingress, egress=egress),
            "podSelector": pods,
            "policyTypes": types,
        },
    }


def all_pods(app: App) -> Object:
    """All pods of the application and its store.

    Not those of its Gateway: Istio gives them the Gateway's labels, unless others are asked for
    (istio 1.32, pilot/pkg/config/kube/gatewaycommon/deploymentcontroller.go).
    """
    return {
        **_ours(app),
        "matchExpressions": [{"key": COMPONENT, "operator": "NotIn", "values": ["edge"]}],
    }


def pods_of(app: App, components: Iterable[str]) -> Object:
    """The pods of some components."""
    names = sorted(components)
    if len(names) == 1:
        return {"matchLabels": selector(app, names[0])}
    return {
        **_ours(app),
        "matchExpressions": [{"key": COMPONENT, "operator": "In", "values": names}],
    }


def _ours(app: App) -> Object:
    return {"matchLabels": {"app.kubernetes.io/instance": app.name}}


def namespace(name: str, pods: Object | None = None) -> Object:
    """A peer: all pods of a namespace, or some of them. Kubernetes itself sets the label."""
    return present(
        namespaceSelector={"matchLabels": {"kubernetes.io/metadata.name": name}},
        podSelector=pods,
    )


def network(block: str) -> Object:
    """A peer: addresses outside of the cluster; the first of them is written, as it has to be."""
    return {"ipBlock": {"cidr": str(ipaddress.ip_network(block, strict=False))}}


def tcp(ports: Iterable[int | str]) -> list[Object]:
    """TCP ports, by number or by the name that containers give them."""
    return [{"port": port, "protocol": "TCP"} for port in ports]


def dns() -> Object:
    """To the cluster's name service, by its pods or by a cache on the node (NodeLocal DNSCache)."""
    return {
        "to": [
            namespace("kube-system", {"matchLabels": {"k8s-app": "kube-dns"}}),
            network("169.254.20.10/32"),
        ],
        "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
    }
