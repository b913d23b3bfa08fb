"""What is refused of workers."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.environment.queue import connection
from holdfast.kube.environment.redis import server
from holdfast.kube.objects import named
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.spec.workers import Worker
from holdfast.kube.timing import JOB_SPARE, retry_after, worker_grace
from holdfast.kube.workers.groups import component

_LONGEST_NAME = 63
"""Characters of a Deployment's name: KEDA puts it into a label."""


def refusals(app: App) -> Iterator[Refusal]:
    """What would lose jobs, do them twice, or never do them."""
    seen: set[str] = set()
    for index, worker in enumerate(app.spec.workers):
        at = ("workers", index)
        if worker.name in seen:
            yield Refusal(
                (*at, "name"),
                f"two groups are called {worker.name}, and the second would take the first one's"
                " place",
                "another name",
            )
        seen.add(worker.name)
        yield from _name(app, worker, at)
        yield from _times(app, worker, at)
        yield from _size(worker, at)
        yield from _jobs(app, worker, at)
        yield from _horizon(app, worker, at)


def _name(app: App, worker: Worker, at: tuple[str | int, ...]) -> Iterator[Refusal]:
    name = named(app, component(worker))
    if len(name) > _LONGEST_NAME:
        yield Refusal(
            (*at, "name"),
            f"{name} has {len(name)} characters, and Kubernetes allows {_LONGEST_NAME}",
            f"a name that is shorter by {len(name) - _LONGEST_NAME}",
        )


def _times(app: App, worker: Worker, at: tuple[str | int, ...]) -> Iterator[Refusal]:
    needed = worker.longest_job + JOB_SPARE
    if worker_grace(worker) < needed:
        yield Refusal(
            (*at, "grace"),
            f"a job of {worker.longest_job} s would be killed in the midst of it: its pod has"
            f" {worker_grace(worker)} s to stop",
            f"grace: {needed}, or leave it out",
        )
    after = retry_after(app)
    if connection(app) in {"redis", "database"} and worker.longest_job >= after:
        yield Refusal(
            (*at, "longestJob"),
            f"a job that takes {after} s is given to a second worker while the first is still at"
            f" it, and done twice: retry_after is {after}"
            + (
                ""
                if app.spec.queue.retry_after is not None
                else " in the config/queue.php of this version"
            ),
            f"longestJob below {after}; or 'retry_after' => {worker.longest_job + 30} in"
            f" config/queue.php, and queue.retryAfter: {worker.longest_job + 30}",
        )


def _size(worker: Worker, at: tuple[str | int, ...]) -> Iterator[Refusal]:
    scale = worker.scale_on
    scaled = scale.jobs is not None or scale.cpu is not None
    if worker.max is not None and worker.max < worker.min:
        yield Refusal(
            (*at, "max"),
            f"{worker.max} is less than min, {worker.min}",
            f"max: {worker.min}, or more",
        )
    elif scaled and (worker.max is None or worker.max <= worker.min):
        yield Refusal(
            (*at, "scaleOn"),
            f"there are always {worker.min}: max leaves no room",
            "max above min, or no scaleOn",
        )
    elif worker.max is not None and worker.max > worker.min and not scaled:
        yield Refusal(
            (*at, "max"),
            "nothing adds workers",
            "scaleOn: {jobs: 10} (KEDA) or scaleOn: {cpu: 70}",
        )
    if scale.jobs is not None and scale.cpu is not None:
        yield Refusal(
            (*at, "scaleOn"), "two things would say how many workers there are", "jobs or cpu"
        )
    if worker.min == 0 and scale.jobs is None:
        yield Refusal(
            (*at, "min"),
            "without workers nobody does the jobs, and nothing would start one",
            "min: 1, or scaleOn: {jobs: 10}, by which KEDA starts the first",
        )


def _jobs(app: App, worker: Worker, at: tuple[str | int, ...]) -> Iterator[Refusal]:
    if worker.scale_on.jobs is None or worker.horizon:
        return
    where, name = (*at, "scaleOn", "jobs"), connection(app)
    found, database = server(app), app.spec.database
    host = None
    if name == "redis":
        host = found.host if found else None
    elif name == "database":
        host = database.host if database else None
    if name in {"redis", "database"} and host is None:
        key = "redis: {external: {host: ...}}" if name == "redis" else "database: {host: ...}"
        yield Refusal(where, "KEDA is not told where the jobs are", key)
    elif host is not None and "." not in host and ":" not in host and app.namespace is None:
        yield Refusal(
            where,
            f"KEDA runs in a namespace of its own, where «{host}» is nobody's name",
            f"metadata.namespace, or the host with its namespace: {host}.NAMESPACE.svc",
        )


def _horizon(app: App, worker: Worker, at: tuple[str | int, ...]) -> Iterator[Refusal]:
    if not worker.horizon:
        return
    if connection(app) != "redis":
        yield Refusal(
            (*at, "horizon"),
            f"Horizon works on Redis, and jobs go to {connection(app)}",
            "queue: {connection: redis}, and `redis`, apart from the sessions'",
        )
    if worker.scale_on.jobs is not None:
        yield Refusal(
            (*at, "scaleOn", "jobs"),
            "Horizon adds processes for jobs by itself; two that do so swing against each other",
            "horizon: false with queues, one group for each that is scaled; or fewer replicas and"
            " Horizon's own balance",
        )
    if worker.queues != ("default",):
        yield Refusal(
            (*at, "queues"),
            "Horizon does not look at them",
            "config/horizon.php has its queues",
        )
