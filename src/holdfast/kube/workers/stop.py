"""How what runs behind requests is stopped, whatever STOPSIGNAL its image has.

Images of php-fpm hand SIGQUIT down to everything that is built on them (docker-library/php, commit
445bf414), and not everything listens to it:

================  ==================================================================================
queue:work        8.x: SIGTERM alone; 9.x to 13.x SIGQUIT too (Illuminate/Queue/Worker.php,
                  ``listenForSignals``). The job that it is at comes to its end, then it leaves
horizon           SIGTERM, not SIGQUIT (laravel/horizon 5.29, src/ListensForSignals.php). Its
                  supervisors are told, their workers end their jobs
                  (src/MasterSupervisor.php, ``terminate``)
schedule:work     13.x: waits for the tasks that run (ScheduleWorkCommand.php,
                  ``listenForSignals``). 8.x to 12.x: no word of it; the tasks die with it
schedule:run,     none; Symfony's console ends a command between two steps at SIGTERM and SIGQUIT
migrate           (symfony/console 6.3, Application.php, ``doRunCommand``)
================  ==================================================================================

The first process of a container gets no signal that it has no handler for (pid_namespaces(7)), so a
wrong one is not even a quick end: the work goes on until the grace period is over, and is killed in
the midst of it. So a ``preStop`` hook sends the right signal itself, and stays: its end would bring
the image's signal. It is ended by the container's end; Kubernetes writes an event
«FailedPreStopHook» then, which means nothing here. All this needs the extension pcntl (startup.py).

No time to drain, as web pods have it: nobody sends anything to a worker, it fetches its jobs.
"""

from __future__ import annotations

from holdfast.kube.app import Object

STAYS = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
"""Annotations of pods for whose end an autoscaler that takes nodes away would not wait."""
_PHP = "grep -l '^[-A-Za-z0-9/._]*php' /proc/[0-9]*/cmdline 2>/dev/null"
"""Who runs PHP; of one that has ended and is not waited for the command line is empty."""
_UNTIL_THE_END = "while kill -0 1 2>/dev/null; do sleep 1; done"


def after_the_job() -> Object:
    """The lifecycle of workers: no further job, then gone."""
    return _hook("kill -TERM 1", _UNTIL_THE_END)


def undisturbed() -> Object:
    """The lifecycle of what ends by itself: it is told nothing, and has the grace period for it."""
    return _hook(_UNTIL_THE_END)


def between_tasks(laravel: int) -> Object:
    """The lifecycle of ``schedule:work``: no task is cut off.

    Before 13 it is ended when nothing but itself runs. Tasks below a minute keep ``schedule:run``
    busy for the whole minute; ``schedule:interrupt`` (10.15 on) ends that after the task that it is
    at.
    """
    if laravel >= 13:
        return _hook("kill -TERM 1", _UNTIL_THE_END)
    interrupt = ["php artisan schedule:interrupt"] if laravel >= 10 else []
    return _hook(
        *interrupt,
        f'until [ "$({_PHP})" = /proc/1/cmdline ]; do sleep 1; done',
        "kill -TERM 1",
        _UNTIL_THE_END,
    )


def _hook(*script: str) -> Object:
    return {"preStop": {"exec": {"command": ["/bin/sh", "-c", "\n".join(script)]}}}
