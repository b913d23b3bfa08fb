"""A Grafana dashboard, as a ConfigMap that Grafana's sidecar loads.

The sidecar of Grafana's Helm chart takes ConfigMaps labelled ``grafana_dashboard`` (its default).
The name stays when the content changes, or there would be two dashboards with one uid. The model is
that of Grafana's documentation («Dashboard JSON model»); Grafana's own grafana-foundation-sdk 10.1
reads it and writes it back unchanged. No Grafana was at hand to look at it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from holdfast.kube.app import App, Object
from holdfast.kube.monitoring.monitors import chosen_metadata
from holdfast.kube.monitoring.panels import Panel, panels
from holdfast.kube.objects import digest, named
from holdfast.kube.spec.edge import Monitoring

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH, _HEIGHT, _IN_A_ROW = 8, 8, 3


def config_map(app: App, monitoring: Monitoring) -> Object:
    """The ConfigMap."""
    made = chosen_metadata(app, monitoring, named(app, "dashboard"), "monitoring")
    content = msgspec.json.format(msgspec.json.encode(model(app)), indent=2).decode()
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**made, "labels": {**made["labels"], "grafana_dashboard": "1"}},
        "data": {f"{app.name}.json": content + "\n"},
    }


def model(app: App) -> dict[str, Any]:
    """What Grafana imports."""
    return {
        "annotations": {"list": []},
        "editable": True,
        "panels": [_panel(panel, position) for position, panel in enumerate(panels(app))],
        "refresh": "1m",
        "schemaVersion": 39,
        "tags": ["holdfast", "laravel"],
        "templating": {
            "list": [
                {
                    "label": "Data source",
                    "name": "datasource",
                    "query": "prometheus",
                    "type": "datasource",
                }
            ]
        },
        "time": {"from": "now-6h", "to": "now"},
        "title": f"{app.name}: sessions",
        # Of one application in one namespace: two environments are two dashboards.
        "uid": f"holdfast-{digest([app.namespace, app.name])}",
    }


def _panel(panel: Panel, position: int) -> dict[str, Any]:
    row, column = divmod(position, _IN_A_ROW)
    return {
        "datasource": _SOURCE,
        "description": panel.description,
        "fieldConfig": {"defaults": {"min": 0, "unit": panel.unit}, "overrides": []},
        "gridPos": {"h": _HEIGHT, "w": _WIDTH, "x": column * _WIDTH, "y": row * _HEIGHT},
        "id": position + 1,
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "datasource": _SOURCE,
                "expr": expr,
                "legendFormat": legend,
                "refId": chr(ord("A") + number),
            }
            for number, (legend, expr) in enumerate(panel.lines.items())
        ],
        "title": panel.title,
        "type": "timeseries",
    }
