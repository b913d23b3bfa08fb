"""Variables of the application's own by which something else would come to where sessions are.

Looked through were config/session.php, cache.php, database.php and queue.php of Laravel 8 to 13.
What of them moves sessions or changes whose they are is decided by fields (``refusals.variables``).
These are free, since they are the same in all pods and no session depends on the rest:
``SESSION_TABLE``, ``SESSION_PATH``, ``SESSION_PARTITIONED_COOKIE``, ``SESSION_EXPIRE_ON_CLOSE``,
``REDIS_CLIENT``, ``REDIS_CLUSTER`` (it is about clusters, and no stock connection is one),
``REDIS_MAX_RETRIES``, ``REDIS_BACKOFF_*``, ``DB_CACHE_*``, and what ``MEMCACHED_*`` and
``DYNAMODB_ENDPOINT`` say beside host and table. What is here is free but for some values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.environment.gather import pinned
from holdfast.kube.environment.redis import shared
from holdfast.kube.refusals.refusal import Refusal

_OFF = "(?i)[(]?(false|null|empty)[)]?|0|"
_DEFAULT = "default"
"""The connection to Redis where no other is named."""

_FLUSHED = "the cache would be where sessions are: `artisan cache:clear` would delete them (HF506)"
_FILLED = (
    "jobs would be in the Redis of the sessions: when nobody works them off they fill it, and then"
    " no request can save its session (HF508)"
)
_ONE_SOCKET = (
    "connections to one server would share a socket, and with it the database that another one"
    " chose: sessions are sought where they are not (HF516)"
)


def refusals(app: App) -> Iterator[Refusal]:
    """Values that would bring the cache, jobs, or another's database among the sessions."""
    if app.spec.session.driver != "redis":
        return
    own = app.spec.session.connection
    yield from _equal(app, "REDIS_CACHE_CONNECTION", own or _DEFAULT, _FLUSHED)
    if own is not None:
        yield from _equal(app, "REDIS_QUEUE_CONNECTION", own, _FILLED)
    if shared(app):
        yield from _equal(app, "REDIS_CACHE_DB", pinned(app)["REDIS_DB"], _FLUSHED)
        if not re.fullmatch(_OFF, app.spec.config.get("REDIS_PERSISTENT", "")):
            yield Refusal(("config", "REDIS_PERSISTENT"), _ONE_SOCKET, "leave it out")


def _equal(app: App, name: str, value: str, reason: str) -> Iterator[Refusal]:
    if app.spec.config.get(name) == value:
        yield Refusal(("config", name), reason, f"another than {value}, or leave it out")
