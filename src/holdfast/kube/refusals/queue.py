"""What is refused of queues, the cache, and the Redis that both may be in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.environment.queue import connection, sqs_region
from holdfast.kube.environment.redis import VARIABLES, server, shared
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import Rule, all_refused, given, rule

_STORE = "self.spec.session.store"
_SHARED = (
    "(self.spec.session.driver == 'redis'"
    f" && (!{given(_STORE)} || {_STORE}.variables == '{VARIABLES}'))"
)
_OTHER = f"({given('self.spec.redis')} && {given('self.spec.redis.external')})"
SERVER = f"({_OTHER} || ({_SHARED} && {given(_STORE)} && {given(f'{_STORE}.external')}))"
"""CEL: it is known where the stock connections to Redis lead."""
CONNECTION = (
    f"({given('self.spec.queue.connection')} ? self.spec.queue.connection :"
    f" size(self.spec.workers) == 0 ? 'sync' : {given('self.spec.redis')} ? 'redis' : 'database')"
)
"""CEL: where jobs go."""
_CACHE = "self.spec.cache.store"
_URL = "self.spec.queue.sqsQueueUrl"
_AFTER = "self.spec.queue.retryAfter"
_UPLOADS = "self.spec.storage.uploads"
_CONFIG = "self.spec.config"
_HOST = f"('{VARIABLES}_HOST' in {_CONFIG})"
_TABLE = "DB_QUEUE_TABLE"
_TABLE_NAME = "^[A-Za-z0-9_.]+$"
"""What may be a table's name: it stands in KEDA's query as it is (``workers.keda``), and no other
value of config is in a query, a script or a server's configuration."""
_NO_TABLE = "it is no table's name, and KEDA is given it as a part of a query"
_A_TABLE = "letters, digits, _ and points, e.g. jobs"

_APART = (
    "a connection of their own for sessions in config/database.php, whose variables begin with"
    " SESSION_REDIS, and session: {connection: NAME, store: {variables: SESSION_REDIS}}; or"
    " session: {driver: database}"
)


def _found(app: App) -> bool:
    return server(app) is not None or f"{VARIABLES}_HOST" in app.spec.config


def _region(outer: str, name: str) -> str:
    """CEL: something that has a region, if it is there, is in that of the queue."""
    inner = f"{outer}.{name}"
    there = f"{given(outer)} && {given(inner)}"
    return f"(!({there}) || {_URL}.startsWith('https://sqs.' + {inner}.region + '.'))"


def _other_regions(app: App) -> bool:
    """Whether the queue is in another region than what else Laravel's stock configuration finds by
    AWS_DEFAULT_REGION.
    """
    url, uploads, store = (
        app.spec.queue.sqs_queue_url,
        app.spec.storage.uploads,
        app.spec.session.store,
    )
    if connection(app) != "sqs" or url is None:
        return False
    regions = set()
    if uploads is not None and uploads.s3 is not None:
        regions.add(uploads.s3.region)
    if store is not None and store.dynamodb is not None:
        regions.add(store.dynamodb.region)
    return bool(regions - {sqs_region(url)})


def _in_sessions(app: App) -> bool:
    """Whether jobs go to a Redis of the sessions that is rendered for them alone."""
    return (
        connection(app) == "redis"
        and app.spec.redis is None
        and shared(app)
        and server(app) is None
    )


def _retried(app: App) -> bool:
    """Whether retry_after is a variable, or what a longest job is compared with."""
    waits = connection(app) in ("redis", "database")
    return waits and (app.spec.laravel >= 11 or bool(app.spec.workers))


def _table(app: App) -> Iterator[Refusal]:
    if not re.fullmatch(_TABLE_NAME, app.spec.config.get(_TABLE, "jobs")):
        yield Refusal(("config", _TABLE), _NO_TABLE, _A_TABLE)


RULES = (
    rule(
        ("redis",),
        "it does not say where it is",
        "external: {host: ...}",
        broken=lambda app: app.spec.redis is not None and app.spec.redis.external is None,
        cel=f"!{given('self.spec.redis')} || {given('self.spec.redis.external')}",
    ),
    rule(
        ("redis",),
        "sessions and jobs would be sought at the same REDIS_HOST, which cannot be both",
        _APART,
        broken=lambda app: app.spec.redis is not None and shared(app),
        cel=f"!{given('self.spec.redis')} || !{_SHARED}",
    ),
    rule(
        ("queue", "connection"),
        "jobs would be in the Redis of the sessions: when nobody works them off they fill it, and"
        " then no request can save its session (HF508)",
        f"queue: {{connection: database}}; or `redis`, another Redis for jobs, with {_APART}",
        broken=_in_sessions,
        cel=f"{CONNECTION} != 'redis' || {given('self.spec.redis')} || !{_SHARED} || {SERVER}",
    ),
    rule(
        ("queue", "connection"),
        "it is not said which Redis jobs go to",
        "redis: {external: {host: ...}}",
        broken=lambda app: (
            connection(app) == "redis"
            and app.spec.redis is None
            and not shared(app)
            and not _found(app)
        ),
        cel=(
            f"{CONNECTION} != 'redis' || {given('self.spec.redis')} || {_SHARED} || {SERVER}"
            f" || {_HOST}"
        ),
    ),
    rule(
        ("queue", "connection"),
        "it is not said which queue of SQS",
        "queue.sqsQueueUrl",
        broken=lambda app: connection(app) == "sqs" and app.spec.queue.sqs_queue_url is None,
        cel=f"{CONNECTION} != 'sqs' || {given(_URL)}",
    ),
    Rule(
        ("config",),
        f"{_TABLE}: {_NO_TABLE}: {_A_TABLE}",
        _table,
        f"!('{_TABLE}' in {_CONFIG}) || {_CONFIG}['{_TABLE}'].matches('{_TABLE_NAME}')",
    ),
    rule(
        ("queue", "sqsQueueUrl"),
        "jobs do not go to SQS, so nobody reads it",
        "queue.connection: sqs, or leave it out",
        broken=lambda app: app.spec.queue.sqs_queue_url is not None and connection(app) != "sqs",
        cel=f"!{given(_URL)} || {CONNECTION} == 'sqs'",
    ),
    rule(
        ("queue", "retryAfter"),
        "nobody reads it: it is about jobs in redis and database, and before Laravel 11 about these"
        " workers alone",
        "leave it out; SQS has the queue's visibility timeout",
        broken=lambda app: app.spec.queue.retry_after is not None and not _retried(app),
        cel=(
            f"!{given(_AFTER)} || ({CONNECTION} in ['redis', 'database']"
            " && (self.spec.laravel >= 11 || size(self.spec.workers) > 0))"
        ),
    ),
    rule(
        ("queue", "sqsQueueUrl"),
        "it does not say the region",
        "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME",
        broken=lambda app: (
            app.spec.queue.sqs_queue_url is not None
            and not sqs_region(app.spec.queue.sqs_queue_url)
        ),
        cel=(f"!{given(_URL)} || {_URL}.matches('^https://sqs[.][^./]+[.]')"),
    ),
    rule(
        ("queue", "sqsQueueUrl"),
        "Laravel's stock configuration reads AWS_DEFAULT_REGION for queue, bucket and table, and"
        " they are in different regions",
        "one region: that of storage.uploads.s3.region and session.store.dynamodb.region",
        broken=_other_regions,
        cel=(
            f"{CONNECTION} != 'sqs' || !{given(_URL)}"
            f" || ({_region(_UPLOADS, 's3')} && {_region(_STORE, 'dynamodb')})"
        ),
    ),
    rule(
        ("cache", "store"),
        "the stock config/database.php has one REDIS_HOST for sessions and cache: the cache would"
        " fill the sessions' Redis",
        f"cache: {{store: database}}; or `redis` for the cache, with {_APART}",
        broken=lambda app: app.spec.cache.store == "redis" and shared(app),
        cel=f"{_CACHE} != 'redis' || !{_SHARED}",
    ),
    rule(
        ("cache", "store"),
        "it is not said which Redis the cache is in",
        "redis: {external: {host: ...}}",
        broken=lambda app: app.spec.cache.store == "redis" and not shared(app) and not _found(app),
        cel=f"{_CACHE} != 'redis' || {_SHARED} || {SERVER} || {_HOST}",
    ),
    rule(
        ("cache", "store"),
        "cache and sessions would be in one memcached, where the cache pushes sessions out",
        "cache: {store: database}",
        broken=lambda app: (
            app.spec.cache.store == "memcached" and app.spec.session.driver == "memcached"
        ),
        cel=f"{_CACHE} != 'memcached' || self.spec.session.driver != 'memcached'",
    ),
    rule(
        ("cache", "store"),
        "it is not said which memcached",
        "config: {MEMCACHED_HOST: ...}",
        broken=lambda app: (
            app.spec.cache.store == "memcached"
            and app.spec.session.driver != "memcached"
            and "MEMCACHED_HOST" not in app.spec.config
        ),
        cel=(
            f"{_CACHE} != 'memcached' || self.spec.session.driver == 'memcached'"
            " || 'MEMCACHED_HOST' in self.spec.config"
        ),
    ),
    rule(
        ("cache", "store"),
        "tasks that must not overlap would: the locks of withoutOverlapping and onOneServer are in"
        " the cache, and this one is each pod's own",
        "cache: {store: database}, or another that all pods share",
        broken=lambda app: (
            app.spec.scheduler is not None and app.spec.cache.store in {"array", "file"}
        ),
        cel=f"!{given('self.spec.scheduler')} || !({_CACHE} in ['array', 'file'])",
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """What would fill the sessions' Redis, empty it, or be found by nobody."""
    return all_refused(RULES, app)
