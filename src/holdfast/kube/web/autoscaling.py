"""How many replicas there are: up within seconds of a wave, down slowly behind it."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.objects import metadata, named


def scaled(app: App) -> bool:
    """Whether replicas come and go; then their number is the autoscaler's, not the Deployment's."""
    web = app.spec.web
    return web.max is not None and web.max > web.min


def autoscaler(app: App) -> Iterator[Object]:
    """The HorizontalPodAutoscaler, if any.

    Each pod that goes costs its visitors' connections, and each that comes starts with cold caches:
    so down by a tenth a minute, and only after five minutes of less.
    """
    web = app.spec.web
    if not scaled(app):
        return
    yield {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(app, named(app, "web"), "web"),
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": named(app, "web"),
            },
            "minReplicas": web.min,
            "maxReplicas": web.max,
            "metrics": list(_metrics(app)),
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 0,
                    "selectPolicy": "Max",
                    "policies": [
                        {"type": "Percent", "value": 100, "periodSeconds": 15},
                        {"type": "Pods", "value": 4, "periodSeconds": 15},
                    ],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": 300,
                    "selectPolicy": "Max",
                    "policies": [
                        {"type": "Percent", "value": 10, "periodSeconds": 60},
                        {"type": "Pods", "value": 1, "periodSeconds": 60},
                    ],
                },
            },
        },
    }


def _metrics(app: App) -> Iterator[Object]:
    """PHP's container alone: what nginx, an exporter or a mesh's proxy reserve would dilute it."""
    asked = app.spec.web.autoscale
    yield {
        "type": "ContainerResource",
        "containerResource": {
            "container": "php",
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": asked.cpu},
        },
    }
    if asked.busy is not None:
        # Requests that wait for a database use no processor, but they do use a process.
        yield {
            "type": "Pods",
            "pods": {
                "metric": {"name": "phpfpm_process_utilization"},
                "target": {"type": "AverageValue", "averageValue": str(asked.busy)},
            },
        }
