"""Alerts of pods: whether they start, stay, and are enough.

Names of metrics: kube-state-metrics of August 2026 (docs/metrics/workload), hipages'
php-fpm_exporter 2.2 (phpfpm/exporter.go). What a pod that was deleted died of is in neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.kube.app import App
from holdfast.kube.monitoring import exporters
from holdfast.kube.monitoring.alert import Alert
from holdfast.kube.monitoring.promql import (
    BY,
    NEARLY_FULL,
    any_of,
    deployed,
    free,
    numbered,
    ours,
    series,
)
from holdfast.kube.monitoring.watched import Watched

BUSY = 0.9
CONTAINER = "by (namespace, pod, container)"


def alerts(app: App, there: Watched) -> Iterator[Alert]:
    """Of all pods."""
    yield from _starting(app, there.deployments)
    yield from _rolling(app, [*there.deployments, *there.proxies])
    yield from _staying(app, any_of("pod", pods(there)))
    if there.autoscalers:
        yield _at_most(app, there.autoscalers)
    if exporters.containers(app, "web"):
        yield from _php(app)
    if there.claims:
        yield _full(app, there.claims)


def pods(there: Watched) -> list[str]:
    """Expressions for the names of all pods."""
    names = [*there.deployments, *there.proxies]
    return [*deployed(names), *numbered(there.stateful_sets)]


def _starting(app: App, deployments: Sequence[str]) -> Iterator[Alert]:
    pod = any_of("pod", deployed(deployments))
    ready = series(app, "kube_pod_container_status_ready", pod)
    running = series(app, "kube_pod_status_phase", 'phase="Running"', pod)
    ending = series(app, "kube_pod_deletion_timestamp", pod)
    yield Alert(
        "PodsDoNotStart",
        f"min by (namespace, pod) ({ready}) == 0"
        f" and on (namespace, pod) max by (namespace, pod) ({running}) == 1"
        # A worker that waits for its last job is none that starts.
        f" unless on (namespace, pod) max by (namespace, pod) ({ending})",
        3,
        "critical",
        "pods have started, but do not become ready",
        "Nothing while enough old pods are there; a roll or a scale-up does not go on.",
        "Their startup probe asks for the session store: read the pod's events. If it cannot be"
        " reached: the store, its Service, a NetworkPolicy, the mesh. If it can: PHP's own log.",
    )


def _rolling(app: App, deployments: Sequence[str]) -> Iterator[Alert]:
    which = any_of("deployment", deployments)
    wanted = series(app, "kube_deployment_spec_replicas", which)
    available = series(app, "kube_deployment_status_replicas_available", which)
    yield Alert(
        "NoPods",
        f"max by (namespace, deployment) ({available}) == 0"
        f" and on (namespace, deployment) max by (namespace, deployment) ({wanted}) > 0",
        2,
        "critical",
        "a part of the application has no pod at all",
        "Of web: every page is the edge's error. Of workers: mails and jobs wait.",
        "Read the events of its pods; a rollback is `kubectl rollout undo`.",
    )
    state = series(
        app,
        "kube_deployment_status_condition",
        'condition="Progressing"',
        'status="false"',
        which,
    )
    yield Alert(
        "RolloutStuck",
        f"max by (namespace, deployment) ({state}) == 1",
        1,
        "warning",
        "a rollout does not come to its end",
        "Two versions answer side by side for longer than they should.",
        "Read the events of the new pods; sessions are the same for both versions.",
    )


def _staying(app: App, pod: str) -> Iterator[Alert]:
    restarts = series(app, "kube_pod_container_status_restarts_total", pod)
    grown = f"sum {CONTAINER} (increase({restarts}[15m]))"
    yield Alert(
        "ContainersRestart",
        f"{grown} > 2",
        0,
        "warning",
        "a container is restarted again and again",
        "Requests that it was answering have failed.",
        "`kubectl logs --previous`; where it never became ready, see PodsDoNotStart.",
    )
    killed = series(
        app, "kube_pod_container_status_last_terminated_reason", 'reason="OOMKilled"', pod
    )
    yield Alert(
        "OutOfMemory",
        f"{grown} > 0 and on (namespace, pod, container) max {CONTAINER} ({killed}) == 1",
        0,
        "warning",
        "a container was killed: it needed more memory than its limit",
        "The requests or the job that it was at are lost, and so are their session writes.",
        "Raise resources.memory of that part, or lower web.processes.",
    )


def _at_most(app: App, scaled: Sequence[str]) -> Alert:
    which = any_of("horizontalpodautoscaler", scaled)
    by = "by (namespace, horizontalpodautoscaler)"
    wanted = series(app, "kube_horizontalpodautoscaler_status_desired_replicas", which)
    most = series(app, "kube_horizontalpodautoscaler_spec_max_replicas", which)
    return Alert(
        "AutoscalerAtMax",
        f"max {by} ({wanted}) >= max {by} ({most})",
        15,
        "warning",
        "a part of the application has as many pods as it may",
        "Pages are slow, or jobs wait longer.",
        "Raise max, and the database's and the store's connections with it.",
    )


def _full(app: App, claims: Sequence[str]) -> Alert:
    return Alert(
        "VolumeFillsUp",
        f"{free(app, claims)} < {NEARLY_FULL}",
        10,
        "warning",
        "a volume of the application is nearly full",
        "When it is, uploads fail; where SQLite or session files are on it, so does every page.",
        "Expand the claim, or see what grows there.",
    )


def _php(app: App) -> Iterator[Alert]:
    active = ours(app, "web", "phpfpm_active_processes")
    total = ours(app, "web", "phpfpm_total_processes")
    yield Alert(
        "PhpBusy",
        f"sum {BY} ({active}) / sum {BY} ({total}) > {BUSY}",
        5,
        "warning",
        f"more than {BUSY:.0%} of all PHP processes are busy",
        "Pages are slow; soon they wait for a process.",
        "See what is slow (the database, a foreign service), or raise web.max or web.processes.",
    )
    up = ours(app, "web", "phpfpm_up")
    yield Alert(
        "PhpSilent",
        f"min by (namespace, pod) ({up}) == 0",
        2,
        "warning",
        "php-fpm of a pod does not say how it is",
        "All its processes are busy, or it hangs.",
        "See the pod's log; a pod that hangs is restarted by its liveness probe.",
    )
