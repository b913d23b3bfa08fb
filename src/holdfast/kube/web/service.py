"""The Service that edges send to: any replica, each time."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.objects import metadata, named, selector


def service(app: App) -> Object:
    """``shop-web``, port ``http``; without affinity, which would keep no session anyway."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(app, named(app, "web"), "web"),
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
