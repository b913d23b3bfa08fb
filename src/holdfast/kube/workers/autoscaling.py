"""Groups that grow and shrink: by the use of their processor here, by their jobs in ``keda``."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.objects import metadata, named
from holdfast.kube.spec.workers import Worker


def scaled(worker: Worker) -> bool:
    """Whether something else than the manifest says how many replicas there are."""
    return worker.scale_on.jobs is not None or worker.scale_on.cpu is not None


def behavior() -> Object:
    """Up at once, down slowly: each replica that goes waits for its job, and the next wave of jobs
    finds fewer. Five minutes without need, then one replica or a tenth of them a minute.
    """
    return {
        "scaleDown": {
            "policies": [
                {"periodSeconds": 60, "type": "Pods", "value": 1},
                {"periodSeconds": 60, "type": "Percent", "value": 10},
            ],
            "selectPolicy": "Max",
            "stabilizationWindowSeconds": 300,
        },
        "scaleUp": {
            "policies": [
                {"periodSeconds": 15, "type": "Pods", "value": 4},
                {"periodSeconds": 15, "type": "Percent", "value": 100},
            ],
            "selectPolicy": "Max",
            "stabilizationWindowSeconds": 0,
        },
    }


def on_processor(app: App, worker: Worker, component: str, percent: int) -> Object:
    """The HorizontalPodAutoscaler of a group."""
    name = named(app, component)
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(app, name, component),
        "spec": {
            "behavior": behavior(),
            "maxReplicas": worker.max or worker.min,
            "metrics": [
                {
                    "containerResource": {
                        "container": "worker",
                        "name": "cpu",
                        "target": {"averageUtilization": percent, "type": "Utilization"},
                    },
                    "type": "ContainerResource",
                }
            ],
            "minReplicas": worker.min,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        },
    }
