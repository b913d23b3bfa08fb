"""The command of a group of ``queue:work`` processes."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.environment.queue import connection
from holdfast.kube.quantity import whole
from holdfast.kube.spec.workers import Worker

MAX_TIME = 3600
"""Seconds after which a worker ends between two jobs, so that what it leaked goes.

Above ten minutes: a kubelet forgets a container's restarts only when it has run that long, and
waits longer before each one until then, up to five minutes (Kubernetes documentation, «Pod
Lifecycle», container restarts; a clean exit counts). That is why there is no ``--max-jobs``: a
thousand quick jobs take less than a minute, and soon nobody would work.
"""


def queues(app: App, worker: Worker) -> tuple[str, ...]:
    """The queues of a group, as its connection knows them.

    SQS has no queue of the name «default»: it stands for the one whose address is given.
    """
    url = app.spec.queue.sqs_queue_url
    if connection(app) != "sqs" or url is None:
        return worker.queues
    default = url.rpartition("/")[2]
    return tuple(default if name == "default" else name for name in worker.queues)


def memory(worker: Worker) -> int:
    """``--memory``, MiB of PHP's own after which a worker ends between two jobs.

    Three quarters of the container's limit: the rest is for what PHP does not count, and for a job
    that takes more before anybody looks (Illuminate/Queue/Worker.php, ``memoryExceeded``, is asked
    after each job).
    """
    return max(whole(worker.resources.memory) * 3 // 4 // 1024**2, 1)


def command(app: App, worker: Worker) -> list[str]:
    """In words, without a shell: PHP is the container's first process and hears its signals.

    A job's own ``$timeout`` counts more than ``--timeout`` (Worker.php, ``timeoutForJob``).
    """
    return [
        *("php", "artisan", "queue:work", connection(app)),
        f"--queue={','.join(queues(app, worker))}",
        f"--timeout={worker.longest_job}",
        f"--tries={worker.tries}",
        f"--memory={memory(worker)}",
        f"--max-time={MAX_TIME}",
        "--sleep=3",
    ]
