"""What is refused of the mesh: two meshes, none, or what means nothing in the chosen mode."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import all_refused, given, rule
from holdfast.kube.spec.edge import Istio

_MESH = "self.spec.mesh"
_ISTIO, _LINKERD = given(f"{_MESH}.istio"), given(f"{_MESH}.linkerd")


def _istio(app: App) -> Istio | None:
    return app.spec.mesh.istio if app.spec.mesh else None


RULES = (
    rule(
        ("mesh", "linkerd"),
        "two meshes would redirect the same connections, each through the other's proxy",
        "keep one of mesh.istio and mesh.linkerd",
        broken=lambda app: (
            app.spec.mesh is not None
            and app.spec.mesh.istio is not None
            and app.spec.mesh.linkerd is not None
        ),
        cel=f"!{given(_MESH)} || !{_ISTIO} || !{_LINKERD}",
    ),
    rule(
        ("mesh",),
        "no mesh is named, so pods would be part of none",
        "write mesh.istio: {} or mesh.linkerd: {}, or leave mesh out",
        broken=lambda app: (
            app.spec.mesh is not None
            and app.spec.mesh.istio is None
            and app.spec.mesh.linkerd is None
        ),
        cel=f"!{given(_MESH)} || {_ISTIO} || {_LINKERD}",
    ),
    rule(
        ("mesh", "istio", "revision"),
        "in ambient mode a pod's revision is ignored: the node's ztunnel takes all of them",
        "leave mesh.istio.revision out, or set mode: sidecar",
        broken=lambda app: (
            (istio := _istio(app)) is not None
            and istio.mode == "ambient"
            and istio.revision is not None
        ),
        cel=(
            f"!{given(_MESH)} || !{_ISTIO} || {_MESH}.istio.mode != 'ambient'"
            f" || !{given(f'{_MESH}.istio.revision')}"
        ),
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """All that is refused of the mesh."""
    return all_refused(RULES, app)
