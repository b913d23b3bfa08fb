"""The scheduler's processes: no task is cut off, neither by its end nor by a stop.

A container ends with its first process, and with it whatever else runs there. PHP as the first
process of a ``schedule:run`` would take the tasks that it has put into the background with it
(``runInBackground``: Illuminate/Console/Scheduling/CommandBuilder.php, ``buildBackgroundCommand``),
and a ``schedule:work`` could be ended by nobody before Laravel 13: a first process gets no signal
that it has no handler for, not even SIGKILL from within. So a shell is the first process, and goes
when nothing runs PHP any more. It looks twice, a second apart: between a task in the background and
its ``schedule:finish``, which gives back its lock, there is a moment without PHP.
"""

from __future__ import annotations

from holdfast.kube.app import Object
from holdfast.kube.workers.stop import hook

_PID = "/tmp/schedule-work.pid"  # noqa: S108 - the container's
_BUSY = 'busy() { [ "$(grep -l ^php /proc/[0-9]*/comm 2>/dev/null | wc -l)" -gt "$1" ]; }'
"""Whether more processes than so many run PHP, by the name of their program."""


def _wait(others: int) -> str:
    return f"while busy {others} || {{ sleep 1; busy {others}; }}; do sleep 1; done"


def once() -> list[str]:
    """The command of one minute: what is due, and what that has put into the background."""
    return _shell(
        _BUSY,
        "php artisan schedule:run",
        "status=$?",
        _wait(0),
        "exit $status",
    )


def always() -> list[str]:
    """The command of a scheduler that stays."""
    return _shell(
        _BUSY,
        "php artisan schedule:work &",
        f"echo $! > {_PID}",
        "wait $!",
        _wait(0),
    )


def between_tasks(laravel: int) -> Object:
    """The lifecycle of ``always``: it is ended when nothing else runs PHP.

    Tasks below a minute keep ``schedule:run`` busy for the whole minute; ``schedule:interrupt``
    (Laravel 10.15 on) ends that after the task that it is at.
    """
    return hook(
        _BUSY,
        *(["php artisan schedule:interrupt"] if laravel >= 10 else []),
        _wait(1),
        f'kill -TERM "$(cat {_PID})"',
        "while kill -0 1 2>/dev/null; do sleep 1; done",
    )


def _shell(*script: str) -> list[str]:
    return ["/bin/sh", "-c", "\n".join(script)]
