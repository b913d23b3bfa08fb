"""What is refused of the mesh."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal


def refusals(app: App) -> Iterator[Refusal]:
    """Two meshes, none, or a setting that means nothing in the chosen mode."""
    mesh = app.spec.mesh
    if mesh is None:
        return
    if mesh.istio is not None and mesh.linkerd is not None:
        yield Refusal(
            ("mesh", "linkerd"),
            "two meshes would redirect the same connections, each through the other's proxy",
            "keep one of mesh.istio and mesh.linkerd",
        )
    if mesh.istio is None and mesh.linkerd is None:
        yield Refusal(
            ("mesh",),
            "no mesh is named, so pods would be part of none",
            "write mesh.istio: {} or mesh.linkerd: {}, or leave mesh out",
        )
    if mesh.istio is not None and mesh.istio.mode == "ambient" and mesh.istio.revision is not None:
        yield Refusal(
            ("mesh", "istio", "revision"),
            "in ambient mode a pod's revision is ignored: the node's ztunnel takes all of them",
            "leave mesh.istio.revision out, or set mode: sidecar",
        )
