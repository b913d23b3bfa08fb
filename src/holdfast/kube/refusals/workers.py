"""What is refused of groups of workers: what would lose jobs, do them twice, or never do them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from holdfast.kube.app import App
from holdfast.kube.environment.queue import connection
from holdfast.kube.environment.redis import server
from holdfast.kube.objects import named
from holdfast.kube.refusals.queue import CONNECTION, SERVER
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import Rule, all_refused, given
from holdfast.kube.spec.workers import Worker
from holdfast.kube.timing import JOB_SPARE, STOCK_RETRY_AFTER, retry_after, worker_grace
from holdfast.kube.workers.groups import component

_LONGEST_NAME = 63
"""Characters of a Deployment's name: KEDA puts it into a label."""
_TRIES = Worker(name="any").tries

_JOBS, _CPU = given("w.scaleOn.jobs"), given("w.scaleOn.cpu")
_SCALED = f"({_JOBS} || {_CPU})"


def _of_each(
    message: str, refused: Callable[[App, Worker], Iterator[Refusal]], *, cel: str
) -> Rule:
    """A rule about each group.

    Args:
        refused: with places below the group.
        cel: about the group ``w``.
    """

    def of_all(app: App) -> Iterator[Refusal]:
        for index, worker in enumerate(app.spec.workers):
            for one in refused(app, worker):
                yield Refusal(("workers", index, *one.path), one.reason, one.way_out)

    return Rule(("workers",), message, of_all, f"self.spec.workers.all(w, {cel})")


def _twice(app: App) -> Iterator[Refusal]:
    seen: set[str] = set()
    for index, worker in enumerate(app.spec.workers):
        if worker.name in seen:
            yield Refusal(
                ("workers", index, "name"),
                f"two groups are called {worker.name}, and the second would take the first one's"
                " place",
                "another name",
            )
        seen.add(worker.name)


def _name(app: App, worker: Worker) -> Iterator[Refusal]:
    name = named(app, component(worker))
    if len(name) > _LONGEST_NAME:
        yield Refusal(
            ("name",),
            f"{name} has {len(name)} characters, and Kubernetes allows {_LONGEST_NAME}",
            f"a name that is shorter by {len(name) - _LONGEST_NAME}",
        )


def _grace(app: App, worker: Worker) -> Iterator[Refusal]:
    needed = worker.longest_job + JOB_SPARE
    if worker_grace(worker) < needed:
        yield Refusal(
            ("grace",),
            f"a job of {worker.longest_job} s would be killed in the midst of it: its pod has"
            f" {worker_grace(worker)} s to stop",
            f"grace: {needed}, or leave it out",
        )


def _again(app: App, worker: Worker) -> Iterator[Refusal]:
    after = retry_after(app)
    if connection(app) in {"redis", "database"} and worker.longest_job >= after:
        stock = app.spec.queue.retry_after is None
        yield Refusal(
            ("longestJob",),
            f"a job that takes {after} s is given to a second worker while the first is still at"
            f" it, and done twice: retry_after is {after}"
            f"{' in the config/queue.php of this version' if stock else ''}",
            f"longestJob below {after}; or 'retry_after' => {worker.longest_job + 30} in"
            f" config/queue.php, and queue.retryAfter: {worker.longest_job + 30}",
        )


def _room(app: App, worker: Worker) -> Iterator[Refusal]:
    scaled = worker.scale_on.jobs is not None or worker.scale_on.cpu is not None
    if worker.max is not None and worker.max < worker.min:
        yield Refusal(
            ("max",), f"{worker.max} is less than min, {worker.min}", f"max: {worker.min}, or more"
        )
    elif scaled and (worker.max is None or worker.max == worker.min):
        yield Refusal(
            ("scaleOn",),
            f"there are always {worker.min}: max leaves no room",
            "max above min, or no scaleOn",
        )
    elif worker.max is not None and worker.max > worker.min and not scaled:
        yield Refusal(
            ("max",), "nothing adds workers", "scaleOn: {jobs: 10} (KEDA) or scaleOn: {cpu: 70}"
        )


def _two(app: App, worker: Worker) -> Iterator[Refusal]:
    if worker.scale_on.jobs is not None and worker.scale_on.cpu is not None:
        yield Refusal(
            ("scaleOn",), "two things would say how many workers there are", "jobs or cpu"
        )


def _none(app: App, worker: Worker) -> Iterator[Refusal]:
    if worker.min == 0 and worker.scale_on.jobs is None:
        yield Refusal(
            ("min",),
            "without workers nobody does the jobs, and nothing would start one",
            "min: 1, or scaleOn: {jobs: 10}, by which KEDA starts the first",
        )


def _counted(app: App, worker: Worker) -> Iterator[Refusal]:
    if worker.scale_on.jobs is None or worker.horizon:
        return
    name, found, database = connection(app), server(app), app.spec.database
    if name == "redis" and found is None:
        yield Refusal(
            ("scaleOn", "jobs"), "KEDA is not told where the jobs are", "redis.external.host"
        )
    elif name == "database" and (database is None or database.host is None):
        yield Refusal(("scaleOn", "jobs"), "KEDA is not told where the jobs are", "database.host")


def _found(app: App) -> Iterator[Refusal]:
    """In a cluster each application has a namespace; only a file may leave it to ``kubectl``."""
    name, found, database = connection(app), server(app), app.spec.database
    hosts = {
        "redis": found.host if found is not None else None,
        "database": database.host if database is not None else None,
    }
    host = hosts.get(name)
    if app.namespace is not None or host is None or "." in host or ":" in host:
        return
    for index, worker in enumerate(app.spec.workers):
        if worker.scale_on.jobs is not None and not worker.horizon:
            yield Refusal(
                ("workers", index, "scaleOn", "jobs"),
                f"KEDA runs in a namespace of its own, where «{host}» is nobody's name",
                f"metadata.namespace, or the host with its namespace: {host}.NAMESPACE.svc",
            )


def _on_redis(app: App, worker: Worker) -> Iterator[Refusal]:
    if worker.horizon and connection(app) != "redis":
        yield Refusal(
            ("horizon",),
            f"Horizon works on Redis, and jobs go to {connection(app)}",
            "queue: {connection: redis}, and `redis`, apart from the sessions'",
        )


def _balanced(app: App, worker: Worker) -> Iterator[Refusal]:
    if worker.horizon and worker.scale_on.jobs is not None:
        yield Refusal(
            ("scaleOn", "jobs"),
            "Horizon adds processes for jobs by itself; two that do so swing against each other",
            "horizon: false with queues, one group for each that is scaled; or fewer replicas and"
            " Horizon's own balance",
        )


def _unread(app: App, worker: Worker) -> Iterator[Refusal]:
    if worker.horizon and worker.queues != ("default",):
        yield Refusal(
            ("queues",), "Horizon does not look at them", "config/horizon.php has its queues"
        )
    if worker.horizon and worker.tries != _TRIES:
        yield Refusal(
            ("tries",),
            "Horizon does not look at it",
            "config/horizon.php has its supervisors' tries",
        )


_AFTER = "self.spec.queue.retryAfter"

RULES = (
    Rule(
        ("workers",),
        "two groups have one name, and the second would take the first one's place: another name",
        _twice,
        "self.spec.workers.all(w, self.spec.workers.exists_one(other, other.name == w.name))",
    ),
    _of_each(
        f"NAME-worker-GROUP has more than the {_LONGEST_NAME} characters that Kubernetes allows: a"
        " shorter name",
        _name,
        cel=f"size(self.metadata.name) + size('-worker-') + size(w.name) <= {_LONGEST_NAME}",
    ),
    _of_each(
        f"the longest job would be killed in the midst of it: grace of longestJob and {JOB_SPARE} s"
        " at least, or none",
        _grace,
        cel=f"!{given('w.grace')} || w.grace >= w.longestJob + {JOB_SPARE}",
    ),
    _of_each(
        "a job is given to a second worker after retry_after, while the first is still at it, and"
        " done twice: longestJob below queue.retryAfter, which is what config/queue.php says"
        f" (before Laravel 11: {STOCK_RETRY_AFTER})",
        _again,
        cel=(
            f"{CONNECTION} == 'sqs' || ({given(_AFTER)} ? w.longestJob < {_AFTER} :"
            f" self.spec.laravel >= 11 || w.longestJob < {STOCK_RETRY_AFTER})"
        ),
    ),
    _of_each(
        "max and scaleOn belong together: max above min with scaleOn, or neither",
        _room,
        cel=f"{_SCALED} ? {given('w.max')} && w.max > w.min : !{given('w.max')} || w.max == w.min",
    ),
    _of_each(
        "two things would say how many workers there are: scaleOn.jobs or scaleOn.cpu",
        _two,
        cel=f"!{_JOBS} || !{_CPU}",
    ),
    _of_each(
        "without workers nobody does the jobs, and nothing would start one: min: 1, or"
        " scaleOn.jobs, by which KEDA starts the first",
        _none,
        cel=f"w.min > 0 || {_JOBS}",
    ),
    _of_each(
        "KEDA is not told where the jobs are: redis.external.host, or database.host",
        _counted,
        cel=(
            f"!{_JOBS} || w.horizon || ({CONNECTION} == 'redis' ? {SERVER} :"
            f" {CONNECTION} != 'database' || ({given('self.spec.database')}"
            f" && {given('self.spec.database.host')}))"
        ),
    ),
    _of_each(
        "Horizon works on Redis, and jobs go elsewhere: queue.connection: redis, and `redis`",
        _on_redis,
        cel=f"!w.horizon || {CONNECTION} == 'redis'",
    ),
    _of_each(
        "Horizon adds processes for jobs by itself; two that do so swing against each other:"
        " horizon or scaleOn.jobs",
        _balanced,
        cel=f"!w.horizon || !{_JOBS}",
    ),
    _of_each(
        "Horizon does not look at queues and tries: config/horizon.php has its own",
        _unread,
        cel=f"!w.horizon || (w.queues == ['default'] && w.tries == {_TRIES})",
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """All that is refused of workers."""
    yield from all_refused(RULES, app)
    yield from _found(app)
