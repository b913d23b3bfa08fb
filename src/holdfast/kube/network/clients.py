"""Which pods are the application's."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.workers import groups, migrations


def components(app: App) -> list[str]:
    """The components of the pods in which Laravel runs: they, and no others, read sessions."""
    spec = app.spec
    found = ["web", *(groups.component(worker) for worker in spec.workers)]
    if spec.scheduler is not None:
        found.append("scheduler")
    if spec.migrations is not None:
        found.append(migrations.COMPONENT)
    return found
