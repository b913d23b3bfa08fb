"""How what runs behind requests is stopped, whatever STOPSIGNAL its image has.

Images of php-fpm hand SIGQUIT down to everything that is built on them (docker-library/php, commit
445bf414), and not everything listens to it:

================  ==================================================================================
queue:work        8.x: SIGTERM alone; 9.x to 13.x SIGQUIT too (Illuminate/Queue/Worker.php,
                  ``listenForSignals``). The job that it is at comes to its end, then it leaves
horizon           SIGTERM, not SIGQUIT (laravel/horizon 5.29, src/ListensForSignals.php). Its
                  supervisors are told, their workers end their jobs
                  (src/MasterSupervisor.php, ``terminate``)
schedule:work     13.x: SIGTERM and SIGQUIT, waits for the tasks that run
                  (ScheduleWorkCommand.php, ``listenForSignals``); 8.x to 12.x: nothing
schedule:run,     nothing (Illuminate/Foundation/Console/Kernel.php hands Symfony's console no
migrate           signals to dispatch)
================  ==================================================================================

The first process of a container gets no signal that it has no handler for (pid_namespaces(7)): a
wrong one is not even a quick end. The work goes on until the grace period is over, and is killed in
the midst of it. So a ``preStop`` hook sends the right signal itself, and stays: its end would bring
the image's. It is ended by the container's end; Kubernetes writes an event «FailedPreStopHook»
then, which means nothing here. All this needs the extension pcntl (startup.py).

``schedule:run`` and ``migrate`` need no hook: nothing disturbs them, they end by themselves and
have the grace period for it. How ``schedule:work`` is stopped is in ``tasks``.

No time to drain, as web pods have it: nobody sends anything to a worker, it fetches its jobs.
"""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.kube.app import Object

AUTOSCALER_WAITS = 600
"""Seconds that a cluster autoscaler gives pods of a node that it takes away
(``--max-graceful-termination-sec``), whatever grace period they have."""

STAYS = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
"""Annotations of pods for whose end an autoscaler that takes nodes away would not wait."""

_TERM = "while kill -TERM 1 2>/dev/null; do sleep 5; done"
"""More than once: while PHP is still starting it has no handler, and the signal is lost."""


def stays(grace: int) -> Mapping[str, str] | None:
    """Annotations of pods that have so many seconds to stop; None: autoscalers wait for them."""
    return STAYS if grace > AUTOSCALER_WAITS else None


def after_the_job() -> Object:
    """The lifecycle of workers: no further job, then gone."""
    return hook(_TERM)


def hook(*script: str) -> Object:
    """A ``preStop`` hook of lines of sh, which every image of PHP has."""
    return {"preStop": {"exec": {"command": ["/bin/sh", "-c", "\n".join(script)]}}}
