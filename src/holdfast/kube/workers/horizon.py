"""The command of a group that is Horizon: a master, its supervisors and their workers, in one pod.

Queues, timeouts and processes are those of config/horizon.php, for the environment ``production``
(APP_ENV). Each replica is a master of its own, named after its pod, and starts all of them: two
replicas are twice as many processes.
"""

from __future__ import annotations


def command() -> list[str]:
    """In words, without a shell: Horizon is the container's first process and hears its signals."""
    return ["php", "artisan", "horizon"]
