"""Alerts of what runs behind requests: the scheduler, queues, migrations.

Names of metrics: kube-state-metrics of August 2026 (docs/metrics/workload), KEDA 2.20
(pkg/metricscollector/prommetrics.go). How many jobs wait in Horizon nobody exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.kube.app import App
from holdfast.kube.monitoring.alert import Alert
from holdfast.kube.monitoring.promql import any_of, series
from holdfast.kube.monitoring.watched import Watched

LATE = 600
"""Seconds beyond the longest task in which no run has succeeded."""


def alerts(app: App, there: Watched) -> Iterator[Alert]:
    """Those of what there is."""
    if there.cron_jobs and app.spec.scheduler is not None:
        yield _late(app, there.cron_jobs, LATE + app.spec.scheduler.longest_task)
    if there.migrations:
        # The Job of any version: a hash follows.
        yield _failed(app, [f"{name}-[a-z0-9]+" for name in there.migrations])
    if there.scaled_objects:
        yield _blind(there.scaled_objects)


def _late(app: App, crons: Sequence[str], seconds: int) -> Alert:
    which = any_of("cronjob", crons)
    last = series(app, "kube_cronjob_status_last_successful_time", which)
    created = series(app, "kube_cronjob_created", which)
    suspended = series(app, "kube_cronjob_spec_suspend", which)
    by = "by (namespace, cronjob)"
    return Alert(
        "SchedulerLate",
        f"time() - (max {by} ({last}) or max {by} ({created})) > {seconds}"
        f" unless on (namespace, cronjob) max {by} ({suspended}) == 1",
        0,
        "warning",
        "no schedule:run has come to its end for long",
        "Scheduled mails, reports and clean-ups do not happen.",
        "Read the log of the last Job; a mesh whose proxy does not end keeps Jobs alive for ever.",
    )


def _failed(app: App, jobs: Sequence[str]) -> Alert:
    failed = series(app, "kube_job_failed", 'condition="true"', any_of("job_name", jobs))
    return Alert(
        "MigrationFailed",
        f"max by (namespace, job_name) ({failed}) == 1",
        0,
        "critical",
        "the migration of the database has failed",
        "Nothing, while the old version runs; the new one may find tables that are not there.",
        "Read the Job's log, mend, and apply again; do not roll the new version before.",
    )


def _blind(scaled: Sequence[str]) -> Alert:
    # Prometheus may have renamed the namespace of KEDA's series (honorLabels): not asked for.
    which = any_of("scaledObject", scaled)
    errors = f"keda_scaled_object_errors_total{{{which}}}"
    return Alert(
        "ScalerBlind",
        f"sum by (scaledObject) (increase({errors}[10m])) > 0",
        10,
        "warning",
        "KEDA cannot count the jobs that wait",
        "Workers stay as many as they are; jobs may wait.",
        "See the events of the ScaledObject: the password, a NetworkPolicy, the mesh.",
    )
