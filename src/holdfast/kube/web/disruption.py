"""What may be taken away at once when nodes are drained."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.objects import metadata, named, selector


def budget(app: App) -> Object:
    """One replica at a time, as a number of pods that may be away: it never blocks a drain.

    ``minAvailable`` would, where there is one replica or all are needed. A pod that is not ready
    holds nobody up either (unhealthyPodEvictionPolicy, stable from Kubernetes 1.31 on).
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(app, named(app, "web"), "web"),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(app, "web")},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
