"""Who counts the jobs in the store, from another namespace."""

from __future__ import annotations

from holdfast.kube.app import App

NAMESPACE = "keda"
"""Where KEDA's own instructions install it (keda.sh, «Deploying KEDA»)."""


def scaler_namespaces(app: App) -> list[str]:
    """Namespaces whose pods ask the sessions' Redis for the length of queues."""
    counted = any(worker.scale_on.jobs is not None for worker in app.spec.workers)
    connection = app.spec.queue.connection
    redis = connection == "redis" or (connection is None and app.spec.session.driver == "redis")
    return [NAMESPACE] if counted and redis else []
