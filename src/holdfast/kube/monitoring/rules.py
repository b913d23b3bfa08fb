"""Manifests: what Prometheus and Grafana are told."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.monitoring import (
    background_alerts,
    dashboard,
    exporters,
    monitors,
    pod_alerts,
    store_alerts,
    user_alerts,
)
from holdfast.kube.monitoring.alert import Alert
from holdfast.kube.monitoring.promql import ours
from holdfast.kube.monitoring.watched import watched
from holdfast.kube.objects import named
from holdfast.kube.session_store import exporter
from holdfast.kube.spec.edge import Monitoring


def objects(app: App) -> Iterator[Object]:
    """What is scraped, when somebody is told, and a picture of it."""
    monitoring = app.spec.monitoring
    if monitoring is None:
        return
    yield from monitors.objects(app, monitoring)
    yield _rule(app, monitoring)
    if monitoring.dashboard:
        yield dashboard.config_map(app, monitoring)


def groups_of_alerts(app: App) -> dict[str, list[Alert]]:
    """All alerts, by what they are about."""
    there = watched(app)
    found = {
        "sessions": [*store_alerts.alerts(app, there), *user_alerts.alerts(app)],
        "pods": list(pod_alerts.alerts(app, there)),
        "background": list(background_alerts.alerts(app, there)),
    }
    return {name: alerts for name, alerts in found.items() if alerts}


def _rule(app: App, monitoring: Monitoring) -> Object:
    return {
        "apiVersion": monitors.API,
        "kind": "PrometheusRule",
        "metadata": monitors.chosen_metadata(app, monitoring, app.name, "monitoring"),
        "spec": {
            "groups": [
                *(
                    {
                        "name": named(app, name),
                        "rules": [alert.rule(app, monitoring.runbooks) for alert in alerts],
                    }
                    for name, alerts in groups_of_alerts(app).items()
                ),
                *_recorded(app),
            ]
        },
    }


def _recorded(app: App) -> Iterator[Object]:
    """The share of busy PHP processes, by which ``web.autoscale.busy`` scales.

    prometheus-adapter hands on every series with a namespace and a pod (its chart's default rules).
    """
    if app.spec.web.autoscale.busy is None or not exporters.containers(app, "web"):
        return
    active = ours(app, "web", "phpfpm_active_processes")
    total = ours(app, "web", "phpfpm_total_processes")
    by = "by (namespace, pod)"
    yield {
        "name": named(app, "autoscaling"),
        "rules": [
            {
                "record": "phpfpm_process_utilization",
                "expr": f"100 * sum {by} ({active}) / sum {by} ({total})",
            }
        ],
    }


def decisions(app: App) -> Iterator[Decision]:
    """What is not watched, and by what it would be."""
    monitoring = app.spec.monitoring
    if monitoring is None:
        yield Decision(
            "monitoring", "none", "nobody is told when sessions are lost; write monitoring: {}"
        )
        return
    if not monitoring.labels:
        yield Decision(
            "labels of monitors and rules",
            "none",
            "a Prometheus that chooses by label sees none of them; the Helm chart"
            " kube-prometheus-stack wants release: and the name of its release",
        )
    if exporter.scraped(app) is None and app.spec.session.driver in ("redis", "memcached"):
        yield Decision(
            "metrics of the session store",
            "none",
            "somebody else runs it: watch evictions, memory and restarts where it is run",
        )
    if not exporters.containers(app, "web"):
        yield Decision(
            "metrics of PHP",
            "none",
            f"{app.spec.web.runtime} has none that stock exporters read; pods are watched",
        )
    yield Decision(
        "metrics of the cluster",
        "those of kube-state-metrics and the kubelet",
        "alerts of pods, Jobs and volumes ask for them; without them they never fire",
    )
    yield Decision(
        "lost sessions",
        "an alert that waits for a canary",
        "a pod with holdfast rehearse --watch, labelled app.kubernetes.io/component: canary and"
        f" app.kubernetes.io/instance: {app.name}, is scraped at its port metrics",
    )
