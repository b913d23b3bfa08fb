"""Variables: queues."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.timing import retry_after

_RETRY_AFTER = {"redis": "REDIS_QUEUE_RETRY_AFTER", "database": "DB_QUEUE_RETRY_AFTER"}


def connection(app: App) -> str:
    """QUEUE_CONNECTION: where jobs go that name no connection.

    Not the sessions' Redis by itself: a queue that nobody works off fills it, and then no request
    can save its session (HF508). Without workers a job would wait for ever, so the request does it.
    """
    if app.spec.queue.connection is not None:
        return app.spec.queue.connection
    if not app.spec.workers:
        return "sync"
    return "redis" if app.spec.redis is not None else "database"


def variables(app: App) -> dict[str, str]:
    """The connection, and when it gives a job to somebody else.

    Source: config/queue.php of laravel/laravel. Its ``retry_after`` is 90 until 10.x, and read from
    REDIS_QUEUE_RETRY_AFTER and DB_QUEUE_RETRY_AFTER from v11 on. SQS_PREFIX and SQS_QUEUE are put
    together to the queue's address (Illuminate/Queue/SqsQueue.php, ``getQueue``).
    """
    name = connection(app)
    found = {"QUEUE_CONNECTION": name}
    if app.spec.laravel >= 11 and name in _RETRY_AFTER:
        found[_RETRY_AFTER[name]] = str(retry_after(app))
    url = app.spec.queue.sqs_queue_url
    if name == "sqs" and url is not None:
        found["SQS_PREFIX"], _, found["SQS_QUEUE"] = url.rpartition("/")
        found["AWS_DEFAULT_REGION"] = sqs_region(url)
    return found


def sqs_region(url: str) -> str:
    """The region in a queue's address, ``https://sqs.eu-central-1.amazonaws.com/123/jobs``; empty
    where it has none.
    """
    labels = url.removeprefix("https://").partition("/")[0].split(".")
    return labels[1] if labels[0] == "sqs" and len(labels) > 2 else ""
