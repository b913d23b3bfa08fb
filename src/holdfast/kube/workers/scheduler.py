"""Manifests: the scheduler, as a CronJob that is there each minute or as one process.

**CronJob.** Each minute is a run of its own, as Laravel's documentation has cron do it. Runs may
overlap (``Allow``): with ``Forbid`` a task of five minutes would swallow whatever is due in the
four after it, and nothing would say so. A task that must not meet itself says
``withoutOverlapping``, and the locks are in a cache that all pods share. A run that could not be
started within half a minute is left out: ``schedule:run`` looks at its clock, and a late one does
what is due in the next minute, which has a run of its own.

**Process.** ``schedule:work`` runs ``schedule:run`` itself, for tasks below a minute or where a pod
takes too long to start. One replica and ``Recreate``: never two of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.objects import metadata, named, selector
from holdfast.kube.pod import php_container, pod_template
from holdfast.kube.spec.workers import Scheduler
from holdfast.kube.timing import JOB_SPARE
from holdfast.kube.workers import tasks

COMPONENT = "scheduler"
LATE = 30
"""Seconds after which a run that has not begun is left out. A controller that looks every 10 s
needs more than that."""


def objects(app: App) -> Iterator[Object]:
    """One object, where there is a scheduler."""
    if app.spec.scheduler is None:
        return
    if app.spec.scheduler.mode == "cronjob":
        yield _cron_job(app, app.spec.scheduler)
    else:
        yield _deployment(app, app.spec.scheduler)


def _template(
    app: App, scheduler: Scheduler, command: list[str], lifecycle: Object | None
) -> Object:
    once = scheduler.mode == "cronjob"
    container = php_container(app, COMPONENT, command, scheduler.resources, lifecycle=lifecycle)
    return pod_template(
        app,
        COMPONENT,
        containers=[container],
        grace=scheduler.longest_task + JOB_SPARE,
        restart_policy="Never" if once else None,
    )


def _cron_job(app: App, scheduler: Scheduler) -> Object:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata(app, named(app, COMPONENT), COMPONENT),
        "spec": {
            "concurrencyPolicy": "Allow",
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "spec": {
                    "activeDeadlineSeconds": scheduler.longest_task,
                    "backoffLimit": 0,
                    "template": _template(app, scheduler, tasks.once(), None),
                }
            },
            "schedule": "* * * * *",
            "startingDeadlineSeconds": LATE,
            "successfulJobsHistoryLimit": 1,
        },
    }


def _deployment(app: App, scheduler: Scheduler) -> Object:
    lifecycle = tasks.between_tasks(app.spec.laravel)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(app, named(app, COMPONENT), COMPONENT),
        "spec": {
            "replicas": 1,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": selector(app, COMPONENT)},
            "strategy": {"type": "Recreate"},
            "template": _template(app, scheduler, tasks.always(), lifecycle),
        },
    }


def decisions(app: App) -> Iterator[Decision]:
    """How tasks are run."""
    if app.spec.scheduler is None:
        yield Decision("scheduler", "none", "nothing is said of one (`scheduler`)")
    elif app.spec.scheduler.mode == "cronjob":
        yield Decision(
            "scheduler",
            "a CronJob, each minute a run of its own",
            "a task that takes longer must not swallow those that are due meanwhile; what must not"
            " meet itself says withoutOverlapping(MINUTES). Tasks below a minute, or at the very"
            " minute, want mode: process",
        )
    else:
        yield Decision(
            "scheduler",
            "one schedule:work, stopped between two tasks",
            "mode says so; the next one begins when it has gone, so a rollout leaves minutes out",
        )
