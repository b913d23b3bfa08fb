"""What web pods may write to the disk of their node, which is nobody's for ever."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.quantity import mebibytes, whole


def temporary(app: App) -> str:
    """What PHP may have in ``/tmp``: an upload in each process, and as much as ever."""
    return mebibytes(whole("128Mi") + app.spec.web.processes * whole(app.spec.web.max_body))


def ephemeral(app: App) -> str:
    """All that the application's container may write; above it the pod is evicted."""
    return mebibytes(whole(temporary(app)) + whole("512Mi"))
