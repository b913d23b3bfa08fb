"""What pods carry for the mesh; the application itself does not change.

The proxy starts before the application's containers, init containers among them, and ends after
them: Kubernetes keeps that order for sidecars that are init containers with ``restartPolicy:
Always`` («native» ones, on by default from Kubernetes 1.29 on). So the store can be reached from
the first start to the last saved session, and a Job's pod ends when its own container has. Meshes
do not choose that everywhere by themselves: Istio does where all nodes are of Kubernetes 1.33 or
later (``DetectNativeSidecar``, istio 1.32 pkg/kube/inject/webhook.go), Linkerd from 2.20 on
(linkerd.io, «Native sidecars»). A pod that asks gets one everywhere.
"""

from __future__ import annotations

from holdfast.kube.app import App

NATIVE = "sidecar.istio.io/nativeSidecar"
"""Wins over istiod's own setting (istio 1.32, pkg/kube/inject/inject.go)."""

_OPAQUE = frozenset((25, 587, 3306, 4444, 5432, 6379, 9300, 11211))
"""Ports at which Linkerd 2.20 guesses nothing (charts/linkerd-control-plane, opaquePorts)."""

_PREFIXES = ("config.beta.linkerd.io", "config.linkerd.io")
"""Linkerd 2.19 and 2.20 call it by different prefixes; the newer one wins (pkg/k8s/labels.go)."""


def pod_labels(app: App, component: str) -> dict[str, str]:
    """Labels of a pod template; none without a mesh."""
    mesh = app.spec.mesh
    if mesh is None or mesh.istio is None:
        return {}
    if mesh.istio.mode == "ambient":
        # In a namespace with injection a pod would get a sidecar, and be no part of ambient.
        joined = {"istio.io/dataplane-mode": "ambient", "sidecar.istio.io/inject": "false"}
    else:
        joined = {"sidecar.istio.io/inject": "true"}
    revision = {"istio.io/rev": mesh.istio.revision} if mesh.istio.revision else {}
    return {**joined, **revision, **members(app)}


def members(app: App) -> dict[str, str]:
    """The labels of all pods that Istio's policies are about, and of no others.

    The application's usual labels do not say that: Istio gives them to the pods of its Gateway,
    too (istio 1.32, pilot/pkg/config/kube/gatewaycommon/deploymentcontroller.go), and a policy that
    lets nobody in would take the whole site off.
    """
    return {"holdfast.dev/mesh": app.name}


def pod_annotations(app: App, component: str) -> dict[str, str]:
    """Annotations of a pod template; none without a mesh."""
    mesh = app.spec.mesh
    if mesh is None:
        return {}
    if mesh.linkerd is not None:
        native = {f"{prefix}/proxy-enable-native-sidecar": "true" for prefix in _PREFIXES}
        return {"linkerd.io/inject": "enabled", **native, **_past_linkerd(app)}
    if mesh.istio is not None and mesh.istio.mode == "sidecar":
        # The kubelet has no certificate: its HTTP probes go by Istio's agent, or STRICT ends them.
        return {NATIVE: "true", "sidecar.istio.io/rewriteAppHTTPProbers": "true"}
    return {}


def _past_linkerd(app: App) -> dict[str, str]:
    """MySQL at a port of its own goes past the proxy: there, the server speaks first, and Linkerd
    would wait ten seconds for the client to (linkerd.io, «TCP Proxying and Protocol Detection»).
    """
    database = app.spec.database
    if database is None or database.driver not in ("mysql", "mariadb"):
        return {}
    if database.port is None or database.port in _OPAQUE:
        return {}
    return {"config.linkerd.io/skip-outbound-ports": str(database.port)}
