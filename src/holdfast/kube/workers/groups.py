"""Manifests: groups of workers, each a Deployment that grows and stops on its own.

A rollout surges and takes nothing away before the new replica has shown that it can be stopped and
finds its queue. A budget keeps drains from emptying a group at once; it does not protect jobs, the
grace period does: an eviction is a stop like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.environment.queue import connection
from holdfast.kube.environment.redis import server
from holdfast.kube.objects import metadata, named, present, selector
from holdfast.kube.pod import php_container, pod_template, spread
from holdfast.kube.spec.workers import Worker
from holdfast.kube.timing import JOB_SPARE, retry_after, worker_grace
from holdfast.kube.workers import autoscaling, horizon, keda, queue_work, startup, stop


def component(worker: Worker) -> str:
    """``worker-mails``."""
    return f"worker-{worker.name}"


def objects(app: App) -> Iterator[Object]:
    """Of each group: Deployment, budget, what scales it."""
    if any(worker.scale_on.jobs is not None for worker in app.spec.workers):
        yield from keda.authentication(app)
    for worker in app.spec.workers:
        yield _deployment(app, worker)
        if worker.min >= 2:
            yield _budget(app, worker)
        if worker.scale_on.jobs is not None:
            yield keda.scaled_object(app, worker, component(worker), worker.scale_on.jobs)
        elif worker.scale_on.cpu is not None:
            yield autoscaling.on_processor(app, worker, component(worker), worker.scale_on.cpu)


def _deployment(app: App, worker: Worker) -> Object:
    name, grace = named(app, component(worker)), worker_grace(worker)
    container = php_container(
        app,
        "worker",
        horizon.command() if worker.horizon else queue_work.command(app, worker),
        worker.resources,
        lifecycle=stop.after_the_job(),
        startupProbe=startup.probe(app),
    )
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(app, name, component(worker)),
        "spec": present(
            minReadySeconds=5,
            replicas=None if autoscaling.scaled(worker) else worker.min,
            revisionHistoryLimit=3,
            selector={"matchLabels": selector(app, component(worker))},
            strategy={
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
                "type": "RollingUpdate",
            },
            template=pod_template(
                app,
                component(worker),
                containers=[container],
                grace=grace,
                annotations=stop.stays(grace),
                constraints=spread(app, component(worker)),
            ),
        ),
    }


def _budget(app: App, worker: Worker) -> Object:
    name = named(app, component(worker))
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(app, name, component(worker)),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(app, component(worker))},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def decisions(app: App) -> Iterator[Decision]:
    """Where jobs go, and per group how it stops and grows."""
    yield _where(app)
    if not app.spec.workers:
        return
    yield from _again(app)
    for worker in app.spec.workers:
        subject = f"workers «{worker.name}»"
        grace = worker_grace(worker)
        yield Decision(
            f"stop of {subject}",
            f"{grace} s",
            f"the longest job takes {worker.longest_job} s (longestJob), and {JOB_SPARE} s are left"
            " to write down that it is done; a preStop hook sends SIGTERM, whatever the image's"
            " STOPSIGNAL is. The image needs the extension pcntl: the startup probe asks for it",
        )
        if stop.stays(grace):
            yield Decision(
                f"nodes of {subject}",
                "an autoscaler leaves them alone",
                f"it would wait {stop.AUTOSCALER_WAITS} s for a pod and then kill its job",
            )
        if worker.horizon:
            yield from _horizon(worker, subject)
        yield from _growth(app, worker, subject)


def _where(app: App) -> Decision:
    name = connection(app)
    if name == "sync":
        return Decision(
            "jobs",
            "the request that sends one does it (QUEUE_CONNECTION=sync)",
            "there are no workers: anywhere else jobs would wait for ever",
        )
    found = server(app)
    if name == "redis" and found is not None and found.of_sessions:
        return Decision(
            "jobs",
            f"in the Redis of the sessions, {found.host}",
            "nothing else is said (`redis`). When nobody works jobs off they fill it, and then no"
            " request can save its session",
        )
    tables = ", whose table a migration of `php artisan queue:table` makes (stock from Laravel 11)"
    return Decision(
        "jobs",
        f"wait in {name}{tables if name == 'database' and app.spec.laravel < 11 else ''}",
        "never in the sessions' Redis, which a queue that nobody works off would fill",
    )


def _again(app: App) -> Iterator[Decision]:
    if connection(app) == "sqs":
        yield Decision(
            "jobs given to somebody else",
            "by the queue's visibility timeout",
            "SQS decides that: it has to be longer than the longest job,"
            f" {max(worker.longest_job for worker in app.spec.workers)} s",
        )
        return
    said = app.spec.queue.retry_after is not None
    stock = "the stock config/queue.php of this version says so and reads no variable"
    yield Decision(
        "jobs given to somebody else",
        f"after {retry_after(app)} s (retry_after)",
        "queue.retryAfter says so"
        if said
        else "longer than the longest job, or it would be done twice"
        if app.spec.laravel >= 11
        else stock,
    )


def _horizon(worker: Worker, subject: str) -> Iterator[Decision]:
    yield Decision(
        f"processes of {subject}",
        "as config/horizon.php says for the environment production, in each replica",
        "Horizon balances its processes itself. longestJob has to be its longest timeout, and the"
        f" memory, {worker.resources.memory}, has to be enough for all of them",
    )


def _growth(app: App, worker: Worker, subject: str) -> Iterator[Decision]:
    if worker.scale_on.jobs is not None:
        what = {"redis": "ready and reserved", "database": "due and reserved"}
        yield Decision(
            f"size of {subject}",
            f"{worker.min} to {worker.max}, one for {worker.scale_on.jobs} jobs"
            f" ({what.get(connection(app), 'visible and in flight')}), by KEDA",
            "a job that somebody is at counts too, or the last long ones would be cut short by"
            " scaling in. KEDA has to be in the cluster"
            + (", 2.12 or later, which adds triggers up" if connection(app) == "redis" else ""),
        )
    elif worker.scale_on.cpu is not None:
        yield Decision(
            f"size of {subject}",
            f"{worker.min} to {worker.max}, by {worker.scale_on.cpu} % of the processor",
            "scaleOn.cpu says so; workers that wait for others look idle by it, scaleOn.jobs counts"
            " what they have to do",
        )
