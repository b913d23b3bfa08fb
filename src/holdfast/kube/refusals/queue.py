"""What is refused of queues, the cache, and the Redis that both may be in."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.environment.queue import connection, sqs_region
from holdfast.kube.environment.redis import VARIABLES, server, shared
from holdfast.kube.refusals.refusal import Refusal

_APART = (
    "a connection of their own for sessions in config/database.php, whose variables begin with"
    " SESSION_REDIS, and session: {connection: NAME, store: {variables: SESSION_REDIS}}; or"
    " session: {driver: database}"
)


def refusals(app: App) -> Iterator[Refusal]:
    """What would fill the sessions' Redis, empty it, or be found by nobody."""
    yield from _redis(app)
    yield from _queue(app)
    yield from _cache(app)
    yield from _locks(app)


def _redis(app: App) -> Iterator[Refusal]:
    if app.spec.redis is None:
        return
    if app.spec.redis.external is None:
        yield Refusal(("redis",), "it does not say where it is", "external: {host: ...}")
    if shared(app):
        yield Refusal(
            ("redis",),
            "sessions and jobs would be sought at the same REDIS_HOST, which cannot be both",
            _APART,
        )


def _queue(app: App) -> Iterator[Refusal]:
    name, said = connection(app), app.spec.queue.connection
    where = ("queue", "connection") if said else ("workers",)
    if name == "redis":
        yield from _queue_in_redis(app, where)
    elif name == "database" and app.spec.database and app.spec.database.driver == "sqlite":
        yield Refusal(
            where,
            "jobs would wait in a file of the pod that sends them, where no worker finds them",
            "a database that all pods reach, or queue: {connection: redis}",
        )
    elif name == "sqs":
        url = app.spec.queue.sqs_queue_url
        if url is None:
            yield Refusal(where, "it is not said which queue of SQS", "queue.sqsQueueUrl")
        elif not sqs_region(url):
            yield Refusal(
                ("queue", "sqsQueueUrl"),
                "it does not say the region",
                "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME",
            )


def _queue_in_redis(app: App, where: tuple[str, ...]) -> Iterator[Refusal]:
    if app.spec.redis is not None:
        return
    if shared(app) and server(app) is None:
        yield Refusal(
            where,
            "jobs would be in the Redis of the sessions: when nobody works them off they fill it,"
            " and then no request can save its session (HF508)",
            f"queue: {{connection: database}}; or `redis`, another Redis for jobs, with {_APART}",
        )
    elif server(app) is None and f"{VARIABLES}_HOST" not in app.spec.config:
        yield Refusal(where, "it is not said which Redis", "redis: {external: {host: ...}}")


def _cache(app: App) -> Iterator[Refusal]:
    where, store = ("cache", "store"), app.spec.cache.store
    if store == "redis" and shared(app):
        yield Refusal(
            where,
            "the stock config/database.php has one REDIS_HOST for sessions and cache: the cache"
            " would fill the sessions' Redis",
            f"cache: {{store: database}}; or `redis` for the cache, with {_APART}",
        )
    elif store == "redis" and server(app) is None and f"{VARIABLES}_HOST" not in app.spec.config:
        yield Refusal(where, "it is not said which Redis", "redis: {external: {host: ...}}")
    elif store == "memcached":
        if app.spec.session.driver == "memcached":
            yield Refusal(
                where,
                "cache and sessions would be in one memcached, where the cache pushes sessions out",
                "cache: {store: database}",
            )
        elif "MEMCACHED_HOST" not in app.spec.config:
            yield Refusal(where, "it is not said which memcached", "config: {MEMCACHED_HOST: ...}")


def _locks(app: App) -> Iterator[Refusal]:
    store = app.spec.cache.store
    if app.spec.scheduler is not None and store in {"array", "file"}:
        yield Refusal(
            ("cache", "store"),
            "tasks that must not overlap would: the locks of withoutOverlapping and onOneServer are"
            f" in the cache, and «{store}» is each pod's own",
            "cache: {store: database}, or another that all pods share",
        )
