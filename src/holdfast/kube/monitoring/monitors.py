"""What Prometheus scrapes, by the objects of its operator (monitoring.coreos.com/v1, 0.93)."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.monitoring import exporters
from holdfast.kube.objects import labels, metadata, named, selector
from holdfast.kube.session_store import exporter
from holdfast.kube.spec.edge import Monitoring

API = "monitoring.coreos.com/v1"
CANARY = "canary"
"""The component of a pod with ``holdfast rehearse --watch``, which somebody else deploys."""


def objects(app: App, monitoring: Monitoring) -> Iterator[Object]:
    """One for what each exporter runs beside, one for a canary, should there be one."""
    scraped = exporter.scraped(app)
    if scraped is not None:
        yield _monitor(app, monitoring, "ServiceMonitor", "sessions", scraped)
    # Not by a Service: that of web pods is the edge's, and metrics are none of its business.
    if exporters.containers(app, "web"):
        yield _monitor(app, monitoring, "PodMonitor", "web", (selector(app, "web"), "metrics"))
    canary = selector(app, CANARY), "metrics"
    yield _monitor(app, monitoring, "PodMonitor", CANARY, canary)


def chosen_metadata(app: App, monitoring: Monitoring, name: str, component: str) -> Object:
    """Metadata with the labels by which Prometheus or Grafana chooses."""
    made = metadata(app, name, component)
    return {**made, "labels": {**labels(app, component), **monitoring.labels}}


def _monitor(
    app: App,
    monitoring: Monitoring,
    kind: str,
    component: str,
    found: tuple[dict[str, str], str],
) -> Object:
    chosen, port = found
    endpoint = {"interval": "30s", "port": port, "relabelings": _target(app, component)}
    endpoints = "endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"
    return {
        "apiVersion": API,
        "kind": kind,
        "metadata": chosen_metadata(app, monitoring, named(app, component), component),
        "spec": {endpoints: [endpoint], "selector": {"matchLabels": chosen}},
    }


def _target(app: App, component: str) -> list[Object]:
    """Labels that rules and panels ask for, the same whoever made the pods."""
    return [
        {"action": "replace", "replacement": app.name, "targetLabel": "app"},
        {"action": "replace", "replacement": component, "targetLabel": "component"},
    ]
