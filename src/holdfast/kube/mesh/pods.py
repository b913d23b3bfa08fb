"""What pods carry for the mesh; the application itself does not change."""

from __future__ import annotations

from holdfast.kube.app import App


def pod_labels(app: App, component: str) -> dict[str, str]:
    """Labels of a pod template; none without a mesh."""
    return {}


def pod_annotations(app: App, component: str) -> dict[str, str]:
    """Annotations of a pod template; none without a mesh."""
    return {}
