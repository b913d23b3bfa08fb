"""What NetworkPolicies must leave open for the mesh: they are enforced outside of its proxies."""

from __future__ import annotations

from holdfast.kube.app import App, Object

_HBONE, _LINKERD = 15008, 4143


def ports(app: App) -> list[int]:
    """TCP ports at which connections of the mesh arrive in place of the pod's own.

    Ambient's tunnel, also towards sidecars (istio.io, «Ambient and Kubernetes NetworkPolicy»);
    Linkerd's inbound proxy (linkerd.io, «Common errors: Network Policy»). Who may come through is
    the mesh's to say there.
    """
    mesh = app.spec.mesh
    if mesh is None:
        return []
    return [_LINKERD] if mesh.linkerd is not None else [_HBONE]


def probe_sources(app: App) -> list[str]:
    """Networks from which the kubelet asks, where the mesh puts an address in its place.

    Ambient does (istio 1.32, cni/README.md, HOST_PROBE_SNAT_IP and _IPV6).
    """
    mesh = app.spec.mesh
    if mesh is None or mesh.istio is None or mesh.istio.mode != "ambient":
        return []
    return ["169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"]


def control_plane(app: App) -> list[Object]:
    """Egress rules for proxies inside of pods: they get certificates and who is where from it.

    Ambient's ztunnel asks from a pod of its own.
    """
    mesh = app.spec.mesh
    if mesh is None or (mesh.istio is not None and mesh.istio.mode == "ambient"):
        return []
    name = "linkerd" if mesh.linkerd is not None else "istio-system"
    space = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    if mesh.linkerd is not None:
        return [{"to": [space]}]
    return [{"to": [space], "ports": [{"port": 15012, "protocol": "TCP"}]}]
