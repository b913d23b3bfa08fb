"""How long things take to stop, computed from what a person said of requests and jobs."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.spec.workers import Worker

SPARE = 5
"""Seconds for what comes after the last request."""
JOB_SPARE = 15
"""The same for workers, which have to write down that a job is done."""
STOCK_RETRY_AFTER = 90
"""Seconds, in the stock config/queue.php."""


def web_grace(app: App) -> int:
    """Seconds that a web pod has to stop: no more requests, the longest one, a rest."""
    return app.spec.web.grace or app.spec.web.drain + app.spec.web.longest_request + SPARE


def request_timeout(app: App) -> int:
    """Seconds that an edge waits for an answer: the application ends a request before it."""
    return app.spec.web.longest_request + SPARE


def worker_grace(worker: Worker) -> int:
    """Seconds that a worker has to stop."""
    return worker.grace or worker.longest_job + JOB_SPARE


def retry_after(app: App) -> int:
    """Seconds after which a queue gives a job to somebody else: never while it still runs.

    Before Laravel 11 the stock config/queue.php says 90 and reads no variable.
    """
    if app.spec.queue.retry_after is not None:
        return app.spec.queue.retry_after
    if app.spec.laravel < 11:
        return STOCK_RETRY_AFTER
    longest = max((worker.longest_job for worker in app.spec.workers), default=0)
    return max(STOCK_RETRY_AFTER, longest + 30)
