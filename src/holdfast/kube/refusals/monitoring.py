"""What is refused of monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal

_OURS = "app.kubernetes.io/"


def refusals(app: App) -> Iterator[Refusal]:
    """Labels that would make two different things look like one."""
    monitoring = app.spec.monitoring
    if monitoring is None:
        return
    for label in sorted(monitoring.labels):
        if label.startswith(_OURS):
            yield Refusal(
                ("monitoring", "labels", label),
                f"{label} says which application an object belongs to, and is Holdfast's to set",
                "name the label by which Prometheus chooses, e.g. release: prometheus",
            )
