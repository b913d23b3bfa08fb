"""Manifests: what the mesh is told."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.mesh import identity, linkerd, traffic


def objects(app: App) -> Iterator[Object]:
    """Those of the mesh that is asked for."""
    mesh = app.spec.mesh
    if mesh is None:
        return
    if mesh.linkerd is not None:
        yield from linkerd.objects(app)
    if mesh.istio is not None:
        yield from identity.objects(app)
        if mesh.istio.mode == "sidecar":
            yield from traffic.objects(app)


def decisions(app: App) -> Iterator[Decision]:
    """What a person would ask about, and what the cluster must have."""
    mesh = app.spec.mesh
    if mesh is None:
        return
    if mesh.joining:
        yield Decision(
            "mesh, while joining",
            "everybody is answered",
            "pods that are not in the mesh yet have no identity; once all have rolled, take"
            " joining out: only then does the mesh guard the store",
        )
    if mesh.istio is not None and mesh.istio.mode == "ambient":
        yield from _ambient()
    else:
        yield from _sidecars(app)
    if mesh.istio is not None:
        yield from _edge(app)
    session = app.spec.session.store
    if session is not None and session.operator is not None:
        yield Decision(
            "mesh and the operator's Redis",
            "outside of the mesh",
            "the operator makes its pods and connects to them without an identity; NetworkPolicies"
            " keep them to the application",
        )


def _ambient() -> Iterator[Decision]:
    yield Decision(
        "waypoint of the mesh",
        "none",
        "who may connect is decided by identity and port, which ztunnel does; nothing here reads"
        " HTTP",
    )
    yield Decision(
        "version of Istio",
        "1.25 or later",
        "policies name service accounts without a trust domain; 1.27.9, 1.28.6 and 1.29.2 mended"
        " how they are compared",
    )


def _sidecars(app: App) -> Iterator[Decision]:
    mesh = app.spec.mesh
    assert mesh is not None
    yield Decision(
        "proxies of the mesh",
        "native sidecars",
        "they start before the application and end after it, so its last session is saved; the"
        " pods of Jobs end by themselves",
    )
    yield Decision(
        "what pods may do in a mesh",
        "the mesh's CNI plugin",
        "without it an init container changes the pod's network as root, which restricted Pod"
        " Security does not let in",
    )
    if mesh.linkerd is not None:
        yield Decision(
            "version of Linkerd", "2.19 or later", "native sidecars have their annotation from it"
        )
        return
    yield Decision(
        "version of Istio",
        "1.25 or later",
        "policies name service accounts without a trust domain; 1.27.9, 1.28.6 and 1.29.2 mended"
        " how they are compared",
    )
    yield Decision(
        "repeated requests in the mesh",
        "only where no connection came about or the peer refused the stream",
        "a POST that PHP has seen is never sent twice; an Istio gateway keeps to that by itself"
        " from 1.24 on",
    )
    yield Decision(
        "outlier detection", "none", "it would take away the only Redis for one refused connection"
    )


def _edge(app: App) -> Iterator[Decision]:
    if identity.in_mesh(app):
        return
    yield Decision(
        "edge and mesh",
        f"port {app.spec.web.port} of web pods takes plain connections",
        "the edge is not Istio's, and most others are not in the mesh; NetworkPolicies keep the"
        " port to it. All other ports ask for mTLS",
    )
