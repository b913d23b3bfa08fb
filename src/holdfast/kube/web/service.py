"""The Service that edges send to: any replica, each time."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.edge import entry
from holdfast.kube.objects import metadata, named, selector


def service(app: App) -> Object:
    """``shop-web``, port ``http``; what an edge wants of affinity, it reads in the metadata."""
    meta = metadata(app, named(app, "web"), "web", annotations=entry.service_annotations(app))
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**meta, "labels": {**meta["labels"], **entry.service_labels(app)}},
        "spec": {
            "type": "ClusterIP",
            "selector": selector(app, "web"),
            "ports": [
                {
                    "name": "http",
                    "appProtocol": "http",
                    "port": 80,
                    "protocol": "TCP",
                    "targetPort": "http",
                }
            ],
        },
    }
