"""What the dashboard shows, in the order of the questions: are sessions lost, will they be, why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.kube.app import App
from holdfast.kube.monitoring import exporters, pod_alerts, store_alerts, user_alerts
from holdfast.kube.monitoring.monitors import CANARY
from holdfast.kube.monitoring.promql import any_of, ours, series
from holdfast.kube.monitoring.watched import Watched, watched
from holdfast.kube.session_store import exporter


@dataclass(frozen=True)
class Panel:
    """A picture.

    Args:
        lines: PromQL by legend.
        unit: in Grafana's words.
        description: what to make of it.
    """

    title: str
    lines: dict[str, str]
    description: str
    unit: str = "short"


def panels(app: App) -> Iterator[Panel]:
    """Those of what there is."""
    there = watched(app)
    yield from _canary(app)
    if exporter.scraped(app) is not None:
        yield from _store(app)
    yield from _pods(app, there)
    if exporters.containers(app, "web"):
        yield from _php(app)
    yield from _requests(app)
    yield from _queues(there)


def _canary(app: App) -> Iterator[Panel]:
    lost = ours(app, CANARY, "holdfast_sessions_lost_total")
    logins = ours(app, CANARY, "holdfast_logins_lost_total")
    held = ours(app, CANARY, "holdfast_sessions_held")
    yield Panel(
        "Lost sessions",
        {
            "{{cause}}": f"sum by (cause) (increase({lost}[15m]))",
            "logins": f"sum (increase({logins}[15m]))",
        },
        "Of those that the canary watches. Anything but zero is a fault.",
    )
    yield Panel("Sessions that are watched", {"held": f"sum ({held})"}, "None: there is no canary.")


def _store(app: App) -> Iterator[Panel]:
    def redis(metric: str) -> str:
        return ours(app, "sessions", metric)

    yield Panel(
        "Keys in the session store",
        {"{{pod}}": f"sum by (pod) ({redis('redis_db_keys')})"},
        "Falls slowly when sessions end; a step down is a flush.",
    )
    yield Panel(
        "Memory of the session store",
        {
            "{{pod}} used": f"max by (pod) ({redis('redis_memory_used_bytes')})",
            "most": f"max ({redis('redis_memory_max_bytes')})",
        },
        "At the most, writes are refused.",
        "bytes",
    )
    yield Panel(
        "Evicted keys and refused connections",
        {
            "evicted": f"sum (increase({redis('redis_evicted_keys_total')}[5m]))",
            "refused": f"sum (increase({redis('redis_rejected_connections_total')}[5m]))",
        },
        "Both have to be zero.",
    )
    yield Panel(
        "Commands of the session store",
        {"{{pod}}": f"sum by (pod) (rate({redis('redis_commands_processed_total')}[5m]))"},
        "About three for each request.",
        "ops",
    )
    yield Panel(
        "Clients of the session store",
        {"{{pod}}": f"max by (pod) ({redis('redis_connected_clients')})"},
        "PHP processes, workers, and what asks for metrics.",
    )
    if store_alerts.servers(app) > 1:
        yield Panel(
            "Replicas behind the master",
            {
                "{{slave_ip}}": f"max by (slave_ip) ({redis('redis_connected_slave_lag_seconds')})",
            },
            "So much a failover would lose.",
            "s",
        )


def _pods(app: App, there: Watched) -> Iterator[Panel]:
    which = any_of("deployment", [*there.deployments, *there.proxies])
    available = series(app, "kube_deployment_status_replicas_available", which)
    yield Panel(
        "Pods",
        {"{{deployment}}": f"max by (deployment) ({available})"},
        "Those that take requests or jobs.",
    )
    if there.autoscalers:
        which = any_of("horizontalpodautoscaler", there.autoscalers)
        wanted = series(app, "kube_horizontalpodautoscaler_status_desired_replicas", which)
        most = series(app, "kube_horizontalpodautoscaler_spec_max_replicas", which)
        by = "by (horizontalpodautoscaler)"
        yield Panel(
            "Autoscaling",
            {
                "{{horizontalpodautoscaler}} wanted": f"max {by} ({wanted})",
                "{{horizontalpodautoscaler}} most": f"max {by} ({most})",
            },
            "Where both meet for long, max is too low.",
        )
    restarts = series(
        app, "kube_pod_container_status_restarts_total", any_of("pod", pod_alerts.pods(there))
    )
    yield Panel(
        "Restarts of containers",
        {"{{pod}} {{container}}": f"sum by (pod, container) (increase({restarts}[15m])) > 0"},
        "A stop or a roll makes none.",
    )


def _php(app: App) -> Iterator[Panel]:
    active = ours(app, "web", "phpfpm_active_processes")
    total = ours(app, "web", "phpfpm_total_processes")
    yield Panel(
        "PHP processes",
        {"busy": f"sum ({active})", "all": f"sum ({total})"},
        "Where both meet, requests wait. php-fpm counts no queue at a Unix socket.",
    )


def _requests(app: App) -> Iterator[Panel]:
    counted = user_alerts.errors(app)
    if counted is not None:
        failed, total = counted
        yield Panel(
            "Requests",
            {"all": f"sum (rate({total}[5m]))", "failed": f"sum (rate({failed}[5m]))"},
            "As the mesh or the edge counts them.",
            "reqps",
        )


def _queues(there: Watched) -> Iterator[Panel]:
    if there.scaled_objects:
        value = f"keda_scaler_metrics_value{{{any_of('scaledObject', there.scaled_objects)}}}"
        yield Panel(
            "Jobs that wait",
            {"{{scaledObject}} {{metric}}": f"sum by (scaledObject, metric) ({value})"},
            "As KEDA counts them.",
        )
